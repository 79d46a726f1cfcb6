//! Signals: what ends the program ends its run and all that the run has started, and the log says so.

use std::io::Write as _;
use std::time::Duration;

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::process::{Held, Life, Place, Process, SLACK, kinds, marker, until_none_is_marked};

/// What the program promises: a signal ends it within this time.
const END: Duration = Duration::from_secs(2);

/// A run whose tool has started a command that does not end; a call that only reads comes after it.
struct Working {
    place: Place,
    server: ModelServer,
    process: Process,
    held: Held,
    marker: String,
}

impl Working {
    fn new(store: &'static str) -> Self {
        let marker = marker();
        let command = format!("{} sleep {marker} & wait", Life::HOLD);
        let calls = vec![("run_command", json!({"command": command})), ("read_file", json!({"path": "notes.txt"}))];
        let server = ModelServer::start(Wire::Openai, vec![Answer::calls(calls)]);
        let place = Place::new(store).asking(&server);
        let life = Life::new(&place);
        let arguments = ["oneshot", "work", "--session-id", "s", "--allow", "run_command", "--format", "jsonl"];
        let process = place.start(&arguments);
        let held = life.begun();
        Self { place, server, process, held, marker }
    }

    /// All that the tool started has ended.
    fn nothing_is_left(held: Held, marker: &str) {
        held.released(END * SLACK);
        until_none_is_marked(marker, END * SLACK);
    }
}

/// What the calls came to, and the run.
fn outcomes(events: &[Value]) -> Vec<&str> {
    let of_calls = events.iter().filter(|event| event["type"] == "tool.returned").map(|event| &event["status"]);
    of_calls.chain([&events.last().unwrap()["outcome"]]).map(|outcome| outcome.as_str().unwrap()).collect()
}

/// A signal that asks to end, while a tool works.
fn ends(store: &'static str, signal: Signal, exit_code: i32) {
    let Working { place, server, process, held, marker } = Working::new(store);
    process.signal(signal);
    let ended = process.end(END * SLACK);
    assert_eq!(ended.code, Some(exit_code), "{ended}");
    let result = ended.lines().pop().unwrap();
    assert_eq!(
        (&result["type"], &result["status"], &result["exit_code"]),
        (&json!("result"), &json!("cancelled"), &json!(exit_code))
    );
    assert_eq!(result["tool_calls"][0]["status"], "cancelled");
    Working::nothing_is_left(held, &marker);
    let events = place.events("s");
    assert_eq!(
        kinds(&events),
        [
            "session.created",
            "message.posted",
            "run.queued",
            "run.started",
            "message.completed",
            "tool.called",
            "tool.called",
            "run.cancel_requested",
            "tool.returned",
            "tool.returned",
            "run.finished"
        ]
    );
    assert_eq!(outcomes(&events), ["cancelled", "cancelled", "cancelled"]);
    assert_eq!(place.status("s"), "idle");
    server.push(Answer::text("here I am"));
    assert_eq!(place.good(&["oneshot", "go on", "-s", "s"]), "here I am\n");
    server.finish();
}

#[test]
fn ctrl_c_ends_a_run_and_its_tools() {
    ends("sqlite", Signal::INT, 130);
}

#[test]
fn being_told_to_end_ends_a_run_and_its_tools() {
    ends("file", Signal::TERM, 143);
}

/// The program killed while a tool works: nothing of the tool is left, and the log waits to be brought in order.
fn killed(store: &'static str) -> (Place, ModelServer, Vec<Value>) {
    let Working { place, server, process, held, marker } = Working::new(store);
    process.signal(Signal::KILL);
    let ended = process.end(END * SLACK);
    assert_eq!(ended.signal, Some(9), "{ended}");
    Working::nothing_is_left(held, &marker);
    let events = place.events("s");
    assert_eq!(
        kinds(&events),
        [
            "session.created",
            "message.posted",
            "run.queued",
            "run.started",
            "message.completed",
            "tool.called",
            "tool.called"
        ]
    );
    let told: Vec<Value> = ended.lines().into_iter().filter(|line| line.get("seq").is_some()).collect();
    assert_eq!(told, events[..told.len()]);
    assert_eq!(place.status("s"), "interrupted");
    (place, server, events)
}

#[test]
fn a_session_that_cannot_be_restored_is_not_passed_over() {
    let (place, server, _) = killed("file");
    let store = place.store();
    let log = std::path::Path::new(store.strip_prefix("file:").unwrap()).join("sessions/s/log.jsonl");
    let mut text = std::fs::read(&log).unwrap();
    text[20] ^= 1;
    std::fs::write(&log, text).unwrap();
    let ended = place.run(&["restore"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(74), ""), "{ended}");
    assert!(ended.stderr.contains("is damaged"), "{ended}");
    server.finish();
}

#[test]
fn a_killed_program_leaves_nothing_and_its_run_is_closed() {
    for store in ["sqlite", "file"] {
        let (place, server, before) = killed(store);
        let run = before[2]["run"].as_str().unwrap();
        let line = format!("closed run {run} of session s (2 open calls: run_command, read_file)\n");
        assert_eq!(place.good(&["restore"]), line);
        assert_eq!(place.good(&["restore"]), "no session was interrupted\n");
        let events = place.events("s");
        assert_eq!(events[..before.len()], before);
        assert_eq!(kinds(&events[before.len()..]), ["tool.returned", "tool.returned", "message.abandoned", "run.finished"]);
        assert_eq!(outcomes(&events), ["failed", "failed", "failed"]);
        assert_eq!(events.last().unwrap()["error"]["cause"], "interrupted");
        assert_eq!(place.status("s"), "idle");
        server.push(Answer::text("here I am"));
        assert_eq!(place.good(&["oneshot", "go on", "-s", "s"]), "here I am\n");
        server.finish();
    }
}

#[test]
fn an_interrupted_run_is_gone_on_with_and_only_what_reads_is_repeated() {
    for store in ["sqlite", "file"] {
        let (place, server, before) = killed(store);
        server.push(Answer::text("I do not know what it did"));
        assert_eq!(place.good(&["restore", "s", "--resume"]), "I do not know what it did\n");
        let events = place.events("s");
        assert_eq!(events[..before.len()], before);
        assert_eq!(
            kinds(&events[before.len()..]),
            ["tool.returned", "message.abandoned", "run.started", "tool.returned", "message.completed", "run.finished"]
        );
        assert_eq!(outcomes(&events), ["failed", "ok", "completed"]);
        assert_eq!(place.status("s"), "idle");
        server.finish();
    }
}

#[test]
fn ctrl_c_in_an_answer_keeps_what_was_said() {
    for store in ["sqlite", "file"] {
        let gate = Gate::new();
        let server =
            ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an ", "answer"]).wait_after(3, &gate)]);
        let place = Place::new(store).asking(&server);
        let mut process = place.start(&["oneshot", "talk", "--session-id", "s", "--format", "jsonl"]);
        process.until(|line| line["text"].as_str().is_some_and(|text| text.ends_with("an ")));
        process.signal(Signal::INT);
        let ended = process.end(END * SLACK);
        assert_eq!(ended.code, Some(130), "{ended}");
        let result = ended.lines().pop().unwrap();
        assert_eq!((&result["status"], &result["answer"]), (&json!("cancelled"), &json!("half an ")));
        let events = place.events("s");
        assert_eq!(kinds(&events[3..]), ["run.started", "run.cancel_requested", "message.completed", "run.finished"]);
        assert_eq!(events[5]["finish"], "cancelled");
        assert_eq!(events[5]["parts"], json!([{"kind": "text", "text": "half an "}]));
        assert_eq!(events[6]["outcome"], "cancelled");
        server.push(Answer::text("the rest"));
        assert_eq!(place.good(&["oneshot", "go on", "-s", "s"]), "the rest\n");
        server.finish();
    }
}

#[test]
fn a_second_signal_ends_at_once_whatever_the_store_does() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate)]);
    let place = Place::new("sqlite").asking(&server);
    let mut process = place.start(&["oneshot", "talk", "--session-id", "s", "--format", "jsonl"]);
    process.until(|line| line["text"] == "half ");
    // Nobody can write now: that it was cancelled cannot be said in the log.
    let other = rusqlite::Connection::open(place.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    process.signal(Signal::INT);
    process.signal(Signal::TERM);
    let ended = process.end(END * SLACK);
    assert!(matches!(ended.code, Some(130 | 143)), "{ended}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(place.status("s"), "interrupted");
    place.good(&["restore", "s"]);
    assert_eq!(place.status("s"), "idle");
    drop(server);
}

#[test]
fn a_store_that_is_held_does_not_keep_the_program() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate)]);
    let place = Place::new("sqlite").asking(&server);
    let mut process = place.start(&["oneshot", "talk", "--session-id", "s", "--format", "jsonl"]);
    process.until(|line| line["text"] == "half ");
    let other = rusqlite::Connection::open(place.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    process.signal(Signal::INT);
    let ended = process.end(END * SLACK);
    assert_eq!(ended.code, Some(130), "{ended}");
    drop(other);
    drop(server);
}

#[test]
fn a_signal_before_anything_was_asked() {
    let place = Place::new("sqlite");
    let mut command = place.command(&["oneshot", "-", "--format", "json"]);
    let (theirs, mut ours) = std::io::pipe().unwrap();
    command.stdin(theirs);
    let process = Process::start(command);
    // More than a pipe holds: when it is written, the program reads.
    ours.write_all(&vec![b'x'; 1 << 20]).unwrap();
    process.signal(Signal::INT);
    let ended = process.end(END * SLACK);
    assert_eq!(ended.code, Some(130), "{ended}");
    assert_eq!((&ended.lines()[0]["status"], &ended.lines()[0]["session"]), (&json!("cancelled"), &Value::Null));
    assert!(!place.database().exists(), "nothing was to be kept");
}

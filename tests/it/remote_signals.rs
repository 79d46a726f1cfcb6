//! Signals, and several processes at once, over `--server`: who ends the program ends its run on the server, who is killed
//! does not, and processes there and here see each other.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::time::Duration;

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::process::{Life, PATIENCE, Place, Process, SLACK, kinds, marker, until_none_is_marked};
use crate::support::server::Serving;

/// What the program promises: a signal ends it within this time.
const END: Duration = Duration::from_secs(2);

/// Processes at once.
const MANY: usize = 8;

/// A server, and a place for commands that ask it.
struct Distant {
    place: Place,
    serving: Serving,
}

impl Distant {
    fn new(store: &'static str, model: &ModelServer) -> Self {
        Self::of(Place::new(store).asking(model))
    }

    fn of(place: Place) -> Self {
        let serving = Serving::start(&place, &["--allow-local-admin", "--allow", "run_command"]);
        Self { place, serving }
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = self.place.command(arguments);
        // What only the server needs to know.
        for name in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "OMBUD_MODEL", "OMBUD_STORE"] {
            command.env_remove(name);
        }
        command.env("OMBUD_SERVER", self.serving.client.base());
        command
    }

    fn start(&self, arguments: &[&str]) -> Process {
        Process::start(self.command(arguments))
    }

    fn good(&self, arguments: &[&str]) -> String {
        let ended = self.start(arguments).end(PATIENCE);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended}");
        ended.stdout
    }

    /// A process that works in session `s` on the server, and holds in its answer after `half `.
    fn at_work(&self) -> Process {
        let mut process = self.start(&["oneshot", "talk", "--session-id", "s", "--format", "jsonl"]);
        process.until(|line| line["text"] == "half ");
        process
    }

    /// The server leaves in order.
    fn end(self) {
        let ended = self.serving.end();
        assert_eq!(ended.code, Some(0), "{ended}");
    }
}

/// A signal that asks to end, while a tool works on the server.
fn ends(store: &'static str, signal: Signal, exit_code: i32) {
    let marker = marker();
    let command = format!("{} sleep {marker} & wait", Life::HOLD);
    let calls = vec![("run_command", json!({"command": command})), ("read_file", json!({"path": "notes.txt"}))];
    let model = ModelServer::start(Wire::Openai, vec![Answer::calls(calls)]);
    let place = Place::new(store).asking(&model);
    let life = Life::new(&place);
    let distant = Distant::of(place);
    let process = distant.start(&["oneshot", "work", "--session-id", "s", "--format", "jsonl"]);
    let held = life.begun();
    process.signal(signal);
    let ended = process.end(END * SLACK);
    assert_eq!(ended.code, Some(exit_code), "{ended}");
    let result = ended.lines().pop().unwrap();
    assert_eq!(
        (&result["type"], &result["status"], &result["exit_code"]),
        (&json!("result"), &json!("cancelled"), &json!(exit_code))
    );
    held.released(END * SLACK);
    until_none_is_marked(&marker, END * SLACK);
    let events = distant.place.events("s");
    assert_eq!(
        kinds(&events[4..]),
        [
            "message.completed",
            "tool.called",
            "tool.called",
            "run.cancel_requested",
            "tool.returned",
            "tool.returned",
            "run.finished"
        ]
    );
    assert_eq!(events[10]["outcome"], "cancelled");
    model.push(Answer::text("here I am"));
    assert_eq!(distant.good(&["oneshot", "go on", "-s", "s"]), "here I am\n", "the server is as it was");
    distant.end();
    model.finish();
}

#[test]
fn ctrl_c_ends_a_run_on_the_server_and_its_tools() {
    ends("sqlite", Signal::INT, 130);
}

#[test]
fn being_told_to_end_ends_a_run_on_the_server_and_its_tools() {
    ends("file", Signal::TERM, 143);
}

#[test]
fn ctrl_c_in_an_answer_keeps_what_was_said() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate)]);
    let distant = Distant::new("sqlite", &model);
    let process = distant.at_work();
    process.signal(Signal::INT);
    let ended = process.end(END * SLACK);
    assert_eq!(ended.code, Some(130), "{ended}");
    let result = ended.lines().pop().unwrap();
    assert_eq!((&result["status"], &result["answer"]), (&json!("cancelled"), &json!("half ")));
    let events = distant.place.events("s");
    assert_eq!(kinds(&events[3..]), ["run.started", "run.cancel_requested", "message.completed", "run.finished"]);
    assert_eq!((&events[5]["finish"], &events[6]["outcome"]), (&json!("cancelled"), &json!("cancelled")));
    distant.end();
    model.finish();
}

#[test]
fn a_second_signal_ends_at_once_whatever_the_server_does() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate)]);
    let distant = Distant::new("sqlite", &model);
    let process = distant.at_work();
    // The server hangs: it cannot be told anything.
    distant.serving.process.signal(Signal::STOP);
    process.signal(Signal::INT);
    process.signal(Signal::TERM);
    let ended = process.end(END * SLACK);
    assert!(matches!(ended.code, Some(130 | 143)), "{ended}");
    distant.serving.process.signal(Signal::CONT);
    gate.open();
    drop(distant);
    drop(model);
}

#[test]
fn a_signal_before_anything_was_asked() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let distant = Distant::new("sqlite", &model);
    let mut command = distant.command(&["oneshot", "-", "--format", "json"]);
    let (theirs, mut ours) = std::io::pipe().unwrap();
    command.stdin(theirs);
    let process = Process::start(command);
    // More than a pipe holds: when it is written, the program reads.
    ours.write_all(&vec![b'x'; 1 << 20]).unwrap();
    process.signal(Signal::INT);
    let ended = process.end(END * SLACK);
    assert_eq!(ended.code, Some(130), "{ended}");
    assert_eq!((&ended.lines()[0]["status"], &ended.lines()[0]["session"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(distant.good(&["sessions", "list", "--format", "json"]), "{\"sessions\":[],\"next\":null}\n");
    distant.end();
    model.finish();
}

#[test]
fn who_is_killed_leaves_the_run_to_the_server() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).wait_after(2, &gate)]);
    let distant = Distant::new("sqlite", &model);
    let process = distant.at_work();
    let mut tail = distant.start(&["sessions", "tail", "s", "--after", "1:0", "--format", "jsonl"]);
    process.signal(Signal::KILL);
    assert_eq!(process.end(PATIENCE).signal, Some(9));
    gate.open();
    let last = tail.until_kind("run.finished");
    assert_eq!((&last["outcome"], &last["answer"]), (&json!("completed"), &json!("half an answer")));
    tail.signal(Signal::INT);
    assert_eq!(tail.end(PATIENCE).code, Some(0));
    distant.end();
    model.finish();
}

#[test]
fn many_at_once_and_in_turn() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("fine").always()]);
    let distant = Distant::new("sqlite", &model);
    let names: BTreeSet<String> = (0..MANY).map(|number| format!("s{number}")).collect();
    let at_once = names.iter().map(|name| distant.start(&["oneshot", "hello", "--session-id", name]));
    for process in at_once.collect::<Vec<_>>() {
        let ended = process.end(PATIENCE);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "fine\n", ""));
    }
    // Some over the server and some beside it, all in one session.
    let turns = (0..MANY).map(|number| {
        let arguments = ["oneshot", "and", "-s", "s0"];
        if number % 2 == 0 { distant.start(&arguments) } else { distant.place.start(&arguments) }
    });
    for process in turns.collect::<Vec<_>>() {
        let ended = process.end(PATIENCE);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "fine\n", ""));
    }
    let turn = ["message.posted", "run.queued", "run.started", "message.completed", "run.finished"];
    let turns: Vec<&str> =
        ["session.created"].into_iter().chain(turn.iter().copied().cycle().take((MANY + 1) * 5)).collect();
    assert_eq!(kinds(&distant.place.events("s0")), turns);
    let page: Value =
        serde_json::from_str(&distant.good(&["sessions", "list", "--limit", "100", "--format", "json"])).unwrap();
    let listed: BTreeSet<_> = page["sessions"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(listed, names.iter().map(String::as_str).collect());
    distant.end();
    model.finish();
}

#[test]
fn what_is_done_over_the_server_is_cancelled_beside_it_and_the_other_way_round() {
    for over in [true, false] {
        let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).stall_after(2)]);
        let distant = Distant::new("sqlite", &model);
        let arguments = ["oneshot", "talk", "--session-id", "s", "--format", "jsonl"];
        let mut process = if over { distant.start(&arguments) } else { distant.place.start(&arguments) };
        process.until(|line| line["text"] == "half ");
        let arguments = ["sessions", "cancel", "s", "--format", "json"];
        let cancelling = if over { distant.place.start(&arguments) } else { distant.start(&arguments) };
        let ended = process.end(END * SLACK);
        let result = ended.lines().pop().unwrap();
        assert_eq!((ended.code, &result["status"], &result["answer"]), (Some(130), &json!("cancelled"), &json!("half ")));
        assert_eq!(cancelling.end(PATIENCE).lines(), [json!({"session": "s", "cancelled": [result["run"]]})]);
        assert_eq!(distant.place.events("s").last().unwrap()["outcome"], "cancelled");
        distant.end();
        model.finish();
    }
}

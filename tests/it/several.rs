//! Several processes on one store: at once, in one session, watching and cancelling each other.

use std::collections::BTreeSet;
use std::time::Duration;

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::process::{PATIENCE, Place, Process, SLACK, kinds};

/// What the program promises: what one process did, another shows within this time.
const SEEN: Duration = Duration::from_millis(250);

/// What the program promises: what is cancelled from another process ends within this time.
const CANCELLED: Duration = Duration::from_secs(1);

/// Processes at once.
const MANY: usize = 32;

fn many_at_once(store: &'static str) {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("fine").always()]);
    let place = Place::new(store).asking(&server);
    let names: BTreeSet<String> = (0..MANY).map(|number| format!("s{number}")).collect();
    let started: Vec<Process> = names.iter().map(|name| place.start(&["oneshot", "hello", "--session-id", name])).collect();
    for process in started {
        let ended = process.end(PATIENCE);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "fine\n", ""));
    }
    let page = place.json(&["sessions", "list", "--limit", "100", "--format", "json"]);
    let items = page["sessions"].as_array().unwrap();
    let listed: BTreeSet<String> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, names);
    assert!(items.iter().all(|item| item["status"] == "idle" && item["runs"] == 1), "{page}");
    server.finish();
}

#[test]
fn many_at_once_on_a_new_database() {
    many_at_once("sqlite");
}

#[test]
fn many_at_once_on_a_new_folder() {
    many_at_once("file");
}

#[test]
fn who_asks_in_one_session_waits_for_its_turn() {
    for store in ["sqlite", "file"] {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("fine").always()]);
        let place = Place::new(store).asking(&server);
        place.good(&["oneshot", "hello", "--session-id", "s"]);
        let started: Vec<Process> = (0..6).map(|_| place.start(&["oneshot", "and", "-s", "s"])).collect();
        for process in started {
            let ended = process.end(PATIENCE);
            assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "fine\n", ""));
        }
        let events = place.events("s");
        let turn = ["message.posted", "run.queued", "run.started", "message.completed", "run.finished"];
        let turns: Vec<&str> = ["session.created"].into_iter().chain(turn.iter().copied().cycle().take(7 * 5)).collect();
        assert_eq!(kinds(&events), turns);
        server.finish();
    }
}

/// A process that works in session `s`, and holds in its answer after `half `.
fn at_work(place: &Place) -> Process {
    let mut process = place.start(&["oneshot", "talk", "--session-id", "s", "--format", "jsonl"]);
    process.until(|line| line["text"] == "half ");
    process
}

fn held(gate: &Gate) -> Answer {
    Answer::pieces(&["half ", "an answer"]).wait_after(2, gate)
}

#[test]
fn who_does_not_want_to_wait_is_told_that_the_session_is_busy() {
    for store in ["sqlite", "file"] {
        let gate = Gate::new();
        let server = ModelServer::start(Wire::Openai, vec![held(&gate)]);
        let place = Place::new(store).asking(&server);
        let process = at_work(&place);
        let ended = place.run(&["oneshot", "and", "-s", "s", "--busy", "fail", "--format", "json"]);
        let result = &ended.lines()[0];
        assert_eq!((ended.code, &result["error"]["code"]), (Some(5), &json!("busy")), "{ended}");
        gate.open();
        let ended = process.end(PATIENCE);
        assert_eq!(ended.lines().pop().unwrap()["answer"], "half an answer");
        assert_eq!(kinds(&place.events("s")).len(), 6, "nothing is left of who was refused");
        server.finish();
    }
}

#[test]
fn what_one_process_does_another_shows() {
    for store in ["sqlite", "file"] {
        let gate = Gate::new();
        let calls = Answer::calls(vec![("read_file", json!({"path": "notes.txt"}))]);
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("fine"), calls, held(&gate)]);
        let place = Place::new(store).asking(&server);
        place.good(&["oneshot", "hello", "--session-id", "s"]);
        let mut tail = place.start(&["sessions", "tail", "s", "--after", "1:0", "--format", "jsonl"]);
        tail.until_kind("run.finished");
        let mut process = place.start(&["oneshot", "what colour?", "-s", "s", "--format", "jsonl"]);
        let mut told = Vec::new();
        loop {
            let line = process.until(|line| line.get("seq").is_some() || line["text"] == "half ");
            if line.get("seq").is_none() {
                break;
            }
            let shown = tail.until_within(SEEN * SLACK, |shown| shown.get("seq").is_some());
            assert_eq!(shown, line);
            told.push(line);
        }
        let expected = ["message.posted", "run.queued", "run.started", "message.completed", "tool.called", "tool.returned"];
        assert_eq!(kinds(&told), expected);
        gate.open();
        process.until_kind("run.finished");
        let last = tail.until_within(SEEN * SLACK, |shown| shown["type"] == "run.finished");
        assert_eq!(last["answer"], "half an answer");
        tail.signal(Signal::INT);
        assert_eq!(tail.end(PATIENCE).code, Some(0));
        assert_eq!(process.end(PATIENCE).code, Some(0));
        server.finish();
    }
}

#[test]
fn what_one_process_does_another_cancels() {
    for store in ["sqlite", "file"] {
        let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).stall_after(2)]);
        let place = Place::new(store).asking(&server);
        let process = at_work(&place);
        let cancelling = place.start(&["sessions", "cancel", "s", "--format", "json"]);
        let ended = process.end(CANCELLED * SLACK);
        let result = ended.lines().pop().unwrap();
        assert_eq!((ended.code, &result["status"], &result["answer"]), (Some(130), &json!("cancelled"), &json!("half ")));
        let cancelled = cancelling.end(PATIENCE);
        assert_eq!(cancelled.lines(), [json!({"session": "s", "cancelled": [result["run"]]})]);
        server.wait_until_left(1);
        let events = place.events("s");
        assert_eq!(kinds(&events[4..]), ["run.cancel_requested", "message.completed", "run.finished"]);
        assert_eq!(events[6]["outcome"], "cancelled");
        server.finish();
    }
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_run() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![held(&gate)]);
    let place = Place::new("sqlite").asking(&server);
    let mut process = at_work(&place);
    process.stop_reading();
    gate.open();
    assert_eq!(process.end(PATIENCE).code, Some(0));
    let events = place.events("s");
    let last = events.last().unwrap();
    assert_eq!((&last["outcome"], &last["answer"]), (&json!("completed"), &json!("half an answer")));
    server.finish();
}

#[test]
fn a_killed_client_lets_go_of_the_model_and_the_next_one_takes_over() {
    for store in ["sqlite", "file"] {
        let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["half ", "an answer"]).stall_after(2)]);
        let place = Place::new(store).asking(&server);
        let process = at_work(&place);
        let tail = place.start(&["sessions", "tail", "s", "--after", "1:0", "--format", "jsonl"]);
        process.signal(Signal::KILL);
        assert_eq!(process.end(PATIENCE).signal, Some(9));
        server.wait_until_left(1);
        assert_eq!(place.status("s"), "interrupted");
        // Whoever asks next closes what is left, without being asked to.
        server.push(Answer::text("fine"));
        assert_eq!(place.good(&["oneshot", "again", "-s", "s"]), "fine\n");
        let events = place.events("s");
        let turn = ["message.posted", "run.queued", "run.started"];
        let expected: Vec<&str> = ["session.created"]
            .into_iter()
            .chain(turn)
            .chain(["message.abandoned", "run.finished"])
            .chain(turn)
            .chain(["message.completed", "run.finished"])
            .collect();
        assert_eq!(kinds(&events), expected);
        assert_eq!(events[5]["error"]["cause"], "interrupted");
        watched(tail, &events);
        server.finish();
    }
}

/// Who watched has seen all of it, each fact once and in order.
fn watched(mut tail: Process, events: &[Value]) {
    let mut shown = Vec::new();
    while shown.len() < events.len() {
        shown.push(tail.until(|line| line.get("seq").is_some()));
    }
    assert_eq!(shown, events);
    tail.signal(Signal::TERM);
    assert_eq!(tail.end(PATIENCE).code, Some(0));
}

//! `--timeout` as processes see it: the exit code, what is kept, and that a kill right behind it takes nothing away.

use ombud::config::Wire;
use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::process::{PATIENCE, Place, kinds};

const ASK: [&str; 8] = ["oneshot", "Tell me.", "--timeout", "1", "--session-id", "s", "--format", "jsonl"];

/// The log of a run that came as far as half an answer.
fn check(place: &Place) {
    let events = place.events("s");
    assert_eq!(
        kinds(&events),
        ["session.created", "message.posted", "run.queued", "run.started", "message.completed", "run.finished"]
    );
    let parts = json!([{"kind": "text", "text": "Half an"}]);
    assert_eq!((&events[4]["parts"], &events[4]["finish"]), (&parts, &json!("cancelled")));
    let end = &events[5];
    assert_eq!(
        (&end["outcome"], &end["answer"], &end["error"]["code"]),
        (&json!("failed"), &json!("Half an"), &json!("timed_out"))
    );
    assert_eq!(place.status("s"), "idle");
    assert_eq!(place.good(&["restore", "s"]), "session s: nothing was interrupted\n");
}

#[test]
fn a_run_that_used_up_its_time_keeps_what_it_said_also_when_it_is_killed_then() {
    for (store, killed) in [("sqlite", false), ("sqlite", true), ("file", true)] {
        let stalled = Answer::pieces(&["Half an", " answer"]).stall_after(2);
        let server = ModelServer::start(Wire::Openai, vec![stalled, Answer::text("All of it.")]);
        let place = Place::new(store).asking(&server);
        let mut process = place.start(&ASK);
        let end = process.until_kind("run.finished");
        assert_eq!(end["error"]["code"], "timed_out");
        if killed {
            // It may have ended by itself in the meantime.
            let _ = kill_process(process.pid(), Signal::KILL);
        }
        let ended = process.end(PATIENCE);
        if killed {
            assert!(ended.signal == Some(9) || ended.code == Some(124), "{ended}");
        } else {
            assert_eq!(ended.code, Some(124), "{ended}");
            let result: Value = ended.lines().pop().unwrap();
            assert_eq!(
                (&result["status"], &result["answer"], &result["exit_code"], &result["error"]["code"]),
                (&json!("failed"), &json!("Half an"), &json!(124), &json!("timed_out"))
            );
        }
        check(&place);
        // The session is as good as before, and its half is shown to the model.
        assert_eq!(place.good(&["oneshot", "Go on.", "-s", "s"]), "All of it.\n");
        let requests = server.finish();
        assert!(requests[1].body["messages"].to_string().contains("Half an"));
    }
}

#[test]
fn a_run_that_is_killed_before_its_time_is_over_has_the_rest_of_it() {
    let stalled = || Answer::pieces(&["Half an", " answer"]).stall_after(2);
    let server = ModelServer::start(Wire::Openai, vec![stalled(), stalled()]);
    let place = Place::new("sqlite").asking(&server);
    let mut process = place.start(&ASK);
    process.until(|line| line["text"] == "Half an");
    process.signal(Signal::KILL);
    process.end(PATIENCE);
    let resumed = place.run(&["restore", "s", "--resume", "--format", "json"]);
    let result: Value = serde_json::from_str(&resumed.stdout).unwrap();
    assert_eq!((resumed.code, &result["error"]["code"]), (Some(124), &json!("timed_out")), "{resumed}");
    assert_eq!(result["answer"], "Half an");
    let events = place.events("s");
    assert_eq!(
        kinds(&events)[3..],
        ["run.started", "message.abandoned", "run.started", "message.completed", "run.finished"]
    );
    server.finish();
}

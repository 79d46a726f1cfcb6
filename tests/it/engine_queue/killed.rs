//! Servers that are killed while they work the queue off: every run ends once. `tests/long/run tasks` does it with many.

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::process::Place;
use crate::support::server::{PATIENCE, Serving};

/// Runs that are worked off.
const TASKS: usize = 200;
/// So many model calls after each start until the kill.
const KILLS: [usize; 2] = [20, 60];

async fn page(server: &Serving, filter: Value) -> Value {
    server.client.post("/ombud/v1/runs", &filter).await.expect(200)
}

/// Every run of the store has ended; followed session by session.
async fn all_ended(server: &Serving, sessions: &[String]) {
    for session in sessions {
        let mut events = server.client.listen(&format!("/ombud/v1/subscribe?session={session}")).await;
        loop {
            let event = events.next().await.expect("the stream goes on until the run has ended").json();
            if event["type"] == "run.finished" {
                break;
            }
        }
    }
}

async fn worked_off(store: &'static str) {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
    let place = Place::new(store).asking(&model);
    let mut server = Serving::start(&place, &[]);
    let mut sessions = Vec::new();
    for number in 0..TASKS {
        let ask = json!({
            "target": {"new": {}},
            "input": [{"kind": "text", "text": format!("task {number}")}],
            "begin": "in_turn",
            "priority": number % 3,
            "labels": {"kind": ["task"]},
            "pins": {"on_orphan": "resume"},
        });
        let asked = server.client.post("/ombud/v1/ask", &ask).await.expect(200);
        sessions.push(asked["session"].as_str().unwrap().to_owned());
        if let Some(kill) = KILLS.iter().position(|after| *after * 2 == number) {
            model.wait_for_requests(KILLS[kill]);
            server.process.signal(Signal::KILL);
            assert_eq!(server.process.end(PATIENCE).signal, Some(9));
            server = Serving::start(&place, &[]);
        }
    }
    all_ended(&server, &sessions).await;
    let of_tasks = json!({"labels": [["kind", "task"]], "limit": 1000});
    let tasks = page(&server, of_tasks).await;
    assert_eq!((tasks["total"].as_u64().unwrap(), tasks["runs"].as_array().unwrap().len()), (TASKS as u64, TASKS));
    for run in tasks["runs"].as_array().unwrap() {
        assert_eq!(run["status"], "completed", "{run}");
        let events = json!({"session": run["session"], "limit": 1000});
        let events = server.client.post("/ombud/v1/events", &events).await.expect(200);
        let count = |kind: &str| events["events"].as_array().unwrap().iter().filter(|event| event["type"] == kind).count();
        assert_eq!((count("run.queued"), count("run.finished")), (1, 1), "{events}");
        let end = server.client.post("/ombud/v1/run_end", &json!({"run": run["id"]})).await.expect(200);
        assert_eq!(end["end"]["answer"], "done");
    }
    assert_eq!(server.end().code, Some(0));
    drop(model);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_its_queue_to_the_next_in_a_database() {
    worked_off("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_leaves_its_queue_to_the_next_in_a_folder() {
    worked_off("file").await;
}

//! Cancelling a run that begins in its turn, at every stage.

use futures_util::StreamExt as _;
use ombud::config::Wire;
use ombud::domain::{Frame, OnOrphan, Outcome, Pins, RunId, RunStatus};
use ombud::engine::{Asked, Engine, House};
use serde_json::json;

use super::turns::{end, one_at_once, status, task};
use super::{attend, sqlite};
use crate::support::house::{open, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::process::{Life, Place, marker, until_none_is_marked};
use crate::support::server::{PATIENCE, Serving, within};

async fn cancel(house: &House, asked: &Asked) -> Vec<RunId> {
    house.cancel(&somebody(), &asked.session, asked.run.as_ref(), "not wanted").await.unwrap()
}

async fn kinds(house: &House, asked: &Asked) -> Vec<String> {
    let events = house.events(&somebody(), &asked.session, None, 100).await.unwrap();
    events.iter().map(|event| event.fact.kind().to_owned()).collect()
}

/// Waits until the house that works on a run has told a piece of its answer.
async fn first_piece(house: &House, asked: &Asked) {
    let mut frames = house.subscribe(&somebody(), &asked.session, Some(asked.before)).await.unwrap();
    while !matches!(frames.next().await.unwrap().unwrap(), Frame::Delta(_)) {}
}

const BEFORE: [&str; 3] = ["session.created", "message.posted", "run.queued"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_waits() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let here = open(one_at_once(&server, &folder), &url).await;
    let first = here.ask(&somebody(), task("first")).await.unwrap();
    let second = here.ask(&somebody(), task("second")).await.unwrap();
    assert_eq!(cancel(&here, &first).await, [first.run.clone().unwrap()]);
    // It has ended by then, and nobody begins it.
    assert_eq!(status(&here, &first).await, RunStatus::Cancelled);
    // After a restart the same.
    drop(here);
    let house = open(one_at_once(&server, &folder), &url).await;
    assert_eq!(cancel(&house, &second).await, [second.run.clone().unwrap()]);
    assert_eq!(cancel(&house, &second).await, [], "it had ended");
    let attending = attend(house);
    let third = attending.house.ask(&somebody(), task("third")).await.unwrap();
    assert_eq!(end(&attending.house, &third).await.answer, "done");
    for asked in [&first, &second] {
        assert_eq!(kinds(&attending.house, asked).await, [&BEFORE[..], &["run.cancel_requested", "run.finished"]].concat());
        let end = end(&attending.house, asked).await;
        assert_eq!((end.outcome, end.error, end.rounds), (Outcome::Cancelled, None, 0));
    }
    // One that has ended well stays so.
    assert_eq!(cancel(&attending.house, &third).await, []);
    assert_eq!(status(&attending.house, &third).await, RunStatus::Completed);
    attending.end().await;
    assert_eq!(server.finish().len(), 1);
}

/// As soon as it is there, with a house that takes it in the same moment: it begins or it does not, and ends once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_taken() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let attending = attend(open(one_at_once(&server, &folder), &sqlite(&place)).await);
    for _ in 0..30 {
        let asked = attending.house.ask(&somebody(), task("work")).await.unwrap();
        let about = cancel(&attending.house, &asked).await;
        let end = end(&attending.house, &asked).await;
        let is_cancelled = end.outcome == Outcome::Cancelled;
        assert!(is_cancelled || end.outcome == Outcome::Completed, "{end:?}");
        assert!(is_cancelled || about.is_empty() || end.rounds == 1, "{end:?}");
        let ends = kinds(&attending.house, &asked).await.iter().filter(|kind| *kind == "run.finished").count();
        assert_eq!(ends, 1);
    }
    attending.end().await;
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_model_answers_also_from_another_process() {
    let gates = [Gate::new(), Gate::new()];
    let held = |gate: &Gate| Answer::pieces(&["it ", "says"]).wait_after(2, gate);
    let server = ModelServer::start(Wire::Openai, gates.iter().map(held).collect());
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let attending = attend(open(one_at_once(&server, &folder), &url).await);
    let other = open(one_at_once(&server, &folder), &url).await;
    for (gate, by) in gates.iter().zip([&*attending.house, &other]) {
        let asked = by.ask(&somebody(), task("work")).await.unwrap();
        gate.wait_until_reached();
        within("the first piece is there", first_piece(&attending.house, &asked)).await;
        assert_eq!(cancel(by, &asked).await, [asked.run.clone().unwrap()]);
        let row = by.run(&somebody(), asked.run.as_ref().unwrap()).await.unwrap();
        assert!(row.cancel_requested, "{row:?}");
        let end = end(by, &asked).await;
        assert_eq!((end.outcome, end.answer.as_str()), (Outcome::Cancelled, "it "));
        gate.open();
    }
    // The model was left.
    server.wait_until_left(2);
    attending.end().await;
    server.finish();
}

/// By the program, since commands need its guard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_tool_works() {
    let marker = marker();
    let command = format!("{} sleep {marker} & wait", Life::HOLD);
    let script = vec![Answer::calls(vec![("run_command", json!({"command": command}))])];
    let model = ModelServer::start(Wire::Openai, script);
    let place = Place::new("sqlite").asking(&model);
    let life = Life::new(&place);
    let serving = Serving::start(&place, &["--allow-local-admin", "--allow", "run_command"]);
    let ask = json!({"target": {"new": {}}, "input": [{"kind": "text", "text": "work"}], "begin": "in_turn", "priority": 1});
    let asked = serving.client.post("/ombud/v1/ask", &ask).await.expect(200);
    let held = life.begun();
    let of = json!({"session": asked["session"], "run": asked["run"], "reason": "not wanted"});
    assert_eq!(serving.client.post("/ombud/v1/cancel", &of).await.expect(200)["runs"], json!([asked["run"]]));
    held.released(PATIENCE);
    until_none_is_marked(&marker, PATIENCE);
    let path = format!("/ombud/v1/subscribe?session={}", asked["session"].as_str().unwrap());
    let mut events = serving.client.listen(&path).await;
    let end = loop {
        let event = events.next().await.unwrap().json();
        if event["type"] == "run.finished" {
            break event;
        }
    };
    assert_eq!((&end["outcome"], &end["tool_calls"]), (&json!("cancelled"), &json!(1)));
    assert_eq!(serving.client.post("/ombud/v1/cancel", &of).await.expect(200)["runs"], json!([]));
    assert_eq!(serving.end().code, Some(0));
    model.finish();
}

/// The process that worked on it is dead: whoever is asked to cancel it closes it.
#[test]
fn after_its_process_died() {
    let gate = Gate::new();
    let server = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate)]);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let asked = runtime.block_on(async {
        let pins = Pins { on_orphan: OnOrphan::Resume, ..Pins::default() };
        let attending = attend(open(one_at_once(&server, &folder), &url).await);
        attending.house.ask(&somebody(), ombud::engine::Ask { pins, ..task("work") }).await.unwrap()
    });
    gate.wait_until_reached();
    runtime.shutdown_timeout(PATIENCE);
    gate.open();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let house = open(one_at_once(&server, &folder), &url).await;
        assert_eq!(cancel(&house, &asked).await.len(), 1);
        assert_eq!(end(&house, &asked).await.outcome, Outcome::Cancelled);
        let attending = attend(house);
        let other = attending.house.ask(&somebody(), task("other")).await.unwrap();
        cancel(&attending.house, &other).await;
        attending.end().await;
    });
    drop(server);
}

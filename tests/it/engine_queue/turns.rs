//! Runs that begin in their turn: in which order, how many, by whom.

use std::sync::Arc;
use std::time::Duration;

use ombud::config::{Settings, Wire};
use ombud::domain::{Agent, Cause, ErrorCode, Labels, OnOrphan, Outcome, Pins, RunFinished, RunStatus, SessionStatus};
use ombud::engine::{Answering, Ask, Asked, Begin, Engine, House, NewSession, OnBusy, Orphans, RunFilter, Target};
use ombud::storage::StoreUrl;
use serde_json::json;

use super::{Attending, attend, attending, sqlite};
use crate::support::house::{PATIENCE, again, answer, finished, open, question, settings, somebody};
use crate::support::lives::{self, Hand};
use crate::support::model_server::{Answer, Gate, ModelServer, Request};
use crate::support::schema::check_frames;

/// A question that waits for its turn.
pub(super) fn task(text: &str) -> Ask {
    Ask { begin: Begin::InTurn, pins: resumed(), ..question(text) }
}

fn resumed() -> Pins {
    Pins { on_orphan: OnOrphan::Resume, ..Pins::default() }
}

fn by_agent(agent: &str, ask: Ask) -> Ask {
    let new = NewSession { agent: Some(agent.to_owned()), ..NewSession::default() };
    Ask { target: Target::New(Box::new(new)), ..ask }
}

pub(super) fn one_at_once(server: &ModelServer, folder: &tempfile::TempDir) -> Settings {
    let mut settings = settings(server, folder.path());
    settings.server.limits.runs_at_once = 1;
    settings
}

/// What each request asked last.
fn asked_last(requests: &[Request]) -> Vec<String> {
    let last = |request: &Request| request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    requests.iter().map(|request| last(request).as_str().unwrap().to_owned()).collect()
}

pub(super) async fn end(house: &House, asked: &Asked) -> RunFinished {
    finished(&answer(house, asked).await).clone()
}

pub(super) async fn status(house: &House, asked: &Asked) -> RunStatus {
    house.run(&somebody(), asked.run.as_ref().unwrap()).await.unwrap().status
}

/// The house of a store, on the memory store and on both that are kept.
fn stores(place: &tempfile::TempDir) -> [StoreUrl; 3] {
    [StoreUrl::Memory, StoreUrl::File(place.path().join("store")), sqlite(place)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_goes_by_priority_that_rises_with_waiting() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for url in stores(&place) {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
        let clock = Hand::new();
        let mut settings = one_at_once(&server, &folder);
        settings.server.limits.runs_age = Duration::from_secs(60);
        let house = lives::open(settings, &url, &clock).await;
        let mut asked = Vec::new();
        // How long each has waited, in minutes, and its priority: the sums are 10, 9, 12, 9, 11, -1.
        for (text, priority, minutes) in
            [("oldest", 0, 1), ("older", 0, 5), ("high", 8, 3), ("even", 8, 1), ("top", 11, 0), ("low", -1, 0)]
        {
            asked.push(house.ask(&somebody(), Ask { priority, ..task(text) }).await.unwrap());
            clock.go_on(minutes * 60);
        }
        let attending = attending(house);
        for asked in &asked {
            assert_eq!(end(&attending.house, asked).await.answer, "done");
        }
        attending.end().await;
        assert_eq!(asked_last(&server.finish()), ["high", "top", "oldest", "older", "even", "low"], "{url:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_may_wait_are_refused() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for url in stores(&place) {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
        let mut settings = settings(&server, folder.path());
        settings.server.limits.runs_waiting = 2;
        let house = Arc::new(open(settings, &url).await);
        let first = house.ask(&somebody(), task("first")).await.unwrap();
        let second = house.ask(&somebody(), task("second")).await.unwrap();
        let error = house.ask(&somebody(), task("third")).await.unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str(), error.retryable()),
            (ErrorCode::Unavailable, "the queue is full: 2 runs wait in it, as many as may", true)
        );
        // Of many who ask at once, as many are let in as there is room for.
        house.cancel(&somebody(), &first.session, None, "make room").await.unwrap();
        let me = somebody();
        let at_once = futures_util::future::join_all((0..8).map(|_| house.ask(&me, task("many")))).await;
        assert!(at_once.iter().filter(|asked| asked.is_ok()).count() <= 1, "{at_once:?}");
        // What begins now needs no place in the queue.
        house.ask(&somebody(), question("now")).await.unwrap();
        let attending = attending(house);
        assert_eq!(end(&attending.house, &second).await.answer, "done");
        attending.house.ask(&somebody(), task("third")).await.unwrap();
        attending.end().await;
        let error = attending_error(&server, &folder, 1_001).await;
        assert_eq!(error, "priority 1001 is not from -1000 to 1000");
        server.finish();
    }
}

async fn attending_error(server: &ModelServer, folder: &tempfile::TempDir, priority: i32) -> String {
    let house = open(settings(server, folder.path()), &StoreUrl::Memory).await;
    house.ask(&somebody(), Ask { priority, ..task("x") }).await.unwrap_err().message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_of_one_session_are_serial_and_hold_nobody_else_up() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["slow"]).wait_after(2, &gate), Answer::text("done").always()];
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&server, folder.path());
    settings.server.limits.runs_at_once = 2;
    let house = open(settings, &StoreUrl::Memory).await;
    let first = house.ask(&somebody(), Ask { priority: 9, ..task("first") }).await.unwrap();
    let mut behind = Vec::new();
    // More than are read of the queue at a time.
    for _ in 0..100 {
        let next = Ask { priority: 9, begin: Begin::InTurn, ..again(&first.session, "behind", OnBusy::Reject) };
        behind.push(house.ask(&somebody(), next).await.unwrap());
    }
    let item = house.session(&somebody(), &first.session).await.unwrap();
    assert_eq!((item.status, item.summary.active.len()), (SessionStatus::Running, 101));
    // They are nobody's orphans, and in the way of who asks here and now.
    assert_eq!(house.restore(&somebody(), None, Orphans::Close).await.unwrap(), []);
    let error = house.ask(&somebody(), again(&first.session, "now", OnBusy::Reject)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy);
    let attending = attend(house);
    gate.wait_until_reached();
    let other = attending.house.ask(&somebody(), task("other")).await.unwrap();
    assert_eq!(end(&attending.house, &other).await.answer, "done");
    for asked in &behind {
        assert_eq!(status(&attending.house, asked).await, RunStatus::Queued);
    }
    gate.open();
    for asked in &behind {
        assert_eq!(end(&attending.house, asked).await.answer, "done");
    }
    let runs = attending.house.runs(&somebody(), &RunFilter::newest(Some(&first.session), &[], 200)).await.unwrap();
    let mut began: Vec<_> = runs.runs.iter().map(|run| (run.queued_at, run.id.clone(), run.started_at)).collect();
    began.sort();
    assert!(began.is_sorted_by_key(|(_, _, started_at)| *started_at), "they go by their age");
    attending.end().await;
    server.finish();
}

/// A later run with a higher priority is found first, and has to wait for the one before it: that one is begun in its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_after_those_before_it_in_its_session_whatever_its_priority() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for url in stores(&place) {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
        let house = open(settings(&server, folder.path()), &url).await;
        let mut asked = vec![house.ask(&somebody(), task("first")).await.unwrap()];
        for (text, priority) in [("second", 5), ("third", 900), ("fourth", -900)] {
            let next = again(&asked[0].session, text, OnBusy::Reject);
            let next = Ask { priority, begin: Begin::InTurn, pins: resumed(), ..next };
            asked.push(house.ask(&somebody(), next).await.unwrap());
        }
        let attending = attend(house);
        for asked in &asked {
            assert_eq!(end(&attending.house, asked).await.answer, "done");
        }
        assert_eq!(asked_last(&server.requests()), ["first", "second", "third", "fourth"]);
        attending.end().await;
        server.finish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_houses_on_one_store_share_the_queue() {
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for url in [StoreUrl::File(place.path().join("store")), sqlite(&place)] {
        let server = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
        let asking = open(settings(&server, folder.path()), &url).await;
        let mut asked = Vec::new();
        for number in 0..20 {
            asked.push(asking.ask(&somebody(), task(&format!("before {number}"))).await.unwrap());
        }
        let houses: Vec<Attending> =
            [open(settings(&server, folder.path()), &url).await, open(settings(&server, folder.path()), &url).await]
                .map(attend)
                .into_iter()
                .collect();
        // Of a third process that attends to nothing they hear too.
        for number in 0..20 {
            asked.push(asking.ask(&somebody(), task(&format!("beside {number}"))).await.unwrap());
        }
        for asked in &asked {
            assert_eq!(end(&asking, asked).await.answer, "done");
            let events = asking.events(&somebody(), &asked.session, None, 100).await.unwrap();
            let kinds: Vec<_> = events.iter().map(|event| event.fact.kind()).collect();
            let once = ["session.created", "message.posted", "run.queued", "run.started", "message.completed"];
            assert_eq!(kinds, [&once[..], &["run.finished"]].concat(), "each is begun once");
        }
        for house in houses {
            house.end().await;
        }
        assert_eq!(server.finish().len(), 40);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_lets_go_on_what_has_begun_and_leaves_the_rest() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate), Answer::text("by the next")];
    let server = ModelServer::start(Wire::Openai, script);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let here = attend(open(one_at_once(&server, &folder), &url).await);
    let first = here.house.ask(&somebody(), task("first")).await.unwrap();
    let second = here.house.ask(&somebody(), task("second")).await.unwrap();
    gate.wait_until_reached();
    let house = here.house.clone();
    here.stop.cancel();
    tokio::time::timeout(PATIENCE, here.task).await.unwrap().unwrap().unwrap();
    gate.open();
    house.drain().await;
    assert_eq!(end(&house, &first).await.answer, "it says");
    assert_eq!(status(&house, &second).await, RunStatus::Queued);
    // Nor does one begin that is told to stop.
    house.stop(&somebody(), "the server left").await.unwrap();
    assert_eq!(status(&house, &second).await, RunStatus::Queued);
    drop(house);
    let next = attend(open(one_at_once(&server, &folder), &url).await);
    assert_eq!(end(&next.house, &second).await.answer, "by the next");
    next.end().await;
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_told_with_all_that_is_known_of_it() {
    let gate = Gate::new();
    let script = vec![
        Answer::calls(vec![("list_files", json!({}))]),
        Answer::pieces(&["the ", "answer"]).wait_after(2, &gate),
        Answer::text("another"),
    ];
    let server = ModelServer::start(Wire::Openai, script);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let house = open(one_at_once(&server, &folder), &sqlite(&place)).await;
    let me = somebody();
    let words = |kind: &str| {
        let mut labels = Labels::default();
        labels.insert("kind", kind.to_owned());
        labels
    };
    let kept = serde_json::Map::from_iter([("door".to_owned(), json!({"title": "A title"}))]);
    let ask = Ask { priority: 3, labels: words("task"), attributes: kept.clone(), ..task("do it") };
    let asked = house.ask(&me, ask).await.unwrap();
    house.ask(&me, Ask { labels: words("chat"), ..task("another") }).await.unwrap();
    let id = asked.run.clone().unwrap();
    let run = house.run(&me, &id).await.unwrap();
    assert_eq!((run.status, run.process.clone(), run.started_at, run.in_turn), (RunStatus::Queued, None, None, true));
    assert_eq!((run.priority, &run.labels, &run.attributes), (3, &words("task"), &kept));
    assert_eq!(run.asked_by, Some(me.actor()));
    assert_eq!(house.run_end(&me, &id).await.unwrap(), None);
    let attending = attend(house);
    gate.wait_until_reached();
    // Its progress.
    let run = attending.house.run(&me, &id).await.unwrap();
    assert_eq!((run.status, run.rounds, run.tool_calls, run.finished_at), (RunStatus::Running, 1, 1, None));
    assert!(run.started_at >= Some(run.queued_at) && run.process.is_some());
    gate.open();
    end(&attending.house, &asked).await;
    let run = attending.house.run(&me, &id).await.unwrap();
    assert_eq!((run.status, run.rounds, run.tool_calls, run.interruptions), (RunStatus::Completed, 2, 1, 0));
    let told = attending.house.run_end(&me, &id).await.unwrap().unwrap();
    assert_eq!((told.outcome, told.answer.as_str(), told.model), (Outcome::Completed, "the answer", run.model.clone()));
    let events = attending.house.events(&me, &asked.session, None, 100).await.unwrap();
    let lines: Vec<_> = events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    check_frames(&lines, false);
    // Lists, by everything that they are chosen by.
    let list = async |filter: RunFilter| {
        let page = attending.house.runs(&me, &RunFilter { limit: 1, ..filter }).await.unwrap();
        (page.runs.into_iter().map(|run| run.id).collect::<Vec<_>>(), page.total)
    };
    let labels = vec![("kind".to_owned(), "task".to_owned())];
    let label = RunFilter { labels, ..RunFilter::default() };
    assert_eq!(list(label.clone()).await, (vec![id.clone()], 1));
    assert_eq!(list(RunFilter { offset: 1, ..label.clone() }).await, (vec![], 1));
    assert_eq!(list(RunFilter { statuses: vec![RunStatus::Completed], ..label.clone() }).await.1, 1);
    assert_eq!(list(RunFilter { statuses: vec![RunStatus::Failed], ..label.clone() }).await, (vec![], 0));
    assert_eq!(list(RunFilter { agent: Some("default".into()), priority: Some(3), ..label.clone() }).await.1, 1);
    assert_eq!(list(RunFilter { agent: Some("other".into()), ..label }).await, (vec![], 0));
    let (newest, total) = list(RunFilter::default()).await;
    assert_eq!((newest.contains(&id), total), (false, 2));
    server.wait_for_requests(3);
    attending.end().await;
    let large = serde_json::Map::from_iter([("door".to_owned(), json!("x".repeat(600_000)))]);
    let house = open(one_at_once(&server, &folder), &StoreUrl::Memory).await;
    let error = house.ask(&me, Ask { attributes: large, ..task("x") }).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::TooLarge);
    assert!(error.message.starts_with("the attributes of the run has"), "{error}");
    server.finish();
}

/// Agents of the store, so that they can be changed.
async fn kept(house: &House, name: &str, state: &str) {
    let written = json!({"name": name, "instructions": "Be kind.", "state": state});
    let agent: Agent = serde_json::from_value(written).unwrap();
    let done = match house.agent(&somebody(), name).await {
        Ok(_) => house.update_agent(&somebody(), name, agent, None).await,
        Err(_) => house.create_agent(&somebody(), agent).await,
    };
    done.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_takes_no_work_any_more() {
    let (chat, work) = (Gate::new(), Gate::new());
    let script =
        vec![Answer::pieces(&["a ", "chat"]).wait_after(2, &chat), Answer::pieces(&["a ", "task"]).wait_after(2, &work)];
    let server = ModelServer::start(Wire::Openai, script);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let house = open(one_at_once(&server, &folder), &sqlite(&place)).await;
    let me = somebody();
    kept(&house, "idle", "active").await;
    kept(&house, "gone", "active").await;
    let idle = house.ask(&me, by_agent("idle", task("while it is active"))).await.unwrap();
    kept(&house, "idle", "inactive").await;
    let error = house.ask(&me, by_agent("idle", task("when it is not"))).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::Inactive, "agent `idle` is inactive"));
    let chatting = house.ask(&me, by_agent("gone", question("chat"))).await.unwrap();
    chat.wait_until_reached();
    let attending = attend(house);
    let house = &attending.house;
    // That of an agent that became inactive while it waited fails, and says why.
    let end_of_idle = end(house, &idle).await;
    assert_eq!((end_of_idle.outcome, end_of_idle.error), (Outcome::Failed, Some(error)));
    let working = house.ask(&me, by_agent("gone", task("work"))).await.unwrap();
    work.wait_until_reached();
    let waiting = house.ask(&me, by_agent("gone", task("wait"))).await.unwrap();
    house.remove_agent(&me, "gone").await.unwrap();
    for asked in [&waiting, &working] {
        let end = end(house, asked).await;
        assert_eq!((end.outcome, end.agent.as_str()), (Outcome::Cancelled, "gone"));
    }
    // Somebody waits for the chat here and now: it goes on.
    assert_eq!(status(house, &chatting).await, RunStatus::Running);
    chat.open();
    assert_eq!(end(house, &chatting).await.answer, "a chat");
    work.open();
    attending.end().await;
    server.finish();
}

/// A house that dies while it works on a run that began in its turn.
fn dies(url: &StoreUrl, settings: Settings, gate: &Gate, asks: bool) -> Option<Asked> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let asked = runtime.block_on(async {
        let attending = attend(open(settings, url).await);
        match asks {
            true => Some(attending.house.ask(&somebody(), task("work")).await.unwrap()),
            false => None,
        }
    });
    gate.wait_until_reached();
    runtime.shutdown_timeout(PATIENCE);
    asked
}

#[test]
fn a_run_whose_process_dies_again_and_again_is_given_up() {
    let gates = [Gate::new(), Gate::new()];
    let held = |gate: &Gate| Answer::pieces(&["it ", "says"]).wait_after(2, gate);
    let server = ModelServer::start(Wire::Openai, gates.iter().map(held).collect());
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let settings = || {
        let mut settings = settings(&server, folder.path());
        settings.server.limits.run_attempts = 2;
        settings
    };
    let asked = dies(&url, settings(), &gates[0], true).unwrap();
    dies(&url, settings(), &gates[1], false);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let attending = attend(open(settings(), &url).await);
        let end = end(&attending.house, &asked).await;
        let error = end.error.unwrap();
        assert_eq!(
            (end.outcome, error.code, error.cause),
            (Outcome::Failed, ErrorCode::Unavailable, Some(Cause::Interrupted))
        );
        assert_eq!(error.message, "the run was begun 2 times, and its process died or stopped each time; it is given up");
        let run = attending.house.run(&somebody(), asked.run.as_ref().unwrap()).await.unwrap();
        assert_eq!((run.interruptions, run.fence, run.asked_by), (1, 2, Some(somebody().actor())));
        attending.end().await;
    });
    gates.iter().for_each(Gate::open);
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_answers_a_message_in_its_turn_either() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let folder = tempfile::tempdir().unwrap();
    let house = open(settings(&server, folder.path()), &StoreUrl::Memory).await;
    let asked = house.ask(&somebody(), Ask { answering: Answering::Nobody, ..task("only posted") }).await.unwrap();
    assert_eq!(asked.run, None);
    assert_eq!(house.runs(&somebody(), &RunFilter::default()).await.unwrap().total, 0);
    server.finish();
}

//! Runs that nobody works on: a server goes on with them, or closes them; and runs that begin in their turn.

mod cancelling;
mod killed;
mod turns;

use std::path::Path;

use futures_util::StreamExt;
use ombud::config::Wire;
use ombud::domain::{
    Actor, Attributes, Author, AuthorKind, Cause, Clock, Cursor, Effect, ErrorCode, Event, EventId, FACT_VERSION, Fact,
    Fold, Frame, Labels, Message, MessageId, MessagePosted, OnOrphan, Outcome, Part, Pins, Revision, RunFinished, RunId,
    RunQueued, RunStatus, SessionCreated, SessionId, Timestamp, ToolSpec, Visibility,
};
use ombud::engine::{Ask, Asked, Engine, House, OnBusy};
use ombud::observe::SystemClock;
use ombud::storage::{self, Append, Entry, Store, StoreUrl};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::house::{PATIENCE, again, answer, finished, frames, kinds, open, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};

/// A house that attends to its queue until it is told to stop.
pub(super) struct Attending {
    pub(super) house: std::sync::Arc<House>,
    stop: CancellationToken,
    task: JoinHandle<ombud::domain::Result<()>>,
}

pub(super) fn attend(house: House) -> Attending {
    attending(std::sync::Arc::new(house))
}

pub(super) fn attending(house: std::sync::Arc<House>) -> Attending {
    let stop = CancellationToken::new();
    let (attending, told) = (house.clone(), stop.clone());
    let task = tokio::spawn(async move { attending.attend_to_queue(told).await });
    Attending { house, stop, task }
}

impl Attending {
    /// Takes no more runs, and waits for those that it has.
    pub(super) async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
        self.house.drain().await;
    }
}

pub(super) fn sqlite(place: &tempfile::TempDir) -> StoreUrl {
    StoreUrl::Sqlite(place.path().join("store.db"))
}

/// A house that dies with its first question at the gate. `also` is asked behind it.
fn dies(
    (url, server, folder, gate): (&StoreUrl, &ModelServer, &Path, &Gate),
    first: OnOrphan,
    also: Option<OnOrphan>,
) -> Vec<Asked> {
    let pins = |on_orphan| Pins { on_orphan, ..Pins::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let asked = runtime.block_on(async {
        let house = open(settings(server, folder), url).await;
        let asked = house.ask(&somebody(), Ask { pins: pins(first), ..question("first") }).await.unwrap();
        let mut all = vec![asked];
        if let Some(also) = also {
            let second = Ask { pins: pins(also), ..again(&all[0].session, "second", OnBusy::Queue) };
            all.push(house.ask(&somebody(), second).await.unwrap());
        }
        all
    });
    gate.wait_until_reached();
    runtime.shutdown_timeout(PATIENCE);
    gate.open();
    asked
}

fn end_of(frames: &[Frame]) -> RunFinished {
    finished(frames).clone()
}

#[test]
fn runs_of_a_dead_process_are_gone_on_with_or_closed_as_they_were_asked_for() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate), Answer::text("gone on")];
    let server = ModelServer::start(Wire::Openai, script);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    // The one that ran is closed, the one that was queued behind it is taken by another house.
    let asked = dies((&url, &server, folder.path(), &gate), OnOrphan::Cancel, Some(OnOrphan::Resume));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let attending = attend(open(settings(&server, folder.path()), &url).await);
        let frames = answer(&attending.house, &asked[1]).await;
        let end = end_of(&frames);
        assert_eq!(
            (end.outcome, end.answer.as_str()),
            (Outcome::Completed, "gone on"),
            "{:?} {:?}",
            end.error,
            kinds(&frames)
        );
        let first = answer(&attending.house, &asked[0]).await;
        assert_eq!(end_of(&first).error.unwrap().cause, Some(Cause::Interrupted));
        attending.end().await;
    });
    server.finish();
}

#[test]
fn a_running_run_is_resumed_at_the_start_of_the_next_server() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate), Answer::text("gone on")];
    let server = ModelServer::start(Wire::Openai, script);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let asked = dies((&url, &server, folder.path(), &gate), OnOrphan::Resume, None);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        // Two servers start at once: one of them takes it, and the model is asked once.
        let first = attend(open(settings(&server, folder.path()), &url).await);
        let second = attend(open(settings(&server, folder.path()), &url).await);
        let frames = answer(&first.house, &asked[0]).await;
        let end = end_of(&frames);
        assert_eq!(end.answer, "gone on", "{:?} {:?}", end.error, kinds(&frames));
        let started = kinds(&frames).iter().filter(|kind| *kind == "run.started").count();
        assert_eq!((started, kinds(&frames).contains(&"message.abandoned".to_owned())), (2, true));
        first.end().await;
        second.end().await;
    });
    server.finish();
}

/// Puts a run into a store that was queued for whoever is free.
async fn queued(store: &dyn Store, text: &str, priority: i32, waited_ms: i64) -> Asked {
    let clock = SystemClock;
    let (session, run) = (SessionId::new(&clock), RunId::new(&clock));
    let at = Timestamp::from_millis(clock.now().as_millis() - waited_ms);
    let message = Message {
        id: MessageId::new(&clock),
        author: Author::named(AuthorKind::Person, "somebody"),
        parts: vec![Part::text(text)],
        at,
        thread: None,
        visibility: Visibility::All,
        attributes: Attributes::new(),
    };
    let created = SessionCreated {
        incarnation: 1,
        title: None,
        labels: Labels::default(),
        agent: "default".into(),
        participants: Vec::new(),
        workspace: None,
        model: None,
        lifetime: None,
        state: serde_json::Map::new(),
        attributes: Attributes::new(),
    };
    let queued = RunQueued {
        agent: "default".into(),
        revision: Revision("none".into()),
        input: Some(message.id.clone()),
        process: None,
        priority,
        procedure: None,
        arguments: serde_json::Map::new(),
        asked_by: String::new(),
        attributes: Attributes::new(),
        labels: Labels::default(),
        run_attributes: Attributes::new(),
        taking_part: None,
        pins: Pins::default(),
    };
    let facts =
        [Fact::SessionCreated(created), Fact::MessagePosted(MessagePosted { message }), Fact::RunQueued(Box::new(queued))];
    let mut fold: Option<Fold> = None;
    let mut append = Append {
        session: session.clone(),
        incarnation: 1,
        after: 0,
        entries: vec![],
        fence: None,
        summary: ombud::domain::SessionSummary {
            session: ombud::domain::Session {
                id: session.clone(),
                incarnation: 1,
                title: None,
                labels: Labels::default(),
                agent: "default".into(),
                participants: vec![],
                workspace: None,
                model: None,
                lifetime: None,
                created_at: at,
                updated_at: at,
                lives_since: None,
                expires_at: None,
                expired: false,
                attributes: Attributes::new(),
                deleted: false,
            },
            runs: 0,
            events: 0,
            bytes: 0,
            usage: ombud::domain::Usage::default(),
            active: vec![],
        },
        runs: vec![],
        snapshot: None,
        aliases: vec![],
        records: vec![],
        texts: Vec::new(),
    };
    for (seq, fact) in (1..).zip(facts) {
        let (id, actor) = (EventId::new(&clock), Actor::house());
        let event = Event { v: FACT_VERSION, seq, id, session: session.clone(), run: Some(run.clone()), at, actor, fact };
        let body = serde_json::to_string(&event).unwrap();
        match &mut fold {
            None => fold = Fold::begin(&event, body.len() as u64),
            Some(fold) => append.runs.extend(fold.apply(&event, body.len() as u64)),
        }
        append.entries.push(Entry { seq, body });
    }
    append.summary = fold.unwrap().summary();
    store.append(append).await.unwrap();
    Asked { session, runs: vec![run.clone()], run: Some(run), message: None, model: None, before: Cursor::after(1, 0) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_goes_by_priority_that_rises_with_waiting() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::text("done").always()]);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let store = storage::open(&url).await.unwrap();
    let mut asked = vec![];
    for (text, priority, waited_ms) in
        [("low", 0, 0), ("high", 8, 0), ("older", 5, 1_000), ("oldest", 0, 100_000), ("middle", 5, 0)]
    {
        asked.push(queued(&*store, text, priority, waited_ms).await);
    }
    let mut settings = settings(&server, folder.path());
    settings.server.limits.runs_at_once = 1;
    settings.server.limits.runs_age = std::time::Duration::from_secs(10);
    let attending = attend(open(settings, &url).await);
    for asked in &asked {
        assert_eq!(finished(&answer(&attending.house, asked).await).answer, "done");
    }
    attending.end().await;
    let requests = server.finish();
    let order: Vec<_> = requests
        .iter()
        .map(|request| request.body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap())
        .collect();
    assert_eq!(order, ["oldest", "high", "older", "middle", "low"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_caller_does_not_answer_is_closed() {
    let server = ModelServer::start(Wire::Openai, vec![Answer::calls(vec![("ask_user", json!({}))])]);
    let folder = tempfile::tempdir().unwrap();
    let tool = ToolSpec {
        name: "ask_user".into(),
        description: "Asks.".into(),
        parameters: json!({"type": "object"}),
        effect: Effect::Once,
        access: ombud::domain::Access::Read,
    };
    let pins = Pins { caller_tools: vec![tool], on_orphan: OnOrphan::Resume, ..Pins::default() };
    let mut settings = settings(&server, folder.path());
    settings.limits.caller_wait = std::time::Duration::from_millis(1);
    let attending = attend(open(settings, &StoreUrl::Memory).await);
    let asked = attending.house.ask(&somebody(), Ask { pins, ..question("ask me") }).await.unwrap();
    let waiting = answer(&attending.house, &asked).await;
    let Some(Frame::Fact(event)) = waiting.last() else { panic!("{waiting:?}") };
    let rest = frames(&attending.house, &asked.session, Cursor::after(1, event.seq), asked.run.as_ref().unwrap()).await;
    assert_eq!(kinds(&rest), ["tool.returned", "message.abandoned", "run.finished"]);
    assert_eq!(finished(&rest).error.as_ref().unwrap().code, ErrorCode::TimedOut);
    let run = attending.house.run(&somebody(), asked.run.as_ref().unwrap()).await.unwrap();
    assert_eq!(run.status, RunStatus::Failed);
    attending.end().await;
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_cannot_go_on_is_closed_and_says_why() {
    let server = ModelServer::start(Wire::Openai, vec![]);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let store = storage::open(&url).await.unwrap();
    let asked = queued(&*store, "hi", 0, 0).await;
    let gone = folder.path().join("gone");
    let attending = attend(open(settings(&server, &gone), &url).await);
    let mut stream = attending.house.subscribe(&somebody(), &asked.session, Some(asked.before)).await.unwrap();
    let finished = loop {
        if let Frame::Fact(event) = stream.next().await.unwrap().unwrap()
            && let Fact::RunFinished(finished) = &event.fact
        {
            break finished.clone();
        }
    };
    let error = finished.error.unwrap();
    assert_eq!((finished.outcome, error.code), (Outcome::Failed, ErrorCode::NotFound));
    assert!(error.message.ends_with("does not exist"), "{error}");
    attending.end().await;
    server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_house_that_stops_leaves_what_waits_to_the_next() {
    let gate = Gate::new();
    let server =
        ModelServer::start(Wire::Openai, vec![Answer::pieces(&["slow"]).wait_after(2, &gate), Answer::text("by the next")]);
    let (folder, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = sqlite(&place);
    let here = open(settings(&server, folder.path()), &url).await;
    let pins = |on_orphan| Pins { on_orphan, ..Pins::default() };
    let first = here.ask(&somebody(), Ask { pins: pins(OnOrphan::Resume), ..question("first") }).await.unwrap();
    let behind = |text, on_orphan| Ask { pins: pins(on_orphan), ..again(&first.session, text, OnBusy::Queue) };
    let closed = here.ask(&somebody(), behind("closed", OnOrphan::Cancel)).await.unwrap();
    let left = here.ask(&somebody(), behind("left", OnOrphan::Resume)).await.unwrap();
    gate.wait_until_reached();
    here.stop(&somebody(), "the server left").await.unwrap();
    tokio::time::timeout(PATIENCE, here.drain()).await.unwrap();
    for asked in [&first, &closed] {
        assert_eq!(here.run(&somebody(), asked.run.as_ref().unwrap()).await.unwrap().status, RunStatus::Cancelled);
    }
    assert_eq!(here.run(&somebody(), left.run.as_ref().unwrap()).await.unwrap().status, RunStatus::Queued);
    drop(here);
    gate.open();
    let attending = attend(open(settings(&server, folder.path()), &url).await);
    assert_eq!(finished(&answer(&attending.house, &left).await).answer, "by the next");
    attending.end().await;
    server.finish();
}

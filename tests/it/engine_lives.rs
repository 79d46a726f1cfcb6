//! The life of a session: its time being over, clearing, going back, and what a server does for those that have expired.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::StreamExt;
use ombud::config::{Settings, Wire};
use ombud::domain::{
    AfterClearing, Attributes, Author, AuthorKind, BlobId, Clock, Cursor, Effect, Error, ErrorCode, Fact, FilePart, Frame,
    Lifetime, Message, MessageId, Outcome, Part, Pins, RunStatus, SessionId, SessionStatus, SessionUpdated, Timestamp,
    ToolSpec, Visibility,
};
use ombud::engine::{
    Answering, Ask, Asked, CallerReturn, Engine, House, ImportedSession, NewSession, NobodyToAsk, OnBusy, Parts,
    SessionFilter, Target,
};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl};
use ombud::tools::Tools;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::house::{PATIENCE, again, answer, finished, frames, kinds, log, question, settings, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};

/// A clock that stands still until a test moves it.
struct Hand(AtomicI64);

impl Hand {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000)))
    }

    fn go_on(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> uuid::Uuid {
        SystemClock.new_id()
    }
}

async fn open(settings: Settings, url: &StoreUrl, clock: &Arc<Hand>) -> Arc<House> {
    let models = Models::new(&settings, clock.clone(), Arc::new(Offline::new(clock.clone()))).unwrap();
    Arc::new(House::new(Parts {
        models,
        tools: Tools::new(&settings.limits, &settings.tools),
        settings,
        store: storage::open(url).await.unwrap(),
        approver: Arc::new(NobodyToAsk),
        clock: clock.clone(),
        notices: ombud::engine::Notices::default(),
    }))
}

/// A house with its clock, whose model says these.
struct Scene {
    house: Arc<House>,
    clock: Arc<Hand>,
    server: ModelServer,
    folder: tempfile::TempDir,
    url: StoreUrl,
}

async fn scene(script: Vec<Answer>) -> Scene {
    let server = ModelServer::start(Wire::Openai, script);
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::Sqlite(folder.path().join("store.db"));
    let clock = Hand::new();
    let house = open(settings(&server, folder.path()), &url, &clock).await;
    Scene { house, clock, server, folder, url }
}

impl Scene {
    async fn error(&self, asked: Ask) -> Error {
        self.house.ask(&somebody(), asked).await.unwrap_err()
    }

    async fn says(&self, asked: Ask) -> (Asked, String) {
        let asked = self.house.ask(&somebody(), asked).await.unwrap();
        let frames = answer(&self.house, &asked).await;
        let end = finished(&frames);
        assert_eq!(end.outcome, Outcome::Completed, "{:?}", end.error);
        (asked, end.answer.clone())
    }

    async fn status(&self, session: &SessionId) -> SessionStatus {
        self.house.session(&somebody(), session).await.unwrap().status
    }

    /// What people are shown, as text.
    async fn shown(&self, session: &SessionId) -> Vec<String> {
        let page = self.house.messages(&somebody(), session, None, 100).await.unwrap();
        page.messages.iter().map(|shown| shown.message.text()).collect()
    }

    async fn ids(&self, session: &SessionId) -> Vec<MessageId> {
        let page = self.house.messages(&somebody(), session, None, 5_000).await.unwrap();
        page.messages.into_iter().map(|shown| shown.message.id).collect()
    }

    /// A server that attends to its queue, once.
    async fn attend(&self, until: impl AsyncFnOnce()) {
        let (stop, house) = (CancellationToken::new(), Arc::clone(&self.house));
        let told = stop.clone();
        let task = tokio::spawn(async move { house.attend_to_queue(told).await });
        until().await;
        stop.cancel();
        tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
        self.house.drain().await;
    }
}

fn lives(sliding: bool, ttl_seconds: u64, text: &str) -> Ask {
    let lifetime = Some(Lifetime { sliding, ttl_seconds, max_seconds: None });
    Ask { target: Target::New(Box::new(NewSession { lifetime, ..NewSession::default() })), ..question(text) }
}

fn caller_tool() -> Pins {
    let spec = ToolSpec {
        name: "get_weather".into(),
        description: "Tells the weather.".into(),
        parameters: json!({"type": "object"}),
        access: ombud::domain::Access::Read,
        effect: Effect::Once,
    };
    Pins { caller_tools: vec![spec], ..Pins::default() }
}

fn wants_weather() -> Answer {
    Answer::calls(vec![("get_weather", json!({"city": "Oslo"}))])
}

fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn message(id: &str, kind: AuthorKind, text: &str) -> Message {
    Message {
        id: MessageId::from_text(id),
        author: Author { kind, name: "a".into() },
        parts: vec![Part::text(text)],
        at: Timestamp::from_millis(5),
        thread: None,
        visibility: Visibility::All,
        attributes: Attributes::new(),
    }
}

fn imported(id: &SessionId, lifetime: Option<Lifetime>, count: usize) -> ImportedSession {
    let messages = (0..count).map(|number| {
        let kind = if number % 2 == 0 { AuthorKind::Person } else { AuthorKind::Agent };
        (message(&format!("m{number}"), kind, &format!("message {number}")), Vec::new())
    });
    let session = NewSession { id: Some(id.clone()), lifetime, ..NewSession::default() };
    ImportedSession { session, messages: messages.collect() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_expires_to_the_second_and_says_so() {
    let scene = scene(vec![Answer::text("one"), Answer::text("two")]).await;
    let (house, me) = (&scene.house, somebody());
    let (asked, _) = scene.says(lives(true, 60, "hi")).await;
    let id = &asked.session;
    scene.clock.go_on(59);
    assert_eq!((scene.status(id).await, scene.shown(id).await.len()), (SessionStatus::Idle, 2));
    // Use renews it.
    scene.says(again(id, "more", OnBusy::Reject)).await;
    scene.clock.go_on(59);
    let mut open = house.subscribe(&me, id, Some(Cursor::after(1, 0))).await.unwrap();
    assert_eq!(scene.status(id).await, SessionStatus::Idle);
    scene.clock.go_on(1);
    let item = house.session(&me, id).await.unwrap();
    assert_eq!(item.status, SessionStatus::Expired);
    assert_eq!(item.summary.session.expires_at, Some(scene.clock.now()));

    let error = scene.error(again(id, "late", OnBusy::Reject)).await;
    assert_eq!(error.code, ErrorCode::Expired);
    assert_eq!(error.message, format!("session `{id}` expired at {}", scene.clock.now()));
    assert!(error.hint.is_some());
    let nobody = Ask { answering: Answering::Nobody, ..again(id, "late", OnBusy::Queue) };
    let queued = again(id, "late", OnBusy::Queue);
    let title = SessionUpdated { title: Some(Some("x".into())), ..SessionUpdated::default() };
    let refused = [
        scene.error(nobody).await,
        scene.error(queued).await,
        house.update(&me, id, title).await.unwrap_err(),
        house.events(&me, id, None, 9).await.unwrap_err(),
        house.subscribe(&me, id, None).await.map(|_| ()).unwrap_err(),
        house.share(&me, id).await.unwrap_err(),
        house.blob(&me, id, &BlobId::of(b"x")).await.unwrap_err(),
        house.rewind(&me, id, None).await.unwrap_err(),
        house.clear(&me, id, AfterClearing::Active).await.unwrap_err(),
    ];
    assert_eq!(refused.map(|error| error.message), std::array::from_fn(|_| error.message.clone()));
    assert_eq!(scene.shown(id).await, [""; 0]);
    assert_eq!(house.cancel(&me, id, None, "x").await.unwrap(), []);
    let listed = async |status| {
        let filter = SessionFilter { status, limit: 9, ..SessionFilter::default() };
        house.sessions(&me, &filter).await.unwrap().sessions.len()
    };
    let counts = (listed(Some(SessionStatus::Expired)).await, listed(Some(SessionStatus::Idle)).await, listed(None).await);
    assert_eq!(counts, (1, 0, 1));
    // Nothing of all that was written.
    let first = open.next().await.unwrap().unwrap();
    assert!(matches!(first, Frame::Fact(event) if event.seq == 1));
    assert_eq!(house.session(&me, id).await.unwrap().summary.events, 11);
    // A new one of its name needs the old one to go.
    let taken = house.create(&me, NewSession { id: Some(id.clone()), ..NewSession::default() }).await.unwrap_err();
    assert_eq!(taken.code, ErrorCode::Conflict);
    house.delete(&me, id).await.unwrap();
    assert_eq!(house.session(&me, id).await.unwrap_err().code, ErrorCode::NotFound);
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lifetimes_are_checked_and_can_be_changed() {
    let scene = scene(vec![]).await;
    let (house, me) = (&scene.house, somebody());
    let of = |ttl_seconds, max_seconds| Some(Lifetime { sliding: true, ttl_seconds, max_seconds });
    for lifetime in [of(0, None), of(5, Some(0))] {
        let error = house.create(&me, NewSession { lifetime, ..NewSession::default() }).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
    }
    let new = NewSession { lifetime: of(10, Some(15)), ..NewSession::default() };
    let session = house.create(&me, new).await.unwrap();
    let begin = scene.clock.now();
    let after = |seconds| Some(begin.plus_seconds(seconds));
    assert_eq!(session.expires_at, after(10));
    scene.clock.go_on(8);
    let change = |lifetime| SessionUpdated { lifetime: Some(lifetime), ..SessionUpdated::default() };
    let named = SessionUpdated { title: Some(Some("x".into())), ..SessionUpdated::default() };
    assert_eq!(house.update(&me, &session.id, named).await.unwrap().expires_at, after(15));
    let error = house.update(&me, &session.id, change(of(0, None))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidInput);
    assert_eq!(house.update(&me, &session.id, change(of(20, Some(30)))).await.unwrap().expires_at, after(28));
    assert_eq!(house.update(&me, &session.id, change(None)).await.unwrap().expires_at, None);
    scene.clock.go_on(1 << 30);
    assert_eq!(scene.status(&session.id).await, SessionStatus::Idle);
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_at_work_ends_before_its_session() {
    let gate = Gate::new();
    let scene = scene(vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate)]).await;
    let asked = scene.house.ask(&somebody(), lives(true, 5, "hi")).await.unwrap();
    gate.wait_until_reached();
    scene.clock.go_on(5);
    let id = &asked.session;
    assert_eq!(scene.status(id).await, SessionStatus::Expired);
    assert_eq!(scene.error(again(id, "late", OnBusy::Supersede)).await.code, ErrorCode::Expired);
    // Who asked is still told the end.
    let reader = scene.house.subscribe(&somebody(), id, Some(asked.before)).await.unwrap();
    gate.open();
    let frames: Vec<_> = reader
        .map(Result::unwrap)
        .take_while(|frame| {
            let ended = matches!(frame, Frame::Fact(event) if matches!(event.fact, Fact::RunFinished(_)));
            std::future::ready(!ended)
        })
        .collect()
        .await;
    assert_eq!(kinds(&frames).last().map(String::as_str), Some("message.completed"));
    scene.house.drain().await;
    // Its end did not renew the session.
    assert_eq!(scene.house.subscribe(&somebody(), id, None).await.map(|_| ()).unwrap_err().code, ErrorCode::Expired);
    let run = scene.house.run(&somebody(), asked.run.as_ref().unwrap()).await.unwrap();
    assert_eq!(run.status, RunStatus::Completed);
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cancels_what_waits_and_removes_what_was_said() {
    let scene = scene(vec![Answer::text("canary answer"), wants_weather()]).await;
    let (house, me) = (&scene.house, somebody());
    let (living, _) = scene.says(lives(true, 1_000, "stays")).await;
    let asked = house.ask(&me, Ask { pins: caller_tool(), ..lives(false, 30, "canary question") }).await.unwrap();
    let (id, run) = (&asked.session, asked.run.as_ref().unwrap());
    let waiting = answer(house, &asked).await;
    let Some(Frame::Fact(last)) = waiting.last() else { panic!() };
    let Fact::RunWaiting(wanted) = &last.fact else { panic!("{last:?}") };
    let returned = CallerReturn { id: wanted.calls[0].id.clone(), output: "canary rain".into(), error: None };
    let reader = house.subscribe(&me, id, Some(Cursor::after(1, last.seq))).await.unwrap();
    scene.clock.go_on(30);
    assert_eq!(house.answer(&me, run, vec![returned.clone()]).await.unwrap_err().code, ErrorCode::Expired);
    scene
        .attend(async || {
            let rest: Vec<_> = reader
                .map(Result::unwrap)
                .take_while(|frame| {
                    let ended = matches!(frame, Frame::Fact(event) if matches!(event.fact, Fact::SessionCleared(_)));
                    std::future::ready(!ended)
                })
                .collect()
                .await;
            let expected = ["run.cancel_requested", "tool.returned", "message.abandoned", "run.finished"];
            assert_eq!(kinds(&rest), expected);
        })
        .await;
    assert_eq!(house.run(&me, run).await.unwrap().status, RunStatus::Cancelled);
    assert_eq!(house.answer(&me, run, vec![returned]).await.unwrap_err().code, ErrorCode::Expired);
    let session = house.session(&me, id).await.unwrap();
    assert_eq!((session.status, session.summary.session.expired), (SessionStatus::Expired, true));
    // The moment at which it was over, and not that at which its end was written.
    assert_eq!(session.summary.session.expires_at, Some(scene.clock.now()));
    assert_eq!(files_with(scene.folder.path(), "canary question"), [""; 0]);
    assert_eq!(scene.shown(&living.session).await, ["stays", "canary answer"]);
    // Once is enough.
    scene.attend(async || {}).await;
    assert_eq!(house.session(&me, id).await.unwrap().summary.events, session.summary.events);
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    assert_eq!(house.session(&me, id).await.unwrap().summary.events, session.summary.events);
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clearing_removes_what_was_said_for_good() {
    let gate = Gate::new();
    let script = vec![
        Answer::calls(vec![("write_file", json!({"path": "out.txt", "content": "canary"}))]),
        Answer::text("canary answer"),
        Answer::text("fresh"),
        Answer::pieces(&["canary ", "piece"]).wait_after(2, &gate),
        wants_weather(),
    ];
    let scene = scene(script).await;
    let (house, me) = (&scene.house, somebody());
    let bytes = bytes::Bytes::from_static(b"canary file");
    let file = FilePart { blob: BlobId::of(&bytes), media_type: "text/plain".into(), name: None, size: 11 };
    let first = Ask {
        target: Target::New(Box::new(NewSession { title: Some("a title".into()), ..NewSession::default() })),
        input: vec![Part::text("canary question")],
        ..question("")
    };
    let (asked, _) = scene.says(first).await;
    let id = &asked.session;
    // A file lies beside the log.
    let post = Ask {
        input: vec![Part::File(file.clone())],
        blobs: vec![(file.blob.clone(), bytes)],
        answering: Answering::Nobody,
        ..again(id, "", OnBusy::Reject)
    };
    house.ask(&me, post).await.unwrap();
    assert!(house.blob(&me, id, &file.blob).await.is_ok());
    let before = house.session(&me, id).await.unwrap().summary;
    std::fs::remove_file(scene.folder.path().join("out.txt")).unwrap();
    assert!(!files_with(scene.folder.path(), "canary").is_empty());
    house.clear(&me, id, AfterClearing::Active).await.unwrap();
    assert_eq!(files_with(scene.folder.path(), "canary"), [""; 0]);
    assert_eq!(scene.shown(id).await, [""; 0]);
    assert_eq!(house.blob(&me, id, &file.blob).await.unwrap_err().code, ErrorCode::NotFound);
    let after = house.session(&me, id).await.unwrap();
    assert_eq!((after.status, after.summary.session.title.as_deref()), (SessionStatus::Idle, Some("a title")));
    assert_eq!((after.summary.runs, &after.summary.usage), (before.runs, &before.usage));
    assert_eq!(after.summary.events, before.events + 1);
    assert_eq!(log(house, id).await.last().map(String::as_str), Some("session.cleared"));
    // To clear it again changes nothing.
    house.clear(&me, id, AfterClearing::Active).await.unwrap();
    assert_eq!(house.session(&me, id).await.unwrap().summary.events, after.summary.events);
    // It goes on as if nothing had been said; so it does for a house that reads the log from its beginning.
    scene.says(again(id, "who am I?", OnBusy::Reject)).await;
    let there = open(settings(&scene.server, scene.folder.path()), &scene.url, &scene.clock).await;
    assert_eq!(there.messages(&me, id, None, 9).await.unwrap().messages.len(), 2);
    // A run at work is cancelled first, and one that waits.
    let running = house.ask(&me, again(id, "long", OnBusy::Reject)).await.unwrap();
    gate.wait_until_reached();
    let clearing = there.clear(&me, id, AfterClearing::Active);
    let (cleared, ()) = tokio::join!(clearing, async { gate.open() });
    cleared.unwrap();
    let end = house.run(&me, running.run.as_ref().unwrap()).await.unwrap().status;
    assert!(matches!(end, RunStatus::Cancelled | RunStatus::Completed), "{end:?}");
    assert_eq!(scene.shown(id).await, [""; 0]);
    let waiting = house.ask(&me, Ask { pins: caller_tool(), ..again(id, "weather", OnBusy::Reject) }).await.unwrap();
    answer(house, &waiting).await;
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    let run = house.run(&me, waiting.run.as_ref().unwrap()).await.unwrap();
    assert_eq!((run.status, scene.status(id).await), (RunStatus::Cancelled, SessionStatus::Expired));
    assert_eq!(files_with(scene.folder.path(), "weather\""), [""; 0]);
    let requests = scene.server.finish();
    let asked_fresh = &requests[2].body["messages"];
    assert_eq!(asked_fresh.as_array().unwrap().len(), 2, "{asked_fresh}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn going_back_drops_what_came_later() {
    let script =
        vec![Answer::text("one"), Answer::text("two"), Answer::text("two again"), wants_weather(), Answer::text("last")];
    let scene = scene(script).await;
    let (house, me) = (&scene.house, somebody());
    let (asked, _) = scene.says(question("first")).await;
    let id = &asked.session;
    scene.says(again(id, "second", OnBusy::Reject)).await;
    let ids = scene.ids(id).await;
    let stale = house.messages(&me, id, None, 1).await.unwrap().before;
    house.rewind(&me, id, Some(&ids[1])).await.unwrap();
    assert_eq!(scene.shown(id).await, ["first", "one"]);
    // Who pages on from what is gone is given what is there.
    let page = house.messages(&me, id, stale, 9).await.unwrap();
    assert_eq!(page.messages.iter().map(|shown| shown.message.text()).collect::<Vec<_>>(), ["first", "one"]);
    let error = house.rewind(&me, id, Some(&ids[2])).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    assert_eq!(error.message, format!("message `{}` is not known", ids[2]));
    // Where it stands already, nothing is written.
    let events = house.session(&me, id).await.unwrap().summary.events;
    house.rewind(&me, id, Some(&ids[1])).await.unwrap();
    assert_eq!(house.session(&me, id).await.unwrap().summary.events, events + 1);
    let (second, _) = scene.says(again(id, "second, anew", OnBusy::Reject)).await;
    let told = house.events(&me, id, Some(second.before), 9).await.unwrap();
    let previous = told.iter().find_map(|event| match &event.fact {
        Fact::RunStarted(started) => started.previous_message_id.clone(),
        _ => None,
    });
    assert_ne!(previous, Some(ids[3].clone()));
    // A run that waits is cancelled; the question that it answered stays.
    let waiting = house.ask(&me, Ask { pins: caller_tool(), ..again(id, "third", OnBusy::Reject) }).await.unwrap();
    answer(house, &waiting).await;
    let ids = scene.ids(id).await;
    assert_eq!(ids.len(), 6);
    house.rewind(&me, id, Some(&ids[4])).await.unwrap();
    let run = house.run(&me, waiting.run.as_ref().unwrap()).await.unwrap();
    assert_eq!((run.status, scene.status(id).await), (RunStatus::Cancelled, SessionStatus::Idle));
    assert_eq!(scene.shown(id).await, ["first", "one", "second, anew", "two again", "third"]);
    // By a house that has nothing of it in memory.
    let there = open(settings(&scene.server, scene.folder.path()), &scene.url, &scene.clock).await;
    there.rewind(&me, id, Some(&ids[1])).await.unwrap();
    let asked = there.ask(&me, again(id, "and now?", OnBusy::Reject)).await.unwrap();
    assert_eq!(finished(&frames(&there, id, asked.before, asked.run.as_ref().unwrap()).await).answer, "last");
    assert_eq!(scene.shown(id).await, ["first", "one", "and now?", "last"]);
    let shared = house.share(&me, id).await.unwrap();
    let text = serde_json::to_string(&shared).unwrap();
    assert!(text.contains("and now?") && !text.contains("second") && !text.contains("third"), "{text}");
    house.rewind(&me, id, None).await.unwrap();
    assert_eq!(scene.shown(id).await, [""; 0]);
    assert_eq!(house.rewind(&me, id, Some(&ids[0])).await.unwrap_err().code, ErrorCode::NotFound);
    let requests = scene.server.finish();
    let said = |body: &serde_json::Value| -> Vec<String> {
        let messages = body["messages"].as_array().unwrap();
        messages[1..].iter().map(|message| message["content"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(said(&requests[2].body), ["first", "one", "second, anew"]);
    assert_eq!(said(&requests[4].body), ["first", "one", "and now?"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_goes_back_under_a_run_at_work() {
    let gate = Gate::new();
    let scene = scene(vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate)]).await;
    let asked = scene.house.ask(&somebody(), question("hi")).await.unwrap();
    gate.wait_until_reached();
    let error = scene.house.rewind(&somebody(), &asked.session, None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Busy);
    gate.open();
    assert_eq!(finished(&answer(&scene.house, &asked).await).answer, "it says");
    let after = MessageId::from_text("no-such-message");
    let error = scene.house.rewind(&somebody(), &asked.session, Some(&after)).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "message `no-such-message` is not known"));
    scene.server.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_what_they_gave_stay_together() {
    let script = vec![
        Answer::calls(vec![("list_files", json!({"path": "."}))]),
        Answer::text("listed"),
        Answer::text("gone on"),
        Answer::text("end"),
    ];
    let scene = scene(script).await;
    let (asked, _) = scene.says(question("list")).await;
    let id = &asked.session;
    scene.says(again(id, "second", OnBusy::Reject)).await;
    let page = scene.house.messages(&somebody(), id, None, 9).await.unwrap();
    // To after the message that calls, with its return and without the answer.
    scene.house.rewind(&somebody(), id, Some(&page.messages[1].message.id)).await.unwrap();
    let left = scene.house.messages(&somebody(), id, None, 9).await.unwrap();
    assert_eq!(left.messages, page.messages[..2]);
    assert_eq!(left.messages[1].returns.len(), 1);
    scene.says(again(id, "and?", OnBusy::Reject)).await;
    let requests = scene.server.finish();
    let roles: Vec<_> =
        requests[3].body["messages"].as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "user"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_cleared_or_deleted_session_is_brought_back() {
    let scene = scene(vec![Answer::text("one"), Answer::text("goes on")]).await;
    let (house, me) = (&scene.house, somebody());
    let (asked, _) = scene.says(lives(true, 10, "hi")).await;
    let id = &asked.session;
    let ids = |count: usize| (0..count).map(|number| MessageId::from_text(&format!("m{number}"))).collect::<Vec<_>>();
    // Expired: with its old lifetime, from now on.
    scene.clock.go_on(100);
    assert_eq!(scene.status(id).await, SessionStatus::Expired);
    let session = house.import(&me, imported(id, None, 4)).await.unwrap();
    assert_eq!(session.expires_at, Some(scene.clock.now().plus_seconds(10)));
    assert_eq!((scene.status(id).await, scene.ids(id).await), (SessionStatus::Idle, ids(4)));
    // With a lifetime that is given.
    scene.clock.go_on(100);
    let given = Some(Lifetime { sliding: false, ttl_seconds: 77, max_seconds: None });
    let session = house.import(&me, imported(id, given.clone(), 2)).await.unwrap();
    assert_eq!((&session.lifetime, session.expires_at), (&given, Some(scene.clock.now().plus_seconds(77))));
    // Cleared, so that it is over.
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    assert_eq!(scene.error(again(id, "late", OnBusy::Reject)).await.code, ErrorCode::Expired);
    house.import(&me, imported(id, None, 2_000)).await.unwrap();
    assert_eq!((scene.status(id).await, scene.ids(id).await), (SessionStatus::Idle, ids(2_000)));
    // Far back, beyond the newest turns: all that is left can be shown to the model.
    house.rewind(&me, id, Some(&MessageId::from_text("m5"))).await.unwrap();
    assert_eq!(scene.ids(id).await, ids(6));
    scene.says(again(id, "and now?", OnBusy::Reject)).await;
    // Deleted.
    house.delete(&me, id).await.unwrap();
    let session = house.import(&me, imported(id, given.clone(), 3)).await.unwrap();
    assert_eq!((session.incarnation, session.lifetime), (2, given));
    assert_eq!(scene.ids(id).await, ids(3));
    let requests = scene.server.finish();
    assert_eq!(requests[1].body["messages"].as_array().unwrap().len(), 1 + 6 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_in_an_expired_session_does_not_keep_it_from_coming_back() {
    let scene = scene(vec![wants_weather(), Answer::text("fresh")]).await;
    let (house, me) = (&scene.house, somebody());
    let asked = house.ask(&me, Ask { pins: caller_tool(), ..lives(true, 10, "weather?") }).await.unwrap();
    answer(house, &asked).await;
    let id = &asked.session;
    assert_eq!(house.import(&me, imported(id, None, 2)).await.unwrap_err().code, ErrorCode::Busy);
    scene.clock.go_on(10);
    house.import(&me, imported(id, None, 2)).await.unwrap();
    let run = house.run(&me, asked.run.as_ref().unwrap()).await.unwrap();
    assert_eq!(run.status, RunStatus::Cancelled);
    scene.says(again(id, "go on", OnBusy::Reject)).await;
    assert_eq!(scene.shown(id).await, ["message 0", "message 1", "go on", "fresh"]);
    scene.server.finish();
}

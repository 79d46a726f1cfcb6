//! The life of a session: its time being over, clearing, and what a server does for those that have expired.

use futures_util::StreamExt;
use ombud::domain::{
    AfterClearing, BlobId, Clock as _, Cursor, ErrorCode, Fact, FilePart, Frame, Lifetime, Part, RunStatus, SessionStatus,
    SessionUpdated,
};
use ombud::engine::{Answering, Ask, CallerReturn, Engine, NewSession, OnBusy, SessionFilter, Target};
use serde_json::json;

use crate::support::house::{again, answer, kinds, log, question, settings, somebody};
use crate::support::lives::{caller_tool, files_with, lives, open, scene, wants_weather};
use crate::support::model_server::{Answer, Gate};

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
async fn a_model_that_thinks_for_longer_than_the_session_lives_renews_it() {
    let gate = Gate::new();
    let scene = scene(vec![Answer::pieces(&["it ", "says"]).wait_after(2, &gate)]).await;
    let asked = scene.house.ask(&somebody(), lives(true, 8, "hi")).await.unwrap();
    let id = &asked.session;
    gate.wait_until_reached();
    let mut frames = scene.house.subscribe(&somebody(), id, Some(asked.before)).await.unwrap();
    for _ in 0..3 {
        scene.clock.go_on(6);
        loop {
            let frame = frames.next().await.unwrap().unwrap();
            if matches!(&frame, Frame::Fact(event) if matches!(event.fact, Fact::SessionUpdated(_))) {
                break;
            }
        }
        let ends = scene.house.session(&somebody(), id).await.unwrap().summary.session.expires_at;
        assert_eq!(ends, Some(scene.clock.now().plus_seconds(8)));
    }
    gate.open();
    scene.house.drain().await;
    assert_eq!((scene.status(id).await, scene.shown(id).await.len()), (SessionStatus::Idle, 2));
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
    let waiting = house.ask(&me, Ask { pins: caller_tool(), ..again(id, "canary weather", OnBusy::Reject) }).await.unwrap();
    answer(house, &waiting).await;
    house.clear(&me, id, AfterClearing::Expired).await.unwrap();
    let run = house.run(&me, waiting.run.as_ref().unwrap()).await.unwrap();
    assert_eq!((run.status, scene.status(id).await), (RunStatus::Cancelled, SessionStatus::Expired));
    assert_eq!(files_with(scene.folder.path(), "canary"), [""; 0]);
    let requests = scene.server.finish();
    let asked_fresh = &requests[2].body["messages"];
    assert_eq!(asked_fresh.as_array().unwrap().len(), 2, "{asked_fresh}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_with_what_was_said() {
    use ombud::engine::FileOffer;
    let scene = scene(vec![]).await;
    let (house, me) = (&scene.house, somebody());
    let lifetime = Some(Lifetime { sliding: true, ttl_seconds: 10, max_seconds: None });
    let id = house.create(&me, NewSession { lifetime, ..NewSession::default() }).await.unwrap().id;
    let offer = || vec![FileOffer { name: "a.txt".into(), media_type: "text/plain".into(), size: 6 }];
    let bytes = || Box::pin(futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"canary"))]));
    let offered = house.offer_files(&me, &id, offer()).await.unwrap().remove(0);
    let file = house.put_file(&me, offered.clone(), bytes()).await.unwrap();
    assert_eq!(house.kept_files(&me, &id).await.unwrap().len(), 1);
    house.ask(&me, Ask { answering: Answering::Nobody, ..again(&id, "look", OnBusy::Reject) }).await.unwrap();
    house.clear(&me, &id, AfterClearing::Active).await.unwrap();
    assert_eq!(house.kept_files(&me, &id).await.unwrap(), []);
    assert_eq!(house.file_bytes(&me, &id, &file.id).await.map(drop).unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(files_with(scene.folder.path(), "canary"), [""; 0]);
    // Its address is not good for another.
    assert_eq!(house.put_file(&me, offered, bytes()).await.unwrap_err().code, ErrorCode::NotFound);
    let late = house.offer_files(&me, &id, offer()).await.unwrap().remove(0);
    scene.clock.go_on(10);
    for error in [
        house.offer_files(&me, &id, offer()).await.unwrap_err(),
        house.put_file(&me, late, bytes()).await.unwrap_err(),
        house.kept_files(&me, &id).await.unwrap_err(),
        house.kept_file(&me, &id, &file.id).await.unwrap_err(),
    ] {
        assert_eq!(error.code, ErrorCode::Expired);
    }
    scene.server.finish();
}

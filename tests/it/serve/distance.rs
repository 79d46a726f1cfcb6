//! The engine over a distance: it answers as the house itself, and its streams do not show that connections broke.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use ombud::config::Wire;
use ombud::domain::{
    AfterClearing, Agent, Cause, Cursor, Delta, ErrorCode, Fact, Frame, Labels, Part, Principal, RunId, SessionId,
    SessionStatus, SessionUpdated,
};
use ombud::engine::{Ask, Asked, Engine, NewSession, OnBusy, RunFilter, SessionFilter};
use ombud::remote::Remote;
use ombud::storage::StoreUrl;
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::house::{again, question, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer, no_tls, nobody_listening};
use crate::support::process::Place;
use crate::support::proxy::Proxy;
use crate::support::server::{Served, Serving, within};

fn remote(url: &str) -> Remote {
    Remote::new(url, None).unwrap()
}

fn caller() -> Principal {
    somebody()
}

/// All frames from a cursor to the end of a run.
async fn frames(engine: &dyn Engine, session: &SessionId, after: Option<Cursor>, run: &RunId) -> Vec<Frame> {
    let mut stream = engine.subscribe(&caller(), session, after).await.unwrap();
    let mut frames = Vec::new();
    loop {
        let frame = within("a frame comes", stream.next()).await.unwrap().unwrap();
        let ended = matches!(&frame, Frame::Fact(event)
            if event.run.as_ref() == Some(run) && matches!(event.fact, Fact::RunFinished(_)));
        frames.push(frame);
        if ended {
            return frames;
        }
    }
}

async fn answer(engine: &dyn Engine, asked: &Asked) -> Vec<Frame> {
    frames(engine, &asked.session, Some(asked.before), asked.run.as_ref().unwrap()).await
}

/// The frames with all pieces of a part as one, each told with what it is: how a text was cut is no difference.
fn whole(frames: &[Frame]) -> Vec<String> {
    let mut told = Vec::new();
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    for frame in frames {
        match frame {
            Frame::Fact(event) => told.push(serde_json::to_string(event).unwrap()),
            Frame::Delta(live) => {
                let part = format!("{} {}", live.delta.message_id(), live.delta.index());
                match &live.delta {
                    Delta::Opened { part: start, .. } => {
                        assert_eq!(open.insert(part.clone(), String::new()), None, "opened twice");
                        told.push(format!("opened {part} {start:?}"));
                    }
                    Delta::Grew { offset, text, .. } => {
                        let grown = open.get_mut(&part).expect("opened before it grows");
                        assert_eq!(grown.len() as u64, *offset, "nothing doubled, nothing lost");
                        grown.push_str(text);
                    }
                    Delta::Closed { .. } => {
                        told.push(format!("closed {part} {:?}", open.remove(&part).expect("opened before it is closed")));
                    }
                }
            }
        }
    }
    told
}

fn named(id: &str) -> Ask {
    let new = NewSession { id: Some(SessionId::from_text(id)), ..NewSession::default() };
    Ask { target: ombud::engine::Target::New(Box::new(new)), ..question("What is in notes.txt?") }
}

fn reads_a_file() -> Vec<Answer> {
    vec![
        Answer::reasoning(&["Hm, ", "äöü."]).and_text("Look.").and_calls(vec![("read_file", json!({"path": "notes.txt"}))]),
        Answer::pieces(&["The ", "colour ", "is ", "teal – ", "😀."]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_answers_as_the_house_does() {
    let model = ModelServer::start(Wire::Openai, reads_a_file());
    let served = Served::start(&model).await;
    std::fs::write(served.workspace.path().join("notes.txt"), "teal\n").unwrap();
    let far = remote(served.client.base());
    let (near, me) = (&*served.house, caller());

    let labels = Labels::from_tags(["nightly".to_owned()]);
    let new = NewSession { title: Some("One".into()), labels, ..NewSession::default() };
    let made = far.create(&me, new).await.unwrap();
    assert_eq!(near.session(&me, &made.id).await.unwrap().summary.session, made);
    let change = SessionUpdated { title: Some(Some("Two".into())), ..SessionUpdated::default() };
    let changed = far.update(&me, &made.id, change).await.unwrap();
    assert_eq!(changed.title.as_deref(), Some("Two"));
    let id = &made.id;

    let asked = far.ask(&me, again(id, "What is in notes.txt?", OnBusy::Reject)).await.unwrap();
    let run = asked.run.clone().unwrap();
    assert_eq!(whole(&answer(&far, &asked).await), whole(&answer(near, &asked).await));

    assert_eq!(far.session(&me, id).await, near.session(&me, id).await);
    let filter = SessionFilter { limit: 10, text: Some("two".into()), ..SessionFilter::default() };
    assert_eq!(far.sessions(&me, &filter).await, near.sessions(&me, &filter).await);
    assert_eq!(far.sessions(&me, &filter).await.unwrap().sessions.len(), 1);
    assert_eq!(far.messages(&me, id, None, 10).await, near.messages(&me, id, None, 10).await);
    assert_eq!(far.messages(&me, id, Some(5), 1).await, near.messages(&me, id, Some(5), 1).await);
    let after = Some(Cursor::after(made.incarnation, 2));
    assert_eq!(far.events(&me, id, after, 3).await, near.events(&me, id, after, 3).await);
    assert_eq!(far.events(&me, id, after, 3).await.unwrap().len(), 3);
    assert_eq!(far.run(&me, &run).await, near.run(&me, &run).await);
    assert_eq!(far.run_end(&me, &run).await, near.run_end(&me, &run).await);
    let newest = RunFilter::newest(Some(id), &[], 10);
    assert_eq!(far.runs(&me, &newest).await, near.runs(&me, &newest).await);
    let labelled = RunFilter { labels: vec![("kind".into(), "none".into())], offset: 1, ..newest };
    assert_eq!(far.runs(&me, &labelled).await, near.runs(&me, &labelled).await);
    assert_eq!(far.agents(&me).await, near.agents(&me).await);
    agents_are_the_same(&far, near).await;
    assert_eq!(far.models(&me).await, near.models(&me).await);
    assert_eq!(far.questions(&me).await, Ok(vec![]));
    assert_eq!(far.cancel(&me, id, None, "nothing is at work").await, Ok(vec![]));
    assert_eq!(far.restore(&me, None, ombud::engine::Orphans::Close).await, Ok(vec![]));
    let missing = SessionId::from_text("missing");
    assert_eq!(far.session(&me, &missing).await, near.session(&me, &missing).await);
    assert_eq!(far.subscribe(&me, &missing, None).await.err(), near.subscribe(&me, &missing, None).await.err());
    far.drain().await;
    assert_eq!(far.delete(&me, id).await, Ok(()));
    assert_eq!(far.session(&me, id).await, near.session(&me, id).await);
    assert_eq!(near.session(&me, id).await.unwrap_err().code, ErrorCode::NotFound);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_breaks_everywhere_is_whole() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    std::fs::write(served.workspace.path().join("notes.txt"), "teal\n").unwrap();
    let proxy = Proxy::to(served.client.base()).await;
    let far = remote(proxy.url());
    // A head is about 250 bytes: cuts in it, in comments, in fields, in characters.
    for (round, step) in [61usize, 397, 1_013].into_iter().enumerate() {
        reads_a_file().into_iter().for_each(|answer| model.push(answer));
        let streams = proxy.streams();
        proxy.cut_streams_after((3..10).map(|cut| cut * step));
        let asked = far.ask(&caller(), named(&format!("s{round}"))).await.unwrap();
        let seen = answer(&far, &asked).await;
        assert!(proxy.streams() > streams + 2, "nothing was cut");
        assert_eq!(whole(&seen), whole(&answer(&*served.house, &asked).await), "step {step}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_from_the_middle_of_a_part() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["One, ", "two, ", "three"]).wait_after(3, &gate)];
    let model = ModelServer::start(Wire::Openai, script);
    let served = Served::start(&model).await;
    let far = remote(served.client.base());
    let asked = far.ask(&caller(), question("Count")).await.unwrap();
    let mut stream = far.subscribe(&caller(), &asked.session, Some(asked.before)).await.unwrap();
    let mut first = Vec::new();
    let cursor = loop {
        let frame = within("a piece comes", stream.next()).await.unwrap().unwrap();
        first.push(frame);
        if let Some(Frame::Delta(live)) = first.last()
            && matches!(live.delta, Delta::Grew { .. })
        {
            break live.cursor;
        }
    };
    drop(stream);
    gate.open();
    let run = asked.run.clone().unwrap();
    first.extend(frames(&far, &asked.session, Some(cursor), &run).await);
    assert_eq!(whole(&first), whole(&answer(&*served.house, &asked).await));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_the_middle_of_an_answer() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["Half", " an answer"]).wait_after(2, &gate), Answer::pieces(&["A whole ", "answer"])];
    let model = ModelServer::start(Wire::Openai, script);
    let place = Place::new("sqlite").asking(&model);
    let first = Serving::start(&place, &[]);
    let proxy = Proxy::to(first.client.base()).await;
    let far = remote(proxy.url());
    let mut ask = named("s");
    ask.pins.on_orphan = ombud::domain::OnOrphan::Resume;
    let asked = far.ask(&caller(), ask).await.unwrap();
    let mut stream = far.subscribe(&caller(), &asked.session, Some(asked.before)).await.unwrap();
    let mut seen = Vec::new();
    while !matches!(seen.last(), Some(Frame::Delta(live)) if matches!(live.delta, Delta::Grew { .. })) {
        seen.push(within("a piece comes", stream.next()).await.unwrap().unwrap());
    }
    first.process.signal(rustix::process::Signal::KILL);
    first.process.end(crate::support::server::PATIENCE);
    let second = Serving::start(&place, &[]);
    proxy.lead_to(second.client.base());
    // Whoever is first takes the run up: the server by itself, or this.
    let other = remote(second.client.base());
    other.restore(&caller(), Some(&asked.session), ombud::engine::Orphans::Resume).await.unwrap();
    while !matches!(seen.last(), Some(Frame::Fact(event)) if matches!(event.fact, Fact::RunFinished(_))) {
        seen.push(within("the run ends", stream.next()).await.unwrap().unwrap());
    }
    let kinds: Vec<String> = seen
        .iter()
        .filter_map(|frame| match frame {
            Frame::Fact(event) => Some(format!("{} {}", event.seq, event.fact.kind())),
            Frame::Delta(_) => None,
        })
        .collect();
    let log = other.events(&caller(), &asked.session, None, 100).await.unwrap();
    let logged: Vec<String> = log.iter().map(|event| format!("{} {}", event.seq, event.fact.kind())).collect();
    assert_eq!(kinds, logged, "every fact once");
    let Some(Frame::Fact(last)) = seen.last() else { panic!("{seen:?}") };
    let Fact::RunFinished(finished) = &last.fact else { panic!("{last:?}") };
    assert_eq!((finished.answer.as_str(), &finished.error), ("A whole answer", &None));
    gate.open();
    assert_eq!(second.end().code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_that_is_dropped_is_taken_back() {
    let gate = Gate::new();
    let script = vec![Answer::pieces(&["One", "."]).wait_after(2, &gate), Answer::text("Two.")];
    let model = ModelServer::start(Wire::Openai, script);
    let served = Served::start(&model).await;
    let near = served.house.clone();
    let asked = near.ask(&caller(), named("s")).await.unwrap();
    let proxy = Proxy::to(served.client.base()).await;
    let far = Arc::new(remote(proxy.url()));
    let ask = again(&asked.session, "Never mind", OnBusy::WaitThenReject);
    let waiting = tokio::spawn({
        let far = Arc::clone(&far);
        async move { far.ask(&caller(), ask).await }
    });
    proxy.wait_for("/ask").await;
    waiting.abort();
    // The server ends a connection in mid-answer only when it has dropped the question.
    proxy.wait_for_end("/ask").await;
    gate.open();
    answer(&*near, &asked).await;
    let next = near.ask(&caller(), again(&asked.session, "And now?", OnBusy::WaitThenReject)).await.unwrap();
    answer(&*near, &next).await;
    let page = near.messages(&caller(), &asked.session, None, 10).await.unwrap();
    let said: Vec<String> = page.messages.iter().map(|shown| Part::texts(&shown.message.parts)).collect();
    assert_eq!(said, ["What is in notes.txt?", "One.", "And now?", "Two."]);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_deleted_ends_its_streams() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let proxy = Proxy::to(served.client.base()).await;
    let far = remote(proxy.url());
    let made = far.create(&caller(), NewSession::default()).await.unwrap();
    let mut stream = far.subscribe(&caller(), &made.id, None).await.unwrap();
    let created = within("a fact comes", stream.next()).await.unwrap().unwrap();
    assert!(matches!(&created, Frame::Fact(event) if matches!(event.fact, Fact::SessionCreated(_))), "{created:?}");
    far.delete(&caller(), &made.id).await.unwrap();
    let deleted = within("a fact comes", stream.next()).await.unwrap().unwrap();
    assert!(matches!(&deleted, Frame::Fact(event) if matches!(event.fact, Fact::SessionDeleted(_))), "{deleted:?}");
    assert!(within("the stream ends", stream.next()).await.is_none());
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_rewound_and_cleared_over_a_distance() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("One."), Answer::text("Two.")]);
    let served = Served::start(&model).await;
    let far = remote(served.client.base());
    let asked = far.ask(&caller(), named("s")).await.unwrap();
    answer(&far, &asked).await;
    let next = far.ask(&caller(), again(&asked.session, "And now?", OnBusy::WaitThenReject)).await.unwrap();
    answer(&far, &next).await;
    let id = &asked.session;
    let shown = async || -> Vec<_> {
        let page = far.messages(&caller(), id, None, 10).await.unwrap();
        page.messages.into_iter().map(|shown| shown.message.id).collect()
    };
    let ids = shown().await;
    far.rewind(&caller(), id, Some(&ids[1])).await.unwrap();
    assert_eq!(shown().await, ids[..2]);
    assert_eq!(far.rewind(&caller(), id, Some(&ids[2])).await.unwrap_err().code, ErrorCode::NotFound);
    far.rewind(&caller(), id, None).await.unwrap();
    assert_eq!(shown().await, []);
    far.clear(&caller(), id, AfterClearing::Expired).await.unwrap();
    assert_eq!(far.session(&caller(), id).await.unwrap().status, SessionStatus::Expired);
    let error = far.ask(&caller(), again(id, "Late", OnBusy::Reject)).await.unwrap_err();
    assert_eq!((error.code, error.hint.is_some()), (ErrorCode::Expired, true));
    assert_eq!(far.subscribe(&caller(), id, None).await.map(drop).unwrap_err().code, ErrorCode::Expired);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notices_are_told_over_a_distance() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("One.")]);
    let served = Served::start(&model).await;
    let proxy = Proxy::to(served.client.base()).await;
    let far = remote(proxy.url());
    let mut near = served.house.notices(&caller()).await.unwrap();
    let mut notices = far.notices(&caller()).await.unwrap();
    let asked = far.ask(&caller(), named("s")).await.unwrap();
    let own = within("a notice comes", near.next()).await.unwrap();
    assert_eq!(within("a notice comes", notices.next()).await.unwrap(), own);
    answer(&far, &asked).await;
    served.leave().await;
}

/// A server that gives this answer to everything.
async fn says(answer: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = [0; 4_096];
            drop(stream.read(&mut read).await);
            drop(stream.write_all(answer.as_bytes()).await);
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_house_is_told_in_words() {
    let refused = nobody_listening().replace("/v1", "");
    let insecure = no_tls().replace("/v1", "");
    let other = says("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
    let moved = says("HTTP/1.1 301 Moved\r\nlocation: /x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let newer = says("HTTP/1.1 200 OK\r\nombud-version: 9.9.9\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}").await;
    let unknown = "HTTP/1.1 409 Conflict\r\nombud-version: 9.9.9\r\ncontent-length: 51\r\nconnection: close\r\n\r\n\
                   {\"error\":{\"code\":\"of_tomorrow\",\"message\":\"not today\"}}";
    let unknown =
        says(Box::leak(unknown.replace("51", &(unknown.len() - unknown.find("{").unwrap()).to_string()).into_boxed_str()))
            .await;
    let silent = says("").await;
    for (url, code, cause, message) in [
        (
            &refused,
            ErrorCode::Unavailable,
            Some(Cause::Connect),
            format!("no server can be reached at {refused}: Connection refused (os error 111)"),
        ),
        (
            &insecure,
            ErrorCode::Unavailable,
            Some(Cause::Tls),
            format!("no secure connection to the server at {insecure}: received corrupt message of type InvalidContentType"),
        ),
        (
            &other,
            ErrorCode::Unavailable,
            Some(Cause::Connect),
            format!("what answers at {other} is no `ombud serve`: it answers 200 OK"),
        ),
        (
            &moved,
            ErrorCode::Unavailable,
            Some(Cause::Connect),
            format!("what answers at {moved} is no `ombud serve`: it answers 301 Moved Permanently"),
        ),
        (
            &newer,
            ErrorCode::Unavailable,
            Some(Cause::Garbage),
            format!(
                "the server at {newer} is ombud 9.9.9, and this program ombud {}: its answer to `session` cannot be understood: missing field `summary` at line 1 column 2",
                env!("CARGO_PKG_VERSION")
            ),
        ),
        (&unknown, ErrorCode::Conflict, None, "not today".to_owned()),
        (
            &silent,
            ErrorCode::Unavailable,
            Some(Cause::Cut),
            format!("{silent} closed the connection without an answer: connection closed before message completed"),
        ),
    ] {
        let error = remote(url).session(&caller(), &SessionId::from_text("s")).await.unwrap_err();
        assert_eq!((error.code, error.cause, error.message), (code, cause, message));
        // The first connection of a stream is repaired only when it stood.
        if cause != Some(Cause::Cut) {
            let error = remote(url).subscribe(&caller(), &SessionId::from_text("s"), None).await.err();
            assert_eq!(error.is_none(), *url == newer, "{error:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_cannot_be_repaired_says_why() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_on(&StoreUrl::Memory, &model, |_| ()).await;
    let proxy = Proxy::to(served.client.base()).await;
    let far = remote(proxy.url());
    let made = far.create(&caller(), NewSession::default()).await.unwrap();
    proxy.cut_streams_after([1_000]);
    let mut stream = far.subscribe(&caller(), &made.id, None).await.unwrap();
    within("a fact comes", stream.next()).await.unwrap().unwrap();
    // Another program stands there now.
    proxy.lead_away_to(&says("HTTP/1.1 200 OK\r\nombud-version: 9.9.9\r\n\r\nid: 1:2\ndata: {\"new\":1}\n\n").await);
    let change = SessionUpdated { title: Some(Some("x".repeat(1_000))), ..SessionUpdated::default() };
    served.house.update(&caller(), &made.id, change).await.unwrap();
    let error = within("the stream ends", stream.next()).await.unwrap().unwrap_err();
    assert_eq!((error.code, error.cause), (ErrorCode::Unavailable, Some(Cause::Garbage)));
    assert!(error.message.contains("is ombud 9.9.9, and this program ombud"), "{}", error.message);
    assert!(within("the stream ends", stream.next()).await.is_none());
    served.leave().await;
}

#[test]
fn a_token_does_not_print_itself() {
    let error = Remote::new("http://127.0.0.1:1", Some(&SecretString::from("canary\u{7f}"))).err().unwrap();
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

/// Agents made, changed and removed from afar are those of the house.
async fn agents_are_the_same(far: &Remote, near: &dyn Engine) {
    // Nobody has proven who they are there.
    let me = Principal::unproven();
    let agent = |instructions: &str| Agent { name: "far".into(), instructions: instructions.into(), ..Agent::default() };
    let made = far.create_agent(&me, agent("One.")).await.unwrap();
    let id = made.id.clone().unwrap();
    assert_eq!((made.trusted, &made.agent), (false, &agent("One.")));
    for named in ["far", id.as_str(), "default", "missing"] {
        assert_eq!(far.agent(&me, named).await, near.agent(&me, named).await, "{named}");
    }
    assert_eq!(far.agents(&me).await, near.agents(&me).await);
    let taken = far.create_agent(&me, agent("Two.")).await;
    assert_eq!(taken, near.create_agent(&me, agent("Two.")).await);
    assert_eq!(taken.unwrap_err().code, ErrorCode::Conflict);
    let changed = far.update_agent(&me, "far", agent("Two."), Some(&made.revision)).await.unwrap();
    assert_eq!(near.agent(&me, "far").await, Ok(changed.clone()));
    let late = far.update_agent(&me, id.as_str(), agent("Three."), Some(&made.revision)).await;
    assert_eq!(late, near.update_agent(&me, id.as_str(), agent("Three."), Some(&made.revision)).await);
    assert_eq!(late.unwrap_err().code, ErrorCode::Conflict);
    let configured = far.remove_agent(&me, "default").await;
    assert_eq!(configured, near.remove_agent(&me, "default").await);
    assert_eq!(configured.unwrap_err().code, ErrorCode::Forbidden);
    let removed = far.remove_agent(&me, id.as_str()).await.unwrap();
    assert_eq!(removed.revision, changed.revision);
    assert_eq!(near.agent(&me, id.as_str()).await, Ok(removed));
    assert_eq!(far.remove_agent(&me, "far").await, near.remove_agent(&me, "far").await);
}

//! Readers that leave and come back: no fact is lost or doubled, and every part is whole, in both words, over restarts.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use ombud::config::Wire;
use ombud::domain::{Cursor, SessionId};
use ombud::engine::{Asked, Engine};
use ombud::storage::StoreUrl;
use serde_json::{Value, json};

use crate::support::house::{again, question, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::schema;
use crate::support::server::{Event, Events, Served, within};

/// Reconnects in `cargo test`; `tests/long/reconnects` asks for more.
const RECONNECTS: usize = 30;

fn setting(name: &str, default: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the long run says how much is to be done")]
    let value = std::env::var(name);
    value.map_or(default, |value| value.parse().unwrap())
}

/// A small generator of numbers that look random: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Holds the frames of the house to the stream law.
#[derive(Default)]
struct Judge {
    last: Option<String>,
    seq: u64,
    grown: usize,
    open: BTreeMap<String, Vec<(String, bool)>>,
    ended: usize,
}

impl Judge {
    fn take(&mut self, event: &Event) {
        let frame = event.json();
        let id = event.id.clone().unwrap();
        let kind = frame["type"].as_str().unwrap();
        if let Some(seq) = frame["seq"].as_u64() {
            assert_eq!(seq, self.seq + 1, "every fact once and in order");
            assert_eq!(id, format!("1:{seq}"));
            self.seq = seq;
        } else {
            assert_eq!(id, frame["cursor"], "the id is the cursor");
        }
        self.last = Some(id);
        let message = frame["message_id"].as_str().unwrap_or_default().to_owned();
        let index = usize::try_from(frame["index"].as_u64().unwrap_or_default()).unwrap();
        match kind {
            "part.opened" => {
                let parts = self.open.entry(message).or_default();
                assert_eq!(index, parts.len(), "parts are opened in order, once");
                parts.push((String::new(), false));
            }
            "part.grew" => {
                let (text, closed) = &mut self.open.get_mut(&message).unwrap()[index];
                assert!(!*closed);
                assert_eq!(frame["offset"], text.len(), "pieces follow each other exactly");
                let piece = frame["text"].as_str().unwrap();
                text.push_str(piece);
                self.grown += piece.len();
            }
            "part.closed" => {
                let (_, closed) = &mut self.open.get_mut(&message).unwrap()[index];
                assert!(!std::mem::replace(closed, true), "closed once");
            }
            "message.completed" => {
                let parts = frame["parts"].as_array().unwrap().iter().map(|part| {
                    let text = part.get("text").or_else(|| part.get("arguments_text")).unwrap();
                    (text.as_str().unwrap().to_owned(), true)
                });
                let parts: Vec<_> = parts.collect();
                assert_eq!(self.open.remove(&message).unwrap_or_default(), parts, "every part whole");
            }
            "message.abandoned" => {
                self.open.remove(&message);
            }
            "run.finished" => self.ended += 1,
            _ => {}
        }
    }
}

/// Holds Tarko's events to what their readers count on.
#[derive(Default)]
struct Listener {
    last: Option<String>,
    /// What is kept, as a later reader will get it too.
    kept: Vec<Value>,
    /// Text and thoughts so far, by message.
    growing: BTreeMap<(String, &'static str), String>,
    grown: usize,
    ended: usize,
}

impl Listener {
    fn take(&mut self, event: &Event) {
        let told = event.json();
        assert_eq!(event.id.as_deref(), told["cursor"].as_str());
        self.last.clone_from(&event.id);
        let content = || told["content"].as_str().unwrap().to_owned();
        let message = || told["messageId"].as_str().unwrap().to_owned();
        match told["type"].as_str().unwrap() {
            "assistant_streaming_message" => {
                self.grown += content().len();
                self.growing.entry((message(), "text")).or_default().push_str(&content());
                return;
            }
            "assistant_streaming_thinking_message" => {
                self.grown += content().len();
                self.growing.entry((message(), "thought")).or_default().push_str(&content());
                return;
            }
            "assistant_streaming_tool_call" => return,
            "assistant_message" => {
                assert_eq!(self.growing.remove(&(message(), "text")).unwrap_or_default(), content(), "whole");
            }
            "assistant_thinking_message" => {
                assert_eq!(self.growing.remove(&(message(), "thought")).unwrap_or_default(), content(), "whole");
            }
            "agent_run_end" => self.ended += 1,
            _ => {}
        }
        assert!(self.kept.iter().all(|kept| kept["id"] != told["id"]), "twice: {told}");
        self.kept.push(told);
    }
}

fn path(session: &SessionId, more: &str) -> String {
    format!("/api/v1/sessions/events/stream?sessionId={session}{more}")
}

async fn come_back(served: &Served, session: &SessionId, last: Option<&String>, more: &str) -> Events {
    let client = last.map_or_else(|| served.client.clone(), |last| served.client.with("last-event-id", last));
    let events = client.listen(&path(session, more)).await;
    assert_eq!((events.status, events.headers["content-type"].to_str().unwrap()), (200, "text/event-stream"));
    events
}

/// An answer of reasoning and text in so many pieces, each of which waits at a gate of its own.
fn gated(pieces: usize) -> (Answer, Vec<Gate>, usize) {
    let words: Vec<String> = (0..pieces).map(|number| format!("w{number:03} é ")).collect();
    let (thoughts, text) = words.split_at(pieces / 3);
    fn refs(words: &[String]) -> Vec<&str> {
        words.iter().map(String::as_str).collect()
    }
    let gates: Vec<Gate> = (0..pieces).map(|_| Gate::new()).collect();
    let mut answer = Answer::reasoning(&refs(thoughts)).and_text(&text[0]);
    for piece in &text[1..] {
        answer = answer.and_text(piece);
    }
    for (number, gate) in gates.iter().enumerate() {
        answer = answer.wait_after(number + 1, gate);
    }
    (answer, gates, words[0].len())
}

/// Both words are read at once, by readers that leave at random points.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_leave_and_come_back_lose_nothing() {
    let count = usize::try_from(setting("LONG_RECONNECTS", RECONNECTS as u64)).unwrap();
    let seed = setting("LONG_SEED", 7);
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    std::fs::write(served.workspace.path().join("a.txt"), "alpha\n").unwrap();
    let (mut judge, mut listener) = (Judge::default(), Listener::default());
    let mut session: Option<SessionId> = None;
    let (mut reconnects, mut runs, mut before) = (0, 0, 0);
    while reconnects < count {
        let (answer, gates, length) = gated(24);
        model.push(answer.and_calls(vec![("read_file", json!({"path": "a.txt"}))]));
        model.push(Answer::text("Done."));
        let asked = match &session {
            None => served.house.ask(&somebody(), question("first")).await,
            Some(session) => served.house.ask(&somebody(), again(session, "more", ombud::engine::OnBusy::Reject)).await,
        };
        let id = asked.unwrap().session;
        session = Some(id.clone());
        runs += 1;
        let mut released = 0;
        while released < gates.len() {
            let mut native = come_back(&served, &id, judge.last.as_ref(), "&frames=native").await;
            let mut tarko = come_back(&served, &id, listener.last.as_ref(), "").await;
            reconnects += 2;
            for gate in gates.iter().skip(released).take(usize::try_from(dice.below(4)).unwrap()) {
                gate.open();
                released += 1;
            }
            // Up to somewhere in what was said, which surely comes.
            let all = before + released * length;
            let mut least = || all.saturating_sub(usize::try_from(dice.below(3 * length as u64)).unwrap());
            let (some, other) = (least(), least());
            while judge.grown < some {
                judge.take(&native.next().await.unwrap());
            }
            while listener.grown < other {
                listener.take(&tarko.next().await.unwrap());
            }
        }
        let mut native = come_back(&served, &id, judge.last.as_ref(), "&frames=native").await;
        while judge.ended < runs {
            judge.take(&native.next().await.unwrap());
        }
        let mut tarko = come_back(&served, &id, listener.last.as_ref(), "").await;
        while listener.ended < runs {
            listener.take(&tarko.next().await.unwrap());
        }
        assert!(judge.open.is_empty() && listener.growing.is_empty(), "seed {seed}");
        assert_eq!(judge.grown, listener.grown + r#"{"path":"a.txt"}"#.len());
        judge.grown = listener.grown;
        before = listener.grown;
    }
    // Who comes only now gets the same.
    let session = session.unwrap();
    let mut late = Listener::default();
    let mut events = come_back(&served, &session, None, "").await;
    while late.ended < runs {
        late.take(&events.next().await.unwrap());
    }
    assert_eq!(late.kept, listener.kept, "seed {seed}");
    model.finish();
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_goes_on_where_it_was_after_a_restart() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = StoreUrl::parse(&format!("sqlite:{}", folder.path().join("store.db").display())).unwrap();
    let gate = Gate::new();
    let answer = Answer::reasoning(&["Hm, ", "so."]).and_text("One ").and_text("two ").and_text("three.");
    let model = ModelServer::start(Wire::Openai, vec![answer.wait_after(4, &gate)]);
    let served = Served::start_on(&store, &model, |_| ()).await;
    let asked = served.house.ask(&somebody(), question("count")).await.unwrap();
    let (mut judge, mut listener) = (Judge::default(), Listener::default());
    let mut native = come_back(&served, &asked.session, None, "&frames=native").await;
    let mut tarko = come_back(&served, &asked.session, None, "").await;
    while judge.grown < "Hm, so.One ".len() {
        judge.take(&native.next().await.unwrap());
    }
    while listener.grown < "Hm, so.One ".len() {
        listener.take(&tarko.next().await.unwrap());
    }
    // The readers go, and the server lets the run end before it does.
    drop((native, tarko));
    served.begin_to_leave();
    gate.open();
    served.leave().await;

    let served = Served::start_on(&store, &model, |_| ()).await;
    let mut native = come_back(&served, &asked.session, judge.last.as_ref(), "&frames=native").await;
    while judge.ended == 0 {
        judge.take(&native.next().await.unwrap());
    }
    let mut tarko = come_back(&served, &asked.session, listener.last.as_ref(), "").await;
    while listener.ended == 0 {
        listener.take(&tarko.next().await.unwrap());
    }
    assert!(judge.open.is_empty() && listener.growing.is_empty());
    assert_eq!(
        listener.kept.iter().map(|event| event["type"].as_str().unwrap()).collect::<Vec<_>>(),
        ["user_message", "agent_run_start", "assistant_thinking_message", "assistant_message", "agent_run_end"]
    );
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_inside_of_a_fact_is_kept() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::reasoning(&["Hm."]).and_text("Yes.")]);
    let served = Served::start(&model).await;
    let asked = served.house.ask(&somebody(), question("is it?")).await.unwrap();
    // What is told live has other times and other pieces: only who comes after the end is told the same again.
    let mut all = Vec::new();
    for _ in 0..2 {
        all.clear();
        let mut events = come_back(&served, &asked.session, None, "").await;
        while all.last().is_none_or(|last: &Event| last.json()["type"] != "agent_run_end") {
            all.push(events.next().await.unwrap());
        }
    }
    let mut native = come_back(&served, &asked.session, None, "&frames=native").await;
    let mut judge = Judge::default();
    while judge.ended == 0 {
        let event = native.next().await.unwrap();
        schema::check("frame", &event.json());
        judge.take(&event);
    }
    // From each event on, as a header and as a parameter, come exactly those after it.
    for (number, event) in all.iter().enumerate() {
        let id = event.id.clone().unwrap();
        let mut by_header = come_back(&served, &asked.session, Some(&id), "").await;
        let escaped = id.replace('/', "%2F").replace('@', "%40").replace('~', "%7E");
        let mut by_query = come_back(&served, &asked.session, None, &format!("&after={escaped}")).await;
        for later in &all[number + 1..] {
            assert_eq!(by_header.next().await.as_ref(), Some(later));
            assert_eq!(by_query.next().await.as_ref(), Some(later));
        }
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_followed_is_refused() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let session = served.house.create(&somebody(), ombud::engine::NewSession::default()).await.unwrap().id;
    for (path, status, said) in [
        ("/api/v1/sessions/events/stream".to_owned(), 400, "Session ID is required"),
        (path(&session, "&after=yesterday"), 400, "cursor \"yesterday\" is not of the form"),
        (path(&session, "&frames=other"), 400, "frames `other` are not known"),
        (path(&SessionId::from_text("nobody"), ""), 404, "not"),
    ] {
        let reply = served.client.get(&path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        assert!(reply.json()["error"].as_str().unwrap().contains(said), "{}", reply.text());
    }
    let reply = served.client.with("last-event-id", "1:x").get(&path(&session, "")).await;
    assert_eq!(reply.status, 400);
    served.leave().await;
}

/// A cursor of another life of the session, or from its future, starts over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_of_another_life_starts_over() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let session = served.house.create(&somebody(), ombud::engine::NewSession::default()).await.unwrap().id;
    for cursor in ["9:1", "1:77", "9:4.0"] {
        let mut events = come_back(&served, &session, Some(&cursor.to_owned()), "&frames=native").await;
        let first = events.next().await.unwrap();
        assert_eq!((first.id.as_deref(), &first.json()["type"]), (Some("1:1"), &json!("session.created")), "{cursor}");
    }
    let mut events = served.client.listen(&path(&session, "&after=now&frames=native")).await;
    served.house.delete(&somebody(), &session).await.unwrap();
    assert_eq!(events.next().await.unwrap().json()["type"], "session.deleted");
    assert_eq!(events.next().await, None, "a deleted session has no more");
    assert_eq!(served.client.get(&path(&session, "")).await.status, 404);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_broken_by_comments() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let quick = |settings: &mut ombud::config::Settings| {
        settings.server.limits.heartbeat = std::time::Duration::from_millis(5);
    };
    let served = Served::start_with(&model, quick).await;
    let session = served.house.create(&somebody(), ombud::engine::NewSession::default()).await.unwrap().id;
    let mut events = served.client.listen(&path(&session, "&after=now")).await;
    for _ in 0..3 {
        assert_eq!(events.next_raw().await.unwrap().comment.as_deref(), Some("still here"));
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_readers_of_one_session_all_get_everything() {
    let readers = usize::try_from(setting("LONG_READERS", 100)).unwrap();
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["a", "b", "c", "d"]).wait_after(3, &gate)]);
    let served = Served::start(&model).await;
    let Asked { session, .. } = served.house.ask(&somebody(), question("spell")).await.unwrap();
    let mut open = Vec::new();
    for _ in 0..readers {
        open.push(come_back(&served, &session, None, "&frames=native").await);
    }
    gate.open();
    let judged = open.into_iter().map(|mut events| async move {
        let mut judge = Judge::default();
        while judge.ended == 0 {
            judge.take(&events.next().await.unwrap());
        }
        (judge.seq, judge.grown)
    });
    let judged = within("all readers are done", join_all(judged)).await;
    let head = served.house.events(&somebody(), &session, Some(Cursor::after(1, 0)), 1_000).await.unwrap().len() as u64;
    assert!(judged.iter().all(|end| *end == (head, 4)), "{judged:?}");
    served.leave().await;
}

/// A reader that stops reading slows nobody, is told when it reads again, and finds the rest when it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_is_told_and_left() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let piece = "x".repeat(64 << 10);
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&vec![piece.as_str(); 100]).wait_after(2, &gate)]);
    let impatient = |settings: &mut ombud::config::Settings| {
        settings.server.limits.slow_reader = std::time::Duration::from_secs(1);
        settings.server.limits.heartbeat = std::time::Duration::from_millis(100);
    };
    let served = Served::start_with(&model, impatient).await;
    let Asked { session, .. } = served.house.ask(&somebody(), question("much")).await.unwrap();
    let narrow = tokio::net::TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(256 << 10).unwrap();
    let mut slow = narrow.connect(served.client.authority().parse().unwrap()).await.unwrap();
    let request =
        format!("GET {} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n", path(&session, "&frames=native"));
    slow.write_all(request.as_bytes()).await.unwrap();
    let mut other = come_back(&served, &session, None, "&frames=native").await;
    gate.open();
    let mut judge = Judge::default();
    while judge.ended == 0 {
        judge.take(&other.next().await.unwrap());
    }
    // Signs of life of the quick one: the time of the slow one is over.
    for _ in 0..20 {
        assert!(other.next_raw().await.unwrap().comment.is_some());
    }
    let mut heard = Vec::new();
    within("the slow one is left", slow.read_to_end(&mut heard)).await.unwrap();
    let heard = String::from_utf8(heard).unwrap();
    let (_, told) = heard.rsplit_once("event: failed\ndata: ").unwrap();
    assert!(told.starts_with("{\"error\":{\"code\":\"timed_out\",\"message\":\"the reader took "), "{told}");
    assert!(!heard.contains("run.finished"));
    let last = heard.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    let mut rest = come_back(&served, &session, Some(&last), "&frames=native").await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|kind| kind != "run.finished") {
        seen.push(rest.next().await.unwrap().json()["type"].as_str().unwrap().to_owned());
    }
    seen.dedup();
    assert_eq!(seen, ["part.grew", "part.closed", "message.completed", "run.finished"]);
    served.leave().await;
}

/// A server that leaves lets runs end, and who listens hears it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_while_the_server_leaves_hears_the_end() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["One ", "two."]).wait_after(2, &gate)]);
    let served = Served::start(&model).await;
    let mut stream = served.client.ask("/api/v1/oneshot/query/stream", &json!({ "query": "count" })).await;
    let told = |event: &crate::support::server::Event| event.json()["type"].as_str().unwrap().to_owned();
    let first = stream.next().await.unwrap().json();
    let session = SessionId::parse(first["sessionId"].as_str().unwrap()).unwrap();
    let mut followed = come_back(&served, &session, None, "").await;
    while told(&stream.next().await.unwrap()) != "assistant_streaming_message" {}
    served.begin_to_leave();
    gate.open();
    let rest = stream.values().await;
    assert_eq!((&rest.last().unwrap()["type"], &rest.last().unwrap()["status"]), (&json!("agent_run_end"), &json!("idle")));
    let mut last = None;
    while let Some(event) = followed.next().await {
        last = Some(told(&event));
    }
    assert_eq!(last.as_deref(), Some("agent_run_end"));
    model.finish();
    served.leave().await;
}

//! The raw WebSocket `/api/v1/ws`: many sessions on one socket, its messages, its limits, its closes.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use ombud::config::{Settings, Wire};
use ombud::engine::{Engine, NewSession};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::house::{question, somebody};
use crate::support::model_server::{Answer, Gate, ModelServer};
use crate::support::server::{Served, within};
use crate::support::socket::Socket;

fn kinds(frames: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> = frames.iter().map(|frame| frame["frame"]["type"].as_str().unwrap()).collect();
    kinds.dedup_by(|next, last| next == last && next.ends_with("grew"));
    kinds
}

fn is(kind: &'static str) -> impl Fn(&Value) -> bool {
    move |frame| frame["type"] == kind
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_and_what_it_brings_about() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["Hel", "lo"]), Answer::text("Again.")]);
    let served = Served::start(&model).await;
    let mut socket = Socket::connect(&served.client).await;
    let new = json!({"id": "mine", "title": "Mine", "labels": {"tag": ["a"]}});
    let asked = socket.ask(json!({"type": "query", "new": new, "text": "hi"})).await;
    assert_eq!(
        (&asked["type"], &asked["session"], &asked["model"]),
        (&json!("asked"), &json!("mine"), &json!("house/small"))
    );
    let subscribed = socket.ask(json!({"type": "subscribe", "session": "mine", "after": asked["after"]})).await;
    assert_eq!((&subscribed["type"], &subscribed["frames"]), (&json!("subscribed"), &json!("native")));
    let frames = socket.until(is("run.finished")).await;
    assert_eq!(
        kinds(&frames),
        [
            "session.created",
            "message.posted",
            "run.queued",
            "run.started",
            "part.opened",
            "part.grew",
            "part.closed",
            "message.completed",
            "run.finished"
        ]
    );
    assert_eq!(frames.last().unwrap()["frame"]["answer"], "Hello");
    assert_eq!(frames.last().unwrap()["frame"]["run"], asked["run"]);

    // The same in Tarko's words, from a place of its own.
    socket.ask(json!({"type": "unsubscribe", "session": "mine"})).await;
    let last = &frames.last().unwrap()["cursor"];
    socket.ask(json!({"type": "subscribe", "session": "mine", "after": last, "frames": "tarko"})).await;
    socket.ask(json!({"type": "query", "session": "mine", "text": "once more"})).await;
    let events = socket.until(is("agent_run_end")).await;
    assert_eq!(
        kinds(&events),
        ["user_message", "agent_run_start", "assistant_streaming_message", "assistant_message", "agent_run_end"]
    );
    assert!(events.iter().all(|event| event["cursor"] == event["frame"]["cursor"]));

    let list = socket.ask(json!({"type": "list", "text": "mine"})).await;
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    let row = &list["sessions"][0];
    assert_eq!((&row["id"], &row["title"], &row["runs"]), (&json!("mine"), &json!("Mine"), &json!(2)));
    assert_eq!(socket.ask(json!({"type": "ping"})).await["type"], "pong");
    model.finish();
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_sessions_on_one_socket_and_two_sockets_see_the_same() {
    let answers = (0..3).map(|number| Answer::text(&format!("answer {number}"))).collect();
    let model = ModelServer::start(Wire::Openai, answers);
    let served = Served::start(&model).await;
    let (mut one, mut two) = (Socket::connect(&served.client).await, Socket::connect(&served.client).await);
    for session in ["a", "b", "c"] {
        served
            .house
            .create(&somebody(), NewSession { id: Some(session_id(session)), ..NewSession::default() })
            .await
            .unwrap();
        one.ask(json!({"type": "subscribe", "session": session})).await;
        two.ask(json!({"type": "subscribe", "session": session})).await;
        one.ask(json!({"type": "query", "session": session, "text": "hi"})).await;
        // The next question waits for this one: each has the next answer of the model.
        let facts = |frames: Vec<Value>| -> Vec<Value> {
            frames.into_iter().filter(|frame| frame["frame"]["seq"].is_u64()).collect()
        };
        let seen = facts(one.until(is("run.finished")).await);
        assert!(seen.iter().all(|frame| frame["session"] == session));
        assert_eq!(seen, facts(two.until(is("run.finished")).await));
    }
    served.leave().await;
}

fn session_id(text: &str) -> ombud::domain::SessionId {
    ombud::domain::SessionId::from_text(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aborting_and_being_busy() {
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["Slow", "ly"]).wait_after(2, &gate)]);
    let served = Served::start(&model).await;
    let mut socket = Socket::connect(&served.client).await;
    let asked = socket.ask(json!({"type": "query", "text": "slowly"})).await;
    let session = asked["session"].clone();
    socket.ask(json!({"type": "subscribe", "session": session})).await;
    socket.until(is("part.grew")).await;
    let busy = socket.ask(json!({"type": "query", "session": session, "text": "and?"})).await;
    assert_eq!((&busy["type"], &busy["error"]["code"]), (&json!("error"), &json!("busy")));
    let aborted = socket.ask(json!({"type": "abort", "session": session, "reason": "enough"})).await;
    assert_eq!(aborted["runs"], json!([asked["run"]]));
    let end = socket.until(is("run.finished")).await;
    assert_eq!(end.last().unwrap()["frame"]["outcome"], "cancelled");
    let aborted = socket.ask(json!({"type": "abort", "session": session})).await;
    assert_eq!(aborted["runs"], json!([]));
    gate.open();
    served.house.delete(&somebody(), &session_id(session.as_str().unwrap())).await.unwrap();
    let frames = socket.until(is("session.deleted")).await;
    assert!(!frames.is_empty());
    assert_eq!(socket.next().await, json!({"type": "ended", "session": session}));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_said_and_harms_nothing() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let mut socket = Socket::connect(&served.client).await;
    for (text, code) in [
        ("", "invalid_input"),
        ("null", "invalid_input"),
        ("[1]", "invalid_input"),
        ("{\"type\":\"dance\"}", "invalid_input"),
        ("{\"type\":\"subscribe\"}", "invalid_input"),
        ("{\"type\":\"subscribe\",\"session\":\"s\",\"after\":\"then\"}", "invalid_input"),
        ("{\"type\":\"subscribe\",\"session\":\"../../etc\"}", "not_found"),
        ("{\"type\":\"subscribe\",\"session\":\"nobody\"}", "not_found"),
        ("{\"type\":\"unsubscribe\",\"session\":\"nobody\"}", "not_found"),
        ("{\"type\":\"query\",\"text\":\"\"}", "invalid_input"),
        ("{\"type\":\"query\",\"session\":\"s\",\"new\":{},\"text\":\"x\"}", "invalid_input"),
        ("{\"type\":\"query\",\"session\":\"nobody\",\"text\":\"x\"}", "not_found"),
        ("{\"type\":\"answer\",\"run\":\"nobody\",\"returns\":[]}", "not_found"),
        ("{\"type\":\"abort\",\"session\":\"nobody\"}", "not_found"),
        ("{\"type\":\"decide\",\"call\":\"nobody\",\"decision\":\"allow\"}", "not_found"),
        ("{\"type\":\"list\",\"limit\":0}", "invalid_input"),
        ("{\"type\":\"list\",\"limit\":501}", "invalid_input"),
        ("{\"type\":\"ping\",\"id\":[]}", "invalid_input"),
    ] {
        socket.say_text(text).await;
        let heard = socket.hear().await;
        assert_eq!((&heard["type"], &heard["error"]["code"]), (&json!("error"), &json!(code)), "{text}: {heard}");
    }
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    socket.say_text(&deep).await;
    assert_eq!(socket.hear().await["error"]["code"], "invalid_input");
    assert_eq!(socket.ask(json!({"type": "questions"})).await["questions"], json!([]));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closes_say_why() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let small = |settings: &mut Settings| settings.server.limits.body_bytes = 4_096;
    let served = Served::start_with(&model, small).await;
    let mut socket = Socket::connect(&served.client).await;
    socket.say_text(&"x".repeat(4_097)).await;
    assert_eq!(socket.closed().await, (1009, "a message may have at most 4096 bytes".to_owned()));
    // All of a message far over the limit is on its way when the close comes.
    let mut socket = Socket::connect(&served.client).await;
    socket.say_text(&"x".repeat(8 << 20)).await;
    assert_eq!(socket.closed().await.0, 1009);
    let mut socket = Socket::connect(&served.client).await;
    socket.wire.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(socket.closed().await, (1003, "send JSON as text".to_owned()));
    let mut socket = Socket::connect(&served.client).await;
    socket.wire.send(Message::Close(None)).await.unwrap();
    assert!(matches!(within("the close is answered", socket.wire.next()).await, Some(Ok(Message::Close(_)))));
    let socket = Socket::connect(&served.client).await;
    served.begin_to_leave();
    assert_eq!(socket.closed().await.0, 1001);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_request_is_told_to_upgrade() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let reply = served.client.get("/api/v1/ws").await;
    assert_eq!((reply.status, reply.header("upgrade")), (426, Some("websocket")));
    assert_eq!(reply.json()["error"], "this address speaks WebSocket");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_must_be_said_in_time() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let closed = |settings: &mut Settings| {
        settings.server.token = Some(SecretString::from("secret"));
        settings.server.limits.header_time = Duration::from_millis(200);
    };
    let served = Served::start_with(&model, closed).await;
    let connect =
        async |path: &str, headers: &[(&'static str, &str)]| Socket::try_connect(&served.client, path, headers).await;
    // Nobody.
    let mut socket = connect("/api/v1/ws", &[]).await.unwrap();
    assert_eq!(socket.hear().await["authenticated"], false);
    assert_eq!(socket.closed().await.0, 4401);
    // Something else first.
    let mut socket = connect("/api/v1/ws", &[]).await.unwrap();
    socket.hear().await;
    assert_eq!(socket.ask(json!({"type": "list"})).await["error"]["code"], "unauthorized");
    assert_eq!(socket.closed().await.0, 4401);
    // The wrong word.
    let mut socket = connect("/api/v1/ws", &[]).await.unwrap();
    socket.hear().await;
    let wrong = socket.ask(json!({"type": "authenticate", "token": "guess"})).await;
    assert_eq!(wrong["error"]["code"], "unauthorized");
    assert_eq!(socket.closed().await, (4401, wrong["error"]["message"].as_str().unwrap().to_owned()));
    assert_eq!(connect("/api/v1/ws?token=guess", &[]).await.err(), Some(401));
    // The right one, in every way.
    let mut socket = connect("/api/v1/ws", &[]).await.unwrap();
    socket.hear().await;
    assert_eq!(socket.ask(json!({"type": "authenticate", "token": "secret"})).await["type"], "authenticated");
    assert_eq!(socket.ask(json!({"type": "list"})).await["type"], "sessions");
    let mut socket = connect("/api/v1/ws?token=secret", &[]).await.unwrap();
    assert_eq!(socket.hear().await["authenticated"], true);
    served.leave().await;
}

/// A reader that stops reading does not slow the others, is told, and closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_is_closed_and_slows_nobody() {
    let piece = "x".repeat(64 << 10);
    let pieces: Vec<&str> = (0..100).map(|_| piece.as_str()).collect();
    let gate = Gate::new();
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&pieces).wait_after(2, &gate)]);
    let impatient = |settings: &mut Settings| {
        settings.server.limits.slow_reader = Duration::from_secs(1);
        settings.server.limits.heartbeat = Duration::from_secs(1);
        settings.server.limits.socket_frames = 8;
    };
    let served = Served::start_with(&model, impatient).await;
    let asked = served.house.ask(&somebody(), question("much")).await.unwrap();
    let subscribe = json!({"type": "subscribe", "session": asked.session.as_str()});
    let mut slow = Socket::connect_narrowly(&served.client).await;
    slow.ask(subscribe.clone()).await;
    let mut quick = Socket::connect(&served.client).await;
    quick.ask(subscribe).await;
    gate.open();
    // Reads and does nothing else: to hold megabytes against a schema takes longer than the server waits.
    let end = loop {
        let next = within("the quick one hears all", quick.wire.next()).await.unwrap().unwrap().into_text().unwrap();
        if next.contains("\"type\":\"run.finished\"") {
            break next;
        }
    };
    assert!(end.contains("\"outcome\":\"completed\""));
    // Two signs of life of the quick one: the time of the slow one is over.
    for _ in 0..2 {
        let next = within("a ping comes", quick.wire.next()).await.unwrap().unwrap();
        assert!(matches!(next, Message::Ping(_)), "{next:?}");
    }
    let closed = slow.closed().await;
    assert_eq!(closed, (1013, "a message could not be written within 1000 ms".to_owned()));
    served.leave().await;
}

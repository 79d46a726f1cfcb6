//! What waits for readers is bounded in bytes, over all of them together, whichever way they read.

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use ombud::config::Wire;
use ombud::domain::SessionId;
use ombud::engine::{Answering, Ask, Engine, NewSession, OnBusy};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::house::{again, question, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Served, within};
use crate::support::socket::Socket;

/// Bytes that may wait.
const MOST: usize = 20 << 20;
/// Bytes of one fact: more than the system itself holds for a connection.
const LARGE: usize = 8 << 20;
/// Readers of each kind that stop.
const STOPPED: usize = 4;

/// A reader of Server-Sent Events that has read the head of its answer and stops.
async fn stopped(client: &Client, path: &str) -> TcpStream {
    let narrow = TcpSocket::new_v4().unwrap();
    narrow.set_recv_buffer_size(64 << 10).unwrap();
    let mut stream = narrow.connect(client.authority().parse().unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", client.authority());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("a byte of the head comes", stream.read_u8()).await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    stream
}

/// A reader of Socket.IO that has joined and stops.
async fn joined(client: &Client, session: &SessionId) -> Socket {
    let mut socket = Socket::open_narrowly(client, "/socket.io/?EIO=4&transport=websocket").await;
    let mut hear = async |begins: &str, says: Option<String>| {
        let mut heard = socket.heard().await.into_text().unwrap();
        // A sign of life may come at any time; every client is greeted.
        while heard == "2" || heard.starts_with("42[\"connection_established\"") {
            heard = socket.heard().await.into_text().unwrap();
        }
        assert!(heard.starts_with(begins), "{heard}");
        if let Some(says) = says {
            socket.say_text(&says).await;
        }
    };
    hear("0{", Some("40".to_owned())).await;
    hear("40{", Some(format!("42{}", json!(["join-session", { "sessionId": session }])))).await;
    hear("42[\"agent-status\"", None).await;
    socket
}

/// One figure of `/metrics`.
async fn measured(client: &Client, name: &str) -> usize {
    let text = client.get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    line.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_stop_are_cut_off_when_too_much_waits() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("quick")]);
    let served = Served::start_with(&model, |settings| {
        settings.server.limits.unread_bytes = MOST;
        // None is cut off for being slow.
        settings.server.limits.slow_reader = std::time::Duration::from_secs(3_600);
    })
    .await;
    let client = &served.client;
    let session = served.house.create(&somebody(), NewSession::default()).await.unwrap().id;
    let (mut streams, mut sockets) = (Vec::new(), Vec::new());
    for _ in 0..STOPPED {
        streams.push(stopped(client, &format!("/api/v1/sessions/events/stream?sessionId={session}")).await);
        streams.push(stopped(client, &format!("/ombud/v1/subscribe?session={session}")).await);
        let mut socket = Socket::connect_narrowly(client).await;
        assert_eq!(socket.ask(json!({ "type": "subscribe", "session": session })).await["type"], "subscribed");
        sockets.push(socket);
        sockets.push(joined(client, &session).await);
    }
    let large = Ask { answering: Answering::Nobody, ..again(&session, &"x".repeat(LARGE), OnBusy::Reject) };
    served.house.ask(&somebody(), large).await.unwrap();

    // Somebody else is served all the while, and whoever comes back gets everything.
    let stream = client.ask("/api/v1/oneshot/query/stream", &json!({ "query": "hello" })).await;
    assert_eq!(stream.values().await.last().unwrap()["type"], "agent_run_end");
    let whole = async {
        loop {
            let mut stream = client.request("GET", &format!("/ombud/v1/subscribe?session={session}")).send().await.unwrap();
            let mut read = 0;
            while let Ok(Some(piece)) = stream.chunk().await {
                read += piece.len();
                if read > LARGE {
                    return;
                }
            }
        }
    };
    within("a reader that reads has all", whole).await;

    // Those that do not fit, at the least: the system itself holds a part of what waits for each.
    let cut = 2 * STOPPED;
    let enough = async {
        loop {
            let waits = measured(client, "ombud_unread_bytes").await;
            assert!(waits <= MOST + 3 * LARGE, "{waits} bytes wait");
            if measured(client, "ombud_readers_cut_total").await >= cut && waits <= MOST + LARGE {
                return;
            }
        }
    };
    within("enough readers were cut off", enough).await;
    let mut ends = FuturesUnordered::new();
    for mut stream in streams {
        ends.push(
            async move {
                let mut read = Vec::new();
                // Those that were not cut off read on, and wait for more.
                let _ = stream.read_to_end(&mut read).await;
                assert!(read.len() < LARGE, "it was cut off in the middle");
            }
            .boxed(),
        );
    }
    for mut socket in sockets {
        ends.push(async move { while let Some(Ok(_)) = socket.wire.next().await {} }.boxed());
    }
    for _ in 0..cut {
        within("a reader was cut off", ends.next()).await;
    }
    drop(ends);
    let none = async { while measured(client, "ombud_unread_bytes").await > 0 {} };
    within("nothing waits any more", none).await;
    model.finish();
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_reads_is_not_charged() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("one"), Answer::text("two")]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let asked = served.house.ask(&somebody(), question("hello")).await.unwrap();
    let mut socket = joined(client, &asked.session).await;
    let large = Ask { answering: Answering::Nobody, ..again(&asked.session, &"x".repeat(LARGE), OnBusy::WaitThenReject) };
    served.house.ask(&somebody(), large).await.unwrap();
    loop {
        if socket.heard().await.into_text().unwrap().len() > LARGE {
            break;
        }
    }
    let none = async { while measured(client, "ombud_unread_bytes").await > 0 {} };
    within("nothing waits any more", none).await;
    assert_eq!(measured(client, "ombud_readers_cut_total").await, 0);
    served.leave().await;
}

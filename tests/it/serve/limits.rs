//! How much the server takes, and how long it waits for whom.

use std::time::Duration;

use ombud::config::{ServerLimits, Settings, Wire};
use ombud::engine::{Engine, NewSession};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::probe::one;
use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Served, send, within};

async fn probe(change: impl FnOnce(&mut ServerLimits)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let change = |settings: &mut Settings| change(&mut settings.server.limits);
    let served = Served::start_dialects(&model, change, vec![one()]).await;
    (model, served)
}

/// Sends bytes on a connection of its own; all that comes back until the server ends it.
async fn raw(served: &Served, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(served.client.authority()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut got = Vec::new();
    // A connection that is cut off while something was not read ends in an error.
    let _ = within("the server ends the connection", stream.read_to_end(&mut got)).await;
    String::from_utf8_lossy(&got).into_owned()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_peers_are_cut_off() {
    let (_model, served) = probe(|limits| limits.header_time = Duration::from_millis(50)).await;
    let head = "GET /things HTTP/1.1\r\nHost: localhost\r\n";
    assert_eq!(status(&raw(&served, b"").await), "");
    assert_eq!(status(&raw(&served, head.as_bytes()).await), "");
    // One that was answered and then is silent, too.
    let answered = raw(&served, format!("{head}\r\n").as_bytes()).await;
    assert_eq!((status(&answered), answered.ends_with("\r\n\r\none")), ("200", true), "{answered}");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_stops_coming_is_told_and_cut_off() {
    let (_model, served) = probe(|limits| limits.body_time = Duration::from_millis(50)).await;
    let head = "POST /things/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    for sent in
        [format!("{head}Content-Length: 10\r\n\r\n[1"), format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n")]
    {
        let answer = raw(&served, sent.as_bytes()).await;
        assert_eq!(status(&answer), "504", "{answer}");
        assert!(answer.contains(r#""code":"timed_out""#), "{answer}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_have_a_limit_and_a_form() {
    let (_model, served) = probe(|limits| limits.body_bytes = 2_000).await;
    let client = &served.client;
    let post = |body: Vec<u8>, media_type: &'static str| {
        send(client.request("POST", "/things/echo").header("content-type", media_type).body(body))
    };
    let fits = format!("\"{}\"", "x".repeat(1_998));
    assert_eq!(post(fits.clone().into_bytes(), "application/json").await.expect(200), json!("x".repeat(1_998)));
    let too_large = post(format!("{fits} ").into_bytes(), "application/json").await.expect(413);
    assert_eq!(too_large, json!({ "code": "too_large", "message": "the body is larger than 2000 bytes" }));
    let pieces = (0..30).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 100]));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let streamed = send(client.request("POST", "/things/echo").header("content-type", "application/json").body(stream));
    assert_eq!(streamed.await.expect(413)["code"], "too_large");
    assert_eq!(post(Vec::new(), "application/json").await.expect(200), json!({}));
    assert_eq!(post(b"not json".to_vec(), "text/plain").await.expect(200), json!({}));
    for (body, says) in [
        (&b"{\"a\":"[..], "the body is not JSON: EOF while parsing a value at line 1 column 5"),
        (b"\"\xff\"", "the body is not JSON: invalid unicode code point at line 1 column 2"),
        (&[b'['; 1_000], "the body is not JSON: recursion limit exceeded at line 1 column 128"),
        (b"{}{}", "the body is not JSON: trailing characters at line 1 column 3"),
    ] {
        let refused = post(body.to_vec(), "application/json").await.expect(400);
        assert_eq!(refused, json!({ "code": "invalid_input", "message": says }));
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_have_a_limit() {
    let (_model, served) = probe(|limits| {
        limits.head_lines = 20;
        limits.head_bytes = 10_000;
    })
    .await;
    let with = |more: String| format!("GET /things HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n");
    let lines = |count: usize| (0..count).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    assert_eq!(status(&raw(&served, with(lines(18)).as_bytes()).await), "200");
    assert_eq!(status(&raw(&served, with(lines(19)).as_bytes()).await), "431");
    let long = |length: usize| format!("X-Long: {}\r\n", "y".repeat(length));
    assert_eq!(status(&raw(&served, with(long(9_000)).as_bytes()).await), "200");
    assert_eq!(status(&raw(&served, with(long(12_000)).as_bytes()).await), "431");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_refused() {
    let (_model, served) = probe(|_| ()).await;
    let head = "POST /things/echo HTTP/1.1\r\nHost: localhost\r\n";
    for sent in [
        "nonsense\r\n\r\n".to_owned(),
        // Plain HTTP/2 is not spoken.
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET /things HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n".to_owned(),
        "GET /things HTTP/1.1\r\n\r\n".to_owned(),
        "GET http://evil.example/things HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ] {
        let mut stream = TcpStream::connect(served.client.authority()).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(matches!(status(&answer), "400" | ""), "{sent:?}: {answer}");
    }
    assert_eq!(served.client.get("/things").await.status, 200);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_too_many_waits() {
    let (_model, served) = probe(|limits| limits.connections = 2).await;
    let mut first = served.client.listen("/things/stream").await;
    let mut second = served.client.listen("/things/stream").await;
    assert!(first.next().await.is_some() && second.next().await.is_some());
    let mut third = Box::pin(served.client.get("/things"));
    let waits = tokio::time::timeout(Duration::from_millis(50), &mut third).await;
    assert!(waits.is_err(), "two connections are open");
    drop(first);
    assert_eq!(within("there is room again", third).await.status, 200);
    drop(second);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_not_sent_back_at_length() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("yes").always()]);
    let served = Served::start_with(&model, |settings| settings.server.allow_local_admin = true).await;
    let client = &served.client;
    let known = served.house.create(&somebody(), NewSession::default()).await.unwrap().id;
    let long = "x".repeat(10_000);
    // What ends the server would end the test.
    for route in ombud::server::mounts(&[])
        .unwrap()
        .into_iter()
        .filter(|route| !route.path.ends_with("/stop") || route.path.contains("{"))
    {
        let place = |segment: &str| if segment.starts_with('{') { long.clone() } else { segment.to_owned() };
        let path = route.path.split('/').map(place).collect::<Vec<_>>().join("/");
        let names = ["sessionId", "session", "run", "call", "blob", "after", "path", "query", "agent", "model"];
        for session in [long.as_str(), known.as_str()] {
            let fields = names.map(|name| (name.to_owned(), json!(if name.contains("session") { session } else { &long })));
            let body = serde_json::Value::Object(fields.into_iter().collect());
            let query = if route.method == "GET" {
                format!("?sessionId={session}&session={session}&after={long}")
            } else {
                String::new()
            };
            let mut request = client.request(&route.method, &format!("{path}{query}"));
            if route.method != "GET" {
                request = request.json(&body);
            }
            let reply = send(request).await;
            if reply.status >= 400 {
                assert!(reply.body.len() < 3_000, "{route:?}: {} bytes", reply.body.len());
            }
        }
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_sockets_count_as_requests() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings| settings.server.limits.requests_per_minute = 4).await;
    let mut socket = crate::support::socket::Socket::connect(&served.client).await;
    for _ in 0..3 {
        assert_eq!(socket.ask(json!({ "type": "ping" })).await["type"], "pong");
    }
    let refused = socket.ask(json!({ "type": "ping" })).await;
    assert_eq!(refused["error"]["code"], "rate_limited", "{refused}");
    assert_eq!(refused["error"]["message"], "more than 4 requests in a minute");
    assert_eq!(served.client.get("/api/v1/version").await.status, 429, "they share one pace");
    served.leave().await;
}

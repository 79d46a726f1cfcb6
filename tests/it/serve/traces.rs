//! What a collector of traces is sent.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use ombud::config::Wire;
use serde_json::json;

use crate::support::model_server::{Answer, ModelServer, nobody_listening};
use crate::support::process::{PATIENCE, Place};
use crate::support::server::Serving;

/// A collector: an HTTP server that takes everything. What came: (head, body).
fn collector() -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (told, came) = sync_channel(1_000);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let told = told.clone();
            thread::spawn(move || {
                while let Some(request) = take(&stream) {
                    if told.send(request).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, came)
}

/// One request, answered.
fn take(mut stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some((head, body))
}

/// Asks the agent of a server, which calls a tool, and waits for the end of its run.
async fn asked(serving: &Serving) {
    let ask = json!({
        "target": { "new": {} },
        "input": [{ "kind": "text", "text": "what is in the notes, dear canary?" }],
        "blobs": [], "context": [], "answering": "session_agent", "on_busy": "reject", "pins": {}, "priority": 0,
    });
    let asked = serving.client.post("/ombud/v1/ask", &ask).await.expect(200);
    let (session, after) = (asked["session"].as_str().unwrap(), asked["before"].as_str().unwrap());
    let mut stream = serving.client.listen(&format!("/ombud/v1/subscribe?session={session}&after={after}")).await;
    while stream.next().await.unwrap().json()["type"] != "run.finished" {}
}

fn model() -> ModelServer {
    let read = Answer::calls(vec![("read_file", json!({ "path": "notes.txt" }))]).usage(10, 0, 5);
    ModelServer::start(Wire::Openai, vec![read, Answer::text("teal").usage(20, 0, 7)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_shows_request_run_model_and_tool() {
    let (address, came) = collector();
    let model = model();
    let place = Place::new("sqlite").asking(&model);
    let mut command = place.command(&["serve", "--port", "0"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &address);
    let serving = Serving::of(command);
    asked(&serving).await;
    let text = serving.client.get("/metrics").await.text();
    for line in ["ombud_model_calls_total 2", "ombud_tool_calls_total 1", "ombud_input_tokens_total 30"] {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
    let ended = serving.end();
    assert_eq!(ended.code, Some(0), "{ended}");
    let sent: Vec<_> = std::iter::from_fn(|| came.try_recv().ok()).collect();
    assert!(!sent.is_empty(), "{ended}");
    for (head, _) in &sent {
        assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    }
    let all: Vec<u8> = sent.into_iter().flat_map(|(_, body)| body).collect();
    let all = String::from_utf8_lossy(&all);
    for name in [
        "POST /ombud/v1/ask",
        "invoke_agent default",
        "chat scripted",
        "execute_tool read_file",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model",
        "gen_ai.usage.output_tokens",
        "gen_ai.tool.call.id",
        "gen_ai.conversation.id",
        "service.name",
    ] {
        assert!(all.contains(name), "{name} was not sent");
    }
    assert!(!all.contains("canary") && !all.contains("teal"), "what is said stays here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_gone_harms_nothing() {
    let model = model();
    let place = Place::new("sqlite").asking(&model);
    let mut command = place.command(&["serve", "--port", "0"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", nobody_listening());
    let serving = Serving::of(command);
    asked(&serving).await;
    let ended = serving.process;
    ended.signal(rustix::process::Signal::TERM);
    let ended = ended.end(PATIENCE);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stderr.contains("spans of traces were not sent"), "{ended}");
}

//! What the server of ElizaOS 1.4.2 was recorded to answer, asked of ours in the same order: the same statuses, keys and types.
//! What the recorded server called things is replaced by what ours calls them, as soon as both have named it.

use std::collections::HashMap;
use std::path::Path;

use ombud::config::Wire;
use ombud::domain::{Fact, RunStatus};
use ombud::engine::{Engine, RunFilter};
use serde_json::{Map, Value, json};

use super::meant::{Meant, hold};
use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send};
use crate::support::shape::differences;

/// The differences that are meant.
const MEANT: &[Meant] = &[];

/// One exchange of the recording.
struct Exchange(Map<String, Value>);

impl Exchange {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn status(&self) -> u64 {
        self.0["status"].as_u64().unwrap()
    }
}

fn exchanges() -> Vec<Exchange> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/eliza/recorded.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| Exchange(serde_json::from_str(line).unwrap())).collect()
}

/// What the recorded server called things, by what ours calls them.
#[derive(Default)]
struct Names(HashMap<String, String>);

/// Whether a text names something: an id, or a file that was uploaded.
fn is_name(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok_and(|_| text.len() == 36) || text.starts_with("/media/")
}

impl Names {
    fn learn(&mut self, recorded: &Value, here: &Value) {
        match (recorded, here) {
            (Value::Object(recorded), Value::Object(here)) => {
                for (name, value) in recorded {
                    if let Some(other) = here.get(name) {
                        self.learn(value, other);
                    }
                }
            }
            (Value::Array(recorded), Value::Array(here)) => {
                recorded.iter().zip(here).for_each(|(recorded, here)| self.learn(recorded, here));
            }
            (Value::String(recorded), Value::String(here)) if is_name(recorded) && recorded != here => {
                self.0.entry(recorded.clone()).or_insert_with(|| here.clone());
            }
            _ => {}
        }
    }

    fn put(&self, text: &str) -> String {
        // The longest first: an address holds ids.
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by_key(|(recorded, _)| std::cmp::Reverse(recorded.len()));
        all.into_iter().fold(text.to_owned(), |text, (recorded, here)| text.replace(recorded, here))
    }
}

/// The bytes of a file of the recording.
fn bytes(name: &str, size: usize) -> Vec<u8> {
    let begin: &[u8] = match name.rsplit('.').next().unwrap() {
        "png" => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        "wav" => b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data",
        "pdf" => b"%PDF-1.4",
        "zip" => b"PK",
        _ => b"hello\n",
    };
    let mut bytes = begin.to_vec();
    bytes.resize(size, 0);
    bytes
}

/// A body of several parts, of which the recording tells one: `file=@NAME;type=TYPE (SIZE bytes)`, or `NAME=TEXT`.
fn form(part: &str) -> Vec<u8> {
    let mut body = b"--edge\r\n".to_vec();
    match part.split_once("=@") {
        Some((field, rest)) => {
            let (name, rest) = rest.split_once(";type=").unwrap();
            let (media, size) = rest.split_once(" (").unwrap();
            let size = size.split(' ').next().unwrap().parse().unwrap();
            let head = format!(
                "Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: {media}\r\n\r\n"
            );
            body.extend(head.as_bytes());
            body.extend(bytes(name, size));
        }
        None => {
            let (field, text) = part.split_once('=').unwrap();
            body.extend(format!("Content-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}").as_bytes());
        }
    }
    body.extend(b"\r\n--edge--\r\n");
    body
}

async fn ask(client: &Client, names: &Names, exchange: &Exchange) -> Reply {
    let mut request = client.request(exchange.text("method"), &names.put(exchange.text("path")));
    for header in exchange.0.get("headers").and_then(Value::as_array).into_iter().flatten() {
        let (name, value) = header.as_str().unwrap().split_once(": ").unwrap();
        request = request.header(name, value);
    }
    if let Some(media) = exchange.0.get("type").and_then(Value::as_str) {
        request = request.header("content-type", media);
    }
    if let Some(parts) = exchange.0.get("form").and_then(Value::as_array) {
        request = request.header("content-type", "multipart/form-data; boundary=edge");
        request = request.body(form(parts[0].as_str().unwrap()));
    } else if let Some(body) = exchange.0.get("body") {
        request = request.body(names.put(&body.to_string()));
    } else if let Some(size) = exchange.0.get("bytes").and_then(Value::as_u64) {
        request = request.body(json!({ "x": "x".repeat(usize::try_from(size).unwrap()) }).to_string());
    } else if !exchange.text("text").is_empty() {
        request = request.body(exchange.text("text").to_owned());
    }
    send(request).await
}

fn compare(exchange: &Exchange, reply: &Reply) -> Vec<String> {
    let mut found = Vec::new();
    if u64::from(reply.status) != exchange.status() {
        found.push(format!("status {}, here {}", exchange.status(), reply.status));
    }
    let media = reply.header("content-type").unwrap_or_default().split(';').next().unwrap().to_owned();
    if media != exchange.text("media") {
        found.push(format!("media type {:?}, here {media:?}", exchange.text("media")));
    }
    if let Some(recorded) = exchange.0.get("answer") {
        match serde_json::from_slice(&reply.body) {
            Ok(here) => found.extend(differences(recorded, &here)),
            Err(_) => found.push("no JSON here".to_owned()),
        }
    }
    if !exchange.text("said").is_empty() && exchange.text("said") != reply.text() {
        found.push(format!("text {:?}", exchange.text("said")));
    }
    found
}

/// Waits until no run is at work: the recorder waited for the answers of agents too.
async fn rest(served: &Served) {
    let works = [RunStatus::Running, RunStatus::Queued];
    loop {
        let runs = served.house.runs(&somebody(), &RunFilter::newest(None, &works, 1)).await.unwrap().runs;
        let Some(run) = runs.first() else { return };
        // Its end is in its log.
        let mut frames = served.house.subscribe(&somebody(), &run.session, None).await.unwrap();
        let ended = async {
            use futures_util::StreamExt as _;
            while let Some(frame) = frames.next().await {
                if let Ok(ombud::domain::Frame::Fact(event)) = frame
                    && event.run.as_ref() == Some(&run.id)
                    && matches!(event.fact, Fact::RunFinished(_))
                {
                    return;
                }
            }
        };
        crate::support::server::within("a run ends", ended).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_is_answered_in_kind() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("mock reply").always()]);
    let state = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let served = Served::start_with(&model, |settings| {
        settings.server.allow_local_admin = true;
        settings.server.dialects = vec!["eliza".into()];
        settings.paths.state = state.path().to_owned();
    })
    .await;
    // What the recorded server had before.
    let mocky = json!({"characterJson": {"name": "Mocky", "bio": ["A scripted test agent."]}});
    let id = served.client.post("/api/agents", &mocky).await.expect(201)["data"]["id"].as_str().unwrap().to_owned();
    served.client.post(&format!("/api/agents/{id}/start"), &json!({})).await.expect(200);
    served.client.post("/api/system/env/local", &json!({"content": {"X": "1"}})).await.expect(200);
    let (mut names, mut found) = (Names::default(), Vec::new());
    for exchange in exchanges() {
        let reply = ask(&served.client, &names, &exchange).await;
        let differ = compare(&exchange, &reply);
        found.extend(differ.into_iter().map(|difference| format!("{}: {difference}", exchange.text("name"))));
        if let (Some(recorded), Ok(here)) = (exchange.0.get("answer"), serde_json::from_slice(&reply.body)) {
            names.learn(recorded, &here);
        }
        if exchange.text("method") == "POST" {
            rest(&served).await;
        }
    }
    hold(&found, MEANT, "docs/dialects/eliza.md");
    served.leave().await;
}

//! What the server of ElizaOS 1.4.2 was recorded to answer, asked of ours in the same order: the same statuses, keys and types.
//! What the recorded server called things is replaced by what ours calls them, as soon as both have named it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use ombud::config::Wire;
use ombud::domain::{Fact, RunStatus};
use ombud::engine::{Engine, RunFilter};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::meant::{Meant, hold};
use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send};
use crate::support::shape::differences;

/// The differences that are meant.
const MEANT: &[Meant] = &[
    Meant {
        key: "errors",
        reason: "An error is an object with a code and a message on every route, as the documentation of the API has it. The \
                 published client reads nothing but the status out of the other form",
        forms: &["*: type error: string, here object", "*: missing details"],
    },
    Meant {
        key: "runtime",
        reason: "The documentation writes `/api/runtime`, the packages answer on `/api/server`: both are served",
        forms: &["*-runtime-*: status 404, here 200"],
    },
    Meant {
        key: "health",
        reason: "`/healthz` and `/health` are of 1.6.4",
        forms: &["009-healthz: status 403, here 200", "010-health-root: status 403, here 200"],
    },
    Meant { key: "console", reason: "The server has a console of its own", forms: &["024-root-ui: status 403, here 200"] },
    Meant {
        key: "faults",
        reason: "What is wrong with a request is told as such, and not as a failure of the server",
        forms: &["*: status 500, here 400", "*: status 500, here 404", "*: status 500, here 413", "*: status 500, here 415"],
    },
    Meant {
        key: "ghosts",
        reason: "What is not there cannot be changed",
        forms: &["045-agents-patch-ghost: status 200, here 404", "148-memory-patch-ghost: status 200, here 404"],
    },
    Meant {
        key: "worlds",
        reason: "The original takes `worlds` for the id of an agent; the documentation lists worlds here",
        forms: &["*-agents-worlds*: status 400, here 200"],
    },
    Meant {
        key: "channel-media",
        reason: "The original looks for what was uploaded to a channel in another folder than it stores it in, and its own client \
                 uploads to a path that it does not have",
        forms: &[
            "171-media-channel-serve: status 404, here 200",
            "175-messaging-central-channel-upload: status 404, here 200",
        ],
    },
    Meant {
        key: "newer",
        reason: "The names of 1.5 to 1.7 are served beside those of 1.4.2",
        forms: &["*: status 404, here 200", "*: status 404, here 201"],
    },
    Meant {
        key: "transports",
        reason: "`transport` counts, as in 1.7: `http` waits for the agent, `sse` streams its answer",
        forms: &[
            "099-messages-post-transport-http: more *",
            "100-messages-post-transport-sse: status 201, here 200",
            "194-sessions-send-http: *",
            "195-sessions-send-sse: status 201, here 200",
        ],
    },
    Meant {
        key: "message-server",
        reason: "A message says its server under the name of 1.6.5 too",
        forms: &["*: more data.message_server_id"],
    },
    Meant {
        key: "sessions",
        reason: "Sessions tell what they do since 1.5: when they end, where their channel is, how to page",
        forms: &["*-sessions-*: more *"],
    },
    Meant {
        key: "actions",
        reason: "What an agent is told to do, as in 1.5, stands in the channel: the original had refused it before",
        forms: &["123-messages-get-2: *"],
    },
    Meant {
        key: "agent-logs",
        reason: "A call of a model is told with what this server knows of it",
        forms: &["*-agent-logs*: missing data[].body.params.*", "*-agent-logs*: more data[].body.model"],
    },
    Meant {
        key: "memories",
        reason: "A memory holds what was said, and not the XML that the original has its model write around it",
        forms: &["*: * data.memories*"],
    },
    Meant {
        key: "rooms",
        reason: "The rooms of an agent are all in which it takes part, as in 1.7, with what their makers said of them",
        forms: &["*: items data.rooms: *", "143-memory-rooms-get: type data.metadata: null, here object"],
    },
    Meant {
        key: "speech",
        reason: "The original asks its model for speech in a way that it refuses; here the agent answers, and that is spoken",
        forms: &["185-speech-conversation: status 500, here 200"],
    },
    Meant {
        key: "unknown-paths",
        reason: "A job that is not there has the code of its route; a path that no plugin has is one that is not there, \
                 whichever agent it names",
        forms: &["*: type error.code: *", "211-plugin-route-bad-agent: status 400, here 404"],
    },
];

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

    /// What a request names that nobody has named before is its client's own: it keeps its name.
    fn keep(&mut self, exchange: &Exchange) {
        let text = format!("{} {}", exchange.text("path"), exchange.0.get("body").unwrap_or(&Value::Null));
        for at in 0..text.len() {
            if let Some(id) = text.get(at..at + 36).filter(|id| is_name(id)) {
                self.0.entry(id.to_owned()).or_insert_with(|| id.to_owned());
            }
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

/// What was said, of a message or a memory.
fn said(item: &Value) -> Option<&str> {
    let content = item.get("content")?;
    content.as_str().or_else(|| content.get("text")?.as_str())
}

/// Puts what was said here into the recorded order: how quick a model is decides where answers stand among questions.
fn align(recorded: &Value, here: &mut Value) {
    match (recorded, here) {
        (Value::Object(recorded), Value::Object(here)) => {
            for (name, value) in recorded {
                if let Some(other) = here.get_mut(name) {
                    align(value, other);
                }
            }
        }
        (Value::Array(recorded), Value::Array(here))
            if recorded.iter().chain(here.iter()).all(|item| said(item).is_some()) =>
        {
            let mut aligned = Vec::new();
            for item in recorded {
                if let Some(at) = here.iter().position(|other| said(other) == said(item)) {
                    aligned.push(here.remove(at));
                }
            }
            aligned.append(here);
            *here = aligned;
        }
        _ => {}
    }
}

fn compare(exchange: &Exchange, reply: &Reply) -> Vec<String> {
    let mut found = Vec::new();
    if u64::from(reply.status) != exchange.status() {
        return vec![format!("status {}, here {}", exchange.status(), reply.status)];
    }
    let media = reply.header("content-type").unwrap_or_default().split(';').next().unwrap().to_owned();
    if media != exchange.text("media") {
        found.push(format!("media type {:?}, here {media:?}", exchange.text("media")));
    }
    if let Some(recorded) = exchange.0.get("answer") {
        match serde_json::from_slice::<Value>(&reply.body) {
            Ok(mut here) => {
                let mut recorded = recorded.clone();
                if exchange.text("name").contains("-server-logs") {
                    // What is written to the log is the server's own affair, and whose lines are there is nobody's.
                    for told in [&mut recorded, &mut here] {
                        told.as_object_mut().unwrap().remove("logs");
                    }
                }
                align(&recorded, &mut here);
                let mut differ = differences(&recorded, &here);
                differ.sort();
                differ.dedup();
                found.extend(differ);
            }
            Err(_) => found.push("no JSON here".to_owned()),
        }
    }
    if !exchange.text("said").is_empty() && exchange.text("said") != reply.text() {
        found.push(format!("text {:?}", exchange.text("said")));
    }
    found
}

/// Waits until no run is at work: the recorder waited for the answers of agents too.
async fn rest(served: &Served, after: &str) {
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
        let what = format!("run {} of session {} ends after {after}", run.id, run.session);
        crate::support::server::within(&what, ended).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_is_answered_in_kind() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("mock reply").always()]);
    let state = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let served = Served::start_with(&model, |settings| {
        settings.server.allow_local_admin = true;
        settings.server.dialects = vec!["eliza".into()];
        settings.server.origins = vec!["http://example.test".into()];
        settings.tools.guard = Some(env!("CARGO_BIN_EXE_ombud").into());
        settings.speech.transcribe_command = Some("echo mock transcript".into());
        settings.speech.speak_command = Some("printf RIFF....WAVEfmt".into());
        let mut mocky = settings.agents.remove("default").unwrap();
        mocky.name = "Mocky".into();
        mocky.description = "A scripted test agent.".into();
        settings.agents.insert(mocky.name.clone(), mocky);
        settings.agent = "Mocky".into();
        settings.paths.state = state.path().to_owned();
    })
    .await;
    // What the recorded server had before.
    served.client.post("/api/system/env/local", &json!({"content": {"X": "1"}})).await.expect(200);
    // Jobs stand in the queue.
    let (stop, house) = (CancellationToken::new(), Arc::clone(&served.house));
    let told = stop.clone();
    let attending = tokio::spawn(async move { house.attend_to_queue(told).await });
    let (mut names, mut found) = (Names::default(), Vec::new());
    for exchange in exchanges() {
        names.keep(&exchange);
        let reply = ask(&served.client, &names, &exchange).await;
        let differ = compare(&exchange, &reply);
        found.extend(differ.into_iter().map(|difference| format!("{}: {difference}", exchange.text("name"))));
        if let (Some(recorded), Ok(mut here)) = (exchange.0.get("answer"), serde_json::from_slice(&reply.body)) {
            align(recorded, &mut here);
            names.learn(recorded, &here);
        }
        if exchange.text("method") == "POST" {
            rest(&served, exchange.text("name")).await;
        }
    }
    stop.cancel();
    crate::support::server::within("the queue is left", attending).await.unwrap().unwrap();
    hold(&found, MEANT, "docs/dialects/eliza.md");
    served.leave().await;
}

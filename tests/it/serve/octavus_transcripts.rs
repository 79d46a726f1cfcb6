//! What the SDK 2.0.0 was recorded to ask, asked of our server in the same order: the same statuses, events, keys and types.
//! What the recorded platform called things is replaced by what ours calls them, as soon as both have named it.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};

use super::meant::{Meant, hold};
use super::octavus::{Bed, acceptance};
use crate::support::model_server::Answer;
use crate::support::server::{Client, send};
use crate::support::shape::differences;

/// The differences that are meant.
const MEANT: &[Meant] = &[
    Meant {
        key: "code",
        reason: "An error of a provider has the provider's name and status in its code, as in the original; where no status is \
                 known, the word of ours",
        forms: &["26-error-model-rate-limit: error: code OPENAI_429, here HOUSE_429"],
    },
    Meant {
        key: "operation",
        reason: "A block whose work people see is part of the message, as in the chat of the client SDK while it is live",
        forms: &["25-messages-after-abort: items messages[].parts: 1, here 2"],
    },
];

/// The fields that name something.
const NAMES: [&str; 6] = ["sessionId", "agentId", "executionId", "messageId", "toolCallId", "id"];

/// One exchange of a recording.
struct Exchange {
    method: String,
    path: String,
    key: Option<String>,
    body: Option<Value>,
    status: u16,
    answer: Option<Value>,
    events: Vec<Value>,
}

struct Recording {
    name: String,
    exchanges: Vec<Exchange>,
}

fn recordings() -> Vec<Recording> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/octavus/recorded");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| recording(file)).collect()
}

fn recording(file: &Path) -> Recording {
    let text = std::fs::read_to_string(file).unwrap();
    let mut exchanges: Vec<Exchange> = Vec::new();
    for section in text.split("=== exchange ").skip(1) {
        let section = section.split("\n=== ").next().unwrap();
        let (title, message) = section.split_once('\n').unwrap();
        let (head, body) = message.split_once("\n\n").unwrap_or((message, ""));
        let mut lines = head.lines();
        let first: Vec<&str> = lines.next().unwrap().split(' ').collect();
        if title.ends_with("request") {
            let bearer =
                lines.find_map(|line| line.to_ascii_lowercase().strip_prefix("authorization: bearer ").map(|_| line));
            let key = bearer.map(|line| line.rsplit(' ').next().unwrap().to_owned());
            exchanges.push(Exchange {
                method: first[0].to_owned(),
                path: first[1].to_owned(),
                key,
                body: serde_json::from_str(body.trim()).ok(),
                status: 0,
                answer: None,
                events: vec![],
            });
        } else {
            let exchange = exchanges.last_mut().unwrap();
            exchange.status = first[1].parse().unwrap();
            exchange.answer = serde_json::from_str(body.trim()).ok();
            let data = body.lines().filter_map(|line| line.strip_prefix("data: "));
            exchange.events = data.filter_map(|data| serde_json::from_str(data).ok()).collect();
        }
    }
    Recording { name: file.file_stem().unwrap().to_str().unwrap().to_owned(), exchanges }
}

/// What the recorded platform called things, by what ours calls them.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn learn(&mut self, recorded: &Value, here: &Value, key: &str) {
        match (recorded, here) {
            (Value::Object(recorded), Value::Object(here)) => {
                for (name, value) in recorded {
                    if let Some(other) = here.get(name) {
                        self.learn(value, other, name);
                    }
                }
            }
            (Value::Array(recorded), Value::Array(here)) => {
                recorded.iter().zip(here).for_each(|(recorded, here)| self.learn(recorded, here, key));
            }
            (Value::String(recorded), Value::String(here)) if NAMES.contains(&key) => {
                self.0.entry(recorded.clone()).or_insert_with(|| here.clone());
            }
            _ => {}
        }
    }

    fn put(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (recorded, here)| text.replace(recorded, here))
    }
}

/// Events with neighbours of one kind as one, since a model may speak in other pieces.
fn told(events: &[Value]) -> Vec<Value> {
    let mut told: Vec<Value> = Vec::new();
    for event in events {
        let same = told.last().is_some_and(|last| {
            last["type"] == event["type"] && event["type"].as_str().is_some_and(|kind| kind.ends_with("-delta"))
        });
        if !same {
            told.push(event.clone());
        }
    }
    told
}

fn compare(recorded: &Exchange, status: u16, answer: Option<&Value>, events: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    if status != recorded.status {
        found.push(format!("status {}, here {status}", recorded.status));
    }
    if let (Some(recorded), Some(here)) = (&recorded.answer, answer) {
        found.extend(differences(recorded, here));
    }
    let (recorded, here) = (told(&recorded.events), told(events));
    let kinds = |events: &[Value]| events.iter().map(|event| event["type"].to_string()).collect::<Vec<_>>().join(" ");
    if kinds(&recorded) != kinds(&here) {
        found.push(format!("events {}, here {}", kinds(&recorded), kinds(&here)));
        return found;
    }
    for (recorded, here) in recorded.iter().zip(&here) {
        let kind = recorded["type"].as_str().unwrap();
        found.extend(differences(recorded, here).into_iter().map(|difference| format!("{kind}: {difference}")));
        for field in
            ["finishReason", "errorType", "source", "retryable", "code", "display", "blockType", "blockName", "title"]
        {
            let (one, other) = (&recorded[field], &here[field]);
            if one != other && recorded.get(field).is_some() && here.get(field).is_some() {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                found.push(format!("{kind}: {field} {}, here {}", text(one), text(other)));
            }
        }
    }
    found
}

fn script() -> Vec<Answer> {
    let plain = || Answer::pieces(&["Plain ", "reply."]);
    let call = || Answer::calls(vec![("get-user", json!({"userId": "42"}))]);
    let record = || Answer::pieces(&["User record: ", "Ada."]);
    vec![
        plain(),
        call(),
        record(),
        call(),
        record(),
        call(),
        record(),
        plain(),
        call(),
        record(),
        Answer::pieces(&["word0 ", "word1 ", "word2 ", "word3 "]).stall_after(5),
        Answer::error(429, "rate_limit", "Rate limit reached").header("retry-after", "7"),
        plain(),
    ]
}

async fn ask(bed: &Bed, names: &Names, exchange: &Exchange) -> (u16, Option<Value>, Vec<Value>) {
    let client: Client = match exchange.key.as_deref() {
        Some("wrong-key") => bed.served.client.with("authorization", "Bearer wrong-key"),
        _ => bed.old(),
    };
    let mut request = client.request(&exchange.method, &names.put(&exchange.path));
    request = request.header("content-type", "application/json");
    if let Some(body) = &exchange.body {
        request = request.body(names.put(&body.to_string()));
    }
    if !exchange.events.is_empty() && exchange.events.last().unwrap()["type"] == "text-delta" {
        // The client closed the connection here.
        let mut stream = crate::support::server::open(request).await;
        let mut events = Vec::new();
        while events.len() < exchange.events.len() {
            events.push(stream.next().await.unwrap().json());
        }
        drop(stream);
        bed.model.wait_until_left(1);
        return (200, None, events);
    }
    let reply = send(request).await;
    if reply.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        let text = reply.text();
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        return (reply.status, None, data.filter_map(|data| serde_json::from_str(data).ok()).collect());
    }
    (reply.status, Some(reply.json()), vec![])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_is_answered_in_kind() {
    let bed = Bed::with(&ombud::storage::StoreUrl::Memory, script(), |settings| {
        settings.limits.model_attempts = 1;
        let agent = acceptance();
        settings.agents.insert(agent.name.clone(), agent);
    })
    .await;
    let mut names = Names::default();
    names.0.insert("cmmwoiecep000r27wwc".to_owned(), "octavus-acceptance".to_owned());
    let mut found = Vec::new();
    for recording in recordings() {
        for exchange in &recording.exchanges {
            let mut answered = ask(&bed, &names, exchange).await;
            // A run whose client went away needs a moment to end.
            while answered.0 == 429 {
                answered = ask(&bed, &names, exchange).await;
            }
            let (status, answer, events) = answered;
            let differ = compare(exchange, status, answer.as_ref(), &events);
            found.extend(differ.into_iter().map(|difference| format!("{}: {difference}", recording.name)));
            if let (Some(recorded), Some(here)) = (&exchange.answer, &answer) {
                names.learn(recorded, here, "");
            }
            names.learn(&json!(told(&exchange.events)), &json!(told(&events)), "");
        }
    }
    hold(&found, MEANT, "docs/dialects/octavus.md");
    bed.served.leave().await;
}

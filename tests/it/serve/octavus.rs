//! What the tests of Octavus share: a server with agents of its own, requests as the SDKs send them, and events with ids that
//! do not change from run to run.

use std::collections::HashMap;

use ombud::config::{Settings, Wire};
use ombud::dialects::octavus::definition::{Prompt, Settings as AgentSettings, Source, compile};
use ombud::domain::Agent;
use ombud::storage::StoreUrl;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served};

const TOKEN: &str = "correct-horse-battery";
/// The name of the interactive agent.
pub const CHAT: &str = "chat";
/// The name of the worker.
pub const WORKER: &str = "writer";

const PROTOCOL: &str = include_str!("../../fixtures/octavus/chat.yaml");
const STEPS: &str = include_str!("../../fixtures/octavus/writer.yaml");

fn agent(slug: &str, format: &str, protocol: &str, prompts: &[(&str, &str)]) -> Agent {
    let prompt = |(name, content): &(&str, &str)| Prompt { name: (*name).to_owned(), content: (*content).to_owned() };
    let source = Source {
        settings: AgentSettings {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            description: None,
            format: format.to_owned(),
        },
        protocol: protocol.to_owned(),
        prompts: prompts.iter().map(prompt).collect(),
        references: vec![],
    };
    let (agent, faults) = compile(&source);
    agent.unwrap_or_else(|| panic!("{faults:?}"))
}

/// The agent of the acceptance script, which the recordings are about.
pub fn acceptance() -> Agent {
    let protocol =
        include_str!("../../fixtures/octavus/acceptance/protocol.yaml").replace("openai/mock-model", "house/small");
    let prompts = [
        ("system", include_str!("../../fixtures/octavus/acceptance/prompts/system.md")),
        ("user-message", include_str!("../../fixtures/octavus/acceptance/prompts/user-message.md")),
    ];
    agent("octavus-acceptance", "interactive", &protocol, &prompts)
}

/// The settings of a server with both agents.
pub fn with_agents(settings: &mut Settings) {
    settings.server.token = Some(SecretString::from(TOKEN));
    let chat = [
        ("system", "You answer for {{COMPANY_NAME}}."),
        ("user-message", "{{USER_MESSAGE}}"),
        ("found", "Tell it: {{LOOKUP}}"),
        ("side", "You sum up."),
    ];
    let worker = [("system", "You write."), ("task", "{{TASK}}")];
    for agent in [agent(CHAT, "interactive", PROTOCOL, &chat), agent(WORKER, "worker", STEPS, &worker)] {
        settings.agents.insert(agent.name.clone(), agent);
    }
}

/// A server, and a client that it knows.
pub struct Bed {
    pub served: Served,
    pub client: Client,
    pub model: ModelServer,
}

impl Bed {
    pub async fn new(script: Vec<Answer>) -> Self {
        Self::with(&StoreUrl::Memory, script, |_| ()).await
    }

    pub async fn with(store: &StoreUrl, script: Vec<Answer>, change: impl FnOnce(&mut Settings)) -> Self {
        let model = ModelServer::start(Wire::Openai, script);
        let served = Served::start_on(store, &model, |settings| {
            with_agents(settings);
            change(settings);
        })
        .await;
        let client = served.client.with("authorization", &format!("Bearer {TOKEN}")).with("x-octavus-sdk-version", "4");
        Self { served, client, model }
    }

    /// A client of 2.x.
    pub fn old(&self) -> Client {
        self.served.client.with("authorization", &format!("Bearer {TOKEN}"))
    }

    /// A new session.
    pub async fn session(&self) -> String {
        let made = self.client.post("/api/agent-sessions", &json!({"agentId": CHAT})).await.expect(201);
        made["sessionId"].as_str().unwrap().to_owned()
    }

    /// One leg, to its end.
    pub async fn leg(&self, session: &str, body: &Value) -> Leg {
        leg(&self.client, &format!("/api/agent-sessions/{session}/trigger"), body).await
    }

    /// A message of the chat.
    pub async fn say(&self, session: &str, text: &str) -> Leg {
        self.leg(session, &said(text)).await
    }

    /// What the tools gave.
    pub async fn give(&self, session: &str, leg: &Leg, results: &Value) -> Leg {
        self.leg(session, &json!({"executionId": leg.execution(), "toolResults": results})).await
    }

    /// A leg that is refused.
    pub async fn refused(&self, session: &str, body: &Value) -> (u16, String, String) {
        refusal(&self.client.post(&format!("/api/agent-sessions/{session}/trigger"), body).await)
    }

    /// The messages for users.
    pub async fn messages(&self, session: &str) -> Vec<Value> {
        messages(&self.client, session).await
    }

    /// All of a session.
    pub async fn state(&self, session: &str) -> Value {
        self.client.get(&format!("/api/agent-sessions/{session}")).await.expect(200)
    }
}

pub async fn messages(client: &Client, session: &str) -> Vec<Value> {
    let told = client.get(&format!("/api/agent-sessions/{session}?format=ui")).await.expect(200);
    assert_eq!((&told["sessionId"], &told["status"]), (&json!(session), &json!("active")));
    told["messages"].as_array().unwrap().clone()
}

/// Status, code and text of a flat error.
pub fn refusal(reply: &Reply) -> (u16, String, String) {
    let body = reply.json();
    assert!(body.as_object().is_some_and(|body| body.len() == 2), "{body}");
    (reply.status, body["code"].as_str().unwrap().to_owned(), body["error"].as_str().unwrap().to_owned())
}

/// The body of a message of the chat.
pub fn said(text: &str) -> Value {
    json!({"triggerName": "user-message", "input": {"USER_MESSAGE": text}})
}

/// One leg of a run.
pub struct Leg {
    pub events: Vec<Value>,
}

/// Reads one leg, and holds it to the frames that the SDKs read.
pub async fn leg(client: &Client, path: &str, body: &Value) -> Leg {
    let reply = client.post(path, body).await;
    let text = reply.text();
    assert_eq!(reply.status, 200, "{path} {body}: {text}");
    assert_eq!(reply.header("content-type"), Some("text/event-stream"));
    assert_eq!(reply.header("x-accel-buffering"), Some("no"));
    let events = text.strip_suffix("data: [DONE]\n\n").unwrap_or_else(|| panic!("{text}"));
    let events = events.split_terminator("\n\n").filter(|frame| !frame.starts_with(':'));
    let data = events.map(|frame| frame.strip_prefix("data: ").unwrap_or_else(|| panic!("{frame}")));
    Leg { events: data.map(|data| serde_json::from_str(data).unwrap()).collect() }
}

impl Leg {
    pub fn execution(&self) -> &str {
        self.events[0]["executionId"].as_str().unwrap()
    }

    /// The calls that are asked for.
    pub fn calls(&self) -> Vec<Value> {
        let request = self.events.iter().find(|event| event["type"] == "tool-request");
        request.map(|request| request["toolCalls"].as_array().unwrap().clone()).unwrap_or_default()
    }

    pub fn spoken(&self) -> String {
        let pieces = self.events.iter().filter(|event| event["type"] == "text-delta");
        pieces.map(|event| event["delta"].as_str().unwrap()).collect()
    }

    pub fn last(&self) -> &Value {
        self.events.last().unwrap()
    }
}

/// Values as lines of JSON, each id of the house replaced by a word: the same id by the same word.
pub fn lines<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut lines = Vec::new();
    for value in values {
        let text = value.to_string();
        let mut line = String::new();
        let mut rest = text.as_str();
        while let Some(at) = (0..rest.len()).find(|at| rest.get(*at..at + 36).is_some_and(is_id)) {
            let next = known.len() + 1;
            let number = known.entry(rest[at..at + 36].to_owned()).or_insert(next);
            line.push_str(&rest[..at]);
            line.push_str(&format!("<{number}>"));
            rest = &rest[at + 36..];
        }
        line.push_str(rest);
        lines.push(line);
    }
    lines.join("\n")
}

fn is_id(text: &str) -> bool {
    let dashes = [8, 13, 18, 23];
    text.bytes().enumerate().all(|(at, byte)| if dashes.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

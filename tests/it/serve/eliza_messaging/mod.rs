//! ElizaOS, its messaging: servers, channels, what is said in them, sessions and jobs.

mod channels;
mod crowd;
mod doors;
mod messages;
mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use ombud::config::{Provider, Settings, Wire};
use ombud::domain::{Agent, Fact, Frame, ModelChoice, RunFinished, SessionId};
use ombud::engine::Engine as _;
use ombud::storage::StoreUrl;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use tokio_util::sync::CancellationToken;

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send, within};

/// The server that is always there.
pub const ZERO: &str = "00000000-0000-0000-0000-000000000000";
/// An id that nothing has.
pub const GHOST: &str = "11111111-2222-4333-8444-555555555555";

/// The id that a name stands for, of a name that needs no encoding.
pub fn id_of(name: &str) -> String {
    let digest = Sha1::digest(name.as_bytes());
    let mut bytes: [u8; 16] = digest[..16].try_into().unwrap();
    bytes[6] &= 0x0f;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    uuid::Uuid::from_bytes(bytes).to_string()
}

/// A person's id.
pub fn person(number: u8) -> String {
    format!("aaaaaaaa-0000-4000-8000-0000000000{number:02x}")
}

/// A server with agents that have a model each.
pub struct Bed {
    pub served: Served,
    pub client: Client,
    pub models: BTreeMap<String, ModelServer>,
}

/// The settings of agents that have a model each.
pub fn with_agents(settings: &mut Settings, models: &BTreeMap<String, ModelServer>) {
    for (name, model) in models {
        let provider = Provider { wire: Wire::Openai, base_url: model.base_url(), api_key: None, headers: BTreeMap::new() };
        settings.providers.insert(name.clone(), provider);
        let model = Some(ModelChoice::new(name, "small"));
        settings.agents.insert(name.clone(), Agent { name: name.clone(), model, ..Agent::default() });
    }
}

impl Bed {
    /// Agents, and what their models say.
    pub async fn new(agents: Vec<(&str, Vec<Answer>)>) -> Self {
        let models = agents.into_iter().map(|(name, script)| (name.to_owned(), ModelServer::start(Wire::Openai, script)));
        Self::on(&StoreUrl::Memory, models.collect()).await
    }

    /// The same on a store.
    pub async fn on(store: &StoreUrl, models: BTreeMap<String, ModelServer>) -> Self {
        let first = models.values().next().unwrap();
        let change = |settings: &mut Settings| {
            with_agents(settings, &models);
            // It is still there after a restart.
            settings.workspace = env!("CARGO_TARGET_TMPDIR").into();
        };
        let served = Served::start_on(store, first, change).await;
        Self { client: served.client.clone(), served, models }
    }

    /// Attends to the queue until the work is done.
    pub async fn attended(&self, work: impl AsyncFnOnce()) {
        let (stop, house) = (CancellationToken::new(), Arc::clone(&self.served.house));
        let told = stop.clone();
        let task = tokio::spawn(async move { house.attend_to_queue(told).await });
        work().await;
        stop.cancel();
        within("the queue is left", task).await.unwrap().unwrap();
    }

    /// A channel of the server that is always there.
    pub async fn channel(&self, kind: &str, participants: &[&str]) -> String {
        let body = json!({
            "name": "C", "server_id": ZERO, "type": kind, "participantCentralUserIds": participants
        });
        let made = self.client.post("/api/messaging/central-channels", &body).await.expect(201);
        made["data"]["id"].as_str().unwrap().to_owned()
    }

    /// Somebody says something.
    pub async fn says(&self, channel: &str, author: &str, content: &str) -> Value {
        says(&self.client, channel, author, content).await.expect(201)["data"].clone()
    }

    /// What was said, newest first.
    pub async fn said(&self, channel: &str) -> Vec<Value> {
        said(&self.client, channel, "").await
    }

    /// The ends of the first runs of a channel, in the order of the log.
    pub async fn ends(&self, channel: &str, count: usize) -> Vec<RunFinished> {
        let session = SessionId::from_text(channel);
        let mut stream = self.served.house.subscribe(&somebody(), &session, None).await.unwrap();
        let mut ends = Vec::new();
        while ends.len() < count {
            let next = within(&format!("{count} answers come, after {ends:?}"), stream.next()).await;
            if let Frame::Fact(event) = next.unwrap().unwrap()
                && let Fact::RunFinished(finished) = &event.fact
            {
                ends.push(finished.clone());
            }
        }
        ends
    }
}

/// Somebody says something.
pub async fn says(client: &Client, channel: &str, author: &str, content: &str) -> Reply {
    let body = json!({ "author_id": author, "content": content, "server_id": ZERO });
    client.post(&format!("/api/messaging/central-channels/{channel}/messages"), &body).await
}

/// What was said, newest first.
pub async fn said(client: &Client, channel: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/messaging/central-channels/{channel}/messages{query}");
    client.get(&path).await.expect(200)["data"]["messages"].as_array().unwrap().clone()
}

/// Some fields of values.
pub fn fields(values: &[Value], names: &[&str]) -> Vec<Vec<Value>> {
    values.iter().map(|value| names.iter().map(|name| value[*name].clone()).collect()).collect()
}

/// The names of the fields of an object.
pub fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A refusal: its status, its code and its message.
pub fn refusal(reply: &Reply) -> (u16, String, String) {
    let error = &reply.json()["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_else(|| panic!("{error}")).to_owned();
    (reply.status, text("code"), text("message"))
}

/// A request of any method, with a body.
pub async fn request(client: &Client, method: &str, path: &str, body: &Value) -> Reply {
    send(client.request(method, path).json(body)).await
}

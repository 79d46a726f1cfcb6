//! AgentArea: whole answers, with ids, times and ports that do not change from run to run.

mod agents;
mod chat;
mod greeting;
mod servers;
mod tasks;

use std::collections::HashMap;

use ombud::config::{Settings, Wire};
use ombud::dialects::FOR_PEOPLE;
use ombud::domain::Role;
use ombud::engine::{Engine as _, NewUser, Word};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send};

/// The password of everybody.
pub const PASSWORD: &str = "correct horse battery";

/// A server with people.
pub struct Bed {
    pub served: Served,
    pub model: ModelServer,
    /// Who administers the house.
    pub admin: Client,
    /// Who uses it.
    pub developer: Client,
    /// Who reads.
    pub viewer: Client,
}

impl Bed {
    pub async fn new(script: Vec<Answer>) -> Self {
        Self::with(script, |_| ()).await
    }

    pub async fn with(script: Vec<Answer>, change: impl FnOnce(&mut Settings)) -> Self {
        let model = ModelServer::start(Wire::Openai, script);
        let served = Served::start_with(&model, |settings| {
            settings.server.user_doors = FOR_PEOPLE.iter().map(|door| (*door).to_owned()).collect();
            settings.server.limits.user_requests_per_minute = 0;
            settings.server.limits.user_requests_per_second = 0;
            change(settings);
        })
        .await;
        let admin = known(&served, "admin", Role::Admin).await;
        let developer = known(&served, "developer", Role::Developer).await;
        let viewer = known(&served, "viewer", Role::Viewer).await;
        Self { served, model, admin, developer, viewer }
    }

    /// A new agent of this API, by its id.
    pub async fn agent(&self, body: &Value) -> String {
        text(&self.admin.post("/v1/agents/", body).await.expect(200), "id")
    }
}

/// A client with a token of a new account.
async fn known(served: &Served, name: &str, role: Role) -> Client {
    let people = served.house.people();
    let email = Some(format!("{name}@example.com"));
    let new = NewUser { name: name.to_owned(), role, email, password: Word::given(SecretString::from(PASSWORD)) };
    people.create_user(&somebody(), new).await.unwrap();
    let token = people.issue_token(&somebody(), name, None).await.unwrap().token;
    served.client.with("authorization", &format!("Bearer {}", token.expose()))
}

/// A text of an object.
pub fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

/// A PUT of JSON.
pub async fn put(client: &Client, path: &str, body: &Value) -> Reply {
    send(client.request("PUT", path).json(body)).await
}

/// Status, code and where it is wrong.
pub fn refusal(reply: &Reply) -> Value {
    let error = &reply.json()["error"];
    let fields: Vec<&Value> = match error["details"]["errors"].as_array() {
        Some(all) => all.iter().map(|fault| &fault["field"]).collect(),
        None => vec![&error["details"]["field"]],
    };
    assert_eq!(reply.header("x-request-id"), error["request_id"].as_str(), "{error}");
    json!([reply.status, error["code"], fields])
}

/// Values with the same sign for the same id everywhere, and one for every time.
#[derive(Default)]
pub struct Signs(HashMap<String, usize>);

impl Signs {
    /// A value with signs in it.
    pub fn shown(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.shown(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), self.shown(value))).collect(),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T' {
            return "<time>".to_owned();
        }
        let mut told = text.to_owned();
        while let Some(at) = (0..told.len().saturating_sub(35)).find(|at| is_id(&told, *at)) {
            let id = told[at..at + 36].to_owned();
            let next = self.0.len() + 1;
            let number = *self.0.entry(id).or_insert(next);
            told.replace_range(at..at + 36, &format!("<{number}>"));
        }
        if let (Some(at), Some(end)) = (told.find("://127.0.0.1:"), told.find("/mcp/")) {
            told.replace_range(at + 3..end, "<here>");
        }
        told
    }
}

fn is_id(text: &str, at: usize) -> bool {
    text.get(at..at + 36).is_some_and(|id| {
        let shape = id.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        shape && id.as_bytes()[14] == b'7'
    })
}

//! One connection to a tool server: greeting it, and asking it for its tools.

use std::sync::Arc;

use rmcp::model::{ClientConfig, Implementation, ProtocolVersion};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::Transport;
use rmcp::{ClientHandler, RoleClient, ServiceExt as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::exchange::Exchange;
use super::peer::{PeerRequest, ToolServerPeer as _};

/// Most tools of one server.
const TOOLS: usize = 512;
/// Most pages that its list comes in.
const PAGES: usize = 64;
/// Groups of what a server offers.
const GROUPS: [&str; 5] = ["tools", "resources", "prompts", "logging", "completions"];

/// A tool as its server tells of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServedTool {
    /// Its name there.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments.
    pub schema: Value,
    /// Whether it changes nothing, as the server says.
    pub reads_only: bool,
    /// Whether done twice it is as done once, as the server says.
    pub repeatable: bool,
}

/// A server that has answered.
pub struct Client {
    /// What goes there and comes from there.
    pub exchange: Arc<Exchange>,
    /// Told when its list of tools has changed.
    pub changed: Arc<Notify>,
    service: RunningService<RoleClient, Ears>,
}

/// Who hears what the server says by itself. What it asks is answered by the library: nobody is here to be asked.
struct Ears {
    changed: Arc<Notify>,
    config: ClientConfig,
}

impl ClientHandler for Ears {
    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}

impl Client {
    /// Greets a server. `forwards` = what it asks may be answered by others, who are forwarded to: only then it is told
    /// that it may ask.
    ///
    /// # Errors
    /// A text that tells why it did not answer as it should.
    pub async fn greet<T>(transport: T, exchange: Arc<Exchange>, forwards: bool) -> Result<Self, String>
    where
        T: Transport<RoleClient> + Send + 'static,
        T::Error: Send + Sync + 'static,
    {
        let offers = if forwards { json!({ "sampling": {}, "elicitation": {} }) } else { json!({}) };
        let offers = serde_json::from_value(offers).map_err(|error| format!("we cannot introduce ourselves: {error}"))?;
        let ourselves = Implementation::new("ombud", env!("CARGO_PKG_VERSION"));
        // The newest revision that has `initialize`: what every server in use understands.
        let config = ClientConfig::new(offers, ourselves).with_protocol_version(ProtocolVersion::V_2025_11_25);
        let changed = Arc::new(Notify::new());
        let ears = Ears { changed: Arc::clone(&changed), config };
        let service = ears.serve(transport).await.map_err(|error| format!("it did not answer `initialize`: {error}"))?;
        Ok(Self { exchange, changed, service })
    }

    /// The groups of what it offers.
    pub fn capabilities(&self) -> Vec<String> {
        let told = self.exchange.initialized().get("capabilities");
        let offers = |group: &&str| told.and_then(|told| told.get(group)).is_some_and(|value| !value.is_null());
        GROUPS.iter().filter(|group| offers(group)).map(|group| (*group).to_owned()).collect()
    }

    /// Its tools.
    ///
    /// # Errors
    /// A text that tells why there is no list.
    pub async fn tools(&self) -> Result<Vec<ServedTool>, String> {
        let mut tools = Vec::new();
        let mut cursor: Option<Value> = None;
        for _ in 0..PAGES {
            let params = cursor.take().map(|cursor| json!({ "cursor": cursor }));
            let request = PeerRequest { method: "tools/list".to_owned(), params, ..PeerRequest::default() };
            let asked = self.exchange.request(request).await;
            let mut page = match asked {
                Ok(page) => page,
                Err(error) if error.code == super::PeerError::METHOD_NOT_FOUND => return Ok(tools),
                Err(error) => return Err(format!("it did not tell its tools: {}", error.message)),
            };
            let told = page.get_mut("tools").map(Value::take);
            let told = serde_json::from_value::<Vec<Value>>(told.unwrap_or_default())
                .map_err(|_| "what it told of its tools is no list".to_owned())?;
            tools.extend(told.into_iter().filter_map(ServedTool::read));
            cursor = page.get_mut("nextCursor").map(Value::take).filter(|cursor| !cursor.is_null());
            if cursor.is_none() || tools.len() >= TOOLS {
                break;
            }
        }
        tools.truncate(TOOLS);
        Ok(tools)
    }

    /// Says good-bye, as far as the way there knows one.
    pub async fn leave(mut self, time: std::time::Duration) {
        // A server that does not answer that is left anyway.
        let _ = self.service.close_with_timeout(time).await;
    }
}

impl ServedTool {
    /// A tool out of a list; `None` for what has no name.
    fn read(told: Value) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Told {
            name: String,
            #[serde(default)]
            title: Option<String>,
            #[serde(default)]
            description: Option<String>,
            #[serde(default)]
            input_schema: Option<Map<String, Value>>,
            #[serde(default)]
            annotations: Option<Hints>,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Hints {
            read_only_hint: Option<bool>,
            idempotent_hint: Option<bool>,
        }
        let told: Told = serde_json::from_value(told).ok()?;
        let hints = told.annotations.unwrap_or_default();
        let mut schema = told.input_schema.unwrap_or_default();
        // Models' servers want an object that says so.
        schema.entry("type").or_insert_with(|| "object".into());
        schema.entry("properties").or_insert_with(|| json!({}));
        Some(Self {
            description: told.description.or(told.title).unwrap_or_else(|| told.name.clone()),
            name: told.name,
            schema: Value::Object(schema),
            reads_only: hints.read_only_hint == Some(true),
            repeatable: hints.idempotent_hint == Some(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_read_as_it_is_told() {
        let told = json!({
            "name": "get time", "title": "Time", "inputSchema": { "type": "object", "properties": { "a": {} }, "$schema": "x" },
            "annotations": { "readOnlyHint": true, "title": "T", "openWorldHint": false }, "_meta": {}, "icons": []
        });
        let schema = told["inputSchema"].clone();
        let tool = ServedTool::read(told).unwrap();
        let expected =
            ServedTool { name: "get time".into(), description: "Time".into(), schema, reads_only: true, repeatable: false };
        assert_eq!(tool, expected);
        let bare = ServedTool::read(json!({ "name": "a" })).unwrap();
        assert_eq!(bare.schema, json!({ "type": "object", "properties": {} }));
        assert_eq!((bare.description.as_str(), bare.reads_only, bare.repeatable), ("a", false, false));
        assert_eq!(ServedTool::read(json!({ "title": "a" })), None);
    }
}

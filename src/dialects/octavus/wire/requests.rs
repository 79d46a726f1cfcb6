//! What is sent to the routes of sessions. Fields that are not named here are of no use to the house, and let through.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::UiMessage;

/// Makes a session.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusCreateSession)]
pub struct CreateSession {
    /// The agent, by its id or its slug.
    pub agent_id: String,
    /// What the session is given.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub input: Option<Map<String, Value>>,
}

/// Brings a session back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusRestoreSession)]
pub struct RestoreSession {
    /// Its messages, as they were read.
    pub messages: Vec<UiMessage>,
    /// What it is given.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub input: Option<Map<String, Value>>,
}

/// Triggers a handler, or goes on with a run by what the application's tools gave.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusTrigger)]
pub struct Trigger {
    /// The trigger; repeated when a run is gone on with.
    #[serde(default)]
    pub trigger_name: Option<String>,
    /// Its input.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub input: Option<Map<String, Value>>,
    /// The run that is gone on with.
    #[serde(default)]
    pub execution_id: Option<String>,
    /// What the tools gave.
    #[serde(default)]
    pub tool_results: Option<Vec<ToolResult>>,
    /// Goes back to after this message first, with `null` to before the first. Counts for the first leg only.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub rollback_after_message_id: Option<Option<String>>,
    /// Who speaks.
    #[serde(default)]
    pub sender: Option<super::Sender>,
    /// Tools of this run alone.
    #[serde(default)]
    pub dynamic_tool_schemas: Option<Vec<DynamicTool>>,
}

/// Makes a session and triggers a handler in it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusStartSession)]
pub struct StartSession {
    /// The agent, by its id or its slug.
    pub agent_id: String,
    /// What is triggered.
    pub trigger: Trigger,
    /// What the session is given.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub input: Option<Map<String, Value>>,
    /// The same key is the same session.
    pub idempotency_key: String,
}

/// Executes a worker, or goes on with it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
#[schema(as = OctavusExecute)]
pub enum Execute {
    /// Begins.
    Start {
        /// What it is given.
        #[serde(default)]
        #[schema(value_type = Option<Object>)]
        input: Option<Map<String, Value>>,
        /// Tools of this execution alone.
        #[serde(default)]
        dynamic_tool_schemas: Option<Vec<DynamicTool>>,
    },
    /// Goes on.
    Continue {
        /// What `start` named.
        execution_id: String,
        /// What the tools gave.
        tool_results: Vec<ToolResult>,
    },
}

/// What a tool of the application gave. What the request said of the call is not believed when it comes back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusToolResult)]
pub struct ToolResult {
    /// The call.
    pub tool_call_id: String,
    /// What it gave; absent = nothing.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub result: Value,
    /// Why it failed; an empty text is no failure.
    #[serde(default)]
    pub error: Option<String>,
    /// Files that it gave.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub files: Option<Vec<Value>>,
}

/// A tool of one run.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusDynamicTool)]
pub struct DynamicTool {
    /// Its name.
    pub name: String,
    /// What it does.
    #[serde(default)]
    pub description: String,
    /// JSON Schema of its arguments.
    #[schema(value_type = Object)]
    pub input_schema: Map<String, Value>,
}

/// Tells an absent field from one that is `null`.
#[expect(clippy::option_option, reason = "the form that serde asks for")]
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

//! What is answered.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::TarkoEvent;

/// A session.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Its id.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When something last happened in it, in milliseconds since 1970.
    pub updated_at: i64,
    /// The absolute path of the folder that its tools work in.
    pub workspace: String,
    /// `name`, `tags`, `modelConfig`, `agentInfo`, `runtimeSettings`, `agentOptions`, and what clients add.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// Whether it can be gone on with as it is; else `restore` makes it so. Only in `details` and `restore`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// A model that can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// The id that its provider knows.
    pub id: String,
    /// Its provider.
    pub provider: String,
    /// For people.
    pub display_name: String,
}

/// An error. `error` is short and stable; where a query was asked with `?result=event`, it is an object with `code`,
/// `message` and `details`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorAnswer {
    /// In few words.
    pub error: String,
    /// A stable word, such as `SESSION_NOT_FOUND`.
    pub code: String,
    /// In a sentence.
    pub message: String,
    /// `sessionId`, `timestamp`, and where there is one, a `hint`.
    #[schema(value_type = Object)]
    pub details: Value,
}

/// `{sessionId, session, events}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedAnswer {
    /// The id of the session.
    pub session_id: String,
    /// The session.
    pub session: SessionInfo,
    /// What happened while it was made: nothing.
    pub events: Vec<TarkoEvent>,
}

/// `{sessions}`
#[derive(Serialize, ToSchema)]
pub struct SessionsAnswer {
    /// The sessions, the one in which something happened last first.
    pub sessions: Vec<SessionInfo>,
    /// There are more: `after` of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `{session}`
#[derive(Serialize, ToSchema)]
pub struct SessionAnswer {
    /// The session.
    pub session: SessionInfo,
}

/// `{success, session}`
#[derive(Serialize, ToSchema)]
pub struct RestoredAnswer {
    /// Always true.
    pub success: bool,
    /// The session.
    pub session: SessionInfo,
}

/// `{success, sessionInfo}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModelChangedAnswer {
    /// Always true.
    pub success: bool,
    /// The session.
    pub session_info: SessionInfo,
}

/// `{success}`
#[derive(Serialize, ToSchema)]
pub struct SuccessAnswer {
    /// Whether something was done.
    pub success: bool,
}

/// `{events}`
#[derive(Serialize, ToSchema)]
pub struct EventsAnswer {
    /// What happened, oldest first, without the pieces of messages.
    pub events: Vec<TarkoEvent>,
    /// There are more: `after` of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `{sessionId, sessionInfo, events}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatestAnswer {
    /// The id of the session in which something happened last.
    pub session_id: String,
    /// The session.
    pub session_info: SessionInfo,
    /// What happened in it.
    pub events: Vec<TarkoEvent>,
}

/// `{sessionId, status}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusAnswer {
    /// The id of the session.
    pub session_id: String,
    /// What it does.
    pub status: StatusOfSession,
}

/// What a session does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusOfSession {
    /// Whether a run is at work.
    pub is_processing: bool,
    /// `idle`, `executing`, `aborted` or `error`.
    pub state: &'static str,
}

/// `{summary, model, provider}`
#[derive(Serialize, ToSchema)]
pub struct SummaryAnswer {
    /// A title for the conversation.
    pub summary: String,
    /// The model that found it.
    pub model: String,
    /// The provider of the model.
    pub provider: String,
}

/// The answer of a query. With `?result=event`, `result` is the event and there is no `event`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueryAnswer {
    /// The session, of a oneshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The text of the answer.
    #[schema(value_type = String)]
    pub result: Value,
    /// The last message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<TarkoEvent>,
}

/// `{models}`
#[derive(Serialize, ToSchema)]
pub struct ModelsAnswer {
    /// The models, the one that is asked by default first.
    pub models: Vec<ModelInfo>,
}

/// `{options}`
#[derive(Serialize, ToSchema)]
pub struct OptionsAnswer {
    /// What the agent is, without secrets.
    #[schema(value_type = Object)]
    pub options: Value,
}

/// `{schema, currentValues}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeSettingsAnswer {
    /// JSON Schema of the settings.
    #[schema(value_type = Object)]
    pub schema: Value,
    /// The values of a session, those of the schema where it has none of its own.
    #[schema(value_type = Object)]
    pub current_values: Map<String, Value>,
}

/// `{session, runtimeSettings}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuntimeSettingsChangedAnswer {
    /// The session.
    pub session: SessionInfo,
    /// Its settings.
    #[schema(value_type = Object)]
    pub runtime_settings: Value,
}

/// `{status}`
#[derive(Serialize, ToSchema)]
pub struct HealthAnswer {
    /// `ok`
    pub status: &'static str,
}

/// `{version}`
#[derive(Serialize, ToSchema)]
pub struct VersionAnswer {
    /// Of this program.
    pub version: String,
}

/// How the server is.
#[derive(Serialize, ToSchema)]
pub struct SystemHealthAnswer {
    /// `healthy`, or `unhealthy` when the store cannot be used.
    pub status: &'static str,
    /// Of this program.
    pub version: String,
    /// Since it was started, in seconds.
    pub uptime: u64,
    /// How many sessions there are.
    pub sessions: SessionCounts,
    /// Where they are kept.
    pub storage: StorageInfo,
}

/// How many sessions there are.
#[derive(Serialize, ToSchema)]
pub struct SessionCounts {
    /// With a run that has not ended.
    pub active: u64,
    /// In all.
    pub total: u64,
}

/// Where sessions are kept.
#[derive(Serialize, ToSchema)]
pub struct StorageInfo {
    /// `memory`, `file` or `sqlite`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The file or folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

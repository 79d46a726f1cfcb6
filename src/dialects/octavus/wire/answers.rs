//! What the routes of sessions answer.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{ChatMessage, UiMessage};

/// A session was made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusCreated)]
pub struct Created {
    /// The session.
    pub session_id: String,
}

/// A session whose time is over.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusExpired)]
pub struct Expired {
    /// The session.
    pub session_id: String,
    /// Its agent.
    pub agent_id: String,
    /// `expired`.
    pub status: &'static str,
    /// When it was made.
    pub created_at: String,
}

/// The messages of a session, for users.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusMessages)]
pub struct Messages {
    /// The session.
    pub session_id: String,
    /// Its agent.
    pub agent_id: String,
    /// The messages, oldest first.
    pub messages: Vec<UiMessage>,
    /// `active`.
    pub status: &'static str,
}

/// All that there is of a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusState)]
pub struct State {
    /// The session.
    pub id: String,
    /// Its agent.
    pub agent_id: String,
    /// `active`.
    pub status: &'static str,
    /// What it was given.
    #[schema(value_type = Object)]
    pub input: Map<String, Value>,
    /// Its variables that have a value.
    #[schema(value_type = Object)]
    pub variables: Map<String, Value>,
    /// Its resources.
    #[schema(value_type = Object)]
    pub resources: Map<String, Value>,
    /// Its messages, oldest first, also those that only the model is shown.
    pub messages: Vec<ChatMessage>,
    /// When it was made.
    pub created_at: String,
    /// When something last happened in it.
    pub updated_at: String,
}

/// Whether a session was brought back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusRestored)]
pub struct Restored {
    /// The session.
    pub session_id: String,
    /// `false` = it is active, and nothing was changed.
    pub restored: bool,
}

/// A session was cleared.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusCleared)]
pub struct Cleared {
    /// The session.
    pub session_id: String,
    /// `true`.
    pub cleared: bool,
}

/// What happened in a session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusLogs)]
pub struct Logs {
    /// The session.
    pub session_id: String,
    /// The newest entries, oldest first.
    #[schema(value_type = Vec<Object>)]
    pub entries: Vec<Map<String, Value>>,
    /// How many there are in all.
    pub total: usize,
    /// Whether older ones are left out.
    pub truncated: bool,
}

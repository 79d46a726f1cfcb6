//! The words that differ: sessions, and the answers that hold them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::dialects::tarko::TarkoEvent;

/// What is told of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionMetadata {
    /// Its id.
    pub id: String,
    /// When it was made, in milliseconds since 1970.
    pub created_at: i64,
    /// When something last happened in it, in milliseconds since 1970.
    pub updated_at: i64,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The folder that its agent works in.
    pub working_directory: String,
    /// Words on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether it can be gone on with as it is; else `restore` makes it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
}

/// `{sessions}`
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// The one in which something happened last first.
    pub sessions: Vec<SessionMetadata>,
    /// There are more: `after` of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `{session}`
#[derive(Serialize, ToSchema)]
pub struct OneSession {
    /// The session.
    pub session: SessionMetadata,
}

/// `{success, session}`
#[derive(Serialize, ToSchema)]
pub struct RestoredSession {
    /// Always true.
    pub success: bool,
    /// The session.
    pub session: SessionMetadata,
}

/// `{sessionId}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewId {
    /// The id of the session.
    pub session_id: String,
}

/// `{events}`
#[derive(Serialize, ToSchema)]
pub struct EventList {
    /// What happened, oldest first, without the pieces of messages.
    pub events: Vec<TarkoEvent>,
    /// There are more: `after` of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// `{sessionId, sessionMetadata, events}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LatestSession {
    /// The id of the session in which something happened last.
    pub session_id: String,
    /// The session.
    pub session_metadata: SessionMetadata,
    /// What happened in it.
    pub events: Vec<TarkoEvent>,
}

/// `{provider, model}`
#[derive(Serialize, ToSchema)]
pub struct ModelInfo {
    /// Who offers the model.
    pub provider: String,
    /// The model that is asked by default.
    pub model: String,
}

/// `{mode, tools}`
#[derive(Serialize, ToSchema)]
pub struct BrowserControl {
    /// Always `default`: no browser is controlled here.
    pub mode: &'static str,
    /// The tools that control one: none.
    pub tools: Vec<String>,
}

/// What is changed about a session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes a body that is read field by field")]
pub struct UpdateBody {
    /// The session.
    pub session_id: String,
    /// Its new name.
    pub name: Option<String>,
    /// Its new tags, all of them.
    pub tags: Option<Vec<String>>,
}

/// Which session it is about.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes a body that is read field by field")]
pub struct SessionBody {
    /// The session.
    pub session_id: String,
}

/// What went wrong.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes an answer that is written elsewhere")]
pub struct ErrorBody {
    /// In few words.
    pub error: String,
    /// A stable word, such as `SESSION_NOT_FOUND`.
    pub code: String,
    /// In a sentence.
    pub message: String,
}

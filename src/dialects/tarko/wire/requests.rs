//! What is asked. The types describe the API; what comes is read field by field, as leniently as the original does.
#![allow(dead_code, reason = "they are read by the description of the API only")]

use serde_json::Value;
use utoipa::ToSchema;

/// Names a session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SessionRequest {
    /// The session.
    pub session_id: String,
}

/// Makes a session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreateRequest {
    /// Settings of the interface. `temperature`, `top_p`, `maxTokens`, `maxIterations`, `thinking`, `instructions` count.
    #[schema(value_type = Option<Object>)]
    pub runtime_settings: Option<Value>,
    /// Options of the agent: the same, and `model`. They count before those of the interface.
    #[schema(value_type = Option<Object>)]
    pub agent_options: Option<Value>,
}

/// Changes what is said about a session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct UpdateRequest {
    /// The session.
    pub session_id: String,
    /// Its title, as in `metadata.name`.
    pub name: Option<String>,
    /// Its tags, as in `metadata.tags`.
    pub tags: Option<Vec<String>>,
    /// What to change; a key that is not named stays as it is.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Value>,
}

/// Gives a session another model.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ModelRequest {
    /// The session.
    pub session_id: String,
    /// `{provider, id}`, one of `GET /api/v1/models`.
    #[schema(value_type = Object)]
    pub model: Value,
}

/// Asks for a title.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SummaryRequest {
    /// The session.
    pub session_id: String,
    /// The conversation: `{role, content}`.
    #[schema(value_type = Vec<Object>)]
    pub messages: Vec<Value>,
    /// The model that is to find it.
    pub model: Option<String>,
    /// The provider of that model.
    pub provider: Option<String>,
}

/// Asks the agent of a session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct QueryRequest {
    /// The session.
    pub session_id: String,
    /// A text, or parts: `{type: "text", text}`, `{type: "image_url", image_url: {url: "data:…"}}`. In a text, `@file:PATH`
    /// and `@dir:PATH` bring files of the workspace along.
    #[schema(value_type = String)]
    pub query: Value,
}

/// Asks the agent in a session of its own.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OneshotRequest {
    /// As in a query.
    #[schema(value_type = String)]
    pub query: Value,
    /// The title of the session.
    pub session_name: Option<String>,
    /// Its tags.
    pub session_tags: Option<Vec<String>>,
}

/// Gives a session other settings of the interface.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct RuntimeSettingsRequest {
    /// The session.
    pub session_id: String,
    /// All of them.
    #[schema(value_type = Object)]
    pub runtime_settings: Value,
}

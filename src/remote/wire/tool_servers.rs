//! Words about tool servers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{ToolServerLine, ToolSpec};
use crate::engine::{ToolServerChange, ToolServerItem};

/// The tool servers that there are, by slug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolServerList {
    /// The servers.
    #[schema(value_type = Vec<Object>)]
    pub servers: Vec<ToolServerItem>,
}

/// A tool server that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfToolServer {
    /// Its slug, or its id.
    pub server: String,
}

/// Changes a tool server.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateToolServer {
    /// Its slug, or its id.
    pub server: String,
    /// What is changed: `name`, `slug`, `source`, `secrets`, `for_all`, `wanted`.
    #[schema(value_type = Object)]
    pub change: ToolServerChange,
}

/// Asks for the newest lines of a tool server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinesOf {
    /// Its slug, or its id.
    pub server: String,
    /// Most lines, at most 1,000.
    pub limit: usize,
}

/// The newest lines of a tool server, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ToolServerLines {
    /// The lines: `{"at", "level", "component", "message"}`.
    #[schema(value_type = Vec<Object>)]
    pub lines: Vec<ToolServerLine>,
}

/// The tools of a tool server, as models are told of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ToolList {
    /// The tools: `{"name", "description", "parameters", "effect", "access"}`.
    #[schema(value_type = Vec<Object>)]
    pub tools: Vec<ToolSpec>,
}

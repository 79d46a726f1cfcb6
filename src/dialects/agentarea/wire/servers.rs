//! MCP servers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An MCP server.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = McpServer, example = json!({
    "id": "server-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "name": "file-operations", "slug": "file-ops",
    "status": "running", "url": "http://localhost:8000/mcp/file-ops/mcp/", "capabilities": ["tools", "resources"],
    "created_at": "2025-01-15T10:30:00.000Z", "updated_at": "2025-01-15T10:30:00.000Z",
    "created_by": "user-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e11",
    "config": { "command": "python", "args": ["-m", "my_mcp_server"], "env": { "API_KEY": "***" } }, "error": null
}))]
pub struct ServerAnswer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its tools and its address are called by.
    pub slug: String,
    /// `stopped`, `starting`, `running` or `error`.
    pub status: &'static str,
    /// Where it is offered by this server, over streamable HTTP, while it runs.
    pub url: String,
    /// Groups of what it offers, while it runs.
    pub capabilities: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// When its definition was changed last.
    pub updated_at: String,
    /// Who made it.
    pub created_by: String,
    /// Where it is: `command`, `args` and `env`, or `url` and `headers`. Values of `env` and `headers` are secrets.
    #[schema(value_type = Object)]
    pub config: Map<String, Value>,
    /// Why it failed last.
    pub error: Option<String>,
}

/// All MCP servers.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = McpServerList)]
pub struct ServerList {
    /// By slug.
    pub servers: Vec<ServerAnswer>,
    /// How many there are.
    pub total: usize,
}

/// Makes an MCP server.
#[derive(ToSchema)]
#[schema(as = NewMcpServer, example = json!({
    "name": "my-mcp-server", "slug": "my-server",
    "config": { "command": "python", "args": ["-m", "my_mcp_server"], "env": { "API_KEY": "secret-key" } }
}))]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct NewServer {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// Its slug; absent = made of the name.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    pub slug: Option<String>,
    /// Where it is.
    pub config: ServerConfig,
}

/// Changes an MCP server. What is not given stays.
#[derive(ToSchema)]
#[schema(as = McpServerChange, example = json!({ "name": "another name" }))]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct ServerChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: Option<String>,
    /// Its slug.
    #[schema(min_length = 1, max_length = 64, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    pub slug: Option<String>,
    /// Where it is, whole, from the next start on. A value of `env` or `headers` that is `***` stays.
    pub config: Option<ServerConfig>,
}

/// Where an MCP server is: a program with `command`, or an address with `url`.
#[derive(ToSchema)]
#[schema(as = McpServerConfig)]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct ServerConfig {
    /// The program: a name, or a path.
    #[schema(min_length = 1, max_length = 4096)]
    pub command: Option<String>,
    /// Its arguments.
    #[schema(max_items = 256)]
    pub args: Option<Vec<String>>,
    /// Its own variables of the environment.
    pub env: Option<BTreeMap<String, String>>,
    /// The address of one over streamable HTTP.
    #[schema(min_length = 1, max_length = 4096, pattern = "^https?://")]
    pub url: Option<String>,
    /// Headers of every request to it.
    pub headers: Option<BTreeMap<String, String>>,
}

/// What was done with an MCP server.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = McpServerDone)]
pub struct ServerDone {
    /// `success`.
    pub status: &'static str,
    /// For people.
    pub message: String,
    /// The server; one that was started may still be starting.
    pub server: ServerAnswer,
}

/// The newest lines of an MCP server.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = McpServerLogs)]
pub struct Logs {
    /// The server.
    pub server_id: String,
    /// The lines, the oldest first.
    pub logs: Vec<LogLine>,
}

/// A line of an MCP server, or of whoever keeps watch over it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = McpServerLogLine, example = json!({
    "timestamp": "2025-01-15T10:30:00.000Z", "level": "info", "component": "stderr", "message": "listening"
}))]
pub struct LogLine {
    /// When.
    pub timestamp: String,
    /// `info`, `warning` or `error`.
    pub level: &'static str,
    /// Who said it: `stderr`, `stdout` or `house`.
    pub component: String,
    /// What.
    pub message: String,
}

//! Agents.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// An agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Agent, example = json!({
    "id": "agent-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "name": "my-agent", "description": "Agent description",
    "type": "chat", "status": "active", "created_at": "2025-01-15T10:30:00.000Z",
    "updated_at": "2025-01-15T10:30:00.000Z", "created_by": "user-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e11",
    "config": { "model": "gpt-4", "temperature": 0.7, "max_tokens": 2000 }
}))]
pub struct AgentAnswer {
    /// Its id.
    pub id: String,
    /// Its name: no two agents share one.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What kind of agent it is, in its maker's words.
    #[serde(rename = "type")]
    pub kind: String,
    /// `active`, `inactive` or `error`: the provider of its model cannot be asked here.
    pub status: &'static str,
    /// When it was made; of an agent of the configuration, the beginning of time.
    pub created_at: String,
    /// When it was changed last.
    pub updated_at: String,
    /// Who made it: a user, or the name of another caller.
    pub created_by: String,
    /// How it is asked.
    #[schema(value_type = Object)]
    pub config: Map<String, Value>,
}

/// A page of agents.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AgentList {
    /// The newest first.
    pub agents: Vec<AgentAnswer>,
    /// How many fit in all.
    pub total: usize,
    /// Most of one page.
    pub limit: usize,
    /// How many come before.
    pub offset: usize,
}

/// Makes an agent.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "my-agent", "description": "Agent description", "type": "chat",
    "config": { "model": "gpt-4", "temperature": 0.7, "max_tokens": 2000 }
}))]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct NewAgent {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: String,
    /// What it is for.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// What kind of agent it is; `chat` unless told.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 64)]
    pub kind: Option<String>,
    /// How it is asked. Further keys are kept and told again.
    pub config: Option<AgentConfig>,
}

/// Changes an agent. What is not given stays.
#[derive(ToSchema)]
#[schema(example = json!({ "description": "changed", "status": "inactive" }))]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct AgentChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 255)]
    pub name: Option<String>,
    /// What it is for.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// What kind of agent it is.
    #[serde(rename = "type")]
    #[schema(min_length = 1, max_length = 64)]
    pub kind: Option<String>,
    /// Whether it takes work.
    pub status: Option<Switch>,
    /// How it is asked, whole.
    pub config: Option<AgentConfig>,
}

/// Whether an agent takes work.
#[derive(ToSchema)]
#[schema(as = AgentSwitch, rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub enum Switch {
    /// It does.
    Active,
    /// It does not: chat and tasks answer 409.
    Inactive,
}

/// How an agent is asked.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct AgentConfig {
    /// The model: a name that the server's default provider knows, or `PROVIDER/NAME`. Absent = the server's default.
    #[schema(min_length = 1, max_length = 255)]
    pub model: Option<String>,
    /// Randomness.
    #[schema(minimum = 0.0, maximum = 2.0)]
    pub temperature: Option<f64>,
    /// Longest answer of one call of the model.
    #[schema(minimum = 1, maximum = 4_294_967_295_u64)]
    pub max_tokens: Option<u64>,
    /// What the model is told about itself and its task.
    #[schema(max_length = 1_000_000)]
    pub system_prompt: Option<String>,
    /// The same; `system_prompt` counts where both are there.
    #[schema(max_length = 1_000_000)]
    pub instruction: Option<String>,
    /// The MCP servers whose tools it has, by slug or id. Those that do not run are left out.
    #[schema(max_items = 64)]
    pub mcp_servers: Option<Vec<String>>,
    /// The other form of naming MCP servers: where `allowed_tools` are named, the agent has these tools and no others.
    pub tools_config: Option<ToolsConfig>,
}

/// The other form of naming MCP servers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct ToolsConfig {
    /// The servers.
    #[schema(max_items = 64)]
    pub mcp_server_configs: Option<Vec<Attachment>>,
}

/// An MCP server of an agent.
#[derive(ToSchema)]
#[schema(as = ServerAttachment)]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct Attachment {
    /// Its id or slug.
    pub mcp_server_id: String,
    /// The only tools; absent or empty = all. Either every server names them, or none does.
    pub allowed_tools: Option<Vec<AllowedTool>>,
}

/// A tool that an agent may use.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct AllowedTool {
    /// Its name on its server.
    pub tool_name: String,
    /// Whether somebody must say yes to each call.
    pub requires_user_confirmation: Option<bool>,
}

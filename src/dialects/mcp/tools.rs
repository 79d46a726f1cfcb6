//! The tools as clients are told of them. Few, and each with what a model needs to choose it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::from_wire::MOST;
use crate::domain::AgentState;
use crate::engine::AgentItem;

/// Asks an agent.
pub const ASK: &str = "ask";
/// Lists the agents.
pub const LIST_AGENTS: &str = "list_agents";
/// Lists sessions.
pub const LIST_SESSIONS: &str = "list_sessions";
/// Reads a session.
pub const READ_SESSION: &str = "read_session";
/// Ends what works in a session.
pub const CANCEL: &str = "cancel";

/// Agents that `ask` names; `list_agents` tells all.
const NAMED: usize = 20;
/// Most characters of what is said of one there.
const SAID: usize = 160;

/// The tools. `agents` are those that the caller may ask.
pub fn all(agents: &BTreeMap<String, AgentItem>) -> Vec<Tool> {
    vec![
        tool(
            ASK,
            "Ask an agent",
            "Gives an agent a task or a question, and answers with what it says when it is done. It works on its own, with \
             its own tools and in its own folder, and sees nothing of your conversation: say all that it needs. The answer \
             names its session; give that to go on in the same conversation.",
            &json!({
                "type": "object",
                "properties": {
                    "prompt": { "type": "string", "minLength": 1, "description": "What the agent is to do or to answer." },
                    "agent": { "type": "string", "description": which(agents) },
                    "session": {
                        "type": "string",
                        "description": "The id of a session to go on with; without it a new one begins.",
                    },
                },
                "required": ["prompt"],
                "additionalProperties": false,
            }),
        )
        .with_raw_output_schema(Arc::new(object(json!({
            "type": "object",
            "properties": {
                "session": { "type": "string", "description": "The session: give it to `ask` to go on." },
                "run": { "type": "string", "description": "The run that answered." },
                "status": { "type": "string", "description": "`completed`, `silent`, `failed` or `cancelled`." },
                "agent": { "type": "string", "description": "Who answered." },
                "answer": { "type": "string", "description": "What was answered, or what there is of it." },
                "model": { "type": "string", "description": "The model that answered, as PROVIDER/ID." },
                "error": { "type": "object", "description": "What went wrong: `code`, `message`, `hint`." },
            },
        }))))
        // What an agent may do is for its own permissions to say.
        .with_annotations(ToolAnnotations::new().read_only(false).open_world(true)),
        tool(
            LIST_AGENTS,
            "List agents",
            "Lists the agents that can be asked: name, description, model.",
            &json!({ "type": "object", "properties": {}, "additionalProperties": false }),
        )
        .with_annotations(reads()),
        tool(
            LIST_SESSIONS,
            "List sessions",
            "Lists conversations with agents, the one that changed last first: id, title, agent, what it is doing.",
            &json!({
                "type": "object",
                "properties": {
                    "agent": { "type": "string", "description": "Only those of this agent." },
                    "text": { "type": "string", "description": "Only those whose title or id holds this." },
                    "limit": { "type": "integer", "minimum": 1, "maximum": MOST, "description": "Most rows; default: 20." },
                    "after": { "type": "string", "description": "`next` of an earlier list." },
                },
                "additionalProperties": false,
            }),
        )
        .with_annotations(reads()),
        tool(
            READ_SESSION,
            "Read a session",
            "Shows what was said in a session, the newest messages, with the tools that were called.",
            &json!({
                "type": "object",
                "properties": {
                    "session": { "type": "string", "description": "The id of the session." },
                    "limit": {
                        "type": "integer", "minimum": 1, "maximum": MOST, "description": "Most messages; default: 20.",
                    },
                    "before": { "type": "integer", "minimum": 0, "description": "`before` of a later page." },
                },
                "required": ["session"],
                "additionalProperties": false,
            }),
        )
        .with_annotations(reads()),
        tool(
            CANCEL,
            "Cancel",
            "Ends what an agent is doing in a session. What was said stays.",
            &json!({
                "type": "object",
                "properties": { "session": { "type": "string", "description": "The id of the session." } },
                "required": ["session"],
                "additionalProperties": false,
            }),
        )
        .with_annotations(ToolAnnotations::new().read_only(false).destructive(false).idempotent(true).open_world(false)),
    ]
}

fn tool(name: &'static str, title: &str, about: &'static str, schema: &Value) -> Tool {
    Tool::new(name, about, Arc::new(object(schema.clone()))).with_title(title)
}

fn reads() -> ToolAnnotations {
    ToolAnnotations::new().read_only(true).open_world(false)
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

/// What is said of the agents where one is chosen.
fn which(agents: &BTreeMap<String, AgentItem>) -> String {
    let mut told = "The agent that is asked; without it the default one, or that of the session.".to_owned();
    let asked: Vec<&AgentItem> = agents.values().filter(|item| item.agent.state == AgentState::Active).collect();
    for (at, item) in asked.iter().take(NAMED).enumerate() {
        let about = item.agent.description.lines().next().unwrap_or_default();
        let about: String = about.trim_end_matches('.').chars().take(SAID).collect();
        let sign = if at == 0 { " There are: " } else { "; " };
        let name = &item.agent.name;
        // Writing to a text cannot fail.
        let _ = if about.is_empty() { write!(told, "{sign}`{name}`") } else { write!(told, "{sign}`{name}` ({about})") };
    }
    match asked.len() {
        0 => {}
        1..=NAMED => told.push('.'),
        all => {
            let _ = write!(told, "; and {} more: see `{LIST_AGENTS}`.", all - NAMED);
        }
    }
    told
}

//! Chat, and what was said.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::RefusalBody;

/// Says something to an agent.
#[derive(ToSchema)]
#[schema(example = json!({ "message": "Hello, how can you help me?", "session_id": "session-123", "stream": false }))]
#[expect(dead_code, reason = "it describes what is read key by key")]
pub struct NewMessage {
    /// What is said.
    #[schema(min_length = 1, max_length = 1_000_000)]
    pub message: String,
    /// The session: one of this agent is continued, one that is not there is opened. Absent = a new one.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
    pub session_id: Option<String>,
    /// Whether the answer is a stream.
    pub stream: Option<bool>,
    /// Files that are shown to the agent, by id.
    #[schema(max_items = 20)]
    pub files: Option<Vec<String>>,
}

/// What the agent said.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "msg-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "message": "Hello! I'm here to help you with…",
    "session_id": "session-123", "timestamp": "2025-01-15T10:30:00.000Z",
    "metadata": { "model": "gpt-4", "tokens_used": 150 }
}))]
pub struct ChatAnswer {
    /// The id of the message.
    pub id: String,
    /// Its text.
    pub message: String,
    /// The session.
    pub session_id: String,
    /// When it was complete.
    pub timestamp: String,
    /// What it used.
    pub metadata: Metadata,
}

/// What an answer used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Metadata {
    /// The model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens of all calls of the model, estimated where its provider does not say.
    pub tokens_used: u64,
}

/// An event of a stream.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatEvent {
    /// The agent was asked. The first, once.
    Start {
        /// The session.
        session_id: String,
    },
    /// The reply goes on.
    Token {
        /// By this.
        content: String,
    },
    /// A tool is called.
    ToolCall {
        /// The call.
        id: String,
        /// The tool.
        name: String,
        /// What it is given.
        #[schema(value_type = Object)]
        arguments: Map<String, Value>,
    },
    /// A tool has answered.
    ToolResult {
        /// The call.
        id: String,
        /// The tool.
        name: String,
        /// What it gave.
        content: String,
        /// Whether it failed.
        is_error: bool,
    },
    /// The reply is complete. The last, once.
    End {
        /// The id of the message.
        message_id: String,
        /// What it used.
        metadata: Metadata,
    },
    /// There is no reply, or not all of it. The last instead of `end`.
    Error {
        /// Why.
        error: RefusalBody,
    },
}

/// What was said to an agent, and by it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ChatHistory)]
pub struct History {
    /// The newest that fit, the oldest first.
    pub messages: Vec<ChatMessage>,
    /// How many fit in all; from 2,000 on they are not counted further.
    pub total: usize,
    /// Most of one answer.
    pub limit: usize,
}

/// A message of the history.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "msg-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "session_id": "session-123",
    "agent_id": "agent-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10", "role": "assistant", "sender": "assistant",
    "content": "Hello!", "message": "Hello!", "timestamp": "2025-01-15T10:30:00.000Z",
    "metadata": { "model": "gpt-4", "tokens_used": 150 }
}))]
pub struct ChatMessage {
    /// Its id.
    pub id: String,
    /// Its session.
    pub session_id: String,
    /// Its agent.
    pub agent_id: String,
    /// `user` or `assistant`.
    pub role: &'static str,
    /// The same.
    pub sender: &'static str,
    /// Its text.
    pub content: String,
    /// The same.
    pub message: String,
    /// When it was said.
    pub timestamp: String,
    /// Of a message of the agent: `model` and `tokens_used`.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

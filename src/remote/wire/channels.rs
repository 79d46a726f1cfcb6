//! Who takes part in a session, messages that are taken away, and what agents are shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session;
use crate::domain::{MessageId, Participant, SessionId};
use crate::engine::Forget;

/// Memories of a page when nobody says how many.
const PAGE: usize = 100;

/// Some who take part, or do no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Seats {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Who: `{"kind": "person", "id": "…", "name": "…"}` or `{"kind": "agent", "agent": "NAME"}`.
    #[schema(value_type = Vec<Object>)]
    pub participants: Vec<Participant>,
}

/// Takes a message away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redact {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The message.
    #[schema(value_type = String)]
    pub message: MessageId,
}

/// What an agent is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoriesOf {
    /// The agent.
    pub agent: String,
    /// Only of this session; absent = of all in which it takes part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// `next` of an earlier page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Most memories; 100 unless told.
    #[serde(default = "page")]
    pub limit: usize,
}

fn page() -> usize {
    PAGE
}

/// Puts a text in the place of a message, for one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    /// The agent.
    pub agent: String,
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The message.
    #[schema(value_type = String)]
    pub message: MessageId,
    /// The text that the agent is shown.
    pub text: String,
}

/// Makes an agent forget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetIn {
    /// The agent.
    pub agent: String,
    /// `{"message": {"session", "message"}}`, `{"session": "ID"}`, or `"everything"`.
    #[schema(value_type = Object)]
    pub what: Forget,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Forgotten {
    /// How many messages the agent was shown until now.
    pub messages: u64,
}

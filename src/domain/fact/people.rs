//! Facts about who takes part, about messages that were taken away, and about what an agent is shown.

use serde::{Deserialize, Serialize};

use crate::domain::{MessageId, Participant};

/// Somebody takes part from here on. Who did already is shown by the name that stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantJoined {
    /// Who.
    pub participant: Participant,
}

/// Somebody takes part no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParticipantLeft {
    /// Who.
    pub participant: Participant,
}

/// A message was taken away, for good: nobody is shown it any more, and its text is in no log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRedacted {
    /// The message.
    pub message_id: MessageId,
    /// What of the session's state held its text: it holds nothing from here on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub state: Vec<String>,
}

/// What one agent is shown in the place of a message, from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryAmended {
    /// The agent.
    pub agent: String,
    /// The message.
    pub message_id: MessageId,
    /// The text that it is shown; empty in a log of which that was removed.
    pub text: String,
}

/// What one agent is no longer shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryForgotten {
    /// The agent.
    pub agent: String,
    /// The message; absent = all that was said before this fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
}

//! Facts about messages.

use serde::{Deserialize, Serialize};

use crate::domain::{Finish, Message, MessageId, ModelChoice, Part, ToolReturn, Usage, Visibility};

/// A person, or the surroundings, said something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessagePosted {
    /// What.
    pub message: Message,
}

/// An agent said something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageCompleted {
    /// Its id.
    pub message_id: MessageId,
    /// The agent.
    pub agent: String,
    /// What, in order.
    pub parts: Vec<Part>,
    /// Why the model stopped.
    pub finish: Finish,
    /// What the call used.
    pub usage: Usage,
    /// The model that said it.
    pub model: ModelChoice,
    /// Which call of the model in this run: 1, 2, …
    pub round: u32,
    /// From the request to its first content, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// From the request to its end, in milliseconds.
    pub elapsed_ms: u64,
    /// The message that the run writes once its calls have returned; absent when it calls nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_message_id: Option<MessageId>,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The step of the run's procedure that it belongs to, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// Who is shown it.
    #[serde(default, skip_serializing_if = "Visibility::is_all")]
    pub visibility: Visibility,
    /// The name of the form that its text has; absent = text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
}

impl MessageCompleted {
    /// The text parts, one after the other.
    pub fn text(&self) -> String {
        Part::texts(&self.parts)
    }
}

/// A message that was being written will never be completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAbandoned {
    /// Its id.
    pub message_id: MessageId,
    /// Why.
    pub reason: String,
}

/// A message of a restored history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageImported {
    /// The message.
    pub message: Message,
    /// What the tools that it calls gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<ToolReturn>,
}

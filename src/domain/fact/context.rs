//! The fact that an agent's model is told in short what was said before.

use serde::{Deserialize, Serialize};

use crate::domain::{MessageId, ModelChoice, Usage};

/// From here on an agent's model is shown a summary in the place of the older messages. They stay in the log, and people
/// are shown them as before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContextCompacted {
    /// The agent.
    pub agent: String,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The newest message that the summary stands for, with what its calls gave.
    pub through: MessageId,
    /// The log as it was when the summary was made: what was taken away since may stand in it, so it counts no longer.
    pub seen: u64,
    /// What was said, in short; empty in a log of which that was removed.
    pub summary: String,
    /// Messages that it stands for, beside those of an earlier summary.
    pub messages: u32,
    /// What the model would have been shown without it, in tokens, by rule of thumb.
    pub tokens_before: u64,
    /// What it is shown with it, in tokens, by rule of thumb.
    pub tokens_after: u64,
    /// The model that wrote it; absent = it was made of the first words of what was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// What the call used.
    pub usage: Usage,
}

impl ContextCompacted {
    /// One line for people.
    pub fn told(&self) -> String {
        let Self { messages, tokens_before, tokens_after, .. } = self;
        format!(
            "the model is shown a summary of {messages} older messages: about {tokens_before} tokens became {tokens_after}"
        )
    }
}

//! What lists of sessions and pages of messages are asked for, and what they hold.

use serde::{Deserialize, Serialize};

use crate::domain::{Finish, Message, ModelChoice, RunId, SessionStatus, SessionSummary, ToolReturn, Usage};

/// Which sessions a list is about. Newest change first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionFilter {
    /// Only those that have all these labels (key, value).
    pub labels: Vec<(String, String)>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those that stand here.
    pub status: Option<SessionStatus>,
    /// Only those whose title or id holds this text, ignoring case.
    pub text: Option<String>,
    /// After this row of an earlier page.
    pub after: Option<String>,
    /// Most rows.
    pub limit: usize,
}

/// One session of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionItem {
    /// Its row.
    pub summary: SessionSummary,
    /// What it is doing.
    pub status: SessionStatus,
}

/// A page of sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionPage {
    /// The rows.
    pub sessions: Vec<SessionItem>,
    /// Where the next page begins; absent = this was the last.
    pub next: Option<String>,
}

/// A message as people are shown it, with what its calls gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The message.
    pub message: Message,
    /// Where it stands in the log.
    pub seq: u64,
    /// The run that wrote it, or that it asked for.
    pub run: Option<RunId>,
    /// Why its writer stopped.
    pub finish: Option<Finish>,
    /// What it used.
    pub usage: Option<Usage>,
    /// The model that wrote it.
    pub model: Option<ModelChoice>,
    /// What its calls gave.
    pub returns: Vec<ToolReturn>,
}

/// A page of messages, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Shown>,
    /// What comes before them begins before this place; absent = these are the first.
    pub before: Option<u64>,
}

//! What lists of sessions and pages of messages are asked for, and what they hold.

use serde::{Deserialize, Serialize};

use crate::domain::{
    ContextCompacted, Finish, Message, ModelChoice, Participant, Run, RunId, RunStatus, SessionId, SessionStatus,
    SessionSummary, Timestamp, ToolReturn, Usage,
};

/// Which sessions a list is about. Newest change first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionFilter {
    /// Only those that have all these labels (key, value).
    pub labels: Vec<(String, String)>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those in which they take part, whatever name is shown. An agent takes part in its own sessions where no agent
    /// has come.
    pub participant: Option<Participant>,
    /// Only those that stand here.
    pub status: Option<SessionStatus>,
    /// Only those whose title or id holds this text, ignoring case.
    pub text: Option<String>,
    /// Only those whose id begins so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
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

/// Which runs a list is about. Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunFilter {
    /// Only those of this session.
    pub session: Option<SessionId>,
    /// Only those of this agent, by its name or its id.
    pub agent: Option<String>,
    /// Only those that stand so; empty = all.
    pub statuses: Vec<RunStatus>,
    /// Only those of this priority.
    pub priority: Option<i32>,
    /// Only those that have all these labels (key, value).
    pub labels: Vec<(String, String)>,
    /// Rows that are passed over.
    pub offset: usize,
    /// Most rows; 0 means none. Where it is read and nothing is said, 100.
    #[serde(default = "rows")]
    pub limit: usize,
}

/// Rows of a page when nobody says how many.
fn rows() -> usize {
    100
}

impl RunFilter {
    /// The newest runs of a session, or of all, that stand so (empty = however they stand).
    pub fn newest(session: Option<&SessionId>, statuses: &[RunStatus], limit: usize) -> Self {
        Self { session: session.cloned(), statuses: statuses.to_vec(), limit, ..Self::default() }
    }
}

/// A page of runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    /// The rows.
    pub runs: Vec<Run>,
    /// How many there are in all, on whatever page.
    pub total: u64,
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
    /// The summaries that agents' models are shown in the place of older messages, made among these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summaries: Vec<ShownSummary>,
}

/// A summary as people see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownSummary {
    /// Where it stands in the log.
    pub seq: u64,
    /// When it was made.
    pub at: Timestamp,
    /// What it says, and of how much.
    #[serde(flatten)]
    pub compacted: ContextCompacted,
}

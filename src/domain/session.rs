//! A durable conversation.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Error, Labels, ModelChoice, Participant, ProcessId, RunId, RunStatus, SessionId, Timestamp, Usage};

/// Opaque JSON by namespace: what a door keeps about a thing. The engine never reads it.
pub type Attributes = Map<String, Value>;

/// How long a session lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetime {
    /// Whether each use begins the time anew. What is appended is use.
    pub sliding: bool,
    /// Seconds until it expires.
    pub ttl_seconds: u64,
    /// Longest life in all, in seconds, for a sliding one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_seconds: Option<u64>,
}

impl Lifetime {
    /// When a life ends that began `since` and was used last at `used`.
    pub fn end(&self, since: Timestamp, used: Timestamp) -> Timestamp {
        let end = if self.sliding { used } else { since }.plus_seconds(self.ttl_seconds);
        self.max_seconds.map_or(end, |most| end.min(since.plus_seconds(most)))
    }

    /// Checks that it lasts at all.
    ///
    /// # Errors
    /// `invalid_input`.
    pub fn check(&self) -> Result<(), Error> {
        if self.ttl_seconds == 0 || self.max_seconds == Some(0) {
            return Err(Error::invalid("a lifetime of 0 seconds is no lifetime").hint("leave it out for one without an end"));
        }
        Ok(())
    }
}

/// A session as its log tells it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Rises when a deleted id is made again.
    pub incarnation: u64,
    /// Its title, where it has one.
    #[serde(default)]
    pub title: Option<String>,
    /// Words on it.
    #[serde(default)]
    pub labels: Labels,
    /// The agent that answers when none is named.
    pub agent: String,
    /// Who takes part, in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<Participant>,
    /// The folder that its tools work in, as an absolute path.
    #[serde(default)]
    pub workspace: Option<String>,
    /// Its own model; absent = the agent's.
    #[serde(default)]
    pub model: Option<ModelChoice>,
    /// How long it lives; absent = until it is deleted.
    #[serde(default)]
    pub lifetime: Option<Lifetime>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something was last appended.
    pub updated_at: Timestamp,
    /// From when its lifetime counts, where that is not when it was made: it was brought back to life, or given another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lives_since: Option<Timestamp>,
    /// When its time is over, or was; absent = it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether its end is in the log: what was said in it is removed. A session whose time is over has expired before
    /// that too, see [`Session::is_over`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expired: bool,
    /// What doors keep about it.
    #[serde(default)]
    pub attributes: Attributes,
    /// Whether it was deleted.
    #[serde(default)]
    pub deleted: bool,
}

impl Session {
    /// The agents that take part: where none came, the session's own.
    pub fn agents(&self) -> Vec<&str> {
        super::participant::agents(&self.participants, &self.agent)
    }

    /// Whether somebody takes part. An agent takes part in its own session where no agent has come.
    pub fn has(&self, who: &Participant) -> bool {
        match who {
            Participant::Person(_) => self.participants.iter().any(|there| there.is_same(who)),
            Participant::Agent { agent } => self.agents().contains(&agent.as_str()),
        }
    }

    /// Whether one agent and at most one person take part.
    pub fn is_of_two(&self) -> bool {
        super::participant::is_of_two(&self.participants)
    }

    /// Whether its time is over: from the moment `expires_at` on.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expired || self.expires_at.is_some_and(|end| now >= end)
    }
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// Nothing.
    Idle,
    /// A run is queued or at work.
    Running,
    /// A run waits for the caller's tools.
    Waiting,
    /// A run's process died; `restore` closes it or goes on with it.
    Interrupted,
    /// Its time is over. It can be brought back by importing a history into it, or be deleted, and nothing else.
    Expired,
}

/// A run that has not ended, as a list of sessions shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveRun {
    /// The run.
    pub run: RunId,
    /// Its agent.
    pub agent: String,
    /// Where it stands.
    pub status: RunStatus,
    /// The process that works on it.
    #[serde(default)]
    pub process: Option<ProcessId>,
}

impl ActiveRun {
    /// Most runs that a row tells of: each append writes it anew.
    pub const TOLD: usize = 128;

    /// Whether it waits for whichever process is free.
    pub fn waits_in_turn(&self) -> bool {
        self.status == RunStatus::Queued && self.process.is_none()
    }
}

/// One row of a list of sessions: kept beside the log by every store, and rebuilt from it when lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// The session.
    pub session: Session,
    /// Runs so far.
    pub runs: u64,
    /// Events so far.
    pub events: u64,
    /// Bytes of its log.
    pub bytes: u64,
    /// Tokens and cost so far.
    pub usage: Usage,
    /// Runs that have not ended, in the order in which they were queued; of more than [`ActiveRun::TOLD`], those that have
    /// begun and the first of the others.
    pub active: Vec<ActiveRun>,
}

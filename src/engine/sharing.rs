//! A session as others may see it: fields that are allowed, without secrets, and what was taken away.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::house::Core;
use crate::domain::{Error, ErrorCode, Labels, ModelChoice, Result, SessionId, Timestamp, Usage};

/// What is told about a shared session. Neither its workspace nor what doors keep about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedHead {
    /// Its id.
    pub id: SessionId,
    /// Its title.
    pub title: Option<String>,
    /// Words on it.
    pub labels: Labels,
    /// Its agent.
    pub agent: String,
    /// The model that answered last.
    pub model: Option<ModelChoice>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When something was last appended.
    pub updated_at: Timestamp,
    /// Runs so far.
    pub runs: u64,
    /// What it used.
    pub usage: Usage,
}

/// What was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// What it was: `secret` (known to this house), `pattern` (looks like one), `reasoning`, …
    pub kind: String,
    /// How often.
    pub count: u64,
}

/// A session as others may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedSession {
    /// Version of its form: 1.
    pub v: u16,
    /// About it.
    pub session: SharedHead,
    /// Its events, oldest first, in the form of the machine output (`type`, `seq`, `at`, …), each with the fields that
    /// are allowed.
    pub events: Vec<Value>,
    /// What was taken away.
    pub removed: Vec<Removed>,
}

/// Takes what may be shown of a session.
pub(crate) async fn share(_core: &Arc<Core>, _session: &SessionId) -> Result<SharedSession> {
    Err(Error::new(ErrorCode::NotSupported, "not yet"))
}

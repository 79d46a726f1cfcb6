//! What is to be appended to a log, and why it was not.

use crate::domain::{Actor, Cause, Error, ErrorCode, Fact, RunId};
use crate::storage::{Alias, Fence, Record};

/// What is to be appended, decided on a fold of the log's end.
#[derive(Default)]
pub(crate) struct Draft {
    /// The facts, with the run that each belongs to and who did it.
    pub(crate) facts: Vec<(Option<RunId>, Actor, Fact)>,
    /// For facts of a run.
    pub(crate) fence: Option<Fence>,
    /// Records to put in the same append.
    pub(crate) records: Vec<Record>,
    /// Names to give in the same append.
    pub(crate) aliases: Vec<Alias>,
    /// Whether what was said before is removed in the same step.
    pub(crate) clears: bool,
}

impl Draft {
    /// Adds a fact of the session.
    pub(crate) fn session(&mut self, actor: Actor, fact: Fact) {
        self.facts.push((None, actor, fact));
    }

    /// Adds a fact of a run.
    pub(crate) fn run(&mut self, run: &RunId, actor: Actor, fact: Fact) {
        self.facts.push((Some(run.clone()), actor, fact));
    }
}

/// Why nothing was appended.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Another process took the run: this one must leave it alone.
    Fenced,
    /// The draft, or the store.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Fenced => {
                Self::new(ErrorCode::Conflict, "another process has taken this run").because(Cause::Interrupted)
            }
            Refused::Failed(error) => error,
        }
    }
}

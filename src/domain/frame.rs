//! What a subscriber gets: facts, and pieces of what grows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Cursor, Delta, Event, Fact, RunId, SessionId, Timestamp};

/// A piece of a message on its way to subscribers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveDelta {
    /// Version of its form.
    pub v: u16,
    /// Where a reader stands who has this.
    pub cursor: Cursor,
    /// The session.
    pub session: SessionId,
    /// The run that writes the message.
    pub run: RunId,
    /// When it was published.
    pub at: Timestamp,
    /// The agent that writes.
    pub agent: String,
    /// The piece.
    #[serde(flatten)]
    pub delta: Delta,
}

/// What a subscriber gets. As JSON it is one flat object with `type`; a fact has `seq`, a delta has `cursor`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Frame {
    /// What happened; durable.
    Fact(Arc<Event>),
    /// What grows. Shared, since a thousand subscribers may be given the same piece.
    Delta(Arc<LiveDelta>),
}

impl From<LiveDelta> for Frame {
    fn from(delta: LiveDelta) -> Self {
        Self::Delta(Arc::new(delta))
    }
}

impl Frame {
    /// The run that the frame belongs to.
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Fact(event) => event.run.as_ref(),
            Self::Delta(delta) => Some(&delta.run),
        }
    }

    /// Where a reader stands who has this, in a session of this incarnation; that of one that was made again is noted.
    pub fn cursor(&self, incarnation: &mut u64) -> Cursor {
        match self {
            Self::Fact(event) => {
                if let Fact::SessionCreated(created) = &event.fact {
                    *incarnation = created.incarnation;
                }
                Cursor::after(*incarnation, event.seq)
            }
            Self::Delta(live) => live.cursor,
        }
    }
}

//! The life of a session in its fold: when its time is over, and which of its history counts.

use serde::{Deserialize, Serialize};

use super::Fold;
use crate::domain::{AfterClearing, Event, Fact, SessionRewound, Timestamp};

/// Most pieces of a log that a fold knows to be dropped; of more, the oldest are read again and dropped then.
const DROPPED: usize = 64;

/// A piece of a log that counts for nothing: what lies between two facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The last fact before it.
    pub after: u64,
    /// The first fact after it, which dropped it.
    pub until: u64,
}

impl Dropped {
    /// Whether a fact lies in it.
    pub fn holds(&self, seq: u64) -> bool {
        self.after < seq && seq < self.until
    }
}

impl Fold {
    /// Obeys the lifetime, after a fact was folded. A session whose time was over is not renewed by what is still
    /// appended to it, such as the end of its last run: only a new history brings it back.
    pub(super) fn age(&mut self, event: &Event, was_over: bool) {
        let session = &mut self.session;
        match &event.fact {
            Fact::SessionCleared(cleared) if cleared.then == AfterClearing::Expired => {
                session.expired = true;
                session.expires_at = Some(session.expires_at.map_or(event.at, |end| end.min(event.at)));
                return;
            }
            Fact::SessionUpdated(updated) if updated.lifetime.is_some() => session.lives_since = Some(event.at),
            Fact::SessionRestored(_) if was_over => {
                session.expired = false;
                session.lives_since = Some(event.at);
            }
            _ => {}
        }
        if was_over && !matches!(event.fact, Fact::SessionRestored(_)) {
            return;
        }
        let since = session.lives_since.unwrap_or(session.created_at);
        session.expires_at = session.lifetime.as_ref().map(|lifetime| lifetime.end(since, event.at));
    }

    /// Drops what came after a place.
    pub(super) fn rewind(&mut self, seq: u64, rewound: &SessionRewound) {
        self.last_message.clone_from(&rewound.after);
        self.dropped.retain(|dropped| dropped.after < rewound.after_seq);
        self.dropped.push(Dropped { after: rewound.after_seq, until: seq });
        if self.dropped.len() > DROPPED {
            self.dropped.remove(0);
        }
    }

    /// Whether a fact counts for nothing, as far as the fold knows.
    pub fn is_dropped(&self, seq: u64) -> bool {
        self.dropped.iter().any(|dropped| dropped.holds(seq))
    }

    /// After which place reading goes on, when everything up to `seq` was read.
    pub fn read_on_after(&self, seq: u64) -> u64 {
        let over = self.dropped.iter().find(|dropped| dropped.after == seq || dropped.holds(seq));
        over.map_or(seq, |dropped| dropped.until - 1)
    }

    /// Before which place the history is read that lies before `seq`; `None` when nothing of it counts.
    pub fn read_back_before(&self, seq: u64) -> Option<u64> {
        let over = self.dropped.iter().find(|dropped| dropped.holds(seq) || dropped.until == seq);
        let before = over.map_or(seq, |dropped| dropped.after + 1);
        (before > self.history_from).then_some(before)
    }

    /// Whether the session's time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.session.is_over(now)
    }
}

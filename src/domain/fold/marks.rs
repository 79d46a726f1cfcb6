//! Where the newest turns begin, and which summaries of older ones count.

use serde::{Deserialize, Serialize};

use super::{Fold, WINDOW_BYTES, WINDOW_TURNS};
use crate::domain::{AuthorKind, Event, Fact};

/// Most summaries that are known; of more, the oldest are forgotten.
const SUMMARIES: usize = 16;

/// Where a turn begins, and how many bytes of log it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnMark {
    /// The event that begins it.
    pub seq: u64,
    /// Bytes of its events.
    pub bytes: u64,
}

impl Fold {
    /// Keeps the marks of the newest turns.
    pub(super) fn mark(&mut self, event: &Event, bytes: u64) {
        let begins = match &event.fact {
            Fact::SessionRestored(_) | Fact::SessionCleared(_) => {
                self.marks.clear();
                self.summaries.clear();
                true
            }
            Fact::SessionRewound(rewound) => {
                self.marks.retain(|mark| mark.seq <= rewound.after_seq);
                self.summaries.retain(|seq| *seq <= rewound.after_seq);
                if !rewound.turns.is_empty() {
                    self.marks = rewound.turns.iter().copied().collect();
                }
                true
            }
            Fact::ContextCompacted(_) => {
                self.summaries.push(event.seq);
                if self.summaries.len() > SUMMARIES {
                    self.summaries.remove(0);
                }
                self.marks.is_empty()
            }
            // What a step says belongs to the turn that its run is part of.
            Fact::MessagePosted(posted) => posted.message.author.kind != AuthorKind::Environment,
            Fact::MessageImported(imported) => imported.message.author.kind != AuthorKind::Agent,
            _ => self.marks.is_empty(),
        };
        if begins {
            self.marks.push_back(TurnMark { seq: event.seq, bytes: 0 });
        }
        if let Some(last) = self.marks.back_mut() {
            last.bytes += bytes;
        }
        let mut total: u64 = self.marks.iter().map(|mark| mark.bytes).sum();
        // What a run answers stays in the window until the run has ended.
        let needed = self.active.iter().map(|active| active.queued_seq).min().unwrap_or(u64::MAX);
        while self.marks.get(1).is_some_and(|next| next.seq <= needed)
            && (total > WINDOW_BYTES || self.marks.len() > WINDOW_TURNS)
        {
            if let Some(dropped) = self.marks.pop_front() {
                total -= dropped.bytes;
            }
        }
    }

    /// The first event of the newest turns: reading from here, and the summaries before, gives all that a model may be shown.
    pub fn window_start(&self) -> u64 {
        self.marks.front().map_or(1, |mark| mark.seq)
    }

    /// The summaries that stand before the newest turns.
    pub fn older_summaries(&self) -> impl Iterator<Item = u64> + '_ {
        let start = self.window_start();
        self.summaries.iter().copied().filter(move |seq| *seq < start)
    }
}

//! Summaries in a transcript: what an agent's model is shown in the place of older messages.

use std::collections::HashMap;

use super::{Transcript, message_of};
use crate::domain::{ContextCompacted, Event, Fact, Item, MessageId};

/// What is shown in the place of older messages of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The thread; `None` = the main one.
    pub thread: Option<String>,
    /// The text.
    pub text: String,
    /// The log as it was when the text was made.
    pub seen: u64,
}

/// Which summaries of a log count: those of which nothing was taken away, forgotten or amended since.
pub(super) struct Counting<'a> {
    agent: &'a str,
    /// Where messages stand.
    places: HashMap<&'a MessageId, u64>,
    /// What was taken away, forgotten or amended; without a message = all before.
    changes: Vec<(u64, Option<&'a MessageId>)>,
}

impl<'a> Counting<'a> {
    /// Looks at a log. Nothing is gathered where no summary is.
    pub(super) fn of(events: &[&'a Event], agent: &'a str) -> Self {
        let mut counting = Self { agent, places: HashMap::new(), changes: Vec::new() };
        if !events.iter().any(|event| matches!(event.fact, Fact::ContextCompacted(_))) {
            return counting;
        }
        for event in events {
            if let Some(message) = message_of(&event.fact) {
                counting.places.insert(message, event.seq);
            }
            let changed = match &event.fact {
                Fact::MessageRedacted(redacted) => Some(Some(&redacted.message_id)),
                Fact::MemoryAmended(amended) if amended.agent == agent => Some(Some(&amended.message_id)),
                Fact::MemoryForgotten(forgotten) if forgotten.agent == agent => Some(forgotten.message_id.as_ref()),
                _ => None,
            };
            counting.changes.extend(changed.map(|message| (event.seq, message)));
        }
        counting
    }

    /// Whether a fact is a summary that does not count.
    pub(super) fn leaves_out(&self, fact: &Fact) -> bool {
        let Fact::ContextCompacted(compacted) = fact else { return false };
        if compacted.agent != self.agent || compacted.summary.is_empty() {
            return true;
        }
        let through = self.places.get(&compacted.through).copied().unwrap_or(0);
        let came_later = |message: &MessageId| self.places.get(message).is_some_and(|place| *place > through);
        let mut since = self.changes.iter().filter(|(seq, _)| *seq > compacted.seen);
        since.any(|(_, message)| message.is_none_or(|message| !came_later(message)))
    }
}

impl Transcript {
    /// Puts a summary in the place of the messages that it stands for.
    pub(super) fn compact(&mut self, compacted: &ContextCompacted) {
        let thread = compacted.thread.as_deref();
        self.summaries.retain(|summary| summary.thread.as_deref() != thread);
        let summary = Summary { thread: compacted.thread.clone(), text: compacted.summary.clone(), seen: compacted.seen };
        self.summaries.push(summary);
        // What is not here was left behind before: then all that is here came later.
        let is_last = |item: &Item| item.message_id() == &compacted.through && item.thread() == thread;
        let Some(last) = self.items.iter().rposition(is_last) else { return };
        let mut at = 0;
        let step_items = self.step_items;
        let mut before_step = 0;
        self.items.retain(|item| {
            let stays = at > last || item.thread() != thread;
            before_step += usize::from(!stays && at < step_items);
            at += 1;
            stays
        });
        self.step_items -= before_step;
    }

    /// The summary of a thread.
    pub fn summary(&self, thread: Option<&str>) -> Option<&Summary> {
        self.summaries.iter().find(|summary| summary.thread.as_deref() == thread)
    }

    /// Leaves summaries out that were made before a message was taken away which is none of those that are here: it may
    /// stand in them.
    pub(super) fn without_summaries(&mut self, gone: &HashMap<MessageId, u64>) {
        let items = &self.items;
        let may_hold = |message: &MessageId| !items.iter().any(|item| item.message_id() == message);
        self.summaries.retain(|summary| !gone.iter().any(|(message, seq)| *seq > summary.seen && may_hold(message)));
    }
}

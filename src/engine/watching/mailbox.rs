//! What waits for one watcher: some facts, and beyond them only where he stands in each log.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::domain::{Event, SessionId, Timestamp};

/// Facts that wait for one watcher.
const WAITING: usize = 1_024;
/// Sessions whose logs he has to read again.
const BEHIND: usize = 4_096;

/// Where a part of a log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With this fact.
    At(u64),
    /// With the first fact after a moment.
    After(Timestamp),
}

/// A part of a log, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) session: SessionId,
    pub(super) from: Start,
    pub(super) to: u64,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// A fact.
    Event(Arc<Event>),
    /// Facts that are to be read from the log.
    Read(Range),
    /// Too much waits: nothing more is kept.
    TooFarBehind,
}

#[derive(Debug)]
enum Waiting {
    Event(Arc<Event>),
    /// The session's part is among the ranges.
    Range(SessionId),
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Waiting>,
    ranges: HashMap<SessionId, Range>,
    is_lost: bool,
}

/// What waits for one watcher. In the order in which it came; of one session always in the order of its log.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    came: Notify,
}

impl Mailbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fact that was published.
    pub(super) fn put(&self, event: &Arc<Event>) {
        let mut state = self.state();
        if state.queue.len() < WAITING && !state.ranges.contains_key(&event.session) {
            state.queue.push_back(Waiting::Event(Arc::clone(event)));
        } else {
            state.note(Range { session: event.session.clone(), from: Start::At(event.seq), to: event.seq });
        }
        drop(state);
        self.came.notify_one();
    }

    /// Facts that are in the log.
    pub(super) fn put_range(&self, range: Range) {
        self.state().note(range);
        self.came.notify_one();
    }

    /// What comes next; waits for it.
    pub(super) async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.state().take() {
                return item;
            }
            self.came.notified().await;
        }
    }
}

impl State {
    fn note(&mut self, range: Range) {
        if let Some(known) = self.ranges.get_mut(&range.session) {
            known.to = known.to.max(range.to);
        } else if self.ranges.len() < BEHIND {
            self.queue.push_back(Waiting::Range(range.session.clone()));
            self.ranges.insert(range.session.clone(), range);
        } else {
            *self = Self { is_lost: true, ..Self::default() };
        }
    }

    fn take(&mut self) -> Option<Item> {
        if self.is_lost {
            return Some(Item::TooFarBehind);
        }
        match self.queue.pop_front()? {
            Waiting::Event(event) => Some(Item::Event(event)),
            Waiting::Range(session) => self.ranges.remove(&session).map(Item::Read),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::domain::{Actor, EventId, FACT_VERSION, Fact, Notice, Timestamp};

    fn event(session: &str, seq: u64) -> Arc<Event> {
        let fact = Fact::Notice(Notice { code: "c".into(), message: "m".into(), details: serde_json::Value::Null });
        Arc::new(Event {
            v: FACT_VERSION,
            seq,
            id: EventId::from_text("e"),
            session: SessionId::from_text(session),
            run: None,
            at: Timestamp::from_millis(0),
            actor: Actor::house(),
            fact,
        })
    }

    fn range(session: &str, from: u64, to: u64) -> Range {
        Range { session: SessionId::from_text(session), from: Start::At(from), to }
    }

    /// What waits, in short.
    fn taken(mailbox: &Mailbox) -> Vec<String> {
        std::iter::from_fn(|| mailbox.next().now_or_never())
            .map(|item| match item {
                Item::Event(event) => format!("{}{}", event.session, event.seq),
                Item::Read(Range { session, from: Start::At(from), to }) => format!("{session}{from}-{to}"),
                Item::Read(range) => format!("{range:?}"),
                Item::TooFarBehind => "lost".to_owned(),
            })
            .take(WAITING + BEHIND + 1)
            .collect()
    }

    #[test]
    fn facts_come_in_order_and_beyond_some_as_parts_of_logs() {
        let mailbox = Mailbox::default();
        for seq in 1..=1_030 {
            mailbox.put(&event("a", seq));
        }
        mailbox.put(&event("b", 1));
        mailbox.put(&event("a", 1_031));
        let taken = taken(&mailbox);
        assert_eq!(taken[..2], ["a1", "a2"]);
        assert_eq!(taken[WAITING - 1..], ["a1024", "a1025-1031", "b1-1"]);
        mailbox.put(&event("a", 1_032));
        assert_eq!(self::taken(&mailbox), ["a1032"]);
    }

    #[test]
    fn what_is_to_be_read_is_not_overtaken() {
        let mailbox = Mailbox::default();
        mailbox.put(&event("a", 1));
        mailbox.put_range(range("a", 2, 4));
        mailbox.put(&event("a", 5));
        mailbox.put(&event("b", 7));
        assert_eq!(taken(&mailbox), ["a1", "a2-5", "b7"]);
    }

    #[test]
    fn who_is_too_far_behind_is_told() {
        let mailbox = Mailbox::default();
        for number in 0..=BEHIND {
            mailbox.put_range(range(&format!("s{number}-"), 1, 1));
        }
        let taken = taken(&mailbox);
        assert!(taken.iter().all(|item| item == "lost") && !taken.is_empty(), "{taken:?}");
    }
}

//! The life of a session in its fold: when its time is over, and which of its history counts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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

    /// Begins a history.
    pub(super) fn begin_history(&mut self, seq: u64, state: &Map<String, Value>) {
        self.history_from = seq;
        self.state.clone_from(state);
        self.threads.clear();
        self.dropped.clear();
        self.last_message = None;
    }

    /// Drops what came after a place.
    pub(super) fn rewind(&mut self, seq: u64, rewound: &SessionRewound) {
        self.last_message.clone_from(&rewound.after);
        self.state.clone_from(&rewound.state);
        self.threads = rewound.threads.iter().map(|opened| (opened.thread.clone(), opened.clone())).collect();
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

#[cfg(test)]
mod tests {
    use super::super::tests::{created, event, finished, message, posted, queued};
    use super::*;
    use crate::domain::{
        AuthorKind, Lifetime, MessageId, MessageImported, SessionCleared, SessionRestored, SessionUpdated, TurnMark,
    };

    /// Events by their time in seconds; the seq is the same.
    fn at(seconds: u64, mut event: Event) -> Event {
        event.at = Timestamp::from_millis(i64::try_from(seconds * 1_000).unwrap());
        event
    }

    fn living(sliding: bool, max_seconds: Option<u64>) -> Fold {
        let mut event = at(100, created());
        let Fact::SessionCreated(created) = &mut event.fact else { panic!() };
        created.lifetime = Some(Lifetime { sliding, ttl_seconds: 10, max_seconds });
        Fold::begin(&event, 10).unwrap()
    }

    fn ends(fold: &Fold) -> Option<i64> {
        fold.session.expires_at.map(|end| end.as_millis())
    }

    fn take(fold: &mut Fold, event: Event) {
        fold.apply(&event, 10);
    }

    fn restored(seq: u64) -> Event {
        event(seq, None, Fact::SessionRestored(SessionRestored::default()))
    }

    fn cleared(seq: u64, then: AfterClearing) -> Event {
        event(seq, None, Fact::SessionCleared(SessionCleared { then, state: Map::new() }))
    }

    fn rewound(seq: u64, after_seq: u64) -> Event {
        let after = (after_seq > 1).then(|| MessageId::from_text(&format!("m{after_seq}")));
        let fact = SessionRewound { after, after_seq, state: Map::new(), threads: Vec::new(), turns: Vec::new() };
        event(seq, None, Fact::SessionRewound(fact))
    }

    #[test]
    fn a_fixed_life_is_not_renewed_and_a_sliding_one_is() {
        let (mut fixed, mut sliding, mut both) = (living(false, None), living(true, None), living(true, Some(15)));
        assert_eq!((ends(&fixed), ends(&sliding), ends(&both)), (Some(110_000), Some(110_000), Some(110_000)));
        for fold in [&mut fixed, &mut sliding, &mut both] {
            take(fold, at(109, posted(2)));
        }
        assert_eq!((ends(&fixed), ends(&sliding), ends(&both)), (Some(110_000), Some(119_000), Some(115_000)));
        let now = Timestamp::from_millis;
        assert!(!fixed.is_over(now(109_999)) && fixed.is_over(now(110_000)));
        assert!(!sliding.is_over(now(118_999)) && sliding.is_over(now(119_000)));
        let mut never = Fold::begin(&created(), 10).unwrap();
        take(&mut never, at(1 << 30, posted(2)));
        assert_eq!((ends(&never), never.is_over(now(i64::MAX))), (None, false));
    }

    #[test]
    fn what_comes_after_the_end_does_not_renew() {
        let mut fold = living(true, None);
        take(&mut fold, at(101, queued(2, "r")));
        assert_eq!(ends(&fold), Some(111_000));
        take(&mut fold, at(111, finished(3, "r")));
        take(&mut fold, at(112, posted(4)));
        assert_eq!((ends(&fold), fold.session.expired), (Some(111_000), false));
        // Its end is written later, and tells when it was over.
        take(&mut fold, at(500, cleared(5, AfterClearing::Expired)));
        assert_eq!((ends(&fold), fold.session.expired), (Some(111_000), true));
        take(&mut fold, at(600, restored(6)));
        assert_eq!((ends(&fold), fold.session.expired), (Some(610_000), false));
        assert_eq!(fold.session.lives_since, Some(Timestamp::from_millis(600_000)));
    }

    #[test]
    fn a_new_lifetime_counts_from_when_it_is_given() {
        let change = |lifetime| {
            let change = SessionUpdated { lifetime: Some(lifetime), ..SessionUpdated::default() };
            event(2, None, Fact::SessionUpdated(change))
        };
        let short = Lifetime { sliding: false, ttl_seconds: 3, max_seconds: None };
        let mut fold = living(false, None);
        take(&mut fold, at(105, change(Some(short.clone()))));
        assert_eq!(ends(&fold), Some(108_000));
        take(&mut fold, at(106, change(None)));
        assert_eq!(ends(&fold), None);
        // With a new history after the end, as it is brought back.
        let mut fold = living(false, Some(10));
        take(&mut fold, at(200, change(Some(short))));
        assert!(fold.is_over(Timestamp::from_millis(200_000)));
        take(&mut fold, at(200, restored(3)));
        assert_eq!(ends(&fold), Some(203_000));
    }

    #[test]
    fn a_session_without_a_lifetime_can_be_over_too() {
        let mut fold = Fold::begin(&at(100, created()), 10).unwrap();
        take(&mut fold, at(105, cleared(2, AfterClearing::Expired)));
        assert_eq!((ends(&fold), fold.session.expired), (Some(105_000), true));
        take(&mut fold, at(106, restored(3)));
        assert_eq!((ends(&fold), fold.session.expired), (None, false));
    }

    #[test]
    fn the_longest_life_can_be_written_and_read() {
        let life = Lifetime { sliding: true, ttl_seconds: u64::MAX, max_seconds: Some(u64::MAX) };
        let end = life.end(Timestamp::from_millis(0), Timestamp::from_millis(4_000_000_000_000));
        let text = serde_json::to_string(&end).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), end);
        assert!(life.check().is_ok() && Lifetime { ttl_seconds: 0, ..life.clone() }.check().is_err());
        assert!(Lifetime { max_seconds: Some(0), ..life }.check().is_err());
    }

    #[test]
    fn a_cleared_history_begins_anew() {
        let mut fold = Fold::begin(&created(), 1_000).unwrap();
        for seq in 2..9 {
            take(&mut fold, posted(seq));
        }
        take(&mut fold, rewound(9, 4));
        take(&mut fold, cleared(10, AfterClearing::Active));
        assert_eq!((fold.history_from, fold.window_start(), fold.bytes), (10, 10, 10));
        assert_eq!((fold.last_message.clone(), fold.dropped.clone(), fold.head), (None, Vec::new(), 10));
        assert_eq!((fold.read_back_before(11), fold.read_back_before(10), fold.read_back_before(5)), (Some(11), None, None));
    }

    #[test]
    fn what_was_dropped_is_passed_over() {
        let mut fold = Fold::begin(&created(), 10).unwrap();
        (2..9).for_each(|seq| take(&mut fold, posted(seq)));
        take(&mut fold, rewound(9, 6));
        take(&mut fold, posted(10));
        take(&mut fold, rewound(11, 4));
        take(&mut fold, posted(12));
        take(&mut fold, rewound(13, 12));
        assert_eq!(fold.dropped, [Dropped { after: 4, until: 11 }, Dropped { after: 12, until: 13 }]);
        assert_eq!(fold.last_message, Some(MessageId::from_text("m12")));
        let kept: Vec<_> = (1..=13).filter(|seq| !fold.is_dropped(*seq)).collect();
        assert_eq!(kept, [1, 2, 3, 4, 11, 12, 13]);
        let on: Vec<_> = (3..=12).map(|seq| fold.read_on_after(seq)).collect();
        assert_eq!(on, [3, 10, 10, 10, 10, 10, 10, 10, 11, 12]);
        let back: Vec<_> = (1..=13).map(|seq| fold.read_back_before(seq)).collect();
        let expected = [None, Some(2), Some(3), Some(4), Some(5), Some(5), Some(5), Some(5), Some(5), Some(5), Some(5)];
        assert_eq!(back[..11], expected);
        assert_eq!(back[11..], [Some(12), Some(13)]);
        // Turns that are left keep their marks, and those that were dropped lose them.
        assert_eq!(fold.marks.iter().map(|mark| mark.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 11, 12, 13]);
        take(&mut fold, rewound(14, 1));
        assert_eq!(fold.marks.iter().map(|mark| mark.seq).collect::<Vec<_>>(), [1, 14]);
        assert_eq!((fold.last_message.clone(), fold.dropped.clone()), (None, vec![Dropped { after: 1, until: 14 }]));
    }

    #[test]
    fn turns_that_left_the_window_come_back_with_the_fact() {
        let mut fold = Fold::begin(&created(), 10).unwrap();
        for seq in 2..2_000 {
            take(&mut fold, posted(seq));
        }
        assert!(fold.window_start() > 1_000);
        let turns = vec![TurnMark { seq: 6, bytes: 10 }, TurnMark { seq: 7, bytes: 10 }];
        let mut event = rewound(2_000, 7);
        let Fact::SessionRewound(fact) = &mut event.fact else { panic!() };
        fact.turns.clone_from(&turns);
        take(&mut fold, event);
        assert_eq!(fold.marks.iter().map(|mark| mark.seq).collect::<Vec<_>>(), [6, 7, 2_000]);
    }

    #[test]
    fn its_size_does_not_grow_with_rewinding() {
        let mut fold = Fold::begin(&created(), 10).unwrap();
        let mut seq = 1;
        for _ in 0..1_000 {
            take(&mut fold, posted(seq + 1));
            take(&mut fold, posted(seq + 2));
            take(&mut fold, rewound(seq + 3, seq + 1));
            seq += 3;
        }
        assert_eq!(fold.dropped.len(), DROPPED);
    }

    #[test]
    fn a_snapshot_goes_on_as_the_log_does() {
        let mut log = vec![created()];
        for turn in 0..30 {
            let seq = 2 + turn * 4;
            log.push(posted(seq));
            log.push(posted(seq + 1));
            log.push(match turn % 5 {
                0 => cleared(seq + 2, AfterClearing::Active),
                1 => restored(seq + 2),
                _ => rewound(seq + 2, seq),
            });
            let imported = MessageImported { message: message(seq + 3, AuthorKind::Agent), returns: Vec::new() };
            log.push(event(seq + 3, None, Fact::MessageImported(imported)));
        }
        let mut whole = Fold::begin(&log[0], 10).unwrap();
        log[1..].iter().for_each(|event| drop(whole.apply(event, 10)));
        for cut in 1..log.len() {
            let mut fold = Fold::begin(&log[0], 10).unwrap();
            log[1..cut].iter().for_each(|event| drop(fold.apply(event, 10)));
            let mut fold: Fold = serde_json::from_str(&serde_json::to_string(&fold).unwrap()).unwrap();
            log[cut..].iter().for_each(|event| drop(fold.apply(event, 10)));
            assert_eq!(fold, whole, "cut at {cut}");
        }
    }
}

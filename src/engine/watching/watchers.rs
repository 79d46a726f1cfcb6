//! Who watches in this process, and what each is given.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Watched;
use super::mailbox::{Item, Mailbox, Range, Start};
use super::others::Seen;
use crate::domain::{Event, Fact, RunId, SessionId, SessionSummary};

/// Runs whose agent is kept in mind; when there are more, the store is asked.
const RUNS: usize = 8_192;
/// For so many looks at what others did it is kept in mind what was told of a session: rows may come later than facts.
const LOOKS: u8 = 50;

/// The last fact of a session that was told, and the looks since.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// Of the session; 0 = not known.
    incarnation: u64,
    seq: u64,
    looks: u8,
}

#[derive(Debug, Default)]
struct State {
    numbers: u64,
    watching: HashMap<u64, (Watched, Arc<Mailbox>)>,
    agents: HashMap<RunId, Arc<str>>,
    told: HashMap<SessionId, Told>,
    /// The newest sessions when they were looked at last; `None` = nobody watched.
    seen: Option<Seen>,
}

#[derive(Debug, Default)]
struct Inner {
    /// So that nothing is locked while nobody watches.
    count: AtomicUsize,
    state: Mutex<State>,
}

/// Who watches in this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watchers(Arc<Inner>);

/// A session that has more facts than were told.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) session: SessionId,
    incarnation: u64,
    /// The first that was not.
    from: Start,
    facts: u64,
}

/// Where a fact stands that is published.
enum Place {
    /// It was told: it was found in the log before it was published here.
    Old,
    /// After what was told last.
    Next,
    /// Others have appended before it what was not told: from here on.
    Gap(Start),
}

/// One who watches, until it is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    number: u64,
    watched: Watched,
    mailbox: Arc<Mailbox>,
    watchers: Watchers,
}

impl Watchers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody watches.
    pub(crate) fn are_there(&self) -> bool {
        self.0.count.load(Ordering::Acquire) > 0
    }

    /// One more watches from now on.
    pub(super) fn watch(&self, watched: Watched) -> Watcher {
        let mut state = self.state();
        state.numbers += 1;
        let (number, mailbox) = (state.numbers, Arc::new(Mailbox::default()));
        state.watching.insert(number, (watched.clone(), Arc::clone(&mailbox)));
        self.0.count.store(state.watching.len(), Ordering::Release);
        drop(state);
        Watcher { number, watched, mailbox, watchers: self.clone() }
    }

    /// A fact was published here. The caller keeps the order of its session.
    pub(crate) fn tell(&self, event: &Arc<Event>) {
        if !self.are_there() {
            return;
        }
        let mut state = self.state();
        let missed = match state.place(event) {
            Place::Old => return,
            Place::Next => None,
            Place::Gap(from) => Some(Range { session: event.session.clone(), from, to: event.seq }),
        };
        if let Fact::RunQueued(queued) = &event.fact
            && let Some(run) = &event.run
        {
            state.keep_in_mind(run, &queued.agent);
        }
        if let Some(range) = missed {
            state.watching.values().for_each(|(_, mailbox)| mailbox.put_range(range.clone()));
            return;
        }
        let Some(run) = &event.run else { return };
        let agent = state.agents.get(run).cloned();
        for (watched, mailbox) in state.watching.values() {
            let wanted = match watched {
                Watched::Run(watched) => watched == run,
                // Of what is not known whoever takes it finds out.
                Watched::Agent(name) => agent.as_ref().is_none_or(|agent| **agent == **name),
            };
            if wanted {
                mailbox.put(event);
            }
        }
        if matches!(event.fact, Fact::RunFinished(_)) {
            state.agents.remove(run);
        }
    }

    /// The agent of a run, where it is known here.
    pub(super) fn agent_of(&self, run: &RunId) -> Option<Arc<str>> {
        self.state().agents.get(run).cloned()
    }

    /// Whose run it is.
    pub(super) fn keep_in_mind(&self, run: &RunId, agent: &str) {
        self.state().keep_in_mind(run, agent);
    }

    /// Whether it is known where others stand.
    pub(super) fn has_seen(&self) -> bool {
        self.state().seen.is_some()
    }

    /// Where others stand, for whoever begins to watch first.
    pub(super) fn begin(&self, seen: Seen) {
        self.state().seen.get_or_insert(seen);
    }

    /// What is known of the newest sessions; nothing while nobody watches.
    pub(super) fn seen(&self) -> Option<Seen> {
        let mut state = self.state();
        if state.watching.is_empty() {
            (state.seen, state.told, state.agents) = (None, HashMap::new(), HashMap::new());
        }
        state.seen.clone()
    }

    /// What was looked at just now; answers the sessions that have more facts than were told.
    pub(super) fn compare(&self, rows: &[SessionSummary], now: Seen) -> Vec<News> {
        let mut state = self.state();
        let before = state.seen.take().unwrap_or_default();
        state.seen = Some(now.and(&before));
        state.told.retain(|_, told| {
            told.looks = told.looks.saturating_add(1);
            told.looks < LOOKS
        });
        let mut news = Vec::new();
        for row in rows {
            let id = &row.session.id;
            let is_this = |incarnation: u64| incarnation == 0 || incarnation == row.session.incarnation;
            let told = state.told.get(id).map(|told| (told.incarnation, told.seq));
            // Of one that was deleted and made again nothing is known.
            let of_this = |(incarnation, facts)| if is_this(incarnation) { facts } else { 0 };
            let known = told.map(of_this).max(before.facts(id).map(of_this));
            let from = known.map_or(before.start(), |known| Start::At(known + 1));
            if known.is_none_or(|known| known < row.events) {
                let (session, incarnation) = (id.clone(), row.session.incarnation);
                news.push(News { session, incarnation, from, facts: row.events });
            }
        }
        news
    }

    /// Tells facts that are in the log of a session; those that were told meanwhile are left out.
    pub(super) fn tell_range(&self, news: News) {
        let News { session, incarnation, from, facts: to } = news;
        let mut state = self.state();
        let told = state.told.get(&session).filter(|told| told.incarnation == 0 || told.incarnation == incarnation);
        let from = match (told, from) {
            (Some(told), Start::At(from)) => Start::At(from.max(told.seq + 1)),
            (Some(told), Start::After(_)) => Start::At(told.seq + 1),
            (None, from) => from,
        };
        if matches!(from, Start::At(from) if from > to) {
            return;
        }
        state.told.insert(session.clone(), Told { incarnation, seq: to, looks: 0 });
        for (_, mailbox) in state.watching.values() {
            mailbox.put_range(Range { session: session.clone(), from, to });
        }
    }
}

impl State {
    /// Where a fact stands, which counts as told after this.
    fn place(&mut self, event: &Event) -> Place {
        let told = self.told.get(&event.session).map(|told| (told.incarnation, told.seq));
        let seen = self.seen.as_ref();
        let known = told.or_else(|| seen.and_then(|seen| seen.facts(&event.session)));
        let known = match (&event.fact, known) {
            // It may be one whose name another had that was deleted.
            (Fact::SessionCreated(created), known) if known.is_none_or(|(of, _)| of < created.incarnation) => {
                Some((created.incarnation, 0))
            }
            (_, known) => known,
        };
        let start = known.map_or_else(|| seen.map_or(Start::At(event.seq), Seen::start), |(_, seq)| Start::At(seq + 1));
        let place = match start {
            Start::At(next) if event.seq < next => return Place::Old,
            Start::At(next) if event.seq == next => Place::Next,
            start => Place::Gap(start),
        };
        let incarnation = known.map_or(0, |(incarnation, _)| incarnation);
        self.told.insert(event.session.clone(), Told { incarnation, seq: event.seq, looks: 0 });
        if matches!(event.fact, Fact::SessionDeleted(_)) {
            self.told.remove(&event.session);
        }
        place
    }

    fn keep_in_mind(&mut self, run: &RunId, agent: &str) {
        if self.agents.len() >= RUNS {
            self.agents.clear();
        }
        self.agents.insert(run.clone(), agent.into());
    }
}

impl Watcher {
    /// What is watched.
    pub(super) fn watched(&self) -> &Watched {
        &self.watched
    }

    /// What comes next.
    pub(super) async fn next(&self) -> Item {
        self.mailbox.next().await
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut state = self.watchers.state();
        state.watching.remove(&self.number);
        self.watchers.0.count.store(state.watching.len(), Ordering::Release);
    }
}

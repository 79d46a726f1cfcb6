//! One session's log in this process: loads it, appends to it with compare-and-append, follows what other processes
//! append, and publishes all of it in order.

mod draft;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use self::draft::encode;
pub(crate) use self::draft::{Draft, Refused};
use super::holding::{AtWork, RunsHere};
use super::lines::Lines;
use super::live::{Hub, Joined};
use super::notices::Notices;
use super::reading::{blank, decode, is_said};
use crate::domain::{
    Actor, Cause, Clock, Cursor, Error, ErrorCode, Event, Fact, Fold, MessageId, ProcessId, Result, RunId, SessionId,
    Timestamp,
};
use crate::storage::{AppendError, Head, Store};

/// Entries of one page when a log is read.
const PAGE: usize = 512;
/// Bytes of one page when a log is read.
const PAGE_BYTES: usize = 1 << 20;
/// Attempts of one append before the session counts as too busy.
const ATTEMPTS: usize = 200;
/// What of a log is in memory.
#[derive(Default)]
pub(crate) struct State {
    /// The log up to its end, as far as this process knows it; `None` = not read yet, or no such session.
    pub(crate) fold: Option<Fold>,
    /// The newest turns, from the fold's window on: all that is part of a conversation, and some of the rest; `None` =
    /// not read yet.
    window: Option<VecDeque<Arc<Event>>>,
    snapshot_seq: u64,
    /// Of a session that was deleted under this id.
    deleted_incarnation: u64,
}

/// One session's log in this process.
pub(crate) struct Ledger {
    pub(crate) id: SessionId,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    state: tokio::sync::Mutex<State>,
    pub(crate) hub: Hub,
    notices: Notices,
    pub(super) here: RunsHere,
    pub(super) lines: Lines,
    /// Messages that were taken away while a run was at work here, each with the place of that.
    gone: Mutex<HashMap<MessageId, u64>>,
    /// When the session's time is over, in milliseconds, as far as is known: to be asked without waiting for an append.
    ends_at: AtomicI64,
}

impl Ledger {
    pub(crate) async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        notices: Notices,
        id: SessionId,
        frames: usize,
    ) -> Result<Self> {
        let head = store.head(&id).await?;
        let hub = match head {
            Some(head) => Hub::new(id.clone(), head.incarnation, head.seq, frames),
            None => Hub::new(id.clone(), 0, 0, frames),
        };
        Ok(Self {
            id,
            store,
            clock,
            state: tokio::sync::Mutex::default(),
            hub,
            notices,
            here: RunsHere::default(),
            lines: Lines::default(),
            gone: Mutex::default(),
            ends_at: AtomicI64::new(i64::MAX),
        })
    }

    /// Joins the live frames.
    pub(crate) fn join(&self) -> Joined {
        self.hub.join()
    }

    /// Makes a run one that this process works on, until the answer is dropped.
    pub(crate) fn works_on(self: &Arc<Self>, run: &RunId) -> AtWork {
        AtWork::new(self, run)
    }

    /// Whether this process works on a run.
    pub(crate) fn is_at_work(&self, run: &RunId) -> bool {
        self.here.has(run)
    }

    /// How many runs this process works on.
    pub(crate) fn runs_here(&self) -> usize {
        self.here.count()
    }

    /// Messages that were taken away while a run was at work here: what it is shown was read before.
    pub(crate) fn gone(&self) -> HashMap<MessageId, u64> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take_away(&self, message: &MessageId, seq: u64) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        if self.here.count() == 0 {
            gone.clear();
        }
        gone.insert(message.clone(), seq);
    }

    /// Whether this process works on a run or somebody here listens: then changes by others must be followed.
    pub(crate) fn is_followed(&self) -> bool {
        self.hub.is_heard() || self.here.count() > 0
    }

    /// The state of the session at the end of its log, caught up with the store.
    ///
    /// # Errors
    /// `not_found` when there is no such session, or it was deleted.
    pub(crate) async fn fold(&self) -> Result<Fold> {
        self.look(Fold::clone).await
    }

    /// What a look at the fold tells, caught up with the store, without a copy of it.
    ///
    /// # Errors
    /// `not_found` when there is no such session.
    pub(crate) async fn look<T>(&self, look: impl FnOnce(&Fold) -> T + Send) -> Result<T> {
        let mut state = self.state.lock().await;
        self.catch_up(&mut state).await?;
        match &state.fold {
            Some(fold) if !fold.session.deleted => Ok(look(fold)),
            _ => Err(no_session(&self.id)),
        }
    }

    /// Follows what other processes have appended. Answers whether there is such a session.
    pub(crate) async fn follow(&self) -> Result<bool> {
        let mut state = self.state.lock().await;
        self.catch_up(&mut state).await?;
        Ok(state.fold.as_ref().is_some_and(|fold| !fold.session.deleted))
    }

    /// The same for whoever subscribes after `cursor`. It does not wait for an append of this process that is on its way
    /// to the disk: what is missing comes live.
    pub(crate) async fn follow_to(&self, cursor: Cursor) -> Result<bool> {
        let at_work = self.state.try_lock().is_err();
        if at_work && self.hub.has(cursor) { Ok(true) } else { self.follow().await }
    }

    /// When the session's time is over, as far as is known here.
    pub(crate) fn ends_at(&self) -> Timestamp {
        Timestamp::from_millis(self.ends_at.load(Ordering::Acquire))
    }

    /// Whether the session's time is over, as far as is known here.
    pub(crate) fn is_over(&self) -> bool {
        self.clock.now().as_millis() >= self.ends_at.load(Ordering::Acquire)
    }

    /// Keeps in mind what a fold tells, when facts were folded: when the session ends, and that what was read of its newest
    /// turns is not them any more.
    fn keep_in_mind(&self, state: &mut State, events: &[Arc<Event>]) {
        let Some(fold) = &state.fold else { return };
        let ends_at = if fold.session.expired { Some(Timestamp::default()) } else { fold.session.expires_at };
        self.ends_at.store(ends_at.map_or(i64::MAX, Timestamp::as_millis), Ordering::Release);
        let ends =
            |fact: &Fact| matches!(fact, Fact::SessionRewound(_) | Fact::SessionCleared(_) | Fact::MessageRedacted(_));
        if events.iter().any(|event| ends(&event.fact)) {
            state.window = None;
        }
        trim(state);
    }

    /// The state, and what of the newest turns can be part of a conversation.
    pub(crate) async fn window(&self) -> Result<(Fold, Vec<Arc<Event>>)> {
        let mut state = self.state.lock().await;
        self.catch_up(&mut state).await?;
        let Some(fold) = state.fold.clone() else { return Err(no_session(&self.id)) };
        if state.window.is_none() {
            let mut events = VecDeque::new();
            for seq in fold.older_summaries() {
                let page = self.store.read(&self.id, seq.saturating_sub(1), 1, PAGE_BYTES).await?;
                for entry in &page {
                    events.push_back(Arc::new(decode(&self.id, entry)?));
                }
            }
            let mut after = fold.window_start().saturating_sub(1);
            while after < fold.head {
                let page = self.store.read(&self.id, after, PAGE, PAGE_BYTES).await?;
                let Some(last) = page.last() else { break };
                after = last.seq;
                for entry in page.iter().filter(|entry| is_said(entry) && !fold.is_dropped(entry.seq)) {
                    events.push_back(Arc::new(decode(&self.id, entry)?));
                }
                after = fold.read_on_after(after);
            }
            state.window = Some(events);
        }
        let events = state.window.iter().flatten().cloned().collect();
        Ok((fold, events))
    }

    /// A page of the log after `after`, with the bytes that each event takes.
    pub(crate) async fn page(&self, after: u64) -> Result<Vec<(Arc<Event>, u64)>> {
        let entries = self.store.read(&self.id, after, PAGE, PAGE_BYTES).await?;
        entries.iter().map(|entry| Ok((Arc::new(decode(&self.id, entry)?), entry.body.len() as u64))).collect()
    }

    /// Reads what is new in the store, folds and publishes it.
    async fn catch_up(&self, state: &mut State) -> Result<()> {
        let Some(head) = self.store.head(&self.id).await? else {
            state.fold = None;
            return Ok(());
        };
        if let Some(fold) = &state.fold {
            if fold.head == head.seq && fold.session.incarnation == head.incarnation {
                return Ok(());
            }
            if fold.session.incarnation != head.incarnation && !head.deleted {
                // It was deleted and made again between two looks: for whoever is here, it was deleted.
                self.here.stop_all();
                self.hub.renew(no_session(&self.id));
            }
            if fold.session.incarnation != head.incarnation || head.deleted || head.seq < fold.head {
                *state = State::default();
            }
        }
        if state.fold.is_none() && !head.deleted {
            self.load(state, head).await?;
        }
        if head.deleted {
            return self.deleted(state, head).await;
        }
        loop {
            let after = state.fold.as_ref().map_or(0, |fold| fold.head);
            if after >= head.seq {
                return Ok(());
            }
            let page = self.page(after).await?;
            if page.is_empty() {
                return Err(Error::store(
                    Some(Cause::Corrupt),
                    format!("the log of session `{}` ends before its head", self.id),
                ));
            }
            for (event, bytes) in &page {
                match &mut state.fold {
                    Some(fold) => {
                        fold.apply(event, *bytes);
                    }
                    None => state.fold = Fold::begin(event, *bytes),
                }
                if let Some(window) = &mut state.window {
                    window.push_back(Arc::clone(event));
                }
            }
            let events: Vec<_> = page.into_iter().map(|(event, _)| event).collect();
            self.publish(&events);
            self.keep_in_mind(state, &events);
        }
    }

    /// Begins with the saved fold, where there is one that can be used.
    async fn load(&self, state: &mut State, head: Head) -> Result<()> {
        if let Some(snapshot) = self.store.snapshot(&self.id).await?
            && let Ok(fold) = serde_json::from_slice::<Fold>(&snapshot.body)
            && fold.head == snapshot.seq
            && fold.session.incarnation == head.incarnation
            && fold.head <= head.seq
        {
            // What the snapshot holds may not have been published here yet.
            let mut after = self.hub.head();
            while after < fold.head {
                let page = self.page(after).await?;
                let events: Vec<_> =
                    page.into_iter().map(|(event, _)| event).filter(|event| event.seq <= fold.head).collect();
                let Some(last) = events.last() else { break };
                after = last.seq;
                self.publish(&events);
            }
            state.snapshot_seq = fold.head;
            state.fold = Some(fold);
            self.keep_in_mind(state, &[]);
        }
        Ok(())
    }

    /// A deleted session: only its last fact is left, and it ends every subscription.
    async fn deleted(&self, state: &mut State, head: Head) -> Result<()> {
        *state = State { deleted_incarnation: head.incarnation, ..State::default() };
        let page = self.page(head.seq.saturating_sub(1)).await?;
        let events: Vec<_> = page.into_iter().map(|(event, _)| event).collect();
        self.publish(&events);
        Ok(())
    }

    fn publish(&self, events: &[Arc<Event>]) {
        let mut last = None;
        self.hub.publish(events, |event| {
            last = Some(event.seq);
            self.notices.watchers().tell(event);
            match (&event.fact, &event.run) {
                (Fact::RunCancelRequested(_), Some(run)) => self.here.stop(run),
                (Fact::SessionDeleted(_), _) => self.here.stop_all(),
                (Fact::MessageRedacted(redacted), _) => self.take_away(&redacted.message_id, event.seq),
                _ => {}
            }
        });
        if let Some(seq) = last {
            self.notices.changed(&self.id, seq);
        }
    }

    /// Appends what `draft` decides on the end of the log; it is asked again when another process was quicker.
    /// `None` as fold = there is no such session (or it was deleted: then with the head of what was).
    pub(crate) async fn append<F>(&self, mut draft: F) -> std::result::Result<Vec<Arc<Event>>, Refused>
    where
        F: FnMut(Option<&Fold>) -> std::result::Result<Draft, Refused> + Send,
    {
        let mut guard = self.state.lock().await;
        let state = &mut *guard;
        if state.fold.is_none() {
            self.catch_up(state).await?;
        }
        for _ in 0..ATTEMPTS {
            let drafted = draft(state.fold.as_ref())?;
            if drafted.facts.is_empty() {
                return Ok(Vec::new());
            }
            let prepared = drafted.prepare(&self.id, &*self.clock, state)?;
            let appended = if prepared.clears {
                self.store.clear(prepared.append, blank).await
            } else {
                self.store.append(prepared.append).await
            };
            match appended {
                Ok(()) => {
                    if prepared.saves_snapshot {
                        state.snapshot_seq = prepared.fold.head;
                    }
                    state.fold = Some(prepared.fold);
                    if let Some(window) = &mut state.window {
                        window.extend(prepared.events.iter().cloned());
                    }
                    self.publish(&prepared.events);
                    self.keep_in_mind(state, &prepared.events);
                    return Ok(prepared.events);
                }
                Err(AppendError::Conflict(_)) => self.catch_up(state).await?,
                Err(AppendError::Fenced) => return Err(Refused::Fenced),
                Err(AppendError::AliasTaken(alias)) => {
                    // Not whose it is: that is not for everybody.
                    let message = format!("the name `{}` is taken", alias.key);
                    return Err(Error::new(ErrorCode::Conflict, message).into());
                }
                Err(AppendError::Store(error)) => {
                    // Whether it is there, only the store knows: read again before anything else is appended.
                    *state = State::default();
                    return Err(error.into());
                }
            }
        }
        Err(Error::new(ErrorCode::Busy, format!("session `{}` is changed by too many at once", self.id)).into())
    }

    /// Ends the session, for good.
    pub(crate) async fn delete(&self, actor: Actor) -> Result<()> {
        let mut state = self.state.lock().await;
        for _ in 0..ATTEMPTS {
            self.catch_up(&mut state).await?;
            let Some(fold) = state.fold.as_ref().filter(|fold| !fold.session.deleted) else {
                return Err(no_session(&self.id));
            };
            let incarnation = fold.session.incarnation;
            let fact = Fact::SessionDeleted(crate::domain::SessionDeleted { incarnation });
            let event = draft::event(&self.id, &*self.clock, fold.head + 1, (None, actor.clone(), fact));
            let entry = encode(&event)?;
            match self.store.delete(&self.id, fold.head, entry).await {
                Ok(()) => {
                    *state = State::default();
                    self.publish(&[Arc::new(event)]);
                    return Ok(());
                }
                Err(AppendError::Conflict(_)) => {}
                Err(AppendError::Store(error)) => return Err(error),
                Err(AppendError::Fenced | AppendError::AliasTaken(_)) => {
                    return Err(Error::internal("a deletion was fenced"));
                }
            }
        }
        Err(Error::new(ErrorCode::Busy, format!("session `{}` is changed by too many at once", self.id)))
    }
}

/// Drops the events that have left the window.
fn trim(state: &mut State) {
    if let (Some(fold), Some(window)) = (&state.fold, &mut state.window) {
        let start = fold.window_start();
        let mut summaries = Vec::new();
        while let Some(event) = window.pop_front_if(|event| event.seq < start) {
            if matches!(event.fact, Fact::ContextCompacted(_)) && fold.summaries.contains(&event.seq) {
                summaries.push(event);
            }
        }
        summaries.into_iter().rev().for_each(|event| window.push_front(event));
    }
}

/// The answer where a session is not known.
pub(crate) fn no_session(id: &SessionId) -> Error {
    Error::not_found("session", id).hint("`ombud sessions list` shows the sessions that there are")
}

/// Names this process on a store.
pub(crate) fn process_id(clock: &dyn Clock) -> ProcessId {
    ProcessId::new(clock)
}

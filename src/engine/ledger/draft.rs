//! What is to be appended to a log, and why it was not.

use std::sync::Arc;

use super::{State, no_session};
use crate::domain::{
    Actor, Cause, Clock, Error, ErrorCode, Event, EventId, FACT_VERSION, Fact, Fold, Result, Run, RunId, SessionId,
};
use crate::engine::reading::text_of;
use crate::storage::{Alias, Append, Entry, Fence, Record};

/// A snapshot is saved when this many events were folded since the last one, and at the end of a run; but not before as many
/// events were folded as runs wait in it, since they are most of it.
const SNAPSHOT_EVENTS: u64 = 256;

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

    /// Turns it into what the store takes, and folds it.
    pub(super) fn prepare(self, session: &SessionId, clock: &dyn Clock, end: &State) -> Result<Prepared> {
        let after = end.fold.as_ref().map_or(0, |fold| fold.head);
        let mut fold = end.fold.clone();
        let mut events = Vec::with_capacity(self.facts.len());
        let mut entries = Vec::with_capacity(self.facts.len());
        let mut runs: Vec<Run> = Vec::new();
        let (mut texts, mut ends_run) = (Vec::new(), false);
        for (seq, (run, actor, mut fact)) in (after + 1..).zip(self.facts) {
            if let Fact::SessionCreated(created) = &mut fact {
                created.incarnation = end.deleted_incarnation + 1;
            }
            ends_run |= matches!(fact, Fact::RunFinished(_));
            let event = event(session, clock, seq, (run, actor, fact));
            let entry = encode(&event)?;
            let bytes = entry.body.len() as u64;
            let changed = match &mut fold {
                Some(fold) => fold.apply(&event, bytes),
                None => {
                    fold = Fold::begin(&event, bytes);
                    None
                }
            };
            if let Some(row) = changed {
                runs.retain(|other| other.id != row.id);
                runs.push(row);
            }
            texts.extend(text_of(&event));
            events.push(Arc::new(event));
            entries.push(entry);
        }
        let fold = fold.ok_or_else(|| no_session(session))?;
        let since = if ends_run { 0 } else { SNAPSHOT_EVENTS }.max(fold.active.len() as u64);
        // A fold that passed over facts of a newer version is of no use to that version.
        let saves_snapshot = fold.unknown.is_none() && (self.clears || fold.head >= end.snapshot_seq + since);
        let snapshot = if saves_snapshot { Some(to_json(&fold)?) } else { None };
        let append = Append {
            session: session.clone(),
            incarnation: fold.session.incarnation,
            after,
            entries,
            fence: self.fence,
            summary: fold.summary(),
            runs,
            snapshot: snapshot.map(String::into_bytes),
            aliases: self.aliases,
            records: self.records,
            texts,
        };
        Ok(Prepared { append, events, fold, saves_snapshot, clears: self.clears })
    }
}

/// A draft as it is appended.
pub(super) struct Prepared {
    pub(super) append: Append,
    pub(super) events: Vec<Arc<Event>>,
    /// The state after it.
    pub(super) fold: Fold,
    pub(super) saves_snapshot: bool,
    pub(super) clears: bool,
}

/// A fact with its place in a log.
pub(super) fn event(
    session: &SessionId,
    clock: &dyn Clock,
    seq: u64,
    (run, actor, fact): (Option<RunId>, Actor, Fact),
) -> Event {
    Event { v: FACT_VERSION, seq, id: EventId::new(clock), session: session.clone(), run, at: clock.now(), actor, fact }
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

pub(super) fn encode(event: &Event) -> Result<Entry> {
    Ok(Entry { seq: event.seq, body: to_json(event)? })
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(format!("a value cannot be written as JSON: {error}")))
}

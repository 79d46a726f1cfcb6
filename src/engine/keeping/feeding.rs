//! A log that is handed to the store whole: events are folded as they come, and go in pages.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::{Actor, Error, ErrorCode, Event, EventId, FACT_VERSION, Fact, Fold, Result, Run, RunId, SessionId};
use crate::engine::house::Core;
use crate::engine::reading::text_of;
use crate::storage::{Adopted, AppendError, Entry, Record, Text};

/// Entries of one page, and their bytes.
const PAGE: usize = 512;
const PAGE_BYTES: usize = 1 << 20;
/// Pages that wait for the store.
const WAITING: usize = 2;

/// Where pages go.
pub(super) type Pages = mpsc::Sender<Adopted>;

/// A way for pages, of few.
pub(super) fn way() -> (Pages, mpsc::Receiver<Adopted>) {
    mpsc::channel(WAITING)
}

/// The log so far.
pub(super) struct Feed {
    session: SessionId,
    pub(super) fold: Option<Fold>,
    entries: Vec<Entry>,
    runs: Vec<Run>,
    texts: Vec<Text>,
    bytes: usize,
}

impl Feed {
    pub(super) fn new(session: &SessionId) -> Self {
        let session = session.clone();
        Self { session, fold: None, entries: Vec::new(), runs: Vec::new(), texts: Vec::new(), bytes: 0 }
    }

    /// The last event.
    pub(super) fn head(&self) -> u64 {
        self.fold.as_ref().map_or(0, |fold| fold.head)
    }

    /// Takes a fact of now; answers a page when one is full.
    pub(super) fn say(&mut self, core: &Core, run: Option<&RunId>, actor: &Actor, fact: Fact) -> Result<Option<Adopted>> {
        let event = Event {
            v: FACT_VERSION,
            seq: self.head() + 1,
            id: EventId::new(&*core.clock),
            session: self.session.clone(),
            run: run.cloned(),
            at: core.clock.now(),
            actor: actor.clone(),
            fact,
        };
        self.take(&event)
    }

    /// Takes the next event; answers a page when one is full.
    ///
    /// # Errors
    /// `invalid_input` when it is not the next one.
    pub(super) fn take(&mut self, event: &Event) -> Result<Option<Adopted>> {
        let body = serde_json::to_string(event)
            .map_err(|error| Error::internal(format!("an event cannot be written as JSON: {error}")))?;
        let next = self.head() + 1;
        if event.seq != next {
            return Err(Error::invalid(format!("event {} stands where event {next} must", event.seq)));
        }
        let row = match &mut self.fold {
            Some(fold) => fold.apply(event, body.len() as u64),
            None => {
                self.fold = Fold::begin(event, body.len() as u64);
                None
            }
        };
        if self.fold.is_none() {
            return Err(Error::invalid(format!("a log begins with `session.created`, not with `{}`", event.fact.kind())));
        }
        if let Some(row) = row {
            self.runs.retain(|other| other.id != row.id);
            self.runs.push(row);
        }
        self.texts.extend(text_of(event));
        self.bytes += body.len();
        self.entries.push(Entry { seq: event.seq, body });
        let is_full = self.entries.len() >= PAGE || self.bytes >= PAGE_BYTES;
        Ok(is_full.then(|| self.page()))
    }

    fn page(&mut self) -> Adopted {
        self.bytes = 0;
        Adopted::Page {
            entries: std::mem::take(&mut self.entries),
            runs: std::mem::take(&mut self.runs),
            texts: std::mem::take(&mut self.texts),
        }
    }

    /// The last pages.
    pub(super) fn end(mut self, records: Vec<Record>) -> Result<[Adopted; 2]> {
        let page = self.page();
        let fold = self.fold.ok_or_else(|| Error::invalid("a log without an event is none"))?;
        let snapshot = fold.unknown.is_none().then(|| serde_json::to_vec(&fold)).transpose();
        let snapshot = snapshot.map_err(|error| Error::internal(format!("a fold cannot be written as JSON: {error}")))?;
        Ok([page, Adopted::End { summary: Box::new(fold.summary()), snapshot, records }])
    }
}

/// The incarnation of a session that is to be made under an id.
///
/// # Errors
/// `conflict` when there is one.
pub(super) async fn incarnation(core: &Core, id: &SessionId) -> Result<u64> {
    match core.store.head(id).await? {
        None => Ok(1),
        Some(head) if head.deleted => Ok(head.incarnation + 1),
        Some(_) => Err(exists(id)),
    }
}

fn exists(id: &SessionId) -> Error {
    Error::new(ErrorCode::Conflict, format!("session `{id}` exists")).hint("choose another id with `--id`")
}

/// What the store, and whoever fed it, make of a log together: of a log that broke off, the feeder knows why.
pub(super) fn outcome<T>(
    core: &Arc<Core>,
    id: &SessionId,
    adopted: std::result::Result<(), AppendError>,
    fed: Result<T>,
) -> Result<T> {
    let fed = match (adopted, fed) {
        (Ok(()), fed) => fed?,
        (Err(AppendError::Conflict(_)), Ok(_)) => return Err(exists(id)),
        (Err(AppendError::Store(error)), Ok(_)) => return Err(error),
        (Err(AppendError::Fenced | AppendError::AliasTaken(_)), Ok(_)) => {
            return Err(Error::internal("a log that comes whole was fenced"));
        }
        // It could not go on because the store had stopped listening.
        (Err(AppendError::Store(error)), Err(fed)) if fed.code == ErrorCode::Internal => return Err(error),
        (Err(AppendError::Conflict(_)), Err(fed)) if fed.code == ErrorCode::Internal => return Err(exists(id)),
        (Err(_), Err(fed)) => return Err(fed),
    };
    core.notices.changed(id, 1);
    Ok(fed)
}

/// The answer where the store does not listen any more: it says itself why.
pub(super) fn not_heard() -> Error {
    Error::internal("the store does not take the log")
}

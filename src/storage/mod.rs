//! FLOOR 2: where logs and records are kept.
//!
//! One trait, several stores; `conformance` holds all of them to the same behaviour. A store keeps bytes and rows: it
//! does not know what the events mean. Whoever appends brings the rows that lists need (summary, runs, aliases), and
//! the store writes them in the same transaction.

#[cfg(test)]
mod conformance;
mod file;
mod files;
mod keeping;
mod memory;
mod presence;
pub mod probe;
mod rules;
mod sqlite;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use crate::domain::{
    BlobId, Error, FileId, Participant, ProcessId, Run, RunId, RunStatus, SessionId, SessionSummary, Timestamp,
};

pub use self::keeping::{Adopted, Text, TextHits, TextPlace, TextQuery, Told};
pub use self::words::Terms;

/// Rows of runs that are handed over at once.
const RUNS: usize = 1_000;

/// One line of a log: an event as JSON text, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// The event as JSON, without a line break.
    pub body: String,
}

/// What a session's log has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Rises when a deleted id is made again.
    pub incarnation: u64,
    /// The last entry.
    pub seq: u64,
    /// Whether the session was deleted: only its last entry is left.
    pub deleted: bool,
}

/// The right to append facts of a run: held by the process that took it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The run.
    pub run: RunId,
    /// Its token, as the log has it.
    pub token: u64,
}

/// A name that somebody else gave to an entity of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Whose name it is.
    pub namespace: String,
    /// The name.
    pub key: String,
    /// The id of the house.
    pub entity: String,
}

/// A record: JSON under a kind and an id. What doors keep for themselves is a record of their own kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is: `agent`, `agent_revision`, …
    pub kind: String,
    /// Its id.
    pub id: String,
    /// JSON text.
    pub body: String,
}

/// The kind of records that belong to a session and go with it.
pub fn kind_of_session(session: &SessionId) -> String {
    rules::owner_of(session)
}

/// What is appended to one log, all of it or nothing.
#[derive(Clone, Debug)]
pub struct Append {
    /// The session.
    pub session: SessionId,
    /// Of the session; a first append over a deleted one must be higher than the deleted one's.
    pub incarnation: u64,
    /// The last entry that the appender has seen; 0 = the session must not exist (or be deleted).
    pub after: u64,
    /// `after + 1`, `after + 2`, … At least one.
    pub entries: Vec<Entry>,
    /// For facts of a run: it must still be held under this token. A run without a row is held under token 0.
    pub fence: Option<Fence>,
    /// The session's row afterwards. Its `bytes` are counted by the store: an appender does not know of what others have
    /// removed.
    pub summary: SessionSummary,
    /// The rows of all runs that these entries change, as they are afterwards, with the token that is in force then.
    pub runs: Vec<Run>,
    /// A fold of the log up to its new end, as bytes; absent = keep the old one.
    pub snapshot: Option<Vec<u8>>,
    /// New names. One that exists for another entity is a conflict.
    pub aliases: Vec<Alias>,
    /// Records to put, whether they exist or not.
    pub records: Vec<Record>,
    /// What of these entries can be searched.
    pub texts: Vec<Text>,
}

/// Why nothing was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The log has gone on (or the session exists, or does not): read from `after` and try again.
    Conflict(Option<Head>),
    /// Another process took the run.
    Fenced,
    /// The name belongs to another entity.
    AliasTaken(Alias),
    /// The store failed. Nothing of it will be seen again, unless the error was in the very last step: then a later
    /// read tells.
    Store(Error),
}

impl From<Error> for AppendError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// A fold of a log, as it was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The last entry that it holds.
    pub seq: u64,
    /// What the appender gave.
    pub body: Vec<u8>,
}

/// Where a page of sessions begins: after this row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionsAfter {
    /// The row's `updated_at`.
    pub updated_at: Timestamp,
    /// The row's id.
    pub id: SessionId,
}

/// Which sessions a list is about. Newest change first, then by id.
#[derive(Clone, Debug, Default)]
pub struct SessionQuery {
    /// Only those that have all these labels (key, value).
    pub labels: Vec<(String, String)>,
    /// Only those whose id begins so.
    pub prefix: Option<String>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those in which they take part, whatever name is shown. An agent takes part in its own sessions where no agent
    /// has come.
    pub participant: Option<Participant>,
    /// Only those that have a run which has not ended.
    pub active: bool,
    /// Only those whose time was over at this moment, and whose end is not in their log.
    pub expired_before: Option<Timestamp>,
    /// Where the page begins.
    pub after: Option<SessionsAfter>,
    /// Most rows; 0 means none.
    pub limit: usize,
}

/// Which runs a list is about. Newest first.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// Only those of this session.
    pub session: Option<SessionId>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those that stand here; empty = all.
    pub statuses: Vec<RunStatus>,
    /// Only those of this priority.
    pub priority: Option<i32>,
    /// Only those that have all these labels (key, value).
    pub labels: Vec<(String, String)>,
    /// Only those that wait for whichever process is free, or only all others.
    pub waits: Option<bool>,
    /// Only those that were queued at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those that stand after this one.
    pub after: Option<(Timestamp, RunId)>,
    /// Rows that are passed over.
    pub offset: usize,
    /// Most rows; 0 means none.
    pub limit: usize,
}

/// Whose turn it is among the runs that wait for whichever process is free: by the priority, which rises by one with every
/// `age_ms` of waiting, then by age. So of two runs the same one goes first for as long as both wait.
#[derive(Clone, Debug, Default)]
pub struct TurnQuery {
    /// Milliseconds of waiting that count as one step of priority.
    pub age_ms: u64,
    /// Without those of these agents in these sessions.
    pub without: Vec<(SessionId, String)>,
    /// Most rows; 0 means none.
    pub limit: usize,
}

impl TurnQuery {
    /// The place of a run: of two, the one with the smaller goes first.
    pub fn place(&self, run: &Run) -> (i64, Timestamp, RunId) {
        let ahead = i64::from(run.priority).saturating_mul(i64::try_from(self.age_ms).unwrap_or(i64::MAX));
        (run.queued_at.as_millis().saturating_sub(ahead), run.queued_at, run.id.clone())
    }
}

/// How many sessions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that are not deleted.
    pub sessions: u64,
    /// Of these, those that have a run which has not ended.
    pub active: u64,
}

/// Makes of an entry the one of the same place that is kept when what was said is removed.
pub type Blank = fn(&Entry) -> Result<Entry, Error>;

/// Holds a process's place among the living until it is dropped, or until the kernel takes it away with the process.
pub trait Presence: Send + Sync {}

/// A file of the house on its way into a store. It is there whole or not at all: dropped before it is kept, or with its
/// process, it leaves nothing.
#[async_trait]
pub trait IncomingFile: Send {
    /// Takes the next bytes.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Error>;

    /// Keeps the file, with all that was written. Durable. Until it is dropped, [`Store::files`] does not name the file: so
    /// nobody takes it for forgotten before there is a record of it.
    async fn keep(&mut self) -> Result<(), Error>;
}

/// Where logs and records are kept. Every store promises the same:
///
/// - *Durable:* once `append` has answered `Ok`, a power cut does not take it back.
/// - *Atomic:* an append is there with all its entries and rows, or not at all.
/// - *Compare and append:* of two appends after the same entry, one conflicts.
/// - *Fenced:* no entry of a run is appended under an old token.
/// - *Apart:* an append that fails takes no other with it, also not in the same group commit.
/// - *Shared:* several processes may use one store at once.
#[async_trait]
pub trait Store: Send + Sync {
    /// Its URL, for people: `sqlite:PATH`, `file:DIR`, `memory:`.
    fn url(&self) -> String;

    /// Appends to a log.
    async fn append(&self, append: Append) -> Result<(), AppendError>;

    /// Where a log ends; `None` when there never was such a session.
    async fn head(&self, session: &SessionId) -> Result<Option<Head>, Error>;

    /// The entries after `after`, oldest first: at most `limit` of them, and no further one once `bytes` of text are
    /// reached (so at least one, where there is one).
    async fn read(&self, session: &SessionId, after: u64, limit: usize, bytes: usize) -> Result<Vec<Entry>, Error>;

    /// The newest entries before `before` (absent = the end), oldest first: at most `limit`.
    async fn read_back(&self, session: &SessionId, before: Option<u64>, limit: usize) -> Result<Vec<Entry>, Error>;

    /// The newest saved fold that is not beyond the end of the log.
    async fn snapshot(&self, session: &SessionId) -> Result<Option<Snapshot>, Error>;

    /// Replaces the text of one entry, for good: the old text is in no file of the store afterwards. A saved fold of
    /// the session is dropped. `not_found` when there is no such entry. This, and all else that removes for good, may
    /// cost a rewrite of the store's file (sqlite) or of the session's log (file); removals at the same time share one.
    async fn scrub(&self, session: &SessionId, entry: Entry) -> Result<(), Error>;

    /// Appends, and in the same step puts what `blank` makes of it in the place of every entry before, for good as in
    /// `scrub`, and removes the session's blobs and its own records ([`kind_of_session`]). The old saved fold goes too. The append brings no names and no records.
    async fn clear(&self, append: Append, blank: Blank) -> Result<(), AppendError>;

    /// Makes a session out of a whole log that comes in pages, all of it or nothing: nobody sees anything of it before its
    /// end has come, and nothing is left of one whose end never comes. The session must not exist; over a deleted one the
    /// incarnation must be higher. Others may have to wait with their appends meanwhile.
    async fn adopt(&self, session: &SessionId, incarnation: u64, pages: mpsc::Receiver<Adopted>) -> Result<(), AppendError>;

    /// The texts that hold all words of a query: of the session that was made last the newest first, then of the one before.
    async fn search(&self, query: &TextQuery) -> Result<TextHits, Error>;

    /// Writes a copy of the whole store to a path where nothing is: everything that was durable when this was called, and
    /// whole at every moment. The copy is a store of the same kind.
    ///
    /// # Errors
    /// `conflict` when something is there, `not_supported` where nothing is on a disk.
    async fn back_up(&self, to: &Path) -> Result<(), Error>;

    /// Ends a session: appends `entry`, then removes all other entries, its rows, snapshot, blobs, aliases to it and to
    /// its runs, its own records ([`kind_of_session`]), and secrets of owner `session:ID`, for good as in `scrub`. What is
    /// left is the head (deleted) and that entry.
    async fn delete(&self, session: &SessionId, after: u64, entry: Entry) -> Result<(), AppendError>;

    /// A page of sessions. A row whose file is lost or older than its log is left as it is, so the caller should
    /// compare `events` with the head where it matters. Deleted ones are not listed.
    async fn sessions(&self, query: &SessionQuery) -> Result<Vec<SessionSummary>, Error>;

    /// How many sessions there are.
    async fn counts(&self) -> Result<Counts, Error>;

    /// One session's row.
    async fn summary(&self, session: &SessionId) -> Result<Option<SessionSummary>, Error>;

    /// A list of runs.
    async fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, Error>;

    /// Hands over the rows of a list in pages, in whatever order is cheap; where its own page begins and ends does not count.
    /// Who does not take them any more ends it.
    async fn each_run(&self, query: &RunQuery, to: mpsc::Sender<Vec<Run>>) -> Result<(), Error> {
        let mut query = RunQuery { offset: 0, after: None, limit: RUNS, ..query.clone() };
        loop {
            let page = self.runs(&query).await?;
            query.after = page.last().map(|last| (last.queued_at, last.id.clone()));
            let is_last = page.len() < RUNS;
            if to.send(page).await.is_err() || is_last {
                return Ok(());
            }
        }
    }

    /// How many runs a list has in all, wherever its page begins and ends.
    async fn count_runs(&self, query: &RunQuery) -> Result<u64, Error>;

    /// The runs that wait for whichever process is free, those first whose turn it is.
    async fn turn(&self, query: &TurnQuery) -> Result<Vec<Run>, Error>;

    /// How many runs wait for whichever process is free.
    async fn waiting(&self) -> Result<u64, Error>;

    /// One run.
    async fn run(&self, run: &RunId) -> Result<Option<Run>, Error>;

    /// What a name stands for.
    async fn resolve(&self, namespace: &str, key: &str) -> Result<Option<String>, Error>;

    /// A record.
    async fn record(&self, kind: &str, id: &str) -> Result<Option<Record>, Error>;

    /// All records of a kind, by id.
    async fn records(&self, kind: &str) -> Result<Vec<Record>, Error>;

    /// Puts a record, whether it exists or not. Durable.
    async fn put_record(&self, record: Record) -> Result<(), Error>;

    /// Puts a record if its text is `expected` until then (absent = if there is none); true when it was put. Durable. Of
    /// several at once, in whatever processes, one puts.
    async fn put_record_if(&self, record: Record, expected: Option<&str>) -> Result<bool, Error>;

    /// Takes a record away, for good; true when it was there.
    async fn remove_record(&self, kind: &str, id: &str) -> Result<bool, Error>;

    /// A secret of an owner.
    async fn secret(&self, owner: &str, name: &str) -> Result<Option<secrecy::SecretString>, Error>;

    /// Keeps a secret, or with `None` removes it, for good. Durable.
    async fn put_secret(&self, owner: &str, name: &str, value: Option<&secrecy::SecretString>) -> Result<(), Error>;

    /// The secret of an owner, which is `value` when there was none: of several that are brought at once, one is kept, and
    /// everybody is given that. Durable.
    async fn settle_secret(
        &self,
        owner: &str,
        name: &str,
        value: &secrecy::SecretString,
    ) -> Result<secrecy::SecretString, Error>;

    /// Every secret that is kept, for whoever must recognise them in what is shown.
    async fn secrets(&self) -> Result<Vec<secrecy::SecretString>, Error>;

    /// Keeps bytes beside a session's log, under their SHA-256. Durable before it answers.
    async fn put_blob(&self, session: &SessionId, bytes: &[u8]) -> Result<BlobId, Error>;

    /// Takes bytes beside a session's log away, for good; true when they were there.
    async fn remove_blob(&self, session: &SessionId, id: &BlobId) -> Result<bool, Error>;

    /// Bytes beside a session's log.
    async fn blob(&self, session: &SessionId, id: &BlobId) -> Result<Option<Vec<u8>>, Error>;

    /// Begins to take a file of the house, under an id that no other has.
    async fn receive_file(&self, id: &FileId) -> Result<Box<dyn IncomingFile>, Error>;

    /// Bytes of a file of the house: at most `length`, from `first` on (counted from 0), fewer at its end.
    async fn file_bytes(&self, id: &FileId, first: u64, length: usize) -> Result<Option<Vec<u8>>, Error>;

    /// Takes a file of the house away, for good; true when it was there.
    async fn remove_file(&self, id: &FileId) -> Result<bool, Error>;

    /// The files of the house that are kept, without those that somebody still holds in their [`IncomingFile`]. What dead
    /// processes have left of files that never came whole is removed by the way.
    async fn files(&self) -> Result<Vec<FileId>, Error>;

    /// Makes a process one of the living, until the answer is dropped or the process ends in whatever way.
    async fn attend(&self, process: &ProcessId) -> Result<Box<dyn Presence>, Error>;

    /// Whether a process is one of the living. One that never attended is not.
    async fn is_alive(&self, process: &ProcessId) -> Result<bool, Error>;

    /// A number that changes whenever another process may have changed the store.
    async fn version(&self) -> Result<u64, Error>;

    /// Finishes what can wait, such as folding a write-ahead log into its file, and what dead processes have left, such
    /// as a removal for good that was committed but not yet carried through. Never needed for durability.
    async fn tidy(&self) -> Result<(), Error>;
}

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// In this process only.
    Memory,
    /// A folder of plain files.
    File(PathBuf),
    /// A SQLite database.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// Reads `memory:`, `file:DIR` or `sqlite:PATH`.
    ///
    /// # Errors
    /// `not_supported` for `postgres://…`, `invalid_input` for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text == "memory:" || text == "memory" {
            return Ok(Self::Memory);
        }
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql" | "nats", _)) => {
                Err(Error::new(crate::domain::ErrorCode::NotSupported, format!("store `{text}` is not supported yet"))
                    .hint("use `sqlite:PATH`, `file:DIR` or `memory:`"))
            }
            _ => Err(Error::invalid(format!("store `{text}` is not of a known kind"))
                .hint("use `sqlite:PATH`, `file:DIR` or `memory:`")),
        }
    }
}

/// Opens a store, making it when it is not there.
///
/// # Errors
/// `store_failed`, with the cause where it is known: `read_only`, `full`, `corrupt`, `newer`.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, Error> {
    Ok(match url {
        StoreUrl::Memory => Arc::new(memory::MemoryStore::default()),
        StoreUrl::File(folder) => Arc::new(file::FileStore::open(folder).await?),
        StoreUrl::Sqlite(path) => Arc::new(sqlite::SqliteStore::open(path).await?),
    })
}

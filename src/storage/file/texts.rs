//! The index of words: a database beside the logs that can be thrown away, and is made again by the next search.
//!
//! ```text
//! texts.db      the texts of all logs with their words, and how far each log was taken in
//! texts.lock    shared by all who use it; held alone by whoever throws it away
//! ```
//!
//! No append writes it. A search first compares the logs with what the index knows of each (the file, its length and the
//! time of its last change), and takes in what is new: see [`super::catching_up`]. So an index that is missing, old, or of
//! another store is never wrong, only behind.
//!
//! What is removed for good must not stay in it: [`Root::forget_texts`] takes a session out, after its log was
//! written anew. Whoever takes a log in reads it inside of a transaction, so no text is put back that was read before
//! that. The database overwrites what it frees, and the index removes words at once (`secure-delete`); where that fails, the
//! whole file goes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::place::{self, At, Lock};
use super::store::Root;
use crate::domain::{Error, Labels, SessionId, SessionSummary, Timestamp};
use crate::storage::{Text, TextHits, TextPlace, TextQuery};

/// The form of the database; one of another form is thrown away.
const FORM: i64 = 1;

/// Longest wait for another process.
const PATIENCE: Duration = Duration::from_secs(30);

/// `logs.length` is the length up to which the log was taken in, or 0 when there is more of it. Texts stand under
/// `number << 32 | seq`.
const TABLES: &str = "
CREATE TABLE logs (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    file INTEGER NOT NULL,
    length INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    agent TEXT NOT NULL,
    labels TEXT NOT NULL
) STRICT;
CREATE INDEX logs_by_time ON logs (created_at, id);
CREATE VIRTUAL TABLE texts USING fts5(text, columnsize = 0, tokenize = 'unicode61 remove_diacritics 0');
INSERT INTO texts (texts, rank) VALUES ('secure-delete', 1);
";

/// Statements for every connection. What a power cut takes from an index is taken in again.
const SETTINGS: &str = "
PRAGMA synchronous = NORMAL;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
PRAGMA cache_size = -8192;
";

/// Which file a log is, and how it was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) file: u64,
    pub(super) length: u64,
    /// When it was changed last, in nanoseconds. No program can set it.
    pub(super) changed: i64,
}

/// What the index knows of a log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) number: i64,
    pub(super) stamp: Stamp,
    pub(super) incarnation: u64,
    /// The last entry that was taken in.
    pub(super) seq: u64,
}

/// What is taken in of a log.
pub(super) struct Fresh {
    /// The name of its folder.
    pub(super) name: String,
    pub(super) known: Option<Known>,
    /// Whether what the index has of it counts no more.
    pub(super) begins_anew: bool,
    pub(super) stamp: Stamp,
    pub(super) incarnation: u64,
    pub(super) seq: u64,
    /// The session's row; absent for one that was deleted or is damaged.
    pub(super) row: Option<Box<SessionSummary>>,
    pub(super) texts: Vec<Text>,
}

/// Why the index is of no use.
#[derive(Debug)]
pub(super) enum Fault {
    /// It cannot be read or written: the logs are looked through instead.
    Index(rusqlite::Error),
    /// Its file cannot be opened.
    File(Error),
    /// The store itself.
    Store(Error),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Index(error) => error.fmt(formatter),
            Self::File(error) | Self::Store(error) => error.fmt(formatter),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The index, opened.
pub(super) struct Texts {
    connection: Connection,
    _lock: Lock,
}

impl Texts {
    /// Opens it, making it when it is not there or of another form.
    pub(super) fn open(folder: &Path) -> Result<Self, Fault> {
        let lock = Lock::share(&folder.join("texts.lock")).map_err(Fault::File)?;
        let path = folder.join("texts.db");
        place::options().write(true).create(true).truncate(false).open(&path).at(&path).map_err(Fault::File)?;
        let mut connection =
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_handler(Some(wait))?;
        connection.execute_batch(SETTINGS)?;
        let form = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
        if form(&connection)? == 0 {
            let making = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if form(&making)? == 0 {
                making.execute_batch(TABLES)?;
                making.execute_batch(&format!("PRAGMA user_version = {FORM}"))?;
            }
            making.commit()?;
        }
        if form(&connection)? == FORM {
            return Ok(Self { connection, _lock: lock });
        }
        Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB), None).into())
    }

    /// The logs that it knows, by the names of their folders.
    pub(super) fn all(&self) -> Result<HashMap<String, Known>, Fault> {
        let sql = "SELECT number, file, length, changed, incarnation, seq, name FROM logs";
        let mut select = self.connection.prepare(sql)?;
        let rows = select.query_map([], |row| Ok((row.get(6)?, known(row)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Begins to write; what is not [kept](Self::keep) is taken back when the answer is dropped.
    pub(super) fn begin(&mut self) -> Result<Step<'_>, Fault> {
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Step(begun))
    }

    /// What is found.
    pub(super) fn find(&self, query: &TextQuery) -> Result<TextHits, Fault> {
        let mut ranks = HashMap::new();
        let mut select = self.connection.prepare("SELECT number FROM logs ORDER BY created_at, id")?;
        for (rank, number) in select.query_map([], |row| row.get::<_, i64>(0))?.enumerate() {
            ranks.insert(number?, rank);
        }
        let before = query.after.as_ref().map(|after| self.rank(after)).transpose()?;
        let mut select = self.connection.prepare("SELECT rowid FROM texts WHERE texts MATCH ?1")?;
        let mut rows = select.query([query.terms.expression()])?;
        // The best so far, the worst of them first.
        let mut best: BinaryHeap<Reverse<(usize, i64)>> = BinaryHeap::new();
        let mut last = (-1, None);
        while let Some(row) = rows.next()? {
            let place: i64 = row.get(0)?;
            let number = place >> 32;
            if last.0 != number {
                let rank = ranks.get(&number).copied();
                last = (number, if self.is_searched(number, query)? { rank } else { None });
            }
            let Some(rank) = last.1.map(|rank| (rank, place)) else { continue };
            let is_after = before.is_none_or(|(first, seq)| match seq {
                Some(seq) if rank.0 == first => rank.1 & i64::from(u32::MAX) < seq,
                _ => rank.0 < first,
            });
            if is_after {
                best.push(Reverse(rank));
                if best.len() > query.limit {
                    best.pop();
                }
            }
        }
        let mut found = TextHits::default();
        // Turned round, the first is the one that comes last by rank.
        for Reverse((_, place)) in best.into_sorted_vec() {
            let sql = "SELECT created_at, id FROM logs WHERE number = ?1";
            let of = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
            let (created_at, id) = self.connection.prepare_cached(sql)?.query_row([place >> 32], of)?;
            let (created_at, session) = (Timestamp::from_millis(created_at), SessionId::from_text(&id));
            found.places.push(TextPlace { created_at, session, seq: (place & i64::from(u32::MAX)).unsigned_abs() });
        }
        Ok(found)
    }

    /// How many sessions stand before a place, and where in its own session it is, when there is that session.
    fn rank(&self, after: &TextPlace) -> Result<(usize, Option<i64>), Fault> {
        let sql = "SELECT count(*), EXISTS (SELECT 1 FROM logs WHERE created_at = ?1 AND id = ?2)
            FROM logs WHERE (created_at, id) < (?1, ?2)";
        let place = params![after.created_at.as_millis(), after.session.as_str()];
        let (count, is_there): (i64, bool) = self.connection.query_row(sql, place, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let seq = is_there.then(|| i64::try_from(after.seq).unwrap_or(i64::MAX));
        Ok((usize::try_from(count).unwrap_or(usize::MAX), seq))
    }

    fn is_searched(&self, number: i64, query: &TextQuery) -> Result<bool, Fault> {
        if query.agent.is_none() && query.since.is_none() && query.labels.is_empty() {
            return Ok(true);
        }
        let sql = "SELECT agent, updated_at, labels FROM logs WHERE number = ?1";
        let of = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let row: Option<(String, i64, String)> = self.connection.prepare_cached(sql)?.query_row([number], of).optional()?;
        let Some((agent, updated_at, labels)) = row else { return Ok(false) };
        let labels: Labels = serde_json::from_str(&labels).unwrap_or_default();
        Ok(query.agent.as_ref().is_none_or(|wanted| agent == *wanted)
            && query.since.is_none_or(|since| updated_at >= since.as_millis())
            && query.labels.iter().all(|(key, value)| labels.contains(key, value)))
    }
}

/// A piece of writing.
pub(super) struct Step<'a>(rusqlite::Transaction<'a>);

impl Step<'_> {
    /// What the index knows of a log at this moment.
    pub(super) fn known(&self, name: &str) -> Result<Option<Known>, Fault> {
        let sql = "SELECT number, file, length, changed, incarnation, seq FROM logs WHERE name = ?1";
        Ok(self.0.prepare_cached(sql)?.query_row([name], known).optional()?)
    }

    /// Takes a piece of a log in.
    pub(super) fn put(&self, fresh: &Fresh) -> Result<(), Fault> {
        let row = fresh.row.as_deref().map(|row| &row.session);
        let (id, agent) = row.map_or(("", ""), |session| (session.id.as_str(), session.agent.as_str()));
        let [created_at, updated_at] =
            row.map_or([0; 2], |session| [session.created_at.as_millis(), session.updated_at.as_millis()]);
        let labels = row.map(|session| serde_json::to_string(&session.labels)).transpose();
        let labels = labels.map_err(|error| Error::internal(format!("labels cannot be written: {error}")))?;
        let sql = "INSERT INTO logs
            (number, name, file, length, changed, incarnation, seq, id, created_at, updated_at, agent, labels)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
            ON CONFLICT (number) DO UPDATE SET file = excluded.file, length = excluded.length, changed = excluded.changed,
            incarnation = excluded.incarnation, seq = excluded.seq, id = excluded.id, created_at = excluded.created_at,
            updated_at = excluded.updated_at, agent = excluded.agent, labels = excluded.labels";
        self.0.prepare_cached(sql)?.execute(params![
            fresh.known.map(|known| known.number),
            fresh.name,
            fresh.stamp.file.cast_signed(),
            fresh.stamp.length.cast_signed(),
            fresh.stamp.changed,
            fresh.incarnation.cast_signed(),
            fresh.seq.cast_signed(),
            id,
            created_at,
            updated_at,
            agent,
            labels.unwrap_or_default(),
        ])?;
        let number = fresh.known.map_or_else(|| self.0.last_insert_rowid(), |known| known.number);
        match fresh.known {
            Some(_) if fresh.begins_anew => self.remove(number, u64::MAX)?,
            Some(_) => self.remove(number, 0)?,
            None => {}
        }
        let title = row.and_then(|session| session.title.clone()).map(|text| Text { seq: 0, text });
        for text in title.iter().chain(&fresh.texts).filter(|text| !text.text.is_empty()) {
            let sql = "INSERT INTO texts (rowid, text) VALUES (?1, ?2)";
            self.0
                .prepare_cached(sql)?
                .execute(params![place_of(number, text.seq), crate::storage::words::spaced(&text.text)])?;
        }
        Ok(())
    }

    /// Takes the texts of a log out, up to an entry.
    fn remove(&self, number: i64, to: u64) -> Result<(), Fault> {
        let places = [place_of(number, 0), place_of(number, to)];
        self.0.prepare_cached("DELETE FROM texts WHERE rowid BETWEEN ?1 AND ?2")?.execute(places)?;
        Ok(())
    }

    /// Forgets a log.
    pub(super) fn forget(&self, name: &str) -> Result<(), Fault> {
        let Some(Known { number, .. }) = self.known(name)? else { return Ok(()) };
        self.remove(number, u64::MAX)?;
        self.0.prepare_cached("DELETE FROM logs WHERE number = ?1")?.execute([number])?;
        Ok(())
    }

    /// Keeps what was written.
    pub(super) fn keep(self) -> Result<(), Fault> {
        Ok(self.0.commit()?)
    }
}

impl Root {
    /// Takes a session out of the index, where there is one: its log was written anew without something.
    pub(super) fn forget_texts(&self, name: &str) -> Result<(), Error> {
        if !self.path.join("texts.db").exists() {
            return Ok(());
        }
        let forget = || -> Result<(), Fault> {
            let mut texts = Texts::open(&self.path)?;
            let step = texts.begin()?;
            step.forget(name)?;
            step.keep()
        };
        match forget() {
            Ok(()) => Ok(()),
            Err(fault) => {
                tracing::warn!(%fault, "the index of words is thrown away");
                throw_away(&self.path)
            }
        }
    }
}

/// Removes the index, when nobody uses it any more.
pub(super) fn throw_away(folder: &Path) -> Result<(), Error> {
    let _lock = Lock::take(&folder.join("texts.lock"))?;
    for name in ["texts.db", "texts.db-journal"] {
        place::remove(&folder.join(name))?;
    }
    place::sync_folder(folder)
}

/// Where a text stands among all.
fn place_of(number: i64, seq: u64) -> i64 {
    (number << 32) | i64::from(u32::try_from(seq).unwrap_or(u32::MAX))
}

fn known(row: &rusqlite::Row<'_>) -> rusqlite::Result<Known> {
    let stamp = Stamp {
        file: row.get::<_, i64>(1)?.cast_unsigned(),
        length: row.get::<_, i64>(2)?.cast_unsigned(),
        changed: row.get(3)?,
    };
    let (incarnation, seq) = (row.get::<_, i64>(4)?.cast_unsigned(), row.get::<_, i64>(5)?.cast_unsigned());
    Ok(Known { number: row.get(0)?, stamp, incarnation, seq })
}

/// Waits for another process: short naps, so that a gap between its transactions is found.
fn wait(count: i32) -> bool {
    let nap = Duration::from_millis(1);
    std::thread::sleep(nap);
    u128::try_from(count).is_ok_and(|count| count * nap.as_millis() < PATIENCE.as_millis())
}

//! The tables, and how a store of an older version is brought to this one: forward only, step by step.
//!
//! Step `n` of [`STEPS`] makes version `n` out of version `n - 1`. A step that was released is never edited.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// Marks a database as a store of this program: `ombu` in ASCII.
pub(super) const APPLICATION: i64 = 0x6f6d_6275;

/// All steps; their number is the current version.
pub(super) const STEPS: &[&str] = &[FIRST, EXPIRY, TURNS, PARTICIPANTS, TEXTS, SIZES, WORDS, WAITING];

/// `entries.place` is `number << 32 | seq`, so that a log lies in one piece of one tree, in order, with its texts in the
/// leaves. A row of `sessions` is never removed: a deleted session keeps its number, incarnation and last place.
const FIRST: &str = "
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    incarnation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    agent TEXT NOT NULL,
    active INTEGER NOT NULL,
    labels TEXT NOT NULL,
    summary TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_time ON sessions (updated_at DESC, id) WHERE deleted = 0;
CREATE INDEX sessions_active ON sessions (updated_at DESC, id) WHERE active = 1;
CREATE TABLE labels (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    session INTEGER NOT NULL,
    PRIMARY KEY (key, value, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX labels_of_session ON labels (session);
CREATE TABLE entries (
    place INTEGER PRIMARY KEY,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE snapshots (
    session INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    session INTEGER NOT NULL,
    status TEXT NOT NULL,
    active INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX runs_by_time ON runs (queued_at DESC, id DESC);
CREATE INDEX runs_of_session ON runs (session, queued_at DESC, id DESC);
CREATE INDEX runs_active ON runs (queued_at DESC, id DESC) WHERE active = 1;
CREATE TABLE aliases (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    entity TEXT NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_of_entity ON aliases (entity);
CREATE TABLE records (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE secrets (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE blobs (
    session TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (session, id)
) STRICT;
";

/// When the time of a session is over; `NULL` where it has no end, or its end is in its log.
const EXPIRY: &str = "
ALTER TABLE sessions ADD COLUMN expires_at INTEGER;
CREATE INDEX sessions_by_expiry ON sessions (expires_at) WHERE expires_at IS NOT NULL;
";

/// Lists of runs by agent, status and label; and the runs that wait for whichever process is free, apart from the others
/// that have not ended.
///
/// `run_labels` repeats what lists of labelled runs are chosen by, so that one piece of one tree is read to count them.
const TURNS: &str = "
ALTER TABLE runs ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET agent = body ->> '$.agent', priority = body ->> '$.priority',
    waits = status = 'queued' AND body ->> '$.process' IS NULL;
DROP INDEX runs_active;
CREATE INDEX runs_of_agent ON runs (agent, queued_at DESC, id DESC);
CREATE INDEX runs_by_status ON runs (status, queued_at DESC, id DESC);
CREATE INDEX runs_held ON runs (queued_at DESC, id DESC) WHERE active = 1 AND waits = 0;
CREATE INDEX runs_waiting ON runs (priority, queued_at, id) WHERE waits = 1;
CREATE TABLE run_labels (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    queued_at INTEGER NOT NULL,
    id TEXT NOT NULL,
    session INTEGER NOT NULL,
    agent TEXT NOT NULL,
    priority INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (key, value, queued_at DESC, id DESC)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_labels_of_run ON run_labels (id);
";

/// Who takes part in a session: `person:ID` and `agent:NAME`.
const PARTICIPANTS: &str = "
CREATE TABLE participants (
    key TEXT NOT NULL,
    session INTEGER NOT NULL,
    PRIMARY KEY (key, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_of_session ON participants (session, key);
";

/// The words of what was said: `rowid` is the place of the entry; the place with the number 0 has the session's title. No
/// text is kept in it a second time. `texts_due` says which entries, of before there was an index, are not in it yet.
pub(super) const TEXTS: &str = "
CREATE VIRTUAL TABLE texts USING fts5(text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE texts_due (after INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
INSERT INTO texts_due SELECT 0, max(place) FROM entries HAVING max(place) IS NOT NULL;
";

/// Bytes of each log. They are kept by whoever writes the log, since entries are also written anew.
const SIZES: &str = "
ALTER TABLE sessions ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE sessions SET bytes = coalesce(CASE WHEN json_valid(summary) THEN summary ->> '$.bytes' END, 0) WHERE deleted = 0;
";

/// The words of what was said, made again: what a word is has changed.
const WORDS: &str = "
DROP TABLE IF EXISTS texts;
DROP TABLE IF EXISTS texts_due;
CREATE VIRTUAL TABLE texts USING fts5(text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE texts_due (after INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
INSERT INTO texts_due SELECT 0, max(place) FROM entries HAVING max(place) IS NOT NULL;
";

/// The texts that are not in the index of words yet, in the order in which they came: a few, which it takes in together.
const WAITING: &str = "
CREATE TABLE texts_waiting (number INTEGER PRIMARY KEY, place INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX texts_waiting_by_place ON texts_waiting (place);
";

/// What a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A store of this version.
    Current,
    /// A store of an older version, or an empty database (0).
    Older(usize),
    /// A store of a newer version.
    Newer(i64),
    /// A database of another program.
    Foreign,
}

/// Looks at a database without changing it. `steps` is the list that this program knows.
pub(super) fn look(connection: &Connection, steps: &[&str]) -> rusqlite::Result<Kind> {
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if application != APPLICATION {
        let table = "SELECT name FROM sqlite_schema LIMIT 1";
        let table: Option<String> = connection.query_row(table, [], |row| row.get(0)).optional()?;
        return Ok(if table.is_none() && version == 0 { Kind::Older(0) } else { Kind::Foreign });
    }
    Ok(match usize::try_from(version) {
        Ok(known) if known == steps.len() => Kind::Current,
        Ok(known) if known < steps.len() => Kind::Older(known),
        _ => Kind::Newer(version),
    })
}

/// Brings a database to the last of `steps`, all of it or nothing.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Kind::Older(version) = look(&transaction, steps)? {
        for step in steps.iter().skip(version) {
            transaction.execute_batch(step)?;
        }
        transaction
            .execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}", steps.len()))?;
    }
    transaction.commit()
}

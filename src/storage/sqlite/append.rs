//! What is done inside the transaction: appending, deleting, scrubbing.

use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Done;
use crate::domain::{Error, Labels, Participant, Run, RunId, SessionId, Timestamp};
use crate::storage::rules::{self, Place};
use crate::storage::{Alias, Append, AppendError, Blank, Entry, Head, Record};

/// An append with its rows as text, made by the appender and not by the thread that writes.
pub(super) struct Prepared {
    append: Append,
    summary: String,
    labels: String,
    runs: Vec<String>,
    /// Bytes that are added to the log.
    pub(super) bytes: u64,
}

impl Prepared {
    /// Checks the form of an append and writes its rows as text.
    pub(super) fn new(append: Append) -> Result<Self, Error> {
        rules::check_form(&append)?;
        Self::checked(append)
    }

    /// The same for one that clears its session.
    pub(super) fn clearing(append: Append) -> Result<Self, Error> {
        rules::check_clearing(&append)?;
        Self::checked(append)
    }

    pub(super) fn checked(append: Append) -> Result<Self, Error> {
        let summary = text(&append.summary)?;
        let labels = text(&append.summary.session.labels)?;
        let runs = append.runs.iter().map(text).collect::<Result<_, _>>()?;
        let bytes = append.entries.iter().map(|entry| entry.body.len() as u64).sum();
        Ok(Self { append, summary, labels, runs, bytes })
    }
}

pub(super) fn text(row: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(row).map_err(|error| Error::internal(format!("a row cannot be written as JSON: {error}")))
}

/// A number as the database keeps it.
pub(super) fn integer(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::internal(format!("{number} is too large for the store")))
}

/// Where an entry stands among all entries. A log has at most 2^32 - 1 of them.
pub(super) fn place_of(number: i64, seq: u64) -> i64 {
    (number << 32) | i64::from(u32::try_from(seq).unwrap_or(u32::MAX))
}

/// A session as the database has it.
pub(super) struct Row {
    /// Its number in this database.
    pub(super) number: i64,
    /// Where its log ends.
    pub(super) head: Head,
    labels: String,
}

/// Finds a session, deleted or not.
pub(super) fn find(connection: &Connection, session: &SessionId) -> rusqlite::Result<Option<Row>> {
    let sql = "SELECT number, incarnation, seq, deleted, labels FROM sessions WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| {
        let (incarnation, seq) = (row.get::<_, i64>(1)?.unsigned_abs(), row.get::<_, i64>(2)?.unsigned_abs());
        let head = Head { incarnation, seq, deleted: row.get(3)? };
        Ok(Row { number: row.get(0)?, head, labels: row.get(4)? })
    };
    connection.prepare_cached(sql)?.query_row([session.as_str()], row).optional()
}

/// Appends, or says why not; then the savepoint is rolled back.
pub(super) fn append(connection: &Connection, prepared: &Prepared) -> Done<()> {
    let append = &prepared.append;
    let row = find(connection, &append.session)?;
    let number = row.as_ref().map(|row| row.number);
    let place = rules::decide(row.as_ref().map(|row| row.head), append, |run| token(connection, number, run))?;
    let number = put_session(connection, prepared, number)?;
    if place == Place::Again {
        remove_entries(connection, number)?;
    }
    let mut insert = connection.prepare_cached("INSERT INTO entries (place, body) VALUES (?1, ?2)")?;
    for entry in &append.entries {
        insert.execute(params![place_of(number, entry.seq), entry.body])?;
    }
    for alias in &append.aliases {
        put_alias(connection, alias)?;
    }
    let row_before = row.is_some();
    if row.is_none_or(|row| row.labels != prepared.labels) {
        put_labels(connection, number, &append.summary.session.labels)?;
    }
    put_participants(connection, number, row_before, &append.summary.session.participants)?;
    put_runs(connection, &append.runs, &prepared.runs, number)?;
    if let Some(body) = &append.snapshot {
        let sql = "INSERT OR REPLACE INTO snapshots (session, seq, body) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(sql)?.execute(params![number, integer(last_of(append))?, body])?;
    }
    super::texts::put(connection, number, &append.texts)?;
    append.records.iter().try_for_each(|record| put_record(connection, record))
}

fn last_of(append: &Append) -> u64 {
    append.after + append.entries.len() as u64
}

/// Removes a whole log.
pub(super) fn remove_entries(connection: &Connection, number: i64) -> Done<()> {
    connection.prepare_cached("DELETE FROM entries WHERE place BETWEEN ?1 AND ?2")?.execute(log_of(number))?;
    Ok(())
}

pub(super) fn log_of(number: i64) -> [i64; 2] {
    [place_of(number, 0), place_of(number, u64::MAX)]
}

fn token(connection: &Connection, session: Option<i64>, run: &RunId) -> Done<Option<u64>> {
    let mut select = connection.prepare_cached("SELECT fence FROM runs WHERE id = ?1 AND session = ?2")?;
    let token: Option<i64> = select.query_row(params![run.as_str(), session], |row| row.get(0)).optional()?;
    Ok(token.map(i64::unsigned_abs))
}

/// Writes a session's row; answers its number.
pub(super) fn put_session(connection: &Connection, prepared: &Prepared, number: Option<i64>) -> Done<i64> {
    let append = &prepared.append;
    let session = &append.summary.session;
    let sql = "INSERT INTO sessions
        (number, id, incarnation, seq, deleted, updated_at, agent, active, labels, summary, expires_at, bytes)
        VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
        ON CONFLICT (number) DO UPDATE SET incarnation = excluded.incarnation, seq = excluded.seq, deleted = 0,
        updated_at = excluded.updated_at, agent = excluded.agent, active = excluded.active, labels = excluded.labels,
        summary = excluded.summary, expires_at = excluded.expires_at, bytes = sessions.bytes + excluded.bytes";
    connection.prepare_cached(sql)?.execute(params![
        number,
        append.session.as_str(),
        integer(append.incarnation)?,
        integer(last_of(append))?,
        session.updated_at.as_millis(),
        session.agent,
        !append.summary.active.is_empty(),
        prepared.labels,
        prepared.summary,
        rules::end_of(&append.summary).map(Timestamp::as_millis),
        integer(prepared.bytes)?,
    ])?;
    Ok(number.unwrap_or_else(|| connection.last_insert_rowid()))
}

pub(super) fn put_labels(connection: &Connection, number: i64, labels: &Labels) -> Done<()> {
    connection.prepare_cached("DELETE FROM labels WHERE session = ?1")?.execute([number])?;
    let mut insert = connection.prepare_cached("INSERT INTO labels (key, value, session) VALUES (?1, ?2, ?3)")?;
    for (key, value) in labels.iter() {
        insert.execute(params![key, value, number])?;
    }
    Ok(())
}

/// Who takes part is written again only where that has changed: the rows that there are tell.
pub(super) fn put_participants(connection: &Connection, number: i64, is_known: bool, all: &[Participant]) -> Done<()> {
    let mut keys: Vec<_> = all.iter().map(Participant::key).collect();
    keys.sort_unstable();
    let mut there: Vec<String> = Vec::new();
    if is_known {
        let sql = "SELECT key FROM participants WHERE session = ?1 ORDER BY key";
        let mut select = connection.prepare_cached(sql)?;
        there = select.query_map([number], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    }
    if keys == there {
        return Ok(());
    }
    connection.prepare_cached("DELETE FROM participants WHERE session = ?1")?.execute([number])?;
    let mut insert = connection.prepare_cached("INSERT INTO participants (key, session) VALUES (?1, ?2)")?;
    for key in &keys {
        insert.execute(params![key, number])?;
    }
    Ok(())
}

/// What of a run never changes is not written again, so that its indexes stay as they are.
pub(super) fn put_runs(connection: &Connection, runs: &[Run], bodies: &[String], number: i64) -> Done<()> {
    let sql = "INSERT INTO runs (id, session, status, active, fence, queued_at, body, agent, priority, waits)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (id) DO UPDATE SET status = excluded.status, active = excluded.active, fence = excluded.fence,
        body = excluded.body, waits = excluded.waits";
    for (run, body) in runs.iter().zip(bodies) {
        let (id, status, queued_at) = (run.id.as_str(), run.status, run.queued_at.as_millis());
        let (fence, waits) = (integer(run.fence)?, run.waits_in_turn());
        let row =
            params![id, number, status.word(), status.is_active(), fence, queued_at, body, run.agent, run.priority, waits];
        connection.prepare_cached(sql)?.execute(row)?;
        for (key, value) in run.labels.iter() {
            let sql = "INSERT INTO run_labels (key, value, queued_at, id, session, agent, priority, status)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET status = excluded.status";
            let row = params![key, value, queued_at, id, number, run.agent, run.priority, status.word()];
            connection.prepare_cached(sql)?.execute(row)?;
        }
    }
    Ok(())
}

fn put_alias(connection: &Connection, alias: &Alias) -> Done<()> {
    let sql = "INSERT INTO aliases (namespace, key, entity) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    let row = params![alias.namespace, alias.key, alias.entity];
    if connection.prepare_cached(sql)?.execute(row)? == 1 {
        return Ok(());
    }
    let sql = "SELECT entity FROM aliases WHERE namespace = ?1 AND key = ?2";
    let entity: String = connection.prepare_cached(sql)?.query_row(params![alias.namespace, alias.key], |row| row.get(0))?;
    if entity == alias.entity { Ok(()) } else { Err(AppendError::AliasTaken(alias.clone()).into()) }
}

/// Puts a record.
pub(super) fn put_record(connection: &Connection, record: &Record) -> Done<()> {
    let sql = "INSERT INTO records (kind, id, body) VALUES (?1, ?2, ?3)
        ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body WHERE body IS NOT excluded.body";
    connection.prepare_cached(sql)?.execute(params![record.kind, record.id, record.body])?;
    Ok(())
}

/// Puts a record if its text is `expected` until then; true when it was put.
pub(super) fn put_record_if(connection: &Connection, record: &Record, expected: Option<&str>) -> Done<bool> {
    let (insert, update) = (
        "INSERT INTO records (kind, id, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        "UPDATE records SET body = ?3 WHERE kind = ?1 AND id = ?2 AND body = ?4",
    );
    let row = params![record.kind, record.id, record.body];
    let changed = match expected {
        None => connection.prepare_cached(insert)?.execute(row)?,
        Some(expected) => {
            connection.prepare_cached(update)?.execute(params![record.kind, record.id, record.body, expected])?
        }
    };
    Ok(changed == 1)
}

/// Keeps a secret unless there is one; answers the one that there is.
pub(super) fn settle_secret(connection: &Connection, owner: &str, name: &str, value: &str) -> Done<String> {
    let sql = "INSERT INTO secrets (owner, name, value) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    connection.prepare_cached(sql)?.execute([owner, name, value])?;
    let sql = "SELECT value FROM secrets WHERE owner = ?1 AND name = ?2";
    Ok(connection.prepare_cached(sql)?.query_row([owner, name], |row| row.get(0))?)
}

/// Replaces the text of an entry.
pub(super) fn scrub(connection: &Connection, session: &SessionId, entry: &Entry) -> Done<()> {
    let number = find(connection, session)?.map(|row| row.number);
    let place = number.filter(|_| entry.seq <= u64::from(u32::MAX)).map(|number| place_of(number, entry.seq));
    let sql = "UPDATE sessions SET bytes = bytes + ?3 - (SELECT octet_length(body) FROM entries WHERE place = ?2)
        WHERE number = ?1 AND EXISTS (SELECT 1 FROM entries WHERE place = ?2)";
    connection.prepare_cached(sql)?.execute(params![number, place, integer(entry.body.len() as u64)?])?;
    let sql = "UPDATE entries SET body = ?2 WHERE place = ?1";
    if connection.prepare_cached(sql)?.execute(params![place, entry.body])? == 0 {
        return Err(rules::no_entry(session, entry.seq).into());
    }
    super::texts::remove(connection, place)?;
    connection.prepare_cached("DELETE FROM snapshots WHERE session = ?1")?.execute([number])?;
    Ok(())
}

/// Entries that are blanked at once.
const BLANKED: i64 = 500;

/// Appends, and blanks every entry before.
pub(super) fn clear(connection: &Connection, prepared: &Prepared, blank: Blank) -> Done<()> {
    append(connection, prepared)?;
    let Append { session, after, snapshot, .. } = &prepared.append;
    let Some(Row { number, .. }) = find(connection, session)? else { return Err(AppendError::Conflict(None).into()) };
    let select = "SELECT place, body FROM entries WHERE place > ?1 AND place <= ?2 ORDER BY place LIMIT ?3";
    let mut select = connection.prepare_cached(select)?;
    let mut update = connection.prepare_cached("UPDATE entries SET body = ?2 WHERE place = ?1")?;
    let (mut from, to) = (place_of(number, 0), place_of(number, *after));
    while from < to {
        let rows = select.query_map(params![from, to, BLANKED], super::read::entry)?;
        let page = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        for old in &page {
            let entry = rules::blanked(session, old, blank)?;
            from = place_of(number, old.seq);
            if entry != *old {
                update.execute(params![from, entry.body])?;
                super::texts::remove(connection, Some(from))?;
            }
        }
        if page.is_empty() {
            break;
        }
    }
    let sql = "UPDATE sessions SET bytes = (SELECT sum(octet_length(body)) FROM entries WHERE place BETWEEN ?2 AND ?3)
        WHERE number = ?1";
    let [first, last] = log_of(number);
    connection.execute(sql, [number, first, last])?;
    if snapshot.is_none() {
        connection.execute("DELETE FROM snapshots WHERE session = ?1", [number])?;
    }
    connection.execute("DELETE FROM blobs WHERE session = ?1", [session.as_str()])?;
    connection.execute("DELETE FROM records WHERE kind = ?1", [rules::owner_of(session)])?;
    Ok(())
}

/// Ends a session and leaves nothing but its head and its last entry.
pub(super) fn delete(connection: &Connection, session: &SessionId, after: u64, entry: &Entry) -> Done<()> {
    let row = find(connection, session)?;
    rules::decide_delete(row.as_ref().map(|row| row.head), after)?;
    let Some(Row { number, .. }) = row else { return Err(AppendError::Conflict(None).into()) };
    let aliases = "DELETE FROM aliases WHERE entity = ?2 OR entity IN (SELECT id FROM runs WHERE session = ?1)";
    connection.execute(aliases, params![number, session.as_str()])?;
    super::texts::remove_all(connection, number)?;
    remove_entries(connection, number)?;
    let labels = "DELETE FROM run_labels WHERE id IN (SELECT id FROM runs WHERE session = ?1)";
    connection.execute(labels, [number])?;
    for table in ["snapshots", "labels", "participants", "runs"] {
        connection.execute(&format!("DELETE FROM {table} WHERE session = ?1"), [number])?;
    }
    connection.execute("DELETE FROM blobs WHERE session = ?1", [session.as_str()])?;
    connection.execute("DELETE FROM secrets WHERE owner = ?1", [rules::owner_of(session)])?;
    connection.execute("DELETE FROM records WHERE kind = ?1", [rules::owner_of(session)])?;
    let place = place_of(number, entry.seq);
    connection.execute("INSERT INTO entries (place, body) VALUES (?1, ?2)", params![place, entry.body])?;
    let sql = "UPDATE sessions SET seq = ?2, deleted = 1, updated_at = 0, agent = '', active = 0, labels = '', summary = '',
        expires_at = NULL, bytes = 0 WHERE number = ?1";
    connection.execute(sql, params![number, integer(entry.seq)?])?;
    Ok(())
}

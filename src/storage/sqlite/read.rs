//! Reading: a few connections, opened when they are needed, used from threads that may wait.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::append::{find, place_of};
use super::connect;
use super::fault::Done;
use crate::domain::{Cause, Error, Participant, SessionId, SessionSummary};
use crate::storage::rules::Page;
use crate::storage::{Counts, Entry, Record, SessionQuery, Snapshot};

/// Most connections that read.
const READERS: usize = 4;

/// The connections that read.
pub(super) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Semaphore,
    // The version is a connection's own count of what others have changed, so it is always asked of this one.
    watch: Arc<Mutex<Option<Connection>>>,
}

impl Readers {
    /// None is opened yet.
    pub(super) fn new(path: Arc<PathBuf>) -> Self {
        Self { path, idle: Arc::default(), permits: Semaphore::new(READERS), watch: Arc::default() }
    }

    /// Reads with one of the connections.
    pub(super) async fn read<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Done<T> + Send + 'static,
    {
        let _permit = self.permits.acquire().await.map_err(|error| Error::internal(error.to_string()))?;
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        run(move || {
            let taken = lock(&idle).pop();
            let connection = taken.map_or_else(|| open(&path), Ok)?;
            let result = work(&connection).map_err(|fault| fault.into_error(&path));
            lock(&idle).push(connection);
            result
        })
        .await
    }

    /// A number that changes with every commit of another connection.
    pub(super) async fn version(&self) -> Result<u64, Error> {
        let (path, watch) = (Arc::clone(&self.path), Arc::clone(&self.watch));
        run(move || {
            let mut watch = lock(&watch);
            let connection = match watch.take() {
                Some(connection) => connection,
                None => open(&path)?,
            };
            let asked = connection
                .prepare_cached("PRAGMA data_version")
                .and_then(|mut ask| ask.query_row([], |row| row.get::<_, i64>(0)));
            *watch = Some(connection);
            asked.map(i64::unsigned_abs).map_err(|error| super::fault::failure(&path, &error))
        })
        .await
    }
}

/// Runs work that may wait, away from the threads that must not.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::internal(format!("work on the store ended early: {error}"))))
}

fn open(path: &std::path::Path) -> Result<Connection, Error> {
    let connection = connect::again(path)?;
    let only = connection.execute_batch("PRAGMA query_only = ON");
    only.map_err(|error| super::fault::failure(path, &error))?;
    Ok(connection)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn parse<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::store(Some(Cause::Corrupt), format!("a row of {what} cannot be read: {error}")))
}

/// An entry as its row has it: place and body.
pub(super) fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    let place: i64 = row.get(0)?;
    Ok(Entry { seq: (place & i64::from(u32::MAX)).unsigned_abs(), body: row.get(1)? })
}

/// The entries after `after`, oldest first.
pub(super) fn entries(
    connection: &Connection,
    session: &SessionId,
    after: u64,
    mut page: Page,
    limit: usize,
) -> Done<Vec<Entry>> {
    let Some(row) = find(connection, session)? else { return Ok(Vec::new()) };
    let sql = "SELECT place, body FROM entries WHERE place > ?1 AND place <= ?2 ORDER BY place LIMIT ?3";
    let mut select = connection.prepare_cached(sql)?;
    let bounds = params![place_of(row.number, after), place_of(row.number, u64::MAX), count(limit)];
    let mut rows = select.query(bounds)?;
    while !page.is_full() {
        let Some(row) = rows.next()? else { break };
        page.push(entry(row)?);
    }
    Ok(page.entries)
}

/// The newest entries before `before`, oldest first.
pub(super) fn entries_back(
    connection: &Connection,
    session: &SessionId,
    before: Option<u64>,
    limit: usize,
) -> Done<Vec<Entry>> {
    let Some(row) = find(connection, session)? else { return Ok(Vec::new()) };
    let sql = "SELECT place, body FROM entries WHERE place >= ?1 AND place < ?2 ORDER BY place DESC LIMIT ?3";
    let end = before.map_or_else(|| place_of(row.number, u64::MAX), |before| place_of(row.number, before));
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map(params![place_of(row.number, 0), end, count(limit)], entry)?;
    let mut entries = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    entries.reverse();
    Ok(entries)
}

/// The saved fold.
pub(super) fn snapshot(connection: &Connection, session: &SessionId) -> Done<Option<Snapshot>> {
    let sql = "SELECT snapshots.seq, body FROM snapshots JOIN sessions ON number = session WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok(Snapshot { seq: row.get::<_, i64>(0)?.unsigned_abs(), body: row.get(1)? });
    Ok(connection.prepare_cached(sql)?.query_row([session.as_str()], row).optional()?)
}

/// One session's row.
pub(super) fn summary(connection: &Connection, session: &SessionId) -> Done<Option<SessionSummary>> {
    let mut select = connection.prepare_cached("SELECT summary, bytes FROM sessions WHERE id = ?1 AND deleted = 0")?;
    let mut rows = select.query([session.as_str()])?;
    rows.next()?.map(session_row).transpose()
}

/// A row of a session, with the bytes that were counted here.
fn session_row(row: &rusqlite::Row<'_>) -> Done<SessionSummary> {
    let read: SessionSummary = parse("sessions", row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(SessionSummary { bytes: row.get::<_, i64>(1)?.unsigned_abs(), ..read })
}

/// A page of sessions.
pub(super) fn sessions(connection: &Connection, query: &SessionQuery) -> Done<Vec<SessionSummary>> {
    let mut sql = String::from("SELECT summary, bytes FROM ");
    let mut values = Vec::new();
    // A person takes part in few of many sessions: these are looked up. An agent takes part in many.
    if let Some(Participant::Person(_)) = &query.participant {
        sql.push_str("participants CROSS JOIN ");
    }
    sql.push_str("sessions");
    // Few have expired: they are sorted, and not looked for among all that are in order.
    if let Some(now) = query.expired_before {
        sql.push_str(" INDEXED BY sessions_by_expiry WHERE deleted = 0 AND expires_at <= ?");
        values.push(now.as_millis().into());
    } else {
        sql.push_str(" WHERE deleted = 0");
    }
    if query.active {
        sql.push_str(" AND active = 1");
    }
    if let Some(prefix) = &query.prefix {
        sql.push_str(" AND substr(id, 1, ?) = ?");
        values.extend([count(prefix.chars().count()).into(), Value::from(prefix.clone())]);
    }
    if let Some(agent) = &query.agent {
        sql.push_str(" AND agent = ?");
        values.push(Value::from(agent.clone()));
    }
    match &query.participant {
        Some(person @ Participant::Person(_)) => {
            sql.push_str(" AND participants.key = ? AND participants.session = number");
            values.push(Value::from(person.key()));
        }
        Some(who @ Participant::Agent { agent }) => {
            sql.push_str(
                " AND (EXISTS (SELECT 1 FROM participants WHERE key = ? AND session = number) OR (agent = ? AND NOT EXISTS
                (SELECT 1 FROM participants WHERE session = number AND key >= 'agent:' AND key < 'agent;')))",
            );
            values.extend([Value::from(who.key()), Value::from(agent.clone())]);
        }
        None => {}
    }
    for (key, value) in &query.labels {
        sql.push_str(" AND EXISTS (SELECT 1 FROM labels WHERE key = ? AND value = ? AND session = number)");
        values.extend([Value::from(key.clone()), Value::from(value.clone())]);
    }
    if let Some(after) = &query.after {
        sql.push_str(" AND updated_at <= ? AND (updated_at < ? OR id > ?)");
        let updated_at = after.updated_at.as_millis();
        values.extend([updated_at.into(), updated_at.into(), Value::from(after.id.to_string())]);
    }
    sql.push_str(" ORDER BY updated_at DESC, id LIMIT ?");
    values.push(count(query.limit).into());
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(session_row(row)?);
    }
    Ok(page)
}

/// How many sessions there are. Both are counted in an index.
pub(super) fn counts(connection: &Connection) -> Done<Counts> {
    let count = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    let sessions = count("SELECT count(*) FROM sessions WHERE deleted = 0")?;
    let active = count("SELECT count(*) FROM sessions WHERE active = 1")?;
    Ok(Counts { sessions: sessions.unsigned_abs(), active: active.unsigned_abs() })
}

/// All secrets.
pub(super) fn secrets(connection: &Connection) -> Done<Vec<String>> {
    let mut select = connection.prepare_cached("SELECT value FROM secrets")?;
    let rows = select.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn rows<T: DeserializeOwned>(connection: &Connection, what: &str, sql: &str, values: Vec<Value>) -> Done<Vec<T>> {
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(parse(what, row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(found)
}

/// All records of a kind, by id.
pub(super) fn records(connection: &Connection, kind: &str) -> Done<Vec<Record>> {
    let mut select = connection.prepare_cached("SELECT kind, id, body FROM records WHERE kind = ?1 ORDER BY id")?;
    let rows = select.query_map([kind], |row| Ok(Record { kind: row.get(0)?, id: row.get(1)?, body: row.get(2)? }))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The one text, or bytes, that a statement finds under a pair of names.
pub(super) fn value<T: rusqlite::types::FromSql>(connection: &Connection, sql: &str, key: [&str; 2]) -> Done<Option<T>> {
    Ok(connection.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?)
}

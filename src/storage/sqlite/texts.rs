//! The index of words: kept with the appends, made again where it is missing, and free of what was removed.
//!
//! An index that takes in one text writes as much as one that takes in a hundred. So an append only puts its texts down, and
//! each [`WAITING`] of them are taken in together; a search looks through those that wait as well. The index itself holds
//! no texts, only which words stand where. What is removed is marked in it at once, and is in none of its pages any more once
//! the store is wiped: see [`forget`].

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::append::{log_of, place_of};
use super::fault::Done;
use super::read::{count, entry};
use crate::domain::{SessionId, Timestamp};
use crate::storage::{Text, TextHits, TextPlace, TextQuery, Told, words};

/// Entries that are looked at in one transaction while the index is made.
const STEP: i64 = 4_000;

/// So many texts wait before they are taken in.
const WAITING: i64 = 128;

/// A text of more bytes is taken in at once, with those that wait: a search reads all that waits.
const LONG: usize = 16 << 10;

/// Puts what can be searched. A title takes the place of the one before.
pub(super) fn put(connection: &Connection, number: i64, texts: &[Text]) -> Done<()> {
    let sql = "INSERT INTO texts_waiting (place, text) VALUES (?1, ?2)";
    for text in texts {
        connection.prepare_cached(sql)?.execute(params![place_of(number, text.seq), text.text])?;
        if connection.last_insert_rowid() >= WAITING || text.text.len() > LONG {
            take_in_waiting(connection)?;
        }
    }
    Ok(())
}

/// Takes what waits into the index, in the order in which it came.
fn take_in_waiting(connection: &Connection) -> Done<()> {
    let mut select = connection.prepare_cached("SELECT place, text FROM texts_waiting ORDER BY number")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        take_in_text(connection, row.get(0)?, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
    }
    connection.prepare_cached("DELETE FROM texts_waiting")?.execute([])?;
    Ok(())
}

/// Puts the words of a text in the place of those that were there.
fn take_in_text(connection: &Connection, place: i64, text: &str) -> Done<()> {
    connection.prepare_cached("DELETE FROM texts WHERE rowid = ?1")?.execute([place])?;
    if !text.is_empty() {
        connection
            .prepare_cached("INSERT INTO texts (rowid, text) VALUES (?1, ?2)")?
            .execute(params![place, words::spaced(text)])?;
    }
    Ok(())
}

/// Takes the words of one entry away.
pub(super) fn remove(connection: &Connection, place: Option<i64>) -> Done<()> {
    connection.prepare_cached("DELETE FROM texts_waiting WHERE place = ?1")?.execute([place])?;
    connection.prepare_cached("DELETE FROM texts WHERE rowid = ?1")?.execute([place])?;
    Ok(())
}

/// Takes the words of a session away.
pub(super) fn remove_all(connection: &Connection, number: i64) -> Done<()> {
    let [first, last] = log_of(number);
    let mut select = connection.prepare_cached("SELECT place FROM entries WHERE place BETWEEN ?1 AND ?2")?;
    let places: Vec<i64> = select.query_map([first, last], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    std::iter::once(first).chain(places).try_for_each(|place| remove(connection, Some(place)))
}

/// Writes the index anew without what was taken away.
pub(super) fn forget(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("INSERT INTO texts (texts) VALUES ('optimize')")
}

/// Whether there are entries that are not in the index yet, or there is none.
pub(super) fn is_due(connection: &Connection) -> Done<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'texts') OR EXISTS (SELECT 1 FROM texts_due)";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Takes the next entries into the index; false when none are left.
pub(super) fn take_in(connection: &Connection, told: Told) -> Done<bool> {
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'texts')";
    if !connection.query_row(there, [], |row| row.get::<_, bool>(0))? {
        connection.execute_batch("DROP TABLE IF EXISTS texts_due")?;
        connection.execute_batch(super::schema::TEXTS)?;
    }
    let due = "SELECT after, until FROM texts_due LIMIT 1";
    let due: Option<(i64, i64)> = connection.query_row(due, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((after, until)) = due else { return Ok(false) };
    let sql = "SELECT place, body FROM entries WHERE place > ?1 AND place <= ?2 ORDER BY place LIMIT ?3";
    let mut select = connection.prepare_cached(sql)?;
    let rows = select.query_map(params![after, until, STEP], |row| Ok((row.get::<_, i64>(0)?, entry(row)?)))?;
    let mut last = None;
    for row in rows {
        let (place, entry) = row?;
        last = Some(place);
        if let Some(text) = told(&entry) {
            // Titles come in the order in which they were given.
            take_in_text(connection, place_of(place >> 32, text.seq), &text.text)?;
        }
    }
    match last {
        Some(last) => connection.execute("UPDATE texts_due SET after = ?1", [last])?,
        None => connection.execute("DELETE FROM texts_due", [])?,
    };
    Ok(last.is_some())
}

/// What is found.
pub(super) fn search(connection: &Connection, query: &TextQuery) -> Done<TextHits> {
    // One picture of both: what waits now may be in the index a moment later.
    let picture = connection.unchecked_transaction()?;
    let waiting = waiting(&picture, query)?;
    let indexed = "texts CROSS JOIN sessions ON sessions.number = texts.rowid >> 32
        WHERE texts MATCH ? AND texts.rowid NOT IN (SELECT place FROM texts_waiting)";
    let mut places = matching(&picture, query, "texts.rowid", indexed, query.terms.expression())?;
    if !waiting.is_empty() {
        let among = "json_each(?) AS waiting CROSS JOIN sessions ON sessions.number = waiting.value >> 32 WHERE 1";
        places.extend(matching(&picture, query, "waiting.value", among, format!("{waiting:?}"))?);
        places.sort_unstable_by_key(|(place, _)| Reverse(*place));
        places.truncate(query.limit);
    }
    Ok(TextHits { places: places.into_iter().map(|(_, place)| place).collect(), ..TextHits::default() })
}

/// The places of what waits and has the words.
fn waiting(connection: &Connection, query: &TextQuery) -> Done<Vec<i64>> {
    let mut select = connection.prepare_cached("SELECT place, text FROM texts_waiting ORDER BY number")?;
    let mut rows = select.query([])?;
    // Of several titles the last one counts.
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        found.insert(row.get(0)?, query.terms.are_in(text));
    }
    Ok(found.into_iter().filter_map(|(place, is_found)| is_found.then_some(place)).collect())
}

/// What of a source fits the query, the newest session and the last message first. `of` is what the source asks for first.
fn matching(
    connection: &Connection,
    query: &TextQuery,
    place: &str,
    source: &str,
    of: String,
) -> Done<Vec<(i64, TextPlace)>> {
    let mut sql =
        format!("SELECT {place}, sessions.id, sessions.summary ->> '$.session.created_at' FROM {source} AND deleted = 0");
    let mut values = vec![Value::from(of)];
    if let Some(after) = &query.after {
        let number = super::append::find(connection, &after.session)?.map_or(0, |row| row.number);
        sql.push_str(&format!(" AND {place} < ?"));
        values.push(place_of(number, after.seq).into());
    }
    if let Some(agent) = &query.agent {
        sql.push_str(" AND agent = ?");
        values.push(agent.clone().into());
    }
    if let Some(since) = query.since {
        sql.push_str(" AND updated_at >= ?");
        values.push(since.as_millis().into());
    }
    for (key, value) in &query.labels {
        sql.push_str(" AND EXISTS (SELECT 1 FROM labels WHERE key = ? AND value = ? AND session = number)");
        values.extend([Value::from(key.clone()), Value::from(value.clone())]);
    }
    sql.push_str(&format!(" ORDER BY {place} DESC LIMIT ?"));
    values.push(count(query.limit).into());
    let mut select = connection.prepare_cached(&sql)?;
    let row = |row: &rusqlite::Row<'_>| {
        let (place, id, at): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((place, SessionId::from_text(&id), at))
    };
    let mut found = Vec::new();
    for row in select.query_map(params_from_iter(values), row)? {
        let (place, session, at) = row?;
        let seq = (place & i64::from(u32::MAX)).unsigned_abs();
        let created_at: Timestamp = super::read::parse("sessions", &format!("\"{at}\""))?;
        found.push((place, TextPlace { created_at, session, seq }));
    }
    Ok(found)
}

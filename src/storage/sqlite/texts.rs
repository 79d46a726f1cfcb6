//! The index of words: kept with every append, made again where it is missing, and free of what was removed.
//!
//! It holds no texts, only which words stand where. What is removed is marked in it at once, and is in none of its pages any
//! more once the store is wiped: see [`forget`].

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::append::{log_of, place_of};
use super::fault::Done;
use super::read::{count, entry};
use crate::domain::{SessionId, Timestamp};
use crate::storage::{Text, TextHits, TextPlace, TextQuery, Told, words};

/// Entries that are looked at in one transaction while the index is made.
const STEP: i64 = 4_000;

/// Puts what can be searched. A title takes the place of the one before.
pub(super) fn put(connection: &Connection, number: i64, texts: &[Text]) -> Done<()> {
    for text in texts {
        let place = place_of(number, text.seq);
        if text.seq == 0 {
            remove(connection, Some(place))?;
        }
        if !text.text.is_empty() {
            let sql = "INSERT INTO texts (rowid, text) VALUES (?1, ?2)";
            connection.prepare_cached(sql)?.execute(params![place, words::spaced(&text.text)])?;
        }
    }
    Ok(())
}

/// Takes the words of one entry away.
pub(super) fn remove(connection: &Connection, place: Option<i64>) -> Done<()> {
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
            let number = place >> 32;
            remove(connection, Some(place_of(number, text.seq)))?;
            put(connection, number, &[text])?;
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
    let mut sql = String::from(
        "SELECT texts.rowid, sessions.id, sessions.summary ->> '$.session.created_at' FROM texts
        CROSS JOIN sessions ON sessions.number = texts.rowid >> 32 WHERE texts MATCH ? AND deleted = 0",
    );
    let mut values = vec![Value::from(query.terms.expression())];
    if let Some(after) = &query.after {
        let number = super::append::find(connection, &after.session)?.map_or(0, |row| row.number);
        sql.push_str(" AND texts.rowid < ?");
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
    sql.push_str(" ORDER BY texts.rowid DESC LIMIT ?");
    values.push(count(query.limit).into());
    let mut select = connection.prepare_cached(&sql)?;
    let place = |row: &rusqlite::Row<'_>| {
        let (place, id, at): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let seq = (place & i64::from(u32::MAX)).unsigned_abs();
        Ok((SessionId::from_text(&id), seq, at))
    };
    let rows = select.query_map(params_from_iter(values), place)?;
    let mut found = TextHits::default();
    for row in rows {
        let (session, seq, at) = row?;
        let created_at: Timestamp = super::read::parse("sessions", &format!("\"{at}\""))?;
        found.places.push(TextPlace { created_at, session, seq });
    }
    Ok(found)
}

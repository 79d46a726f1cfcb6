//! Reading runs: lists with their number, and whose turn it is.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::fault::Done;
use super::read::{count, parse, rows};
use crate::domain::Run;
use crate::storage::{RunQuery, TurnQuery};

/// What a list of runs is read from, and what its rows are chosen by.
struct Choice {
    /// `FROM … WHERE …`.
    sql: String,
    values: Vec<Value>,
    /// The text of a row.
    body: &'static str,
}

impl Choice {
    fn of(query: &RunQuery) -> Self {
        let is_active = !query.statuses.is_empty() && query.statuses.iter().all(|status| status.is_active());
        // Told, and not chosen by SQLite: it does not know how many rows each value has.
        let index = match query {
            RunQuery { session: Some(_), .. } => "runs_of_session",
            RunQuery { waits: Some(false), .. } if is_active => "runs_held",
            _ if is_active => "runs_by_status",
            RunQuery { agent: Some(_), .. } => "runs_of_agent",
            RunQuery { statuses, .. } if statuses.len() == 1 => "runs_by_status",
            _ => "runs_by_time",
        };
        let mut labels = query.labels.iter();
        let mut choice = match labels.next() {
            Some((key, value)) if query.session.is_none() => Self {
                sql: "FROM run_labels AS r WHERE r.key = ? AND r.value = ?".to_owned(),
                values: vec![key.clone().into(), value.clone().into()],
                body: "(SELECT body FROM runs WHERE runs.id = r.id)",
            },
            _ => {
                labels = query.labels.iter();
                Self { sql: format!("FROM runs AS r INDEXED BY {index} WHERE true"), values: Vec::new(), body: "r.body" }
            }
        };
        for (key, value) in labels {
            let sql = " AND EXISTS (SELECT 1 FROM run_labels AS o WHERE o.id = r.id AND o.key = ? AND o.value = ?)";
            choice.also(sql, [key.clone().into(), value.clone().into()]);
        }
        if let Some(session) = &query.session {
            choice.also(" AND r.session = (SELECT number FROM sessions WHERE id = ?)", [session.to_string().into()]);
        }
        if let Some(agent) = &query.agent {
            choice.also(" AND r.agent = ?", [agent.clone().into()]);
        }
        if let Some(priority) = query.priority {
            choice.also(" AND r.priority = ?", [priority.into()]);
        }
        if !query.statuses.is_empty() {
            let places = vec!["?"; query.statuses.len()].join(", ");
            let words = query.statuses.iter().map(|status| status.word().to_owned().into());
            choice.also(&format!(" AND r.status IN ({places})"), words);
        }
        if let Some(since) = query.since {
            choice.also(" AND r.queued_at >= ?", [since.as_millis().into()]);
        }
        if let Some((at, id)) = &query.after {
            choice.also(" AND (r.queued_at, r.id) < (?, ?)", [at.as_millis().into(), id.to_string().into()]);
        }
        match query.waits {
            None => {}
            // In these words, so that the index of those fits.
            Some(false) if index == "runs_held" && query.labels.is_empty() => {
                choice.also(" AND r.active = 1 AND r.waits = 0", []);
            }
            Some(waits) => {
                choice.also(" AND EXISTS (SELECT 1 FROM runs AS o WHERE o.id = r.id AND o.waits = ?)", [waits.into()]);
            }
        }
        choice
    }

    fn page(mut self, query: &RunQuery) -> (String, Vec<Value>) {
        self.values.extend([count(query.limit).into(), count(query.offset).into()]);
        let sql = format!("SELECT {} {} ORDER BY r.queued_at DESC, r.id DESC LIMIT ? OFFSET ?", self.body, self.sql);
        (sql, self.values)
    }

    fn number(self) -> (String, Vec<Value>) {
        (format!("SELECT count(*) {}", self.sql), self.values)
    }

    fn also(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(sql);
        self.values.extend(values);
    }
}

/// A list of runs.
pub(super) fn runs(connection: &Connection, query: &RunQuery) -> Done<Vec<Run>> {
    let (sql, values) = Choice::of(query).page(query);
    rows(connection, "runs", &sql, values)
}

/// The statements of a list, for whoever asks how they are carried out.
#[cfg(test)]
pub(super) fn statements(query: &RunQuery) -> [(String, Vec<Value>); 2] {
    [Choice::of(query).page(query), Choice::of(query).number()]
}

/// How many runs a list has in all.
pub(super) fn count_runs(connection: &Connection, query: &RunQuery) -> Done<u64> {
    let (sql, values) = Choice::of(query).number();
    let mut select = connection.prepare_cached(&sql)?;
    Ok(select.query_row(params_from_iter(values), |row| row.get::<_, i64>(0))?.unsigned_abs())
}

/// The runs that wait for whichever process is free, those first whose turn it is: of each priority those that have waited
/// longest.
pub(super) fn turn(connection: &Connection, query: &TurnQuery) -> Done<Vec<Run>> {
    let next = "SELECT priority FROM runs INDEXED BY runs_waiting WHERE waits = 1 AND priority < ?
        ORDER BY priority DESC LIMIT 1";
    let mut without = String::new();
    let mut left_out: Vec<Value> = Vec::new();
    if !query.without.is_empty() {
        let places = vec!["((SELECT number FROM sessions WHERE id = ?), ?)"; query.without.len()].join(", ");
        without = format!("AND (session, agent) NOT IN (VALUES {places})");
        let values = query.without.iter().flat_map(|(session, agent)| [session.to_string().into(), agent.clone().into()]);
        left_out.extend(values);
    }
    let oldest = format!(
        "SELECT body FROM runs INDEXED BY runs_waiting WHERE waits = 1 AND priority = ? {without}
        ORDER BY queued_at, id LIMIT ?"
    );
    let mut found: Vec<Run> = Vec::new();
    let mut below = i64::MAX;
    while let Some(priority) = connection.prepare_cached(next)?.query_row([below], |row| row.get::<_, i64>(0)).optional()? {
        let mut values = vec![Value::from(priority)];
        values.extend(left_out.iter().cloned());
        values.push(count(query.limit).into());
        found.extend(rows::<Run>(connection, "runs", &oldest, values)?);
        below = priority;
    }
    found.sort_by_cached_key(|run| query.place(run));
    found.truncate(query.limit);
    Ok(found)
}

/// How many runs wait for whichever process is free.
pub(super) fn waiting(connection: &Connection) -> Done<u64> {
    let sql = "SELECT count(*) FROM runs INDEXED BY runs_waiting WHERE waits = 1";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

/// One run.
pub(super) fn run_row(connection: &Connection, id: &str) -> Done<Option<Run>> {
    let mut select = connection.prepare_cached("SELECT body FROM runs WHERE id = ?1")?;
    let text: Option<String> = select.query_row([id], |row| row.get(0)).optional()?;
    Ok(text.map(|text| parse("runs", &text)).transpose()?)
}

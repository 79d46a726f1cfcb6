//! What other processes append, for watchers: found in the list of sessions, where a change is seen first.

use std::collections::HashMap;
use std::sync::Arc;

use super::mailbox::Start;
use crate::domain::{Result, SessionId, SessionSummary, Timestamp};
use crate::engine::house::Core;
use crate::engine::reading::decode;
use crate::storage::{SessionQuery, SessionsAfter, Store};

/// Sessions of one page.
const PAGE: usize = 64;
/// Most pages of one look.
const PAGES: usize = 64;
/// So much older than the newest that was seen before a change may say it is: what is appended says when that began.
const MARGIN_MS: i64 = 5_000;
/// Sessions of which it is kept in mind how many facts they had.
const KNOWN: usize = 65_536;
/// Facts that are read at once to find where a session stood.
const STEP: usize = 64;

/// The newest sessions at a moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Incarnation and number of facts of each.
    facts: Arc<HashMap<SessionId, (u64, u64)>>,
    /// The newest change.
    newest: Timestamp,
    /// What is not among them was not changed after this; `None` = all are.
    floor: Option<Timestamp>,
}

impl Seen {
    fn of(rows: &[SessionSummary], is_all: bool) -> Self {
        let facts = rows.iter().map(|row| (row.session.id.clone(), (row.session.incarnation, row.events))).collect();
        let at = |row: Option<&SessionSummary>| row.map(|row| row.session.updated_at);
        let floor = if is_all { None } else { at(rows.last()) };
        Self { facts: Arc::new(facts), newest: at(rows.first()).unwrap_or_default(), floor }
    }

    /// With what another list has beside it, which goes as far as this.
    fn or(self, other: Self) -> Self {
        let (newest, floor) = (self.newest, other.floor);
        Self { newest, floor, ..self.and(&other) }
    }

    /// With what was known before of sessions that are not among them: one may have been missed because it moved to the
    /// front of the list while that was read, and of one that was not changed it still holds.
    pub(super) fn and(mut self, before: &Self) -> Self {
        if before.facts.len() < KNOWN {
            let facts = Arc::make_mut(&mut self.facts);
            for (session, known) in before.facts.iter() {
                facts.entry(session.clone()).or_insert(*known);
            }
        }
        self
    }

    /// From where on something is new in a session that is not among them: one that was not there, or was not changed.
    pub(super) fn start(&self) -> Start {
        self.floor.map_or(Start::At(1), Start::After)
    }

    /// The incarnation of a session, and how many facts it had.
    pub(super) fn facts(&self, session: &SessionId) -> Option<(u64, u64)> {
        self.facts.get(session).copied()
    }
}

/// Sees where others stand, if nobody watches yet.
pub(super) async fn begin(core: &Core) -> Result<()> {
    let watchers = core.notices.watchers();
    // What is left of those who have watched is of no use.
    watchers.seen();
    if !watchers.has_seen() {
        let (rows, is_all) = newest(&*core.store, None).await?;
        // Those that moved to the front of the list while it was read.
        let (front, _) = newest(&*core.store, None).await?;
        watchers.begin(Seen::of(&front, false).or(Seen::of(&rows, is_all)));
    }
    Ok(())
}

/// Tells watchers what others appended since the last look.
pub(crate) async fn look(core: &Core) -> Result<()> {
    let watchers = core.notices.watchers();
    let Some(before) = watchers.seen() else { return Ok(()) };
    let (rows, is_all) = newest(&*core.store, Some(before.newest)).await?;
    for news in watchers.compare(&rows, Seen::of(&rows, is_all)) {
        watchers.tell_range(news);
    }
    Ok(())
}

/// The newest sessions: a page, and as many more as may have been changed since the newest of the last look; absent = of
/// this one.
async fn newest(store: &dyn Store, since: Option<Timestamp>) -> Result<(Vec<SessionSummary>, bool)> {
    let mut rows: Vec<SessionSummary> = Vec::new();
    for _ in 0..PAGES {
        let last = rows.last().map(|row| &row.session);
        let after = last.map(|last| SessionsAfter { updated_at: last.updated_at, id: last.id.clone() });
        let page = store.sessions(&SessionQuery { after, limit: PAGE, ..SessionQuery::default() }).await?;
        let is_all = page.len() < PAGE;
        rows.extend(page);
        let at = |row: Option<&SessionSummary>| row.map_or(i64::MIN, |row| row.session.updated_at.as_millis());
        let until = since.map_or(at(rows.first()), Timestamp::as_millis).saturating_sub(MARGIN_MS);
        if is_all || at(rows.last()) < until {
            return Ok((rows, is_all));
        }
    }
    tracing::warn!("very much changes at once: watchers may hear late of what other processes do");
    Ok((rows, false))
}

/// The place of the first fact of a session after a moment.
pub(super) async fn first_after(store: &dyn Store, session: &SessionId, floor: Timestamp) -> Result<u64> {
    let mut first = None;
    loop {
        let entries = store.read_back(session, first, STEP).await?;
        for entry in entries.iter().rev() {
            if decode(session, entry)?.at <= floor {
                return Ok(entry.seq + 1);
            }
            first = Some(entry.seq);
        }
        if entries.len() < STEP {
            return Ok(first.unwrap_or(1));
        }
    }
}

//! What every store decides in the same way: whether an append has its place, and what a list holds.

use std::cmp::Ordering;

use sha2::{Digest, Sha256};

use super::{
    Append, AppendError, Blank, Entry, Head, RunQuery, SessionQuery, SessionsAfter, TextHits, TextPlace, TextQuery,
    TurnQuery,
};
use crate::domain::{BlobId, Error, ErrorCode, Run, RunId, SessionId, SessionSummary, Timestamp};

/// Longest text of one entry, in bytes.
const BODY_MAX: usize = 64 << 20;

/// Where an append goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It begins a log that never was.
    First,
    /// It begins a log over a deleted one.
    Again,
    /// It goes on.
    Next,
}

/// Checks the form of an append: what is wrong here is a defect of the appender.
pub(super) fn check_form(append: &Append) -> Result<(), Error> {
    let session = &append.session;
    if append.entries.is_empty() {
        return Err(Error::internal(format!("an append to session `{session}` holds no entry")));
    }
    for (place, entry) in (append.after + 1..).zip(&append.entries) {
        check_entry(session, place, entry)?;
    }
    if append.summary.session.id != *session || append.runs.iter().any(|run| run.session != *session) {
        return Err(Error::internal(format!("an append to session `{session}` brings rows of another session")));
    }
    Ok(())
}

/// Checks the form of one entry that must stand at `place`.
pub(super) fn check_entry(session: &SessionId, place: u64, entry: &Entry) -> Result<(), Error> {
    if entry.seq != place {
        return Err(Error::internal(format!("entry {} of session `{session}` stands at {place}", entry.seq)));
    }
    if entry.body.as_bytes().contains(&b'\n') {
        return Err(Error::internal(format!("entry {place} of session `{session}` holds a line break")));
    }
    if entry.body.len() > BODY_MAX {
        let message = format!("entry {place} of session `{session}` has {} bytes", entry.body.len());
        return Err(Error::new(ErrorCode::TooLarge, message).hint(format!("an entry may have {BODY_MAX} bytes")));
    }
    Ok(())
}

/// Decides whether an append may go where it wants. `token` tells the fence of a run of this session, where it has a
/// row.
///
/// What the session *is* comes first (it exists, or does not), then the fence, then the place: so a process that lost
/// its run learns that, and is not told to read on and try again.
pub(super) fn decide<E: From<AppendError>>(
    head: Option<Head>,
    append: &Append,
    token: impl FnOnce(&RunId) -> Result<Option<u64>, E>,
) -> Result<Place, E> {
    let place = match head {
        None if append.after == 0 => Place::First,
        Some(head) if head.deleted && append.after == 0 && append.incarnation > head.incarnation => Place::Again,
        Some(head) if !head.deleted && append.after > 0 && append.incarnation == head.incarnation => Place::Next,
        _ => return Err(AppendError::Conflict(head).into()),
    };
    if let Some(fence) = &append.fence {
        let held = if place == Place::Next { token(&fence.run)? } else { None };
        if held.unwrap_or(0) != fence.token {
            return Err(AppendError::Fenced.into());
        }
    }
    if place == Place::Next && head.is_some_and(|head| head.seq != append.after) {
        return Err(AppendError::Conflict(head).into());
    }
    Ok(place)
}

/// Decides whether a session may be deleted after the entry `after`.
pub(super) fn decide_delete(head: Option<Head>, after: u64) -> Result<Head, AppendError> {
    match head {
        Some(head) if !head.deleted && head.seq == after => Ok(head),
        _ => Err(AppendError::Conflict(head)),
    }
}

/// The answer to a scrub of an entry that is not there.
pub(super) fn no_entry(session: &SessionId, seq: u64) -> Error {
    Error::not_found("entry", format!("{session}#{seq}"))
}

/// The owner of a session's secrets, and the kind of its own records.
pub(super) fn owner_of(session: &SessionId) -> String {
    format!("session:{session}")
}

/// The name of a blob.
pub(super) fn blob_id(bytes: &[u8]) -> BlobId {
    BlobId::from_text(&hex(&Sha256::digest(bytes)))
}

/// Bytes as lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Whether a session stands in a list, leaving aside where its page begins.
pub(super) fn is_listed(row: &SessionSummary, query: &SessionQuery) -> bool {
    let session = &row.session;
    query.labels.iter().all(|(key, value)| session.labels.contains(key, value))
        && query.prefix.as_ref().is_none_or(|prefix| session.id.as_str().starts_with(prefix))
        && query.agent.as_ref().is_none_or(|agent| session.agent == *agent)
        && query.participant.as_ref().is_none_or(|participant| session.has(participant))
        && (!query.active || !row.active.is_empty())
        && query.expired_before.is_none_or(|now| end_of(row).is_some_and(|end| end <= now))
}

/// When a session's time is over; `None` when it has no end, or its end is in its log.
pub(super) fn end_of(row: &SessionSummary) -> Option<Timestamp> {
    row.session.expires_at.filter(|_| !row.session.expired)
}

/// An entry as it is kept when what was said is removed.
pub(super) fn blanked(session: &SessionId, old: &Entry, blank: Blank) -> Result<Entry, Error> {
    let entry = blank(old)?;
    check_entry(session, old.seq, &entry)?;
    Ok(entry)
}

/// Checks the form of an append that clears its session.
pub(super) fn check_clearing(append: &Append) -> Result<(), Error> {
    check_form(append)?;
    if append.aliases.is_empty() && append.records.is_empty() && append.after > 0 {
        return Ok(());
    }
    Err(Error::internal(format!("a clearing of session `{}` brings more than its end", append.session)))
}

/// The place of a session in lists.
pub(super) fn place_in_list(row: &SessionSummary) -> SessionsAfter {
    SessionsAfter { updated_at: row.session.updated_at, id: row.session.id.clone() }
}

/// Newest change first, then by id.
pub(super) fn sessions_order(left: &SessionsAfter, right: &SessionsAfter) -> Ordering {
    right.updated_at.cmp(&left.updated_at).then_with(|| left.id.cmp(&right.id))
}

/// Whether a run stands in a list.
pub(super) fn is_run_listed(run: &Run, query: &RunQuery) -> bool {
    query.session.as_ref().is_none_or(|session| run.session == *session)
        && query.agent.as_ref().is_none_or(|agent| run.agent == *agent)
        && (query.statuses.is_empty() || query.statuses.contains(&run.status))
        && query.priority.is_none_or(|priority| run.priority == priority)
        && query.labels.iter().all(|(key, value)| run.labels.contains(key, value))
        && query.waits.is_none_or(|waits| run.waits_in_turn() == waits)
        && query.since.is_none_or(|since| run.queued_at >= since)
        && query.after.as_ref().is_none_or(|(at, id)| (run.queued_at, &run.id) < (*at, id))
}

/// Whether a run stands among those whose turn is looked for.
pub(super) fn may_have_turn(run: &Run, query: &TurnQuery) -> bool {
    run.waits_in_turn() && !query.without.iter().any(|(session, agent)| run.session == *session && run.agent == *agent)
}

/// Whether a session is one whose texts are looked through.
pub(super) fn is_searched(row: &SessionSummary, query: &TextQuery) -> bool {
    let session = &row.session;
    query.labels.iter().all(|(key, value)| session.labels.contains(key, value))
        && query.agent.as_ref().is_none_or(|agent| session.agent == *agent)
        && query.since.is_none_or(|since| session.updated_at >= since)
        && query.after.as_ref().is_none_or(|after| (session.created_at, &session.id) <= (after.created_at, &after.session))
}

/// Looks through the logs of sessions, the one that was made last first. `read` gives the entries after one.
pub(super) fn scan(
    mut rows: Vec<SessionSummary>,
    query: &TextQuery,
    mut read: impl FnMut(&SessionId, u64) -> Result<Vec<Entry>, Error>,
) -> Result<TextHits, Error> {
    rows.retain(|row| is_searched(row, query));
    rows.sort_by(|left, right| {
        let place = |row: &SessionSummary| (row.session.created_at, row.session.id.clone());
        place(right).cmp(&place(left))
    });
    let mut found = TextHits::default();
    let mut left = query.bytes;
    for row in rows {
        let (created_at, session) = (row.session.created_at, row.session.id.clone());
        let before = query.after.as_ref().filter(|after| after.session == session).map_or(u64::MAX, |after| after.seq);
        let mut places = Vec::new();
        if row.session.title.as_deref().is_some_and(|title| query.terms.are_in(title)) {
            places.push(0);
        }
        let mut after = 0;
        loop {
            let page = read(&session, after)?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            for entry in &page {
                left = left.saturating_sub(entry.body.len() as u64);
                let text = (query.told)(entry).filter(|text| text.seq > 0);
                if text.is_some_and(|text| query.terms.are_in(&text.text)) {
                    places.push(entry.seq);
                }
            }
            if left == 0 {
                break;
            }
        }
        let of_session = places.into_iter().rev().filter(|seq| *seq < before);
        found.places.extend(of_session.map(|seq| TextPlace { created_at, session: session.clone(), seq }));
        if found.places.len() >= query.limit || left == 0 {
            found.is_cut = left == 0 && found.places.len() < query.limit;
            break;
        }
    }
    found.places.truncate(query.limit);
    Ok(found)
}

/// The answer where a log that comes whole breaks off.
pub(super) fn broken_off(session: &SessionId) -> AppendError {
    Error::internal(format!("the log of session `{session}` broke off")).into()
}

/// The answer where a log that comes whole names a run of another session.
pub(super) fn run_taken(run: &RunId) -> AppendError {
    Error::new(ErrorCode::Conflict, format!("run `{run}` is one of another session"))
        .hint("bring it under another id: then its runs get new ids too")
        .into()
}

/// Checks one page of a log that comes whole; answers its last entry.
pub(super) fn check_page(session: &SessionId, after: u64, entries: &[Entry], runs: &[Run]) -> Result<u64, Error> {
    for (place, entry) in (after + 1..).zip(entries) {
        check_entry(session, place, entry)?;
    }
    if runs.iter().any(|run| run.session != *session) {
        return Err(Error::internal(format!("the log of session `{session}` brings rows of another session")));
    }
    Ok(after + entries.len() as u64)
}

/// Decides whether a log may come here whole.
pub(super) fn decide_adoption(head: Option<Head>, incarnation: u64) -> Result<(), AppendError> {
    match head {
        None => Ok(()),
        Some(head) if head.deleted && incarnation > head.incarnation => Ok(()),
        Some(_) => Err(AppendError::Conflict(head)),
    }
}

/// Newest first.
pub(super) fn runs_order(left: &Run, right: &Run) -> Ordering {
    (right.queued_at, &right.id).cmp(&(left.queued_at, &left.id))
}

/// Collects entries until there are enough of them.
pub(super) struct Page {
    /// What was collected.
    pub(super) entries: Vec<Entry>,
    limit: usize,
    bytes: usize,
}

impl Page {
    /// At most `limit` entries, and no further one once `bytes` of text are reached.
    pub(super) fn new(limit: usize, bytes: usize) -> Self {
        Self { entries: Vec::new(), limit, bytes }
    }

    /// Whether no further entry is wanted.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.limit || (self.bytes == 0 && !self.entries.is_empty())
    }

    /// Takes the next entry.
    pub(super) fn push(&mut self, entry: Entry) {
        self.bytes = self.bytes.saturating_sub(entry.body.len());
        self.entries.push(entry);
    }
}

/// A text as the name of a file, on every file system: lower-case letters, digits, `.`, `_` and `-` stand for
/// themselves, other bytes are `%XX`. A long one ends in `~` and its hash, so that no two texts share a name.
pub(super) fn file_name(text: &str) -> String {
    const LONG: usize = 120;
    const SHOWN: usize = 40;
    let mut name = String::with_capacity(text.len());
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            b'.' if place > 0 => name.push('.'),
            _ => {
                name.push('%');
                name.push_str(&hex(&[byte]));
            }
        }
    }
    if name.is_empty() {
        name.push('~');
    }
    if name.len() > LONG {
        name.truncate(SHOWN);
        name.push('~');
        name.push_str(&hex(&Sha256::digest(text.as_bytes())));
    }
    name
}

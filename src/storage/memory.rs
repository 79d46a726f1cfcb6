//! A store in this process only. It keeps every promise but durability; several users share it by its `Arc`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use super::rules::{self, Page, Place};
use super::{
    Adopted, Append, AppendError, Blank, Counts, Entry, Head, IncomingFile, Presence, Record, RunQuery, SessionQuery,
    Snapshot, Store, TextHits, TextQuery, TurnQuery,
};
use crate::domain::{BlobId, Error, ErrorCode, FileId, ProcessId, Run, RunId, SessionId, SessionSummary};

#[derive(Default)]
struct Log {
    incarnation: u64,
    deleted: bool,
    // The entries from `first` on: 1, or the last one of a deleted session.
    entries: Vec<Entry>,
    summary: Option<SessionSummary>,
    snapshot: Option<Snapshot>,
}

impl Log {
    fn head(&self) -> Head {
        let seq = self.entries.last().map_or(0, |entry| entry.seq);
        Head { incarnation: self.incarnation, seq, deleted: self.deleted }
    }

    /// The session's row, with the bytes of the log as it is.
    fn row(&self) -> Option<SessionSummary> {
        let bytes = self.entries.iter().map(|entry| entry.body.len() as u64).sum();
        self.summary.clone().map(|row| SessionSummary { bytes, ..row })
    }
}

#[derive(Default)]
struct State {
    version: u64,
    logs: HashMap<SessionId, Log>,
    runs: HashMap<RunId, Run>,
    aliases: HashMap<(String, String), String>,
    records: BTreeMap<(String, String), String>,
    secrets: BTreeMap<(String, String), SecretString>,
    blobs: HashMap<(SessionId, BlobId), Vec<u8>>,
}

impl State {
    fn head(&self, session: &SessionId) -> Option<Head> {
        self.logs.get(session).map(Log::head)
    }

    fn append(&mut self, append: Append) -> Result<(), AppendError> {
        let head = self.head(&append.session);
        let place = rules::decide(head, &append, |run| {
            let run = self.runs.get(run).filter(|run| run.session == append.session);
            Ok::<_, AppendError>(run.map(|run| run.fence))
        })?;
        let mut aliases = HashMap::new();
        for alias in append.aliases {
            let name = (alias.namespace.clone(), alias.key.clone());
            let taken = self.aliases.get(&name).or_else(|| aliases.get(&name));
            if taken.is_some_and(|entity| *entity != alias.entity) {
                return Err(AppendError::AliasTaken(alias));
            }
            aliases.insert(name, alias.entity);
        }
        self.aliases.extend(aliases);
        let seq = append.after + append.entries.len() as u64;
        let log = self.logs.entry(append.session).or_default();
        if place == Place::Again {
            *log = Log::default();
        }
        log.incarnation = append.incarnation;
        log.entries.extend(append.entries);
        log.summary = Some(append.summary);
        if let Some(body) = append.snapshot {
            log.snapshot = Some(Snapshot { seq, body });
        }
        self.runs.extend(append.runs.into_iter().map(|run| (run.id.clone(), run)));
        self.records.extend(append.records.into_iter().map(|record| ((record.kind, record.id), record.body)));
        self.version += 1;
        Ok(())
    }

    fn clear(&mut self, append: Append, blank: Blank) -> Result<(), AppendError> {
        let session = append.session.clone();
        let brings_snapshot = append.snapshot.is_some();
        let old = self.logs.get(&session).map_or(&[][..], |log| &log.entries);
        let kept = old.iter().map(|entry| rules::blanked(&session, entry, blank)).collect::<Result<Vec<_>, _>>()?;
        self.append(append)?;
        if let Some(log) = self.logs.get_mut(&session) {
            log.entries.splice(..kept.len(), kept);
            log.snapshot.take_if(|_| !brings_snapshot);
        }
        self.blobs.retain(|(owner, _), _| *owner != session);
        let owner = rules::owner_of(&session);
        self.records.retain(|(of, _), _| *of != owner);
        Ok(())
    }

    fn delete(&mut self, session: &SessionId, after: u64, entry: Entry) -> Result<(), AppendError> {
        let head = rules::decide_delete(self.head(session), after)?;
        let log = Log { incarnation: head.incarnation, deleted: true, entries: vec![entry], ..Log::default() };
        self.logs.insert(session.clone(), log);
        let runs: BTreeSet<_> = self.runs.values().filter(|run| run.session == *session).map(|run| run.id.clone()).collect();
        let is_gone = |entity: &str| entity == session.as_str() || runs.contains(&RunId::from_text(entity));
        self.aliases.retain(|_, entity| !is_gone(entity));
        self.runs.retain(|id, _| !runs.contains(id));
        self.blobs.retain(|(owner, _), _| owner != session);
        let owner = rules::owner_of(session);
        self.secrets.retain(|(of, _), _| *of != owner);
        self.records.retain(|(of, _), _| *of != owner);
        self.version += 1;
        Ok(())
    }
}

/// The store.
#[derive(Default)]
pub(super) struct MemoryStore {
    state: Mutex<State>,
    processes: Arc<Mutex<BTreeSet<String>>>,
    files: Arc<Mutex<BTreeMap<FileId, KeptFile>>>,
}

/// A file of the house.
struct KeptFile {
    bytes: Vec<u8>,
    /// Whether whoever brought it still holds it.
    is_held: bool,
}

/// One on its way.
struct Incoming {
    id: FileId,
    bytes: Vec<u8>,
    files: Arc<Mutex<BTreeMap<FileId, KeptFile>>>,
}

#[async_trait]
impl IncomingFile for Incoming {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    async fn keep(&mut self) -> Result<(), Error> {
        let kept = KeptFile { bytes: std::mem::take(&mut self.bytes), is_held: true };
        lock(&self.files).insert(self.id.clone(), kept);
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some(kept) = lock(&self.files).get_mut(&self.id) {
            kept.is_held = false;
        }
    }
}

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Attending {
    process: String,
    processes: Arc<Mutex<BTreeSet<String>>>,
}

impl Presence for Attending {}

impl Drop for Attending {
    fn drop(&mut self) {
        lock(&self.processes).remove(&self.process);
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn url(&self) -> String {
        "memory:".to_owned()
    }

    async fn append(&self, append: Append) -> Result<(), AppendError> {
        rules::check_form(&append)?;
        self.state().append(append)
    }

    async fn head(&self, session: &SessionId) -> Result<Option<Head>, Error> {
        Ok(self.state().head(session))
    }

    async fn read(&self, session: &SessionId, after: u64, limit: usize, bytes: usize) -> Result<Vec<Entry>, Error> {
        let state = self.state();
        let mut page = Page::new(limit, bytes);
        let entries = state.logs.get(session).map_or(&[][..], |log| &log.entries);
        for entry in &entries[entries.partition_point(|entry| entry.seq <= after)..] {
            if page.is_full() {
                break;
            }
            page.push(entry.clone());
        }
        Ok(page.entries)
    }

    async fn read_back(&self, session: &SessionId, before: Option<u64>, limit: usize) -> Result<Vec<Entry>, Error> {
        let state = self.state();
        let entries = state.logs.get(session).map_or(&[][..], |log| &log.entries);
        let end = entries.partition_point(|entry| before.is_none_or(|before| entry.seq < before));
        Ok(entries[end.saturating_sub(limit)..end].to_vec())
    }

    async fn snapshot(&self, session: &SessionId) -> Result<Option<Snapshot>, Error> {
        Ok(self.state().logs.get(session).and_then(|log| log.snapshot.clone()))
    }

    async fn scrub(&self, session: &SessionId, entry: Entry) -> Result<(), Error> {
        rules::check_entry(session, entry.seq, &entry)?;
        let mut state = self.state();
        let log = state.logs.get_mut(session);
        let found = log.and_then(|log| Some((log.entries.iter_mut().find(|old| old.seq == entry.seq)?, &mut log.snapshot)));
        let (old, snapshot) = found.ok_or_else(|| rules::no_entry(session, entry.seq))?;
        *old = entry;
        *snapshot = None;
        state.version += 1;
        Ok(())
    }

    async fn clear(&self, append: Append, blank: Blank) -> Result<(), AppendError> {
        rules::check_clearing(&append)?;
        self.state().clear(append, blank)
    }

    async fn adopt(
        &self,
        session: &SessionId,
        incarnation: u64,
        mut pages: mpsc::Receiver<Adopted>,
    ) -> Result<(), AppendError> {
        let (mut log, mut rows) = (Log { incarnation, ..Log::default() }, Vec::new());
        let records = loop {
            match pages.recv().await {
                Some(Adopted::Page { entries, runs, .. }) => {
                    rules::check_page(session, log.head().seq, &entries, &runs)?;
                    log.entries.extend(entries);
                    rows.extend(runs);
                }
                Some(Adopted::End { summary, snapshot, records }) => {
                    log.summary = Some(*summary);
                    log.snapshot = snapshot.map(|body| Snapshot { seq: log.head().seq, body });
                    break records;
                }
                None => return Err(rules::broken_off(session)),
            }
        };
        let mut state = self.state();
        rules::decide_adoption(state.head(session), incarnation)?;
        let is_taken = |run: &&Run| state.runs.get(&run.id).is_some_and(|known| known.session != *session);
        if let Some(run) = rows.iter().find(is_taken) {
            return Err(rules::run_taken(&run.id));
        }
        state.logs.insert(session.clone(), log);
        state.runs.extend(rows.into_iter().map(|run| (run.id.clone(), run)));
        state.records.extend(records.into_iter().map(|record| ((record.kind, record.id), record.body)));
        state.version += 1;
        Ok(())
    }

    async fn search(&self, query: &TextQuery) -> Result<TextHits, Error> {
        let state = self.state();
        let rows = state.logs.values().filter_map(Log::row).collect();
        rules::scan(rows, query, |session, after| {
            let entries = state.logs.get(session).map_or(&[][..], |log| &log.entries);
            Ok(if after == 0 { entries.to_vec() } else { Vec::new() })
        })
    }

    async fn back_up(&self, _: &Path) -> Result<(), Error> {
        Err(Error::new(ErrorCode::NotSupported, "what is kept in memory has no copy")
            .hint("use a store that is on a disk: `sqlite:PATH` or `file:DIR`"))
    }

    async fn delete(&self, session: &SessionId, after: u64, entry: Entry) -> Result<(), AppendError> {
        rules::check_entry(session, after + 1, &entry)?;
        self.state().delete(session, after, entry)
    }

    async fn sessions(&self, query: &SessionQuery) -> Result<Vec<SessionSummary>, Error> {
        let state = self.state();
        let mut rows: Vec<_> = state.logs.values().filter_map(Log::row).collect();
        rows.retain(|row| {
            let after = query.after.as_ref();
            rules::is_listed(row, query)
                && after.is_none_or(|after| rules::sessions_order(&rules::place_in_list(row), after).is_gt())
        });
        rows.sort_by(|left, right| rules::sessions_order(&rules::place_in_list(left), &rules::place_in_list(right)));
        Ok(rows.into_iter().take(query.limit).collect())
    }

    async fn counts(&self) -> Result<Counts, Error> {
        let state = self.state();
        let rows = state.logs.values().filter_map(|log| log.summary.as_ref());
        Ok(rows.fold(Counts::default(), |counts, row| Counts {
            sessions: counts.sessions + 1,
            active: counts.active + u64::from(!row.active.is_empty()),
        }))
    }

    async fn summary(&self, session: &SessionId) -> Result<Option<SessionSummary>, Error> {
        Ok(self.state().logs.get(session).and_then(Log::row))
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, Error> {
        let state = self.state();
        let mut rows: Vec<_> = state.runs.values().filter(|run| rules::is_run_listed(run, query)).collect();
        rows.sort_by(|left, right| rules::runs_order(left, right));
        Ok(rows.into_iter().skip(query.offset).take(query.limit).cloned().collect())
    }

    async fn count_runs(&self, query: &RunQuery) -> Result<u64, Error> {
        let state = self.state();
        Ok(state.runs.values().filter(|run| rules::is_run_listed(run, query)).count() as u64)
    }

    async fn turn(&self, query: &TurnQuery) -> Result<Vec<Run>, Error> {
        let state = self.state();
        let mut rows: Vec<_> = state.runs.values().filter(|run| rules::may_have_turn(run, query)).collect();
        rows.sort_by_cached_key(|run| query.place(run));
        Ok(rows.into_iter().take(query.limit).cloned().collect())
    }

    async fn waiting(&self) -> Result<u64, Error> {
        Ok(self.state().runs.values().filter(|run| run.waits_in_turn()).count() as u64)
    }

    async fn run(&self, run: &RunId) -> Result<Option<Run>, Error> {
        Ok(self.state().runs.get(run).cloned())
    }

    async fn resolve(&self, namespace: &str, key: &str) -> Result<Option<String>, Error> {
        Ok(self.state().aliases.get(&(namespace.to_owned(), key.to_owned())).cloned())
    }

    async fn record(&self, kind: &str, id: &str) -> Result<Option<Record>, Error> {
        let body = self.state().records.get(&(kind.to_owned(), id.to_owned())).cloned();
        Ok(body.map(|body| Record { kind: kind.to_owned(), id: id.to_owned(), body }))
    }

    async fn records(&self, kind: &str) -> Result<Vec<Record>, Error> {
        let state = self.state();
        let from = state.records.range((kind.to_owned(), String::new())..);
        let of_kind = from.take_while(|((of, _), _)| of == kind);
        Ok(of_kind.map(|((kind, id), body)| Record { kind: kind.clone(), id: id.clone(), body: body.clone() }).collect())
    }

    async fn put_record(&self, record: Record) -> Result<(), Error> {
        let mut state = self.state();
        state.records.insert((record.kind, record.id), record.body);
        state.version += 1;
        Ok(())
    }

    async fn put_record_if(&self, record: Record, expected: Option<&str>) -> Result<bool, Error> {
        let mut state = self.state();
        let key = (record.kind, record.id);
        let is_expected = state.records.get(&key).map(String::as_str) == expected;
        if is_expected {
            state.records.insert(key, record.body);
            state.version += 1;
        }
        Ok(is_expected)
    }

    async fn remove_record(&self, kind: &str, id: &str) -> Result<bool, Error> {
        let mut state = self.state();
        state.version += 1;
        Ok(state.records.remove(&(kind.to_owned(), id.to_owned())).is_some())
    }

    async fn secret(&self, owner: &str, name: &str) -> Result<Option<SecretString>, Error> {
        Ok(self.state().secrets.get(&(owner.to_owned(), name.to_owned())).cloned())
    }

    async fn put_secret(&self, owner: &str, name: &str, value: Option<&SecretString>) -> Result<(), Error> {
        let mut state = self.state();
        let key = (owner.to_owned(), name.to_owned());
        match value {
            Some(value) => state.secrets.insert(key, SecretString::from(value.expose_secret().to_owned())),
            None => state.secrets.remove(&key),
        };
        state.version += 1;
        Ok(())
    }

    async fn settle_secret(&self, owner: &str, name: &str, value: &SecretString) -> Result<SecretString, Error> {
        let mut state = self.state();
        state.version += 1;
        let copy = || SecretString::from(value.expose_secret().to_owned());
        Ok(state.secrets.entry((owner.to_owned(), name.to_owned())).or_insert_with(copy).clone())
    }

    async fn secrets(&self) -> Result<Vec<SecretString>, Error> {
        Ok(self.state().secrets.values().cloned().collect())
    }

    async fn put_blob(&self, session: &SessionId, bytes: &[u8]) -> Result<BlobId, Error> {
        let id = rules::blob_id(bytes);
        self.state().blobs.insert((session.clone(), id.clone()), bytes.to_vec());
        Ok(id)
    }

    async fn remove_blob(&self, session: &SessionId, id: &BlobId) -> Result<bool, Error> {
        Ok(self.state().blobs.remove(&(session.clone(), id.clone())).is_some())
    }

    async fn blob(&self, session: &SessionId, id: &BlobId) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.state().blobs.get(&(session.clone(), id.clone())).cloned())
    }

    async fn receive_file(&self, id: &FileId) -> Result<Box<dyn IncomingFile>, Error> {
        Ok(Box::new(Incoming { id: id.clone(), bytes: Vec::new(), files: Arc::clone(&self.files) }))
    }

    async fn file_bytes(&self, id: &FileId, first: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let files = lock(&self.files);
        let Some(kept) = files.get(id) else { return Ok(None) };
        let from = usize::try_from(first).unwrap_or(usize::MAX).min(kept.bytes.len());
        let to = from.saturating_add(length).min(kept.bytes.len());
        Ok(Some(kept.bytes[from..to].to_vec()))
    }

    async fn remove_file(&self, id: &FileId) -> Result<bool, Error> {
        Ok(lock(&self.files).remove(id).is_some())
    }

    async fn files(&self) -> Result<Vec<FileId>, Error> {
        let files = lock(&self.files);
        Ok(files.iter().filter(|(_, kept)| !kept.is_held).map(|(id, _)| id.clone()).collect())
    }

    async fn attend(&self, process: &ProcessId) -> Result<Box<dyn Presence>, Error> {
        lock(&self.processes).insert(process.to_string());
        Ok(Box::new(Attending { process: process.to_string(), processes: Arc::clone(&self.processes) }))
    }

    async fn is_alive(&self, process: &ProcessId) -> Result<bool, Error> {
        Ok(lock(&self.processes).contains(process.as_str()))
    }

    async fn version(&self) -> Result<u64, Error> {
        Ok(self.state().version)
    }

    async fn tidy(&self) -> Result<(), Error> {
        Ok(())
    }
}

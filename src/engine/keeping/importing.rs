//! A session out of the lines of an [`super::export`].
//!
//! The lines come into a file without a name first: they are checked whole before the store is asked for anything, so that
//! neither a slow sender nor a wrong line holds up anybody; then the bytes are put beside the log that is to be, and the log
//! is handed over in one step. So a session is there whole or not at all, and no more than some pages are in memory.

use std::collections::BTreeMap;
use std::fs::File as Spool;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use futures_util::StreamExt as _;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::export::{Head, Tail, VERSION, bytes, wrong};
use super::feeding::{Feed, Pages, incarnation, not_heard, outcome, way};
use super::{ImportedLog, PinnedAgent, pinned};
use crate::domain::{
    Actor, BlobId, Cause, Error, ErrorCode, Event, Fact, File, FileScope, Principal, Result, RunId, SessionId,
    SessionUpdated,
};
use crate::engine::house::Core;
use crate::engine::recovery::closing;
use crate::engine::uploads::{self, FileBytes};
use crate::storage::{Adopted, Record};

/// Longest line, in bytes: a blob of 64 MiB as base64.
const LINE: u64 = 96 << 20;
/// Most bytes of all lines.
const ALL: u64 = 16 << 30;
/// Most events: others may have to wait while they are written.
const EVENTS: u64 = 5_000_000;

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Event { event: Box<Event> },
    Agent(Box<PinnedAgent>),
    File { file: Box<File> },
    Blob { blob: BlobId, base64: String },
    End { end: Tail },
}

/// What the lines say as a whole.
struct Checked {
    head: Head,
    tail: Tail,
    /// The line that the first event stands in is 2; what follows the events begins here.
    rest: (u64, u64),
    files: Vec<File>,
    /// The agents that runs have pinned.
    agents: Vec<Record>,
    /// The one that the last run of the session's agent has pinned.
    last: Option<PinnedAgent>,
}

/// Under which ids it is kept.
#[derive(Clone)]
struct Names {
    id: SessionId,
    incarnation: u64,
    new_ids: bool,
}

/// Makes the session.
pub(super) async fn import(
    core: &Arc<Core>,
    caller: &Principal,
    id: Option<&SessionId>,
    lines: FileBytes,
) -> Result<ImportedLog> {
    let spool = receive(lines).await?;
    let (spool, mut checked) = blocking(move || {
        let checked = check(&spool)?;
        Ok((spool, checked))
    })
    .await?;
    let id = id.cloned().map_or_else(|| SessionId::parse(checked.head.session.as_str()), Ok)?;
    let incarnation = incarnation(core, &id).await?;
    let names = Names { new_ids: id != checked.head.session, id: id.clone(), incarnation };
    let (agents, last) = (std::mem::take(&mut checked.agents), checked.last.take());
    pinned::keep(core, agents).await?;
    let blobs = put_blobs(core, &id, &spool, &checked).await;
    let made = match &blobs {
        Ok(_) => adopt(core, caller.actor(), names.clone(), spool, &checked).await,
        Err(error) => Err(error.clone()),
    };
    if made.is_err() {
        for blob in blobs.iter().flatten() {
            let _ = core.store.remove_blob(&id, blob).await;
        }
    }
    let (events, closed, revived) = made?;
    let session = core.existing(&id).await?.fold().await?.session;
    let made_agent = pinned::make(core, caller, &session.agent, last).await;
    let Tail { files, blobs, .. } = checked.tail;
    Ok(ImportedLog { session, events, blobs, files, closed, new_ids: names.new_ids, revived, made_agent })
}

async fn adopt(
    core: &Arc<Core>,
    actor: Actor,
    names: Names,
    spool: Arc<Spool>,
    checked: &Checked,
) -> Result<(u64, Vec<RunId>, bool)> {
    let mut records = Vec::new();
    for file in &checked.files {
        let file = File { scope: FileScope::Session(names.id.clone()), ..file.clone() };
        let body = serde_json::to_string(&file)
            .map_err(|error| Error::internal(format!("a file cannot be written as JSON: {error}")))?;
        records.push(uploads::record(&names.id, &file.id, body));
    }
    let (pages, waiting) = way();
    let (house, last, id) = (Arc::clone(core), checked.head.events, names.id.clone());
    let adopting = core.store.adopt(&id, names.incarnation, waiting);
    let feeding = blocking(move || feed(&house, &actor, &names, (&spool, last), records, &pages));
    let (adopted, fed) = tokio::join!(adopting, feeding);
    outcome(core, &id, adopted, fed)
}

/// Hands the events to the store, with what ends the runs that have not ended.
fn feed(
    core: &Core,
    actor: &Actor,
    names: &Names,
    (spool, events): (&Spool, u64),
    records: Vec<Record>,
    pages: &Pages,
) -> Result<(u64, Vec<RunId>, bool)> {
    let send = |page: Option<Adopted>| page.map_or(Ok(()), |page| pages.blocking_send(page).map_err(|_| not_heard()));
    let mut feed = Feed::new(&names.id);
    let mut lines = Lines::of(spool, 0, 0)?;
    lines.next()?;
    for _ in 0..events {
        let Some((number, Line::Event { mut event })) = lines.read()? else {
            return Err(Error::internal("the lines of an import have changed"));
        };
        event.session = names.id.clone();
        if names.new_ids {
            event.run = event.run.as_ref().map(|run| renamed(&names.id, run));
        }
        if let Fact::SessionCreated(created) = &mut event.fact {
            created.incarnation = names.incarnation;
        }
        send(feed.take(&event).map_err(|error| wrong(number, error.message))?)?;
    }
    let now = core.clock.now();
    let active = feed.fold.as_ref().map(|fold| fold.active.clone()).unwrap_or_default();
    let reason = Error::new(ErrorCode::Unavailable, "the run had not ended when its session was exported")
        .because(Cause::Interrupted)
        .hint("ask again in the same session; it goes on from what is in the log");
    for run in &active {
        for fact in closing(run, now, Some(&reason)) {
            send(feed.say(core, Some(&run.run.id), actor, fact)?)?;
        }
    }
    let is_over = feed.fold.as_ref().is_some_and(|fold| !fold.session.expired && fold.is_over(now));
    if is_over {
        let change = SessionUpdated { lifetime: Some(None), ..SessionUpdated::default() };
        send(feed.say(core, None, actor, Fact::SessionUpdated(change))?)?;
    }
    let head = feed.head();
    for page in feed.end(records)? {
        send(Some(page))?;
    }
    Ok((head, active.iter().map(|run| run.run.id.clone()).collect(), is_over))
}

/// The id of a run in a session of another id: the same each time, and in the same place among others by time.
fn renamed(session: &SessionId, run: &RunId) -> RunId {
    let digest = Sha256::digest(format!("{session}\0{run}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    if let Ok(old) = uuid::Uuid::parse_str(run.as_str()) {
        bytes[..6].copy_from_slice(&old.as_bytes()[..6]);
    }
    RunId::from_text(&uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string())
}

/// Takes the lines into a file without a name.
async fn receive(mut lines: FileBytes) -> Result<Arc<Spool>> {
    let mut spool = blocking(|| tempfile::tempfile().map_err(|error| unkept(&error))).await?;
    let mut count = 0_u64;
    while let Some(piece) = lines.next().await {
        let piece = piece?;
        count += piece.len() as u64;
        if count > ALL {
            return Err(Error::new(ErrorCode::TooLarge, format!("the import has more than {ALL} bytes")));
        }
        spool = blocking(move || spool.write_all(&piece).map(|()| spool).map_err(|error| unkept(&error))).await?;
    }
    Ok(Arc::new(spool))
}

fn unkept(error: &std::io::Error) -> Error {
    Error::new(ErrorCode::Unavailable, format!("the lines cannot be kept for now: {error}"))
        .hint("make room in the folder for temporary files (TMPDIR)")
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::internal(format!("the work on an import ended early: {error}"))))
}

/// Lines, one after the other.
struct Lines<'a> {
    reader: BufReader<&'a Spool>,
    number: u64,
    at: u64,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    /// From a place on, which stands after so many lines.
    fn of(spool: &'a Spool, at: u64, number: u64) -> Result<Self> {
        let mut reader = BufReader::with_capacity(256 << 10, spool);
        reader.seek(SeekFrom::Start(at)).map_err(|error| unkept(&error))?;
        Ok(Self { reader, number, at, line: Vec::new() })
    }

    /// Goes to the next line; false at the end.
    fn next(&mut self) -> Result<bool> {
        self.line.clear();
        let mut limited = Read::take(&mut self.reader, LINE + 1);
        let read = limited.read_until(b'\n', &mut self.line).map_err(|error| unkept(&error))?;
        self.number += 1;
        self.at += read as u64;
        if read as u64 > LINE {
            return Err(wrong(self.number, format!("it is longer than {LINE} bytes")));
        }
        Ok(read > 0)
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<T> {
        let text = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        serde_json::from_slice(text).map_err(|error| {
            // Of a line that fits no form, the reason would be of no help.
            let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(text);
            let reason = is_json.err().map_or_else(|| what.to_owned(), |_| format!("it is no JSON: {error}"));
            wrong(self.number, reason)
        })
    }

    fn read(&mut self) -> Result<Option<(u64, Line)>> {
        if !self.next()? {
            return Ok(None);
        }
        let line = self.parse("it is neither an event nor an agent nor a file nor a blob nor the end of an export")?;
        Ok(Some((self.number, line)))
    }
}

/// Checks everything that can be wrong with the lines.
fn check(spool: &Spool) -> Result<Checked> {
    let mut lines = Lines::of(spool, 0, 0)?;
    if !lines.next()? {
        return Err(Error::invalid("the export is empty"));
    }
    let version: VersionOnly = lines.parse(NO_EXPORT)?;
    if version.version != VERSION {
        return Err(wrong(1, format!("the export has version {}, this program knows {VERSION}", version.version))
            .hint("use the newer program"));
    }
    let head: Head = lines.parse(NO_EXPORT)?;
    if head.events > EVENTS {
        let message = format!("the export has {} events, at most {EVENTS} can be imported", head.events);
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let mut tail = Tail::default();
    let mut files = Vec::new();
    let mut feed = Feed::new(&head.session);
    let mut rest = (lines.at, lines.number);
    let (mut agents, mut pins, mut last) = (Vec::new(), BTreeMap::new(), None);
    loop {
        let Some((number, line)) = lines.read()? else {
            return Err(wrong(lines.number, "the export breaks off: its end is missing"));
        };
        match line {
            Line::Event { event } => {
                if tail.agents + tail.files + tail.blobs > 0 {
                    return Err(wrong(number, "an event stands after the agents and files"));
                }
                if let Fact::RunQueued(queued) = &event.fact
                    && (pins.len() < pinned::MOST || pins.contains_key(&queued.agent))
                {
                    pins.insert(queued.agent.clone(), queued.revision.clone());
                }
                if event.session != head.session {
                    return Err(wrong(number, format!("event {} is of session `{}`", event.seq, event.session)));
                }
                feed.take(&event).map_err(|error| wrong(number, error.message))?;
                tail.events += 1;
                rest = (lines.at, number);
            }
            Line::Agent(pinned) => {
                if tail.files + tail.blobs > 0 {
                    return Err(wrong(number, "an agent stands after the files"));
                }
                tail.agents += 1;
                if agents.len() >= pinned::MOST {
                    return Err(wrong(number, format!("there are more than {} agents", pinned::MOST)));
                }
                agents.push(pinned::record(number, &pinned)?);
                let agent = feed.fold.as_ref().map(|fold| &fold.session.agent);
                if agent.and_then(|agent| pins.get(agent)) == Some(&pinned.revision) {
                    last = Some(*pinned);
                }
            }
            Line::File { file } => {
                if tail.blobs > 0 {
                    return Err(wrong(number, "a file stands after the blobs"));
                }
                tail.files += 1;
                files.push(*file);
            }
            Line::Blob { blob, base64 } => {
                bytes(number, &blob, &base64)?;
                tail.blobs += 1;
            }
            Line::End { end } if end == tail && head.events == tail.events => {
                if lines.next()? {
                    return Err(wrong(lines.number, "something stands after the end"));
                }
                return Ok(Checked { head, tail, rest, files, agents, last });
            }
            Line::End { end } if end.agents != tail.agents => {
                return Err(wrong(number, format!("{} agents were told, and {} are there", end.agents, tail.agents)));
            }
            Line::End { end } => {
                return Err(wrong(
                    number,
                    format!(
                        "{} events, {} files and {} blobs were told, and {}, {} and {} are there",
                        end.events.max(head.events),
                        end.files,
                        end.blobs,
                        tail.events,
                        tail.files,
                        tail.blobs
                    ),
                ));
            }
        }
    }
}

const NO_EXPORT: &str = "it is not the first line of an export, which names the form: `{\"ombud_session\":1,…}`";

#[derive(Deserialize)]
struct VersionOnly {
    #[serde(rename = "ombud_session")]
    version: u32,
}

/// What stands after the events.
enum Next {
    /// A file, or an agent.
    File,
    Blob(Vec<u8>),
    End,
}

/// Puts the bytes beside the log that is to be.
async fn put_blobs(core: &Core, id: &SessionId, spool: &Arc<Spool>, checked: &Checked) -> Result<Vec<BlobId>> {
    let (mut at, mut number) = checked.rest;
    let mut put = Vec::new();
    loop {
        let spool = Arc::clone(spool);
        let next = blocking(move || {
            let mut lines = Lines::of(&spool, at, number)?;
            let line = lines.read()?;
            let next = match line {
                Some((number, Line::Blob { blob, base64 })) => Next::Blob(bytes(number, &blob, &base64)?),
                Some((_, Line::File { .. } | Line::Agent(_))) => Next::File,
                _ => Next::End,
            };
            Ok((lines.at, lines.number, next))
        });
        let next = next.await;
        let (after, line, next) = match next {
            Ok(next) => next,
            Err(error) => return undo(core, id, put, error).await,
        };
        (at, number) = (after, line);
        match next {
            Next::File => {}
            Next::End => return Ok(put),
            Next::Blob(bytes) => match core.store.put_blob(id, &bytes).await {
                Ok(blob) => put.push(blob),
                Err(error) => return undo(core, id, put, error).await,
            },
        }
    }
}

async fn undo(core: &Core, id: &SessionId, put: Vec<BlobId>, error: Error) -> Result<Vec<BlobId>> {
    for blob in put {
        let _ = core.store.remove_blob(id, &blob).await;
    }
    Err(error)
}

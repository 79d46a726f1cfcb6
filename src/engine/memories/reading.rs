//! Reading what an agent is shown out of logs, the newest first.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;

use super::Memory;
use crate::domain::{
    Author, AuthorKind, Error, Event, Fact, Message, MessageId, Part, Participant, Result, SessionId, SessionSummary,
    Timestamp,
};
use crate::engine::house::Core;
use crate::engine::lives::must_live;
use crate::engine::reading::{decode, is_said, kind};
use crate::storage::{Entry, SessionQuery, SessionsAfter};

/// Entries of one page when a log is read.
const PAGE: usize = 256;
/// Bytes of one page when a log is read.
const PAGE_BYTES: usize = 4 << 20;
/// Sessions of one page.
const SESSIONS: usize = 100;

/// The place of a memory among all of an agent: the larger, the newer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    at: Timestamp,
    seq: u64,
    session: SessionId,
}

impl Place {
    pub(super) fn of(memory: &Memory) -> Self {
        Self { at: memory.at, seq: memory.seq, session: memory.session.clone() }
    }

    /// Reads where a page ended.
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut words = text.splitn(3, ':');
        let read =
            || Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, SessionId::parse(words.next()?).ok()?));
        let mut read = read;
        let (at, seq, session) = read().ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            Error::invalid(format!("{shown:?} is not where a page ended")).hint("pass on `next` exactly as a page gave it")
        })?;
        Ok(Self { at: Timestamp::from_millis(at), seq, session })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.at.as_millis(), self.seq, self.session)
    }
}

/// Which memories of a session are wanted.
pub(super) struct Scope<'a> {
    pub(super) agent: &'a str,
    /// Only those before this place.
    pub(super) before: Option<&'a Place>,
    /// Most of them.
    pub(super) limit: usize,
}

impl<'a> Scope<'a> {
    /// All that an agent is shown.
    pub(super) fn everything(agent: &'a str) -> Self {
        Self { agent, before: None, limit: usize::MAX }
    }
}

/// What an agent is shown of a session.
#[derive(Default)]
pub(super) struct OfSession {
    /// The newest first.
    pub(super) memories: Vec<Memory>,
    /// Messages that it was made to forget, or that were taken away.
    pub(super) hidden: HashSet<MessageId>,
}

/// What an agent is shown of a session.
pub(super) async fn of_session(core: &Core, id: &SessionId, scope: &Scope<'_>) -> Result<OfSession> {
    let fold = core.existing(id).await?.fold().await?;
    must_live(&fold, core.clock.now())?;
    let mut found = OfSession::default();
    let mut amended: HashMap<MessageId, String> = HashMap::new();
    let Some(mut before) = fold.read_back_before(fold.head + 1) else { return Ok(found) };
    let mut all_forgotten = false;
    loop {
        let entries = core.store.read_back(id, Some(before), PAGE).await?;
        let Some(first) = entries.first().map(|entry| entry.seq) else { return Ok(found) };
        for entry in entries.iter().rev().filter(|entry| is_said(entry)) {
            if entry.seq >= before {
                continue;
            }
            let event = decode(id, entry)?;
            match &event.fact {
                Fact::SessionRestored(_) | Fact::SessionCleared(_) => return Ok(found),
                Fact::SessionRewound(rewound) => before = rewound.after_seq + 1,
                Fact::MessageRedacted(redacted) => drop(found.hidden.insert(redacted.message_id.clone())),
                Fact::MemoryForgotten(forgotten) if forgotten.agent == scope.agent => match &forgotten.message_id {
                    Some(message) => drop(found.hidden.insert(message.clone())),
                    None => all_forgotten = true,
                },
                Fact::MemoryAmended(memory) if memory.agent == scope.agent && !memory.text.is_empty() => {
                    amended.entry(memory.message_id.clone()).or_insert_with(|| memory.text.clone());
                }
                _ => {}
            }
            let Some(mut memory) = shown(event) else { continue };
            if all_forgotten {
                found.hidden.insert(memory.message.id.clone());
            }
            if found.hidden.contains(&memory.message.id) {
                continue;
            }
            if scope.before.is_some_and(|place| Place::of(&memory) >= *place) {
                continue;
            }
            if let Some(text) = amended.get(&memory.message.id) {
                Part::amend(&mut memory.message.parts, text);
                memory.amended = true;
            }
            found.memories.push(memory);
            if found.memories.len() >= scope.limit {
                return Ok(found);
            }
        }
        before = before.min(first);
        // Where only the number of what is shown counts, the rest need not be read.
        if before <= 1 || (all_forgotten && scope.limit != usize::MAX) {
            return Ok(found);
        }
    }
}

/// What a model may be shown of an event, as a memory.
fn shown(event: Event) -> Option<Memory> {
    let (session, seq, at, run) = (event.session, event.seq, event.at, event.run);
    let message = match event.fact {
        Fact::MessagePosted(posted) => posted.message,
        Fact::MessageImported(imported) => imported.message,
        Fact::MessageCompleted(completed) => Message {
            id: completed.message_id,
            author: Author::named(AuthorKind::Agent, completed.agent),
            parts: completed.parts,
            at,
            thread: completed.thread,
            visibility: completed.visibility,
            attributes: serde_json::Map::new(),
        },
        _ => return None,
    };
    let is_shown = message.visibility.is_for_model() && !message.parts.is_empty();
    is_shown.then_some(Memory { session, seq, at, run, message, amended: false })
}

/// Removes the texts that stood in the place of messages for an agent, of those before a place.
pub(super) async fn scrub_amended(
    core: &Core,
    session: &SessionId,
    agent: &str,
    message: Option<&MessageId>,
    before: u64,
) -> Result<()> {
    let mut after = 0;
    let mut blank = Vec::new();
    loop {
        let page = core.store.read(session, after, PAGE, PAGE_BYTES).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        let amended = page.iter().filter(|entry| kind(&entry.body) == Some("memory.amended") && entry.seq < before);
        for entry in amended {
            let event = decode(session, entry)?;
            let Fact::MemoryAmended(memory) = &event.fact else { continue };
            let is_meant = memory.agent == agent && message.is_none_or(|message| memory.message_id == *message);
            if is_meant && !memory.text.is_empty() {
                let event = Event { fact: event.fact.without_text(), ..event };
                let body = serde_json::to_string(&event)
                    .map_err(|error| Error::internal(format!("an event cannot be written as JSON: {error}")))?;
                blank.push(Entry { seq: entry.seq, body });
            }
        }
    }
    // Together, so that they share what a removal costs.
    let scrubs = blank.into_iter().map(|entry| core.store.scrub(session, entry));
    futures_util::future::join_all(scrubs).await.into_iter().collect()
}

/// The sessions in which an agent takes part, the one that changed last first.
pub(super) struct Sessions<'a> {
    core: &'a Core,
    query: SessionQuery,
    page: VecDeque<SessionSummary>,
    is_last: bool,
}

/// The sessions in which an agent takes part.
pub(super) fn all_sessions<'a>(core: &'a Core, agent: &str) -> Sessions<'a> {
    let query = SessionQuery { participant: Some(Participant::agent(agent)), limit: SESSIONS, ..SessionQuery::default() };
    Sessions { core, query, page: VecDeque::new(), is_last: false }
}

impl Sessions<'_> {
    /// The next one.
    pub(super) async fn next(&mut self) -> Result<Option<SessionSummary>> {
        if self.page.is_empty() && !self.is_last {
            self.page = self.core.store.sessions(&self.query).await?.into();
            self.is_last = self.page.len() < SESSIONS;
            if let Some(last) = self.page.back() {
                let (updated_at, id) = (last.session.updated_at, last.session.id.clone());
                self.query.after = Some(SessionsAfter { updated_at, id });
            }
        }
        Ok(self.page.pop_front())
    }
}

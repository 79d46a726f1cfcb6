//! A session that begins with the history of another.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use serde_json::json;

use super::ForkedSession;
use super::feeding::{Feed, Pages, incarnation, not_heard, outcome, way};
use crate::domain::{
    Actor, Author, AuthorKind, BlobId, CallId, Event, Fact, Fold, Message, MessageId, MessageImported, Part, Principal,
    Result, Session, SessionCreated, SessionId, SessionRestored, ToolReturn, Visibility,
};
use crate::engine::house::Core;
use crate::engine::lives::must_live;
use crate::engine::reading::decode;
use crate::engine::rewinding::{Earlier, as_of, place};
use crate::engine::{sessions, uploads};
use crate::storage::{Adopted, Record};

/// Entries of one page when a log is read, and their bytes.
const PAGE: usize = 512;
const PAGE_BYTES: usize = 4 << 20;

/// What of a log comes along.
struct Span {
    /// Everything after this,
    after: u64,
    /// up to and with this,
    to: u64,
    /// but for these pieces, each after the first and up to the second,
    dropped: Vec<(u64, u64)>,
    /// and for these messages.
    gone: HashSet<MessageId>,
}

/// Makes the session.
pub(super) async fn fork(core: &Arc<Core>, caller: &Principal, from: &SessionId, fork: &ForkedSession) -> Result<Session> {
    sessions::check_size(fork.title.as_deref(), None, &serde_json::Map::new())?;
    let ledger = core.existing(from).await?;
    let fold = ledger.fold().await?;
    must_live(&fold, core.clock.now())?;
    let to = match &fork.at {
        Some(message) => place(core, &ledger, &fold, &Earlier::Message(message.clone())).await?,
        None => fold.head,
    };
    let past = as_of(&ledger, to).await?;
    let span = span(core, &fold, to).await?;
    let id = fork.id.clone().unwrap_or_else(|| SessionId::new(&*core.clock));
    let incarnation = incarnation(core, &id).await?;
    let (mut count, mut blobs) = (0, HashSet::new());
    each(core, from, &span, |fact| {
        if let Fact::MessageImported(imported) = &fact {
            count += 1;
            blobs.extend(blobs_of(imported));
        }
        Ok(None)
    })
    .await?;
    let created = created(&fold, &past, fork, incarnation);
    let restored = SessionRestored { count, state: past.state };
    let mut records = Vec::new();
    for file in uploads::list(core, from).await? {
        blobs.extend(file.blob.clone());
        let copied = crate::domain::File { scope: crate::domain::FileScope::Session(id.clone()), ..file };
        let body = serde_json::to_string(&copied)
            .map_err(|error| crate::domain::Error::internal(format!("a file cannot be written as JSON: {error}")))?;
        records.push(uploads::record(&id, &copied.id, body));
    }
    let copied = copy_blobs(core, from, &id, &blobs).await;
    let made = match copied {
        Ok(()) => {
            let (pages, waiting) = way();
            let adopting = core.store.adopt(&id, incarnation, waiting);
            let facts = [Fact::SessionCreated(created), Fact::SessionRestored(restored)];
            let feeding = feed(core, (from, &id), &span, (caller.actor(), facts), records, pages);
            let (adopted, fed) = tokio::join!(adopting, feeding);
            outcome(core, &id, adopted, fed)
        }
        Err(error) => Err(error),
    };
    if made.is_err() {
        for blob in &blobs {
            let _ = core.store.remove_blob(&id, blob).await;
        }
    }
    made?;
    Ok(core.existing(&id).await?.fold().await?.session)
}

fn created(fold: &Fold, past: &Fold, fork: &ForkedSession, incarnation: u64) -> SessionCreated {
    let session = &fold.session;
    let mut attributes = session.attributes.clone();
    let at = past.last_message.as_ref();
    attributes.insert("fork".to_owned(), json!({"session": session.id, "message": at, "seq": past.head}));
    SessionCreated {
        incarnation,
        title: fork.title.clone().or_else(|| session.title.clone()),
        labels: session.labels.clone(),
        agent: session.agent.clone(),
        workspace: session.workspace.clone(),
        model: session.model.clone(),
        lifetime: session.lifetime.clone(),
        participants: session.participants.clone(),
        state: serde_json::Map::new(),
        attributes,
    }
}

async fn copy_blobs(core: &Core, from: &SessionId, to: &SessionId, blobs: &HashSet<BlobId>) -> Result<()> {
    for blob in blobs {
        // One that is gone was taken away, and what names it says so too.
        if let Some(bytes) = core.store.blob(from, blob).await? {
            core.store.put_blob(to, &bytes).await?;
        }
    }
    Ok(())
}

async fn feed(
    core: &Arc<Core>,
    (from, id): (&SessionId, &SessionId),
    span: &Span,
    (actor, begin): (Actor, [Fact; 2]),
    records: Vec<Record>,
    pages: Pages,
) -> Result<()> {
    let mut feed = Feed::new(id);
    for fact in begin {
        feed.say(core, None, &actor, fact)?;
    }
    let sender = pages.clone();
    let mut whole = Vec::new();
    let mut after = Walk::new(from, span);
    while after.next(core, &mut whole).await? {
        for fact in whole.drain(..) {
            if let Some(page) = feed.say(core, None, &actor, fact)? {
                send(&sender, page).await?;
            }
        }
    }
    for page in feed.end(records)? {
        send(&pages, page).await?;
    }
    Ok(())
}

async fn send(pages: &Pages, page: Adopted) -> Result<()> {
    pages.send(page).await.map_err(|_| not_heard())
}

/// Goes over the facts of a copy.
async fn each(
    core: &Core,
    from: &SessionId,
    span: &Span,
    mut with: impl FnMut(Fact) -> Result<Option<()>> + Send,
) -> Result<()> {
    let mut walk = Walk::new(from, span);
    let mut facts = Vec::new();
    while walk.next(core, &mut facts).await? {
        for fact in facts.drain(..) {
            with(fact)?;
        }
    }
    Ok(())
}

/// Finds out what of the log counts.
async fn span(core: &Core, fold: &Fold, to: u64) -> Result<Span> {
    let session = &fold.session.id;
    let mut span = Span { after: fold.history_from, to, dropped: Vec::new(), gone: HashSet::new() };
    let mut after = fold.history_from;
    loop {
        let page = core.store.read(session, after, PAGE, PAGE_BYTES).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in &page {
            match crate::engine::reading::kind(&entry.body) {
                Some("session.rewound") if entry.seq <= to => {
                    if let Fact::SessionRewound(rewound) = decode(session, entry)?.fact {
                        span.dropped.push((rewound.after_seq, entry.seq));
                    }
                }
                Some("message.redacted") => {
                    if let Fact::MessageRedacted(redacted) = decode(session, entry)?.fact {
                        span.gone.insert(redacted.message_id);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(span)
}

/// A message that was said, and what its calls gave so far.
struct Said {
    message: Message,
    calls: Vec<CallId>,
    returns: Vec<ToolReturn>,
}

/// Goes over a log, and makes of each message one that is imported, together with what its calls gave.
struct Walk<'a> {
    from: &'a SessionId,
    span: &'a Span,
    after: u64,
    /// In order; the first waits for what its calls give.
    said: VecDeque<Said>,
    is_over: bool,
}

impl<'a> Walk<'a> {
    fn new(from: &'a SessionId, span: &'a Span) -> Self {
        Self { from, span, after: span.after, said: VecDeque::new(), is_over: false }
    }

    /// The next facts; false when there are no more.
    async fn next(&mut self, core: &Core, facts: &mut Vec<Fact>) -> Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        let page = core.store.read(self.from, self.after, PAGE, PAGE_BYTES).await?;
        self.is_over = page.last().is_none_or(|last| last.seq >= self.span.to);
        for entry in page.iter().filter(|entry| entry.seq <= self.span.to) {
            self.after = entry.seq;
            if !self.span.dropped.iter().any(|(after, until)| (after + 1..=*until).contains(&entry.seq)) {
                self.take(decode(self.from, entry)?, facts);
            }
        }
        if self.is_over {
            while let Some(said) = self.said.pop_front() {
                facts.push(imported(said));
            }
        }
        Ok(true)
    }

    fn take(&mut self, event: Event, facts: &mut Vec<Fact>) {
        let is_kept = |message: &Message| message.visibility != Visibility::Nobody && !self.span.gone.contains(&message.id);
        match event.fact {
            Fact::MessagePosted(posted) if is_kept(&posted.message) => self.say(posted.message, Vec::new()),
            Fact::MessageImported(imported) if is_kept(&imported.message) => self.say(imported.message, imported.returns),
            Fact::MessageCompleted(completed) => {
                let message = Message {
                    id: completed.message_id,
                    author: Author::named(AuthorKind::Agent, completed.agent),
                    parts: completed.parts,
                    at: event.at,
                    thread: completed.thread,
                    visibility: completed.visibility,
                    attributes: serde_json::Map::new(),
                };
                if is_kept(&message) {
                    self.say(message, Vec::new());
                }
            }
            Fact::ToolReturned(returned) => {
                let returned = returned.returned;
                let of = self.said.iter_mut().find(|said| said.calls.contains(&returned.id));
                if let Some(said) = of {
                    said.calls.retain(|call| *call != returned.id);
                    said.returns.push(returned);
                }
            }
            // What stands before must be told before.
            fact @ (Fact::ThreadOpened(_) | Fact::MemoryAmended(_) | Fact::MemoryForgotten(_)) => {
                facts.extend(self.said.drain(..).map(imported));
                facts.push(fact);
            }
            _ => {}
        }
        while self.said.front().is_some_and(|said| said.calls.is_empty()) {
            facts.extend(self.said.pop_front().map(imported));
        }
    }

    fn say(&mut self, message: Message, returns: Vec<ToolReturn>) {
        let calls = message.parts.iter().filter_map(|part| match part {
            Part::ToolCall(call) if !returns.iter().any(|returned| returned.id == call.id) => Some(call.id.clone()),
            _ => None,
        });
        let calls = calls.collect();
        self.said.push_back(Said { message, calls, returns });
    }
}

fn imported(said: Said) -> Fact {
    Fact::MessageImported(MessageImported { message: said.message, returns: said.returns })
}

fn blobs_of(imported: &MessageImported) -> impl Iterator<Item = BlobId> + '_ {
    let files = imported.message.parts.iter().filter_map(|part| match part {
        Part::File(file) => Some(file.blob.clone()),
        _ => None,
    });
    files.chain(imported.returns.iter().filter_map(|returned| returned.blob.clone()))
}

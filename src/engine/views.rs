//! What people are shown: views of a log that are computed page by page, so that they cost the same however long it is;
//! the models that can be asked, and how the house is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::house::Core;
use super::listing::{MessagePage, Shown, ShownSummary};
use super::lives::may_be_followed;
use super::reading::{decode, is_said};
use crate::domain::{
    Author, AuthorKind, CallId, Cursor, Error, Event, Fact, Message, MessageId, ModelChoice, Part, Result, SessionId,
    ToolReturn,
};
use crate::models::Card;
use crate::storage::Counts;

/// A model that can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelItem {
    /// The model.
    pub model: ModelChoice,
    /// What it can be shown together with its answer, in tokens.
    pub context_tokens: u64,
    /// Whether it can be shown images.
    pub images: bool,
    /// Whether it can call tools.
    pub tools: bool,
}

/// How the house is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Its version.
    pub version: String,
    /// Since this process opened it, in milliseconds.
    pub uptime_ms: u64,
    /// Where logs are kept: the URL of the store.
    pub store: String,
    /// Sessions that are not deleted.
    pub sessions: u64,
    /// Sessions with a run that has not ended.
    pub active: u64,
    /// Runs that this process works on.
    pub runs_here: u64,
    /// Why the store cannot be used.
    pub error: Option<Error>,
}

/// Entries of one page when a log is read backwards.
const PAGE: usize = 256;
/// Most messages of one page.
const MESSAGES: usize = 10_000;
/// Most bytes that are read for one page of events.
const EVENT_BYTES: usize = 64 << 20;

/// The newest messages before a place.
pub(crate) async fn messages(core: &Arc<Core>, id: &SessionId, before: Option<u64>, limit: usize) -> Result<MessagePage> {
    let fold = core.existing(id).await?.fold().await?;
    let before = fold.read_back_before(before.unwrap_or(fold.head + 1));
    // What was said in a session whose time is over is gone, whether it was removed already or not.
    let Some(mut before) = before.filter(|_| !fold.is_over(core.clock.now())) else {
        return Ok(MessagePage { messages: Vec::new(), before: None, summaries: Vec::new() });
    };
    let limit = limit.min(MESSAGES);
    let mut returns: HashMap<CallId, ToolReturn> = HashMap::new();
    let mut gone: HashSet<MessageId> = HashSet::new();
    let mut newest_first: Vec<Shown> = Vec::new();
    let mut summaries: Vec<ShownSummary> = Vec::new();
    'pages: loop {
        let entries = core.store.read_back(id, Some(before), PAGE).await?;
        let Some(first) = entries.first().map(|entry| entry.seq) else { break };
        for entry in entries.iter().rev().filter(|entry| is_said(entry)) {
            if entry.seq >= before {
                continue;
            }
            let event = decode(id, entry)?;
            match &event.fact {
                Fact::SessionRestored(_) | Fact::SessionCleared(_) => break 'pages,
                // What lies between counts for nothing.
                Fact::SessionRewound(rewound) => before = rewound.after_seq + 1,
                Fact::MessageRedacted(redacted) => drop(gone.insert(redacted.message_id.clone())),
                Fact::ContextCompacted(compacted) if !compacted.summary.is_empty() => {
                    summaries.push(ShownSummary { seq: event.seq, at: event.at, compacted: (**compacted).clone() });
                }
                _ => {}
            }
            if let Some(shown) = show(event, &mut returns).filter(|shown| !gone.contains(&shown.message.id)) {
                newest_first.push(shown);
                if newest_first.len() > limit {
                    break 'pages;
                }
            }
        }
        before = before.min(first);
        if before <= 1 {
            break;
        }
    }
    let more = newest_first.len() > limit;
    newest_first.truncate(limit);
    let before = if more { newest_first.last().map(|oldest| oldest.seq) } else { None };
    newest_first.reverse();
    // One that was found on the way to the message that is left for the next page belongs there.
    summaries.retain(|summary| before.is_none_or(|before| summary.seq >= before));
    summaries.reverse();
    Ok(MessagePage { messages: newest_first, before, summaries })
}

/// What people are shown of an event, if anything; returns are kept until the message that called comes.
fn show(event: Event, returns: &mut HashMap<CallId, ToolReturn>) -> Option<Shown> {
    let (seq, run, at) = (event.seq, event.run, event.at);
    let plain = |message: Message, returns| Shown {
        message,
        seq,
        run: run.clone(),
        finish: None,
        usage: None,
        model: None,
        returns,
    };
    match event.fact {
        Fact::MessagePosted(posted) if posted.message.visibility.is_for_people() => Some(plain(posted.message, Vec::new())),
        Fact::MessageImported(imported) if imported.message.visibility.is_for_people() => {
            Some(plain(imported.message, imported.returns))
        }
        Fact::MessageCompleted(completed) if completed.visibility.is_for_people() => {
            let calls = completed.parts.iter().filter_map(|part| match part {
                Part::ToolCall(call) => returns.remove(&call.id),
                Part::Text(_) | Part::Reasoning(_) | Part::File(_) => None,
            });
            let returns = calls.collect();
            let message = Message {
                id: completed.message_id,
                author: Author::named(AuthorKind::Agent, completed.agent),
                parts: completed.parts,
                at,
                thread: completed.thread,
                visibility: completed.visibility,
                attributes: serde_json::Map::new(),
            };
            let (finish, usage, model) = (Some(completed.finish), Some(completed.usage), Some(completed.model));
            Some(Shown { message, seq, run, finish, usage, model, returns })
        }
        Fact::ToolReturned(returned) => {
            returns.insert(returned.returned.id.clone(), returned.returned);
            None
        }
        _ => None,
    }
}

/// Facts after a cursor, oldest first.
pub(crate) async fn events(core: &Arc<Core>, id: &SessionId, after: Option<Cursor>, limit: usize) -> Result<Vec<Event>> {
    let ledger = core.existing(id).await?;
    let fold = ledger.fold().await?;
    may_be_followed(&fold, core.clock.now())?;
    let after = after.filter(|after| after.incarnation == fold.session.incarnation).map_or(0, |after| after.seq);
    let entries = core.store.read(id, after, limit, EVENT_BYTES).await?;
    entries.iter().map(|entry| decode(id, entry)).collect()
}

/// The models that can be asked, the default first.
pub(crate) fn models(core: &Core) -> Result<Vec<ModelItem>> {
    let default = core.choose([None, None, None])?;
    let mut cards = vec![core.models.card(&default)];
    // A provider without its key is no offer.
    let usable = |card: &Card| card.choice != default && core.models.get(&card.choice).is_ok();
    cards.extend(core.models.list().into_iter().filter(usable));
    let items = cards.into_iter().map(|card| ModelItem {
        model: card.choice,
        context_tokens: card.context_tokens,
        images: card.images,
        tools: card.tools,
    });
    Ok(items.collect())
}

/// How the house is. A store that fails is part of the answer.
pub(crate) async fn health(core: &Core) -> Health {
    let counts = core.store.counts().await;
    let (counts, error) = match counts {
        Ok(counts) => (counts, None),
        Err(error) => (Counts::default(), Some(error)),
    };
    Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_ms: core.clock.now().millis_since(core.opened_at),
        store: core.store.url(),
        sessions: counts.sessions,
        active: counts.active,
        runs_here: core.runs_here() as u64,
        error,
    }
}

//! Taking a message away, for good.
//!
//! That it is gone is appended first, so that nobody is shown it from then on; then every entry that holds something of it is
//! written anew without. A crash between leaves text that nobody is shown: whoever takes it away again finishes that.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde_json::Value;

use crate::domain::{
    Actor, BlobId, CallId, Error, ErrorCode, Event, Fact, Fold, FoldedRun, MessageId, MessageRedacted, Part, Result, RunId,
    ToolReturn,
};
use crate::engine::asking::{busy, drivable};
use crate::engine::house::Core;
use crate::engine::ledger::{Draft, Ledger, no_session};
use crate::engine::lives::must_live;
use crate::engine::reading::decode;
use crate::engine::{runs, uploads};
use crate::storage::Entry;

/// Entries of one page when a log is read.
const PAGE: usize = 512;
/// Bytes of one page when a log is read.
const PAGE_BYTES: usize = 4 << 20;
/// How often it is tried when others ask the session at the same moment.
const TRIES: usize = 100;
/// Why runs end that answer a message that was taken away.
const REASON: &str = "the message that it answers was taken away";

/// What a log holds of a message.
#[derive(Default)]
struct Found {
    /// The last entry that was looked at.
    read_to: u64,
    /// The entries that hold something of it, as they are to be.
    entries: Vec<Entry>,
    /// The places of all entries that are about it.
    places: BTreeSet<u64>,
    blobs: HashSet<BlobId>,
    /// The run that said it.
    run: Option<RunId>,
    /// Whether it was taken away before.
    is_told: bool,
    calls: HashSet<CallId>,
    answered_by: HashSet<RunId>,
    text: String,
    /// What of the session's state was given its text.
    keys: BTreeSet<String>,
}

/// Takes a message away.
pub(super) async fn redact(core: &Arc<Core>, ledger: &Arc<Ledger>, actor: &Actor, message: &MessageId) -> Result<()> {
    ledger.follow().await?;
    let fold = ledger.fold().await?;
    drivable(&fold)?;
    let not_found = || Error::not_found("message", message).hint("it may belong to another session");
    let place = place(core, ledger, &fold, message).await?.ok_or_else(not_found)?;
    let mut found = Found { read_to: place.saturating_sub(1), ..Found::default() };
    for _ in 0..TRIES {
        let fold = ledger.fold().await?;
        must_live(&fold, core.clock.now())?;
        found.read_on(core, ledger, message).await?;
        let answers =
            |active: &&Arc<FoldedRun>| active.queued.input.as_ref() == Some(message) && active.cancel_requested.is_none();
        for answering in fold.active.iter().filter(answers) {
            runs::request_cancel(core, ledger, actor.clone(), Some(&answering.run.id), REASON).await?;
        }
        if found.is_told {
            break;
        }
        ledger
            .append(|fold| {
                let fold: &Fold = fold.ok_or_else(|| no_session(&ledger.id))?;
                must_live(fold, core.clock.now())?;
                if let Some(active) = found.run.as_ref().and_then(|run| fold.active_run(run)) {
                    return Err(busy(ledger, active).into());
                }
                let mut draft = Draft::default();
                // What was found out is of use only where nothing was appended since: another may be quicker.
                if fold.head == found.read_to && !fold.active.iter().any(|active| answers(&active)) {
                    let holds = |key: &&String| fold.state.get(*key).and_then(Value::as_str) == Some(&found.text);
                    let state = found.keys.iter().filter(holds).cloned().collect();
                    let fact = Fact::MessageRedacted(MessageRedacted { message_id: message.clone(), state });
                    draft.session(actor.clone(), fact);
                }
                Ok(draft)
            })
            .await?;
    }
    if !found.is_told {
        return Err(Error::new(ErrorCode::Busy, format!("session `{}` is asked again and again", ledger.id)));
    }
    let scrubs = found.entries.into_iter().map(|entry| core.store.scrub(&ledger.id, entry));
    for done in futures_util::future::join_all(scrubs).await {
        done?;
    }
    let kept = used_elsewhere(core, ledger, &found.blobs, &found.places).await?;
    for blob in found.blobs.iter().filter(|blob| !kept.contains(*blob)) {
        uploads::remove_from(core, &ledger.id, blob).await?;
    }
    Ok(())
}

/// Where a message stands.
async fn place(core: &Core, ledger: &Ledger, fold: &Fold, message: &MessageId) -> Result<Option<u64>> {
    let mut before = fold.head + 1;
    loop {
        let entries = core.store.read_back(&ledger.id, Some(before), PAGE).await?;
        for entry in entries.iter().rev().filter(|entry| entry.body.contains(message.as_str())) {
            let is_it = match decode(&ledger.id, entry)?.fact {
                Fact::MessagePosted(posted) => posted.message.id == *message,
                Fact::MessageImported(imported) => imported.message.id == *message,
                Fact::MessageCompleted(completed) => completed.message_id == *message,
                _ => false,
            };
            if is_it {
                return Ok(Some(entry.seq));
            }
        }
        match entries.first() {
            Some(first) if first.seq > 1 => before = first.seq,
            _ => return Ok(None),
        }
    }
}

impl Found {
    /// Looks at what was appended since the last time.
    async fn read_on(&mut self, core: &Core, ledger: &Ledger, message: &MessageId) -> Result<()> {
        loop {
            let page = core.store.read(&ledger.id, self.read_to, PAGE, PAGE_BYTES).await?;
            if page.is_empty() {
                return Ok(());
            }
            for entry in &page {
                self.read_to = entry.seq;
                self.look_at(entry, decode(&ledger.id, entry)?, message)?;
            }
        }
    }

    fn look_at(&mut self, entry: &Entry, event: Event, message: &MessageId) -> Result<()> {
        let is_about = match &event.fact {
            Fact::MessagePosted(posted) if posted.message.id == *message => self.said(&posted.message.parts, &[]),
            Fact::MessageImported(imported) if imported.message.id == *message => {
                self.said(&imported.message.parts, &imported.returns)
            }
            Fact::MessageCompleted(completed) if completed.message_id == *message => {
                self.run.clone_from(&event.run);
                self.said(&completed.parts, &[])
            }
            Fact::ToolCalled(called) => {
                let is_of = called.message_id.as_ref() == Some(message);
                if is_of {
                    self.calls.insert(called.call.id.clone());
                }
                is_of
            }
            Fact::ToolReturned(returned) => {
                let is_of = returned.message_id.as_ref() == Some(message);
                self.blobs.extend(returned.returned.blob.clone().filter(|_| is_of));
                is_of
            }
            Fact::RunQueued(queued) => {
                if queued.input.as_ref() == Some(message) {
                    self.answered_by.extend(event.run.clone());
                }
                false
            }
            Fact::RunStarted(_) => event.run.as_ref().is_some_and(|run| self.answered_by.contains(run)),
            Fact::RunWaiting(waiting) => waiting.calls.iter().any(|call| self.calls.contains(&call.id)),
            Fact::RunFinished(finished) => finished.message_id.as_ref() == Some(message),
            // What a step of the run has put aside of its answer.
            Fact::StateSet(set) => {
                let held = event.run == self.run && !self.text.is_empty() && set.value.as_str() == Some(&self.text);
                self.keys.extend(held.then(|| set.key.clone()));
                held
            }
            Fact::MemoryAmended(amended) => amended.message_id == *message,
            // It came after the message, which may stand in it.
            Fact::ContextCompacted(_) => true,
            Fact::MessageRedacted(redacted) => {
                self.is_told |= redacted.message_id == *message;
                false
            }
            _ => false,
        };
        if is_about {
            self.places.insert(entry.seq);
            let blank = Event { fact: event.fact.redacted(), ..event };
            let body = serde_json::to_string(&blank)
                .map_err(|error| Error::internal(format!("an event cannot be written as JSON: {error}")))?;
            if body != entry.body {
                self.entries.push(Entry { seq: entry.seq, body });
            }
        }
        Ok(())
    }

    fn said(&mut self, parts: &[Part], returns: &[ToolReturn]) -> bool {
        self.text = Part::texts(parts);
        self.blobs.extend(parts.iter().filter_map(|part| match part {
            Part::File(file) => Some(file.blob.clone()),
            Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) => None,
        }));
        self.blobs.extend(returns.iter().filter_map(|returned| returned.blob.clone()));
        true
    }
}

/// The blobs that other entries name too.
async fn used_elsewhere(
    core: &Core,
    ledger: &Ledger,
    blobs: &HashSet<BlobId>,
    places: &BTreeSet<u64>,
) -> Result<HashSet<BlobId>> {
    let mut used = HashSet::new();
    let mut after = 0;
    while used.len() < blobs.len() {
        let page = core.store.read(&ledger.id, after, PAGE, PAGE_BYTES).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page.iter().filter(|entry| !places.contains(&entry.seq)) {
            used.extend(blobs.iter().filter(|blob| entry.body.contains(blob.as_str())).cloned());
        }
    }
    Ok(used)
}

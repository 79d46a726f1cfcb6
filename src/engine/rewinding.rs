//! Going back in a session to after an earlier message. What came later stays in the log and counts for nothing; the fact
//! that says so holds all that a fold needs, so that nobody has to read the log again for it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::asking::{busy, drivable};
use super::house::Core;
use super::ledger::{Draft, Ledger};
use super::lives::{end_runs, must_live};
use super::reading::{decode, kind};
use super::recovery;
use crate::domain::{Actor, Error, ErrorCode, Fact, Fold, MessageId, Result, RunId, RunStatus, SessionRewound};

/// How often it is tried when others change the session at the same moment.
const TRIES: usize = 10;
/// Entries of one page when a log is read backwards.
const PAGE: usize = 256;

/// What is gone back to: everything up to its end counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Earlier {
    /// A message.
    Message(MessageId),
    /// A run that has ended, whether it said something or not.
    Run(RunId),
}

/// Goes back to after a message or a run; `None` = to before the first.
pub(crate) async fn rewind(core: &Arc<Core>, ledger: &Arc<Ledger>, actor: Actor, after: Option<&Earlier>) -> Result<()> {
    for _ in 0..TRIES {
        let fold = ledger.fold().await?;
        drivable(&fold)?;
        must_live(&fold, core.clock.now())?;
        for active in &fold.active {
            if active.run.status == RunStatus::Running && !recovery::is_orphan(core, ledger, active).await? {
                return Err(busy(ledger, active));
            }
        }
        let after_seq = match after {
            // It has its end, and so its place, once it is ended.
            Some(Earlier::Run(run)) if fold.active_run(run).is_some() => fold.head,
            Some(earlier) => place(core, ledger, &fold, earlier).await?,
            None => fold.history_from,
        };
        if !fold.active.is_empty() {
            end_runs(core, ledger, &actor, "the session was rewound").await?;
            continue;
        }
        let stands_there = fold.dropped.iter().any(|last| last.after == after_seq && last.until == fold.head);
        if stands_there || after_seq >= fold.head {
            return Ok(());
        }
        let fact = rewound(ledger, &fold, after, after_seq).await?;
        let mut is_done = false;
        ledger
            .append(|now| {
                // What was found out is of use only where nothing was appended since.
                is_done = now.is_some_and(|now| now.head == fold.head);
                let mut draft = Draft::default();
                if is_done {
                    draft.session(actor.clone(), Fact::SessionRewound(fact.clone()));
                }
                Ok(draft)
            })
            .await?;
        if is_done {
            return Ok(());
        }
    }
    Err(Error::new(ErrorCode::Busy, format!("session `{}` is changed again and again", ledger.id)))
}

/// The last fact that counts with a message: itself, or of an agent's message what belongs to it, up to the next message
/// or run. Of a run it is its end.
pub(crate) async fn place(core: &Core, ledger: &Ledger, fold: &Fold, earlier: &Earlier) -> Result<u64> {
    let session = &ledger.id;
    let (what, name) = match earlier {
        Earlier::Message(message) => ("message", message.as_str()),
        Earlier::Run(run) => ("run", run.as_str()),
    };
    let not_found = || {
        let hint = "it may have been removed, or belong to a history that was replaced";
        Error::not_found(what, name).hint(hint)
    };
    let is_it = |message: &MessageId| matches!(earlier, Earlier::Message(wanted) if wanted == message);
    let ends_it = |run: Option<&RunId>| matches!(earlier, Earlier::Run(wanted) if Some(wanted) == run);
    let (mut before, mut last) = (fold.head + 1, fold.head);
    loop {
        let entries = core.store.read_back(session, Some(before), PAGE).await?;
        let first = entries.first().map(|entry| entry.seq).ok_or_else(not_found)?;
        for entry in entries.iter().rev() {
            if entry.seq >= before {
                continue;
            }
            match kind(&entry.body) {
                Some("session.created" | "session.restored" | "session.cleared") => return Err(not_found()),
                Some("session.rewound") => {
                    if let Fact::SessionRewound(rewound) = decode(session, entry)?.fact {
                        (before, last) = (rewound.after_seq + 1, rewound.after_seq);
                    }
                }
                Some("message.posted" | "message.completed" | "message.imported") => {
                    if entry.body.contains(name) {
                        match decode(session, entry)?.fact {
                            Fact::MessagePosted(posted) if is_it(&posted.message.id) => return Ok(entry.seq),
                            Fact::MessageImported(imported) if is_it(&imported.message.id) => return Ok(entry.seq),
                            Fact::MessageCompleted(completed) if is_it(&completed.message_id) => return Ok(last),
                            _ => {}
                        }
                    }
                    last = entry.seq - 1;
                }
                Some("run.finished") if entry.body.contains(name) && ends_it(decode(session, entry)?.run.as_ref()) => {
                    return Ok(entry.seq);
                }
                Some("run.queued") => last = entry.seq - 1,
                _ => {}
            }
        }
        before = before.min(first);
    }
}

/// The fact, with what of the past it has to tell.
async fn rewound(ledger: &Ledger, fold: &Fold, earlier: Option<&Earlier>, after_seq: u64) -> Result<SessionRewound> {
    // The marks of older turns are gone from the fold: else the first is that of the history's beginning.
    let misses_turns = after_seq > fold.history_from && fold.window_start() > fold.history_from;
    let (after, of_run) = match earlier {
        Some(Earlier::Message(message)) => (Some(message.clone()), false),
        Some(Earlier::Run(_)) => (None, true),
        None => (None, false),
    };
    let mut fact = SessionRewound { after, after_seq, state: Map::new(), threads: Vec::new(), turns: Vec::new() };
    // What is empty now was so before.
    if misses_turns || of_run || !fold.state.is_empty() || !fold.threads.is_empty() {
        let past = as_of(ledger, after_seq).await?;
        if of_run {
            fact.after = past.last_message;
        }
        fact.state = past.state;
        fact.threads = past.threads.into_values().collect();
        fact.turns = past.marks.into_iter().filter(|_| misses_turns).collect();
    }
    Ok(fact)
}

/// The fold as it was after a fact.
pub(crate) async fn as_of(ledger: &Ledger, seq: u64) -> Result<Fold> {
    let mut past: Option<Fold> = None;
    let mut after = 0;
    while after < seq {
        let page = ledger.page(after).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.seq;
        for (event, bytes) in page.iter().filter(|(event, _)| event.seq <= seq) {
            match &mut past {
                Some(past) => drop(past.apply(event, *bytes)),
                None => past = Fold::begin(event, *bytes),
            }
        }
    }
    past.ok_or_else(|| super::ledger::no_session(&ledger.id))
}

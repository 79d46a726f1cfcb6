//! Verbs about runs that are at work: cancelling them, and giving what the caller's tools gave.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;

use super::access::Sight;
use super::house::Core;
use super::ledger::{Draft, Ledger, Refused};
use super::listing::{RunFilter, RunPage};
use super::lives::must_live;
use super::recovery;
use super::verbs::{Answered, CallerReturn};
use crate::domain::{
    Actor, Cursor, Error, ErrorCode, Fact, Fold, Principal, Result, ReturnStatus, Run, RunCancelRequested, RunFinished,
    RunId, RunStatus, SessionId, ToolCalled, ToolError, ToolReturn, ToolReturned,
};
use crate::storage::{Entry, RunQuery};

/// Runs that are looked at when all of this process are to stop.
const STOPPED_AT_ONCE: usize = 100_000;

/// Most runs that are looked at for the list of somebody who sees only a part of the sessions, and together when those of
/// an agent are cancelled.
const LOOKED_AT: usize = 10_000;
/// Runs that are cancelled at once when their agent is removed.
const CANCELLED_AT_ONCE: usize = 32;
/// Why runs of an agent end that was removed.
const REMOVED: &str = "its agent was removed";
/// Entries, and bytes, of one page when a log is looked through.
const READ_AT_ONCE: usize = 512;
const READ_BYTES: usize = 1 << 20;

/// A page of runs: of the sessions that the caller sees.
pub(crate) async fn list(core: &Core, caller: &Principal, filter: RunFilter) -> Result<RunPage> {
    let RunFilter { session, agent, statuses, priority, labels, offset, limit } = filter;
    let query = RunQuery { session, agent, statuses, priority, labels, offset, limit, ..RunQuery::default() };
    let Some(sight) = Sight::of(caller).filter(|_| query.session.is_none()) else {
        let runs = core.store.runs(&query).await?;
        // A page that is not full says how many there are, unless it lies behind them all.
        let is_last = runs.len() < limit && (offset == 0 || !runs.is_empty());
        let total = if is_last { (offset + runs.len()) as u64 } else { core.store.count_runs(&query).await? };
        return Ok(RunPage { runs, total });
    };
    let only = sight.only_session().map(SessionId::from_text);
    let rows = core.store.runs(&RunQuery { session: only, offset: 0, limit: LOOKED_AT, ..query }).await?;
    let mut sees: HashMap<SessionId, bool> = HashMap::new();
    let mut seen = Vec::new();
    for run in rows {
        let is_seen = match sees.get(&run.session) {
            Some(is_seen) => *is_seen,
            None => {
                let summary = core.store.summary(&run.session).await?;
                let is_seen = summary.is_some_and(|summary| sight.sees(&run.session, &summary.session.agent));
                sees.insert(run.session.clone(), is_seen);
                is_seen
            }
        };
        if is_seen {
            seen.push(run);
        }
    }
    let total = seen.len() as u64;
    Ok(RunPage { runs: seen.into_iter().skip(offset).take(limit).collect(), total })
}

/// How a run ended, as its log has it: one entry is read.
pub(crate) async fn end_of(core: &Core, run: &Run) -> Result<Option<RunFinished>> {
    if run.status.is_active() {
        return Ok(None);
    }
    if let Some(seq) = run.finished_seq {
        let entries = core.store.read(&run.session, seq.saturating_sub(1), 1, usize::MAX).await?;
        return Ok(entries.first().map(|entry| end_in(&run.session, &run.id, entry)).transpose()?.flatten());
    }
    // A row of an older version does not say where.
    let mut after = 0;
    loop {
        let entries = core.store.read(&run.session, after, READ_AT_ONCE, READ_BYTES).await?;
        for entry in &entries {
            if let Some(end) = end_in(&run.session, &run.id, entry)? {
                return Ok(Some(end));
            }
        }
        match entries.last() {
            Some(last) => after = last.seq,
            None => return Ok(None),
        }
    }
}

fn end_in(session: &SessionId, run: &RunId, entry: &Entry) -> Result<Option<RunFinished>> {
    let event = super::reading::decode(session, entry)?;
    Ok(match event.fact {
        Fact::RunFinished(finished) if event.run.as_ref() == Some(run) => Some(finished),
        _ => None,
    })
}

/// Asks the runs of a session to end, or one of them.
///
/// # Errors
/// `not_found` for a run that is none of this session.
pub(crate) async fn cancel(
    core: &Arc<Core>,
    caller: &Principal,
    session: &SessionId,
    run: Option<&RunId>,
    reason: &str,
) -> Result<Vec<RunId>> {
    let ledger = core.existing(session).await?;
    let cancelled = request_cancel(core, &ledger, caller.actor(), run, reason).await?;
    if let Some(run) = run.filter(|_| cancelled.is_empty()) {
        let unknown = || Error::not_found("run", run);
        core.store.run(run).await?.filter(|row| row.session == *session).ok_or_else(unknown)?;
    }
    Ok(cancelled)
}

/// Asks runs to end. Those that no process works on are closed here and now.
pub(crate) async fn request_cancel(
    core: &Arc<Core>,
    ledger: &Arc<Ledger>,
    actor: Actor,
    run: Option<&RunId>,
    reason: &str,
) -> Result<Vec<RunId>> {
    // Whoever started a run elsewhere a moment ago is cancelled too.
    ledger.follow().await?;
    let mut about = Vec::new();
    let requested = ledger
        .append(|fold| {
            about = active(fold, run);
            let mut draft = Draft::default();
            // Who was asked to end already is not asked again.
            let asked = |run: &RunId| fold.and_then(|fold| fold.active_run(run)?.cancel_requested.as_ref()).is_some();
            for run in about.iter().filter(|run| !asked(run)) {
                let fact = Fact::RunCancelRequested(RunCancelRequested { reason: reason.to_owned() });
                draft.run(run, actor.clone(), fact);
            }
            Ok(draft)
        })
        .await;
    requested?;
    let fold = ledger.fold().await?;
    for id in &about {
        let Some(active) = fold.active_run(id) else { continue };
        let has_no_driver = active.run.status == RunStatus::Waiting || active.run.waits_in_turn();
        if has_no_driver || recovery::is_orphan(core, ledger, active).await? {
            recovery::close(core, ledger, active, actor.clone(), None).await?;
        }
    }
    Ok(about)
}

/// Asks every run that this process works on to end. Those that wait for their turn and may be gone on with elsewhere stay
/// as they are.
pub(crate) async fn stop(core: &Arc<Core>, caller: &Principal, reason: &str) -> Result<()> {
    core.leaving.cancel();
    let statuses = vec![RunStatus::Running, RunStatus::Queued];
    let query = RunQuery { statuses, waits: Some(false), limit: STOPPED_AT_ONCE, ..RunQuery::default() };
    let here = core.store.runs(&query).await?;
    for run in here.into_iter().filter(|run| run.process.as_ref() == Some(&core.process)) {
        let ledger = core.existing(&run.session).await?;
        let fold = ledger.fold().await?;
        let Some(active) = fold.active_run(&run.id) else { continue };
        if active.run.status != RunStatus::Queued || !recovery::goes_on(active) {
            request_cancel(core, &ledger, caller.actor(), Some(&run.id), reason).await?;
        }
    }
    Ok(())
}

/// Cancels the runs of an agent that were asked to begin in their turn, because it was removed.
pub(crate) async fn cancel_of_agent(core: &Arc<Core>, agent: &str, actor: &Actor) -> Result<()> {
    let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Waiting];
    let query = RunQuery { agent: Some(agent.to_owned()), statuses, limit: LOOKED_AT, ..RunQuery::default() };
    loop {
        let mut found = core.store.runs(&query).await?;
        let is_all = found.len() < query.limit;
        found.retain(|run| run.in_turn && !run.cancel_requested);
        let is_done = is_all || found.is_empty();
        let cancelled = stream::iter(found).map(|run| async move {
            let ledger = core.existing(&run.session).await?;
            request_cancel(core, &ledger, actor.clone(), Some(&run.id), REMOVED).await
        });
        let results: Vec<Result<Vec<RunId>>> = cancelled.buffer_unordered(CANCELLED_AT_ONCE).collect().await;
        for result in results {
            match result {
                // Its session was deleted meanwhile, and its runs with it.
                Err(error) if error.code == ErrorCode::NotFound => {}
                result => drop(result?),
            }
        }
        if is_done {
            return Ok(());
        }
    }
}

fn active(fold: Option<&Fold>, run: Option<&RunId>) -> Vec<RunId> {
    let runs = fold.iter().flat_map(|fold| &fold.active).map(|active| &active.run.id);
    runs.filter(|id| run.is_none_or(|run| run == *id)).cloned().collect()
}

/// Gives what the caller's tools gave, and goes on with the run when none is missing.
pub(crate) async fn answer(
    core: &Arc<Core>,
    ledger: &Arc<Ledger>,
    caller: &Principal,
    run: &RunId,
    returns: Vec<CallerReturn>,
) -> Result<Answered> {
    core.attend().await?;
    core.follow_others().await;
    let now = core.clock.now();
    let (mut complete, mut attempt) = (false, 0);
    let known = given(ledger, run, &returns).await?;
    let appended = ledger
        .append(|fold| {
            fold.map_or(Ok(()), |fold| must_live(fold, now))?;
            let Some(active) = fold.and_then(|fold| fold.active_run(run)) else { return Err(not_waiting(run).into()) };
            let mut draft = Draft::default();
            for returned in &returns {
                if known.contains(&returned.id) {
                    continue;
                }
                let Some(called) = active.open_calls.iter().find(|called| called.call.id == returned.id) else {
                    let message = format!("run `{run}` does not wait for call `{}`", returned.id);
                    return Err(Refused::Failed(Error::new(ErrorCode::Conflict, message)));
                };
                let waited = now.millis_since(active.run.queued_at);
                draft.run(run, caller.actor(), Fact::ToolReturned(tool_returned(called, returned, waited)));
            }
            if active.run.status != RunStatus::Waiting {
                return Err(not_waiting(run).into());
            }
            attempt = active.attempt;
            complete = active.open_calls.iter().all(|called| returns.iter().any(|returned| returned.id == called.call.id));
            Ok(draft)
        })
        .await;
    let nothing_new = |_| Answered { resumed: false, before: Cursor::after(ledger.hub.incarnation(), ledger.hub.head()) };
    match appended {
        Ok(events) if complete => {
            // Who gave the last of it goes on; who gave the same again only if nobody does.
            let resumed = match events.is_empty() {
                false => recovery::resume(core, ledger, run, attempt).await,
                true => recovery::resume_again(core, ledger, run, attempt).await,
            };
            match resumed {
                Err(error) if error.code == ErrorCode::Conflict => Ok(nothing_new(error)),
                Err(error) => Err(error),
                Ok(before) => Ok(Answered { resumed: true, before: Cursor::after(ledger.hub.incarnation(), before) }),
            }
        }
        // All of it was given before: the same answer again is fine.
        Err(Refused::Failed(error)) if error.code == ErrorCode::Conflict && known.len() == returns.len() => {
            Ok(nothing_new(error))
        }
        Ok(_) => Ok(Answered { resumed: false, before: Cursor::after(ledger.hub.incarnation(), ledger.hub.head()) }),
        Err(refused) => Err(refused.into()),
    }
}

/// The calls among the returns that were answered before with the same.
async fn given(ledger: &Ledger, run: &RunId, returns: &[CallerReturn]) -> Result<Vec<crate::domain::CallId>> {
    let (_, events) = ledger.window().await?;
    let mut given = Vec::new();
    for event in &events {
        let Fact::ToolReturned(known) = &event.fact else { continue };
        if event.run.as_ref() != Some(run) {
            continue;
        }
        if let Some(again) = returns.iter().find(|returned| returned.id == known.returned.id) {
            let message = again.error.as_deref();
            let known_message = known.returned.error.as_ref().map(|error| error.message.as_str());
            if known.returned.output != output_of(again) || known_message != message {
                let message = format!("call `{}` was answered otherwise before", again.id);
                return Err(Error::new(ErrorCode::Conflict, message));
            }
            given.push(again.id.clone());
        }
    }
    Ok(given)
}

fn not_waiting(run: &RunId) -> Error {
    Error::new(ErrorCode::Conflict, format!("run `{run}` does not wait for an answer"))
}

/// What the model is shown: of a failure without more, why.
fn output_of(returned: &CallerReturn) -> Value {
    match &returned.error {
        Some(error) if returned.output.is_null() => Value::from(error.clone()),
        _ => returned.output.clone(),
    }
}

fn tool_returned(called: &ToolCalled, returned: &CallerReturn, elapsed_ms: u64) -> ToolReturned {
    let error = returned.error.clone().map(|message| ToolError { code: ErrorCode::Unavailable, message });
    ToolReturned {
        returned: ToolReturn {
            id: returned.id.clone(),
            name: called.call.name.clone(),
            status: if error.is_some() { ReturnStatus::Failed } else { ReturnStatus::Ok },
            output: output_of(returned),
            error,
            blob: None,
            elapsed_ms,
        },
        arguments: called.call.arguments.clone(),
        message_id: called.message_id.clone(),
        thread: called.thread.clone(),
    }
}

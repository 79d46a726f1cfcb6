//! Runs whose process died: closing them, or going on with them.

use std::sync::Arc;

use futures_util::future::FutureExt;
use tokio::sync::oneshot;

use super::calls;
use super::drive::{Driver, Pending, Work};
use super::house::Core;
use super::ledger::{Draft, Ledger, Refused};
use super::verbs::{Orphans, Restored};
use crate::domain::{
    Actor, Agent, Cause, Cursor, Effect, Error, ErrorCode, Event, Fact, FoldedRun, MessageAbandoned, MessageId, Outcome,
    Result, RunFinished, RunId, RunStarted, RunStatus, SessionId, ToolCalled, ToolReturn, ToolReturned, Transcript,
};
use crate::storage::{Fence, SessionQuery};

/// Kind of the records that keep agents as runs pinned them, by revision.
pub(crate) const REVISION: &str = "agent_revision";
/// Sessions of one page when all are looked through.
const PAGE: usize = 200;

fn returned(called: &ToolCalled, returned: ToolReturn) -> Fact {
    Fact::ToolReturned(ToolReturned {
        returned,
        arguments: called.call.arguments.clone(),
        message_id: called.message_id.clone(),
        thread: called.thread.clone(),
    })
}

fn abandoned(active: &FoldedRun) -> Option<Fact> {
    // While tools are at work the next message has an id, but nothing of it was shown.
    let message_id = active.writing.clone()?;
    let reason = "the process that wrote it died".to_owned();
    Some(Fact::MessageAbandoned(MessageAbandoned { message_id, reason }))
}

/// Deals with a run that lost its process, as its pins say.
pub(crate) async fn take_over(core: &Arc<Core>, ledger: &Arc<Ledger>, active: &FoldedRun, actor: Actor) -> Result<()> {
    if super::asking::resumes(active) && active.attempt > 0 {
        resume(core, ledger, &active.run.id).await?;
    } else {
        close(core, ledger, &active.run.id, actor).await?;
    }
    Ok(())
}

/// Closes a run that no process works on: as cancelled when that was asked for, else as interrupted. Answers the last
/// event before.
pub(crate) async fn close(core: &Arc<Core>, ledger: &Arc<Ledger>, run: &RunId, actor: Actor) -> Result<u64> {
    let now = core.clock.now();
    let events = ledger
        .append(|fold| {
            let Some(active) = fold.and_then(|fold| fold.active_run(run)) else { return Ok(Draft::default()) };
            let fence = Fence { run: run.clone(), token: active.run.fence };
            let mut draft = Draft { fence: Some(fence), ..Draft::default() };
            let cancelled = active.cancel_requested.is_some();
            for called in &active.open_calls {
                let gave = if cancelled { calls::cancelled(&called.call) } else { calls::interrupted(&called.call) };
                draft.run(run, actor.clone(), returned(called, gave));
            }
            if let Some(fact) = abandoned(active) {
                draft.run(run, actor.clone(), fact);
            }
            let error = (!cancelled).then(|| {
                Error::new(ErrorCode::Unavailable, "the process that worked on this run died")
                    .because(Cause::Interrupted)
                    .hint("ask again in the same session; it goes on from what is in the log")
            });
            let finished = RunFinished {
                agent: active.run.agent.clone(),
                outcome: if cancelled { Outcome::Cancelled } else { Outcome::Failed },
                answer: active.answer_text.clone(),
                message_id: active.answer.clone(),
                model: active.run.model.clone(),
                rounds: active.run.rounds,
                tool_calls: active.tool_calls,
                usage: active.run.usage.clone(),
                elapsed_ms: now.millis_since(active.started_at.unwrap_or(active.run.queued_at)),
                error,
            };
            draft.run(run, actor.clone(), Fact::RunFinished(finished));
            Ok(draft)
        })
        .await?;
    Ok(events.first().map_or(0, |event| event.seq).saturating_sub(1))
}

/// Goes on with a run in this process: after its process died, or after the caller answered. Answers the last event
/// before.
pub(crate) async fn resume(core: &Arc<Core>, ledger: &Arc<Ledger>, run: &RunId) -> Result<u64> {
    core.attend().await?;
    core.follow_others().await;
    let (fold, events) = ledger.window().await?;
    let active = fold.active_run(run).ok_or_else(|| {
        Error::new(ErrorCode::Conflict, format!("run `{run}` has ended")).hint("ask again in the same session")
    })?;
    let agent = pinned(core, active).await?;
    let model = match &active.run.model {
        Some(model) => model.clone(),
        None => core.choose([active.queued.pins.model.as_ref(), None, agent.model.as_ref()])?,
    };
    let mut transcript =
        Transcript::of(events.iter().map(AsRef::as_ref), run, active.queued.input.as_ref(), active.base_seq);
    let lost: Vec<Fact> =
        lost_calls(active).into_iter().map(|called| returned(&called, calls::interrupted(&called.call))).collect();
    for fact in &lost {
        transcript.add(Some(run), fact, true);
    }
    let tool_calls = active.tool_calls;
    let work = Work {
        run: run.clone(),
        agent,
        model: model.clone(),
        pins: active.queued.pins.clone(),
        attempt: active.attempt + 1,
        started_at: active.started_at.unwrap_or_else(|| core.clock.now()),
        message_id: MessageId::new(&*core.clock),
        transcript,
        rounds: active.run.rounds,
        tool_calls,
        usage: active.run.usage.clone(),
    };
    let stop = ledger.works_on(run);
    let started = RunStarted {
        agent: work.agent.name.clone(),
        message_id: work.message_id.clone(),
        previous_message_id: fold.last_message.clone(),
        model,
        attempt: work.attempt,
        process: core.process.clone(),
        base_seq: active.base_seq,
    };
    let mut facts: Vec<Fact> = lost;
    if active.run.status == RunStatus::Running {
        facts.extend(abandoned(active));
    }
    facts.push(Fact::RunStarted(started));
    let driver = Driver::new(core, ledger, work, stop).inspect_err(|_| ledger.leaves(run))?;
    let first = taking(Arc::clone(ledger), run.clone(), active.attempt, facts, active.run.agent.clone());
    let (sender, taken) = oneshot::channel();
    core.tasks.spawn(driver.drive(
        first,
        Box::new(move |result| {
            let _ = sender.send(result);
        }),
    ));
    taken.await.unwrap_or_else(|_| Err(Error::internal("a run ended before it began")))?;
    Ok(fold.head)
}

/// The calls that nobody knows the outcome of and that are not repeated.
fn lost_calls(active: &FoldedRun) -> Vec<ToolCalled> {
    let owned = active.run.status == RunStatus::Running;
    let lost = active
        .open_calls
        .iter()
        .filter(|called| owned && called.call.effect == Effect::Once && called.call.place == crate::domain::Place::Here);
    lost.cloned().collect()
}

fn taking(ledger: Arc<Ledger>, run: RunId, attempt: u32, facts: Vec<Fact>, agent: String) -> Pending {
    async move {
        let appended: Result<Vec<Arc<Event>>, Refused> = ledger
            .append(|fold| {
                let held = fold.and_then(|fold| fold.active_run(&run)).is_some_and(|active| active.attempt == attempt);
                if !held {
                    return Err(Refused::Fenced);
                }
                let mut draft =
                    Draft { fence: Some(Fence { run: run.clone(), token: u64::from(attempt) }), ..Draft::default() };
                for fact in &facts {
                    draft.run(&run, Actor::agent(agent.clone()), fact.clone());
                }
                Ok(draft)
            })
            .await;
        appended
    }
    .boxed()
}

/// The agent as the run pinned it.
async fn pinned(core: &Core, active: &FoldedRun) -> Result<Agent> {
    let revision = &active.queued.revision.0;
    match core.store.record(REVISION, revision).await? {
        Some(record) => serde_json::from_str(&record.body).map_err(|error| {
            Error::store(Some(Cause::Corrupt), format!("agent revision `{revision}` cannot be read: {error}"))
        }),
        None => core.agent(&active.run.agent).cloned(),
    }
}

/// Looks for runs whose process died, in one session or in all, and closes or resumes them.
pub(crate) async fn restore(
    core: &Arc<Core>,
    session: Option<&SessionId>,
    orphans: Orphans,
    actor: Actor,
) -> Result<Vec<Restored>> {
    let sessions = match session {
        Some(id) => vec![id.clone()],
        None => all_active(core).await?,
    };
    let mut restored = Vec::new();
    for id in sessions {
        let ledger = core.existing(&id).await?;
        let fold = ledger.fold().await?;
        for active in &fold.active {
            let waits = active.run.status == RunStatus::Waiting;
            if waits || core.is_alive(active.run.process.as_ref()).await? {
                continue;
            }
            let resumed = orphans == Orphans::Resume;
            let before = if resumed {
                resume(core, &ledger, &active.run.id).await?
            } else {
                close(core, &ledger, &active.run.id, actor.clone()).await?
            };
            restored.push(Restored {
                session: id.clone(),
                run: active.run.id.clone(),
                open_calls: active.open_calls.iter().map(|called| called.call.name.clone()).collect(),
                resumed,
                before: Cursor::after(fold.session.incarnation, before),
            });
        }
    }
    Ok(restored)
}

async fn all_active(core: &Core) -> Result<Vec<SessionId>> {
    let mut found = Vec::new();
    let mut query = SessionQuery { active: true, limit: PAGE, ..SessionQuery::default() };
    loop {
        let page = core.store.sessions(&query).await?;
        let Some(last) = page.last() else { return Ok(found) };
        query.after =
            Some(crate::storage::SessionsAfter { updated_at: last.session.updated_at, id: last.session.id.clone() });
        found.extend(page.into_iter().map(|summary| summary.session.id));
    }
}

//! Runs whose process died: closing them, or going on with them.

use std::sync::Arc;

use futures_util::future::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::calls;
use super::course::Course;
use super::drive::{Driver, Work};
use super::holding::Holding;
use super::house::Core;
use super::ledger::{Draft, Ledger, Refused};
use super::verbs::{Orphans, Restored};
use crate::domain::{
    Actor, Agent, CallerTool, Cause, Cursor, Display, Effect, Error, ErrorCode, Fact, Fold, FoldedRun, MessageAbandoned,
    MessageId, OnOrphan, Outcome, Principal, Result, Run, RunFinished, RunId, RunQueued, RunStarted, RunStatus, SessionId,
    Timestamp, ToolCalled, ToolReturn, ToolReturned, Transcript,
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

/// Whether nobody works on a run, and nobody will by itself. One that waits for its turn is none: whoever attends to the
/// queue takes it.
pub(crate) async fn is_orphan(core: &Core, ledger: &Ledger, active: &FoldedRun) -> Result<bool> {
    if active.run.status == RunStatus::Waiting {
        let late = active.deadline.is_some_and(|deadline| core.clock.now() > deadline);
        return Ok(late || active.open_calls.is_empty());
    }
    if active.run.waits_in_turn() {
        return Ok(false);
    }
    let alive = core.is_worked_on(&ledger.id, &active.run.id, active.run.process.as_ref()).await?;
    Ok(!alive)
}

/// Whether a run that nobody works on is gone on with by whoever comes next: as its pins say, and when it was queued for
/// anybody, or waits for nothing any more.
pub(crate) fn goes_on(active: &FoldedRun) -> bool {
    match active.run.status {
        RunStatus::Waiting => active.open_calls.is_empty(),
        RunStatus::Queued if active.run.waits_in_turn() => true,
        _ => active.queued.pins.on_orphan == OnOrphan::Resume,
    }
}

/// Deals with a run that lost its process, as its pins say.
pub(crate) async fn take_over(core: &Arc<Core>, ledger: &Arc<Ledger>, active: &FoldedRun, actor: Actor) -> Result<()> {
    if goes_on(active) {
        match claim(core, ledger, active).await {
            Ok(_) => return Ok(()),
            // Another process was quicker.
            Err(error) if matches!(error.code, ErrorCode::Conflict | ErrorCode::Busy) => return Ok(()),
            // What fails is the store, and not the run.
            Err(error) if error.code == ErrorCode::StoreFailed => return Err(error),
            Err(error) => tracing::warn!(%error, run = %active.run.id, "an orphaned run cannot go on, and is closed"),
        }
    }
    close(core, ledger, active, actor, None).await?;
    Ok(())
}

/// Closes a run that no process works on, unless one has taken it up since it was `judged`: as cancelled when that was
/// asked for, else as failed for a reason, or as interrupted. Answers the last event before.
pub(crate) async fn close(
    core: &Arc<Core>,
    ledger: &Arc<Ledger>,
    judged: &FoldedRun,
    actor: Actor,
    reason: Option<&Error>,
) -> Result<u64> {
    let now = core.clock.now();
    let run = &judged.run.id;
    let events = ledger
        .append(|fold| {
            let active = fold.and_then(|fold| fold.active_run(run)).filter(|active| active.attempt == judged.attempt);
            let Some(active) = active else { return Ok(Draft::default()) };
            let fence = Fence { run: run.clone(), token: active.run.fence };
            let mut draft = Draft { fence: Some(fence), ..Draft::default() };
            closing(active, now, reason).into_iter().for_each(|fact| draft.run(run, actor.clone(), fact));
            Ok(draft)
        })
        .await?;
    Ok(events.first().map_or(0, |event| event.seq).saturating_sub(1))
}

/// What ends a run that no process works on: its open calls return, what it was writing is abandoned, and it ends.
pub(crate) fn closing(active: &FoldedRun, now: Timestamp, reason: Option<&Error>) -> Vec<Fact> {
    let mut facts = Vec::new();
    let cancelled = active.cancel_requested.is_some();
    for called in &active.open_calls {
        let gave = if cancelled { calls::cancelled(&called.call) } else { calls::interrupted(&called.call) };
        facts.push(returned(called, gave));
    }
    facts.extend(abandoned(active));
    let late = active.run.status == RunStatus::Waiting && !active.open_calls.is_empty();
    let interrupted = || {
        if late {
            return Error::new(ErrorCode::TimedOut, "the caller's tools did not answer in time");
        }
        Error::new(ErrorCode::Unavailable, "the process that worked on this run died")
            .because(Cause::Interrupted)
            .hint("ask again in the same session; it goes on from what is in the log")
    };
    let error = (!cancelled).then(|| reason.cloned().unwrap_or_else(interrupted));
    let finished = RunFinished {
        agent: active.run.agent.clone(),
        outcome: if cancelled { Outcome::Cancelled } else { Outcome::Failed },
        answer: active.answer_text.clone(),
        output: None,
        message_id: active.answer.clone(),
        model: active.run.model.clone(),
        rounds: active.run.rounds,
        tool_calls: active.tool_calls,
        usage: active.run.usage.clone(),
        elapsed_ms: now.millis_since(active.started_at.unwrap_or(active.run.queued_at)),
        error,
    };
    facts.push(Fact::RunFinished(finished));
    facts
}

/// Goes on with a run in this process after the caller answered what it waited for in this attempt. Answers the last event
/// before.
pub(crate) async fn resume(core: &Arc<Core>, ledger: &Arc<Ledger>, run: &RunId, attempt: u32) -> Result<u64> {
    Ok(go_on(core, ledger, run, attempt, Asking::Beside).await?.before)
}

/// The same for whoever gives again what was given: others may go on at the same moment, or have done so.
pub(crate) async fn resume_again(core: &Arc<Core>, ledger: &Arc<Ledger>, run: &RunId, attempt: u32) -> Result<u64> {
    Ok(go_on(core, ledger, run, attempt, Asking::After).await?.before)
}

/// Goes on with a run in this process after its process died, or one that none has begun. Others may want to at the same
/// moment, so the model is asked only when the run is taken. Answers the last event before.
///
/// # Errors
/// `conflict` when a process has taken it up, or it has ended, since it was `judged`.
pub(crate) async fn claim(core: &Arc<Core>, ledger: &Arc<Ledger>, judged: &FoldedRun) -> Result<GoneOn> {
    go_on(core, ledger, &judged.run.id, judged.attempt, Asking::After).await
}

/// A run that was gone on with.
pub(crate) struct GoneOn {
    /// The last event before.
    pub(crate) before: u64,
    /// What works on it, until it has ended or waits for its caller; `None` = it has ended already.
    pub(crate) driver: Option<JoinHandle<()>>,
}

/// When the model is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// Beside the append that takes the run.
    Beside,
    /// After it.
    After,
}

/// `attempt` = the one that was found to wait, or to have lost its process.
async fn go_on(core: &Arc<Core>, ledger: &Arc<Ledger>, run: &RunId, attempt: u32, asking: Asking) -> Result<GoneOn> {
    core.attend().await?;
    core.follow_others().await;
    let at_work = ledger.works_on(run);
    let (fold, events) = ledger.window().await?;
    super::asking::drivable(&fold)?;
    super::lives::must_live(&fold, core.clock.now())?;
    let active = fold.active_run(run).ok_or_else(|| {
        Error::new(ErrorCode::Conflict, format!("run `{run}` has ended")).hint("ask again in the same session")
    })?;
    if attempt != active.attempt {
        return Err(Error::new(ErrorCode::Conflict, format!("another process goes on with run `{run}`")));
    }
    if active.cancel_requested.is_some() {
        let before = close(core, ledger, active, Actor::house(), None).await?;
        return Ok(GoneOn { before, driver: None });
    }
    // A run that never began sees all that there is by now.
    let base_seq = if active.attempt == 0 { fold.head } else { active.base_seq };
    let agent = pinned(core, &active.queued).await?;
    let model = match &active.run.model {
        Some(model) => model.clone(),
        None => core.choose_for(&agent, [active.queued.pins.model.as_ref(), None, agent.model.as_ref()])?,
    };
    let mut transcript = {
        let events = events.iter().map(AsRef::as_ref);
        Transcript::of(events, (&agent.name, run), active.queued.input.as_ref(), base_seq)
    };
    let lost: Vec<Fact> =
        lost_calls(active).into_iter().map(|called| returned(&called, calls::interrupted(&called.call))).collect();
    for fact in &lost {
        transcript.add(Some(run), fact, true);
    }
    let tool_calls = active.tool_calls;
    let course = Course::new(&agent, &active.queued, fold.state.clone(), fold.threads.clone())?;
    let work = Work {
        run: run.clone(),
        course,
        agent,
        model: model.clone(),
        pins: active.queued.pins.clone(),
        taking_part: active.queued.taking_part.clone(),
        attempt: active.attempt + 1,
        started_at: active.started_at.unwrap_or_else(|| core.clock.now()),
        message_id: next_message(core, active),
        transcript,
        rounds: active.run.rounds,
        tool_calls,
        usage: active.run.usage.clone(),
        worked: std::time::Duration::from_millis(active.worked()),
        answer_id: active.answer.clone(),
        answer: active.answer_text.clone(),
    };
    let started = RunStarted {
        agent: work.agent.name.clone(),
        message_id: work.message_id.clone(),
        previous_message_id: fold.last_message.clone(),
        input: super::input::told(&events, active.queued.input.as_ref()),
        model,
        attempt: work.attempt,
        process: core.process.clone(),
        base_seq,
        step: active.step.clone(),
    };
    let mut facts: Vec<Fact> = lost;
    if active.run.status == RunStatus::Running {
        facts.extend(abandoned(active));
    }
    facts.push(Fact::RunStarted(started));
    let own = core.own_providers(&work.agent).await?;
    let driver = Driver::new(core, ledger, work, at_work, own)?;
    let agent = active.run.agent.clone();
    let holding = Holding { ledger: Arc::clone(ledger), run: run.clone(), attempt: active.attempt, agent };
    let mut first = holding.append(facts, may_take);
    if asking == Asking::After {
        let events = first.await?;
        first = async { Ok(events) }.boxed();
    }
    let (sender, taken) = oneshot::channel();
    let driver = core.tasks.spawn(driver.drive(
        first,
        Box::new(move |result| {
            let _ = sender.send(result);
        }),
    ));
    taken.await.unwrap_or_else(|_| Err(Error::internal("a run ended before it began")))?;
    Ok(GoneOn { before: fold.head, driver: Some(driver) })
}

/// The message that is written next: the one that was announced, unless something of it may have been shown.
fn next_message(core: &Core, active: &FoldedRun) -> MessageId {
    let announced = active.writing.clone().filter(|_| active.run.status == RunStatus::Waiting);
    announced.unwrap_or_else(|| MessageId::new(&*core.clock))
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

/// What stands against taking a run up: that it is to end, or that it is not its turn.
fn may_take(fold: &Fold, active: &FoldedRun) -> Result<(), Refused> {
    if active.cancel_requested.is_some() {
        return Err(Refused::Fenced);
    }
    // Runs of an agent are serial, also when several are taken up.
    let mut others = fold.active.iter().filter(|other| other.run.agent == active.run.agent);
    if let Some(other) = others.find(|other| other.queued_seq < active.queued_seq) {
        let message = format!("run `{}` comes before this one", other.run.id);
        return Err(Error::new(ErrorCode::Busy, message).into());
    }
    Ok(())
}

/// The agent as a run pinned it, with all tools of the caller that the run has.
pub(crate) async fn agent_of(core: &Core, run: &Run) -> Result<Agent> {
    let ledger = core.existing(&run.session).await?;
    let queued = match ledger.fold().await?.active_run(&run.id) {
        Some(active) => active.queued.clone(),
        None => queued(core, run).await?,
    };
    let mut agent = pinned(core, &queued).await?;
    for spec in queued.pins.caller_tools {
        if !agent.caller_tools.iter().any(|tool| tool.name == spec.name) {
            agent.caller_tools.push(CallerTool {
                name: spec.name,
                description: spec.description,
                parameters: spec.parameters,
                display: Display::default(),
                title: None,
            });
        }
    }
    Ok(agent)
}

/// How a run was queued that has ended.
async fn queued(core: &Core, run: &Run) -> Result<RunQueued> {
    let mut before = None;
    loop {
        let entries = core.store.read_back(&run.session, before, PAGE).await?;
        for entry in entries.iter().rev() {
            let event = super::reading::decode(&run.session, entry)?;
            if let (Fact::RunQueued(queued), Some(of)) = (event.fact, event.run)
                && of == run.id
            {
                return Ok(*queued);
            }
        }
        match entries.first() {
            Some(first) if first.seq > 1 => before = Some(first.seq),
            _ => return Err(Error::not_found("run", &run.id)),
        }
    }
}

/// The agent as the run pinned it.
async fn pinned(core: &Core, queued: &RunQueued) -> Result<Agent> {
    let revision = &queued.revision.0;
    match core.store.record(REVISION, revision).await? {
        Some(record) => serde_json::from_str(&record.body).map_err(|error| {
            Error::store(Some(Cause::Corrupt), format!("agent revision `{revision}` cannot be read: {error}"))
        }),
        None => core.agent(&queued.agent).await.map(|working| working.agent),
    }
}

/// Looks for runs whose process died, in one session or in all, and closes or resumes them.
pub(crate) async fn restore(
    core: &Arc<Core>,
    caller: &Principal,
    session: Option<&SessionId>,
    orphans: Orphans,
) -> Result<Vec<Restored>> {
    let sessions = match session {
        Some(id) => vec![id.clone()],
        None => all_active(core).await?,
    };
    let mut restored = Vec::new();
    let mut failed = None;
    for id in sessions {
        match restore_one(core, caller, &id, orphans, &mut restored).await {
            // One session that cannot be read must not keep the others.
            Err(error) if session.is_none() => {
                tracing::warn!(session = %id, %error, "a session cannot be restored");
                failed.get_or_insert(error);
            }
            done => done?,
        }
    }
    match failed {
        // That nothing was interrupted would not be true.
        Some(error) if restored.is_empty() => Err(error),
        _ => Ok(restored),
    }
}

async fn restore_one(
    core: &Arc<Core>,
    caller: &Principal,
    id: &SessionId,
    orphans: Orphans,
    restored: &mut Vec<Restored>,
) -> Result<()> {
    let actor = caller.actor();
    let ledger = core.existing(id).await?;
    let fold = ledger.fold().await?;
    for active in &fold.active {
        if !is_orphan(core, &ledger, active).await? {
            continue;
        }
        if orphans == Orphans::Resume {
            super::access::may_resume(caller, &active.queued.pins)?;
        }
        let run = &active.run.id;
        let taken = match orphans {
            Orphans::Resume => claim(core, &ledger, active).await.map(|gone_on| Some(gone_on.before)),
            Orphans::Close => Ok(None),
        };
        let (before, resumed) = match taken {
            Ok(Some(before)) => (before, true),
            Ok(None) => (close(core, &ledger, active, actor.clone(), None).await?, false),
            // It cannot go on: it is closed, and says why.
            Err(error) => (close(core, &ledger, active, actor.clone(), Some(&error)).await?, false),
        };
        restored.push(Restored {
            session: id.clone(),
            run: run.clone(),
            open_calls: active.open_calls.iter().map(|called| called.call.name.clone()).collect(),
            resumed,
            before: Cursor::after(fold.session.incarnation, before),
            formed: active.queued.pins.form.is_some(),
        });
    }
    Ok(())
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

//! Taking a question: which session, which agent, which model, and whether it is its turn; then the run begins.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::access;
use super::agents::{Working, revision};
use super::drive::{Driver, Work};
use super::holding::Pending;
use super::house::Core;
use super::input::Input;
use super::ledger::{Draft, Ledger, Refused};
use super::recovery;
use super::verbs::{Answering, Ask, Asked, NewSession, OnBusy, Target};
use crate::domain::{
    Agent, Cursor, Error, ErrorCode, Fact, Fold, FoldedRun, MessageId, ModelChoice, OnOrphan, Pins, Principal, Result,
    Revision, RunId, RunQueued, RunStarted, SessionCreated, SessionId, Transcript, Usage,
};
use crate::storage::{Fence, Record};

/// How often a run that waits for another looks whether its process lives.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A question with everything resolved.
struct Taken {
    caller: Principal,
    new: Option<SessionCreated>,
    input: Input,
    agent: Agent,
    model: ModelChoice,
    pins: Pins,
    priority: i32,
    run: RunId,
    revision: (Revision, Record),
}

/// Takes a question.
pub(crate) async fn ask(core: &Arc<Core>, caller: &Principal, ask: Ask) -> Result<Asked> {
    let input = Input::new(core, caller, ask.input, ask.blobs, ask.context)?;
    let (ledger, new, existing) = match ask.target {
        Target::New(new) => {
            let chosen = new.id.is_some();
            let id = new.id.clone().unwrap_or_else(|| SessionId::new(&*core.clock));
            let created = created(core, caller, *new).await?;
            input.check_kept(&*core.store, None).await?;
            let ledger = core.ledger(&id).await?;
            // The append finds this out too, but only beside the call of the model, which nobody would need then.
            if chosen && core.store.head(&id).await?.is_some_and(|head| !head.deleted) {
                return Err(exists(&id));
            }
            (ledger, Some(created), None)
        }
        Target::Existing(id) => {
            let ledger = core.existing(&id).await?;
            let fold = ledger.fold().await?;
            drivable(&fold)?;
            input.check_kept(&*core.store, Some(&ledger.id)).await?;
            (ledger, None, Some(fold))
        }
    };
    let session_agent =
        new.as_ref().map(|new| new.agent.clone()).or(existing.as_ref().map(|fold| fold.session.agent.clone()));
    let name = match ask.answering {
        Answering::Nobody => return post(core, caller, &ledger, new, input).await,
        Answering::One(name) => name,
        Answering::SessionAgent => session_agent.unwrap_or_else(|| core.settings.agent.clone()),
    };
    let Working { agent, trusted } = core.agent(&name).await?;
    let session = existing.as_ref().map(|fold| &fold.session);
    let session_model =
        new.as_ref().and_then(|new| new.model.as_ref()).or(session.and_then(|session| session.model.as_ref()));
    let model = core.choose([ask.pins.model.as_ref(), session_model, agent.model.as_ref()])?;
    core.models.get(&model)?;
    let mut pins = access::under(trusted, access::within(caller, ask.pins));
    pins.model = Some(model.clone());
    if pins.workspace.is_none() {
        let workspace = new.as_ref().and_then(|new| new.workspace.clone());
        pins.workspace = workspace.or_else(|| session.and_then(|session| session.workspace.clone()));
    }
    // The folder that was asked for, or that of a session which somebody else may have made.
    access::may_work_in(core, caller, pins.workspace.as_deref())?;
    let workspace = pins.workspace.get_or_insert_with(|| core.settings.workspace.to_string_lossy().into_owned());
    if core.settings.project_instructions {
        let limit = core.settings.limits.instructions_bytes;
        let of_project = super::instructions::of_project(std::path::Path::new(workspace), limit)?;
        pins.instructions.splice(0..0, of_project);
    }
    // Pinned, so that whoever goes on with the run is bound by the rules that it began with.
    pins.permissions.extend(core.settings.permissions_for(&agent));
    let revision = revision(&agent)?;
    let run = RunId::new(&*core.clock);
    let taken =
        Arc::new(Taken { caller: caller.clone(), new, input, agent, model, pins, priority: ask.priority, run, revision });
    core.attend().await?;
    core.follow_others().await;
    match ask.on_busy {
        OnBusy::Queue => queue(core, &ledger, &taken).await,
        OnBusy::Reject | OnBusy::WaitThenReject | OnBusy::Supersede => in_turn(core, &ledger, &taken, ask.on_busy).await,
    }
}

/// A session that holds facts of a newer version can be read but not continued.
pub(crate) fn drivable(fold: &Fold) -> Result<()> {
    match &fold.unknown {
        None => Ok(()),
        Some(kind) => {
            let message = format!("session `{}` holds `{kind}`, which this version does not know", fold.session.id);
            Err(Error::new(ErrorCode::Conflict, message)
                .because(crate::domain::Cause::Newer)
                .hint("it can be read; continue it with a newer version"))
        }
    }
}

/// The first fact of a new session. Its incarnation is filled in when it is appended.
pub(crate) async fn created(core: &Core, caller: &Principal, new: NewSession) -> Result<SessionCreated> {
    access::may_work_in(core, caller, new.workspace.as_deref())?;
    super::sessions::check_size(new.title.as_deref(), Some(&new.labels), &new.attributes)?;
    let agent = new.agent.unwrap_or_else(|| core.settings.agent.clone());
    // A session names its agent, also where an id was given.
    let agent = core.agent(&agent).await?.agent.name;
    Ok(SessionCreated {
        incarnation: 1,
        title: new.title,
        labels: new.labels,
        agent,
        workspace: new.workspace.or_else(|| Some(core.settings.workspace.to_string_lossy().into_owned())),
        model: new.model,
        lifetime: new.lifetime,
        attributes: new.attributes,
    })
}

/// Refuses to make a session that exists.
pub(crate) fn must_be_new(ledger: &Ledger, fold: Option<&Fold>) -> Result<()> {
    fold.map_or(Ok(()), |_| Err(exists(&ledger.id)))
}

fn exists(id: &SessionId) -> Error {
    Error::new(ErrorCode::Conflict, format!("session `{id}` exists already"))
        .hint(format!("continue it with `-s {id}`, or choose another id"))
}

/// Adds what begins a session, if it is a new one.
fn begin(
    draft: &mut Draft,
    ledger: &Ledger,
    fold: Option<&Fold>,
    new: Option<&SessionCreated>,
    caller: &Principal,
) -> Result<()> {
    match new {
        Some(created) => {
            must_be_new(ledger, fold)?;
            draft.session(caller.actor(), Fact::SessionCreated(created.clone()));
        }
        None if fold.is_none() => return Err(super::ledger::no_session(&ledger.id)),
        None => {}
    }
    Ok(())
}

async fn post(
    core: &Core,
    caller: &Principal,
    ledger: &Arc<Ledger>,
    new: Option<SessionCreated>,
    input: Input,
) -> Result<Asked> {
    input.keep(&core.store, &ledger.id).await?;
    let events = ledger
        .append(|fold| {
            let mut draft = Draft::default();
            begin(&mut draft, ledger, fold, new.as_ref(), caller)?;
            input.facts().for_each(|fact| draft.session(caller.actor(), fact));
            Ok(draft)
        })
        .await?;
    let first = events.first().map_or(1, |event| event.seq);
    let before = Cursor::after(ledger.hub.incarnation(), first - 1);
    Ok(Asked { session: ledger.id.clone(), run: None, model: None, before })
}

/// The run that a new one of this agent would have to wait for.
fn in_the_way<'a>(fold: &'a Fold, agent: &str, own: &RunId) -> Option<&'a FoldedRun> {
    fold.active.iter().find(|active| active.run.agent == agent && active.run.id != *own)
}

fn busy(ledger: &Ledger, active: &FoldedRun) -> Error {
    let message = format!("session `{}` is busy: run `{}` is {}", ledger.id, active.run.id, active.run.status.word());
    Error::new(ErrorCode::Busy, message)
        .hint(format!("wait for it, or cancel it with `ombud sessions cancel {}`", ledger.id))
}

/// Waits for its turn as `on_busy` says, then posts, queues and starts in one append, beside the call of the model.
async fn in_turn(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>, on_busy: OnBusy) -> Result<Asked> {
    let deadline = Instant::now() + core.settings.limits.busy_wait;
    loop {
        if taken.new.is_none() {
            clear_way(core, ledger, taken, on_busy, Some(deadline)).await?;
        }
        match start(core, ledger, taken, true).await {
            Err(error) if error.code == ErrorCode::Busy && on_busy != OnBusy::Reject && Instant::now() < deadline => {}
            other => return other,
        }
    }
}

/// Posts and queues in one append, and answers; the run starts when it is its turn.
async fn queue(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>) -> Result<Asked> {
    taken.input.keep(&core.store, &ledger.id).await?;
    let at_work = ledger.works_on(&taken.run);
    let events = ledger
        .append(|fold| {
            let mut draft = Draft::default();
            draft_queued(&mut draft, core, ledger, fold, taken)?;
            Ok(draft)
        })
        .await?;
    let first = events.first().map_or(1, |event| event.seq);
    let asked = Asked {
        session: ledger.id.clone(),
        run: Some(taken.run.clone()),
        model: Some(taken.model.clone()),
        before: Cursor::after(ledger.hub.incarnation(), first - 1),
    };
    let (core, ledger, taken) = (Arc::clone(core), Arc::clone(ledger), Arc::clone(taken));
    let tracker = core.tasks.clone();
    tracker.spawn(async move {
        let may_be_left = taken.pins.on_orphan == OnOrphan::Resume;
        let way = tokio::select! {
            biased;
            // Another process goes on with it.
            () = core.leaving.cancelled(), if may_be_left => return,
            way = clear_way(&core, &ledger, &taken, OnBusy::Queue, None) => way,
        };
        let ready = match way {
            Ok(()) => start(&core, &ledger, &taken, false).await.map(|_| ()),
            Err(error) => Err(error),
        };
        if let Err(error) = ready {
            tracing::warn!(%error, run = %taken.run, "a queued run could not start");
            // What fails is this process or its store, and not the run: whoever comes next goes on with it.
            if may_be_left && matches!(error.code, ErrorCode::Internal | ErrorCode::StoreFailed) {
                return;
            }
            if let Err(error) = give_up(&core, &ledger, &taken, &error).await {
                ledger.hub.break_off(error);
            }
        }
        drop(at_work);
    });
    Ok(asked)
}

/// Closes a queued run that cannot start.
async fn give_up(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Taken, why: &Error) -> Result<()> {
    let fold = ledger.fold().await?;
    if let Some(own) = fold.active_run(&taken.run) {
        recovery::close(core, ledger, own, taken.caller.actor(), Some(why)).await?;
    }
    Ok(())
}

/// Waits until no other run of the agent is at work in the session.
async fn clear_way(
    core: &Arc<Core>,
    ledger: &Arc<Ledger>,
    taken: &Taken,
    on_busy: OnBusy,
    deadline: Option<Instant>,
) -> Result<()> {
    let mut joined = ledger.join();
    let mut cancelled = false;
    loop {
        let fold = ledger.fold().await?;
        if on_busy == OnBusy::Queue && fold.active_run(&taken.run).is_none_or(|own| own.cancel_requested.is_some()) {
            return Ok(());
        }
        let Some(active) = in_the_way(&fold, &taken.agent.name, &taken.run) else { return Ok(()) };
        if on_busy == OnBusy::Queue && fold.active_run(&taken.run).is_some_and(|own| own.queued_seq < active.queued_seq) {
            return Ok(());
        }
        if recovery::is_orphan(core, ledger, active).await? {
            recovery::take_over(core, ledger, active, taken.caller.actor()).await?;
            continue;
        }
        match on_busy {
            OnBusy::Reject => return Err(busy(ledger, active)),
            OnBusy::Supersede if !cancelled => {
                super::runs::request_cancel(
                    core,
                    ledger,
                    &taken.caller,
                    Some(&active.run.id),
                    "superseded by a new question",
                )
                .await?;
                cancelled = true;
                continue;
            }
            OnBusy::Supersede | OnBusy::WaitThenReject | OnBusy::Queue => {}
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(busy(ledger, active));
        }
        // Whatever happens in the session wakes it; and it looks itself, since a process can die in silence.
        let _ = tokio::time::timeout(LOOK_EVERY, joined.receiver.recv()).await;
    }
}

fn draft_queued(draft: &mut Draft, core: &Core, ledger: &Ledger, fold: Option<&Fold>, taken: &Taken) -> Result<()> {
    begin(draft, ledger, fold, taken.new.as_ref(), &taken.caller)?;
    if let Some(fold) = fold {
        drivable(fold)?;
    }
    let actor = taken.caller.actor();
    taken.input.facts().for_each(|fact| draft.session(actor.clone(), fact));
    // All that a question brings about names its run, from the first fact on.
    draft.facts.iter_mut().for_each(|(run, ..)| *run = Some(taken.run.clone()));
    let queued = RunQueued {
        agent: taken.agent.name.clone(),
        revision: taken.revision.0.clone(),
        input: Some(taken.input.message.id.clone()),
        process: Some(core.process.clone()),
        priority: taken.priority,
        pins: taken.pins.clone(),
    };
    draft.run(&taken.run, actor, Fact::RunQueued(queued));
    draft.records.push(taken.revision.1.clone());
    Ok(())
}

/// Starts the run. `whole` = also posts and queues it, in the same append.
async fn start(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>, whole: bool) -> Result<Asked> {
    if whole {
        taken.input.keep(&core.store, &ledger.id).await?;
    }
    let at_work = ledger.works_on(&taken.run);
    let (mut transcript, seen, previous) = if taken.new.is_some() && whole {
        (Transcript::default(), 0, None)
    } else {
        let (fold, events) = ledger.window().await?;
        if !whole {
            match fold.active_run(&taken.run) {
                None => return Ok(asked(ledger, taken, 0)),
                Some(own) if own.cancel_requested.is_some() => {
                    let closed = recovery::close(core, ledger, own, taken.caller.actor(), None).await;
                    return closed.map(|before| asked(ledger, taken, before));
                }
                Some(_) => {}
            }
        }
        let events = events.iter().map(AsRef::as_ref);
        (Transcript::of(events, &taken.run, Some(&taken.input.message.id), fold.head), fold.head, fold.last_message)
    };
    if whole {
        taken.input.facts().for_each(|fact| transcript.add(None, &fact, false));
    }
    let message_id = MessageId::new(&*core.clock);
    let work = Work {
        run: taken.run.clone(),
        agent: taken.agent.clone(),
        model: taken.model.clone(),
        pins: taken.pins.clone(),
        attempt: 1,
        started_at: core.clock.now(),
        message_id: message_id.clone(),
        transcript,
        rounds: 0,
        tool_calls: 0,
        usage: Usage::default(),
        answer_id: None,
        answer: String::new(),
    };
    // Whoever goes before the question is taken takes it back; who goes later leaves the run to itself.
    let taken_back = at_work.stop.clone().drop_guard();
    let driver = Driver::new(core, ledger, work, at_work)?;
    let (told, first_seq) = oneshot::channel();
    let previous = if whole { Some(taken.input.last().clone()) } else { previous };
    let first =
        first_append(Arc::clone(core), Arc::clone(ledger), Arc::clone(taken), (message_id, previous, seen), whole, told);
    let (sender, taken_result) = oneshot::channel();
    let on_taken = Box::new(move |result| {
        // Whoever asked may have gone.
        let _ = sender.send(result);
    });
    core.tasks.spawn(driver.drive(first, on_taken));
    taken_result.await.unwrap_or_else(|_| Err(Error::internal("a run ended before it began")))?;
    taken_back.disarm();
    let before = first_seq.await.unwrap_or(1).saturating_sub(1);
    Ok(asked(ledger, taken, before))
}

fn asked(ledger: &Ledger, taken: &Taken, before: u64) -> Asked {
    Asked {
        session: ledger.id.clone(),
        run: Some(taken.run.clone()),
        model: Some(taken.model.clone()),
        before: Cursor::after(ledger.hub.incarnation(), before),
    }
}

fn first_append(
    core: Arc<Core>,
    ledger: Arc<Ledger>,
    taken: Arc<Taken>,
    (message_id, previous, seen): (MessageId, Option<MessageId>, u64),
    whole: bool,
    told: oneshot::Sender<u64>,
) -> Pending {
    async move {
        let events = ledger
            .append(|fold| {
                if let Some(active) = fold.and_then(|fold| in_the_way(fold, &taken.agent.name, &taken.run))
                    && whole
                {
                    return Err(busy(&ledger, active).into());
                }
                let mut draft = Draft { fence: Some(Fence { run: taken.run.clone(), token: 0 }), ..Draft::default() };
                if whole {
                    draft_queued(&mut draft, &core, &ledger, fold, &taken)?;
                } else {
                    match fold.and_then(|fold| fold.active_run(&taken.run)) {
                        Some(own) if own.attempt == 0 && own.cancel_requested.is_none() => {}
                        Some(own) if own.attempt == 0 => {
                            return Err(Error::new(ErrorCode::Conflict, "the run was cancelled before it began").into());
                        }
                        _ => return Err(Refused::Fenced),
                    }
                }
                let started = RunStarted {
                    agent: taken.agent.name.clone(),
                    message_id: message_id.clone(),
                    previous_message_id: previous.clone(),
                    input: taken.input.told(),
                    model: taken.model.clone(),
                    attempt: 1,
                    process: core.process.clone(),
                    base_seq: seen,
                };
                draft.run(&taken.run, crate::domain::Actor::agent(taken.agent.name.clone()), Fact::RunStarted(started));
                Ok(draft)
            })
            .await?;
        let _ = told.send(events.first().map_or(1, |event| event.seq));
        Ok(events)
    }
    .boxed()
}

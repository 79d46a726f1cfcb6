//! Taking a question: which session, which agent, which model, and whether it is its turn; then the run begins.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

use super::access::{self, Does, On};
use super::course;
use super::dispatch;
use super::house::Core;
use super::input::Input;
use super::keys;
use super::ledger::{Draft, Ledger};
use super::lines::{begin_when_free, clear_way, has_room};
use super::live::{self, FrameStream};
use super::lives::{check_lifetime, must_live};
use super::starting::{How, start};
use super::taking::{Back, Said, Taken};
use super::verbs::{Answering, Ask, Asked, Begin, NewSession, OnBusy, Target};
use crate::domain::{
    Agent, Cursor, Declaration, Error, ErrorCode, Event, Fact, Fold, FoldedRun, Principal, Result, RunId, SessionCreated,
    SessionId,
};

/// Most bytes of a run's labels, and of its attributes: they stand in each of its rows.
const KEPT_BYTES: usize = 512 << 10;
/// Most bytes of what doors keep about a message.
const MESSAGE_KEPT_BYTES: usize = 64 << 10;
/// The largest priority, and the smallest with a minus.
const PRIORITY: i32 = 1_000;

/// How long a run is waited for by who would not wait for one that waits itself.
const MOMENT: Duration = Duration::from_secs(2);

/// Takes a question.
pub(crate) async fn ask(core: &Arc<Core>, caller: &Principal, mut ask: Ask) -> Result<Asked> {
    check_priority(ask.priority)?;
    super::sessions::check_size_of(("run", KEPT_BYTES), None, Some(&ask.labels), &ask.attributes)?;
    super::sessions::check_size_of(("message", MESSAGE_KEPT_BYTES), None, None, &ask.message_attributes)?;
    let silent = ask.procedure.is_some() && ask.input.is_empty() && ask.context.is_empty();
    let input = if silent { None } else { Some(Input::new(core, caller, &mut ask)?) };
    let mut aliases = Vec::new();
    let mut back = None;
    let target = match std::mem::take(&mut ask.target) {
        Target::Back { session, after } => {
            back = Some(Back(after));
            Target::Existing(session)
        }
        other => other,
    };
    let (ledger, new, existing) = match target {
        Target::New(new) => {
            let chosen = new.id.is_some();
            let id = new.id.clone().unwrap_or_else(|| SessionId::new(&*core.clock));
            aliases = super::sessions::named(new.key.as_ref(), &id)?;
            let created = created(core, caller, *new).await?;
            if let Some(input) = &input {
                input.check_kept(&*core.store, None).await?;
            }
            let ledger = core.ledger(&id).await?;
            // The append finds this out too, but only beside the call of the model, which nobody would need then.
            if chosen && core.store.head(&id).await?.is_some_and(|head| !head.deleted) {
                return Err(exists(&id));
            }
            (ledger, Some(created), None)
        }
        Target::Existing(id) | Target::Back { session: id, .. } => {
            let ledger = core.existing(&id).await?;
            let fold = ledger.fold().await?;
            drivable(&fold)?;
            must_live(&fold, core.clock.now())?;
            if let Some(input) = &input {
                input.check_kept(&*core.store, Some(&ledger.id)).await?;
            }
            (ledger, None, Some(fold))
        }
    };
    let session_agent =
        new.as_ref().map(|new| new.agent.clone()).or(existing.as_ref().map(|fold| fold.session.agent.clone()));
    let said = Said { new, aliases, existing, back, input };
    let name = match &ask.answering {
        Answering::Nobody => return post(core, caller, &ledger, &said).await,
        Answering::Participants | Answering::Chosen(_) => {
            return super::channels::ask(core, caller, &ledger, said, ask).await;
        }
        Answering::One(name) => name.clone(),
        Answering::SessionAgent => session_agent.unwrap_or_else(|| core.settings.agent.clone()),
    };
    let working = core.agent(&name).await?;
    let taken = Arc::new(super::taking::take(core, caller, &ledger, (&said, &ask), working).await?);
    take_up(core, &ledger, &taken, ask.on_busy).await
}

/// Begins the run of a question that was taken, or puts it where it waits.
pub(super) async fn take_up(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>, on_busy: OnBusy) -> Result<Asked> {
    if taken.begin == Begin::InTurn {
        return dispatch::queue(core, ledger, taken).await;
    }
    core.attend().await?;
    core.follow_others().await;
    match on_busy {
        OnBusy::Queue => queue(core, ledger, taken).await,
        OnBusy::Reject | OnBusy::WaitThenReject | OnBusy::Supersede | OnBusy::SupersedeWaiting => {
            in_turn(core, ledger, taken, on_busy).await
        }
    }
}

/// Takes a question, and listens from before it is taken.
pub(crate) async fn ask_and_follow(core: &Arc<Core>, caller: &Principal, mut ask: Ask) -> Result<(Asked, FrameStream)> {
    let ledger = match &mut ask.target {
        Target::New(new) => {
            // Listened to under its id before it is there.
            let id = new.id.get_or_insert_with(|| SessionId::new(&*core.clock));
            core.ledger(id).await?
        }
        Target::Existing(id) | Target::Back { session: id, .. } => {
            access::check(core, caller, Does::Reads, On::Session(&*id)).await?;
            let ledger = core.existing(id).await?;
            ledger.follow().await?;
            ledger
        }
    };
    let here = Cursor::after(ledger.hub.incarnation(), ledger.hub.head());
    let frames = live::subscribe(ledger, here);
    let asked = self::ask(core, caller, ask).await?;
    access::check(core, caller, Does::Reads, On::Session(&asked.session)).await?;
    core.follow_others().await;
    Ok((asked, keys::while_it_counts(core, caller, frames)))
}

/// Bounded, so that whose turn it is can be found step by step.
fn check_priority(priority: i32) -> Result<()> {
    if (-PRIORITY..=PRIORITY).contains(&priority) {
        return Ok(());
    }
    Err(Error::invalid(format!("priority {priority} is not from -{PRIORITY} to {PRIORITY}")))
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

/// What a session of an agent remembers at its beginning.
pub(crate) fn beginning(agent: &Agent, input: Map<String, Value>) -> Result<Map<String, Value>> {
    let mut state = course::declared("input", &agent.inputs, input)?;
    let begins = |(name, declared): (&String, &Declaration)| Some((name.clone(), declared.default.clone()?));
    state.extend(agent.variables.iter().filter_map(begins));
    Ok(state)
}

/// The first fact of a new session. Its incarnation is filled in when it is appended.
pub(crate) async fn created(core: &Core, caller: &Principal, new: NewSession) -> Result<SessionCreated> {
    access::may_work_in(core, caller, new.workspace.as_deref())?;
    check_lifetime(new.lifetime.as_ref())?;
    super::sessions::check_size(new.title.as_deref(), Some(&new.labels), &new.attributes)?;
    let agent = new.agent.unwrap_or_else(|| core.settings.agent.clone());
    // A session names its agent, also where an id was given.
    let of_agent = core.agent(&agent).await?.agent;
    let agent = of_agent.name.clone();
    let state = beginning(&of_agent, new.input)?;
    let participants = super::channels::known(core, new.participants).await?;
    Ok(SessionCreated {
        incarnation: 1,
        title: new.title,
        labels: new.labels,
        agent,
        participants,
        workspace: new.workspace.or_else(|| Some(core.settings.workspace.to_string_lossy().into_owned())),
        model: new.model,
        lifetime: new.lifetime,
        state,
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
pub(super) fn begin(
    draft: &mut Draft,
    core: &Core,
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
        None => must_live(fold.ok_or_else(|| super::ledger::no_session(&ledger.id))?, core.clock.now())?,
    }
    Ok(())
}

/// Says something that nobody answers.
pub(super) async fn post(core: &Core, caller: &Principal, ledger: &Arc<Ledger>, said: &Said) -> Result<Asked> {
    let Some(input) = &said.input else {
        return Err(Error::invalid("a procedure was asked for, and nobody is to answer"));
    };
    input.keep(&core.store, &ledger.id).await?;
    let events = ledger
        .append(|fold| {
            let mut draft = Draft::default();
            begin(&mut draft, core, ledger, fold, said.new.as_ref(), caller)?;
            draft.aliases.clone_from(&said.aliases);
            input.facts().for_each(|fact| draft.session(caller.actor(), fact));
            Ok(draft)
        })
        .await?;
    let message = Some(input.message.id.clone());
    Ok(Asked { message, ..asked(ledger, None, &events) })
}

/// What is told of a question once its first append is durable.
pub(super) fn asked(ledger: &Ledger, taken: Option<&Taken>, events: &[Arc<Event>]) -> Asked {
    let first = events.first().map_or(1, |event| event.seq);
    Asked {
        session: ledger.id.clone(),
        run: taken.map(|taken| taken.run.clone()),
        runs: taken.map(|taken| taken.run.clone()).into_iter().collect(),
        message: taken.and_then(|taken| taken.message().cloned()),
        model: taken.map(|taken| taken.model.clone()),
        before: Cursor::after(ledger.hub.incarnation(), first.saturating_sub(1)),
    }
}

/// The run that a new one of this agent would have to wait for.
pub(super) fn in_the_way<'a>(fold: &'a Fold, agent: &str, own: &RunId) -> Option<&'a FoldedRun> {
    fold.active.iter().find(|active| active.run.agent == agent && active.run.id != *own).map(AsRef::as_ref)
}

pub(super) fn busy(ledger: &Ledger, active: &FoldedRun) -> Error {
    let message = format!("session `{}` is busy: run `{}` is {}", ledger.id, active.run.id, active.run.status.word());
    Error::new(ErrorCode::Busy, message)
        .hint(format!("wait for it, or cancel it with `ombud sessions cancel {}`", ledger.id))
}

/// Waits for its turn as `on_busy` says, then posts, queues and starts in one append, beside the call of the model.
async fn in_turn(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>, on_busy: OnBusy) -> Result<Asked> {
    let most = core.settings.limits.busy_wait;
    let deadline = Instant::now() + if on_busy == OnBusy::SupersedeWaiting { most.min(MOMENT) } else { most };
    loop {
        if taken.new.is_none() {
            clear_way(core, ledger, taken, on_busy, Some(deadline)).await?;
        }
        match start(core, ledger, taken, How::Whole).await {
            Err(error) if error.code == ErrorCode::Busy && on_busy != OnBusy::Reject && Instant::now() < deadline => {}
            other => return other,
        }
    }
}

/// Posts and queues in one append, and answers; the run starts when it is its turn.
async fn queue(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>) -> Result<Asked> {
    has_room(core)?;
    if let Some(input) = &taken.input {
        input.keep(&core.store, &ledger.id).await?;
    }
    let at_work = ledger.works_on(&taken.run);
    let events = ledger
        .append(|fold| {
            let mut draft = Draft::default();
            draft_queued(&mut draft, core, ledger, fold, taken)?;
            Ok(draft)
        })
        .await?;
    begin_when_free(core, ledger, taken, at_work, &events, None);
    Ok(asked(ledger, Some(taken), &events))
}

pub(super) fn draft_queued(
    draft: &mut Draft,
    core: &Core,
    ledger: &Ledger,
    fold: Option<&Fold>,
    taken: &Taken,
) -> Result<()> {
    begin(draft, core, ledger, fold, taken.new.as_ref(), &taken.caller)?;
    draft.aliases.clone_from(&taken.aliases);
    if let Some(fold) = fold {
        drivable(fold)?;
    }
    let actor = taken.caller.actor();
    taken.facts().for_each(|fact| draft.session(actor.clone(), fact));
    // All that a question brings about names its run, from the first fact on.
    draft.facts.iter_mut().for_each(|(run, ..)| *run = Some(taken.run.clone()));
    let queued = taken.queued(core.process.clone());
    draft.run(&taken.run, actor, Fact::RunQueued(Box::new(queued)));
    draft.records.push(taken.revision.1.clone());
    Ok(())
}

//! Runs that wait in this process for another of their agent: in the order in which they were queued, and only the first of
//! an agent looks whether its way is free. So what waits costs nothing, however many wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::asking::{busy, in_the_way};
use super::dispatch::is_full;
use super::holding::AtWork;
use super::house::Core;
use super::ledger::Ledger;
use super::live::{Joined, Signal};
use super::recovery;
use super::starting::{How, start};
use super::taking::Taken;
use super::verbs::OnBusy;
use crate::domain::{Error, ErrorCode, Event, Fact, Frame, OnOrphan, Result, RunStatus};

/// How often a run that waits for another looks whether its process lives.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Those that wait in one session, by agent and by where they were queued.
#[derive(Default)]
pub(crate) struct Lines(Mutex<HashMap<String, BTreeMap<u64, Arc<Notify>>>>);

impl Lines {
    fn all(&self) -> MutexGuard<'_, HashMap<String, BTreeMap<u64, Arc<Notify>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run's place in the line of its agent, until it is dropped.
struct InLine {
    core: Arc<Core>,
    ledger: Arc<Ledger>,
    agent: String,
    queued_seq: u64,
    /// Told when none waits before it any more.
    called: Arc<Notify>,
}

impl InLine {
    fn new(core: &Arc<Core>, ledger: &Arc<Ledger>, agent: &str, queued_seq: u64) -> Self {
        let called = Arc::new(Notify::new());
        ledger.lines.all().entry(agent.to_owned()).or_default().insert(queued_seq, Arc::clone(&called));
        core.queue.in_line.fetch_add(1, Ordering::AcqRel);
        Self { core: Arc::clone(core), ledger: Arc::clone(ledger), agent: agent.to_owned(), queued_seq, called }
    }

    fn is_first(&self) -> bool {
        let lines = self.ledger.lines.all();
        lines.get(&self.agent).and_then(BTreeMap::first_key_value).is_none_or(|(first, _)| *first == self.queued_seq)
    }

    /// Waits until none of its agent waits here before it.
    async fn comes_first(&self) {
        while !self.is_first() {
            self.called.notified().await;
        }
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut lines = self.ledger.lines.all();
        if let Some(line) = lines.get_mut(&self.agent) {
            line.remove(&self.queued_seq);
            match line.first_key_value() {
                Some((_, called)) => called.notify_one(),
                None => drop(lines.remove(&self.agent)),
            }
        }
        self.core.queue.in_line.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Refuses when as many wait in this process as may.
pub(super) fn has_room(core: &Core) -> Result<()> {
    let most = core.settings.server.limits.runs_waiting;
    if core.queue.in_line.load(Ordering::Acquire) < most { Ok(()) } else { Err(is_full(most as u64)) }
}

/// Begins a run that was queued here, by these events, as soon as no other of its agent is at work. `shown` = what it is
/// shown, where that is not all that there is by then.
pub(super) fn begin_when_free(
    core: &Arc<Core>,
    ledger: &Arc<Ledger>,
    taken: &Arc<Taken>,
    at_work: AtWork,
    events: &[Arc<Event>],
    shown: Option<u64>,
) {
    let (core, ledger, taken) = (Arc::clone(core), Arc::clone(ledger), Arc::clone(taken));
    let is_own = |event: &&Arc<Event>| event.run.as_ref() == Some(&taken.run) && matches!(event.fact, Fact::RunQueued(_));
    let queued_seq = events.iter().find(is_own).map_or(0, |event| event.seq);
    let in_line = InLine::new(&core, &ledger, &taken.agent.name, queued_seq);
    let tracker = core.tasks.clone();
    tracker.spawn(async move {
        let may_be_left = taken.pins.on_orphan == OnOrphan::Resume;
        let way = async {
            in_line.comes_first().await;
            clear_way(&core, &ledger, &taken, OnBusy::Queue, None).await
        };
        let way = tokio::select! {
            biased;
            // Another process goes on with it.
            () = core.leaving.cancelled(), if may_be_left => return,
            // It is to end, and has no turn to wait for.
            () = at_work.stop.cancelled() => Ok(()),
            way = way => way,
        };
        let ready = match way {
            Ok(()) => start(&core, &ledger, &taken, How::Queued { shown }).await.map(|_| ()),
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
        drop((in_line, at_work));
    });
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
pub(super) async fn clear_way(
    core: &Arc<Core>,
    ledger: &Arc<Ledger>,
    taken: &Taken,
    on_busy: OnBusy,
    deadline: Option<Instant>,
) -> Result<()> {
    let mut joined = ledger.join();
    let mut cancelled = false;
    loop {
        let before = ledger.look(|fold| {
            let own = fold.active_run(&taken.run);
            if on_busy == OnBusy::Queue && own.is_none_or(|own| own.cancel_requested.is_some()) {
                return None;
            }
            let active = in_the_way(fold, &taken.agent.name, &taken.run)?;
            let is_first = on_busy == OnBusy::Queue && own.is_some_and(|own| own.queued_seq < active.queued_seq);
            (!is_first).then(|| active.clone())
        });
        let Some(active) = &before.await? else { return Ok(()) };
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
                    taken.caller.actor(),
                    Some(&active.run.id),
                    "superseded by a new question",
                )
                .await?;
                cancelled = true;
                continue;
            }
            OnBusy::SupersedeWaiting if active.run.status == RunStatus::Waiting => {
                let reason = "superseded by a new question";
                super::runs::request_cancel(core, ledger, taken.caller.actor(), Some(&active.run.id), reason).await?;
                continue;
            }
            OnBusy::Supersede | OnBusy::SupersedeWaiting | OnBusy::WaitThenReject | OnBusy::Queue => {}
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(busy(ledger, active));
        }
        // It is woken by what may clear its way; and it looks itself, since a process can die in silence.
        let _ = tokio::time::timeout(LOOK_EVERY, may_be_clear(&mut joined, ledger)).await;
    }
}

/// Waits until something has happened that may clear a way: a run has ended, waits for its caller, or is to end.
async fn may_be_clear(joined: &mut Joined, ledger: &Ledger) {
    loop {
        match joined.receiver.recv().await {
            Ok(Signal::Frame(Frame::Fact(event))) => match &event.fact {
                Fact::RunFinished(_) | Fact::RunWaiting(_) | Fact::RunCancelRequested(_) | Fact::SessionDeleted(_) => return,
                _ => {}
            },
            Ok(Signal::Frame(Frame::Delta(_))) => {}
            Ok(Signal::Broken(_)) | Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => {
                *joined = ledger.join();
                return;
            }
        }
    }
}

//! The queue: runs that begin in their turn, and who takes them.
//!
//! A run is put into it without a process, so it waits in the store and not in any memory: over restarts, and for whichever
//! process attends to the queue. Whoever takes it appends its start after what it has seen, so of several processes one
//! begins it. Whose turn it is does not change while runs wait ([`TurnQuery`]): so a few are read at a time.
//!
//! Nothing is looked for while nothing happens: a run that is queued here wakes, and one that is queued elsewhere is told by
//! the store's version.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::asking::{asked, draft_queued};
use super::house::Core;
use super::ledger::{Draft, Ledger};
use super::lives;
use super::recovery::{self, goes_on, is_orphan};
use super::taking::Taken;
use super::verbs::Asked;
use crate::domain::{Actor, Cause, Error, ErrorCode, FoldedRun, Result, Run, RunStatus, SessionId};
use crate::storage::TurnQuery;

/// Runs that are read at a time.
const BATCH: usize = 64;
/// Most pairs of session and agent that are passed over because another run of theirs goes first; of more, nothing further
/// is looked for until something changes.
const BLOCKED: usize = 500;

/// What asking and dispatching share.
#[derive(Default)]
pub(crate) struct Queue {
    /// Told whenever a run was queued here.
    queued: Notify,
    /// Runs that are being queued here and may not be in the store yet.
    coming: AtomicUsize,
    /// Runs that wait in this process for those of their agent before them.
    pub(super) in_line: AtomicUsize,
}

impl Queue {
    /// Waits until a run was queued here since the last time.
    pub(super) async fn is_told(&self) {
        self.queued.notified().await;
    }

    /// Tells whoever attends to the queue that something is in it.
    pub(super) fn tell(&self) {
        self.queued.notify_one();
    }
}

/// A place in the queue that is about to be taken.
pub(super) struct Place<'a>(&'a Queue);

impl<'a> Place<'a> {
    /// Refuses when as many wait as may. Several processes at once may pass it by as many as they ask in the same moment.
    pub(super) async fn find(core: &'a Core) -> Result<Self> {
        let most = core.settings.server.limits.runs_waiting as u64;
        let place = Self(&core.queue);
        let coming = core.queue.coming.fetch_add(1, Ordering::AcqRel) as u64;
        let waiting = core.store.waiting().await?;
        if waiting + coming < most {
            return Ok(place);
        }
        Err(is_full(most))
    }
}

/// As many wait as may.
pub(super) fn is_full(most: u64) -> Error {
    let message = format!("the queue is full: {most} runs wait in it, as many as may");
    Error::new(ErrorCode::Unavailable, message).hint("ask again when some have begun, or raise `server.limits.runs_waiting`")
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.coming.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Posts and queues a run for whichever process is free, in one append.
pub(super) async fn queue(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>) -> Result<Asked> {
    let place = Place::find(core).await?;
    if let Some(input) = &taken.input {
        input.keep(&core.store, &ledger.id).await?;
    }
    let events = ledger
        .append(|fold| {
            let mut draft = Draft::default();
            draft_queued(&mut draft, core, ledger, fold, taken)?;
            Ok(draft)
        })
        .await?;
    drop(place);
    core.queue.tell();
    Ok(asked(ledger, Some(taken), &events))
}

/// Runs of one agent in one session: one at a time.
type Serial = (SessionId, String);

fn serial(run: &Run) -> Serial {
    (run.session.clone(), run.agent.clone())
}

/// What came of a run that was to be taken.
enum Came {
    /// It has ended, or waits for its caller.
    Done,
    /// Another process was quicker, or it had ended.
    Lost,
    /// Another run goes before it.
    Blocked,
    /// The store failed, or this process has no room.
    Failed,
}

/// Takes runs, and lets at most so many work at once.
pub(super) struct Dispatch {
    core: Arc<Core>,
    at_once: usize,
    age_ms: u64,
    /// The runs that were taken and work.
    slots: FuturesUnordered<BoxFuture<'static, (Serial, Came)>>,
    working: HashSet<Serial>,
    /// Those of which another run goes first that does not work here.
    blocked: HashSet<Serial>,
    /// Runs that were begun, and that nobody works on; in the order of their turn.
    orphans: VecDeque<Run>,
    /// Those of them whose turn came while another of theirs worked.
    behind: HashMap<Serial, VecDeque<Run>>,
    /// The next ones of the queue, in the order of their turn.
    batch: VecDeque<Run>,
    /// Whether the queue holds no more than the batch.
    is_dry: bool,
    has_failed: bool,
    /// The store's version when it was looked at last.
    version: Option<u64>,
}

impl Dispatch {
    pub(super) fn of(core: &Arc<Core>) -> Self {
        let limits = &core.settings.server.limits;
        Self {
            core: Arc::clone(core),
            at_once: limits.runs_at_once.max(1),
            age_ms: u64::try_from(limits.runs_age.as_millis()).unwrap_or(u64::MAX),
            slots: FuturesUnordered::new(),
            working: HashSet::new(),
            blocked: HashSet::new(),
            orphans: VecDeque::new(),
            behind: HashMap::new(),
            batch: VecDeque::new(),
            is_dry: false,
            has_failed: false,
            version: None,
        }
    }

    /// Tells of two runs which goes first.
    fn order(&self) -> TurnQuery {
        TurnQuery { age_ms: self.age_ms, ..TurnQuery::default() }
    }

    /// Looks at the queue anew when there is room.
    pub(super) fn renew(&mut self) {
        self.batch.clear();
        self.is_dry = false;
    }

    /// Looks at the store's version: whether something may have changed since the last time.
    pub(super) async fn look_out(&mut self) -> Result<bool> {
        let version = self.core.store.version().await?;
        let is_changed = self.version.replace(version) != Some(version) || self.has_failed;
        if is_changed {
            self.has_failed = false;
            self.blocked.clear();
            self.renew();
        }
        Ok(is_changed)
    }

    /// The runs that nobody works on, as they were found last.
    pub(super) fn found(&mut self, mut orphans: Vec<Run>) {
        let order = self.order();
        orphans.sort_by_cached_key(|run| order.place(run));
        self.orphans = orphans.into();
        self.behind.clear();
    }

    /// Brings the next orphan that an agent has in a session back among those whose turn may come.
    fn bring_next(&mut self, of: &Serial) {
        let Some(behind) = self.behind.get_mut(of) else { return };
        let next = behind.pop_front();
        if behind.is_empty() {
            self.behind.remove(of);
        }
        let Some(next) = next else { return };
        let order = self.order();
        let place = order.place(&next);
        let at = self.orphans.partition_point(|other| order.place(other) <= place);
        self.orphans.insert(at, next);
    }

    /// Waits until a run that was taken works no more; for ever when there is none.
    pub(super) async fn one_done(&mut self) {
        let Some((of, came)) = self.slots.next().await else { return std::future::pending().await };
        self.working.remove(&of);
        self.is_dry = false;
        match came {
            Came::Done | Came::Lost => {
                self.blocked.remove(&of);
                self.bring_next(&of);
            }
            Came::Blocked => drop(self.blocked.insert(of)),
            Came::Failed => self.has_failed = true,
        }
    }

    /// Takes runs for as long as there is room.
    pub(super) async fn fill(&mut self, stop: &CancellationToken) -> Result<()> {
        while self.slots.len() < self.at_once && !self.has_failed {
            if stop.is_cancelled() || self.core.leaving.is_cancelled() {
                break;
            }
            match self.next().await? {
                Some(run) => self.begin(run),
                None => break,
            }
        }
        Ok(())
    }

    /// The run whose turn it is.
    async fn next(&mut self) -> Result<Option<Run>> {
        loop {
            if self.batch.is_empty() && !self.is_dry && self.blocked.len() < BLOCKED {
                let without = self.working.iter().chain(&self.blocked).cloned().collect();
                let query = TurnQuery { without, limit: BATCH, ..self.order() };
                let found = self.core.store.turn(&query).await?;
                self.is_dry = found.len() < BATCH;
                self.batch = found.into();
            }
            let order = self.order();
            let is_orphan = match (self.orphans.front(), self.batch.front()) {
                (None, None) if self.is_dry || self.blocked.len() >= BLOCKED => return Ok(None),
                (None, None) => continue,
                (Some(orphan), Some(first)) => order.place(orphan) <= order.place(first),
                (orphan, _) => orphan.is_some(),
            };
            let run = if is_orphan { self.orphans.pop_front() } else { self.batch.pop_front() };
            let Some(run) = run else { continue };
            let of = serial(&run);
            if !self.is_passed_over(&of) {
                return Ok(Some(run));
            }
            if is_orphan && self.working.contains(&of) {
                self.behind.entry(of).or_default().push_back(run);
            }
        }
    }

    fn is_passed_over(&self, of: &Serial) -> bool {
        self.working.contains(of) || self.blocked.contains(of)
    }

    /// Begins a run, whether there is room or not.
    pub(super) fn begin(&mut self, run: Run) {
        let of = serial(&run);
        if !self.working.insert(of.clone()) {
            return;
        }
        let core = Arc::clone(&self.core);
        // Not torn out of its middle when nobody attends to the queue any more: a run that is taken is taken whole.
        let task = self.core.tasks.spawn(async move { take(&core, &run).await });
        self.slots.push(async move { (of, task.await.unwrap_or(Came::Lost)) }.boxed());
    }
}

/// Takes a run and waits until it works no more.
async fn take(core: &Arc<Core>, run: &Run) -> Came {
    match begin(core, run).await {
        Ok(Ok(Some(driver))) => {
            // Should it have panicked, the run is found without a driver.
            let _ = driver.await;
            Came::Done
        }
        Ok(Ok(None)) => Came::Done,
        Ok(Err(came)) => came,
        // Another process was quicker, or the session is gone.
        Err(error) if matches!(error.code, ErrorCode::Conflict | ErrorCode::NotFound) => Came::Lost,
        Err(error) if error.code == ErrorCode::Busy => Came::Blocked,
        Err(error) => {
            tracing::warn!(%error, run = %run.id, session = %run.session, "a run that nobody works on cannot be taken");
            Came::Failed
        }
    }
}

/// Begins a run, goes on with it, or closes it. Answers its driver, where it works now.
async fn begin(core: &Arc<Core>, run: &Run) -> Result<std::result::Result<Option<JoinHandle<()>>, Came>> {
    let ledger = core.existing(&run.session).await?;
    let fold = ledger.fold().await?;
    // By the log: rows are older than that by a moment.
    let Some(mut active) = fold.active_run(&run.id) else { return Ok(Err(Came::Lost)) };
    if active.run.status != RunStatus::Running && fold.is_over(core.clock.now()) {
        lives::end_expired_runs(core, &ledger).await?;
        return Ok(Ok(None));
    }
    if !active.run.waits_in_turn() && !is_orphan(core, &ledger, active).await? {
        return Ok(Err(Came::Lost));
    }
    let close = async |active: &FoldedRun, why: Option<&Error>| {
        recovery::close(core, &ledger, active, Actor::house(), why).await?;
        Ok(Ok(None))
    };
    if !goes_on(active) {
        return close(active, None).await;
    }
    // Runs of one agent are serial, in the order of the log: one before it goes first, whatever the priorities say.
    if let Some(first) = fold.active.iter().find(|other| other.run.agent == active.run.agent)
        && first.run.id != active.run.id
    {
        let is_free =
            first.run.status != RunStatus::Waiting && (first.run.waits_in_turn() || is_orphan(core, &ledger, first).await?);
        if !is_free {
            return Ok(Err(Came::Blocked));
        }
        active = first;
        if !goes_on(active) {
            return close(active, None).await;
        }
    }
    if let Some(error) = given_up(core, active) {
        return close(active, Some(&error)).await;
    }
    if active.attempt == 0
        && let Err(error) = core.agent(&active.run.agent).await
        && error.code == ErrorCode::Inactive
    {
        return close(active, Some(&error)).await;
    }
    match recovery::claim(core, &ledger, active).await {
        Ok(gone_on) => Ok(Ok(gone_on.driver)),
        Err(error) if matches!(error.code, ErrorCode::Conflict | ErrorCode::Busy | ErrorCode::StoreFailed) => Err(error),
        // It cannot go on: its model or workspace is gone.
        Err(error) => close(active, Some(&error)).await,
    }
}

/// Why a run is not begun once more whose process died: that was so often enough.
fn given_up(core: &Core, active: &FoldedRun) -> Option<Error> {
    let begun = active.run.interruptions + 1;
    if active.run.status != RunStatus::Running || begun < core.settings.server.limits.run_attempts {
        return None;
    }
    let times = if begun == 1 { "once".to_owned() } else { format!("{begun} times") };
    let message = format!("the run was begun {times}, and its process died or stopped each time; it is given up");
    Some(
        Error::new(ErrorCode::Unavailable, message)
            .because(Cause::Interrupted)
            .hint("ask again in the same session; it goes on from what is in the log"),
    )
}

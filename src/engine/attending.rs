//! What a server does for runs that nobody works on: those whose process died, and those that were queued for whoever is
//! free. It goes on with them or closes them, as they were asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::House;
use super::house::Core;
use super::lives;
use super::recovery::{self, goes_on, is_orphan};
use crate::domain::{Actor, Error, ErrorCode, ProcessId, Result, Run, RunId, RunStatus, SessionId, Timestamp};
use crate::storage::RunQuery;

/// How often sessions are looked for whose time is over, to remove what was said in them. That may cost a rewrite of the
/// store, so it is not done at once.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How often runs are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// Most runs that are looked at each time.
const LOOKED_AT: usize = 10_000;
/// Waiting so long counts as one step of priority, so that a run of low priority does not wait for ever.
const AGE_MS: i64 = 10_000;
/// So often one run is taken here. One that ends its driver each time without ending itself is closed then.
const TRIES: u32 = 3;

impl House {
    /// Attends to runs that nobody works on, until `stop` fires: at once, and then every second. Runs that it has taken
    /// go on after that; [`super::Engine::drain`] waits for them.
    ///
    /// Tool servers that are meant to run are started first, and run from then on until the house is left.
    ///
    /// - A run whose process died is gone on with or closed, as its `on_orphan` says.
    /// - A run that was queued without a process is taken.
    /// - A run whose caller did not answer in time is closed; one that was answered by a process which then died is
    ///   gone on with.
    /// - A run that waits in a session whose time is over is cancelled; every ten minutes what was said in such sessions
    ///   is removed for good.
    ///
    /// At most `server.limits.runs_at_once` of those that it has taken work at once; the others wait, and go by
    /// priority, which rises with waiting, then by age.
    ///
    /// # Errors
    /// `store_failed` when this process cannot be made one of the living; what fails later is logged and tried again.
    pub async fn attend_to_queue(&self, stop: CancellationToken) -> Result<()> {
        self.core.attend().await?;
        self.core.follow_others().await;
        super::tool_servers::begin(&self.core).await;
        let mut attendant = Attendant::of(&self.core);
        let mut clock = tokio::time::interval(EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweeping: Option<JoinHandle<()>> = None;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                _ = sweep.tick(), if sweeping.as_ref().is_none_or(JoinHandle::is_finished) => {
                    let core = Arc::clone(&self.core);
                    sweeping = Some(self.core.tasks.spawn(async move {
                        if let Err(error) = lives::sweep(&core).await {
                            tracing::warn!(%error, "sessions whose time is over cannot be looked for");
                        }
                    }));
                    continue;
                }
                () = self.core.ended.notified(), if attendant.is_late => {}
                _ = clock.tick() => {}
            }
            // It is not torn out of its middle: a run that it takes is taken whole.
            if let Err(error) = attendant.look(&stop).await {
                tracing::warn!(%error, "runs that nobody works on cannot be looked for");
            }
        }
    }
}

struct Attendant {
    core: Arc<Core>,
    at_once: usize,
    /// Whether runs wait because so many work already: then the end of one is waited for.
    is_late: bool,
    /// Runs that were taken and have not ended.
    taken: Vec<(SessionId, RunId)>,
    /// How often each was taken.
    tries: HashMap<RunId, u32>,
    /// Until when those that wait do so, by their fence: it rises each time that they begin to.
    deadlines: HashMap<(RunId, u64), Option<Timestamp>>,
    /// Those that were answered when they were looked at last: whoever answered is given a moment to go on.
    answered: HashSet<RunId>,
}

impl Attendant {
    fn of(core: &Arc<Core>) -> Self {
        Self {
            core: Arc::clone(core),
            at_once: core.settings.server.limits.runs_at_once.max(1),
            is_late: false,
            taken: Vec::new(),
            tries: HashMap::new(),
            deadlines: HashMap::new(),
            answered: HashSet::new(),
        }
    }

    /// Looks once.
    async fn look(&mut self, stop: &CancellationToken) -> Result<()> {
        let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Waiting];
        let runs = self.core.store.runs(&RunQuery { session: None, statuses, limit: LOOKED_AT }).await?;
        let core = Arc::clone(&self.core);
        self.taken.retain(|(session, run)| core.works_on(session, run));
        let there: HashSet<&RunId> = runs.iter().map(|run| &run.id).collect();
        self.tries.retain(|run, _| there.contains(run));
        self.deadlines.retain(|(run, _), _| there.contains(run));
        self.is_late = false;
        let now = self.core.clock.now();
        for run in self.left_alone(runs, now).await? {
            if stop.is_cancelled() || self.core.leaving.is_cancelled() {
                return Ok(());
            }
            if let Err(error) = self.attend_to(&run).await {
                let tries = self.tries.entry(run.id.clone()).or_default();
                // Once is enough for whoever reads the log.
                if *tries <= 1 {
                    tracing::warn!(%error, run = %run.id, session = %run.session, "a run that nobody works on cannot be taken");
                }
                *tries += 1;
            }
        }
        Ok(())
    }

    /// The runs that nobody works on, those first that go first.
    async fn left_alone(&mut self, runs: Vec<Run>, now: Timestamp) -> Result<Vec<Run>> {
        let mut living: HashMap<ProcessId, bool> = HashMap::new();
        let mut alone = Vec::new();
        let mut answered = HashSet::new();
        for run in runs {
            let is_alone = match (run.status, &run.process) {
                (RunStatus::Waiting, _) if run.waiting_for.is_empty() => {
                    answered.insert(run.id.clone());
                    self.answered.contains(&run.id)
                }
                (RunStatus::Waiting, _) => self.deadline(&run).await.is_some_and(|deadline| now >= deadline),
                (_, Some(process)) if *process != self.core.process => match living.get(process) {
                    Some(is_alive) => !is_alive,
                    None => {
                        let is_alive = self.core.store.is_alive(process).await?;
                        living.insert(process.clone(), is_alive);
                        !is_alive
                    }
                },
                (_, Some(_)) => !self.core.works_on(&run.session, &run.id),
                (_, None) => true,
            };
            if is_alone {
                alone.push(run);
            }
        }
        self.answered = answered;
        alone.sort_by(|left, right| {
            let order = aged(right, now).cmp(&aged(left, now));
            order.then(left.queued_at.cmp(&right.queued_at)).then_with(|| left.id.cmp(&right.id))
        });
        Ok(alone)
    }

    /// Until when a run waits for its caller: at most until the session's time is over.
    async fn deadline(&mut self, run: &Run) -> Option<Timestamp> {
        let key = (run.id.clone(), run.fence);
        if let Some(deadline) = self.deadlines.get(&key) {
            return *deadline;
        }
        let fold = self.core.ledger(&run.session).await.ok()?.fold().await.ok()?;
        let of_run = fold.active_run(&run.id)?.deadline;
        let deadline = [of_run, fold.session.expires_at].into_iter().flatten().min();
        self.deadlines.insert(key, deadline);
        deadline
    }

    /// Goes on with a run, or closes it, or leaves it for the next time.
    async fn attend_to(&mut self, run: &Run) -> Result<()> {
        let is_full = self.taken.len() >= self.at_once;
        // To close one needs no room, but to know that it is to be closed its log must be read.
        if is_full && run.status != RunStatus::Waiting {
            self.is_late = true;
            return Ok(());
        }
        let ledger = self.core.existing(&run.session).await?;
        let fold = ledger.fold().await?;
        let Some(active) = fold.active_run(&run.id) else { return Ok(()) };
        if active.run.status == RunStatus::Waiting && fold.is_over(self.core.clock.now()) {
            return lives::end_expired_runs(&self.core, &ledger).await;
        }
        // It may wait longer than was known: the session was used.
        self.deadlines.remove(&(run.id.clone(), run.fence));
        // By the log: rows are older than that by a moment.
        if !is_orphan(&self.core, &ledger, active).await? {
            return Ok(());
        }
        if !goes_on(active) {
            recovery::close(&self.core, &ledger, active, Actor::house(), None).await?;
            return Ok(());
        }
        // Runs of one agent are serial: the one before it goes first.
        let mut others = fold.active.iter().filter(|other| other.run.agent == active.run.agent);
        if is_full || others.any(|other| other.queued_seq < active.queued_seq) {
            return Ok(());
        }
        let tries = self.tries.entry(run.id.clone()).or_default();
        *tries += 1;
        if *tries > TRIES {
            let message = format!("the run was taken up {TRIES} times, and each time it stopped without an end");
            let error = Error::new(ErrorCode::Unavailable, message).hint("ask again in the same session");
            recovery::close(&self.core, &ledger, active, Actor::house(), Some(&error)).await?;
            return Ok(());
        }
        match recovery::claim(&self.core, &ledger, active).await {
            Ok(_) => self.taken.push((run.session.clone(), run.id.clone())),
            // Another process was quicker, or one that goes before it came in between.
            Err(error) if matches!(error.code, ErrorCode::Conflict | ErrorCode::Busy) => {}
            Err(error) if error.code == ErrorCode::StoreFailed => return Err(error),
            // It cannot go on: its model or workspace is gone.
            Err(error) => {
                recovery::close(&self.core, &ledger, active, Actor::house(), Some(&error)).await?;
            }
        }
        Ok(())
    }
}

/// The priority of a run by now.
fn aged(run: &Run, now: Timestamp) -> i64 {
    let waited = i64::try_from(now.millis_since(run.queued_at)).unwrap_or(i64::MAX);
    i64::from(run.priority).saturating_add(waited / AGE_MS)
}

//! What a server does for runs that nobody works on: those whose process died, and those that were queued for whoever is
//! free. It goes on with them or closes them, as they were asked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::House;
use super::dispatch::Dispatch;
use super::house::Core;
use super::{house_files, lives};
use crate::domain::{Actor, ProcessId, Result, Run, RunId, RunStatus, Timestamp};
use crate::storage::RunQuery;

/// How often sessions are looked for whose time is over, to remove what was said in them. That may cost a rewrite of the
/// store, so it is not done at once.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// How often runs are looked for.
const EVERY: Duration = Duration::from_secs(1);
/// Most runs that are looked at each time.
const LOOKED_AT: usize = 10_000;
/// How often it is looked whether other processes have changed the store.
const LOOK_OUT_EVERY: Duration = Duration::from_millis(250);

impl House {
    /// Attends to runs that nobody works on, until `stop` fires: at once, and then every second. Runs that it has taken
    /// go on after that; [`super::Engine::drain`] waits for them.
    ///
    /// Tool servers that are meant to run are started first, and run from then on until the house is left.
    ///
    /// - A run whose process died is gone on with or closed, as its `on_orphan` says.
    /// - A run that begins in its turn is begun.
    /// - A run whose caller did not answer in time is closed; one that was answered by a process which then died is
    ///   gone on with.
    /// - What dead processes have left of files of the house is swept, at once and every ten minutes.
    /// - A run that waits in a session whose time is over is cancelled; every ten minutes what was said in such sessions
    ///   is removed for good.
    ///
    /// At most `server.limits.runs_at_once` of those that it has taken work at once; the others wait, and go by
    /// priority, which rises with waiting, then by age. A run whose process dies again and again is given up after
    /// `server.limits.run_attempts`.
    ///
    /// # Errors
    /// `store_failed` when this process cannot be made one of the living; what fails later is logged and tried again.
    pub async fn attend_to_queue(&self, stop: CancellationToken) -> Result<()> {
        self.core.attend().await?;
        self.core.follow_others().await;
        super::tool_servers::begin(&self.core).await;
        let (mut attendant, mut dispatch) = (Attendant::of(&self.core), Dispatch::of(&self.core));
        let mut look_out = tokio::time::interval(LOOK_OUT_EVERY);
        look_out.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What was changed since the last look for runs that nobody works on.
        let mut is_changed = true;
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
                        if let Err(error) = super::keeping::retain(&core, &Actor::house()).await {
                            tracing::warn!(%error, "old sessions cannot be deleted as the settings say");
                        }
                        if let Err(error) = house_files::sweep(&core).await {
                            tracing::warn!(%error, "what is left of files cannot be looked for");
                        }
                    }));
                    continue;
                }
                () = dispatch.one_done() => {}
                () = self.core.queue.is_told() => dispatch.renew(),
                _ = clock.tick() => {
                    if !is_changed && attendant.is_idle {
                        continue;
                    }
                    is_changed = false;
                    if let Err(error) = attendant.look(&mut dispatch).await {
                        tracing::warn!(%error, "runs that nobody works on cannot be looked for");
                    }
                }
                _ = look_out.tick() => match dispatch.look_out().await {
                    Ok(true) => is_changed = true,
                    Ok(false) => continue,
                    Err(error) => {
                        tracing::warn!(%error, "the store cannot be looked at");
                        continue;
                    }
                },
            }
            if let Err(error) = dispatch.fill(&stop).await {
                tracing::warn!(%error, "the queue cannot be looked at");
            }
        }
    }
}

struct Attendant {
    core: Arc<Core>,
    /// Whether nothing stood open when it was looked at last: then nothing can be left alone until something changes.
    is_idle: bool,
    /// Until when those that wait do so, by their fence: it rises each time that they begin to.
    deadlines: HashMap<(RunId, u64), Option<Timestamp>>,
    /// Those that were answered when they were looked at last: whoever answered is given a moment to go on.
    answered: HashSet<RunId>,
}

impl Attendant {
    fn of(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core), is_idle: false, deadlines: HashMap::new(), answered: HashSet::new() }
    }

    /// Looks once for runs that nobody works on.
    async fn look(&mut self, dispatch: &mut Dispatch) -> Result<()> {
        let statuses = vec![RunStatus::Queued, RunStatus::Running, RunStatus::Waiting];
        let query = RunQuery { statuses, waits: Some(false), limit: LOOKED_AT, ..RunQuery::default() };
        let runs = self.core.store.runs(&query).await?;
        self.is_idle = runs.is_empty();
        let there: HashSet<&RunId> = runs.iter().map(|run| &run.id).collect();
        self.deadlines.retain(|(run, _), _| there.contains(run));
        let now = self.core.clock.now();
        let alone = self.left_alone(runs, now).await?;
        // To close one that waited needs no room.
        let (waited, orphans): (Vec<Run>, Vec<Run>) = alone.into_iter().partition(|run| run.status == RunStatus::Waiting);
        for run in waited {
            // It may wait longer than was known: the session was used.
            self.deadlines.remove(&(run.id.clone(), run.fence));
            dispatch.begin(run);
        }
        dispatch.found(orphans);
        Ok(())
    }

    /// The runs that nobody works on.
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
                // It waits for its turn.
                (_, None) => false,
            };
            if is_alone {
                alone.push(run);
            }
        }
        self.answered = answered;
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
}

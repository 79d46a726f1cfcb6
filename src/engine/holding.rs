//! Who works on a run: which runs this process works on, and the right to append facts of one, which is held by the
//! attempt that took it last and lost with the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt};
use tokio_util::sync::CancellationToken;

use super::ledger::{Draft, Ledger, Refused};
use crate::domain::{Actor, Event, Fact, Fold, FoldedRun, RunId};
use crate::storage::Fence;

/// The runs of one session that this process works on. For a moment two tasks may work on one, until the fence has decided
/// between them: both are to hear that it is cancelled.
#[derive(Default)]
pub(crate) struct RunsHere(Mutex<Tasks>);

#[derive(Default)]
struct Tasks {
    by_run: HashMap<RunId, Vec<(u64, CancellationToken)>>,
    begun: u64,
}

impl RunsHere {
    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a run is among them.
    pub(crate) fn has(&self, run: &RunId) -> bool {
        self.tasks().by_run.contains_key(run)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.tasks().by_run.len()
    }

    /// Tells a run to end.
    pub(crate) fn stop(&self, run: &RunId) {
        self.tasks().by_run.get(run).into_iter().flatten().for_each(|(_, stop)| stop.cancel());
    }

    /// Tells all of them to end.
    pub(crate) fn stop_all(&self) {
        self.tasks().by_run.values().flatten().for_each(|(_, stop)| stop.cancel());
    }
}

/// Says that this process works on a run, for as long as it is kept.
pub(crate) struct AtWork {
    ledger: Arc<Ledger>,
    run: RunId,
    number: u64,
    /// Fires when the run's cancelling is requested, by whomever.
    pub(crate) stop: CancellationToken,
}

impl AtWork {
    pub(super) fn new(ledger: &Arc<Ledger>, run: &RunId) -> Self {
        let stop = CancellationToken::new();
        let mut tasks = ledger.here.tasks();
        tasks.begun += 1;
        let number = tasks.begun;
        tasks.by_run.entry(run.clone()).or_default().push((number, stop.clone()));
        drop(tasks);
        Self { ledger: Arc::clone(ledger), run: run.clone(), number, stop }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let mut tasks = self.ledger.here.tasks();
        let Some(of_run) = tasks.by_run.get_mut(&self.run) else { return };
        of_run.retain(|(number, _)| *number != self.number);
        if of_run.is_empty() {
            tasks.by_run.remove(&self.run);
        }
    }
}

/// An append that goes on beside something else.
pub(crate) type Pending = BoxFuture<'static, Result<Vec<Arc<Event>>, Refused>>;

/// One attempt of a run.
pub(crate) struct Holding {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) run: RunId,
    pub(crate) attempt: u32,
    pub(crate) agent: String,
}

impl Holding {
    /// Appends facts for as long as this attempt holds the run, and `may` has nothing against it.
    pub(crate) fn append(self, facts: Vec<Fact>, may: fn(&Fold, &FoldedRun) -> Result<(), Refused>) -> Pending {
        async move {
            let Self { ledger, run, attempt, agent } = &self;
            ledger
                .append(|fold| {
                    let held = fold.and_then(|fold| Some((fold, fold.active_run(run)?)));
                    let Some((fold, active)) = held.filter(|(_, active)| active.attempt == *attempt) else {
                        return Err(Refused::Fenced);
                    };
                    may(fold, active)?;
                    let fence = Fence { run: run.clone(), token: u64::from(*attempt) };
                    let mut draft = Draft { fence: Some(fence), ..Draft::default() };
                    for fact in &facts {
                        draft.run(run, Actor::agent(agent.clone()), fact.clone());
                    }
                    Ok(draft)
                })
                .await
        }
        .boxed()
    }
}

//! The right to append facts of a run: held by the attempt that took it last, and lost with the next.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use super::ledger::{Draft, Ledger, Refused};
use crate::domain::{Actor, Event, Fact, Fold, FoldedRun, RunId};
use crate::storage::Fence;

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

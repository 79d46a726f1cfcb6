//! Whoever waits for a run over a connection: when they go away before its end, the run is cancelled.

use std::sync::Arc;

use crate::domain::{Principal, RunId, RunStatus, SessionId};
use crate::engine::Engine;

/// Waits for a run for as long as it is kept.
pub struct Waiter {
    engine: Arc<dyn Engine>,
    caller: Principal,
    session: SessionId,
    /// Absent = it may go.
    run: Option<RunId>,
    why: &'static str,
    keeps_waiting: bool,
}

impl Waiter {
    /// Waits for a run. `why` is told in the log when it goes away before the end.
    pub fn new(engine: &Arc<dyn Engine>, caller: &Principal, session: &SessionId, run: &RunId, why: &'static str) -> Self {
        let (engine, caller, session, run) = (Arc::clone(engine), caller.clone(), session.clone(), Some(run.clone()));
        Self { engine, caller, session, run, why, keeps_waiting: false }
    }

    /// Leaves a run alone that waits for its caller: another request goes on with it.
    #[must_use]
    pub fn leaving_what_waits(mut self) -> Self {
        self.keeps_waiting = true;
        self
    }

    /// The session of the run.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// Whoever waits may go: the run has ended, or goes on without them.
    pub fn dismiss(&mut self) {
        self.run = None;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (engine, caller, session) = (Arc::clone(&self.engine), self.caller.clone(), self.session.clone());
        let (why, keeps_waiting) = (self.why, self.keeps_waiting);
        runtime.spawn(async move {
            if keeps_waiting && engine.run(&caller, &run).await.is_ok_and(|row| row.status == RunStatus::Waiting) {
                return;
            }
            if let Err(error) = engine.cancel(&caller, &session, Some(&run), why).await {
                tracing::warn!(%error, %run, "a run whose client is gone cannot be cancelled");
            }
        });
    }
}

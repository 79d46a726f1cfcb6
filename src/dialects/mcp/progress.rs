//! What whoever waits for an answer is told meanwhile, when it asked to be: one short line a step.

use std::time::Duration;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer};

/// How long one notification may take to be sent; who does not read gets the answer later, and misses progress.
const PATIENCE: Duration = Duration::from_secs(1);

/// The way to whoever waits.
pub struct Progress {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    steps: u32,
}

impl Progress {
    /// Nothing was told yet. Without a token nobody wants to know.
    pub fn new(peer: &Peer<RoleServer>, token: Option<ProgressToken>) -> Self {
        Self { to: token.map(|token| (peer.clone(), token)), steps: 0 }
    }

    /// Tells one step.
    pub async fn tell(&mut self, message: String) {
        let Some((peer, token)) = &self.to else { return };
        self.steps += 1;
        let step = ProgressNotificationParam::new(token.clone(), f64::from(self.steps)).with_message(message);
        // Who went away is told by the request itself.
        let _ = tokio::time::timeout(PATIENCE, peer.notify_progress(step)).await;
    }
}

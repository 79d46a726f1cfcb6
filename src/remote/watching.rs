//! Watching what runs of another house do: not over a distance yet.

use async_trait::async_trait;

use super::{Remote, not_over_a_distance};
use crate::domain::{Principal, Result};
use crate::engine::{EventStream, Watched, Watching};

#[async_trait]
impl Watching for Remote {
    async fn watch(&self, _: &Principal, _: Watched) -> Result<EventStream> {
        Err(not_over_a_distance("an agent cannot be watched").hint("follow its sessions"))
    }
}

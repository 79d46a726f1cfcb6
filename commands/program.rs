//! What every command works with, and the house that is opened when the first command needs it: `--version`, help and
//! completions touch neither network nor store.

use std::sync::Arc;

use ombud::config::{Environment, Resolved};
use ombud::domain::{Principal, Result};
use ombud::engine::{Approver, House, NobodyToAsk, Parts};
use ombud::models::Models;
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl};
use ombud::tools::Tools;

use crate::cli::Global;

/// What every command works with.
pub struct Program {
    pub global: Global,
    pub environment: Environment,
    pub resolved: Resolved,
}

impl Program {
    /// Who runs the program.
    pub fn caller(&self) -> Principal {
        let name = self.environment.get("USER").or_else(|| self.environment.get("LOGNAME")).unwrap_or("user");
        Principal::local(name)
    }

    /// Opens the house; nobody can be asked for permission.
    pub async fn open(&self) -> Result<Arc<House>> {
        self.open_with(Arc::new(NobodyToAsk), false).await
    }

    /// Opens the house. `ephemeral` = nothing is kept when the program ends.
    pub async fn open_with(&self, approver: Arc<dyn Approver>, ephemeral: bool) -> Result<Arc<House>> {
        let settings = self.resolved.settings.clone();
        let url = if ephemeral { StoreUrl::Memory } else { StoreUrl::parse(settings.store_address()?)? };
        let store = storage::open(&url).await?;
        let clock = Arc::new(SystemClock);
        let models = Models::new(&settings, clock.clone())?;
        let tools = Tools::new(&settings.limits, &settings.tools);
        Ok(Arc::new(House::new(Parts { settings, store, models, tools, clock, approver })))
    }
}

//! What every command works with, and the house that is opened when the first command needs it: `--version`, help and
//! completions touch neither network nor store.

use std::sync::Arc;

use ombud::config::{Environment, Settings};
use ombud::domain::{Error, Permission, PermissionRule, Principal, Result, ToolSpec};
use ombud::engine::{Approver, Desk, House, NobodyToAsk, Notices, Parts};
use ombud::models::{Models, Offline};
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl};
use ombud::tools::{self, Tools};

use crate::approver::TerminalApprover;
use crate::cli::{Format, GlobalArguments};
use crate::context::Context;
use crate::render::harmless;
use crate::render::progress::Progress;

/// What every command works with.
pub struct Program {
    pub global: GlobalArguments,
    pub environment: Environment,
    pub context: Context,
    pub progress: Arc<Progress>,
}

impl Program {
    /// The form of the output.
    pub fn format(&self) -> Format {
        self.context.manner.format
    }

    /// What the user wants.
    pub fn settings(&self) -> &Settings {
        &self.context.resolved.settings
    }

    /// The models of the settings.
    ///
    /// # Errors
    /// `invalid_input` when the settings correct the catalogue in a way that cannot be read.
    pub fn models(&self) -> Result<Models> {
        let clock = Arc::new(SystemClock);
        Models::new(self.settings(), clock.clone(), Arc::new(Offline::new(clock)))
    }

    /// Who runs the program.
    pub fn caller(&self) -> Principal {
        let name = self.environment.get("USER").or_else(|| self.environment.get("LOGNAME")).unwrap_or("user");
        Principal::local(name)
    }

    /// Checks the tools of rules that were given on the command line: a slip in `--deny` must not go unseen.
    ///
    /// # Errors
    /// `invalid_input` when there is no such tool.
    pub fn check_tools<'r>(&self, rules: impl IntoIterator<Item = &'r String>) -> Result<()> {
        let settings = self.settings();
        let known = Tools::new(&settings.limits, &settings.tools).names();
        for rule in rules {
            let tool = PermissionRule::parse(rule, Permission::Ask)?.tool;
            if tool != "*" && !known.contains(&tool) {
                return Err(Error::invalid(format!("tool `{}` is not known", harmless(&tool)))
                    .hint(format!("known tools: {}", known.join(", "))));
            }
        }
        Ok(())
    }

    /// Opens the house; nobody can be asked for permission.
    pub async fn open(&self) -> Result<Arc<House>> {
        self.open_with(Arc::new(NobodyToAsk), Notices::default(), false).await
    }

    /// Opens the house; whoever sits at the terminal is asked for permission. `ephemeral` = nothing is kept when the
    /// program ends.
    pub async fn open_asking(&self, ephemeral: bool) -> Result<Arc<House>> {
        if self.context.manner.may_ask {
            self.open_with(Arc::new(TerminalApprover::new(self.progress.clone())), Notices::default(), ephemeral).await
        } else {
            self.open_with(Arc::new(NobodyToAsk), Notices::default(), ephemeral).await
        }
    }

    /// Opens the house for a server: questions wait on a desk for whoever answers them.
    pub async fn open_serving(&self) -> Result<Arc<House>> {
        let wait = self.settings().server.limits.question_wait;
        let notices = Notices::default();
        let desk = Desk::new(wait, notices.clone(), Arc::new(SystemClock));
        self.open_with(Arc::new(desk), notices, false).await
    }

    /// The tools that are called without a question, by name.
    pub fn tools_allowed(&self) -> Vec<String> {
        let settings = self.settings();
        let rules = match settings.agents.get(&settings.agent) {
            Some(agent) => settings.permissions_for(agent),
            None => settings.permissions.clone(),
        };
        let specs = Tools::new(&settings.limits, &settings.tools).specs(None);
        let allowed = |spec: &ToolSpec| tools::decide(&rules, spec, "") == Permission::Allow;
        specs.into_iter().filter(allowed).map(|spec| spec.name).collect()
    }

    /// Opens the house. `ephemeral` = nothing is kept when the program ends.
    async fn open_with(&self, approver: Arc<dyn Approver>, notices: Notices, ephemeral: bool) -> Result<Arc<House>> {
        let settings = self.settings().clone();
        let url = if ephemeral { StoreUrl::Memory } else { StoreUrl::parse(settings.store_address()?)? };
        let store = storage::open(&url).await?;
        let clock = Arc::new(SystemClock);
        let models = self.models()?;
        let tools = Tools::new(&settings.limits, &settings.tools);
        Ok(Arc::new(House::new(Parts { settings, store, models, tools, clock, approver, notices })))
    }
}

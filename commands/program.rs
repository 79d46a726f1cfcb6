//! What every command works with, and the house that is opened when the first command needs it: `--version`, help and
//! completions touch neither network nor store.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use ombud::config::{Environment, Resolved, Settings};
use ombud::dialects::FOR_PEOPLE;
use ombud::domain::{Access, Error, Permission, PermissionRule, Principal, Result, ToolSpec};
use ombud::engine::{Approver, Desk, Engine, House, NobodyToAsk, Notices, Parts};
use ombud::models::{Models, Offline, Tape};
use ombud::observe::SystemClock;
use ombud::storage::{self, StoreUrl};
use ombud::tools::{self, Tools};

use crate::approver::TerminalApprover;
use crate::cli::{Command, Format, GlobalArguments};
use crate::context::{Context, Manner};
use crate::distance::Server;
use crate::output::Output;
use crate::render::progress::Progress;
use crate::render::{harmless, is_watched};

/// What every command works with.
pub struct Program {
    pub global: GlobalArguments,
    pub environment: Environment,
    pub context: Context,
    pub progress: Arc<Progress>,
    /// The server that is asked instead of a house in this process.
    pub server: Option<Server>,
    /// The person at the terminal, once somebody was to be asked: what they allow counts until the program ends.
    pub approver: OnceLock<Arc<TerminalApprover>>,
    /// What is recorded of models, or played instead of them.
    pub tape: Option<Tape>,
}

impl Program {
    /// The program as its words and its surroundings have it: the server that is asked, and what counts.
    pub fn new(
        global: GlobalArguments,
        environment: Environment,
        (server, resolved): (Option<Server>, Resolved),
        manner: Manner,
    ) -> Self {
        let watched = is_watched() && !global.quiet && manner.format == Format::Text;
        let progress = Arc::new(Progress::new(watched));
        let context = Context { resolved, out: Output::stdout(), manner };
        Self { global, environment, context, progress, server, approver: OnceLock::new(), tape: None }
    }

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
        let models = Models::new(self.settings(), clock.clone(), Arc::new(Offline::new(clock)))?;
        Ok(models.with_tape(self.tape.clone()))
    }

    /// Whether a tape is played instead of asking models: it says which, and not the settings.
    pub fn plays_a_tape(&self) -> bool {
        self.tape.as_ref().is_some_and(Tape::is_played)
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
            // Those of tool servers are known when they run.
            if tool != "*" && !tool.starts_with("mcp__") && !known.contains(&tool) {
                return Err(Error::invalid(format!("tool `{}` is not known", harmless(&tool)))
                    .hint(format!("known tools: {}", known.join(", "))));
            }
        }
        Ok(())
    }

    /// Opens the house, or the way to the server; nobody can be asked for permission here.
    pub async fn open(&self) -> Result<Arc<dyn Engine>> {
        self.open_engine(Arc::new(NobodyToAsk), false).await
    }

    /// Opens the house; whoever sits at the terminal is asked for permission. `ephemeral` = nothing is kept when the
    /// program ends.
    pub async fn open_asking(&self, ephemeral: bool) -> Result<Arc<dyn Engine>> {
        match self.approver() {
            Some(approver) => self.open_engine(approver.clone(), ephemeral).await,
            None => self.open_engine(Arc::new(NobodyToAsk), ephemeral).await,
        }
    }

    /// Opens the house for a server: questions wait on a desk for whoever answers them.
    pub async fn open_serving(&self) -> Result<Arc<House>> {
        let (wait, notices) = (self.settings().server.limits.question_wait, Notices::default());
        let desk = Desk::new(wait, notices.clone(), Arc::new(SystemClock));
        self.open_house(Arc::new(desk), notices, false).await
    }

    /// The tools that are called without a question, by name.
    pub fn tools_allowed(&self) -> Vec<String> {
        let settings = self.settings();
        let rules = match settings.agents.get(&settings.agent) {
            Some(agent) => settings.permissions_for(agent),
            None => settings.permissions.clone(),
        };
        let specs = Tools::new(&settings.limits, &settings.tools).specs(None);
        // Commands are run for nobody who has not proven who they are.
        let server = &settings.server;
        let proven = server.token.is_some() || server.no_auth || server.allow_local_admin;
        let allowed =
            |spec: &ToolSpec| (proven || spec.access != Access::Run) && tools::decide(&rules, spec, "") == Permission::Allow;
        specs.into_iter().filter(allowed).map(|spec| spec.name).collect()
    }

    /// Whoever sits at the terminal, where somebody may be asked.
    fn approver(&self) -> Option<&Arc<TerminalApprover>> {
        let new = || Arc::new(TerminalApprover::new(self.progress.clone()));
        self.context.manner.may_ask.then(|| self.approver.get_or_init(new))
    }

    /// Whoever is asked here what a run on the server wants to know; nobody when the house of this process asks by itself.
    pub fn asked_here(&self) -> Option<&TerminalApprover> {
        self.server.as_ref().and_then(|_| self.approver()).map(|approver| &**approver)
    }

    async fn open_engine(&self, approver: Arc<dyn Approver>, ephemeral: bool) -> Result<Arc<dyn Engine>> {
        match &self.server {
            Some(server) => Ok(Arc::new(server.open()?)),
            None => Ok(self.open_house(approver, Notices::default(), ephemeral).await?),
        }
    }

    /// Opens the house of this process. `ephemeral` = nothing is kept when the program ends.
    async fn open_house(&self, approver: Arc<dyn Approver>, notices: Notices, ephemeral: bool) -> Result<Arc<House>> {
        let mut settings = self.settings().clone();
        settings.server.user_doors = FOR_PEOPLE.iter().map(|door| (*door).to_owned()).collect();
        let url = if ephemeral { StoreUrl::Memory } else { StoreUrl::parse(settings.store_address()?)? };
        let store = storage::open(&url).await?;
        let clock = Arc::new(SystemClock);
        let models = self.models()?;
        let tools = Tools::new(&settings.limits, &settings.tools);
        Ok(Arc::new(House::new(Parts { settings, store, models, tools, clock, approver, notices })))
    }
}

/// The folder in which the store of the settings lies, where it lies in one.
pub fn store_folder(settings: &Settings) -> Option<PathBuf> {
    match StoreUrl::parse(settings.store_address().ok()?).ok()? {
        StoreUrl::Memory => None,
        StoreUrl::File(folder) => Some(folder),
        StoreUrl::Sqlite(path) => path.parent().map(PathBuf::from),
    }
}

/// The file or the folder that is the store of the settings, where it is one.
pub fn store_place(settings: &Settings) -> Option<PathBuf> {
    match StoreUrl::parse(settings.store_address().ok()?).ok()? {
        StoreUrl::Memory => None,
        StoreUrl::File(place) | StoreUrl::Sqlite(place) => Some(place),
    }
}

/// The tape that a question is recorded on, or played from.
///
/// # Errors
/// Those of [`Tape::record`] and [`Tape::replay`].
pub fn tape(command: &Command) -> Result<Option<Tape>> {
    let ask = match command {
        Command::Oneshot(oneshot) => &oneshot.ask,
        Command::Run(run) => &run.ask,
        _ => return Ok(None),
    };
    match (&ask.record, &ask.replay) {
        (Some(path), _) => Tape::record(path).map(Some),
        (None, Some(path)) => Tape::replay(path).map(Some),
        (None, None) => Ok(None),
    }
}

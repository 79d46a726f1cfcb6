//! The house: what every verb works with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::access::{Does, On};
use super::desk::OpenQuestion;
use super::keys::Keyring;
use super::ledger::{Ledger, no_session, process_id};
use super::notices::Notices;
use super::tool_servers::Rooms;
use super::uploads::Uploads;
use super::users::People;
use super::verbs::NewSession;
use crate::config::Settings;
use crate::domain::{
    Agent, CallId, Clock, Event, ModelChoice, Principal, ProcessId, Result, RunId, SessionId, Timestamp, ToolCall,
};
use crate::models::Models;
use crate::storage::{Presence, Store};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// What somebody is asked before a tool is called.
#[derive(Clone, Debug)]
pub struct Question {
    /// The session.
    pub session: SessionId,
    /// The run.
    pub run: RunId,
    /// The call.
    pub call: ToolCall,
    /// What it is about: a path, or a command line.
    pub subject: String,
}

/// What they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Call it.
    Allow,
    /// Do not call it; the model is told why.
    Deny(String),
}

/// Somebody who can be asked.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Decides about one call.
    async fn decide(&self, question: &Question) -> Decision;

    /// The questions that wait, where they are kept for others to answer.
    fn open(&self) -> Vec<OpenQuestion> {
        Vec::new()
    }

    /// Answers a question that waits; true when it did.
    fn settle(&self, _call: &CallId, _decision: Decision) -> bool {
        false
    }
}

/// Where nobody can be asked: everything that needs a yes is denied.
pub struct NobodyToAsk;

#[async_trait]
impl Approver for NobodyToAsk {
    async fn decide(&self, _question: &Question) -> Decision {
        Decision::Deny("it needs permission, and nobody can be asked here".to_owned())
    }
}

/// What a house is made of.
pub struct Parts {
    /// What the user wants.
    pub settings: Settings,
    /// Where logs are kept.
    pub store: Arc<dyn Store>,
    /// Who thinks.
    pub models: Models,
    /// What agents can do.
    pub tools: Tools,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Who is asked before a tool that needs permission.
    pub approver: Arc<dyn Approver>,
    /// Where changes are told.
    pub notices: Notices,
}

/// The engine of this process.
pub struct House {
    pub(crate) core: Arc<Core>,
}

pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) models: Models,
    pub(crate) tools: Tools,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) approver: Arc<dyn Approver>,
    pub(crate) process: ProcessId,
    presence: OnceCell<Box<dyn Presence>>,
    ledgers: Mutex<HashMap<SessionId, Weak<Ledger>>>,
    /// One for each folder, so that changes of one file by several runs take turns.
    workspaces: Mutex<HashMap<String, Weak<Workspace>>>,
    /// The runs that this process works on.
    pub(crate) tasks: TaskTracker,
    /// Fires when this process begins no more runs.
    pub(crate) leaving: CancellationToken,
    /// Runs that begin in their turn.
    pub(crate) queue: super::dispatch::Queue,
    /// What changes, for whoever shows lists.
    pub(crate) notices: Notices,
    /// When this process opened the house.
    pub(crate) opened_at: Timestamp,
    /// Who may ask a model outside of sessions.
    pub(crate) completing: Semaphore,
    /// Who may speak and listen.
    pub(crate) speaking: Semaphore,
    /// Files on their way in and out.
    pub(crate) uploads: Uploads,
    /// Keys and tokens, as this process knows them.
    pub(crate) keys: Keyring,
    /// People with an account, as this process knows them.
    pub(crate) people: People,
    /// Which changes of agents were told.
    pub(crate) agent_changes: super::agents::Changes,
    /// The tool servers that this process keeps running.
    pub(crate) tool_servers: Rooms,
    following: OnceCell<()>,
}

impl House {
    /// A house of these parts. Nothing is read or written yet.
    pub fn new(parts: Parts) -> Self {
        let process = process_id(&*parts.clock);
        let opened_at = parts.clock.now();
        let uploads = Uploads::new(&parts.settings.server.limits.files);
        let people = People::new(&parts.settings.server.login);
        let core = Core {
            settings: parts.settings,
            store: parts.store,
            models: parts.models,
            tools: parts.tools,
            clock: parts.clock,
            approver: parts.approver,
            process,
            presence: OnceCell::new(),
            ledgers: Mutex::default(),
            workspaces: Mutex::default(),
            tasks: TaskTracker::new(),
            leaving: CancellationToken::new(),
            queue: super::dispatch::Queue::default(),
            notices: parts.notices,
            opened_at,
            completing: Semaphore::new(super::completing::AT_ONCE),
            speaking: Semaphore::new(super::speech::AT_ONCE),
            uploads,
            keys: Keyring::default(),
            people,
            agent_changes: super::agents::Changes::default(),
            tool_servers: Rooms::default(),
            following: OnceCell::new(),
        };
        Self { core: Arc::new(core) }
    }
}

impl House {
    /// Checks a verb.
    pub(super) async fn check(&self, caller: &Principal, does: Does, on: On<'_>) -> Result<()> {
        super::access::check(&self.core, caller, does, on).await
    }

    /// The agent of a session that is to be made.
    pub(super) fn agent_of<'a>(&'a self, new: &'a NewSession) -> &'a str {
        new.agent.as_deref().unwrap_or(&self.core.settings.agent)
    }

    /// Where the logs are kept, for people.
    pub fn store_url(&self) -> String {
        self.core.store.url()
    }
}

impl Core {
    /// The log of a session in this process, whether the session exists or not.
    pub(crate) async fn ledger(&self, id: &SessionId) -> Result<Arc<Ledger>> {
        if let Some(ledger) = self.known(id) {
            return Ok(ledger);
        }
        let frames = self.settings.limits.subscriber_frames;
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let opened = Ledger::open(store, clock, self.notices.clone(), id.clone(), frames).await?;
        let mut ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ledger) = ledgers.get(id).and_then(Weak::upgrade) {
            return Ok(ledger);
        }
        ledgers.retain(|_, ledger| ledger.strong_count() > 0);
        let ledger = Arc::new(opened);
        ledgers.insert(id.clone(), Arc::downgrade(&ledger));
        Ok(ledger)
    }

    /// Waits until every run of this process has ended, and leaves things tidy.
    pub(crate) async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tool_servers.end().await;
        if let Err(error) = self.store.tidy().await {
            tracing::debug!(%error, "the store could not be tidied");
        }
    }

    /// How many runs this process works on.
    pub(crate) fn runs_here(&self) -> usize {
        let ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        ledgers.values().filter_map(Weak::upgrade).map(|ledger| ledger.runs_here()).sum()
    }

    fn known(&self, id: &SessionId) -> Option<Arc<Ledger>> {
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner).get(id).and_then(Weak::upgrade)
    }

    /// The folder that a run works in.
    pub(crate) fn workspace(&self, folder: &str) -> Result<Arc<Workspace>> {
        let mut workspaces = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(workspace) = workspaces.get(folder).and_then(Weak::upgrade) {
            return Ok(workspace);
        }
        workspaces.retain(|_, workspace| workspace.strong_count() > 0);
        let workspace = Arc::new(Workspace::open(std::path::Path::new(folder))?);
        workspaces.insert(folder.to_owned(), Arc::downgrade(&workspace));
        Ok(workspace)
    }

    /// The log of a session that exists.
    pub(crate) async fn existing(&self, id: &SessionId) -> Result<Arc<Ledger>> {
        let ledger = self.ledger(id).await?;
        match self.store.head(id).await? {
            Some(head) if !head.deleted => Ok(ledger),
            _ => Err(no_session(id)),
        }
    }

    /// Makes this process one of the living, before its name stands in any log.
    pub(crate) async fn attend(&self) -> Result<()> {
        self.presence.get_or_try_init(|| self.store.attend(&self.process)).await?;
        Ok(())
    }

    /// Whether this process works on a run.
    pub(crate) fn works_on(&self, session: &SessionId, run: &RunId) -> bool {
        self.known(session).is_some_and(|ledger| ledger.is_at_work(run))
    }

    /// Whether a process works on a run. Absent = none was named.
    pub(crate) async fn is_worked_on(&self, session: &SessionId, run: &RunId, process: Option<&ProcessId>) -> Result<bool> {
        match process {
            Some(process) if *process == self.process => Ok(self.works_on(session, run)),
            Some(process) => self.store.is_alive(process).await,
            None => Ok(false),
        }
    }

    /// Follows what other processes append to the logs that are in use here, from now on.
    pub(crate) async fn follow_others(self: &Arc<Self>) {
        let core = Arc::downgrade(self);
        self.following
            .get_or_init(|| async {
                tokio::spawn(super::following::follow(core));
            })
            .await;
    }

    /// The logs that somebody here listens to or works on.
    pub(crate) fn followed(&self) -> Vec<Arc<Ledger>> {
        let ledgers = self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        ledgers.values().filter_map(Weak::upgrade).filter(|ledger| ledger.is_followed()).collect()
    }

    /// The model that is asked: the first that is named, else what keys and catalogue choose.
    pub(crate) fn choose(&self, wanted: [Option<&ModelChoice>; 3]) -> Result<ModelChoice> {
        let wanted = wanted.into_iter().flatten().next().or(self.settings.model.as_ref());
        self.models.choose(wanted)
    }

    /// The same for an agent, which may reach providers that others do not know.
    pub(crate) fn choose_for(&self, agent: &Agent, wanted: [Option<&ModelChoice>; 3]) -> Result<ModelChoice> {
        let Some(choice) = wanted.into_iter().flatten().next() else {
            let own = agent.endpoints.keys().find_map(|provider| Models::default_of(provider));
            return own.map_or_else(|| self.choose(wanted), Ok);
        };
        if agent.endpoints.contains_key(&choice.provider) { Ok(choice.clone()) } else { self.choose(wanted) }
    }
}

/// The events of a log as JSON, for whoever writes them.
impl super::live::Source for Ledger {
    fn join(&self) -> super::live::Joined {
        Self::join(self)
    }

    async fn read(&self, after: u64) -> Result<Vec<Arc<Event>>> {
        Ok(self.page(after).await?.into_iter().map(|(event, _)| event).collect())
    }
}

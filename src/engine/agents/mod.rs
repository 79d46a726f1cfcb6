//! Agents: those of the configuration, and those that are kept in the store, for every process that shares it.
//!
//! A name is looked for in the configuration first, then in the store, each time anew: so a change is seen at once,
//! whoever made it. [`kept`] is how agents lie in the store; [`secrets`] is what an agent has of its own that is
//! shown to nobody; [`changes`] tells the listeners of this process what others did.

mod changes;
mod kept;
mod secrets;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use self::kept::{Kept, Slot};
use self::secrets::Values;
use super::access;
use super::house::Core;
use super::notices::AgentChange;
use super::recovery::REVISION;
use crate::domain::{
    Actor, Agent, AgentId, AgentState, Error, ErrorCode, ModelChoice, Principal, Result, Revision, Timestamp,
};
use crate::storage::Record;

pub use self::secrets::AgentSecrets;

pub(crate) use self::changes::{Changes, notices, tell_what_others_did};

/// Most bytes of a definition, as JSON.
const DEFINITION_BYTES: usize = 2 << 20;
/// Most agents that are kept and not removed.
const AGENTS: usize = 1_000;
/// Most bytes of all of them together.
const ALL_BYTES: usize = 64 << 20;
/// How often a change that others have overtaken is tried again.
const TRIES: usize = 16;
/// Names that an error lists.
const LISTED: usize = 20;

/// Where an agent comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentOrigin {
    /// The configuration of the process that answers: it is changed there.
    Configuration,
    /// The store: made, changed and removed by the verbs of the engine.
    Store,
}

/// An agent, and where its definition comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentItem {
    /// The definition.
    pub agent: Agent,
    /// The model that it would ask now.
    pub model: ModelChoice,
    /// The definition by its content.
    pub revision: Revision,
    /// Where it comes from.
    pub origin: AgentOrigin,
    /// Whether who wrote it administers the house. No commands are run for any other, whoever asks it.
    pub trusted: bool,
    /// Its id; absent for one of the configuration, as all that follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<AgentId>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When its definition was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Who wrote the definition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_by: Option<Actor>,
    /// When it was removed: it takes no work, and its name is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

/// An agent that takes work.
pub(crate) struct Working {
    /// Its definition.
    pub(crate) agent: Agent,
    /// Whether who wrote it administers the house.
    pub(crate) trusted: bool,
}

impl Core {
    /// An agent that takes work, by its name or its id.
    pub(crate) async fn agent(&self, named: &str) -> Result<Working> {
        let (agent, trusted) = match self.settings.agents.get(named) {
            Some(agent) => (agent.clone(), true),
            None => match kept::find(&*self.store, named).await? {
                Some(kept) if kept.archived_at.is_some() => return Err(removed(&kept)),
                Some(kept) if self.settings.agents.contains_key(&kept.definition.name) => return Err(hidden(&kept)),
                Some(kept) => (kept.definition, kept.trusted),
                None => return Err(self.no_agent(named).await),
            },
        };
        if agent.state == AgentState::Inactive {
            return Err(Error::new(ErrorCode::Inactive, format!("agent `{}` is inactive", agent.name)));
        }
        Ok(Working { agent, trusted })
    }

    /// Puts an agent's name in the place of its id; everything else is left as it is. Scopes are about names.
    pub(crate) async fn by_name(&self, named: Option<&mut String>) -> Result<()> {
        let Some(named) = named else { return Ok(()) };
        if self.settings.agents.contains_key(named) || !kept::is_id(named) {
            return Ok(());
        }
        if let Some(Slot::Held(_, kept)) = kept::held(&*self.store, named).await?
            && !self.settings.agents.contains_key(&kept.definition.name)
        {
            *named = kept.definition.name;
        }
        Ok(())
    }

    async fn no_agent(&self, named: &str) -> Error {
        let kept = kept::all(&*self.store).await.unwrap_or_default();
        let mut names: Vec<String> = self.settings.agents.keys().cloned().collect();
        names.extend(kept.into_iter().map(|kept| kept.definition.name));
        names.sort();
        names.dedup();
        let near = crate::config::did_you_mean(named, names.iter().map(String::as_str));
        let more = names.len().saturating_sub(LISTED);
        names.truncate(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let error = Error::not_found("agent", shown(named));
        let message = format!("{}{near}", error.message);
        Error { message, ..error }.hint(format!("known agents: {}{more}", names.join(", ")))
    }

    /// Where a configured agent is defined, as far as somebody may know that.
    fn configured_in(&self, caller: &Principal, name: &str) -> String {
        match self.settings.agent_sources.get(name) {
            // Where files lie is nobody's business who may not change them.
            Some(source) if caller.is_admin() => format!("it is configured ({source})"),
            _ => "it is configured".to_owned(),
        }
    }
}

/// A name from outside as a message may show it.
fn shown(named: &str) -> String {
    named.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn removed(kept: &Kept) -> Error {
    Error::new(ErrorCode::NotFound, format!("agent `{}` ({}) was removed", kept.definition.name, kept.id))
        .hint("its sessions can be read; ask another agent in them")
}

fn hidden(kept: &Kept) -> Error {
    let name = &kept.definition.name;
    let message = format!("agent `{}` takes no work here: a configured agent has its name, `{name}`", kept.id);
    Error::new(ErrorCode::Conflict, message).hint("give the configured one another name")
}

/// A definition by its content, and the record that keeps it for the runs that pin it.
pub(crate) fn revision(agent: &Agent) -> Result<(Revision, Record)> {
    use sha2::Digest;
    let body =
        serde_json::to_string(agent).map_err(|error| Error::internal(format!("an agent cannot be written: {error}")))?;
    let digest = sha2::Sha256::digest(body.as_bytes());
    let id: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let record = Record { kind: REVISION.to_owned(), id: id.clone(), body };
    Ok((Revision(id), record))
}

fn configured(core: &Core, agent: &Agent) -> Result<AgentItem> {
    Ok(AgentItem {
        agent: agent.clone(),
        model: core.choose_for(agent, [agent.model.as_ref(), None, None])?,
        revision: revision(agent)?.0,
        origin: AgentOrigin::Configuration,
        trusted: true,
        id: None,
        created_at: None,
        updated_at: None,
        written_by: None,
        archived_at: None,
    })
}

fn item(core: &Core, kept: Kept) -> Result<AgentItem> {
    let agent = kept.definition;
    // A model that only other processes know is named all the same: whoever asks is told what is wrong with it.
    let model = core.choose_for(&agent, [agent.model.as_ref(), None, None]);
    Ok(AgentItem {
        model: model.or_else(|error| agent.model.clone().ok_or(error))?,
        agent,
        revision: kept.revision,
        origin: AgentOrigin::Store,
        trusted: kept.trusted,
        id: Some(kept.id),
        created_at: Some(kept.created_at),
        updated_at: Some(kept.updated_at),
        written_by: Some(kept.by),
        archived_at: kept.archived_at,
    })
}

/// All agents that are there, by name. A configured one hides one of the store.
pub(crate) async fn list(core: &Core) -> Result<BTreeMap<String, AgentItem>> {
    let mut agents = BTreeMap::new();
    for kept in kept::all(&*core.store).await? {
        agents.insert(kept.definition.name.clone(), item(core, kept)?);
    }
    for (name, agent) in &core.settings.agents {
        agents.insert(name.clone(), configured(core, agent)?);
    }
    Ok(agents)
}

/// One agent, by its name or its id; by its id also one that was removed.
pub(crate) async fn one(core: &Core, named: &str) -> Result<AgentItem> {
    if let Some(agent) = core.settings.agents.get(named) {
        return configured(core, agent);
    }
    match kept::find(&*core.store, named).await? {
        Some(kept) => item(core, kept),
        None => Err(core.no_agent(named).await),
    }
}

/// Checks a definition from outside, and what of it counts.
fn checked(caller: &Principal, agent: Agent) -> Result<Agent> {
    let name = shown(&agent.name);
    if !Agent::is_name(&agent.name) {
        return Err(
            Error::invalid(format!("`{name}` cannot name an agent")).hint("use letters, digits, `_` and `-`, at most 64")
        );
    }
    if kept::is_id(&agent.name) {
        return Err(Error::invalid(format!("`{name}` cannot name an agent: it has the form of an id"))
            .hint("choose a name that people can say"));
    }
    if let Some((place, wrong)) = agent.fault() {
        return Err(Error::invalid(format!("agent `{name}`: `{place}` {wrong}")));
    }
    secrets::may_lead(caller, &agent)?;
    let agent = access::definition_within(caller, agent);
    let bytes = serde_json::to_vec(&agent).map_or(0, |text| text.len());
    if bytes > DEFINITION_BYTES {
        let message = format!("the definition of agent `{name}` has {bytes} bytes, at most {DEFINITION_BYTES} are kept");
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    Ok(agent)
}

fn taken(name: &str, why: &str) -> Error {
    Error::new(ErrorCode::Conflict, format!("agent `{name}` is there already{why}"))
        .hint("change that one, or choose another name")
}

fn overtaken(name: &str) -> Error {
    Error::new(ErrorCode::Busy, format!("agent `{name}` is being changed by others all the time")).hint("try again")
}

/// Makes an agent, with the values of its secrets.
pub(crate) async fn create(core: &Core, caller: &Principal, agent: Agent, values: &Values) -> Result<AgentItem> {
    let agent = checked(caller, agent)?;
    secrets::check(&agent, values)?;
    secrets::check_all_there(&agent, values, &[])?;
    let name = agent.name.clone();
    if core.settings.agents.contains_key(&name) {
        return Err(taken(&name, &format!(": {}", core.configured_in(caller, &name))));
    }
    let now = core.clock.now();
    let kept = Kept {
        id: AgentId::new(&*core.clock),
        created_at: now,
        updated_at: now,
        archived_at: None,
        by: caller.actor(),
        trusted: caller.is_admin(),
        revision: revision(&agent)?.0,
        definition: agent,
    };
    let body = kept.body()?;
    let mut is_known = false;
    for _ in 0..TRIES {
        let slot = kept::slot(&*core.store, &name).await?;
        if let Slot::Held(..) = &slot {
            secrets::remove(&*core.store, &kept.id, values.keys().filter(|_| is_known)).await?;
            return Err(taken(&name, ""));
        }
        if !is_known {
            check_room(core, &body).await?;
            kept::name_id(&*core.store, &kept.id, &name).await?;
            // Until the agent itself is there, nothing leads to them.
            secrets::put(&*core.store, &kept.id, values).await?;
            is_known = true;
        }
        if kept::put(&*core.store, &name, &body, slot.body()).await? {
            changes::tell(core, &kept, AgentChange::Created).await;
            return item(core, kept);
        }
    }
    Err(overtaken(&name))
}

/// Checks that there is room for one more.
async fn check_room(core: &Core, body: &str) -> Result<()> {
    let sizes = kept::sizes(&*core.store).await?;
    let bytes = sizes.iter().sum::<usize>() + body.len();
    if sizes.len() >= AGENTS || bytes > ALL_BYTES {
        let message = format!("there is no room for one more agent: {} are kept, of {bytes} bytes", sizes.len());
        return Err(Error::new(ErrorCode::TooLarge, message)
            .hint(format!("at most {AGENTS} agents of {ALL_BYTES} bytes together are kept; remove others")));
    }
    Ok(())
}

/// Finds an agent that somebody wants to change, with its text in the store.
async fn changeable(core: &Core, caller: &Principal, named: &str) -> Result<(String, Kept)> {
    if core.settings.agents.contains_key(named) {
        let message = format!("agent `{named}` cannot be changed here: {}", core.configured_in(caller, named));
        return Err(Error::new(ErrorCode::Forbidden, message).hint("change it where it is configured"));
    }
    match kept::held(&*core.store, named).await? {
        Some(Slot::Held(body, kept)) => {
            access::may_change_agent(caller, &kept.definition.name, kept.trusted)?;
            Ok((body, *kept))
        }
        _ => match kept::find(&*core.store, named).await? {
            Some(kept) => Err(removed(&kept)),
            None => Err(core.no_agent(named).await),
        },
    }
}

/// Replaces the definition of an agent, with new values of its secrets. `expected` = only if it still has this revision.
pub(crate) async fn update(
    core: &Core,
    caller: &Principal,
    named: &str,
    (mut agent, values): (Agent, &Values),
    expected: Option<&Revision>,
) -> Result<AgentItem> {
    for _ in 0..TRIES {
        let (old, before) = changeable(core, caller, named).await?;
        let name = &before.definition.name;
        if agent.name.is_empty() {
            agent.name.clone_from(name);
        }
        if agent.name != *name {
            let message = format!("agent `{name}` keeps its name: the definition says `{}`", shown(&agent.name));
            return Err(Error::invalid(message).hint("make another agent, and remove this one"));
        }
        if let Some(expected) = expected.filter(|expected| **expected != before.revision) {
            let message =
                format!("agent `{name}` was changed meanwhile: its revision is {}, not {}", before.revision.0, expected.0);
            return Err(Error::new(ErrorCode::Conflict, message).hint("read it again"));
        }
        let definition = checked(caller, agent.clone())?;
        secrets::check(&definition, values)?;
        secrets::check_all_there(&definition, values, &before.definition.secrets)?;
        let (by, trusted) = (caller.actor(), caller.is_admin());
        if definition == before.definition && trusted == before.trusted && values.is_empty() {
            return item(core, before);
        }
        let elsewhere = secrets::leads_elsewhere(&definition, &before.definition);
        if elsewhere {
            // So that for no moment an old value goes to the new address, or a new one to the old.
            secrets::remove(&*core.store, &before.id, values.keys()).await?;
        } else {
            secrets::put(&*core.store, &before.id, values).await?;
        }
        let revision = revision(&definition)?.0;
        let gone: Vec<String> =
            before.definition.secrets.iter().filter(|name| !definition.secrets.contains(name)).cloned().collect();
        let kept = Kept { updated_at: core.clock.now(), by, trusted, revision, definition, ..before };
        if kept::put(&*core.store, &kept.definition.name, &kept.body()?, Some(&old)).await? {
            if elsewhere {
                secrets::put(&*core.store, &kept.id, values).await?;
            }
            secrets::remove(&*core.store, &kept.id, gone.iter()).await?;
            changes::tell(core, &kept, AgentChange::Changed).await;
            return item(core, kept);
        }
    }
    Err(overtaken(&shown(named)))
}

/// Has an agent take work, or none. Whose definition it is does not change by that.
pub(crate) async fn set_state(core: &Core, caller: &Principal, named: &str, state: AgentState) -> Result<AgentItem> {
    for _ in 0..TRIES {
        let (old, before) = changeable(core, caller, named).await?;
        if before.definition.state == state {
            return item(core, before);
        }
        let definition = Agent { state, ..before.definition.clone() };
        let revision = revision(&definition)?.0;
        let kept = Kept { updated_at: core.clock.now(), revision, definition, ..before };
        if kept::put(&*core.store, &kept.definition.name, &kept.body()?, Some(&old)).await? {
            changes::tell(core, &kept, AgentChange::Changed).await;
            return item(core, kept);
        }
    }
    Err(overtaken(&shown(named)))
}

/// Removes an agent: its name is free afterwards; by its id it can still be read. Its runs that wait for their turn, or
/// began in it, are cancelled: nobody waits for them here and now. What a run has pinned it keeps, so those that begin in
/// the same moment elsewhere are carried out.
pub(crate) async fn remove(core: &Arc<Core>, caller: &Principal, named: &str) -> Result<AgentItem> {
    for _ in 0..TRIES {
        let (old, before) = changeable(core, caller, named).await?;
        let kept = Kept { archived_at: Some(core.clock.now()), ..before };
        if kept::archive(&*core.store, &kept, &old).await? {
            secrets::remove(&*core.store, &kept.id, kept.definition.secrets.iter()).await?;
            changes::tell(core, &kept, AgentChange::Removed).await;
            super::runs::cancel_of_agent(core, &kept.definition.name, &caller.actor()).await?;
            return item(core, kept);
        }
    }
    Err(overtaken(&shown(named)))
}

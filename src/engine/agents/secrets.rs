//! What an agent has of its own: secrets, which lie beside its definition as those of the owner `agent:ID`, and its own
//! ways to providers of models, which are what its definition says and a secret together.
//!
//! A key is given only to the address that it was set for: where a run has pinned a definition whose way is another one by
//! now, it gets no key and says so.

use std::collections::BTreeMap;

use async_trait::async_trait;
use secrecy::SecretString;

use super::{AgentItem, kept};
use crate::config::{Provider, Wire};
use crate::domain::{Agent, AgentEndpoint, AgentId, Cause, EndpointWire, Error, ErrorCode, Principal, Result, Revision};
use crate::engine::access::{Does, On};
use crate::engine::house::{Core, House};
use crate::engine::keys::Word;
use crate::models::{OwnProviders, is_key_header};
use crate::storage::Store;

/// Most bytes of one secret.
const SECRET_BYTES: usize = 64 << 10;

/// Values of secrets, by name.
pub(super) type Values = BTreeMap<String, Word>;

/// Agents with what is kept apart from their definitions.
#[async_trait]
pub trait AgentSecrets: Send + Sync {
    /// Makes an agent with the values of the secrets that its definition names.
    ///
    /// # Errors
    /// As [`crate::engine::Engine::create_agent`]; `invalid_input` when a value is missing, or belongs to no name.
    async fn create_agent_with(
        &self,
        caller: &Principal,
        agent: Agent,
        secrets: BTreeMap<String, Word>,
    ) -> Result<AgentItem>;

    /// Replaces the definition of an agent, with new values of secrets. Those that the definition goes on to name and that
    /// are not here keep their value; those that it names no more are removed.
    ///
    /// # Errors
    /// As [`crate::engine::Engine::update_agent`]; `invalid_input` when a value is missing, or belongs to no name.
    async fn update_agent_with(
        &self,
        caller: &Principal,
        named: &str,
        agent: Agent,
        expected: Option<&Revision>,
        secrets: BTreeMap<String, Word>,
    ) -> Result<AgentItem>;
}

#[async_trait]
impl AgentSecrets for House {
    async fn create_agent_with(
        &self,
        caller: &Principal,
        agent: Agent,
        secrets: BTreeMap<String, Word>,
    ) -> Result<AgentItem> {
        self.check(caller, Does::Changes, On::Agents).await?;
        super::create(&self.core, caller, agent, &secrets).await
    }

    async fn update_agent_with(
        &self,
        caller: &Principal,
        named: &str,
        agent: Agent,
        expected: Option<&Revision>,
        secrets: BTreeMap<String, Word>,
    ) -> Result<AgentItem> {
        self.check(caller, Does::Changes, On::Agents).await?;
        super::update(&self.core, caller, named, (agent, &secrets), expected).await
    }
}

fn owner(id: &AgentId) -> String {
    format!("agent:{id}")
}

/// Checks values: each belongs to a name of the definition, and can be kept.
pub(super) fn check(agent: &Agent, values: &Values) -> Result<()> {
    for (name, value) in values {
        let shown = crate::config::printable(name);
        if !agent.secrets.contains(name) {
            return Err(Error::invalid(format!("there is a value for `{shown}`, which is no secret of the agent")));
        }
        let is_key = agent.endpoints.values().any(|endpoint| endpoint.key.as_ref() == Some(name));
        let value = value.expose();
        let fits = !is_key || (!value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic()));
        if !fits || value.len() > SECRET_BYTES || value.contains('\0') {
            return Err(Error::invalid(format!("the value of `{shown}` is too long, or holds what cannot stand there")));
        }
    }
    Ok(())
}

/// Checks that every secret that a definition names has a value, given here or kept of the agent before.
pub(super) fn check_all_there(agent: &Agent, values: &Values, before: &[String]) -> Result<()> {
    match agent.secrets.iter().find(|name| !values.contains_key(*name) && !before.contains(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("there is no value for the secret `{}` of the agent", crate::config::printable(name));
            Err(Error::invalid(message))
        }
    }
}

/// Keeps values.
pub(super) async fn put(store: &dyn Store, id: &AgentId, values: &Values) -> Result<()> {
    for (name, value) in values {
        store.put_secret(&owner(id), name, Some(&SecretString::from(value.expose()))).await?;
    }
    Ok(())
}

/// Takes the values of some names away.
pub(super) async fn remove(store: &dyn Store, id: &AgentId, names: impl Iterator<Item = &String>) -> Result<()> {
    for name in names {
        store.put_secret(&owner(id), name, None).await?;
    }
    Ok(())
}

/// Whether a way of one definition leads elsewhere than that of the other.
pub(super) fn leads_elsewhere(one: &Agent, other: &Agent) -> bool {
    let ways = |agent: &Agent| -> Vec<(String, Option<EndpointWire>, Option<String>)> {
        let way = |(name, endpoint): (&String, &AgentEndpoint)| (name.clone(), endpoint.wire, endpoint.base_url.clone());
        agent.endpoints.iter().map(way).collect()
    };
    ways(one) != ways(other)
}

impl Core {
    /// The ways to providers that an agent has of its own, as its definition says, with their keys.
    ///
    /// # Errors
    /// `model_failed` with the cause `auth` when the agent's way to a provider is another one by now.
    pub(crate) async fn own_providers(&self, agent: &Agent) -> Result<OwnProviders> {
        let mut own = OwnProviders::new();
        if agent.endpoints.is_empty() {
            return Ok(own);
        }
        if self.settings.agents.contains_key(&agent.name) && agent.endpoints.values().any(|endpoint| endpoint.key.is_some())
        {
            let message = format!("agent `{}` is configured, and a configured agent has no secrets", agent.name);
            return Err(Error::invalid(message).hint("give it a model of a provider, and the provider its key"));
        }
        let now = match kept::held(&*self.store, &agent.name).await? {
            Some(kept::Slot::Held(_, kept)) => Some(kept),
            _ => None,
        };
        for (name, endpoint) in &agent.endpoints {
            let key = match &endpoint.key {
                None => None,
                Some(key) => {
                    let same = now.as_ref().filter(|now| now.definition.endpoints.get(name) == Some(endpoint));
                    let Some(now) = same else { return Err(changed(agent, name)) };
                    self.store.secret(&owner(&now.id), key).await?
                }
            };
            own.insert(name.clone(), self.own_provider(agent, (name, endpoint), key)?);
        }
        Ok(own)
    }

    fn own_provider(
        &self,
        agent: &Agent,
        (name, endpoint): (&str, &AgentEndpoint),
        key: Option<SecretString>,
    ) -> Result<Provider> {
        let of_house = self.settings.providers.get(name);
        let wire = match endpoint.wire {
            Some(EndpointWire::Openai) => Wire::Openai,
            Some(EndpointWire::Anthropic) => Wire::Anthropic,
            None => of_house.map_or(Wire::Openai, |provider| provider.wire),
        };
        if let Some(url) = &endpoint.base_url {
            // Nothing of the house's goes to an address that somebody else chose.
            return Ok(Provider { wire, base_url: url.clone(), api_key: key, headers: BTreeMap::new() });
        }
        let Some(of_house) = of_house else {
            let message = format!("agent `{}` does not say where its provider `{name}` is", agent.name);
            return Err(Error::invalid(message).hint(format!("set `endpoints.{name}.base_url` of the agent")));
        };
        let mut headers = of_house.headers.clone();
        if endpoint.key.is_some() {
            headers.retain(|header, _| !is_key_header(header));
        }
        let api_key = if endpoint.key.is_some() { key } else { of_house.api_key.clone() };
        Ok(Provider { wire, base_url: of_house.base_url.clone(), api_key, headers })
    }
}

fn changed(agent: &Agent, provider: &str) -> Error {
    let message =
        format!("the way of agent `{}` to its provider `{provider}` was changed since the run was asked for", agent.name);
    Error::model(Cause::Auth, message).hint("ask again")
}

/// Checks that somebody may have an agent's model asked where the definition says.
pub(super) fn may_lead(caller: &Principal, agent: &Agent) -> Result<()> {
    if caller.is_admin() || agent.endpoints.values().all(|endpoint| endpoint.base_url.is_none()) {
        return Ok(());
    }
    let message = format!("`{}` may not say at which address the model of agent `{}` is asked", caller.name, agent.name);
    Err(Error::new(ErrorCode::Forbidden, message).hint(crate::engine::access::HOW))
}

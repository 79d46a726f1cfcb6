//! Agents with what is kept apart from their definitions: values go there, and never come back.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::wire::{CreateAgentWith, UpdateAgentWith};
use super::{Remote, SOON};
use crate::domain::{Agent, Principal, Result, Revision};
use crate::engine::{AgentItem, AgentSecrets, Word};

#[async_trait]
impl AgentSecrets for Remote {
    async fn create_agent_with(&self, _: &Principal, agent: Agent, secrets: BTreeMap<String, Word>) -> Result<AgentItem> {
        self.line.call("create_agent_with", &CreateAgentWith { definition: agent, secrets }, SOON).await
    }

    async fn update_agent_with(
        &self,
        _: &Principal,
        named: &str,
        agent: Agent,
        expected: Option<&Revision>,
        secrets: BTreeMap<String, Word>,
    ) -> Result<AgentItem> {
        let revision = expected.cloned();
        let update = UpdateAgentWith { agent: named.to_owned(), definition: agent, revision, secrets };
        self.line.call("update_agent_with", &update, SOON).await
    }
}

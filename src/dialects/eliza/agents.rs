//! Agents of the house as this API names them: by an id that follows from the name, unless the character chose one.

use super::errors::ElizaError;
use super::kept::{self, KeptAgent};
use super::{NAME, ids};
use crate::domain::{AgentState, Principal};
use crate::engine::{AgentItem, Engine};

/// The name that an agent is shown by.
pub fn shown(item: &AgentItem) -> String {
    let kept: KeptAgent = kept::read(&item.agent.attributes);
    if kept.name.is_empty() { item.agent.name.clone() } else { kept.name }
}

/// The id of an agent.
pub fn id_of(item: &AgentItem) -> String {
    let kept: KeptAgent = kept::read(&item.agent.attributes);
    if !kept.id.is_empty() {
        return kept.id;
    }
    ids::of_name(if kept.name.is_empty() { &item.agent.name } else { &kept.name })
}

/// An agent by its id.
///
/// # Errors
/// 404 `NOT_FOUND`.
pub async fn by_id(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<AgentItem, ElizaError> {
    let all = engine.agents(caller).await?;
    let found = all.into_values().find(|item| id_of(item).eq_ignore_ascii_case(id));
    found.ok_or_else(|| ElizaError::not_found("Agent not found"))
}

/// An agent that takes work.
///
/// # Errors
/// 404 `NOT_FOUND`, also for one that takes none.
pub async fn running(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<AgentItem, ElizaError> {
    let item = by_id(engine, caller, id).await?;
    if item.agent.state == AgentState::Active { Ok(item) } else { Err(ElizaError::not_found("Agent not found")) }
}

/// Where this API keeps documents of a kind.
pub fn shelf(kind: &str) -> crate::engine::ShelfPlace {
    crate::engine::ShelfPlace::new(NAME, kind)
}

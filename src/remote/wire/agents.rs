//! The words about agents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Agent, AgentState, Revision};
use crate::engine::{AgentItem, Word};

/// The agents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Agents {
    /// By name.
    #[schema(value_type = BTreeMap<String, Object>)]
    pub agents: BTreeMap<String, AgentItem>,
}

/// An agent that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfAgent {
    /// Its name, or its id.
    pub agent: String,
}

/// Makes an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAgent {
    /// Its definition, with the fields of a definition in a file; `permissions` is a list of `{"tool", "pattern",
    /// "permission"}`. Of callers who may not administer the house only denials count.
    #[schema(value_type = Object)]
    pub definition: Agent,
}

/// Replaces the definition of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAgent {
    /// Its name, or its id.
    pub agent: String,
    /// The new definition, whole. Its name stays, and may be left out.
    #[schema(value_type = Object)]
    pub definition: Agent,
    /// Only if it still has this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub revision: Option<Revision>,
}

/// Makes an agent with the values of its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAgentWith {
    /// Its definition; `secrets` in it are the names.
    #[schema(value_type = Object)]
    pub definition: Agent,
    /// The values of its secrets, by name.
    #[schema(value_type = BTreeMap<String, String>)]
    pub secrets: BTreeMap<String, Word>,
}

/// Replaces the definition of an agent, with new values of its secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateAgentWith {
    /// Its name, or its id.
    pub agent: String,
    /// The new definition, whole; `secrets` in it are the names. Those that have no value here keep the one that they have.
    #[schema(value_type = Object)]
    pub definition: Agent,
    /// Only if it still has this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub revision: Option<Revision>,
    /// New values of its secrets, by name.
    #[schema(value_type = BTreeMap<String, String>)]
    pub secrets: BTreeMap<String, Word>,
}

/// Has an agent take work, or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAgentState {
    /// Its name, or its id.
    pub agent: String,
    /// `active`, or `inactive`.
    #[schema(value_type = String)]
    pub state: AgentState,
}

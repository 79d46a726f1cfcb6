//! The words about agents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Agent, Revision};
use crate::engine::AgentItem;

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

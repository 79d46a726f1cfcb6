//! Agents: what the CLI sends of a definition, and what it and the SDK are told.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::dialects::octavus::definition::{Format, Prompt, Reference, Settings};

/// The agents.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OctavusAgents)]
pub struct AgentList {
    /// Them, by slug.
    pub agents: Vec<AgentRow>,
}

/// An agent in the list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusAgentRow)]
pub struct AgentRow {
    /// Its id.
    pub id: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is for. Here, and only here, nothing is `null`.
    pub description: Option<String>,
    /// What it is.
    pub format: Format,
    /// When it was made.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
    /// The project that it belongs to: the house has one.
    pub project_id: String,
}

/// An agent as it was defined.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OctavusAgent)]
pub struct AgentAnswer {
    /// Its id.
    pub id: String,
    /// Who it is.
    pub settings: Settings,
    /// What it does: YAML.
    pub protocol: String,
    /// Texts for the model.
    pub prompts: Vec<Prompt>,
    /// Texts that the model may look up.
    pub references: Vec<Reference>,
}

/// What is to be changed of a definition. What is not given stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = OctavusAgentChange)]
pub struct AgentChange {
    /// Who the agent is.
    #[serde(default)]
    pub settings: SettingsChange,
    /// What it does: YAML.
    #[serde(default)]
    pub protocol: Option<String>,
    /// All texts for the model.
    #[serde(default)]
    pub prompts: Option<Vec<Prompt>>,
    /// All texts that the model may look up.
    #[serde(default)]
    pub references: Option<Vec<Reference>>,
}

/// What is to be changed of settings. What is not given stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = OctavusSettingsChange)]
pub struct SettingsChange {
    /// The slug that the agent has: it is not changed.
    #[serde(default)]
    pub slug: Option<String>,
    /// Its name for people.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is for; `null` takes it away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// What it is: `interactive` or `worker`.
    #[serde(default)]
    pub format: Option<String>,
}

/// Tells `null` from what is absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What was done with an agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusAgentChanged)]
pub struct AgentChanged {
    /// Its id.
    pub agent_id: String,
    /// For people.
    pub message: String,
}

/// What is wrong with a definition.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OctavusValidation)]
pub struct Validation {
    /// Whether it can be used.
    pub valid: bool,
    /// Why not.
    pub errors: Vec<Finding>,
    /// What was probably meant otherwise.
    pub warnings: Vec<Finding>,
}

/// What is wrong at one place.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OctavusFinding)]
pub struct Finding {
    /// File, line and what.
    pub message: String,
    /// The place, such as `handlers.lookup.Look up.tool`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// `error` or `warning`.
    #[schema(value_type = String)]
    pub severity: crate::dialects::octavus::definition::Severity,
}

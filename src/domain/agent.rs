//! Who works: agents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Attributes, CallerTool, Declaration, FromState, Labels, ModelChoice, ModelSettings, NamedProcedure, PermissionRule,
    Procedure, Step, Template,
};

/// Whether an agent takes work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It takes work.
    #[default]
    Active,
    /// It takes none.
    Inactive,
}

/// The SHA-256 of an agent's definition as canonical JSON: a run pins it, and keeps it although the agent is edited.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub String);

/// An agent's definition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agent {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// One line for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What the model is told about itself and its task.
    pub instructions: Template,
    /// Its model; absent = what the settings choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// How its model is asked.
    pub settings: ModelSettings,
    /// The tools that it may use, by name; absent = all tools of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    /// The tool servers whose tools it is offered, by slug or id; absent = those that are for all agents. What is not
    /// there, or does not run, is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_servers: Option<Vec<String>>,
    /// What it does when it is asked; none = it asks its model.
    #[serde(skip_serializing_if = "Procedure::is_ordinary")]
    pub procedure: Procedure,
    /// What it can be asked for by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub procedures: BTreeMap<String, NamedProcedure>,
    /// Tools of its own that whoever asks carries out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caller_tools: Vec<CallerTool>,
    /// What a session with it is given when it is made, and keeps.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Declaration>,
    /// What a session with it remembers beside what is said, with the values that it begins with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Declaration>,
    /// What of how its model is asked the session's state says.
    #[serde(skip_serializing_if = "FromState::is_silent")]
    pub from_state: FromState,
    /// Most calls of its model in one step of a procedure; at the limit the step ends. Absent = as the run's budget says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// Permissions of its own: they are read before those of the settings, and can only narrow them unless the user
    /// wrote the definition.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<PermissionRule>,
    /// Whether it takes work.
    pub state: AgentState,
    /// Words on it.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What a door keeps about it.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl Agent {
    /// Name of the agent that every configuration provides.
    pub const DEFAULT: &'static str = "default";

    /// Whether a text can name an agent.
    pub fn is_name(text: &str) -> bool {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }

    /// How its models are asked, in every place where it says so.
    pub fn settings_mut(&mut self) -> impl Iterator<Item = &mut ModelSettings> {
        let named = self.procedures.values_mut().map(|procedure| &mut procedure.steps);
        let steps = std::iter::once(&mut self.procedure).chain(named).flat_map(Procedure::steps_mut);
        let of_steps = steps.filter_map(|step| match step {
            Step::OpenThread(step) => Some(&mut step.setup.settings),
            Step::Ask(_) | Step::Say(_) | Step::Call(_) | Step::Set(_) | Step::Serialize(_) => None,
        });
        std::iter::once(&mut self.settings).chain(of_steps)
    }

    /// What is wrong with its values, as the key's place and what it must be; `None` when nothing is. The name is not
    /// looked at.
    pub fn fault(&self) -> Option<(String, String)> {
        let within = |value: Option<f64>, most: f64| value.is_none_or(|value| (0.0..=most).contains(&value));
        let settings = &self.settings;
        if !within(settings.temperature, 2.0) {
            return Some(("settings.temperature".to_owned(), "must be a number from 0 to 2".to_owned()));
        }
        if !within(settings.top_p, 1.0) {
            return Some(("settings.top_p".to_owned(), "must be a number from 0 to 1".to_owned()));
        }
        if settings.max_tokens == Some(0) {
            return Some(("settings.max_tokens".to_owned(), "must be at least 1".to_owned()));
        }
        self.permissions.iter().enumerate().find_map(|(index, rule)| {
            let pattern = rule.pattern.as_ref();
            let text = pattern.map_or_else(|| rule.tool.clone(), |pattern| format!("{}({pattern})", rule.tool));
            let error = PermissionRule::parse(&text, rule.permission).err()?;
            Some((format!("permissions[{index}]"), format!("is wrong: {}", error.message)))
        })
    }
}

//! Facts about steps of procedures. The ordinary procedure has none: its single step begins and ends with its run.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Display, ModelChoice, ModelSettings};

/// A step begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    /// Which one, from 0.
    pub step: u32,
    /// What it does: `ask`, `say`, `call`, `set`, `open_thread` or `serialize`.
    pub kind: String,
    /// Its name; empty = none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it does, in a line, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is shown of it; absent in a log of an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
    /// The thread that it is about; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Whether people are not shown its answer as part of the conversation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// The name of the form that its answer has; absent = text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
}

/// A step has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFinished {
    /// Which one, from 0.
    pub step: u32,
    /// What it does.
    pub kind: String,
}

/// The session remembers a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateSet {
    /// Its name.
    pub key: String,
    /// The value.
    pub value: Value,
    /// Whether whoever asked is told: a result, and no step between.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
}

/// A thread begins, or begins anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadOpened {
    /// Its name.
    pub thread: String,
    /// The model that answers in it; absent = the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// What the model is told about itself and its task.
    pub instructions: String,
    /// How the model is asked.
    #[serde(default, skip_serializing_if = "ModelSettings::is_silent")]
    pub settings: ModelSettings,
    /// The tools that may be called in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Most calls of the model in one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
}

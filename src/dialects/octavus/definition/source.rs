//! A definition as it is sent and as it is kept: settings, protocol, prompts, references.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an agent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OctavusFormat)]
pub enum Format {
    /// It is triggered, again and again, in a session.
    #[default]
    Interactive,
    /// It is executed once.
    Worker,
}

impl Format {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Worker => "worker",
        }
    }
}

/// Who the agent is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OctavusSettings)]
pub struct Settings {
    /// Its name in addresses: lower-case words with dashes.
    #[serde(default)]
    pub slug: String,
    /// Its name for people.
    #[serde(default)]
    pub name: String,
    /// What it is for; `null` and nothing are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is: `interactive` or `worker`.
    #[serde(default)]
    #[schema(value_type = Format)]
    pub format: String,
}

/// A text for the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OctavusPrompt)]
pub struct Prompt {
    /// Its name: its file's without `.md`, with the folder below `prompts`.
    pub name: String,
    /// The text.
    pub content: String,
}

/// A text that the model may look up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OctavusReference)]
pub struct Reference {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub description: String,
    /// The text.
    pub content: String,
}

/// A whole definition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OctavusDefinition)]
pub struct Source {
    /// Who the agent is.
    #[serde(default)]
    pub settings: Settings,
    /// What it does: YAML.
    #[serde(default)]
    pub protocol: String,
    /// Texts for the model.
    #[serde(default)]
    pub prompts: Vec<Prompt>,
    /// Texts that the model may look up.
    #[serde(default)]
    pub references: Vec<Reference>,
}

impl Source {
    /// The format that the settings name.
    pub fn format(&self) -> Option<Format> {
        [Format::Interactive, Format::Worker].into_iter().find(|format| format.word() == self.settings.format)
    }
}

//! What is said about models everywhere: which one, how it is set, what it used.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Error;

/// A provider and one of its models, written `provider/id` and split at the first `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelChoice {
    /// A provider of the settings, such as `openai`.
    pub provider: String,
    /// The id that the provider knows; it may hold further `/`.
    pub id: String,
}

impl ModelChoice {
    /// A provider and a model.
    pub fn new(provider: impl Into<String>, id: impl Into<String>) -> Self {
        Self { provider: provider.into(), id: id.into() }
    }

    /// Reads `provider/id`.
    ///
    /// # Errors
    /// `invalid_input` when there is no `/`, or nothing before or after it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.split_once('/') {
            Some((provider, id)) if !provider.is_empty() && !id.is_empty() => Ok(Self::new(provider, id)),
            _ => Err(Error::invalid(format!("model `{text}` is not of the form PROVIDER/ID"))
                .hint("name the provider first, such as `openai/gpt-5-mini` or `offline/rules`")),
        }
    }
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.provider, self.id)
    }
}

impl Serialize for ModelChoice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// How a model is asked. Absent = the provider's default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// Randomness, usually 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Longest answer of one call, in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// How much to think: `low`, `medium`, `high`, or what the provider takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Texts at which the model stops.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Further fields of the request body, sent as they are.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl ModelSettings {
    /// Whether nothing is said.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }

    /// These settings, and where they say nothing, those.
    #[must_use]
    pub fn over(&self, those: &Self) -> Self {
        let mut extra = those.extra.clone();
        extra.extend(self.extra.clone());
        Self {
            temperature: self.temperature.or(those.temperature),
            top_p: self.top_p.or(those.top_p),
            max_tokens: self.max_tokens.or(those.max_tokens),
            reasoning_effort: self.reasoning_effort.clone().or_else(|| those.reasoning_effort.clone()),
            stop: if self.stop.is_empty() { those.stop.clone() } else { self.stop.clone() },
            extra,
        }
    }
}

/// Tokens that were used, and what they cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens sent, with those that came from a cache.
    pub input_tokens: u64,
    /// Tokens received, with those of reasoning.
    pub output_tokens: u64,
    /// Of the tokens sent: read from the provider's cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_tokens: u64,
    /// Of the tokens sent: written into the provider's cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
    /// Of the tokens received: reasoning.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning_tokens: u64,
    /// US dollars, where the price is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Usage {
    /// Adds another use to this one. A cost is known once one of them is known.
    pub fn add(&mut self, other: &Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(other.cache_write_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
        self.cost_usd = match (self.cost_usd, other.cost_usd) {
            (None, None) => None,
            (left, right) => Some(left.unwrap_or(0.0) + right.unwrap_or(0.0)),
        };
    }
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It said all.
    Stop,
    /// It waits for tools.
    ToolCalls,
    /// It reached its longest answer.
    Length,
    /// The provider withheld the answer.
    ContentFilter,
    /// The stream broke off; the parts are what had come.
    Cut,
    /// The run was cancelled; the parts are what had come.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_counts_before_what_is_said_elsewhere() {
        let settings = |text: &str| -> ModelSettings { serde_json::from_str(text).unwrap() };
        let own = settings(r#"{"temperature": 0.1, "extra": {"a": 1}}"#);
        let those = settings(r#"{"temperature": 0.9, "max_tokens": 7, "stop": ["END"], "extra": {"a": 2, "b": 3}}"#);
        assert_eq!(
            own.over(&those),
            settings(r#"{"temperature": 0.1, "max_tokens": 7, "stop": ["END"], "extra": {"a": 1, "b": 3}}"#)
        );
        assert!(settings("{}").is_silent() && !own.is_silent());
    }
}

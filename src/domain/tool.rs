//! What an agent can do beside talking.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BlobId, CallId, Display, ErrorCode};

/// What a repeated call would do; decides what happens to a call whose process died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing: may be repeated.
    None,
    /// Done twice it is as done once: may be repeated.
    Repeatable,
    /// Each call counts: never repeated by the house.
    Once,
}

/// What permission a tool needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reads the workspace: allowed.
    Read,
    /// Changes files: must be allowed.
    Write,
    /// Runs commands: must be allowed.
    Run,
    /// Asks other machines: must be allowed.
    Fetch,
}

/// Who carries a call out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The house.
    Here,
    /// Whoever asked: the run waits for the answer.
    Caller,
}

/// What a model is told about a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Value,
    /// What a repeated call would do.
    pub effect: Effect,
    /// What permission it needs.
    pub access: Access,
}

/// A tool of an agent that whoever asks carries out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerTool {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does, for the model and for people.
    pub description: String,
    /// JSON Schema of its arguments.
    pub parameters: Value,
    /// What people see of a call.
    #[serde(default)]
    pub display: Display,
    /// What people are shown as its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl CallerTool {
    /// What a model is told about it. Only the caller knows what a repeated call does.
    pub fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name.clone(),
            description: self.description.clone(),
            parameters: self.parameters.clone(),
            effect: Effect::Once,
            access: Access::Read,
        }
    }
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Its id.
    pub id: CallId,
    /// Name of the tool.
    pub name: String,
    /// The arguments; `null` when the model's text is not JSON.
    pub arguments: Value,
    /// Who carries it out.
    pub place: Place,
    /// What a repeated call would do.
    pub effect: Effect,
    /// The step of the run's procedure that called it, from 0; absent = the model did, outside of any step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u32>,
    /// The variable that the step sets to what it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnStatus {
    /// The tool did what it was asked.
    Ok,
    /// The tool failed.
    Failed,
    /// Nobody allowed it.
    Denied,
    /// The run was cancelled before it ended.
    Cancelled,
}

/// Why a call has no proper output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolError {
    /// The stable word.
    pub code: ErrorCode,
    /// For the model and for people.
    pub message: String,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolReturn {
    /// Id of the call.
    pub id: CallId,
    /// Name of the tool.
    pub name: String,
    /// How it ended.
    pub status: ReturnStatus,
    /// What the model is shown: a text, or JSON. Capped; the full text is in `blob`.
    pub output: Value,
    /// Why there is no proper output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ToolError>,
    /// The full output, when `output` was capped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob: Option<BlobId>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

impl ToolReturn {
    /// The output as a model is shown it: the text, or compact JSON.
    pub fn output_text(&self) -> String {
        match &self.output {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

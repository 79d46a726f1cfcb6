//! Facts about runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{
    Attributes, Error, Labels, MessageId, ModelChoice, Outcome, Pins, ProcessId, Revision, StepStarted, TakingPart,
    Timestamp, ToolCall, Usage,
};

/// A run waits for its turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunQueued {
    /// Its agent.
    pub agent: String,
    /// The definition of the agent that it uses, whatever is edited meanwhile.
    pub revision: Revision,
    /// The message that it answers; absent = it goes on with what there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<MessageId>,
    /// The process that will take it; absent = whichever is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessId>,
    /// Larger goes first.
    #[serde(default)]
    pub priority: i32,
    /// The procedure that was asked for, of those of the agent; absent = what it does always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure: Option<String>,
    /// The procedure's arguments.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub arguments: Map<String, Value>,
    /// The name of whoever asked: what the procedure says as a person is said by them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asked_by: String,
    /// What a door keeps about what the procedure says as a person.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Words on the run.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What doors keep about the run.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub run_attributes: Attributes,
    /// Set when all agents that take part in the session were asked, and this is one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taking_part: Option<TakingPart>,
    /// What is fixed.
    pub pins: Pins,
}

/// A process took the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's agent.
    pub agent: String,
    /// The message that will be completed first.
    pub message_id: MessageId,
    /// The last message before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_message_id: Option<MessageId>,
    /// The text that the run answers, cut to 4,096 bytes; absent when it answers none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The model that is asked.
    pub model: ModelChoice,
    /// 1, then one more for every process that took it.
    pub attempt: u32,
    /// The process.
    pub process: ProcessId,
    /// The run is shown everything up to here, the message that it answers, and its own facts. The same for every
    /// attempt.
    pub base_seq: u64,
    /// The step of its procedure that it goes on with, which began before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepStarted>,
}

impl RunStarted {
    /// Most bytes of a text that stand in the fact.
    const INPUT: usize = 4_096;

    /// What of a text stands in the fact.
    pub fn input_of(mut text: String) -> Option<String> {
        text.truncate(text.floor_char_boundary(Self::INPUT));
        (!text.is_empty()).then_some(text)
    }
}

/// The run waits for the caller's tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunWaiting {
    /// All calls without an answer.
    pub calls: Vec<ToolCall>,
    /// The thread that they belong to; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// When it will be given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

/// Somebody wants the run to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCancelRequested {
    /// Why.
    pub reason: String,
}

/// The run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFinished {
    /// The run's agent.
    pub agent: String,
    /// How.
    pub outcome: Outcome,
    /// The text of its answer, or what there is of it.
    pub answer: String,
    /// The message that is its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// Calls of the model.
    pub rounds: u32,
    /// Calls of tools.
    pub tool_calls: u32,
    /// What it used.
    pub usage: Usage,
    /// The result of the procedure that was asked for, where it has one; the answer, where it had to have a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
    /// From its start to its end, in milliseconds.
    pub elapsed_ms: u64,
    /// Why it failed, or was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

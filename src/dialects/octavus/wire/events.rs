//! The events of a stream.

use serde::Serialize;
use serde_json::{Map, Value};

/// One event: in a worker it names the worker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// The event.
    #[serde(flatten)]
    pub event: StreamEvent,
    /// The worker that it comes from.
    #[serde(rename = "workerId", skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum StreamEvent {
    /// A leg of a run begins.
    Start {
        /// The message that the run writes.
        message_id: String,
        /// The run.
        execution_id: String,
        /// The last message before the run.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_message_id: Option<String>,
        /// The session, where it was made with this request.
        #[serde(skip_serializing_if = "Option::is_none")]
        session_id: Option<String>,
    },
    /// A leg ends.
    Finish {
        /// `stop`, `tool-calls`, `length`, `content-filter` or `other`.
        finish_reason: &'static str,
        /// The run.
        execution_id: String,
    },
    /// A leg ends with an error.
    Error(ErrorEvent),
    /// A text begins.
    TextStart {
        /// Its id.
        id: String,
        /// The type that it is JSON of.
        #[serde(skip_serializing_if = "Option::is_none")]
        response_type: Option<String>,
    },
    /// A text grows.
    TextDelta {
        /// Its id.
        id: String,
        /// The piece.
        delta: String,
    },
    /// A text ends.
    TextEnd {
        /// Its id.
        id: String,
    },
    /// A thought begins.
    ReasoningStart {
        /// Its id.
        id: String,
    },
    /// A thought grows.
    ReasoningDelta {
        /// Its id.
        id: String,
        /// The piece.
        delta: String,
    },
    /// A thought ends.
    ReasoningEnd {
        /// Its id.
        id: String,
    },
    /// A tool is going to be called.
    ToolInputStart {
        /// The call.
        tool_call_id: String,
        /// The tool.
        tool_name: String,
        /// What people read.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// What is shown of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<&'static str>,
    },
    /// The arguments of a call grow.
    ToolInputDelta {
        /// The call.
        tool_call_id: String,
        /// The piece of JSON.
        input_text_delta: String,
    },
    /// The arguments of a call are whole.
    ToolInputEnd {
        /// The call.
        tool_call_id: String,
    },
    /// A tool is called.
    ToolInputAvailable {
        /// The call.
        tool_call_id: String,
        /// The tool.
        tool_name: String,
        /// The arguments.
        input: Value,
    },
    /// A tool gave something.
    ToolOutputAvailable {
        /// The call.
        tool_call_id: String,
        /// What.
        output: Value,
    },
    /// A tool failed.
    ToolOutputError {
        /// The call.
        tool_call_id: String,
        /// Why.
        error: String,
    },
    /// A block begins.
    BlockStart {
        /// Its id.
        block_id: String,
        /// Its name.
        block_name: String,
        /// Its kind.
        block_type: &'static str,
        /// What is shown of it.
        display: &'static str,
        /// What it does, for people.
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        /// Whether what is said in it is part of the chat.
        #[serde(skip_serializing_if = "Option::is_none")]
        output_to_chat: Option<bool>,
        /// Its thread, where that is not the main one.
        #[serde(skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
    },
    /// A block ends.
    BlockEnd {
        /// Its id.
        block_id: String,
    },
    /// A resource has a new value.
    ResourceUpdate {
        /// Its name.
        name: String,
        /// The value.
        value: Value,
    },
    /// Tools of the application are to be called.
    ToolRequest {
        /// The calls.
        tool_calls: Vec<RequestedCall>,
    },
    /// A worker begins.
    WorkerStart {
        /// Its agent, by name.
        worker_slug: String,
        /// What it is given.
        input: Map<String, Value>,
    },
    /// A worker has ended.
    WorkerResult {
        /// Its result.
        #[serde(skip_serializing_if = "Option::is_none")]
        output: Option<Value>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// What a worker used.
    Usage {
        /// What it cost.
        cost: Cost,
        /// Its tokens.
        tokens: Tokens,
    },
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorEvent {
    /// What kind of error it is.
    pub error_type: &'static str,
    /// For people.
    pub message: String,
    /// `platform`, `provider` or `tool`.
    pub source: &'static str,
    /// Whether the same may succeed later.
    pub retryable: bool,
    /// Seconds that the provider asks to wait, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// For programs.
    pub code: String,
    /// The provider, where it is its error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderError>,
}

/// Which provider failed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderError {
    /// Its name.
    pub name: String,
    /// The model.
    pub model: String,
    /// The status that it answered, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
}

/// A call that the application is to carry out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestedCall {
    /// Its id.
    pub tool_call_id: String,
    /// The tool.
    pub tool_name: String,
    /// The arguments.
    pub args: Value,
    /// Who calls: `llm` or `block`.
    pub source: &'static str,
    /// The variable that a block sets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_variable: Option<String>,
    /// Which block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_index: Option<u32>,
    /// The thread, where that is not the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// What something cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// `USD`.
    pub currency: &'static str,
    /// Nothing is asked for the house itself.
    pub bandwidth_fee: f64,
    /// What the provider asks, where the price is known.
    pub provider_fee: f64,
    /// All of it.
    pub total_fee: f64,
    /// Whether the provider's key is the house's own: always.
    pub byok: bool,
}

/// Tokens that were used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// Sent.
    pub input_tokens: u64,
    /// Received.
    pub output_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

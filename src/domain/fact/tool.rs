//! Facts about calls of tools.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{BlobId, CallId, Display, Effect, MessageId, Place, ReturnStatus, ToolCall, ToolError, ToolReturn};

/// A call among the fields of a fact.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ToolCall")]
struct FlatCall {
    #[serde(rename = "call_id")]
    id: CallId,
    name: String,
    arguments: Value,
    place: Place,
    effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

/// What a call gave, among the fields of a fact.
#[derive(Serialize, Deserialize)]
#[serde(remote = "ToolReturn")]
struct FlatReturn {
    #[serde(rename = "call_id")]
    id: CallId,
    name: String,
    status: ReturnStatus,
    output: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ToolError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    blob: Option<BlobId>,
    elapsed_ms: u64,
}

/// A tool is being called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCalled {
    /// The call; beside the event's own `id`, its id is written as `call_id`.
    #[serde(flatten, with = "FlatCall")]
    pub call: ToolCall,
    /// The message that asked for it; absent when a step of a procedure did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// JSON Schema of the arguments, for whoever shows the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// What the tool does, for whoever shows the call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What people see of it; absent = as every tool of the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
    /// What people are shown as its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// A tool answered, or will not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolReturned {
    /// What it gave; beside the event's own `id`, the id of the call is written as `call_id`.
    #[serde(flatten, with = "FlatReturn")]
    pub returned: ToolReturn,
    /// The arguments of the call, for whoever shows the return alone.
    pub arguments: Value,
    /// The message that asked for it; absent when a step of a procedure did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

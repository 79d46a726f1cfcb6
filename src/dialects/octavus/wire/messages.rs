//! Messages: for users, and as the whole state has them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Who speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OctavusSender)]
pub struct Sender {
    /// Their id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address of their picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// Who said a message that users are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OctavusRole)]
pub enum Role {
    /// A user.
    User,
    /// The agent.
    Assistant,
}

/// A message for users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusUiMessage)]
pub struct UiMessage {
    /// Its id.
    pub id: String,
    /// Who said it.
    pub role: Role,
    /// Its parts, in order.
    pub parts: Vec<UiPart>,
    /// `streaming` or `done`.
    #[serde(default = "done")]
    pub status: String,
    /// When it was said.
    #[schema(value_type = String)]
    pub created_at: Value,
    /// Who speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sender>,
}

fn done() -> String {
    "done".to_owned()
}

/// A part of a message for users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[schema(as = OctavusUiPart)]
pub enum UiPart {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// `streaming` or `done`.
        #[serde(default = "done")]
        status: String,
        /// Its thread, where that is not the main one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
    },
    /// What the model thought.
    Reasoning {
        /// The text.
        text: String,
        /// `streaming` or `done`.
        #[serde(default = "done")]
        status: String,
        /// Its thread, where that is not the main one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
        /// What the provider wants back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Object>)]
        provider_metadata: Option<Value>,
    },
    /// A call of a tool.
    ToolCall(Box<UiCall>),
    /// Something that a block did.
    Operation {
        /// Its id.
        operation_id: String,
        /// What people read.
        name: String,
        /// The kind of block.
        operation_type: String,
        /// `running`, `done` or `cancelled`.
        status: String,
        /// Its thread, where that is not the main one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
    },
    /// A file.
    File {
        /// Its id.
        id: String,
        /// Its media type.
        media_type: String,
        /// Where it is.
        url: String,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        filename: Option<String>,
        /// Bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        /// The call that gave it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tool_call_id: Option<String>,
        /// Its thread, where that is not the main one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
    },
    /// An answer of a type.
    Object {
        /// Its id.
        id: String,
        /// The type.
        type_name: String,
        /// What there was of it while it grew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Object>)]
        partial: Option<Value>,
        /// It.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Object>)]
        object: Option<Value>,
        /// `streaming`, `done` or `error`.
        status: String,
        /// Why it is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Its thread, where that is not the main one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
    },
    /// The model was asked. Since 4.0.
    StepStart {},
    /// Something that the answer is based on; kept as it is.
    #[schema(value_type = Object)]
    Source(Map<String, Value>),
    /// A worker; kept as it is. Since 4.0.
    #[schema(value_type = Object)]
    Worker(Map<String, Value>),
    /// What is to be done; kept as it is. Since 4.0.
    #[schema(value_type = Object)]
    Todo(Map<String, Value>),
}

/// A call of a tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusUiCall)]
pub struct UiCall {
    /// Its id.
    pub tool_call_id: String,
    /// The tool.
    pub tool_name: String,
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The arguments.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub args: Map<String, Value>,
    /// What it gave; `Some(null)` is something.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// `pending`, `running`, `done`, `error`, or since 4.0 `cancelled`.
    pub status: String,
    /// What is shown of it. Since 4.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Its thread, where that is not the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// What the provider wants back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub provider_metadata: Option<Value>,
}

fn some<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A message as the whole state has it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusChatMessage)]
pub struct ChatMessage {
    /// Its id.
    pub id: String,
    /// `user`, `assistant` or `system`.
    pub role: &'static str,
    /// Its parts, in order.
    pub parts: Vec<ChatPart>,
    /// When it was said.
    pub created_at: String,
    /// Its text that users are shown.
    pub content: String,
    /// Its calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ChatCall>,
    /// Who speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sender>,
}

/// A part of a message as the whole state has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusChatPart)]
pub struct ChatPart {
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whether users are shown it.
    pub visible: bool,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call: Option<ChatCall>,
    /// What the answer is based on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub source: Option<Value>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub file: Option<Value>,
    /// The answer of a type.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub object: Option<Value>,
    /// What a block did. Since 4.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub operation: Option<Value>,
    /// A worker. Since 4.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub worker: Option<Value>,
    /// What is to be done. Since 4.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub todo: Option<Value>,
    /// Its thread, where that is not the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// A call of a tool as the whole state has it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = OctavusChatCall)]
pub struct ChatCall {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The arguments.
    #[schema(value_type = Object)]
    pub arguments: Map<String, Value>,
    /// `pending`, `available` or `error`.
    pub status: &'static str,
    /// What it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub result: Option<Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

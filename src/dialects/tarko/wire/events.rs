//! The events. Keys and their order are those of the original; `cursor` is ours.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::place::Place;
use crate::domain::BlobId;

/// One event of a session.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TarkoEvent {
    /// A UUID, the same whenever the event is told. Absent for what tells of no fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it is, such as `assistant_message`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
    /// The fields of its kind.
    #[serde(flatten)]
    pub body: Body,
    /// Where a reader stands who has this event; `after` of `GET /api/v1/sessions/events/stream` goes on from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub cursor: Option<Place>,
}

/// The fields of each kind of event.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Body {
    /// `user_message`
    UserMessage(UserMessage),
    /// `assistant_message`
    AssistantMessage(AssistantMessage),
    /// `assistant_thinking_message`
    ThinkingMessage(ThinkingMessage),
    /// `assistant_streaming_message`, `assistant_streaming_thinking_message`
    Streaming(Streaming),
    /// `assistant_streaming_tool_call`
    StreamingToolCall(StreamingToolCall),
    /// `tool_call`
    ToolCall(ToolCall),
    /// `tool_result`
    ToolResult(ToolResult),
    /// `system`
    System(System),
    /// `agent_run_start`
    RunStart(RunStart),
    /// `agent_run_end`
    RunEnd(RunEnd),
    /// `environment_input`
    EnvironmentInput(EnvironmentInput),
    /// `session_created`
    SessionCreated(SessionCreated),
}

/// What somebody said: a text, or parts.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Content {
    /// A text.
    Text(String),
    /// Text and images.
    Parts(Vec<ContentPart>),
}

/// One part of what somebody said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentPart {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// An image.
    ImageUrl {
        /// Where it is.
        image_url: ImageUrl,
    },
    /// Another file.
    File {
        /// The file.
        file: NamedFile,
    },
}

/// Where an image is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ImageUrl {
    /// `data:` and its bytes; `blob:` and the name of its bytes where an event is told without them.
    #[schema(value_type = String)]
    pub url: FileBytes,
}

/// A file with its name.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct NamedFile {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// As the URL of an image.
    #[schema(value_type = String)]
    pub file_data: FileBytes,
}

/// The bytes of a file, or the name of them.
#[derive(Clone, Debug, PartialEq)]
pub enum FileBytes {
    /// The name of the bytes, and their media type.
    Blob(BlobId, String),
    /// A URL that holds them.
    Url(String),
}

impl Serialize for FileBytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Blob(blob, _) => serializer.collect_str(&format_args!("blob:{blob}")),
            Self::Url(url) => serializer.serialize_str(url),
        }
    }
}

/// A person said something.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UserMessage {
    /// What.
    pub content: Content,
}

/// The agent said something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssistantMessage {
    /// The text.
    pub content: String,
    /// Always empty, as in the original with native tool calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_content: Option<String>,
    /// The tools that it calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<CalledFunction>,
    /// `stop`, `tool_calls`, `length`, `content_filter`, `abort`, `error`, `max_iterations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<&'static str>,
    /// That of its pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Until the first piece, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<u64>,
    /// Until the last piece, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttlt_ms: Option<u64>,
}

/// A tool that the agent calls.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CalledFunction {
    /// Id of the call.
    pub id: String,
    /// `function`
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Name and arguments.
    pub function: FunctionOfCall,
}

/// Name and arguments of a call.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FunctionOfCall {
    /// Name of the tool.
    pub name: String,
    /// The arguments as the model wrote them.
    pub arguments: String,
}

/// What the agent thought.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThinkingMessage {
    /// The text.
    pub content: String,
    /// Always true.
    pub is_complete: bool,
    /// That of the answer.
    pub message_id: String,
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Streaming {
    /// The piece.
    pub content: String,
    /// Always false: the whole message tells the end.
    pub is_complete: bool,
    /// The message that grows.
    pub message_id: String,
}

/// A piece of the arguments of a call.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamingToolCall {
    /// Id of the call.
    pub tool_call_id: String,
    /// Name of the tool.
    pub tool_name: String,
    /// The piece.
    pub arguments: String,
    /// Whether it was the last, which is empty.
    pub is_complete: bool,
    /// The message that grows.
    pub message_id: String,
}

/// A tool is called.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// Id of the call.
    pub tool_call_id: String,
    /// Name of the tool.
    pub name: String,
    /// The arguments; `{}` where the model's text is no JSON.
    pub arguments: Value,
    /// When, in milliseconds since 1970.
    pub start_time: i64,
    /// About the tool.
    pub tool: ToolInfo,
}

/// About a tool.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ToolInfo {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments.
    pub schema: Value,
}

/// A tool answered.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolResult {
    /// Id of the call.
    pub tool_call_id: String,
    /// Name of the tool.
    pub name: String,
    /// What it gave: a text, or JSON.
    pub content: Value,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Something that people should know.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct System {
    /// `info`, `warning` or `error`.
    pub level: &'static str,
    /// For people.
    pub message: String,
    /// For programs.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

/// A run begins.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunStart {
    /// The session.
    pub session_id: String,
    /// What was asked.
    pub run_options: RunOptions,
    /// The provider of the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The model, for people.
    pub model_display_name: String,
    /// The agent.
    pub agent_name: String,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunOptions {
    /// The text, cut to 4,096 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Always true: the model is always asked for a stream.
    pub stream: bool,
    /// The session.
    pub session_id: String,
}

/// A run has ended.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunEnd {
    /// The session.
    pub session_id: String,
    /// Calls of the model.
    pub iterations: u32,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// `idle`, `aborted` or `error`.
    pub status: &'static str,
}

/// Input that nobody said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EnvironmentInput {
    /// What.
    pub content: Content,
    /// What it is.
    pub description: String,
    /// Of what kind.
    pub metadata: EnvironmentMetadata,
}

/// Of what kind input is that nobody said.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct EnvironmentMetadata {
    /// `codebase`
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A session was made for this request.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionCreated {
    /// Its id.
    pub session_id: String,
}

//! What the tools share around a call: reading the arguments, and keeping file work off the threads of the runtime.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::{Error, ErrorCode};
use crate::workspace::{normalised, shown};

use super::{ToolContext, ToolFailure, ToolOutput};

/// The arguments as a tool has them.
pub fn parse<T: DeserializeOwned>(tool: &str, arguments: Value) -> Result<T, ToolFailure> {
    let fault = |cause: String| ToolFailure {
        code: ErrorCode::InvalidInput,
        message: format!("the arguments of `{tool}` do not fit its schema: {cause}"),
        partial: None,
    };
    if !arguments.is_object() {
        return Err(fault("they are not a JSON object".to_owned()));
    }
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let place = error.path().to_string();
        fault(if place == "." { error.inner().to_string() } else { format!("`{place}`: {}", error.inner()) })
    })
}

/// The JSON Schema of a tool's arguments.
pub fn schema(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// A text among the arguments, or nothing.
pub fn text<'a>(arguments: &'a Value, name: &str) -> &'a str {
    arguments.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The path that a call is about, for permission patterns: the same words as the workspace will use, so that `a/../b` is
/// judged as `b`.
pub fn path_subject(arguments: &Value) -> String {
    let path = text(arguments, "path");
    match normalised(path) {
        Some(words) if words.as_os_str().is_empty() => ".".to_owned(),
        Some(words) => words.to_string_lossy().into_owned(),
        None => path.to_owned(),
    }
}

/// A path as a tool names it: harmless, and marked as a name.
pub fn quoted(path: impl AsRef<Path>) -> String {
    format!("`{}`", shown(path.as_ref()))
}

impl From<Error> for ToolFailure {
    fn from(error: Error) -> Self {
        let message = match error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message,
        };
        Self { code: error.code, message, partial: None }
    }
}

impl ToolFailure {
    /// A failure that gave nothing.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), partial: None }
    }
}

/// What a tool says whose run was cancelled.
pub fn cancelled() -> ToolFailure {
    ToolFailure::new(ErrorCode::Unavailable, "the run was cancelled")
}

/// Reads files on a thread that may block, and stops waiting when the run is cancelled; the work itself looks at
/// `context.cancelled` where it may take long.
pub async fn reading<W>(context: &ToolContext, work: W) -> Result<ToolOutput, ToolFailure>
where
    W: FnOnce(&ToolContext) -> Result<ToolOutput, ToolFailure> + Send + 'static,
{
    let own = context.clone();
    tokio::select! {
        biased;
        () = context.cancelled.cancelled() => Err(cancelled()),
        done = tokio::task::spawn_blocking(move || work(&own)) => done.unwrap_or_else(|error| Err(broken(&error))),
    }
}

/// Changes files on a thread that may block. A change that has begun is waited for: whether it was made must be known.
pub async fn changing<W>(context: &ToolContext, work: W) -> Result<ToolOutput, ToolFailure>
where
    W: FnOnce(&ToolContext) -> Result<ToolOutput, ToolFailure> + Send + 'static,
{
    if context.cancelled.is_cancelled() {
        return Err(cancelled());
    }
    let own = context.clone();
    tokio::task::spawn_blocking(move || work(&own)).await.unwrap_or_else(|error| Err(broken(&error)))
}

fn broken(error: &tokio::task::JoinError) -> ToolFailure {
    ToolFailure::new(ErrorCode::Internal, format!("the tool broke off: {error}"))
}

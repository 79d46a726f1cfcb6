//! What the servers up to 0.3.0-beta.11 made of events before they sent them to a socket: `{type, data}`.

use serde::Serialize;
use serde_json::{Value, json};

use super::super::TarkoEvent;
use crate::domain::{Fact, Frame, SessionId, SessionUpdated};

/// An event as a socket gets it that joined with the bare id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct MappedEvent {
    #[serde(rename = "type")]
    kind: String,
    data: Value,
}

/// Maps what happens in a session.
pub(super) struct Mapped {
    session: SessionId,
}

impl Mapped {
    /// Of this session.
    pub(super) fn new(session: SessionId) -> Self {
        Self { session }
    }

    /// What a fact about the session itself is told as; `None` for those that are events of this API.
    pub(super) fn of_session(&self, frame: &Frame) -> Option<MappedEvent> {
        let Frame::Fact(event) = frame else { return None };
        match &event.fact {
            Fact::SessionDeleted(_) => Some(one("closed", json!({ "sessionId": self.session }))),
            Fact::SessionUpdated(SessionUpdated { model: Some(model), .. }) => {
                let model = model.as_ref().map(|model| json!({ "provider": model.provider, "id": model.id }));
                Some(one("model_updated", json!({ "sessionId": self.session, "modelConfig": model })))
            }
            _ => None,
        }
    }

    /// What an event is told as.
    pub(super) fn of_event(&self, event: &TarkoEvent) -> Vec<MappedEvent> {
        match serde_json::to_value(event) {
            Ok(event) => self.told(event),
            Err(error) => {
                tracing::error!(%error, "an event cannot be written as JSON");
                Vec::new()
            }
        }
    }

    fn told(&self, mut event: Value) -> Vec<MappedEvent> {
        // Cursors have no place in this form: a client cannot come back to one.
        if let Some(fields) = event.as_object_mut() {
            fields.shift_remove("cursor");
        }
        let field = |name: &str| event.get(name).cloned().unwrap_or(Value::Null);
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        match kind {
            "user_message" => vec![
                status("initializing", "query_preparation", "The question is being prepared"),
                status("processing", "request_processing", "The question was taken"),
                one("query", json!({ "text": field("content") })),
            ],
            "agent_run_start" => vec![status("initializing", "model_initialization", "The model is being asked")],
            "agent_run_end" => {
                let state = field("status");
                let aborted = (state == "aborted").then(|| one("aborted", json!({ "sessionId": self.session })));
                let end = one("agent-status", json!({ "isProcessing": false, "state": state }));
                aborted.into_iter().chain([end]).collect()
            }
            "assistant_message" => vec![one("answer", json!({ "text": field("content") }))],
            "assistant_streaming_message" => vec![
                status("streaming", "first_token_received", "The answer is coming"),
                one(
                    "streaming_message",
                    json!({
                        "content": field("content"), "isComplete": field("isComplete"), "messageId": field("messageId"),
                    }),
                ),
            ],
            "tool_call" => {
                let name = field("name");
                let working = format!("Executing {}...", name.as_str().unwrap_or_default());
                vec![
                    status("executing_tools", "tool_execution", &working),
                    one("event", picked(&event, &["type", "name", "toolCallId", "arguments"])),
                ]
            }
            "tool_result" => vec![one("event", picked(&event, &["type", "name", "toolCallId", "content", "error"]))],
            "system" => {
                let level = event.get("level").and_then(Value::as_str).unwrap_or("info");
                vec![one(level, json!({ "message": field("message") }))]
            }
            _ => vec![one("event", event)],
        }
    }
}

fn one(kind: &str, data: Value) -> MappedEvent {
    MappedEvent { kind: kind.to_owned(), data }
}

fn status(state: &str, phase: &str, message: &str) -> MappedEvent {
    one("agent-status", json!({ "isProcessing": true, "state": state, "phase": phase, "message": message }))
}

/// These fields of an event, as far as it has them.
fn picked(event: &Value, names: &[&str]) -> Value {
    let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), event.get(name)?.clone())));
    Value::Object(fields.collect())
}

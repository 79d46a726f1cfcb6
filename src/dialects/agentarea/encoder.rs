//! Frames of one run become events of a chat.

use serde_json::{Map, Value};

use super::errors::AreaError;
use super::ids;
use super::to_wire::tokens_used;
use super::wire::{ChatEvent, Metadata};
use crate::domain::{
    Delta, Error, ErrorCode, Event, Fact, Frame, ModelChoice, Outcome, PartStart, ReturnStatus, RunFinished, RunId,
    ToolReturn,
};
use crate::http::RequestId;

/// What the events of a run are told with.
#[derive(Clone, Debug)]
pub struct About {
    /// The run.
    pub run: RunId,
    /// The request that began it.
    pub request: RequestId,
    /// What was said: its length stands for tokens that nobody has counted.
    pub message: String,
    /// The provider whose models are told without it.
    pub default: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum End {
    /// With a reply.
    Replied(Box<Replied>),
    /// Without one, or not with all of it.
    Failed(Error),
}

/// The reply of a run.
#[derive(Clone, Debug)]
pub struct Replied {
    /// The id of the message.
    pub id: String,
    /// Its text.
    pub text: String,
    /// When it was complete.
    pub at: String,
    /// What it used.
    pub metadata: Metadata,
}

impl About {
    /// How the run has ended, if a frame tells that.
    pub fn end(&self, frame: &Frame) -> Option<End> {
        let Frame::Fact(event) = frame else { return None };
        if event.run.as_ref() != Some(&self.run) {
            return None;
        }
        match &event.fact {
            Fact::RunFinished(finished) => Some(self.finished(event, finished)),
            Fact::RunWaiting(waiting) => {
                let names: Vec<&str> = waiting.calls.iter().map(|call| call.name.as_str()).collect();
                let message = format!("the agent wants {} carried out by its caller", names.join(", "));
                Some(End::Failed(
                    Error::new(ErrorCode::NotSupported, message).hint("this API has no way to: ask this agent by another"),
                ))
            }
            _ => None,
        }
    }

    fn finished(&self, event: &Event, finished: &RunFinished) -> End {
        if let Some(error) = failure(finished) {
            return End::Failed(error);
        }
        let id = finished.message_id.as_ref().map_or_else(|| self.run.to_string(), ToString::to_string);
        let texts = [self.message.as_str(), finished.answer.as_str()];
        End::Replied(Box::new(Replied {
            id: format!("{}{id}", ids::MESSAGE),
            text: finished.answer.clone(),
            at: event.at.to_string(),
            metadata: Metadata {
                model: finished.model.as_ref().map(|model| model_name(model, self.default.as_deref())),
                tokens_used: tokens_used(&finished.usage, &texts),
            },
        }))
    }

    /// The events that a frame is told as, in order; none for what is no part of the run.
    pub fn encode(&self, frame: &Frame) -> Vec<ChatEvent> {
        if frame.run() != Some(&self.run) {
            return Vec::new();
        }
        match frame {
            Frame::Delta(live) => match &live.delta {
                Delta::Grew { part: PartStart::Text, text, .. } if !text.is_empty() => {
                    vec![ChatEvent::Token { content: text.clone() }]
                }
                Delta::Grew { .. } | Delta::Opened { .. } | Delta::Closed { .. } => Vec::new(),
            },
            Frame::Fact(event) => match &event.fact {
                Fact::ToolCalled(called) => vec![ChatEvent::ToolCall {
                    id: called.call.id.to_string(),
                    name: called.call.name.clone(),
                    arguments: object(&called.call.arguments),
                }],
                Fact::ToolReturned(returned) => vec![result(&returned.returned)],
                _ => self.end(frame).map(|end| self.last(end)).into_iter().collect(),
            },
        }
    }

    /// The last event of a stream.
    pub fn last(&self, end: End) -> ChatEvent {
        match end {
            End::Replied(reply) => ChatEvent::End { message_id: reply.id, metadata: reply.metadata },
            End::Failed(error) => self.failed(error),
        }
    }

    /// The last event of a stream that went wrong.
    pub fn failed(&self, error: Error) -> ChatEvent {
        ChatEvent::Error { error: AreaError::from(error).body(&self.request) }
    }
}

/// Why a run has no reply; `None` when it has one, or had nothing to say.
pub fn failure(finished: &RunFinished) -> Option<Error> {
    let told = || finished.error.clone();
    match finished.outcome {
        Outcome::Completed | Outcome::Silent => None,
        Outcome::Failed => Some(told().unwrap_or_else(|| Error::internal("the run failed"))),
        // It is no defect of anything: somebody wanted it.
        Outcome::Cancelled => {
            let why = told().map_or_else(String::new, |error| format!(": {}", error.message));
            Some(Error::new(ErrorCode::Conflict, format!("the run was cancelled{why}")))
        }
    }
}

/// A model's name, without its provider where that is the default one.
pub fn model_name(model: &ModelChoice, default: Option<&str>) -> String {
    if default == Some(model.provider.as_str()) { model.id.clone() } else { model.to_string() }
}

fn object(arguments: &Value) -> Map<String, Value> {
    arguments.as_object().cloned().unwrap_or_default()
}

fn result(returned: &ToolReturn) -> ChatEvent {
    let content = match &returned.error {
        Some(error) if returned.output.is_null() => error.message.clone(),
        _ => returned.output_text(),
    };
    ChatEvent::ToolResult {
        id: returned.id.to_string(),
        name: returned.name.clone(),
        content,
        is_error: returned.status != ReturnStatus::Ok,
    }
}

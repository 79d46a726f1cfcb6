//! Messages that users were shown become a history again. What the house has no word for is kept with the message, which
//! is told later as it came; what the model is shown of it is made of its texts, thoughts, calls and files.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::dialects::octavus::history::keep;
use crate::dialects::octavus::request::Asked;
use crate::dialects::octavus::wire::{Role, UiCall, UiMessage, UiPart};
use crate::domain::{
    Agent, Attributes, Author, AuthorKind, CallId, Error, ErrorCode, FileId, Message, MessageId, Part, ReasoningPart,
    Result, ReturnStatus, SessionId, Timestamp, ToolCallPart, ToolError, ToolReturn, Visibility,
};

/// Most messages.
const MESSAGES: usize = 10_000;
/// Longest id.
const ID: usize = 256;
/// Stands where the result of a call was not kept by whoever kept the messages.
const NOT_KEPT: &str = "the result of this call was not kept";

/// A message of the house, with what its calls gave.
type Made = (Message, Vec<ToolReturn>);

/// Messages as the house has them, in order.
///
/// # Errors
/// `invalid_input` when they are none.
pub async fn messages(asked: &Asked, session: &SessionId, agent: &Agent, messages: Vec<UiMessage>) -> Result<Vec<Made>> {
    if messages.len() > MESSAGES {
        let message = format!("{} messages were given, at most {MESSAGES} are taken", messages.len());
        return Err(Error::new(ErrorCode::TooLarge, message));
    }
    let mut ids: HashSet<String> = HashSet::new();
    let mut calls: HashSet<String> = HashSet::new();
    let mut made = Vec::with_capacity(messages.len());
    for (at, message) in messages.into_iter().enumerate() {
        if message.id.is_empty() || message.id.len() > ID || !ids.insert(message.id.clone()) {
            return Err(Error::invalid(format!("`messages[{at}].id` is empty, too long, or that of another message")));
        }
        let said_at = timestamp(&message.created_at)
            .ok_or_else(|| Error::invalid(format!("`messages[{at}].createdAt` is no time in ISO 8601")))?;
        let mut making = Making {
            asked,
            session,
            agent,
            role: message.role,
            said_at,
            parts: Vec::new(),
            returns: Vec::new(),
            made: Vec::new(),
        };
        for part in &message.parts {
            if let UiPart::ToolCall(call) = part
                && !calls.insert(call.tool_call_id.clone())
            {
                return Err(Error::invalid(format!("`messages[{at}]`: call `{}` is there twice", call.tool_call_id)));
            }
            making.take(part).await;
        }
        making.cut(true);
        let mut of_one = making.made;
        let (id, mut whole) = (message.id.clone(), message);
        whole.created_at = said_at.to_string().into();
        "done".clone_into(&mut whole.status);
        let whole = serde_json::to_value(&whole).unwrap_or_default();
        for (number, (message, _)) in of_one.iter_mut().enumerate() {
            let of = ("message", Value::from(id.clone()));
            if number == 0 {
                message.id = MessageId::from_text(&id);
                message.attributes = keep([of, ("whole", whole.clone())]);
            } else {
                message.id = MessageId::from_text(&format!("{id}.{number}"));
                message.attributes = keep([of]);
            }
        }
        made.extend(of_one);
    }
    Ok(made)
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => serde_json::from_value(json!(text)).ok(),
        Value::Number(millis) => millis.as_i64().map(Timestamp::from_millis),
        _ => None,
    }
}

/// One message on its way: a call, and then something said, is two messages of the house, since what the call gave stands
/// between them.
struct Making<'a> {
    asked: &'a Asked,
    session: &'a SessionId,
    agent: &'a Agent,
    role: Role,
    said_at: Timestamp,
    parts: Vec<(Option<String>, Part)>,
    returns: Vec<ToolReturn>,
    made: Vec<Made>,
}

impl Making<'_> {
    async fn take(&mut self, part: &UiPart) {
        match part {
            UiPart::StepStart {} if !self.returns.is_empty() => self.cut(false),
            UiPart::Text { text, thread, .. } => {
                let part = Part::text(text.clone());
                self.say(thread.clone(), part);
            }
            UiPart::Reasoning { text, thread, .. } => {
                let part = Part::Reasoning(ReasoningPart { text: text.clone(), ..ReasoningPart::default() });
                self.say(thread.clone(), part);
            }
            UiPart::Object { object: Some(object), thread, .. } => {
                // Not in one line with what was said before it.
                let between = if self.parts.is_empty() { "" } else { "\n" };
                self.say(thread.clone(), Part::text(format!("{between}{object}")));
            }
            UiPart::ToolCall(call) => {
                let arguments = Value::Object(call.args.clone());
                let part = ToolCallPart {
                    id: CallId::from_text(&call.tool_call_id),
                    name: call.tool_name.clone(),
                    arguments_text: arguments.to_string(),
                    arguments,
                };
                self.enter(call.thread.as_ref());
                self.parts.push((call.thread.clone(), Part::ToolCall(part)));
                self.returns.push(returned(call));
            }
            UiPart::File { id, filename, media_type, thread, .. } => {
                let file = self.asked.engine().kept_file(&self.asked.caller, self.session, &FileId::from_text(id)).await;
                let named = || Part::text(format!("[file {}, {media_type}]", filename.as_deref().unwrap_or(id)));
                let part = file.ok().and_then(|file| file.part()).map_or_else(named, Part::File);
                self.say(thread.clone(), part);
            }
            UiPart::StepStart {}
            | UiPart::Object { .. }
            | UiPart::Operation { .. }
            | UiPart::Source(_)
            | UiPart::Worker(_)
            | UiPart::Todo(_) => {}
        }
    }

    fn say(&mut self, thread: Option<String>, part: Part) {
        if !self.returns.is_empty() {
            self.cut(false);
        }
        self.enter(thread.as_ref());
        self.parts.push((thread, part));
    }

    /// A message is of one thread.
    fn enter(&mut self, thread: Option<&String>) {
        if self.parts.last().is_some_and(|(of, _)| of.as_ref() != thread) {
            self.cut(false);
        }
    }

    fn cut(&mut self, last: bool) {
        let is_first = self.made.is_empty();
        if self.parts.is_empty() && !(last && is_first) {
            return;
        }
        let thread = self.parts.first().and_then(|(thread, _)| thread.clone());
        let (kind, name) = match self.role {
            Role::User => (AuthorKind::Person, self.asked.caller.name.clone()),
            Role::Assistant => (AuthorKind::Agent, self.agent.name.clone()),
        };
        let message = Message {
            id: MessageId::from_text(""),
            author: Author::named(kind, name),
            parts: std::mem::take(&mut self.parts).into_iter().map(|(_, part)| part).collect(),
            at: self.said_at,
            thread,
            visibility: Visibility::All,
            attributes: Attributes::new(),
        };
        self.made.push((message, std::mem::take(&mut self.returns)));
    }
}

/// What a call gave, as far as it was kept.
fn returned(call: &UiCall) -> ToolReturn {
    let failed = |message: &str, status| {
        (status, Value::from(message), Some(ToolError { code: ErrorCode::Unavailable, message: message.to_owned() }))
    };
    let (status, output, error) = match (&call.error, call.status.as_str(), &call.result) {
        (Some(error), _, _) => failed(error, ReturnStatus::Failed),
        (None, "error", _) => failed("the call failed", ReturnStatus::Failed),
        (None, "cancelled" | "pending" | "running", _) => failed("the call was cancelled", ReturnStatus::Cancelled),
        (None, _, Some(result)) => (ReturnStatus::Ok, result.clone(), None),
        (None, _, None) => (ReturnStatus::Ok, Value::from(NOT_KEPT), None),
    };
    ToolReturn {
        id: CallId::from_text(&call.tool_call_id),
        name: call.tool_name.clone(),
        status,
        output,
        error,
        blob: None,
        elapsed_ms: 0,
    }
}

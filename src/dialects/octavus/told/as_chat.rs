//! Messages as the whole state has them: also what only the model is shown.

use serde_json::{Value, json};

use super::turns::Speaker;
use super::{Told, ToldPart, Turn};
use crate::dialects::octavus::generation::Generation;
use crate::dialects::octavus::wire::{ChatCall, ChatMessage, ChatPart, UiCall, UiPart};

impl Told {
    /// All messages, with the kinds of parts that a client knows.
    pub fn as_chat(&self, generation: Generation) -> Vec<ChatMessage> {
        self.turns.iter().filter_map(|turn| message(turn, generation)).collect()
    }
}

fn message(turn: &Turn, generation: Generation) -> Option<ChatMessage> {
    let parts: Vec<_> = turn.parts.iter().filter_map(|told| part(told, generation)).collect();
    if parts.iter().all(|part| part.kind == "step-start") {
        return None;
    }
    let texts = turn.parts.iter().filter(|told| told.visible).filter_map(|told| match &told.part {
        UiPart::Text { text, thread: None, .. } => Some(text.as_str()),
        _ => None,
    });
    Some(ChatMessage {
        id: turn.id.clone(),
        role: match turn.speaker {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
            Speaker::System => "system",
        },
        created_at: turn.at.to_string(),
        content: texts.collect(),
        tool_calls: parts.iter().filter_map(|part| part.tool_call.clone()).collect(),
        sender: turn.sender.clone(),
        parts,
    })
}

fn part(told: &ToldPart, generation: Generation) -> Option<ChatPart> {
    let late = generation.is_late();
    let new = |kind| ChatPart { kind, visible: told.visible, ..ChatPart::default() };
    Some(match &told.part {
        UiPart::Text { text, thread, .. } => ChatPart { content: Some(text.clone()), thread: thread.clone(), ..new("text") },
        UiPart::Reasoning { text, thread, .. } => {
            ChatPart { content: Some(text.clone()), thread: thread.clone(), ..new("reasoning") }
        }
        UiPart::ToolCall(call) => {
            ChatPart { tool_call: Some(chat_call(call, told)), thread: call.thread.clone(), ..new("tool-call") }
        }
        UiPart::File { thread, .. } => ChatPart { file: inner(&told.part), thread: thread.clone(), ..new("file") },
        UiPart::Object { id, type_name, object, thread, .. } => {
            let object = json!({ "id": id, "typeName": type_name, "value": object });
            ChatPart { object: Some(object), thread: thread.clone(), ..new("object") }
        }
        UiPart::Source(source) => ChatPart { source: Some(Value::Object(source.clone())), ..new("source") },
        UiPart::Operation { thread, .. } if late => {
            ChatPart { operation: inner(&told.part), thread: thread.clone(), ..new("operation") }
        }
        UiPart::Worker(worker) if late => ChatPart { worker: Some(Value::Object(worker.clone())), ..new("worker") },
        UiPart::Todo(todo) if late => ChatPart { todo: Some(Value::Object(todo.clone())), ..new("todo") },
        UiPart::StepStart {} if late => new("step-start"),
        UiPart::Operation { .. } | UiPart::Worker(_) | UiPart::Todo(_) | UiPart::StepStart {} => return None,
    })
}

/// The fields of a part, without what every part has.
fn inner(part: &UiPart) -> Option<Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(part) else { return None };
    fields.remove("type");
    fields.remove("thread");
    Some(Value::Object(fields))
}

fn chat_call(call: &UiCall, told: &ToldPart) -> ChatCall {
    let (status, error) = match call.status.as_str() {
        "done" => ("available", None),
        "error" => ("error", call.error.clone()),
        "cancelled" => ("error", Some("it was cancelled".to_owned())),
        _ => ("pending", None),
    };
    ChatCall {
        id: call.tool_call_id.clone(),
        name: call.tool_name.clone(),
        description: call.display_name.clone(),
        arguments: call.args.clone(),
        status,
        result: told.result.clone(),
        error,
    }
}

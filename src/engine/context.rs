//! What a model is shown: the instructions, and the newest whole turns of the transcript that fit its window.

use std::collections::HashMap;

use bytes::Bytes;

use crate::domain::{AuthorKind, BlobId, Finish, Item, Message, Part, ReturnStatus, ToolReturn, ToolSpec, Transcript};
use crate::models::{PromptMessage, PromptPart, PromptReturn};

/// Bytes of text for one token, by rule of thumb; only decides how many old turns are left out.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens that an image counts for, by rule of thumb.
const IMAGE_TOKENS: usize = 1_500;

/// What the model can be shown.
pub(crate) struct Window {
    /// Tokens that fit.
    pub(crate) context_tokens: u64,
    /// Tokens kept free for the answer.
    pub(crate) answer_tokens: u64,
    /// Whether it takes images.
    pub(crate) images: bool,
}

/// Files of messages that are shown, by blob.
pub(crate) type Files = HashMap<BlobId, Bytes>;

/// The conversation for a model. `agent` is who is asked: what other agents said is shown as said to it.
pub(crate) fn messages(
    transcript: Transcript,
    agent: &str,
    window: &Window,
    files: &Files,
    fixed_bytes: usize,
) -> Vec<PromptMessage> {
    let transcript = transcript.closed();
    let mut turns: Vec<Vec<PromptMessage>> = Vec::new();
    for item in &transcript.items {
        let begins = matches!(item, Item::Said(_));
        let shown = show(item, agent, window, files);
        match turns.last_mut() {
            Some(turn) if !begins => turn.extend(shown),
            _ => turns.push(shown),
        }
    }
    let room = usize::try_from(window.context_tokens.saturating_sub(window.answer_tokens)).unwrap_or(usize::MAX);
    let mut left = room.saturating_mul(BYTES_PER_TOKEN).saturating_sub(fixed_bytes);
    let mut first = turns.len();
    for (index, turn) in turns.iter().enumerate().rev() {
        let size: usize = turn.iter().map(size).sum();
        if size > left && index + 1 != turns.len() {
            break;
        }
        left = left.saturating_sub(size);
        first = index;
    }
    turns.drain(first..).flatten().collect()
}

/// The bytes of instructions and tools.
pub(crate) fn fixed_bytes(system: &str, tools: &[ToolSpec]) -> usize {
    let tools = tools.iter().map(|tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len());
    system.len() + tools.sum::<usize>()
}

/// The blobs that the messages of a transcript name.
pub(crate) fn blobs(transcript: &Transcript) -> Vec<BlobId> {
    let parts = transcript.items.iter().flat_map(|item| match item {
        Item::Said(message) => message.parts.iter(),
        Item::Answered { parts, .. } => parts.iter(),
    });
    let blobs = parts.filter_map(|part| match part {
        Part::File(file) => Some(file.blob.clone()),
        Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) => None,
    });
    blobs.collect()
}

fn show(item: &Item, agent: &str, window: &Window, files: &Files) -> Vec<PromptMessage> {
    match item {
        Item::Said(message) => said(message, window, files),
        Item::Answered { agent: who, parts, .. } if who != agent => {
            let text: String = crate::domain::Part::texts(parts);
            if text.is_empty() {
                Vec::new()
            } else {
                vec![PromptMessage::User(vec![PromptPart::Text(format!("{who}: {text}"))])]
            }
        }
        Item::Answered { parts, returns, finish, .. } => answered(parts, returns, *finish),
    }
}

fn said(message: &Message, window: &Window, files: &Files) -> Vec<PromptMessage> {
    let parts: Vec<_> = message
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) if message.author.kind == AuthorKind::Agent => {
                Some(PromptPart::Text(format!("{}: {}", message.author.name, text.text)))
            }
            Part::Text(text) if text.text.is_empty() => None,
            Part::Text(text) => Some(PromptPart::Text(text.text.clone())),
            Part::File(file) => Some(match files.get(&file.blob) {
                Some(bytes) if window.images && file.media_type.starts_with("image/") => {
                    PromptPart::Image { media_type: file.media_type.clone(), bytes: bytes.clone() }
                }
                _ => {
                    let name = file.name.as_deref().unwrap_or("without a name");
                    PromptPart::Text(format!("[file {name}, {}, {} bytes: not shown]", file.media_type, file.size))
                }
            }),
            Part::Reasoning(_) | Part::ToolCall(_) => None,
        })
        .collect();
    if parts.is_empty() { Vec::new() } else { vec![PromptMessage::User(parts)] }
}

fn answered(parts: &[Part], returns: &[ToolReturn], finish: Finish) -> Vec<PromptMessage> {
    // A message that broke off may hold half a call: it is not shown, and so needs no return.
    let whole = !matches!(finish, Finish::Cut | Finish::Cancelled);
    let mut shown = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) if !text.text.is_empty() => shown.push(PromptPart::Text(text.text.clone())),
            Part::Reasoning(reasoning) if whole => shown.push(PromptPart::Reasoning(reasoning.clone())),
            Part::ToolCall(call) if whole => shown.push(PromptPart::ToolCall {
                id: call.id.to_string(),
                name: call.name.clone(),
                arguments: if call.arguments.is_object() { call.arguments.to_string() } else { "{}".to_owned() },
            }),
            Part::Text(_) | Part::Reasoning(_) | Part::ToolCall(_) | Part::File(_) => {}
        }
    }
    let says = shown.iter().any(|part| !matches!(part, PromptPart::Reasoning(_)));
    if !says {
        return Vec::new();
    }
    let mut messages = vec![PromptMessage::Assistant(shown)];
    if whole && !returns.is_empty() {
        messages.push(PromptMessage::ToolReturns(returns.iter().map(prompt_return).collect()));
    }
    messages
}

fn prompt_return(returned: &ToolReturn) -> PromptReturn {
    let output = returned.output_text();
    let text = match &returned.error {
        Some(error) if output.is_empty() || output == error.message => error.message.clone(),
        Some(error) => format!("{}\n{output}", error.message),
        None => output,
    };
    PromptReturn {
        id: returned.id.to_string(),
        name: returned.name.clone(),
        text,
        failed: returned.status != ReturnStatus::Ok,
    }
}

fn size(message: &PromptMessage) -> usize {
    let part_size = |part: &PromptPart| match part {
        PromptPart::Text(text) => text.len(),
        PromptPart::Image { .. } => IMAGE_TOKENS * BYTES_PER_TOKEN,
        PromptPart::Reasoning(reasoning) => {
            reasoning.text.len()
                + reasoning.signature.as_ref().map_or(0, String::len)
                + reasoning.sealed.as_ref().map_or(0, String::len)
        }
        PromptPart::ToolCall { name, arguments, .. } => name.len() + arguments.len() + 40,
    };
    match message {
        PromptMessage::User(parts) | PromptMessage::Assistant(parts) => parts.iter().map(part_size).sum(),
        PromptMessage::ToolReturns(returns) => returns.iter().map(|returned| returned.text.len() + 40).sum(),
    }
}

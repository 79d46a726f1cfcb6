//! A frame becomes events. Nothing is remembered: what a frame does not tell, no event tells.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::place::Place;
use super::wire::{
    AssistantMessage, Body, CalledFunction, Content, ContentPart, EnvironmentInput, EnvironmentMetadata, FileBytes,
    FunctionOfCall, ImageUrl, NamedFile, RunEnd, RunOptions, RunStart, Streaming, StreamingToolCall, System, TarkoEvent,
    ThinkingMessage, ToolCall, ToolInfo, ToolResult, UserMessage,
};
use crate::domain::{
    AuthorKind, Cursor, Delta, Error, ErrorCode, Event, Fact, Finish, Frame, LiveDelta, Message, MessageCompleted,
    MessageId, MessageImported, Notice, Outcome, Part, PartStart, RunFinished, RunId, RunStarted, ToolCalled, ToolReturn,
    Visibility,
};

/// What the last message of a run that was aborted says.
pub const ABORTED: &str = "Request was aborted";

/// The events that a frame is told as, in order; none for what the API has no word for.
pub fn encode(frame: &Frame, incarnation: u64) -> Vec<TarkoEvent> {
    match frame {
        Frame::Fact(event) => fact(event, incarnation),
        Frame::Delta(live) => delta(live).into_iter().collect(),
    }
}

/// The id that a message has in this API.
pub fn message_id(id: &MessageId) -> String {
    format!("msg_{id}")
}

/// The events of a fact on its way to a reader: the last has the fact's own cursor, those before say which they are.
fn fact(event: &Event, incarnation: u64) -> Vec<TarkoEvent> {
    let bodies = bodies(event);
    let count = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
    let cursor = Cursor::after(incarnation, event.seq);
    let numbered = (0u32..).zip(bodies).map(|(number, (kind, body))| TarkoEvent {
        id: Some(if number + 1 == count { own_id(event) } else { derived_id(&[event.id.as_str(), &number.to_string()]) }),
        kind,
        timestamp: event.at.as_millis(),
        body,
        cursor: Some(Place { cursor, sub: (number + 1 < count).then_some(number) }),
    });
    numbered.collect()
}

/// The event's own id, which is a UUID; where it is none, one that is derived from it.
fn own_id(event: &Event) -> String {
    match Uuid::try_parse(event.id.as_str()) {
        Ok(id) => id.to_string(),
        Err(_) => derived_id(&[event.id.as_str()]),
    }
}

/// A UUID that is always the same for the same words.
fn derived_id(words: &[&str]) -> String {
    let mut digest = Sha256::new();
    for word in words {
        digest.update(word.as_bytes());
        digest.update([0]);
    }
    let digest = digest.finalize();
    let mut bytes = [0u8; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, digest)| *byte = digest);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

type Told = (&'static str, Body);

fn bodies(event: &Event) -> Vec<Told> {
    match &event.fact {
        // What was taken away: its places stay in the log, and hold nothing.
        Fact::MessagePosted(posted) if posted.message.visibility == Visibility::Nobody => Vec::new(),
        Fact::MessageImported(imported) if imported.message.visibility == Visibility::Nobody => Vec::new(),
        Fact::MessageCompleted(completed) if completed.visibility == Visibility::Nobody => Vec::new(),
        Fact::MessagePosted(posted) => posted_message(&posted.message).into_iter().collect(),
        Fact::MessageImported(imported) => imported_message(imported),
        Fact::RunStarted(started) => run_started(event, started).into_iter().collect(),
        Fact::MessageCompleted(completed) => completed_message(completed),
        Fact::MessageAbandoned(abandoned) => vec![assistant(AssistantMessage {
            finish_reason: Some("abandoned"),
            message_id: Some(message_id(&abandoned.message_id)),
            ..AssistantMessage::default()
        })],
        Fact::ToolCalled(called) => vec![tool_called(event, called)],
        Fact::ToolReturned(returned) => vec![tool_returned(&returned.returned)],
        Fact::Notice(notice) => vec![noticed(notice)],
        Fact::RunFinished(finished) => run_finished(event, finished),
        Fact::SessionCreated(_)
        | Fact::SessionUpdated(_)
        | Fact::SessionRestored(_)
        | Fact::SessionCleared(_)
        | Fact::SessionRewound(_)
        | Fact::SessionDeleted(_)
        | Fact::RunQueued(_)
        | Fact::RunWaiting(_)
        | Fact::RunCancelRequested(_)
        | Fact::StepStarted(_)
        | Fact::StepFinished(_)
        | Fact::StateSet(_)
        | Fact::ThreadOpened(_)
        | Fact::ParticipantJoined(_)
        | Fact::ParticipantLeft(_)
        | Fact::MessageRedacted(_)
        | Fact::MemoryAmended(_)
        | Fact::MemoryForgotten(_)
        | Fact::ContextCompacted(_)
        | Fact::Unknown(_) => Vec::new(),
    }
}

fn posted_message(message: &Message) -> Option<Told> {
    let content = content(&message.parts);
    match message.author.kind {
        AuthorKind::Person => Some(("user_message", Body::UserMessage(UserMessage { content }))),
        AuthorKind::Environment => {
            let (description, metadata) = (message.author.name.clone(), EnvironmentMetadata { kind: "codebase" });
            let input = EnvironmentInput { content, description, metadata };
            Some(("environment_input", Body::EnvironmentInput(input)))
        }
        AuthorKind::Agent => {
            let content = message.text();
            let message_id = Some(message_id(&message.id));
            Some(assistant(AssistantMessage { content, message_id, ..AssistantMessage::default() }))
        }
    }
}

fn content(parts: &[Part]) -> Content {
    if let [Part::Text(text)] = parts {
        return Content::Text(text.text.clone());
    }
    let parts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(ContentPart::Text { text: text.text.clone() }),
        Part::File(file) => {
            let bytes = FileBytes::Blob(file.blob.clone(), file.media_type.clone());
            Some(if file.media_type.starts_with("image/") {
                ContentPart::ImageUrl { image_url: ImageUrl { url: bytes } }
            } else {
                ContentPart::File { file: NamedFile { filename: file.name.clone(), file_data: bytes } }
            })
        }
        Part::Reasoning(_) | Part::ToolCall(_) => None,
    });
    Content::Parts(parts.collect())
}

/// A message of a history that was brought from elsewhere, with what its calls gave.
fn imported_message(imported: &MessageImported) -> Vec<Told> {
    let message = &imported.message;
    if message.author.kind != AuthorKind::Agent {
        return posted_message(message).into_iter().collect();
    }
    let mut told = Vec::new();
    told.extend(thinking(&message.id, &message.parts));
    let finish = if calls(&message.parts).is_empty() { Finish::Stop } else { Finish::ToolCalls };
    told.push(said(&message.id, &message.parts, finish, None));
    for returned in &imported.returns {
        let call = message.parts.iter().find_map(|part| match part {
            Part::ToolCall(call) if call.id == returned.id => Some(call),
            _ => None,
        });
        if let Some(call) = call {
            told.push((
                "tool_call",
                Body::ToolCall(ToolCall {
                    tool_call_id: call.id.to_string(),
                    name: call.name.clone(),
                    arguments: object(&call.arguments),
                    start_time: message.at.as_millis(),
                    tool: ToolInfo {
                        name: call.name.clone(),
                        description: String::new(),
                        schema: serde_json::json!({ "type": "object" }),
                    },
                }),
            ));
        }
        told.push(tool_returned(returned));
    }
    told
}

/// The first attempt begins a run; another process that takes it up goes on with what began.
fn run_started(event: &Event, started: &RunStarted) -> Option<Told> {
    if started.attempt > 1 {
        return None;
    }
    let session_id = event.session.to_string();
    let start = RunStart {
        session_id: session_id.clone(),
        run_options: RunOptions { input: started.input.clone(), stream: true, session_id },
        provider: started.model.provider.clone(),
        model: started.model.id.clone(),
        model_display_name: started.model.id.clone(),
        agent_name: started.agent.clone(),
    };
    Some(("agent_run_start", Body::RunStart(start)))
}

fn assistant(message: AssistantMessage) -> Told {
    ("assistant_message", Body::AssistantMessage(message))
}

fn calls(parts: &[Part]) -> Vec<CalledFunction> {
    let calls = parts.iter().filter_map(|part| match part {
        Part::ToolCall(call) => Some(CalledFunction {
            id: call.id.to_string(),
            kind: "function",
            function: FunctionOfCall { name: call.name.clone(), arguments: call.arguments_text.clone() },
        }),
        Part::Text(_) | Part::Reasoning(_) | Part::File(_) => None,
    });
    calls.collect()
}

fn thinking(id: &MessageId, parts: &[Part]) -> Option<Told> {
    let thoughts = parts.iter().filter_map(|part| match part {
        Part::Reasoning(thought) => Some(thought.text.as_str()),
        Part::Text(_) | Part::ToolCall(_) | Part::File(_) => None,
    });
    let content: String = thoughts.collect();
    let message = ThinkingMessage { content, is_complete: true, message_id: message_id(id) };
    (!message.content.is_empty()).then_some(("assistant_thinking_message", Body::ThinkingMessage(message)))
}

fn said(id: &MessageId, parts: &[Part], finish: Finish, times: Option<(Option<u64>, u64)>) -> Told {
    let (ttft_ms, ttlt_ms) = times.map_or((None, None), |(first, last)| (first, Some(last)));
    assistant(AssistantMessage {
        content: Part::texts(parts),
        raw_content: Some(String::new()),
        tool_calls: calls(parts),
        finish_reason: Some(finish_reason(finish)),
        message_id: Some(message_id(id)),
        ttft_ms,
        ttlt_ms,
    })
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
        Finish::Cut => "error",
        Finish::Cancelled => "abort",
    }
}

fn completed_message(completed: &MessageCompleted) -> Vec<Told> {
    let mut told: Vec<Told> = thinking(&completed.message_id, &completed.parts).into_iter().collect();
    let times = Some((completed.first_token_ms, completed.elapsed_ms));
    told.push(said(&completed.message_id, &completed.parts, completed.finish, times));
    told
}

/// Arguments as the object that readers expect.
fn object(arguments: &serde_json::Value) -> serde_json::Value {
    if arguments.is_null() { serde_json::json!({}) } else { arguments.clone() }
}

fn tool_called(event: &Event, called: &ToolCalled) -> Told {
    let call = &called.call;
    let tool = ToolInfo {
        name: call.name.clone(),
        description: called.description.clone(),
        schema: called.schema.clone().unwrap_or_else(|| serde_json::json!({ "type": "object" })),
    };
    let told = ToolCall {
        tool_call_id: call.id.to_string(),
        name: call.name.clone(),
        arguments: object(&call.arguments),
        start_time: event.at.as_millis(),
        tool,
    };
    ("tool_call", Body::ToolCall(told))
}

fn tool_returned(returned: &ToolReturn) -> Told {
    let told = ToolResult {
        tool_call_id: returned.id.to_string(),
        name: returned.name.clone(),
        content: returned.output.clone(),
        elapsed_ms: returned.elapsed_ms,
        error: returned.error.as_ref().map(|error| error.message.clone()),
    };
    ("tool_result", Body::ToolResult(told))
}

fn system(level: &'static str, message: String, details: serde_json::Value) -> Told {
    ("system", Body::System(System { level, message, details }))
}

fn noticed(notice: &Notice) -> Told {
    system("info", notice.message.clone(), serde_json::json!({ "code": notice.code, "details": notice.details }))
}

/// What comes before the end of a run says how it ended.
fn run_finished(event: &Event, finished: &RunFinished) -> Vec<Told> {
    let status = match finished.outcome {
        Outcome::Completed | Outcome::Silent => "idle",
        Outcome::Cancelled => "aborted",
        Outcome::Failed => "error",
    };
    let mut told = Vec::new();
    if finished.outcome == Outcome::Cancelled {
        told.push(assistant(aborted(event.run.as_ref())));
    }
    if let (Outcome::Failed, Some(error)) = (finished.outcome, &finished.error) {
        if error.code == ErrorCode::BudgetExhausted {
            told.push(system("warning", error.message.clone(), serde_json::json!({ "code": error.code })));
            told.push(assistant(max_iterations(event.run.as_ref(), error)));
        } else {
            let provider = finished.model.as_ref().map(|model| model.provider.as_str());
            let details = serde_json::json!({
                "error": format!("Error: {}", error.message), "provider": provider, "code": error.code, "hint": error.hint,
            });
            told.push(system("error", format!("Error in agent execution: Error: {}", error.message), without_null(details)));
        }
    }
    let end = RunEnd {
        session_id: event.session.to_string(),
        iterations: finished.rounds,
        elapsed_ms: finished.elapsed_ms,
        status,
    };
    told.push(("agent_run_end", Body::RunEnd(end)));
    told
}

/// The last message of a run that was aborted.
pub fn aborted(run: Option<&RunId>) -> AssistantMessage {
    AssistantMessage {
        content: ABORTED.to_owned(),
        finish_reason: Some("abort"),
        message_id: Some(format!("msg_abort_{}", run_word(run))),
        ..AssistantMessage::default()
    }
}

/// The last message of a run that has used up what it may.
pub fn max_iterations(run: Option<&RunId>, error: &Error) -> AssistantMessage {
    AssistantMessage {
        content: error.message.clone(),
        finish_reason: Some("max_iterations"),
        message_id: Some(format!("msg_maxiter_{}", run_word(run))),
        ..AssistantMessage::default()
    }
}

fn run_word(run: Option<&RunId>) -> &str {
    run.map_or("", RunId::as_str)
}

fn without_null(mut value: serde_json::Value) -> serde_json::Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// A piece is at most one event: the beginning and the end of text have none.
fn delta(live: &LiveDelta) -> Option<TarkoEvent> {
    let message_id = message_id(live.delta.message_id());
    let (text, closed) = match &live.delta {
        Delta::Opened { .. } => ("", false),
        Delta::Grew { text, .. } => (text.as_str(), false),
        Delta::Closed { .. } => ("", true),
    };
    let streaming = |content: &str, message_id| {
        Body::Streaming(Streaming { content: content.to_owned(), is_complete: false, message_id })
    };
    let (kind, body) = match (live.delta.part(), &live.delta) {
        (PartStart::Text, Delta::Grew { .. }) => ("assistant_streaming_message", streaming(text, message_id)),
        (PartStart::Reasoning, Delta::Grew { .. }) => ("assistant_streaming_thinking_message", streaming(text, message_id)),
        (PartStart::Text | PartStart::Reasoning, Delta::Opened { .. } | Delta::Closed { .. }) => return None,
        (PartStart::ToolCall { id, name }, _) => {
            let (tool_call_id, tool_name, arguments) = (id.to_string(), name.clone(), text.to_owned());
            let body = StreamingToolCall { tool_call_id, tool_name, arguments, is_complete: closed, message_id };
            ("assistant_streaming_tool_call", Body::StreamingToolCall(body))
        }
    };
    let (index, end) = (live.delta.index().to_string(), live.delta.end().to_string());
    let place = if closed { "end" } else { end.as_str() };
    Some(TarkoEvent {
        id: Some(derived_id(&[live.delta.message_id().as_str(), &index, place])),
        kind,
        timestamp: live.at.as_millis(),
        body,
        cursor: Some(Place::after(live.cursor)),
    })
}

#[cfg(test)]
mod tests;

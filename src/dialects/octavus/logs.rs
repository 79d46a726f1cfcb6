//! What happened in a session, as entries that developers read: each fact is none, one or several.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value, json};

use super::names;
use super::request::Asked;
use super::wire::Logs;
use crate::domain::{
    AuthorKind, Cursor, Event, Fact, Finish, MessageCompleted, Outcome, Part, Result, RunId, Session, StepStarted,
    ToolReturn,
};

/// Most entries that are told: the newest.
const MOST: usize = 3_000;
/// Events of one page.
const PAGE: usize = 1_000;
/// The kind of entry that holds what was sent to a model. The house keeps none.
const REQUEST: &str = "model-request";

type Entry = Map<String, Value>;

/// Reads the entries of a session.
///
/// # Errors
/// When its log cannot be read.
pub async fn read(asked: &Asked, session: &Session, without_requests: bool) -> Result<Logs> {
    let mut entries: VecDeque<Entry> = VecDeque::new();
    let mut steps = Steps::default();
    let mut total = 0;
    let mut after = Cursor::after(session.incarnation, 0);
    loop {
        let page = asked.engine().events(&asked.caller, &session.id, Some(after), PAGE).await?;
        for event in &page {
            for (number, (kind, fields)) in steps.entries(event).into_iter().enumerate() {
                if without_requests && kind == REQUEST {
                    continue;
                }
                total += 1;
                entries.push_back(entry(event, number, kind, fields));
                if entries.len() > MOST {
                    entries.pop_front();
                }
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Cursor::after(session.incarnation, last.seq),
            _ => break,
        }
    }
    let truncated = total > entries.len();
    Ok(Logs { session_id: session.id.to_string(), entries: entries.into(), total, truncated })
}

fn entry(event: &Event, number: usize, kind: &str, fields: Value) -> Entry {
    let mut entry = Map::new();
    entry.insert("id".to_owned(), format!("{}-{number}", event.id).into());
    entry.insert("timestamp".to_owned(), event.at.to_string().into());
    entry.insert("type".to_owned(), kind.into());
    entry.insert("sequence".to_owned(), event.seq.into());
    if let Value::Object(fields) = fields {
        // What is not known is left out.
        entry.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
    }
    entry
}

/// The blocks that are at work, by run.
#[derive(Default)]
struct Steps(HashMap<RunId, StepStarted>);

impl Steps {
    fn entries(&mut self, event: &Event) -> Vec<(&'static str, Value)> {
        let step = event.run.as_ref().and_then(|run| self.0.get(run));
        let block = step.map(names::block_name);
        match &event.fact {
            Fact::RunQueued(queued) => {
                let input = (!queued.arguments.is_empty()).then_some(&queued.arguments);
                vec![("trigger", json!({ "triggerName": queued.procedure, "triggerInput": input }))]
            }
            Fact::MessagePosted(posted) => {
                let message = &posted.message;
                let role = match message.author.kind {
                    AuthorKind::Person => "user",
                    AuthorKind::Agent => "assistant",
                    AuthorKind::Environment => "system",
                };
                let visible = message.visibility.is_for_people();
                let fields = json!({
                    "role": role, "content": message.text(), "visible": visible, "thread": message.thread, "blockName": block,
                });
                vec![("message", fields)]
            }
            Fact::MessageCompleted(completed) => completed_entries(completed, block.as_deref()),
            Fact::ToolCalled(called) if called.message_id.is_none() => {
                let fields = json!({
                    "toolName": called.call.name, "toolArguments": called.call.arguments, "blockName": block,
                    "toolDescription": Some(&called.description).filter(|text| !text.is_empty()),
                });
                vec![("tool-call", fields)]
            }
            Fact::ToolReturned(returned) => {
                let result = result_of(&returned.returned);
                let fields = json!({
                    "toolName": returned.returned.name, "toolResult": result, "thread": returned.thread, "blockName": block,
                });
                vec![("tool-result", fields)]
            }
            Fact::ThreadOpened(opened) => {
                let fields = json!({ "thread": opened.thread, "systemPrompt": opened.instructions, "blockName": block });
                vec![("thread-created", fields)]
            }
            Fact::StateSet(set) => {
                let fields = json!({
                    "operationType": step.map_or("set-variable", |step| names::block_type(&step.kind)),
                    "operationDescription": format!("sets {}", set.key), "operationResult": set.value, "blockName": block,
                });
                vec![("block-operation", fields)]
            }
            Fact::RunFinished(finished) => match (finished.outcome, &finished.error) {
                (Outcome::Cancelled, _) => vec![("abort", json!({ "abortedAtBlock": block }))],
                (_, Some(error)) => vec![("error", json!({ "error": super::errors::told(error), "blockName": block }))],
                _ => Vec::new(),
            },
            Fact::StepStarted(step) => {
                if let Some(run) = &event.run {
                    self.0.insert(run.clone(), step.clone());
                }
                Vec::new()
            }
            Fact::StepFinished(_) => {
                if let Some(run) = &event.run {
                    self.0.remove(run);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}

fn result_of(returned: &ToolReturn) -> Value {
    match &returned.error {
        Some(error) => json!({ "error": error.message }),
        None => returned.output.clone(),
    }
}

fn completed_entries(completed: &MessageCompleted, block: Option<&str>) -> Vec<(&'static str, Value)> {
    let mut entries = Vec::new();
    let common = |mut fields: Value| {
        fields["thread"] = json!(completed.thread);
        fields["blockName"] = json!(block);
        fields["model"] = json!(completed.model.to_string());
        fields
    };
    for part in &completed.parts {
        if let Part::Reasoning(thought) = part
            && !thought.text.is_empty()
        {
            entries.push(("reasoning", common(json!({ "reasoningContent": thought.text }))));
        }
    }
    let calls: Vec<Value> = completed
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::ToolCall(call) => {
                Some(json!({ "id": call.id, "name": call.name, "arguments": super::encoder::object(&call.arguments) }))
            }
            Part::Text(_) | Part::Reasoning(_) | Part::File(_) => None,
        })
        .collect();
    let response = completed.text();
    entries.push(if completed.finish == Finish::ToolCalls {
        ("llm-tool-request", common(json!({ "response": response, "toolCalls": calls })))
    } else {
        ("llm-response", common(json!({ "response": response, "responseType": completed.form })))
    });
    let usage = &completed.usage;
    let stats = json!({
        "requestType": "chat", "provider": completed.model.provider, "model": completed.model.id,
        "usage": {
            "inputTokens": usage.input_tokens, "cachedInputTokens": usage.cached_tokens,
            "cachedWriteTokens": usage.cache_write_tokens, "outputTokens": usage.output_tokens,
            "reasoningOutputTokens": usage.reasoning_tokens,
        },
    });
    entries.push(("step-stats", common(json!({ "stepStats": stats }))));
    entries
}

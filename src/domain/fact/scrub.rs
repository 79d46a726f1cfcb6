//! What stays of a fact when what was said in it is removed for good: that it happened, when, by whom, and what it used.

use serde_json::{Map, Value};

use super::{Fact, UnknownFact};
use crate::domain::{AuthorKind, Message, Visibility};

impl Fact {
    /// The fact without anything that was said, thought, given to tools or got from them. What a session *is* stays:
    /// title, labels, attributes, and the input that it began with. *Invariant:* it folds to the same session and the same use.
    #[must_use]
    pub fn without_text(mut self) -> Self {
        match &mut self {
            Self::SessionCreated(_)
            | Self::SessionUpdated(_)
            | Self::SessionRestored(_)
            | Self::SessionCleared(_)
            | Self::SessionDeleted(_)
            | Self::RunCancelRequested(_)
            | Self::MessageAbandoned(_)
            | Self::MessageRedacted(_)
            | Self::MemoryForgotten(_)
            | Self::ParticipantJoined(_)
            | Self::ParticipantLeft(_)
            | Self::StepStarted(_)
            | Self::StepFinished(_) => {}
            Self::SessionRewound(rewound) => {
                rewound.state.clear();
                rewound.threads.clear();
            }
            Self::RunQueued(queued) => {
                queued.pins.instructions.clear();
                queued.pins.caller_tools.clear();
                queued.arguments.clear();
                queued.attributes.clear();
            }
            Self::RunStarted(started) => started.input = None,
            Self::RunWaiting(waiting) => waiting.calls.iter_mut().for_each(|call| call.arguments = Value::Null),
            Self::RunFinished(finished) => {
                finished.answer.clear();
                finished.output = None;
            }
            Self::MemoryAmended(amended) => amended.text.clear(),
            Self::ContextCompacted(compacted) => compacted.summary.clear(),
            Self::StateSet(set) => set.value = Value::Null,
            Self::ThreadOpened(opened) => opened.instructions.clear(),
            Self::MessagePosted(posted) => silence(&mut posted.message),
            Self::MessageImported(imported) => {
                silence(&mut imported.message);
                imported.returns.clear();
            }
            Self::MessageCompleted(completed) => completed.parts.clear(),
            Self::ToolCalled(called) => {
                called.call.arguments = Value::Null;
                called.schema = None;
                called.description.clear();
            }
            Self::ToolReturned(returned) => {
                returned.arguments = Value::Null;
                returned.returned.output = Value::Null;
                returned.returned.blob = None;
                if let Some(error) = &mut returned.returned.error {
                    error.message.clear();
                }
            }
            Self::Notice(notice) => {
                notice.message.clear();
                notice.details = Value::Null;
            }
            // Which of its fields are text is not known.
            Self::Unknown(UnknownFact { fields, .. }) => *fields = Map::new(),
        }
        self
    }
}

impl Fact {
    /// What stays of a fact of a message that was taken away: it is shown to nobody.
    #[must_use]
    pub fn redacted(self) -> Self {
        let mut blank = self.without_text();
        match &mut blank {
            Self::MessagePosted(posted) => posted.message.visibility = Visibility::Nobody,
            Self::MessageImported(imported) => imported.message.visibility = Visibility::Nobody,
            Self::MessageCompleted(completed) => completed.visibility = Visibility::Nobody,
            _ => {}
        }
        blank
    }
}

fn silence(message: &mut Message) {
    message.parts.clear();
    message.attributes.clear();
    // Of what nobody said, the name tells what it is about.
    if message.author.kind == AuthorKind::Environment {
        message.author.name.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One of each kind that holds text, with a canary wherever text may stand.
    fn facts() -> Vec<Value> {
        let message = |kind: &str| {
            json!({
                "id": "m", "author": {"kind": kind, "name": "canary"}, "parts": [{"kind": "text", "text": "canary"}],
                "at": "2026-11-20T06:32:03.042Z", "attributes": {"door": "canary"}
            })
        };
        let returned = json!({
            "id": "c", "name": "t", "status": "failed", "output": "canary", "elapsed_ms": 1,
            "error": {"code": "unavailable", "message": "canary"}
        });
        let call = json!({"id": "c", "name": "t", "arguments": {"x": "canary"}, "place": "caller", "effect": "once"});
        vec![
            json!({"type": "session.rewound", "after_seq": 3, "state": {"x": "canary"},
                "threads": [{"thread": "t", "instructions": "canary"}]}),
            json!({"type": "state.set", "key": "k", "value": "canary"}),
            json!({"type": "thread.opened", "thread": "t", "instructions": "canary"}),
            json!({"type": "run.queued", "agent": "a", "revision": "r", "pins": {"instructions": ["canary"]},
                "arguments": {"x": "canary"}, "attributes": {"door": "canary"}}),
            json!({
                "type": "run.started", "agent": "a", "message_id": "m", "input": "canary", "model": "p/x", "attempt": 1,
                "process": "p", "base_seq": 1
            }),
            json!({"type": "run.waiting", "calls": [call]}),
            json!({
                "type": "run.finished", "agent": "a", "outcome": "completed", "answer": "canary", "output": "canary", "rounds": 1,
                "tool_calls": 0, "usage": {"input_tokens": 7, "output_tokens": 2}, "elapsed_ms": 1
            }),
            json!({"type": "message.posted", "message": message("environment")}),
            json!({"type": "message.imported", "message": message("environment"), "returns": [returned]}),
            json!({
                "type": "message.completed", "message_id": "m", "agent": "a", "finish": "stop", "model": "p/x",
                "parts": [{"kind": "reasoning", "text": "canary"}], "round": 1, "elapsed_ms": 3,
                "usage": {"input_tokens": 7, "output_tokens": 2}
            }),
            json!({
                "type": "tool.called", "call_id": "c", "name": "t", "arguments": {"x": "canary"}, "place": "here",
                "effect": "none", "message_id": "m", "schema": {"x": "canary"}, "description": "canary"
            }),
            json!({
                "type": "tool.returned", "call_id": "c", "name": "t", "status": "failed", "output": "canary",
                "error": {"code": "unavailable", "message": "canary"}, "elapsed_ms": 1, "arguments": "canary",
                "message_id": "m"
            }),
            json!({"type": "notice", "code": "c", "message": "canary", "details": "canary"}),
            json!({"type": "memory.amended", "agent": "a", "message_id": "m", "text": "canary"}),
            json!({"type": "moon.landed", "text": "canary"}),
        ]
    }

    #[test]
    fn nothing_that_was_said_stays() {
        for value in facts() {
            let fact: Fact = serde_json::from_value(value.clone()).unwrap();
            let is_known = !matches!(fact, Fact::Unknown(_));
            assert_eq!(is_known, value["type"] != "moon.landed", "{value}");
            let kind = fact.kind().to_owned();
            let blank = fact.without_text();
            assert_eq!(blank.kind(), kind);
            let text = serde_json::to_string(&blank).unwrap();
            assert!(!text.contains("canary"), "{text}");
            // It is read again as what it is.
            assert_eq!(serde_json::from_str::<Fact>(&text).unwrap(), blank);
            assert_eq!(blank.clone().without_text(), blank);
        }
    }

    #[test]
    fn what_was_used_stays() {
        let completed: Fact = serde_json::from_value(facts()[9].clone()).unwrap();
        let Fact::MessageCompleted(completed) = completed.without_text() else { panic!() };
        assert_eq!((completed.usage.input_tokens, completed.usage.output_tokens), (7, 2));
    }
}

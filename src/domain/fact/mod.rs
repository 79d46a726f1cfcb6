//! What happened. Facts are in the past tense, self-contained, and kept in a session's log for as long as it lives.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Actor, CallId, EventId, MessageId, RunId, SessionId, Timestamp};

mod context;
mod message;
mod people;
mod run;
mod scrub;
mod session;
mod step;
mod tool;

pub use context::ContextCompacted;
pub use message::{MessageAbandoned, MessageCompleted, MessageImported, MessagePosted};
pub use people::{MemoryAmended, MemoryForgotten, MessageRedacted, ParticipantJoined, ParticipantLeft};
pub use run::{RunCancelRequested, RunFinished, RunQueued, RunStarted, RunWaiting};
pub use session::{
    AfterClearing, SessionCleared, SessionCreated, SessionDeleted, SessionRestored, SessionRewound, SessionUpdated,
};
pub use step::{StateSet, StepFinished, StepStarted, ThreadOpened};
pub use tool::{ToolCalled, ToolReturned};

/// Version of the form of events.
pub const FACT_VERSION: u16 = 1;

/// One entry of a session's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of its form.
    pub v: u16,
    /// Its place in the log: 1, 2, 3, … without a gap.
    pub seq: u64,
    /// Its id.
    pub id: EventId,
    /// The session.
    pub session: SessionId,
    /// The run that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When it was appended.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened. The names on the wire are `about.past_tense`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Fact {
    /// A session begins.
    #[serde(rename = "session.created")]
    SessionCreated(SessionCreated),
    /// Something about the session was changed.
    #[serde(rename = "session.updated")]
    SessionUpdated(SessionUpdated),
    /// The history was replaced by messages that follow in the same append.
    #[serde(rename = "session.restored")]
    SessionRestored(SessionRestored),
    /// The history ends; what was said before is scrubbed.
    #[serde(rename = "session.cleared")]
    SessionCleared(SessionCleared),
    /// The history goes on after an earlier message.
    #[serde(rename = "session.rewound")]
    SessionRewound(SessionRewound),
    /// The session ended; everything before is scrubbed.
    #[serde(rename = "session.deleted")]
    SessionDeleted(SessionDeleted),
    /// Somebody takes part from here on.
    #[serde(rename = "participant.joined")]
    ParticipantJoined(ParticipantJoined),
    /// Somebody takes part no longer.
    #[serde(rename = "participant.left")]
    ParticipantLeft(ParticipantLeft),
    /// A run waits for its turn.
    #[serde(rename = "run.queued")]
    RunQueued(Box<RunQueued>),
    /// A process took the run.
    #[serde(rename = "run.started")]
    RunStarted(RunStarted),
    /// The run waits for the caller's tools.
    #[serde(rename = "run.waiting")]
    RunWaiting(RunWaiting),
    /// Somebody wants the run to end.
    #[serde(rename = "run.cancel_requested")]
    RunCancelRequested(RunCancelRequested),
    /// The run ended.
    #[serde(rename = "run.finished")]
    RunFinished(RunFinished),
    /// A person, or the surroundings, said something.
    #[serde(rename = "message.posted")]
    MessagePosted(MessagePosted),
    /// An agent said something.
    #[serde(rename = "message.completed")]
    MessageCompleted(MessageCompleted),
    /// A message that was being written will never be completed; its next attempt has a new id.
    #[serde(rename = "message.abandoned")]
    MessageAbandoned(MessageAbandoned),
    /// A message of a restored history.
    #[serde(rename = "message.imported")]
    MessageImported(MessageImported),
    /// A message was taken away, for good.
    #[serde(rename = "message.redacted")]
    MessageRedacted(MessageRedacted),
    /// What one agent is shown in the place of a message.
    #[serde(rename = "memory.amended")]
    MemoryAmended(MemoryAmended),
    /// What one agent is no longer shown.
    #[serde(rename = "memory.forgotten")]
    MemoryForgotten(MemoryForgotten),
    /// A tool is being called.
    #[serde(rename = "tool.called")]
    ToolCalled(ToolCalled),
    /// A tool answered, or will not.
    #[serde(rename = "tool.returned")]
    ToolReturned(ToolReturned),
    /// A step of a procedure begins.
    #[serde(rename = "step.started")]
    StepStarted(StepStarted),
    /// A step of a procedure has ended.
    #[serde(rename = "step.finished")]
    StepFinished(StepFinished),
    /// The session remembers a value.
    #[serde(rename = "state.set")]
    StateSet(StateSet),
    /// A thread begins, or begins anew.
    #[serde(rename = "thread.opened")]
    ThreadOpened(ThreadOpened),
    /// What was said before is shown to the model in short, from here on.
    #[serde(rename = "context.compacted")]
    ContextCompacted(Box<ContextCompacted>),
    /// Something that people should know and the model need not.
    #[serde(rename = "notice")]
    Notice(Notice),
    /// A fact of a newer version. Kept as it came; its session can be read but not continued.
    #[serde(untagged)]
    Unknown(UnknownFact),
}

/// A fact that this version does not know, as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnknownFact {
    /// The name of what happened.
    #[serde(rename = "type")]
    pub kind: String,
    /// Everything else.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Something that people should know and the model need not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// A stable word: `model.retry`, `run.resumed`, …
    pub code: String,
    /// For people.
    pub message: String,
    /// For programs.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl Notice {
    /// The word of a notice that a model judged whether an agent answers. Its details: `model`, `word`, `elapsed_ms`, `usage`.
    pub const JUDGED: &str = "model.judged";
}

impl Fact {
    /// The name on the wire.
    pub fn kind(&self) -> &str {
        match self {
            Self::SessionCreated(_) => "session.created",
            Self::SessionUpdated(_) => "session.updated",
            Self::SessionRestored(_) => "session.restored",
            Self::SessionCleared(_) => "session.cleared",
            Self::SessionRewound(_) => "session.rewound",
            Self::SessionDeleted(_) => "session.deleted",
            Self::ParticipantJoined(_) => "participant.joined",
            Self::ParticipantLeft(_) => "participant.left",
            Self::RunQueued(_) => "run.queued",
            Self::RunStarted(_) => "run.started",
            Self::RunWaiting(_) => "run.waiting",
            Self::RunCancelRequested(_) => "run.cancel_requested",
            Self::RunFinished(_) => "run.finished",
            Self::MessagePosted(_) => "message.posted",
            Self::MessageCompleted(_) => "message.completed",
            Self::MessageAbandoned(_) => "message.abandoned",
            Self::MessageImported(_) => "message.imported",
            Self::MessageRedacted(_) => "message.redacted",
            Self::MemoryAmended(_) => "memory.amended",
            Self::MemoryForgotten(_) => "memory.forgotten",
            Self::ToolCalled(_) => "tool.called",
            Self::ToolReturned(_) => "tool.returned",
            Self::StepStarted(_) => "step.started",
            Self::StepFinished(_) => "step.finished",
            Self::StateSet(_) => "state.set",
            Self::ThreadOpened(_) => "thread.opened",
            Self::ContextCompacted(_) => "context.compacted",
            Self::Notice(_) => "notice",
            Self::Unknown(unknown) => &unknown.kind,
        }
    }

    /// The message that a fact is, or belongs to.
    pub fn message_id(&self) -> Option<&MessageId> {
        match self {
            Self::MessagePosted(posted) => Some(&posted.message.id),
            Self::MessageCompleted(completed) => Some(&completed.message_id),
            Self::MessageImported(imported) => Some(&imported.message.id),
            Self::ToolCalled(called) => called.message_id.as_ref(),
            Self::ToolReturned(returned) => returned.message_id.as_ref(),
            _ => None,
        }
    }

    /// The call that a fact is about.
    pub fn call_id(&self) -> Option<&CallId> {
        match self {
            Self::ToolCalled(called) => Some(&called.call.id),
            Self::ToolReturned(returned) => Some(&returned.returned.id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{Effect, MessageId, Place, ReturnStatus, ToolCall, ToolReturn};

    use super::*;

    fn event(fact: Fact) -> Event {
        Event {
            v: FACT_VERSION,
            seq: 7,
            id: EventId::from_text("e"),
            session: SessionId::from_text("s"),
            run: Some(RunId::from_text("r")),
            at: Timestamp::from_millis(0),
            actor: Actor::house(),
            fact,
        }
    }

    #[test]
    fn an_event_is_one_flat_object() {
        let fact = Fact::Notice(Notice { code: "c".into(), message: "m".into(), details: Value::Null });
        let text = serde_json::to_string(&event(fact.clone())).unwrap();
        assert_eq!(
            text,
            r#"{"v":1,"seq":7,"id":"e","session":"s","run":"r","at":"1970-01-01T00:00:00.000Z","actor":{"kind":"house","name":"ombud"},"type":"notice","code":"c","message":"m"}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event(fact));
    }

    #[test]
    fn a_call_and_its_return_are_named_beside_the_event() {
        let call = ToolCall {
            id: CallId::from_text("c"),
            name: "read_file".into(),
            arguments: Value::Null,
            place: Place::Here,
            effect: Effect::None,
            step: None,
            output: None,
        };
        let message_id = MessageId::from_text("m");
        let called = ToolCalled {
            call: call.clone(),
            message_id: Some(message_id.clone()),
            schema: None,
            description: String::new(),
            display: None,
            title: None,
            thread: None,
        };
        let returned = ToolReturn {
            id: call.id,
            name: call.name,
            status: ReturnStatus::Ok,
            output: "teal".into(),
            error: None,
            blob: None,
            elapsed_ms: 1,
        };
        let returned = ToolReturned { returned, arguments: Value::Null, message_id: Some(message_id), thread: None };
        for (fact, rest) in [
            (
                Fact::ToolCalled(called),
                r#""type":"tool.called","call_id":"c","name":"read_file","arguments":null,"place":"here","effect":"none","message_id":"m"}"#,
            ),
            (
                Fact::ToolReturned(returned),
                r#""type":"tool.returned","call_id":"c","name":"read_file","status":"ok","output":"teal","elapsed_ms":1,"arguments":null,"message_id":"m"}"#,
            ),
        ] {
            let text = serde_json::to_string(&event(fact.clone())).unwrap();
            assert!(text.starts_with(r#"{"v":1,"seq":7,"id":"e","#) && text.ends_with(rest), "{text}");
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event(fact));
        }
    }

    #[test]
    fn an_unknown_fact_is_kept_as_it_came() {
        let text = r#"{"v":9,"seq":7,"id":"e","session":"s","at":"1970-01-01T00:00:00.000Z","actor":{"kind":"house","name":"ombud"},"type":"moon.landed","where":{"sea":"tranquil"}}"#;
        let read: Event = serde_json::from_str(text).unwrap();
        assert!(matches!(&read.fact, Fact::Unknown(unknown) if unknown.kind == "moon.landed"), "{read:?}");
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn a_known_fact_in_a_form_of_the_future_is_unknown() {
        let text = r#"{"type":"notice","words":["new"]}"#;
        let read: Fact = serde_json::from_str(text).unwrap();
        assert!(matches!(read, Fact::Unknown(_)), "{read:?}");
    }

    #[test]
    fn a_patch_tells_absent_from_null() {
        let read: SessionUpdated = serde_json::from_str(r#"{"title":null}"#).unwrap();
        assert_eq!((read.title.clone(), read.model.clone()), (Some(None), None));
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"title":null}"#);
    }
}

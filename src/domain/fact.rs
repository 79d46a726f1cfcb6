//! What happened. Facts are in the past tense, self-contained, and kept in a session's log for as long as it lives.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tool::{FlatCall, FlatReturn};
use super::{
    Actor, Attributes, CallId, Error, EventId, Finish, Labels, Lifetime, Message, MessageId, ModelChoice, Outcome, Part,
    Pins, ProcessId, Revision, RunId, SessionId, Timestamp, ToolCall, ToolReturn, Usage,
};

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
    /// The session ended; everything before is scrubbed.
    #[serde(rename = "session.deleted")]
    SessionDeleted(SessionDeleted),
    /// A run waits for its turn.
    #[serde(rename = "run.queued")]
    RunQueued(RunQueued),
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
    /// A tool is being called.
    #[serde(rename = "tool.called")]
    ToolCalled(ToolCalled),
    /// A tool answered, or will not.
    #[serde(rename = "tool.returned")]
    ToolReturned(ToolReturned),
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

/// A session begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionCreated {
    /// Rises when a deleted id is made again; 1 for a new one.
    pub incarnation: u64,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Words on it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// The agent that answers when none is named.
    pub agent: String,
    /// The folder that its tools work in, as an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Its own model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// How long it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Lifetime>,
    /// What doors keep about it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// What of the session was changed. An absent field stays as it is; `null` clears it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionUpdated {
    /// The new title.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub title: Option<Option<String>>,
    /// The new labels, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
    /// The new agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The new workspace.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Option<String>>,
    /// The new model.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub model: Option<Option<ModelChoice>>,
    /// The new lifetime.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Option<Lifetime>>,
    /// Attributes by namespace; `null` takes one away, the others stay.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Tells an absent field from one that is `null`.
mod patch {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, clippy::option_option, reason = "the form that serde asks for")]
    pub fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    #[expect(clippy::option_option, reason = "the form that serde asks for")]
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

/// The history was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRestored {
    /// How many messages follow in the same append.
    pub count: u64,
}

/// The session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDeleted {
    /// Its incarnation; the next one is higher.
    pub incarnation: u64,
}

/// A run waits for its turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunQueued {
    /// Its agent.
    pub agent: String,
    /// The definition of the agent that it uses, whatever is edited meanwhile.
    pub revision: Revision,
    /// The message that it answers; absent = it goes on with what there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<MessageId>,
    /// The process that will take it; absent = whichever is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessId>,
    /// Larger goes first.
    #[serde(default)]
    pub priority: i32,
    /// What is fixed.
    pub pins: Pins,
}

/// A process took the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStarted {
    /// The run's agent.
    pub agent: String,
    /// The message that will be completed first.
    pub message_id: MessageId,
    /// The last message before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_message_id: Option<MessageId>,
    /// The model that is asked.
    pub model: ModelChoice,
    /// 1, then one more for every process that took it.
    pub attempt: u32,
    /// The process.
    pub process: ProcessId,
    /// Everything up to here is seen by the run, and its own facts. The same for every attempt.
    pub base_seq: u64,
}

/// The run waits for the caller's tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunWaiting {
    /// All calls without an answer.
    pub calls: Vec<ToolCall>,
    /// When it will be given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}

/// Somebody wants the run to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCancelRequested {
    /// Why.
    pub reason: String,
}

/// The run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFinished {
    /// The run's agent.
    pub agent: String,
    /// How.
    pub outcome: Outcome,
    /// The text of its answer, or what there is of it.
    pub answer: String,
    /// The message that is its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// Calls of the model.
    pub rounds: u32,
    /// Calls of tools.
    pub tool_calls: u32,
    /// What it used.
    pub usage: Usage,
    /// From its start to its end, in milliseconds.
    pub elapsed_ms: u64,
    /// Why it failed, or was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// A person, or the surroundings, said something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessagePosted {
    /// What.
    pub message: Message,
}

/// An agent said something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageCompleted {
    /// Its id.
    pub message_id: MessageId,
    /// The agent.
    pub agent: String,
    /// What, in order.
    pub parts: Vec<Part>,
    /// Why the model stopped.
    pub finish: Finish,
    /// What the call used.
    pub usage: Usage,
    /// The model that said it.
    pub model: ModelChoice,
    /// Which call of the model in this run: 1, 2, …
    pub round: u32,
    /// From the request to its first content, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// From the request to its end, in milliseconds.
    pub elapsed_ms: u64,
    /// The message that the run writes once its calls have returned; absent when it calls nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_message_id: Option<MessageId>,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

impl MessageCompleted {
    /// The text parts, one after the other.
    pub fn text(&self) -> String {
        Part::texts(&self.parts)
    }
}

/// A message that was being written will never be completed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAbandoned {
    /// Its id.
    pub message_id: MessageId,
    /// Why.
    pub reason: String,
}

/// A message of a restored history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageImported {
    /// The message.
    pub message: Message,
    /// What the tools that it calls gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<ToolReturn>,
}

/// A tool is being called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCalled {
    /// The call; beside the event's own `id`, its id is written as `call_id`.
    #[serde(flatten, with = "FlatCall")]
    pub call: ToolCall,
    /// The message that asked for it.
    pub message_id: MessageId,
    /// JSON Schema of the arguments, for whoever shows the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// What the tool does, for whoever shows the call.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// A tool answered, or will not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolReturned {
    /// What it gave; beside the event's own `id`, the id of the call is written as `call_id`.
    #[serde(flatten, with = "FlatReturn")]
    pub returned: ToolReturn,
    /// The arguments of the call, for whoever shows the return alone.
    pub arguments: Value,
    /// The message that asked for it.
    pub message_id: MessageId,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
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

impl Fact {
    /// The name on the wire.
    pub fn kind(&self) -> &str {
        match self {
            Self::SessionCreated(_) => "session.created",
            Self::SessionUpdated(_) => "session.updated",
            Self::SessionRestored(_) => "session.restored",
            Self::SessionDeleted(_) => "session.deleted",
            Self::RunQueued(_) => "run.queued",
            Self::RunStarted(_) => "run.started",
            Self::RunWaiting(_) => "run.waiting",
            Self::RunCancelRequested(_) => "run.cancel_requested",
            Self::RunFinished(_) => "run.finished",
            Self::MessagePosted(_) => "message.posted",
            Self::MessageCompleted(_) => "message.completed",
            Self::MessageAbandoned(_) => "message.abandoned",
            Self::MessageImported(_) => "message.imported",
            Self::ToolCalled(_) => "tool.called",
            Self::ToolReturned(_) => "tool.returned",
            Self::Notice(_) => "notice",
            Self::Unknown(unknown) => &unknown.kind,
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
        for rest in [
            r#""type":"tool.called","call_id":"c","name":"n","arguments":null,"place":"here","effect":"none","message_id":"m"}"#,
            r#""type":"tool.returned","call_id":"c","name":"n","status":"ok","output":"o","elapsed_ms":1,"arguments":null,"message_id":"m"}"#,
        ] {
            let head = r#"{"v":1,"seq":7,"id":"e","session":"s","at":"1970-01-01T00:00:00.000Z","actor":{"kind":"agent","name":"a"},"#;
            let text = format!("{head}{rest}");
            let read: Event = serde_json::from_str(&text).unwrap();
            assert_eq!((read.id.as_str(), read.fact.call_id().map(CallId::as_str)), ("e", Some("c")));
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
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

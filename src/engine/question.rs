//! A question: in which session, what is said, who answers and when.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rewinding::Earlier;
use crate::domain::{
    Answers, Attributes, BlobId, Cursor, Labels, Lifetime, MessageId, ModelChoice, Part, Participant, Pins, RunId, SessionId,
};

/// Which session is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A new one.
    New(Box<NewSession>),
    /// One that exists.
    Existing(SessionId),
    /// One that exists, gone back in as [`super::Engine::rewind`] does it. Only a question that is taken goes back: what is
    /// refused leaves everything as it was.
    Back {
        /// The session.
        session: SessionId,
        /// After what; `None` = to before the first message.
        after: Option<Earlier>,
    },
}

impl Default for Target {
    fn default() -> Self {
        Self::New(Box::default())
    }
}

/// What a new session is made of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewSession {
    /// Its id, when its creator chooses one.
    pub id: Option<SessionId>,
    /// A key of whoever makes it, at most 256 bytes: of two sessions with one key the second is refused.
    pub key: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Words on it.
    pub labels: Labels,
    /// Its agent; absent = the settings' agent.
    pub agent: Option<String>,
    /// Who takes part from its beginning; agents by name or id.
    pub participants: Vec<Participant>,
    /// The folder that its tools work in; absent = the settings' workspace.
    pub workspace: Option<String>,
    /// Its own model.
    pub model: Option<ModelChoice>,
    /// How long it lives.
    pub lifetime: Option<Lifetime>,
    /// What it is given to remember: the input that its agent declares.
    pub input: Map<String, Value>,
    /// What its door keeps about it, by the door's name.
    pub attributes: Attributes,
}

/// What to do when a run of the same agent is at work in the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBusy {
    /// Answer `busy`.
    Reject,
    /// Wait for it, up to `limits.busy_wait`, then answer `busy`.
    #[default]
    WaitThenReject,
    /// Queue behind it, and answer at once.
    Queue,
    /// Cancel it, and go on when it has ended.
    Supersede,
    /// Cancel it when it waits for the caller's tools; else wait for it for two seconds, or less where
    /// `limits.busy_wait` says so, then answer `busy`.
    SupersedeWaiting,
}

/// When a run begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begin {
    /// Now, or as soon as the session is free, as [`OnBusy`] says; in this process.
    #[default]
    Now,
    /// When it is its turn, in whichever process attends to the queue: until then it waits, also over restarts. `on_busy`
    /// is not asked: in its session it goes behind all other runs of its agent.
    InTurn,
}

/// Who answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answering {
    /// The session's agent.
    #[default]
    SessionAgent,
    /// This agent.
    One(String),
    /// Every agent that takes part and takes work, but for the one that says it, each in a run of its own, as its rule
    /// says ([`crate::domain::Answers`]): side by side, so the order of their answers is that of the log. Agents whose
    /// answers name others ask them, a few times after each message. What an agent says asks only those that it names.
    Participants,
    /// Of those only some.
    Chosen(Chosen),
    /// Nobody: the message is only posted.
    Nobody,
}

/// Some of the agents that take part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chosen {
    /// Their names. One that does not take part is passed over.
    pub agents: Vec<String>,
    /// When they answer, instead of what their own rules say.
    pub answers: Option<Answers>,
}

/// Input that nobody said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextInput {
    /// What it is, in a few words; the name of the message's author.
    pub description: String,
    /// Its text.
    pub text: String,
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Which session.
    pub target: Target,
    /// What is said. Must hold something, unless a procedure is asked for.
    pub input: Vec<Part>,
    /// The bytes of the files that `input` names, each under its SHA-256 ([`crate::domain::BlobId::of`]).
    #[serde(default, with = "super::blobs")]
    pub blobs: Vec<(BlobId, Bytes)>,
    /// Input that nobody said, such as the contents of files: shown to the model after what is said.
    #[serde(default)]
    pub context: Vec<ContextInput>,
    /// Who says it; absent = the caller, who did it in any case. Only who sees all sessions may speak for others.
    #[serde(default)]
    pub author: Option<Participant>,
    /// What doors keep about the message, by the door's name; at most 64 KiB.
    #[serde(default)]
    pub message_attributes: Attributes,
    /// Who answers.
    #[serde(default)]
    pub answering: Answering,
    /// The procedure that is asked for: then nothing need be said. Absent = what the agent does always.
    #[serde(default)]
    pub procedure: Option<ProcedureCall>,
    /// What to do when the session is at work.
    #[serde(default)]
    pub on_busy: OnBusy,
    /// What is fixed for the run. `model` absent = session, agent, settings, catalogue, in this order; `workspace`
    /// absent = the session's.
    #[serde(default)]
    pub pins: Pins,
    /// When it begins.
    #[serde(default)]
    pub begin: Begin,
    /// Larger goes first, from -1,000 to 1,000. It rises by one with every `server.limits.runs_age_seconds` of waiting.
    #[serde(default)]
    pub priority: i32,
    /// Words on the run; at most 512 KiB.
    #[serde(default)]
    pub labels: Labels,
    /// What doors keep about the run, by the door's name; at most 512 KiB.
    #[serde(default)]
    pub attributes: Attributes,
}

/// A procedure of the agent that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcedureCall {
    /// Its name.
    pub name: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Map<String, Value>,
    /// What a door keeps about what it says as a person.
    #[serde(default)]
    pub attributes: Attributes,
}

/// A question that was taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// The session.
    pub session: SessionId,
    /// The run; `None` when nobody answers. Of several, the first.
    pub run: Option<RunId>,
    /// All runs, in the order in which they were queued.
    #[serde(default)]
    pub runs: Vec<RunId>,
    /// The message that was said.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// The model that is asked.
    pub model: Option<ModelChoice>,
    /// Subscribing from here gives everything that the question brought about, from its first fact.
    pub before: Cursor,
}

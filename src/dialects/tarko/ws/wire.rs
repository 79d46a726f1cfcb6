//! The messages of `/api/v1/ws`; `docs/schemas/ws.json` describes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::follow::{Framing, Told};
use super::super::place::Place;
use crate::domain::{CallId, Cursor, Error, Labels, ModelChoice, Result, RunId, SessionId, SessionStatus, Timestamp};
use crate::engine::{CallerReturn, Decision, HouseNotice, OpenQuestion, SessionItem};

/// What a client asks, without the `id` that the answer carries.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Asked {
    /// Says who calls.
    Authenticate { token: String },
    /// Wants to be told of a session; one that is followed already is followed anew.
    Subscribe {
        session: String,
        #[serde(default)]
        after: Option<String>,
        #[serde(default)]
        frames: Framing,
    },
    /// Wants to hear no more of a session.
    Unsubscribe { session: String },
    /// Says something in a session, or in a new one.
    Query {
        #[serde(default)]
        session: Option<String>,
        #[serde(default)]
        new: Option<NewOne>,
        text: String,
        #[serde(default)]
        model: Option<ModelChoice>,
        #[serde(default)]
        on_busy: Busy,
    },
    /// Gives what the caller's tools gave.
    Answer { run: String, returns: Vec<Return> },
    /// Wants runs to end.
    Abort {
        session: String,
        #[serde(default)]
        run: Option<String>,
        #[serde(default)]
        reason: Option<String>,
    },
    /// Wants a page of sessions, newest change first.
    List {
        #[serde(default)]
        text: Option<String>,
        #[serde(default)]
        status: Option<SessionStatus>,
        #[serde(default)]
        after: Option<String>,
        #[serde(default = "page")]
        limit: usize,
    },
    /// Wants to be told what changes in the house: sessions, questions.
    Watch {},
    /// Wants the permission questions that wait.
    Questions {},
    /// Answers one.
    Decide { call: String, decision: Decision },
    /// Wants a sign of life.
    Ping {},
}

fn page() -> usize {
    50
}

/// What a new session is made of.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewOne {
    /// Its id, when its creator chooses one.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Words on it.
    pub labels: Labels,
    /// Its agent.
    pub agent: Option<String>,
}

/// What to do when the session is at work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Busy {
    /// Answer `busy`.
    #[default]
    Reject,
    /// Wait for it.
    Wait,
    /// Queue behind it.
    Queue,
    /// Cancel it.
    Supersede,
}

/// What a tool of the caller gave.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Return {
    /// The call.
    pub id: String,
    /// What it gave.
    pub output: Value,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

impl From<Return> for CallerReturn {
    fn from(given: Return) -> Self {
        Self { id: CallId::from_text(&given.id), output: given.output, error: given.error }
    }
}

/// What a client is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Reply<'a> {
    /// The first message.
    Hello { version: &'a str, authenticated: bool },
    /// It is known who calls.
    Authenticated { caller: &'a str },
    /// A session is followed.
    Subscribed { session: &'a SessionId, frames: Framing },
    /// A session is followed no more.
    Unsubscribed { session: &'a str },
    /// Something happened in a session.
    Frame { session: &'a SessionId, cursor: Place, frame: &'a Told },
    /// A session will be told no more: it was deleted, or the error says why.
    Ended {
        session: &'a SessionId,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a Error>,
    },
    /// A question was taken.
    Asked {
        session: &'a SessionId,
        #[serde(skip_serializing_if = "Option::is_none")]
        run: Option<&'a RunId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<&'a ModelChoice>,
        /// `after` of a subscription that tells everything that the question brings about.
        after: Cursor,
    },
    /// What the caller's tools gave was taken.
    Answered { run: &'a str },
    /// Runs were asked to end.
    Aborted { session: &'a str, runs: &'a [RunId] },
    /// A page of sessions.
    Sessions {
        sessions: Vec<Row<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<&'a str>,
    },
    /// Changes in the house are told from now on.
    Watching,
    /// Something changed in the house.
    Notice { notice: &'a HouseNotice },
    /// The permission questions that wait.
    Questions { questions: &'a [OpenQuestion] },
    /// A permission question was answered.
    Decided { call: &'a str },
    /// A sign of life.
    Pong,
    /// A request failed; without an `id` the socket as a whole is meant.
    Error { error: &'a Error },
}

/// A session of a list.
#[derive(Debug, Serialize)]
pub(super) struct Row<'a> {
    id: &'a SessionId,
    title: Option<&'a str>,
    labels: &'a Labels,
    agent: &'a str,
    status: SessionStatus,
    created_at: Timestamp,
    updated_at: Timestamp,
    runs: u64,
    events: u64,
}

impl<'a> From<&'a SessionItem> for Row<'a> {
    fn from(item: &'a SessionItem) -> Self {
        let session = &item.summary.session;
        Self {
            id: &session.id,
            title: session.title.as_deref(),
            labels: &session.labels,
            agent: &session.agent,
            status: item.status,
            created_at: session.created_at,
            updated_at: session.updated_at,
            runs: item.summary.runs,
            events: item.summary.events,
        }
    }
}

/// A message to a client, with the `id` of what it answers.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(flatten)]
    reply: Reply<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
}

/// A message as text.
pub(super) fn text(id: Option<&Value>, reply: Reply<'_>) -> String {
    match serde_json::to_string(&Message { reply, id }) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(%error, "a message cannot be written as JSON");
            r#"{"type":"error","error":{"code":"internal","message":"a message cannot be written as JSON"}}"#.to_owned()
        }
    }
}

/// Longest `id` of a request, in bytes.
const ID_BYTES: usize = 128;

/// A message of a client: its `id`, and what it asks.
pub(super) fn read(text: &str) -> (Option<Value>, Result<Asked>) {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return (None, Err(Error::invalid(format!("a message is not JSON: {error}")))),
    };
    let Value::Object(mut fields) = value else {
        return (None, Err(Error::invalid("a message must be a JSON object")));
    };
    let id = fields.shift_remove("id");
    match &id {
        None | Some(Value::Number(_)) => {}
        Some(Value::String(id)) if id.len() <= ID_BYTES => {}
        Some(_) => {
            let wrong = format!("the `id` of a message must be a number, or a string of at most {ID_BYTES} bytes");
            return (None, Err(Error::invalid(wrong)));
        }
    }
    let asked = serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { format!(" `{path}`") };
        Error::invalid(format!("the message cannot be understood:{path} {}", error.inner()))
            .hint("docs/schemas/ws.json describes all messages")
    });
    (id, asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (Option<Value>, String) {
        let (id, asked) = read(text);
        (id, asked.unwrap_err().message)
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        assert_eq!(wrong("{").1, "a message is not JSON: EOF while parsing an object at line 1 column 1");
        assert_eq!(wrong("[]"), (None, "a message must be a JSON object".into()));
        assert_eq!(wrong(r#"{"id":{}}"#).0, None);
        let (id, said) = wrong(r#"{"id":7,"type":"dance"}"#);
        assert_eq!(id, Some(7.into()));
        assert!(said.starts_with("the message cannot be understood: `type` unknown variant `dance`"), "{said}");
        let (id, said) = wrong(r#"{"id":"a","type":"abort","session":"s","why":1}"#);
        assert_eq!(id, Some("a".into()));
        assert!(said.contains("unknown field `why`"), "{said}");
        let (_, said) = wrong(r#"{"type":"subscribe"}"#);
        assert!(said.contains("missing field `session`"), "{said}");
    }

    #[test]
    fn an_answer_carries_the_id_of_its_question() {
        assert_eq!(text(Some(&7.into()), Reply::Pong), r#"{"type":"pong","id":7}"#);
        assert_eq!(text(None, Reply::Watching), r#"{"type":"watching"}"#);
        let error = Error::invalid("no");
        assert_eq!(
            text(None, Reply::Error { error: &error }),
            r#"{"type":"error","error":{"code":"invalid_input","message":"no"}}"#
        );
    }
}

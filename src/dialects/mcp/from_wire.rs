//! What tools are called with.

use rmcp::model::JsonObject;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::{Error, Part, Result, SessionId};
use crate::engine::{Answering, Ask, NewSession, Target};

/// Longest title that is made from a prompt, in characters.
const TITLE: usize = 60;

/// Most rows or messages of an answer.
pub const MOST: usize = 100;
/// Rows or messages of an answer when nobody says how many.
const SOME: usize = 20;

/// What `ask` is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskArguments {
    /// What is said.
    prompt: String,
    /// Who answers; absent = the session's agent, or the default one.
    agent: Option<String>,
    /// The session to go on with; absent = a new one.
    session: Option<String>,
}

/// What `list_agents` is given: nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoArguments {}

/// What `list_sessions` is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListArguments {
    /// Only those of this agent.
    pub agent: Option<String>,
    /// Only those whose title or id holds this.
    pub text: Option<String>,
    /// Most rows.
    limit: Option<usize>,
    /// After this place of an earlier list.
    pub after: Option<String>,
}

/// What `read_session` is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadArguments {
    /// The session.
    session: String,
    /// Most messages.
    limit: Option<usize>,
    /// Only what came before this place.
    pub before: Option<u64>,
}

/// What `cancel` is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelArguments {
    /// The session.
    session: String,
}

/// The arguments of a call.
///
/// # Errors
/// `invalid_input` naming the tool and what is wrong.
pub fn arguments<T: DeserializeOwned>(tool: &str, given: Option<JsonObject>) -> Result<T> {
    serde_json::from_value(Value::Object(given.unwrap_or_default()))
        .map_err(|error| Error::invalid(format!("the arguments of `{tool}` do not fit: {error}")))
}

impl AskArguments {
    /// The question.
    ///
    /// # Errors
    /// `invalid_input` when nothing is asked, or the session's id cannot be one.
    pub fn ask(self) -> Result<Ask> {
        if self.prompt.trim().is_empty() {
            return Err(Error::invalid("`prompt` is empty").hint("say what the agent is to do"));
        }
        let (target, answering) = match self.session {
            Some(session) => {
                let answering = self.agent.map_or(Answering::SessionAgent, Answering::One);
                (Target::Existing(SessionId::parse(&session)?), answering)
            }
            None => {
                let new = NewSession { title: Some(title(&self.prompt)), agent: self.agent, ..NewSession::default() };
                (Target::New(Box::new(new)), Answering::SessionAgent)
            }
        };
        Ok(Ask { target, input: vec![Part::text(self.prompt)], answering, ..Ask::default() })
    }
}

impl ListArguments {
    /// Most rows.
    ///
    /// # Errors
    /// `invalid_input` when it is none or too many.
    pub fn limit(&self) -> Result<usize> {
        limit(self.limit)
    }
}

impl ReadArguments {
    /// The session.
    ///
    /// # Errors
    /// `invalid_input` when it cannot be one.
    pub fn session(&self) -> Result<SessionId> {
        SessionId::parse(&self.session)
    }

    /// Most messages.
    ///
    /// # Errors
    /// `invalid_input` when it is none or too many.
    pub fn limit(&self) -> Result<usize> {
        limit(self.limit)
    }
}

impl CancelArguments {
    /// The session.
    ///
    /// # Errors
    /// `invalid_input` when it cannot be one.
    pub fn session(&self) -> Result<SessionId> {
        SessionId::parse(&self.session)
    }
}

fn limit(given: Option<usize>) -> Result<usize> {
    match given.unwrap_or(SOME) {
        limit @ 1..=MOST => Ok(limit),
        other => Err(Error::invalid(format!("`limit` is {other}")).hint(format!("it must be from 1 to {MOST}"))),
    }
}

/// A title from the first line of a prompt.
fn title(prompt: &str) -> String {
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    match line.char_indices().nth(TITLE) {
        None => line,
        Some(_) => format!("{}…", line.chars().take(TITLE - 1).collect::<String>().trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(value: Value) -> Option<JsonObject> {
        value.as_object().cloned()
    }

    #[test]
    fn a_question_is_for_a_new_session_or_for_one_that_is_there() {
        let ask = |value| arguments::<AskArguments>("ask", given(value)).and_then(AskArguments::ask);
        let new = ask(json!({ "prompt": "\n  First line \nsecond", "agent": "helper" })).unwrap();
        let Target::New(session) = &new.target else { panic!("{new:?}") };
        assert_eq!((session.title.as_deref(), session.agent.as_deref()), (Some("First line"), Some("helper")));
        assert_eq!(new.answering, Answering::SessionAgent);
        let old = ask(json!({ "prompt": "x", "agent": "helper", "session": "s1" })).unwrap();
        assert_eq!(old.target, Target::Existing(SessionId::from_text("s1")));
        assert_eq!(old.answering, Answering::One("helper".to_owned()));
        assert_eq!(ask(json!({ "prompt": "x", "session": "s1" })).unwrap().answering, Answering::SessionAgent);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let ask = |value| arguments::<AskArguments>("ask", given(value)).and_then(AskArguments::ask).unwrap_err().message;
        assert_eq!(ask(json!({})), "the arguments of `ask` do not fit: missing field `prompt`");
        assert_eq!(
            ask(json!({ "prompt": "x", "model": "y" })),
            "the arguments of `ask` do not fit: unknown field `model`, expected one of `prompt`, `agent`, `session`"
        );
        assert_eq!(ask(json!({ "prompt": " \n" })), "`prompt` is empty");
        assert_eq!(ask(json!({ "prompt": "x", "session": "../x" })), "session id \"../x\" is not allowed");
        let read = arguments::<ReadArguments>("read_session", given(json!({ "session": "s", "limit": 101 }))).unwrap();
        assert_eq!(read.limit().unwrap_err().message, "`limit` is 101");
    }

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(title(&"ä".repeat(60)), "ä".repeat(60));
        assert_eq!(title(&"ä".repeat(61)), format!("{}…", "ä".repeat(59)));
        assert_eq!(title("a\u{7}b"), "ab");
    }
}

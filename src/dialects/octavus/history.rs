//! Which messages of this API stand for which of the house: all that a run says is one message of its agent, with the run's
//! id; a message that was brought back has the id that it had.

use serde_json::{Map, Value};

use super::request::ATTRIBUTE;
use super::wire::Sender;
use crate::domain::{Attributes, AuthorKind, Error, ErrorCode, Message, Principal, Result, RunId, SessionId};
use crate::engine::{Earlier, Engine, Shown};

/// Messages of one page.
const PAGE: usize = 100;

/// The id in this API of a message, given the run that it belongs to.
pub fn id_of(message: &Message, run: Option<&RunId>) -> String {
    match (kept(&message.attributes, "message").and_then(Value::as_str), run) {
        (Some(id), _) => id.to_owned(),
        (None, Some(run)) if message.author.kind == AuthorKind::Agent => run.to_string(),
        (None, _) => message.id.to_string(),
    }
}

/// What this API keeps about a message, by name.
pub fn kept<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a Value> {
    attributes.get(ATTRIBUTE)?.get(name)
}

/// Who speaks, as a message keeps it.
pub fn sender(attributes: &Attributes) -> Option<Sender> {
    serde_json::from_value(kept(attributes, "sender")?.clone()).ok()
}

/// What is kept about a message.
pub fn keep(values: impl IntoIterator<Item = (&'static str, Value)>) -> Attributes {
    let values: Map<String, Value> = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut attributes = Attributes::new();
    if !values.is_empty() {
        attributes.insert(ATTRIBUTE.to_owned(), Value::Object(values));
    }
    attributes
}

/// The last message before a run, or with `None` of all, by its id in this API.
///
/// # Errors
/// What reading the log may give.
pub async fn last_before(
    engine: &dyn Engine,
    caller: &Principal,
    session: &SessionId,
    run: Option<&RunId>,
) -> Result<Option<String>> {
    let limit = if run.is_some() { PAGE } else { 1 };
    let found = newest(engine, caller, session, limit, |shown| run.is_none() || shown.run.as_ref() != run).await?;
    Ok(found.map(|shown| id_of(&shown.message, shown.run.as_ref())))
}

/// What of the house ends a message of this API: a message, or a run in which only blocks did something.
///
/// # Errors
/// `not_found`.
pub async fn end_of(engine: &dyn Engine, caller: &Principal, session: &SessionId, id: &str) -> Result<Earlier> {
    let is_it = |shown: &Shown| id_of(&shown.message, shown.run.as_ref()) == id;
    if let Some(shown) = newest(engine, caller, session, PAGE, is_it).await? {
        return Ok(Earlier::Message(shown.message.id));
    }
    match engine.run(caller, &RunId::from_text(id)).await {
        Ok(run) if run.session == *session => Ok(Earlier::Run(run.id)),
        Err(error) if error.code != ErrorCode::NotFound => Err(error),
        _ => Err(Error::not_found("message", id.chars().take(PAGE).collect::<String>())),
    }
}

async fn newest(
    engine: &dyn Engine,
    caller: &Principal,
    session: &SessionId,
    limit: usize,
    is_it: impl Fn(&Shown) -> bool + Send,
) -> Result<Option<Shown>> {
    let mut before = None;
    loop {
        let page = engine.messages(caller, session, before, limit).await?;
        if let Some(found) = page.messages.into_iter().rev().find(&is_it) {
            return Ok(Some(found));
        }
        before = match page.before {
            Some(before) => Some(before),
            None => return Ok(None),
        };
    }
}

//! What is said in a channel, over whichever way: it becomes a question to all agents that take part.

use serde_json::Value;

use super::errors::ElizaError;
use super::kept::KeptMessage;
use crate::domain::{Principal, SessionId};
use crate::engine::Asked;
use crate::http::Door;

/// A message that comes.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// The channel, an id.
    pub channel: String,
    /// The server that it is said to belong to, an id.
    pub server: String,
    /// Who says it, an id: of a person, or of an agent.
    pub author: String,
    /// The name that they are shown by.
    pub author_name: Option<String>,
    /// What is said.
    pub content: String,
    /// The rest of it.
    pub kept: KeptMessage,
    /// Whether and how a channel is made that is not there: by whom it is said to be made, such as `gui_auto_creation`.
    pub create: Option<&'static str>,
    /// Whether agents are asked to answer it.
    pub answered: bool,
}

/// A message that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The session of its channel.
    pub session: SessionId,
    /// What came of it.
    pub asked: Asked,
    /// What it was, with what was filled in.
    pub posted: Posted,
}

/// Takes a message: durable when it answers; what agents do comes later.
///
/// # Errors
/// 404 when there is no such channel and none is to be made, 500 `Server <id> does not exist`, 400.
pub async fn post(door: &Door, caller: &Principal, posted: Posted) -> Result<Taken, ElizaError> {
    let _ = (door, caller, &posted.kept.metadata as &Option<Value>);
    Err(crate::domain::Error::new(crate::domain::ErrorCode::NotSupported, "not built yet").into())
}

//! Words about copying and putting away sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session;
use crate::domain::SessionId;
use crate::engine::{ForkedSession, PinnedAgent, Pruned};

/// Makes a session with the history of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// The other session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// What it begins with: `{"at": "MESSAGE", "id": "ID", "title": "…"}`, all of which may be left out.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fork: ForkedSession,
}

/// Where an export goes whose lines are sent as the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportLog {
    /// The id that the session gets; absent = the one that it had.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "some_session")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
}

fn some_session<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SessionId>, D::Error> {
    session(deserializer).map(Some)
}

/// The agents that runs of a session have pinned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PinnedAgents {
    /// Each with its `revision` and its definition, `agent`.
    #[schema(value_type = Vec<Object>)]
    pub agents: Vec<PinnedAgent>,
}

/// What was deleted by the settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Retained {
    /// What was deleted; absent when it was not time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub pruned: Option<Pruned>,
}

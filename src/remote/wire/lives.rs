//! Clearing a session, and going back in it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session;
use crate::domain::{AfterClearing, MessageId, SessionId};

/// Removes what was said in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Clear {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// What it is afterwards: `active`, or `expired`.
    #[schema(value_type = String)]
    pub then: AfterClearing,
}

/// Goes back in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rewind {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The message that is the last one then; absent = none is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub after: Option<MessageId>,
}

//! Words about people with an account.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::User;
use crate::engine::UserChange;

/// The accounts that there are, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Users {
    /// The users, without their passwords.
    #[schema(value_type = Vec<Object>)]
    pub users: Vec<User>,
}

/// A user that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfUser {
    /// The name, or the id.
    pub name: String,
}

/// A change of an account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// The name, or the id.
    pub name: String,
    /// What is changed: `role`, `email` (empty = none), `password`. With a password all tokens of the user end.
    #[schema(value_type = Object)]
    pub change: UserChange,
}

/// A token that is wanted for an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueToken {
    /// The name, or the id.
    pub name: String,
    /// Seconds until it opens nothing any more: an hour unless told, a year at most.
    #[serde(default)]
    pub ttl_seconds: Option<u64>,
}

/// A new key for signing tokens is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RotateSigningKey {
    /// Whether all tokens end that older keys have signed.
    pub end_all: bool,
}

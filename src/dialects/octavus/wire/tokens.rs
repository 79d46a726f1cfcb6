//! Tokens that an application's server mints for those who use it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a token is to open. Fields that are not known are left aside, as everywhere in this API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusMint)]
pub struct Mint {
    /// The agent, by its id or slug.
    pub agent_id: String,
    /// Only this session of it.
    #[serde(default)]
    pub session_id: Option<String>,
    /// Seconds until it opens nothing any more: an hour unless told, a day at most.
    #[serde(default)]
    pub ttl_seconds: Option<u64>,
}

/// A token that was minted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OctavusMinted)]
pub struct Minted {
    /// Its word, which is told here only.
    #[schema(value_type = String)]
    pub token: crate::engine::Word,
    /// Its id.
    pub jti: String,
    /// When it opens nothing any more.
    pub expires_at: String,
}

/// A token that is to be revoked. It does not print itself.
#[derive(Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = OctavusRevoke)]
pub struct Revoke {
    /// Its word.
    pub token: String,
}

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OctavusRevoked)]
pub struct Revoked {
    /// Whether it counted until now.
    pub revoked: bool,
    /// Its id; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

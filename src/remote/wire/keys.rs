//! Words about keys and minted tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Key, KeyId};

/// The keys that there are, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Keys {
    /// The keys, without their words.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Key>,
}

/// A key that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfKey {
    /// Its name, or its id.
    pub name: String,
}

/// A token that is to be revoked. It does not print itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfToken {
    /// Its word.
    pub token: String,
}

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Revoked {
    /// The token's id; null when none counted.
    #[schema(value_type = Option<String>)]
    pub id: Option<KeyId>,
}

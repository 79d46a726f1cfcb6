//! What a house has to work with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::engine::{ProviderItem, ToolItem};

/// Wants to know who offers models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reach {
    /// Whether each is asked for its models, with the house's key: only for who administers the house.
    pub reach: bool,
}

/// Who offers models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProviderList {
    /// Each with `name`, `wire`, `host`, `has_key`, `usable`, `models`, `offered`, `error`.
    #[schema(value_type = Vec<Object>)]
    pub providers: Vec<ProviderItem>,
}

/// How commands are confined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Confinement {
    /// Why they are not; absent = they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_confined: Option<String>,
}

/// The tools of the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HouseTools {
    /// Each with `name`, `access`, `permission`.
    #[schema(value_type = Vec<Object>)]
    pub tools: Vec<ToolItem>,
}

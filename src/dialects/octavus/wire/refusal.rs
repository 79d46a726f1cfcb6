//! An error as an answer.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was refused. `error` is a text: the SDK throws away an answer in which it is an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OctavusRefusal)]
pub struct Refusal {
    /// For people.
    pub error: String,
    /// For programs.
    pub code: &'static str,
}

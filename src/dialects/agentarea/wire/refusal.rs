//! An error as an answer.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Why a request was refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct Refusal {
    /// What happened.
    pub error: RefusalBody,
}

/// What happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(
    as = ErrorBody,
    example = json!({
        "code": "VALIDATION_ERROR",
        "message": "Invalid request data",
        "details": { "field": "name", "issue": "Field is required" },
        "request_id": "req-0199f3c2-7d1e-7a44-8b1c-2f7a1c3d9e10"
    })
)]
pub struct RefusalBody {
    /// For programs: `VALIDATION_ERROR`, `UNAUTHORIZED`, `FORBIDDEN`, `NOT_FOUND`, `METHOD_NOT_ALLOWED`, `CONFLICT`,
    /// `PAYLOAD_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE`, `RATE_LIMITED`, `INTERNAL_ERROR`, `NOT_SUPPORTED` or
    /// `SERVICE_UNAVAILABLE`.
    pub code: &'static str,
    /// For people.
    #[schema(min_length = 1)]
    pub message: String,
    /// For `VALIDATION_ERROR`: `field`, `issue`, and with several faults all of them in `errors`.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// The id of the request, as in the header `X-Request-ID`.
    pub request_id: String,
}

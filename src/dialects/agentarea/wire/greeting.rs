//! What the service says of itself.

use serde::Serialize;
use utoipa::ToSchema;

/// Under the root of the API.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({ "message": "AgentArea API is running." }))]
pub struct Greeting {
    /// That it runs.
    pub message: &'static str,
}

/// How the service is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Health, example = json!({
    "status": "healthy", "timestamp": "2025-01-15T10:30:00.000Z", "version": "1.0.0", "service": "ombud"
}))]
pub struct HealthAnswer {
    /// `healthy`.
    pub status: &'static str,
    /// When that was so.
    pub timestamp: String,
    /// The version of the API.
    pub version: &'static str,
    /// The program that serves it.
    pub service: &'static str,
}

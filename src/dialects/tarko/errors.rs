//! Our one table becomes Tarko's words.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::domain::Error;

/// An error on its way out.
pub struct TarkoError(pub Error);

impl From<Error> for TarkoError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for TarkoError {
    fn into_response(self) -> Response {
        refuse(&self.0)
    }
}

/// An error in Tarko's envelope.
pub fn refuse(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    crate::http::json(status, &json!({ "error": error.message }))
}

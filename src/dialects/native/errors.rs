//! Our one table as it is: the code's own status, and the error itself.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::domain::Error;
use crate::remote::wire::Refused;

/// An error on its way out.
pub struct NativeError(pub Error);

impl From<Error> for NativeError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for NativeError {
    fn into_response(self) -> Response {
        refuse(&self.0)
    }
}

/// An error in the envelope of this API.
pub fn refuse(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    super::told(crate::http::json(status, &Refused::from(error)))
}

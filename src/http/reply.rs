//! Answers.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::domain::Error;

/// The id of a request, in its extensions: from the caller's `X-Request-Id`, or made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// An answer that is JSON.
pub fn json<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => with_type(status, "application/json; charset=utf-8", body.into()),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            text(StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    }
}

/// An answer that is plain text.
pub fn text(status: StatusCode, text: &str) -> Response {
    with_type(status, "text/plain; charset=utf-8", text.to_owned().into())
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// An error in the envelope of the house: `{"error": {code, message, hint, …}}`, with the status of the one table.
pub fn refuse(error: &Error) -> Response {
    json(status_of(error), &serde_json::json!({ "error": error }))
}

/// The status of the one table.
pub fn status_of(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn with_type(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

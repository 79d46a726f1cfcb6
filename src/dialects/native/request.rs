//! What comes in and what goes out: one JSON object each.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::errors::NativeError;
use crate::domain::{Error, ErrorCode};
use crate::http::{Door, json, read_body};
use crate::remote::wire;

/// Longest query of an address, in bytes.
const QUERY: usize = 4_096;

/// The body of a request. Empty = `{}`.
pub struct Given<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Door> for Given<T> {
    type Rejection = NativeError;

    async fn from_request(request: Request, door: &Door) -> Result<Self, NativeError> {
        let declared = is_json(&request);
        let body = read_body(request.into_body(), door.settings.server.limits.body_bytes).await?;
        if body.is_empty() {
            return Ok(Self(wire::read(b"{}")?));
        }
        // A page of somebody else can send a body of another type without being asked first whether it may.
        if !declared {
            let error = Error::new(ErrorCode::BadMedia, "the body is not declared as JSON");
            return Err(error.hint("send it with `Content-Type: application/json`").into());
        }
        Ok(Self(wire::read(&body)?))
    }
}

fn is_json(request: &Request) -> bool {
    let declared = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// What the query of an address says.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Door> for Asked<T> {
    type Rejection = NativeError;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Self, NativeError> {
        if parts.uri.query().is_some_and(|query| query.len() > QUERY) {
            return Err(Error::invalid(format!("the query of the address is longer than {QUERY} bytes")).into());
        }
        let axum::extract::Query(asked) = axum::extract::Query::try_from_uri(&parts.uri)
            .map_err(|error| Error::invalid(format!("the query of the address does not fit: {}", innermost(&error))))?;
        Ok(Self(asked))
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(inner) = error.source() {
        error = inner;
    }
    error.to_string()
}

/// An answer.
pub struct Gives<T>(pub T);

impl<T: Serialize> IntoResponse for Gives<T> {
    fn into_response(self) -> Response {
        super::told(json(StatusCode::OK, &self.0))
    }
}

/// What a handler answers.
pub type Answer<T> = Result<Gives<T>, NativeError>;

//! Bodies of requests: bounded, and read as JSON with an error that says where.

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::domain::{Error, ErrorCode, Result};

/// Deepest nesting of JSON that is read; the parser's own limit.
pub const JSON_DEPTH: usize = 128;

/// A whole body.
///
/// # Errors
/// `too_large` for more than `limit` bytes, `invalid_input` when it ends in its middle, `timed_out` when the guard gave
/// up waiting for its next piece.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Error::new(ErrorCode::TooLarge, format!("the body is larger than {limit} bytes")))
        }
        Err(error) => match error.downcast::<Error>() {
            Ok(error) => Err(*error),
            Err(error) => Err(Error::invalid(format!("the body could not be read: {error}"))),
        },
    }
}

/// JSON text as a value.
///
/// # Errors
/// `invalid_input` with line and column.
pub fn parse_json(text: &[u8]) -> Result<Value> {
    serde_json::from_slice(text)
        .map_err(|error| Error::invalid(format!("the body is not JSON: {error}")).hint("send one JSON document in UTF-8"))
}

/// The body of a request as JSON. An empty body, and one that is not declared as JSON, count as `{}`.
///
/// # Errors
/// As [`read_body`] and [`parse_json`].
pub async fn read_json(request: Request<Body>, limit: usize) -> Result<Value> {
    let declared = is_json(request.headers());
    let bytes = read_body(request.into_body(), limit).await?;
    if bytes.is_empty() || !declared {
        return Ok(Value::Object(Map::new()));
    }
    parse_json(&bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| {
        let essence = essence.trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    })
}

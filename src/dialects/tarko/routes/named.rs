//! Which session a request is about, in the words of the original when it names none.

use axum::extract::Query;
use axum::response::Response;
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::super::errors;
use crate::domain::{Error, ErrorCode, Principal, SessionId};
use crate::http::Door;

/// A text in the query of an address; of several with one name the first.
pub fn text(uri: &Uri, name: &str) -> Option<String> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The session that a request names in its address or else in its body, which is there.
pub async fn named(door: &Door, caller: &Principal, uri: &Uri, body: &Value) -> Result<SessionId, Response> {
    let id = text(uri, "sessionId").or_else(|| body.get("sessionId").and_then(Value::as_str).map(str::to_owned));
    let Some(id) = id.filter(|id| !id.is_empty()) else {
        return Err(refusal(StatusCode::BAD_REQUEST, "Session ID is required"));
    };
    let id = SessionId::from_text(&id);
    match door.engine.session(caller, &id).await {
        Ok(_) => Ok(id),
        Err(error) if error.code == ErrorCode::NotFound => Err(refusal(StatusCode::NOT_FOUND, "Session not found")),
        Err(error) => Err(errors::refuse(&error)),
    }
}

/// `{error}`.
pub fn refusal(status: StatusCode, text: &str) -> Response {
    crate::http::json(status, &json!({ "error": text }))
}

/// `{error, message}`, for what went wrong on the way.
pub fn failed(text: &str, error: &Error) -> Response {
    let status = StatusCode::from_u16(error.code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    crate::http::json(status, &json!({ "error": text, "message": error.message }))
}

//! Which session a request is about, in the words of the original when it names none.

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use serde_json::Value;

use super::super::errors::{self, TarkoError};
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
    let missing = || TarkoError::no_session(&id).about(Some(&id), door.clock.now()).into_response();
    // What cannot be an id is the id of no session.
    let Ok(session) = SessionId::parse(&id) else { return Err(missing()) };
    match door.engine.session(caller, &session).await {
        Ok(_) => Ok(session),
        Err(error) if error.code == ErrorCode::NotFound => Err(missing()),
        Err(error) => Err(errors::refuse(&error)),
    }
}

/// A refusal in words of the original.
pub fn refusal(status: StatusCode, text: &str) -> Response {
    let code = match status {
        StatusCode::NOT_FOUND => "NOT_FOUND",
        StatusCode::PAYLOAD_TOO_LARGE => "PAYLOAD_TOO_LARGE",
        status if status.is_client_error() => "INVALID_REQUEST",
        _ => "INTERNAL_ERROR",
    };
    TarkoError::new(status, code, text).into_response()
}

/// What went wrong on the way to something.
pub fn failed(text: &str, error: &Error) -> Response {
    TarkoError::on_the_way(text, error).into_response()
}

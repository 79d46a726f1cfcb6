//! Our one table becomes the words of this API: one envelope everywhere, with the id of the request.
//!
//! Where an error arises the id is not known everywhere, so what is refused carries it unwritten, and [`finish`], through
//! which every answer goes, writes it.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::wire::{Refusal, RefusalBody};
use crate::domain::{Cause, Error, ErrorCode};
use crate::http::{Envelope, RequestId};

/// What ids of requests begin with.
const ID_PREFIX: &str = "req-";
/// Seconds after which it may be tried again, where the house does not say.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is wrong at one place of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The key, dotted where it is nested, or the name of a value in the address.
    pub field: String,
    /// What is wrong there.
    pub issue: String,
}

/// An error on its way out.
#[derive(Clone, Debug)]
pub struct AreaError {
    error: Box<Error>,
    faults: Vec<Fault>,
}

impl AreaError {
    /// One place of the request is wrong.
    pub fn at(field: impl Into<String>, issue: impl Into<String>) -> Self {
        Self::of(vec![Fault { field: field.into(), issue: issue.into() }])
    }

    /// Some places of the request are wrong.
    pub fn of(faults: Vec<Fault>) -> Self {
        Self { error: Box::new(Error::invalid("Invalid request data")), faults }
    }

    /// The word of the house for what happened.
    pub fn code(&self) -> ErrorCode {
        self.error.code
    }

    /// The inner object of the envelope, for frames of streams and sockets.
    pub fn body(&self, id: &RequestId) -> RefusalBody {
        let (_, code) = row(self.error.code, self.error.cause);
        RefusalBody { code, message: told(&self.error), details: details(&self.faults), request_id: request_id(id) }
    }
}

impl From<Error> for AreaError {
    fn from(error: Error) -> Self {
        Self { error: Box::new(error), faults: Vec::new() }
    }
}

impl Envelope for AreaError {}

impl IntoResponse for AreaError {
    fn into_response(self) -> Response {
        let (status, _) = row(self.error.code, self.error.cause);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if matches!(self.error.code, ErrorCode::Busy | ErrorCode::RateLimited) {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response.extensions_mut().insert(Unwritten(self));
        response
    }
}

/// An error whose envelope is not written yet: stands among the extensions of an answer.
#[derive(Clone, Debug)]
struct Unwritten(AreaError);

/// (status, code) of each of our codes; no default arm on purpose.
pub const fn row(code: ErrorCode, cause: Option<Cause>) -> (u16, &'static str) {
    match code {
        ErrorCode::InvalidInput => (400, "VALIDATION_ERROR"),
        ErrorCode::Unauthorized => (401, "UNAUTHORIZED"),
        ErrorCode::Forbidden => (403, "FORBIDDEN"),
        ErrorCode::NotFound | ErrorCode::Expired => (404, "NOT_FOUND"),
        ErrorCode::Conflict | ErrorCode::Busy | ErrorCode::Inactive => (409, "CONFLICT"),
        ErrorCode::TooLarge => (413, "PAYLOAD_TOO_LARGE"),
        ErrorCode::BadMedia => (415, "UNSUPPORTED_MEDIA_TYPE"),
        // What the model's server says of the house is not about whoever calls it.
        ErrorCode::RateLimited if cause.is_some() => (503, "SERVICE_UNAVAILABLE"),
        ErrorCode::RateLimited => (429, "RATE_LIMITED"),
        ErrorCode::ModelFailed
        | ErrorCode::Unavailable
        | ErrorCode::TimedOut
        | ErrorCode::StoreFailed
        | ErrorCode::BudgetExhausted
        | ErrorCode::SchemaMismatch
        | ErrorCode::ContextExceeded => (503, "SERVICE_UNAVAILABLE"),
        ErrorCode::NotSupported => (501, "NOT_SUPPORTED"),
        ErrorCode::Internal => (500, "INTERNAL_ERROR"),
    }
}

/// An error in the envelope of this API, once it is finished.
pub fn refuse(error: &Error) -> Response {
    AreaError::from(error.clone()).into_response()
}

/// Writes the envelope of what was refused, and the id of the request on everything.
pub fn finish(id: &RequestId, mut response: Response) -> Response {
    if let Some(Unwritten(error)) = response.extensions_mut().remove::<Unwritten>() {
        let mut body = error.body(id);
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            body.code = "METHOD_NOT_ALLOWED";
        }
        let written = crate::http::json(response.status(), &Refusal { error: body });
        let (head, body) = written.into_parts();
        // That of the body which was not written yet.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().extend(head.headers);
        *response.body_mut() = body;
    }
    if let Ok(id) = HeaderValue::from_str(&request_id(id)) {
        response.headers_mut().insert(X_REQUEST_ID.clone(), id);
    }
    response
}

/// The id of a request in this API.
pub fn request_id(RequestId(id): &RequestId) -> String {
    if id.starts_with(ID_PREFIX) { id.clone() } else { format!("{ID_PREFIX}{id}") }
}

/// What happened and the way out, in one text: there is no field for hints.
fn told(error: &Error) -> String {
    match &error.hint {
        Some(hint) => format!("{} ({hint})", error.message),
        None => error.message.clone(),
    }
}

/// The first fault as the reference tells one, and all of them beside it where there are more.
fn details(faults: &[Fault]) -> Map<String, Value> {
    let mut details = Map::new();
    if let Some(first) = faults.first() {
        details.insert("field".to_owned(), first.field.clone().into());
        details.insert("issue".to_owned(), first.issue.clone().into());
    }
    if faults.len() > 1 {
        let all = faults.iter().map(|fault| json!({ "field": fault.field, "issue": fault.issue }));
        details.insert("errors".to_owned(), all.collect());
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn finished(id: &str, response: Response) -> (u16, String, String) {
        let response = finish(&RequestId(id.to_owned()), response);
        let (status, id) = (response.status().as_u16(), response.headers()["x-request-id"].to_str().unwrap().to_owned());
        let body = crate::http::read_body(response.into_body(), 1 << 20).await.unwrap();
        (status, id, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn every_code_is_told_as_an_error() {
        for code in ErrorCode::ALL {
            let (status, word) = row(code, None);
            assert!((400..600).contains(&status) && !word.is_empty(), "{code:?}");
        }
        assert_eq!(row(ErrorCode::RateLimited, Some(Cause::RateLimited)).0, 503);
    }

    #[tokio::test]
    async fn the_envelope_has_the_id_of_its_request() {
        let error = Error::new(ErrorCode::Busy, "session `s` is busy").hint("wait for it");
        let (status, id, body) = finished("abc", refuse(&error)).await;
        assert_eq!((status, id.as_str()), (409, "req-abc"));
        let expected = r#"{"error":{"code":"CONFLICT","message":"session `s` is busy (wait for it)","details":{},"request_id":"req-abc"}}"#;
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn faults_have_their_places() {
        let one = AreaError::at("name", "Field is required");
        let (.., body) = finished("req-1", one.clone().into_response()).await;
        let expected = r#"{"error":{"code":"VALIDATION_ERROR","message":"Invalid request data","details":{"field":"name","issue":"Field is required"},"request_id":"req-1"}}"#;
        assert_eq!(body, expected);
        let mut faults = one.faults;
        faults.push(Fault { field: "type".to_owned(), issue: "must be a text".to_owned() });
        let (.., body) = finished("1", AreaError::of(faults).into_response()).await;
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(told["error"]["details"]["errors"][1], json!({ "field": "type", "issue": "must be a text" }));
    }

    #[tokio::test]
    async fn a_wrong_method_has_a_word_of_its_own() {
        let mut response = refuse(&Error::invalid("PUT is not a method of /v1/agents"));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        let (status, _, body) = finished("1", response).await;
        assert!(status == 405 && body.contains(r#""code":"METHOD_NOT_ALLOWED""#), "{body}");
    }
}

//! Our one table becomes Tarko's words.
//!
//! Its clients read `error` as a text; what is documented beside it has `code`, `message` and `details` too. So one shape
//! has all of them. Failures of a run had a shape of their own, in which `error` is an object: who asks with
//! `?result=event` is given that.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::domain::{Error, ErrorCode, SessionId, Timestamp};

/// Why a session that is at work takes no question.
pub const EXECUTING: &str =
    "Agent is already executing a task. Complete or abort the current task before starting a new one.";
/// The code of what went wrong in a run.
pub const EXECUTION: &str = "AGENT_EXECUTION_ERROR";

/// An error on its way out.
#[derive(Debug)]
pub struct TarkoError(Box<Told>);

#[derive(Debug)]
struct Told {
    status: StatusCode,
    code: &'static str,
    /// In few words, which clients may compare.
    error: String,
    /// In a sentence.
    message: String,
    details: Map<String, Value>,
    /// Fields of one answer only.
    more: Map<String, Value>,
    structured: bool,
}

impl TarkoError {
    /// An error in words of the original.
    pub fn new(status: StatusCode, code: &'static str, error: &str) -> Self {
        let (error, message) = (error.to_owned(), error.to_owned());
        let (details, more) = (Map::new(), Map::new());
        Self(Box::new(Told { status, code, error, message, details, more, structured: false }))
    }

    /// 400.
    pub fn invalid(error: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", error)
    }

    /// 404 of a session.
    pub fn no_session(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "SESSION_NOT_FOUND", "Session not found")
            .says(format!("Session {} does not exist", crate::config::printable(id)))
    }

    /// 404 of a route.
    pub fn no_route(method: &http::Method, path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("Cannot {method} {}", crate::config::printable(path)))
    }

    /// 409 of a server that works on one session at a time.
    pub fn exclusive(running: &SessionId) -> Self {
        let error = "Server is in exclusive mode and another session is currently running";
        Self::new(StatusCode::CONFLICT, "SERVER_BUSY", error).with("runningSessionId", json!(running))
    }

    /// What went wrong on the way to something, which the words of the original name.
    pub fn on_the_way(error: &str, why: &Error) -> Self {
        let mut told = Self::from(why.clone());
        told.0.error = error.to_owned();
        told
    }

    /// The same error in other few words, where it has these.
    #[must_use]
    pub fn renamed(mut self, from: &str, to: &str) -> Self {
        if self.0.error == from {
            to.clone_into(&mut self.0.error);
        }
        self
    }

    /// The sentence.
    #[must_use]
    pub fn says(mut self, message: String) -> Self {
        self.0.message = message;
        self
    }

    /// The few words.
    pub fn words(&self) -> &str {
        &self.0.error
    }

    /// A field beside the error.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }

    /// Which session it is about, and when it was.
    #[must_use]
    pub fn about(mut self, session: Option<&str>, at: Timestamp) -> Self {
        if let Some(session) = session {
            self.0.details.insert("sessionId".to_owned(), crate::config::printable(session).into());
        }
        self.0.details.insert("timestamp".to_owned(), at.as_millis().into());
        self
    }

    /// A failure of a run: where `structured`, in the shape of the original.
    #[must_use]
    pub fn of_run(mut self, structured: bool) -> Self {
        if self.0.status.is_server_error() {
            self.0.structured = structured;
            self.0.more.insert("success".to_owned(), false.into());
        }
        self
    }
}

impl From<Error> for TarkoError {
    fn from(error: Error) -> Self {
        let (status, code) = row(error.code);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let short = if error.code == ErrorCode::Busy { EXECUTING } else { &error.message };
        let mut told = Self::new(status, code, short).says(error.message.clone());
        if let Some(hint) = error.hint {
            told.0.details.insert("hint".to_owned(), hint.into());
        }
        told
    }
}

/// (status, code) of each of our codes; no default arm on purpose.
const fn row(code: ErrorCode) -> (u16, &'static str) {
    match code {
        ErrorCode::InvalidInput => (400, "INVALID_REQUEST"),
        ErrorCode::Unauthorized => (401, "UNAUTHORIZED"),
        ErrorCode::Forbidden => (403, "FORBIDDEN"),
        ErrorCode::NotFound => (404, "NOT_FOUND"),
        ErrorCode::Expired => (410, "SESSION_EXPIRED"),
        ErrorCode::Conflict => (409, "CONFLICT"),
        // What the original answers while its agent works.
        ErrorCode::Busy => (500, EXECUTION),
        ErrorCode::Inactive => (409, "AGENT_INACTIVE"),
        ErrorCode::TooLarge => (413, "PAYLOAD_TOO_LARGE"),
        ErrorCode::BadMedia => (415, "UNSUPPORTED_MEDIA_TYPE"),
        ErrorCode::RateLimited => (429, "RATE_LIMITED"),
        ErrorCode::ModelFailed => (502, EXECUTION),
        ErrorCode::Unavailable => (503, "UNAVAILABLE"),
        ErrorCode::NotSupported => (501, "NOT_SUPPORTED"),
        ErrorCode::BudgetExhausted | ErrorCode::SchemaMismatch | ErrorCode::ContextExceeded => (500, EXECUTION),
        ErrorCode::TimedOut => (504, "TIMED_OUT"),
        ErrorCode::StoreFailed => (503, "STORAGE_FAILED"),
        ErrorCode::Internal => (500, "INTERNAL_ERROR"),
    }
}

impl IntoResponse for TarkoError {
    fn into_response(self) -> Response {
        let Told { status, code, error, message, details, more, structured } = *self.0;
        let mut body = Map::new();
        if structured {
            body.extend(more);
            body.insert("error".to_owned(), json!({ "code": code, "message": error, "details": details }));
        } else {
            let told =
                [("error", error.into()), ("code", code.into()), ("message", message.into()), ("details", details.into())];
            body.extend(told.into_iter().map(|(name, value): (&str, Value)| (name.to_owned(), value)));
            body.extend(more);
        }
        crate::http::json(status, &body)
    }
}

/// An error in Tarko's envelope.
pub fn refuse(error: &Error) -> Response {
    TarkoError::from(error.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer(error: TarkoError) -> (u16, String) {
        let response = error.into_response();
        let status = response.status().as_u16();
        let body = crate::http::read_body(response.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn one_shape_for_those_who_read_a_text_and_those_who_read_more() {
        let error =
            TarkoError::no_session("session_123").about(Some("session_123"), Timestamp::from_millis(1_704_067_200_000));
        assert_eq!(
            answer(error).await,
            (
                404,
                r#"{"error":"Session not found","code":"SESSION_NOT_FOUND","message":"Session session_123 does not exist","details":{"sessionId":"session_123","timestamp":1704067200000}}"#
                    .to_owned()
            )
        );
    }

    #[tokio::test]
    async fn a_failure_of_a_run_has_two_shapes() {
        let busy = || TarkoError::from(Error::new(ErrorCode::Busy, "session `s` is busy"));
        let (status, flat) = answer(busy().of_run(false)).await;
        assert_eq!(status, 500);
        assert_eq!(
            flat,
            format!(
                r#"{{"error":"{EXECUTING}","code":"AGENT_EXECUTION_ERROR","message":"session `s` is busy","details":{{}},"success":false}}"#
            )
        );
        let (status, structured) = answer(busy().of_run(true)).await;
        assert_eq!(status, 500);
        assert_eq!(
            structured,
            format!(
                r#"{{"success":false,"error":{{"code":"AGENT_EXECUTION_ERROR","message":"{EXECUTING}","details":{{}}}}}}"#
            )
        );
    }

    #[test]
    fn every_code_is_told_as_an_error() {
        for code in ErrorCode::ALL {
            let (status, word) = row(code);
            assert!((400..600).contains(&status) && !word.is_empty(), "{code:?}");
        }
    }
}

//! Our one table becomes the words of this API: an object with a code and a message, in one of two envelopes.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::around;
use crate::config::ServerLimits;
use crate::domain::{Error, ErrorCode};
use crate::http::Envelope;

/// What names an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// A word.
    Word(Cow<'static, str>),
    /// The status, as a number: of what no route answers for.
    Number(u16),
}

/// In which envelope an error is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `{"success":false,"error":{"code","message","details"?}}`.
    #[default]
    Enveloped,
    /// `{"error":{"code","message","timestamp"?}}`, as sessions tell it.
    Bare,
    /// `{"error":"message"}`, as files tell it.
    Text,
}

/// An error on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElizaError {
    /// The status.
    pub status: StatusCode,
    /// What names it.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// More about it.
    pub details: Option<String>,
    /// In which envelope it is told.
    pub form: Form,
}

impl ElizaError {
    /// An error of a status with a word.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, code: Code::Word(code.into()), message: message.into(), details: None, form: Form::default() }
    }

    /// Something in the request does not fit.
    pub fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// An id that is none.
    pub fn bad_id(what: &str) -> Self {
        Self::bad("INVALID_ID", format!("Invalid {what} ID format"))
    }

    /// Something is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// The same, with more about it.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// The same, in another envelope.
    #[must_use]
    pub fn told_as(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Whether something is there already.
    pub fn is_conflict(&self) -> bool {
        self.code == Code::Word(Cow::Borrowed(row(ErrorCode::Conflict).1))
    }

    /// The body that tells it.
    pub fn body(&self) -> Value {
        if self.form == Form::Text {
            return json!({ "error": self.message });
        }
        let mut error = Map::new();
        // Clients compare texts, and the original has two orders.
        if let Code::Word(word) = &self.code {
            error.insert("code".to_owned(), json!(word));
        }
        error.insert("message".to_owned(), json!(self.message));
        if let Code::Number(number) = self.code {
            error.insert("code".to_owned(), json!(number));
        }
        if let Some(details) = &self.details {
            error.insert("details".to_owned(), json!(details));
        }
        match self.form {
            Form::Enveloped => json!({ "success": false, "error": error }),
            Form::Bare | Form::Text => json!({ "error": error }),
        }
    }
}

impl From<Error> for ElizaError {
    fn from(error: Error) -> Self {
        let (status, word) = row(error.code);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = match &error.hint {
            Some(hint) => format!("{} ({hint})", error.message),
            None => error.message,
        };
        Self::new(status, word, message)
    }
}

impl Envelope for ElizaError {
    fn most(limits: &ServerLimits) -> usize {
        limits.body_bytes.min(limits.json_bytes)
    }

    fn check(head: &Parts) -> Result<(), Self> {
        around::check_content_type(head)
    }

    /// One that is too large, in the words that clients know.
    fn of_body(error: Error) -> Self {
        if error.code == ErrorCode::TooLarge {
            let message = format!("request entity too large: {}", error.message);
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message);
        }
        error.into()
    }
}

impl IntoResponse for ElizaError {
    fn into_response(self) -> Response {
        crate::http::json(self.status, &self.body())
    }
}

/// (status, code) of each of our codes; no default arm on purpose.
pub const fn row(code: ErrorCode) -> (u16, &'static str) {
    match code {
        ErrorCode::InvalidInput => (400, "BAD_REQUEST"),
        ErrorCode::Unauthorized => (401, "UNAUTHORIZED"),
        ErrorCode::Forbidden => (403, "FORBIDDEN"),
        ErrorCode::NotFound | ErrorCode::Inactive => (404, "NOT_FOUND"),
        ErrorCode::Expired => (410, "EXPIRED"),
        ErrorCode::Conflict => (409, "CONFLICT"),
        ErrorCode::Busy => (409, "BUSY"),
        ErrorCode::TooLarge => (413, "FILE_TOO_LARGE"),
        ErrorCode::BadMedia => (415, "INVALID_FILE_TYPE"),
        ErrorCode::RateLimited => (429, "RATE_LIMIT_EXCEEDED"),
        ErrorCode::ModelFailed
        | ErrorCode::BudgetExhausted
        | ErrorCode::SchemaMismatch
        | ErrorCode::ContextExceeded
        | ErrorCode::TimedOut
        | ErrorCode::Internal => (500, "PROCESSING_ERROR"),
        ErrorCode::NotSupported => (501, "NOT_SUPPORTED"),
        ErrorCode::Unavailable | ErrorCode::StoreFailed => (503, "UNAVAILABLE"),
    }
}

/// An error in the envelope of this API.
pub fn refuse(error: &Error) -> Response {
    ElizaError::from(error.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_told_as_an_error() {
        for code in ErrorCode::ALL {
            let (status, word) = row(code);
            assert!((400..600).contains(&status) && !word.is_empty(), "{code:?}");
        }
    }

    #[test]
    fn there_are_three_envelopes() {
        let error = ElizaError::bad("MISSING_PARAM", "Room name is required").details("d");
        let inner = json!({ "code": "MISSING_PARAM", "message": "Room name is required", "details": "d" });
        assert_eq!(error.body(), json!({ "success": false, "error": inner }));
        assert_eq!(error.clone().told_as(Form::Bare).body(), json!({ "error": inner }));
        assert_eq!(error.told_as(Form::Text).body(), json!({ "error": "Room name is required" }));
    }
}

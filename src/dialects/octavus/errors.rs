//! Our one table becomes the words of this API: before a stream begins a flat object, within a stream an event.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::wire::{ErrorEvent, ProviderError, Refusal};
use crate::domain::{Cause, Error, ErrorCode, ModelChoice};
use crate::http::Envelope;

/// Seconds after which a busy session may be tried again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An error on its way out.
#[derive(Debug)]
pub struct OctavusError(pub Error);

impl From<Error> for OctavusError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl Envelope for OctavusError {}

impl IntoResponse for OctavusError {
    fn into_response(self) -> Response {
        refuse(&self.0)
    }
}

/// (status, code) of each of our codes; no default arm on purpose.
pub const fn row(code: ErrorCode) -> (u16, &'static str) {
    match code {
        ErrorCode::InvalidInput => (400, "VALIDATION_ERROR"),
        ErrorCode::Unauthorized => (401, "UNAUTHORIZED"),
        ErrorCode::Forbidden => (403, "FORBIDDEN"),
        ErrorCode::NotFound => (404, "NOT_FOUND"),
        ErrorCode::Expired => (410, "SESSION_EXPIRED"),
        ErrorCode::Conflict => (409, "CONFLICT"),
        ErrorCode::Busy => (429, "SESSION_BUSY"),
        ErrorCode::Inactive => (409, "AGENT_INACTIVE"),
        ErrorCode::TooLarge => (413, "PAYLOAD_TOO_LARGE"),
        ErrorCode::BadMedia => (415, "UNSUPPORTED_MEDIA_TYPE"),
        ErrorCode::RateLimited => (429, "RATE_LIMITED"),
        ErrorCode::ModelFailed => (502, "PROVIDER_ERROR"),
        ErrorCode::Unavailable => (503, "UNAVAILABLE"),
        ErrorCode::NotSupported => (501, "NOT_SUPPORTED"),
        ErrorCode::BudgetExhausted => (500, "BUDGET_EXHAUSTED"),
        ErrorCode::SchemaMismatch => (500, "SCHEMA_MISMATCH"),
        ErrorCode::ContextExceeded => (500, "CONTEXT_EXCEEDED"),
        ErrorCode::TimedOut => (504, "TIMED_OUT"),
        ErrorCode::StoreFailed => (503, "STORAGE_FAILED"),
        ErrorCode::Internal => (500, "INTERNAL_ERROR"),
    }
}

/// An error in the envelope of this API.
pub fn refuse(error: &Error) -> Response {
    let (status, code) = row(error.code);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = crate::http::json(status, &Refusal { error: told(error), code });
    if error.code == ErrorCode::Busy {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(RETRY_AFTER);
    }
    response
}

/// What happened and the way out, in one text: there is no field for hints.
pub fn told(error: &Error) -> String {
    match &error.hint {
        Some(hint) => format!("{} ({hint})", error.message),
        None => error.message.clone(),
    }
}

/// An error in the middle of a stream. `model` = who was asked.
pub fn event_of(error: &Error, model: Option<&ModelChoice>) -> ErrorEvent {
    let (error_type, status_code) = kind(error);
    let of_provider = matches!(error.code, ErrorCode::ModelFailed | ErrorCode::RateLimited);
    let provider = model.filter(|_| of_provider).map(|model| ProviderError {
        name: model.provider.clone(),
        model: model.id.clone(),
        status_code,
    });
    let retry_after = provider.as_ref().and(error.retry_after);
    let (_, word) = row(error.code);
    let code = match (&provider, status_code) {
        (Some(provider), Some(status)) => format!("{}_{status}", provider.name.to_uppercase().replace('-', "_")),
        _ => word.to_owned(),
    };
    ErrorEvent {
        error_type,
        message: told(error),
        source: if of_provider { "provider" } else { "platform" },
        retryable: error.retryable(),
        retry_after,
        code,
        provider,
    }
}

/// (type of error, status of the provider where it is known).
const fn kind(error: &Error) -> (&'static str, Option<u16>) {
    match (error.code, error.status) {
        (ErrorCode::ModelFailed, Some(402)) => ("quota_exceeded_error", error.status),
        (ErrorCode::ModelFailed, Some(403)) => ("permission_error", error.status),
        (ErrorCode::ModelFailed, Some(408 | 504)) => ("provider_timeout", error.status),
        (ErrorCode::ModelFailed, Some(503 | 529)) => ("provider_overloaded", error.status),
        (_, Some(_)) => (word(error).0, error.status),
        (_, None) => word(error),
    }
}

/// The same by our own words; no default arm on purpose.
const fn word(error: &Error) -> (&'static str, Option<u16>) {
    match error.code {
        ErrorCode::InvalidInput | ErrorCode::TooLarge | ErrorCode::BadMedia => ("validation_error", None),
        ErrorCode::Unauthorized => ("authentication_error", None),
        ErrorCode::Forbidden => ("permission_error", None),
        ErrorCode::NotFound | ErrorCode::Expired => ("not_found_error", None),
        ErrorCode::Conflict | ErrorCode::Busy | ErrorCode::Inactive | ErrorCode::Unavailable => ("execution_error", None),
        ErrorCode::RateLimited => ("rate_limit_error", Some(429)),
        ErrorCode::NotSupported => ("protocol_error", None),
        ErrorCode::BudgetExhausted | ErrorCode::SchemaMismatch | ErrorCode::ContextExceeded | ErrorCode::TimedOut => {
            ("execution_error", None)
        }
        ErrorCode::StoreFailed | ErrorCode::Internal => ("internal_error", None),
        ErrorCode::ModelFailed => match error.cause {
            Some(Cause::Auth) => ("authentication_error", None),
            Some(Cause::RateLimited) => ("rate_limit_error", Some(429)),
            Some(Cause::Stalled) => ("provider_timeout", None),
            Some(
                Cause::Rejected
                | Cause::Server
                | Cause::Connect
                | Cause::Tls
                | Cause::Cut
                | Cause::Garbage
                | Cause::Context
                | Cause::Tape
                | Cause::Interrupted
                | Cause::Full
                | Cause::ReadOnly
                | Cause::Corrupt
                | Cause::Newer
                | Cause::Locked
                | Cause::Turns
                | Cause::Tokens
                | Cause::Cost,
            )
            | None => ("provider_error", None),
        },
    }
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

    #[tokio::test]
    async fn an_error_is_flat() {
        let response = refuse(&Error::new(ErrorCode::Busy, "session `s` is busy").hint("wait for it"));
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &RETRY_AFTER));
        let body = crate::http::read_body(response.into_body(), 1 << 20).await.unwrap();
        assert_eq!(body, r#"{"error":"session `s` is busy (wait for it)","code":"SESSION_BUSY"}"#);
    }
}

//! How a model fails: what a server, a connection or a stream did, as a cause and one sentence.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::ModelError;
use super::endpoint::Endpoint;
use crate::domain::{Cause, Clock};
use crate::outgoing::{is_tls, reason};

/// What is wrong with an answer whose status was fine.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// It cannot be understood; says why.
    Garbage(String),
    /// It ended before its end.
    Cut,
    /// The server says that it failed: the error object, as it came.
    Told(Value),
}

impl Endpoint {
    fn failure(&self, cause: Cause, message: String) -> ModelError {
        ModelError { cause, message, retryable: cause.retryable(), status: None, retry_after_ms: None }
    }

    /// Nothing came for too long.
    pub fn stalled(&self, what: &str, limit: Duration) -> ModelError {
        self.failure(Cause::Stalled, format!("`{}` {what} within {:?}", self.provider, limit))
    }

    /// The answer is larger than the limit.
    pub fn too_large(&self, limit: usize) -> ModelError {
        self.failure(Cause::Garbage, format!("the answer of `{}` is larger than {limit} bytes", self.provider))
    }

    /// No client can be made.
    pub fn no_client(&self, error: &str) -> ModelError {
        self.failure(Cause::Tls, format!("no secure connections can be made: {error}"))
    }

    /// No answer came: no connection, or it ended before the first byte.
    pub fn not_sent(&self, error: reqwest::Error) -> ModelError {
        let error = error.without_url();
        let (provider, host, reason) = (&self.provider, self.host(), self.shown(&reason(&error)));
        if is_tls(&error) {
            return self.failure(Cause::Tls, format!("no secure connection to `{provider}` at {host}: {reason}"));
        }
        if error.is_connect() {
            return self.failure(Cause::Connect, format!("no connection to `{provider}` at {host}: {reason}"));
        }
        self.failure(Cause::Cut, format!("`{provider}` at {host} closed the connection without an answer: {reason}"))
    }

    /// The connection ended in the middle of an answer.
    pub fn broken(&self, error: reqwest::Error) -> ModelError {
        let reason = self.shown(&reason(&error.without_url()));
        self.failure(Cause::Cut, format!("the answer of `{}` broke off: {reason}", self.provider))
    }

    /// The server answered with a status that is not 2xx.
    pub fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], clock: &dyn Clock) -> ModelError {
        let text = String::from_utf8_lossy(body);
        let value = serde_json::from_str(&text).unwrap_or(Value::Null);
        let told = told(&value).unwrap_or_else(|| if text.trim_start().starts_with('<') { "" } else { &text }.to_owned());
        let exhausted = is_exhausted(&value);
        let mut error = self.status(status.as_u16(), &told);
        if is_too_much(&value, error.status) {
            error.cause = Cause::Context;
        }
        error.retry_after_ms = retry_after(headers, clock);
        // Both large providers tell in this header whether a repetition makes sense.
        match headers.get("x-should-retry").map(reqwest::header::HeaderValue::as_bytes) {
            Some(b"false") => error.retryable = false,
            Some(b"true") => error.retryable = true,
            _ => error.retryable &= !exhausted,
        }
        error
    }

    /// What was wrong with an answer.
    pub fn faulty(&self, fault: &Fault) -> ModelError {
        match fault {
            Fault::Cut => self.failure(Cause::Cut, format!("the answer of `{}` ended in its middle", self.provider)),
            Fault::Garbage(why) => {
                let why = self.shown(why);
                self.failure(Cause::Garbage, format!("the answer of `{}` cannot be understood: {why}", self.provider))
            }
            Fault::Told(value) => {
                let mut error = self.status(status_of(value), &told(value).unwrap_or_default());
                if is_too_much(value, error.status) {
                    error.cause = Cause::Context;
                }
                error.retryable &= !is_exhausted(value);
                error
            }
        }
    }

    fn status(&self, status: u16, told: &str) -> ModelError {
        let (cause, retryable, what) = match status {
            401 | 403 if self.has_key => (Cause::Auth, false, "refused the key"),
            401 | 403 => (Cause::Auth, false, "wants a key"),
            429 => (Cause::RateLimited, true, "asks to slow down"),
            408 | 409 | 500..=599 => (Cause::Server, true, "failed"),
            300..=399 => (Cause::Rejected, false, "answers from another address"),
            _ => (Cause::Rejected, false, "rejected the request"),
        };
        let told = self.shown(told);
        let colon = if told.is_empty() { "" } else { ": " };
        let message = format!("`{}` {what} ({status}){colon}{told}", self.provider);
        ModelError { cause, message, retryable, status: Some(status), retry_after_ms: None }
    }
}

/// The provider's own words in an error body, of which there are many forms.
fn told(value: &Value) -> Option<String> {
    let error = value.get("error").unwrap_or(value);
    let places = [error, &error["message"], &value["message"], &value["detail"], &value["errors"][0]["message"]];
    let text = places.into_iter().find_map(Value::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned).or_else(|| error.is_object().then(|| error.to_string()))
}

/// The status that an error inside an answer stands for: its number, or its type.
fn status_of(value: &Value) -> u16 {
    let error = value.get("error").unwrap_or(value);
    for place in [&error["code"], &error["status"], &error["type"]] {
        if let Some(number) = place.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|n| *n >= 300) {
            return number;
        }
        let Some(word) = place.as_str() else { continue };
        return match word {
            "authentication_error" | "invalid_api_key" => 401,
            "permission_error" => 403,
            "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" | "tokens" | "requests" => 429,
            "overloaded_error" | "api_error" | "server_error" | "timeout_error" | "internal_error" => 500,
            "invalid_request_error" | "not_found_error" | "request_too_large" | "context_length_exceeded" => 400,
            _ => word.parse().ok().filter(|number| (300..600).contains(number)).unwrap_or(500),
        };
    }
    500
}

/// Whether the model was shown more than fits: some servers have a word for it, others only say so.
fn is_too_much(value: &Value, status: Option<u16>) -> bool {
    let error = value.get("error").unwrap_or(value);
    let words = ["context_length_exceeded", "exceed_context_size_error"];
    let said = told(value).unwrap_or_default().to_lowercase();
    let phrases = ["maximum context length", "prompt is too long", "exceeds the available context size", "context window"];
    matches!(status, Some(400 | 413))
        && ([&error["code"], &error["type"]].into_iter().any(|word| words.iter().any(|known| word == known))
            || phrases.iter().any(|phrase| said.contains(phrase)))
}

/// Whether the account is empty: waiting does not help.
fn is_exhausted(value: &Value) -> bool {
    let error = value.get("error").unwrap_or(value);
    [&error["code"], &error["type"]].into_iter().any(|word| word == "insufficient_quota" || word == "billing_error")
}

/// How long the server asks to wait, in milliseconds: a number of seconds, or a date.
fn retry_after(headers: &HeaderMap, clock: &dyn Clock) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    if let Some(millis) = number("retry-after-ms") {
        return Some(millis as u64);
    }
    if let Some(seconds) = number("retry-after") {
        return Some((seconds * 1_000.0) as u64);
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text("retry-after")?).ok()?;
    Some(u64::try_from(date.as_millisecond() - clock.now().as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Timestamp;
    use crate::models::endpoint::tests::provider;

    struct Fixed;
    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(1_795_156_323_000)
        }
        fn new_id(&self) -> uuid::Uuid {
            uuid::Uuid::nil()
        }
    }

    fn endpoint() -> Endpoint {
        Endpoint::new("house", &provider("https://models.example/v1", "sk-canary-0123", &[]), "/x", &[]).unwrap()
    }

    fn refused(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> ModelError {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        endpoint().refused(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes(), &Fixed)
    }

    fn error(status: u16, cause: Cause, retryable: bool, message: &str) -> ModelError {
        ModelError { cause, message: message.into(), retryable, status: Some(status), retry_after_ms: None }
    }

    #[test]
    fn every_status_has_its_cause() {
        for (status, cause, retryable) in [
            (301, Cause::Rejected, false),
            (400, Cause::Rejected, false),
            (401, Cause::Auth, false),
            (403, Cause::Auth, false),
            (404, Cause::Rejected, false),
            (408, Cause::Server, true),
            (409, Cause::Server, true),
            (413, Cause::Rejected, false),
            (422, Cause::Rejected, false),
            (429, Cause::RateLimited, true),
            (500, Cause::Server, true),
            (529, Cause::Server, true),
        ] {
            let error = refused(status, &[], "");
            assert_eq!((error.cause, error.retryable), (cause, retryable), "{status}");
        }
    }

    #[test]
    fn the_providers_words_are_found_in_every_form() {
        let rejected = |text: &str| error(400, Cause::Rejected, false, &format!("`house` rejected the request (400){text}"));
        for (body, text) in [
            (r#"{"error":{"message":"no such field","type":"x"}}"#, ": no such field"),
            (r#"{"error":"too long"}"#, ": too long"),
            (r#"{"type":"error","error":{"type":"invalid_request_error","message":"bad"}}"#, ": bad"),
            (r#"{"detail":"nothing"}"#, ": nothing"),
            (r#"{"errors":[{"message":"first"}]}"#, ": first"),
            (r#"{"error":{"code":7}}"#, r#": {"code":7}"#),
            ("plain\ntext", ": plain text"),
            ("<html>page</html>", ""),
            ("", ""),
        ] {
            assert_eq!(refused(400, &[], body), rejected(text), "{body}");
        }
        let body = r#"{"error":{"message":"Incorrect API key provided: sk-canary-0123"}}"#;
        let auth = "`house` refused the key (401): Incorrect API key provided: […]";
        assert_eq!(refused(401, &[], body), error(401, Cause::Auth, false, auth));
    }

    #[test]
    fn how_long_to_wait_is_a_number_or_a_date() {
        for (name, value, millis) in [
            ("retry-after", "2", Some(2_000)),
            ("retry-after", "0.5", Some(500)),
            ("retry-after-ms", "70", Some(70)),
            ("retry-after", "Fri, 20 Nov 2026 06:32:13 GMT", Some(10_000)),
            ("retry-after", "Fri, 20 Nov 2026 06:32:00 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
        ] {
            assert_eq!(refused(429, &[(name, value)], "").retry_after_ms, millis, "{name}: {value}");
        }
    }

    #[test]
    fn an_empty_account_is_not_asked_again() {
        let body = r#"{"error":{"message":"no credit","code":"insufficient_quota"}}"#;
        assert_eq!(
            refused(429, &[], body),
            error(429, Cause::RateLimited, false, "`house` asks to slow down (429): no credit")
        );
        assert!(!refused(500, &[("x-should-retry", "false")], "").retryable);
        assert!(refused(404, &[("x-should-retry", "true")], "").retryable);
    }

    #[test]
    fn an_error_inside_an_answer_has_the_cause_of_its_type() {
        for (told, cause, retryable) in [
            (json!({"type": "overloaded_error", "message": "busy"}), Cause::Server, true),
            (json!({"error": {"code": 429, "message": "busy"}}), Cause::RateLimited, true),
            (json!({"error": {"code": "502", "message": "busy"}}), Cause::Server, true),
            (json!({"code": null, "type": "authentication_error", "message": "busy"}), Cause::Auth, false),
            (json!({"type": "invalid_request_error", "message": "busy"}), Cause::Rejected, false),
            (json!({"code": "insufficient_quota", "message": "busy"}), Cause::RateLimited, false),
            (json!({"message": "busy"}), Cause::Server, true),
        ] {
            let error = endpoint().faulty(&Fault::Told(told.clone()));
            assert_eq!((error.cause, error.retryable), (cause, retryable), "{told}");
            assert!(error.message.ends_with(": busy"), "{}", error.message);
        }
    }
}

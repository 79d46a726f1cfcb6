//! What stands around every route of this API: headers that each answer carries, how much one address may ask, what is
//! said where nothing is, and how a path that another API has too is told apart.

use axum::response::{IntoResponse, Response};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::errors::{Code, ElizaError};
use super::plugins;
use crate::dialects::{Around, Window};
use crate::http::{Meant, Shape};

/// What pages that come from here may load. A plugin may have a page, and such pages are written with scripts inside.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; \
                      img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; \
                      media-src 'self' blob: data:; object-src 'none'; frame-src 'self' data:; base-uri 'self'; \
                      form-action 'self'; frame-ancestors 'self'";

static OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
static RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
static PREFETCH: HeaderName = HeaderName::from_static("x-dns-prefetch-control");
static CLUSTER: HeaderName = HeaderName::from_static("origin-agent-cluster");
static DOWNLOAD: HeaderName = HeaderName::from_static("x-download-options");
static CROSS_DOMAIN: HeaderName = HeaderName::from_static("x-permitted-cross-domain-policies");
static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Fifteen minutes, in seconds.
const QUARTER: u64 = 900;

const WINDOWS: &[Window] = &[
    Window {
        seconds: QUARTER,
        most: |limits| limits.window_requests,
        counts: |_, path| path == "/api" || path.starts_with("/api/"),
        spent: || spent("RATE_LIMIT_EXCEEDED", "Too many requests. Please try again later."),
    },
    Window {
        seconds: QUARTER,
        most: |limits| limits.window_uploads,
        counts: is_upload,
        spent: || spent("UPLOAD_RATE_LIMIT_EXCEEDED", "Too many upload attempts. Please try again later."),
    },
    Window {
        seconds: 300,
        most: |limits| limits.window_files,
        counts: is_upload,
        spent: || spent("FILE_RATE_LIMIT_EXCEEDED", "Too many file operations. Please try again later."),
    },
];

/// What stands around every route.
pub fn around() -> Around {
    Around { headers, windows: WINDOWS, unknown, beyond: Some(plugins::beyond) }
}

fn is_upload(method: &Method, path: &str) -> bool {
    method == Method::POST && (path.starts_with("/api/audio/") || path.ends_with("/upload-media"))
}

fn spent(code: &'static str, message: &str) -> Response {
    ElizaError::new(StatusCode::TOO_MANY_REQUESTS, code, message).into_response()
}

fn unknown() -> Response {
    ElizaError { code: Code::Number(404), ..ElizaError::not_found("API endpoint not found") }.into_response()
}

/// What is not there already: files of others have a stricter policy of their own.
fn headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (&CONTENT_SECURITY_POLICY, POLICY),
        (&OPENER, "same-origin"),
        (&RESOURCE, "cross-origin"),
        (&REFERRER_POLICY, "no-referrer"),
        (&CLUSTER, "?1"),
        (&X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (&PREFETCH, "off"),
        (&DOWNLOAD, "noopen"),
        (&X_FRAME_OPTIONS, "SAMEORIGIN"),
        (&CROSS_DOMAIN, "none"),
        (&X_XSS_PROTECTION, "1; mode=block"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Refuses a body of a type that this API does not take.
///
/// # Errors
/// 400 `INVALID_CONTENT_TYPE`.
pub fn check_content_type(head: &Parts) -> Result<(), ElizaError> {
    let length = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let sends = matches!(head.method, Method::POST | Method::PUT | Method::PATCH) && length.is_some_and(|length| length > 0);
    let given = head.headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok()).unwrap_or_default();
    let taken = ["application/json", "multipart/form-data", "application/x-www-form-urlencoded"];
    if !sends || head.uri.path().contains("/api/media/") || taken.iter().any(|taken| given.contains(taken)) {
        return Ok(());
    }
    Err(ElizaError::bad("INVALID_CONTENT_TYPE", "Invalid or missing Content-Type header"))
}

/// Whether a request below `/api/agents`, where another API has agents of its own, means this one. That other API's
/// clients name how they name an agent (`by`), send a definition (`protocol`), headers of its own, or a key as a bearer.
pub fn meant(shape: &Shape<'_>) -> Meant {
    let head = shape.head;
    let body = || serde_json::from_slice::<Value>(shape.body).unwrap_or_default();
    let has_key = head.headers.contains_key(&API_KEY);
    let by = head.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "by" || pair.starts_with("by=")));
    if by || head.headers.keys().any(|name| name.as_str().starts_with("x-octavus-")) {
        return Meant::Other;
    }
    if head.method == Method::POST || head.method == Method::PATCH {
        let body = body();
        if ["characterJson", "characterPath"].iter().any(|name| body.get(name).is_some()) {
            return Meant::This;
        }
        if body.get("protocol").is_some() {
            return Meant::Other;
        }
    }
    let bearer = head.headers.contains_key(AUTHORIZATION);
    match (has_key, bearer) {
        (true, _) => Meant::This,
        (false, true) => Meant::Other,
        (false, false) if head.method == Method::GET || head.method == Method::HEAD => Meant::Both,
        (false, false) => Meant::This,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn requests_on_shared_paths_are_told_apart() {
        use Meant::{Both, Other, This};
        for (method, uri, headers, body, expected) in [
            ("GET", "/api/agents", &[][..], "", Both),
            ("GET", "/api/agents", &[("x-api-key", "k")][..], "", This),
            ("GET", "/api/agents", &[("authorization", "Bearer k")][..], "", Other),
            ("GET", "/api/agents/x?by=slug", &[("x-api-key", "k")][..], "", Other),
            ("GET", "/api/agents/x?baby=slug", &[("x-api-key", "k")][..], "", This),
            ("GET", "/api/agents/x", &[("x-octavus-sdk", "1"), ("x-api-key", "k")][..], "", Other),
            ("POST", "/api/agents", &[][..], r#"{"characterJson":{}}"#, This),
            ("POST", "/api/agents", &[("authorization", "Bearer k")][..], r#"{"characterPath":"x"}"#, This),
            ("POST", "/api/agents", &[][..], r#"{"settings":{},"protocol":"x"}"#, Other),
            ("POST", "/api/agents", &[][..], "{}", This),
            ("POST", "/api/agents", &[][..], "x=1", This),
            ("POST", "/api/agents", &[("authorization", "Bearer k")][..], "[]", Other),
            ("PATCH", "/api/agents/x", &[][..], r#"{"name":"y"}"#, This),
            ("PATCH", "/api/agents/x?by=slug", &[][..], "{}", Other),
            ("DELETE", "/api/agents/x", &[][..], "", This),
            ("DELETE", "/api/agents/x?by=id", &[][..], "", Other),
        ] {
            let head = head(method, uri, headers);
            let shape = Shape { head: &head, body: body.as_bytes() };
            assert_eq!(meant(&shape), expected, "{method} {uri} {headers:?} {body}");
        }
    }

    #[test]
    fn bodies_have_a_type() {
        let check =
            |method: &str, uri: &str, headers: &[(&str, &str)]| check_content_type(&head(method, uri, headers)).is_ok();
        let (text, length) = (("content-type", "text/plain"), ("content-length", "3"));
        assert!(!check("POST", "/api/agents", &[text, length][..]) && !check("PUT", "/api/x", &[length][..]));
        assert!(check("POST", "/api/agents", &[text, ("content-length", "0")][..]));
        assert!(check("POST", "/eliza/api/media/agents/x/upload-media", &[text, length][..]));
        assert!(check("DELETE", "/api/x", &[text, length][..]));
        assert!(check("PATCH", "/api/x", &[("content-type", "application/json; charset=utf-8"), length][..]));
    }

    #[test]
    fn uploads_count_more_than_once() {
        let counted = |method: &Method, path: &str| -> Vec<bool> {
            WINDOWS.iter().map(|window| (window.counts)(method, path)).collect()
        };
        assert_eq!(counted(&Method::POST, "/api/audio/x/transcriptions"), [true, true, true]);
        assert_eq!(counted(&Method::POST, "/api/messaging/channels/x/upload-media"), [true, true, true]);
        assert_eq!(counted(&Method::GET, "/api/audio/x"), [true, false, false]);
        assert_eq!(counted(&Method::GET, "/media/uploads/agents/x/y.png"), [false, false, false]);
    }
}

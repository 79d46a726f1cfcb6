//! Tags of small JSON answers: a browser that has the same already is told so, and nothing is sent again.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use sha2::{Digest, Sha256};

/// Largest answer that is tagged: it is read once more for it.
const MOST: u64 = 256 << 10;

/// Tags an answer to GET, or answers 304.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known: Vec<HeaderValue> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let response = next.run(request).await;
    let small = response.body().size_hint().exact().is_some_and(|length| length <= MOST);
    if response.status() != StatusCode::OK || !small || !is_json(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It is small, and all of it is there: an answer of JSON is one piece.
    let Ok(body) = body.collect().await else { return crate::http::empty(StatusCode::INTERNAL_SERVER_ERROR) };
    let body = body.to_bytes();
    let digest = Sha256::digest(&body);
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..15]));
    let same = known.iter().filter_map(|value| value.to_str().ok()).any(|line| names(line, &tag));
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if same {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}

fn is_json(headers: &HeaderMap) -> bool {
    let json = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    json && !headers.contains_key(header::ETAG) && !headers.contains_key(header::CONTENT_ENCODING)
}

/// Whether a list of tags names one, strong or weak.
fn names(line: &str, tag: &str) -> bool {
    let plain = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    line.trim() == "*" || line.split(',').any(|one| plain(one) == plain(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags_are_read() {
        for (line, found) in [
            ("W/\"a\"", true),
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            assert_eq!(names(line, "W/\"a\""), found, "{line}");
        }
    }
}

//! Requests passed on to another server, and its answer passed back as it comes. What concerns one connection alone stays
//! behind, and so does everything by which a caller proves to this server who they are.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    self, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::OnceCell;

use super::body_pieces;
use super::outbound::outbound_failure;
use crate::domain::{Error, ErrorCode, Result};
use crate::outgoing;

/// Until the head of an answer; its body may take as long as somebody reads it.
const HEAD_TIME: Duration = Duration::from_secs(300);

static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
static PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
static API_KEY: HeaderName = HeaderName::from_static("x-api-key");

static NEAR: OnceCell<reqwest::Client> = OnceCell::const_new();
static FAR: OnceCell<reqwest::Client> = OnceCell::const_new();

/// Passes a request on to an address, with a body of at most so many bytes, and its answer back.
///
/// # Errors
/// `invalid_input` when it is no address; `unavailable` when nobody answers there.
pub async fn pass_on(address: &str, head: &Parts, body: Body, most: u64) -> Result<Response> {
    let url = reqwest::Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| Error::invalid("what requests are passed on to is no address of http or https"))?;
    let client = client(&url).await?;
    let mut headers = head.headers.clone();
    without_connection(&mut headers);
    for name in [&HOST, &AUTHORIZATION, &COOKIE, &API_KEY, &header::ORIGIN, &header::ACCEPT_ENCODING] {
        headers.remove(name);
    }
    let length = headers.remove(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > most) {
        return Err(too_large(most));
    }
    let has_body = length.is_some_and(|length| length > 0) || head.headers.contains_key(TRANSFER_ENCODING);
    let mut request = client.request(head.method.clone(), url).headers(headers);
    if has_body {
        if let Some(length) = length {
            request = request.header(CONTENT_LENGTH, HeaderValue::from(length));
        }
        request = request.body(reqwest::Body::wrap_stream(limited(body, most)));
    }
    let slow = |_| Error::new(ErrorCode::TimedOut, "the server behind it does not answer in time");
    let answer = tokio::time::timeout(HEAD_TIME, request.send()).await.map_err(slow)?.map_err(|error| {
        let error = outbound_failure(error);
        Error { message: format!("the server behind it does not answer: {}", error.message), ..error }
    })?;
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    without_connection(&mut headers);
    headers.remove(SET_COOKIE);
    let mut response = Response::new(Body::from_stream(answer.bytes_stream()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The pieces of a body, up to a limit.
fn limited(body: Body, most: u64) -> impl futures_util::Stream<Item = Result<bytes::Bytes>> + Send + 'static {
    use futures_util::StreamExt as _;
    let mut taken: u64 = 0;
    body_pieces(body, most).map(move |piece| {
        let piece = piece?;
        taken += piece.len() as u64;
        if taken > most { Err(too_large(most)) } else { Ok(piece) }
    })
}

fn too_large(most: u64) -> Error {
    Error::new(ErrorCode::TooLarge, format!("the body is larger than {most} bytes"))
}

async fn client(url: &reqwest::Url) -> Result<reqwest::Client> {
    let made = if outgoing::is_local(url) {
        NEAR.get_or_try_init(|| async { outgoing::near() }).await
    } else {
        FAR.get_or_try_init(|| async { outgoing::far() }).await
    };
    made.cloned().map_err(|error| Error::new(ErrorCode::Unavailable, format!("no client can be made: {error}")))
}

/// Takes away what is about one connection.
fn without_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let always = [
        &CONNECTION,
        &KEEP_ALIVE,
        &PROXY_CONNECTION,
        &PROXY_AUTHENTICATE,
        &PROXY_AUTHORIZATION,
        &TE,
        &TRAILER,
        &TRANSFER_ENCODING,
        &UPGRADE,
    ];
    for name in named.iter().chain(always) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_a_connection_stays_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("accept", "text/html"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        without_connection(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }
}

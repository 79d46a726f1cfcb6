//! Bodies of requests: bounded, and read as JSON with an error that says where.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

use crate::domain::{Error, ErrorCode, Result};

/// Deepest nesting of JSON that is read; the parser's own limit.
pub const JSON_DEPTH: usize = 128;

/// A whole body.
///
/// # Errors
/// `too_large` for more than `limit` bytes, `invalid_input` when it ends in its middle, `timed_out` when the guard gave
/// up waiting for its next piece.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes> {
    let too_large = || Error::new(ErrorCode::TooLarge, format!("the body is larger than {limit} bytes"));
    // One that says beforehand that it is too large is not kept at all.
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        tokio::spawn(discard(body, limit));
        return Err(too_large());
    }
    let (mut body, mut bytes) = (body, BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(broken)?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            tokio::spawn(discard(body, limit));
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

/// A body piece by piece. Whoever drops it before its end has refused it: then the rest, up to `limit` bytes, is taken and
/// thrown away.
pub fn body_pieces(body: Body, limit: u64) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let pieces = Pieces { body: Some(body), limit: usize::try_from(limit).unwrap_or(usize::MAX) };
    futures_util::stream::unfold(pieces, |mut pieces| async move {
        loop {
            let frame = pieces.body.as_mut()?.frame().await;
            match frame {
                None => {
                    pieces.end();
                    return None;
                }
                Some(Err(error)) => {
                    pieces.end();
                    return Some((Err(broken(error)), pieces));
                }
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    return Some((Ok(data), pieces));
                }
            }
        }
    })
}

struct Pieces {
    /// `None` = it has ended.
    body: Option<Body>,
    limit: usize,
}

impl Pieces {
    fn end(&mut self) {
        self.body = None;
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if let (Some(body), Ok(runtime)) = (self.body.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(discard(body, self.limit));
        }
    }
}

/// Why a body ended in its middle.
fn broken(error: axum::Error) -> Error {
    own_error(error.into()).unwrap_or_else(|error| Error::invalid(format!("the body could not be read: {error}")))
}

/// Takes so many more bytes and drops them: who is still sending would not see the answer if the connection were closed
/// now.
async fn discard(mut body: Body, most: usize) {
    let mut taken = 0;
    while taken <= most
        && let Some(Ok(frame)) = body.frame().await
    {
        taken += frame.data_ref().map_or(0, Bytes::len);
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The error of the house in what axum wraps around it.
fn own_error(error: AnyError) -> std::result::Result<Error, AnyError> {
    match error.downcast::<Error>() {
        Ok(error) => Ok(*error),
        Err(error) => match error.downcast::<axum::Error>() {
            Ok(error) => own_error(error.into_inner()),
            Err(error) => Err(error),
        },
    }
}

/// Whether all of a request's body has come: stands among the extensions of one that has a body.
#[derive(Clone, Debug, Default)]
pub struct WholeBody(Arc<AtomicBool>);

impl WholeBody {
    /// Whether it has come.
    pub fn has_come(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A body whose next piece must come within `wait`; else it ends with `timed_out`. `whole` is told of its end.
pub fn timed_body(body: Body, wait: Duration, whole: &WholeBody) -> Body {
    let end = tokio::time::Instant::now() + wait * PIECES;
    let whole = whole.clone();
    Body::new(TimedBody { inner: body, wait, end, sleep: Box::pin(tokio::time::sleep(wait)), whole })
}

/// A whole body may take as long as so many waits for a piece: who drips does not hold a place for ever.
const PIECES: u32 = 10;

/// Most bytes of a body that are taken and dropped when whoever answers did not want them.
const DISCARDED: usize = 1 << 20;

struct TimedBody {
    inner: Body,
    wait: Duration,
    end: tokio::time::Instant,
    sleep: Pin<Box<tokio::time::Sleep>>,
    whole: WholeBody,
}

impl http_body::Body for TimedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        let late = tokio::time::Instant::now() >= self.end;
        if !late && let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            let until = (tokio::time::Instant::now() + self.wait).min(self.end);
            self.sleep.as_mut().reset(until);
            if frame.is_none() || self.inner.is_end_stream() {
                self.whole.0.store(true, Ordering::Release);
            }
            return Poll::Ready(frame);
        }
        self.sleep.as_mut().poll(context).map(|()| {
            let message = format!("the next piece of the body did not come within {:?}", self.wait);
            Some(Err(axum::Error::new(Error::new(ErrorCode::TimedOut, message))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if self.whole.has_come() || self.inner.is_end_stream() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (body, left) = (std::mem::take(&mut self.inner), self.end);
        runtime.spawn(async move { tokio::time::timeout_at(left, discard(body, DISCARDED)).await });
    }
}

/// JSON text as a value.
///
/// # Errors
/// `invalid_input` with line and column.
pub fn parse_json(text: &[u8]) -> Result<Value> {
    serde_json::from_slice(text)
        .map_err(|error| Error::invalid(format!("the body is not JSON: {error}")).hint("send one JSON document in UTF-8"))
}

/// The body of a request as JSON. An empty body, and one that is not declared as JSON, count as `{}`.
///
/// # Errors
/// As [`read_body`] and [`parse_json`].
pub async fn read_json(request: Request<Body>, limit: usize) -> Result<Value> {
    let declared = is_json(request.headers());
    let bytes = read_body(request.into_body(), limit).await?;
    if bytes.is_empty() || !declared {
        return Ok(Value::Object(Map::new()));
    }
    parse_json(&bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let essence = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| {
        let essence = essence.trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_stops_coming_is_given_up() {
        let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"half"))]);
        let never = futures_util::stream::pending();
        let body = Body::from_stream(futures_util::StreamExt::chain(pieces, never));
        let error = read_body(timed_body(body, Duration::from_millis(1), &WholeBody::default()), 100).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::TimedOut);
        assert_eq!(error.message, "the next piece of the body did not come within 1ms");
    }

    #[tokio::test]
    async fn one_byte_too_many_is_refused() {
        let read = |length: usize| {
            let body = Body::from(vec![b'x'; length]);
            read_body(timed_body(body, Duration::from_secs(30), &WholeBody::default()), 100)
        };
        assert_eq!(read(100).await.map(|body| body.len()), Ok(100));
        assert_eq!(read(101).await.unwrap_err().code, ErrorCode::TooLarge);
        let pieces = futures_util::stream::iter((0..3).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(&[0; 50]))));
        assert_eq!(read_body(Body::from_stream(pieces), 100).await.unwrap_err().code, ErrorCode::TooLarge);
    }

    #[tokio::test]
    async fn what_is_not_json_says_where() {
        let read = |media_type: &'static str, body: &'static [u8]| {
            read_json(Request::builder().header(CONTENT_TYPE, media_type).body(Body::from(body)).unwrap(), 10_000)
        };
        assert_eq!(read("application/json; charset=utf-8", b"[1]").await, Ok(serde_json::json!([1])));
        assert_eq!(read("application/json", b"").await, Ok(serde_json::json!({})));
        assert_eq!(read("text/plain", b"[1]").await, Ok(serde_json::json!({})));
        let bad = |body: &'static [u8]| async move { read("application/json", body).await.unwrap_err().message };
        assert_eq!(bad(b"{\"a\":}").await, "the body is not JSON: expected value at line 1 column 6");
        assert!(bad(b"\"\xff\"").await.starts_with("the body is not JSON: invalid unicode"));
        let deep: &'static [u8] = vec![b'['; 1_000].leak();
        assert!(bad(deep).await.contains("recursion limit exceeded"));
    }
}

//! Server-Sent Events.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use http::{HeaderValue, header};
use tokio::time::Instant;

/// One frame: `id:` where there is one, `data:`, a blank line. `data` must be one line.
pub fn frame(id: Option<&str>, data: &str) -> Bytes {
    let parts = match id {
        Some(id) => ["id: ", id, "\ndata: ", data, "\n\n"],
        None => ["", "", "data: ", data, "\n\n"],
    };
    // A text that grows piece by piece ends up with twice the room that it needs, and a frame may wait long.
    parts.concat().into()
}

/// Items until there is no more to come: what is ready when `left` is done is still given.
pub(super) fn until<T: Send + 'static>(
    items: impl Stream<Item = T> + Send + 'static,
    left: impl Future<Output = ()> + Send + 'static,
) -> BoxStream<'static, T> {
    let begun = (items.boxed(), Box::pin(left));
    futures_util::stream::unfold(begun, |(mut items, mut left)| async move {
        let item = tokio::select! {
            biased;
            item = items.next() => item?,
            () = &mut left => return None,
        };
        Some((item, (items, left)))
    })
    .boxed()
}

/// An answer that is a stream of frames. It ends with the stream, or when `left` is done. With a heartbeat, a comment
/// is sent whenever nothing else was for so long.
pub fn event_stream(
    frames: impl Stream<Item = Bytes> + Send + 'static,
    heartbeat: Option<Duration>,
    left: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let frames = until(frames, left);
    let beating = futures_util::stream::unfold(frames, move |mut frames| async move {
        let next = match heartbeat {
            None => frames.next().await,
            Some(every) => match tokio::time::timeout_at(Instant::now() + every, frames.next()).await {
                Ok(next) => next,
                Err(_) => Some(Bytes::from_static(b": still here\n\n")),
            },
        };
        Some((Ok::<_, std::convert::Infallible>(next?), frames))
    });
    carried(Body::from_stream(beating))
}

/// An answer whose body is a stream of frames.
pub(super) fn carried(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that buffer would hold the stream back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

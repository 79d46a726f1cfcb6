//! Streams of ours over Server-Sent Events: each frame with the cursor after it, a sign of life when nothing happens, and
//! an end that says why.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use serde_json::json;
use tokio::time::timeout;

use super::{Door, Patience};
use crate::domain::Error;

/// A frame, or why there are no more.
type Given = Result<Bytes, Error>;

struct Feed {
    frames: BoxStream<'static, Given>,
    heartbeat: Duration,
    patience: Patience,
    ended: bool,
}

/// An answer that is a stream of frames made by [`super::frame`]. An error among them is told as `event: failed` and ends
/// it. So does a reader for whom one write takes longer than the settings allow: it comes back with its cursor.
pub fn resumable_stream(door: &Door, frames: impl Stream<Item = Given> + Send + 'static) -> Response {
    let limits = &door.settings.server.limits;
    let left = door.left.clone().cancelled_owned();
    let feed = Feed {
        frames: super::sse::until(frames, left),
        heartbeat: limits.heartbeat,
        patience: Patience::new(limits),
        ended: false,
    };
    super::sse::carried(Body::from_stream(pieces(feed).map(Ok::<_, std::convert::Infallible>)))
}

fn pieces(feed: Feed) -> impl Stream<Item = Bytes> + Send {
    futures_util::stream::unfold(feed, |mut feed| async move {
        let piece = feed.next().await?;
        feed.patience.hand_over();
        Some((piece, feed))
    })
}

impl Feed {
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if let Some(error) = self.patience.lost("frame") {
            return Some(self.fail(&error.hint("come back with the id of the last event: nothing is lost")));
        }
        match timeout(self.heartbeat, self.frames.next()).await {
            Err(_) => Some(Bytes::from_static(b": still here\n\n")),
            Ok(Some(Ok(frame))) => Some(frame),
            Ok(Some(Err(error))) => Some(self.fail(&error)),
            Ok(None) => None,
        }
    }

    fn fail(&mut self, error: &Error) -> Bytes {
        self.ended = true;
        let mut told = json!({ "error": error });
        told["error"]["retryable"] = error.retryable().into();
        format!("event: failed\ndata: {told}\n\n").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(frames: Vec<Given>, patience: Duration) -> Feed {
        let frames = futures_util::stream::iter(frames).boxed();
        Feed { frames, heartbeat: Duration::from_secs(60), patience: Patience::of(patience), ended: false }
    }

    async fn texts(feed: Feed) -> Vec<String> {
        pieces(feed).map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect().await
    }

    fn frames(count: usize) -> Vec<Given> {
        (0..count).map(|number| Ok(super::super::frame(Some(&format!("1:{number}")), "{}"))).collect()
    }

    #[tokio::test]
    async fn an_error_is_the_last_frame() {
        let mut given = frames(1);
        given.push(Err(Error::invalid("no")));
        given.extend(frames(1));
        assert_eq!(
            texts(feed(given, Duration::from_secs(60))).await,
            [
                "id: 1:0\ndata: {}\n\n",
                "event: failed\ndata: {\"error\":{\"code\":\"invalid_input\",\"message\":\"no\",\"retryable\":false}}\n\n"
            ]
        );
    }

    #[tokio::test]
    async fn a_reader_that_takes_too_long_is_told_and_left() {
        let given = texts(feed(frames(3), Duration::ZERO)).await;
        assert_eq!(given.len(), 2, "{given:?}");
        assert_eq!(given[0], "id: 1:0\ndata: {}\n\n");
        assert!(given[1].starts_with("event: failed\ndata: {\"error\":{\"code\":\"timed_out\""), "{given:?}");
    }

    #[tokio::test]
    async fn silence_is_broken_by_comments() {
        let frames = futures_util::stream::pending().boxed();
        let patience = Patience::of(Duration::from_secs(60));
        let feed = Feed { frames, heartbeat: Duration::ZERO, patience, ended: false };
        let given: Vec<_> = pieces(feed).take(2).collect().await;
        assert_eq!(given, [": still here\n\n", ": still here\n\n"]);
    }
}

//! An answer that tells what a run does as Server-Sent Events, up to its end: each API in its own words, all with the same
//! patience.

use std::collections::VecDeque;

use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;

use super::Patience;
use super::sse::{event_stream, frame};
use crate::config::ServerLimits;
use crate::domain::{Error, ErrorCode, Frame};
use crate::engine::FrameStream;

/// What an API makes of the frames of a run.
pub trait Telling: Send + 'static {
    /// What is told of a frame, and whether that was the last.
    fn tell(&mut self, frame: &Frame) -> (Vec<Bytes>, bool);

    /// The last that is told when it cannot go on.
    fn fail(&mut self, error: Error) -> Vec<Bytes>;
}

/// An event as one frame of a stream; nothing when it cannot be written as JSON, which the log tells.
pub fn written<T: Serialize>(event: &T) -> Option<Bytes> {
    match serde_json::to_string(event) {
        Ok(text) => Some(frame(None, &text)),
        Err(error) => {
            tracing::error!(%error, "an event cannot be written as JSON");
            None
        }
    }
}

/// The answer: first what stands at its beginning, then what is told of the frames. A reader that takes longer for one event
/// than `slow_reader` is told so and left.
pub fn told_stream(limits: &ServerLimits, first: Vec<Bytes>, frames: FrameStream, telling: impl Telling) -> Response {
    let feed = Feed { frames, telling, ready: first.into(), patience: Patience::new(limits), ended: false };
    // It ends with its run, which ends before the server does.
    event_stream(pieces(feed), Some(limits.heartbeat), std::future::pending())
}

struct Feed<T> {
    frames: FrameStream,
    telling: T,
    /// What is to be given next.
    ready: VecDeque<Bytes>,
    patience: Patience,
    ended: bool,
}

fn pieces(feed: Feed<impl Telling>) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::unfold(feed, |mut feed| async move {
        let piece = feed.next().await?;
        feed.patience.hand_over();
        Some((piece, feed))
    })
}

impl<T: Telling> Feed<T> {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(error) = self.patience.lost("event").filter(|_| !self.ended) {
            self.ready.clear();
            self.fail(error);
        }
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Some(piece);
            }
            if self.ended {
                return None;
            }
            match self.frames.next().await {
                Some(Ok(frame)) => {
                    let (pieces, ended) = self.telling.tell(&frame);
                    self.ready.extend(pieces);
                    self.ended = ended;
                }
                Some(Err(error)) => self.fail(error),
                None => self.fail(Error::new(ErrorCode::Unavailable, "the session was closed before the run ended")),
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.ready.extend(self.telling.fail(error));
        self.ended = true;
    }
}

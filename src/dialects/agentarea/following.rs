//! Following a run to its end: at once, or event by event.
//!
//! Whoever closes the connection stops the run, as this API has no other way to say so. While nothing comes on a stream
//! there is a sign of life.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::time::Instant;

use super::encoder::{About, End};
use super::request::Asked;
use super::wire::ChatEvent;
use crate::domain::{Error, ErrorCode, Principal, RunId, SessionId};
use crate::engine::{Engine, FrameStream};
use crate::http::{event_stream, frame};

/// Whoever waits for a run. When it goes away before the end, the run is cancelled.
pub struct Reader {
    engine: Arc<dyn Engine>,
    caller: Principal,
    session: SessionId,
    run: Option<RunId>,
}

impl Reader {
    /// The reader of a run.
    pub fn new(asked: &Asked, session: &SessionId, run: &RunId) -> Self {
        let engine = Arc::clone(&asked.door.engine);
        Self { engine, caller: asked.caller.clone(), session: session.clone(), run: Some(run.clone()) }
    }

    /// The run has ended: whoever waits for it may go.
    fn dismiss(&mut self) {
        self.run = None;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (engine, caller, session) = (Arc::clone(&self.engine), self.caller.clone(), self.session.clone());
        tokio::spawn(async move {
            if let Err(error) = engine.cancel(&caller, &session, Some(&run), "the client closed the connection").await {
                tracing::warn!(%error, %run, "a run whose client is gone cannot be cancelled");
            }
        });
    }
}

/// Waits for the end of a run.
pub async fn end(mut reader: Reader, mut frames: FrameStream, about: &About) -> End {
    loop {
        match frames.next().await {
            Some(Ok(frame)) => {
                let Some(end) = about.end(&frame) else { continue };
                // One that waits for its caller's tools would wait for ever.
                if !is_waiting(&end) {
                    reader.dismiss();
                }
                return end;
            }
            Some(Err(error)) => return End::Failed(error),
            None => return End::Failed(closed()),
        }
    }
}

fn is_waiting(end: &End) -> bool {
    matches!(end, End::Failed(error) if error.code == ErrorCode::NotSupported)
}

fn closed() -> Error {
    Error::new(ErrorCode::Unavailable, "the session was closed before the run ended")
}

/// The events of a run as they come.
pub fn events(asked: &Asked, reader: Reader, frames: FrameStream, about: About) -> Response {
    let limits = &asked.door.settings.server.limits;
    let start = ChatEvent::Start { session_id: reader.session.to_string() };
    let feed = Feed {
        frames,
        about,
        reader,
        ready: written(&start).into_iter().collect(),
        given: None,
        patience: limits.slow_reader,
        ended: false,
    };
    // It ends with its run, which ends before the server does.
    event_stream(pieces(feed), Some(limits.heartbeat), std::future::pending())
}

struct Feed {
    frames: FrameStream,
    about: About,
    reader: Reader,
    /// What is to be given next.
    ready: VecDeque<Bytes>,
    /// When the last piece was handed over.
    given: Option<Instant>,
    patience: Duration,
    ended: bool,
}

fn pieces(feed: Feed) -> impl Stream<Item = Bytes> + Send + 'static {
    stream::unfold(feed, |mut feed| async move {
        let piece = feed.next().await?;
        feed.given = Some(Instant::now());
        Some((piece, feed))
    })
}

impl Feed {
    async fn next(&mut self) -> Option<Bytes> {
        // The connection asks for more as soon as it has room: the time since is what the last write took.
        if let Some(took) = self.given.map(|given| given.elapsed()).filter(|took| *took > self.patience)
            && !self.ended
        {
            let message = format!("the reader took {} ms to take one event", took.as_millis());
            self.ready.clear();
            self.fail(Error::new(ErrorCode::TimedOut, message));
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
                    self.ready.extend(self.about.encode(&frame).iter().filter_map(written));
                    if let Some(end) = self.about.end(&frame) {
                        if !is_waiting(&end) {
                            self.reader.dismiss();
                        }
                        self.ended = true;
                    }
                }
                Some(Err(error)) => self.fail(error),
                None => self.fail(closed()),
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.ready.extend(written(&self.about.failed(error)));
        self.ended = true;
    }
}

fn written(event: &ChatEvent) -> Option<Bytes> {
    match serde_json::to_string(event) {
        Ok(text) => Some(frame(None, &text)),
        Err(error) => {
            tracing::error!(%error, "an event cannot be written as JSON");
            None
        }
    }
}

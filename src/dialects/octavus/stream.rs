//! The answer that is a stream: what one leg of a run brings about, up to its end.
//!
//! Whoever closes the connection stops the run, as this API has no other way to say so; a run that waits for tools goes on
//! waiting. While nothing comes there is a sign of life.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::time::Instant;

use super::encoder::{About, Encoder};
use super::errors::event_of;
use super::request::Asked;
use super::wire::{StreamEvent, Told};
use crate::domain::{Cursor, Error, ErrorCode, Frame, Principal, Result, RunId, RunStatus, SessionId};
use crate::engine::{Engine, FrameStream};
use crate::http::{event_stream, frame};

/// The last line of every stream.
const DONE: &str = "[DONE]";

/// Whoever reads a leg. When it goes away before the end, the run is cancelled.
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

    /// The leg has ended: whoever reads it may go.
    pub fn dismiss(&mut self) {
        self.run = None;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        let (engine, caller, session) = (Arc::clone(&self.engine), self.caller.clone(), self.session.clone());
        tokio::spawn(async move {
            // A run that waits is gone on with by another request.
            if engine.run(&caller, &run).await.is_ok_and(|row| row.status == RunStatus::Waiting) {
                return;
            }
            if let Err(error) = engine.cancel(&caller, &session, Some(&run), "the client closed the connection").await {
                tracing::warn!(%error, %run, "a run whose client is gone cannot be cancelled");
            }
        });
    }
}

/// What happens in a session from now on. Whoever begins to listen before it asks is given a quick answer in its pieces,
/// not as the whole that it has become.
///
/// # Errors
/// When there is no such session, or its log cannot be read.
pub async fn listen(asked: &Asked, session: &SessionId) -> Result<FrameStream> {
    let summary = asked.engine().session(&asked.caller, session).await?.summary;
    let now = Cursor::after(summary.session.incarnation, summary.events);
    asked.engine().subscribe(&asked.caller, session, Some(now)).await
}

/// What a leg brings about from a cursor on, of what is heard.
///
/// # Errors
/// When the run's agent cannot be read.
pub async fn answer(asked: &Asked, reader: Reader, heard: (FrameStream, Cursor), about: About) -> Result<Response> {
    let agent = asked.engine().run_agent(&asked.caller, &about.run).await?;
    let (frames, before) = heard;
    let is_new = move |frame: &Frame| !matches!(frame, Frame::Fact(event) if event.seq <= before.seq);
    let frames = frames.try_filter(move |frame| std::future::ready(is_new(frame))).boxed();
    let limits = &asked.door.settings.server.limits;
    let feed = Feed {
        frames,
        encoder: Encoder::new(&agent, about),
        reader,
        ready: VecDeque::new(),
        given: None,
        patience: limits.slow_reader,
        ended: false,
    };
    // It ends with its run, which ends before the server does.
    Ok(event_stream(pieces(feed), Some(limits.heartbeat), std::future::pending()))
}

struct Feed {
    frames: FrameStream,
    encoder: Encoder,
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
            self.fail(&Error::new(ErrorCode::TimedOut, message));
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
                    let events = self.encoder.encode(&frame);
                    self.ready.extend(events.iter().filter_map(written));
                    if self.encoder.has_ended() {
                        self.reader.dismiss();
                        self.end();
                    }
                }
                Some(Err(error)) => self.fail(&error),
                None => self.fail(&Error::new(ErrorCode::Unavailable, "the session was closed before the run ended")),
            }
        }
    }

    fn fail(&mut self, error: &Error) {
        let told = Told { event: StreamEvent::Error(event_of(error, None)), worker_id: None };
        self.ready.extend(written(&told));
        self.end();
    }

    fn end(&mut self) {
        self.ready.push_back(frame(None, DONE));
        self.ended = true;
    }
}

fn written(event: &Told) -> Option<Bytes> {
    match serde_json::to_string(event) {
        Ok(text) => Some(frame(None, &text)),
        Err(error) => {
            tracing::error!(%error, "an event cannot be written as JSON");
            None
        }
    }
}

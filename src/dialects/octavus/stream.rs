//! The answer that is a stream: what one leg of a run brings about, up to its end.
//!
//! Whoever closes the connection stops the run, as this API has no other way to say so; a run that waits for tools goes on
//! waiting. While nothing comes there is a sign of life.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;

use super::encoder::{About, Encoder};
use super::errors::event_of;
use super::request::Asked;
use super::wire::{StreamEvent, Told};
use crate::domain::{Cursor, Error, Frame, Principal, Result, RunId, RunStatus, SessionId};
use crate::engine::{Engine, FrameStream, SessionItem};
use crate::http::{Telling, frame as sse_frame, told_stream, written};

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

/// Listens to a session. Whoever listens before a run begins is given its text in the pieces in which it comes; later it may
/// be whole already.
///
/// # Errors
/// When the log cannot be read.
pub async fn listen(asked: &Asked, item: &SessionItem) -> Result<FrameStream> {
    let session = &item.summary.session;
    let now = Cursor::after(session.incarnation, item.summary.events);
    asked.engine().subscribe(&asked.caller, &session.id, Some(now)).await
}

/// What a leg brings about, among the frames of its session.
///
/// # Errors
/// When the run's agent cannot be read.
pub async fn answer(asked: &Asked, reader: Reader, frames: FrameStream, about: About) -> Result<Response> {
    let agent = asked.engine().run_agent(&asked.caller, &about.run).await?;
    let leg = Leg { encoder: Encoder::new(&agent, about), reader };
    Ok(told_stream(&asked.door.settings.server.limits, Vec::new(), frames, leg))
}

/// One leg of a run.
struct Leg {
    encoder: Encoder,
    reader: Reader,
}

impl Telling for Leg {
    fn tell(&mut self, frame: &Frame) -> (Vec<Bytes>, bool) {
        let mut pieces: Vec<Bytes> = self.encoder.encode(frame).iter().filter_map(written).collect();
        let ended = self.encoder.has_ended();
        if ended {
            self.reader.dismiss();
            pieces.push(sse_frame(None, DONE));
        }
        (pieces, ended)
    }

    fn fail(&mut self, error: Error) -> Vec<Bytes> {
        let told = Told { event: StreamEvent::Error(event_of(&error, None)), worker_id: None };
        written(&told).into_iter().chain([sse_frame(None, DONE)]).collect()
    }
}

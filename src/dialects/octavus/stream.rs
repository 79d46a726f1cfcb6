//! The answer that is a stream: what one leg of a run brings about, up to its end.
//!
//! Whoever closes the connection stops the run, as this API has no other way to say so; a run that waits for tools goes on
//! waiting. While nothing comes there is a sign of life.

use axum::response::Response;
use bytes::Bytes;

use super::encoder::{About, Encoder};
use super::errors::event_of;
use super::request::Asked;
use super::wire::{StreamEvent, Told};
use crate::domain::{Cursor, Error, Frame, Result, RunId, SessionId};
use crate::engine::{FrameStream, SessionItem};
use crate::http::{Telling, Waiter, frame as sse_frame, told_stream, written};

/// The last line of every stream.
const DONE: &str = "[DONE]";

/// Whoever reads a leg of a run. When it goes away before the end, the run is cancelled.
pub fn reader(asked: &Asked, session: &SessionId, run: &RunId) -> Waiter {
    Waiter::new(&asked.door.engine, &asked.caller, session, run, "the client closed the connection").leaving_what_waits()
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
pub async fn answer(asked: &Asked, reader: Waiter, frames: FrameStream, about: About) -> Result<Response> {
    let agent = asked.engine().run_agent(&asked.caller, &about.run).await?;
    let leg = Leg { encoder: Encoder::new(&agent, about), reader };
    Ok(told_stream(&asked.door.settings.server.limits, Vec::new(), frames, leg))
}

/// One leg of a run.
struct Leg {
    encoder: Encoder,
    reader: Waiter,
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

//! Following a run to its end: at once, or event by event.
//!
//! Whoever closes the connection stops the run, as this API has no other way to say so. While nothing comes on a stream
//! there is a sign of life.

use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt;

use super::encoder::{About, End};
use super::request::Asked;
use super::wire::ChatEvent;
use crate::domain::{Error, ErrorCode, Frame, RunId, SessionId};
use crate::engine::FrameStream;
use crate::http::{Telling, Waiter, told_stream, written};

/// Whoever waits for a run. When it goes away before the end, the run is cancelled.
pub fn reader(asked: &Asked, session: &SessionId, run: &RunId) -> Waiter {
    Waiter::new(&asked.door.engine, &asked.caller, session, run, "the client closed the connection")
}

/// Waits for the end of a run.
pub async fn end(mut reader: Waiter, mut frames: FrameStream, about: &About) -> End {
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
pub fn events(asked: &Asked, reader: Waiter, frames: FrameStream, about: About) -> Response {
    let start = ChatEvent::Start { session_id: reader.session().to_string() };
    let first = written(&start).into_iter().collect();
    told_stream(&asked.door.settings.server.limits, first, frames, Chat { about, reader })
}

/// A run that is told as a chat.
struct Chat {
    about: About,
    reader: Waiter,
}

impl Telling for Chat {
    fn tell(&mut self, frame: &Frame) -> (Vec<Bytes>, bool) {
        let pieces = self.about.encode(frame).iter().filter_map(written).collect();
        let end = self.about.end(frame);
        if end.as_ref().is_some_and(|end| !is_waiting(end)) {
            self.reader.dismiss();
        }
        (pieces, end.is_some())
    }

    fn fail(&mut self, error: Error) -> Vec<Bytes> {
        written(&self.about.failed(error)).into_iter().collect()
    }
}

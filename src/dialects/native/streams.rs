//! Streams: the frames of a session, and what changes in the house.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::errors::NativeError;
use super::request::Asked;
use crate::domain::{Cursor, Error, Fact, Frame};
use crate::http::{Caller, Door, event_stream, frame};
use crate::remote::wire::{FAILED, HEARTBEAT_HEADER, Nothing, Refused, Subscribe};

/// `GET subscribe`: `id` is the cursor from which a reader goes on who has the frame.
pub async fn subscribe(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(asked): Asked<Subscribe>,
    headers: HeaderMap,
) -> Result<Response, NativeError> {
    let after = match headers.get("last-event-id") {
        Some(id) => Some(id.to_str().unwrap_or_default().parse::<Cursor>()?),
        None => asked.after,
    };
    let frames = door.engine.subscribe(&caller, &asked.session, after).await?;
    // A session that was deleted has a last fact, and no row any more.
    let incarnation = match door.engine.session(&caller, &asked.session).await {
        Ok(item) => item.summary.session.incarnation,
        Err(_) => after.map_or(0, |after| after.incarnation),
    };
    let mut place = Place { incarnation };
    Ok(streamed(&door, frames.map(move |next| next.map_or_else(|error| failed(&error), |frame| place.written(&frame)))))
}

/// Where a reader stands.
struct Place {
    incarnation: u64,
}

impl Place {
    fn written(&mut self, next: &Frame) -> Bytes {
        let cursor = match next {
            Frame::Fact(event) => {
                if let Fact::SessionCreated(created) = &event.fact {
                    self.incarnation = created.incarnation;
                }
                Cursor::after(self.incarnation, event.seq)
            }
            Frame::Delta(live) => live.cursor,
        };
        written(Some(&cursor.to_string()), next)
    }
}

/// `GET notices`.
pub async fn notices(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(Nothing {}): Asked<Nothing>,
) -> Result<Response, NativeError> {
    let notices = door.engine.notices(&caller).await?;
    Ok(streamed(&door, notices.map(|notice| written(None, &notice))))
}

/// A stream opens with a comment: whoever waits for its first byte knows that it listens.
fn streamed(door: &Door, frames: impl stream::Stream<Item = Bytes> + Send + 'static) -> Response {
    let opened = stream::once(async { Bytes::from_static(b": listening\n\n") });
    let left = door.left.clone().cancelled_owned();
    let heartbeat = door.settings.server.limits.heartbeat;
    let mut response = event_stream(opened.chain(frames), Some(heartbeat), left);
    response.headers_mut().insert(HeaderName::from_static(HEARTBEAT_HEADER), HeaderValue::from(heartbeat.as_secs()));
    super::told(response)
}

fn written<T: Serialize>(id: Option<&str>, value: &T) -> Bytes {
    match serde_json::to_string(value) {
        Ok(data) => frame(id, &data),
        Err(error) => failed(&Error::internal(format!("a frame cannot be written as JSON: {error}"))),
    }
}

fn failed(error: &Error) -> Bytes {
    let data = serde_json::to_string(&Refused::from(error)).unwrap_or_default();
    format!("event: {FAILED}\ndata: {data}\n\n").into()
}

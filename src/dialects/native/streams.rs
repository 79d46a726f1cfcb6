//! Streams: the frames of a session, and what changes in the house.

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use super::errors::NativeError;
use super::request::Asked;
use crate::domain::{Cursor, Error};
use crate::http::{Caller, Door, frame, resumable_stream};
use crate::remote::wire::{HEARTBEAT_HEADER, Nothing, Subscribe};

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
    let mut incarnation = incarnation;
    let frames = frames.map(move |next| {
        let next = next?;
        written(Some(&next.cursor(&mut incarnation)), &next)
    });
    Ok(streamed(&door, frames))
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
fn streamed(door: &Door, frames: impl Stream<Item = Result<Bytes, Error>> + Send + 'static) -> Response {
    let opened = stream::once(async { Ok(Bytes::from_static(b": listening\n\n")) });
    let mut response = resumable_stream(door, opened.chain(frames));
    let heartbeat = door.settings.server.limits.heartbeat;
    response.headers_mut().insert(HeaderName::from_static(HEARTBEAT_HEADER), HeaderValue::from(heartbeat.as_secs()));
    super::told(response)
}

fn written<T: Serialize>(cursor: Option<&Cursor>, value: &T) -> Result<Bytes, Error> {
    let data = serde_json::to_string(value)
        .map_err(|error| Error::internal(format!("a frame cannot be written as JSON: {error}")))?;
    Ok(frame(cursor.map(ToString::to_string).as_deref(), &data))
}

//! A session followed by whoever stays connected: in the words of this API or of the house, each with the place of a
//! reader who has it.

use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt};
use serde::{Deserialize, Serialize};

use super::to_wire::{tells_calls, with_bytes};
use super::wire::Body;
use super::{Place, TarkoEvent, events};
use crate::domain::{Cursor, Error, Fact, Frame, Principal, Result, SessionId};
use crate::engine::Engine;
use crate::http::Door;

/// In which words a session is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// As the house has it.
    #[default]
    Native,
    /// As events of this API.
    Tarko,
}

/// From where on a session is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Since {
    /// From its beginning.
    #[default]
    Beginning,
    /// From now on.
    Now,
    /// From where a reader stands.
    Place(Place),
}

impl std::str::FromStr for Since {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "now" { Ok(Self::Now) } else { text.parse().map(Self::Place) }
    }
}

/// What a reader is told.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Told {
    /// A frame.
    Frame(Frame),
    /// An event of this API.
    Event(Box<TarkoEvent>),
}

/// What a reader is told next.
#[derive(Clone, Debug)]
pub struct Next {
    /// Where the reader stands who has it.
    pub place: Place,
    /// What it is.
    pub told: Told,
}

/// What one reader is told.
pub type NextStream = BoxStream<'static, Result<Next>>;

/// Follows a session for as long as the stream is kept. It ends when the session is deleted, or with an error.
///
/// # Errors
/// As [`crate::engine::Engine::subscribe`].
pub async fn follow(
    door: &Door,
    caller: &Principal,
    session: &SessionId,
    since: Since,
    framing: Framing,
) -> Result<NextStream> {
    let summary = door.engine.session(caller, session).await?.summary;
    let mut incarnation = summary.session.incarnation;
    let place = match since {
        Since::Beginning => None,
        Since::Now => Some(Place::after(Cursor::after(incarnation, summary.events))),
        Since::Place(place) => Some(place),
    };
    if framing == Framing::Tarko {
        let events = events::follow(&*door.engine, caller, session, place).await?;
        // Pieces of a call's arguments only come to who wants them.
        let calls = tells_calls(&*door.engine, caller, &summary.session).await;
        let (engine, caller, session) = (Arc::clone(&door.engine), caller.clone(), session.clone());
        let next = events.filter_map(move |event| {
            let (engine, caller, session) = (Arc::clone(&engine), caller.clone(), session.clone());
            async move {
                let mut event = match event {
                    Ok(event) if !calls && matches!(event.body, Body::StreamingToolCall(_)) => return None,
                    Ok(event) => event,
                    Err(error) => return Some(Err(error)),
                };
                with_bytes_or_without(&*engine, &caller, &session, &mut event).await;
                placed(event).map(Ok)
            }
        });
        return Ok(next.boxed());
    }
    let frames = door.engine.subscribe(caller, session, place.map(Place::read_from)).await?;
    let next = move |frame: Result<Frame>| {
        let frame = frame?;
        let cursor = match &frame {
            Frame::Fact(event) => {
                if let Fact::SessionCreated(created) = &event.fact {
                    incarnation = created.incarnation;
                }
                Cursor::after(incarnation, event.seq)
            }
            Frame::Delta(live) => live.cursor,
        };
        Ok(Next { place: Place::after(cursor), told: Told::Frame(frame) })
    };
    Ok(frames.map(next).boxed())
}

/// Puts the bytes of files into an event; one whose bytes cannot be read is told with their names.
pub async fn with_bytes_or_without(engine: &dyn Engine, caller: &Principal, session: &SessionId, event: &mut TarkoEvent) {
    if let Err(error) = with_bytes(engine, caller, session, event).await {
        tracing::warn!(%error, %session, "the bytes of a file cannot be told");
    }
}

/// An event with its place; those without tell of nothing that happened in the session.
fn placed(event: TarkoEvent) -> Option<Next> {
    Some(Next { place: event.cursor?, told: Told::Event(Box::new(event)) })
}

//! A session followed by whoever stays connected: in the words of this API or of the house, each with the place of a
//! reader who has it.

use std::sync::Arc;

use futures_util::stream::{BoxStream, StreamExt};
use serde::{Deserialize, Serialize};

use super::teller::Teller;
use super::{Place, TarkoEvent, events};
use crate::domain::{Cursor, Error, Frame, Principal, Result, SessionId};
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
        let teller = Arc::new(Teller::new(door, caller, &summary.session).await);
        let next = events.filter_map(move |event| {
            let teller = Arc::clone(&teller);
            async move {
                match event {
                    Ok(event) => placed(teller.tell(event).await?).map(Ok),
                    Err(error) => Some(Err(error)),
                }
            }
        });
        return Ok(next.boxed());
    }
    let frames = door.engine.subscribe(caller, session, place.map(Place::read_from)).await?;
    let next = move |frame: Result<Frame>| {
        let frame = frame?;
        let cursor = frame.cursor(&mut incarnation);
        Ok(Next { place: Place::after(cursor), told: Told::Frame(frame) })
    };
    Ok(frames.map(next).boxed())
}

/// An event with its place; those without tell of nothing that happened in the session.
fn placed(event: TarkoEvent) -> Option<Next> {
    Some(Next { place: event.cursor?, told: Told::Event(Box::new(event)) })
}

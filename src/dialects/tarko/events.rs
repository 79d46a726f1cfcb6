//! Events of a session: those that were, and those that come, from any place on.

use std::sync::Arc;

use futures_util::stream::{BoxStream, Stream, StreamExt};

use super::encoder::encode;
use super::place::Place;
use super::to_wire::with_bytes;
use super::wire::{Body, System, TarkoEvent};
use crate::domain::{Cursor, Error, Fact, Frame, Principal, Result, RunId, Session, SessionId, Timestamp};
use crate::engine::Engine;

/// Events for one reader; ends as the frames do.
pub type EventStream = BoxStream<'static, Result<TarkoEvent>>;

/// Everything after a place (absent = from the beginning), and what comes, for as long as the stream is kept.
///
/// # Errors
/// As [`Engine::subscribe`].
pub async fn follow(
    engine: &dyn Engine,
    caller: &Principal,
    session: &SessionId,
    after: Option<Place>,
) -> Result<EventStream> {
    let incarnation = engine.session(caller, session).await?.summary.session.incarnation;
    let frames = engine.subscribe(caller, session, after.map(Place::read_from)).await?;
    Ok(told(frames, incarnation, after).boxed())
}

/// Frames as events, without those that a reader inside of a fact has already.
fn told(
    frames: impl Stream<Item = Result<Frame>> + Send + 'static,
    incarnation: u64,
    after: Option<Place>,
) -> impl Stream<Item = Result<TarkoEvent>> + Send + 'static {
    // A place of another incarnation starts over, and so does what was had of it.
    let mut inside = after.filter(|after| after.sub.is_some() && after.cursor.incarnation == incarnation);
    frames.flat_map(move |frame| {
        let events = frame.map(|frame| {
            let mut events = encode(&frame, incarnation);
            match (&frame, inside) {
                (Frame::Delta(_), Some(_)) => events.clear(),
                (Frame::Fact(fact), Some(Place { cursor, sub: Some(sub) })) => {
                    inside = None;
                    if fact.seq == cursor.seq {
                        events.drain(..events.len().min(sub as usize + 1));
                    }
                }
                (_, Some(Place { sub: None, .. }) | None) => {}
            }
            events
        });
        futures_util::stream::iter(match events {
            Ok(events) => events.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    })
}

/// Facts that are read at once.
const PAGE: usize = 1_000;
/// Most events of one answer.
const EVENTS: usize = 100_000;

/// What happened after a place, with the bytes of its files, and where the next part begins if it is too much for one
/// answer. A history that was replaced or removed is not told, nor what a rewinding dropped.
///
/// # Errors
/// As [`Engine::events`].
pub async fn so_far(
    engine: &dyn Engine,
    caller: &Principal,
    session: &Session,
    after: Option<Cursor>,
) -> Result<(Vec<TarkoEvent>, Option<Cursor>)> {
    let (mut told, mut at) = (Vec::new(), after);
    loop {
        let facts = engine.events(caller, &session.id, at, PAGE).await?;
        let whole = facts.len() < PAGE;
        for fact in facts {
            at = Some(Cursor::after(session.incarnation, fact.seq));
            match &fact.fact {
                Fact::SessionRestored(_) | Fact::SessionCleared(_) => told.clear(),
                Fact::SessionRewound(rewound) => told.retain(|(seq, _)| *seq <= rewound.after_seq),
                _ => {}
            }
            let seq = fact.seq;
            for mut event in encode(&Frame::Fact(Arc::new(fact)), session.incarnation) {
                with_bytes(engine, caller, &session.id, &mut event).await?;
                told.push((seq, event));
            }
        }
        if whole {
            return Ok((events(told), None));
        }
        if told.len() >= EVENTS {
            return Ok((events(told), at));
        }
    }
}

fn events(told: Vec<(u64, TarkoEvent)>) -> Vec<TarkoEvent> {
    told.into_iter().map(|(_, event)| event).collect()
}

/// The frames of one run, up to its end or an error, whichever is first.
pub(super) fn of_run(
    frames: impl Stream<Item = Result<Frame>> + Send + 'static,
    run: RunId,
) -> impl Stream<Item = Result<Frame>> + Send + 'static {
    futures_util::stream::unfold((frames.boxed(), false), move |(mut frames, ended)| {
        let run = run.clone();
        async move {
            if ended {
                return None;
            }
            loop {
                let frame = frames.next().await?;
                if frame.as_ref().is_ok_and(|frame| frame.run() != Some(&run)) {
                    continue;
                }
                let last = match &frame {
                    Ok(Frame::Fact(event)) => matches!(event.fact, Fact::RunFinished(_)),
                    Ok(Frame::Delta(_)) => false,
                    Err(_) => true,
                };
                return Some((frame, (frames, last)));
            }
        }
    })
}

/// The event that stands for an error in the middle of a stream.
pub(super) fn broken(error: &Error, at: Timestamp) -> TarkoEvent {
    let details = serde_json::json!({ "code": error.code, "hint": error.hint });
    let body = Body::System(System { level: "error", message: error.message.clone(), details });
    TarkoEvent { id: None, kind: "system", timestamp: at.as_millis(), body, cursor: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Event;

    fn fact(seq: u64, kind: &str) -> Result<Frame> {
        let mut event = serde_json::json!({
            "v": 1, "seq": seq, "id": "e", "session": "s", "run": "r", "at": "1970-01-01T00:00:01.000Z",
            "actor": { "kind": "house", "name": "ombud" }, "type": kind,
        });
        let fields = match kind {
            "message.completed" => serde_json::json!({
                "message_id": "m", "agent": "a", "parts": [{"kind": "reasoning", "text": "t"}, {"kind": "text", "text": "u"}],
                "finish": "stop", "usage": {}, "model": "p/m", "round": 1, "elapsed_ms": 0,
            }),
            _ => serde_json::json!({
                "agent": "a", "outcome": "completed", "answer": "", "rounds": 1, "tool_calls": 0, "usage": {}, "elapsed_ms": 0,
            }),
        };
        event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let event: Event = serde_json::from_value(event).unwrap();
        assert!(!matches!(event.fact, Fact::Unknown(_)));
        Ok(Frame::Fact(Arc::new(event)))
    }

    async fn cursors(after: &str) -> Vec<String> {
        let frames = futures_util::stream::iter([fact(1, "message.completed"), fact(2, "run.finished")]);
        let events = told(frames, 1, Some(after.parse().unwrap()));
        events.map(|event| event.unwrap().cursor.unwrap().to_string()).collect().await
    }

    #[tokio::test]
    async fn a_reader_inside_of_a_fact_is_given_its_rest() {
        assert_eq!(cursors("1:0").await, ["1:1.0", "1:1", "1:2"]);
        assert_eq!(cursors("1:1.0").await, ["1:1", "1:2"]);
        assert_eq!(cursors("7:1.0").await, ["1:1.0", "1:1", "1:2"], "another session of that name");
    }

    #[tokio::test]
    async fn a_run_ends_with_its_last_fact() {
        let after = Err(Error::internal("nobody asks for what comes after the end"));
        let frames = futures_util::stream::iter([fact(1, "run.finished"), after]);
        let frames: Vec<_> = of_run(frames, RunId::from_text("r")).collect().await;
        assert_eq!(frames.len(), 1);
    }
}

//! The streams that answer a query: each event is `data:`, its JSON in one line, and an empty line, and nothing else.
//!
//! Clients of the original take all between `data: ` and the empty line for JSON. So there is no `id:`, no comment and no
//! heartbeat; where a reader stands is the field `cursor`.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::json;
use tokio::time::Instant;

use super::encoder::encode;
use super::errors::{EXECUTING, EXECUTION};
use super::events::{broken, of_run as frames_of_run};
use super::request::{Answer, Asked};
use super::teller::Teller;
use super::wire::{Body, System, TarkoEvent};
use crate::domain::{Error, ErrorCode};
use crate::engine;
use crate::http::{Door, event_stream, written};

/// What a question brings about, up to its end, after events that come first.
pub async fn of_run(asked: &Asked, taken: &engine::Asked, first: Vec<TarkoEvent>, teller: Teller) -> Answer {
    let Some(run) = taken.run.clone() else { return Err(Error::internal("a question was asked of nobody").into()) };
    let frames = asked.engine().subscribe(&asked.caller, &taken.session, Some(taken.before)).await?;
    let (teller, incarnation) = (Arc::new(teller), taken.before.incarnation);
    let clock = asked.door.clock.clone();
    let events = frames_of_run(frames, run).flat_map(move |frame| {
        let events = match frame {
            Ok(frame) => encode(&frame, incarnation),
            Err(error) => vec![broken(&error, clock.now())],
        };
        stream::iter(events)
    });
    let told = events.filter_map(move |event| {
        let teller = Arc::clone(&teller);
        async move { teller.tell(event).await }
    });
    Ok(answer(&asked.door, stream::iter(first).chain(told)))
}

/// One event that says why there are no others.
pub fn of_error(asked: &Asked, error: &Error) -> Response {
    let at = asked.door.clock.now();
    let details = json!({
        "errorCode": EXECUTION, "details": { "sessionId": asked.field("sessionId"), "reason": error.message },
    });
    let body = Body::System(System { level: "error", message: EXECUTING.to_owned(), details });
    let id = Some(asked.door.clock.new_id().to_string());
    let event = TarkoEvent { id, kind: "system", timestamp: at.as_millis(), body, cursor: None };
    answer(&asked.door, stream::iter([event]))
}

/// The answer that is these events.
fn answer(door: &Door, events: impl Stream<Item = TarkoEvent> + Send + 'static) -> Response {
    let clock = door.clock.clone();
    let late = move |took: Duration| {
        let message = format!("the reader took {} ms to take one event", took.as_millis());
        let hint = "the run goes on: follow it from the last `cursor` with GET /api/v1/sessions/events/stream";
        broken(&Error::new(ErrorCode::TimedOut, message).hint(hint), clock.now())
    };
    let events = patient(events, door.settings.server.limits.slow_reader, late);
    let frames = events.filter_map(|event| async move { written(&event) });
    // It ends with its run, which ends before the server does.
    event_stream(frames, None, std::future::pending())
}

/// Ends with a last word when one event took the reader longer than the limit: the connection asks for the next as soon
/// as it has room.
fn patient<T: Send + 'static>(
    items: impl Stream<Item = T> + Send + 'static,
    limit: Duration,
    late: impl Fn(Duration) -> T + Send + 'static,
) -> impl Stream<Item = T> + Send + 'static {
    let begun: (_, Option<Instant>, bool) = (items.boxed(), None, false);
    stream::unfold((begun, late), move |((mut items, given, ended), late)| async move {
        if ended {
            return None;
        }
        let took = given.map(|given| given.elapsed()).filter(|took| *took > limit);
        let item = match took {
            Some(took) => late(took),
            None => items.next().await?,
        };
        Some((item, ((items, Some(Instant::now()), took.is_some()), late)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_takes_too_long_is_told_and_left() {
        let items = |limit| patient(stream::iter(["a", "b", "c"]), limit, |_| "late").collect::<Vec<_>>();
        assert_eq!(items(Duration::from_secs(60)).await, ["a", "b", "c"]);
        assert_eq!(items(Duration::ZERO).await, ["a", "late"]);
    }
}

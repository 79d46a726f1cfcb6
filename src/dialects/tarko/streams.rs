//! The streams that answer a query: each event is `data:`, its JSON in one line, and an empty line, and nothing else.
//!
//! Clients of the original take all between `data: ` and the empty line for JSON. So there is no `id:`, no comment and no
//! heartbeat; where a reader stands is the field `cursor`.

use std::sync::Arc;

use axum::response::Response;
use futures_util::stream::{self, Stream, StreamExt};
use serde_json::json;

use super::encoder::encode;
use super::errors::{EXECUTING, EXECUTION};
use super::events::{broken, of_run as frames_of_run};
use super::request::{Answer, Asked};
use super::teller::Teller;
use super::wire::{Body, System, TarkoEvent};
use crate::domain::Error;
use crate::engine;
use crate::http::{Door, Patience, event_stream, written};

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

/// The answer that is these events. A reader that takes too long for one of them is told so and left.
fn answer(door: &Door, events: impl Stream<Item = TarkoEvent> + Send + 'static) -> Response {
    let begun = Some((events.boxed(), Patience::new(&door.settings.server.limits)));
    let clock = door.clock.clone();
    let events = stream::unfold(begun, move |reading| {
        let clock = clock.clone();
        async move {
            let (mut events, mut patience) = reading?;
            if let Some(late) = patience.lost("event") {
                let hint = "the run goes on: follow it from the last `cursor` with GET /api/v1/sessions/events/stream";
                return Some((broken(&late.hint(hint), clock.now()), None));
            }
            let event = events.next().await?;
            patience.hand_over();
            Some((event, Some((events, patience))))
        }
    });
    let frames = events.filter_map(|event| async move { written(&event) });
    // It ends with its run, which ends before the server does.
    event_stream(frames, None, std::future::pending())
}

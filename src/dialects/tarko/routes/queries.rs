//! Asking, and taking it back.

use std::time::Duration;

use futures_util::stream::StreamExt;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::errors::TarkoError;
use super::super::from_wire::{self, is_given};
use super::super::request::{Answer, Asked, asked};
use super::super::teller::Teller;
use super::super::wire::{
    Body, ErrorAnswer, OneshotRequest, QueryAnswer, QueryRequest, SessionCreated, SessionRequest, SuccessAnswer, TarkoEvent,
};
use super::super::{ending, references, streams, to_wire};
use super::about_session;
use super::sessions::check_exclusive;
use crate::domain::{Cursor, ErrorCode, Fact, Frame, Labels, RunId, Session};
use crate::engine::{Answering, Ask, NewSession, OnBusy, SessionItem, Target};
use crate::http::{Route, Routes, json as reply};

/// How long an answer to `abort` waits for the runs to end: then a new one can begin.
const ABORT_WAIT: Duration = Duration::from_secs(5);

/// The routes.
pub fn all() -> Routes {
    let form =
        ("result", "`event` = `result` is the last message as an event, and failures of a run are structured.", false);
    let stream = |route: Route| {
        route.gives_media(
            StatusCode::OK,
            "text/event-stream",
            "Events, each as `data: JSON` and an empty line, up to `agent_run_end`.",
        )
    };
    let busy = (StatusCode::INTERNAL_SERVER_ERROR, "The session is at work already, or the run could not be kept.");
    let exclusive = (StatusCode::CONFLICT, "The server works on one session at a time, and is at work.");
    let query_words = |route: Route| {
        route.query(form.0, form.1, form.2).gives::<QueryAnswer>(StatusCode::OK, "The answer, also when the model failed.")
    };
    vec![
        about_session(query_words(Route::post("/api/v1/sessions/query", asked(query))))
            .about("Asks the agent of a session, and waits for its answer")
            .takes::<QueryRequest>()
            .gives::<ErrorAnswer>(busy.0, busy.1),
        about_session(stream(Route::post("/api/v1/sessions/query/stream", asked(query_stream))))
            .about("Asks the agent of a session, and tells what happens as it does")
            .takes::<QueryRequest>(),
        about_session(Route::post("/api/v1/sessions/abort", asked(abort)))
            .about("Takes back what is being answered")
            .takes::<SessionRequest>()
            .gives::<SuccessAnswer>(StatusCode::OK, "Whether something was."),
        query_words(Route::post("/api/v1/oneshot/query", asked(oneshot)))
            .about("Asks in a session of its own, and waits for the answer")
            .takes::<OneshotRequest>()
            .gives::<ErrorAnswer>(StatusCode::BAD_REQUEST, "Nothing was asked.")
            .gives::<ErrorAnswer>(exclusive.0, exclusive.1),
        stream(Route::post("/api/v1/oneshot/query/stream", asked(oneshot_stream)))
            .about("Asks in a session of its own, and tells what happens as it does")
            .takes::<OneshotRequest>()
            .gives::<ErrorAnswer>(StatusCode::BAD_REQUEST, "Nothing was asked.")
            .gives::<ErrorAnswer>(exclusive.0, exclusive.1),
    ]
}

/// What is asked, in a session that is there.
pub async fn ask_in(asked: &Asked, session: &Session) -> Result<Ask, TarkoError> {
    let Some(query) = asked.field("query").filter(|query| is_given(Some(query))) else {
        return Err(TarkoError::invalid("Query is required"));
    };
    check_exclusive(asked, Some(session.id.as_str())).await?;
    let from_wire::Query { parts, blobs } = from_wire::query(query)?;
    let context = match query.as_str() {
        Some(text) => references::expand(asked.engine(), &asked.caller, &session.id, text).await.into_iter().collect(),
        None => Vec::new(),
    };
    let kept = to_wire::kept(session);
    let options = |name: &str| kept.get(name).and_then(Value::as_object);
    Ok(Ask {
        procedure: None,
        target: Target::Existing(session.id.clone()),
        input: parts,
        blobs,
        context,
        answering: Answering::SessionAgent,
        on_busy: OnBusy::Reject,
        pins: from_wire::pins(options("runtimeSettings"), options("agentOptions")),
        ..Ask::default()
    })
}

/// What is asked, in a new session.
async fn ask_new(asked: &Asked) -> Result<Ask, TarkoError> {
    check_exclusive(asked, None).await?;
    let Some(query) = asked.field("query").filter(|query| is_given(Some(query))) else {
        return Err(TarkoError::invalid("Query is required"));
    };
    let from_wire::Query { parts, blobs } = from_wire::query(query)?;
    let new = NewSession {
        title: asked.words("sessionName").map(str::to_owned),
        labels: Labels::from_tags(asked.field("sessionTags").map(from_wire::tags).unwrap_or_default()),
        attributes: to_wire::keep([("version".to_owned(), json!(1))].into_iter().collect()),
        ..NewSession::default()
    };
    Ok(Ask {
        procedure: None,
        target: Target::New(Box::new(new)),
        input: parts,
        blobs,
        context: Vec::new(),
        answering: Answering::SessionAgent,
        on_busy: OnBusy::Reject,
        pins: from_wire::pins(None, None),
        ..Ask::default()
    })
}

async fn query(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let ask = ask_in(&asked, &session).await?;
    answered(&asked, ask, false).await
}

async fn oneshot(asked: Asked) -> Answer {
    let ask = ask_new(&asked).await?;
    answered(&asked, ask, true).await
}

/// Asks, and waits for the end. Who goes away before does not stop the run.
async fn answered(asked: &Asked, ask: Ask, oneshot: bool) -> Answer {
    let structured = asked.wants_event();
    let taken = match asked.engine().ask(&asked.caller, ask).await {
        Ok(taken) => taken,
        Err(error) => return Err(TarkoError::from(error).of_run(structured)),
    };
    let session_id = oneshot.then(|| taken.session.to_string());
    let ended = ending::of(asked.engine(), &asked.caller, &taken).await;
    let event = ended.map_err(|error| {
        let error = TarkoError::from(error).of_run(structured);
        match &session_id {
            Some(id) => error.with("sessionId", json!(id)),
            None => error,
        }
    })?;
    let answer = if structured {
        QueryAnswer { session_id, result: json!(event), event: None }
    } else {
        QueryAnswer { session_id, result: json!(ending::text(&event)), event: Some(event) }
    };
    Ok(reply(StatusCode::OK, &answer))
}

async fn query_stream(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let ask = ask_in(&asked, &session).await?;
    let teller = Teller::new(&asked.door, &asked.caller, &session).await;
    match asked.engine().ask(&asked.caller, ask).await {
        Ok(taken) => streams::of_run(&asked, &taken, Vec::new(), teller).await,
        Err(error) if error.code == ErrorCode::Busy => Ok(streams::of_error(&asked, &error)),
        Err(error) => Err(error.into()),
    }
}

async fn oneshot_stream(asked: Asked) -> Answer {
    let ask = ask_new(&asked).await?;
    let taken = asked.engine().ask(&asked.caller, ask).await?;
    let created = TarkoEvent {
        id: None,
        kind: "session_created",
        timestamp: asked.door.clock.now().as_millis(),
        body: Body::SessionCreated(SessionCreated { session_id: taken.session.to_string() }),
        cursor: None,
    };
    let teller = Teller::of_new(&asked.door, &asked.caller, &taken.session).await;
    streams::of_run(&asked, &taken, vec![created], teller).await
}

/// Takes back what is being answered in a session.
pub async fn abort(asked: Asked) -> Answer {
    let SessionItem { summary, .. } = asked.session().await?;
    let id = &summary.session.id;
    if summary.active.is_empty() {
        return Ok(reply(StatusCode::OK, &SuccessAnswer { success: false }));
    }
    let before = Cursor::after(summary.session.incarnation, summary.events);
    let frames = asked.engine().subscribe(&asked.caller, id, Some(before)).await?;
    let mut cancelled = asked.engine().cancel(&asked.caller, id, None, "aborted by the client").await?;
    let success = !cancelled.is_empty();
    // A run that does not end in time ends later: it was told to.
    let _ = tokio::time::timeout(ABORT_WAIT, ends(frames, &mut cancelled)).await;
    Ok(reply(StatusCode::OK, &SuccessAnswer { success }))
}

/// Waits until these runs have ended.
async fn ends(mut frames: crate::engine::FrameStream, runs: &mut Vec<RunId>) {
    while !runs.is_empty() {
        let Some(Ok(frame)) = frames.next().await else { return };
        if let Frame::Fact(event) = frame
            && matches!(event.fact, Fact::RunFinished(_))
        {
            runs.retain(|run| event.run.as_ref() != Some(run));
        }
    }
}

//! The events of Socket.IO that clients of this API send, and what they are answered.
//!
//! `join-session` comes in two forms. With an object, `{sessionId}`, a socket gets the events as they are; with the bare
//! id it gets what the servers up to 0.3.0-beta.11 made of them, see `mapped`.

mod mapped;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::mapped::Mapped;
use super::follow::{Framing, Since, Told, follow};
use crate::domain::{Error, ErrorCode, OnOrphan, Part, Pins, Principal, Result, RunStatus, SessionId, SessionStatus};
use crate::engine::{Answering, Ask, OnBusy, Target};
use crate::http::{Door, EventSocket, Said, SocketEvent, SocketEvents};

/// The events, in the order of the documentation.
pub(super) fn events() -> SocketEvents {
    fn event(name: &'static str, handler: fn(Said) -> BoxFuture<'static, ()>) -> SocketEvent {
        SocketEvent { name, handler }
    }
    vec![
        event("ping", |said| Box::pin(async { said.acknowledge() })),
        event("join-session", |said| Box::pin(async move { told(&said, join(&said).await).await })),
        event("send-query", |said| Box::pin(async move { told(&said, query(&said).await).await })),
        event("abort-query", |said| Box::pin(async move { told(&said, abort(&said).await).await })),
        event("get-server-status", |said| Box::pin(async move { told(&said, server_status(&said).await).await })),
        event("request-status", |said| Box::pin(async move { told(&said, request_status(&said).await).await })),
    ]
}

/// Tells a client what went wrong, as this API does: an event `error` with a text.
async fn told(said: &Said, done: Result<()>) {
    if let Err(error) = done {
        tracing::debug!(%error, "an event of a socket failed");
        let text = if error.code == ErrorCode::NotFound { "Session not found" } else { &error.message };
        said.socket.emit("error", text).await;
    }
}

/// In which form a socket is told of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Raw,
    Mapped,
}

impl Form {
    /// The name of a session's feed in this form.
    fn feed(self, session: &SessionId) -> String {
        match self {
            Self::Raw => format!("raw {session}"),
            Self::Mapped => format!("mapped {session}"),
        }
    }
}

async fn join(said: &Said) -> Result<()> {
    let (form, session, since) = match said.first() {
        Value::String(id) => (Form::Mapped, session_id(id)?, None),
        payload @ Value::Object(_) => (Form::Raw, session_of(payload)?, since(payload)?),
        _ => return Err(Error::invalid("join-session needs a session id, or an object with `sessionId`")),
    };
    let (door, socket) = (&said.door, &said.socket);
    let status = status(door, socket.caller(), &session).await?;
    // Joining again changes nothing, unless it says from where.
    if since.is_none() && socket.is_fed(&form.feed(&session)) {
        socket.emit("agent-status", &status).await;
        return Ok(());
    }
    let framing = if form == Form::Raw { Framing::Tarko } else { Framing::Native };
    let next = follow(door, socket.caller(), &session, since.unwrap_or(Since::Now), framing).await?;
    socket.emit("agent-status", &status).await;
    let (feeding, feed) = (socket.clone(), form.feed(&session));
    socket.feed(feed, async move {
        let mut next = Box::pin(next);
        let mut mapped = Mapped::new(session);
        while let Some(next) = next.next().await {
            match next.map(|next| next.told) {
                Ok(Told::Event(event)) => drop(feeding.emit("agent-event", &event).await),
                Ok(Told::Frame(frame)) => {
                    for event in mapped.events(&frame) {
                        feeding.emit("agent-event", &event).await;
                    }
                }
                Err(error) => drop(feeding.emit("error", &error.message).await),
            }
        }
    })?;
    Ok(())
}

/// From where a client that comes back wants to go on: `after` is the `cursor` of the last event that it has.
fn since(payload: &Value) -> Result<Option<Since>> {
    match payload.get("after") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(after)) => after.parse().map(Some),
        Some(_) => Err(Error::invalid("`after` must be the `cursor` of an event")),
    }
}

fn session_id(id: &str) -> Result<SessionId> {
    SessionId::parse(id).map_err(|_| Error::not_found("session", id.chars().take(40).collect::<String>()))
}

/// `sessionId` of an object.
fn session_of(payload: &Value) -> Result<SessionId> {
    match payload.get("sessionId") {
        Some(Value::String(id)) if !id.is_empty() => session_id(id),
        _ => Err(Error::invalid("Session ID is required")),
    }
}

/// What a session is doing, as this API says it.
async fn status(door: &Door, caller: &Principal, session: &SessionId) -> Result<Value> {
    let status = door.engine.session(caller, session).await?.status;
    let works = matches!(status, SessionStatus::Running | SessionStatus::Waiting);
    Ok(json!({ "isProcessing": works, "state": if works { "executing" } else { "idle" } }))
}

async fn request_status(said: &Said) -> Result<()> {
    let session = match said.first() {
        Value::String(id) => session_id(id)?,
        payload => session_of(payload)?,
    };
    let status = status(&said.door, said.socket.caller(), &session).await?;
    said.socket.emit("agent-status", &status).await;
    Ok(())
}

async fn query(said: &Said) -> Result<()> {
    let payload = said.first();
    let session = session_of(payload)?;
    let text = match payload.get("query") {
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        _ => return Err(Error::invalid("Session ID and query are required")),
    };
    let ask = Ask {
        target: Target::Existing(session),
        input: vec![Part::text(text)],
        blobs: Vec::new(),
        context: Vec::new(),
        answering: Answering::SessionAgent,
        on_busy: OnBusy::Reject,
        pins: Pins { on_orphan: OnOrphan::Resume, ..Pins::default() },
        priority: 0,
    };
    said.door.engine.ask(said.socket.caller(), ask).await.map(drop)
}

async fn abort(said: &Said) -> Result<()> {
    let session = session_of(said.first())?;
    let aborted = said.door.engine.cancel(said.socket.caller(), &session, None, "aborted by the client").await?;
    emit(&said.socket, "abort-result", json!({ "success": !aborted.is_empty() })).await;
    Ok(())
}

async fn server_status(said: &Said) -> Result<()> {
    let works = [RunStatus::Running, RunStatus::Queued, RunStatus::Waiting];
    let runs = said.door.engine.runs(said.socket.caller(), None, &works, 1).await?;
    let running = runs.first().map(|run| run.session.as_str());
    let exclusive = said.door.settings.server.exclusive;
    let status = json!({
        "isExclusive": exclusive,
        "runningSessionId": running,
        "canAcceptNewRequest": !exclusive || running.is_none(),
    });
    emit(&said.socket, "server-status", status).await;
    Ok(())
}

async fn emit(socket: &EventSocket, event: &str, value: Value) {
    socket.emit(event, &value).await;
}

//! The events of Socket.IO that clients of this API send, and what they are answered.
//!
//! `join-session` comes in two forms. With an object, `{sessionId}`, a socket gets the events as they are; with the bare
//! id it gets what the servers up to 0.3.0-beta.11 made of them, see `mapped`.

mod mapped;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::{Method, Uri};
use serde_json::{Map, Value, json};

use self::mapped::Mapped;
use super::errors::TarkoError;
use super::follow::{Framing, NextStream, Since, Told, follow};
use super::request::Asked;
use super::routes::queries::ask_in;
use super::teller::Teller;
use super::{encode, to_wire};
use crate::domain::{Frame, RunStatus, Session, SessionId};
use crate::engine::{RunFilter, SessionItem};
use crate::http::{EventSocket, Said, SocketEvent, SocketEvents};

/// What came of an event.
type Done = Result<(), TarkoError>;

/// The events, in the order of the documentation.
pub(super) fn events() -> SocketEvents {
    fn event(name: &'static str, handler: fn(Said) -> BoxFuture<'static, ()>) -> SocketEvent {
        SocketEvent { name, handler }
    }
    let events = vec![
        event("ping", |said| Box::pin(async { said.acknowledge() })),
        event("join-session", |said| Box::pin(async move { told(&said, join(&said).await).await })),
        event("send-query", |said| Box::pin(async move { told(&said, query(&said).await).await })),
        event("abort-query", |said| Box::pin(async move { told(&said, abort(&said).await).await })),
        event("get-server-status", |said| Box::pin(async move { told(&said, server_status(&said).await).await })),
        event("request-status", |said| Box::pin(async move { told(&said, request_status(&said).await).await })),
    ];
    events.into()
}

/// Tells a client what went wrong, as this API does: an event `error` with a text.
async fn told(said: &Said, done: Done) {
    if let Err(error) = done {
        said.socket.emit("error", error.words()).await;
    }
}

/// What was said, as a request: what is no object has no fields.
fn asked(said: &Said) -> Asked {
    let body = match said.first() {
        Value::Object(fields) => fields.clone(),
        Value::String(id) => Map::from_iter([("sessionId".to_owned(), json!(id))]),
        _ => Map::new(),
    };
    let (door, caller) = (said.door.clone(), said.socket.caller().clone());
    Asked { door, caller, method: Method::POST, uri: Uri::from_static("/socket.io/"), body }
}

/// What a session does, as this API says it.
async fn status(asked: &Asked, item: &SessionItem) -> Result<Value, TarkoError> {
    let state = to_wire::state(asked.engine(), &asked.caller, item).await?;
    Ok(json!({ "isProcessing": state == "executing", "state": state }))
}

async fn join(said: &Said) -> Done {
    let framing = match said.first() {
        Value::String(_) => Framing::Native,
        Value::Object(_) => Framing::Tarko,
        _ => return Err(TarkoError::invalid("join-session needs a session id, or an object with `sessionId`")),
    };
    let asked = asked(said);
    let item = asked.session().await?;
    let status = status(&asked, &item).await?;
    // From where a client that comes back wants to go on: the `cursor` of the last event that it has.
    let since = match asked.field("after") {
        None | Some(Value::Null) => None,
        Some(Value::String(after)) => Some(after.parse::<Since>()?),
        Some(_) => return Err(TarkoError::invalid("`after` must be the `cursor` of an event")),
    };
    let (socket, session) = (said.socket.clone(), item.summary.session);
    let feed = format!("{framing:?} {}", session.id);
    // Joining again changes nothing, unless it says from where.
    if since.is_none() && socket.is_fed(&feed) {
        socket.emit("agent-status", &status).await;
        return Ok(());
    }
    let next = follow(&asked.door, &asked.caller, &session.id, since.unwrap_or(Since::Now), framing).await?;
    socket.emit("agent-status", &status).await;
    let feeding = Feeding { asked, socket: socket.clone(), session };
    socket.feed(feed, feeding.go(next))?;
    Ok(())
}

/// What is told to one socket of one session.
struct Feeding {
    asked: Asked,
    socket: EventSocket,
    session: Session,
}

impl Feeding {
    async fn go(self, mut next: NextStream) {
        let teller = Teller::new(&self.asked.door, &self.asked.caller, &self.session).await;
        let mapped = Mapped::new(self.session.id.clone());
        while let Some(next) = next.next().await {
            match next.map(|next| next.told) {
                Ok(Told::Event(event)) => drop(self.socket.emit("agent-event", &event).await),
                Ok(Told::Frame(frame)) => self.mapped(&mapped, &teller, &frame).await,
                Err(error) => drop(self.socket.emit("error", &error.message).await),
            }
        }
    }

    async fn mapped(&self, mapped: &Mapped, teller: &Teller, frame: &Frame) {
        if let Some(event) = mapped.of_session(frame) {
            self.socket.emit("agent-event", &event).await;
            return;
        }
        for event in encode(frame, self.session.incarnation) {
            let Some(event) = teller.tell(event).await else { continue };
            for event in mapped.of_event(&event) {
                self.socket.emit("agent-event", &event).await;
            }
        }
    }
}

async fn request_status(said: &Said) -> Done {
    let asked = asked(said);
    let status = status(&asked, &asked.session().await?).await?;
    said.socket.emit("agent-status", &status).await;
    Ok(())
}

async fn query(said: &Said) -> Done {
    let asked = object(said)?;
    let session = asked.session().await?.summary.session;
    let ask = ask_in(&asked, &session).await?;
    asked.engine().ask(&asked.caller, ask).await?;
    Ok(())
}

async fn abort(said: &Said) -> Done {
    let asked = object(said)?;
    let session: SessionId = asked.session().await?.summary.session.id;
    let aborted = asked.engine().cancel(&asked.caller, &session, None, "aborted by the client").await?;
    said.socket.emit("abort-result", &json!({ "success": !aborted.is_empty() })).await;
    Ok(())
}

/// What was said, which must be an object.
fn object(said: &Said) -> Result<Asked, TarkoError> {
    if said.first().is_object() { Ok(asked(said)) } else { Err(TarkoError::invalid("Session ID is required")) }
}

async fn server_status(said: &Said) -> Done {
    let asked = asked(said);
    let works = [RunStatus::Running, RunStatus::Queued, RunStatus::Waiting];
    let runs = asked.engine().runs(&asked.caller, &RunFilter::newest(None, &works, 1)).await?.runs;
    let running = runs.first().map(|run| run.session.as_str());
    let exclusive = asked.door.settings.server.exclusive;
    let status = json!({
        "isExclusive": exclusive,
        "runningSessionId": running,
        "canAcceptNewRequest": !exclusive || running.is_none(),
    });
    said.socket.emit("server-status", &status).await;
    Ok(())
}

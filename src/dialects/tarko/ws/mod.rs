//! `GET /api/v1/ws`: many sessions over one raw WebSocket, with cursors.
//!
//! `wire` has the messages, this file the conversation, `verbs` what is asked of the engine.

mod verbs;
mod wire;

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt;
use http::{Request, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use self::wire::{Asked, Reply, read, text};
use super::errors::refuse;
use super::follow::{Framing, Since, follow};
use crate::domain::{Error, ErrorCode, Principal, Result, SessionId};
use crate::http::{
    Address, Closing, Door, Messages, Needs, Route, Sending, caller_of_socket, caller_with_token, offers_token, upgrade,
};

/// How long a client may take to say who it is.
const PROOF: Duration = Duration::from_secs(10);

/// The doors of which one must be open to who comes by this socket.
const DOORS: &[&str] = &["tarko"];

/// Sessions that one socket may follow.
const FOLLOWED: usize = 256;

/// Questions of one socket that are being taken.
const TAKING: usize = 32;

/// The route.
pub(super) fn route() -> Route {
    Route::get("/api/v1/ws", open)
        .about("A raw WebSocket: follow many sessions, ask, abort, list; messages as in docs/schemas/ws.json")
        .needs(Needs::Nothing)
        .gives_media(StatusCode::SWITCHING_PROTOCOLS, "application/json", "messages as text, one JSON object each")
}

async fn open(State(door): State<Door>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let caller = match caller_of_socket(&door, DOORS, &parts, None).await.map(|(caller, _)| caller) {
        Ok(caller) => Some(caller),
        // Who gave no proof may still do so; who gave a wrong one hears of it before the socket opens.
        Err(error) if offers_token(&parts) => return refuse(&error),
        Err(_) => None,
    };
    let (carried, address) = (door.clone(), parts.extensions.get::<Address>().copied());
    upgrade(&door, Request::from_parts(parts, body), refuse, move |messages, sending| async move {
        let (followed, taking) = (HashMap::new(), Vec::new());
        let mut talk = Talk { door: carried, address, caller, sending, followed, taking, watches: None };
        talk.go(messages).await
    })
}

/// One socket.
struct Talk {
    door: Door,
    /// Where it comes from.
    address: Option<Address>,
    caller: Option<Principal>,
    sending: Sending,
    /// What ends the telling of a session.
    followed: HashMap<SessionId, Stopping>,
    /// Questions that are being taken.
    taking: Vec<tokio::task::JoinHandle<()>>,
    watches: Option<Stopping>,
}

/// Stops what it belongs to when it goes.
struct Stopping(CancellationToken);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // Who goes before a question was taken takes it back.
        self.taking.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl Talk {
    async fn go(&mut self, mut messages: Messages) -> Messages {
        let hello = Reply::Hello { version: env!("CARGO_PKG_VERSION"), authenticated: self.caller.is_some() };
        self.tell(None, hello).await;
        let proof = Instant::now() + PROOF.min(self.door.settings.server.limits.header_time);
        loop {
            let next = if self.caller.is_some() {
                messages.next().await
            } else {
                match timeout_at(proof, messages.next()).await {
                    Ok(next) => next,
                    Err(_) => {
                        let reason = "nobody said who calls: send {\"type\":\"authenticate\",\"token\":…} first";
                        self.sending.close(Closing::Unauthorized, reason).await;
                        return messages;
                    }
                }
            };
            let Some(next) = next else { return messages };
            let (id, asked) = read(&next);
            let done = match asked.and_then(|asked| self.pace().map(|()| asked)) {
                Ok(asked) => self.take(id.as_ref(), asked).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                self.tell(id.as_ref(), Reply::Error { error: &error }).await;
                if error.code == ErrorCode::Unauthorized {
                    self.sending.close(Closing::Unauthorized, &error.message).await;
                    return messages;
                }
            }
        }
    }

    /// Takes one message of the caller's pace.
    fn pace(&self) -> Result<()> {
        let name = self.caller.as_ref().map_or("", |caller| caller.name.as_str());
        self.door.pace.take(name, self.address).map_err(|(error, _)| error)
    }

    async fn tell(&self, id: Option<&Value>, reply: Reply<'_>) {
        // A closed socket is noticed by whoever reads from it.
        let _ = self.sending.send(|| text(id, reply)).await;
    }

    async fn take(&mut self, id: Option<&Value>, asked: Asked) -> Result<()> {
        if let Asked::Authenticate { token } = &asked {
            let caller = caller_with_token(&self.door, DOORS, token, self.caller.as_ref()).await?;
            self.tell(id, Reply::Authenticated { caller: &caller.name }).await;
            self.caller = Some(caller);
            return Ok(());
        }
        let Some(caller) = self.caller.clone() else {
            return Err(Error::new(ErrorCode::Unauthorized, "nobody said who calls")
                .hint("send {\"type\":\"authenticate\",\"token\":…} first"));
        };
        match asked {
            Asked::Subscribe { session, after, frames } => {
                let since = after.as_deref().map_or(Ok(Since::Beginning), str::parse)?;
                self.subscribe(id, &caller, verbs::session_id(&session)?, since, frames).await
            }
            Asked::Unsubscribe { session } => {
                if self.followed.remove(&verbs::session_id(&session)?).is_none() {
                    return Err(Error::not_found("subscription to session", session));
                }
                self.tell(id, Reply::Unsubscribed { session: &session }).await;
                Ok(())
            }
            Asked::Watch {} => self.watch(id, &caller).await,
            asked @ Asked::Query { .. } => self.query(id, caller, asked),
            asked => {
                let reply = verbs::answer(&self.door, &caller, id, asked).await?;
                self.sending.send(|| reply).await;
                Ok(())
            }
        }
    }

    /// Tells a session from now on, in a task of its own: a slow one holds up nothing else.
    async fn subscribe(
        &mut self,
        id: Option<&Value>,
        caller: &Principal,
        session: SessionId,
        since: Since,
        framing: Framing,
    ) -> Result<()> {
        if self.followed.len() >= FOLLOWED && !self.followed.contains_key(&session) {
            return Err(Error::new(ErrorCode::RateLimited, format!("one socket may follow at most {FOLLOWED} sessions")));
        }
        let told = follow(&self.door, caller, &session, since, framing).await?;
        let stop = CancellationToken::new();
        self.followed.insert(session.clone(), Stopping(stop.clone()));
        self.tell(id, Reply::Subscribed { session: &session, frames: framing }).await;
        let sending = self.sending.clone();
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            let mut told = Box::pin(told);
            let mut failed = None;
            while let Some(next) = told.next().await {
                match next {
                    Ok(next) => {
                        let reply = Reply::Frame { session: &session, cursor: next.place, frame: &next.told };
                        if !sending.send(|| text(None, reply)).await {
                            return;
                        }
                    }
                    Err(error) => failed = Some(error),
                }
            }
            sending.send(|| text(None, Reply::Ended { session: &session, error: failed.as_ref() })).await;
        }));
        Ok(())
    }

    async fn watch(&mut self, id: Option<&Value>, caller: &Principal) -> Result<()> {
        let mut notices = self.door.engine.notices(caller).await?;
        let stop = CancellationToken::new();
        self.watches = Some(Stopping(stop.clone()));
        self.tell(id, Reply::Watching).await;
        let sending = self.sending.clone();
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            while let Some(notice) = notices.next().await {
                if !sending.send(|| text(None, Reply::Notice { notice: &notice })).await {
                    return;
                }
            }
        }));
        Ok(())
    }

    /// Takes a question in a task of its own: it may have to wait for a run to end, which another message may bring about.
    fn query(&mut self, id: Option<&Value>, caller: Principal, asked: Asked) -> Result<()> {
        self.taking.retain(|taking| !taking.is_finished());
        if self.taking.len() >= TAKING {
            return Err(Error::new(ErrorCode::RateLimited, format!("{TAKING} questions of this socket wait to be taken")));
        }
        let (door, sending, id) = (self.door.clone(), self.sending.clone(), id.cloned());
        self.taking.push(tokio::spawn(async move {
            let reply = match verbs::answer(&door, &caller, id.as_ref(), asked).await {
                Ok(reply) => reply,
                Err(error) => text(id.as_ref(), Reply::Error { error: &error }),
            };
            sending.send(|| reply).await;
        }));
        Ok(())
    }
}

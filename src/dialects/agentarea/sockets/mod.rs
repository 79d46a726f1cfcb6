//! `GET /v1/ws`: what happens to agents and tasks, told over a WebSocket.
//!
//! This file is the conversation; `channels` says what is told in one, and when.

mod channels;

use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{Request, StatusCode};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use self::channels::Channel;
use super::errors::{AreaError, refuse};
use super::wire::{Refusal, SocketUser, Told};
use super::{NAME, ids};
use crate::domain::{Error, ErrorCode, Principal, Timestamp, ToolServerState};
use crate::engine::HouseNotice;
use crate::http::{Closing, Door, Messages, Needs, RequestId, Route, Routes, Sending, caller_with_token, upgrade};

/// How long a client may take to say who it is.
const PROOF: Duration = Duration::from_secs(10);
/// How often it is asked whether a token still counts.
const LOOK: Duration = Duration::from_secs(2);
/// The doors of which one must be open to who comes by this socket.
const DOORS: &[&str] = &[NAME];
/// Channels of one socket.
const CHANNELS: usize = 256;
/// Longest token, in bytes.
const TOKEN: usize = 8 << 10;

/// The route.
pub fn routes() -> Routes {
    vec![
        Route::get("/v1/ws", open)
            .about("A WebSocket: what happens to agents and tasks, as it happens")
            .named_in("WebSocket", "websocket")
            .needs(Needs::Nothing)
            .gives_media(StatusCode::SWITCHING_PROTOCOLS, "application/json", "Messages as text, one JSON object each.")
            .gives::<Refusal>(StatusCode::UPGRADE_REQUIRED, "The request is none for a WebSocket.")
            .gives::<Refusal>(StatusCode::SERVICE_UNAVAILABLE, "All places for sockets are taken."),
    ]
}

async fn open(State(door): State<Door>, request: Request<Body>) -> Response {
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_else(|| RequestId(String::new()));
    let carried = door.clone();
    upgrade(&door, request, refuse, move |messages, sending| async move {
        let mut talk = Talk { door: carried, id, known: None, sending, channels: HashMap::new(), notifying: None };
        talk.go(messages).await
    })
}

/// Who has proven who they are.
struct Known {
    caller: Principal,
    /// What it was proven with: it is asked again whether that counts.
    token: String,
}

/// One socket.
struct Talk {
    door: Door,
    id: RequestId,
    known: Option<Known>,
    sending: Sending,
    /// What tells each channel.
    channels: HashMap<String, Telling>,
    notifying: Option<Telling>,
}

/// A task that tells something, until it is dropped.
struct Telling(JoinHandle<()>);

impl Telling {
    /// Ends it. Nothing is told after this.
    async fn end(mut self) {
        self.0.abort();
        // That it was ended is no failure.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Auth { token: String },
    Subscribe { channel: String },
    Unsubscribe { channel: String },
    Ping,
}

impl Talk {
    async fn go(&mut self, mut messages: Messages) -> Messages {
        let clock = self.door.clock.clone();
        messages.say_when_leaving(move || {
            notification("warning", "The server is shutting down.".to_owned(), clock.now()).text()
        });
        let proof = Instant::now() + PROOF.min(self.door.settings.server.limits.header_time);
        while let Some(text) = self.next(&mut messages, proof).await {
            let said = read(&text);
            let proves = matches!(said, Ok(Said::Auth { .. }));
            let done = match said {
                Ok(said) => self.take(said).await,
                Err(error) => Err(error),
            };
            let Err(error) = done else { continue };
            self.refuse(&error).await;
            // A wrong token, and one that has ended; who has not shown any yet may still do so.
            let code = error.code();
            let ends = code == ErrorCode::Unauthorized && (proves || self.known.is_some())
                || code == ErrorCode::Forbidden && proves && self.known.is_none();
            if ends {
                self.sending.close(Closing::Refused, "the token is not valid").await;
                break;
            }
        }
        messages
    }

    /// The next message; `None` when the socket is closed, or was closed because nobody says who calls any more.
    async fn next(&self, messages: &mut Messages, proof: Instant) -> Option<String> {
        let next = messages.next();
        tokio::pin!(next);
        loop {
            // Who need not prove anything again is not looked at.
            let wait = self.known.as_ref().map(|known| known.caller.credential.as_ref().map(|own| own.expires_at));
            let (until, looks) = match wait {
                None => (proof, true),
                Some(None) => (proof, false),
                Some(Some(end)) => (Instant::now() + self.until(end), true),
            };
            tokio::select! {
                next = &mut next => return next,
                () = sleep_until(until), if looks => {}
            }
            let Some(known) = &self.known else {
                let reason = "nobody said who calls: send {\"type\":\"auth\",\"token\":…} first";
                self.sending.close(Closing::Refused, reason).await;
                return None;
            };
            match caller_with_token(&self.door, DOORS, &known.token, None).await {
                Err(error) if matches!(error.code, ErrorCode::Unauthorized | ErrorCode::Forbidden) => {
                    let error = Error::new(ErrorCode::Unauthorized, "the token has ended: log in, and connect again");
                    self.refuse(&error.into()).await;
                    self.sending.close(Closing::Refused, "the token has ended").await;
                    return None;
                }
                // What cannot be asked now is asked again.
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// How long until it is asked again whether a token counts.
    fn until(&self, end: Option<Timestamp>) -> Duration {
        let left = end.map(|end| end.millis_since(self.door.clock.now()));
        left.map_or(LOOK, |left| LOOK.min(Duration::from_millis(left.saturating_add(1))))
    }

    /// Tells what went wrong.
    async fn refuse(&self, error: &AreaError) {
        self.tell(&Told::Error { error: error.body(&self.id), channel: None }).await;
    }

    async fn tell(&self, told: &Told<'_>) {
        // A closed socket is noticed by whoever reads from it.
        let _ = self.sending.send(|| told.text()).await;
    }

    async fn take(&mut self, said: Said) -> Result<(), AreaError> {
        match said {
            Said::Ping => self.tell(&Told::Pong).await,
            Said::Auth { token } => self.prove(token).await?,
            Said::Subscribe { channel } => self.subscribe(channel).await?,
            Said::Unsubscribe { channel } => {
                self.caller()?;
                Channel::parse(&channel)?;
                if let Some(telling) = self.channels.remove(&channel) {
                    telling.end().await;
                }
                self.tell(&Told::Unsubscribed { channel: &channel }).await;
            }
        }
        Ok(())
    }

    fn caller(&self) -> Result<&Principal, AreaError> {
        let unknown = || Error::new(ErrorCode::Unauthorized, "nobody said who calls: send a message `auth` first");
        Ok(self.known.as_ref().map(|known| &known.caller).ok_or_else(unknown)?)
    }

    async fn prove(&mut self, token: String) -> Result<(), AreaError> {
        if self.known.is_some() {
            let error = Error::new(ErrorCode::Conflict, "this socket knows who calls: connect again to call as another");
            return Err(error.into());
        }
        let caller = caller_with_token(&self.door, DOORS, &token, None).await?;
        let user = self.user(&caller).await?;
        let expires_at = caller.credential.as_ref().and_then(|own| own.expires_at).map(|end| end.to_string());
        // Who may not hear what happens to the house gets no notifications.
        let notices = self.door.engine.notices(&caller).await.ok();
        self.known = Some(Known { caller, token });
        self.tell(&Told::Known { user, expires_at }).await;
        if let Some(mut notices) = notices {
            let (sending, clock) = (self.sending.clone(), self.door.clock.clone());
            self.notifying = Some(Telling(tokio::spawn(async move {
                while let Some(notice) = notices.next().await {
                    let Some((level, message)) = worth_telling(&notice) else { continue };
                    let told = notification(level, message, clock.now());
                    if !sending.send(|| told.text()).await {
                        return;
                    }
                }
            })));
        }
        Ok(())
    }

    /// Who calls, as this API tells users.
    async fn user(&self, caller: &Principal) -> Result<SocketUser, AreaError> {
        if caller.user.is_none() {
            return Ok(SocketUser { id: ids::maker(caller), username: caller.name.clone(), email: None });
        }
        let user = self.door.engine.people().me(caller).await?;
        Ok(SocketUser { id: ids::user(&user.id), username: user.name, email: user.email })
    }

    async fn subscribe(&mut self, channel: String) -> Result<(), AreaError> {
        let caller = self.caller()?.clone();
        let parsed = Channel::parse(&channel)?;
        if !self.channels.contains_key(&channel) {
            if self.channels.len() >= CHANNELS {
                let message = format!("one socket may subscribe to at most {CHANNELS} channels");
                return Err(Error::new(ErrorCode::RateLimited, message).into());
            }
            let source = parsed.open(&self.door, &caller, &self.id).await?;
            self.tell(&Told::Subscribed { channel: &channel }).await;
            // In a task of its own, with a place of its own in the engine: who is slow holds up nobody.
            let telling = tokio::spawn(source.tell(channel.clone(), self.sending.clone()));
            self.channels.insert(channel, Telling(telling));
            return Ok(());
        }
        self.tell(&Told::Subscribed { channel: &channel }).await;
        Ok(())
    }
}

fn notification(level: &'static str, message: String, at: Timestamp) -> Told<'static> {
    Told::Notification { level, message, timestamp: at.to_string() }
}

/// What of the changes in the house is told to everybody.
fn worth_telling(notice: &HouseNotice) -> Option<(&'static str, String)> {
    match notice {
        HouseNotice::ToolServerChanged { slug, state, why } => {
            let (level, stands) = match state {
                ToolServerState::Running => ("info", "is running"),
                ToolServerState::Starting => ("info", "is starting"),
                ToolServerState::Stopped => ("info", "is stopped"),
                ToolServerState::Failed => ("error", "has failed"),
            };
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            Some((level, format!("MCP server `{slug}` {stands}{why}")))
        }
        HouseNotice::SessionChanged { .. }
        | HouseNotice::AgentChanged { .. }
        | HouseNotice::StoreChanged
        | HouseNotice::QuestionAsked { .. }
        | HouseNotice::QuestionSettled { .. }
        | HouseNotice::Missed => None,
    }
}

/// Reads a message.
fn read(text: &str) -> Result<Said, AreaError> {
    let message: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| AreaError::at("body", format!("must be a JSON object: {error}")))?;
    let word = |key: &str| match message.get(key).filter(|value| !value.is_null()) {
        None => Err(AreaError::at(key, "Field is required")),
        Some(Value::String(text)) if text.len() <= TOKEN => Ok(text.clone()),
        Some(Value::String(_)) => Err(AreaError::at(key, format!("must have at most {TOKEN} bytes"))),
        Some(_) => Err(AreaError::at(key, "must be a text")),
    };
    match word("type")?.as_str() {
        "auth" => Ok(Said::Auth { token: word("token")? }),
        "subscribe" => Ok(Said::Subscribe { channel: word("channel")? }),
        "unsubscribe" => Ok(Said::Unsubscribe { channel: word("channel")? }),
        "ping" => Ok(Said::Ping),
        _ => Err(AreaError::at("type", "must be one of auth, subscribe, unsubscribe, ping")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        let text = |text: &str| text.to_owned();
        for (message, said) in [
            (r#"{"type":"auth","token":"t","more":1}"#, Said::Auth { token: text("t") }),
            (r#"{"type":"subscribe","channel":"c"}"#, Said::Subscribe { channel: text("c") }),
            (r#"{"type":"unsubscribe","channel":"c"}"#, Said::Unsubscribe { channel: text("c") }),
            (r#"{"type":"ping"}"#, Said::Ping),
        ] {
            assert_eq!(read(message).unwrap(), said);
        }
        for wrong in ["", "{nope", "[]", "5", "{}", r#"{"type":5}"#, r#"{"type":"dance"}"#, r#"{"type":"auth"}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&format!(r#"{{"type":"auth","token":"{}"}}"#, "x".repeat(TOKEN + 1))).is_err());
    }
}

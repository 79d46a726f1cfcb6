//! What clients say to a program: one message a request.
//!
//! A request is answered as plain JSON when its answer is the first that comes, else as a stream: what the program tells
//! or asks meanwhile, and the answer last. Who goes away takes the request back.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, Fuse, FusedStream as _, StreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use tokio::sync::mpsc;

use super::clients::{AtWork, Client};
use super::message::{INVALID_REQUEST, Sent, answered, event, written};
use super::{Bridge, Bridges, failed, hearing, versions};
use crate::dialects::mcp::errors;
use crate::dialects::mcp::sessions::{CONNECTION, Owner, name};
use crate::domain::{Error, ErrorCode, Principal};
use crate::engine::{PeerError, PeerMessage, PeerRequest};
use crate::http::{Door, empty, event_stream, json as reply, read_body};

/// Messages that wait beside a request.
const BESIDE: usize = 64;
/// How long a request may be silent before it is answered as a stream, which shows that something is at work.
const SILENCE: Duration = Duration::from_secs(10);

/// The header that names the revision of the protocol.
const REVISION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Answers what a client posts.
pub async fn answer(bridges: &Bridges, door: &Door, caller: &Principal, slug: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let heads = parts.headers;
    if let Err(error) = fits(&heads) {
        return refused(&error, &Value::Null);
    }
    let body = match read_body(body, door.settings.server.limits.body_bytes).await {
        Ok(body) => body,
        Err(error) => return errors::refuse(&error),
    };
    let sent = match Sent::read(&body) {
        Ok(sent) => sent,
        Err(error) => return told(StatusCode::BAD_REQUEST, &answered(&Value::Null, Err(error))),
    };
    let id = sent.id();
    let bridge = match bridges.reach(door, caller, slug).await {
        Ok(bridge) => bridge,
        Err(error) => return failed(&error, &id),
    };
    let owner = Owner::of(caller);
    if let Sent::Request { method, params, .. } = &sent {
        match method.as_str() {
            "initialize" => return begin(door, &bridge, owner, params.as_ref(), &id),
            // Who asks this goes on with `initialize` when it is not known.
            "server/discover" => {
                let error = PeerError::new(PeerError::METHOD_NOT_FOUND, "Method not found");
                return told(StatusCode::BAD_REQUEST, &answered(&id, Err(error)));
            }
            _ => {}
        }
    }
    if let Some(revision) = heads.get(REVISION).filter(|given| !is_known(given)) {
        let shown = crate::config::printable(&String::from_utf8_lossy(revision.as_bytes()));
        let known = versions::KNOWN.join(", ");
        let message = format!("revision `{shown}` of the protocol is not spoken here, but {known}: begin with `initialize`");
        return told(StatusCode::BAD_REQUEST, &answered(&id, Err(PeerError::new(INVALID_REQUEST, message))));
    }
    let client = match name(&heads) {
        None => bridge.clients.passing(owner),
        Some(named) => match bridge.clients.get(&named, &owner) {
            Ok(client) => client,
            Err(error) => return failed(&error, &id),
        },
    };
    match sent {
        Sent::Request { id, method, params } => ask(door, &client, id, method, params, &heads).await,
        Sent::Notification { method, params } => tell(&client, &method, params).await,
        Sent::Answer { id, answer } if client.answers(&id) => match client.peer.answer(&id, answer).await {
            Ok(()) => empty(StatusCode::ACCEPTED),
            Err(error) => told(StatusCode::BAD_REQUEST, &answered(&Value::Null, Err(error))),
        },
        Sent::Answer { .. } => {
            let error = PeerError::new(INVALID_REQUEST, "nobody has asked this, or it was answered already");
            told(StatusCode::BAD_REQUEST, &answered(&Value::Null, Err(error)))
        }
    }
}

/// Whether the head of a message is one.
fn fits(heads: &HeaderMap) -> Result<(), Error> {
    let declared = heads.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let declared = declared.split(';').next().unwrap_or_default().trim();
    if !declared.eq_ignore_ascii_case("application/json") {
        return Err(Error::new(ErrorCode::BadMedia, "a message is JSON").hint("send `Content-Type: application/json`"));
    }
    if !accepts(heads, "application/json") && !accepts(heads, "text/event-stream") {
        return Err(Error::invalid("answers are JSON or streams of Server-Sent Events")
            .hint("send `Accept: application/json, text/event-stream`"));
    }
    Ok(())
}

fn refused(error: &Error, id: &Value) -> Response {
    let mut response = errors::answer(error, errors::number(error.code), id);
    if error.code == ErrorCode::InvalidInput {
        *response.status_mut() = StatusCode::NOT_ACCEPTABLE;
    }
    response
}

/// Whether a head takes answers of this kind. One that says nothing takes all.
pub fn accepts(heads: &HeaderMap, media: &str) -> bool {
    let mut said = heads.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if said.peek().is_none() {
        return true;
    }
    let group = media.split('/').next().unwrap_or_default();
    said.flat_map(|line| line.split(',')).any(|entry| {
        let mut words = entry.split(';').map(str::trim);
        let kind = words.next().unwrap_or_default().to_ascii_lowercase();
        let taken = words.all(|word| !matches!(word.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        taken && (kind == media || kind == "*/*" || kind == format!("{group}/*"))
    })
}

fn is_known(revision: &HeaderValue) -> bool {
    versions::KNOWN.iter().any(|known| revision == known)
}

/// A client begins: it is told what the program told us.
fn begin(door: &Door, bridge: &Bridge, owner: Owner, params: Option<&Value>, id: &Value) -> Response {
    let client = match bridge.clients.begin(door.clock.new_id().to_string(), owner) {
        Ok(client) => client,
        Err(error) => return failed(&error, id),
    };
    let asked = params.and_then(|params| params.get("protocolVersion")).and_then(Value::as_str);
    let greeting = versions::greeting(bridge.peer.initialized(), asked);
    let mut response = told(StatusCode::OK, &answered(id, Ok(greeting)));
    if let Ok(named) = HeaderValue::from_str(&client.id) {
        response.headers_mut().insert(CONNECTION, named);
    }
    response
}

async fn tell(client: &Arc<Client>, method: &str, params: Option<Value>) -> Response {
    let sent = match method {
        // It was told so by us, once.
        "notifications/initialized" => Ok(()),
        "notifications/cancelled" => {
            if let Some(id) = params.as_ref().and_then(|params| params.get("requestId")) {
                client.takes_back(id);
            }
            Ok(())
        }
        _ => client.peer.notify(method, params).await,
    };
    match sent {
        Ok(()) => empty(StatusCode::ACCEPTED),
        Err(error) => told(StatusCode::SERVICE_UNAVAILABLE, &answered(&Value::Null, Err(error))),
    }
}

async fn ask(
    door: &Door,
    client: &Arc<Client>,
    id: Value,
    method: String,
    params: Option<Value>,
    heads: &HeaderMap,
) -> Response {
    let at_work = match client.asks(&id) {
        Ok(at_work) => at_work,
        Err(error) => return told(StatusCode::OK, &answered(&id, Err(error))),
    };
    if let Some(answer) = client.shared(&method, params.clone()).await {
        return told(StatusCode::OK, &answered(&id, answer));
    }
    let mut going = Going::begin(at_work, id, method, params);
    let (json, stream) = (accepts(heads, "application/json"), accepts(heads, "text/event-stream"));
    let mut first = Vec::new();
    let silent = tokio::time::sleep(SILENCE);
    tokio::pin!(silent);
    loop {
        let next = tokio::select! {
            next = going.next() => next,
            () = &mut silent, if stream => break,
        };
        match next {
            Some(Next::Answer(answer)) if json && first.is_empty() => return told(StatusCode::OK, &answer),
            Some(Next::Answer(message) | Next::Beside(message)) if stream => {
                first.push(event(&message));
                break;
            }
            // Who takes no streams is told the answer alone.
            Some(Next::Beside(_)) => {}
            Some(Next::Answer(answer)) => return told(StatusCode::OK, &answer),
            None => break,
        }
    }
    let rest = stream::unfold(going, |mut going| async move {
        let (Next::Answer(message) | Next::Beside(message)) = going.next().await?;
        Some((event(&message), going))
    });
    let heartbeat = door.settings.server.limits.heartbeat;
    event_stream(stream::iter(first).chain(rest), Some(heartbeat), door.left.clone().cancelled_owned())
}

/// What comes of a request.
enum Next {
    /// Something beside it.
    Beside(Value),
    /// Its answer: nothing comes after it.
    Answer(Value),
}

/// A request that is at work.
struct Going {
    at_work: AtWork,
    id: Value,
    answer: Option<BoxFuture<'static, Result<Value, PeerError>>>,
    beside: mpsc::Receiver<PeerMessage>,
    /// What the program tells by itself.
    heard: Fuse<BoxStream<'static, PeerMessage>>,
    /// The answer that has come, until what came before it is told.
    come: Option<Value>,
    over: bool,
}

impl Going {
    fn begin(at_work: AtWork, id: Value, method: String, params: Option<Value>) -> Self {
        let (sender, beside) = mpsc::channel(BESIDE);
        let peer = Arc::clone(&at_work.client().peer);
        let beside_all = |message: &PeerMessage| match message {
            PeerMessage::Notification { method, .. } => std::future::ready(hearing::is_beside(method)),
            PeerMessage::Request { .. } => std::future::ready(false),
        };
        let heard = peer.listen().filter(beside_all).boxed().fuse();
        let request = PeerRequest { method, params, beside: Some(sender), cancelled: at_work.cancelled.clone() };
        let answer = async move { peer.request(request).await }.boxed();
        Self { at_work, id, answer: Some(answer), beside, heard, come: None, over: false }
    }

    async fn next(&mut self) -> Option<Next> {
        loop {
            if self.over {
                return None;
            }
            let (client, is_newest) = (Arc::clone(self.at_work.client()), self.at_work.is_newest());
            if let Some(answer) = &self.come {
                // What was said before the answer is told before it.
                let before = self.beside.try_recv().ok().or_else(|| self.heard.next().now_or_never().flatten());
                let Some(before) = before else {
                    self.over = true;
                    return Some(Next::Answer(answer.clone()));
                };
                if let Some(told) = heard(&client, is_newest, before).await {
                    return Some(Next::Beside(told));
                }
                continue;
            }
            let Some(answer) = &mut self.answer else { return None };
            let listens = !self.heard.is_terminated();
            let message = tokio::select! {
                answer = answer => {
                    self.come = Some(answered(&self.id, answer));
                    self.answer = None;
                    continue;
                }
                Some(message) = self.beside.recv() => message,
                message = self.heard.next(), if listens => match message {
                    Some(heard) => heard,
                    None => continue,
                },
            };
            if let Some(told) = heard(&client, is_newest, message).await {
                return Some(Next::Beside(told));
            }
        }
    }
}

/// What a client is told of a message of the program beside a request.
async fn heard(client: &Arc<Client>, is_newest: bool, message: PeerMessage) -> Option<Value> {
    match &message {
        PeerMessage::Notification { method, .. } if method == "notifications/progress" => Some(written(message)),
        PeerMessage::Notification { method, params } => {
            let is_log = method == "notifications/message";
            let hears = is_newest && (!is_log || client.wants(params.as_ref()));
            hears.then(|| written(message))
        }
        PeerMessage::Request { id, .. } => {
            if client.is_alone() && client.is_asked(id) {
                return Some(written(message));
            }
            let _ = client.peer.answer(id, Err(hearing::nobody())).await;
            None
        }
    }
}

fn told(status: StatusCode, message: &Value) -> Response {
    reply(status, message)
}

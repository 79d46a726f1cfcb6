//! What a program says by itself, and who hears it.
//!
//! Over a pipe nothing tells whom it is meant for. Changes of lists are for everybody, those of a resource for those who
//! subscribe to it; everything else for those whose requests are at work, or when nobody's is, for everybody.

use std::sync::{Arc, Weak};

use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::HeaderMap;
use serde_json::Value;

use super::clients::{Client, Clients};
use super::message::{event, written};
use super::posting::accepts;
use crate::dialects::mcp::errors;
use crate::domain::{Error, ErrorCode};
use crate::engine::{PeerError, PeerMessage};
use crate::http::{Door, event_stream};

/// Forwards until the program ends, or nobody can be connected any more.
pub async fn forward(mut heard: BoxStream<'static, PeerMessage>, clients: Weak<Clients>) {
    while let Some(message) = heard.next().await {
        let Some(clients) = clients.upgrade() else { return };
        match message {
            PeerMessage::Notification { method, params } => told(&clients.each(), method, params),
            PeerMessage::Request { id, method, params } => asked(&clients.each(), id, method, params).await,
        }
    }
}

fn told(clients: &[Arc<Client>], method: String, params: Option<Value>) {
    let of = |name: &str| params.as_ref().and_then(|params| params.get(name));
    let hear: Vec<&Arc<Client>> = match method.as_str() {
        // That of forwarded requests goes beside them.
        "notifications/progress" => return,
        "notifications/cancelled" => {
            let Some(id) = of("requestId") else { return };
            clients.iter().filter(|client| client.answers(id)).collect()
        }
        "notifications/resources/updated" => {
            let Some(address) = of("uri").and_then(Value::as_str) else { return };
            clients.iter().filter(|client| client.subscribes(address)).collect()
        }
        changed if changed.ends_with("/list_changed") => clients.iter().collect(),
        other => {
            // Those whose requests are at work hear it beside them, where it comes before the answer.
            if clients.iter().any(|client| client.works()) {
                return;
            }
            let is_log = other == "notifications/message";
            clients.iter().filter(|client| !is_log || client.wants(params.as_ref())).collect()
        }
    };
    let message = written(PeerMessage::Notification { method, params: params.clone() });
    for client in hear {
        client.tell(message.clone());
    }
}

/// Whether something that is told belongs beside the requests that are at work.
pub fn is_beside(method: &str) -> bool {
    !matches!(method, "notifications/progress" | "notifications/cancelled" | "notifications/resources/updated")
        && !method.ends_with("/list_changed")
}

/// A question that belongs to nobody's request is for the only client, where there is one.
async fn asked(clients: &[Arc<Client>], id: Value, method: String, params: Option<Value>) {
    let Some(first) = clients.first() else { return };
    match clients {
        [only] if only.is_asked(&id) => only.tell(written(PeerMessage::Request { id, method, params })),
        _ => {
            let _ = first.peer.answer(&id, Err(nobody())).await;
        }
    }
}

/// Why a question is not asked.
pub fn nobody() -> PeerError {
    PeerError::new(PeerError::UNAVAILABLE, "it is not known which client this is for, or it cannot be asked")
}

/// The stream of what a client is told.
pub fn stream(door: &Door, client: Arc<Client>, headers: &HeaderMap) -> Response {
    if !accepts(headers, "text/event-stream") {
        let error = Error::new(ErrorCode::BadMedia, "this is a stream of Server-Sent Events")
            .hint("send `Accept: text/event-stream`");
        let mut response = errors::refuse(&error);
        *response.status_mut() = http::StatusCode::NOT_ACCEPTABLE;
        return response;
    }
    let told = match client.listen() {
        Ok(told) => told,
        Err(error) => return errors::refuse(&error),
    };
    let opened = stream::once(async { Bytes::from_static(b": listening\n\n") });
    let told = stream::unfold(told, |mut told| async move { Some((event(&told.recv().await?), told)) });
    event_stream(opened.chain(told), Some(door.settings.server.limits.heartbeat), door.left.clone().cancelled_owned())
}

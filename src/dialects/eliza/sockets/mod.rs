//! The events of Socket.IO that clients of this API send, and what they are answered: `1` and `2`, or `message` with a
//! type, to join a channel and to say something in it; and log lines for whoever wants them (`logs`).
//!
//! What happens in a channel is told by a feed of each socket, which follows the channel's log (`following`). So every
//! client hears the same in the same order, and each thing once: also whoever sent it.

mod following;
mod logs;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};

use self::following::Following;
use super::errors::ElizaError;
use super::kept::KeptMessage;
use super::posting::{self, Posted};
use super::told::Told;
use super::{encoder, ids, servers};
use crate::domain::{Error, SessionId};
use crate::http::{EventSocket, Said, SocketEvent, SocketEvents};

/// What the numbers of messages mean.
const JOIN: u64 = 1;
const SEND: u64 = 2;
/// Most bytes of what a client sent that are kept as they came.
const RAW_BYTES: usize = 24 << 10;

const NO_CHANNEL: &str = "channelId is required for joining.";
const NOT_SENT: &str = "For SEND_MESSAGE: channelId, serverId (server_id), senderId (author_id), and message are required.";

/// The events that clients send, in the order of the documentation.
pub fn events() -> SocketEvents {
    fn event(name: &'static str, handler: fn(Said) -> BoxFuture<'static, ()>) -> SocketEvent {
        SocketEvent { name, handler }
    }
    let events = vec![
        event("1", |said| Box::pin(async move { numbered(&said, JOIN, said.first()).await })),
        event("2", |said| Box::pin(async move { numbered(&said, SEND, said.first()).await })),
        event("message", |said| Box::pin(async move { named(&said).await })),
        event("subscribe_logs", |said| Box::pin(async move { logs::subscribe(&said).await })),
        event("unsubscribe_logs", |said| Box::pin(async move { logs::unsubscribe(&said).await })),
        event("update_log_filters", |said| Box::pin(async move { logs::filter(&said).await })),
    ];
    SocketEvents { events, greeting: Some(greet), is_meant: Some(is_meant) }
}

/// Whether a client says about itself what clients of this API do.
fn is_meant(handshake: &Value) -> bool {
    ["entityId", "apiKey"].iter().any(|name| handshake.get(name).is_some_and(Value::is_string))
}

/// Greets a new client, whatever it speaks.
fn greet<'a>(socket: &'a EventSocket, handshake: &'a Value) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        if let Some(entity) = handshake.get("entityId").and_then(Value::as_str).filter(|id| ids::is_id(id)) {
            let now = json!({ "entityId": entity, "timestamp": socket.now().as_millis() });
            socket.emit("authenticated", &now).await;
        }
        let greeting = json!({ "message": "Connected to Eliza Socket.IO server", "socketId": socket.id() });
        socket.emit("connection_established", &greeting).await;
    })
}

/// `{type, payload}`; what has not this form, or another type, is passed over.
async fn named(said: &Said) {
    let message = said.first();
    if let (Some(kind), Some(payload)) = (message.get("type").and_then(Value::as_u64), message.get("payload")) {
        numbered(said, kind, payload).await;
    }
}

async fn numbered(said: &Said, kind: u64, payload: &Value) {
    let nothing = Map::new();
    let payload = payload.as_object().unwrap_or(&nothing);
    let done = match kind {
        JOIN => join(said, payload).await,
        SEND => send(said, payload).await,
        _ => Ok(()),
    };
    if let Err(error) = done {
        said.socket.emit("messageError", &json!({ "error": error })).await;
    }
}

/// Why something cannot be done, in words.
fn words(error: Error) -> String {
    match error.hint {
        Some(hint) => format!("{} ({hint})", error.message),
        None => error.message,
    }
}

/// The first of some fields that is a text with something in it.
fn text<'a>(payload: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    let mut texts = names.iter().filter_map(|name| payload.get(*name).and_then(Value::as_str));
    texts.find(|text| !text.is_empty())
}

/// The name of the feed of a channel.
fn feed(channel: &str) -> String {
    format!("{} {channel}", super::NAME)
}

async fn join(said: &Said, payload: &Map<String, Value>) -> Result<(), String> {
    let channel = text(payload, &["channelId", "roomId"]).ok_or(NO_CHANNEL)?;
    let id = SessionId::parse(channel).map_err(words)?;
    let mut following = Following::new(said, id);
    let begin = following.begin().await.map_err(words)?;
    let mut joined = json!({
        "message": format!("Socket {} successfully joined channel {channel}.", said.socket.id()),
        "channelId": channel,
        "roomId": channel,
        "participantIds": following.taking_part(),
    });
    if let (Some(agent), Some(fields)) = (payload.get("agentId"), joined.as_object_mut()) {
        fields.insert("agentId".to_owned(), agent.clone());
    }
    // Joining again changes nothing.
    if !said.socket.is_fed(&feed(channel)) {
        said.socket.feed(feed(channel), following.go(begin)).map_err(words)?;
    }
    said.socket.emit("channel_joined", &joined).await;
    said.socket.emit("room_joined", &joined).await;
    Ok(())
}

/// What a client wants to say; `None` when something is missing.
fn posted(socket: &EventSocket, payload: &Map<String, Value>) -> Option<Posted> {
    let id = |names: &[&str]| text(payload, names).filter(|id| ids::is_id(id)).map(str::to_ascii_lowercase);
    let owned = |name: &str| payload.get(name).filter(|value| !value.is_null()).cloned();
    let content = text(payload, &["message"])?.to_owned();
    let mut raw = payload.clone();
    if serde_json::to_vec(&raw).map_or(usize::MAX, |text| text.len()) > RAW_BYTES {
        raw.retain(|name, _| !matches!(name.as_str(), "message" | "attachments" | "metadata"));
    }
    let kept = KeptMessage {
        raw_message: Some(Value::Object(raw)),
        source_type: Some(text(payload, &["source"]).unwrap_or("socketio_client").to_owned()),
        metadata: owned("metadata"),
        client_message_id: text(payload, &["messageId"]).map(str::to_owned),
        socket: Some(socket.id().to_owned()),
        attachments: owned("attachments"),
        ..KeptMessage::default()
    };
    Some(Posted {
        channel: id(&["channelId", "roomId"])?,
        server: text(payload, &["serverId", "messageServerId"]).and_then(servers::id)?,
        author: id(&["senderId"])?,
        author_name: text(payload, &["senderName"]).map(str::to_owned),
        content,
        kept,
        create: Some("socketio_auto_creation"),
        answered: true,
        target: None,
    })
}

async fn send(said: &Said, payload: &Map<String, Value>) -> Result<(), String> {
    let mut posted = posted(&said.socket, payload).ok_or(NOT_SENT)?;
    // Of a channel that is made by this, whom else it is for.
    if let (Some(target), metadata) = (text(payload, &["targetUserId"]), &mut posted.kept.metadata)
        && let Value::Object(metadata) = metadata.get_or_insert_with(|| json!({}))
    {
        metadata.entry("targetUserId").or_insert_with(|| json!(target));
    }
    let channel = posted.channel.clone();
    let taken = posting::post(&said.door, said.socket.caller(), posted).await;
    let taken = taken.map_err(|error: ElizaError| error.message)?;
    // Whoever has joined hears it in its place among all that happens there.
    if !said.socket.is_fed(&feed(&channel)) {
        tell_own(&said.socket, &taken.told).await;
    }
    Ok(())
}

/// Tells a client its own message, and that it is taken.
async fn tell_own(socket: &EventSocket, told: &Told) {
    for (event, value) in encoder::own(told) {
        socket.emit(event, &value).await;
    }
}

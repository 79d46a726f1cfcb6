//! Routes: channels.

use http::StatusCode;
use serde_json::json;

use super::super::channels::{self, Channel, NewChannel, Seats};
use super::super::directory::Directory;
use super::super::errors::ElizaError;
use super::super::fields::Fields;
use super::super::kept::{self, KeptChannel};
use super::super::media::{self, Shelf};
use super::super::request::{Answer, Asked, asked, data};
use super::super::{ids, servers};
use crate::domain::{ErrorCode, SessionUpdated};
use crate::http::{Route, Routes, empty};

/// Longest name, in bytes.
const NAME_BYTES: usize = 1_024;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::get("/api/messaging/central-servers/{server}/channels", asked(list)).about("List the channels of a server."),
        Route::get("/api/messaging/message-servers/{server}/channels", asked(list)).about("List the channels of a server."),
        Route::post("/api/messaging/central-channels", asked(create_group))
            .about("Make a channel of these people and agents."),
        Route::post("/api/messaging/channels", asked(create)).about("Make a channel."),
        Route::get("/api/messaging/dm-channel", asked(dm))
            .query("targetUserId", "The one.", true)
            .query("currentUserId", "The other.", true)
            .query("dmServerId", "Of which server.", false)
            .about("Find the channel of two, or make it."),
        Route::get("/api/messaging/central-channels/{channel}/details", asked(details)).about("Tell a channel."),
        Route::get("/api/messaging/channels/{channel}/details", asked(details)).about("Tell a channel."),
        Route::patch("/api/messaging/central-channels/{channel}", asked(update)).about("Change a channel."),
        Route::patch("/api/messaging/channels/{channel}", asked(update)).about("Change a channel."),
        Route::delete("/api/messaging/central-channels/{channel}", asked(delete)).about("Delete a channel."),
        Route::delete("/api/messaging/channels/{channel}", asked(delete)).about("Delete a channel."),
    ]
}

/// The channel that the address names at its first place; `None` = it is not there.
///
/// # Errors
/// 400 `Invalid channelId`.
pub(super) async fn named(asked: &Asked) -> Result<Option<Channel>, ElizaError> {
    let found = channels::find(asked.engine(), &asked.caller, asked.named(0)).await?;
    if found.is_none() && !ids::is_id(asked.named(0)) {
        return Err(ElizaError::bad("INVALID_ID", "Invalid channelId"));
    }
    Ok(found)
}

/// The same, when it has to be there.
///
/// # Errors
/// 404 `Channel not found`.
pub(super) async fn there(asked: &Asked) -> Result<Channel, ElizaError> {
    named(asked).await?.ok_or_else(not_found)
}

pub(super) fn not_found() -> ElizaError {
    ElizaError::new(StatusCode::NOT_FOUND, "CHANNEL_NOT_FOUND", "Channel not found")
}

async fn list(asked: Asked) -> Answer {
    let server = servers::id(asked.named(0)).ok_or_else(|| ElizaError::bad("INVALID_ID", "Invalid serverId"))?;
    let all = channels::of_server(asked.engine(), &asked.caller, &server).await?;
    let told: Vec<_> = all.iter().map(Channel::told).collect();
    Ok(data(StatusCode::OK, json!({ "channels": told })))
}

fn name(body: &Fields) -> Result<Option<String>, ElizaError> {
    match body.text("name") {
        Some(name) if name.len() > NAME_BYTES => {
            Err(ElizaError::bad("BAD_REQUEST", format!("a name has at most {NAME_BYTES} bytes")))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

/// In the older form of the older path, and in the only one of the newer path's later versions.
async fn create_group(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let channel = group(&asked, &body).await?;
    Ok(data(StatusCode::CREATED, channel.told()))
}

async fn group(asked: &Asked, body: &Fields) -> Result<Channel, ElizaError> {
    let fields = (name(body)?, body.server(), body.ids("participantCentralUserIds"));
    let (Some(name), Some(server), Some(participants)) = fields else {
        return Err(ElizaError::bad(
            "BAD_REQUEST",
            "Invalid payload. Required: name, server_id (UUID or \"0\"), participantCentralUserIds (array of UUIDs). \
             Optional: type, metadata.",
        ));
    };
    let kept = KeptChannel {
        kind: body.text("type").unwrap_or("GROUP").to_owned(),
        metadata: body.get("metadata").cloned(),
        source_type: body.text("sourceType").map(str::to_owned),
        source_id: body.text("sourceId").map(str::to_owned),
        topic: body.text("topic").map(str::to_owned),
        ..KeptChannel::default()
    };
    make(asked, &server, NewChannel { name, kept, participants, ..NewChannel::default() }).await
}

async fn make(asked: &Asked, server: &str, mut new: NewChannel) -> Result<Channel, ElizaError> {
    let (engine, caller) = (asked.engine(), &asked.caller);
    new.kept.server_id = channels::server_of(engine, caller, server).await?.id;
    let directory = Directory::read(engine, caller).await?;
    channels::create(engine, caller, &directory, new).await
}

/// One path with two forms: which it is, the names of its fields tell.
async fn create(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let is_newer = ["participantCentralUserIds", "message_server_id"].into_iter().any(|name| body.get(name).is_some());
    if body.get("serverId").is_none() && is_newer {
        return Ok(data(StatusCode::CREATED, group(&asked, &body).await?.told()));
    }
    let required =
        [("serverId", body.server().is_some()), ("name", name(&body)?.is_some()), ("type", body.text("type").is_some())];
    if let Some((field, _)) = required.iter().find(|(_, is_there)| !is_there) {
        return Err(ElizaError::bad("BAD_REQUEST", format!("Missing required fields: {field}.")));
    }
    let text = |keys: &[&str]| body.text_of(keys).map(str::to_owned);
    let kept = KeptChannel {
        kind: text(&["type"]).unwrap_or_default(),
        source_type: text(&["sourceType"]),
        source_id: text(&["sourceId"]),
        topic: text(&["topic", "description"]),
        metadata: body.get("metadata").cloned(),
        ..KeptChannel::default()
    };
    let participants = body.ids("participantCentralUserIds").unwrap_or_default();
    let new = NewChannel { name: name(&body)?.unwrap_or_default(), kept, participants, ..NewChannel::default() };
    let channel = make(&asked, &body.server().unwrap_or_default(), new).await?;
    Ok(data(StatusCode::CREATED, json!({ "channel": channel.told() })))
}

async fn dm(asked: Asked) -> Answer {
    let of = |key: &str| asked.query(key).filter(|id| ids::is_id(id)).map(|id| id.to_ascii_lowercase());
    let (Some(target), Some(current)) = (of("targetUserId"), of("currentUserId")) else {
        return Err(ElizaError::bad("BAD_REQUEST", "Missing targetUserId or currentUserId"));
    };
    if target == current {
        return Err(ElizaError::bad("BAD_REQUEST", "Cannot create DM channel with oneself"));
    }
    let (engine, caller) = (asked.engine(), &asked.caller);
    let wanted = asked.query("dmServerId").and_then(|id| servers::id(&id));
    let server = match wanted {
        Some(id) => servers::one(engine, caller, &id).await?.map(|server| server.id),
        None => None,
    };
    let server = server.unwrap_or_else(|| ids::DEFAULT_SERVER.to_owned());
    let mut two = [current, target];
    two.sort();
    let [one, other] = two;
    let new = NewChannel {
        name: format!("DM-{one}-{other}"),
        kept: KeptChannel {
            server_id: server.clone(),
            kind: "DM".to_owned(),
            metadata: Some(json!({ "user1": one, "user2": other })),
            ..KeptChannel::default()
        },
        participants: vec![one.clone(), other.clone()],
        ..NewChannel::default()
    };
    // The id follows from the two, so that both come to the same channel, also at the same moment.
    let id = ids::of_name(&format!("dm:{server}:{one}:{other}"));
    let directory = Directory::read(engine, caller).await?;
    let channel = channels::create_once(engine, caller, &directory, &id, new).await?;
    Ok(data(StatusCode::OK, channel.told()))
}

async fn details(asked: Asked) -> Answer {
    Ok(data(StatusCode::OK, there(&asked).await?.told()))
}

async fn update(asked: Asked) -> Answer {
    let channel = there(&asked).await?;
    let body = Fields(asked.body()?);
    let (engine, caller) = (asked.engine(), &asked.caller);
    let wrong = |what: &str| ElizaError::bad("BAD_REQUEST", format!("Invalid {what}"));
    let participants = match body.get("participantCentralUserIds") {
        Some(_) => Some(body.ids("participantCentralUserIds").ok_or_else(|| wrong("participantCentralUserIds"))?),
        None => None,
    };
    let mut channel = channel;
    let is_seated = participants.is_some();
    if let Some(participants) = participants {
        let directory = Directory::read(engine, caller).await?;
        channel = channels::seat(engine, caller, &directory, &channel, Seats::Only(participants)).await?;
    }
    let mut change = SessionUpdated { title: name(&body)?.map(Some), ..SessionUpdated::default() };
    let mut kept = channel.kept.clone();
    if let Some(metadata) = body.get("metadata") {
        kept.metadata = Some(metadata.clone());
    }
    if let Some(topic) = body.text("topic") {
        kept.topic = Some(topic.to_owned());
    }
    // Sockets are told of what is changed here, and of nothing else that happens to who takes part.
    if kept != channel.kept || is_seated {
        // The kind is kept from now on: who takes part says it no longer.
        kept.kind = channel.kind().to_owned();
        change.attributes = kept::attributes(&kept);
    }
    if change != SessionUpdated::default() {
        channel = Channel::of(engine.update(caller, &channel.session.id, change).await?);
    }
    Ok(data(StatusCode::OK, channel.told()))
}

async fn delete(asked: Asked) -> Answer {
    if let Some(channel) = named(&asked).await? {
        match asked.engine().delete(&asked.caller, &channel.session.id).await {
            Err(error) if error.code == ErrorCode::NotFound => {}
            deleted => {
                deleted?;
                media::remove_all(asked.engine(), Shelf::Channels, channel.id()).await?;
            }
        }
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

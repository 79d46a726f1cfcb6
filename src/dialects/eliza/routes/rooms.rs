//! Routes: rooms of agents.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::errors::ElizaError;
use super::super::kept::KeptRoom;
use super::super::request::Asked;
use super::super::request::{Answer, data};
use super::super::rooms::{self, NewRoom};
use super::super::{ids, worlds};
use super::memories::running;
use crate::http::{Route, Routes};

/// Longest name and other short text that is kept, in characters.
const TEXT: usize = 255;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    let both = |[own, other]: [&'static str; 2], route: fn(&'static str) -> Route| [route(own), route(other)];
    let all = ["/api/memory/{agentId}/rooms", "/api/agents/{agentId}/rooms"];
    let one = ["/api/memory/{agentId}/rooms/{roomId}", "/api/agents/{agentId}/rooms/{roomId}"];
    let tables = [
        both(all, |path| Route::post(path, create).about("Makes a room for an agent, without a channel")),
        both(all, |path| Route::get(path, list).about("The rooms of an agent: of its channels, and others")),
        both(one, |path| Route::get(path, details).about("One room")),
    ];
    tables.into_iter().flatten().collect()
}

/// A text of a body; `None` where there is none.
///
/// # Errors
/// `BAD_REQUEST` for what is no text, or too long.
pub fn text(body: &Map<String, Value>, key: &str) -> Result<Option<String>, ElizaError> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) if text.chars().count() <= TEXT => Ok(Some(text.clone())),
        Some(Value::String(_)) => Err(ElizaError::bad("BAD_REQUEST", format!("{key} has more than {TEXT} characters"))),
        Some(_) => Err(ElizaError::bad("BAD_REQUEST", format!("{key} must be a text"))),
    }
}

/// An id of a body.
///
/// # Errors
/// `INVALID_ID`.
pub fn id(body: &Map<String, Value>, key: &str, what: &str) -> Result<Option<String>, ElizaError> {
    match text(body, key)? {
        Some(id) if !ids::is_id(&id) => Err(ElizaError::bad_id(what)),
        id => Ok(id.map(|id| id.to_ascii_lowercase())),
    }
}

async fn create(asked: Asked) -> Answer {
    let (_, agent) = running(&asked).await?;
    let body = asked.body()?;
    let missing = || ElizaError::bad("MISSING_PARAM", "Room name is required");
    let name = text(&body, "name")?.ok_or_else(missing)?;
    let at = asked.door.clock.now();
    let server = text(&body, "serverId")?;
    let (world_id, server) = match id(&body, "worldId", "world")? {
        Some(world) => (world, server.unwrap_or_else(|| format!("server-{}", at.as_millis()))),
        None => {
            let name = format!("World for {name}");
            let world = worlds::make(&asked.door, &asked.caller, &agent.id, &name, (server, None)).await?;
            (world.id, world.server_id)
        }
    };
    let new = NewRoom {
        id: asked.door.clock.new_id().to_string(),
        name,
        server,
        kind: text(&body, "type")?.unwrap_or_else(|| "DM".to_owned()),
        source: text(&body, "source")?.unwrap_or_else(|| "client".to_owned()),
        metadata: body.get("metadata").filter(|metadata| !metadata.is_null()).cloned(),
        world: KeptRoom { world_id },
    };
    let room = rooms::make(asked.engine(), &asked.caller, &agent, new.clone()).await?;
    let mut told = json!({
        "id": room.id, "name": new.name, "agentId": agent.id, "createdAt": at.as_millis(), "source": new.source,
        "type": new.kind, "worldId": new.world.world_id, "serverId": new.server,
    });
    if let (Some(metadata), Value::Object(told)) = (new.metadata, &mut told) {
        told.insert("metadata".to_owned(), metadata);
    }
    Ok(data(StatusCode::CREATED, told))
}

async fn list(asked: Asked) -> Answer {
    let (_, agent) = running(&asked).await?;
    let rooms = rooms::all(asked.engine(), &asked.caller, &agent).await?;
    let rooms: Vec<Value> = rooms.iter().map(|room| room.told(&agent.id, None)).collect();
    Ok(data(StatusCode::OK, json!({ "rooms": rooms })))
}

async fn details(asked: Asked) -> Answer {
    let (_, agent) = running(&asked).await?;
    let id = asked.id(1, "room")?;
    let room = rooms::find(asked.engine(), &asked.caller, &agent, &id).await?;
    let room = room.ok_or_else(|| ElizaError::not_found("Room not found"))?;
    let world = room.world_name(asked.engine(), &asked.caller).await?;
    Ok(data(StatusCode::OK, room.told(&agent.id, world.as_deref())))
}

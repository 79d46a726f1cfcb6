//! Routes: groups, which are a room for each of several agents in one world.

use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::directory::Directory;
use super::super::errors::ElizaError;
use super::super::ids;
use super::super::kept::KeptRoom;
use super::super::media::{self, Shelf};
use super::super::memories::forget;
use super::super::request::{Answer, Asked, data};
use super::super::rooms::{self, NewRoom};
use super::rooms::{id, text};
use crate::domain::{ErrorCode, Timestamp};
use crate::engine::Forget;
use crate::http::{Route, Routes, empty, json as reply};

/// Most agents of one group.
const MOST: usize = 256;
/// Where rooms of a group are said to come from.
const SOURCE: &str = "client";
/// Their kind.
const KIND: &str = "API";

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::post("/api/memory/groups/{serverId}", create).about("Makes a room in one world for each of several agents"),
        Route::delete("/api/memory/groups/{serverId}", remove).about("Removes the rooms of a world"),
        Route::delete("/api/memory/groups/{serverId}/memories", clear).about("Makes agents forget what was said in a world"),
    ]
}

/// The name of a group that has none: when it was made, as people in the United States write it.
fn usual_name(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default().to_zoned(TimeZone::UTC);
    format!("Chat {}", at.strftime("%-m/%-d/%Y, %-I:%M:%S %p"))
}

async fn create(asked: Asked) -> Answer {
    let server = asked.id(0, "server")?;
    let body = asked.body()?;
    let given = body.get("agentIds").and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let given = given.ok_or_else(|| ElizaError::bad("BAD_REQUEST", "agentIds must be a non-empty array"))?;
    if given.len() > MOST {
        return Err(ElizaError::bad("BAD_REQUEST", format!("agentIds must be an array of at most {MOST}")));
    }
    let name = text(&body, "name")?.unwrap_or_else(|| usual_name(asked.door.clock.now()));
    let world = id(&body, "worldId", "world")?;
    let metadata = body.get("metadata").filter(|metadata| !metadata.is_null()).cloned();
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    let (mut made, mut failed) = (Vec::new(), Vec::new());
    for agent in given {
        let shown = agent.as_str().map_or_else(|| agent.to_string(), str::to_owned);
        let known = directory.by_id(&shown.to_ascii_lowercase()).filter(|known| known.active);
        let fault = |details: String| json!({ "agentId": shown, "code": "CREATE_ERROR", "message": "Failed to Create group", "details": details });
        let Some(known) = known else {
            failed.push(fault(format!("Agent not found: {shown}")));
            continue;
        };
        let world_id = world.clone().unwrap_or_else(|| ids::seen_by(&server, &known.id));
        let new = NewRoom {
            id: ids::seen_by(&server, &known.id),
            name: name.clone(),
            server: server.clone(),
            kind: KIND.to_owned(),
            source: SOURCE.to_owned(),
            metadata: metadata.clone(),
            world: KeptRoom { world_id: world_id.clone() },
        };
        match rooms::make(asked.engine(), &asked.caller, known, new).await {
            Ok(room) => made.push(json!({
                "id": room.id, "name": name, "source": SOURCE, "worldId": world_id, "type": KIND,
            })),
            Err(error) => failed.push(fault(error.message)),
        }
    }
    if failed.is_empty() {
        return Ok(data(StatusCode::CREATED, made));
    }
    if made.is_empty() {
        return Ok(reply(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "success": false, "error": failed })));
    }
    Ok(reply(StatusCode::MULTI_STATUS, &json!({ "success": false, "data": made, "errors": failed })))
}

/// What an address names: a world, or the server of a group.
fn group_id(asked: &Asked, what: &str) -> Result<String, ElizaError> {
    let id = asked.named(0);
    if ids::is_id(id) { Ok(id.to_ascii_lowercase()) } else { Err(ElizaError::bad("INVALID_ID", what.to_owned())) }
}

async fn remove(asked: Asked) -> Answer {
    let id = group_id(&asked, "Invalid serverId (worldId) format")?;
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    let group = rooms::group(asked.engine(), &asked.caller, &directory, &id).await?;
    for room in group.rooms {
        match asked.engine().delete(&asked.caller, &room.session.id).await {
            Err(error) if error.code == ErrorCode::NotFound => {}
            removed => {
                removed?;
                media::remove_all(asked.engine(), Shelf::Channels, room.id()).await?;
            }
        }
    }
    // Channels are not only of one world: what the agent has of them goes, and they stay.
    for (agent, channel) in group.seen {
        forget(asked.engine(), &asked.caller, &agent, Forget::Session(channel.session.id)).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

async fn clear(asked: Asked) -> Answer {
    let id = group_id(&asked, "Invalid serverId (worldId) format")?;
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    let group = rooms::group(asked.engine(), &asked.caller, &directory, &id).await?;
    let own = group.rooms.into_iter().flat_map(|room| {
        let agents: Vec<String> = room.agents().into_iter().map(str::to_owned).collect();
        agents.into_iter().map(move |agent| (agent, room.clone()))
    });
    for (agent, channel) in own.chain(group.seen) {
        forget(asked.engine(), &asked.caller, &agent, Forget::Session(channel.session.id)).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_a_name_is_named_after_its_time() {
        assert_eq!(usual_name(Timestamp::from_millis(1_795_151_997_000)), "Chat 11/20/2026, 5:19:57 AM");
    }
}

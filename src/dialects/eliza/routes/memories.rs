//! Routes: what agents are shown, and how it is amended and forgotten.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::directory::{Directory, Known};
use super::super::errors::ElizaError;
use super::super::memories::{MESSAGES, Of, Wanted};
use super::super::request::{Answer, Asked, data};
use super::super::rooms::{self, Room};
use super::super::{channels, ids};
use crate::engine::Forget;
use crate::http::{Route, Routes, empty};

/// Memories of a room when nobody says how many.
const USUAL: usize = 20;
/// Most memories of a room in one answer.
const MOST: usize = 1_000;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    let both = |[own, other]: [&'static str; 2], route: fn(&'static str) -> Route| [route(own), route(other)];
    let all = ["/api/agents/{agentId}/memories", "/api/memory/{agentId}/memories"];
    let one = ["/api/agents/{agentId}/memories/{memoryId}", "/api/memory/{agentId}/memories/{memoryId}"];
    let of_room = ["/api/agents/{agentId}/memories/all/{roomId}", "/api/memory/{agentId}/memories/all/{roomId}"];
    let in_room = ["/api/agents/{agentId}/rooms/{roomId}/memories", "/api/memory/{agentId}/rooms/{roomId}/memories"];
    let tables = [
        both(all, |path| Route::get(path, list).about("What an agent is shown, the newest first")),
        both(one, |path| Route::patch(path, amend).about("Changes what an agent is shown, for it alone")),
        both(one, |path| Route::delete(path, forget_one).about("Makes an agent forget one memory")),
        both(of_room, |path| Route::delete(path, forget_room).about("Makes an agent forget a room")),
        both(all, |path| Route::delete(path, forget_all).about("Makes an agent forget everything")),
        both(in_room, |path| Route::get(path, list_room).about("What an agent is shown of a room")),
    ];
    tables.into_iter().flatten().collect()
}

/// The agent that an address names at its first place, when it takes work, and who is who.
///
/// # Errors
/// `INVALID_ID`, `NOT_FOUND`.
pub async fn running(asked: &Asked) -> Result<(Directory, Known), ElizaError> {
    let id = asked.id(0, "agent")?;
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    let known = directory.by_id(&id).filter(|known| known.active).cloned();
    Ok((directory, known.ok_or_else(|| ElizaError::not_found("Agent not found"))?))
}

/// The id that an address names in its query.
fn query_id(asked: &Asked, key: &str, what: &str) -> Result<Option<String>, ElizaError> {
    match asked.query(key) {
        Some(id) if !ids::is_id(&id) => Err(ElizaError::bad_id(what)),
        id => Ok(id.map(|id| id.to_ascii_lowercase())),
    }
}

async fn list(asked: Asked) -> Answer {
    let (directory, agent) = running(&asked).await?;
    let (room, channel) = (query_id(&asked, "roomId", "room")?, query_id(&asked, "channelId", "channel")?);
    let (engine, caller) = (asked.engine(), &asked.caller);
    let of = Of { engine, caller, directory: &directory, agent: &agent };
    let table = asked.query("tableName").unwrap_or_else(|| MESSAGES.to_owned());
    // A channel is told as the room that the agent sees of it, and wins.
    let room_id = channel.as_ref().map(|channel| ids::seen_by(channel, &agent.id)).or(room);
    if table != MESSAGES {
        let memories = of.others(Some(&table), room_id.as_deref(), Wanted::default()).await?;
        return Ok(data(StatusCode::OK, json!({ "memories": memories })));
    }
    let memories = match (&channel, &room_id) {
        (Some(channel), _) => {
            let there = channels::find(engine, caller, channel).await?;
            match there.filter(|channel| rooms::takes_part(channel, &agent)) {
                Some(channel) => of.list(&[], Some(&Room::of(channel, &agent.id)), Wanted::default()).await?,
                None => Vec::new(),
            }
        }
        (None, Some(room)) => match rooms::find(engine, caller, &agent, room).await? {
            Some(room) => of.list(&[], Some(&room), Wanted::default()).await?,
            None => Vec::new(),
        },
        (None, None) => {
            let rooms = rooms::all(engine, caller, &agent).await?;
            of.list(&rooms, None, Wanted::default()).await?
        }
    };
    Ok(data(StatusCode::OK, json!({ "memories": memories })))
}

async fn list_room(asked: Asked) -> Answer {
    let (directory, agent) = running(&asked).await?;
    let room = asked.id(1, "room")?;
    let (engine, caller) = (asked.engine(), &asked.caller);
    let of = Of { engine, caller, directory: &directory, agent: &agent };
    let limit = asked.query("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0).unwrap_or(USUAL);
    let wanted = Wanted { limit: limit.min(MOST), before: asked.query("before").and_then(|before| before.parse().ok()) };
    let memories = match asked.query("tableName").filter(|table| table != MESSAGES) {
        Some(table) => of.others(Some(&table), Some(&room), wanted).await?,
        None => match rooms::find(engine, caller, &agent, &room).await? {
            Some(room) => of.list(&[], Some(&room), wanted).await?,
            None => Vec::new(),
        },
    };
    Ok(data(StatusCode::OK, json!({ "memories": memories })))
}

async fn amend(asked: Asked) -> Answer {
    let (directory, agent) = running(&asked).await?;
    let id = asked.id(1, "memory")?;
    let change = asked.body()?;
    let of = Of { engine: asked.engine(), caller: &asked.caller, directory: &directory, agent: &agent };
    let table = ["type", "tableName"].iter().find_map(|key| change.get(*key)?.as_str()).map(str::to_owned);
    let table = table.or_else(|| asked.query("tableName")).filter(|table| table != MESSAGES);
    if let Some(place) = of.find(&id).await? {
        let content = change.get("content").unwrap_or(&Value::Null);
        let text = content.get("text").unwrap_or(content).as_str();
        let text = text.ok_or_else(|| {
            ElizaError::bad("BAD_REQUEST", "Only the text of a message can be changed")
                .details("send {\"content\":{\"text\":…}}")
        })?;
        of.amend(&place, text).await?;
    } else if let Some(table) = table {
        of.keep(&id, &table, change, asked.door.clock.now().as_millis()).await?;
    } else if let Some(there) = of.kept(&id).await? {
        let table = there.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        of.keep(&id, &table, change, asked.door.clock.now().as_millis()).await?;
    } else {
        return Err(ElizaError::not_found("Memory not found"));
    }
    Ok(data(StatusCode::OK, json!({ "id": id, "message": "Memory updated successfully" })))
}

async fn forget_one(asked: Asked) -> Answer {
    let (directory, agent) = running(&asked).await?;
    let id = asked.id(1, "memory")?;
    let of = Of { engine: asked.engine(), caller: &asked.caller, directory: &directory, agent: &agent };
    match of.find(&id).await? {
        Some(place) => {
            let what = Forget::Message { session: place.session, message: place.message };
            of.forget(what).await?;
        }
        None => drop(of.remove_other(&id).await?),
    }
    Ok(data(StatusCode::OK, json!({ "message": "Memory deleted successfully" })))
}

async fn forget_room(asked: Asked) -> Answer {
    let (directory, agent) = running(&asked).await?;
    let room = asked.named(1);
    if !ids::is_id(room) {
        return Err(ElizaError::bad("INVALID_ID", "Invalid room ID"));
    }
    let of = Of { engine: asked.engine(), caller: &asked.caller, directory: &directory, agent: &agent };
    if let Some(room) = rooms::find(asked.engine(), &asked.caller, &agent, room).await? {
        of.forget(Forget::Session(room.channel.session.id)).await?;
    }
    of.remove_others(Some(room)).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

async fn forget_all(asked: Asked) -> Answer {
    let (directory, agent) = running(&asked).await?;
    let of = Of { engine: asked.engine(), caller: &asked.caller, directory: &directory, agent: &agent };
    let mut deleted = of.forget(Forget::Everything).await?;
    deleted += of.remove_others(None).await?;
    let answer = json!({ "deleted": deleted, "message": "All agent memories cleared successfully" });
    Ok(data(StatusCode::OK, answer))
}

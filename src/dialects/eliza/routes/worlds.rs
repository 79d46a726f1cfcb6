//! Routes: worlds.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::dialects::eliza::agents::{id_of, status};
use crate::dialects::eliza::errors::ElizaError;
use crate::dialects::eliza::request::{Answer, Asked, data};
use crate::dialects::eliza::worlds::{self, WorldChange};
use crate::http::{Route, Routes};

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::get("/api/agents/worlds", list).about("The worlds of the agents that take work"),
        Route::post("/api/agents/{agent_id}/worlds", create).about("Makes a world of an agent"),
        Route::patch("/api/agents/{agent_id}/worlds/{world_id}", update).about("Changes a world of an agent"),
    ]
}

async fn list(asked: Asked) -> Answer {
    let items = asked.engine().agents(&asked.caller).await?;
    let agents: Vec<String> = items.values().filter(|item| status(item) == "active").map(id_of).collect();
    if agents.is_empty() {
        return Err(ElizaError::not_found("No active agents found to get worlds"));
    }
    let worlds = worlds::list(asked.engine(), &asked.caller, &agents).await?;
    Ok(data(StatusCode::OK, json!({ "worlds": worlds })))
}

/// A name that is no empty text.
fn name(body: &Map<String, Value>) -> Option<String> {
    body.get("name").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn metadata(body: &mut Map<String, Value>) -> Result<Option<Map<String, Value>>, ElizaError> {
    match body.remove("metadata") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(metadata)) => Ok(Some(metadata)),
        Some(_) => Err(ElizaError::bad("BAD_REQUEST", "World metadata must be an object")),
    }
}

async fn create(asked: Asked) -> Answer {
    let item = asked.running_agent().await?;
    let mut body = asked.body()?;
    let Some(name) = name(&body) else { return Err(ElizaError::bad("BAD_REQUEST", "World name is required")) };
    let metadata = metadata(&mut body)?.map(Value::Object);
    let server = ["serverId", "messageServerId"].iter().find_map(|key| body.get(*key)?.as_str()).map(str::to_owned);
    let world = worlds::make(&asked.door, &asked.caller, &id_of(&item), &name, (server, metadata)).await?;
    Ok(data(StatusCode::CREATED, json!({ "world": world })))
}

async fn update(asked: Asked) -> Answer {
    let item = asked.running_agent().await?;
    let id = asked.id(1, "world")?;
    let mut body = asked.body()?;
    let change = WorldChange { name: name(&body), metadata: metadata(&mut body)? };
    let world = worlds::change(asked.engine(), &asked.caller, &id_of(&item), &id, &change).await?;
    Ok(data(StatusCode::OK, json!({ "world": world })))
}

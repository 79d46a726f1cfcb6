//! Worlds: what an agent takes the servers for in which it is. They are documents on the shelf.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::agents::shelf;
use super::errors::ElizaError;
use super::ids;
use crate::domain::{Error, ErrorCode, Principal, Result};
use crate::engine::{Engine, Expected};
use crate::http::Door;

/// Documents that are read at once.
const PAGE: usize = 1_000;
/// How often a change that others have overtaken is tried again.
const TRIES: usize = 16;

/// A world.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct World {
    /// Its id.
    pub id: String,
    /// The agent whose world it is.
    pub agent_id: String,
    /// What people call it.
    pub name: String,
    /// What its makers say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// The server that it stands for.
    pub server_id: String,
    /// When it was made.
    pub created_at: String,
}

/// What is to change about a world.
#[derive(Clone, Debug, Default)]
pub struct WorldChange {
    /// Its name.
    pub name: Option<String>,
    /// What is merged into what its makers say of it; null takes away.
    pub metadata: Option<Map<String, Value>>,
}

fn place() -> crate::engine::ShelfPlace {
    shelf("worlds")
}

/// All worlds of some agents, by age.
///
/// # Errors
/// As of any verb.
pub async fn list(engine: &dyn Engine, caller: &Principal, agents: &[String]) -> Result<Vec<World>> {
    let (mut worlds, mut after) = (Vec::new(), None);
    loop {
        let page = engine.shelves().shelf_list(caller, &place(), after.as_deref(), PAGE).await?;
        let read = page.documents.into_iter().filter_map(|document| serde_json::from_value::<World>(document.value).ok());
        worlds.extend(read.filter(|world| agents.contains(&world.agent_id)));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    worlds.sort_by(|one, other| (&one.created_at, &one.id).cmp(&(&other.created_at, &other.id)));
    Ok(worlds)
}

/// One world.
///
/// # Errors
/// As of any verb.
pub async fn get(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<Option<World>> {
    let found = engine.shelves().shelf_get(caller, &place(), id).await?;
    Ok(found.and_then(|document| serde_json::from_value(document.value).ok()))
}

/// Makes a world; `server` absent = one that is named by the moment.
///
/// # Errors
/// As of any verb.
pub async fn make(
    door: &Door,
    caller: &Principal,
    agent: &str,
    name: &str,
    (server, metadata): (Option<String>, Option<Value>),
) -> Result<World> {
    let now = door.clock.now();
    let world = World {
        id: ids::of_name(&format!("world:{}", door.clock.new_id())),
        agent_id: agent.to_owned(),
        name: name.to_owned(),
        metadata,
        server_id: server.unwrap_or_else(|| format!("server-{}", now.as_millis())),
        created_at: now.to_string(),
    };
    put(&*door.engine, caller, &world, Expected::Nothing).await?;
    Ok(world)
}

async fn put(engine: &dyn Engine, caller: &Principal, world: &World, expected: Expected) -> Result<()> {
    let value =
        serde_json::to_value(world).map_err(|error| Error::internal(format!("a world cannot be written: {error}")))?;
    engine.shelves().shelf_put(caller, &place(), &world.id, value, expected).await.map(drop)
}

/// Changes a world of an agent.
///
/// # Errors
/// 404 `World not found`.
pub async fn change(
    engine: &dyn Engine,
    caller: &Principal,
    agent: &str,
    id: &str,
    change: &WorldChange,
) -> std::result::Result<World, ElizaError> {
    for _ in 0..TRIES {
        let missing = || ElizaError::not_found("World not found");
        let document = engine.shelves().shelf_get(caller, &place(), id).await?.ok_or_else(missing)?;
        let mut world: World = serde_json::from_value(document.value).map_err(|_| missing())?;
        if world.agent_id != agent {
            return Err(missing());
        }
        if let Some(name) = &change.name {
            world.name.clone_from(name);
        }
        if let Some(metadata) = &change.metadata {
            let mut merged = match world.metadata.take() {
                Some(Value::Object(merged)) => merged,
                _ => Map::new(),
            };
            for (key, value) in metadata {
                if value.is_null() {
                    merged.shift_remove(key);
                } else {
                    merged.insert(key.clone(), value.clone());
                }
            }
            world.metadata = Some(Value::Object(merged));
        }
        match put(engine, caller, &world, Expected::Revision(document.revision)).await {
            Err(error) if error.code == ErrorCode::Conflict => {}
            put => return Ok(put.map(|()| world)?),
        }
    }
    Err(Error::new(ErrorCode::Busy, "the world is being changed by others all the time").hint("try again").into())
}

/// Takes the worlds of an agent away: it is gone itself.
///
/// # Errors
/// As of any verb.
pub async fn forget(engine: &dyn Engine, caller: &Principal, agent: &str) -> Result<()> {
    for world in list(engine, caller, &[agent.to_owned()]).await? {
        engine.shelves().shelf_remove(caller, &place(), &world.id).await?;
    }
    Ok(())
}

//! Routes: agents.

use std::collections::BTreeMap;

use http::StatusCode;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::dialects::eliza::agents::{self, engine_name, full, id_of, listed, shown, status};
use crate::dialects::eliza::character::Character;
use crate::dialects::eliza::definition::{character_of, define};
use crate::dialects::eliza::errors::ElizaError;
use crate::dialects::eliza::kept::{self, KeptAgent};
use crate::dialects::eliza::media::{self, Shelf};
use crate::dialects::eliza::request::{Answer, Asked, data};
use crate::dialects::eliza::secrets::Seal;
use crate::dialects::eliza::{ids, memories, reading, secrets, worlds};
use crate::domain::{Agent, AgentState, ErrorCode};
use crate::engine::{AgentItem, Word};
use crate::http::{Route, Routes};

/// How often a change that others have overtaken is tried again.
const TRIES: usize = 16;
/// What an agent is told with beside its character: it is not among what can be changed.
const NOT_CHARACTER: [&str; 6] = ["id", "enabled", "createdAt", "updatedAt", "status", "server_id"];

/// What a definition and its secrets become.
type Made<T> = std::result::Result<T, ElizaError>;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::get("/api/agents", list).about("The agents, those that take work first"),
        Route::post("/api/agents", create).about("Makes an agent of a character"),
        Route::get("/api/agents/{agent_id}", read).about("An agent"),
        Route::patch("/api/agents/{agent_id}", update).about("Changes an agent"),
        Route::delete("/api/agents/{agent_id}", remove).about("Removes an agent"),
        Route::post("/api/agents/{agent_id}/start", start).about("Has an agent take work"),
        Route::post("/api/agents/{agent_id}/stop", stop).about("Has an agent take no more work"),
    ]
}

async fn list(asked: Asked) -> Answer {
    let mut items: Vec<AgentItem> = asked.engine().agents(&asked.caller).await?.into_values().collect();
    items.sort_by_cached_key(|item| (status(item) != "active", shown(item), id_of(item)));
    let agents: Vec<Value> = items.iter().map(listed).collect();
    Ok(data(StatusCode::OK, json!({ "agents": agents })))
}

async fn read(asked: Asked) -> Answer {
    Ok(data(StatusCode::OK, full(&asked.agent().await?)))
}

/// The character that a request brings, wherever it stands.
async fn given(asked: &Asked) -> Made<Value> {
    let mut body = asked.body()?;
    if let Some(character) = body.remove("characterJson").filter(|value| !value.is_null()) {
        return Ok(character);
    }
    if let Some(path) = body.get("characterPath").and_then(Value::as_str).filter(|path| !path.is_empty()) {
        return reading::character(&asked.door, &asked.caller, path).await;
    }
    match body.remove("agent").filter(|value| !value.is_null()) {
        Some(Value::Object(mut agent)) => {
            NOT_CHARACTER.iter().filter(|key| **key != "id").for_each(|key| drop(agent.remove(*key)));
            Ok(Value::Object(agent))
        }
        Some(other) => Ok(other),
        None => Err(reading::failed("No character configuration provided".to_owned())),
    }
}

/// A definition with the values of its secrets, of a character whose secrets are sealed.
async fn defined(
    asked: &Asked,
    mut agent: Agent,
    character: &Character,
    mut plain: BTreeMap<String, String>,
) -> std::result::Result<(Agent, BTreeMap<String, Word>), String> {
    let server = &asked.door.settings.server;
    let kept: KeptAgent = kept::read(&agent.attributes);
    let id = if kept.id.is_empty() { ids::of_name(character.name()) } else { kept.id };
    let names = secrets::names(character.all());
    // What it says itself counts before what the server gives it.
    plain.extend(secrets::of_house(server, character.name(), &id).into_iter().filter(|(name, _)| !names.contains(name)));
    let knowledge = reading::knowledge(&server.character_folders, character).await?;
    define(&mut agent, character, &plain, &knowledge);
    let values = plain.into_iter().map(|(name, value)| (name, Word::given(SecretString::from(value)))).collect();
    Ok((agent, values))
}

async fn create(asked: Asked) -> Answer {
    let given = given(&asked).await?;
    let Value::Object(mut sealed) = given else {
        return Err(reading::failed(Character::read(&given).err().unwrap_or_default()));
    };
    // First what is wrong with it, then what is secret in it: what is refused is told without its values.
    let read = |character: &Map<String, Value>| Character::read(&Value::Object(character.clone()));
    read(&sealed).map_err(reading::failed)?;
    let plain = Seal::of(&asked.door, &asked.caller).await?.seal_all(&mut sealed, &Map::new());
    let character = read(&sealed).map_err(reading::failed)?;
    let item = match existing(&asked, &character).await? {
        Some(item) => item,
        None => make(&asked, &character, plain).await?,
    };
    Ok(data(StatusCode::CREATED, json!({ "id": id_of(&item), "character": character.all() })))
}

/// The agent of the character's name, where there is one: it stays as it is.
async fn existing(asked: &Asked, character: &Character) -> Made<Option<AgentItem>> {
    agents::by_shown(asked.engine(), &asked.caller, character.name()).await
}

async fn make(asked: &Asked, character: &Character, plain: BTreeMap<String, String>) -> Made<AgentItem> {
    let (engine, caller, name) = (asked.engine(), &asked.caller, character.name());
    let chosen = character.text("id").to_ascii_lowercase();
    let items = engine.agents(caller).await?;
    let is_free = |id: &str| items.values().all(|item| id_of(item) != id);
    let mut kept = KeptAgent { name: name.to_owned(), character: character.all().clone(), ..KeptAgent::default() };
    if !chosen.is_empty() && is_free(&chosen) {
        kept.id = chosen;
    } else if !is_free(&ids::of_name(name)) {
        // Another agent has chosen the id that follows from this name.
        kept.id = asked.door.clock.new_id().to_string();
    }
    let mut agent = Agent { state: AgentState::Inactive, ..Agent::default() };
    kept::keep(&mut agent.attributes, &kept);
    let (mut agent, values) = defined(asked, agent, character, plain).await.map_err(reading::failed)?;
    let mut end = String::new();
    for _ in 0..TRIES {
        agent.name = engine_name(name, &end);
        match engine.agent_secrets().create_agent_with(caller, agent.clone(), values.clone()).await {
            // The name in the house is that of an agent which is shown by another; or somebody made this one meanwhile.
            Err(error) if error.code == ErrorCode::Conflict => {
                if let Some(item) = existing(asked, character).await? {
                    return Ok(item);
                }
                let id = asked.door.clock.new_id().simple().to_string();
                end = id.get(id.len().saturating_sub(8)..).unwrap_or_default().to_owned();
            }
            Err(error) if error.code == ErrorCode::InvalidInput => return Err(reading::failed(error.message)),
            made => return Ok(made?),
        }
    }
    Err(reading::failed(format!("agent '{}' is being made by others all the time", crate::config::printable(name))))
}

fn update_failed(why: String) -> ElizaError {
    ElizaError::bad("UPDATE_ERROR", why.clone()).details(why)
}

/// What an agent becomes by a change: settings are merged, everything else is replaced; null takes away.
fn merge(character: &mut Map<String, Value>, change: Map<String, Value>) {
    for (key, value) in change {
        match (key.as_str(), value) {
            ("settings", Value::Object(change)) => {
                let settings = character.entry("settings").or_insert_with(|| json!({}));
                if let Value::Object(settings) = settings {
                    merge_deeply(settings, change);
                } else {
                    *settings = Value::Object(change);
                }
            }
            (_, Value::Null) => drop(character.shift_remove(&key)),
            (_, value) => drop(character.insert(key, value)),
        }
    }
}

fn merge_deeply(into: &mut Map<String, Value>, change: Map<String, Value>) {
    for (key, value) in change {
        match (into.get_mut(&key), value) {
            (_, Value::Null) => drop(into.shift_remove(&key)),
            (Some(Value::Object(into)), Value::Object(change)) => merge_deeply(into, change),
            (_, Value::Object(change)) => {
                let mut fresh = Map::new();
                merge_deeply(&mut fresh, change);
                into.insert(key, Value::Object(fresh));
            }
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

async fn update(asked: Asked) -> Answer {
    let mut change = asked.body()?;
    NOT_CHARACTER.iter().for_each(|key| drop(change.remove(*key)));
    let seal = Seal::of(&asked.door, &asked.caller).await?;
    for _ in 0..TRIES {
        let item = asked.agent().await?;
        let before = character_of(&item);
        let mut sealed = before.clone();
        merge(&mut sealed, change.clone());
        let read = |character: &Map<String, Value>| Character::read(&Value::Object(character.clone()));
        read(&sealed).map_err(update_failed)?;
        let plain = seal.seal_all(&mut sealed, &before);
        let character = read(&sealed).map_err(update_failed)?;
        let mut kept = KeptAgent { name: character.name().to_owned(), id: id_of(&item), character: sealed };
        if kept.id == ids::of_name(&kept.name) {
            kept.id.clear();
        }
        if kept.name != shown(&item) && existing(&asked, &character).await?.is_some() {
            let name = crate::config::printable(&kept.name);
            return Err(update_failed(format!("an agent named '{name}' is there already")));
        }
        let mut agent = item.agent.clone();
        kept::keep(&mut agent.attributes, &kept);
        let (agent, values) = defined(&asked, agent, &character, plain).await.map_err(update_failed)?;
        let agents = asked.engine().agent_secrets();
        match agents.update_agent_with(&asked.caller, &named(&item), agent, Some(&item.revision), values).await {
            Err(error) if error.code == ErrorCode::Conflict => {}
            Err(error) if error.code == ErrorCode::InvalidInput => return Err(update_failed(error.message)),
            changed => return Ok(data(StatusCode::OK, full(&changed?))),
        }
    }
    Err(update_failed("the agent is being changed by others all the time".to_owned()))
}

/// What names an agent in the house, also when its name is another's meanwhile.
fn named(item: &AgentItem) -> String {
    item.id.as_ref().map_or_else(|| item.agent.name.clone(), ToString::to_string)
}

async fn remove(asked: Asked) -> Answer {
    let item = asked.agent().await?;
    asked.engine().remove_agent(&asked.caller, &named(&item)).await?;
    worlds::forget(asked.engine(), &asked.caller, &id_of(&item)).await?;
    super::logs::forget(asked.engine(), &asked.caller, &id_of(&item)).await?;
    memories::forget_tables(asked.engine(), &asked.caller, &id_of(&item)).await?;
    media::remove_all(asked.engine(), Shelf::Agents, &id_of(&item)).await?;
    Ok(crate::http::empty(StatusCode::NO_CONTENT))
}

async fn start(asked: Asked) -> Answer {
    let mut item = asked.agent().await?;
    if item.agent.state != AgentState::Active {
        item = asked.engine().set_agent_state(&asked.caller, &named(&item), AgentState::Active).await?;
    }
    Ok(data(StatusCode::OK, json!({ "id": id_of(&item), "name": shown(&item), "status": status(&item) })))
}

async fn stop(asked: Asked) -> Answer {
    let item = asked.running_agent().await?;
    asked.engine().set_agent_state(&asked.caller, &named(&item), AgentState::Inactive).await?;
    Ok(data(StatusCode::OK, json!({ "message": "Agent stopped" })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_merged_and_everything_else_is_replaced() {
        let object = |value: Value| if let Value::Object(map) = value { map } else { Map::new() };
        let mut character = object(json!({
            "name": "a", "topics": ["x"], "system": "s",
            "settings": {"voice": "v", "gone": 1, "secrets": {"A": "1", "B": "2"}, "deep": {"one": {"two": 2, "three": 3}}}
        }));
        merge(
            &mut character,
            object(json!({
                "topics": ["y"], "system": null, "adjectives": ["z"],
                "settings": {"gone": null, "secrets": {"A": null, "C": "3"}, "deep": {"one": {"two": null}}, "new": {"k": null}}
            })),
        );
        let expected = json!({
            "name": "a", "topics": ["y"], "adjectives": ["z"],
            "settings": {"voice": "v", "secrets": {"B": "2", "C": "3"}, "deep": {"one": {"three": 3}}, "new": {}}
        });
        assert_eq!(Value::Object(character), expected);
    }
}

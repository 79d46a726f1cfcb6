//! Agents of the house as this API names them: by an id that follows from the name, unless the character chose one.

use serde_json::{Map, Value, json};

use super::definition::character_of;
use super::errors::ElizaError;
use super::kept::{self, KeptAgent};
use super::{NAME, ids};
use crate::domain::{Agent, AgentState, Principal, Timestamp};
use crate::engine::{AgentItem, Engine};

/// The name that an agent is shown by.
pub fn shown(item: &AgentItem) -> String {
    let kept: KeptAgent = kept::read(&item.agent.attributes);
    if kept.name.is_empty() { item.agent.name.clone() } else { kept.name }
}

/// The id of an agent.
pub fn id_of(item: &AgentItem) -> String {
    let kept: KeptAgent = kept::read(&item.agent.attributes);
    if !kept.id.is_empty() {
        return kept.id;
    }
    ids::of_name(if kept.name.is_empty() { &item.agent.name } else { &kept.name })
}

/// Whether it takes work, as this API says it.
pub fn status(item: &AgentItem) -> &'static str {
    if item.agent.state == AgentState::Active { "active" } else { "inactive" }
}

/// An agent as lists tell it.
pub fn listed(item: &AgentItem) -> Value {
    let (name, character) = (shown(item), character_of(item));
    let bio = match character.get("bio") {
        Some(Value::Array(lines)) => lines.first().cloned().unwrap_or_default(),
        Some(bio) => bio.clone(),
        None => Value::Null,
    };
    let bio = if bio.is_null() { json!("") } else { bio };
    json!({ "id": id_of(item), "name": name, "characterName": name, "bio": bio, "status": status(item) })
}

/// An agent, whole.
pub fn full(item: &AgentItem) -> Value {
    let mut character = character_of(item);
    let millis = |at: Option<Timestamp>| at.map_or(0, |at| at.as_millis());
    let mut agent = Map::new();
    agent.insert("id".to_owned(), json!(id_of(item)));
    agent.insert("enabled".to_owned(), json!(true));
    agent.insert("createdAt".to_owned(), json!(millis(item.created_at)));
    agent.insert("updatedAt".to_owned(), json!(millis(item.updated_at)));
    agent.insert("name".to_owned(), json!(shown(item)));
    for (key, otherwise) in [("username", json!("")), ("system", json!("")), ("bio", json!([]))] {
        agent.insert(key.to_owned(), character.remove(key).unwrap_or(otherwise));
    }
    for key in ["messageExamples", "postExamples", "topics", "adjectives", "knowledge", "plugins"] {
        agent.insert(key.to_owned(), character.remove(key).unwrap_or_else(|| json!([])));
    }
    for key in ["settings", "style"] {
        agent.insert(key.to_owned(), character.remove(key).unwrap_or_else(|| json!({})));
    }
    agent.insert("status".to_owned(), json!(status(item)));
    Value::Object(agent)
}

/// A name of the house for an agent that is shown by another: its letters, digits, `_` and `-`, and an end that tells it
/// from others of which the same would be made.
pub fn engine_name(shown: &str, end: &str) -> String {
    /// What is left for the name itself, in bytes.
    const ROOM: usize = 48;
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let words: Vec<&str> = shown.split(|sign: char| !is_sign(sign)).filter(|word| !word.is_empty()).collect();
    let mut name: String = words.join("-").chars().take(ROOM).collect();
    name.truncate(name.trim_end_matches('-').len());
    if name.is_empty() || ids::is_id(&name) {
        name.insert_str(0, "agent");
    }
    if !end.is_empty() {
        name.push('-');
        name.push_str(end);
    }
    debug_assert!(Agent::is_name(&name), "{name}");
    name
}

/// An agent by the name that it is shown by.
///
/// # Errors
/// As of any verb.
pub async fn by_shown(engine: &dyn Engine, caller: &Principal, name: &str) -> Result<Option<AgentItem>, ElizaError> {
    Ok(engine.agents(caller).await?.into_values().find(|item| shown(item) == name))
}

/// An agent by its id.
///
/// # Errors
/// 404 `NOT_FOUND`.
pub async fn by_id(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<AgentItem, ElizaError> {
    let all = engine.agents(caller).await?;
    let found = all.into_values().find(|item| id_of(item).eq_ignore_ascii_case(id));
    found.ok_or_else(|| ElizaError::not_found("Agent not found"))
}

/// An agent that takes work.
///
/// # Errors
/// 404 `NOT_FOUND`, also for one that takes none.
pub async fn running(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<AgentItem, ElizaError> {
    let item = by_id(engine, caller, id).await?;
    if item.agent.state == AgentState::Active { Ok(item) } else { Err(ElizaError::not_found("Agent not found")) }
}

/// Where this API keeps documents of a kind.
pub fn shelf(kind: &str) -> crate::engine::ShelfPlace {
    crate::engine::ShelfPlace::new(NAME, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_name_becomes_a_name_of_the_house() {
        for (shown, end, name) in [
            ("Acceptance", "", "Acceptance"),
            ("Ada Lovelace!", "", "Ada-Lovelace"),
            ("  a_b -- c ", "", "a_b-c"),
            ("日本", "", "agent"),
            ("Ada", "1f", "Ada-1f"),
            ("", "1f", "agent-1f"),
        ] {
            assert_eq!(engine_name(shown, end), name, "{shown}");
        }
        let long = engine_name(&"x".repeat(255), "0123456789ab");
        assert!(Agent::is_name(&long), "{long}");
        let id = "11111111-2222-4333-8444-555555555555";
        assert_eq!(engine_name(id, ""), format!("agent{id}"));
    }
}

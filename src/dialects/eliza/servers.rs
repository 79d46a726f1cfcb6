//! Servers: what channels are grouped under, and which agents are on each. They lie on a shelf; one is always there.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::directory::Directory;
use super::errors::ElizaError;
use super::{agents, ids};
use crate::domain::{Clock, ErrorCode, Principal, Timestamp};
use crate::engine::{Engine, Expected, ShelfPlace};

/// How often a change is tried when others change the same server at that moment.
const TRIES: usize = 50;
/// Most servers that are listed.
const LISTED: usize = 1_000;
/// Most agents of one server.
const AGENTS: usize = 1_000;

/// A server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Server {
    /// Its id.
    #[serde(skip)]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Which kind of client it comes from.
    pub source_type: String,
    /// Its id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// What its makers say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// The ids of the agents that were put on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<String>,
    /// The ids of the agents that were taken from it: all that take work are on the server that is always there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
}

impl Server {
    fn always() -> Self {
        Self {
            id: ids::DEFAULT_SERVER.to_owned(),
            name: "Default Server".to_owned(),
            source_type: "eliza_default".to_owned(),
            ..Self::default()
        }
    }

    /// As clients are told it.
    pub fn told(&self) -> Value {
        let mut told = Map::new();
        let mut add = |key: &str, value: Option<Value>| drop(value.map(|value| told.insert(key.to_owned(), value)));
        add("id", Some(json!(self.id)));
        add("name", Some(json!(self.name)));
        add("sourceType", Some(json!(self.source_type)));
        add("sourceId", self.source_id.as_ref().map(|id| json!(id)));
        add("metadata", self.metadata.clone());
        add("createdAt", Some(json!(self.created_at)));
        add("updatedAt", Some(json!(self.created_at)));
        Value::Object(told)
    }

    /// Whether an agent is on it.
    pub fn has(&self, id: &str, is_active: bool) -> bool {
        let is_put = self.agents.iter().any(|agent| agent == id);
        is_put || self.id == ids::DEFAULT_SERVER && is_active && !self.without.iter().any(|agent| agent == id)
    }

    /// The ids of the agents that are on it.
    pub fn agents_of(&self, directory: &Directory) -> Vec<String> {
        let there = directory.all().filter(|known| self.has(&known.id, known.active));
        there.map(|known| known.id.clone()).collect()
    }
}

fn place() -> ShelfPlace {
    agents::shelf("servers")
}

/// The id of a server as clients write it: `0` is the one that is always there.
pub fn id(text: &str) -> Option<String> {
    match text {
        "0" => Some(ids::DEFAULT_SERVER.to_owned()),
        text if ids::is_id(text) => Some(text.to_ascii_lowercase()),
        _ => None,
    }
}

/// One server, with the revision of its document.
async fn read(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<Option<(Server, Expected)>, ElizaError> {
    let Some(document) = engine.shelves().shelf_get(caller, &place(), id).await? else {
        let always = (id == ids::DEFAULT_SERVER).then(|| (Server::always(), Expected::Nothing));
        return Ok(always);
    };
    let mut server: Server = serde_json::from_value(document.value).unwrap_or_default();
    id.clone_into(&mut server.id);
    Ok(Some((server, Expected::Revision(document.revision))))
}

/// One server; `None` when it is not there.
///
/// # Errors
/// As the engine tells them.
pub async fn one(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<Option<Server>, ElizaError> {
    Ok(read(engine, caller, id).await?.map(|(server, _)| server))
}

/// All servers: the one that is always there first, then the oldest first.
///
/// # Errors
/// As the engine tells them.
pub async fn all(engine: &dyn Engine, caller: &Principal, clock: &dyn Clock) -> Result<Vec<Server>, ElizaError> {
    begin(engine, caller, clock).await;
    let page = engine.shelves().shelf_list(caller, &place(), None, LISTED).await?;
    let mut servers: Vec<Server> = page
        .documents
        .into_iter()
        .map(|document| Server { id: document.id, ..serde_json::from_value(document.value).unwrap_or_default() })
        .collect();
    if servers.iter().all(|server| server.id != ids::DEFAULT_SERVER) {
        servers.push(Server::always());
    }
    servers.sort_by_key(|server| (server.id != ids::DEFAULT_SERVER, server.created_at, server.id.clone()));
    Ok(servers)
}

/// Notes when the server that is always there was first seen. Who may not write is shown it without.
async fn begin(engine: &dyn Engine, caller: &Principal, clock: &dyn Clock) {
    if let Ok(Some((always, Expected::Nothing))) = read(engine, caller, ids::DEFAULT_SERVER).await {
        let always = Server { created_at: clock.now(), ..always };
        let written = serde_json::to_value(&always).unwrap_or_default();
        let _ = engine.shelves().shelf_put(caller, &place(), &always.id, written, Expected::Nothing).await;
    }
}

/// Makes one.
///
/// # Errors
/// As the engine tells them.
pub async fn create(engine: &dyn Engine, caller: &Principal, server: &Server) -> Result<(), ElizaError> {
    let written = serde_json::to_value(server).unwrap_or_default();
    engine.shelves().shelf_put(caller, &place(), &server.id, written, Expected::Nothing).await?;
    Ok(())
}

/// Puts an agent on a server, or takes it from there. `None` = there is no such server.
///
/// # Errors
/// As the engine tells them; 413 when too many are on it.
pub async fn put_agent(
    engine: &dyn Engine,
    caller: &Principal,
    id: &str,
    agent: &str,
    is_on: bool,
) -> Result<Option<Server>, ElizaError> {
    for _ in 0..TRIES {
        let Some((mut server, expected)) = read(engine, caller, id).await? else { return Ok(None) };
        server.agents.retain(|there| there != agent);
        server.without.retain(|there| there != agent);
        let list = if is_on { &mut server.agents } else { &mut server.without };
        list.push(agent.to_owned());
        if id != ids::DEFAULT_SERVER {
            server.without.clear();
        }
        if server.agents.len().max(server.without.len()) > AGENTS {
            let status = http::StatusCode::PAYLOAD_TOO_LARGE;
            return Err(ElizaError::new(status, "BAD_REQUEST", format!("a server has at most {AGENTS} agents")));
        }
        let written = serde_json::to_value(&server).unwrap_or_default();
        match engine.shelves().shelf_put(caller, &place(), id, written, expected).await {
            Ok(_) => return Ok(Some(server)),
            Err(error) if error.code == ErrorCode::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ElizaError::new(http::StatusCode::CONFLICT, "CONFLICT", "others change this server again and again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_without_what_it_has_not() {
        let server = Server { id: "i".into(), name: "n".into(), source_type: "t".into(), ..Server::default() };
        let at = "1970-01-01T00:00:00.000Z";
        assert_eq!(server.told(), json!({"id": "i", "name": "n", "sourceType": "t", "createdAt": at, "updatedAt": at}));
    }

    #[test]
    fn all_that_take_work_are_on_the_one_that_is_always_there() {
        let mut always = Server::always();
        assert_eq!((always.has("a", true), always.has("a", false)), (true, false));
        always.without.push("a".into());
        assert!(!always.has("a", true));
        let other = Server { id: "s".into(), agents: vec!["a".into()], ..Server::default() };
        assert_eq!((other.has("a", false), other.has("b", true)), (true, false));
        assert_eq!((id("0"), id("x")), (Some(ids::DEFAULT_SERVER.to_owned()), None));
    }
}

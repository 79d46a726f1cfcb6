//! How agents lie in the store: as records that are changed by compare and put.
//!
//! - `agent`, by name: the agent that has the name now, whole; or [`FREE`], when it was removed. So of two who make an
//!   agent of one name, one wins, and whoever looks for a name reads one record.
//! - `agent_id`, by id: the name. It never changes, and is written first; an id that leads nowhere was never given out.
//! - `agent_archived`, by id: an agent that was removed, as it was.

use serde::{Deserialize, Serialize};

use crate::domain::{Actor, Agent, AgentId, Cause, Error, Result, Revision, Timestamp};
use crate::storage::{Record, Store};

const AGENT: &str = "agent";
const ID: &str = "agent_id";
const ARCHIVED: &str = "agent_archived";

/// The text of a name that is free again.
const FREE: &str = "{}";

/// An agent as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Its id.
    pub(super) id: AgentId,
    /// When it was made.
    pub(super) created_at: Timestamp,
    /// When its definition was last changed.
    pub(super) updated_at: Timestamp,
    /// When it was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) archived_at: Option<Timestamp>,
    /// Who wrote the definition.
    pub(super) by: Actor,
    /// Whether they administer the house.
    pub(super) trusted: bool,
    /// The definition by its content.
    pub(super) revision: Revision,
    /// The definition.
    pub(super) definition: Agent,
}

impl Kept {
    /// Its text in the store.
    pub(super) fn body(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::internal(format!("an agent cannot be written: {error}")))
    }
}

/// What stands under a name.
pub(super) enum Slot {
    /// Nothing ever did.
    New,
    /// The agent that did was removed.
    Free,
    /// An agent, with its text.
    Held(String, Box<Kept>),
}

impl Slot {
    /// The text of its record.
    pub(super) fn body(&self) -> Option<&str> {
        match self {
            Self::New => None,
            Self::Free => Some(FREE),
            Self::Held(body, _) => Some(body),
        }
    }
}

/// Whether a text has the form of an id. No name of an agent in the store has it.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn read(record: &Record) -> Result<Kept> {
    serde_json::from_str(&record.body).map_err(|error| {
        Error::store(Some(Cause::Corrupt), format!("agent `{}` of the store cannot be read: {error}", record.id))
            .hint("it may have been written by a newer version")
    })
}

/// What stands under a name.
pub(super) async fn slot(store: &dyn Store, name: &str) -> Result<Slot> {
    Ok(match store.record(AGENT, name).await? {
        None => Slot::New,
        Some(record) if record.body == FREE => Slot::Free,
        Some(record) => {
            let kept = read(&record)?;
            Slot::Held(record.body, Box::new(kept))
        }
    })
}

/// The agent that has a name or an id now, and was not removed.
pub(super) async fn held(store: &dyn Store, named: &str) -> Result<Option<Slot>> {
    if !is_id(named) {
        if !Agent::is_name(named) {
            return Ok(None);
        }
        let slot = slot(store, named).await?;
        return Ok(Some(slot).filter(|slot| matches!(slot, Slot::Held(..))));
    }
    let Some(Record { body: name, .. }) = store.record(ID, named).await? else { return Ok(None) };
    let slot = slot(store, &name).await?;
    Ok(Some(slot).filter(|slot| matches!(slot, Slot::Held(_, kept) if kept.id.as_str() == named)))
}

/// An agent by its name or its id; by its id also one that was removed.
pub(super) async fn find(store: &dyn Store, named: &str) -> Result<Option<Kept>> {
    if let Some(Slot::Held(_, kept)) = held(store, named).await? {
        return Ok(Some(*kept));
    }
    if !is_id(named) {
        return Ok(None);
    }
    store.record(ARCHIVED, named).await?.map(|record| read(&record)).transpose()
}

/// All that were not removed, by name.
pub(super) async fn all(store: &dyn Store) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    for record in store.records(AGENT).await?.iter().filter(|record| record.body != FREE) {
        match read(record) {
            Ok(kept) => all.push(kept),
            // One that cannot be read must not hide the others.
            Err(error) => tracing::warn!(%error, "an agent is left out"),
        }
    }
    Ok(all)
}

/// How many bytes each has that was not removed.
pub(super) async fn sizes(store: &dyn Store) -> Result<Vec<usize>> {
    let records = store.records(AGENT).await?;
    Ok(records.iter().filter(|record| record.body != FREE).map(|record| record.body.len()).collect())
}

/// Keeps which name an id leads to.
pub(super) async fn name_id(store: &dyn Store, id: &AgentId, name: &str) -> Result<()> {
    store.put_record(Record { kind: ID.to_owned(), id: id.to_string(), body: name.to_owned() }).await
}

/// Puts an agent under a name, if what stands there is still what was read; true when it was put.
pub(super) async fn put(store: &dyn Store, name: &str, body: &str, expected: Option<&str>) -> Result<bool> {
    let record = Record { kind: AGENT.to_owned(), id: name.to_owned(), body: body.to_owned() };
    store.put_record_if(record, expected).await
}

/// Keeps a removed agent as it was, and frees its name, if it was not changed meanwhile.
pub(super) async fn archive(store: &dyn Store, kept: &Kept, old: &str) -> Result<bool> {
    // First the copy: until the name is free, the agent itself is found before it.
    store.put_record(Record { kind: ARCHIVED.to_owned(), id: kept.id.to_string(), body: kept.body()? }).await?;
    put(store, &kept.definition.name, FREE, Some(old)).await
}

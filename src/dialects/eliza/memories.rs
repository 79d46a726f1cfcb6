//! Memories: what agents are shown of what was said, which is a view of the logs, and tables beside that which are kept on a
//! shelf as they were sent.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::directory::{Directory, Known};
use super::errors::ElizaError;
use super::ids;
use super::rooms::Room;
use super::told::Told;
use crate::domain::{ErrorCode, MessageId, Principal, SessionId};
use crate::engine::{Engine, Expected, Forget, Memory, ShelfPlace};

/// The table of what was said.
pub const MESSAGES: &str = "messages";
/// Most memories of one answer.
const MOST: usize = 10_000;
/// Rows of one page.
const PAGE: usize = 1_000;

/// An agent whose memories are meant, with what is needed to tell them.
pub struct Of<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Who asks.
    pub caller: &'a Principal,
    /// Who is who.
    pub directory: &'a Directory,
    /// The agent.
    pub agent: &'a Known,
}

/// Where a message stands that is a memory.
pub struct Place {
    /// Its session.
    pub session: SessionId,
    /// Its id.
    pub message: MessageId,
}

/// Which memories are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Most of them.
    pub limit: usize,
    /// Only those from before this moment, in milliseconds.
    pub before: Option<i64>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { limit: MOST, before: None }
    }
}

impl Of<'_> {
    /// The memories of all rooms, or of one, the newest first.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn list(&self, rooms: &[Room], only: Option<&Room>, wanted: Wanted) -> Result<Vec<Value>, ElizaError> {
        let rooms: HashMap<&str, &Room> =
            rooms.iter().chain(only).map(|room| (room.channel.session.id.as_str(), room)).collect();
        let limit = wanted.limit.min(MOST);
        let mut told = Vec::new();
        let mut pages = Pages::new(only.map(|room| &room.channel.session.id));
        while told.len() < limit {
            let Some(page) = pages.next(self).await? else { break };
            for memory in &page {
                let Some(room) = rooms.get(memory.session.as_str()) else { continue };
                if wanted.before.is_some_and(|before| memory.at.as_millis() >= before) || told.len() == limit {
                    continue;
                }
                told.extend(self.told(memory, room));
            }
        }
        Ok(told)
    }

    /// A memory as clients are told it; nothing where nobody said anything.
    fn told(&self, memory: &Memory, room: &Room) -> Option<Value> {
        let said = Told::of(&memory.message, None, &room.channel, self.directory)?;
        let agent = &self.agent.id;
        let is_own = said.author == *agent;
        let mut content = Map::new();
        let mut add = |key: &str, value: Option<Value>| drop(value.map(|value| content.insert(key.to_owned(), value)));
        add("text", Some(json!(said.text)));
        add("thought", said.thought().filter(|thought| thought.as_str() != Some("")).cloned());
        add("actions", said.actions().cloned());
        add("source", said.kept.source_type.as_ref().filter(|_| !is_own).map(|source| json!(source)));
        add("attachments", said.attachments().cloned());
        add("inReplyTo", said.kept.in_reply_to.as_ref().map(|id| json!(ids::seen_by(id, agent))));
        let metadata = if is_own { json!({}) } else { metadata(&said) };
        Some(json!({
            "id": ids::seen_by(memory.message.id.as_str(), agent),
            "type": MESSAGES,
            "createdAt": memory.at.as_millis(),
            "content": content,
            "entityId": ids::seen_by(&said.author, agent),
            "agentId": agent,
            "roomId": room.id,
            "unique": true,
            "metadata": metadata,
        }))
    }

    /// The text of a memory, as the agent is shown it; `None` when it is shown none such.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn text(&self, id: &str) -> Result<Option<String>, ElizaError> {
        Ok(self.search(id).await?.map(|memory| memory.message.text()).filter(|text| !text.trim().is_empty()))
    }

    /// Where the message of a memory stands; `None` when the agent is shown none such.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn find(&self, id: &str) -> Result<Option<Place>, ElizaError> {
        let found = self.search(id).await?;
        Ok(found.map(|memory| Place { session: memory.session, message: memory.message.id }))
    }

    async fn search(&self, id: &str) -> Result<Option<Memory>, ElizaError> {
        let mut pages = Pages::new(None);
        while let Some(page) = pages.next(self).await? {
            let is_it = |memory: &Memory| {
                let message = memory.message.id.as_str();
                message.eq_ignore_ascii_case(id) || ids::seen_by(message, &self.agent.id).eq_ignore_ascii_case(id)
            };
            if let Some(memory) = page.into_iter().find(is_it) {
                return Ok(Some(memory));
            }
        }
        Ok(None)
    }

    /// Puts another text in the place of a message, for this agent alone.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn amend(&self, place: &Place, text: &str) -> Result<(), ElizaError> {
        let memories = self.engine.memories();
        Ok(memories.amend(self.caller, &self.agent.agent, &place.session, &place.message, text).await?)
    }

    /// Makes the agent forget.
    ///
    /// # Errors
    /// As the engine tells them; what is not there is forgotten already.
    pub async fn forget(&self, what: Forget) -> Result<u64, ElizaError> {
        forget(self.engine, self.caller, &self.agent.agent, what).await
    }

    /// A memory of another table.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn kept(&self, id: &str) -> Result<Option<Value>, ElizaError> {
        let found = self.engine.shelves().shelf_get(self.caller, &self.shelf(), &id.to_ascii_lowercase()).await?;
        Ok(found.map(|document| document.value))
    }

    /// Keeps a memory of another table: what is sent takes the place of what was there, key by key.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn keep(&self, id: &str, table: &str, change: Map<String, Value>, now: i64) -> Result<(), ElizaError> {
        let there = self.kept(id).await?.and_then(|value| value.as_object().cloned());
        let mut memory = there.unwrap_or_else(|| {
            let mut memory = Map::new();
            for (key, value) in [
                ("type", json!(table)),
                ("createdAt", json!(now)),
                ("content", json!({})),
                ("entityId", json!(self.agent.id)),
                ("roomId", json!(self.agent.id)),
                ("unique", json!(true)),
                ("metadata", json!({})),
            ] {
                memory.insert(key.to_owned(), value);
            }
            memory
        });
        let fixed = ["id", "agentId", "tableName", "type"];
        memory.extend(change.into_iter().filter(|(key, _)| !fixed.contains(&key.as_str())));
        memory.insert("id".to_owned(), json!(id.to_ascii_lowercase()));
        memory.insert("agentId".to_owned(), json!(self.agent.id));
        let (place, id) = (self.shelf(), id.to_ascii_lowercase());
        self.engine.shelves().shelf_put(self.caller, &place, &id, Value::Object(memory), Expected::Anything).await?;
        Ok(())
    }

    /// The memories of another table, of one room or of all, the newest first.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn others(&self, table: Option<&str>, room: Option<&str>, wanted: Wanted) -> Result<Vec<Value>, ElizaError> {
        let mut found = kept(self.engine, self.caller, &self.shelf()).await?;
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let at = |value: &Value| value.get("createdAt").and_then(Value::as_i64).unwrap_or_default();
        found.retain(|value| {
            table.is_none_or(|table| text(value, "type") == table)
                && room.is_none_or(|room| text(value, "roomId").eq_ignore_ascii_case(room))
                && wanted.before.is_none_or(|before| at(value) < before)
        });
        found.sort_by_key(|value| std::cmp::Reverse((at(value), text(value, "id"))));
        found.truncate(wanted.limit);
        Ok(found)
    }

    /// Takes a memory of another table away; true when it was there.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn remove_other(&self, id: &str) -> Result<bool, ElizaError> {
        let removed = self.engine.shelves().shelf_remove(self.caller, &self.shelf(), &id.to_ascii_lowercase()).await;
        Ok(removed?)
    }

    /// Takes all memories of other tables away, or those of a room. Answers how many.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn remove_others(&self, room: Option<&str>) -> Result<u64, ElizaError> {
        let mut removed = 0;
        for memory in self.others(None, room, Wanted { limit: usize::MAX, before: None }).await? {
            let id = memory.get("id").and_then(Value::as_str).unwrap_or_default();
            removed += u64::from(self.remove_other(id).await?);
        }
        Ok(removed)
    }

    /// Each agent has a place of its own: there is a bound for what one keeps.
    fn shelf(&self) -> ShelfPlace {
        shelf(&self.agent.id)
    }
}

fn shelf(agent: &str) -> ShelfPlace {
    super::agents::shelf(&format!("memories-{agent}"))
}

/// All documents of a place.
async fn kept(engine: &dyn Engine, caller: &Principal, place: &ShelfPlace) -> Result<Vec<Value>, ElizaError> {
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = engine.shelves().shelf_list(caller, place, after.as_deref(), PAGE).await?;
        found.extend(page.documents.into_iter().map(|document| document.value));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Takes away what is kept of an agent beside what was said. To be called when it is deleted.
///
/// # Errors
/// As the engine tells them.
pub async fn forget_tables(engine: &dyn Engine, caller: &Principal, agent: &str) -> Result<(), ElizaError> {
    let place = shelf(agent);
    for memory in kept(engine, caller, &place).await? {
        let id = memory.get("id").and_then(Value::as_str).unwrap_or_default();
        engine.shelves().shelf_remove(caller, &place, id).await?;
    }
    Ok(())
}

/// Makes an agent forget, by its name in the house. What is not there is forgotten already.
///
/// # Errors
/// As the engine tells them.
pub async fn forget(engine: &dyn Engine, caller: &Principal, agent: &str, what: Forget) -> Result<u64, ElizaError> {
    match engine.memories().forget(caller, agent, what).await {
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Expired) => Ok(0),
        forgotten => Ok(forgotten?),
    }
}

/// What is said about a message of somebody else.
fn metadata(said: &Told) -> Value {
    let mut raw = match &said.kept.raw_message {
        Some(Value::Object(raw)) => raw.clone(),
        _ => Map::new(),
    };
    raw.insert("senderName".to_owned(), json!(said.author_name));
    raw.insert("senderId".to_owned(), json!(said.author));
    json!({ "type": "message", "source": said.kept.source_type, "sourceId": said.id, "raw": raw })
}

/// The pages of an agent's memories.
struct Pages<'a> {
    session: Option<&'a SessionId>,
    before: Option<String>,
    is_last: bool,
}

impl<'a> Pages<'a> {
    fn new(session: Option<&'a SessionId>) -> Self {
        Self { session, before: None, is_last: false }
    }

    async fn next(&mut self, of: &Of<'_>) -> Result<Option<Vec<Memory>>, ElizaError> {
        if self.is_last {
            return Ok(None);
        }
        let (memories, before) = (of.engine.memories(), self.before.as_deref());
        let page = memories.memories(of.caller, &of.agent.agent, self.session, before, PAGE).await?;
        self.is_last = page.next.is_none();
        self.before = page.next;
        Ok(Some(page.memories))
    }
}

//! Routes: what an agent has done, as log entries. They are computed from the facts of its runs; which of them were taken
//! away is kept on the shelf.

use http::StatusCode;
use serde_json::{Value, json};

use crate::dialects::eliza::agents::{id_of, shelf};
use crate::dialects::eliza::errors::ElizaError;
use crate::dialects::eliza::history::{Deed, Runs, deeds, facts, room_of};
use crate::dialects::eliza::ids;
use crate::dialects::eliza::request::{Answer, Asked, data};
use crate::domain::{Error, ErrorCode, Principal, Result};
use crate::engine::{Engine, Expected};
use crate::http::{Route, Routes};

/// Entries of an answer when nobody says how many, and most of them.
const USUAL: usize = 10;
const MOST: usize = 1_000;
/// Entries of one agent that are remembered to be taken away; of more, the newest.
const TAKEN_AWAY: usize = 5_000;
/// How often a change that others have overtaken is tried again.
const TRIES: usize = 16;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::get("/api/agents/{agent_id}/logs", list).about("What an agent has done, newest first"),
        Route::delete("/api/agents/{agent_id}/logs/{log_id}", remove).about("Takes an entry away"),
    ]
}

/// Where entries that were taken away are remembered.
fn place() -> crate::engine::ShelfPlace {
    shelf("logs-taken-away")
}

/// What a request wants to see.
struct Wanted {
    room: Option<String>,
    kind: Option<String>,
    without: Vec<String>,
}

impl Wanted {
    fn fits(&self, deed: &Deed) -> bool {
        let is_out = |word: &String| {
            let of_model = deed.model.is_some_and(|model| model.to_lowercase().contains(&word.to_lowercase()));
            deed.kind == word || of_model
        };
        self.kind.as_ref().is_none_or(|kind| deed.kind == kind) && !self.without.iter().any(is_out)
    }
}

fn number(asked: &Asked, name: &str, otherwise: usize) -> usize {
    asked.query(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

async fn list(asked: Asked) -> Answer {
    let id = asked.id(0, "agent")?;
    let room = match asked.query("roomId") {
        Some(room) if !ids::is_id(&room) => return Err(ElizaError::bad_id("room")),
        room => room.map(|room| room.to_ascii_lowercase()),
    };
    let item = crate::dialects::eliza::agents::running(asked.engine(), &asked.caller, &id).await?;
    let without = asked.query_all("excludeTypes").into_iter().filter(|word| !word.is_empty()).collect();
    let wanted = Wanted { room, kind: asked.query("type"), without };
    let (count, offset) = (number(&asked, "count", USUAL).min(MOST), number(&asked, "offset", 0));
    let (engine, caller) = (asked.engine(), &asked.caller);
    let gone = taken_away(engine, caller, &id).await?.0;
    let mut runs = Runs::new(engine, caller, &item);
    let mut found: Vec<(Deed, String)> = Vec::new();
    while let Some(run) = runs.next().await? {
        if found.len() >= offset.saturating_add(count) {
            break;
        }
        let room = room_of(&run, &item);
        if wanted.room.as_ref().is_some_and(|wanted| *wanted != room && wanted != run.session.as_str()) {
            continue;
        }
        let facts = facts(engine, caller, &run).await?;
        let own = deeds(&run, &facts).into_iter().filter(|deed| wanted.fits(deed) && !gone.contains(&deed.id));
        found.extend(own.map(|deed| (deed, room.clone())));
    }
    found.sort_by(|(one, _), (other, _)| (other.at, &other.id).cmp(&(one.at, &one.id)));
    let agent = id_of(&item);
    let told: Vec<Value> = found.iter().skip(offset).take(count).map(|(deed, room)| entry(deed, &agent, room)).collect();
    Ok(data(StatusCode::OK, told))
}

fn entry(deed: &Deed, agent: &str, room: &str) -> Value {
    json!({
        "id": deed.id,
        "createdAt": deed.moment,
        "entityId": agent,
        "body": deed.body,
        "type": deed.kind,
        "roomId": room,
    })
}

async fn remove(asked: Asked) -> Answer {
    let wrong = || ElizaError::bad("INVALID_ID", "Invalid agent or log ID format");
    if !ids::is_id(asked.named(0)) || !ids::is_id(asked.named(1)) {
        return Err(wrong());
    }
    let item = asked.running_agent().await?;
    let log = asked.named(1).to_ascii_lowercase();
    take_away(asked.engine(), &asked.caller, &id_of(&item), &log).await?;
    Ok(crate::http::empty(StatusCode::NO_CONTENT))
}

/// The entries of an agent that were taken away, and what must still be so when they are kept again.
async fn taken_away(engine: &dyn Engine, caller: &Principal, agent: &str) -> Result<(Vec<String>, Expected)> {
    match engine.shelves().shelf_get(caller, &place(), agent).await? {
        Some(document) => {
            let ids = serde_json::from_value(document.value).unwrap_or_default();
            Ok((ids, Expected::Revision(document.revision)))
        }
        None => Ok((Vec::new(), Expected::Nothing)),
    }
}

async fn take_away(engine: &dyn Engine, caller: &Principal, agent: &str, log: &str) -> Result<()> {
    for _ in 0..TRIES {
        let (mut gone, expected) = taken_away(engine, caller, agent).await?;
        if gone.iter().any(|known| known == log) {
            return Ok(());
        }
        gone.push(log.to_owned());
        let beyond = gone.len().saturating_sub(TAKEN_AWAY);
        gone.drain(..beyond);
        match engine.shelves().shelf_put(caller, &place(), agent, json!(gone), expected).await {
            Err(error) if error.code == ErrorCode::Conflict => {}
            put => return put.map(drop),
        }
    }
    Err(Error::new(ErrorCode::Busy, "the logs of the agent are being changed by others all the time").hint("try again"))
}

/// Forgets which entries of an agent were taken away: it is gone itself.
///
/// # Errors
/// As of any verb.
pub async fn forget(engine: &dyn Engine, caller: &Principal, agent: &str) -> Result<()> {
    engine.shelves().shelf_remove(caller, &place(), agent).await.map(drop)
}

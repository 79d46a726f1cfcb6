//! Agents.

use http::StatusCode;
use serde_json::{Map, Value};
use utoipa::openapi::Object;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::super::errors::AreaError;
use super::super::from_wire::{NAME, configure, engine_name, with_suffix};
use super::super::ids;
use super::super::kept::{KeptAgent, KeptSession, keep, kept};
use super::super::reading::{Reading, Window};
use super::super::request::{Answer, Asked};
use super::super::to_wire::{self, AgentStatus, CHAT, Offer};
use super::super::wire::{AgentAnswer, AgentChange, AgentList, NewAgent, Success};
use super::{CONFLICT, UNKNOWN, refusing, window};
use crate::domain::{Agent, AgentState, Error, ErrorCode, Result};
use crate::engine::{AgentItem, SessionFilter};
use crate::http::{Route, Routes, json as reply};

const CHAPTER: &str = "Agents";
/// How often a change that others have overtaken is tried again.
const TRIES: usize = 4;
/// Sessions of one page when an agent goes.
const PAGE: usize = 100;

/// The routes.
pub fn routes() -> Routes {
    let change = |route: Route, id: &str| {
        refusing(route, &[UNKNOWN, CONFLICT])
            .about("Changes an agent; what is not given stays")
            .named_in(CHAPTER, id)
            .takes::<AgentChange>()
            .gives::<AgentAnswer>(StatusCode::OK, "The agent.")
    };
    vec![
        window(refusing(Route::get("/v1/agents", list), &[]))
            .about("The agents, the newest first")
            .named_in(CHAPTER, "list_agents")
            .query("type", "Only those of this kind.", false)
            .query_of("status", "Only those that stand so.", false, words(&["active", "inactive", "error"]))
            .gives::<AgentList>(StatusCode::OK, "A page of agents."),
        refusing(Route::post("/v1/agents", create), &[CONFLICT])
            .about("Makes an agent")
            .named_in(CHAPTER, "create_agent")
            .takes::<NewAgent>()
            .gives::<AgentAnswer>(StatusCode::OK, "The agent."),
        refusing(Route::get("/v1/agents/{agent_id}", read), &[UNKNOWN])
            .about("An agent")
            .named_in(CHAPTER, "get_agent")
            .gives::<AgentAnswer>(StatusCode::OK, "The agent."),
        change(Route::put("/v1/agents/{agent_id}", update), "update_agent"),
        change(Route::patch("/v1/agents/{agent_id}", update), "patch_agent"),
        refusing(Route::delete("/v1/agents/{agent_id}", remove), &[UNKNOWN, CONFLICT])
            .about("Removes an agent, with its chats; its tasks are cancelled")
            .named_in(CHAPTER, "delete_agent")
            .gives::<Success>(StatusCode::OK, "It is removed."),
    ]
}

/// A text that is one of some words.
pub fn words(words: &[&str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).build()
}

async fn offer(asked: &Asked) -> Result<Offer> {
    let models = asked.engine().models(&asked.caller).await?;
    Ok(Offer::new(&models, &asked.door.settings))
}

fn told(asked: &Asked, item: &AgentItem, offer: &Offer) -> AgentAnswer {
    to_wire::agent(item, offer, &asked.caller).answer
}

async fn list(asked: Asked) -> Answer {
    let mut query = asked.query();
    let window = Window::read(&mut query);
    let kind = query.text("type", 0..=255);
    let status = query.choice("status", &AgentStatus::ALL);
    query.check()?;
    let offer = offer(&asked).await?;
    let items = asked.engine().agents(&asked.caller).await?;
    let mut agents: Vec<_> = items.values().map(|item| to_wire::agent(item, &offer, &asked.caller)).collect();
    agents.retain(|agent| kind.as_ref().is_none_or(|kind| agent.answer.kind == *kind));
    agents.retain(|agent| status.is_none_or(|status| agent.status == status));
    agents.sort_by(|one, other| (other.at, &other.answer.id).cmp(&(one.at, &one.answer.id)));
    let total = agents.len();
    let agents = window.of(agents).into_iter().map(|agent| agent.answer).collect();
    Ok(reply(StatusCode::OK, &AgentList { agents, total, limit: window.limit, offset: window.offset }))
}

async fn read(asked: Asked) -> Answer {
    let item = asked.agent().await?;
    Ok(reply(StatusCode::OK, &told(&asked, &item, &offer(&asked).await?)))
}

/// The slugs of tool servers, where a configuration names servers by id.
async fn slugs(asked: &Asked, reading: &Reading) -> Result<Vec<(String, String)>> {
    if !reading.has("config.tools_config") {
        return Ok(Vec::new());
    }
    let servers = asked.engine().tool_servers().tool_servers(&asked.caller).await?;
    Ok(servers.into_iter().map(|item| (item.server.id.to_string(), item.server.slug)).collect())
}

/// Reads a configuration into an agent, where there is one or there is to be one.
async fn read_config(asked: &Asked, body: &mut Reading, agent: &mut Agent, offer: &Offer) -> Result<Map<String, Value>> {
    let config = body.object("config").unwrap_or_default();
    let slugs = slugs(asked, body).await?;
    let slug_of = |id: &str| slugs.iter().find(|(known, _)| known == id).map(|(_, slug)| slug.clone());
    configure(body, agent, offer.default.as_deref(), slug_of);
    Ok(config)
}

async fn create(asked: Asked) -> Answer {
    let offer = offer(&asked).await?;
    let mut body = asked.body()?;
    let name = body.required("name", NAME);
    let mut agent = Agent { description: body.text("description", 0..=1_000).unwrap_or_default(), ..Agent::default() };
    let kind = body.text("type", 1..=64).unwrap_or_else(|| CHAT.to_owned());
    let config = read_config(&asked, &mut body, &mut agent, &offer).await?;
    body.check()?;
    must_be_free(&asked, &name, None).await?;
    let created_by = ids::maker(&asked.caller);
    keep(&mut agent.attributes, &KeptAgent { name: name.clone(), kind, config, created_by });
    agent.name = engine_name(&name);
    let item = match asked.engine().create_agent(&asked.caller, agent.clone()).await {
        // The name in the house is that of an agent which is shown by another.
        Err(error) if error.code == ErrorCode::Conflict => {
            must_be_free(&asked, &name, None).await?;
            let id = asked.door.clock.new_id().to_string();
            // The end of an id is its random part.
            agent.name = with_suffix(&name, id.get(id.len().saturating_sub(8)..).unwrap_or_default());
            asked.engine().create_agent(&asked.caller, agent).await?
        }
        item => item?,
    };
    Ok(reply(StatusCode::OK, &told(&asked, &item, &offer)))
}

/// Refuses a shown name that another agent has.
async fn must_be_free(asked: &Asked, name: &str, but: Option<&str>) -> std::result::Result<(), AreaError> {
    let items = asked.engine().agents(&asked.caller).await?;
    let mut others = items.values().filter(|item| but != Some(item.agent.name.as_str()));
    if others.any(|item| to_wire::kept_of(item).name == name) {
        let message = format!("an agent named `{}` is there already", crate::config::printable(name));
        return Err(Error::new(ErrorCode::Conflict, message).hint("change that one, or choose another name").into());
    }
    Ok(())
}

async fn update(asked: Asked) -> Answer {
    let offer = offer(&asked).await?;
    let mut tries = 1;
    loop {
        let item = asked.agent().await?;
        let mut body = asked.body()?;
        let (mut agent, mut shown) = (item.agent.clone(), to_wire::kept_of(&item));
        let name = body.text("name", NAME);
        if let Some(description) = body.text("description", 0..=1_000) {
            agent.description = description;
        }
        if let Some(kind) = body.text("type", 1..=64) {
            shown.kind = kind;
        }
        let states = [("active", AgentState::Active), ("inactive", AgentState::Inactive)];
        if let Some(state) = body.choice("status", &states) {
            agent.state = state;
        }
        if body.has("config") {
            shown.config = read_config(&asked, &mut body, &mut agent, &offer).await?;
        }
        body.check()?;
        if let Some(name) = name.filter(|name| *name != shown.name) {
            must_be_free(&asked, &name, Some(&item.agent.name)).await?;
            shown.name = name;
        }
        keep(&mut agent.attributes, &shown);
        match asked.engine().update_agent(&asked.caller, &item.agent.name, agent, Some(&item.revision)).await {
            Err(error) if error.code == ErrorCode::Conflict && tries < TRIES => tries += 1,
            changed => return Ok(reply(StatusCode::OK, &told(&asked, &changed?, &offer))),
        }
    }
}

async fn remove(asked: Asked) -> Answer {
    let item = asked.agent().await?;
    // By its id: another agent may have taken its name meanwhile.
    let named = item.id.as_ref().map_or_else(|| item.agent.name.clone(), ToString::to_string);
    asked.engine().remove_agent(&asked.caller, &named).await?;
    end_sessions(&asked, &item.agent.name).await?;
    Ok(reply(StatusCode::OK, &Success::DONE))
}

/// What an agent leaves behind at this door: its chats go, its tasks are cancelled and can be read.
async fn end_sessions(asked: &Asked, agent: &str) -> Result<()> {
    let (engine, caller) = (asked.engine(), &asked.caller);
    let mut filter = SessionFilter { agent: Some(agent.to_owned()), limit: PAGE, ..SessionFilter::default() };
    loop {
        let page = engine.sessions(caller, &filter).await?;
        for item in page.sessions {
            let session = &item.summary.session;
            let done = match kept::<KeptSession>(&session.attributes) {
                None => continue,
                Some(KeptSession { task: true, .. }) if item.summary.active.is_empty() => continue,
                Some(KeptSession { task: true, .. }) => {
                    engine.cancel(caller, &session.id, None, "its agent was removed").await.map(drop)
                }
                Some(_) => engine.delete(caller, &session.id).await,
            };
            match done {
                // Somebody else was quicker.
                Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Expired) => {}
                done => done?,
            }
        }
        match page.next {
            Some(next) => filter.after = Some(next),
            None => return Ok(()),
        }
    }
}

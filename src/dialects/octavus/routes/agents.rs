//! Agents: checked, made, changed, told, archived.

use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::definition::{Fault, Kept, Source, compile};
use super::super::errors::OctavusError;
use super::super::wire::{
    AgentAnswer, AgentChange, AgentChanged, AgentList, AgentRow, Finding, Refusal, SettingsChange, Validation,
};
use crate::domain::{Agent, Error, ErrorCode, Principal, Result, Timestamp};
use crate::engine::AgentItem;
use crate::http::{Caller, Door, Route, Routes, json, read_body};

/// The project of all agents: this API has several, the house one.
const PROJECT: &str = "ombud";
/// Errors that one refusal tells.
const TOLD: usize = 10;
/// How often a change is tried again that others have overtaken.
const TRIES: usize = 4;

/// What a handler answers.
type Answer = std::result::Result<Response, OctavusError>;

/// How the address names an agent.
#[derive(Deserialize)]
struct By {
    by: Option<String>,
}

/// The routes.
pub fn routes() -> Routes {
    let one = |route: Route| {
        route
            .query("by", "`slug` when the address has the slug. Without it id and slug are both taken.", false)
            .gives::<Refusal>(StatusCode::NOT_FOUND, "There is no such agent.")
    };
    let invalid = "The definition cannot be used: the first of what is wrong with it.";
    vec![
        Route::get("/api/agents", list)
            .about("The agents that were defined for this API")
            .gives::<AgentList>(StatusCode::OK, "The agents, by slug."),
        Route::post("/api/agents", create)
            .about("Makes an agent of a definition")
            .takes::<Source>()
            .gives::<AgentChanged>(StatusCode::CREATED, "It is made.")
            .gives::<Refusal>(StatusCode::BAD_REQUEST, invalid)
            .gives::<Refusal>(StatusCode::CONFLICT, "There is an agent of this slug."),
        Route::post("/api/agents/validate", validate)
            .about("Checks a definition")
            .takes::<Source>()
            .gives::<Validation>(StatusCode::OK, "All that is wrong with it, also when it cannot be used."),
        one(Route::get("/api/agents/{id}", get))
            .about("An agent as it was defined")
            .gives::<AgentAnswer>(StatusCode::OK, "The agent."),
        one(Route::patch("/api/agents/{id}", change))
            .about("Changes the definition of an agent: what is not given stays")
            .takes::<AgentChange>()
            .gives::<AgentChanged>(StatusCode::OK, "It is changed; runs that have begun go on as they began.")
            .gives::<Refusal>(StatusCode::BAD_REQUEST, invalid),
        one(Route::delete("/api/agents/{id}", archive))
            .about("Archives an agent: its slug is free, its sessions can still be read")
            .gives::<AgentChanged>(StatusCode::OK, "It is archived."),
    ]
}

/// Refuses what the key of a caller was not made for.
fn must(may: bool, caller: &Principal, what: &str) -> Result<()> {
    if may {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, format!("`{}` may not {what} definitions of agents", caller.name)))
}

async fn list(State(door): State<Door>, Caller(caller): Caller) -> Answer {
    must(caller.may_read_definitions(), &caller, "read")?;
    let agents = door.engine.agents(&caller).await?;
    let agents = agents.values().filter_map(row).collect();
    Ok(json(StatusCode::OK, &AgentList { agents }))
}

fn row(item: &AgentItem) -> Option<AgentRow> {
    let kept = Kept::of(&item.agent)?;
    let settings = kept.settings()?;
    // Those of the configuration have no times: they are there from the beginning.
    let time = |time: Option<Timestamp>| time.unwrap_or(Timestamp::from_millis(0)).to_string();
    Some(AgentRow {
        id: id(item),
        slug: settings.slug,
        name: settings.name,
        description: settings.description,
        format: kept.format(),
        created_at: time(item.created_at),
        updated_at: time(item.updated_at),
        project_id: PROJECT.to_owned(),
    })
}

/// The id of an agent; one of the configuration is named by its slug.
fn id(item: &AgentItem) -> String {
    item.id.as_ref().map_or_else(|| item.agent.name.clone(), ToString::to_string)
}

/// The agent that an address names, and its definition.
async fn find(door: &Door, caller: &Principal, named: &str, by: &By) -> Result<(AgentItem, Source)> {
    let by_slug = match by.by.as_deref() {
        None | Some("id") => false,
        Some("slug") => true,
        Some(other) => {
            let other: String = other.chars().take(40).collect();
            return Err(Error::invalid(format!("`by={other}` is not known; it is `slug`, or left out")));
        }
    };
    let unknown = || Error::not_found("agent", named.chars().take(80).collect::<String>());
    let item = match door.engine.agent(caller, named).await {
        // Which others there are is told by the list.
        Err(error) if error.code == ErrorCode::NotFound => return Err(unknown()),
        found => found?,
    };
    let source = Kept::of(&item.agent).and_then(Kept::source);
    match source {
        Some(source) if item.archived_at.is_none() && (!by_slug || item.agent.name == named) => Ok((item, source)),
        _ => Err(unknown()),
    }
}

async fn get(State(door): State<Door>, Caller(caller): Caller, Path(named): Path<String>, Query(by): Query<By>) -> Answer {
    must(caller.may_read_definitions(), &caller, "read")?;
    let (item, source) = find(&door, &caller, &named, &by).await?;
    let Source { settings, protocol, prompts, references } = source;
    Ok(json(StatusCode::OK, &AgentAnswer { id: id(&item), settings, protocol, prompts, references }))
}

async fn read<T: DeserializeOwned>(door: &Door, request: Request) -> Result<T> {
    let body = read_body(request.into_body(), door.settings.server.limits.body_bytes).await?;
    crate::remote::wire::read(&body)
}

/// The agent that a definition makes.
fn compiled(source: &Source) -> Result<Agent> {
    let (agent, faults) = compile(source);
    agent.ok_or_else(|| {
        let errors: Vec<_> = faults.iter().filter(|fault| fault.is_error()).collect();
        let told: Vec<_> = errors.iter().take(TOLD).map(ToString::to_string).collect();
        let more = if errors.len() > TOLD { format!("; and {} more", errors.len() - TOLD) } else { String::new() };
        Error::invalid(format!("the definition cannot be used: {}{more}", told.join("; ")))
    })
}

fn changed(status: StatusCode, item: &AgentItem, message: &str) -> Response {
    let message = format!("Agent `{}` {message}", item.agent.name);
    json(status, &AgentChanged { agent_id: id(item), message })
}

async fn create(State(door): State<Door>, Caller(caller): Caller, request: Request) -> Answer {
    must(caller.may_write_definitions(), &caller, "write")?;
    let source: Source = read(&door, request).await?;
    let item = door.engine.create_agent(&caller, compiled(&source)?).await?;
    Ok(changed(StatusCode::CREATED, &item, "is created"))
}

async fn validate(State(door): State<Door>, Caller(caller): Caller, request: Request) -> Answer {
    must(caller.may_write_definitions(), &caller, "check")?;
    let source: Source = read(&door, request).await?;
    let (agent, faults) = compile(&source);
    let (errors, warnings): (Vec<&Fault>, Vec<_>) = faults.iter().partition(|fault| fault.is_error());
    let findings = |faults: Vec<&Fault>| faults.into_iter().map(finding).collect();
    let validation = Validation { valid: agent.is_some(), errors: findings(errors), warnings: findings(warnings) };
    Ok(json(StatusCode::OK, &validation))
}

fn finding(fault: &Fault) -> Finding {
    let path = Some(fault.path.clone()).filter(|path| !path.is_empty());
    Finding { message: format!("{}: {}", fault.place(), fault.message), path, severity: fault.severity }
}

async fn change(
    State(door): State<Door>,
    Caller(caller): Caller,
    Path(named): Path<String>,
    Query(by): Query<By>,
    request: Request,
) -> Answer {
    must(caller.may_write_definitions(), &caller, "write")?;
    let change: AgentChange = read(&door, request).await?;
    let mut tries = 1;
    loop {
        let (item, mut source) = find(&door, &caller, &named, &by).await?;
        apply(&mut source, change.clone())?;
        let agent = compiled(&source)?;
        match door.engine.update_agent(&caller, item.agent.name.as_str(), agent, Some(&item.revision)).await {
            Err(error) if error.code == ErrorCode::Conflict && tries < TRIES => tries += 1,
            done => return Ok(changed(StatusCode::OK, &done?, "is changed")),
        }
    }
}

/// Puts what was given in the place of what was there.
fn apply(source: &mut Source, change: AgentChange) -> Result<()> {
    let AgentChange { settings: SettingsChange { slug, name, description, format }, protocol, prompts, references } = change;
    if slug.is_some_and(|slug| slug != source.settings.slug) {
        return Err(Error::invalid(format!("agent `{}` keeps its slug", source.settings.slug))
            .hint("create an agent of the other slug, and archive this one"));
    }
    let settings = &mut source.settings;
    settings.name = name.unwrap_or_else(|| std::mem::take(&mut settings.name));
    settings.format = format.unwrap_or_else(|| std::mem::take(&mut settings.format));
    if let Some(description) = description {
        settings.description = description;
    }
    source.protocol = protocol.unwrap_or_else(|| std::mem::take(&mut source.protocol));
    source.prompts = prompts.unwrap_or_else(|| std::mem::take(&mut source.prompts));
    source.references = references.unwrap_or_else(|| std::mem::take(&mut source.references));
    Ok(())
}

async fn archive(
    State(door): State<Door>,
    Caller(caller): Caller,
    Path(named): Path<String>,
    Query(by): Query<By>,
) -> Answer {
    must(caller.may_write_definitions(), &caller, "archive")?;
    let (item, _) = find(&door, &caller, &named, &by).await?;
    // By its id: another agent may have taken its slug meanwhile.
    let item = door.engine.remove_agent(&caller, &id(&item)).await?;
    Ok(changed(StatusCode::OK, &item, "is archived"))
}

//! Sessions: making them, reading them, bringing them back, clearing them.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::definition::Format;
use super::super::history::keep;
use super::super::logs;
use super::super::request::{Answer, Asked, Known, agent_id, kept};
use super::super::told::{Told, restored};
use super::super::triggering::input_of;
use super::super::wire::{
    Cleared, CreateSession, Created, Expired, Logs, Messages, Refusal, RestoreSession, Restored, State,
};
use crate::domain::{AfterClearing, Error, ErrorCode, Lifetime, Result, Session, SessionStatus};
use crate::engine::{ImportedSession, NewSession, SessionItem};
use crate::http::{Route, Routes, json as reply};

/// The word for a session that lives.
const ACTIVE: &str = "active";

/// The routes.
pub fn routes() -> Routes {
    let about_session = |route: Route| route.gives::<Refusal>(StatusCode::NOT_FOUND, "There is no such session.");
    vec![
        Route::post("/api/agent-sessions", create)
            .about("Makes a session of an agent")
            .takes::<CreateSession>()
            .gives::<Created>(StatusCode::CREATED, "The session.")
            .gives::<Refusal>(StatusCode::BAD_REQUEST, "Its input is missing or does not fit.")
            .gives::<Refusal>(StatusCode::NOT_FOUND, "There is no such agent."),
        about_session(Route::get("/api/agent-sessions/{id}", read))
            .about("All that there is of a session, or its messages for users; of one that has expired, that it has")
            .query("format", "`ui` = the messages for users.", false)
            .gives::<State>(StatusCode::OK, "All of it."),
        about_session(Route::post("/api/agent-sessions/{id}/restore", restore))
            .about("Brings back a session that has expired, from its messages")
            .takes::<RestoreSession>()
            .gives::<Restored>(StatusCode::OK, "Whether it was brought back; an active one stays as it is."),
        about_session(Route::delete("/api/agent-sessions/{id}", clear))
            .about("Removes what was said in a session: it has expired then")
            .gives::<Cleared>(StatusCode::OK, "It is cleared."),
        about_session(Route::get("/api/agent-sessions/{id}/logs", read_logs))
            .about("What happened in a session, the newest entries")
            .query("excludeModelRequests", "`true` = without what was sent to models.", false)
            .gives::<Logs>(StatusCode::OK, "The entries."),
    ]
}

/// A new session of an agent, as this API makes them.
pub fn new_session(asked: &Asked, known: &Known, input: Map<String, Value>) -> NewSession {
    NewSession {
        agent: Some(known.agent.name.clone()),
        input,
        lifetime: Some(lifetime(asked)),
        attributes: keep([("agent", json!(known.id))]),
        ..NewSession::default()
    }
}

fn lifetime(asked: &Asked) -> Lifetime {
    Lifetime { sliding: true, ttl_seconds: asked.door.settings.server.session_seconds, max_seconds: None }
}

async fn create(asked: Asked) -> Answer {
    let wanted: CreateSession = asked.read()?;
    let known = asked.agent(&wanted.agent_id).await?;
    if kept(&known.agent)?.format() == Format::Worker {
        let message = format!("agent `{}` is a worker: no sessions are made of it", known.agent.name);
        return Err(Error::invalid(message).hint("execute it: POST /api/agents/{id}/execute").into());
    }
    let new = new_session(&asked, &known, input_of(wanted.input));
    let session = asked.engine().create(&asked.caller, new).await?;
    Ok(reply(StatusCode::CREATED, &Created { session_id: session.id.to_string() }))
}

/// What is told of a session whose time is over.
fn expired(session: &Session) -> Expired {
    Expired {
        session_id: session.id.to_string(),
        agent_id: agent_id(session),
        status: "expired",
        created_at: session.created_at.to_string(),
    }
}

async fn read(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let session = &item.summary.session;
    if item.status == SessionStatus::Expired {
        return Ok(reply(StatusCode::OK, &expired(session)));
    }
    match read_active(&asked, &item).await {
        // Its time was over in the middle of reading.
        Err(error) if error.code == ErrorCode::Expired => Ok(reply(StatusCode::OK, &expired(session))),
        told => Ok(told?),
    }
}

async fn read_active(asked: &Asked, item: &SessionItem) -> Result<Response> {
    let session = &item.summary.session;
    let told = Told::read(asked, session).await?;
    if asked.text("format").as_deref() == Some("ui") {
        let messages = told.for_users(asked.generation());
        let (session_id, agent_id) = (session.id.to_string(), agent_id(session));
        return Ok(reply(StatusCode::OK, &Messages { session_id, agent_id, messages, status: ACTIVE }));
    }
    Ok(reply(StatusCode::OK, &state(asked, item, &told).await?))
}

async fn state(asked: &Asked, item: &SessionItem, told: &Told) -> Result<State> {
    let session = &item.summary.session;
    let values = asked.engine().state(&asked.caller, &session.id).await?;
    // An agent that was removed leaves no word of which value was what.
    let agent = asked.agent(&session.agent).await.ok().map(|known| known.agent);
    let names = agent.as_ref().and_then(|agent| kept(agent).ok());
    let (inputs, resources) = names.map(|names| (names.inputs(), names.resources())).unwrap_or_default();
    let mut state = State {
        id: session.id.to_string(),
        agent_id: agent_id(session),
        status: ACTIVE,
        input: Map::new(),
        variables: Map::new(),
        resources: resources.iter().map(|name| ((*name).to_owned(), Value::Null)).collect(),
        messages: told.as_chat(asked.generation()),
        created_at: session.created_at.to_string(),
        updated_at: session.updated_at.to_string(),
    };
    for (name, value) in values {
        let of = if inputs.contains(&name.as_str()) {
            &mut state.input
        } else if resources.contains(&name.as_str()) {
            &mut state.resources
        } else {
            &mut state.variables
        };
        of.insert(name, value);
    }
    Ok(state)
}

async fn restore(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let wanted: RestoreSession = asked.read()?;
    let session = &item.summary.session;
    let answer = |restored| Ok(reply(StatusCode::OK, &Restored { session_id: session.id.to_string(), restored }));
    if item.status != SessionStatus::Expired {
        return answer(false);
    }
    let known = asked.agent(&session.agent).await?;
    let messages = restored::messages(&asked, &session.id, &known.agent, wanted.messages).await?;
    let mut new = new_session(&asked, &known, input_of(wanted.input));
    new.id = Some(session.id.clone());
    asked.engine().import(&asked.caller, ImportedSession { session: new, messages }).await?;
    answer(true)
}

async fn clear(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let id = &item.summary.session.id;
    asked.engine().clear(&asked.caller, id, AfterClearing::Expired).await?;
    Ok(reply(StatusCode::OK, &Cleared { session_id: id.to_string(), cleared: true }))
}

async fn read_logs(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let session = &item.summary.session;
    if item.status == SessionStatus::Expired {
        return Ok(reply(StatusCode::OK, &expired(session)));
    }
    let without_requests = asked.text("excludeModelRequests").as_deref() == Some("true");
    match logs::read(&asked, session, without_requests).await {
        Err(error) if error.code == ErrorCode::Expired => Ok(reply(StatusCode::OK, &expired(session))),
        logs => Ok(reply(StatusCode::OK, &logs?)),
    }
}

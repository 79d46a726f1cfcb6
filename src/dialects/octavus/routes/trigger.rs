//! Triggering handlers of a session: each leg of a run is a stream.

use axum::response::Response;
use http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::super::definition::Format;
use super::super::history;
use super::super::request::{Answer, Asked, kept, must_live};
use super::super::triggering::{self, Telling, input_of, tell};
use super::super::wire::{Refusal, StartSession, Trigger};
use super::sessions::new_session;
use crate::domain::{Agent, Error, ErrorCode, Result, Run, RunStatus, SessionId};
use crate::engine::{RunFilter, SessionItem, Target};
use crate::http::{Route, Routes};

/// In which an answer names the session that was made.
const SESSION_HEADER: &str = "x-octavus-session-id";
/// Longest key.
const KEY_BYTES: usize = 1_024;
/// So often a start that others are quicker with is tried again.
const TRIES: usize = 4;

/// The routes.
pub fn routes() -> Routes {
    vec![
        streamed(Route::post("/api/agent-sessions/{id}/trigger", trigger))
            .about("Triggers a handler, or goes on with a run by what the application's tools gave")
            .takes::<Trigger>()
            .gives::<Refusal>(StatusCode::NOT_FOUND, "There is no such session or execution.")
            .gives::<Refusal>(StatusCode::CONFLICT, "The execution does not wait for these results any more.")
            .gives::<Refusal>(StatusCode::GONE, "The session has expired."),
        streamed(Route::post("/api/agent-sessions/start", start))
            .about("Makes a session and triggers a handler in it; the same key is the same session")
            .takes::<StartSession>()
            .gives::<Refusal>(StatusCode::NOT_FOUND, "There is no such agent."),
    ]
}

/// What every route with a stream can answer.
pub fn streamed(route: Route) -> Route {
    route
        .gives_media(StatusCode::OK, "text/event-stream", "Events, each as `data: JSON`, and at the end `data: [DONE]`.")
        .gives::<Refusal>(StatusCode::BAD_REQUEST, "Something is missing or does not fit.")
        .gives::<Refusal>(StatusCode::TOO_MANY_REQUESTS, "A run is at work there: try again after `Retry-After` seconds.")
}

async fn trigger(asked: Asked) -> Answer {
    let item = asked.session().await?;
    must_live(&item)?;
    let trigger: Trigger = asked.read()?;
    let session = &item.summary.session;
    let results = trigger.tool_results.clone().unwrap_or_default();
    if trigger.execution_id.is_some() || !results.is_empty() {
        let run = triggering::execution(&asked, &session.id, trigger.execution_id.as_deref()).await?;
        return Ok(triggering::go_on(&asked, &item, run, results, None).await?);
    }
    Ok(begin(&asked, &item, &trigger, None).await?)
}

/// Begins a run in a session that is there.
async fn begin(asked: &Asked, item: &SessionItem, trigger: &Trigger, told: Option<String>) -> Result<Response> {
    let (engine, caller, session) = (asked.engine(), &asked.caller, &item.summary.session);
    let id = &session.id;
    let mut ask = triggering::question(Target::Existing(id.clone()), trigger)?;
    let agent = asked.agent(&session.agent).await?.agent;
    must_have(&agent, trigger)?;
    let (target, last_message) = match &trigger.rollback_after_message_id {
        None => (Target::Existing(id.clone()), history::last_before(engine, caller, id, None).await?),
        Some(None) => (Target::Back { session: id.clone(), after: None }, None),
        Some(Some(message)) => {
            let after = history::end_of(engine, caller, id, message).await?;
            (Target::Back { session: id.clone(), after: Some(after) }, Some(message.clone()))
        }
    };
    ask.target = target;
    let (taken, frames) = engine.ask_and_follow(caller, ask).await?;
    tell(asked, frames, taken, Telling { last_message, session: told, worker: None }).await
}

/// Refuses a trigger that an agent has not, before anything is done.
fn must_have(agent: &Agent, trigger: &Trigger) -> Result<()> {
    if kept(agent)?.format() == Format::Worker {
        let message = format!("agent `{}` is a worker: it has no triggers", agent.name);
        return Err(Error::invalid(message).hint("execute it: POST /api/agents/{id}/execute"));
    }
    let name = trigger.trigger_name.as_deref().unwrap_or_default();
    if agent.procedures.contains_key(name) {
        return Ok(());
    }
    let known: Vec<_> = agent.procedures.keys().map(|name| format!("`{name}`")).collect();
    let shown: String = name.chars().take(64).collect();
    let error = Error::invalid(format!("trigger `{shown}` is not known"));
    Err(error.hint(format!("agent `{}` has {}", agent.name, known.join(", "))))
}

async fn start(asked: Asked) -> Answer {
    let wanted: StartSession = asked.read()?;
    if wanted.idempotency_key.is_empty() || wanted.idempotency_key.len() > KEY_BYTES {
        return Err(Error::invalid(format!("`idempotencyKey` must have 1 to {KEY_BYTES} bytes")).into());
    }
    let known = asked.agent(&wanted.agent_id).await?;
    must_have(&known.agent, &wanted.trigger)?;
    let key = key(&known.agent.name, &wanted.idempotency_key);
    for _ in 0..TRIES {
        if let Some(id) = asked.engine().session_of_key(&asked.caller, &key).await? {
            return again(&asked, &id, &wanted.trigger).await;
        }
        let mut new = new_session(&asked, &known, input_of(wanted.input.clone()));
        new.key = Some(key.clone());
        let ask = triggering::question(Target::New(Box::new(new)), &wanted.trigger)?;
        match asked.engine().ask_and_follow(&asked.caller, ask).await {
            Ok((taken, frames)) => {
                let session = taken.session.clone();
                let told = Telling { last_message: None, session: Some(session.to_string()), worker: None };
                return Ok(named(tell(&asked, frames, taken, told).await?, &session));
            }
            // Another request with this key was quicker.
            Err(error) if error.code == ErrorCode::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::new(ErrorCode::Busy, "other requests with this key are at work").into())
}

/// The same key again: the run that it began is told again, up to its end or to what it waits for, unless it was given up.
async fn again(asked: &Asked, id: &SessionId, trigger: &Trigger) -> Answer {
    let item = super::super::request::session(asked.engine(), &asked.caller, id.as_str()).await?;
    must_live(&item)?;
    let told = Some(id.to_string());
    let runs = asked.engine().runs(&asked.caller, &RunFilter::newest(Some(id), &[], RUNS)).await?.runs;
    // Newest first.
    let first = runs.into_iter().next_back();
    let response = match first {
        Some(run) if !is_given_up(&run) => {
            triggering::tell_again(asked, &item, run, Telling { last_message: None, session: told, worker: None }).await?
        }
        _ => begin(asked, &item, trigger, told).await?,
    };
    Ok(named(response, id))
}

/// Most runs that are looked at for the first of a session.
const RUNS: usize = 10_000;

fn is_given_up(run: &Run) -> bool {
    run.status == RunStatus::Cancelled
}

fn key(agent: &str, key: &str) -> String {
    // Keys are the application's own: of another agent the same key is another session.
    let digest = Sha256::digest(format!("{agent}\0{key}").as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("start:{digest}")
}

fn named(mut response: Response, session: &SessionId) -> Response {
    if let Ok(value) = HeaderValue::from_str(session.as_str()) {
        response.headers_mut().insert(SESSION_HEADER, value);
    }
    response
}

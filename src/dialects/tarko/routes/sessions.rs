//! Sessions: made, listed, told.

use http::StatusCode;
use serde_json::Map;

use super::super::errors::TarkoError;
use super::super::events::so_far;
use super::super::from_wire;
use super::super::request::{Answer, Asked, asked};
use super::super::to_wire::{self, Telling};
use super::super::wire::{
    CreateRequest, CreatedAnswer, ErrorAnswer, EventsAnswer, LatestAnswer, SessionAnswer, SessionsAnswer, StatusAnswer,
    StatusOfSession,
};
use super::about_session;
use crate::domain::{Attributes, Cursor, RunStatus, SessionStatus};
use crate::engine::{NewSession, RunFilter, SessionFilter};
use crate::http::{Route, Routes, json};

/// Sessions of one list, unless `limit` says less.
const LISTED: usize = 1_000;
/// Runs that are looked at to find out which session a server in exclusive mode works on.
const LOOKED_AT: usize = 64;

/// The routes.
pub fn all() -> Routes {
    let id = ("sessionId", "The session.", true);
    let list = |route: Route| {
        route
            .about("Sessions, the one in which something happened last first")
            .query("limit", "Most sessions; at most 1000.", false)
            .query("after", "`next` of the page before.", false)
            .gives::<SessionsAnswer>(StatusCode::OK, "The sessions.")
    };
    vec![
        list(Route::get("/api/v1/sessions", asked(sessions))),
        list(Route::get("/api/v1/sessions/", asked(sessions))),
        Route::post("/api/v1/sessions/create", asked(create))
            .about("Makes a session")
            .takes::<CreateRequest>()
            .gives::<CreatedAnswer>(StatusCode::CREATED, "The session.")
            .gives::<ErrorAnswer>(StatusCode::CONFLICT, "The server works on one session at a time, and is at work."),
        about_session(Route::get("/api/v1/sessions/details", asked(details)))
            .about("One session")
            .query(id.0, id.1, id.2)
            .gives::<SessionAnswer>(StatusCode::OK, "The session."),
        about_session(Route::get("/api/v1/sessions/events", asked(events)))
            .about("What happened in a session, oldest first")
            .query(id.0, id.1, id.2)
            .query("after", "Only what came after this cursor.", false)
            .gives::<EventsAnswer>(StatusCode::OK, "The events."),
        about_session(Route::get("/api/v1/sessions/events/latest", asked(latest)))
            .about("What happened in the session in which something happened last, whichever is named")
            .query(id.0, "Any session.", id.2)
            .gives::<LatestAnswer>(StatusCode::OK, "The session and its events."),
        about_session(Route::get("/api/v1/sessions/status", asked(status)))
            .about("What a session does")
            .query(id.0, id.1, id.2)
            .gives::<StatusAnswer>(StatusCode::OK, "What it does."),
    ]
}

/// Refuses when the server works on one session at a time, and works on another one.
pub async fn check_exclusive(asked: &Asked, own: Option<&str>) -> Result<(), TarkoError> {
    if !asked.door.settings.server.exclusive {
        return Ok(());
    }
    let at_work = [RunStatus::Queued, RunStatus::Running, RunStatus::Waiting];
    for run in asked.engine().runs(&asked.caller, &RunFilter::newest(None, &at_work, LOOKED_AT)).await?.runs {
        // A run whose process died is no work.
        let works = asked.engine().session(&asked.caller, &run.session).await;
        let idle = [SessionStatus::Interrupted, SessionStatus::Expired];
        let works = works.is_ok_and(|item| !idle.contains(&item.status));
        if works && own != Some(run.session.as_str()) {
            return Err(TarkoError::exclusive(&run.session));
        }
    }
    Ok(())
}

async fn create(asked: Asked) -> Answer {
    check_exclusive(&asked, None).await?;
    let mut kept = Map::new();
    for name in ["runtimeSettings", "agentOptions"] {
        if let Some(options) = asked.field(name).filter(|options| options.is_object()) {
            kept.insert(name.to_owned(), from_wire::without_secrets(options));
        }
    }
    from_wire::check_size(&kept)?;
    let model = asked.object("agentOptions").and_then(|options| from_wire::model(options.get("model")?));
    if let Some(model) = &model {
        super::changes::check_model(&asked, model).await?;
    }
    let attributes = if kept.is_empty() { Attributes::new() } else { to_wire::keep(kept) };
    let new = NewSession { model, attributes, ..NewSession::default() };
    let session = asked.engine().create(&asked.caller, new).await?;
    let session = Telling::now(&asked).await?.info(&session);
    let answer = CreatedAnswer { session_id: session.id.clone(), session, events: Vec::new() };
    Ok(json(StatusCode::CREATED, &answer))
}

async fn sessions(asked: Asked) -> Answer {
    let limit = asked.text("limit").and_then(|limit| limit.parse().ok()).map_or(LISTED, |limit: usize| limit.min(LISTED));
    let filter = SessionFilter { after: asked.text("after"), limit, ..SessionFilter::default() };
    let page = asked.engine().sessions(&asked.caller, &filter).await?;
    let telling = Telling::now(&asked).await?;
    let sessions = page.sessions.iter().map(|item| telling.info(&item.summary.session)).collect();
    Ok(json(StatusCode::OK, &SessionsAnswer { sessions, next: page.next }))
}

async fn details(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let mut session = Telling::now(&asked).await?.info(&item.summary.session);
    session.active = Some(to_wire::is_active(&item));
    Ok(json(StatusCode::OK, &SessionAnswer { session }))
}

async fn events(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let after = match asked.text("after") {
        None => None,
        Some(after) => Some(after.parse::<Cursor>()?),
    };
    let (events, next) = so_far(asked.engine(), &asked.caller, &item.summary.session, after).await?;
    Ok(json(StatusCode::OK, &EventsAnswer { events, next: next.map(|next| next.to_string()) }))
}

async fn latest(asked: Asked) -> Answer {
    let named = asked.session().await?;
    let filter = SessionFilter { limit: 1, ..SessionFilter::default() };
    let page = asked.engine().sessions(&asked.caller, &filter).await?;
    let item = page.sessions.into_iter().next().unwrap_or(named);
    let session = &item.summary.session;
    let (events, _) = so_far(asked.engine(), &asked.caller, session, None).await?;
    let session_info = Telling::now(&asked).await?.info(session);
    Ok(json(StatusCode::OK, &LatestAnswer { session_id: session.id.to_string(), session_info, events }))
}

async fn status(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let state = to_wire::state(asked.engine(), &asked.caller, &item).await?;
    let status = StatusOfSession { is_processing: state == "executing", state };
    Ok(json(StatusCode::OK, &StatusAnswer { session_id: item.summary.session.id.to_string(), status }))
}

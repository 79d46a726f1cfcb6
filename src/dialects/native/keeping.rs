//! Finding, copying and putting away sessions, in the engine's own words.

use axum::extract::{Request, State};
use futures_util::StreamExt as _;
use http::StatusCode;

use super::describe;
use super::request::{Answer, Asked, Given, Gives};
use crate::domain::Session;
use crate::engine::{ImportedLog, PruneRules, Pruned, SearchPage, SessionSearch, Stats, StatsFilter};
use crate::http::{Caller, Door, Route, Routes, body_pieces};
use crate::remote::wire::{Fork, ImportLog, Nothing, OfSession, PinnedAgents, Retained};

/// Hits of a page when nobody says how many.
const PAGE: usize = 50;
/// Most bytes of one import over HTTP.
const IMPORT: u64 = 16 << 30;

/// The routes.
pub fn routes() -> Routes {
    vec![
        Route::post("/ombud/v1/search", search)
            .about("Messages and titles that hold words")
            .takes::<describe::SessionSearch>()
            .gives::<describe::SearchPage>(StatusCode::OK, "What was found."),
        Route::post("/ombud/v1/fork", fork)
            .about("Makes a session with the history of another, up to a message")
            .takes::<Fork>()
            .gives::<describe::Session>(StatusCode::OK, "The new session."),
        Route::post("/ombud/v1/pinned_agents", pinned_agents)
            .about("The agents that runs of a session have pinned")
            .takes::<OfSession>()
            .gives::<PinnedAgents>(StatusCode::OK, "The agents, as they were then."),
        Route::put("/ombud/v1/import_log", import_log)
            .about("Makes a session of an export, whose lines are the body")
            .query("session", "The id that it gets; absent = the one that it had.", false)
            .gives::<describe::ImportedLog>(StatusCode::OK, "The session, and what came of it."),
        Route::post("/ombud/v1/prune", prune)
            .about("Deletes sessions by rules, for good")
            .takes::<describe::PruneRules>()
            .gives::<describe::Pruned>(StatusCode::OK, "What was deleted."),
        Route::post("/ombud/v1/retain", retain)
            .about("Deletes what the settings say, at most once a day")
            .takes::<Nothing>()
            .gives::<Retained>(StatusCode::OK, "What was deleted, when it was time."),
        Route::post("/ombud/v1/stats", stats)
            .about("What runs have used, by day, agent, model or tool")
            .takes::<describe::StatsFilter>()
            .gives::<describe::Stats>(StatusCode::OK, "What they have used."),
    ]
}

async fn search(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(mut search): Given<SessionSearch>,
) -> Answer<SearchPage> {
    if search.limit == 0 {
        search.limit = PAGE;
    }
    Ok(Gives(door.engine.keeping().search(&caller, &search).await?))
}

async fn fork(State(door): State<Door>, Caller(caller): Caller, Given(fork): Given<Fork>) -> Answer<Session> {
    Ok(Gives(door.engine.keeping().fork(&caller, &fork.session, &fork.fork).await?))
}

async fn pinned_agents(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(of): Given<OfSession>,
) -> Answer<PinnedAgents> {
    Ok(Gives(PinnedAgents { agents: door.engine.keeping().pinned_agents(&caller, &of.session).await? }))
}

async fn import_log(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(asked): Asked<ImportLog>,
    request: Request,
) -> Answer<ImportedLog> {
    let lines = body_pieces(request.into_body(), IMPORT).boxed();
    Ok(Gives(door.engine.keeping().import_log(&caller, asked.session.as_ref(), lines).await?))
}

async fn prune(State(door): State<Door>, Caller(caller): Caller, Given(rules): Given<PruneRules>) -> Answer<Pruned> {
    Ok(Gives(door.engine.keeping().prune(&caller, &rules).await?))
}

async fn retain(State(door): State<Door>, Caller(caller): Caller, Given(Nothing {}): Given<Nothing>) -> Answer<Retained> {
    Ok(Gives(Retained { pruned: door.engine.keeping().retain(&caller).await? }))
}

async fn stats(State(door): State<Door>, Caller(caller): Caller, Given(filter): Given<StatsFilter>) -> Answer<Stats> {
    Ok(Gives(door.engine.keeping().stats(&caller, &filter).await?))
}

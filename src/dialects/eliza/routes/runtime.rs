//! Routes: how the server is, its log, and its end. Two sets of paths: the documented, and the published packages'.

use std::sync::Arc;

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::errors::ElizaError;
use super::super::lines::{self, LEVELS};
use super::super::request::{Answer, Asked};
use super::super::servers::{self, Server};
use crate::domain::{AgentState, Principal, Timestamp};
use crate::engine::Engine;
use crate::http::{Needs, Route, Routes, json};
use crate::observe::{self, Line};

/// Lines that are told when nobody says how many, and at most.
const LINES: (usize, usize) = (100, 1_000);
/// How far back they go when nobody says it, in milliseconds.
const HOUR: i64 = 3_600_000;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    let mut routes = Vec::new();
    for paths in [&DOCUMENTED, &PUBLISHED] {
        let [ping, hello, status, health, servers, logs, stop] = *paths;
        routes.extend([
            Route::get(ping, self::ping).about("Whether it answers."),
            Route::get(hello, self::hello).about("Says hello."),
            Route::get(status, self::status).about("How many agents take work."),
            Route::get(health, self::health)
                .about("How it is: 503 when no agent takes work.")
                .gives_media(StatusCode::OK, "application/json", "Agents take work.")
                .gives_media(StatusCode::SERVICE_UNAVAILABLE, "application/json", "None does."),
            Route::get(servers, self::servers).about("All servers of channels."),
            with_filters(Route::get(logs, self::logs)).about("The newest lines of the log, the oldest first."),
            with_filters(Route::post(logs, self::logs)).about("The same; its body is not looked at."),
            Route::delete(logs, self::clear).about("Forgets the lines of the log that are kept.").needs(Needs::Admin),
            Route::post(stop, self::stop).about("Ends the server, as a signal does.").needs(Needs::Admin),
        ]);
    }
    routes.extend([
        Route::get("/healthz", alive).about("Whether the process answers.").needs(Needs::Nothing),
        Route::get("/health", open_health).about("How it is, for whoever asks.").needs(Needs::Nothing),
    ]);
    routes
}

const DOCUMENTED: [&str; 7] = [
    "/api/runtime/ping",
    "/api/runtime/hello",
    "/api/runtime/status",
    "/api/runtime/health",
    "/api/runtime/debug/servers",
    "/api/runtime/logs",
    "/api/runtime/stop",
];

const PUBLISHED: [&str; 7] = [
    "/api/server/ping",
    "/api/server/hello",
    "/api/server/status",
    "/api/server/health",
    "/api/server/debug/servers",
    "/api/server/logs",
    "/api/server/stop",
];

fn with_filters(route: Route) -> Route {
    route
        .query("since", "Milliseconds since 1970; default an hour ago.", false)
        .query("level", "Only lines of this level; default `all`.", false)
        .query("agentName", "Only lines about this agent; default `all`.", false)
        .query("agentId", "Only lines about the agent of this id; default `all`.", false)
        .query("limit", "Most lines; default 100, at most 1000.", false)
}

async fn ping(asked: Asked) -> Answer {
    Ok(json(StatusCode::OK, &json!({ "pong": true, "timestamp": asked.door.clock.now().as_millis() })))
}

async fn hello(_: Asked) -> Answer {
    Ok(json(StatusCode::OK, &json!({ "message": "Hello World!" })))
}

/// How many agents take work.
async fn working(engine: &dyn Engine, caller: &Principal) -> Result<usize, ElizaError> {
    let agents = engine.agents(caller).await?;
    Ok(agents.values().filter(|item| item.agent.state == AgentState::Active).count())
}

async fn status(asked: Asked) -> Answer {
    let count = working(asked.engine(), &asked.caller).await?;
    Ok(json(StatusCode::OK, &json!({ "status": "ok", "agentCount": count, "timestamp": asked.door.clock.now() })))
}

async fn health(asked: Asked) -> Answer {
    let count = working(asked.engine(), &asked.caller).await?;
    Ok(told_health(count, false, asked.door.clock.now()))
}

async fn alive(asked: Asked) -> Answer {
    Ok(json(StatusCode::OK, &json!({ "status": "ok", "timestamp": asked.door.clock.now() })))
}

/// It tells no more than a number, so nobody has to prove who they are.
async fn open_health(asked: Asked) -> Answer {
    let count = working(asked.engine(), &Principal::house()).await?;
    Ok(told_health(count, true, asked.door.clock.now()))
}

fn told_health(agents: usize, newer: bool, now: Timestamp) -> Response {
    let is_well = agents > 0;
    let word = if newer && !is_well { "DEGRADED" } else { "OK" };
    let mut told = json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": now,
        "dependencies": { "agents": if is_well { "healthy" } else { "no_agents" } },
    });
    if newer {
        told["agentCount"] = json!(agents);
    }
    json(if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &told)
}

async fn servers(asked: Asked) -> Answer {
    let all = servers::all(asked.engine(), &asked.caller, &*asked.door.clock).await?;
    let told: Vec<Value> = all.iter().map(Server::told).collect();
    Ok(json(StatusCode::OK, &json!({ "success": true, "servers": told, "count": told.len() })))
}

/// What lines are asked for.
struct Filter {
    since: i64,
    level: String,
    agent: String,
    agent_id: String,
    limit: usize,
}

impl Filter {
    fn of(asked: &Asked) -> Self {
        let word = |name: &str| asked.query(name).unwrap_or_else(|| "all".to_owned());
        let since = asked.query("since").and_then(|since| since.parse().ok());
        let limit = asked.query("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
        Self {
            since: since.unwrap_or_else(|| asked.door.clock.now().as_millis().saturating_sub(HOUR)),
            level: word("level").to_ascii_lowercase(),
            agent: word("agentName"),
            agent_id: word("agentId"),
            limit: limit.unwrap_or(LINES.0).min(LINES.1),
        }
    }

    /// The lines that fit, and how many there are in all.
    fn of_lines(&self, lines: Vec<Arc<Line>>) -> (Vec<Arc<Line>>, usize) {
        // A level that nobody knows counts as `info`.
        let level = (self.level != "all").then(|| lines::named(&self.level).or(lines::named("info"))).flatten();
        // Where hardly a line names an agent, those that name none are not left out: there would be nothing to see.
        let all = lines.len();
        let has = |named: usize| named * 10 >= all.max(1);
        let names_agents = has(lines.iter().filter(|line| line.agent.is_some()).count());
        let names_ids = has(lines.iter().filter(|line| line.agent_id.is_some()).count());
        let is_about = |wanted: &str, named: Option<&str>, strict: bool| match named {
            _ if wanted == "all" => true,
            Some(named) => named == wanted,
            None => !strict,
        };
        let mut fitting: Vec<Arc<Line>> = lines
            .into_iter()
            .filter(|line| {
                line.at.as_millis() >= self.since
                    && level.is_none_or(|level| lines::number(line.level) == level)
                    && is_about(&self.agent, line.agent.as_deref(), names_agents)
                    && is_about(&self.agent_id, line.agent_id.as_deref(), names_ids)
            })
            .collect();
        fitting.drain(..fitting.len().saturating_sub(self.limit));
        (fitting, all)
    }
}

async fn logs(asked: Asked) -> Answer {
    if !super::super::may_read_lines(&asked.caller) {
        let message = "The log is for whoever sees the whole house";
        return Err(ElizaError::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let filter = Filter::of(&asked);
    let (kept, total) = filter.of_lines(observe::recent_lines());
    let told: Vec<Value> = kept.iter().map(|line| lines::told(line)).collect();
    let levels: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
    Ok(json(
        StatusCode::OK,
        &json!({
            "logs": told,
            "count": told.len(),
            "total": total,
            "requestedLevel": filter.level,
            "agentName": filter.agent,
            "agentId": filter.agent_id,
            "levels": levels,
        }),
    ))
}

async fn clear(_: Asked) -> Answer {
    observe::clear_lines();
    Ok(json(StatusCode::OK, &json!({ "status": "success", "message": "Logs cleared successfully" })))
}

async fn stop(asked: Asked) -> Answer {
    tracing::warn!(caller = asked.caller.name, "the server is told to leave over an API");
    // Answers that have begun are still read: this one among them.
    asked.door.leaving.cancel();
    Ok(json(StatusCode::OK, &json!({ "message": "Server stopping..." })))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tracing::Level;

    use super::*;

    fn line(number: u64, level: Level, agent: Option<&str>) -> Arc<Line> {
        let at = Timestamp::from_millis(i64::try_from(number).unwrap() * 1_000);
        let (message, agent) = (number.to_string(), agent.map(str::to_owned));
        Arc::new(Line { number, level, at, message, agent, agent_id: None, fields: BTreeMap::new() })
    }

    fn told(filter: &Filter, lines: &[Arc<Line>]) -> String {
        let (kept, total) = filter.of_lines(lines.to_vec());
        assert_eq!(total, lines.len());
        kept.iter().map(|line| line.message.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn all() -> Filter {
        let word = || "all".to_owned();
        Filter { since: 0, level: word(), agent: word(), agent_id: word(), limit: 100 }
    }

    #[test]
    fn lines_are_chosen() {
        let mut lines: Vec<_> = (1..=20).map(|number| line(number, Level::INFO, None)).collect();
        lines[4] = line(5, Level::ERROR, Some("Ann"));
        assert_eq!(told(&Filter { limit: 3, ..all() }, &lines), "18 19 20");
        assert_eq!(told(&Filter { since: 19_000, ..all() }, &lines), "19 20");
        assert_eq!(told(&Filter { level: "error".into(), ..all() }, &lines), "5");
        assert_eq!(told(&Filter { level: "odd".into(), limit: 1, ..all() }, &lines), "20");
        assert_eq!(told(&Filter { level: "fatal".into(), ..all() }, &lines), "");
        // One in twenty names an agent: those that name none stay, those of another do not.
        assert_eq!(told(&Filter { agent: "Bob".into(), since: 4_000, limit: 3, ..all() }, &lines[..6]), "");
        assert_eq!(told(&Filter { agent: "Bob".into(), since: 4_000, limit: 3, ..all() }, &lines), "18 19 20");
        assert_eq!(told(&Filter { agent: "Ann".into(), ..all() }, &lines[..6]), "5");
    }

    #[test]
    fn health_is_worse_without_agents() {
        let status = |agents, newer| told_health(agents, newer, Timestamp::from_millis(0)).status().as_u16();
        assert_eq!([status(1, false), status(0, false), status(2, true), status(0, true)], [200, 503, 200, 503]);
    }

    #[test]
    fn a_line_holds_no_key() {
        // In two halves, so that no scanner takes it for one.
        let key = format!("{}{}", "sk-proj-", "aB3dE5gH7jK9mN1pQ3sT5vW7");
        let line = Line { message: format!("refused: {key}"), ..(*line(1, Level::INFO, None)).clone() };
        assert_eq!(lines::told(&line)["msg"], "refused: [removed]");
    }
}

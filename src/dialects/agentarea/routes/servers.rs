//! MCP servers.

use http::StatusCode;

use super::super::errors::AreaError;
use super::super::from_wire::{NAME, SECRET, server as named_of, slug, source};
use super::super::ids;
use super::super::request::{Answer, Asked};
use super::super::to_wire;
use super::super::wire::{LogLine, Logs, NewServer, ServerAnswer, ServerChange, ServerDone, ServerList, Success};
use super::{CONFLICT, UNKNOWN, refusing, whole};
use crate::domain::{Error, ErrorCode, LogLevel, Result, ToolServerSource};
use crate::engine::{NewToolServer, ToolServerChange, ToolServerItem};
use crate::http::{Route, Routes, base_url, json as reply};

const CHAPTER: &str = "MCP servers";
/// Most lines of one answer, and where the address does not say.
const LINES: (u64, u64) = (1_000, 100);

/// The routes.
pub fn routes() -> Routes {
    let acts = |route: Route, id: &str, about: &str| {
        refusing(route, &[UNKNOWN, CONFLICT])
            .about(about)
            .named_in(CHAPTER, id)
            .gives::<ServerDone>(StatusCode::OK, "It is done, or under way: see its `status`.")
    };
    vec![
        refusing(Route::get("/v1/mcp-servers", list), &[])
            .about("The MCP servers, by slug")
            .named_in(CHAPTER, "list_mcp_servers")
            .gives::<ServerList>(StatusCode::OK, "The servers."),
        refusing(Route::post("/v1/mcp-servers", create), &[CONFLICT])
            .about("Makes an MCP server, which does not run yet; for admins")
            .named_in(CHAPTER, "create_mcp_server")
            .takes::<NewServer>()
            .gives::<ServerAnswer>(StatusCode::OK, "The server."),
        refusing(Route::get("/v1/mcp-servers/{server_id}", read), &[UNKNOWN])
            .about("An MCP server")
            .named_in(CHAPTER, "get_mcp_server")
            .gives::<ServerAnswer>(StatusCode::OK, "The server."),
        refusing(Route::put("/v1/mcp-servers/{server_id}", update), &[UNKNOWN, CONFLICT])
            .about("Changes an MCP server; what is not given stays; for admins")
            .named_in(CHAPTER, "update_mcp_server")
            .takes::<ServerChange>()
            .gives::<ServerAnswer>(StatusCode::OK, "The server."),
        refusing(Route::delete("/v1/mcp-servers/{server_id}", remove), &[UNKNOWN, CONFLICT])
            .about("Stops an MCP server, and removes it; for admins")
            .named_in(CHAPTER, "delete_mcp_server")
            .gives::<Success>(StatusCode::OK, "It is removed."),
        acts(Route::post("/v1/mcp-servers/{server_id}/start", start), "start_mcp_server", "Starts one; for admins"),
        acts(Route::post("/v1/mcp-servers/{server_id}/stop", stop), "stop_mcp_server", "Stops one; for admins"),
        acts(
            Route::post("/v1/mcp-servers/{server_id}/restart", restart),
            "restart_mcp_server",
            "Stops one and starts it again; for admins",
        ),
        refusing(Route::get("/v1/mcp-servers/{server_id}/logs", logs), &[UNKNOWN])
            .about("The newest lines of an MCP server and of whoever keeps watch over it, the oldest of them first")
            .named_in(CHAPTER, "mcp_server_logs")
            .query_of("limit", "Most lines; 100 unless told.", false, whole(1, LINES.0))
            .gives::<Logs>(StatusCode::OK, "The lines."),
    ]
}

fn told(asked: &Asked, item: &ToolServerItem) -> Result<ServerAnswer> {
    Ok(to_wire::server(item, &base_url(&asked.door.settings.server, &asked.parts)?))
}

/// The tool server that the address names, as the house knows it.
async fn known(asked: &Asked) -> std::result::Result<(String, ToolServerItem), AreaError> {
    let id = asked.named(0);
    let unknown = || Error::not_found("MCP server", id.chars().filter(|c| !c.is_control()).take(64).collect::<String>());
    let named = ids::own(ids::SERVER, id).map(|_| named_of(id)).filter(|own| own != id);
    let Some(named) = named else { return Err(unknown().into()) };
    match asked.engine().tool_servers().tool_server(&asked.caller, &named).await {
        Ok(item) => Ok((named, item)),
        Err(error) if error.code == ErrorCode::NotFound => Err(unknown().into()),
        Err(error) => Err(error.into()),
    }
}

async fn list(asked: Asked) -> Answer {
    let items = asked.engine().tool_servers().tool_servers(&asked.caller).await?;
    let servers: Vec<ServerAnswer> = items.iter().map(|item| told(&asked, item)).collect::<Result<_>>()?;
    let total = servers.len();
    Ok(reply(StatusCode::OK, &ServerList { servers, total }))
}

async fn create(asked: Asked) -> Answer {
    let mut body = asked.body()?;
    let name = body.required("name", NAME);
    let slug = slug(&mut body);
    body.object("config");
    let source = source(&mut body);
    for place in ["config.env", "config.headers"] {
        // There is nothing yet that it could keep.
        if body.object(place).is_some_and(|values| values.values().any(|value| value.as_str() == Some(SECRET))) {
            body.fault(place, format!("`{SECRET}` stands for a value that is kept, and none is"));
        }
    }
    body.check()?;
    let (source, secrets) = source.ok_or_else(|| Error::internal("a tool server without a place was let through"))?;
    let new = NewToolServer { name, slug, source, secrets, for_all: false };
    let item = asked.engine().tool_servers().create_tool_server(&asked.caller, new).await?;
    Ok(reply(StatusCode::OK, &told(&asked, &item)?))
}

async fn read(asked: Asked) -> Answer {
    let (_, item) = known(&asked).await?;
    Ok(reply(StatusCode::OK, &told(&asked, &item)?))
}

async fn update(asked: Asked) -> Answer {
    let (named, item) = known(&asked).await?;
    let mut body = asked.body()?;
    let name = body.text("name", NAME);
    let slug = slug(&mut body);
    let found = if body.has("config") && body.object("config").is_some() { source(&mut body) } else { None };
    body.check()?;
    let (source, secrets) = found.map_or_else(Default::default, |(source, secrets)| (Some(source), secrets));
    must_keep_known(&item.server.source, source.as_ref(), &secrets)?;
    let change = ToolServerChange { name, slug, source, secrets, ..ToolServerChange::default() };
    let item = asked.engine().tool_servers().update_tool_server(&asked.caller, &named, change).await?;
    Ok(reply(StatusCode::OK, &told(&asked, &item)?))
}

/// Refuses `***` for a value that there is not.
fn must_keep_known<T>(
    before: &ToolServerSource,
    now: Option<&ToolServerSource>,
    told: &std::collections::BTreeMap<String, T>,
) -> std::result::Result<(), AreaError> {
    let names = |source: &ToolServerSource| match source {
        ToolServerSource::Program { variables, .. } => ("config.env", variables.clone()),
        ToolServerSource::Address { headers, .. } => ("config.headers", headers.clone()),
    };
    let Some((place, now)) = now.map(names) else { return Ok(()) };
    let (kept_at, kept) = names(before);
    match now.iter().find(|name| !(told.contains_key(*name) || place == kept_at && kept.contains(name))) {
        Some(_) => Err(AreaError::at(place, format!("`{SECRET}` stands for a value that is kept, and none is"))),
        None => Ok(()),
    }
}

async fn remove(asked: Asked) -> Answer {
    let (named, _) = known(&asked).await?;
    asked.engine().tool_servers().remove_tool_server(&asked.caller, &named).await?;
    Ok(reply(StatusCode::OK, &Success::DONE))
}

fn done(asked: &Asked, item: &ToolServerItem, message: &str) -> Answer {
    let message = format!("MCP server `{}` {message}", item.server.slug);
    Ok(reply(StatusCode::OK, &ServerDone { status: Success::DONE.status, message, server: told(asked, item)? }))
}

async fn start(asked: Asked) -> Answer {
    let (named, _) = known(&asked).await?;
    let item = asked.engine().tool_servers().start_tool_server(&asked.caller, &named).await?;
    done(&asked, &item, "is started")
}

async fn stop(asked: Asked) -> Answer {
    let (named, _) = known(&asked).await?;
    let item = asked.engine().tool_servers().stop_tool_server(&asked.caller, &named).await?;
    done(&asked, &item, "is stopped")
}

async fn restart(asked: Asked) -> Answer {
    let (named, _) = known(&asked).await?;
    let item = asked.engine().tool_servers().restart_tool_server(&asked.caller, &named).await?;
    done(&asked, &item, "is restarted")
}

async fn logs(asked: Asked) -> Answer {
    let mut query = asked.query();
    let limit = query.whole("limit", 1..=LINES.0).unwrap_or(LINES.1);
    query.check()?;
    let (named, item) = known(&asked).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let lines = asked.engine().tool_servers().tool_server_lines(&asked.caller, &named, limit).await?;
    let logs = lines.into_iter().map(|line| LogLine {
        timestamp: line.at.to_string(),
        level: level(line.level),
        component: line.component,
        message: line.message,
    });
    let server_id = format!("{}{}", ids::SERVER, item.server.id);
    Ok(reply(StatusCode::OK, &Logs { server_id, logs: logs.collect() }))
}

const fn level(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Info => "info",
        LogLevel::Warning => "warning",
        LogLevel::Error => "error",
    }
}

//! Routes: servers, and which agents are on each. Two sets of names: the older ones, and those of later versions.

use http::StatusCode;
use serde_json::json;

use super::super::directory::Directory;
use super::super::errors::ElizaError;
use super::super::fields::Fields;
use super::super::ids;
use super::super::request::{Answer, Asked, data};
use super::super::servers::{self, Server};
use crate::http::{Route, Routes};

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::get("/api/messaging/central-servers", list).about("List the servers."),
        Route::get("/api/messaging/message-servers", list_newer).about("List the servers, by their newer name."),
        Route::get("/api/messaging/message-server/current", current).about("Tell which server this is."),
        Route::post("/api/messaging/servers", create).about("Make a server."),
        Route::post("/api/messaging/message-servers", create).about("Make a server."),
        Route::get("/api/messaging/servers/{server}/agents", agents).about("List the agents of a server."),
        Route::get("/api/messaging/message-servers/{server}/agents", agents).about("List the agents of a server."),
        Route::post("/api/messaging/servers/{server}/agents", add).about("Put an agent on a server."),
        Route::post("/api/messaging/message-servers/{server}/agents", add).about("Put an agent on a server."),
        Route::delete("/api/messaging/servers/{server}/agents/{agent}", remove).about("Take an agent from a server."),
        Route::delete("/api/messaging/message-servers/{server}/agents/{agent}", remove)
            .about("Take an agent from a server."),
        Route::get("/api/messaging/agents/{agent}/servers", of_agent).about("List the servers of an agent."),
        Route::get("/api/messaging/agents/{agent}/message-servers", of_agent_newer)
            .about("List the servers of an agent, by their newer name."),
    ]
}

async fn told(asked: &Asked) -> Result<Vec<serde_json::Value>, ElizaError> {
    let all = servers::all(asked.engine(), &asked.caller, &*asked.door.clock).await?;
    Ok(all.iter().map(Server::told).collect())
}

async fn list(asked: Asked) -> Answer {
    Ok(data(StatusCode::OK, json!({ "servers": told(&asked).await? })))
}

async fn list_newer(asked: Asked) -> Answer {
    Ok(data(StatusCode::OK, json!({ "messageServers": told(&asked).await? })))
}

async fn current(_: Asked) -> Answer {
    Ok(data(StatusCode::OK, json!({ "messageServerId": ids::DEFAULT_SERVER })))
}

async fn create(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let (Some(name), Some(source_type)) = (body.text("name"), body.text("sourceType")) else {
        return Err(ElizaError::bad("BAD_REQUEST", "Missing required fields: name, sourceType"));
    };
    let server = Server {
        id: asked.door.clock.new_id().to_string(),
        name: name.to_owned(),
        source_type: source_type.to_owned(),
        source_id: body.text("sourceId").map(str::to_owned),
        metadata: body.get("metadata").cloned(),
        created_at: asked.door.clock.now(),
        ..Server::default()
    };
    servers::create(asked.engine(), &asked.caller, &server).await?;
    Ok(data(StatusCode::CREATED, json!({ "server": server.told() })))
}

fn server(asked: &Asked) -> Result<String, ElizaError> {
    servers::id(asked.named(0)).ok_or_else(|| ElizaError::bad("INVALID_ID", "Invalid serverId format"))
}

fn missing(server: &str) -> ElizaError {
    ElizaError::new(StatusCode::NOT_FOUND, "SERVER_NOT_FOUND", format!("Server {server} does not exist"))
}

async fn agents(asked: Asked) -> Answer {
    let id = server(&asked)?;
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    let server = servers::one(asked.engine(), &asked.caller, &id).await?;
    let agents = server.map(|server| server.agents_of(&directory)).unwrap_or_default();
    Ok(data(StatusCode::OK, json!({ named(&asked): id, "agents": agents })))
}

/// What the id of a server is called in an answer: under a newer address by its newer name.
fn named(asked: &Asked) -> &'static str {
    let is_newer = asked.parts.uri.path().contains("/message-servers");
    if is_newer { "messageServerId" } else { "serverId" }
}

async fn change(asked: &Asked, agent: &str, is_on: bool, message: &str, status: StatusCode) -> Answer {
    let wrong = || ElizaError::bad("INVALID_ID", "Invalid serverId or agentId format");
    let server = servers::id(asked.named(0)).ok_or_else(wrong)?;
    if !ids::is_id(agent) {
        return Err(wrong());
    }
    let agent = agent.to_ascii_lowercase();
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    if is_on && directory.by_id(&agent).is_none() && servers::one(asked.engine(), &asked.caller, &server).await?.is_some() {
        return Err(ElizaError::new(StatusCode::NOT_FOUND, "AGENT_NOT_FOUND", "Agent not found"));
    }
    servers::put_agent(asked.engine(), &asked.caller, &server, &agent, is_on).await?.ok_or_else(|| missing(&server))?;
    Ok(data(status, json!({ named(asked): server, "agentId": agent, "message": message })))
}

async fn add(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let agent = body.text("agentId").unwrap_or_default();
    change(&asked, agent, true, "Agent added to server successfully", StatusCode::CREATED).await
}

async fn remove(asked: Asked) -> Answer {
    let agent = asked.named(1).to_owned();
    change(&asked, &agent, false, "Agent removed from server successfully", StatusCode::OK).await
}

async fn servers_of(asked: &Asked) -> Result<(String, Vec<String>), ElizaError> {
    let agent = asked.id(0, "agent")?;
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    let is_active = directory.by_id(&agent).is_some_and(|known| known.active);
    let all = servers::all(asked.engine(), &asked.caller, &*asked.door.clock).await?;
    let there = all.into_iter().filter(|server| server.has(&agent, is_active)).map(|server| server.id).collect();
    Ok((agent, there))
}

async fn of_agent(asked: Asked) -> Answer {
    let (agent, servers) = servers_of(&asked).await?;
    Ok(data(StatusCode::OK, json!({ "agentId": agent, "servers": servers })))
}

async fn of_agent_newer(asked: Asked) -> Answer {
    let (agent, servers) = servers_of(&asked).await?;
    Ok(data(StatusCode::OK, json!({ "agentId": agent, "messageServers": servers })))
}

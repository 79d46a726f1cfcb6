//! Routes: who takes part in a channel.

use http::StatusCode;
use serde_json::json;

use super::super::channels::{self, Seats};
use super::super::directory::Directory;
use super::super::errors::ElizaError;
use super::super::fields::Fields;
use super::super::ids;
use super::super::request::{Answer, Asked, data};
use super::channels::{named, not_found};
use crate::http::{Route, Routes};

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::get("/api/messaging/central-channels/{channel}/participants", list).about("List who takes part."),
        Route::get("/api/messaging/channels/{channel}/participants", list).about("List who takes part."),
        Route::get("/api/messaging/central-channels/{channel}/agents", agents).about("List who takes part."),
        Route::get("/api/messaging/channels/{channel}/agents", agents).about("List who takes part."),
        Route::post("/api/messaging/central-channels/{channel}/agents", add).about("Let an agent take part."),
        Route::post("/api/messaging/channels/{channel}/agents", add).about("Let an agent take part."),
        Route::delete("/api/messaging/central-channels/{channel}/agents/{agent}", remove)
            .about("Let an agent take part no longer."),
        Route::delete("/api/messaging/channels/{channel}/agents/{agent}", remove).about("Let an agent take part no longer."),
    ]
}

async fn ids_of(asked: &Asked) -> Result<Vec<String>, ElizaError> {
    let Some(channel) = named(asked).await? else { return Ok(Vec::new()) };
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    Ok(directory.taking_part(&channel.session))
}

async fn list(asked: Asked) -> Answer {
    Ok(data(StatusCode::OK, ids_of(&asked).await?))
}

async fn agents(asked: Asked) -> Answer {
    let participants = ids_of(&asked).await?;
    Ok(data(StatusCode::OK, json!({ "channelId": asked.named(0), "participants": participants })))
}

async fn change(asked: &Asked, agent: &str, is_coming: bool) -> Answer {
    if !ids::is_id(agent) {
        return Err(ElizaError::bad("INVALID_ID", "Invalid channelId or agentId format"));
    }
    let (engine, caller, agent) = (asked.engine(), &asked.caller, agent.to_ascii_lowercase());
    let channel = named(asked).await?.ok_or_else(not_found)?;
    let directory = Directory::read(engine, caller).await?;
    if !is_coming && !directory.taking_part(&channel.session).contains(&agent) {
        return Err(ElizaError::not_found("Agent is not a participant in this channel"));
    }
    let (seats, status, done) = if is_coming {
        (Seats::Comes(agent.clone()), StatusCode::CREATED, "Agent added to channel successfully")
    } else {
        (Seats::Goes(agent.clone()), StatusCode::OK, "Agent removed from channel successfully")
    };
    channels::seat(engine, caller, &directory, &channel, seats).await?;
    Ok(data(status, json!({ "channelId": channel.id(), "agentId": agent, "message": done })))
}

async fn add(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    change(&asked, body.text("agentId").unwrap_or_default(), true).await
}

async fn remove(asked: Asked) -> Answer {
    let agent = asked.named(1).to_owned();
    change(&asked, &agent, false).await
}

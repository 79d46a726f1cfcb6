//! Routes: what agents, actions and other systems bring into a channel.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::agents;
use super::super::channels::{self, Channel};
use super::super::directory::Directory;
use super::super::errors::ElizaError;
use super::super::fields::Fields;
use super::super::kept::{COMPLETED, KeptMessage};
use super::super::posting::{self, Posted, Taken};
use super::super::request::{Answer, Asked, data};
use super::super::told::{self, Told, Wanted};
use super::messages::kept;
use crate::domain::{ErrorCode, SessionUpdated};
use crate::engine::Expected;
use crate::http::{Route, Routes};

/// Actions that can be changed; the oldest are forgotten first.
const ACTIONS: usize = 5_000;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::post("/api/messaging/submit", submit).about("Say something as an agent."),
        Route::post("/api/messaging/complete", complete).about("Say that an agent's answer is complete."),
        Route::post("/api/messaging/action", action).about("Tell what an agent does."),
        Route::patch("/api/messaging/action/{message}", change_action).about("Tell how that went on."),
        Route::post("/api/messaging/ingest-external", ingest).about("Bring in what was said elsewhere."),
    ]
}

/// What `submit` and `action` take: the channel, the author, and what is said.
fn submitted(body: &Fields) -> Result<Posted, ElizaError> {
    let required = (body.id("channel_id"), body.server(), body.id("author_id"), body.text("content"));
    let (Some(channel), Some(server), Some(author), Some(content)) = required else { return Err(missing()) };
    if body.text("source_type").is_none() || body.get("raw_message").is_none() {
        return Err(missing());
    }
    let kept = kept(body, None)?;
    let shown = kept.metadata.as_ref().and_then(|metadata| metadata.get("agentName")).and_then(Value::as_str);
    Ok(Posted {
        channel,
        server,
        author,
        author_name: Some(shown.unwrap_or("Agent").to_owned()),
        content: content.to_owned(),
        kept,
        ..Posted::default()
    })
}

fn missing() -> ElizaError {
    let message = "Missing required fields: channel_id, server_id, author_id, content, source_type, raw_message";
    ElizaError::bad("BAD_REQUEST", message)
}

/// What an agent says asks only the agents that it names; what somebody says who is no agent of the house asks nobody, or
/// two that answer each other would never end.
async fn say(asked: &Asked, mut posted: Posted) -> Result<Taken, ElizaError> {
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    posted.answered = directory.by_id(&posted.author).is_some();
    posting::post(&asked.door, &asked.caller, posted).await
}

/// Gives a message the id that its maker chose; one that is there already is changed.
async fn chosen_id(asked: &Asked, body: &Fields, posted: &mut Posted) -> Result<(), ElizaError> {
    let Some(id) = body.id("messageId").or_else(|| body.id("message_id")) else { return Ok(()) };
    let channel = channels::find(asked.engine(), &asked.caller, &posted.channel).await?;
    let there = match channel {
        Some(channel) => told::stands_under(asked.engine(), &asked.caller, &channel.session, &id).await?,
        None => Vec::new(),
    };
    if there.is_empty() {
        posted.kept.id = Some(id)
    } else {
        posted.kept.replaces = Some(id)
    }
    Ok(())
}

async fn submit(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let mut posted = submitted(&body)?;
    chosen_id(&asked, &body, &mut posted).await?;
    let taken = say(&asked, posted).await?;
    Ok(data(StatusCode::CREATED, taken.told.stored()))
}

async fn complete(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let (Some(channel), Some(_)) = (body.id("channel_id"), body.server()) else {
        return Err(ElizaError::bad("BAD_REQUEST", "Missing or invalid fields: channel_id, server_id"));
    };
    if let Some(channel) = channels::find(asked.engine(), &asked.caller, &channel).await? {
        let mut change = SessionUpdated::default();
        change.attributes.insert(COMPLETED.to_owned(), json!(asked.door.clock.now()));
        asked.engine().update(&asked.caller, &channel.session.id, change).await?;
    }
    Ok(crate::http::json(StatusCode::OK, &json!({ "success": true, "message": "Completion event emitted" })))
}

async fn action(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let mut posted = submitted(&body)?;
    chosen_id(&asked, &body, &mut posted).await?;
    // It tells what is done, and asks nobody.
    let taken = posting::post(&asked.door, &asked.caller, posted).await?;
    note(&asked, &taken.told).await?;
    Ok(data(StatusCode::CREATED, taken.told.stored()))
}

/// Notes in which channel an action is: the address that changes it does not say so.
async fn note(asked: &Asked, told: &Told) -> Result<(), ElizaError> {
    let (shelves, place) = (asked.engine().shelves(), agents::shelf("actions"));
    let value = json!({ "channel": told.channel, "at": told.at });
    let put = shelves.shelf_put(&asked.caller, &place, &told.id, value.clone(), Expected::Anything).await;
    match put {
        Err(error) if error.code == ErrorCode::TooLarge => {
            let mut there = shelves.shelf_list(&asked.caller, &place, None, 10_000).await?.documents;
            there.sort_by_key(|document| document.value["at"].as_str().map(str::to_owned));
            for old in there.iter().take(there.len().saturating_sub(ACTIONS)) {
                shelves.shelf_remove(&asked.caller, &place, &old.id).await?;
            }
            shelves.shelf_put(&asked.caller, &place, &told.id, value, Expected::Anything).await?;
        }
        put => drop(put?),
    }
    Ok(())
}

async fn change_action(asked: Asked) -> Answer {
    let id = asked.id(0, "message")?;
    let (engine, caller) = (asked.engine(), &asked.caller);
    let not_found = || ElizaError::not_found("Message not found");
    let noted = engine.shelves().shelf_get(caller, &agents::shelf("actions"), &id).await?.ok_or_else(not_found)?;
    let channel = noted.value["channel"].as_str().unwrap_or_default().to_owned();
    let channel: Channel = channels::find(engine, caller, &channel).await?.ok_or_else(not_found)?;
    let directory = Directory::read(engine, caller).await?;
    let wanted = Wanted { limit: 1_000, ..Wanted::default() };
    let (all, _) = told::of_channel(engine, caller, &channel, &directory, &wanted).await?;
    let there = all.into_iter().find(|told| told.id == id).ok_or_else(not_found)?;
    let body = Fields(asked.body()?);
    let given = kept(&body, None)?;
    let old = there.kept;
    let posted = Posted {
        channel: there.channel,
        server: there.server,
        author: body.id("author_id").unwrap_or(there.author),
        author_name: Some(there.author_name),
        content: body.text("content").map_or(there.text, str::to_owned),
        kept: KeptMessage {
            raw_message: given.raw_message.or(old.raw_message),
            source_type: given.source_type.or(old.source_type),
            source_id: given.source_id.or(old.source_id),
            in_reply_to: given.in_reply_to.or(old.in_reply_to),
            metadata: given.metadata.or(old.metadata),
            attachments: given.attachments.or(old.attachments),
            replaces: Some(id),
            ..KeptMessage::default()
        },
        ..Posted::default()
    };
    let taken = posting::post(&asked.door, caller, posted).await?;
    Ok(data(StatusCode::OK, Told { at: there.at, ..taken.told }.stored()))
}

async fn ingest(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    let required = (body.id("channel_id"), body.server(), body.id("author_id"), body.text("content"));
    let (Some(channel), Some(server), Some(author), Some(content)) = required else {
        return Err(ElizaError::bad("BAD_REQUEST", "Invalid external message payload"));
    };
    let posted = Posted {
        channel,
        server,
        author,
        author_name: body.text("author_display_name").map(str::to_owned),
        content: content.to_owned(),
        kept: kept(&body, None)?,
        answered: true,
        ..Posted::default()
    };
    let taken = posting::post(&asked.door, &asked.caller, posted).await?;
    let told = json!({
        "success": true,
        "message": "Message ingested and published to bus",
        "data": { "messageId": taken.told.id },
    });
    Ok(crate::http::json(StatusCode::ACCEPTED, &told))
}

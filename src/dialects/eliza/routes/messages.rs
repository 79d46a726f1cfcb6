//! Routes: what is said in a channel.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::errors::ElizaError;
use super::super::fields::Fields;
use super::super::kept::KeptMessage;
use super::super::posting::{self, Posted};
use super::super::request::{Answer, Asked, data};
use super::super::told::{self, Told, Wanted};
use super::super::waiting::{self, Transport};
use super::super::{directory::Directory, ids};
use super::channels::named;
use crate::domain::{AfterClearing, ErrorCode, MessageId};
use crate::http::{Route, Routes, empty};

/// Messages that are listed when nobody says how many.
const USUAL: usize = 50;
/// Most messages that are listed at once.
const MOST: usize = 1_000;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    let listed = |route: Route| {
        route
            .query("limit", "Most messages: 50 unless told, at most 1,000.", false)
            .query("before", "Only what was said before this moment, in milliseconds, or before this message.", false)
            .query("after", "Only what was said after this moment, in milliseconds.", false)
            .about("List what was said, the newest first.")
    };
    vec![
        Route::post("/api/messaging/central-channels/{channel}/messages", post).about("Say something in a channel."),
        Route::post("/api/messaging/channels/{channel}/messages", post_newer).about("Say something in a channel."),
        listed(Route::get("/api/messaging/central-channels/{channel}/messages", list)),
        listed(Route::get("/api/messaging/channels/{channel}/messages", list)),
        Route::delete("/api/messaging/central-channels/{channel}/messages/{message}", delete)
            .about("Take a message away, for good."),
        Route::delete("/api/messaging/channels/{channel}/messages/{message}", delete)
            .about("Take a message away, for good."),
        Route::delete("/api/messaging/central-channels/{channel}/messages", clear)
            .about("Take all messages of a channel away, for good."),
        Route::delete("/api/messaging/channels/{channel}/messages", clear)
            .about("Take all messages of a channel away, for good."),
    ]
}

/// What a body says of a message, beside its text and its author.
pub(super) fn kept(body: &Fields, source_type: Option<&str>) -> Result<KeptMessage, ElizaError> {
    let in_reply_to = match body.text_of(&["in_reply_to_message_id", "inReplyToMessageId"]) {
        None => None,
        Some(id) if ids::is_id(id) => Some(id.to_ascii_lowercase()),
        Some(_) => return Err(ElizaError::bad("INVALID_ID", "Invalid in_reply_to_message_id format")),
    };
    let text = |key: &str| body.text(key).map(str::to_owned);
    Ok(KeptMessage {
        raw_message: body.get("raw_message").cloned(),
        source_type: text("source_type").or_else(|| source_type.map(str::to_owned)),
        source_id: text("source_id"),
        in_reply_to,
        metadata: body.get("metadata").filter(|metadata| metadata.is_object()).cloned(),
        attachments: body.get("attachments").filter(|attachments| attachments.is_array()).cloned(),
        ..KeptMessage::default()
    })
}

async fn post(asked: Asked) -> Answer {
    say(asked, false).await
}

async fn post_newer(asked: Asked) -> Answer {
    say(asked, true).await
}

async fn say(asked: Asked, newer: bool) -> Answer {
    let body = Fields(asked.body()?);
    let (transport, is_named) = Transport::read(&body)?;
    let found = named(&asked).await;
    let required = (found, body.id("author_id"), body.text("content"), body.server());
    let (Ok(_), Some(author), Some(content), Some(server)) = required else {
        return Err(ElizaError::bad("BAD_REQUEST", "Missing required fields: channelId, server_id, author_id, content"));
    };
    let kept = kept(&body, Some("eliza_gui"))?;
    let shown = kept.metadata.as_ref().and_then(|metadata| metadata.get("user_display_name")).and_then(Value::as_str);
    let mut posted = Posted {
        channel: asked.named(0).to_owned(),
        server,
        author,
        author_name: shown.map(str::to_owned),
        content: content.to_owned(),
        kept,
        create: Some("gui_auto_creation"),
        answered: true,
        target: None,
    };
    if transport == Transport::Channel {
        let taken = posting::post(&asked.door, &asked.caller, posted).await?;
        let told = taken.told.on_bus();
        if newer || is_named {
            let told = json!({ "success": true, "data": told, "userMessage": told });
            return Ok(crate::http::json(StatusCode::CREATED, &told));
        }
        return Ok(data(StatusCode::CREATED, told));
    }
    posted.target = waiting::target(&posted);
    let (taken, frames) = posting::post_and_follow(&asked.door, &asked.caller, posted).await?;
    waiting::must_be_answered(&taken)?;
    let told = taken.told.on_bus();
    let first = json!({ "success": true, "data": told, "userMessage": told });
    Ok(waiting::answer(&asked.door.settings.server.limits, transport, &taken, frames, first).await)
}

/// A moment in milliseconds, or as a date; what is neither is passed over.
pub(super) fn moment(text: &str) -> Option<i64> {
    let millis = text.parse::<f64>().ok().filter(|millis| millis.is_finite()).map(|millis| millis as i64);
    let date = || serde_json::from_value::<crate::domain::Timestamp>(json!(text)).ok().map(|at| at.as_millis());
    millis.or_else(date)
}

async fn list(asked: Asked) -> Answer {
    let Some(channel) = named(&asked).await? else { return Ok(data(StatusCode::OK, json!({ "messages": [] }))) };
    let limit = asked.query("limit").and_then(|text| text.parse().ok()).unwrap_or(USUAL).min(MOST);
    let before = asked.query("before");
    let wanted = Wanted {
        limit,
        before: before.as_deref().filter(|text| !ids::is_id(text)).and_then(moment),
        before_message: before.filter(|text| ids::is_id(text)),
        after: asked.query("after").as_deref().and_then(moment),
    };
    let directory = Directory::read(asked.engine(), &asked.caller).await?;
    let (told, _) = told::of_channel(asked.engine(), &asked.caller, &channel, &directory, &wanted).await?;
    let told: Vec<Value> = told.iter().map(Told::listed).collect();
    Ok(data(StatusCode::OK, json!({ "messages": told })))
}

async fn delete(asked: Asked) -> Answer {
    let wrong = || ElizaError::bad("INVALID_ID", "Invalid channelId or messageId");
    let channel = named(&asked).await.map_err(|_| wrong())?;
    let (engine, caller, id) = (asked.engine(), &asked.caller, asked.named(1));
    let Some(channel) = channel else {
        return if ids::is_id(id) { Ok(empty(StatusCode::NO_CONTENT)) } else { Err(wrong()) };
    };
    let session = &channel.session.id;
    let mut there: Vec<MessageId> = told::stands_under(engine, caller, &channel.session, id).await?;
    if there.is_empty() && !ids::is_id(id) {
        return Err(wrong());
    }
    // Also one that is too long ago to be looked for.
    if there.is_empty() {
        there.push(MessageId::from_text(&id.to_ascii_lowercase()));
    }
    for message in there {
        match engine.channels().redact(caller, session, &message).await {
            Err(error) if error.code != ErrorCode::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

async fn clear(asked: Asked) -> Answer {
    if let Some(channel) = named(&asked).await? {
        asked.engine().clear(&asked.caller, &channel.session.id, AfterClearing::Active).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}

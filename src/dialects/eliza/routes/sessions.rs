//! Routes: sessions of one person and one agent, in the form of all versions that have them.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::definition::character_of;
use super::super::directory::Directory;
use super::super::errors::{Code, ElizaError, Form};
use super::super::fields::Fields;
use super::super::ids;
use super::super::kept::KeptMessage;
use super::super::posting::{self, Posted};
use super::super::request::{Answer, Asked};
use super::super::talks::{self, KeptTalk, Lives, Renewing, Talk, Timeout};
use super::super::told::{self, Told, Wanted};
use super::super::waiting::{self, Transport};
use super::messages::moment;
use crate::http::{Route, Routes, json};

/// Longest message, in characters.
const SIGNS: usize = 4_000;
/// Largest metadata, in bytes of JSON.
const METADATA: usize = 10_240;
/// Messages that are listed when nobody says how many, and most of them.
const LISTED: (usize, usize) = (50, 100);

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    macro_rules! told {
        ($handler:expr) => {
            |asked: Asked| async move {
                let now = asked.door.clock.now();
                $handler(asked).await.unwrap_or_else(|error: ElizaError| refuse(error, now))
            }
        };
    }
    vec![
        Route::post("/api/messaging/sessions", told!(create)).about("Begin a session of a person and an agent."),
        Route::get("/api/messaging/sessions", told!(list)).about("List the sessions."),
        Route::get("/api/messaging/sessions/health", told!(health)).about("Tell how many sessions there are."),
        Route::get("/api/messaging/sessions/{session}", told!(get)).about("Tell a session."),
        Route::delete("/api/messaging/sessions/{session}", told!(delete)).about("End a session, for good."),
        Route::post("/api/messaging/sessions/{session}/messages", told!(say)).about("Say something in a session."),
        Route::get("/api/messaging/sessions/{session}/messages", told!(messages))
            .query("limit", "Most messages, from 1 to 100; 50 unless told.", false)
            .query("before", "Only what was said before this moment.", false)
            .query("after", "Only what was said after this moment.", false)
            .about("List what was said, the newest first."),
        Route::post("/api/messaging/sessions/{session}/renew", told!(renew)).about("Begin the time of a session anew."),
        Route::post("/api/messaging/sessions/{session}/heartbeat", told!(heartbeat)).about("Give a sign of life."),
        Route::patch("/api/messaging/sessions/{session}/timeout", told!(timeout)).about("Change how long a session lives."),
    ]
}

/// Sessions tell errors without the envelope of the rest, and with the time.
fn refuse(error: ElizaError, now: crate::domain::Timestamp) -> Response {
    let mut error = error.told_as(Form::Bare);
    let word = |word: &'static str| Code::Word(word.into());
    if error.code == word("BAD_REQUEST") || error.code == word("INVALID_ID") {
        error.code = word("VALIDATION_ERROR");
    }
    let mut body = error.body();
    body["error"]["timestamp"] = json!(now);
    json(error.status, &body).into_response()
}

async fn talk(asked: &Asked) -> Result<Talk, ElizaError> {
    talks::one(asked.engine(), &asked.caller, asked.named(0)).await
}

fn metadata(body: &Fields) -> Result<Map<String, Value>, ElizaError> {
    match body.get("metadata") {
        None => Ok(Map::new()),
        Some(Value::Object(metadata)) if Value::Object(metadata.clone()).to_string().len() <= METADATA => {
            Ok(metadata.clone())
        }
        Some(Value::Object(_)) => {
            Err(ElizaError::bad("VALIDATION_ERROR", format!("Metadata exceeds maximum size of {METADATA} bytes")))
        }
        Some(_) => Err(ElizaError::bad("VALIDATION_ERROR", "Metadata must be an object")),
    }
}

fn with(asked: &Asked, old: &Timeout, body: &Value, strict: bool) -> Result<Timeout, ElizaError> {
    let lives = Lives(&asked.door.settings.server.talks);
    lives.with(old, body, strict).map_err(|message| ElizaError::bad("VALIDATION_ERROR", message))
}

async fn create(asked: Asked) -> Answer {
    let body = Fields(asked.body()?);
    if body.text("agentId").is_none() || body.text("userId").is_none() {
        return Err(ElizaError::bad("VALIDATION_ERROR", "Missing required fields: agentId and userId"));
    }
    let (Some(agent_id), Some(user_id)) = (body.id("agentId"), body.id("userId")) else {
        return Err(ElizaError::bad("VALIDATION_ERROR", "Invalid UUID format for agentId or userId"));
    };
    let metadata = metadata(&body)?;
    let agent = talks::agent(asked.engine(), &asked.caller, &agent_id).await?;
    let of_agent = Lives(&asked.door.settings.server.talks).of_agent(character_of(&agent).get("settings"));
    let timeout_config = match body.get("timeoutConfig") {
        Some(config) => with(&asked, &of_agent, config, false)?,
        None => of_agent,
    };
    let kept = KeptTalk { agent_id, user_id, metadata, timeout_config, ..KeptTalk::default() };
    let talk = talks::create(asked.engine(), &asked.caller, kept).await?;
    Ok(json(StatusCode::CREATED, &talk.made()))
}

async fn list(asked: Asked) -> Answer {
    let now = asked.door.clock.now();
    let all = talks::all(asked.engine(), &asked.caller).await?;
    let (over, active): (Vec<Talk>, Vec<Talk>) = all.into_iter().partition(|talk| talk.is_over);
    let stats = json!({
        "totalSessions": over.len() + active.len(), "activeSessions": active.len(), "expiredSessions": over.len()
    });
    let told: Vec<Value> = active.iter().map(|talk| talk.told(now)).collect();
    Ok(json(StatusCode::OK, &json!({ "sessions": told, "total": told.len(), "stats": stats })))
}

async fn health(asked: Asked) -> Answer {
    let now = asked.door.clock.now();
    let all = talks::all(asked.engine(), &asked.caller).await?;
    let active: Vec<Value> = all.iter().filter(|talk| !talk.is_over).map(|talk| talk.told(now)).collect();
    let soon = active.iter().filter(|told| told["isNearExpiration"] == json!(true)).count();
    let uptime = asked.engine().health(&asked.caller).await?.uptime_ms as f64 / 1_000.0;
    let told = json!({
        "status": "healthy", "activeSessions": active.len(), "timestamp": now, "expiringSoon": soon, "uptime": uptime
    });
    Ok(json(StatusCode::OK, &told))
}

async fn get(asked: Asked) -> Answer {
    Ok(json(StatusCode::OK, &talk(&asked).await?.told(asked.door.clock.now())))
}

async fn delete(asked: Asked) -> Answer {
    let id = match talk(&asked).await {
        Ok(talk) => talk.session.id,
        // One whose time is over can be deleted as well.
        Err(error) if error.status == StatusCode::GONE => {
            crate::domain::SessionId::parse(&asked.named(0).to_ascii_lowercase())?
        }
        Err(error) => return Err(error),
    };
    asked.engine().delete(&asked.caller, &id).await?;
    Ok(json(StatusCode::OK, &json!({ "success": true, "message": format!("Session {id} deleted successfully") })))
}

async fn say(asked: Asked) -> Answer {
    let talk = talk(&asked).await?;
    let body = Fields(asked.body()?);
    let (transport, is_named) = Transport::read(&body)?;
    let wrong = |message: String| ElizaError::bad("VALIDATION_ERROR", message);
    let content = match body.get("content") {
        Some(Value::String(content)) if content.trim().is_empty() => return Err(wrong("Content cannot be empty".into())),
        Some(Value::String(content)) if content.chars().count() > SIGNS => {
            return Err(wrong(format!("Content exceeds maximum length of {SIGNS} characters")));
        }
        Some(Value::String(content)) => content.clone(),
        _ => return Err(wrong("Content is required and must be a string".into())),
    };
    let mut about = metadata(&body)?;
    about.insert("sessionId".to_owned(), json!(talk.session.id));
    let posted = Posted {
        channel: talk.session.id.to_string(),
        server: ids::DEFAULT_SERVER.to_owned(),
        author: talk.kept.user_id.clone(),
        content,
        kept: KeptMessage {
            source_type: Some("user".to_owned()),
            metadata: Some(Value::Object(about)),
            attachments: body.get("attachments").filter(|all| all.is_array()).cloned(),
            ..KeptMessage::default()
        },
        answered: true,
        ..Posted::default()
    };
    let (taken, frames) = if transport == Transport::Channel {
        (posting::post(&asked.door, &asked.caller, posted).await?, None)
    } else {
        let (taken, frames) = posting::post_and_follow(&asked.door, &asked.caller, posted).await?;
        waiting::must_be_answered(&taken)?;
        (taken, Some(frames))
    };
    let now = asked.door.clock.now();
    let message = said(&taken.told);
    // It was used: its end is another.
    let status = talks::one(asked.engine(), &asked.caller, asked.named(0)).await.unwrap_or(talk).status(now);
    let Some(frames) = frames else {
        // The first version has the message itself here, and its clients take what has `success` for an envelope.
        let mut told = message.clone();
        if is_named {
            told["success"] = json!(true);
        }
        told["userMessage"] = message;
        told["sessionStatus"] = status;
        return Ok(json(StatusCode::CREATED, &told));
    };
    let first = json!({ "success": true, "userMessage": message, "sessionStatus": status });
    Ok(waiting::answer(&asked.door.settings.server.limits, transport, &taken, frames, first).await)
}

fn said(told: &Told) -> Value {
    json!({
        "id": told.id,
        "content": told.text,
        "authorId": told.author,
        "createdAt": told.at,
        "metadata": told.with_lifted().unwrap_or_else(|| json!({})),
    })
}

async fn messages(asked: Asked) -> Answer {
    let talk = talk(&asked).await?;
    let limit = match asked.query("limit") {
        None => LISTED.0,
        Some(text) => match text.parse::<usize>() {
            Ok(limit) if limit > 0 => limit.min(LISTED.1),
            _ => return Err(ElizaError::bad("VALIDATION_ERROR", "Invalid limit parameter")),
        },
    };
    let at = |key: &'static str| match asked.query(key) {
        None => Ok(None),
        Some(text) => {
            moment(&text).map(Some).ok_or_else(|| ElizaError::bad("VALIDATION_ERROR", format!("Invalid {key} parameter")))
        }
    };
    let wanted = Wanted { limit, before: at("before")?, before_message: None, after: at("after")? };
    let (engine, caller) = (asked.engine(), &asked.caller);
    let directory = Directory::read(engine, caller).await?;
    let (all, more) = told::of_channel(engine, caller, &talk.channel(), &directory, &wanted).await?;
    let told: Vec<Value> = all
        .iter()
        .map(|message| {
            let mut told = said(message);
            told["isAgent"] = json!(message.author == talk.kept.agent_id);
            told
        })
        .collect();
    let mut answer = json!({ "messages": told, "hasMore": more });
    if let (Some(oldest), Some(newest)) = (all.last(), all.first()) {
        answer["cursors"] = json!({ "before": oldest.at.as_millis(), "after": newest.at.as_millis() });
    }
    Ok(json(StatusCode::OK, &answer))
}

async fn change(asked: &Asked, renewing: Renewing) -> Answer {
    let now = asked.door.clock.now();
    let talk = talks::renew(asked.engine(), &asked.caller, talk(asked).await?, renewing, now).await?;
    Ok(json(StatusCode::OK, &talk.told(now)))
}

async fn renew(asked: Asked) -> Answer {
    change(&asked, Renewing::Renew).await
}

async fn heartbeat(asked: Asked) -> Answer {
    change(&asked, Renewing::Heartbeat).await
}

async fn timeout(asked: Asked) -> Answer {
    let old = talk(&asked).await?.kept.timeout_config;
    let timeout = with(&asked, &old, &Value::Object(asked.body()?), true)?;
    change(&asked, Renewing::Timeout(timeout)).await
}

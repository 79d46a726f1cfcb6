//! Routes: sound that agents listen to, and what they say aloud.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::super::directory::{Directory, Known};
use super::super::errors::ElizaError;
use super::super::kept::{self, KeptAgent, KeptMessage, KeptRoom};
use super::super::memories::Of;
use super::super::request::{Answer, Asked, Coming, data};
use super::super::rooms::{self, NewRoom, Room};
use super::super::{attachments, channels, ids};
use super::media::{Given, held, is_sound, refused};
use super::memories::running;
use super::rooms::{id, text};
use crate::domain::{Error, ErrorCode, Fact, Frame, Outcome, Part, Principal, RunFinished};
use crate::engine::{Answering, Ask, OnBusy, Spoken, Target, ToSpeak, ToTranscribe};
use crate::http::{Door, Route, Routes, read_body};

/// Where a spoken message says that it comes from.
const SOURCE: &str = "client";
/// Who speaks when nobody says so.
const ANYBODY: &str = "Anon";
/// The names of settings of characters that say how they speak and listen.
const SETTINGS: [&str; 3] = ["OPENAI_TTS_MODEL", "OPENAI_TTS_VOICE", "OPENAI_TRANSCRIPTION_MODEL"];

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    let says = |path: &'static str| {
        Route::post(path, generate).about("Says a text aloud").gives_media(StatusCode::OK, "audio/*", "The sound.")
    };
    vec![
        Route::post("/api/audio/{agentId}/transcriptions", transcriptions)
            .about("What is said in a file of sound: `multipart/form-data` with one `file` of at most 50 MiB"),
        Route::post("/api/audio/{agentId}/audio-messages", messages).about("The same, told as a message"),
        says("/api/audio/{agentId}/audio-messages/synthesize"),
        says("/api/audio/{agentId}/speech/generate"),
        Route::post("/api/audio/{agentId}/speech/conversation", conversation)
            .about("Asks an agent in its room, and says its answer aloud; asked by a file of sound, the answer is JSON"),
        Route::post("/api/audio/{agentId}/speech", spoken_to)
            .about("Asks an agent by a file of sound; the answer is JSON with text and sound"),
    ]
}

/// An agent that takes work, by what an address names first.
struct Meant {
    directory: Directory,
    agent: Known,
}

/// The id of the agent that an address names.
fn agent_id(named: &[String]) -> Result<String, ElizaError> {
    let id = named.first().filter(|id| ids::is_id(id));
    id.map(|id| id.to_ascii_lowercase()).ok_or_else(|| ElizaError::bad_id("agent"))
}

async fn meant(door: &Door, caller: &Principal, id: &str) -> Result<Meant, ElizaError> {
    let directory = Directory::read(&*door.engine, caller).await?;
    let agent = directory.by_id(id).filter(|known| known.active).cloned();
    Ok(Meant { agent: agent.ok_or_else(|| ElizaError::not_found("Agent not found"))?, directory })
}

/// How an agent speaks and listens, where its character says so: the model that speaks, its voice, the model that listens.
async fn manner(door: &Door, caller: &Principal, agent: &Known) -> Result<[Option<String>; 3], ElizaError> {
    let item = door.engine.agent(caller, &agent.agent).await?;
    let kept: KeptAgent = kept::read(&item.agent.attributes);
    let settings = kept.character.get("settings");
    Ok(SETTINGS.map(|key| {
        let value = settings.and_then(|settings| settings.get(key)?.as_str());
        value.filter(|value| !value.is_empty()).map(str::to_owned)
    }))
}

/// Listens to the file of a form.
async fn heard(request: Coming) -> Result<(Door, Principal, Meant, String), ElizaError> {
    let Coming { door, caller, parts, named, body, .. } = request;
    let body = held(body);
    let id = agent_id(&named)?;
    let given = Given::open(&parts, body, "No audio file provided").await?;
    let wrong = || Error::new(ErrorCode::BadMedia, "Invalid audio file type");
    if !is_sound(&given) {
        return Err(wrong().into());
    }
    let meant = meant(&door, &caller, &id).await?;
    let [_, _, model] = manner(&door, &caller, &meant.agent).await?;
    let sound = ToTranscribe {
        agent: Some(meant.agent.agent.clone()),
        model,
        name: format!("audio{}", given.usual_ending()),
        media_type: given.media_type(),
        ending: given.usual_ending().to_owned(),
        bytes: given.checked_bytes(wrong()).boxed(),
    };
    let text = door.engine.speech().transcribe(&caller, sound).await.map_err(refused)?;
    Ok((door, caller, meant, text))
}

async fn transcriptions(request: Coming) -> Answer {
    let (.., text) = heard(request).await?;
    Ok(data(StatusCode::OK, json!({ "text": text })))
}

async fn messages(request: Coming) -> Answer {
    let (.., text) = heard(request).await?;
    Ok(data(StatusCode::OK, json!({ "transcription": text, "message": "Audio transcribed, further processing TBD." })))
}

/// Says a text aloud, as an agent.
async fn aloud(door: &Door, caller: &Principal, agent: &Known, text: String) -> Result<Spoken, ElizaError> {
    let [model, voice, _] = manner(door, caller, agent).await?;
    let speak = ToSpeak { agent: Some(agent.agent.clone()), text, model, voice };
    Ok(door.engine.speech().speak(caller, speak).await?)
}

/// An answer that is sound.
fn sound(spoken: Spoken) -> Response {
    let Spoken { bytes, media_type } = spoken;
    let mut response = Response::new(bytes.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

async fn generate(asked: Asked) -> Answer {
    asked.id(0, "agent")?;
    let body = asked.body()?;
    let missing = || ElizaError::bad("INVALID_REQUEST", "Text is required for speech synthesis");
    let given = body.get("text").and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned);
    let message = id(&body, "messageId", "message")?;
    if given.is_none() && message.is_none() {
        return Err(missing());
    }
    let (directory, agent) = running(&asked).await?;
    let text = match (given, message) {
        (Some(text), _) => text,
        (None, message) => {
            let of = Of { engine: asked.engine(), caller: &asked.caller, directory: &directory, agent: &agent };
            let text = of.text(&message.unwrap_or_default()).await?;
            text.ok_or_else(|| ElizaError::not_found("Message not found"))?
        }
    };
    Ok(sound(aloud(&asked.door, &asked.caller, &agent, text).await?))
}

/// What somebody says to an agent.
#[derive(Default)]
struct Said {
    text: String,
    room: Option<String>,
    world: Option<String>,
    entity: Option<String>,
    name: Option<String>,
    attachments: Option<Value>,
}

impl Said {
    fn read(text: String, body: &Map<String, Value>) -> Result<Self, ElizaError> {
        Ok(Self {
            text,
            room: id(body, "roomId", "room")?,
            world: id(body, "worldId", "world")?,
            entity: id(body, "entityId", "entity")?,
            name: self::text(body, "userName")?.or(self::text(body, "name")?),
            attachments: body.get("attachments").filter(|attachments| attachments.is_array()).cloned(),
        })
    }
}

async fn conversation(request: Coming) -> Answer {
    let told = request.parts.headers.get(header::CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    if told.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return spoken_to(request).await;
    }
    let Coming { door, caller, named, body, .. } = request;
    let agent = agent_id(&named)?;
    let body = read_body(body, door.settings.server.limits.body_bytes).await?;
    let missing = || ElizaError::bad("INVALID_REQUEST", "Text is required for conversation");
    let Value::Object(body) = (if body.is_empty() { json!({}) } else { crate::http::parse_json(&body)? }) else {
        return Err(ElizaError::bad("BAD_REQUEST", "the body must be a JSON object"));
    };
    let text = body.get("text").and_then(Value::as_str).filter(|text| !text.trim().is_empty()).ok_or_else(missing)?;
    let said = Said::read(text.to_owned(), &body)?;
    let meant = meant(&door, &caller, &agent).await?;
    let answer = answer(&door, &caller, &meant, said).await?;
    Ok(sound(aloud(&door, &caller, &meant.agent, answer).await?))
}

async fn spoken_to(request: Coming) -> Answer {
    let (door, caller, meant, text) = heard(request).await?;
    if text.is_empty() {
        return Err(ElizaError::bad("INVALID_REQUEST", "Nothing is said in the audio file"));
    }
    let answer = answer(&door, &caller, &meant, Said { text: text.clone(), ..Said::default() }).await?;
    let Spoken { bytes, media_type } = aloud(&door, &caller, &meant.agent, answer.clone()).await?;
    let metadata = json!({ "transcription": text, "contentType": media_type });
    Ok(data(StatusCode::OK, json!({ "text": answer, "audio": STANDARD.encode::<Bytes>(bytes), "metadata": metadata })))
}

/// The room that is spoken in: the one that is named, also by its channel, or one of the agent's own.
async fn room(door: &Door, caller: &Principal, meant: &Meant, said: &Said) -> Result<Room, ElizaError> {
    let (engine, agent) = (&*door.engine, &meant.agent);
    let own = || ids::seen_by(&format!("default-room-{}", agent.id), &agent.id);
    let id = said.room.clone().unwrap_or_else(own);
    if let Some(room) = rooms::find(engine, caller, agent, &id).await? {
        return Ok(room);
    }
    if let Some(channel) = channels::find(engine, caller, &id).await? {
        if !rooms::takes_part(&channel, agent) {
            return Err(ElizaError::not_found("Room not found"));
        }
        return Ok(Room::of(channel, &agent.id));
    }
    let world_id = said.world.clone().unwrap_or_else(|| ids::seen_by(ids::DEFAULT_SERVER, &agent.id));
    let new = NewRoom {
        id,
        name: format!("Speech with {}", agent.shown),
        server: world_id.clone(),
        kind: "VOICE_DM".to_owned(),
        source: SOURCE.to_owned(),
        metadata: None,
        world: KeptRoom { world_id },
    };
    rooms::make(engine, caller, agent, new).await
}

/// Asks an agent in a room, and waits for its answer. Both stay in the room.
async fn answer(door: &Door, caller: &Principal, meant: &Meant, said: Said) -> Result<String, ElizaError> {
    let agent = &meant.agent;
    let room = room(door, caller, meant, &said).await?;
    let author = said.entity.clone().unwrap_or_else(|| ids::seen_by(ANYBODY, &agent.id));
    let files = attachments::read(door, said.attachments.as_ref()).await?;
    let kept = KeptMessage { source_type: Some(SOURCE.to_owned()), attachments: said.attachments, ..KeptMessage::default() };
    let mut ask = Ask {
        target: Target::Existing(room.channel.session.id),
        input: vec![Part::text(said.text)],
        author: Some(meant.directory.participant(&author, Some(said.name.as_deref().unwrap_or(ANYBODY)))),
        message_attributes: kept::attributes(&kept),
        answering: Answering::One(agent.agent.clone()),
        on_busy: OnBusy::Queue,
        ..Ask::default()
    };
    files.add_to(&mut ask);
    let (asked, mut frames) = door.engine.ask_and_follow(caller, ask).await?;
    let run = asked.run.ok_or_else(|| Error::internal("nobody was asked to answer"))?;
    while let Some(frame) = frames.next().await {
        let Frame::Fact(event) = frame? else { continue };
        let Fact::RunFinished(finished) = &event.fact else { continue };
        if event.run.as_ref() == Some(&run) {
            return said_at_last(finished);
        }
    }
    Err(Error::new(ErrorCode::Unavailable, "the server left before the agent had answered").into())
}

/// What a run has said, when it has ended well.
fn said_at_last(finished: &RunFinished) -> Result<String, ElizaError> {
    match finished.outcome {
        Outcome::Completed if !finished.answer.trim().is_empty() => Ok(finished.answer.clone()),
        Outcome::Completed | Outcome::Silent => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Err(ElizaError::new(status, "PROCESSING_ERROR", "The agent had nothing to say"))
        }
        Outcome::Failed | Outcome::Cancelled => {
            let error = finished.error.clone();
            Err(error.unwrap_or_else(|| Error::new(ErrorCode::Unavailable, "the run was cancelled")).into())
        }
    }
}

//! Saying something to an agent, and what was said.

use http::StatusCode;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::super::encoder::{About, End};
use super::super::errors::AreaError;
use super::super::following;
use super::super::history::{self, Wanted};
use super::super::ids;
use super::super::kept::{KeptSession, attributes};
use super::super::request::{Answer, Asked};
use super::super::wire::{ChatAnswer, History, NewMessage};
use super::files::{self, Given};
use super::{CONFLICT, UNKNOWN, refusing, whole};
use crate::domain::{AgentState, Cursor, Error, ErrorCode, Part, Result, SessionId};
use crate::engine::{AgentItem, Ask, Asked as Taken, FrameStream, NewSession, OnBusy, Target};
use crate::http::{Route, Routes, json as reply};

const CHAPTER: &str = "Chat";
/// Longest message, in characters.
const MESSAGE: usize = 1_000_000;
/// Longest id of a session.
const SESSION: usize = 128;
/// Most messages of one history, and where the address does not say.
const HISTORY: (u64, u64) = (200, 50);
/// Most files of one message.
pub const FILES: usize = 20;
/// How often a session is opened that another request has opened or ended meanwhile.
const TRIES: usize = 3;

/// The routes.
pub fn routes() -> Routes {
    let moment =
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    vec![
        refusing(Route::post("/v1/agents/{agent_id}/chat", chat), &[UNKNOWN, CONFLICT])
            .about("Says something to an agent, and gives its reply, whole or as it comes")
            .explained(
                "With `stream` the answer is a stream of Server-Sent Events, each one line `data: {…}`: `start`, then \
                 `token`, `tool_call` and `tool_result` as they come, then `end`, or `error` in its place. Closing the \
                 connection stops the agent. Two requests on one session are answered one after the other.",
            )
            .named_in(CHAPTER, "chat")
            .takes::<NewMessage>()
            .gives::<ChatAnswer>(StatusCode::OK, "The reply, or with `stream` its events (`ChatEvent`).")
            .gives_media(StatusCode::OK, "text/event-stream", ""),
        refusing(Route::get("/v1/agents/{agent_id}/chat/history", read), &[UNKNOWN])
            .about("The newest messages to and from an agent, the oldest of them first")
            .named_in(CHAPTER, "chat_history")
            .query("session_id", "Only those of this session.", false)
            .query_of("limit", "Most messages; 50 unless told.", false, whole(1, HISTORY.0))
            .query_of("before", "Only those that were said before this time.", false, moment)
            .gives::<History>(StatusCode::OK, "The messages."),
    ]
}

/// The provider whose models are told without it.
pub async fn default_provider(asked: &Asked) -> Result<Option<String>> {
    Ok(asked.engine().models(&asked.caller).await?.first().map(|item| item.model.provider.clone()))
}

/// A session that a request is for.
pub enum Place {
    /// One of the agent.
    There(Box<crate::domain::Session>, u64),
    /// One that is to be opened.
    New(SessionId),
}

/// The session of an agent that a body names, or a new one.
///
/// # Errors
/// `VALIDATION_ERROR` for what is no id, `NOT_FOUND` for a session of another agent.
pub async fn place(asked: &Asked, agent: &AgentItem, named: Option<&str>) -> std::result::Result<Place, AreaError> {
    let Some(named) = named else {
        return Ok(Place::New(SessionId::from_text(&format!("{}{}", ids::SESSION, asked.door.clock.new_id()))));
    };
    let id = SessionId::parse(named).map_err(|_| {
        AreaError::at("session_id", "must be letters, digits, `.`, `_`, `:` and `-`, the first a letter or digit")
    })?;
    match asked.engine().session(&asked.caller, &id).await {
        Ok(item) if item.summary.session.agent == agent.agent.name => {
            Ok(Place::There(Box::new(item.summary.session), item.summary.events))
        }
        Ok(_) => Err(Error::not_found("session", named).into()),
        Err(error) if error.code == ErrorCode::NotFound => Ok(Place::New(id)),
        Err(error) => Err(error.into()),
    }
}

/// A new session of an agent, as this API opens them.
pub fn new_session(asked: &Asked, agent: &AgentItem, id: SessionId, task: bool) -> NewSession {
    NewSession {
        id: Some(id),
        agent: Some(agent.agent.name.clone()),
        attributes: attributes(&KeptSession { created_by: ids::maker(&asked.caller), task }),
        ..NewSession::default()
    }
}

/// Refuses an agent that takes no work, before anything is opened for it.
///
/// # Errors
/// `CONFLICT`.
pub fn must_be_active(agent: &AgentItem) -> Result<()> {
    if agent.agent.state == AgentState::Active {
        return Ok(());
    }
    let message = format!("agent `{}` is inactive", ids::agent(agent));
    Err(Error::new(ErrorCode::Inactive, message).hint("change its status to `active`"))
}

/// A message as it was sent.
struct Message {
    text: String,
    session: Option<String>,
    stream: bool,
    files: Given,
}

async fn read_message(asked: &Asked) -> std::result::Result<Message, AreaError> {
    let mut body = asked.body()?;
    let text = body.required("message", 1..=MESSAGE);
    let session = body.text("session_id", 1..=SESSION);
    let stream = body.flag("stream").unwrap_or(false);
    let files = body.texts("files", FILES);
    body.check()?;
    Ok(Message { text, session, stream, files: files::given(asked, files).await? })
}

async fn chat(asked: Asked) -> Answer {
    let agent = asked.agent().await?;
    let message = read_message(&asked).await?;
    must_be_active(&agent)?;
    let default = default_provider(&asked).await?;
    let (taken, frames) = take(&asked, &agent, &message).await?;
    let run = taken.run.ok_or_else(|| Error::internal("a message was said to nobody"))?;
    let reader = following::reader(&asked, &taken.session, &run);
    let frames = match frames {
        Some(frames) => frames,
        None => asked.engine().subscribe(&asked.caller, &taken.session, Some(taken.before)).await?,
    };
    let about = About { run, request: asked.id(), message: message.text, default };
    if message.stream {
        return Ok(following::events(&asked, reader, frames, about));
    }
    match following::end(reader, frames, &about).await {
        End::Failed(error) => Err(error.into()),
        End::Replied(told) => {
            let (id, message, timestamp, metadata) = (told.id, told.text, told.at, told.metadata);
            let session_id = taken.session.to_string();
            Ok(reply(StatusCode::OK, &ChatAnswer { id, message, session_id, timestamp, metadata }))
        }
    }
}

/// Asks the agent. Whoever listens before is given the text in the pieces in which it comes, so a stream does.
async fn take(
    asked: &Asked,
    agent: &AgentItem,
    message: &Message,
) -> std::result::Result<(Taken, Option<FrameStream>), AreaError> {
    let (engine, caller) = (asked.engine(), &asked.caller);
    let mut tries = 1;
    loop {
        let (target, frames) = match place(asked, agent, message.session.as_deref()).await? {
            Place::There(session, events) => {
                let now = Cursor::after(session.incarnation, events);
                let frames =
                    if message.stream { Some(engine.subscribe(caller, &session.id, Some(now)).await?) } else { None };
                (Target::Existing(session.id), frames)
            }
            Place::New(id) if message.stream => match engine.create(caller, new_session(asked, agent, id, false)).await {
                Ok(session) => {
                    let frames = engine.subscribe(caller, &session.id, None).await?;
                    (Target::Existing(session.id), Some(frames))
                }
                Err(error) if error.code == ErrorCode::Conflict && tries < TRIES => {
                    tries += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            },
            Place::New(id) => (Target::New(Box::new(new_session(asked, agent, id, false))), None),
        };
        match engine.ask(caller, question(target, message)).await {
            // Another request has opened the session meanwhile.
            Err(error) if error.code == ErrorCode::Conflict && message.session.is_some() && tries < TRIES => tries += 1,
            taken => return Ok((taken?, frames)),
        }
    }
}

fn question(target: Target, message: &Message) -> Ask {
    let mut input = vec![Part::text(message.text.clone())];
    input.extend(message.files.parts.iter().cloned());
    Ask { target, input, blobs: message.files.blobs.clone(), on_busy: OnBusy::Queue, ..Ask::default() }
}

async fn read(asked: Asked) -> Answer {
    let mut query = asked.query();
    let limit = query.whole("limit", 1..=HISTORY.0).unwrap_or(HISTORY.1);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let wanted = Wanted { session: query.text("session_id", 0..=4_096), limit, before: query.moment("before") };
    query.check()?;
    let default = default_provider(&asked).await?;
    Ok(reply(StatusCode::OK, &history::read(&asked, &wanted, default.as_deref()).await?))
}

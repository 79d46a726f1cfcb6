//! Waiting for the answer to a message, over the request that brought it: whole, or in the pieces in which it is made.
//!
//! Of several agents that answer, the first that says something is the one that is told; what the others say is found in
//! the channel, as all of it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::StatusCode;
use serde_json::{Value, json};

use super::channels::Channel;
use super::directory::Directory;
use super::errors::ElizaError;
use super::posting::{Posted, Taken};
use super::told::Told;
use crate::config::ServerLimits;
use crate::domain::{Delta, Error, ErrorCode, Fact, Frame, Outcome, PartStart, RunId};
use crate::engine::{Asked, FrameStream};
use crate::http::{Telling, told_stream};

/// How long an answer is waited for. The run goes on all the same.
const PATIENCE: Duration = Duration::from_secs(300);

/// How an answer is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Not over the request: as a message of the channel.
    #[default]
    Channel,
    /// Whole, in the answer to the request.
    Whole,
    /// In pieces, as events.
    Events,
}

impl Transport {
    /// Reads what a body asks for. `named` = whether it was asked for at all.
    ///
    /// # Errors
    /// 400 for a word that is none.
    pub fn read(body: &super::fields::Fields) -> Result<(Self, bool), ElizaError> {
        let Some(word) = body.text_of(&["transport", "mode"]) else { return Ok((Self::Channel, false)) };
        match word {
            "websocket" => Ok((Self::Channel, true)),
            "http" | "sync" => Ok((Self::Whole, true)),
            "sse" | "stream" => Ok((Self::Events, true)),
            other => {
                let shown: String = other.chars().take(40).collect();
                let message = format!("Invalid transport {shown:?}. Must be one of: http, sse, websocket");
                Err(ElizaError::bad("BAD_REQUEST", message))
            }
        }
    }
}

/// A piece of an answer, or its end.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text, of a message.
    Grew(String, String),
    /// All that was said; nothing where the agents have nothing to say.
    Ended(Option<Box<Told>>),
    /// It cannot be answered.
    Failed(Error),
}

/// Follows the runs that answer a message.
pub struct Answering {
    channel: Channel,
    directory: Directory,
    input: Option<String>,
    open: HashSet<RunId>,
    leader: Option<RunId>,
    /// What was told of each message.
    told: HashMap<String, String>,
    text: String,
    last: Option<Told>,
    error: Option<Error>,
}

impl Answering {
    /// What answers a message.
    pub fn of(asked: &Asked, channel: &Channel, directory: &Directory) -> Self {
        Self {
            channel: channel.clone(),
            directory: directory.clone(),
            input: asked.message.as_ref().map(ToString::to_string),
            open: asked.runs.iter().cloned().collect(),
            leader: None,
            told: HashMap::new(),
            text: String::new(),
            last: None,
            error: None,
        }
    }

    /// What a frame tells.
    pub fn hear(&mut self, frame: &Frame) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let Some(run) = frame.run().filter(|run| self.open.contains(*run)).cloned() else { return pieces };
        if self.leader.as_ref().is_some_and(|leader| *leader != run) {
            return pieces;
        }
        match frame {
            Frame::Delta(live) => {
                if let Delta::Grew { message_id, part: PartStart::Text, text, .. } = &live.delta {
                    self.grow(&run, message_id.as_str(), text, &mut pieces);
                }
            }
            Frame::Fact(event) => match &event.fact {
                Fact::MessageCompleted(completed) => {
                    if let Some(said) = Told::of_event(event, self.input.as_deref(), &self.channel, &self.directory) {
                        let id = completed.message_id.as_str();
                        let before = self.told.get(id).map_or("", String::as_str);
                        match said.text.strip_prefix(before).map(str::to_owned) {
                            Some(rest) => self.grow(&run, id, &rest, &mut pieces),
                            None => pieces.push(Piece::Failed(begun_anew())),
                        }
                        self.last = Some(said);
                    }
                }
                Fact::MessageAbandoned(gone) if self.told.contains_key(gone.message_id.as_str()) => {
                    pieces.push(Piece::Failed(begun_anew()));
                }
                Fact::RunWaiting(_) => {
                    let message = "the agent waits for tools that its caller has, and this API has none";
                    self.ended(&run, Some(Error::new(ErrorCode::NotSupported, message)), &mut pieces);
                }
                Fact::RunFinished(finished) => {
                    let failed = matches!(finished.outcome, Outcome::Failed | Outcome::Cancelled);
                    let unknown = || Error::new(ErrorCode::Unavailable, "the agent was stopped");
                    let error = failed.then(|| finished.error.clone().unwrap_or_else(unknown));
                    self.ended(&run, error, &mut pieces);
                }
                _ => {}
            },
        }
        pieces
    }

    fn grow(&mut self, run: &RunId, message: &str, text: &str, pieces: &mut Vec<Piece>) {
        if text.is_empty() {
            return;
        }
        self.leader.get_or_insert_with(|| run.clone());
        self.told.entry(message.to_owned()).or_default().push_str(text);
        self.text.push_str(text);
        pieces.push(Piece::Grew(message.to_owned(), text.to_owned()));
    }

    fn ended(&mut self, run: &RunId, error: Option<Error>, pieces: &mut Vec<Piece>) {
        self.open.remove(run);
        if let Some(error) = error {
            self.error.get_or_insert(error);
        }
        if self.leader.as_ref() != Some(run) && !self.open.is_empty() {
            return;
        }
        self.open.clear();
        pieces.push(match self.error.take() {
            Some(error) => Piece::Failed(error),
            None => Piece::Ended(self.last.take().map(|last| Box::new(self.whole(last)))),
        });
    }

    /// The last message, with the text of all of them: so the pieces add up to it.
    fn whole(&self, mut last: Told) -> Told {
        last.text.clone_from(&self.text);
        if let Some(Value::Object(raw)) = &mut last.kept.raw_message {
            raw.insert("text".to_owned(), json!(self.text));
        }
        last
    }
}

fn begun_anew() -> Error {
    Error::new(ErrorCode::Unavailable, "the answer was begun anew: it will be a message of the channel")
}

/// What an agent answers to who waits for it.
fn content(ended: Option<&Told>) -> Value {
    ended.map_or_else(|| json!({ "text": "", "actions": ["IGNORE"] }), Told::as_content)
}

/// The answer to a message whose sender waits for the agent. `first` are the fields of the answer that are known before.
pub async fn answer(
    limits: &ServerLimits,
    transport: Transport,
    taken: &Taken,
    frames: FrameStream,
    first: Value,
) -> Response {
    let answering = Answering::of(&taken.asked, &taken.channel, &taken.directory);
    if transport == Transport::Events {
        let begun = event("user_message", &first["userMessage"]);
        return told_stream(limits, begun.into_iter().collect(), frames, Events { answering, index: 0 });
    }
    match tokio::time::timeout(PATIENCE, end(answering, frames)).await {
        Ok(Ok(ended)) => {
            let mut told = first;
            told["agentResponse"] = content(ended.as_deref());
            crate::http::json(StatusCode::CREATED, &told)
        }
        Ok(Err(error)) => ElizaError::from(error).into_response(),
        Err(_) => {
            let message = format!(
                "the agent has not answered within {} seconds; its answer will be a message of the channel",
                PATIENCE.as_secs()
            );
            ElizaError::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message).into_response()
        }
    }
}

/// Waits for what was said in the end.
///
/// # Errors
/// Why it is not answered.
async fn end(mut answering: Answering, mut frames: FrameStream) -> Result<Option<Box<Told>>, Error> {
    while let Some(frame) = frames.next().await {
        for piece in answering.hear(&frame?) {
            match piece {
                Piece::Grew(..) => {}
                Piece::Ended(told) => return Ok(told),
                Piece::Failed(error) => return Err(error),
            }
        }
    }
    Err(Error::new(ErrorCode::Unavailable, "the channel was closed before the agent answered"))
}

/// Whether somebody answers at all.
///
/// # Errors
/// 400 `No agent found in channel participants`.
pub fn must_be_answered(taken: &Taken) -> Result<(), ElizaError> {
    if taken.asked.runs.is_empty() {
        return Err(ElizaError::bad("BAD_REQUEST", "No agent found in channel participants"));
    }
    Ok(())
}

/// The agent that a message wants to be answered by, where its sender waits for it.
pub fn target(posted: &Posted) -> Option<String> {
    let id = posted.kept.metadata.as_ref()?.get("targetAgentId")?.as_str()?;
    super::ids::is_id(id).then(|| id.to_ascii_lowercase())
}

/// An answer as events.
struct Events {
    answering: Answering,
    index: u64,
}

impl Telling for Events {
    fn tell(&mut self, frame: &Frame) -> (Vec<Bytes>, bool) {
        let mut told = Vec::new();
        for piece in self.answering.hear(frame) {
            match piece {
                Piece::Grew(message, text) => {
                    told.extend(event("chunk", &json!({ "messageId": message, "chunk": text, "index": self.index })));
                    self.index += 1;
                }
                Piece::Ended(ended) => {
                    told.extend(event("done", &content(ended.as_deref())));
                    return (told, true);
                }
                Piece::Failed(error) => {
                    told.extend(self.fail(error));
                    return (told, true);
                }
            }
        }
        (told, false)
    }

    fn fail(&mut self, error: Error) -> Vec<Bytes> {
        event("error", &json!({ "error": ElizaError::from(error).message })).into_iter().collect()
    }
}

/// One event; nothing where it cannot be written as JSON.
fn event(name: &str, value: &Value) -> Option<Bytes> {
    let text = serde_json::to_string(value).ok()?;
    Some(["event: ", name, "\ndata: ", &text, "\n\n"].concat().into())
}

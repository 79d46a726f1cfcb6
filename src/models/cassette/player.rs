//! Playing: each call gets the answer that was recorded for it, or is told in what it differs.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::{Map, Value};

use super::super::{Card, Model, ModelError, ModelEvent, ModelRequest, ModelStream};
use super::form::{Exchange, Line, Told, request};
use super::{VERSION, difference, failure};
use crate::domain::{Error, ErrorCode, ModelChoice, Result};

/// Most bytes of a tape.
const BYTES: u64 = 256 << 20;

/// A tape that is played.
pub(super) struct Player {
    path: PathBuf,
    exchanges: Vec<Exchange>,
    /// Which were played.
    played: Mutex<Vec<bool>>,
}

impl Player {
    /// Reads a tape. Half a line at its end is left out: whoever recorded it was killed.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = std::fs::File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::not_found("tape", &shown).hint("`--record FILE` makes one"),
            _ => Error::invalid(format!("the tape `{shown}` cannot be read: {error}")),
        })?;
        let mut text = String::new();
        file.take(BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|error| Error::invalid(format!("the tape `{shown}` cannot be read: {error}")))?;
        if text.len() as u64 > BYTES {
            return Err(Error::new(ErrorCode::TooLarge, format!("the tape `{shown}` is larger than {BYTES} bytes")));
        }
        let exchanges = read(&text).map_err(|(line, wrong)| match wrong {
            Wrong::Newer(version) => {
                let message = format!("the tape `{shown}` is of form {version}, and this version knows form {VERSION}");
                Error::new(ErrorCode::NotSupported, message).hint("play it with a newer version, or record it anew")
            }
            Wrong::NoTape(why) => {
                Error::invalid(format!("`{shown}` is no tape: line {line}: {why}")).hint("`--record FILE` makes a tape")
            }
        })?;
        let played = Mutex::new(vec![false; exchanges.len()]);
        Ok(Self { path: path.to_owned(), exchanges, played })
    }

    pub(super) fn first_model(&self) -> Option<ModelChoice> {
        self.exchanges.first().map(|exchange| exchange.card.choice.clone())
    }

    pub(super) fn card(&self, choice: &ModelChoice) -> Option<Card> {
        let cards = self.exchanges.iter().map(|exchange| &exchange.card);
        cards.into_iter().find(|card| card.choice == *choice).cloned()
    }

    /// A model that says what is on the tape.
    pub(super) fn model(player: &Arc<Self>, choice: &ModelChoice) -> Arc<dyn Model> {
        Arc::new(Played { player: Arc::clone(player), choice: choice.clone() })
    }

    /// The first call that was not played and asks the same: calls of several agents may come in another order.
    fn take(&self, asked: &Map<String, Value>) -> std::result::Result<&Exchange, ModelError> {
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = played.iter().enumerate().filter(|(_, played)| !**played).map(|(at, _)| at);
        let first = left.clone().next();
        if let Some(at) = left.find(|at| self.exchanges[*at].request == *asked) {
            played[at] = true;
            return Ok(&self.exchanges[at]);
        }
        let (path, count) = (self.path.display(), self.exchanges.len());
        Err(failure(match first {
            None if count == 0 => format!("the tape `{path}` is empty"),
            None => format!("the tape `{path}` holds {count} calls of a model, and this is one more"),
            Some(at) => {
                let why = difference::between(&self.exchanges[at].request, asked);
                format!("the request differs from call {} of {count} on the tape `{path}`: {why}", at + 1)
            }
        }))
    }
}

enum Wrong {
    Newer(u64),
    NoTape(String),
}

fn read(text: &str) -> std::result::Result<Vec<Exchange>, (usize, Wrong)> {
    let no_tape = |line: usize, why: &str| (line, Wrong::NoTape(why.to_owned()));
    let mut exchanges: Vec<Exchange> = Vec::new();
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let number = at + 1;
        if at == 0 {
            let head: Value = serde_json::from_str(line).map_err(|_| no_tape(number, "it does not say that it is one"))?;
            match head["tape"].as_u64() {
                Some(VERSION) => continue,
                Some(version) => return Err((number, Wrong::Newer(version))),
                None => return Err(no_tape(number, "it does not say that it is one")),
            }
        }
        if !line.ends_with('\n') || line.trim().is_empty() {
            continue;
        }
        let line: Line = serde_json::from_str(line).map_err(|error| no_tape(number, &error.to_string()))?;
        let whole = line.whole(exchanges.last());
        exchanges.push(whole.ok_or_else(|| no_tape(number, "it repeats what the line before does not say"))?);
    }
    Ok(exchanges)
}

struct Played {
    player: Arc<Player>,
    choice: ModelChoice,
}

#[async_trait]
impl Model for Played {
    async fn ask(&self, asked: ModelRequest) -> ModelStream {
        let mut events: Vec<std::result::Result<ModelEvent, ModelError>> = Vec::new();
        match self.player.take(&request(&self.choice, &asked)) {
            Ok(exchange) => {
                events.extend(exchange.events.iter().cloned().map(Told::again));
                if !exchange.ended {
                    let message = "the tape breaks off in the middle of this answer: whoever recorded it had gone";
                    events.push(Err(failure(message.to_owned())));
                }
            }
            Err(error) => events.push(Err(error)),
        }
        stream::iter(events).boxed()
    }
}

//! Recording: each call of a model is written when it has ended, also when nobody waited for its end.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::json;

use super::super::{Card, Model, ModelError, ModelEvent, ModelRequest, ModelStream};
use super::form::{Exchange, Line, Told, request};
use super::{VERSION, failure};
use crate::domain::{Error, ErrorCode, Result};

/// A tape that is recorded.
pub(super) struct Recorder {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    exchanges: u64,
    /// The last one, which the next may repeat in part.
    last: Option<Exchange>,
}

impl Recorder {
    /// Begins a tape. An empty file may be there: one where nothing was recorded.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let cannot =
            |error: std::io::Error| Error::invalid(format!("the tape `{}` cannot be written: {error}", path.display()));
        let file = match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let file = OpenOptions::new().append(true).open(path).map_err(cannot)?;
                if file.metadata().map_err(cannot)?.len() > 0 {
                    let message = format!("`{}` exists already, and is not overwritten", path.display());
                    return Err(Error::new(ErrorCode::Conflict, message)
                        .hint("record to another file, or remove this one; `--replay` plays it"));
                }
                file
            }
            Err(error) => return Err(cannot(error)),
        };
        let state = Mutex::new(State { file, exchanges: 0, last: None });
        Ok(Self { path: path.to_owned(), state })
    }

    /// A model whose calls are recorded.
    pub(super) fn around(recorder: &Arc<Self>, model: Arc<dyn Model>, card: Card) -> Arc<dyn Model> {
        Arc::new(Recorded { recorder: Arc::clone(recorder), model, card })
    }

    /// Writes a call down, and waits until the disk has it.
    fn write(&self, exchange: Exchange) -> std::io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let line = Line::of(state.exchanges + 1, exchange.clone(), state.last.as_ref());
        let mut text = String::new();
        if state.exchanges == 0 {
            text = format!("{}\n", json!({"tape": VERSION, "by": format!("ombud {}", env!("CARGO_PKG_VERSION"))}));
        }
        text.push_str(&serde_json::to_string(&line)?);
        text.push('\n');
        // In one piece, so that a process that is killed leaves at most half a line, at the end.
        state.file.write_all(text.as_bytes())?;
        state.file.sync_data()?;
        state.exchanges += 1;
        state.last = Some(exchange);
        Ok(())
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.exchanges == 0 {
            // Nothing was recorded, so there is no tape; an empty file stands in nobody's way either.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

struct Recorded {
    recorder: Arc<Recorder>,
    model: Arc<dyn Model>,
    card: Card,
}

#[async_trait]
impl Model for Recorded {
    async fn ask(&self, asked: ModelRequest) -> ModelStream {
        let exchange = Exchange {
            card: self.card.clone(),
            request: request(&self.card.choice, &asked),
            events: Vec::new(),
            ended: false,
        };
        let stream = self.model.ask(asked).await;
        let taking = Taking { recorder: Arc::clone(&self.recorder), stream, exchange: Some(exchange) };
        stream::unfold(taking, |mut taking| async { taking.next().await.map(|event| (event, taking)) }).boxed()
    }
}

/// An answer while it comes.
struct Taking {
    recorder: Arc<Recorder>,
    stream: ModelStream,
    /// `None` = it was written.
    exchange: Option<Exchange>,
}

impl Taking {
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        self.exchange.as_ref()?;
        let event = self.stream.next().await;
        self.note(event.as_ref());
        let is_over = event.as_ref().is_none_or(|event| Told::of(event).is_last());
        if is_over && let Err(error) = self.write(true) {
            let message = format!("the tape `{}` cannot be written: {error}", self.recorder.path.display());
            return Some(Err(failure(message)));
        }
        event
    }

    fn note(&mut self, event: Option<&Result<ModelEvent, ModelError>>) {
        if let (Some(exchange), Some(event)) = (&mut self.exchange, event) {
            exchange.events.push(Told::of(event));
        }
    }

    fn write(&mut self, ended: bool) -> std::io::Result<()> {
        match self.exchange.take() {
            Some(exchange) => self.recorder.write(Exchange { ended, ..exchange }),
            None => Ok(()),
        }
    }
}

impl Drop for Taking {
    fn drop(&mut self) {
        // Whoever asked has gone: what was fetched until then is kept.
        if let Err(error) = self.write(false) {
            tracing::warn!(%error, "the end of a tape cannot be written");
        }
    }
}

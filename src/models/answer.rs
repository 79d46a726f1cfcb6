//! From the bytes of an answer to the events of a model: what all wires have in common.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::failure::Fault;
use super::transport::{self, Transport};
use super::{ModelError, ModelEvent, ModelPart, ModelStream};
use crate::outgoing::{SseEvent, SseParser};

/// Most tools that one answer may call: more are no plan but a loop.
const MAX_CALLS: usize = 256;

/// A wire's translation of one answer.
pub(super) trait Decode: Send + 'static {
    /// Takes an event of the stream.
    fn event(&mut self, event: &SseEvent) -> Result<(), Fault>;

    /// Takes an answer that is not a stream, although a stream was asked for.
    fn whole(&mut self, answer: &Value) -> Result<(), Fault>;

    /// Whether the wire's end mark has come.
    fn has_ended(&self) -> bool;

    /// Nothing more comes: tells the end, or that it is missing.
    fn end(&mut self) -> Result<(), Fault>;

    /// The next event that follows from all that was taken.
    fn next(&mut self) -> Option<ModelEvent>;
}

/// Sends a request and translates its answer.
pub(super) fn ask(transport: Arc<Transport>, endpoint: Arc<Endpoint>, body: &Value, decoder: impl Decode) -> ModelStream {
    let request = Some(body.to_string().into_bytes());
    let reading = Reading {
        transport,
        endpoint,
        request,
        source: None,
        form: Form::Unknown,
        decoder,
        calls: 0,
        failed: None,
        over: false,
    };
    stream::unfold(reading, |mut reading| async { reading.next().await.map(|event| (event, reading)) }).boxed()
}

/// What an answer turned out to be.
enum Form {
    Unknown,
    Events(SseParser),
    Whole(Vec<u8>),
}

struct Reading<D> {
    transport: Arc<Transport>,
    endpoint: Arc<Endpoint>,
    /// The request, until it is sent.
    request: Option<Vec<u8>>,
    source: Option<transport::Answer>,
    form: Form,
    decoder: D,
    /// How many tools it has called so far.
    calls: usize,
    /// Told once all events before it are.
    failed: Option<ModelError>,
    over: bool,
}

impl<D: Decode> Reading<D> {
    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        while !self.over {
            if let Some(event) = self.decoder.next() {
                self.calls += usize::from(matches!(event, ModelEvent::PartOpened(ModelPart::ToolCall { .. })));
                if self.calls > MAX_CALLS {
                    self.over = true;
                    let fault = Fault::Garbage(format!("it calls more than {MAX_CALLS} tools at once"));
                    return Some(Err(self.endpoint.faulty(&fault)));
                }
                self.over = matches!(event, ModelEvent::Finished { .. });
                if self.over
                    && let Some(source) = self.source.take()
                {
                    source.release();
                }
                return Some(Ok(event));
            }
            if let Some(error) = self.failed.take() {
                self.over = true;
                return Some(Err(error));
            }
            if let Err(error) = self.step().await {
                self.failed = Some(error);
            }
        }
        None
    }

    async fn step(&mut self) -> Result<(), ModelError> {
        if let Some(body) = self.request.take() {
            self.source = Some(self.transport.post(&self.endpoint, body).await?);
        }
        let read = match &mut self.source {
            Some(source) => source.piece().await,
            None => Ok(None),
        };
        let taken = match read {
            Ok(Some(bytes)) => self.take(&bytes),
            Ok(None) => self.finish(),
            // A connection that breaks after everything was said has done no harm.
            Err(error) => return self.decoder.end().map_err(|_| error),
        };
        let taken = match taken {
            Ok(()) if self.decoder.has_ended() => self.decoder.end(),
            other => other,
        };
        taken.map_err(|fault| self.endpoint.faulty(&fault))
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if matches!(self.form, Form::Unknown) {
            let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return Ok(()),
                // No event stream begins so, but an answer to somebody who did not ask for a stream does.
                Some(b'{') => self.form = Form::Whole(Vec::new()),
                Some(_) => self.form = Form::Events(SseParser::new(self.transport.answer_bytes())),
            }
        }
        match &mut self.form {
            Form::Unknown => Ok(()),
            Form::Whole(text) => {
                text.extend_from_slice(bytes);
                Ok(())
            }
            Form::Events(parser) => {
                let mut events = Vec::new();
                let fits = parser.feed(bytes, &mut events);
                for event in &events {
                    if !self.decoder.has_ended() {
                        self.decoder.event(event)?;
                    }
                }
                fits.map_err(|_| Fault::Garbage("an event of its stream is too large".to_owned()))
            }
        }
    }

    fn finish(&mut self) -> Result<(), Fault> {
        match &mut self.form {
            Form::Unknown => {}
            Form::Whole(text) => {
                let text = std::mem::take(text);
                match serde_json::from_slice::<Value>(&text) {
                    Ok(answer) if answer.get("error").is_some_and(|error| !error.is_null()) => {
                        return Err(Fault::Told(answer));
                    }
                    Ok(answer) => self.decoder.whole(&answer)?,
                    Err(error) if error.is_eof() => return Err(Fault::Cut),
                    Err(error) => return Err(Fault::Garbage(error.to_string())),
                }
            }
            Form::Events(parser) => {
                let last = parser.finish();
                if parser.is_foreign() {
                    return Err(Fault::Garbage("it is no event stream".to_owned()));
                }
                // An event without its blank line may be complete, or the half of one.
                if let Some(event) = last
                    && !self.decoder.has_ended()
                    && let Err(fault) = self.decoder.event(&event)
                {
                    return Err(if matches!(fault, Fault::Garbage(_)) { Fault::Cut } else { fault });
                }
            }
        }
        self.decoder.end()
    }
}

/// Reads the data of an event as JSON.
pub(super) fn json(data: &str) -> Result<Value, Fault> {
    match serde_json::from_str::<Value>(data) {
        Ok(value) if value.is_object() => Ok(value),
        _ => {
            let shown: String = data.chars().take(80).collect();
            Err(Fault::Garbage(format!("{shown:?} is no JSON object")))
        }
    }
}

//! From a request to the events of a model: what all wires have in common.

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::catalogue::Card;
use super::endpoint::Endpoint;
use super::failure::Fault;
use super::parts::Parts;
use super::transport::{self, Transport};
use super::{Model, ModelError, ModelEvent, ModelPart, ModelRequest, ModelStream};
use crate::config::Provider;
use crate::domain::Error;
use crate::outgoing::{SseEvent, SseParser};

/// Most tools that one answer may call: more are no plan but a loop.
const MAX_CALLS: usize = 256;

/// A wire's translation of one answer.
pub(super) trait Decode: Default + Send + 'static {
    /// Takes an event of the stream.
    fn event(&mut self, event: &SseEvent) -> Result<(), Fault>;

    /// Takes an answer that is not a stream, although a stream was asked for.
    fn whole(&mut self, answer: &Value) -> Result<(), Fault>;

    /// What follows from all that was taken.
    fn parts(&mut self) -> &mut Parts;

    /// Does what is left to do before the end is told.
    fn close(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    /// Nothing more comes: tells the end, or that it is missing.
    fn end(&mut self) -> Result<(), Fault> {
        let parts = self.parts();
        if std::mem::replace(&mut parts.over, true) {
            return Ok(());
        }
        if parts.said.is_none() && !parts.done {
            return Err(Fault::Cut);
        }
        self.close()?;
        self.parts().finish();
        Ok(())
    }
}

/// A wire: how a provider is spoken to.
pub(super) trait Speak: Send + Sync + 'static {
    /// Its translation of one answer.
    type Decoder: Decode;

    /// Where requests go, below the provider's base URL.
    fn path(provider: &Provider) -> &'static str;

    /// The headers that it wants, among them the provider's key.
    fn headers(provider: &Provider) -> Vec<(&'static str, String)> {
        let key = provider.api_key.as_ref().map(SecretString::expose_secret);
        key.map(|key| ("authorization", format!("Bearer {key}"))).into_iter().collect()
    }

    /// The body of a request. `official` = the provider is OpenAI's own server.
    fn body(request: &ModelRequest, card: &Card, official: bool) -> Value;
}

/// A model that is asked over a wire.
pub(super) struct Spoken<W> {
    transport: Arc<Transport>,
    endpoint: Arc<Endpoint>,
    card: Card,
    wire: PhantomData<W>,
}

impl<W: Speak> Spoken<W> {
    /// A model of a provider.
    ///
    /// # Errors
    /// `invalid_input` when the provider's settings cannot be used.
    pub fn new(transport: Arc<Transport>, name: &str, provider: &Provider, card: Card) -> Result<Self, Error> {
        let endpoint = Arc::new(Endpoint::new(name, provider, W::path(provider), &W::headers(provider))?);
        Ok(Self { transport, endpoint, card, wire: PhantomData })
    }
}

#[async_trait]
impl<W: Speak> Model for Spoken<W> {
    async fn ask(&self, request: ModelRequest) -> ModelStream {
        let body = W::body(&request, &self.card, self.endpoint.is_openai());
        ask::<W::Decoder>(Arc::clone(&self.transport), Arc::clone(&self.endpoint), &body)
    }
}

/// Sends a request and translates its answer.
fn ask<D: Decode>(transport: Arc<Transport>, endpoint: Arc<Endpoint>, body: &Value) -> ModelStream {
    let request = Some(body.to_string().into_bytes());
    let reading = Reading {
        transport,
        endpoint,
        request,
        source: None,
        form: Form::Unknown,
        decoder: D::default(),
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
            if let Some(event) = self.decoder.parts().next() {
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
            Ok(()) if self.decoder.parts().done => self.decoder.end(),
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
                    if !self.decoder.parts().done {
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
                    && !self.decoder.parts().done
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

/// The data of an event as JSON; none where it is empty, or the end mark of those wires that have `[DONE]`.
pub(super) fn json_until_done(event: &SseEvent, parts: &mut Parts) -> Result<Option<Value>, Fault> {
    match event.data.trim() {
        "[DONE]" => {
            parts.done = true;
            Ok(None)
        }
        "" => Ok(None),
        data => json(data).map(Some),
    }
}

/// Takes a count that has come. Later ones replace earlier ones: they are sums.
pub(super) fn count(field: &mut u64, value: &Value) {
    *field = value.as_u64().unwrap_or(*field);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An event of a stream.
    pub(in crate::models) fn event(data: &Value) -> SseEvent {
        SseEvent { name: String::new(), id: String::new(), data: data.to_string() }
    }

    /// All that is there to be told.
    pub(in crate::models) fn drain(decoder: &mut impl Decode) -> Vec<ModelEvent> {
        std::iter::from_fn(|| decoder.parts().next()).collect()
    }

    /// What a stream of events tells.
    pub(in crate::models) fn told<D: Decode>(events: &[Value]) -> Result<Vec<ModelEvent>, Fault> {
        let mut decoder = D::default();
        for told in events {
            decoder.event(&event(told))?;
        }
        decoder.end()?;
        Ok(drain(&mut decoder))
    }

    pub(in crate::models) fn opened(part: ModelPart) -> ModelEvent {
        ModelEvent::PartOpened(part)
    }

    pub(in crate::models) fn grew(text: &str) -> ModelEvent {
        ModelEvent::PartGrew(text.into())
    }

    pub(in crate::models) fn closed() -> ModelEvent {
        ModelEvent::PartClosed { signature: None, sealed: None }
    }

    pub(in crate::models) fn call(name: &str) -> ModelPart {
        ModelPart::ToolCall { name: name.into() }
    }
}

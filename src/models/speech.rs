//! Speaking and listening over the endpoints of OpenAI, which many servers have: `/audio/speech` and
//! `/audio/transcriptions`.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::endpoint::Endpoint;
use super::failure::Fault;
use super::transport::{Answer, Transport};
use super::{ModelError, Models, registry};
use crate::config::{Provider, Wire};
use crate::domain::{Cause, Error};

/// Most bytes of the answer that holds a transcription.
const TEXT_BYTES: usize = 4 << 20;

/// Sound to be listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// The name of its file, which tells some servers what it is.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A provider that may speak and listen.
pub struct Voice {
    transport: Arc<Transport>,
    name: String,
    provider: Provider,
}

impl Models {
    /// A provider that may speak and listen; `None` when it cannot be asked at all: it speaks another wire, or needs a key
    /// and has none.
    pub fn voice(&self, name: &str, provider: &Provider) -> Option<Voice> {
        let can_be_asked = matches!(provider.wire, Wire::Openai | Wire::Responses) && !registry::needs_key(provider);
        can_be_asked.then(|| Voice {
            transport: Arc::clone(self.transport()),
            name: name.to_owned(),
            provider: provider.clone(),
        })
    }
}

impl Voice {
    /// Has a text spoken. Answers the bytes of the sound.
    ///
    /// # Errors
    /// `model_failed`; `invalid_input` when the provider's settings cannot be used.
    pub async fn speak(&self, model: &str, voice: &str, text: &str, most: usize) -> Result<Bytes, Error> {
        let endpoint = Arc::new(self.endpoint("/audio/speech", None)?);
        let body = json!({ "model": model, "voice": voice, "input": text });
        let answer = self.transport.post(&endpoint, body.to_string().into_bytes()).await?;
        let sound = whole(&endpoint, answer, most).await?;
        if sound.is_empty() || sound.starts_with(b"{") || sound.starts_with(b"<") {
            let why = if sound.is_empty() { "it is empty" } else { "it is text, and no sound" };
            return Err(endpoint.faulty(&Fault::Garbage(why.to_owned())).into());
        }
        Ok(sound)
    }

    /// What is said in a sound.
    ///
    /// # Errors
    /// As [`Voice::speak`].
    pub async fn transcribe(&self, model: &str, sound: &Sound) -> Result<String, Error> {
        let boundary = boundary(&sound.bytes);
        let endpoint = Arc::new(self.endpoint("/audio/transcriptions", Some(&boundary))?);
        let answer = self.transport.post(&endpoint, form(model, sound, &boundary)).await?;
        let body = whole(&endpoint, answer, TEXT_BYTES).await?;
        let told: Result<Value, _> = serde_json::from_slice(&body);
        let text = told.ok().and_then(|told| Some(told.get("text")?.as_str()?.trim().to_owned()));
        text.ok_or_else(|| endpoint.faulty(&Fault::Garbage("it has no `text`".to_owned())).into())
    }

    fn endpoint(&self, path: &str, boundary: Option<&str>) -> Result<Endpoint, Error> {
        let key = self.provider.api_key.as_ref();
        let bearer: Vec<_> =
            key.map(|key| ("authorization", format!("Bearer {}", key.expose_secret()))).into_iter().collect();
        let mut endpoint = Endpoint::new(&self.name, &self.provider, path, &bearer)?;
        endpoint.headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(boundary) = boundary {
            let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"));
            let kind = kind.map_err(|_| Error::internal("a boundary cannot be sent"))?;
            endpoint.headers.insert(CONTENT_TYPE, kind);
        }
        Ok(endpoint)
    }
}

/// Whether an error says that the provider has no such endpoint, so that another may be asked.
pub fn has_none(error: &Error) -> bool {
    error.cause == Some(Cause::Rejected) && matches!(error.status, Some(404 | 405 | 501))
}

/// A boundary that does not occur in these bytes: it is made of their hash.
fn boundary(bytes: &[u8]) -> String {
    let hash: String = Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("ombud-{hash}")
}

/// The form that asks what is said.
fn form(model: &str, sound: &Sound, boundary: &str) -> Vec<u8> {
    let plain = |text: &str| -> String { text.chars().filter(|c| !c.is_control() && !"\"\\".contains(*c)).collect() };
    let mut body = Vec::with_capacity(sound.bytes.len() + 1_024);
    for (name, value) in [("model", model), ("response_format", "json")] {
        let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        plain(&sound.name),
        plain(&sound.media_type)
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(&sound.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

async fn whole(endpoint: &Endpoint, mut answer: Answer, most: usize) -> Result<Bytes, ModelError> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.piece().await? {
        if bytes.len() + piece.len() > most {
            return Err(endpoint.too_large(most));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_whole_whatever_the_sound_is() {
        let sound = Sound {
            name: "a\"\r\nX: 1.wav".to_owned(),
            media_type: "audio/wav".to_owned(),
            bytes: Bytes::from_static(b"\r\n--ombud"),
        };
        let body = form("m", &sound, "ombud-1");
        let expected = "--ombud-1\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--ombud-1\r\n\
            Content-Disposition: form-data; name=\"response_format\"\r\n\r\njson\r\n--ombud-1\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"aX: 1.wav\"\r\nContent-Type: audio/wav\r\n\r\n\
            \r\n--ombud\r\n--ombud-1--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
        assert_ne!(boundary(b"a"), boundary(b"b"));
        assert!(boundary(b"a").len() < 70);
    }

    #[test]
    fn only_a_missing_endpoint_lets_another_be_asked() {
        let of = |cause, status| Error { status, ..Error::model(cause, "x") };
        assert!(has_none(&of(Cause::Rejected, Some(404))) && has_none(&of(Cause::Rejected, Some(405))));
        assert!(!has_none(&of(Cause::Rejected, Some(400))) && !has_none(&of(Cause::Auth, Some(401))));
    }
}

//! Chat completions, the wire of OpenAI and of many others: Ollama, llama.cpp, vLLM, LM Studio, OpenRouter, …
//!
//! What is sent is what all of them understand. What comes back is read leniently: every field may be missing, `null`,
//! or come twice.

mod decode;
mod encode;

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;

use super::answer;
use super::catalogue::Card;
use super::endpoint::Endpoint;
use super::transport::Transport;
use super::{Model, ModelRequest, ModelStream};
use crate::config::Provider;
use crate::domain::Error;

/// A model behind chat completions.
pub(super) struct Openai {
    transport: Arc<Transport>,
    endpoint: Arc<Endpoint>,
    card: Card,
}

impl Openai {
    /// A model of a provider.
    ///
    /// # Errors
    /// `invalid_input` when the provider's settings cannot be used.
    pub fn new(transport: Arc<Transport>, name: &str, provider: &Provider, card: Card) -> Result<Self, Error> {
        let bearer = provider.api_key.as_ref().map(|key| ("authorization", format!("Bearer {}", key.expose_secret())));
        let own: Vec<_> = bearer.into_iter().collect();
        let endpoint = Arc::new(Endpoint::new(name, provider, "/chat/completions", &own)?);
        Ok(Self { transport, endpoint, card })
    }
}

#[async_trait]
impl Model for Openai {
    async fn ask(&self, request: ModelRequest) -> ModelStream {
        let body = encode::body(&request, &self.card, self.endpoint.is_openai());
        let decoder = decode::Decoder::default();
        answer::ask(Arc::clone(&self.transport), Arc::clone(&self.endpoint), &body, decoder)
    }
}

//! Responses, OpenAI's newer wire: a list of items goes in, and items come out.
//!
//! Nothing is kept by the provider (`store: false`): every request holds the whole conversation, and what the model
//! thought comes back sealed. What comes is read leniently, since other servers speak a part of this wire only.

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

/// A model behind responses.
pub(super) struct Responses {
    transport: Arc<Transport>,
    endpoint: Arc<Endpoint>,
    card: Card,
}

impl Responses {
    /// A model of a provider.
    ///
    /// # Errors
    /// `invalid_input` when the provider's settings cannot be used.
    pub fn new(transport: Arc<Transport>, name: &str, provider: &Provider, card: Card) -> Result<Self, Error> {
        let bearer = provider.api_key.as_ref().map(|key| ("authorization", format!("Bearer {}", key.expose_secret())));
        let own: Vec<_> = bearer.into_iter().collect();
        let endpoint = Arc::new(Endpoint::new(name, provider, "/responses", &own)?);
        Ok(Self { transport, endpoint, card })
    }
}

#[async_trait]
impl Model for Responses {
    async fn ask(&self, request: ModelRequest) -> ModelStream {
        let body = encode::body(&request, &self.card, self.endpoint.is_openai());
        let decoder = decode::Decoder::default();
        answer::ask(Arc::clone(&self.transport), Arc::clone(&self.endpoint), &body, decoder)
    }
}

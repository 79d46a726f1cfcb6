//! Messages, the wire of Anthropic and of those who speak it too.

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

/// A model behind messages.
pub(super) struct Anthropic {
    transport: Arc<Transport>,
    endpoint: Arc<Endpoint>,
    card: Card,
}

impl Anthropic {
    /// A model of a provider. Its base URL may end in `/v1` or not.
    ///
    /// # Errors
    /// `invalid_input` when the provider's settings cannot be used.
    pub fn new(transport: Arc<Transport>, name: &str, provider: &Provider, card: Card) -> Result<Self, Error> {
        let mut own = vec![("anthropic-version", "2023-06-01".to_owned())];
        own.extend(provider.api_key.as_ref().map(|key| ("x-api-key", key.expose_secret().to_owned())));
        let has_version = provider.base_url.trim_end_matches('/').ends_with("/v1");
        let path = if has_version { "/messages" } else { "/v1/messages" };
        let endpoint = Arc::new(Endpoint::new(name, provider, path, &own)?);
        Ok(Self { transport, endpoint, card })
    }
}

#[async_trait]
impl Model for Anthropic {
    async fn ask(&self, request: ModelRequest) -> ModelStream {
        let body = encode::body(&request, &self.card);
        let decoder = decode::Decoder::default();
        answer::ask(Arc::clone(&self.transport), Arc::clone(&self.endpoint), &body, decoder)
    }
}

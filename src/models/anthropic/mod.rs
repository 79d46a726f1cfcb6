//! Messages, the wire of Anthropic and of those who speak it too.

mod decode;
mod encode;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::ModelRequest;
use super::answer::Speak;
use super::catalogue::Card;
use crate::config::Provider;

/// Messages.
pub(super) struct Anthropic;

impl Speak for Anthropic {
    type Decoder = decode::Decoder;

    /// The base URL may end in `/v1` or not.
    fn path(provider: &Provider) -> &'static str {
        let has_version = provider.base_url.trim_end_matches('/').ends_with("/v1");
        if has_version { "/messages" } else { "/v1/messages" }
    }

    fn headers(provider: &Provider) -> Vec<(&'static str, String)> {
        let key = provider.api_key.as_ref().map(|key| ("x-api-key", key.expose_secret().to_owned()));
        std::iter::once(("anthropic-version", "2023-06-01".to_owned())).chain(key).collect()
    }

    fn body(request: &ModelRequest, card: &Card, _official: bool) -> Value {
        encode::body(request, card)
    }
}

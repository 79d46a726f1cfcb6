//! Responses, OpenAI's newer wire: a list of items goes in, and items come out.
//!
//! Nothing is kept by the provider (`store: false`): every request holds the whole conversation, and what the model
//! thought comes back sealed. What comes is read leniently, since other servers speak a part of this wire only.

mod decode;
mod encode;

use serde_json::Value;

use super::ModelRequest;
use super::answer::Speak;
use super::catalogue::Card;
use crate::config::Provider;

/// Responses.
pub(super) struct Responses;

impl Speak for Responses {
    type Decoder = decode::Decoder;

    fn path(_: &Provider) -> &'static str {
        "/responses"
    }

    fn body(request: &ModelRequest, card: &Card, official: bool) -> Value {
        encode::body(request, card, official)
    }
}

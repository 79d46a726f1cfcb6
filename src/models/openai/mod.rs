//! Chat completions, the wire of OpenAI and of many others: Ollama, llama.cpp, vLLM, LM Studio, OpenRouter, …
//!
//! What is sent is what all of them understand. What comes back is read leniently: every field may be missing, `null`,
//! or come twice.

mod decode;
mod encode;

use serde_json::Value;

use super::ModelRequest;
use super::answer::Speak;
use super::catalogue::Card;
use crate::config::Provider;

/// Chat completions.
pub(super) struct Openai;

impl Speak for Openai {
    type Decoder = decode::Decoder;

    fn path(_: &Provider) -> &'static str {
        "/chat/completions"
    }

    fn body(request: &ModelRequest, card: &Card, official: bool) -> Value {
        encode::body(request, card, official)
    }
}

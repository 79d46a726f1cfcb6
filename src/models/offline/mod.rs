//! `offline/rules`: a small rule-based model inside the program.
//!
//! It is no language model. It recognises what is asked by tables of words, reaches for the tools that are offered, and
//! answers from what they returned; where that is not enough it says so. It needs no network and no key, and the same
//! request always gives the same stream: the time comes from the clock that it is made with.
//!
//! *Invariant:* an answer holds only what stands in the request (the prompt, the conversation, returns of tools), what
//! was computed from that, or what the rules say about themselves. Text of a file is data: it is never followed.

mod calculator;
mod cells;
mod changes;
mod comparison;
mod counting;
mod dates;
mod dependencies;
mod expression;
mod extraction;
mod given;
mod instructions;
mod listing;
mod lookup;
mod narrowing;
mod number;
mod occurrences;
mod outline;
mod pairs;
mod presence;
mod prose;
mod question;
mod reach;
mod reading;
mod resolve;
mod rules;
mod searching;
mod summary;
mod tables;
mod talk;
mod turn;
mod values;
mod vocabulary;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{StreamExt, stream};

use super::{Model, ModelEvent, ModelPart, ModelRequest, ModelStream, PromptMessage, PromptPart};
use crate::domain::{Clock, Finish, Usage};

/// The rule-based model.
pub struct Offline {
    clock: Arc<dyn Clock>,
}

impl Offline {
    /// A model that takes the date and the time from this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// Everything that it says to a request, at once.
    fn events(&self, request: &ModelRequest) -> Vec<ModelEvent> {
        let mut events = Vec::new();
        let mut used = 0;
        let finish = match rules::decide(request, self.clock.now()) {
            rules::Decision::Answer(text) => {
                let (text, finish) = within(&text, request);
                used += text.len();
                events.push(ModelEvent::PartOpened(ModelPart::Text));
                events.extend(pieces(text).map(|piece| ModelEvent::PartGrew(piece.to_owned())));
                events.push(ModelEvent::PartClosed { signature: None, sealed: None });
                finish
            }
            rules::Decision::Call(calls) => {
                for call in calls {
                    let arguments = reach::arguments_text(&call);
                    used += call.name.len() + arguments.len();
                    events.push(ModelEvent::PartOpened(ModelPart::ToolCall { name: call.name }));
                    events.push(ModelEvent::PartGrew(arguments));
                    events.push(ModelEvent::PartClosed { signature: None, sealed: None });
                }
                Finish::ToolCalls
            }
        };
        let usage = Usage { input_tokens: tokens(bytes(request)), output_tokens: tokens(used), ..Usage::default() };
        events.push(ModelEvent::Finished { finish, usage });
        events
    }
}

#[async_trait]
impl Model for Offline {
    async fn ask(&self, request: ModelRequest) -> ModelStream {
        stream::iter(self.events(&request)).map(Ok).boxed()
    }
}

/// Four bytes count as a token.
fn tokens(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

fn bytes(request: &ModelRequest) -> usize {
    let of_part = |part: &PromptPart| match part {
        PromptPart::Text(text) => text.len(),
        PromptPart::Image { bytes, .. } => bytes.len(),
        PromptPart::Reasoning(_) => 0,
        PromptPart::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
    };
    let of_message = |message: &PromptMessage| match message {
        PromptMessage::User(parts) | PromptMessage::Assistant(parts) => parts.iter().map(of_part).sum::<usize>(),
        PromptMessage::ToolReturns(returns) => returns.iter().map(|returned| returned.text.len()).sum(),
    };
    request.system.len() + request.messages.iter().map(of_message).sum::<usize>()
}

/// The beginning of an answer that the settings allow.
fn within<'a>(text: &'a str, request: &ModelRequest) -> (&'a str, Finish) {
    let stops = request.settings.stop.iter().filter(|stop| !stop.is_empty());
    let text = stops.filter_map(|stop| text.find(stop.as_str())).min().and_then(|end| text.get(..end)).unwrap_or(text);
    let most =
        request.settings.max_tokens.and_then(|most| usize::try_from(most.saturating_mul(4)).ok()).unwrap_or(usize::MAX);
    if text.len() <= most {
        return (text, Finish::Stop);
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    (text.get(..end).unwrap_or_default(), Finish::Length)
}

/// The words of a text with the space behind them: together they are the text.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}

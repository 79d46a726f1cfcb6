//! One message while the model writes it: takes the model's stream, publishes pieces, and holds the parts so far.
//!
//! Pieces are held back until the append that came before the model was asked is durable.

use crate::domain::{
    CallId, Clock, Delta, Error, Finish, MessageId, Part, PartStart, ReasoningPart, RunId, TextPart, ToolCallPart, Usage,
};
use crate::models::{ModelEvent, ModelPart};

use super::live::Hub;

/// What is known of a message at its end.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) parts: Vec<Part>,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    pub(crate) first_token_ms: Option<u64>,
    /// Whether it was only the word with which the agent says nothing: then it has no parts.
    pub(crate) is_silent: bool,
}

/// Where a piece of the message goes.
pub(crate) struct Desk<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) run: &'a RunId,
    pub(crate) agent: &'a str,
}

/// One message while it is written.
pub(crate) struct Writing {
    message_id: MessageId,
    parts: Vec<Part>,
    open: bool,
    /// Pieces that wait for the append before them; `None` = they go out at once.
    held: Option<Vec<Delta>>,
    /// For as long as it may become the word with which the agent says nothing: that word, and the pieces so far.
    hushed: Option<(String, Vec<Delta>)>,
    begun: std::time::Instant,
    first_token_ms: Option<u64>,
}

impl Writing {
    /// A message of which nothing is written; its pieces are held back until [`Writing::release`].
    pub(crate) fn held(message_id: MessageId, silence: Option<&str>) -> Self {
        Self {
            message_id,
            parts: Vec::new(),
            open: false,
            held: Some(Vec::new()),
            hushed: silence.map(|word| (bare(word), Vec::new())),
            begun: std::time::Instant::now(),
            first_token_ms: None,
        }
    }

    /// Since the model was asked, in milliseconds.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether anything was written.
    pub(crate) fn has_begun(&self) -> bool {
        !self.parts.is_empty()
    }

    /// The bytes of what was written.
    pub(crate) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.grown().len()).sum()
    }

    /// Lets the pieces out: what came before them is durable.
    pub(crate) fn release(&mut self, desk: &Desk<'_>) {
        for delta in self.held.take().into_iter().flatten() {
            desk.hub.grow(desk.run, desk.agent, desk.clock.now(), delta);
        }
    }

    fn emit(&mut self, desk: &Desk<'_>, delta: Delta) {
        if let Some((_, hushed)) = &mut self.hushed {
            hushed.push(delta);
            return;
        }
        match &mut self.held {
            Some(held) => held.push(delta),
            None => desk.hub.grow(desk.run, desk.agent, desk.clock.now(), delta),
        }
    }

    /// Lets the pieces out when it cannot be silence any more.
    fn listen_for_silence(&mut self, desk: &Desk<'_>) {
        let calls = self.parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        let may_be = |word: &str| !calls && word.starts_with(&bare(&Part::texts(&self.parts)));
        if self.hushed.as_ref().is_some_and(|(word, _)| !may_be(word)) {
            self.speak(desk);
        }
    }

    fn speak(&mut self, desk: &Desk<'_>) {
        for delta in self.hushed.take().into_iter().flat_map(|(_, hushed)| hushed) {
            self.emit(desk, delta);
        }
    }

    fn index(&self) -> u32 {
        u32::try_from(self.parts.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Takes one event of the model. Answers the end of the message when this was it.
    ///
    /// # Errors
    /// `model_failed` (`garbage`) when the events are out of order.
    pub(crate) fn take(&mut self, desk: &Desk<'_>, event: ModelEvent) -> Result<Option<(Finish, Usage)>, Error> {
        match event {
            ModelEvent::Retrying { .. } => {}
            ModelEvent::PartOpened(part) => {
                self.close(desk, None, None);
                self.first_token_ms.get_or_insert(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX));
                let (start, part) = begin(part, desk.clock);
                self.parts.push(part);
                self.open = true;
                let index = self.index();
                self.emit(desk, Delta::Opened { message_id: self.message_id.clone(), index, part: start });
                self.listen_for_silence(desk);
            }
            ModelEvent::PartGrew(text) => {
                if !self.open {
                    return Err(Error::model(
                        crate::domain::Cause::Garbage,
                        "the model's answer has a piece that belongs to no part",
                    ));
                }
                let Some(part) = self.parts.last().and_then(PartStart::of) else { return Ok(None) };
                let Some(grown) = self.parts.last_mut().and_then(grown) else { return Ok(None) };
                let offset = grown.len() as u64;
                grown.push_str(&text);
                let (message_id, index) = (self.message_id.clone(), self.index());
                self.emit(desk, Delta::Grew { message_id, index, part, offset, text });
                self.listen_for_silence(desk);
            }
            ModelEvent::PartClosed { signature, sealed } => self.close(desk, signature, sealed),
            ModelEvent::Finished { finish, usage } => {
                self.close(desk, None, None);
                return Ok(Some((finish, usage)));
            }
        }
        Ok(None)
    }

    /// Closes the open part, if there is one.
    fn close(&mut self, desk: &Desk<'_>, signature: Option<String>, sealed: Option<String>) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        match self.parts.last_mut() {
            Some(Part::Reasoning(reasoning)) => (reasoning.signature, reasoning.sealed) = (signature, sealed),
            Some(Part::ToolCall(call)) => {
                let text = if call.arguments_text.trim().is_empty() { "{}" } else { &call.arguments_text };
                call.arguments = serde_json::from_str(text).unwrap_or(serde_json::Value::Null);
            }
            _ => {}
        }
        let Some(part) = self.parts.last().and_then(PartStart::of) else { return };
        let (message_id, index) = (self.message_id.clone(), self.index());
        self.emit(desk, Delta::Closed { message_id, index, part });
    }

    /// The end of the message, also when it broke off.
    pub(crate) fn end(mut self, desk: &Desk<'_>, finish: Finish, usage: Usage) -> Written {
        self.release(desk);
        self.close(desk, None, None);
        let said = bare(&Part::texts(&self.parts));
        let is_silent = finish == Finish::Stop && self.hushed.as_ref().is_some_and(|(word, _)| *word == said);
        if is_silent {
            self.parts.clear();
        } else {
            self.speak(desk);
        }
        Written { parts: self.parts, finish, usage, first_token_ms: self.first_token_ms, is_silent }
    }
}

/// A text without what stands around its words, in lower case.
fn bare(text: &str) -> String {
    text.trim_matches(|sign: char| sign.is_whitespace() || sign.is_ascii_punctuation()).to_lowercase()
}

fn begin(part: ModelPart, clock: &dyn Clock) -> (PartStart, Part) {
    match part {
        ModelPart::Text => (PartStart::Text, Part::Text(TextPart { text: String::new() })),
        ModelPart::Reasoning => (PartStart::Reasoning, Part::Reasoning(ReasoningPart::default())),
        ModelPart::ToolCall { name } => {
            let id = CallId::new(clock);
            let call = ToolCallPart {
                id: id.clone(),
                name: name.clone(),
                arguments: serde_json::Value::Null,
                arguments_text: String::new(),
            };
            (PartStart::ToolCall { id, name }, Part::ToolCall(call))
        }
    }
}

fn grown(part: &mut Part) -> Option<&mut String> {
    match part {
        Part::Text(part) => Some(&mut part.text),
        Part::Reasoning(part) => Some(&mut part.text),
        Part::ToolCall(part) => Some(&mut part.arguments_text),
        Part::File(_) => None,
    }
}

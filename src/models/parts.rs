//! Puts the parts that a wire interleaves one after the other, and knows how far the answer is.
//!
//! The oldest open part is passed on as it grows; what belongs to later ones is kept until the earlier are closed.

use std::collections::VecDeque;

use super::{ModelEvent, ModelPart};
use crate::domain::{Finish, Usage};

/// A part that is not over yet, or whose turn has not come.
struct Waiting {
    key: u64,
    part: ModelPart,
    /// What has grown and was not passed on.
    text: String,
    opened: bool,
    grown: bool,
    closed: bool,
    signature: Option<String>,
    sealed: Option<String>,
}

impl Waiting {
    /// Whether there is something to tell: prose without a word is left out.
    fn counts(&self) -> bool {
        matches!(self.part, ModelPart::ToolCall { .. })
            || !self.text.is_empty()
            || self.signature.is_some()
            || self.sealed.is_some()
    }
}

/// The parts of one answer.
#[derive(Default)]
pub(super) struct Parts {
    waiting: VecDeque<Waiting>,
    ready: VecDeque<ModelEvent>,
    calls: usize,
    last_key: u64,
    /// Why the model stopped, as the provider says it.
    pub said: Option<Finish>,
    /// What it used.
    pub usage: Usage,
    /// The wire's end mark has come.
    pub done: bool,
    /// The end was told, or that it is missing.
    pub over: bool,
}

impl Parts {
    /// A part begins. The key names it until it is closed.
    pub fn open(&mut self, part: ModelPart) -> u64 {
        self.last_key += 1;
        let key = self.last_key;
        self.calls += usize::from(matches!(part, ModelPart::ToolCall { .. }));
        self.waiting.push_back(Waiting {
            key,
            part,
            text: String::new(),
            opened: false,
            grown: false,
            closed: false,
            signature: None,
            sealed: None,
        });
        self.pass_on();
        key
    }

    /// Whether any part has begun.
    pub fn have_begun(&self) -> bool {
        self.last_key > 0
    }

    /// A part grows. A part that is not open is not known, and what it says is left out.
    pub fn grow(&mut self, key: u64, text: &str) {
        if let Some(part) = self.find(key) {
            part.text.push_str(text);
            self.pass_on();
        }
    }

    /// The provider's proof of a part of reasoning, and what it withheld.
    pub fn seal(&mut self, key: u64, signature: Option<String>, sealed: Option<String>) {
        if let Some(part) = self.find(key) {
            if let Some(more) = signature {
                part.signature.get_or_insert_default().push_str(&more);
            }
            part.sealed = sealed.or(part.sealed.take());
        }
    }

    /// A part ends.
    pub fn close(&mut self, key: u64) {
        if let Some(part) = self.find(key) {
            part.closed = true;
            self.pass_on();
        }
    }

    /// All parts end, and the answer with them.
    pub fn finish(&mut self) {
        self.waiting.iter_mut().for_each(|part| part.closed = true);
        self.pass_on();
        self.ready.push_back(ModelEvent::Finished { finish: self.reason(), usage: self.usage.clone() });
    }

    /// The next event.
    pub fn next(&mut self) -> Option<ModelEvent> {
        self.ready.pop_front()
    }

    /// Why the model stopped, from what the provider says and what came: many servers say `stop` although they want
    /// tools, and some the other way round.
    fn reason(&self) -> Finish {
        match self.said.unwrap_or(Finish::Stop) {
            Finish::Stop | Finish::ToolCalls if self.calls > 0 => Finish::ToolCalls,
            Finish::ToolCalls => Finish::Stop,
            other => other,
        }
    }

    fn find(&mut self, key: u64) -> Option<&mut Waiting> {
        self.waiting.iter_mut().find(|part| part.key == key && !part.closed)
    }

    fn pass_on(&mut self) {
        while let Some(part) = self.waiting.front_mut() {
            if !part.opened && part.counts() {
                part.opened = true;
                self.ready.push_back(ModelEvent::PartOpened(part.part.clone()));
            }
            if part.closed && !part.grown && part.text.is_empty() && matches!(part.part, ModelPart::ToolCall { .. }) {
                // A tool without arguments: some servers send nothing, some `{}`.
                part.text.push_str("{}");
            }
            if !part.text.is_empty() {
                part.grown = true;
                self.ready.push_back(ModelEvent::PartGrew(std::mem::take(&mut part.text)));
            }
            if !part.closed {
                return;
            }
            if let Some(part) = self.waiting.pop_front()
                && part.opened
            {
                self.ready.push_back(ModelEvent::PartClosed { signature: part.signature, sealed: part.sealed });
            }
        }
    }
}

/// Follows JSON text as it grows and tells when the object is complete.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ObjectEnd {
    depth: u32,
    in_text: bool,
    escaped: bool,
    complete: bool,
}

impl ObjectEnd {
    /// Takes the next piece.
    pub fn feed(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => self.in_text = !self.in_text,
                _ if self.in_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.complete |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    /// Whether nothing can follow.
    pub fn is_complete(self) -> bool {
        self.complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> ModelPart {
        ModelPart::ToolCall { name: name.into() }
    }

    fn drain(parts: &mut Parts) -> Vec<ModelEvent> {
        std::iter::from_fn(|| parts.next()).collect()
    }

    #[test]
    fn a_later_part_waits_for_the_earlier() {
        let mut parts = Parts::default();
        let a = parts.open(call("a"));
        parts.grow(a, "{");
        let b = parts.open(call("b"));
        parts.grow(b, "{\"x\"");
        parts.close(b);
        parts.grow(a, "}");
        let closed = ModelEvent::PartClosed { signature: None, sealed: None };
        assert_eq!(
            drain(&mut parts),
            [ModelEvent::PartOpened(call("a")), ModelEvent::PartGrew("{".into()), ModelEvent::PartGrew("}".into())]
        );
        parts.close(a);
        assert_eq!(
            drain(&mut parts),
            [closed.clone(), ModelEvent::PartOpened(call("b")), ModelEvent::PartGrew("{\"x\"".into()), closed]
        );
    }

    #[test]
    fn prose_without_a_word_is_left_out_but_not_what_is_sealed() {
        let mut parts = Parts::default();
        let text = parts.open(ModelPart::Text);
        parts.close(text);
        let thought = parts.open(ModelPart::Reasoning);
        parts.seal(thought, None, Some("sealed".into()));
        parts.close(thought);
        parts.open(call("c"));
        parts.finish();
        assert_eq!(
            drain(&mut parts),
            [
                ModelEvent::PartOpened(ModelPart::Reasoning),
                ModelEvent::PartClosed { signature: None, sealed: Some("sealed".into()) },
                ModelEvent::PartOpened(call("c")),
                ModelEvent::PartGrew("{}".into()),
                ModelEvent::PartClosed { signature: None, sealed: None },
                ModelEvent::Finished { finish: Finish::ToolCalls, usage: Usage::default() },
            ]
        );
    }

    #[test]
    fn the_end_of_an_object_is_seen() {
        for (text, complete) in [
            ("", false),
            ("{", false),
            ("{}", true),
            (r#"{"a":"}"#, false),
            (r#"{"a":"\"}"}"#, true),
            (r#"{"a":[{"#, false),
            (r#"{"a":[{}]} "#, true),
        ] {
            let mut end = ObjectEnd::default();
            text.chars().for_each(|c| end.feed(c.encode_utf8(&mut [0; 4])));
            assert_eq!(end.is_complete(), complete, "{text}");
        }
    }
}

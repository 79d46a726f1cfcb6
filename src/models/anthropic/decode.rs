//! From the events of a message to those of a model.

use serde_json::Value;

use super::super::ModelPart;
use super::super::answer::{Decode, count, json};
use super::super::failure::Fault;
use super::super::parts::Parts;
use crate::domain::Finish;
use crate::outgoing::SseEvent;

/// The state of one answer.
#[derive(Default)]
pub(in crate::models) struct Decoder {
    parts: Parts,
    blocks: Vec<Block>,
    /// Tokens sent, apart from those of the cache.
    fresh_tokens: u64,
}

/// An open block.
struct Block {
    /// Its number on the wire.
    index: u64,
    key: u64,
    /// The arguments of a call that stood in its beginning: they count when no pieces follow.
    input: String,
}

impl Decode for Decoder {
    fn event(&mut self, event: &SseEvent) -> Result<(), Fault> {
        if event.data.trim().is_empty() {
            return Ok(());
        }
        let value = json(&event.data)?;
        let kind = value["type"].as_str().unwrap_or(&event.name);
        let index = value["index"].as_u64().unwrap_or(0);
        match kind {
            "message_start" => self.usage(&value["message"]["usage"]),
            "content_block_start" => self.open(index, &value["content_block"]),
            "content_block_delta" => self.grow(index, &value["delta"]),
            "content_block_stop" => self.close_block(index),
            "message_delta" => {
                self.usage(&value["usage"]);
                self.stop(&value["delta"]["stop_reason"]);
            }
            "message_stop" => self.parts.done = true,
            "error" => return Err(Fault::Told(value)),
            // `ping`, and what may be added to the wire.
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, answer: &Value) -> Result<(), Fault> {
        let Some(blocks) = answer["content"].as_array() else {
            return Err(Fault::Garbage("it has no content".to_owned()));
        };
        for (index, block) in (0..).zip(blocks) {
            self.open(index, block);
            self.close_block(index);
        }
        self.usage(&answer["usage"]);
        self.stop(&answer["stop_reason"]);
        self.parts.done = true;
        Ok(())
    }

    fn parts(&mut self) -> &mut Parts {
        &mut self.parts
    }

    fn close(&mut self) -> Result<(), Fault> {
        while let Some(block) = self.blocks.first() {
            self.close_block(block.index);
        }
        let usage = &mut self.parts.usage;
        let cached = usage.cached_tokens.saturating_add(usage.cache_write_tokens);
        usage.input_tokens = self.fresh_tokens.saturating_add(cached);
        Ok(())
    }
}

impl Decoder {
    fn open(&mut self, index: u64, block: &Value) {
        let text = |name: &str| block[name].as_str().unwrap_or_default();
        let part = match block["type"].as_str().unwrap_or_default() {
            "text" => ModelPart::Text,
            "thinking" | "redacted_thinking" => ModelPart::Reasoning,
            "tool_use" => ModelPart::ToolCall { name: text("name").to_owned() },
            // Blocks of other kinds are not asked for, and what they say is left out.
            _ => return,
        };
        let input = block["input"].as_object().filter(|input| !input.is_empty());
        let input = input.and_then(|input| serde_json::to_string(input).ok()).unwrap_or_default();
        let key = self.parts.open(part);
        self.blocks.push(Block { index, key, input });
        self.parts.grow(key, text("text"));
        self.parts.grow(key, text("thinking"));
        self.parts.seal(key, some(&block["signature"]), some(&block["data"]));
    }

    fn grow(&mut self, index: u64, delta: &Value) {
        let Some(block) = self.blocks.iter_mut().find(|block| block.index == index) else { return };
        for name in ["text", "thinking", "partial_json"] {
            let piece = delta[name].as_str().unwrap_or_default();
            if !piece.is_empty() {
                block.input.clear();
                self.parts.grow(block.key, piece);
            }
        }
        self.parts.seal(block.key, some(&delta["signature"]), None);
    }

    fn close_block(&mut self, index: u64) {
        if let Some(place) = self.blocks.iter().position(|block| block.index == index) {
            let block = self.blocks.remove(place);
            self.parts.grow(block.key, &block.input);
            self.parts.close(block.key);
        }
    }

    fn stop(&mut self, reason: &Value) {
        match reason.as_str() {
            None => {}
            Some("tool_use") => self.parts.said = Some(Finish::ToolCalls),
            Some("max_tokens" | "model_context_window_exceeded") => self.parts.said = Some(Finish::Length),
            Some("refusal") => self.parts.said = Some(Finish::ContentFilter),
            Some(_) => self.parts.said = Some(Finish::Stop),
        }
    }

    fn usage(&mut self, usage: &Value) {
        let known = &mut self.parts.usage;
        count(&mut self.fresh_tokens, &usage["input_tokens"]);
        count(&mut known.output_tokens, &usage["output_tokens"]);
        count(&mut known.cached_tokens, &usage["cache_read_input_tokens"]);
        count(&mut known.cache_write_tokens, &usage["cache_creation_input_tokens"]);
    }
}

fn some(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Usage;
    use crate::models::ModelEvent;
    use crate::models::answer::tests::{self, call, closed, drain, grew, opened};

    fn told(events: &[Value]) -> Result<Vec<ModelEvent>, Fault> {
        tests::told::<Decoder>(events)
    }

    fn start(index: u64, block: Value) -> Value {
        json!({"type": "content_block_start", "index": index, "content_block": block})
    }

    fn delta(index: u64, delta: Value) -> Value {
        json!({"type": "content_block_delta", "index": index, "delta": delta})
    }

    fn stop(index: u64) -> Value {
        json!({"type": "content_block_stop", "index": index})
    }

    fn end(reason: &str) -> Value {
        json!({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}})
    }

    fn finished(finish: Finish, output_tokens: u64) -> ModelEvent {
        ModelEvent::Finished { finish, usage: Usage { output_tokens, ..Usage::default() } }
    }

    #[test]
    fn thoughts_keep_their_proof_and_their_seal() {
        let events = [
            start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
            delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
            delta(0, json!({"type": "signature_delta", "signature": "pro"})),
            delta(0, json!({"type": "signature_delta", "signature": "of"})),
            stop(0),
            start(1, json!({"type": "redacted_thinking", "data": "seal"})),
            stop(1),
            start(2, json!({"type": "thinking", "thinking": ""})),
            delta(2, json!({"type": "signature_delta", "signature": "silent"})),
            stop(2),
            start(3, json!({"type": "text", "text": ""})),
            stop(3),
            end("end_turn"),
        ];
        let sealed = |signature: Option<&str>, sealed: Option<&str>| ModelEvent::PartClosed {
            signature: signature.map(Into::into),
            sealed: sealed.map(Into::into),
        };
        assert_eq!(
            told(&events).unwrap(),
            [
                opened(ModelPart::Reasoning),
                grew("hm"),
                sealed(Some("proof"), None),
                opened(ModelPart::Reasoning),
                sealed(None, Some("seal")),
                opened(ModelPart::Reasoning),
                sealed(Some("silent"), None),
                finished(Finish::Stop, 9),
            ]
        );
    }

    #[test]
    fn blocks_that_overlap_are_put_into_order() {
        let piece = |index: u64, text: &str| delta(index, json!({"type": "input_json_delta", "partial_json": text}));
        let events = [
            json!({"type": "ping"}),
            start(0, json!({"type": "tool_use", "id": "a", "name": "f"})),
            piece(0, ""),
            piece(0, "{\"x\""),
            start(1, json!({"type": "tool_use", "id": "b", "name": "g", "input": {}})),
            piece(1, "{}"),
            piece(0, ":1}"),
            stop(1),
            start(2, json!({"type": "tool_use", "id": "c", "name": "h", "input": {"whole": true}})),
            start(3, json!({"type": "something_new", "text": "x"})),
            delta(3, json!({"type": "text_delta", "text": "y"})),
            start(4, json!({"type": "tool_use", "id": "d", "name": "i"})),
            end("tool_use"),
            json!({"type": "message_stop"}),
        ];
        assert_eq!(
            told(&events).unwrap(),
            [
                opened(call("f")),
                grew("{\"x\""),
                grew(":1}"),
                closed(),
                opened(call("g")),
                grew("{}"),
                closed(),
                opened(call("h")),
                grew("{\"whole\":true}"),
                closed(),
                opened(call("i")),
                grew("{}"),
                closed(),
                finished(Finish::ToolCalls, 9),
            ]
        );
    }

    #[test]
    fn usage_counts_the_cache_as_sent() {
        let usage = json!({"input_tokens": 3, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 100,
            "output_tokens": 1});
        let events = [json!({"type": "message_start", "message": {"usage": usage}}), end("max_tokens")];
        let usage =
            Usage { input_tokens: 123, output_tokens: 9, cached_tokens: 20, cache_write_tokens: 100, ..Usage::default() };
        assert_eq!(told(&events).unwrap(), [ModelEvent::Finished { finish: Finish::Length, usage }]);
    }

    #[test]
    fn the_end_is_known_or_it_is_missing() {
        let text = start(0, json!({"type": "text", "text": "x"}));
        let said = |finish| vec![opened(ModelPart::Text), grew("x"), closed(), finish];
        assert_eq!(told(std::slice::from_ref(&text)), Err(Fault::Cut));
        assert_eq!(told(&[text.clone(), end("refusal")]).unwrap(), said(finished(Finish::ContentFilter, 9)));
        let stop = json!({"type": "message_stop"});
        assert_eq!(told(&[text, stop]).unwrap(), said(finished(Finish::Stop, 0)));
    }

    #[test]
    fn an_error_event_is_an_error() {
        let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}});
        assert_eq!(told(std::slice::from_ref(&error)), Err(Fault::Told(error)));
    }

    #[test]
    fn a_whole_answer_is_taken_too() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.whole(&json!({"a": 1})), Err(Fault::Garbage("it has no content".into())));
        let content = json!([{"type": "text", "text": "hi"}, {"type": "tool_use", "name": "f", "input": {"a": 1}}]);
        decoder.whole(&json!({"content": content, "stop_reason": "tool_use", "usage": {"output_tokens": 9}})).unwrap();
        decoder.end().unwrap();
        assert_eq!(
            drain(&mut decoder),
            [
                opened(ModelPart::Text),
                grew("hi"),
                closed(),
                opened(call("f")),
                grew("{\"a\":1}"),
                closed(),
                finished(Finish::ToolCalls, 9),
            ]
        );
    }
}

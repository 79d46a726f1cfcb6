//! From the chunks of a chat completion to events.

use serde_json::Value;

use super::super::ModelPart;
use super::super::answer::{Decode, count, json_until_done};
use super::super::failure::Fault;
use super::super::parts::{ObjectEnd, Parts};
use crate::domain::Finish;
use crate::outgoing::SseEvent;

/// The state of one answer.
#[derive(Default)]
pub(in crate::models) struct Decoder {
    parts: Parts,
    /// The open text or reasoning.
    prose: Option<(ModelPart, u64)>,
    calls: Vec<Call>,
    /// The call that grew last, as a place in `calls`.
    current: Option<usize>,
}

/// A call in the making.
struct Call {
    /// Known once its name is.
    key: Option<u64>,
    /// Its number on the wire, where there is one.
    index: Option<u64>,
    id: String,
    /// Arguments that came before the name.
    early: String,
    end: ObjectEnd,
}

impl Decode for Decoder {
    fn event(&mut self, event: &SseEvent) -> Result<(), Fault> {
        let Some(chunk) = json_until_done(event, &mut self.parts)? else { return Ok(()) };
        if chunk.get("error").is_some_and(|error| !error.is_null()) || event.name == "error" {
            return Err(Fault::Told(chunk));
        }
        self.chunk(&chunk);
        Ok(())
    }

    fn whole(&mut self, answer: &Value) -> Result<(), Fault> {
        if !answer["choices"][0].is_object() {
            return Err(Fault::Garbage("it has no choices".to_owned()));
        }
        self.chunk(answer);
        self.parts.done = true;
        Ok(())
    }

    fn parts(&mut self) -> &mut Parts {
        &mut self.parts
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.calls.iter().any(|call| call.key.is_none()) {
            return Err(Fault::Garbage("a tool call has no name".to_owned()));
        }
        Ok(())
    }
}

impl Decoder {
    /// A chunk of a stream, or a whole answer: they differ in the name of one field.
    fn chunk(&mut self, chunk: &Value) {
        self.usage(&chunk["usage"]);
        let choice = &chunk["choices"][0];
        self.usage(&choice["usage"]);
        let delta = if choice["delta"].is_object() { &choice["delta"] } else { &choice["message"] };
        let thought = ["reasoning_content", "reasoning"].into_iter().find_map(|name| delta[name].as_str());
        self.say(&ModelPart::Reasoning, thought.unwrap_or_default());
        match &delta["content"] {
            Value::Array(parts) => {
                parts.iter().for_each(|part| self.say(&ModelPart::Text, part["text"].as_str().unwrap_or_default()));
            }
            content => self.say(&ModelPart::Text, content.as_str().unwrap_or_default()),
        }
        self.say(&ModelPart::Text, delta["refusal"].as_str().unwrap_or_default());
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call["index"].as_u64(), call["id"].as_str().unwrap_or_default(), &call["function"]);
        }
        if delta["function_call"].is_object() {
            self.call(Some(0), "", &delta["function_call"]);
        }
        match choice["finish_reason"].as_str() {
            None | Some("") => {}
            Some("tool_calls" | "function_call") => self.parts.said = Some(Finish::ToolCalls),
            Some("length") => self.parts.said = Some(Finish::Length),
            Some("content_filter") => self.parts.said = Some(Finish::ContentFilter),
            Some(_) => self.parts.said = Some(Finish::Stop),
        }
    }

    fn say(&mut self, part: &ModelPart, text: &str) {
        if text.is_empty() {
            return;
        }
        let key = match &self.prose {
            Some((open, key)) if open == part => *key,
            _ => {
                self.end_prose();
                self.end_calls();
                let key = self.parts.open(part.clone());
                self.prose = Some((part.clone(), key));
                key
            }
        };
        self.parts.grow(key, text);
    }

    fn call(&mut self, index: Option<u64>, id: &str, function: &Value) {
        self.end_prose();
        let place = match self.place(index, id, function) {
            Some(place) => place,
            None => {
                let (early, end) = (String::new(), ObjectEnd::default());
                self.calls.push(Call { key: None, index, id: id.to_owned(), early, end });
                self.calls.len() - 1
            }
        };
        if self.current.replace(place) != Some(place) {
            self.end_calls();
        }
        let Some(call) = self.calls.get_mut(place) else { return };
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        let name = function["name"].as_str().unwrap_or_default();
        if call.key.is_none() && !name.is_empty() {
            let key = self.parts.open(ModelPart::ToolCall { name: name.to_owned() });
            self.parts.grow(key, &std::mem::take(&mut call.early));
            call.key = Some(key);
        }
        let arguments = match &function["arguments"] {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            // Some servers send the object itself.
            other => other.to_string(),
        };
        call.end.feed(&arguments);
        match call.key {
            None => call.early.push_str(&arguments),
            Some(key) => self.parts.grow(key, &arguments),
        }
    }

    /// Which call a piece belongs to: by its number; where servers leave that out or always say 0, by its id.
    fn place(&self, index: Option<u64>, id: &str, function: &Value) -> Option<usize> {
        let named = function["name"].as_str().is_some_and(|name| !name.is_empty());
        let place = match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index)?,
            None if !id.is_empty() => self.calls.iter().rposition(|call| call.id == id)?,
            None if named => return None,
            None => self.current?,
        };
        let call = self.calls.get(place)?;
        let is_another = named && call.end.is_complete() && !id.is_empty() && !call.id.is_empty() && call.id != id;
        (!is_another).then_some(place)
    }

    fn end_prose(&mut self) {
        if let Some((_, key)) = self.prose.take() {
            self.parts.close(key);
        }
    }

    /// Closes the calls whose arguments are complete: nothing can follow, so the next need not wait.
    fn end_calls(&mut self) {
        for key in self.calls.iter().filter(|call| call.end.is_complete()).filter_map(|call| call.key) {
            self.parts.close(key);
        }
    }

    fn usage(&mut self, usage: &Value) {
        let known = &mut self.parts.usage;
        count(&mut known.input_tokens, &usage["prompt_tokens"]);
        count(&mut known.output_tokens, &usage["completion_tokens"]);
        count(&mut known.cached_tokens, &usage["prompt_cache_hit_tokens"]);
        count(&mut known.cached_tokens, &usage["prompt_tokens_details"]["cached_tokens"]);
        count(&mut known.cache_write_tokens, &usage["prompt_tokens_details"]["cache_write_tokens"]);
        count(&mut known.reasoning_tokens, &usage["completion_tokens_details"]["reasoning_tokens"]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Usage;
    use crate::models::ModelEvent;
    use crate::models::answer::tests::{drain, event};

    /// What a stream of these chunks tells, in short: `T`ext, `R`easoning and calls, each with its pieces.
    fn told(chunks: &[Value], done: bool) -> Result<(Vec<String>, Finish, Usage), Fault> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for chunk in chunks {
            decoder.event(&event(chunk))?;
            events.extend(drain(&mut decoder));
        }
        if done {
            decoder.event(&SseEvent { name: String::new(), id: String::new(), data: "[DONE]".into() })?;
        }
        decoder.end()?;
        events.extend(drain(&mut decoder));
        let mut parts: Vec<String> = Vec::new();
        for event in events {
            match event {
                ModelEvent::PartOpened(ModelPart::Text) => parts.push("T".into()),
                ModelEvent::PartOpened(ModelPart::Reasoning) => parts.push("R".into()),
                ModelEvent::PartOpened(ModelPart::ToolCall { name }) => parts.push(name),
                ModelEvent::PartGrew(text) => parts.last_mut().unwrap().push_str(&format!(" {text}")),
                ModelEvent::PartClosed { .. } => parts.last_mut().unwrap().push('.'),
                ModelEvent::Finished { finish, usage } => return Ok((parts, finish, usage)),
                ModelEvent::Retrying { .. } => unreachable!("a wire does not retry"),
            }
        }
        unreachable!("no end")
    }

    fn delta(delta: Value) -> Value {
        json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
    }

    fn finish(reason: &str) -> Value {
        json!({"choices": [{"delta": {}, "finish_reason": reason}]})
    }

    fn call(call: Value) -> Value {
        delta(json!({"tool_calls": [call]}))
    }

    fn parts(chunks: &[Value]) -> (Vec<String>, Finish) {
        let (parts, finish, _) = told(chunks, true).unwrap();
        (parts, finish)
    }

    #[test]
    fn prose_of_all_kinds_in_its_order() {
        let chunks = [
            delta(json!({"role": "assistant", "content": null})),
            delta(json!({"reasoning_content": "a", "content": ""})),
            delta(json!({"reasoning": "b"})),
            delta(json!({"content": "c"})),
            delta(json!({"content": [{"type": "text", "text": "d"}]})),
            delta(json!({"refusal": "e"})),
            delta(json!({"reasoning": "f", "content": "g"})),
            finish("length"),
        ];
        let expected = ["R a b.", "T c d e.", "R f.", "T g."].map(String::from).to_vec();
        assert_eq!(parts(&chunks), (expected, Finish::Length));
    }

    #[test]
    fn calls_that_come_one_after_the_other_do_not_wait() {
        let mut decoder = Decoder::default();
        for chunk in [
            delta(json!({"content": "x"})),
            call(json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}})),
            call(json!({"index": 0, "function": {"arguments": "{}"}})),
            call(json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": "{\"k"}})),
        ] {
            decoder.chunk(&chunk);
        }
        let events = drain(&mut decoder);
        assert_eq!(events.last(), Some(&ModelEvent::PartGrew("{\"k".into())));
        assert_eq!(events.len(), 8);
    }

    #[test]
    fn interleaved_calls_are_put_into_order() {
        let piece = |index: u64, text: &str| call(json!({"index": index, "function": {"arguments": text}}));
        let chunks = [
            call(json!({"index": 0, "id": "a", "function": {"name": "f"}})),
            call(json!({"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}})),
            piece(1, "{\"y\""),
            piece(0, "{\"x\""),
            piece(1, ":2}"),
            piece(0, ":1}"),
            finish("tool_calls"),
        ];
        let expected = vec!["f {\"x\" :1}.".to_owned(), "g {\"y\":2}.".to_owned()];
        assert_eq!(parts(&chunks), (expected, Finish::ToolCalls));
    }

    #[test]
    fn servers_that_bend_the_form_of_calls() {
        let fg = || (vec!["f {}.".to_owned(), "g {}.".to_owned()], Finish::ToolCalls);
        // The id and the name again with each piece.
        let again = |id: &str, name: &str, index: u64, text: &str| {
            call(json!({"index": index, "id": id, "function": {"name": name, "arguments": text}}))
        };
        let chunks = [
            again("a", "f", 0, ""),
            again("a", "f", 0, "{}"),
            again("b", "g", 1, ""),
            again("b", "g", 1, "{}"),
            finish("stop"),
        ];
        assert_eq!(parts(&chunks), fg());
        // Always number 0.
        assert_eq!(parts(&[again("a", "f", 0, "{}"), again("b", "g", 0, "{}"), finish("stop")]), fg());
        // No numbers; objects instead of text.
        let chunks = [
            call(json!({"id": "a", "function": {"name": "f", "arguments": {}}})),
            call(json!({"id": "b", "function": {"name": "g", "arguments": {}}})),
            finish("tool_calls"),
        ];
        assert_eq!(parts(&chunks), fg());
        // Neither numbers nor ids.
        let chunks = [
            delta(json!({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}, {"function": {"name": "g"}}]})),
            finish("tool_calls"),
        ];
        assert_eq!(parts(&chunks), fg());
        // The old form, and a name that comes after the arguments.
        let chunks = [
            delta(json!({"function_call": {"arguments": "{}"}})),
            delta(json!({"function_call": {"name": "f"}})),
            finish("function_call"),
        ];
        assert_eq!(parts(&chunks), (vec!["f {}.".to_owned()], Finish::ToolCalls));
    }

    #[test]
    fn the_end_is_known_or_it_is_missing() {
        let text = delta(json!({"content": "x"}));
        let x = || vec!["T x.".to_owned()];
        assert_eq!(told(std::slice::from_ref(&text), true).unwrap(), (x(), Finish::Stop, Usage::default()));
        assert_eq!(told(&[text.clone(), finish("tool_calls")], false).unwrap(), (x(), Finish::Stop, Usage::default()));
        assert_eq!(told(&[text.clone(), finish("content_filter")], false).unwrap().1, Finish::ContentFilter);
        assert_eq!(told(&[text], false), Err(Fault::Cut));
        assert_eq!(told(&[], false), Err(Fault::Cut));
        let nameless = call(json!({"index": 0, "function": {"arguments": "{}"}}));
        assert_eq!(told(&[nameless], true), Err(Fault::Garbage("a tool call has no name".into())));
    }

    #[test]
    fn usage_comes_last_and_in_several_forms() {
        let usage = json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 3}}});
        let expected =
            Usage { input_tokens: 10, output_tokens: 5, cached_tokens: 8, reasoning_tokens: 3, ..Usage::default() };
        let empty = json!({"choices": [], "usage": {}});
        assert_eq!(told(&[finish("stop"), usage, empty], true).unwrap().2, expected);
        let nulls = json!({"choices": [{"delta": {"content": "x"}, "usage": null}], "usage": null});
        assert_eq!(told(&[nulls], true).unwrap().2, Usage::default());
    }

    #[test]
    fn errors_and_garbage_are_told_apart() {
        let error = json!({"error": {"message": "busy", "code": 502}});
        assert_eq!(told(std::slice::from_ref(&error), true), Err(Fault::Told(error)));
        assert_eq!(told(&[json!([1])], true), Err(Fault::Garbage("\"[1]\" is no JSON object".into())));
        // Fields of other types than expected are as good as missing.
        let odd = json!({"choices": [{"delta": {"content": 7, "tool_calls": {}}, "finish_reason": 3}], "usage": "none"});
        assert_eq!(told(&[odd], true).unwrap(), (vec![], Finish::Stop, Usage::default()));
    }

    #[test]
    fn a_whole_answer_is_taken_too() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.whole(&json!({"a": 1})), Err(Fault::Garbage("it has no choices".into())));
        let message = json!({"role": "assistant", "content": "hi"});
        decoder.whole(&json!({"choices": [{"message": message, "finish_reason": "stop"}]})).unwrap();
        assert!(decoder.parts.done);
    }
}

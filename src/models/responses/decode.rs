//! From the events of a response to those of a model.
//!
//! An item comes several times: when it is added, piece by piece, and whole when it is done. What the pieces did not
//! bring is taken from the whole, so a server that leaves either out is understood.

use serde_json::{Value, json};

use super::super::ModelPart;
use super::super::answer::{Decode, count, json_until_done};
use super::super::failure::Fault;
use super::super::parts::Parts;
use crate::domain::Finish;
use crate::outgoing::SseEvent;

/// The state of one answer.
#[derive(Default)]
pub(in crate::models) struct Decoder {
    parts: Parts,
    open: Vec<Open>,
    /// Items that have begun, by their ids: not every server tells their places.
    ids: Vec<(String, u64)>,
    /// The item that was told of last.
    current: Option<u64>,
    /// Places of items that are over.
    over: Vec<u64>,
    refused: bool,
}

/// What an open part is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    Call,
}

/// An open part.
struct Open {
    /// The item's place in the response.
    item: u64,
    /// The part's place in the item; 0 for what has no parts of its own.
    part: u64,
    kind: Kind,
    key: u64,
    /// How much of it came.
    bytes: usize,
    /// The section of a summary that grew last.
    section: u64,
}

impl Decode for Decoder {
    fn event(&mut self, event: &SseEvent) -> Result<(), Fault> {
        let Some(value) = json_until_done(event, &mut self.parts)? else { return Ok(()) };
        let kind = value["type"].as_str().filter(|kind| !kind.is_empty()).unwrap_or(&event.name);
        let item = self.item(&value);
        let part = value["content_index"].as_u64().unwrap_or(0);
        let delta = value["delta"].as_str().unwrap_or_default();
        match kind {
            "response.output_item.added" => self.begin(item, &value["item"]),
            "response.output_item.done" => self.end_item(item, &value["item"]),
            "response.output_text.delta" => self.grow(item, part, Kind::Text, delta),
            "response.output_text.done" => self.complete(item, part, Kind::Text, text(&value["text"])),
            "response.refusal.delta" => {
                self.refused = true;
                self.grow(item, part, Kind::Text, delta);
            }
            "response.refusal.done" => {
                self.refused = true;
                self.complete(item, part, Kind::Text, text(&value["refusal"]));
            }
            "response.content_part.done" => self.end_part(item, part),
            "response.reasoning_summary_text.delta" => {
                self.section(item, value["summary_index"].as_u64().unwrap_or(0));
                self.grow(item, 0, Kind::Reasoning, delta);
            }
            "response.reasoning_text.delta" => self.grow(item, 0, Kind::Reasoning, delta),
            "response.function_call_arguments.delta" => self.grow(item, 0, Kind::Call, delta),
            "response.function_call_arguments.done" => self.complete(item, 0, Kind::Call, text(&value["arguments"])),
            "response.completed" | "response.incomplete" | "response.done" => self.response(&value["response"]),
            "response.failed" | "response.cancelled" => {
                let error = &value["response"]["error"];
                let error = if error.is_null() { json!({"message": "the response failed"}) } else { error.clone() };
                return Err(Fault::Told(json!({ "error": error })));
            }
            "error" => return Err(Fault::Told(value)),
            _ if value.get("error").is_some_and(|error| !error.is_null()) => return Err(Fault::Told(value)),
            // `response.created`, `response.in_progress`, and what may be added to the wire.
            _ => {}
        }
        Ok(())
    }

    fn whole(&mut self, answer: &Value) -> Result<(), Fault> {
        if !answer["output"].is_array() {
            return Err(Fault::Garbage("it has no output".to_owned()));
        }
        self.response(answer);
        Ok(())
    }

    fn parts(&mut self) -> &mut Parts {
        &mut self.parts
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.refused {
            self.parts.said = Some(Finish::ContentFilter);
        }
        Ok(())
    }
}

impl Decoder {
    /// Which item an event is about: by its place, else by its id, else the last one.
    fn item(&mut self, value: &Value) -> u64 {
        let id = [&value["item_id"], &value["item"]["id"]].into_iter().find_map(Value::as_str).unwrap_or_default();
        let known = self.ids.iter().find(|(known, _)| !id.is_empty() && known == id).map(|(_, item)| *item);
        let next = || self.ids.iter().map(|(_, item)| item + 1).max().unwrap_or(0);
        let item = match (value["output_index"].as_u64(), known) {
            (Some(place), _) => place,
            (None, Some(item)) => item,
            (None, None) if value["type"] == "response.output_item.added" || !id.is_empty() => next(),
            (None, None) => self.current.unwrap_or(0),
        };
        if known.is_none() && (!id.is_empty() || value["item"].is_object()) {
            self.ids.push((id.to_owned(), item));
        }
        if value["item"].is_object() || !id.is_empty() {
            self.current = Some(item);
        }
        item
    }

    /// An item begins. A message begins with its first text.
    fn begin(&mut self, item: u64, value: &Value) {
        match value["type"].as_str() {
            Some("function_call") => {
                let name = text(&value["name"]).to_owned();
                self.open(item, 0, Kind::Call, ModelPart::ToolCall { name });
                self.complete(item, 0, Kind::Call, text(&value["arguments"]));
            }
            Some("reasoning") => drop(self.open(item, 0, Kind::Reasoning, ModelPart::Reasoning)),
            // Items of other kinds are not asked for, and what they say is left out.
            _ => {}
        }
    }

    fn open(&mut self, item: u64, part: u64, kind: Kind, begins: ModelPart) -> Option<&mut Open> {
        let place = match self.place(item, part, kind) {
            Some(place) => place,
            None if self.over.contains(&item) => return None,
            None => {
                let key = self.parts.open(begins);
                self.open.push(Open { item, part, kind, key, bytes: 0, section: 0 });
                self.open.len() - 1
            }
        };
        self.open.get_mut(place)
    }

    fn place(&self, item: u64, part: u64, kind: Kind) -> Option<usize> {
        self.open.iter().position(|open| (open.item, open.part, open.kind) == (item, part, kind))
    }

    /// A part grows. Arguments of a call that has not begun have no name, and are left out.
    fn grow(&mut self, item: u64, part: u64, kind: Kind, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let open = match kind {
            Kind::Text => self.open(item, part, kind, ModelPart::Text),
            Kind::Reasoning => self.open(item, part, kind, ModelPart::Reasoning),
            Kind::Call => self.place(item, part, kind).and_then(|place| self.open.get_mut(place)),
        };
        if let Some(open) = open {
            open.bytes += piece.len();
            let key = open.key;
            self.parts.grow(key, piece);
        }
    }

    /// Takes what the pieces did not bring: all, or the rest.
    fn complete(&mut self, item: u64, part: u64, kind: Kind, whole: &str) {
        let come = self.place(item, part, kind).map_or(0, |place| self.open[place].bytes);
        if let Some(rest) = whole.get(come..) {
            self.grow(item, part, kind, rest);
        }
    }

    /// A section of a summary begins.
    fn section(&mut self, item: u64, section: u64) {
        if let Some(open) = self.open(item, 0, Kind::Reasoning, ModelPart::Reasoning)
            && std::mem::replace(&mut open.section, section) != section
            && open.bytes > 0
        {
            self.grow(item, 0, Kind::Reasoning, "\n\n");
        }
    }

    fn end_part(&mut self, item: u64, part: u64) {
        if let Some(place) = self.place(item, part, Kind::Text) {
            // It stays known, so that the whole item adds nothing to it.
            self.parts.close(self.open[place].key);
        }
    }

    /// An item is over: what had not come of it is taken from the whole.
    fn end_item(&mut self, item: u64, value: &Value) {
        if self.over.contains(&item) {
            return;
        }
        self.begin(item, value);
        match value["type"].as_str() {
            Some("message") => {
                for (part, content) in (0..).zip(value["content"].as_array().into_iter().flatten()) {
                    if content["type"] == "refusal" {
                        self.refused = true;
                    }
                    let whole = if content["type"] == "refusal" { &content["refusal"] } else { &content["text"] };
                    self.complete(item, part, Kind::Text, text(whole));
                }
            }
            Some("reasoning") => {
                let sections = |name: &str| {
                    let sections = value[name].as_array().into_iter().flatten();
                    sections.map(|section| text(&section["text"])).collect::<Vec<_>>()
                };
                let (summary, content) = (sections("summary").join("\n\n"), sections("content").concat());
                self.complete(item, 0, Kind::Reasoning, if summary.is_empty() { &content } else { &summary });
                let sealed = value["encrypted_content"].as_str().filter(|sealed| !sealed.is_empty());
                if let Some(open) = self.place(item, 0, Kind::Reasoning).map(|place| self.open[place].key) {
                    self.parts.seal(open, None, sealed.map(str::to_owned));
                }
            }
            _ => {}
        }
        self.over.push(item);
        for open in self.open.extract_if(.., |open| open.item == item) {
            self.parts.close(open.key);
        }
    }

    /// The response as a whole, at its end: with its items, where they did not come one by one.
    fn response(&mut self, response: &Value) {
        let come = self.parts.have_begun() || !self.over.is_empty();
        for (item, value) in (0..).zip(response["output"].as_array().into_iter().flatten().filter(|_| !come)) {
            self.end_item(item, value);
        }
        self.usage(&response["usage"]);
        let why = response["incomplete_details"]["reason"].as_str();
        self.parts.said = Some(match (response["status"].as_str(), why) {
            (_, Some("content_filter")) => Finish::ContentFilter,
            (Some("incomplete"), _) | (_, Some(_)) => Finish::Length,
            _ => Finish::Stop,
        });
        self.parts.done = true;
    }

    fn usage(&mut self, usage: &Value) {
        let known = &mut self.parts.usage;
        count(&mut known.input_tokens, &usage["input_tokens"]);
        count(&mut known.output_tokens, &usage["output_tokens"]);
        count(&mut known.cached_tokens, &usage["input_tokens_details"]["cached_tokens"]);
        count(&mut known.reasoning_tokens, &usage["output_tokens_details"]["reasoning_tokens"]);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usage;
    use crate::models::ModelEvent;
    use crate::models::answer::tests::{self, call, closed, grew, opened};

    fn told(events: &[Value]) -> Result<Vec<ModelEvent>, Fault> {
        tests::told::<Decoder>(events)
    }

    fn finished(finish: Finish) -> ModelEvent {
        ModelEvent::Finished { finish, usage: Usage::default() }
    }

    fn added(index: u64, item: Value) -> Value {
        json!({"type": "response.output_item.added", "output_index": index, "item": item})
    }

    fn done(index: u64, item: Value) -> Value {
        json!({"type": "response.output_item.done", "output_index": index, "item": item})
    }

    fn completed() -> Value {
        json!({"type": "response.completed", "response": {"status": "completed", "output": []}})
    }

    fn text_delta(index: u64, part: u64, delta: &str) -> Value {
        json!({"type": "response.output_text.delta", "output_index": index, "content_index": part, "delta": delta})
    }

    #[test]
    fn thoughts_keep_their_seal_and_sections_stay_apart() {
        let summary = |section: u64, delta: &str| json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": section, "delta": delta});
        let whole = json!([{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}]);
        let events = [
            added(0, json!({"type": "reasoning", "summary": []})),
            summary(0, "on"),
            summary(0, "e"),
            summary(1, "two"),
            done(0, json!({"type": "reasoning", "summary": whole, "encrypted_content": "seal"})),
            added(1, json!({"type": "reasoning", "summary": []})),
            done(1, json!({"type": "reasoning", "summary": [], "encrypted_content": "silent"})),
            done(2, json!({"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "plain"}]})),
            completed(),
        ];
        let sealed = |sealed: &str| ModelEvent::PartClosed { signature: None, sealed: Some(sealed.into()) };
        assert_eq!(
            told(&events).unwrap(),
            [
                opened(ModelPart::Reasoning),
                grew("on"),
                grew("e"),
                grew("\n\n"),
                grew("two"),
                sealed("seal"),
                opened(ModelPart::Reasoning),
                sealed("silent"),
                opened(ModelPart::Reasoning),
                grew("plain"),
                closed(),
                finished(Finish::Stop),
            ]
        );
    }

    #[test]
    fn pieces_and_wholes_are_the_same_once() {
        let message = json!({"type": "message", "content": [
            {"type": "output_text", "text": "Hello"}, {"type": "output_text", "text": "you"}]});
        let function = json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"a\":1}"});
        let expected = vec![
            opened(ModelPart::Text),
            grew("Hello"),
            closed(),
            opened(ModelPart::Text),
            grew("you"),
            closed(),
            opened(call("f")),
            grew("{\"a\":1}"),
            closed(),
            finished(Finish::ToolCalls),
        ];
        // Only whole items; only the whole response; and all of it.
        let last = json!({"type": "response.completed", "response": {"status": "completed", "output": [message, function]}});
        assert_eq!(told(&[done(0, message.clone()), done(1, function.clone()), completed()]).unwrap(), expected);
        assert_eq!(told(std::slice::from_ref(&last)).unwrap(), expected);
        let all = [
            added(0, json!({"type": "message", "content": []})),
            text_delta(0, 0, "Hello"),
            json!({"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hello"}),
            json!({"type": "response.content_part.done", "output_index": 0, "content_index": 0}),
            text_delta(0, 1, "you"),
            done(0, message),
            added(1, json!({"type": "function_call", "name": "f", "arguments": ""})),
            json!({"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{\"a\":1}"}),
            done(1, function),
            last,
        ];
        assert_eq!(told(&all).unwrap(), expected);
        // A server that tells no item before its pieces.
        let bare = [text_delta(0, 0, "x"), json!({"type": "response.completed", "response": {}})];
        assert_eq!(told(&bare).unwrap(), [opened(ModelPart::Text), grew("x"), closed(), finished(Finish::Stop)]);
    }

    #[test]
    fn items_are_known_by_their_ids_where_nobody_tells_their_places() {
        let events = [
            json!({"type": "response.output_item.added", "item": {"type": "message", "id": "m"}}),
            json!({"type": "response.output_text.delta", "item_id": "m", "delta": "Look."}),
            json!({"type": "response.output_item.added", "item": {"type": "function_call", "id": "a", "name": "f"}}),
            json!({"type": "response.output_item.added", "item": {"type": "function_call", "id": "b", "name": "g"}}),
            json!({"type": "response.function_call_arguments.delta", "item_id": "b", "delta": "{\"b\":2}"}),
            json!({"type": "response.function_call_arguments.delta", "item_id": "a", "delta": "{}"}),
            json!({"type": "response.output_item.done", "item": {"type": "message", "id": "m", "content":
                [{"type": "output_text", "text": "Look."}]}}),
            json!({"type": "response.output_item.done", "item": {"type": "function_call", "id": "a", "name": "f", "arguments": "{}"}}),
            json!({"type": "response.output_item.done", "item": {"type": "function_call", "id": "b", "name": "g", "arguments": "{\"b\":2}"}}),
            json!({"type": "response.completed", "response": {"status": "completed", "output": [
                {"type": "message", "id": "another", "content": [{"type": "output_text", "text": "Look."}]}]}}),
        ];
        assert_eq!(
            told(&events).unwrap(),
            [
                opened(ModelPart::Text),
                grew("Look."),
                closed(),
                opened(call("f")),
                grew("{}"),
                closed(),
                opened(call("g")),
                grew("{\"b\":2}"),
                closed(),
                finished(Finish::ToolCalls),
            ]
        );
        // Neither places nor ids: one after the other.
        let bare = [
            json!({"type": "response.output_item.added", "item": {"type": "function_call", "name": "f"}}),
            json!({"type": "response.function_call_arguments.delta", "delta": "{}"}),
            json!({"type": "response.output_item.added", "item": {"type": "function_call", "name": "g"}}),
            json!({"type": "response.function_call_arguments.delta", "delta": "{\"x\":1}"}),
            completed(),
        ];
        let calls = vec![opened(call("f")), grew("{}"), closed(), opened(call("g")), grew("{\"x\":1}"), closed()];
        assert_eq!(told(&bare).unwrap(), [calls, vec![finished(Finish::ToolCalls)]].concat());
    }

    #[test]
    fn usage_and_the_reason_to_stop() {
        let usage = json!({"input_tokens": 9, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 3}});
        let ended = |status: &str, reason: Value| {
            let response =
                json!({"status": status, "incomplete_details": {"reason": reason}, "output": [], "usage": usage.clone()});
            told(&[json!({"type": "response.incomplete", "response": response})]).unwrap()
        };
        let usage = Usage { input_tokens: 9, cached_tokens: 4, output_tokens: 5, reasoning_tokens: 3, ..Usage::default() };
        for (status, reason, finish) in [
            ("incomplete", json!("max_output_tokens"), Finish::Length),
            ("incomplete", json!("content_filter"), Finish::ContentFilter),
            ("incomplete", Value::Null, Finish::Length),
            ("completed", Value::Null, Finish::Stop),
        ] {
            assert_eq!(ended(status, reason), [ModelEvent::Finished { finish, usage: usage.clone() }], "{status}");
        }
        let refused =
            [json!({"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "no"}), completed()];
        let expected = [opened(ModelPart::Text), grew("no"), closed(), finished(Finish::ContentFilter)];
        assert_eq!(told(&refused).unwrap(), expected);
    }

    #[test]
    fn the_end_is_known_or_it_is_missing_and_errors_are_errors() {
        assert_eq!(told(&[text_delta(0, 0, "x")]), Err(Fault::Cut));
        assert_eq!(told(&[]), Err(Fault::Cut));
        let error = json!({"code": "server_error", "message": "busy"});
        let failed = json!({"type": "response.failed", "response": {"status": "failed", "error": error}});
        assert_eq!(told(&[failed]), Err(Fault::Told(json!({ "error": error }))));
        let event = json!({"type": "error", "code": "rate_limit_exceeded", "message": "slow"});
        assert_eq!(told(std::slice::from_ref(&event)), Err(Fault::Told(event)));
        let mut decoder = Decoder::default();
        assert_eq!(decoder.whole(&json!({"a": 1})), Err(Fault::Garbage("it has no output".into())));
    }
}

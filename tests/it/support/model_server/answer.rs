//! What the scripted model says, in the words of each wire.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use ombud::config::Wire;
use serde_json::{Value, json};

/// Where an answer waits until the test lets it go on.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the answer go on.
    pub fn open(&self) {
        self.0.0.lock().unwrap().0 = true;
        self.0.1.notify_all();
    }

    /// Waits until the answer has come to the gate: all before it was sent.
    pub fn wait_until_reached(&self) {
        let state = self.0.0.lock().unwrap();
        let (_state, timeout) = self.0.1.wait_timeout_while(state, super::PATIENCE, |(_, reached)| !*reached).unwrap();
        assert!(!timeout.timed_out(), "no answer came to the gate");
    }

    pub(super) fn pass(&self, stopped: impl Fn() -> bool) {
        let mut state = self.0.0.lock().unwrap();
        state.1 = true;
        self.0.1.notify_all();
        while !state.0 && !stopped() {
            state = self.0.1.wait_timeout(state, Duration::from_millis(50)).unwrap().0;
        }
    }
}

/// A part of an answer.
#[derive(Clone)]
pub(super) enum Spoken {
    Text(Vec<String>),
    Reasoning(Vec<String>),
    Call { name: String, pieces: Vec<String> },
}

/// What happens in the middle of an answer.
#[derive(Clone)]
enum Turn {
    Cut,
    Stall,
    Garbage,
    Wait(Gate),
}

/// What the scripted model says to one request.
#[derive(Clone, Default)]
pub struct Answer {
    pub(super) parts: Vec<Spoken>,
    status: Option<(u16, String)>,
    headers: Vec<(String, String)>,
    interleaved: bool,
    whole: bool,
    silent: bool,
    pub(super) usage: Option<[u64; 3]>,
    pub(super) finish: Option<&'static str>,
    /// After so many events.
    turns: Vec<(usize, Turn)>,
    raw: Option<String>,
    pub(super) repeated: bool,
}

/// The body of an answer.
pub(super) enum Body {
    Whole(String),
    Steps(Vec<Step>),
}

pub(super) enum Step {
    /// Nothing is sent, not even a status.
    Nothing,
    Send(Vec<u8>),
    Wait(Gate),
    Cut,
    Stall,
}

impl Answer {
    /// A text in one piece.
    pub fn text(text: &str) -> Self {
        Self::pieces(&[text])
    }

    /// A text in these pieces.
    pub fn pieces(pieces: &[&str]) -> Self {
        Self::default().and(Spoken::Text(pieces.iter().map(|piece| (*piece).to_owned()).collect()))
    }

    /// Reasoning in these pieces.
    pub fn reasoning(pieces: &[&str]) -> Self {
        Self::default().and(Spoken::Reasoning(pieces.iter().map(|piece| (*piece).to_owned()).collect()))
    }

    /// Calls of tools, each with its arguments in one piece.
    pub fn calls(calls: Vec<(&str, Value)>) -> Self {
        Self::default().and_calls(calls)
    }

    /// An error status with a body.
    pub fn status(status: u16, body: impl Into<String>) -> Self {
        Self { status: Some((status, body.into())), ..Self::default() }
    }

    /// An error status with a body as the wires have it.
    pub fn error(status: u16, kind: &str, message: &str) -> Self {
        Self::status(status, json!({"type": "error", "error": {"type": kind, "message": message}}).to_string())
    }

    /// The body of a good answer, as it is.
    pub fn raw(body: &str) -> Self {
        Self { raw: Some(body.to_owned()), ..Self::default() }
    }

    /// And then a text in one piece.
    #[must_use]
    pub fn and_text(self, text: &str) -> Self {
        self.and(Spoken::Text(vec![text.to_owned()]))
    }

    /// And then calls of tools.
    #[must_use]
    pub fn and_calls(self, calls: Vec<(&str, Value)>) -> Self {
        calls.into_iter().fold(self, |answer, (name, arguments)| {
            answer.and(Spoken::Call { name: name.to_owned(), pieces: vec![arguments.to_string()] })
        })
    }

    fn and(mut self, part: Spoken) -> Self {
        self.parts.push(part);
        self
    }

    /// All that grows comes a byte (a character) at a time.
    #[must_use]
    pub fn byte_by_byte(mut self) -> Self {
        for part in &mut self.parts {
            let (Spoken::Text(pieces) | Spoken::Reasoning(pieces) | Spoken::Call { pieces, .. }) = part;
            *pieces = pieces.concat().chars().map(String::from).collect();
        }
        self
    }

    /// The pieces of the calls come by turns.
    #[must_use]
    pub fn interleaved(mut self) -> Self {
        self.interleaved = true;
        self
    }

    /// Tells what it used: tokens sent with those cached, cached ones, received.
    #[must_use]
    pub fn usage(mut self, input: u64, cached: u64, output: u64) -> Self {
        self.usage = Some([input, cached, output]);
        self
    }

    /// Ends because it is too long.
    #[must_use]
    pub fn too_long(mut self) -> Self {
        self.finish = Some("length");
        self
    }

    /// Sends a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Closes the connection after so many events.
    #[must_use]
    pub fn cut_after(self, events: usize) -> Self {
        self.turn(events, Turn::Cut)
    }

    /// Closes the connection instead of an answer.
    #[must_use]
    pub fn hang_up(mut self) -> Self {
        self.silent = true;
        self.cut_after(0)
    }

    /// Sends an event that is no JSON after so many events.
    #[must_use]
    pub fn garbage_after(self, events: usize) -> Self {
        self.turn(events, Turn::Garbage)
    }

    /// Sends nothing more after so many events, and keeps the connection until somebody goes away.
    #[must_use]
    pub fn stall_after(self, events: usize) -> Self {
        self.turn(events, Turn::Stall)
    }

    /// Sends nothing at all, and keeps the connection until somebody goes away.
    #[must_use]
    pub fn stall_before_first_byte(mut self) -> Self {
        self.silent = true;
        self.stall_after(0)
    }

    /// Waits at a gate after so many events.
    #[must_use]
    pub fn wait_after(self, events: usize, gate: &Gate) -> Self {
        self.turn(events, Turn::Wait(gate.clone()))
    }

    fn turn(mut self, events: usize, turn: Turn) -> Self {
        self.turns.push((events, turn));
        self
    }

    /// Answers at once and not as a stream, although a stream was asked for.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// Gives this answer to all further requests.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.repeated = true;
        self
    }

    /// The head without the last line, and the body.
    pub(super) fn render(&self, wire: Wire) -> (String, Body) {
        let (status, kind) = match &self.status {
            Some((status, _)) => (*status, "application/json"),
            None if self.whole => (200, "application/json"),
            None => (200, "text/event-stream"),
        };
        let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\n");
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some((_, body)) = &self.status {
            return (head, Body::Whole(body.clone()));
        }
        let events = match (&self.raw, wire) {
            (Some(raw), _) => vec![raw.clone()],
            (None, Wire::Anthropic) if self.whole => return (head, Body::Whole(self.anthropic_whole().to_string())),
            (None, Wire::Anthropic) => self.anthropic(),
            (None, Wire::Responses) if self.whole => return (head, Body::Whole(self.responses_whole().to_string())),
            (None, Wire::Responses) => self.responses(),
            (None, _) if self.whole => return (head, Body::Whole(self.openai_whole().to_string())),
            (None, _) => self.openai(),
        };
        (head, Body::Steps(self.steps(events)))
    }

    fn steps(&self, events: Vec<String>) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.silent {
            steps.push(Step::Nothing);
        }
        for place in 0..=events.len() {
            for (_, turn) in self.turns.iter().filter(|(after, _)| *after == place) {
                match turn {
                    Turn::Garbage => steps.push(Step::Send(b"data: {\"half\": tru\n\n".to_vec())),
                    Turn::Wait(gate) => steps.push(Step::Wait(gate.clone())),
                    Turn::Cut | Turn::Stall => {
                        steps.push(if matches!(turn, Turn::Cut) { Step::Cut } else { Step::Stall });
                        return steps;
                    }
                }
            }
            steps.extend(events.get(place).map(|event| Step::Send(event.clone().into_bytes())));
        }
        steps
    }

    fn calls_tools(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Spoken::Call { .. }))
    }

    fn openai(&self) -> Vec<String> {
        let event = |value: Value| format!("data: {value}\n\n");
        let delta = |delta: Value| {
            event(json!({"id": "c", "object": "chat.completion.chunk", "model": "scripted",
                "choices": [{"index": 0, "delta": delta, "finish_reason": null}]}))
        };
        let mut events = vec![delta(json!({"role": "assistant", "content": null}))];
        let mut calls = Vec::new();
        for part in &self.parts {
            match part {
                Spoken::Text(pieces) => events.extend(pieces.iter().map(|piece| delta(json!({"content": piece})))),
                Spoken::Reasoning(pieces) => {
                    events.extend(pieces.iter().map(|piece| delta(json!({"reasoning_content": piece}))));
                }
                Spoken::Call { name, pieces } => {
                    let index = calls.len();
                    let call = |call: Value| delta(json!({"tool_calls": [call]}));
                    let function = json!({"name": name, "arguments": ""});
                    let open = call(json!({"index": index, "id": format!("call_{index}"), "type": "function",
                        "function": function}));
                    let grow = pieces.iter().map(|piece| call(json!({"index": index, "function": {"arguments": piece}})));
                    calls.push((vec![open], grow.collect(), vec![]));
                }
            }
        }
        events.extend(self.in_turn(calls));
        let finish = self.finish.unwrap_or(if self.calls_tools() { "tool_calls" } else { "stop" });
        events.push(event(json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})));
        events.extend(self.usage.map(|usage| event(json!({"id": "c", "choices": [], "usage": openai_usage(usage)}))));
        events.push("data: [DONE]\n\n".to_owned());
        events
    }

    fn openai_whole(&self) -> Value {
        let (mut text, mut reasoning, mut calls) = (String::new(), String::new(), Vec::new());
        for part in &self.parts {
            match part {
                Spoken::Text(pieces) => text.push_str(&pieces.concat()),
                Spoken::Reasoning(pieces) => reasoning.push_str(&pieces.concat()),
                Spoken::Call { name, pieces } => {
                    let function = json!({"name": name, "arguments": pieces.concat()});
                    calls.push(json!({"id": format!("call_{}", calls.len()), "type": "function", "function": function}));
                }
            }
        }
        let finish = self.finish.unwrap_or(if calls.is_empty() { "stop" } else { "tool_calls" });
        let message = json!({"role": "assistant", "content": text, "reasoning_content": reasoning, "tool_calls": calls});
        json!({"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": self.usage.map(openai_usage)})
    }

    fn anthropic(&self) -> Vec<String> {
        let event = |value: Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap());
        let mut usage = self.anthropic_usage();
        let output = usage["output_tokens"].take();
        usage["output_tokens"] = json!(1);
        let message = json!({"id": "m", "role": "assistant", "content": [], "usage": usage});
        let mut events = vec![event(json!({"type": "message_start", "message": message})), event(json!({"type": "ping"}))];
        let mut blocks = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let delta = |delta: Value| event(json!({"type": "content_block_delta", "index": index, "delta": delta}));
            let (block, mut grow): (Value, Vec<String>) = match part {
                Spoken::Text(pieces) => (
                    json!({"type": "text", "text": ""}),
                    pieces.iter().map(|piece| delta(json!({"type": "text_delta", "text": piece}))).collect(),
                ),
                Spoken::Reasoning(pieces) => (
                    json!({"type": "thinking", "thinking": "", "signature": ""}),
                    pieces.iter().map(|piece| delta(json!({"type": "thinking_delta", "thinking": piece}))).collect(),
                ),
                Spoken::Call { name, pieces } => (
                    json!({"type": "tool_use", "id": format!("toolu_{index}"), "name": name}),
                    pieces.iter().map(|piece| delta(json!({"type": "input_json_delta", "partial_json": piece}))).collect(),
                ),
            };
            if matches!(part, Spoken::Reasoning(_)) {
                grow.push(delta(json!({"type": "signature_delta", "signature": "proof"})));
            }
            let open = event(json!({"type": "content_block_start", "index": index, "content_block": block}));
            let close = event(json!({"type": "content_block_stop", "index": index}));
            blocks.push((vec![open], grow, vec![close]));
        }
        events.extend(self.in_turn(blocks));
        let delta = json!({"stop_reason": self.anthropic_finish()});
        events.push(event(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": output}})));
        events.push(event(json!({"type": "message_stop"})));
        events
    }

    fn anthropic_whole(&self) -> Value {
        let content = self.parts.iter().enumerate().map(|(index, part)| match part {
            Spoken::Text(pieces) => json!({"type": "text", "text": pieces.concat()}),
            Spoken::Reasoning(pieces) => {
                json!({"type": "thinking", "thinking": pieces.concat(), "signature": "proof"})
            }
            Spoken::Call { name, pieces } => json!({"type": "tool_use", "id": format!("toolu_{index}"), "name": name,
                "input": serde_json::from_str::<Value>(&pieces.concat()).unwrap()}),
        });
        json!({"id": "m", "type": "message", "role": "assistant", "content": content.collect::<Vec<_>>(),
            "stop_reason": self.anthropic_finish(), "usage": self.anthropic_usage()})
    }

    fn anthropic_finish(&self) -> &'static str {
        match self.finish {
            Some(_) => "max_tokens",
            None if self.calls_tools() => "tool_use",
            None => "end_turn",
        }
    }

    fn anthropic_usage(&self) -> Value {
        let [input, cached, output] = self.usage.unwrap_or_default();
        json!({"input_tokens": input - cached, "cache_read_input_tokens": cached, "output_tokens": output})
    }

    /// The parts one after the other, or their pieces by turns: each opened, grown, closed.
    pub(super) fn in_turn(&self, parts: Vec<(Vec<String>, Vec<String>, Vec<String>)>) -> Vec<String> {
        if !self.interleaved {
            return parts.into_iter().flat_map(|(open, grow, close)| [open, grow, close].concat()).collect();
        }
        let longest = parts.iter().map(|(_, grow, _)| grow.len()).max().unwrap_or(0);
        let mut events: Vec<String> = parts.iter().flat_map(|(open, ..)| open.clone()).collect();
        events.extend((0..longest).flat_map(|turn| parts.iter().filter_map(move |(_, grow, _)| grow.get(turn).cloned())));
        events.extend(parts.into_iter().flat_map(|(_, _, close)| close));
        events
    }
}

fn openai_usage([input, cached, output]: [u64; 3]) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": cached}})
}

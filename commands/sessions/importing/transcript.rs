//! What transcripts of others come to: messages with what their calls gave.

use std::collections::BTreeMap;

use ombud::domain::{
    Author, AuthorKind, CallId, ErrorCode, Message, MessageId, Part, ReturnStatus, Timestamp, ToolCallPart, ToolError,
    ToolReturn, Visibility,
};
use ombud::observe::SystemClock;
use serde_json::{Map, Value};

/// Most signs of a title that is made of a question.
const TITLE: usize = 60;

/// The lines of a text.
type Split<'a> = std::slice::Split<'a, u8, fn(&u8) -> bool>;

/// The lines of a file, as JSON objects.
pub struct Lines<'a> {
    lines: Split<'a>,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a [u8]) -> Self {
        let is_end: fn(&u8) -> bool = |byte| *byte == b'\n';
        Self { lines: text.split(is_end) }
    }

    /// The next line. Empty ones are passed over, and so are those that are no JSON object, which are counted: a program that
    /// is ended while it writes leaves one.
    pub fn next(&mut self, read: &mut Transcript) -> Option<Map<String, Value>> {
        for line in self.lines.by_ref().filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
            match serde_json::from_slice(line) {
                Ok(Value::Object(object)) => return Some(object),
                _ => read.pass_over(BROKEN),
            }
        }
        None
    }
}

/// What a line is counted as that cannot be read.
pub const BROKEN: &str = "broken line";

/// A transcript as it was read.
#[derive(Default)]
pub struct Transcript {
    pub id: Option<String>,
    pub summary: Option<String>,
    pub workspace: Option<String>,
    pub messages: Vec<(Message, Vec<ToolReturn>)>,
    /// What was not taken over, by its kind.
    pub passed_over: BTreeMap<String, u64>,
}

impl Transcript {
    /// Counts something that is not taken over.
    pub fn pass_over(&mut self, kind: &str) {
        let kind: String = kind.chars().take(60).collect();
        *self.passed_over.entry(kind).or_default() += 1;
    }

    /// The title: what it is called there, or the first question.
    pub fn title(&self) -> String {
        let is_asked = |message: &&Message| message.author.kind == AuthorKind::Person && !message.text().trim().is_empty();
        let asked = self.messages.iter().map(|(message, _)| message).find(is_asked).map(Message::text);
        let title = self.summary.clone().or(asked).unwrap_or_default();
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.chars().count() <= TITLE { title } else { title.chars().take(TITLE - 1).chain(['…']).collect() }
    }

    /// Adds a message.
    pub fn say(&mut self, (kind, name): (AuthorKind, &str), id: Option<&str>, at: Timestamp, parts: Vec<Part>) {
        let id = id.filter(|id| !id.is_empty() && id.len() <= 128);
        let message = Message {
            id: id.map_or_else(|| MessageId::new(&SystemClock), MessageId::from_text),
            author: Author::named(kind, name),
            parts,
            at,
            thread: None,
            visibility: Visibility::All,
            attributes: Map::new(),
        };
        self.messages.push((message, Vec::new()));
    }

    /// The last message, when an agent said it and none of its calls has given anything yet.
    pub fn open(&mut self) -> Option<&mut Message> {
        let (message, returns) = self.messages.last_mut()?;
        (message.author.kind == AuthorKind::Agent && returns.is_empty()).then_some(message)
    }

    /// Adds what a call gave to the message that made it; one of nobody is counted.
    pub fn give(&mut self, call: &str, output: Value, failed: bool) {
        let made = |message: &Message| {
            message.parts.iter().find_map(|part| match part {
                Part::ToolCall(made) if made.id.as_str() == call => Some(made.name.clone()),
                _ => None,
            })
        };
        let found = self.messages.iter_mut().rev().find_map(|(message, returns)| Some((made(message)?, returns)));
        let Some((name, returns)) = found else { return self.pass_over("answer of an unknown call") };
        if returns.iter().any(|returned| returned.id.as_str() == call) {
            return self.pass_over("second answer of a call");
        }
        let error = failed.then(|| ToolError { code: ErrorCode::InvalidInput, message: short(&output) });
        let status = if failed { ReturnStatus::Failed } else { ReturnStatus::Ok };
        returns.push(ToolReturn { id: CallId::from_text(call), name, status, output, error, blob: None, elapsed_ms: 0 });
    }
}

fn short(output: &Value) -> String {
    output.as_str().map_or_else(|| output.to_string(), str::to_owned).chars().take(500).collect()
}

/// A call of a tool.
pub fn call(id: &str, name: &str, arguments: Value, arguments_text: Option<String>) -> Part {
    let arguments_text = arguments_text.unwrap_or_else(|| arguments.to_string());
    Part::ToolCall(ToolCallPart { id: CallId::from_text(id), name: name.to_owned(), arguments, arguments_text })
}

/// A text of an object.
pub fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

/// When a line was written.
pub fn moment(line: &Map<String, Value>) -> Timestamp {
    line.get("timestamp").cloned().and_then(|at| serde_json::from_value(at).ok()).unwrap_or_default()
}

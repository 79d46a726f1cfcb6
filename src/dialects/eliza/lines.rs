//! Log lines as this API tells them.

use serde_json::{Map, Value, json};
use tracing::Level;

use crate::engine::without_secrets;
use crate::observe::Line;

/// Every level that a filter may name, with its number.
pub const LEVELS: [(&str, u64); 9] = [
    ("fatal", 60),
    ("error", 50),
    ("warn", 40),
    ("info", 30),
    ("log", 29),
    ("progress", 28),
    ("success", 27),
    ("debug", 20),
    ("trace", 10),
];

/// The name of the machine, which is nobody's business.
const HOST: &str = "localhost";

/// The number of a level.
pub fn number(level: Level) -> u64 {
    match level {
        Level::ERROR => 50,
        Level::WARN => 40,
        Level::INFO => 30,
        Level::DEBUG => 20,
        Level::TRACE => 10,
    }
}

/// The number of a level that a filter names.
pub fn named(level: &str) -> Option<u64> {
    LEVELS.iter().find(|(name, _)| *name == level).map(|(_, number)| *number)
}

/// Longest text of a line, in bytes: what it names stands in it too.
const TEXT_BYTES: usize = 4 << 10;
/// What a line names that its text leaves out: nobody reads it.
const UNREAD: &str = "request_id";

/// What a line says, for people: web interfaces show this text and nothing else of it.
fn text(line: &Line) -> String {
    let mut text = without_secrets(&line.message);
    for (name, value) in line.fields.iter().filter(|(name, _)| **name != UNREAD) {
        let value = value.as_str().map_or_else(|| value.to_string(), without_secrets);
        if text.len() + name.len() + value.len() + 2 > TEXT_BYTES {
            break;
        }
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

/// A line, with all that it names, and without what looks like a key. No line should hold one: this is for the text of an
/// error that somebody else wrote.
pub fn told(line: &Line) -> Value {
    let mut told = Map::new();
    for (name, value) in &line.fields {
        let value = value.as_str().map_or_else(|| value.clone(), |text| json!(without_secrets(text)));
        told.insert((*name).to_owned(), value);
    }
    told.insert("level".to_owned(), json!(number(line.level)));
    told.insert("time".to_owned(), json!(line.at.as_millis()));
    told.insert("pid".to_owned(), json!(std::process::id()));
    told.insert("hostname".to_owned(), json!(HOST));
    told.insert("msg".to_owned(), json!(text(line)));
    for (name, value) in [("agentName", &line.agent), ("agentId", &line.agent_id)] {
        if let Some(value) = value {
            told.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(told)
}

//! The terminal is one more dialect: frames in, text or JSON out.
//!
//! Standard output gets the answer and nothing else; progress and notices go to standard error.

pub mod result;
mod text;

use std::io::{self, IsTerminal, Write};

use ombud::domain::Frame;
use serde_json::Value;

use self::result::RunResult;
use self::text::TextView;
use crate::cli::Format;

/// How a run is shown.
pub enum View {
    /// The answer as text.
    Text(Box<TextView>),
    /// One object at the end.
    Json,
    /// A frame a line, then the result.
    Jsonl,
}

impl View {
    /// The view that the flags ask for.
    pub fn new(format: Format, quiet: bool, verbose: bool) -> Self {
        match format {
            Format::Text => Self::Text(Box::new(TextView::new(quiet, verbose))),
            Format::Json => Self::Json,
            Format::Jsonl => Self::Jsonl,
        }
    }

    /// Shows a frame as it comes.
    pub fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        match self {
            Self::Text(view) => view.frame(frame),
            Self::Json => Ok(()),
            Self::Jsonl => line(&to_json(frame)?),
        }
    }

    /// Lets go of the terminal while somebody is asked.
    pub fn pause(&mut self) {
        if let Self::Text(view) = self {
            view.pause();
        }
    }

    /// Shows the result.
    pub fn end(&mut self, result: &RunResult) -> io::Result<()> {
        match self {
            Self::Text(view) => view.end(result),
            Self::Json => line(&to_json(result)?),
            Self::Jsonl => {
                let mut object = serde_json::Map::from_iter([("type".to_owned(), Value::from("result"))]);
                if let Value::Object(fields) = serde_json::to_value(result)? {
                    object.extend(fields);
                }
                line(&to_json(&object)?)
            }
        }
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> io::Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// Writes one line to standard output, at once.
pub fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Writes one line to standard error. That nobody can read it is no failure.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether somebody watches standard error.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Text that cannot move the cursor or change colours: control characters are shown as what they are.
pub fn harmless(text: &str) -> String {
    text.chars().flat_map(harmless_character).collect()
}

fn harmless_character(c: char) -> Vec<char> {
    if matches!(c, '\n' | '\t') || !c.is_control() { vec![c] } else { c.escape_default().collect() }
}

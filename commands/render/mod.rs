//! The terminal is one more dialect: frames in, text or JSON out.
//!
//! Standard output gets the answer and nothing else; progress and notices go to standard error.

pub mod progress;
pub mod result;
mod text;

use std::io::{self, IsTerminal, Write};

use ombud::dialects::tarko::encode;
use ombud::domain::{Error, Frame, Result};
use serde::Serialize;

use self::result::{Collector, RunResult, error_line};
use self::text::TextView;
use crate::cli::Format;
use crate::output::Output;
use crate::program::Program;

/// How a run is shown.
pub struct View<'a> {
    out: &'a Output,
    form: Form,
    /// Whether notes are shown beside the answer as they come.
    notes: bool,
}

enum Form {
    /// The answer as text.
    Text(Box<TextView>),
    /// One object at the end.
    Json,
    /// A frame a line, then the result.
    Jsonl,
    /// The events of a frame, one a line, then the result. Places are told with the session's incarnation.
    Tarko { incarnation: u64 },
}

impl<'a> View<'a> {
    /// The view that the flags ask for, on standard output.
    pub fn of(program: &'a Program) -> Self {
        Self::onto(program, &program.context.out, io::stdout().is_terminal())
    }

    /// The view that the flags ask for, elsewhere; `streams` = an answer in text is shown as it grows.
    pub fn onto(program: &Program, out: &'a Output, streams: bool) -> Self {
        let (quiet, verbose) = (program.global.quiet, program.global.verbose > 0);
        let form = match program.format() {
            Format::Text => Form::Text(Box::new(TextView::new(quiet, verbose, streams, program.progress.clone()))),
            Format::Json => Form::Json,
            Format::Jsonl => Form::Jsonl,
            Format::Tarko => Form::Tarko { incarnation: 0 },
        };
        Self { out, form, notes: !quiet && program.format() == Format::Text }
    }

    /// Whether somebody watches, and reads text.
    pub fn is_watched_text(&self) -> bool {
        is_watched() && self.notes
    }

    /// What comes now happens in a session of this incarnation.
    pub fn begins(&mut self, of: u64) {
        if let Form::Tarko { incarnation } = &mut self.form {
            *incarnation = of;
        }
    }

    /// The answer must have a form: as text only that is shown, once it is whole.
    pub fn holds_back(&mut self) {
        if let Form::Text(view) = &mut self.form {
            view.holds_back();
        }
    }

    /// Shows a frame as it comes.
    ///
    /// # Errors
    /// `store_failed` when standard output cannot be written.
    pub fn frame(&mut self, frame: &Frame) -> Result<()> {
        match &mut self.form {
            Form::Text(view) => view.frame(self.out, frame),
            Form::Json => Ok(()),
            Form::Jsonl => self.out.write_json(frame),
            Form::Tarko { incarnation } => {
                encode(frame, *incarnation).iter().try_for_each(|event| self.out.write_json(event))
            }
        }
    }

    /// Shows the result.
    ///
    /// # Errors
    /// As [`View::frame`].
    pub fn end(&mut self, result: &RunResult) -> Result<()> {
        match &mut self.form {
            Form::Text(view) => view.end(self.out, result),
            Form::Json => self.out.write_json(result),
            Form::Jsonl | Form::Tarko { .. } => self.out.write_json(&Last { kind: "result", result }),
        }
    }
}

/// Tells of a question that was refused before it could be asked, in the form that was wanted; answers what the program
/// exits with.
pub fn refused(out: &Output, format: Format, error: &Error) -> u8 {
    let mut collector = Collector::new(Vec::new());
    collector.failed(error);
    let result = collector.finish();
    note(&error_line(error));
    let form = match format {
        Format::Text => return result.exit_code,
        Format::Json => Form::Json,
        Format::Jsonl | Format::Tarko => Form::Jsonl,
    };
    // That standard output cannot be written is not what went wrong first.
    drop(View { out, form, notes: false }.end(&result));
    result.exit_code
}

/// The last line of a run.
#[derive(Serialize)]
struct Last<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    result: &'a RunResult,
}

/// Writes one line to standard error, above the line that moves. That nobody can read it is no failure.
pub fn note(text: &str) {
    let _ = progress::aside(|| writeln!(io::stderr().lock(), "{}", harmless(text)));
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
    // What changes the direction of a text can make a command look like another.
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if matches!(c, '\n' | '\t') || !c.is_control() && !turns { vec![c] } else { c.escape_default().collect() }
}

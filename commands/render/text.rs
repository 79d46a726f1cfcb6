//! The answer as text: streamed on a terminal, whole in a pipe. What a model says before it calls tools is not its
//! answer, and only a terminal shows it.

use std::sync::Arc;

use ombud::domain::{Delta, Fact, Frame, PartStart, Result, ReturnStatus, ToolCalled};

use super::harmless;
use super::progress::Progress;
use super::result::RunResult;
use crate::output::Output;

/// The answer as text.
pub struct TextView {
    quiet: bool,
    verbose: bool,
    /// Whether the answer is shown as it grows: on a terminal.
    streams: bool,
    progress: Arc<Progress>,
    /// Whether only an answer in the form that was asked for is shown.
    formed: bool,
    /// Whether the part that grows is text.
    in_text: bool,
    /// Whether something was streamed, and whether it ended in a line break.
    streamed: Option<bool>,
}

impl TextView {
    /// `streams` = the answer is shown as it grows.
    pub fn new(quiet: bool, verbose: bool, streams: bool, progress: Arc<Progress>) -> Self {
        progress.message("thinking");
        Self { quiet, verbose, streams, progress, formed: false, in_text: false, streamed: None }
    }

    /// Shows only an answer in the form that was asked for, when it is whole.
    pub fn holds_back(&mut self) {
        (self.formed, self.streams) = (true, false);
    }

    pub fn frame(&mut self, out: &Output, frame: &Frame) -> Result<()> {
        match frame {
            Frame::Delta(live) => match &live.delta {
                Delta::Opened { part, .. } => {
                    self.in_text = matches!(part, PartStart::Text);
                    self.progress.message(match part {
                        PartStart::Reasoning => "thinking",
                        PartStart::Text => "answering",
                        PartStart::ToolCall { name, .. } => name,
                    });
                    Ok(())
                }
                Delta::Grew { text, .. } if self.in_text && self.streams => self.stream(out, text),
                Delta::Grew { .. } => Ok(()),
                Delta::Closed { .. } => {
                    if std::mem::take(&mut self.in_text) && self.streams && self.streamed == Some(false) {
                        self.stream(out, "\n")?;
                    }
                    Ok(())
                }
            },
            Frame::Fact(event) => {
                self.fact(&event.fact);
                Ok(())
            }
        }
    }

    fn fact(&mut self, fact: &Fact) {
        match fact {
            Fact::RunStarted(_) => self.progress.message("thinking"),
            Fact::ToolCalled(called) => {
                let line = call_line(called);
                self.progress.message(&line);
                if self.verbose || self.progress.is_watched() {
                    self.say(&format!("· {line}"));
                }
            }
            Fact::ToolReturned(returned) => {
                self.progress.message("thinking");
                let returned = &returned.returned;
                if returned.status != ReturnStatus::Ok && (self.verbose || self.progress.is_watched()) {
                    let why = returned.error.as_ref().map_or("", |error| error.message.as_str());
                    self.say(&format!("  {} failed: {}", returned.name, harmless(&first_line(why))));
                }
            }
            Fact::ContextCompacted(compacted) if self.verbose || self.progress.is_watched() => self.say(&compacted.told()),
            Fact::Notice(notice) if self.verbose || self.progress.is_watched() => self.say(&harmless(&notice.message)),
            _ => {}
        }
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            self.progress.say(text);
        }
    }

    fn stream(&mut self, out: &Output, text: &str) -> Result<()> {
        // The progress line would be drawn into an answer that stands half on its line.
        self.progress.end();
        out.write(&harmless(text))?;
        self.streamed = Some(text.ends_with('\n'));
        Ok(())
    }

    pub fn end(&mut self, out: &Output, result: &RunResult) -> Result<()> {
        self.progress.end();
        if self.formed {
            return match &result.output {
                Some(output) => out.write_line(&output.to_string()),
                None => Ok(()),
            };
        }
        if self.streams && self.streamed == Some(false) {
            self.stream(out, "\n")?;
        }
        if !self.streams && !result.answer.is_empty() {
            out.write_line(result.answer.strip_suffix('\n').unwrap_or(&result.answer))?;
        }
        Ok(())
    }
}

/// Longest value that is shown of a call, in characters.
const VALUE: usize = 100;
/// What a call would write: it is shown where somebody is asked, and is no name of the call.
const WRITTEN: [&str; 4] = ["content", "old_text", "new_text", "patch"];

/// A call in one line: its tool, and what it is about.
fn call_line(called: &ToolCalled) -> String {
    let arguments = match &called.call.arguments {
        serde_json::Value::Object(fields) => {
            fields.iter().filter_map(|(name, value)| argument(name, value)).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    let short: String = arguments.chars().take(VALUE).collect();
    harmless(&format!("{} {short}", called.call.name)).replace('\n', " ").trim_end().to_owned()
}

/// A text as it is, all else with its name; nothing of what is off or empty.
fn argument(name: &str, value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match value {
        _ if WRITTEN.contains(&name) => None,
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(name.to_owned()),
        Value::String(text) => text.lines().next().map(str::to_owned).filter(|line| !line.is_empty()),
        other => Some(format!("{name}={other}")),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_shown_by_what_it_is_about() {
        let about = |arguments: serde_json::Value| {
            let serde_json::Value::Object(fields) = arguments else { return String::new() };
            fields.iter().filter_map(|(name, value)| argument(name, value)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(about(serde_json::json!({ "path": ".", "recursive": false })), ".");
        assert_eq!(about(serde_json::json!({ "path": ".", "recursive": true, "limit": 20 })), ". recursive limit=20");
        assert_eq!(about(serde_json::json!({ "path": "a.txt", "content": "x\ny" })), "a.txt");
        assert_eq!(about(serde_json::json!({ "patch": "--- a/x", "note": null, "text": "" })), "");
        assert_eq!(about(serde_json::json!({ "command": "one\ntwo" })), "one");
    }
}

//! The newest lines of a tool server, and lines out of bytes: both within limits, whatever the server writes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

use crate::domain::{Clock, LogLevel, ToolServerLine};

/// Lines that are kept.
pub const LINES: usize = 1_000;
/// Most bytes of one.
const LINE: usize = 4 << 10;
/// What stands in the place of a secret.
const HIDDEN: &str = "***";
/// Shorter values are not hidden: they would be found in words that have nothing to do with them.
const SHORTEST: usize = 4;

/// The newest lines of one server. Its secrets are in none of them.
pub struct Ring {
    clock: Arc<dyn Clock>,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    lines: VecDeque<ToolServerLine>,
    /// What must not be shown, the longest first.
    secrets: Vec<String>,
}

impl Ring {
    /// No lines yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, inside: Mutex::default() }
    }

    /// From now on these are hidden, and nothing else.
    pub fn hide(&self, secrets: impl Iterator<Item = String>) {
        let mut secrets: Vec<String> = secrets.filter(|secret| secret.len() >= SHORTEST).collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        self.inside.lock().unwrap_or_else(PoisonError::into_inner).secrets = secrets;
    }

    /// A text without the secrets.
    pub fn without_secrets(&self, text: &str) -> String {
        hidden(&self.inside.lock().unwrap_or_else(PoisonError::into_inner).secrets, text)
    }

    /// Adds a line; the oldest makes room for it.
    pub fn push(&self, level: LogLevel, component: &str, text: &str) {
        let text = text.trim_end();
        let at = self.clock.now();
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = hidden(&inside.secrets, text);
        message.truncate(message.floor_char_boundary(LINE));
        if inside.lines.len() >= LINES {
            inside.lines.pop_front();
        }
        inside.lines.push_back(ToolServerLine { at, level, component: component.to_owned(), message });
    }

    /// A line of whoever keeps watch.
    pub fn say(&self, level: LogLevel, text: &str) {
        self.push(level, "house", text);
    }

    /// The newest lines, at most so many, the oldest first.
    pub fn newest(&self, limit: usize) -> Vec<ToolServerLine> {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.lines.iter().skip(inside.lines.len().saturating_sub(limit)).cloned().collect()
    }

    /// The newest line that the server wrote to its standard error.
    pub fn last_said(&self) -> Option<String> {
        let inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let said = |line: &&ToolServerLine| line.component == "stderr" && !line.message.trim().is_empty();
        inside.lines.iter().rev().find(said).map(|line| line.message.trim().to_owned())
    }
}

fn hidden(secrets: &[String], text: &str) -> String {
    secrets
        .iter()
        .fold(text.to_owned(), |text, secret| if text.contains(secret) { text.replace(secret, HIDDEN) } else { text })
}

/// What one look for a line gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// A line, without its end.
    Line(Vec<u8>),
    /// One that is longer than allowed: its beginning. The rest was thrown away.
    TooLong(Vec<u8>),
}

/// The next line of at most so many bytes; `None` at the end. No more than that is ever held.
pub async fn next_line(reader: &mut (impl AsyncBufRead + Unpin), most: usize) -> Option<Read> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let piece = match reader.fill_buf().await {
            Ok(piece) if !piece.is_empty() => piece,
            // What cannot be read any more has ended.
            _ if line.is_empty() && !too_long => return None,
            _ => break,
        };
        let end = piece.iter().position(|byte| *byte == b'\n');
        let content = &piece[..end.unwrap_or(piece.len())];
        let room = most.saturating_sub(line.len());
        too_long |= content.len() > room;
        line.extend_from_slice(&content[..content.len().min(room)]);
        let taken = end.map_or(piece.len(), |end| end + 1);
        reader.consume(taken);
        if end.is_some() {
            break;
        }
    }
    Some(if too_long { Read::TooLong(line) } else { Read::Line(line) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::SystemClock;

    fn ring() -> Ring {
        Ring::new(Arc::new(SystemClock))
    }

    #[test]
    fn only_the_newest_lines_are_kept() {
        let ring = ring();
        for number in 0..LINES * 3 {
            ring.push(LogLevel::Info, "stderr", &format!("{number} {}", "x".repeat(LINE * 2)));
        }
        let lines = ring.newest(usize::MAX);
        assert_eq!(lines.len(), LINES);
        assert!(lines[0].message.starts_with("2000 x") && lines.iter().all(|line| line.message.len() == LINE));
        assert_eq!(ring.newest(2).iter().map(|line| &line.message[..4]).collect::<Vec<_>>(), ["2998", "2999"]);
    }

    #[test]
    fn secrets_are_hidden_in_lines() {
        let ring = ring();
        ring.hide(["abcd".to_owned(), "abcdef".to_owned(), "x".to_owned()].into_iter());
        ring.push(LogLevel::Info, "stderr", "key abcdef, abcd and x\n");
        ring.say(LogLevel::Error, "ended");
        assert_eq!(
            ring.newest(9).iter().map(|line| line.message.as_str()).collect::<Vec<_>>(),
            ["key ***, *** and x", "ended"]
        );
        assert_eq!(ring.last_said().as_deref(), Some("key ***, *** and x"));
        assert_eq!(ring.without_secrets("an abcd"), "an ***");
    }

    #[tokio::test]
    async fn lines_are_bounded() {
        let text = format!("one\n\n{}\ntwo", "y".repeat(100));
        let mut reader = tokio::io::BufReader::with_capacity(16, text.as_bytes());
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut reader, 10).await {
            lines.push(line);
        }
        let line = |text: &str| Read::Line(text.as_bytes().to_vec());
        assert_eq!(lines, [line("one"), line(""), Read::TooLong(b"yyyyyyyyyy".to_vec()), line("two")]);
    }
}

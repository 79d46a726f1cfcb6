//! Output within its limits: what does not fit is left out, counted, and kept aside.

use std::collections::VecDeque;

use serde_json::Value;

use crate::config::Limits;

use super::ToolOutput;

/// Room for the line that says what is missing.
const NOTICE_BYTES: usize = 400;

/// How much is shown, and how much is kept at all.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Most bytes that the model is shown.
    pub shown: usize,
    /// Most bytes that are kept aside.
    pub full: usize,
}

impl Caps {
    /// From the settings; a limit too small to say anything is raised to 1 KiB.
    pub fn new(limits: &Limits) -> Self {
        let shown = limits.tool_output_bytes.max(1 << 10);
        Self { shown, full: limits.tool_full_bytes.max(shown) }
    }

    /// Bytes of a text that can be shown together with a notice.
    pub fn room(self) -> usize {
        self.shown.saturating_sub(NOTICE_BYTES)
    }
}

/// A text as an output; of a long one the beginning, cut at a line, with a notice that ends in `way`: how to get the rest.
pub fn beginning(text: String, caps: Caps, way: &str) -> ToolOutput {
    if text.len() <= caps.shown {
        return ToolOutput { output: Value::String(text), full: None };
    }
    let end = line_end(&text, caps.room());
    let left = &text[end..];
    let lines = left.lines().count();
    let output = format!("{}[{} bytes, {lines} lines left out; {way}]", &text[..end], left.len());
    let mut full = text.into_bytes();
    full.truncate(caps.full);
    ToolOutput { output: Value::String(output), full: Some(full) }
}

/// Where to cut a text so that at most `room` bytes stay: after a line, or in a very long line after a character.
fn line_end(text: &str, room: usize) -> usize {
    let room = text.floor_char_boundary(room);
    // Where lines are very long, a part of one is worth more than the few before it.
    text[..room].rfind('\n').map(|newline| newline + 1).filter(|end| *end >= room / 2).unwrap_or(room)
}

/// Output that comes in pieces and may never end: keeps the beginning and the end, within `caps.full` bytes.
#[derive(Debug)]
pub struct Kept {
    caps: Caps,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
    newlines: u64,
}

impl Kept {
    /// Nothing yet.
    pub fn new(caps: Caps) -> Self {
        Self { caps, head: Vec::new(), tail: VecDeque::new(), bytes: 0, newlines: 0 }
    }

    /// Takes a piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.bytes += piece.len() as u64;
        self.newlines += newlines(piece);
        // With room for the notices that `finish` adds.
        let half = self.caps.full.saturating_sub(NOTICE_BYTES) / 2;
        let (first, rest) = piece.split_at(piece.len().min(half - self.head.len().min(half)));
        self.head.extend_from_slice(first);
        // Only the end of what is left can stay.
        let rest = &rest[rest.len().saturating_sub(half)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(half);
        self.tail.drain(..over);
        self.tail.extend(rest);
    }

    /// The output with `status` as its last line. When too long, the middle is left out, with a notice that ends in `way`.
    pub fn finish(self, status: &str, way: &str) -> ToolOutput {
        let split = self.head.len();
        let mut all = self.head;
        all.extend(self.tail);
        let kept_whole = all.len() as u64 == self.bytes;
        if kept_whole && String::from_utf8_lossy(&all).len() + status.len() < self.caps.shown {
            let text = String::from_utf8_lossy(&all).into_owned();
            return ToolOutput { output: Value::String(ended(text, status)), full: None };
        }
        let left_out = |kept: &[&[u8]], place: &str| {
            let bytes = self.bytes - kept.iter().map(|part| part.len() as u64).sum::<u64>();
            let lines = self.newlines - kept.iter().map(|part| newlines(part)).sum::<u64>();
            format!("[{bytes} bytes, {lines} lines left out here; {place}]")
        };
        // Beginning and end are shown from what is kept; a middle that is not even kept lies between them.
        let (first, last) = if kept_whole { (&all[..], &all[..]) } else { all.split_at(split) };
        let half = self.caps.room().saturating_sub(status.len() + way.len()) / 2;
        let parts = |half: usize| (&first[..half.min(first.len())], &last[last.len().saturating_sub(half)..]);
        let (mut head, mut tail) = parts(half);
        if String::from_utf8_lossy(head).len() + String::from_utf8_lossy(tail).len() > 2 * half {
            // A byte that is not UTF-8 is shown as a sign of three bytes.
            (head, tail) = parts(half / 3);
        }
        let (head, tail) = (whole_lines_of_head(head), whole_lines_of_tail(tail));
        let top = ended(String::from_utf8_lossy(head).into_owned(), &left_out(&[head, tail], way));
        let bottom = ended(String::from_utf8_lossy(tail).into_owned(), status);
        if !kept_whole {
            let notice = format!("\n{}\n", left_out(&[&all], "more is not kept"));
            all.splice(split..split, notice.into_bytes());
        }
        if all.last().is_some_and(|byte| *byte != b'\n') {
            all.push(b'\n');
        }
        all.extend_from_slice(status.as_bytes());
        ToolOutput { output: Value::String(format!("{top}\n{bottom}")), full: Some(all) }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// A text with a last line of its own.
fn ended(mut text: String, last: &str) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(last);
    text
}

fn whole_lines_of_head(head: &[u8]) -> &[u8] {
    head.iter().rposition(|byte| *byte == b'\n').map_or(head, |newline| &head[..=newline])
}

fn whole_lines_of_tail(tail: &[u8]) -> &[u8] {
    match tail.iter().position(|byte| *byte == b'\n') {
        Some(newline) if newline + 1 < tail.len() => &tail[newline + 1..],
        _ => tail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps { shown: 600, full: 1_400 };

    fn text(output: &ToolOutput) -> &str {
        output.output.as_str().unwrap()
    }

    #[test]
    fn a_short_text_is_the_output() {
        let output = beginning("one\ntwo\n".to_owned(), CAPS, "ask again");
        assert_eq!(output, ToolOutput { output: "one\ntwo\n".into(), full: None });
    }

    #[test]
    fn a_long_text_ends_after_a_line_and_says_what_is_missing() {
        let long = "0123456789abcde\n".repeat(100);
        let output = beginning(long.clone(), CAPS, "ask for less");
        let expected = format!("{}[1408 bytes, 88 lines left out; ask for less]", &long[..192]);
        assert_eq!(text(&output), expected);
        assert_eq!(output.full.unwrap(), long.as_bytes()[..1_400]);
        let output = beginning("é".repeat(400), CAPS, "x");
        assert_eq!(text(&output), format!("{}[600 bytes, 1 lines left out; x]", "é".repeat(100)));
    }

    #[test]
    fn what_is_short_is_kept_whole() {
        let mut kept = Kept::new(CAPS);
        kept.push(b"one\n");
        kept.push(b"two");
        assert_eq!(kept.finish("[exit code 0]", "x"), ToolOutput { output: "one\ntwo\n[exit code 0]".into(), full: None });
        assert_eq!(text(&Kept::new(CAPS).finish("[exit code 0]", "x")), "[exit code 0]");
    }

    #[test]
    fn of_long_output_beginning_and_end_are_shown() {
        let mut kept = Kept::new(CAPS);
        let mut all = String::new();
        for number in 0..100 {
            let line = format!("line {number:03}\n");
            kept.push(line.as_bytes());
            all.push_str(&line);
        }
        let output = kept.finish("[end]", "way");
        let (top, bottom) = (&all[..90], &all[all.len() - 90..]);
        assert_eq!(text(&output), format!("{top}[720 bytes, 80 lines left out here; way]\n{bottom}[end]"));
        assert_eq!(output.full.unwrap(), format!("{all}[end]").into_bytes());
    }

    #[test]
    fn endless_output_needs_bounded_memory() {
        let mut kept = Kept::new(CAPS);
        for number in 0..100_000 {
            kept.push(format!("line {number:05}\n").as_bytes());
            assert!(kept.head.len() <= 500 && kept.tail.len() <= 500 && kept.tail.capacity() < 2_000);
        }
        kept.push(&[b'x'; 5_000]);
        kept.push(b"\nlast\n");
        let output = kept.finish("[end]", "way");
        let shown = text(&output);
        assert!(shown.len() <= CAPS.shown, "{}", shown.len());
        assert!(shown.starts_with("line 00000\nline 00001\n"), "{shown}");
        assert!(shown.ends_with("\nlast\n[end]"), "{shown}");
        let full = String::from_utf8(output.full.unwrap()).unwrap();
        assert!(full.contains("lines left out here; more is not kept]"), "{full}");
        assert!(full.len() <= CAPS.full, "{}", full.len());
    }

    #[test]
    fn bytes_that_are_no_text_stay_within_the_limit() {
        let mut kept = Kept::new(CAPS);
        kept.push(&[0xff; 5_000]);
        let output = kept.finish("[end]", "way");
        assert!(text(&output).len() <= CAPS.shown && text(&output).ends_with("[end]"));
    }
}

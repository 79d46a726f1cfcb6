//! `read_file`: the lines of a file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::config::Limits;
use crate::domain::{Access, Effect, ErrorCode, ToolSpec};

use super::arguments::{cancelled, quoted, schema};
use super::file_tool::FileTool;
use super::output::Caps;
use super::{ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "read_file";
const LINES: usize = 2_000;
/// Most bytes of one line that are shown.
const LINE_BYTES: usize = 2_000;
/// How far a file is read to count its lines.
const SCAN_BYTES: u64 = 64 << 20;
/// How much of a file tells whether it is text.
const PROBE_BYTES: usize = 8 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    offset: Option<u64>,
    limit: Option<usize>,
    line_numbers: Option<bool>,
}

/// Reads a file.
pub(super) fn tool(limits: &Limits) -> FileTool<Arguments> {
    let spec = ToolSpec {
        name: NAME.to_owned(),
        description: format!(
            "Reads a text file of the workspace, or a range of its lines. When lines are missing, a last line in \
             brackets says how many there are and how to go on. Lines over {LINE_BYTES} bytes are cut. Binary files \
             and images are not read."
        ),
        parameters: schema(
            json!({
                "path": {"type": "string", "description": "The file, relative to the workspace."},
                "offset": {"type": "integer", "minimum": 1, "description": "The first line to read, counted from 1; default 1."},
                "limit": {"type": "integer", "minimum": 1, "description": format!("Most lines to read; default {LINES}.")},
                "line_numbers": {"type": "boolean", "description": "Whether each line starts with its number and a tab; default false."},
            }),
            &["path"],
        ),
        effect: Effect::None,
        access: Access::Read,
    };
    FileTool::new(spec, Caps::new(limits), read)
}

fn read(context: &ToolContext, arguments: &Arguments, caps: Caps) -> Result<ToolOutput, ToolFailure> {
    let name = quoted(&arguments.path);
    let failed = |error: io::Error| ToolFailure::new(ErrorCode::Unavailable, format!("cannot read {name}: {error}"));
    let file = context.workspace.open_file(&arguments.path)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let mut reader = BufReader::with_capacity(PROBE_BYTES * 8, file);
    let probe = reader.fill_buf().map_err(failed)?;
    if let Some(kind) = not_text(&probe[..probe.len().min(PROBE_BYTES)]) {
        let message = format!("{name} is {kind} of {bytes} bytes, not text; it is not read");
        return Err(ToolFailure::new(ErrorCode::BadMedia, message));
    }
    let wanted = Wanted {
        first: arguments.offset.unwrap_or(1).max(1),
        lines: arguments.limit.unwrap_or(LINES).max(1),
        room: caps.room(),
        numbers: arguments.line_numbers.unwrap_or(false),
    };
    let range = lines(reader, &wanted, &context.cancelled).map_err(failed)?.ok_or_else(cancelled)?;
    Ok(ToolOutput { output: Value::String(told(range, &wanted, &name)?), full: None })
}

/// The text of a range with what there is to say about it.
fn told(range: Range, wanted: &Wanted, name: &str) -> Result<String, ToolFailure> {
    let Range { mut text, taken, total, complete, lossy } = range;
    if total == 0 {
        return Ok(format!("[{name} is empty]"));
    }
    let first = wanted.first;
    if taken == 0 {
        let message = if complete {
            format!("{name} has {total} lines; `offset` {first} is past its end")
        } else {
            format!(
                "`offset` {first} is not within the first {SCAN_BYTES} bytes of {name} ({total} lines), which is as far as it \
                 is read; search it, or take a part of it with a command"
            )
        };
        return Err(ToolFailure::new(ErrorCode::InvalidInput, message));
    }
    let last = first + taken - 1;
    let mut notices = Vec::new();
    if lossy {
        notices.push("some bytes are not UTF-8 and are shown as \u{fffd}".to_owned());
    }
    if first > 1 || last < total || !complete {
        let of = if complete { total.to_string() } else { format!("more than {total}") };
        let on = if last < total { format!("; go on with `offset` {}", last + 1) } else { String::new() };
        notices.push(format!("lines {first} to {last} of {of}{on}"));
    }
    if !notices.is_empty() {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        // Writing to a `String` cannot fail.
        let _ = write!(text, "[{}]", notices.join("; "));
    }
    Ok(text)
}

/// What a beginning is, when it is not text.
fn not_text(probe: &[u8]) -> Option<String> {
    if let Some(kind) = infer::get(probe).filter(|kind| kind.matcher_type() != infer::MatcherType::Text) {
        let is_text = !probe.contains(&0) && std::str::from_utf8(probe).is_ok();
        if kind.matcher_type() == infer::MatcherType::Image {
            return Some(format!("an image ({})", kind.mime_type()));
        }
        if !is_text {
            return Some(format!("a binary file ({})", kind.mime_type()));
        }
    }
    if probe.starts_with(&[0xff, 0xfe]) || probe.starts_with(&[0xfe, 0xff]) {
        return Some("a UTF-16 file".to_owned());
    }
    probe.contains(&0).then(|| "a binary file".to_owned())
}

/// Which lines.
struct Wanted {
    first: u64,
    lines: usize,
    room: usize,
    numbers: bool,
}

/// The lines that were read.
struct Range {
    text: String,
    /// How many lines `text` has.
    taken: u64,
    /// Lines of the file, as far as it was read.
    total: u64,
    /// Whether it was read to its end.
    complete: bool,
    /// Whether signs stand for bytes that are not UTF-8.
    lossy: bool,
}

/// Reads through a file with bounded memory: takes the lines that are wanted and counts the others. Nothing when
/// cancelled.
fn lines(reader: BufReader<File>, wanted: &Wanted, stop: &CancellationToken) -> io::Result<Option<Range>> {
    let mut reader = reader.take(SCAN_BYTES);
    let mut range = Range { text: String::new(), taken: 0, total: 0, complete: true, lossy: false };
    let (mut line, mut cut, mut open, mut full) = (Vec::new(), 0_usize, false, false);
    loop {
        if stop.is_cancelled() {
            return Ok(None);
        }
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let piece = &buffer[..newline.unwrap_or(buffer.len())];
        let number = range.total + 1;
        let take = !full && number >= wanted.first && range.taken < wanted.lines as u64;
        if take {
            let room = LINE_BYTES.saturating_sub(line.len()).min(piece.len());
            line.extend_from_slice(&piece[..room]);
            cut += piece.len() - room;
        }
        let used = piece.len() + usize::from(newline.is_some());
        reader.consume(used);
        open = newline.is_none();
        if newline.is_some() {
            range.total += 1;
            if take {
                full = !push(&mut range, wanted, number, &line, cut, true);
            }
            line.clear();
            cut = 0;
        }
    }
    if reader.limit() == 0 {
        range.complete = reader.get_mut().fill_buf()?.is_empty();
    }
    if open {
        range.total += 1;
        let number = range.total;
        if !full && number >= wanted.first && range.taken < wanted.lines as u64 {
            push(&mut range, wanted, number, &line, cut, false);
        }
    }
    Ok(Some(range))
}

/// Adds a line unless there is no room for it.
fn push(range: &mut Range, wanted: &Wanted, number: u64, line: &[u8], cut: usize, ended: bool) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = match std::str::from_utf8(line) {
        Ok(line) if wanted.numbers => write!(text, "{number}\t{line}"),
        Ok(line) => write!(text, "{line}"),
        Err(error) => {
            // A sign that the cut took apart is no fault of the file.
            range.lossy |= cut == 0 || error.error_len().is_some();
            let number = if wanted.numbers { format!("{number}\t") } else { String::new() };
            write!(text, "{number}{}", String::from_utf8_lossy(line))
        }
    };
    if cut > 0 {
        let _ = write!(text, " [line cut: {cut} bytes more]");
    }
    if ended {
        text.push('\n');
    }
    if range.text.len() + text.len() > wanted.room && range.taken > 0 {
        return false;
    }
    // A single line can be larger than everything that is shown.
    text.truncate(text.floor_char_boundary(wanted.room));
    range.text.push_str(&text);
    range.taken += 1;
    true
}

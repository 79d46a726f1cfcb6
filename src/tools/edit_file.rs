//! `edit_file`: exact replacement of a text in a file.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Limits;
use crate::domain::{Access, Effect, ErrorCode, ToolSpec};

use super::arguments::{quoted, schema};
use super::file_tool::FileTool;
use super::output::Caps;
use super::{ToolContext, ToolFailure, ToolOutput};

const NAME: &str = "edit_file";
/// Places that are told when a text is not unique.
const PLACES: usize = 10;
/// Lines that are compared to find the nearest one, and most characters of each.
const COMPARED_LINES: usize = 20_000;
const COMPARED_CHARACTERS: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: String,
    old_text: String,
    new_text: String,
    replace_all: Option<bool>,
}

/// Edits a file.
pub(super) fn tool(limits: &Limits) -> FileTool<Arguments> {
    let spec = ToolSpec {
        name: NAME.to_owned(),
        description: "Replaces a text in a file of the workspace by another. `old_text` must stand in the file \
                      exactly, with its white space, and only once: give enough lines around it, or set \
                      `replace_all`. Line ends of the file (LF or CRLF) are kept."
            .to_owned(),
        parameters: schema(
            json!({
                "path": {"type": "string", "description": "The file, relative to the workspace."},
                "old_text": {"type": "string", "minLength": 1, "description": "The text that is replaced, exactly as it stands in the file, without line numbers."},
                "new_text": {"type": "string", "description": "The text that takes its place."},
                "replace_all": {"type": "boolean", "description": "Whether to replace it everywhere; default false."},
            }),
            &["path", "old_text", "new_text"],
        ),
        effect: Effect::Once,
        access: Access::Write,
    };
    FileTool::new(spec, Caps::new(limits), edit)
}

fn edit(context: &ToolContext, arguments: &Arguments, _: Caps) -> Result<ToolOutput, ToolFailure> {
    let name = quoted(&arguments.path);
    let invalid = |message: String| ToolFailure::new(ErrorCode::InvalidInput, message);
    if arguments.old_text.is_empty() {
        return Err(invalid("`old_text` is empty; to make a file, use `write_file`".to_owned()));
    }
    if arguments.old_text == arguments.new_text {
        return Err(invalid("`old_text` and `new_text` are the same".to_owned()));
    }
    let mut lines = Vec::new();
    context.workspace.change(&arguments.path, |content| {
        let (changed, places) = replaced(&content, arguments, &name)?;
        lines = places;
        Ok::<_, ToolFailure>(changed)
    })?;
    let text = match lines.len() {
        1 => format!("{name} edited at line {}", listed(&lines)),
        count => format!("{name} edited at {count} places, lines {}", listed(&lines)),
    };
    Ok(ToolOutput { output: Value::String(text), full: None })
}

/// The content with the new text in it, and the lines where the old one stood.
fn replaced(content: &[u8], arguments: &Arguments, name: &str) -> Result<(Vec<u8>, Vec<u64>), ToolFailure> {
    let (old, new) = as_in(content, arguments);
    let places = places(content, old.as_bytes());
    if places.is_empty() {
        let nearest = nearest(&String::from_utf8_lossy(content), &arguments.old_text);
        let message = format!("`old_text` does not stand in {name}; nothing was changed. {nearest}");
        return Err(ToolFailure::new(ErrorCode::NotFound, message));
    }
    let lines: Vec<u64> = places.iter().map(|place| line_of(content, *place)).collect();
    if places.len() > 1 && arguments.replace_all != Some(true) {
        let (count, at) = (places.len(), listed(&lines));
        let message = format!(
            "`old_text` stands {count} times in {name}, at lines {at}; nothing was changed. Give more of the text around \
             it, or set `replace_all`"
        );
        return Err(ToolFailure::new(ErrorCode::Conflict, message));
    }
    let mut changed = Vec::with_capacity(content.len());
    let mut from = 0;
    for place in &places {
        changed.extend_from_slice(&content[from..*place]);
        changed.extend_from_slice(new.as_bytes());
        from = place + old.len();
    }
    changed.extend_from_slice(&content[from..]);
    Ok((changed, lines))
}

/// Both texts with the line ends of the file: models write LF, whatever the file has.
fn as_in(content: &[u8], arguments: &Arguments) -> (String, String) {
    let crlf = |text: &str| text.replace("\r\n", "\n").replace('\n', "\r\n");
    let (old, new) = (arguments.old_text.clone(), arguments.new_text.clone());
    let ends = content.iter().filter(|byte| **byte == b'\n').count();
    let crlf_ends = content.windows(2).filter(|pair| pair == b"\r\n").count();
    let everywhere = ends > 0 && ends == crlf_ends;
    if everywhere || (crlf_ends > 0 && old.contains('\n') && places(content, old.as_bytes()).is_empty()) {
        return (crlf(&old), crlf(&new));
    }
    (old, new)
}

/// Where a text stands, without overlaps.
fn places(content: &[u8], text: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(place) = find(&content[from..], text) {
        places.push(from + place);
        from += place + text.len();
    }
    places
}

fn find(content: &[u8], text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    let mut from = 0;
    while let Some(place) = content[from..].iter().position(|byte| *byte == first) {
        if content[from + place..].starts_with(text) {
            return Some(from + place);
        }
        from += place + 1;
    }
    None
}

fn line_of(content: &[u8], place: usize) -> u64 {
    1 + content[..place].iter().filter(|byte| **byte == b'\n').count() as u64
}

fn listed(numbers: &[u64]) -> String {
    let told: Vec<String> = numbers.iter().take(PLACES).map(u64::to_string).collect();
    let dots = if numbers.len() > PLACES { ", …" } else { "" };
    format!("{}{dots}", told.join(", "))
}

/// The lines of the file that are most like the first line of the text, to help.
fn nearest(content: &str, old: &str) -> String {
    let Some(sought) = old.lines().map(str::trim).find(|line| !line.is_empty()) else {
        return "It is only white space".to_owned();
    };
    let short = |line: &str| line.trim().chars().take(COMPARED_CHARACTERS).collect::<String>();
    let sought = short(sought);
    let mut best: Option<(f64, usize)> = None;
    for (index, line) in content.lines().take(COMPARED_LINES).enumerate() {
        let line = short(line);
        let likeness = if line == sought { 1.0 } else { strsim::sorensen_dice(&line, &sought) };
        if likeness > best.map_or(0.5, |(likeness, _)| likeness) {
            best = Some((likeness, index));
        }
    }
    let Some((likeness, index)) = best else {
        return "No line of the file is like it; read the file again".to_owned();
    };
    let mut help = if likeness >= 1.0 && content.lines().nth(index).is_some_and(|line| old.contains(line)) {
        "Its first line stands there, but what follows differs".to_owned()
    } else if likeness >= 1.0 {
        "It differs in white space or in what follows".to_owned()
    } else {
        "The nearest lines are".to_owned()
    };
    help.push(':');
    let count = old.lines().count().clamp(1, 6) + 2;
    for (number, line) in content.lines().enumerate().skip(index.saturating_sub(1)).take(count) {
        // Writing to a `String` cannot fail.
        let _ = write!(help, "\n{}\t{}", number + 1, line.chars().take(COMPARED_CHARACTERS).collect::<String>());
    }
    help
}

//! Keys and values of a file: JSON by its grammar, the others by their lines.

use serde_json::Value;

use super::prose;

/// Most pairs that are taken from one file.
const MAX_PAIRS: usize = 20_000;

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The key with the keys that it lies in, joined by dots.
    pub key: String,
    /// The value, as it is written.
    pub value: String,
    /// The number of its line, from 1.
    pub line: usize,
}

/// The keys and values of a file.
pub(super) fn pairs(path: &str, lines: &[String]) -> Vec<Pair> {
    let mut pairs = match prose::extension(path).as_str() {
        "json" | "jsonc" | "ipynb" | "webmanifest" => json_pairs(lines),
        "yaml" | "yml" => yaml_pairs(lines),
        "toml" | "ini" | "cfg" | "conf" | "properties" | "env" | "lock" => toml_pairs(lines),
        "xml" => xml_pairs(lines),
        _ => loose_pairs(lines),
    };
    pairs.truncate(MAX_PAIRS);
    pairs
}

fn json_pairs(lines: &[String]) -> Vec<Pair> {
    let Ok(value) = serde_json::from_str::<Value>(&lines.join("\n")) else { return loose_pairs(lines) };
    let mut pairs = Vec::new();
    let mut at = 0;
    flatten("", &value, lines, &mut at, &mut pairs);
    pairs
}

/// Walks a document; `at` follows the lines, so that each key gets the line where it stands.
fn flatten(prefix: &str, value: &Value, lines: &[String], at: &mut usize, pairs: &mut Vec<Pair>) {
    if pairs.len() >= MAX_PAIRS {
        return;
    }
    let joined = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let sign = format!("\"{key}\"");
                if let Some(step) =
                    lines.get(*at..).and_then(|rest| rest.iter().take(2_000).position(|line| line.contains(&sign)))
                {
                    *at += step;
                }
                flatten(&joined(key), value, lines, at, pairs);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&joined(&index.to_string()), item, lines, at, pairs);
            }
        }
        Value::String(text) => pairs.push(Pair { key: prefix.to_owned(), value: text.clone(), line: *at + 1 }),
        other => pairs.push(Pair { key: prefix.to_owned(), value: other.to_string(), line: *at + 1 }),
    }
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let bare = if value.starts_with(['"', '\'']) { value } else { value.split(" #").next().unwrap_or(value).trim() };
    for quote in ['"', '\''] {
        if let Some(inner) = bare.strip_prefix(quote).and_then(|rest| rest.split_once(quote)).map(|(inner, _)| inner) {
            return inner.to_owned();
        }
    }
    bare.trim_end_matches(',').to_owned()
}

fn toml_pairs(lines: &[String]) -> Vec<Pair> {
    let mut section = String::new();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut open = false;
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if open {
            if let Some(last) = pairs.last_mut() {
                last.value.push(' ');
                last.value.push_str(trimmed);
            }
            open = !trimmed.ends_with(']') && !trimmed.ends_with("\"\"\"") && !trimmed.starts_with(']');
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if trimmed.starts_with('[') && trimmed.ends_with(']') {
            section = trimmed.trim_matches(['[', ']']).trim().to_owned();
            continue;
        }
        let Some((key, value)) = trimmed.split_once('=').or_else(|| trimmed.split_once(':')) else { continue };
        let key = key.trim().trim_start_matches("export ").trim_matches(['"', '\'']);
        let whole = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        let value = value.trim();
        open = value.starts_with('[') && !value.contains(']') || value == "\"\"\"";
        pairs.push(Pair {
            key: whole,
            value: if value.starts_with(['[', '{']) { value.to_owned() } else { unquoted(value) },
            line: at + 1,
        });
    }
    pairs
}

fn yaml_pairs(lines: &[String]) -> Vec<Pair> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut pairs: Vec<Pair> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed == "---" {
            continue;
        }
        let mut indent = line.len() - trimmed.len();
        let item = trimmed.strip_prefix("- ");
        let text = item.map_or(trimmed, |item| {
            indent += 2;
            item.trim_start()
        });
        while path.last().is_some_and(|(depth, _)| *depth >= indent) {
            path.pop();
        }
        let prefix = path.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
        let key_of = |key: &str| {
            let key = key.trim().trim_matches(['"', '\'']);
            if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
        };
        let split = text.split_once(": ").or_else(|| text.strip_suffix(':').map(|key| (key, "")));
        match split {
            Some((key, value)) if !key.starts_with('"') || key.ends_with('"') => {
                let value = unquoted(value);
                if value.is_empty() || value.starts_with(['|', '>', '&']) {
                    path.push((indent, key.trim().trim_matches(['"', '\'']).to_owned()));
                } else {
                    pairs.push(Pair { key: key_of(key), value, line: at + 1 });
                }
            }
            _ if item.is_some() && !prefix.is_empty() => match pairs.last_mut().filter(|last| last.key == prefix) {
                Some(last) => {
                    last.value.push_str(", ");
                    last.value.push_str(&unquoted(text));
                }
                None => pairs.push(Pair { key: prefix, value: unquoted(text), line: at + 1 }),
            },
            _ => {}
        }
    }
    pairs
}

fn xml_pairs(lines: &[String]) -> Vec<Pair> {
    let pair = |(at, line): (usize, &String)| {
        let (tag, rest) = line.trim().strip_prefix('<')?.split_once('>')?;
        let (value, _) = rest.split_once("</")?;
        let key = tag.split(' ').next()?;
        Some(Pair { key: key.to_owned(), value: value.trim().to_owned(), line: at + 1 })
    };
    lines.iter().enumerate().filter_map(pair).collect()
}

/// Lines of the form `key: value` or `key = value` in a text of any kind; the heading above counts to the key.
fn loose_pairs(lines: &[String]) -> Vec<Pair> {
    let mut heading = String::new();
    let mut pairs = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with('#') && trimmed.trim_start_matches('#').starts_with(' ') {
            trimmed.trim_matches(['#', ' ']).clone_into(&mut heading);
            continue;
        }
        let plain = trimmed.trim_start_matches(['-', '*', '+', '|', '>', ' ']).replace("**", "").replace('`', "");
        let cells = trimmed.starts_with('|').then(|| plain.split_once('|')).flatten();
        let split = cells
            .or_else(|| plain.split_once(": "))
            .or_else(|| plain.split_once(" = "))
            .or_else(|| plain.split_once(":= "))
            .or_else(|| plain.split_once('=').filter(|(key, _)| !key.contains(' ')));
        let Some((key, value)) = split else { continue };
        let key = key.trim().trim_end_matches(':');
        let words = key.split_whitespace().count();
        let value = value.trim().trim_end_matches([';', ',', '|']).trim();
        if (1..=6).contains(&words) && !value.is_empty() && key.len() <= 80 && !key.contains(['(', '"', '{']) {
            let whole = if heading.is_empty() { key.to_owned() } else { format!("{heading}.{key}") };
            pairs.push(Pair { key: whole, value: unquoted(value), line: at + 1 });
        }
    }
    pairs
}

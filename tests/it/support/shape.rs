//! Two answers held against each other: the same keys, and the same types under them. Values may differ.

use serde_json::Value;

/// What differs, each in a line: `missing PATH`, `more PATH`, `type PATH: A, here B`, `events …`, `items PATH: A, here B`.
pub fn differences(recorded: &Value, here: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(recorded, here, "", &mut found);
    found
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn compare(recorded: &Value, here: &Value, path: &str, found: &mut Vec<String>) {
    match (recorded, here) {
        (Value::Object(recorded), Value::Object(here)) => {
            for (name, value) in recorded {
                let path = join(path, name);
                match here.get(name) {
                    Some(other) if !is_free(&path) => compare(value, other, &path, found),
                    Some(_) => {}
                    None => found.push(format!("missing {path}")),
                }
            }
            let more = here.keys().filter(|name| !recorded.contains_key(*name));
            found.extend(more.map(|name| format!("more {}", join(path, name))));
        }
        (Value::Array(recorded), Value::Array(here)) if is_events(recorded) || is_events(here) => {
            events(recorded, here, found);
        }
        (Value::Array(recorded), Value::Array(here)) => {
            if recorded.len() != here.len() {
                found.push(format!("items {path}: {}, here {}", recorded.len(), here.len()));
            }
            recorded.iter().zip(here).for_each(|(recorded, here)| compare(recorded, here, &format!("{path}[]"), found));
        }
        _ if word(recorded) == word(here) => {}
        _ => found.push(format!("type {path}: {}, here {}", word(recorded), word(here))),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// What a tool takes and gives is its own business.
fn is_free(path: &str) -> bool {
    ["tool_call.arguments", "tool_call.tool.schema", "tool_result.content"].contains(&path)
}

fn is_events(items: &[Value]) -> bool {
    items.iter().any(|item| item.get("type").is_some() && item.get("timestamp").is_some())
}

fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap_or("?")
}

/// Events by their kinds, in order; how many pieces a text came in does not count.
fn events(recorded: &[Value], here: &[Value], found: &mut Vec<String>) {
    let (mut recorded, mut here) = (whole(recorded), whole(here));
    // From the end, so that what comes once more is the one before the last.
    recorded.reverse();
    here.reverse();
    // The longest common sequence of kinds.
    let mut longest = vec![vec![0usize; here.len() + 1]; recorded.len() + 1];
    for left in (0..recorded.len()).rev() {
        for right in (0..here.len()).rev() {
            longest[left][right] = if kind(recorded[left]) == kind(here[right]) {
                longest[left + 1][right + 1] + 1
            } else {
                longest[left + 1][right].max(longest[left][right + 1])
            };
        }
    }
    let (mut left, mut right) = (0, 0);
    while left < recorded.len() || right < here.len() {
        let both = left < recorded.len() && right < here.len();
        if both && kind(recorded[left]) == kind(here[right]) {
            compare(recorded[left], here[right], kind(recorded[left]), found);
            (left, right) = (left + 1, right + 1);
        } else if right == here.len() || (both && longest[left + 1][right] >= longest[left][right + 1]) {
            found.push(format!("missing event {}", kind(recorded[left])));
            left += 1;
        } else {
            found.push(format!("more event {}", kind(here[right])));
            right += 1;
        }
    }
}

/// Without the second and later of pieces that follow each other.
fn whole(events: &[Value]) -> Vec<&Value> {
    let mut whole: Vec<&Value> = Vec::new();
    for event in events {
        let again = whole.last().is_some_and(|last| kind(last) == kind(event)) && kind(event).contains("_streaming_");
        if !again {
            whole.push(event);
        }
    }
    whole
}

/// Whether a text is of a form in which `*` stands for anything.
pub fn fits(form: &str, text: &str) -> bool {
    match form.split_once('*') {
        None => form == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| fits(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_types_and_kinds_of_events_are_compared() {
        let recorded = json!({"a": 1, "b": {"c": "x"}, "d": [{"e": 1}], "f": null});
        let here = json!({"a": "1", "b": {"g": 1}, "d": [{"e": 2}, {"e": 3}], "f": null});
        assert_eq!(
            differences(&recorded, &here),
            ["type a: number, here string", "missing b.c", "more b.g", "items d: 1, here 2"]
        );
        let event = |kind: &str| json!({"type": kind, "timestamp": 1});
        let recorded = json!([event("a"), event("b_streaming_"), event("b_streaming_"), event("c"), event("d")]);
        let here = json!([event("a"), event("b_streaming_"), event("x"), event("d")]);
        assert_eq!(differences(&recorded, &here), ["missing event c", "more event x"]);
        assert!(fits("a*c*", "abcd") && fits("*", "") && fits("a", "a") && !fits("a*c", "abcd") && !fits("a", "ab"));
    }
}

//! In what a request differs from the one on a tape, in one sentence.

use serde_json::{Map, Value};

/// Most characters of each side that are shown.
const SHOWN: usize = 60;
/// Characters before the first difference that are shown.
const BEFORE: usize = 15;

/// The first difference, in the order in which people look for it.
pub(super) fn between(tape: &Map<String, Value>, now: &Map<String, Value>) -> String {
    let null = Value::Null;
    let of = |request: &'_ Map<String, Value>, name: &str| request.get(name).unwrap_or(&null).clone();
    for name in ["model", "system", "tools", "settings", "form", "messages"] {
        let (then, here) = (of(tape, name), of(now, name));
        if then == here {
            continue;
        }
        return match name {
            "model" => format!("the model is `{}` there and `{}` here", plain(&then), plain(&here)),
            "system" => format!("the instructions differ: {}", texts(&plain(&then), &plain(&here))),
            "tools" => tools(&then, &here),
            "settings" => format!("how the model is asked differs: {}", fields(&then, &here)),
            "form" => format!("the form of the answer differs: {}", texts(&plain(&then), &plain(&here))),
            _ => messages(&then, &here),
        };
    }
    // Whatever else a tape may hold.
    "it holds fields that this version does not know".to_owned()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Both texts from shortly before the place where they part.
fn texts(then: &str, here: &str) -> String {
    let same = then.chars().zip(here.chars()).take_while(|(one, other)| one == other).count();
    let from = same.saturating_sub(BEFORE);
    let shown = |text: &str| {
        let mut shown: String = text.chars().skip(from).take(SHOWN).collect();
        if text.chars().count() > from + SHOWN {
            shown.push('…');
        }
        if from > 0 { format!("{:?}", format!("…{shown}")) } else { format!("{shown:?}") }
    };
    format!("from character {} on, {} there and {} here", same + 1, shown(then), shown(here))
}

fn tools(then: &Value, here: &Value) -> String {
    let named = |tools: &Value| -> Vec<(String, Value)> {
        let tools = tools.as_array().into_iter().flatten();
        tools.map(|tool| (plain(&tool["name"]), tool.clone())).collect()
    };
    let (then, here) = (named(then), named(here));
    let has = |tools: &[(String, Value)], name: &str| tools.iter().any(|(other, _)| other == name);
    if let Some((name, _)) = then.iter().find(|(name, _)| !has(&here, name)) {
        return format!("tool `{name}` is offered there and not here");
    }
    if let Some((name, _)) = here.iter().find(|(name, _)| !has(&then, name)) {
        return format!("tool `{name}` is offered here and not there");
    }
    let changed = then.iter().find(|tool| !here.contains(tool)).map(|(name, _)| name);
    changed.map_or_else(
        || "the tools are offered in another order".to_owned(),
        |name| format!("tool `{name}` is described otherwise"),
    )
}

fn fields(then: &Value, here: &Value) -> String {
    let mut names: Vec<&String> = [then, here].into_iter().filter_map(Value::as_object).flat_map(Map::keys).collect();
    names.sort_unstable();
    let name = names.into_iter().find(|name| then.get(*name) != here.get(*name));
    let value = |of: &Value, name: &str| of.get(name).map_or_else(|| "not said".to_owned(), plain);
    name.map_or_else(String::new, |name| format!("`{name}` is {} there and {} here", value(then, name), value(here, name)))
}

fn messages(then: &Value, here: &Value) -> String {
    let list = |messages: &Value| messages.as_array().cloned().unwrap_or_default();
    let (then, here) = (list(then), list(here));
    let Some(at) = (0..then.len().max(here.len())).find(|at| then.get(*at) != here.get(*at)) else {
        return "the messages differ".to_owned();
    };
    match (then.get(at), here.get(at)) {
        (Some(one), Some(other)) if who(one) != who(other) => {
            format!("message {} is {} there and {} here", at + 1, who(one), who(other))
        }
        (Some(one), Some(other)) => {
            let told = texts(&prose(one), &prose(other));
            format!("message {} of {} ({}) differs: {told}", at + 1, here.len(), who(other))
        }
        _ => format!("it has {} messages there and {} here", then.len(), here.len()),
    }
}

fn who(message: &Value) -> &'static str {
    match message.as_object().and_then(|message| message.keys().next()).map(String::as_str) {
        Some("user") => "what was asked",
        Some("assistant") => "an answer",
        Some("returns") => "what tools gave",
        _ => "unknown",
    }
}

/// What is said in a message as one text, which is easier to read than JSON.
fn prose(message: &Value) -> String {
    let parts = message.as_object().and_then(|message| message.values().next()).and_then(Value::as_array);
    let told = |part: &Value| match part["text"].as_str() {
        Some(text) if part["failed"] == true => format!("(failed) {text}"),
        Some(text) => text.to_owned(),
        None => part.to_string(),
    };
    parts.into_iter().flatten().map(told).collect::<Vec<_>>().join("\n")
}

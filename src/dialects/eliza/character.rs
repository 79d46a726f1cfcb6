//! A character: who an agent is, as people write it in a file. It is strict: what it does not know is refused, with all
//! that is wrong in one answer.

use serde_json::{Map, Value};

/// Longest name, in characters.
const NAME: usize = 255;

/// A character that is well formed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Character(Map<String, Value>);

/// What may stand under a key.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Id,
    TextOrTexts,
    Texts,
    Anything,
    Secrets,
    Templates,
    Examples,
    Knowledge,
    Style,
}

/// The keys, in the order in which agents tell them.
const KEYS: &[(&str, Form)] = &[
    ("id", Form::Id),
    ("name", Form::Text),
    ("username", Form::Text),
    ("system", Form::Text),
    ("templates", Form::Templates),
    ("bio", Form::TextOrTexts),
    ("messageExamples", Form::Examples),
    ("postExamples", Form::Texts),
    ("topics", Form::Texts),
    ("adjectives", Form::Texts),
    ("knowledge", Form::Knowledge),
    ("plugins", Form::Texts),
    ("settings", Form::Anything),
    ("secrets", Form::Secrets),
    ("style", Form::Style),
];

impl Character {
    /// Reads a character.
    ///
    /// # Errors
    /// All that is wrong, as one text.
    pub fn read(value: &Value) -> Result<Self, String> {
        let mut faults = Vec::new();
        let Value::Object(given) = value else {
            return Err(told(&[fault("", format!("Expected object, received {}", kind(value)))]));
        };
        let given: Map<String, Value> =
            given.iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone())).collect();
        for required in ["name", "bio"] {
            if !given.contains_key(required) {
                faults.push(fault(required, "Required"));
            }
        }
        for (key, form) in KEYS {
            let Some(value) = given.get(*key) else { continue };
            match (*key, value) {
                ("name", Value::String(name)) if name.is_empty() => faults.push(fault(key, "Character name is required")),
                ("name", Value::String(name)) if name.chars().count() > NAME => {
                    faults.push(fault(key, format!("String must contain at most {NAME} character(s)")));
                }
                _ => check(key, value, *form, &mut faults),
            }
        }
        let unknown: Vec<String> =
            given.keys().filter(|key| KEYS.iter().all(|(known, _)| known != key)).map(|key| format!("'{key}'")).collect();
        if !unknown.is_empty() {
            faults.push(fault("", format!("Unrecognized key(s) in object: {}", unknown.join(", "))));
        }
        if faults.is_empty() { Ok(Self(given)) } else { Err(told(&faults)) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// A text of it; empty when there is none.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The texts of a key, also where there is only one.
    pub fn texts(&self, key: &str) -> Vec<&str> {
        match self.0.get(key) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// What stands under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// All of it.
    pub fn all(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A setting, wherever it may stand: among the secrets, the settings, or the secrets of the settings.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let settings = self.0.get("settings");
        let places = [self.0.get("secrets"), settings, settings.and_then(|settings| settings.get("secrets"))];
        places.into_iter().flatten().find_map(|place| place.get(key)?.as_str()).filter(|value| !value.is_empty())
    }
}

/// One fault: where, and what is wrong.
type Fault = (String, String);

fn fault(path: &str, what: impl Into<String>) -> Fault {
    (path.to_owned(), what.into())
}

fn told(faults: &[Fault]) -> String {
    let told: Vec<String> = faults.iter().map(|(path, what)| format!("{path}: {what}")).collect();
    format!("Character validation failed: {}", told.join("; "))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn wrong(path: &str, expected: &str, value: &Value, faults: &mut Vec<Fault>) {
    faults.push(fault(path, format!("Expected {expected}, received {}", kind(value))));
}

fn check(path: &str, value: &Value, form: Form, faults: &mut Vec<Fault>) {
    match (form, value) {
        (Form::Text, Value::String(_)) | (Form::TextOrTexts, Value::String(_)) | (Form::Anything, Value::Object(_)) => {}
        (Form::Id, Value::String(id)) if super::ids::is_id(id) => {}
        (Form::Id, Value::String(_)) => faults.push(fault(path, "Invalid uuid")),
        (Form::Text | Form::Id, other) => wrong(path, "string", other, faults),
        (Form::TextOrTexts, Value::Array(texts)) if texts.iter().all(Value::is_string) => {}
        (Form::TextOrTexts, _) => faults.push(fault(path, "Invalid input")),
        (Form::Texts, Value::Array(texts)) => {
            for (at, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_string()) {
                wrong(&format!("{path}.{at}"), "string", text, faults);
            }
        }
        (Form::Secrets, Value::Object(secrets)) => {
            for (name, _) in secrets.iter().filter(|(_, value)| value.is_array() || value.is_object() || value.is_null()) {
                faults.push(fault(&format!("{path}.{name}"), "Invalid input"));
            }
        }
        (Form::Templates, Value::Object(templates)) => {
            for (name, template) in templates.iter().filter(|(_, template)| !template.is_string()) {
                wrong(&format!("{path}.{name}"), "string", template, faults);
            }
        }
        (Form::Examples, Value::Array(talks)) => talks.iter().enumerate().for_each(|(at, talk)| {
            check_talk(&format!("{path}.{at}"), talk, faults);
        }),
        (Form::Knowledge, Value::Array(items)) => {
            for (at, _) in items.iter().enumerate().filter(|(_, item)| !is_knowledge(item)) {
                faults.push(fault(&format!("{path}.{at}"), "Invalid input"));
            }
        }
        (Form::Style, Value::Object(style)) => check_style(path, style, faults),
        (Form::Texts | Form::Examples | Form::Knowledge, other) => wrong(path, "array", other, faults),
        (Form::Anything | Form::Secrets | Form::Templates | Form::Style, other) => wrong(path, "object", other, faults),
    }
}

/// An example of how it talks: a list of what was said, each by whom and with what content.
fn check_talk(path: &str, talk: &Value, faults: &mut Vec<Fault>) {
    let Value::Array(lines) = talk else { return wrong(path, "array", talk, faults) };
    for (at, line) in lines.iter().enumerate() {
        let path = format!("{path}.{at}");
        let Value::Object(line) = line else {
            wrong(&path, "object", line, faults);
            continue;
        };
        for (key, expected) in [("name", "string"), ("content", "object")] {
            match line.get(key) {
                None => faults.push(fault(&format!("{path}.{key}"), "Required")),
                Some(value) if kind(value) == expected => {}
                Some(value) => wrong(&format!("{path}.{key}"), expected, value, faults),
            }
        }
    }
}

fn is_knowledge(item: &Value) -> bool {
    let Value::Object(item) = item else { return item.is_string() };
    let place = item.get("path").or_else(|| item.get("directory"));
    place.is_some_and(Value::is_string)
        && item.get("shared").is_none_or(Value::is_boolean)
        && item.keys().all(|key| matches!(key.as_str(), "path" | "directory" | "shared"))
        && !(item.contains_key("path") && item.contains_key("directory"))
}

fn check_style(path: &str, style: &Map<String, Value>, faults: &mut Vec<Fault>) {
    for (key, value) in style {
        match key.as_str() {
            "all" | "chat" | "post" => check(&format!("{path}.{key}"), value, Form::Texts, faults),
            unknown => faults.push(fault(path, format!("Unrecognized key(s) in object: '{unknown}'"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        for (value, expected) in [
            (json!({"name": "", "bio": 1}), "name: Character name is required; bio: Invalid input"),
            (json!({"name": "U", "bio": "b", "lore": []}), ": Unrecognized key(s) in object: 'lore'"),
            (json!({}), "name: Required; bio: Required"),
            (json!([]), ": Expected object, received array"),
            (json!({"name": 1, "bio": ["x", 2]}), "name: Expected string, received number; bio: Invalid input"),
            (
                json!({"name": "a", "bio": "b", "topics": ["x", 1], "style": {"all": "x", "mood": []}, "id": "x"}),
                "id: Invalid uuid; topics.1: Expected string, received number; style.all: Expected array, received \
                 string; style: Unrecognized key(s) in object: 'mood'",
            ),
            (
                json!({"name": "a", "bio": "b", "messageExamples": [[{"name": "u"}, 1]], "knowledge": ["k", {"file": "x"}]}),
                "messageExamples.0.0.content: Required; messageExamples.0.1: Expected object, received number; \
                 knowledge.1: Invalid input",
            ),
            (
                json!({"name": "a", "bio": "b", "secrets": {"A": [], "B": true}, "templates": {"t": 1}}),
                "templates.t: Expected string, received number; secrets.A: Invalid input",
            ),
        ] {
            let told = Character::read(&value).unwrap_err();
            assert_eq!(told, format!("Character validation failed: {expected}"), "{value}");
        }
    }

    #[test]
    fn what_is_said_is_found() {
        let value = json!({
            "name": "Ada", "bio": "Writes programs.", "system": null, "topics": ["engines"],
            "settings": {"MODEL": "m", "secrets": {"KEY": "k", "EMPTY": ""}}, "secrets": {"KEY": "mine"},
            "knowledge": ["x", {"path": "a.md", "shared": true}, {"directory": "d"}]
        });
        let character = Character::read(&value).unwrap();
        assert_eq!((character.name(), character.text("system")), ("Ada", ""));
        assert_eq!((character.texts("bio"), character.texts("topics")), (vec!["Writes programs."], vec!["engines"]));
        assert_eq!(
            ["MODEL", "KEY", "EMPTY", "NONE"].map(|key| character.setting(key)),
            [Some("m"), Some("mine"), None, None]
        );
        assert!(!character.all().contains_key("system"), "what is null is not there");
    }
}

//! Texts with places that are filled from what a session knows: `{{NAME}}` for a value, `{{#if NAME}} … {{else if
//! OTHER == "text"}} … {{else}} … {{/if}}` for a choice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most choices inside of each other.
const DEPTH: usize = 32;

/// A text, as it is or with places to fill. Written as a text where it has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Template {
    /// As it is: nothing in it is filled.
    Plain(String),
    /// With places.
    Filled(FilledTemplate),
}

/// A text with places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilledTemplate {
    /// The text.
    pub text: String,
    /// Where the values come from, by the name of the place. A place that is not named here stays as it is.
    pub values: BTreeMap<String, ValueSource>,
}

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueSource {
    /// A value of the session's state, or an argument of the procedure.
    pub variable: String,
    /// What stands there when it has no value.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub otherwise: String,
}

impl Default for Template {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

impl Template {
    /// The text as it was written.
    pub fn source(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Filled(filled) => &filled.text,
        }
    }

    /// The text, with values in its places.
    pub fn fill<'a>(&self, value_of: impl Fn(&str) -> Option<&'a Value>) -> String {
        let filled = match self {
            Self::Plain(text) => return text.clone(),
            Self::Filled(filled) => filled,
        };
        // What cannot be read stays as it is; definitions are checked when they are made.
        let Ok(nodes) = parse(&filled.text) else { return filled.text.clone() };
        let mut text = String::new();
        write(&nodes, &filled.values, &value_of, &mut text);
        text
    }
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// The line, from 1.
    pub line: usize,
    /// What.
    pub message: String,
}

/// Checks a text. Answers the names of its places and of its conditions.
///
/// # Errors
/// When a choice is not closed, or a condition cannot be read.
pub fn places(text: &str) -> Result<Vec<String>, TemplateFault> {
    let mut names = Vec::new();
    collect(&parse(text)?, &mut names);
    Ok(names)
}

/// A value as it stands in a text: texts as they are, everything else as JSON.
pub fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[derive(Debug, PartialEq)]
enum Node<'a> {
    Text(&'a str),
    Place { name: &'a str, source: &'a str },
    Choice(Vec<(Option<Condition<'a>>, Vec<Node<'a>>)>),
}

#[derive(Debug, PartialEq)]
enum Condition<'a> {
    Holds(&'a str),
    HoldsNot(&'a str),
    Is(&'a str, &'a str),
    IsNot(&'a str, &'a str),
}

/// A piece between `{{` and `}}`, or the text before it.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

enum Piece<'a> {
    Text(&'a str),
    Tag { inner: &'a str, source: &'a str, at: usize },
}

impl<'a> Iterator for Reader<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let open = rest.find("{{").and_then(|open| Some((open, rest[open..].find("}}")? + open + 2)));
        let (piece, length) = match open {
            Some((0, end)) => {
                let inner = rest[2..end - 2].trim();
                (Piece::Tag { inner, source: &rest[..end], at: self.at }, end)
            }
            Some((open, _)) => (Piece::Text(&rest[..open]), open),
            None => (Piece::Text(rest), rest.len()),
        };
        self.at += length;
        Some(piece)
    }
}

type Branches<'a> = Vec<(Option<Condition<'a>>, Vec<Node<'a>>)>;

fn parse(text: &str) -> Result<Vec<Node<'_>>, TemplateFault> {
    let fault = |at: usize, message: String| TemplateFault { line: text[..at].matches('\n').count() + 1, message };
    let mut nodes: Vec<Node<'_>> = Vec::new();
    let mut open: Vec<(usize, Vec<Node<'_>>, Branches<'_>)> = Vec::new();
    for piece in (Reader { text, at: 0 }) {
        let (inner, source, at) = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text));
                continue;
            }
            Piece::Tag { inner, source, at } => (inner, source, at),
        };
        if let Some(condition) = inner.strip_prefix("#if ") {
            if open.len() == DEPTH {
                return Err(fault(at, format!("more than {DEPTH} choices inside of each other")));
            }
            let condition = read_condition(condition).map_err(|message| fault(at, message))?;
            open.push((at, std::mem::take(&mut nodes), vec![(Some(condition), Vec::new())]));
        } else if inner == "else" || inner.starts_with("else if ") {
            let Some((_, _, branches)) = open.last_mut() else {
                return Err(fault(at, format!("`{source}` stands outside of a choice")));
            };
            if branches.last().is_some_and(|(condition, _)| condition.is_none()) {
                return Err(fault(at, format!("`{source}` comes after `{{{{else}}}}`")));
            }
            if let Some((_, body)) = branches.last_mut() {
                *body = std::mem::take(&mut nodes);
            }
            let condition = inner.strip_prefix("else if ").map(read_condition).transpose();
            branches.push((condition.map_err(|message| fault(at, message))?, Vec::new()));
        } else if inner == "/if" {
            let Some((_, before, mut branches)) = open.pop() else {
                return Err(fault(at, "`{{/if}}` closes nothing".to_owned()));
            };
            if let Some((_, body)) = branches.last_mut() {
                *body = std::mem::take(&mut nodes);
            }
            nodes = before;
            nodes.push(Node::Choice(branches));
        } else if inner.starts_with(['#', '/']) {
            return Err(fault(at, format!("`{source}` is not known; choices are `{{{{#if NAME}}}}` to `{{{{/if}}}}`")));
        } else if is_name(inner) {
            nodes.push(Node::Place { name: inner, source });
        } else {
            nodes.push(Node::Text(source));
        }
    }
    match open.pop() {
        Some((at, ..)) => Err(fault(at, "`{{#if …}}` is not closed by `{{/if}}`".to_owned())),
        None => Ok(nodes),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn read_condition(text: &str) -> Result<Condition<'_>, String> {
    let text = text.trim();
    let compared = |name: &'static str| text.split_once(name).map(|(left, right)| (left.trim(), right.trim()));
    let literal = |text: &'_ str| -> Option<usize> {
        let inner = text.strip_prefix('"')?.strip_suffix('"')?;
        (!inner.contains('"')).then_some(inner.len())
    };
    for (sign, negated) in [("==", false), ("!=", true)] {
        let Some((name, value)) = compared(sign) else { continue };
        return match literal(value) {
            Some(length) if is_name(name) => {
                let value = &value[1..=length];
                Ok(if negated { Condition::IsNot(name, value) } else { Condition::Is(name, value) })
            }
            _ => Err(format!("the condition `{text}` is not of the form NAME {sign} \"text\"")),
        };
    }
    let (name, holds) = text.strip_prefix('!').map_or((text, true), |name| (name.trim(), false));
    if !is_name(name) {
        return Err(format!("the condition `{text}` is not of the form NAME, !NAME, NAME == \"text\" or NAME != \"text\""));
    }
    Ok(if holds { Condition::Holds(name) } else { Condition::HoldsNot(name) })
}

fn collect(nodes: &[Node<'_>], names: &mut Vec<String>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Place { name, .. } => add(names, name),
            Node::Choice(branches) => {
                for (condition, _) in branches {
                    match condition {
                        Some(Condition::Holds(name) | Condition::HoldsNot(name)) => add(names, name),
                        Some(Condition::Is(name, _) | Condition::IsNot(name, _)) => add(names, name),
                        None => {}
                    }
                }
                branches.iter().for_each(|(_, body)| collect(body, names));
            }
        }
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

fn write<'a>(
    nodes: &[Node<'_>],
    values: &BTreeMap<String, ValueSource>,
    value_of: &impl Fn(&str) -> Option<&'a Value>,
    text: &mut String,
) {
    let value = |name: &str| values.get(name).and_then(|source| value_of(&source.variable));
    for node in nodes {
        match node {
            Node::Text(piece) => text.push_str(piece),
            Node::Place { name, source } => match (values.get(*name), value(name)) {
                (None, _) => text.push_str(source),
                (Some(_), Some(value)) if !value.is_null() => text.push_str(&written(value)),
                (Some(source), _) => text.push_str(&source.otherwise),
            },
            Node::Choice(branches) => {
                let taken = branches.iter().find(|(condition, _)| match condition {
                    None => true,
                    Some(Condition::Holds(name)) => holds(value(name)),
                    Some(Condition::HoldsNot(name)) => !holds(value(name)),
                    Some(Condition::Is(name, literal)) => value(name).is_some_and(|value| written(value) == *literal),
                    Some(Condition::IsNot(name, literal)) => value(name).is_none_or(|value| written(value) != *literal),
                });
                if let Some((_, body)) = taken {
                    write(body, values, value_of, text);
                }
            }
        }
    }
}

/// What counts as true: everything but nothing, `false`, and the texts "", "false" and "0".
fn holds(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(value) => !matches!(written(value).as_str(), "" | "false" | "0"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fill(text: &str, values: &Value) -> String {
        let names = ["NAME", "LIST", "GONE", "MODE"];
        let source = |name: &str| ValueSource {
            variable: name.to_owned(),
            otherwise: if name == "GONE" { "NONE".to_owned() } else { String::new() },
        };
        let values_of = names.iter().map(|name| ((*name).to_owned(), source(name))).collect();
        let template = Template::Filled(FilledTemplate { text: text.to_owned(), values: values_of });
        template.fill(|name| values.get(name))
    }

    #[test]
    fn places_are_filled() {
        let values = json!({ "NAME": "Ada", "LIST": [1, { "a": "b" }], "OTHER": "never" });
        let text = "Hi {{NAME}}, {{ LIST }}; {{GONE}}; {{MODE}}; {{OTHER}}; {{not a name}}; {{ open";
        assert_eq!(fill(text, &values), r#"Hi Ada, [1,{"a":"b"}]; NONE; ; {{OTHER}}; {{not a name}}; {{ open"#);
        assert_eq!(Template::from("{{NAME}}").fill(|_| Some(&Value::Null)), "{{NAME}}");
        // What a value holds is not filled again.
        assert_eq!(fill("{{NAME}}", &json!({ "NAME": "{{LIST}}", "LIST": 1 })), "{{LIST}}");
    }

    #[test]
    fn choices_take_one_branch() {
        let text =
            r#"{{#if NAME}}a{{#if !LIST}}b{{/if}}{{else if MODE == "x y"}}c{{else if MODE != "z"}}d{{else}}e{{/if}}."#;
        for (values, expected) in [
            (json!({ "NAME": "n" }), "ab."),
            (json!({ "NAME": "n", "LIST": [] }), "a."),
            (json!({ "NAME": "0", "MODE": "x y" }), "c."),
            (json!({ "NAME": false, "MODE": "q" }), "d."),
            (json!({ "NAME": null }), "d."),
            (json!({ "MODE": "z" }), "e."),
        ] {
            assert_eq!(fill(text, &values), expected, "{values}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line, message) in [
            ("a\n{{#if A}}", 2, "`{{#if …}}` is not closed by `{{/if}}`"),
            ("{{/if}}", 1, "`{{/if}}` closes nothing"),
            ("{{else}}", 1, "`{{else}}` stands outside of a choice"),
            ("{{#if A}}\n{{else}}\n{{else}}{{/if}}", 3, "`{{else}}` comes after `{{else}}`"),
            ("{{#if A == b}}{{/if}}", 1, r#"the condition `A == b` is not of the form NAME == "text""#),
            ("{{#each A}}", 1, "`{{#each A}}` is not known; choices are `{{#if NAME}}` to `{{/if}}`"),
        ] {
            assert_eq!(places(text), Err(TemplateFault { line, message: message.to_owned() }), "{text}");
        }
        assert_eq!(places("{{B}}{{#if A}}{{C}}{{else if !D}}{{B}}{{/if}}").unwrap(), ["B", "A", "D", "C"]);
    }

    #[test]
    fn it_is_written_as_it_was() {
        for text in [r#""as it is""#, r#"{"text":"{{A}}","values":{"A":{"variable":"B"}}}"#] {
            let template: Template = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&template).unwrap(), text);
        }
    }
}

//! Reading a protocol part by part: each part knows its place, and what does not fit is told and left out.

use serde_json::Value;

use super::faults::{Faults, PROTOCOL, Severity, quoted};
use super::keys::{Key, Standing};
use super::names;
use crate::config::{Node, NodeKind, did_you_mean};
use crate::domain::Display;

/// A part of the protocol, and its place.
#[derive(Clone, Debug)]
pub struct At<'a> {
    /// The part.
    pub node: &'a Node,
    /// The place, such as `handlers.lookup.Look up.tool`; empty = the whole.
    pub path: String,
}

impl<'a> At<'a> {
    /// The whole.
    pub fn whole(node: &'a Node) -> Self {
        Self { node, path: String::new() }
    }

    fn child(&self, name: &str, node: &'a Node) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { node, path }
    }

    /// Whether it says nothing: no value, `false`, or an empty list or table.
    fn is_silent(&self) -> bool {
        match &self.node.kind {
            NodeKind::Leaf(value) => matches!(value, Value::Null | Value::Bool(false)),
            NodeKind::List(items) => items.is_empty(),
            NodeKind::Table(entries) => entries.is_empty(),
        }
    }

    /// Whether it has no value.
    pub fn is_null(&self) -> bool {
        self.node.kind == NodeKind::Leaf(Value::Null)
    }

    /// Its text, when it is one.
    pub fn as_text(&self) -> Option<&'a str> {
        match &self.node.kind {
            NodeKind::Leaf(Value::String(text)) => Some(text),
            _ => None,
        }
    }
}

/// A table of which only known keys are left.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    /// The table.
    pub at: At<'a>,
    entries: Vec<(&'a str, At<'a>)>,
}

impl<'a> Fields<'a> {
    /// The value of a key; a key without a value counts as absent.
    pub fn get(&self, name: &str) -> Option<&At<'a>> {
        self.entries.iter().find(|(key, at)| *key == name && !at.is_null()).map(|(_, at)| at)
    }
}

/// What is read so far, and what was wrong with it.
#[derive(Debug, Default)]
pub struct Reading {
    /// What was wrong.
    pub faults: Faults,
}

impl Reading {
    /// Tells an error at a place of the protocol.
    pub fn error(&mut self, at: &At<'_>, message: impl AsRef<str>) {
        self.faults.tell(Severity::Error, PROTOCOL, Some(at.node.line), &at.path, message.as_ref());
    }

    /// Tells a warning at a place of the protocol.
    pub fn warning(&mut self, at: &At<'_>, message: impl AsRef<str>) {
        self.faults.tell(Severity::Warning, PROTOCOL, Some(at.node.line), &at.path, message.as_ref());
    }

    /// The entries of a table, in their order. What has no value has none.
    pub fn entries<'a>(&mut self, at: &At<'a>) -> Vec<(&'a str, At<'a>)> {
        match &at.node.kind {
            NodeKind::Table(entries) => entries.iter().map(|(name, node)| (name.as_str(), at.child(name, node))).collect(),
            NodeKind::Leaf(Value::Null) => Vec::new(),
            _ => {
                self.error(at, "must be a table of keys");
                Vec::new()
            }
        }
    }

    /// The entries of a table whose keys are known beforehand.
    pub fn fields<'a>(&mut self, at: &At<'a>, keys: &[Key]) -> Fields<'a> {
        let mut entries = self.entries(at);
        entries.retain(|(name, value)| match keys.iter().find(|key| key.name == *name).map(|key| key.standing) {
            Some(Standing::Works) => true,
            Some(Standing::Ignored(why)) => {
                if !value.is_silent() {
                    self.warning(value, format!("{} has no effect here: {why}", quoted(name)));
                }
                false
            }
            Some(Standing::Refused(why)) => {
                if !value.is_silent() {
                    self.error(value, format!("{} is not supported: {why}", quoted(name)));
                }
                false
            }
            None => {
                let near = did_you_mean(name, keys.iter().map(|key| key.name));
                self.error(value, format!("{} is not known here{near}", quoted(name)));
                false
            }
        });
        Fields { at: at.clone(), entries }
    }

    /// A key that must be there.
    pub fn needed<'a>(&mut self, fields: &Fields<'a>, name: &str) -> Option<At<'a>> {
        let found = fields.get(name).cloned();
        if found.is_none() {
            self.error(&fields.at, format!("`{name}` is missing"));
        }
        found
    }

    /// A text that is not empty.
    pub fn text(&mut self, at: &At<'_>) -> Option<String> {
        let text = at.as_text().filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.error(at, "must be a text");
        }
        text.map(str::to_owned)
    }

    /// The text of a key that must be there.
    pub fn needed_text(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let at = self.needed(fields, name)?;
        self.text(&at)
    }

    /// The text of a key that may be there.
    pub fn optional_text(&mut self, fields: &Fields<'_>, name: &str) -> Option<String> {
        let at = fields.get(name)?.clone();
        self.text(&at)
    }

    /// A description: a text, which may be empty.
    pub fn description(&mut self, fields: &Fields<'_>) -> Option<String> {
        let at = fields.get("description")?.clone();
        if at.as_text().is_none() {
            self.error(&at, "must be a text");
        }
        at.as_text().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A flag; `otherwise` when the key is not there.
    pub fn flag(&mut self, fields: &Fields<'_>, name: &str, otherwise: bool) -> bool {
        let Some(at) = fields.get(name) else { return otherwise };
        match &at.node.kind {
            NodeKind::Leaf(Value::Bool(flag)) => *flag,
            _ => {
                self.error(at, "must be `true` or `false`");
                otherwise
            }
        }
    }

    /// One of some words.
    pub fn word<T: Copy>(&mut self, fields: &Fields<'_>, name: &str, words: &[(&str, T)]) -> Option<T> {
        let at = fields.get(name)?.clone();
        let text = at.as_text().unwrap_or_default();
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            let near = did_you_mean(text, words.iter().map(|(word, _)| *word));
            self.error(&at, format!("must be one of {}{near}", known.join(", ")));
        }
        found
    }

    /// A list of texts, each with its place. One text stands for a list of one.
    pub fn texts<'a>(&mut self, at: &At<'a>) -> Vec<(String, At<'a>)> {
        let items: Vec<At<'a>> = match &at.node.kind {
            NodeKind::List(items) => {
                let item = |(index, node): (usize, &'a Node)| At { node, path: format!("{}[{index}]", at.path) };
                items.iter().enumerate().map(item).collect()
            }
            NodeKind::Leaf(Value::String(_)) => vec![at.clone()],
            NodeKind::Leaf(Value::Null) => Vec::new(),
            _ => {
                self.error(at, "must be a list of names");
                Vec::new()
            }
        };
        items.into_iter().filter_map(|at| Some((self.text(&at)?, at))).collect()
    }

    /// The parts of a list.
    pub fn items<'a>(&mut self, at: &At<'a>) -> Vec<At<'a>> {
        match &at.node.kind {
            NodeKind::List(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, node)| At { node, path: format!("{}[{index}]", at.path) }).collect()
            }
            _ => {
                self.error(at, "must be a list");
                Vec::new()
            }
        }
    }

    /// How something is shown, with its title where it is shown by that.
    pub fn shown(&mut self, fields: &Fields<'_>) -> (Option<Display>, Option<String>) {
        const WORDS: &[(&str, Display)] = &[
            ("hidden", Display::Hidden),
            ("name", Display::Name),
            ("description", Display::Description),
            ("stream", Display::Stream),
            ("title", Display::Title),
        ];
        let display = self.word(fields, "display", WORDS);
        let title = self.optional_text(fields, "title");
        match (display, fields.get("title")) {
            (Some(Display::Title), None) => self.warning(&fields.at, "`display: title` shows a `title`, and there is none"),
            (Some(Display::Title), Some(_)) | (_, None) => {}
            (_, Some(at)) => {
                let at = at.clone();
                self.warning(&at, "`title` is shown only with `display: title`");
            }
        }
        (display, title.filter(|_| display == Some(Display::Title)))
    }

    /// Checks a name that a part is declared by.
    pub fn dashed(&mut self, at: &At<'_>, what: &str, name: &str) -> bool {
        let fits = names::is_dashed(name);
        if !fits {
            self.error(
                at,
                format!("{} cannot name a {what}: use lower-case words with dashes, at most 64 characters", quoted(name)),
            );
        }
        fits
    }

    /// Tells that there is no such thing.
    pub fn unknown<'n>(&mut self, at: &At<'_>, what: &str, name: &str, known: impl IntoIterator<Item = &'n str>) {
        let near = did_you_mean(name, known);
        self.error(at, format!("there is no {what} {}{near}", quoted(name)));
    }
}

//! What has a value in a definition: inputs, variables, resources, and what a trigger is given. And how values are mapped
//! to the places of a prompt.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::faults::quoted;
use super::keys::{INPUT, Key, RESOURCE, VARIABLE};
use super::names;
use super::reading::{At, Reading};
use super::types::{Types, misfit};
use crate::config::NodeKind;
use crate::domain::Declaration;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Given when a session is made, or a worker is executed.
    Input,
    /// Set by blocks.
    Variable,
    /// Set by blocks, and told to the application.
    Resource,
    /// Given with a trigger.
    Argument,
}

impl Kind {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Variable => "variable",
            Self::Resource => "resource",
            Self::Argument => "input of the trigger",
        }
    }

    const fn keys(self) -> &'static [Key] {
        match self {
            Self::Input | Self::Argument => INPUT,
            Self::Variable => VARIABLE,
            Self::Resource => RESOURCE,
        }
    }
}

/// A value that a definition declares.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What it is.
    pub kind: Kind,
    /// What it must be.
    pub declaration: Declaration,
    /// What stands in a text where it has no value.
    pub otherwise: &'static str,
    /// The values that it may have.
    pub choices: Option<Vec<String>>,
    /// What stands under `type`.
    pub type_name: String,
    /// Whether blocks may not set it.
    pub readonly: bool,
}

/// The values that a place of the definition can name.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// By name.
    pub values: BTreeMap<String, Declared>,
}

impl Scope {
    /// Reads declarations of one kind. What is there already is told, unless it is hidden by arguments.
    pub fn declare<'a>(
        &mut self,
        reading: &mut Reading,
        types: &mut Types<'a>,
        at: &At<'a>,
        kind: Kind,
    ) -> Vec<(String, At<'a>)> {
        let mut names = Vec::new();
        for (name, at) in reading.entries(at) {
            if !names::is_variable(name) {
                reading.error(&at, format!("{} cannot name a value: use UPPER_SNAKE_CASE", quoted(name)));
            }
            let declared = declared(reading, types, &at, kind);
            if let Some(other) = self.values.get(name).filter(|other| other.kind != kind) {
                let message = format!("{} is the name of {} too", quoted(name), with_article(other.kind));
                if kind == Kind::Argument {
                    reading.warning(&at, format!("{message}, which is hidden by this one"));
                } else {
                    reading.error(&at, message);
                }
            }
            self.values.insert(name.to_owned(), declared);
            names.push((name.to_owned(), at));
        }
        names
    }

    /// The declarations of one kind.
    pub fn declarations(&self, kind: Kind) -> BTreeMap<String, Declaration> {
        let of_kind = self.values.iter().filter(|(_, declared)| declared.kind == kind);
        of_kind.map(|(name, declared)| (name.clone(), declared.declaration.clone())).collect()
    }

    /// The names of one kind.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        self.values.iter().filter(|(_, declared)| declared.kind == kind).map(|(name, _)| name.clone()).collect()
    }
}

/// "an input", "a variable".
pub fn with_article(kind: Kind) -> String {
    let article = if matches!(kind, Kind::Input | Kind::Argument) { "an" } else { "a" };
    format!("{article} {}", kind.word())
}

fn declared<'a>(reading: &mut Reading, types: &mut Types<'a>, at: &At<'a>, kind: Kind) -> Declared {
    let fields = reading.fields(at, kind.keys());
    let description = reading.description(&fields).unwrap_or_default();
    let optional = kind.keys().iter().any(|key| key.name == "optional") && reading.flag(&fields, "optional", false);
    let readonly = kind == Kind::Resource && reading.flag(&fields, "readonly", false);
    let written = reading.needed(&fields, "type");
    let type_name = written.as_ref().and_then(At::as_text).unwrap_or_default().to_owned();
    // What has no type is there all the same: that is told once.
    let schema = written.and_then(|written| types.schema(reading, &written));
    let is_known = schema.is_some();
    let mut schema = schema.unwrap_or_default();
    let choices = fields.get("enum").cloned().map(|at| {
        let choices: Vec<_> = reading.texts(&at).into_iter().map(|(text, _)| text).collect();
        if is_known && type_name != "string" {
            reading.error(&at, "`enum` needs `type: string`");
        }
        choices
    });
    if let Some(choices) = choices.as_ref().filter(|choices| is_known && !choices.is_empty()) {
        schema["enum"] = serde_json::json!(choices);
    }
    let default = fields.get("default").map(|at| (at.clone(), at.node.to_value()));
    if let Some((at, value)) = default.as_ref().filter(|_| is_known)
        && let Some(why) = misfit(&schema, value)
    {
        reading.error(at, format!("does not fit the type: {why}"));
    }
    let default = default.map(|(_, value)| value);
    let is_input = matches!(kind, Kind::Input | Kind::Argument);
    let otherwise = if is_input && optional && default.is_none() { "NONE" } else { "" };
    if schema.as_object().is_some_and(serde_json::Map::is_empty) {
        schema = Value::Null;
    }
    let required = is_input && !optional && default.is_none();
    let declaration = Declaration { description, schema, required, default };
    Declared { kind, declaration, otherwise, choices, type_name, readonly }
}

/// A value that a prompt sees under a label.
#[derive(Clone, Debug)]
pub struct Mapped<'a> {
    /// What the prompt calls it.
    pub label: String,
    /// The value.
    pub source: String,
    /// Where it is said.
    pub at: At<'a>,
}

/// Which values something has asked for, by kind and name.
pub type Used = BTreeSet<(Kind, String)>;

/// A value by its name, which counts as used then.
pub fn find<'s>(reading: &mut Reading, scope: &'s Scope, used: &mut Used, at: &At<'_>, name: &str) -> Option<&'s Declared> {
    let Some(declared) = scope.values.get(name) else {
        let known = scope.values.keys().map(String::as_str);
        reading.unknown(at, "input, variable or resource", name, known);
        return None;
    };
    used.insert((declared.kind, name.to_owned()));
    Some(declared)
}

/// The three forms of a mapping: a list of names, a list of `LABEL: NAME`, a table of `LABEL: NAME`.
pub fn mapping<'a>(reading: &mut Reading, scope: &Scope, used: &mut Used, at: &At<'a>) -> Vec<Mapped<'a>> {
    let mut pairs: Vec<(String, At<'a>)> = Vec::new();
    match &at.node.kind {
        NodeKind::Table(_) => pairs.extend(reading.entries(at).into_iter().map(|(label, at)| (label.to_owned(), at))),
        _ => {
            for item in reading.items(at) {
                match &item.node.kind {
                    NodeKind::Table(_) => {
                        pairs.extend(reading.entries(&item).into_iter().map(|(label, at)| (label.to_owned(), at)));
                    }
                    _ => pairs.extend(reading.text(&item).map(|label| (label, item))),
                }
            }
        }
    }
    let mut mapped: Vec<Mapped<'a>> = Vec::new();
    for (label, at) in pairs {
        let Some(source) = reading.text(&at) else { continue };
        if !names::is_variable(&label) {
            reading.error(&at, format!("{} cannot name a value: use UPPER_SNAKE_CASE", quoted(&label)));
        }
        if mapped.iter().any(|other| other.label == label) {
            reading.error(&at, format!("{} is listed twice", quoted(&label)));
            continue;
        }
        find(reading, scope, used, &at, &source);
        mapped.push(Mapped { label, source, at });
    }
    mapped
}

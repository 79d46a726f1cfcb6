//! What is wrong with a definition: where, what, and whether it can be used all the same.

use std::fmt;

use serde::Serialize;

use crate::config::{YamlFault, printable};

/// Most faults that are told; what is beyond is counted.
const MOST: usize = 200;
/// Most characters of a message.
const MESSAGE_CHARACTERS: usize = 600;

/// The file of the settings.
pub const SETTINGS: &str = "settings.json";
/// The file of the protocol.
pub const PROTOCOL: &str = "protocol.yaml";

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The definition cannot be used.
    Error,
    /// It can be used, and probably was meant otherwise.
    Warning,
}

/// What is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// The file, in the folder of the definition.
    pub file: String,
    /// The line, from 1, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The place, such as `handlers.lookup.Look up.tool`; empty = the file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    /// Whether the definition cannot be used.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The file, and the line where it is known.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.clone(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.place())?;
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        if self.severity == Severity::Warning {
            formatter.write_str("warning: ")?;
        }
        formatter.write_str(&self.message)
    }
}

/// All that is wrong so far.
#[derive(Debug, Default)]
pub struct Faults {
    told: Vec<Fault>,
    untold: usize,
    any_error: bool,
}

impl Faults {
    /// Tells one.
    pub fn tell(&mut self, severity: Severity, file: &str, line: Option<usize>, path: &str, message: &str) {
        self.any_error |= severity == Severity::Error;
        let shown: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_CHARACTERS).collect();
        let fault = Fault { severity, file: printable(file), line, path: printable(path), message: shown };
        if self.told.contains(&fault) {
            return;
        }
        if self.told.len() == MOST {
            self.untold += 1;
        } else {
            self.told.push(fault);
        }
    }

    /// Whether one of them is an error.
    pub const fn any_error(&self) -> bool {
        self.any_error
    }

    /// Those of each file together, by line; errors of a line first.
    pub fn into_sorted(mut self) -> Vec<Fault> {
        sort(&mut self.told);
        if self.untold > 0 {
            let severity = if self.any_error { Severity::Error } else { Severity::Warning };
            let message = format!("{} more are not told", self.untold);
            self.told.push(Fault { severity, file: PROTOCOL.to_owned(), line: None, path: String::new(), message });
        }
        self.told
    }
}

/// Puts those of each file together, by line; errors of a line first.
pub fn sort(faults: &mut [Fault]) {
    let rank = |file: &str| match file {
        SETTINGS => 0,
        PROTOCOL => 1,
        _ => 2,
    };
    faults.sort_by(|left, right| {
        let key = |fault: &Fault| (rank(&fault.file), fault.file.clone(), fault.line.unwrap_or(0), fault.severity);
        key(left).cmp(&key(right))
    });
}

/// Why a text is no YAML, without what only programmers can do about it.
pub fn of_yaml(wrong: &YamlFault) -> String {
    let message = wrong.message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ");
    if let Some(key) = message.strip_prefix("duplicate mapping key: ").and_then(|rest| rest.split(',').next()) {
        return format!("{} is there twice", quoted(key));
    }
    message.split(" at line ").next().unwrap_or_default().to_owned()
}

/// A name from a definition as a message shows it.
pub fn quoted(name: &str) -> String {
    format!("`{}`", printable(name))
}

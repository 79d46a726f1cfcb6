//! Words that have their place: names of APIs stay above floor 6, nothing names a machine, and no merge is half done.

use crate::tree::{Finding, Tree};

/// The names of the APIs that are spoken.
const DIALECTS: [&str; 7] = ["agentarea", "agent_tars", "agent-tars", "agenttars", "eliza", "octavus", "tarko"];

/// Below floor 6, these may name an API, and why.
const NAMED: [(&str, &str); 2] = [
    ("src/lib.rs", "the map of the house"),
    ("src/config/env.rs", "the one list of variables, with those that users of other servers have set already"),
];

/// Folders of one machine, in pieces so that this file does not name them.
const MACHINE: [&str; 8] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/work", "/main"),
    concat!("/work", "/shared"),
    concat!("/tmp", "/wt"),
    concat!("/tmp", "/build"),
    concat!("C:\\Us", "ers\\"),
];

/// Names that stand for anybody in examples.
const ANYBODY: [&str; 4] = ["ada", "me", "someone", "user"];

/// Domain, stores, models, tools and engine do not know an API by name: not in code, text or comments.
pub fn no_dialect_is_named_below_its_floor(tree: &Tree) -> Vec<Finding> {
    let above = ["src/dialects/", "src/server.rs", "src/server/"];
    let mut findings = Vec::new();
    for file in tree.below(&["src"]) {
        if above.iter().any(|room| file.path.starts_with(room)) || NAMED.iter().any(|(path, _)| *path == file.path) {
            continue;
        }
        for (line, text) in file.lines() {
            if let Some(name) = DIALECTS.iter().find(|name| names(text, name)) {
                findings.push(file.finding(line, format!("`{name}` is named below floor 6")));
            }
        }
    }
    findings
}

/// Whether a text has a name at the start of a word, or of a part of a word in camel case: so not in "parallelization".
fn names(text: &str, name: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let is_upper = text[at..].starts_with(|first: char| first.is_ascii_uppercase());
        match before {
            Some(before) if before.is_ascii_lowercase() => is_upper,
            Some(before) => !before.is_ascii_alphabetic(),
            None => true,
        }
    })
}

/// What is kept works on every machine.
pub fn no_machine_is_named(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (line, text) in file.lines() {
            let named = MACHINE.iter().find(|folder| {
                text.match_indices(*folder).any(|(at, _)| {
                    let inside = text[..at].ends_with(|before: char| before.is_alphanumeric() || "_-.~$}".contains(before));
                    let rest = &text[at + folder.len()..];
                    let next: String = rest.chars().take_while(|next| next.is_alphanumeric()).collect();
                    !inside && !ANYBODY.contains(&next.as_str())
                })
            });
            if let Some(folder) = named {
                findings.push(file.finding(line, format!("`{folder}` is a folder of one machine")));
            }
        }
    }
    findings
}

/// What a merge leaves where two sides differ: a line of seven signs, or one that begins with them and names a side.
pub fn no_merge_is_left_open(tree: &Tree) -> Vec<Finding> {
    let is_mark = |line: &str| {
        let rest = ['<', '|', '=', '>'].into_iter().find_map(|sign| line.strip_prefix(&sign.to_string().repeat(7)));
        rest.is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with(' ') && !line.starts_with('='))
    };
    let mut findings = Vec::new();
    for file in &tree.files {
        let marked = file.lines().filter(|(_, text)| is_mark(text));
        findings.extend(marked.map(|(line, text)| file.finding(line, format!("`{text}` is left of a merge"))));
    }
    findings
}

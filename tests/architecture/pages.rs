//! The pages for people: what they name is there.

use crate::tree::{Finding, Tree};

/// Folders whose files pages name.
const NAMED: [&str; 7] = [".ci/", "benches/", "commands/", "completions/", "docs/", "src/", "tests/"];

/// Links between pages, and files in backticks, lead somewhere.
pub fn pages_name_what_is_there(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for page in tree.files.iter().filter(|file| file.path.ends_with(".md") && !file.path.starts_with("tests/")) {
        let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (line, text) in page.lines() {
            for link in after(text, "](", ')').filter(|link| !link.contains("://") && !link.starts_with('#')) {
                let target = link.split('#').next().unwrap_or_default();
                if !is_there(tree, &joined(folder, target)) {
                    findings.push(page.finding(line, format!("`{link}` leads nowhere")));
                }
            }
            for path in after(text, "`", '`').filter(|path| NAMED.iter().any(|folder| path.starts_with(folder))) {
                let is_pattern = path.contains(['<', '*', ' ', ':']);
                if !is_pattern && !is_there(tree, path.trim_end_matches('/')) {
                    findings.push(page.finding(line, format!("`{path}` is not there")));
                }
            }
        }
    }
    findings
}

/// The pieces of a line between an opening and a closing mark.
fn after<'a>(text: &'a str, open: &'a str, close: char) -> impl Iterator<Item = &'a str> {
    text.match_indices(open).filter_map(move |(at, _)| {
        let rest = &text[at + open.len()..];
        rest.split_once(close).map(|(inside, _)| inside)
    })
}

/// A file, a folder, or a module without its ending.
fn is_there(tree: &Tree, path: &str) -> bool {
    tree.file(path).is_some() || tree.file(&format!("{path}.rs")).is_some() || tree.below(&[path]).next().is_some()
}

/// A path as seen from a folder.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

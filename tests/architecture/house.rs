//! The house around the code: the top level, the dependencies and their table, the glossary.

use std::path::Path;

use crate::tree::{File, Finding, Tree};

/// What stands at the top level.
const TOP: [&str; 18] = [
    ".ci",
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "clippy.toml",
    "commands",
    "completions",
    "deny.toml",
    "docs",
    "rustfmt.toml",
    "rust-toolchain.toml",
    "src",
    "tests",
];

/// Where all packages come from; anything else in the lock file is a mirror or a fork.
const REGISTRY: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// The table of dependencies is in this section of this file.
const ARCHITECTURE: &str = "docs/architecture.md";
const SECTION: &str = "## Dependencies";

/// A reader who knows one house knows all.
pub fn the_top_level_is_fixed(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut seen = String::new();
    for file in &tree.files {
        let top = file.path.split('/').next().unwrap_or_default();
        if !TOP.contains(&top) && seen != top {
            findings.push(file.finding(1, format!("`{top}` has no place at the top level")));
            top.clone_into(&mut seen);
        }
    }
    findings
}

/// Every direct dependency has a line that says what it is for, and no line is about one that is gone.
pub fn every_dependency_says_what_it_is_for(tree: &Tree) -> Vec<Finding> {
    let Some(manifest) = tree.file("Cargo.toml") else { return Vec::new() };
    let page = tree.file(ARCHITECTURE);
    let table: toml::Table = manifest.text.parse().expect("a readable Cargo.toml");
    let mut names = Vec::new();
    collect_dependencies(&table, &mut names);
    let section = page.into_iter().flat_map(File::lines).skip_while(|(_, text)| *text != SECTION).skip(1);
    let rows: Vec<(usize, &str)> = section
        .take_while(|(_, text)| !text.starts_with("## "))
        .filter_map(|(line, text)| Some((line, text.strip_prefix("| `")?.split_once("` |")?.0)))
        .collect();
    let mut findings = Vec::new();
    for name in names.iter().filter(|name| rows.iter().all(|(_, row)| row != name)) {
        let starts = |text: &str| text.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
        let line = manifest.lines().find(|(_, text)| starts(text)).map_or(1, |(line, _)| line);
        findings.push(manifest.finding(line, format!("`{name}` has no line in the dependencies of {ARCHITECTURE}")));
    }
    for (line, row) in rows.iter().filter(|(_, row)| !names.iter().any(|name| name == row)) {
        findings.extend(page.map(|page| page.finding(*line, format!("`{row}` is no dependency"))));
    }
    findings
}

/// The names in all dependency tables, also in those of a target.
fn collect_dependencies(table: &toml::Table, names: &mut Vec<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if matches!(key.as_str(), "dependencies" | "dev-dependencies" | "build-dependencies") {
            names.extend(inner.keys().cloned());
        } else {
            collect_dependencies(inner, names);
        }
    }
}

/// The lock file names the public registry only.
pub fn packages_come_from_the_public_registry(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.file("Cargo.lock") else { return Vec::new() };
    let strange = lock.lines().filter(|(_, text)| text.starts_with("source = ") && *text != REGISTRY);
    strange.map(|(line, _)| lock.finding(line, "a package from elsewhere than the public registry")).collect()
}

/// Every word of the domain, which has a file of its own there, is explained.
pub fn the_glossary_has_the_words(tree: &Tree) -> Vec<Finding> {
    let glossary = tree.file("docs/glossary.md").map_or("", |file| file.text.as_str()).to_lowercase();
    let has = |word: &str| glossary.lines().any(|line| line.starts_with(&format!("| **{word}** |")));
    let mut findings = Vec::new();
    for file in tree.below(&["src/domain"]) {
        let word = Path::new(&file.path).file_stem().unwrap_or_default().to_string_lossy().replace('_', " ");
        // A folder's door and its tests are no words.
        if word != "mod" && word != "tests" && !has(&word) && !has(word.trim_end_matches('s')) {
            findings.push(file.finding(1, format!("`{word}` is not in docs/glossary.md")));
        }
    }
    findings
}

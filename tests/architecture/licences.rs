//! Every package comes under a licence of the list in `deny.toml`. Works offline, from what cargo tells.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The packages that are not covered, each with its licence.
pub fn uncovered(metadata: &Value, deny: &toml::Table) -> Vec<String> {
    let list = |table: &toml::Value, key: &str| -> Vec<String> {
        let items = table.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let licences = &deny["licenses"];
    let allowed = list(licences, "allow");
    let exceptions = licences.get("exceptions").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let mut uncovered = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap_or_default();
        let mut here = allowed.clone();
        for exception in exceptions.iter().filter(|exception| exception["crate"].as_str() == Some(name)) {
            here.extend(list(exception, "allow"));
        }
        let licence = package["license"].as_str().unwrap_or("none");
        if !Expression::new(licence).covered(&here) {
            uncovered.push(format!("{name}: {licence}"));
        }
    }
    uncovered.sort();
    uncovered
}

/// What cargo knows about the packages that this machine builds.
pub fn metadata(root: &Path) -> Value {
    let about = cargo(root, &["-vV"]);
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).expect("the host in `cargo -vV`");
    let told = cargo(root, &["metadata", "--format-version=1", "--locked", "--offline", "--filter-platform", host]);
    serde_json::from_str(&told).expect("JSON of `cargo metadata`")
}

fn cargo(root: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).current_dir(root).args(arguments).output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text of cargo")
}

/// An SPDX expression: `AND` binds more than `OR`; the old `/` is an `OR`.
struct Expression {
    words: Vec<String>,
    at: usize,
}

impl Expression {
    fn new(text: &str) -> Self {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        Self { words: spaced.split_whitespace().map(str::to_owned).collect(), at: 0 }
    }

    fn covered(&mut self, allowed: &[String]) -> bool {
        self.either(allowed)
    }

    fn next_is(&mut self, word: &str) -> bool {
        let is = self.words.get(self.at).is_some_and(|next| next == word);
        self.at += usize::from(is);
        is
    }

    fn either(&mut self, allowed: &[String]) -> bool {
        let mut covered = self.both(allowed);
        while self.next_is("OR") {
            covered |= self.both(allowed);
        }
        covered
    }

    fn both(&mut self, allowed: &[String]) -> bool {
        let mut covered = self.one(allowed);
        while self.next_is("AND") {
            covered &= self.one(allowed);
        }
        covered
    }

    fn one(&mut self, allowed: &[String]) -> bool {
        if self.next_is("(") {
            let covered = self.either(allowed);
            self.next_is(")");
            return covered;
        }
        let mut name = self.words.get(self.at).cloned().unwrap_or_default();
        self.at += 1;
        if self.next_is("WITH") {
            let exception = self.words.get(self.at).cloned().unwrap_or_default();
            self.at += 1;
            name = format!("{name} WITH {exception}");
        }
        allowed.contains(&name)
    }
}

//! What a project depends on, by its manifests.

use super::pairs::{Pair, pairs};
use super::prose::{self, plural, shown};
use super::question::Question;
use super::reach::FileText;
use super::resolve;

/// Most dependencies that an answer shows.
const MAX_SHOWN: usize = 60;

/// One dependency of a manifest.
struct Dependency {
    name: String,
    version: String,
    /// `dev`, `build`, or empty.
    kind: &'static str,
    line: usize,
}

/// The items of a list of requirements, each as a dependency of its own; other pairs as they are.
fn items(pair: Pair) -> Vec<Pair> {
    let list =
        pair.value.starts_with('[') && (pair.key.ends_with("dependencies") || pair.key.contains("optional-dependencies"));
    if !list {
        return vec![pair];
    }
    let kind = if pair.key.ends_with(".dev") || pair.key.ends_with(".test") { "dev-dependencies" } else { "dependencies" };
    let texts = pair.value.split(['"', '\'']).skip(1).step_by(2);
    let item = |text: &str| {
        let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
        let (name, version) = text.split_at(end);
        Pair { key: format!("{kind}.{name}"), value: version.trim().to_owned(), line: pair.line }
    };
    texts.map(item).collect()
}

/// Puts the keys of each dependency together: `dependencies.tokio.version`, `dependencies.tokio.features`.
fn by_name(pairs: Vec<Pair>) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    for pair in pairs.into_iter().flat_map(items) {
        let low = pair.key.to_lowercase();
        let (at, length) = match low.find("dependencies.") {
            Some(at) => (at, "dependencies.".len()),
            None => (0, 0),
        };
        let before = low.get(..at).unwrap_or_default();
        let kind = if before.ends_with("dev-") || before.ends_with("dev") {
            "dev"
        } else if before.ends_with("build-") {
            "build"
        } else {
            ""
        };
        let rest = pair.key.get(at + length..).unwrap_or_default();
        let (name, field) = if length == 0 {
            (rest, "")
        } else {
            rest.split_once('.')
                .filter(|(_, field)| {
                    matches!(
                        *field,
                        "version"
                            | "features"
                            | "optional"
                            | "default-features"
                            | "path"
                            | "git"
                            | "package"
                            | "workspace"
                            | "branch"
                            | "rev"
                            | "tag"
                    )
                })
                .unwrap_or((rest, ""))
        };
        let version = match field {
            "" if pair.value.starts_with('{') => pair
                .value
                .split_once("version")
                .map_or(pair.value.clone(), |(_, rest)| rest.split('"').nth(1).unwrap_or_default().to_owned()),
            "" | "version" => pair.value.clone(),
            _ => String::new(),
        };
        match found.iter_mut().find(|one| one.name == name && one.kind == kind) {
            Some(one) if one.version.is_empty() => one.version = version,
            Some(_) => {}
            None => found.push(Dependency { name: name.to_owned(), version, kind, line: pair.line }),
        }
    }
    found
}

/// The dependencies that manifests list.
pub(super) fn told(question: &Question, manifests: &[FileText]) -> String {
    let mut lines = Vec::new();
    for file in manifests {
        let found: Vec<Pair> = match prose::base(&file.path).as_str() {
            "requirements.txt" => file
                .lines
                .iter()
                .enumerate()
                .filter(|(_, line)| !line.trim().is_empty() && !line.trim().starts_with(['#', '-']))
                .map(|(at, line)| Pair { key: line.trim().to_owned(), value: String::new(), line: at + 1 })
                .collect(),
            "go.mod" => file
                .lines
                .iter()
                .enumerate()
                .filter_map(|(at, line)| {
                    let line = line.trim().trim_start_matches("require ").trim();
                    let (name, version) = line.split_once(" v")?;
                    Some(Pair { key: name.to_owned(), value: format!("v{version}"), line: at + 1 })
                })
                .collect(),
            "pyproject.toml" => pairs(&file.path, &file.lines)
                .into_iter()
                .filter(|pair| {
                    pair.key.ends_with("dependencies")
                        || pair.key.contains(".dependencies.")
                        || pair.key.contains("optional-dependencies")
                })
                .collect(),
            _ => pairs(&file.path, &file.lines)
                .into_iter()
                .filter(|pair| pair.key.to_lowercase().contains("dependencies."))
                .collect(),
        };
        let found = by_name(found);
        let found: Vec<Dependency> =
            found.into_iter().filter(|one| !question.says_any(&["dev", "development"]) || one.kind == "dev").collect();
        if found.is_empty() {
            continue;
        }
        let words: Vec<String> = question.words.iter().map(|word| word.raw.to_lowercase()).collect();
        let named: Vec<&Dependency> = found.iter().filter(|one| words.contains(&one.name.to_lowercase())).collect();
        let about_one = question.says_any(&["depend on", "depends on", "dependency on", "version"]);
        if named.is_empty() && !about_one {
            lines.push(format!("`{}` lists {}:", file.path, plural(found.len(), "dependency", "dependencies")));
        } else if named.is_empty() {
            lines.push(format!(
                "`{}` lists {}, and none of that name.",
                file.path,
                plural(found.len(), "dependency", "dependencies")
            ));
            continue;
        }
        let shown_ones: Vec<&Dependency> = if named.is_empty() { found.iter().collect() } else { named };
        for one in shown_ones.iter().take(MAX_SHOWN) {
            let kind = if one.kind.is_empty() { String::new() } else { format!(", {}", one.kind) };
            let version = if one.version.is_empty() { String::new() } else { format!(" {}", shown(&one.version)) };
            lines.push(format!("- `{}`{version} (`{}` line {}{kind})", one.name, file.path, one.line));
        }
    }
    if lines.is_empty() {
        let names: Vec<String> = manifests.iter().map(|file| file.path.clone()).collect();
        return format!("I found no dependencies in {}.", resolve::quoted(&names, "and"));
    }
    lines.join("\n")
}

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

/// The dependencies of one manifest.
fn of(file: &FileText) -> Vec<Dependency> {
    let lines = file.lines.iter().enumerate();
    let found: Vec<Pair> = match prose::base(&file.path).as_str() {
        "requirements.txt" => lines
            .filter_map(|(at, line)| {
                let line = line.split(" #").next().unwrap_or_default().trim();
                let end = line.find(['=', '<', '>', '~', '!', ';', '[', ' ', '@']).unwrap_or(line.len());
                let (name, version) = line.split_at(end);
                let is_one = !name.is_empty() && !name.starts_with(['#', '-']);
                is_one.then(|| Pair { key: name.to_owned(), value: version.trim().to_owned(), line: at + 1 })
            })
            .collect(),
        "go.mod" => lines
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
    by_name(found)
}

/// Whether a question names something by one of these words: whole, or as a part of its path, such as `core` of
/// `@harbor/core`.
fn is_named(name: &str, words: &[String]) -> bool {
    let name = name.to_lowercase();
    words.contains(&name) || name.split('/').any(|part| part.len() > 1 && words.iter().any(|word| word == part))
}

fn asked(question: &Question) -> Vec<String> {
    question.words.iter().map(|word| word.raw.to_lowercase()).collect()
}

/// Whether a manifest is one of the language that a question names; it is when none is named.
fn fits_language(question: &Question, path: &str) -> bool {
    const LANGUAGES: [(&[&str], &[&str]); 4] = [
        (&["go", "golang"], &["go.mod"]),
        (&["python", "pip"], &["requirements.txt", "pyproject.toml"]),
        (&["npm", "node", "javascript", "typescript"], &["package.json"]),
        (&["rust", "cargo"], &["cargo.toml"]),
    ];
    let base = prose::base(path).to_lowercase();
    let asked = LANGUAGES.iter().filter(|(words, _)| question.says_any(words));
    let mut files = asked.flat_map(|(_, files)| files.iter()).peekable();
    files.peek().is_none() || files.any(|file| *file == base)
}

/// Whether a question asks for the version of something that it names.
pub(super) fn is_about_one(question: &Question) -> bool {
    question.says_any(&["version of", "which version", "what version"])
        && question.text_given.is_none()
        && question.paths().iter().all(|path| path.starts_with('@'))
        && !question.says_any(&["this", "the project", "we at", "our"])
}

/// The version of a package or a dependency that a question names.
pub(super) fn version(question: &Question, manifests: &[FileText]) -> Option<String> {
    let words = asked(question);
    let mut lines = Vec::new();
    for file in manifests {
        if let Some((name, version)) = package(file).filter(|(name, _)| is_named(name, &words)) {
            lines.push(format!("- `{name}` is at {version} (`{}`)", file.path));
        }
        for one in of(file).iter().filter(|one| is_named(&one.name, &words) && !one.version.is_empty()) {
            lines.push(format!("- `{}` {} (`{}` line {})", one.name, shown(&one.version), file.path, one.line));
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The name and the version that a manifest gives its package.
fn package(file: &FileText) -> Option<(String, String)> {
    let all = pairs(&file.path, &file.lines);
    let value = |key: &str| {
        let found =
            all.iter().find(|pair| [key, &format!("package.{key}"), &format!("project.{key}")].contains(&&*pair.key));
        found.map(|pair| pair.value.trim_matches('"').to_owned())
    };
    Some((value("name")?, value("version").unwrap_or_else(|| "no version".to_owned())))
}

/// The packages that manifests describe.
pub(super) fn packages(manifests: &[FileText]) -> String {
    let line = |file: &FileText| match package(file) {
        Some((name, version)) => format!("- `{name}`, {version} (`{}`)", file.path),
        None => format!("- without a name (`{}`)", file.path),
    };
    let lines: Vec<String> = manifests.iter().map(line).collect();
    format!("I found {}:\n{}", plural(lines.len(), "manifest", "manifests"), lines.join("\n"))
}

/// The dependencies that manifests list.
pub(super) fn told(question: &Question, manifests: &[FileText]) -> String {
    let words = asked(question);
    let manifests: Vec<&FileText> = manifests.iter().filter(|file| fits_language(question, &file.path)).collect();
    // "What does ui depend on" names a package by its folder: all that it lists is asked for.
    let asks_for_all = question.says_any(&["what does", "what do", "dependencies of", "what is used by"]);
    let in_folder = |file: &&FileText| {
        let folders = file.path.to_lowercase();
        asks_for_all
            && folders
                .rsplit_once('/')
                .is_some_and(|(folders, _)| folders.split('/').any(|part| words.iter().any(|w| w == part)))
    };
    let of_folder: Vec<&FileText> = manifests.iter().copied().filter(in_folder).collect();
    let whole = !of_folder.is_empty();
    let manifests = if whole { of_folder } else { manifests };
    let about_one = !whole && question.says_any(&["depend on", "depends on", "dependency on", "version"]);
    let (mut lines, mut without) = (Vec::new(), Vec::new());
    for file in &manifests {
        let found: Vec<Dependency> =
            of(file).into_iter().filter(|one| !question.says_any(&["dev", "development"]) || one.kind == "dev").collect();
        if found.is_empty() {
            continue;
        }
        let named: Vec<&Dependency> = found.iter().filter(|one| !whole && is_named(&one.name, &words)).collect();
        let count = plural(found.len(), "dependency", "dependencies");
        match (named.is_empty(), about_one) {
            (true, true) => {
                without.push(format!("`{}` lists {count}, and none of that name.", file.path));
                continue;
            }
            (true, false) => lines.push(format!("`{}` lists {count}:", file.path)),
            _ => {}
        }
        let shown_ones: Vec<&Dependency> = if named.is_empty() { found.iter().collect() } else { named };
        for one in shown_ones.iter().take(MAX_SHOWN) {
            let kind = if one.kind.is_empty() { String::new() } else { format!(", {}", one.kind) };
            let version = if one.version.is_empty() { String::new() } else { format!(" {}", shown(&one.version)) };
            lines.push(format!("- `{}`{version} (`{}` line {}{kind})", one.name, file.path, one.line));
        }
    }
    let lines = if lines.is_empty() { without } else { lines };
    if lines.is_empty() {
        let names: Vec<String> = manifests.iter().map(|file| file.path.clone()).collect();
        return if names.is_empty() {
            "I found no manifest of that language that lists dependencies.".to_owned()
        } else {
            format!("I found no dependencies in {}.", resolve::quoted(&names, "and"))
        };
    }
    lines.join("\n")
}

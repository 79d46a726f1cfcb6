//! Values by their keys: in a file that is named, in the manifests of the project, in any file.

use serde_json::Value;

use super::prose::{self, plural, shown, stem};
use super::question::Question;
use super::reach::{self, FileText, Search, escaped};
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};
use super::vocabulary::{MANIFESTS, SYNONYMS};

/// Most pairs that are taken from one file.
const MAX_PAIRS: usize = 20_000;
/// Most files of settings that are read for one question.
const MAX_SETTINGS: usize = 8;
/// Most pairs that an answer shows.
const MAX_SHOWN: usize = 60;

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The key with the keys that it lies in, joined by dots.
    pub key: String,
    /// The value, as it is written.
    pub value: String,
    /// The number of its line, from 1.
    pub line: usize,
}

/// The keys and values of a file.
pub(super) fn pairs(path: &str, lines: &[String]) -> Vec<Pair> {
    let mut pairs = match prose::extension(path).as_str() {
        "json" | "jsonc" | "ipynb" | "webmanifest" => json_pairs(lines),
        "yaml" | "yml" => yaml_pairs(lines),
        "toml" | "ini" | "cfg" | "conf" | "properties" | "env" | "lock" => toml_pairs(lines),
        "xml" => xml_pairs(lines),
        _ => loose_pairs(lines),
    };
    pairs.truncate(MAX_PAIRS);
    pairs
}

fn json_pairs(lines: &[String]) -> Vec<Pair> {
    let Ok(value) = serde_json::from_str::<Value>(&lines.join("\n")) else { return loose_pairs(lines) };
    let mut pairs = Vec::new();
    let mut at = 0;
    flatten("", &value, lines, &mut at, &mut pairs);
    pairs
}

/// Walks a document; `at` follows the lines, so that each key gets the line where it stands.
fn flatten(prefix: &str, value: &Value, lines: &[String], at: &mut usize, pairs: &mut Vec<Pair>) {
    if pairs.len() >= MAX_PAIRS {
        return;
    }
    let joined = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let sign = format!("\"{key}\"");
                if let Some(step) =
                    lines.get(*at..).and_then(|rest| rest.iter().take(2_000).position(|line| line.contains(&sign)))
                {
                    *at += step;
                }
                flatten(&joined(key), value, lines, at, pairs);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&joined(&index.to_string()), item, lines, at, pairs);
            }
        }
        Value::String(text) => pairs.push(Pair { key: prefix.to_owned(), value: text.clone(), line: *at + 1 }),
        other => pairs.push(Pair { key: prefix.to_owned(), value: other.to_string(), line: *at + 1 }),
    }
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let bare = if value.starts_with(['"', '\'']) { value } else { value.split(" #").next().unwrap_or(value).trim() };
    for quote in ['"', '\''] {
        if let Some(inner) = bare.strip_prefix(quote).and_then(|rest| rest.split_once(quote)).map(|(inner, _)| inner) {
            return inner.to_owned();
        }
    }
    bare.trim_end_matches(',').to_owned()
}

fn toml_pairs(lines: &[String]) -> Vec<Pair> {
    let mut section = String::new();
    let mut pairs: Vec<Pair> = Vec::new();
    let mut open = false;
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if open {
            if let Some(last) = pairs.last_mut() {
                last.value.push(' ');
                last.value.push_str(trimmed);
            }
            open = !trimmed.ends_with(']') && !trimmed.ends_with("\"\"\"") && !trimmed.starts_with(']');
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if trimmed.starts_with('[') && trimmed.ends_with(']') && !trimmed.contains('=') {
            section = trimmed.trim_matches(['[', ']']).trim().to_owned();
            continue;
        }
        let Some((key, value)) = trimmed.split_once('=').or_else(|| trimmed.split_once(':')) else { continue };
        let key = key.trim().trim_start_matches("export ").trim_matches(['"', '\'']);
        let whole = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        let value = value.trim();
        open = value.starts_with('[') && !value.contains(']') || value == "\"\"\"";
        pairs.push(Pair {
            key: whole,
            value: if value.starts_with(['[', '{']) { value.to_owned() } else { unquoted(value) },
            line: at + 1,
        });
    }
    pairs
}

fn yaml_pairs(lines: &[String]) -> Vec<Pair> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut pairs: Vec<Pair> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') || trimmed == "---" {
            continue;
        }
        let mut indent = line.len() - trimmed.len();
        let item = trimmed.strip_prefix("- ");
        let text = item.map_or(trimmed, |item| {
            indent += 2;
            item.trim_start()
        });
        while path.last().is_some_and(|(depth, _)| *depth >= indent) {
            path.pop();
        }
        let prefix = path.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(".");
        let key_of = |key: &str| {
            let key = key.trim().trim_matches(['"', '\'']);
            if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
        };
        let split = text.split_once(": ").or_else(|| text.strip_suffix(':').map(|key| (key, "")));
        match split {
            Some((key, value)) if !key.starts_with('"') || key.ends_with('"') => {
                let value = unquoted(value);
                if value.is_empty() || value.starts_with(['|', '>', '&']) {
                    path.push((indent, key.trim().trim_matches(['"', '\'']).to_owned()));
                } else {
                    pairs.push(Pair { key: key_of(key), value, line: at + 1 });
                }
            }
            _ if item.is_some() && !prefix.is_empty() => match pairs.last_mut().filter(|last| last.key == prefix) {
                Some(last) => {
                    last.value.push_str(", ");
                    last.value.push_str(&unquoted(text));
                }
                None => pairs.push(Pair { key: prefix, value: unquoted(text), line: at + 1 }),
            },
            _ => {}
        }
    }
    pairs
}

fn xml_pairs(lines: &[String]) -> Vec<Pair> {
    let pair = |(at, line): (usize, &String)| {
        let (tag, rest) = line.trim().strip_prefix('<')?.split_once('>')?;
        let (value, _) = rest.split_once("</")?;
        let key = tag.split(' ').next()?;
        Some(Pair { key: key.to_owned(), value: value.trim().to_owned(), line: at + 1 })
    };
    lines.iter().enumerate().filter_map(pair).collect()
}

/// Lines of the form `key: value` or `key = value` in a text of any kind; the heading above counts to the key.
fn loose_pairs(lines: &[String]) -> Vec<Pair> {
    let mut heading = String::new();
    let mut pairs = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with('#') && trimmed.trim_start_matches('#').starts_with(' ') {
            trimmed.trim_matches(['#', ' ']).clone_into(&mut heading);
            continue;
        }
        let plain = trimmed.trim_start_matches(['-', '*', '+', '|', '>', ' ']).replace("**", "").replace('`', "");
        let cells = trimmed.starts_with('|').then(|| plain.split_once('|')).flatten();
        let split = cells
            .or_else(|| plain.split_once(": "))
            .or_else(|| plain.split_once(" = "))
            .or_else(|| plain.split_once(":= "))
            .or_else(|| plain.split_once('=').filter(|(key, _)| !key.contains(' ')));
        let Some((key, value)) = split else { continue };
        let key = key.trim().trim_end_matches(':');
        let words = key.split_whitespace().count();
        let value = value.trim().trim_end_matches([';', ',', '|']).trim();
        if (1..=6).contains(&words) && !value.is_empty() && key.len() <= 80 && !key.contains(['(', '"', '{']) {
            let whole = if heading.is_empty() { key.to_owned() } else { format!("{heading}.{key}") };
            pairs.push(Pair { key: whole, value: unquoted(value), line: at + 1 });
        }
    }
    pairs
}

/// The words of a question that name a key.
fn key_words(question: &Question, path: Option<&str>) -> Vec<String> {
    let file: Vec<String> = path.map(prose::plain_words).unwrap_or_default();
    const COMMON: [&str; 17] = [
        "value",
        "setting",
        "configured",
        "key",
        "defined",
        "current",
        "package",
        "crate",
        "config",
        "configuration",
        "default",
        "number",
        "field",
        "option",
        "declared",
        "program",
        "app",
    ];
    let words = question
        .words
        .iter()
        .filter(|word| !word.is_path())
        .filter(|word| word.quoted || !super::vocabulary::STOPWORDS.contains(&word.low.as_str()));
    let words =
        words.flat_map(|word| prose::plain_words(if word.quoted || word.raw.contains('.') { &word.raw } else { &word.low }));
    let mut found: Vec<String> = Vec::new();
    for word in words {
        if !COMMON.contains(&word.as_str())
            && (!file.contains(&word) || word.len() > 4 && question.quoted().len() == 1)
            && !found.contains(&word)
        {
            found.push(word);
        }
    }
    found
}

fn means(word: &str, token: &str) -> bool {
    let same = stem(word) == stem(token) || word.len() >= 4 && token.starts_with(word);
    same || SYNONYMS.iter().any(|(name, others)| *name == word && others.iter().any(|other| stem(other) == stem(token)))
}

/// The pairs whose keys fit the words best.
pub(super) fn best(pairs: &[Pair], words: &[String]) -> Vec<Pair> {
    if words.is_empty() {
        return Vec::new();
    }
    let score = |pair: &Pair| {
        let tokens = prose::plain_words(&pair.key);
        let last = prose::plain_words(pair.key.rsplit('.').next().unwrap_or_default());
        let covered = |word: &&String| tokens.iter().any(|token| means(word, token));
        let hits = words.iter().filter(covered).count();
        let generic =
            |word: &&String| matches!(word.as_str(), "version" | "name" | "number" | "url" | "address" | "project");
        let needed = words.iter().filter(|word| !generic(word)).count();
        let special = words.iter().filter(|word| !generic(word)).filter(covered).count();
        let in_last = words.iter().any(|word| last.iter().any(|token| means(word, token)));
        let extra = tokens.len().saturating_sub(hits);
        let main = usize::from(
            ["package.", "project.", "tool.poetry.", "workspace.package."].iter().any(|lead| pair.key.starts_with(lead))
                || !pair.key.contains('.'),
        );
        let rank = if hits == words.len() && in_last {
            3_000
        } else if hits == words.len() {
            2_000
        } else if needed > 0 && special == needed && (in_last || needed > 1) {
            1_000
        } else {
            return None;
        };
        Some(rank + main * 100 + 99_usize.saturating_sub(extra * 5))
    };
    let scored: Vec<(usize, &Pair)> = pairs.iter().filter_map(|pair| score(pair).map(|score| (score, pair))).collect();
    let Some(top) = scored.iter().map(|(score, _)| *score).max() else { return Vec::new() };
    scored.into_iter().filter(|(score, _)| *score == top).map(|(_, pair)| pair.clone()).take(8).collect()
}

fn told(path: &str, pairs: &[Pair]) -> String {
    match pairs {
        [only] => format!("`{}` is {} (`{path}` line {}).", only.key, shown(&only.value), only.line),
        several => several
            .iter()
            .map(|pair| format!("- `{}` is {} (`{path}` line {})", pair.key, shown(&pair.value), pair.line))
            .collect::<Vec<_>>()
            .join("\n"),
    }
}

/// Looks a value up in text that came with the prompt.
pub(super) fn in_given(question: &Question, lines: &[String]) -> Option<String> {
    if !asks(question) {
        return None;
    }
    let first = lines.iter().find(|line| !line.trim().is_empty()).map_or("", |line| line.trim());
    let kind = match first.chars().next() {
        Some('{') => "x.json",
        Some('[') if first.ends_with(']') => "x.toml",
        Some('[') => "x.json",
        _ => "x.txt",
    };
    let words: Vec<String> = key_words(question, None)
        .into_iter()
        .filter(|word| !matches!(word.as_str(), "text" | "json" | "yaml" | "input" | "stdin"))
        .collect();
    let found = best(&pairs(kind, lines), &words);
    (!found.is_empty()).then(|| {
        found
            .iter()
            .map(|pair| format!("`{}` is {} (line {}).", pair.key, shown(&pair.value), pair.line))
            .collect::<Vec<_>>()
            .join("\n")
    })
}

fn asks(question: &Question) -> bool {
    question.begins(&[
        "what", "which", "who", "when", "how much", "how old", "how long", "tell", "give", "show", "get", "find", "extract",
        "print", "is the", "value", "where", "under", "look up", "version", "license", "author", "name", "list", "do",
        "does", "how many",
    ]) || question.words.len() <= 4
}

/// What projects say about themselves in their manifests.
const FACTS: &[&str] = &[
    "version",
    "license",
    "licence",
    "licensed",
    "author",
    "authors",
    "maintainer",
    "maintainers",
    "wrote",
    "maintains",
    "created this",
    "made this",
    "written by",
    "homepage",
    "repository url",
    "edition",
    "name of the project",
    "name of the package",
    "name of this project",
    "project name",
    "package name",
    "crate name",
    "name of the crate",
    "project called",
    "package called",
    "crate called",
    "rust version",
    "msrv",
    "entry point",
    "keywords",
];

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    if !asks(question)
        || question.text_given.is_some()
        || question.begins(&["what does", "what is in", "what do", "how do", "how does", "show me how"])
            && !question.says_any(&["depend", "dependencies"])
    {
        return Ok(None);
    }
    if let Some(name) = question.target() {
        if question.says_any(&["how many", "lines", "what is in", "contents", "summary", "about", "say", "purpose"])
            && !question.says_any(&["dependencies"])
        {
            return Ok(None);
        }
        let words = key_words(question, Some(&name));
        if words.is_empty() || question.begins(&["show", "read", "print", "open"]) && words.len() > 4 {
            return Ok(None);
        }
        let file = resolve::open(turn, &name)?;
        if question.says_any(&["dependencies", "dependency", "depends", "depend"]) {
            return Ok(Some(dependencies(question, std::slice::from_ref(&file))));
        }
        let found = best(&pairs(&file.path, &file.lines), &words);
        return Ok((!found.is_empty()).then(|| told(&file.path, &found) + &file.caveat()));
    }
    let dependencies_asked =
        question.says_any(&["dependencies", "dependency", "depends", "depend", "libraries", "crates", "packages"])
            && !question.says_any(&["where", "defined", "install"]);
    let scripts = question.says_any(&["scripts", "npm scripts"]);
    if question.says_any(FACTS) || dependencies_asked || scripts {
        let manifests = manifests(turn, question)?;
        if !manifests.is_empty() {
            if dependencies_asked {
                return Ok(Some(dependencies(question, &manifests)));
            }
            let mut words: Vec<String> = key_words(question, None)
                .into_iter()
                .map(|word| match word.as_str() {
                    "called" => "name".to_owned(),
                    "licensed" | "licence" => "license".to_owned(),
                    "msrv" => "rust".to_owned(),
                    other => other.to_owned(),
                })
                .collect();
            words.dedup();
            if words.is_empty() {
                words.push("name".to_owned());
            }
            let mut texts = Vec::new();
            for file in manifests.iter().filter(|file| MANIFESTS.contains(&prose::base(&file.path).as_str())) {
                let all = pairs(&file.path, &file.lines);
                let all = if prose::base(&file.path) == "go.mod" { go_pairs(&file.lines) } else { all };
                let found = best(&all, &words);
                if !found.is_empty() {
                    texts.push(told(&file.path, &found));
                }
            }
            if question.says_any(&["license", "licence", "licensed"])
                && let Some(file) = manifests.iter().find(|file| is_license(&file.path))
            {
                let first =
                    file.lines.iter().find(|line| !line.trim().is_empty()).map(|line| shown(line)).unwrap_or_default();
                texts.push(format!("`{}` begins with: {first}", file.path));
            }
            if question.says("version")
                && texts.is_empty()
                && let Some(file) = manifests.iter().find(|file| prose::base(&file.path).starts_with("version"))
            {
                texts.push(format!("`{}` says: {}", file.path, shown(&file.lines.join(" "))));
            }
            if !texts.is_empty() {
                return Ok(Some(texts.join("\n")));
            }
        }
    }
    anywhere(question, turn)
}

fn is_license(path: &str) -> bool {
    let base = prose::base(path);
    base.starts_with("license") || base.starts_with("licence") || base.starts_with("copying")
}

fn go_pairs(lines: &[String]) -> Vec<Pair> {
    let pair = |(at, line): (usize, &String)| {
        let (key, value) = line.trim().split_once(' ')?;
        let key = if key == "module" { "name" } else { key };
        Some(Pair { key: key.to_owned(), value: value.to_owned(), line: at + 1 })
    };
    lines.iter().enumerate().filter_map(pair).collect()
}

/// The manifests of the project, read: at most four, the outermost first; the licence too when it is asked for.
pub(super) fn manifests(turn: &Turn<'_>, question: &Question) -> Result<Vec<FileText>, Stop> {
    let all = resolve::all(turn)?;
    let rank = |path: &str| MANIFESTS.iter().position(|name| *name == prose::base(path));
    let mut found: Vec<(usize, usize, String)> = all
        .files()
        .filter_map(|entry| rank(&entry.path).map(|rank| (entry.path.matches('/').count(), rank, entry.path.clone())))
        .filter(|(depth, _, _)| *depth <= 2)
        .collect();
    found.sort();
    let outermost = found.first().map_or(0, |(depth, _, _)| *depth);
    let mut paths: Vec<String> =
        found.into_iter().filter(|(depth, _, _)| *depth <= outermost.max(1)).map(|(_, _, path)| path).take(4).collect();
    if question.says_any(&["license", "licence", "licensed"]) {
        paths.extend(
            all.files()
                .filter(|entry| is_license(&entry.path) && !entry.path.contains('/'))
                .map(|entry| entry.path.clone())
                .take(2),
        );
    }
    if paths.is_empty() { Ok(Vec::new()) } else { reach::read_several(turn, &paths) }
}

/// The dependencies that manifests list.
fn dependencies(question: &Question, manifests: &[FileText]) -> String {
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
        if found.is_empty() {
            continue;
        }
        let asked: Vec<String> = question.words.iter().map(|word| word.raw.to_lowercase()).collect();
        let named: Vec<&Pair> = found
            .iter()
            .filter(|pair| {
                asked.iter().any(|word| word.len() > 2 && pair.key.to_lowercase().rsplit('.').next() == Some(word.as_str()))
            })
            .collect();
        let shown_pairs: Vec<&Pair> = if named.is_empty() { found.iter().collect() } else { named };
        if shown_pairs.len() == found.len() {
            lines.push(format!("`{}` lists {}:", file.path, plural(found.len(), "dependency", "dependencies")));
        }
        for pair in shown_pairs.iter().take(MAX_SHOWN) {
            let value = if pair.value.is_empty() { String::new() } else { format!(" = {}", shown(&pair.value)) };
            lines.push(format!("- `{}`{value} (`{}` line {})", pair.key, file.path, pair.line));
        }
    }
    if lines.is_empty() {
        let names: Vec<String> = manifests.iter().map(|file| file.path.clone()).collect();
        return format!("I found no dependencies in {}.", resolve::quoted(&names, "and"));
    }
    lines.join("\n")
}

/// Lines of any file that give a value to what the question names: "what is the port", "what is the database url".
fn anywhere(question: &Question, turn: &Turn<'_>) -> Ruling {
    let words = key_words(question, None);
    let asks = question.begins(&[
        "what is",
        "what are",
        "which",
        "who is",
        "when is",
        "what was",
        "tell",
        "value",
        "what port",
        "what",
    ]) && !question.says_any(&[
        "what does",
        "how",
        "difference",
        "purpose",
        "kind of",
        "type of",
        "language",
        "languages",
        "framework",
    ]);
    if !asks || words.is_empty() || words.len() > 3 || !turn.offers("search_files") {
        return Ok(None);
    }
    let forms = |word: &String| {
        let mut forms = vec![escaped(word)];
        forms.extend(
            SYNONYMS
                .iter()
                .filter(|(name, _)| name == word)
                .flat_map(|(_, others)| others.iter().map(|other| escaped(other))),
        );
        if forms.len() == 1 { forms.remove(0) } else { format!("({})", forms.join("|")) }
    };
    let key = words.iter().map(forms).collect::<Vec<_>>().join(r"\w*[ _./-]*");
    let pattern = format!(r#"(^|[^A-Za-z]){key}\w*["'`*)]*\s*(:=|=>|=|:|\|)\s*["'`*]*[\w/$<(+.-]"#);
    let found = reach::search(turn, &Search::pattern(pattern))?;
    let data = |path: &str| {
        !prose::base(path).contains(".lock")
            && !prose::base(path).contains("-lock")
            && !prose::base(path).ends_with(".min.js")
    };
    let mut hits: Vec<_> = found.hits.iter().filter(|hit| data(&hit.path)).collect();
    let config = |path: &str| {
        matches!(
            prose::extension(path).as_str(),
            "toml" | "yaml" | "yml" | "json" | "ini" | "cfg" | "conf" | "env" | "properties" | "md" | "txt" | ""
        )
    };
    hits.sort_by_key(|hit| !config(&hit.path));
    if hits.is_empty() {
        return if words.len() > 1 { in_settings(turn, &words) } else { Ok(None) };
    }
    let lines: Vec<String> =
        hits.iter().take(10).map(|hit| format!("- `{}:{}`: {}", hit.path, hit.line, shown(&hit.text))).collect();
    let more = hits.len().saturating_sub(10);
    let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
    Ok(Some(format!(
        "{} to \"{}\":\n{}{more}",
        if hits.len() == 1 { "I found this line, which gives a value" } else { "I found these lines, which give a value" },
        words.join(" "),
        lines.join("\n")
    )))
}

/// The files of settings, whose keys may lie in one another: "what port does the server use" is `server.port`.
fn in_settings(turn: &Turn<'_>, words: &[String]) -> Ruling {
    if !turn.offers("find_files") {
        return Ok(None);
    }
    let found = reach::find(turn, "*.{toml,yaml,yml,json,ini,cfg,conf,env,properties}")?;
    let lock = |path: &str| prose::base(path).contains("lock");
    let mut paths: Vec<String> = found.files().map(|entry| entry.path.clone()).filter(|path| !lock(path)).collect();
    paths.sort_by_key(|path| (path.matches('/').count(), path.clone()));
    paths.truncate(MAX_SETTINGS);
    if paths.is_empty() {
        return Ok(None);
    }
    let mut texts = Vec::new();
    for file in reach::read_several(turn, &paths)? {
        let fits = |pair: &Pair| {
            let tokens = prose::plain_words(&pair.key);
            words.iter().all(|word| tokens.iter().any(|token| means(word, token)))
        };
        let all: Vec<Pair> = pairs(&file.path, &file.lines).into_iter().filter(fits).collect();
        let best = best(&all, words);
        if !best.is_empty() {
            texts.push(told(&file.path, &best));
        }
    }
    Ok((!texts.is_empty()).then(|| texts.join("\n")))
}

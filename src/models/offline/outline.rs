//! The outline of a file: headings, definitions of the common languages, keys, columns. By lines, not by a parser: what
//! a string or a comment holds may be taken for a definition.

use super::prose;
use super::tables::Table;

/// One entry of an outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// The number of its line, from 1.
    pub line: usize,
    /// What it is, in one word: `heading`, `function`, `class`, `struct`, `key`, …
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// How deep it lies.
    pub depth: usize,
}

/// The outline of a file.
pub(super) fn of(path: &str, lines: &[String]) -> Vec<Item> {
    let extension = prose::extension(path);
    match extension.as_str() {
        "md" | "markdown" | "mdx" => headings(lines),
        "rst" | "txt" | "adoc" | "" if prose::base(path) != "makefile" => {
            let found = headings(lines);
            if found.is_empty() && extension != "txt" { code(lines, "sh") } else { found }
        }
        "csv" | "tsv" => columns(lines),
        "json" => json_keys(lines),
        "toml" | "ini" | "cfg" | "conf" => sections(lines),
        "yaml" | "yml" | "properties" | "env" => top_keys(lines),
        "html" | "htm" => html(lines),
        other => code(lines, if prose::base(path) == "makefile" { "make" } else { other }),
    }
}

fn headings(lines: &[String]) -> Vec<Item> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            fenced = !fenced;
        }
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if !fenced && (1..=6).contains(&level) && line.as_bytes().get(level) == Some(&b' ') {
            let name = line.trim_start_matches('#').trim_end_matches('#').trim().to_owned();
            found.push(Item { line: at + 1, kind: "heading", name, depth: level - 1 });
        }
        let rule = line.len() >= 3 && (line.bytes().all(|byte| byte == b'=') || line.bytes().all(|byte| byte == b'-'));
        if !fenced
            && rule
            && at > 0
            && let Some(above) = lines.get(at - 1)
            && !above.trim().is_empty()
            && !above.starts_with(['#', '-', '|', ' '])
            && (at < 2 || lines.get(at - 2).is_some_and(|line| line.trim().is_empty()))
        {
            found.push(Item {
                line: at,
                kind: "heading",
                name: above.trim().to_owned(),
                depth: usize::from(line.starts_with('-')),
            });
        }
    }
    found
}

fn columns(lines: &[String]) -> Vec<Item> {
    let table = Table::read(lines);
    table.columns.into_iter().map(|name| Item { line: 1, kind: "column", name, depth: 0 }).collect()
}

fn json_keys(lines: &[String]) -> Vec<Item> {
    let text = lines.join("\n");
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str::<serde_json::Value>(&text) else { return Vec::new() };
    let line_of = |key: &str| lines.iter().position(|line| line.contains(&format!("\"{key}\""))).map_or(1, |at| at + 1);
    map.keys().take(1_000).map(|key| Item { line: line_of(key), kind: "key", name: key.clone(), depth: 0 }).collect()
}

fn sections(lines: &[String]) -> Vec<Item> {
    let mut found = Vec::new();
    let mut inside = false;
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with('[') && trimmed.ends_with(']') {
            inside = true;
            found.push(Item { line: at + 1, kind: "section", name: trimmed.trim_matches(['[', ']']).to_owned(), depth: 0 });
        } else if !inside
            && !trimmed.starts_with(['#', ';'])
            && !line.starts_with(' ')
            && let Some((key, _)) = trimmed.split_once('=')
        {
            found.push(Item { line: at + 1, kind: "key", name: key.trim().to_owned(), depth: 0 });
        }
    }
    found
}

fn top_keys(lines: &[String]) -> Vec<Item> {
    let key = |(at, line): (usize, &String)| {
        if line.starts_with([' ', '#', '-', '\t', '!']) {
            return None;
        }
        let (key, behind) = line.split_once([':', '='])?;
        let value_follows = behind.is_empty() || behind.starts_with(' ') || line.contains('=');
        (value_follows && !key.trim().is_empty()).then(|| Item {
            line: at + 1,
            kind: "key",
            name: key.trim().trim_matches('"').to_owned(),
            depth: 0,
        })
    };
    lines.iter().enumerate().filter_map(key).collect()
}

fn html(lines: &[String]) -> Vec<Item> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let low = line.to_ascii_lowercase();
        for tag in ["title", "h1", "h2", "h3", "h4", "h5", "h6"] {
            let Some(start) = low.find(&format!("<{tag}")) else { continue };
            let Some(open) = low.get(start..).and_then(|rest| rest.find('>')) else { continue };
            let text = line.get(start + open + 1..).unwrap_or_default();
            let text = text.split('<').next().unwrap_or_default().trim();
            if !text.is_empty() {
                found.push(Item { line: at + 1, kind: "heading", name: text.to_owned(), depth: 0 });
            }
        }
    }
    found
}

/// Words that may stand before a definition.
const MODIFIERS: &[&str] = &[
    "pub",
    "export",
    "default",
    "async",
    "unsafe",
    "public",
    "private",
    "protected",
    "static",
    "final",
    "abstract",
    "declare",
    "override",
    "internal",
    "sealed",
    "partial",
    "open",
    "data",
    "inline",
    "virtual",
    "local",
    "suspend",
    "extern",
    "\"C\"",
    "readonly",
    "mutating",
    "fileprivate",
    "lazy",
    "synchronized",
    "native",
    "typedef",
];

/// Words that define something, and what.
const KEYWORDS: &[(&str, &str, &[&str])] = &[
    ("fn", "function", &["rs", "zig"]),
    ("struct", "struct", &["rs", "go", "c", "h", "cpp", "hpp", "cc", "cs", "swift", "jl"]),
    ("enum", "enum", &["rs", "ts", "tsx", "java", "c", "h", "cpp", "hpp", "cc", "cs", "swift", "kt", "php"]),
    ("union", "union", &["rs", "c", "h"]),
    ("trait", "trait", &["rs", "php", "scala"]),
    ("mod", "module", &["rs"]),
    ("impl", "impl", &["rs"]),
    ("macro_rules!", "macro", &["rs"]),
    ("type", "type", &["rs", "go", "ts", "tsx", "scala", "hs"]),
    ("def", "function", &["py", "rb", "scala", "groovy", "gradle", "ex", "exs", "cr"]),
    ("defp", "function", &["ex", "exs"]),
    ("defmodule", "module", &["ex", "exs"]),
    (
        "class",
        "class",
        &[
            "py", "js", "mjs", "cjs", "jsx", "ts", "tsx", "java", "kt", "rb", "php", "cs", "cpp", "hpp", "cc", "swift",
            "scala", "dart", "vue", "svelte",
        ],
    ),
    ("interface", "interface", &["ts", "tsx", "java", "kt", "php", "cs", "go"]),
    ("record", "record", &["java", "cs"]),
    ("object", "object", &["kt", "scala"]),
    ("protocol", "protocol", &["swift"]),
    ("module", "module", &["rb", "hs", "jl"]),
    ("namespace", "namespace", &["ts", "cs", "cpp", "hpp", "php", "cc"]),
    (
        "function",
        "function",
        &["js", "mjs", "cjs", "jsx", "ts", "tsx", "php", "lua", "sh", "bash", "zsh", "jl", "r", "vue", "svelte"],
    ),
    ("function*", "function", &["js", "mjs", "ts"]),
    ("func", "function", &["go", "swift"]),
    ("fun", "function", &["kt", "kts"]),
    ("sub", "function", &["pl", "pm"]),
];

/// Words before a parenthesis that are no function.
const CONTROL: &[&str] = &[
    "if", "for", "while", "switch", "catch", "return", "else", "function", "elif", "match", "with", "do", "new", "throw",
    "await", "assert", "sizeof", "using", "lock", "super", "foreach", "until", "unless", "case", "and", "or", "not", "in",
    "print",
];

fn code(lines: &[String], extension: &str) -> Vec<Item> {
    let mut found = Vec::new();
    let mut comment = false;
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if comment {
            comment = !trimmed.contains("*/");
            continue;
        }
        if trimmed.starts_with("/*") {
            comment = !trimmed.contains("*/");
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if trimmed.is_empty()
            || trimmed.starts_with("//")
            || trimmed.starts_with('#') && extension != "c"
            || trimmed.starts_with('*')
            || trimmed.len() > 2_000
        {
            continue;
        }
        if let Some((kind, name)) = definition(trimmed, extension, indent) {
            let kind = if kind == "function"
                && indent > 0
                && matches!(extension, "py" | "rb" | "java" | "kt" | "cs" | "php" | "ts" | "js" | "swift" | "scala" | "dart")
            {
                "method"
            } else {
                kind
            };
            found.push(Item { line: at + 1, kind, name, depth: indent / 2 });
        }
    }
    let least = found.iter().map(|item| item.depth).filter(|depth| *depth > 0).min().unwrap_or(1);
    for item in &mut found {
        item.depth = item.depth.div_ceil(least);
    }
    found
}

fn definition(line: &str, extension: &str, indent: usize) -> Option<(&'static str, String)> {
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.peek() {
        let modifier = MODIFIERS.contains(word)
            || word.starts_with("pub(")
            || word.starts_with('@') && matches!(extension, "java" | "kt" | "ts")
            || extension == "rs" && *word == "const" && line.contains(" fn ");
        if !modifier {
            break;
        }
        words.next();
    }
    let first = words.next()?;
    let rest = words.next().unwrap_or_default();
    let bare = first.split(['<', '(']).next().unwrap_or(first);
    if let Some((_, kind, _)) = KEYWORDS.iter().find(|(keyword, _, endings)| {
        (*keyword == first || *keyword == "impl" && bare == "impl") && endings.contains(&extension)
    }) {
        if *kind == "impl" {
            return Some((kind, line.trim_end_matches('{').trim().trim_start_matches("impl").trim().to_owned()));
        }
        if first == "func" && rest.starts_with('(') {
            let behind = line.split_once(')')?.1.trim();
            return Some(("function", identifier(behind)?));
        }
        return Some((kind, identifier(rest)?));
    }
    match extension {
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "tsx" | "vue" | "svelte" => {
            let bound = matches!(first, "const" | "let" | "var")
                && (line.contains("=>") || line.contains("= function") || line.contains("= async function"));
            if bound {
                return Some(("function", identifier(rest)?));
            }
            let method = indent > 0
                && line.ends_with('{')
                && line.contains('(')
                && !line.contains('=')
                && !CONTROL.contains(&bare)
                && first.contains('(')
                && !first.starts_with(['(', '.', '}'])
                && !first.contains('.');
            method.then(|| identifier(first).map(|name| ("method", name))).flatten()
        }
        "java" | "cs" | "c" | "h" | "cpp" | "hpp" | "cc" | "dart" => {
            let before = line.split('(').next()?;
            let head: Vec<&str> = before.split_whitespace().collect();
            let name = head.last()?.trim_start_matches(['*', '&']);
            let named = head.len() >= 2
                && line.contains('(')
                && !before.contains(['=', '.', '"'])
                && !CONTROL.contains(head.first()?)
                && (line.ends_with('{') || line.ends_with(')'))
                && (indent == 0 || !matches!(extension, "c" | "h"));
            named
                .then(|| {
                    identifier(name.rsplit("::").next()?).map(|name| (if indent > 0 { "method" } else { "function" }, name))
                })
                .flatten()
        }
        "sh" | "bash" | "zsh" | "" => {
            let name = first
                .strip_suffix("()")
                .or_else(|| first.strip_suffix("(){"))
                .or_else(|| (rest == "()").then_some(first))?;
            Some(("function", identifier(name)?))
        }
        "make" => {
            let (target, _) = line
                .split_once(':')
                .filter(|(target, behind)| indent == 0 && !target.contains(['=', '$', '.']) && !behind.starts_with('='))?;
            Some(("target", target.trim().to_owned()))
        }
        "sql" => {
            let low = line.to_lowercase();
            let kind = ["table", "view", "function", "index", "trigger"]
                .into_iter()
                .find(|kind| low.starts_with("create") && low.split_whitespace().any(|word| word == *kind))?;
            let behind = low.find(kind).and_then(|at| line.get(at + kind.len()..))?;
            let name =
                behind.split_whitespace().find(|word| !matches!(word.to_lowercase().as_str(), "if" | "not" | "exists"))?;
            Some((kind, name.split('(').next()?.trim_matches(['"', '`', ';']).to_owned()))
        }
        "css" | "scss" => {
            (indent == 0 && line.ends_with('{')).then(|| ("rule", line.trim_end_matches('{').trim().to_owned()))
        }
        "r" => line.split_once("<- function").map(|(name, _)| ("function", name.trim().to_owned())),
        _ => None,
    }
}

/// The name at the beginning of a text.
fn identifier(text: &str) -> Option<String> {
    let name: String = text
        .trim_start_matches(['*', '&', '"'])
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | ':' | '?' | '!'))
        .collect();
    let name = name.trim_end_matches([':', '.', '?', '!']).to_owned();
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

//! Searching: where something is defined, used or mentioned; TODOs.

use super::prose::{plural, shown};
use super::question::Question;
use super::reach::{self, Hit, Hits, Search, escaped};
use super::rules::Ruling;
use super::turn::Turn;
use super::vocabulary::STOPWORDS;

/// Most lines that an answer shows.
const MAX_SHOWN: usize = 40;

/// Words that tell what kind of search it is, and not what is searched for.
const VERBS: &[&str] = &[
    "defined",
    "define",
    "defines",
    "definition",
    "definitions",
    "declared",
    "declare",
    "declaration",
    "implemented",
    "implement",
    "implementation",
    "implements",
    "used",
    "use",
    "uses",
    "usage",
    "usages",
    "called",
    "call",
    "calls",
    "mentioned",
    "mention",
    "mentions",
    "referenced",
    "reference",
    "references",
    "contain",
    "contains",
    "containing",
    "search",
    "grep",
    "find",
    "look",
    "lines",
    "line",
    "occurrences",
    "occurrence",
    "word",
    "words",
    "string",
    "text",
    "phrase",
    "everywhere",
    "function",
    "functions",
    "struct",
    "class",
    "method",
    "variable",
    "constant",
    "type",
    "trait",
    "enum",
    "symbol",
    "identifier",
    "mentioning",
    "matching",
    "match",
    "matches",
    "term",
    "pattern",
    "regex",
    "says",
    "located",
    "come",
    "comes",
    "where",
    "which",
    "codebase",
    "code",
    "instances",
    "places",
    "referring",
    "refer",
    "talk",
    "talks",
    "include",
    "includes",
    "including",
    "appear",
    "appears",
    "places",
    "hits",
    "them",
    "set",
    "list",
    "stand",
    "stands",
    "occur",
    "occurs",
    "workspace",
];

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    let says = |phrases: &[&str]| question.says_any(phrases);
    if says(&["todo", "todos", "fixme", "fixmes", "to-dos", "to-do"])
        && !says(&["how many", "count", "number of"])
        && !question.paths().iter().any(|path| path.to_lowercase().contains("todo"))
    {
        let place = question.target();
        let search = Search { path: place.as_deref(), ..Search::pattern(r"\b(TODO|FIXME|XXX|HACK)\b") };
        let found = reach::search(turn, &search)?;
        return Ok(Some(if found.hits.is_empty() {
            format!("I found no TODO, FIXME, XXX or HACK{}.", partial(&found))
        } else {
            format!(
                "{} with TODO, FIXME, XXX or HACK:{}",
                plural(found.hits.len(), "line", "lines"),
                list(&found, MAX_SHOWN)
            )
        }));
    }
    if question.text_given.is_some() {
        return Ok(None);
    }
    let defined = says(&[
        "defined",
        "definition",
        "declared",
        "declaration",
        "implemented",
        "implementation",
        "define",
        "defines",
        "declare",
        "implements",
        "defines",
    ]) && (says(&["where", "which", "find", "show", "locate", "what file", "in which", "who"])
        || question.quoted().len() == 1);
    let used = (says(&["used", "called", "referenced", "usages", "usage", "references"])
        && says(&["where", "which files", "which file", "find", "show", "who", "list"])
        || says(&["uses", "calls", "imports", "import", "use", "call"])
            && says(&[
                "where",
                "which files",
                "which file",
                "what files",
                "who",
                "what uses",
                "what calls",
                "what imports",
            ])
        || says(&["usages of", "callers of", "references to", "uses of"]))
        && !says(&["used for", "how do"]);
    let mentioned = says(&[
        "mentioned",
        "mention",
        "mentions",
        "contain",
        "contains",
        "containing",
        "mentioning",
        "talk about",
        "talks about",
        "refer to",
        "refers to",
        "include",
        "includes",
        "appear",
        "appears",
        "occur",
        "occurs",
        "say",
        "says",
    ]) && says(&[
        "where",
        "which",
        "what files",
        "what file",
        "find",
        "files",
        "list",
        "show me",
        "any file",
        "anywhere",
        "does any",
        "lines",
    ]) && !says(&["what does it", "how many"]);
    let plain = question.begins(&[
        "grep",
        "search",
        "find",
        "look for",
        "locate",
        "where is",
        "where are",
        "where do",
        "where does",
        "where can",
        "search for",
    ]);
    let about_file = question.paths().len() == 1
        && !question.quoted().iter().any(|text| !question.paths().iter().any(|path| path == text))
        && !defined
        && !used;
    let only_file = about_file && subject(question).is_empty();
    if !(defined || used || mentioned || plain) || only_file {
        return Ok(None);
    }
    let files = says(&["files", "file"])
        && says(&["named", "called", "with the name", "ending", "extension", "largest", "biggest", "smallest"]);
    if files && plain && !mentioned {
        return Ok(None);
    }
    let wanted = subject(question);
    if wanted.is_empty() {
        return Ok(None);
    }
    let folder =
        question.folder().filter(|folder| *folder != wanted && (folder.contains('/') || says(&["folder", "directory"])));
    let file = question.paths().into_iter().find(|path| *path != wanted && !wanted.contains(path.as_str()));
    if let Some(name) = file.as_ref().filter(|_| !defined) {
        return in_file(turn, name, &wanted);
    }
    let place = file.or(folder);
    let one = !wanted.contains(' ');
    if (defined
        || plain
            && !used
            && !mentioned
            && one
            && says(&["where is", "where are", "function", "struct", "class", "method", "trait", "enum"])
            && looks_like_name(&wanted, question))
        && one
    {
        let name = wanted.trim_end_matches("()").to_owned();
        let found = reach::search(turn, &Search { path: place.as_deref(), ..Search::pattern(definition_pattern(&name)) })?;
        if !found.hits.is_empty() {
            return Ok(Some(format!("`{name}` is defined here, going by the form of the lines:{}", list(&found, 20))));
        }
        let mentions = reach::search(turn, &Search { path: place.as_deref(), ..Search::literal(name.clone()) })?;
        return Ok(Some(if mentions.hits.is_empty() {
            format!("I found neither a definition nor any mention of `{name}` in the workspace{}.", partial(&mentions))
        } else {
            format!("I found no line that looks like a definition of `{name}`, but these mention it:{}", list(&mentions, 20))
        }));
    }
    let found = reach::search(turn, &Search { path: place.as_deref(), ..Search::literal(wanted.trim_end_matches("()")) })?;
    if found.hits.is_empty()
        && question.quoted().is_empty()
        && (!one || plain && !mentioned && !used)
        && !question.begins(&["grep"])
    {
        // Perhaps the words stand apart: let the lookup rank lines.
        return Ok(None);
    }
    let mut paths: Vec<&str> = found.hits.iter().map(|hit| hit.path.as_str()).collect();
    paths.dedup();
    if paths.is_empty() {
        return Ok(Some(format!(
            "I found no line with \"{wanted}\" in {}{}.",
            place.map_or("the workspace".to_owned(), |place| format!("`{place}`")),
            partial(&found)
        )));
    }
    if says(&["files", "which file", "what file"]) {
        let named: Vec<String> = paths
            .iter()
            .take(50)
            .map(|path| {
                format!(
                    "- `{path}` ({})",
                    plural(found.hits.iter().filter(|hit| hit.path == *path).count(), "line", "lines")
                )
            })
            .collect();
        let lines = if found.hits.len() <= 10 { format!("\n\nThe lines:{}", list(&found, 10)) } else { partial(&found) };
        return Ok(Some(format!(
            "{} with \"{wanted}\":\n{}{lines}",
            plural(paths.len(), "file", "files"),
            named.join("\n")
        )));
    }
    Ok(Some(format!(
        "I found {} with \"{wanted}\" in {}:{}",
        plural(found.hits.len(), "line", "lines"),
        plural(paths.len(), "file", "files"),
        list(&found, MAX_SHOWN)
    )))
}

/// The lines of one file that hold a text.
fn in_file(turn: &Turn<'_>, name: &str, wanted: &str) -> Ruling {
    let file = super::resolve::open(turn, name)?;
    let low = wanted.to_lowercase();
    let hit = |(at, line): (usize, &String)| {
        line.to_lowercase().contains(&low).then(|| Hit { path: file.path.clone(), line: at + 1, text: line.clone() })
    };
    let hits: Vec<Hit> = file.lines.iter().enumerate().filter_map(hit).collect();
    if hits.is_empty() {
        let said = format!("I found no line with \"{wanted}\" in `{}`.{}", file.path, file.caveat());
        return Ok((!wanted.contains(' ')).then_some(said));
    }
    let count = plural(hits.len(), "line", "lines");
    let lines = list(&Hits { hits, cut: None }, MAX_SHOWN);
    Ok(Some(format!("I found {count} with \"{wanted}\" in `{}`:{lines}{}", file.path, file.caveat())))
}

/// The pattern of lines that define a name in the common languages.
pub(super) fn definition_pattern(name: &str) -> String {
    let name = escaped(name);
    format!(
        r"(\b(fn|struct|enum|trait|union|mod|type|const|static|class|def|defp|defmodule|function|func|fun|interface|object|protocol|module|namespace|record|sub|let|var|val|macro_rules!|#define|create table|create view)\s+(mut\s+)?(\([^)]*\)\s*)?(\w+(\.|::))?{name}\b|^\s*{name}\s*(:=|=|\(\)\s*\{{)|^\s*([\w<>\[\],*&]+\s+)+\*?{name}\s*\([^;]*$)"
    )
}

/// Whether a word is more likely the name of something in code than a word of prose.
fn looks_like_name(word: &str, question: &Question) -> bool {
    let capital = word.starts_with(char::is_uppercase) && question.words.first().is_some_and(|first| first.raw != word);
    let inner = capital || word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    inner
        || word.contains(['_', ':'])
        || word.ends_with("()")
        || !question.quoted().is_empty()
        || question.says_any(&["function", "struct", "class", "method", "trait", "enum", "variable", "constant", "symbol"])
}

/// What is searched for: a quoted text, or what is left when the words of the question are taken away.
pub(super) fn subject(question: &Question) -> String {
    if let Some(text) = question.quoted().first() {
        return (*text).to_owned();
    }
    let regex =
        question.words.iter().find(|word| word.raw.len() > 2 && word.raw.starts_with('/') && word.raw.ends_with('/'));
    if let Some(word) = regex {
        return word.raw.trim_matches('/').to_owned();
    }
    let folder = question.folder();
    let mut rest: Vec<&str> = Vec::new();
    for word in &question.words {
        let stop = STOPWORDS.contains(&word.low.as_str()) || VERBS.contains(&word.low.as_str());
        let code = word.raw.contains('_') || word.raw.chars().skip(1).any(char::is_uppercase);
        if (!stop || code)
            && !word.is_path()
            && Some(&word.raw)
                != folder
                    .as_ref()
                    .filter(|_| question.words.len() > 3 && question.says_any(&["in", "under", "folder", "directory"]))
        {
            rest.push(&word.raw);
        } else if !rest.is_empty() && stop && !matches!(word.low.as_str(), "of" | "the" | "for" | "and") {
            // "find timeout in the docs": what stands behind belongs to the place.
            if matches!(word.low.as_str(), "in" | "inside" | "within" | "under") {
                break;
            }
        }
    }
    rest.truncate(6);
    rest.join(" ")
}

fn partial(found: &Hits) -> String {
    found.cut.as_ref().map(|cut| format!("\n\nThis is partial; the tool said: {cut}")).unwrap_or_default()
}

/// Lines that were found, as an answer lists them.
pub(super) fn list(found: &Hits, most: usize) -> String {
    let lines: Vec<String> =
        found.hits.iter().take(most).map(|hit| format!("- `{}:{}`: {}", hit.path, hit.line, shown(&hit.text))).collect();
    let more = found.hits.len().saturating_sub(most);
    let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
    format!("\n{}{more}{}", lines.join("\n"), partial(found))
}

//! Counting in files: lines, words, characters, definitions, occurrences.

use super::occurrences;
use super::outline;
use super::prose::plural;
use super::question::Question;
use super::reach::{self, FileText, Search};
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};
use super::vocabulary::{LANGUAGES, NOT_CODE};

/// Most files whose lines are counted together.
const MAX_FILES: usize = 40;

/// Words that ask for what is in a line.
pub(super) const CONTAINING: &[&str] = &[
    "contain",
    "contains",
    "containing",
    "mention",
    "mentions",
    "mentioning",
    "mentioned",
    "with the word",
    "with the text",
    "match",
    "matching",
    "include",
    "includes",
    "use",
    "uses",
    "refer to",
    "import",
    "imports",
    "reference",
];

/// Most names that an answer lists.
const MAX_NAMES: usize = 150;

/// Kinds of an outline by the words that ask for them.
const KINDS: &[(&[&str], &[&str])] = &[
    (&["functions", "function", "procedures", "subroutines", "fns"], &["function", "method"]),
    (&["tests", "test functions", "test cases"], &["function", "method"]),
    (&["methods", "method"], &["method", "function"]),
    (&["classes", "class"], &["class"]),
    (&["structs", "struct", "structures"], &["struct"]),
    (&["enums", "enum"], &["enum"]),
    (&["traits", "trait"], &["trait"]),
    (&["interfaces", "interface"], &["interface"]),
    (&["types"], &["type", "struct", "enum", "class", "interface"]),
    (&["headings", "heading", "headers", "headlines", "chapters", "titles"], &["heading"]),
    (&["sections", "section"], &["section", "heading"]),
    (&["keys", "key", "settings", "fields"], &["key", "section"]),
    (&["columns", "column"], &["column"]),
    (&["modules", "module"], &["module"]),
    (&["tables"], &["table"]),
    (&["targets", "target"], &["target"]),
];

/// The kinds of an outline that a question names, with the word for them.
pub(super) fn kinds(question: &Question) -> Option<(&'static str, &'static [&'static str])> {
    KINDS.iter().find_map(|(words, kinds)| words.iter().find(|word| question.says(word)).map(|_| (words[0], *kinds)))
}

/// What is counted in a text.
const UNITS: &[(&[&str], &str, &str)] = &[
    (&["empty lines", "blank lines"], "empty line", "empty lines"),
    (&["lines", "line", "loc"], "line", "lines"),
    (&["words", "word"], "word", "words"),
    (&["characters", "chars", "letters", "character"], "character", "characters"),
    (&["paragraphs"], "paragraph", "paragraphs"),
    (&["sentences"], "sentence", "sentences"),
];

/// The counts that a question asks for in a text; `None` when it asks for none.
pub(super) fn of_text(question: &Question, lines: &[String]) -> Option<String> {
    let mut parts = Vec::new();
    for (words, one, many) in UNITS {
        if !question.says_any(words) || *one == "line" && question.says_any(&["empty lines", "blank lines"]) {
            continue;
        }
        let text = lines.join("\n");
        let count = match *one {
            "line" => lines.len(),
            "empty line" => lines.iter().filter(|line| line.trim().is_empty()).count(),
            "word" => text.split_whitespace().count(),
            "character" => text.chars().count(),
            "paragraph" => super::prose::paragraphs(lines).len(),
            _ => text
                .match_indices(['.', '!', '?'])
                .filter(|(at, _)| {
                    text.get(at + 1..).is_none_or(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
                })
                .count(),
        };
        parts.push(plural(count, one, many));
    }
    (!parts.is_empty()).then(|| joined(&parts))
}

fn joined(parts: &[String]) -> String {
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    let again = question.says_any(&["what about", "how about"]) && question.says_any(&["lines", "words", "characters"]);
    let counts = again
        || question.says_any(&[
            "how many",
            "how often",
            "how frequently",
            "number of",
            "count",
            "total number",
            "line count",
            "word count",
            "how long is",
            "how big is",
            "how large is",
            "size of",
            "how much",
        ]);
    if !counts {
        return Ok(None);
    }
    if question.says_any(&["how big is", "how large is", "size of", "bytes", "how much"])
        && let Some(name) = question.target()
    {
        return size(turn, &name).map(Some);
    }
    if let Some(text) = occurrences::logged(question, turn)? {
        return Ok(Some(text));
    }
    if let Some(text) = occurrences::answer(question, turn)? {
        return Ok(Some(text));
    }
    if question.says_any(&["tests", "test cases", "unit tests", "test functions"])
        && question.target().is_none()
        && !question.says_any(&["files", "file"])
    {
        return tests(turn).map(Some);
    }
    if question.says_any(&["files", "folders", "directories"])
        && question.paths().is_empty()
        && !question.says_any(&["lines", "words", "characters"])
    {
        return Ok(None);
    }
    let many = question.paths();
    let Some(name) = question.target() else {
        return over_files(question, turn, false);
    };
    let names = if many.len() > 1 { many } else { vec![name] };
    let mut texts = Vec::new();
    let mut pending = false;
    for name in names.iter().take(6) {
        match resolve::open(turn, name) {
            Ok(file) => match of_file(question, &file) {
                Some(text) => texts.push(text),
                None => return Ok(None),
            },
            Err(Stop::Pending) => pending = true,
            Err(Stop::Say(why) | Stop::Failed(why)) => texts.push(why),
        }
    }
    if pending { Err(Stop::Pending) } else { Ok(Some(texts.join("\n"))) }
}

fn of_file(question: &Question, file: &FileText) -> Option<String> {
    let extension = super::prose::extension(&file.path);
    if matches!(extension.as_str(), "csv" | "tsv") && question.says_any(&["rows", "records", "entries", "row"]) {
        return None;
    }
    if let Some((word, kinds)) = kinds(question) {
        let items = of_kinds(word, kinds, file);
        let public = |item: &outline::Item| {
            let line = file.lines.get(item.line - 1).map_or("", |line| line.trim_start());
            ["pub ", "export ", "public "].iter().any(|word| line.starts_with(word))
        };
        let only_public = question.says_any(&["public", "exported", "pub"]);
        let items: Vec<outline::Item> = items.into_iter().filter(|item| !only_public || public(item)).collect();
        let names: Vec<String> =
            items.iter().take(60).map(|item| format!("- `{}` (line {})", item.name, item.line)).collect();
        let list = if names.is_empty() { String::new() } else { format!(":\n{}", names.join("\n")) };
        let singular =
            word.strip_suffix("es").filter(|_| word == "classes").or_else(|| word.strip_suffix('s')).unwrap_or(word);
        return Some(format!(
            "`{}` has {}, going by its lines{list}{}",
            file.path,
            plural(items.len(), singular, word),
            file.caveat()
        ));
    }
    if question.says_any(&["how long is", "line count"]) && of_text(question, &file.lines).is_none() {
        return Some(format!("`{}` has {}.{}", file.path, lines_of(file), file.caveat()));
    }
    if !file.complete
        && question.says_any(&["lines", "line"])
        && file.total.is_some()
        && !question.says_any(&["words", "characters", "empty lines", "blank lines"])
    {
        return Some(format!("`{}` has {}.", file.path, lines_of(file)));
    }
    let text = of_text(question, &file.lines)?;
    let least = if file.complete { "" } else { "at least " };
    Some(format!("`{}` has {least}{text}.{}", file.path, file.caveat()))
}

/// The entries of a file's outline that are of these kinds; tests are functions that are marked or named as such.
pub(super) fn of_kinds(word: &str, kinds: &[&str], file: &FileText) -> Vec<outline::Item> {
    let is_test = |item: &outline::Item| {
        let before = item.line.checked_sub(2).and_then(|at| file.lines.get(at)).map_or("", |line| line.trim());
        before.starts_with("#[") && before.contains("test")
            || before.starts_with("@Test")
            || item.name.to_lowercase().starts_with("test")
    };
    let items = outline::of(&file.path, &file.lines).into_iter();
    items.filter(|item| kinds.contains(&item.kind) && (word != "tests" || is_test(item))).collect()
}

fn lines_of(file: &FileText) -> String {
    match file.total {
        Some(total) => plural(total, "line", "lines"),
        None => format!("at least {}", plural(file.lines.len(), "line", "lines")),
    }
}

fn size(turn: &Turn<'_>, name: &str) -> Result<String, Stop> {
    let all = resolve::all(turn)?;
    let files: Vec<&str> = all.files().map(|entry| entry.path.as_str()).collect();
    let found = resolve::candidates(&files, name);
    let sizes: Vec<String> = found
        .iter()
        .filter_map(|path| {
            all.files()
                .find(|entry| entry.path == *path)
                .and_then(|entry| entry.bytes)
                .map(|bytes| format!("`{path}` is {bytes} bytes large."))
        })
        .collect();
    Ok(if sizes.is_empty() {
        format!("I found no size of a file `{name}` in the workspace.{}", all.caveat())
    } else {
        sizes.join("\n")
    })
}

pub(super) fn tests(turn: &Turn<'_>) -> Result<String, Stop> {
    let pattern = r"^\s*(#\[(\w+::)?test(\(.*\))?\]|(async )?def test_|@Test\b|func Test[A-Z_]|(it|test)\()";
    let found = reach::search(turn, &Search::pattern(pattern))?;
    let mut per_file: Vec<(String, usize)> = Vec::new();
    for hit in &found.hits {
        match per_file.last_mut() {
            Some((path, count)) if *path == hit.path => *count += 1,
            _ => per_file.push((hit.path.clone(), 1)),
        }
    }
    if per_file.is_empty() {
        return Ok(
            "I found no line that looks like a test (`#[test]`, `def test_…`, `@Test`, `func Test…`, `it(…)`, `test(…)`)."
                .to_owned(),
        );
    }
    let lines: Vec<String> = per_file.iter().take(40).map(|(path, count)| format!("- `{path}`: {count}")).collect();
    let least = if found.cut.is_some() { "at least " } else { "" };
    Ok(format!("I found {least}{} that look like tests:\n{}", plural(found.hits.len(), "line", "lines"), lines.join("\n")))
}

/// Counts or lists over all files of a kind or a folder: "how many lines of Rust code are there", "list all functions".
pub(super) fn over_files(question: &Question, turn: &Turn<'_>, lists: bool) -> Ruling {
    let kinds = kinds(question);
    let units = question.says_any(&["lines", "words", "loc", "characters"]);
    if kinds.is_none() && !units || question.text_given.is_some() {
        return Ok(None);
    }
    if !lists && let Some(path) = resolve::by_words(turn, question)? {
        return Ok(of_file(question, &resolve::open(turn, &path)?));
    }
    let all = match question.folder() {
        Some(folder) => match reach::list(turn, &folder, true) {
            Err(Stop::Failed(why)) => return Err(Stop::Say(format!("I could not list `{folder}`: {why}"))),
            other => other?,
        },
        None => resolve::all(turn)?,
    };
    let language = LANGUAGES.iter().find(|(_, name)| question.says(&name.to_lowercase())).map(|(_, name)| *name);
    let code_only = question.says_any(&["code", "loc"]) || kinds.is_some();
    let of_language =
        |path: &str| LANGUAGES.iter().find(|(ending, _)| *ending == super::prose::extension(path)).map(|(_, name)| *name);
    let files: Vec<String> = all
        .files()
        .filter(|entry| match (language, of_language(&entry.path)) {
            (Some(wanted), found) => found == Some(wanted),
            (None, Some(found)) => {
                !code_only
                    || !NOT_CODE.contains(&found)
                    || kinds.is_some_and(|(_, kinds)| kinds.contains(&"heading")) && found == "Markdown"
            }
            (None, None) => false,
        })
        .map(|entry| entry.path.clone())
        .collect();
    if files.is_empty() {
        return Ok(Some(format!("I found no file to count in.{}", all.caveat())));
    }
    let taken = files.get(..files.len().min(MAX_FILES)).unwrap_or_default();
    let read = reach::read_several(turn, taken)?;
    let mut total = 0;
    let mut partial = read.len() < files.len() || all.cut.is_some();
    let mut lines = Vec::new();
    let mut names = Vec::new();
    let unit = match kinds {
        Some((word, _)) => word,
        None if question.says("words") => "words",
        None if question.says("characters") => "characters",
        None => "lines",
    };
    for file in &read {
        let count = match kinds {
            Some((_, kinds)) => {
                partial |= !file.complete;
                let mut items = outline::of(&file.path, &file.lines);
                items.retain(|item| kinds.contains(&item.kind));
                let name = |item: &outline::Item| format!("- {} `{}` (`{}:{}`)", item.kind, item.name, file.path, item.line);
                names.extend(items.iter().map(name));
                items.len()
            }
            None if unit == "words" => {
                partial |= !file.complete;
                file.lines.iter().map(|line| line.split_whitespace().count()).sum()
            }
            None if unit == "characters" => {
                partial |= !file.complete;
                file.lines.join("\n").chars().count()
            }
            None => {
                partial |= file.total.is_none();
                file.total.unwrap_or(file.lines.len())
            }
        };
        total += count;
        if count > 0 {
            lines.push(format!("- `{}`: {count}", file.path));
        }
    }
    let least = if partial { "at least " } else { "" };
    let note = if read.len() < files.len() {
        format!("\n\nThis is partial: I looked into {} of {} files.", read.len(), files.len())
    } else {
        String::new()
    };
    let going = if kinds.is_some() { ", going by its lines" } else { "" };
    if lists {
        let more = names.len().saturating_sub(MAX_NAMES);
        names.truncate(MAX_NAMES);
        let more = if more > 0 { format!("\n… and {more} more.") } else { String::new() };
        let files = plural(read.len(), "file", "files");
        let unit = if total == 1 { kinds.and_then(|(_, kinds)| kinds.first()).copied().unwrap_or(unit) } else { unit };
        return Ok(Some(format!("I found {least}{total} {unit} in {files}{going}:\n{}{more}{note}", names.join("\n"))));
    }
    Ok(Some(format!(
        "I counted {least}{total} {unit} in {}{going}:\n{}{note}",
        plural(read.len(), "file", "files"),
        lines.join("\n")
    )))
}

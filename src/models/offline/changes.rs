//! Changes that were asked for in so many words: writing, appending, replacing, running a command.
//!
//! Only the prompt can ask for a change; text of a file never does. The answer repeats what the tool said.

use serde_json::{Value, json};

use super::question::{Question, Word};
use super::reach;
use super::rules::Ruling;
use super::turn::{Stop, Turn};

/// How far into a prompt the last place of a word is looked for, in bytes: what is longer is content.
const MAX_LOOKED: usize = 4_000;

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    if question.begins(&["run", "execute", "exec"]) {
        return run(question, turn);
    }
    if question.begins(&["replace", "change", "substitute", "swap", "edit", "update", "modify", "set", "bump"]) {
        return replace(question, turn);
    }
    if question.begins(&["rename", "move", "copy"]) {
        return Ok(Some(match replaced_name(question) {
            Some((old, new, path)) => edit(turn, &path, &old, &new)?,
            None => without_tool(turn, "move, copy or rename files", &moving(question)),
        }));
    }
    if question.begins(&["delete", "remove", "erase"]) {
        return remove(question, turn);
    }
    if question.begins(&["append", "add", "insert"]) {
        return append(question, turn);
    }
    if question.begins(&["create", "write", "make", "save", "put", "generate", "touch", "new file", "store"]) {
        return write(question, turn);
    }
    Ok(None)
}

/// The command that would move or copy what a question names.
fn moving(question: &Question) -> String {
    let verb = if question.begins(&["copy"]) { "cp" } else { "mv" };
    match question.paths().as_slice() {
        [from, to] => format!("{verb} {from} {to}"),
        _ => format!("{verb} old.txt new.txt"),
    }
}

fn without_tool(turn: &Turn<'_>, what: &str, example: &str) -> String {
    let way = if turn.offers("run_command") {
        format!(" Ask me to run the command instead, for example \"run `{example}`\".")
    } else {
        " The tool to run commands is not offered to me here either.".to_owned()
    };
    format!("I have no tool to {what}.{way}")
}

fn run(question: &Question, turn: &Turn<'_>) -> Ruling {
    let quoted = question.quoted();
    let command = match quoted.first() {
        Some(command) => (*command).to_owned(),
        None => {
            let rest = behind(
                &question.text,
                &["run the command", "run command", "execute the command", "execute command", "run", "execute", "exec"],
            );
            let rest = rest.trim_start_matches(':').trim().trim_end_matches(['.', '?', '!']).trim().to_owned();
            let first = rest.split_whitespace().next().unwrap_or_default().to_lowercase();
            let vague =
                ["the", "a", "an", "my", "this", "all", "it", "tests", "your", "some", "that", "unit", "these", "again", ""];
            if vague.contains(&first.as_str()) {
                return Ok(Some("Tell me the exact command, for example: run `make test`.".to_owned()));
            }
            rest
        }
    };
    let name = turn.argument("run_command", &["command", "cmd"]).unwrap_or("command");
    let value = if turn.is_type("run_command", name, "array") { json!(["sh", "-c", command]) } else { json!(command) };
    let returned = turn.call("run_command", vec![(name, value)])?;
    Ok(Some(if returned.failed && returned.text.contains("was not called") {
        format!("The command `{command}` was not run: {}", returned.text.trim())
    } else if returned.failed {
        format!("The command `{command}` did not run to its end: {}", returned.text.trim())
    } else {
        format!("`{command}` gave:\n\n{}", returned.text.trim_end())
    }))
}

/// The text behind the first of these phrases, case ignored.
fn behind<'a>(text: &'a str, phrases: &[&str]) -> &'a str {
    let low = text.to_ascii_lowercase();
    let found = phrases.iter().find_map(|phrase| low.find(phrase).map(|at| at + phrase.len()));
    found.and_then(|at| text.get(at..)).unwrap_or(text)
}

/// Where one of these phrases stands in a text, outside of quotes, and its length; the first in the text.
fn marker(text: &str, phrases: &[&str]) -> Option<(usize, usize)> {
    let low = text.to_ascii_lowercase();
    let mut quote: Option<char> = None;
    for (at, c) in text.char_indices() {
        let spaced = at == 0 || low.get(..at).is_some_and(|before| before.ends_with([' ', '\n', '"', '`', '\'']));
        if matches!(c, '"' | '`') {
            quote = match quote {
                Some(open) if open == c => None,
                None => Some(c),
                other => other,
            };
        }
        if quote.is_none()
            && spaced
            && let Some(phrase) = phrases.iter().find(|phrase| low.get(at..).is_some_and(|rest| whole(rest, phrase)))
        {
            return Some((at, phrase.len()));
        }
    }
    None
}

/// Where the file is named that something is put to: the last such place, unless the first comes at once behind the
/// verb ("write to a.txt: go to Ines").
fn place(text: &str, phrases: &[&str]) -> Option<(usize, usize)> {
    let first = marker(text, phrases)?;
    let head = text.get(..first.0).unwrap_or_default();
    if head.split_whitespace().count() <= 1 {
        return Some(first);
    }
    let named = |(at, length): &(usize, usize)| text.get(at + length..).and_then(file_in).is_some();
    last_marker(text, phrases).filter(named).or(Some(first))
}

/// Whether a text begins with a phrase, and the phrase ends there as a word: "to" does not begin "tomorrow".
fn whole(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase).is_some_and(|behind| !behind.starts_with(char::is_alphanumeric))
}

/// What somebody wrote as a content: without its quotes or its fence; `\n` in quotes is a line break.
fn content(text: &str) -> String {
    let text = text.trim_start_matches([':', ' ']).trim_start_matches('\n');
    if let Some(fenced) = text.trim().strip_prefix("```") {
        let inner = fenced.split_once("```").map_or(fenced, |(inner, _)| inner);
        return inner.split_once('\n').map_or(inner, |(_, body)| body).to_owned();
    }
    let trimmed = text.trim();
    for (open, close) in [('"', '"'), ('`', '`'), ('\'', '\''), ('“', '”')] {
        let inner = trimmed.trim_end_matches(['.', '!']).strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        if let Some(inner) = inner.filter(|inner| !inner.contains(open)) {
            return inner.replace("\\n", "\n").replace("\\t", "\t");
        }
    }
    trimmed.to_owned()
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// The file that a change is about: the last word that looks like one before the content.
fn file_in(text: &str) -> Option<String> {
    let question = Question::read(text, None);
    let named = |pair: &[Word]| {
        matches!(pair[0].low.as_str(), "file" | "called" | "named")
            && !matches!(pair[1].low.as_str(), "called" | "named" | "with" | "that" | "containing" | "in")
    };
    question
        .paths()
        .into_iter()
        .next()
        .or_else(|| question.words.windows(2).rev().find(|pair| named(pair)).map(|pair| pair[1].raw.clone()))
}

/// Whether a failed call failed because nobody allowed it or for another reason; either way what the tool said.
fn told(turn: &Turn<'_>, tool: &'static str, arguments: Vec<(&'static str, Value)>, path: &str) -> Result<String, Stop> {
    let returned = turn.call(tool, arguments)?;
    let said = returned.text.trim();
    Ok(if returned.failed {
        format!("`{path}` was not changed. The tool `{tool}` said: {said}")
    } else {
        format!("Done. The tool `{tool}` said: {said}")
    })
}

fn write_file(turn: &Turn<'_>, path: &str, content: &str) -> Result<String, Stop> {
    let name = turn.argument("write_file", &["content", "text", "contents"]).unwrap_or("content");
    told(turn, "write_file", vec![("path", json!(path)), (name, json!(content))], path)
}

fn edit(turn: &Turn<'_>, path: &str, old: &str, new: &str) -> Result<String, Stop> {
    edit_file(turn, path, old, new, true)
}

fn edit_file(turn: &Turn<'_>, path: &str, old: &str, new: &str, all: bool) -> Result<String, Stop> {
    let before = turn.argument("edit_file", &["old_text", "old_string", "old", "search"]).unwrap_or("old_text");
    let after = turn.argument("edit_file", &["new_text", "new_string", "new", "replace"]).unwrap_or("new_text");
    let mut arguments = vec![("path", json!(path)), (before, json!(old)), (after, json!(new))];
    if let Some(name) = turn.argument("edit_file", &["replace_all"]).filter(|_| all) {
        arguments.push((name, json!(true)));
    }
    told(turn, "edit_file", arguments, path)
}

const CONTENT_MARKS: &[&str] = &[
    "with the following content",
    "with the following text",
    "with the content",
    "with content",
    "with contents",
    "with the contents",
    "with the text",
    "with text",
    "with the words",
    "with the word",
    "with the lines",
    "with the line",
    "containing the text",
    "containing the line",
    "containing the word",
    "containing",
    "that contains",
    "that says",
    "which says",
    "saying",
    "whose content is",
    "and write",
    "and put",
    "with",
];

fn write(question: &Question, turn: &Turn<'_>) -> Ruling {
    let text = question.text.as_str();
    let about_file = !question.paths().is_empty()
        || question.says_any(&["file", "called", "named"])
        || question.focus.is_some() && question.says_any(&["it"]);
    if question.says_any(&["folder", "directory"]) && question.paths().iter().all(|path| !path.contains('.')) {
        return Ok(Some(without_tool(
            turn,
            "make an empty folder; a folder is made with the first file in it",
            "mkdir docs",
        )));
    }
    if !about_file {
        return Ok(None);
    }
    // "Write CONTENT to FILE".
    let to_file = place(
        text,
        &[
            "to the file",
            "into the file",
            "in the file",
            "to a file",
            "into a file",
            "in a file",
            "to a new file",
            "into a new file",
            "into",
            "to",
            "in",
            "as",
        ],
    );
    if !question.begins(&["create", "make", "touch", "generate", "new file"])
        && let Some((at, length)) = to_file
        && let Some(path) = text.get(at + length..).and_then(file_in)
        && let Some(first) =
            text.get(..at).and_then(|head| head.find(char::is_whitespace).map(|space| head.get(space..).unwrap_or_default()))
        && !first.trim().is_empty()
        && file_in(first).is_none_or(|in_content| first.contains('"') && in_content != path)
    {
        let words = first.trim();
        let stripped = ["the following text", "the text", "the line", "the words", "the word", "the content", "a line"]
            .iter()
            .find_map(|lead| words.strip_prefix(lead))
            .unwrap_or(words);
        let rest = text.get(at + length..).unwrap_or_default();
        let following = rest.split_once(":\n").or_else(|| rest.split_once(": ")).map(|(_, body)| body);
        let written = if stripped.trim().is_empty() { following.map(content) } else { Some(content(stripped)) };
        let Some(written) = written else {
            return Ok(Some(format!("Tell me what to write to `{path}`, for example: write \"hello\" to {path}.")));
        };
        return write_file(turn, &path, &ended(&written)).map(Some);
    }
    let mark = marker(text, CONTENT_MARKS);
    let (head, body) = match mark {
        Some((at, length)) => (text.get(..at).unwrap_or_default(), text.get(at + length..).map(str::to_owned)),
        None => match text.split_once(":\n").or_else(|| text.split_once(": ")).or_else(|| text.split_once('\n')) {
            Some((head, body)) => (head, Some(body.to_owned())),
            None => (text, None),
        },
    };
    let Some(path) = file_in(head).or_else(|| body.as_deref().and_then(|_| question.paths().into_iter().next())) else {
        return Ok(Some(
            "Tell me the name of the file, for example: create notes.txt with the content \"hello\".".to_owned(),
        ));
    };
    let empty = question.says_any(&["empty", "touch", "blank"]);
    match (body, &question.text_given, empty) {
        (Some(body), _, false) => write_file(turn, &path, &ended(&content(&body))).map(Some),
        (_, Some(given), false) => write_file(turn, &path, given).map(Some),
        (_, _, true) => write_file(turn, &path, "").map(Some),
        _ => Ok(Some(format!(
            "Tell me what to write to `{path}`, for example: create {path} with the content \"hello\". I do not make up content: I am a rule-based model."
        ))),
    }
}

fn append(question: &Question, turn: &Turn<'_>) -> Ruling {
    let text = question.text.as_str();
    let marks = [
        "to the end of the file",
        "to the end of",
        "at the end of the file",
        "at the end of",
        "to the bottom of",
        "at the bottom of",
        "to the file",
        "into the file",
        "to",
        "into",
        "in",
    ];
    let Some((at, length)) = place(text, &marks) else { return Ok(None) };
    let Some(path) = text
        .get(at + length..)
        .and_then(file_in)
        .or_else(|| question.focus.clone().filter(|_| question.says_any(&["it", "that file", "the file", "this file"])))
    else {
        return Ok(None);
    };
    let head = text.get(..at).unwrap_or_default();
    let head = head.split_once(char::is_whitespace).map_or("", |(_, rest)| rest).trim();
    let leads = [
        "the following line",
        "the following text",
        "the line",
        "a line saying",
        "a line with",
        "a line",
        "a new line",
        "the text",
        "the words",
        "the word",
        "text",
        "line",
    ];
    let head = leads.iter().find_map(|lead| head.strip_prefix(lead)).unwrap_or(head).trim();
    let rest = text.get(at + length..).unwrap_or_default();
    let added = if head.is_empty() {
        rest.split_once(": ").or_else(|| rest.split_once(":\n")).map(|(_, body)| content(body))
    } else {
        Some(content(head))
    };
    let Some(added) = added.or_else(|| question.text_given.clone()).filter(|added| !added.is_empty()) else {
        return Ok(Some(format!("Tell me what to add, for example: append \"hello\" to {path}.")));
    };
    let added = ended(&added);
    let file = match reach::read(turn, &path, 1, None) {
        Ok(file) => file,
        Err(Stop::Failed(why)) if why.contains("does not exist") || why.contains("not found") || why.contains("No such") => {
            return write_file(turn, &path, &added).map(Some);
        }
        Err(Stop::Failed(why)) => return Ok(Some(format!("I could not read `{path}`, so I changed nothing: {why}"))),
        Err(stop) => return Err(stop),
    };
    if file.lines.is_empty() {
        return write_file(turn, &path, &added).map(Some);
    }
    let file = if file.complete { file } else { reach::read_all(turn, &path)? };
    if !file.complete {
        return Ok(Some(format!(
            "`{path}` is too long for me to add to: I could read only {} lines. I changed nothing.",
            file.lines.len()
        )));
    }
    // The fewest lines at the end that stand in the file only once.
    let newline = if file.newline { "\n" } else { "" };
    let whole = file.lines.join("\n") + newline;
    let tail = (1..=file.lines.len())
        .map(|count| file.lines.get(file.lines.len() - count..).unwrap_or_default().join("\n") + newline)
        .find(|tail| !tail.trim().is_empty() && whole.matches(tail.as_str()).count() == 1);
    let Some(tail) = tail else { return write_file(turn, &path, &(whole + &added)).map(Some) };
    let joint = if tail.ends_with('\n') { "" } else { "\n" };
    edit_file(turn, &path, &tail, &format!("{tail}{joint}{added}"), false).map(Some)
}

/// Old text, new text and file of "replace A with B in FILE".
fn replaced_name(question: &Question) -> Option<(String, String, String)> {
    let text = question.text.as_str();
    let (first, verb_length) = (text.find(char::is_whitespace)?, 0_usize);
    let body = text.get(first + verb_length..)?.trim();
    let (file_at, file_length) = last_marker(body, &["in the file", "in file", "inside", "in", "within", "of"])?;
    let tail = body.get(file_at + file_length..)?;
    let path = file_in(tail).or_else(|| {
        question
            .focus
            .clone()
            .filter(|_| matches!(tail.trim().trim_end_matches('.'), "it" | "that file" | "the file" | "this file"))
    })?;
    let body = body.get(..file_at)?.trim();
    let (at, length) = marker(body, &["with", "by", "to", "into", "for", "->", "→"])?;
    let old = body.get(..at)?.trim();
    let old = [
        "all occurrences of",
        "every occurrence of",
        "the occurrences of",
        "all",
        "every",
        "each",
        "the word",
        "the text",
        "the line",
        "the string",
        "word",
    ]
    .iter()
    .find_map(|lead| old.strip_prefix(lead).filter(|rest| rest.starts_with(' ')))
    .unwrap_or(old);
    let (old, new) = (content(old), content(body.get(at + length..)?));
    (!old.is_empty()).then_some((old, new, path))
}

/// The last place where one of these words stands outside of quotes.
fn last_marker(text: &str, phrases: &[&str]) -> Option<(usize, usize)> {
    let mut found = None;
    let mut from = 0;
    let text = text.get(..text.floor_char_boundary(MAX_LOOKED)).unwrap_or(text);
    while let Some((at, length)) = text.get(from..).and_then(|rest| marker(rest, phrases)) {
        let behind = text.get(from + at + length..).unwrap_or_default();
        if behind.starts_with(' ') {
            found = Some((from + at, length));
        }
        from += at + length;
        // A quote that is open here would turn the rest round.
        if text
            .get(..from)
            .is_some_and(|before| before.matches('"').count() % 2 == 1 || before.matches('`').count() % 2 == 1)
        {
            break;
        }
    }
    found
}

fn replace(question: &Question, turn: &Turn<'_>) -> Ruling {
    if let Some((old, new, path)) = replaced_name(question) {
        return edit(turn, &path, &old, &new).map(Some);
    }
    // "In FILE replace A with B" says the file first; without a file there is nothing to do.
    Ok(question.begins(&["replace", "substitute", "swap"]).then(|| {
        "Tell me what to replace, by what and in which file, for example: replace \"foo\" with \"bar\" in notes.txt."
            .to_owned()
    }))
}

fn remove(question: &Question, turn: &Turn<'_>) -> Ruling {
    let text = question.text.as_str();
    let body = text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest).trim();
    if let Some((at, length)) = last_marker(body, &["from the file", "from", "in", "out of"])
        && let Some(path) = body.get(at + length..).and_then(file_in)
    {
        let old = body.get(..at).unwrap_or_default().trim();
        let line = ["the line", "line"].iter().any(|lead| old.starts_with(lead));
        let old = ["the line", "line", "the text", "the word", "the words", "all occurrences of", "the sentence"]
            .iter()
            .find_map(|lead| old.strip_prefix(lead))
            .unwrap_or(old);
        let old = content(old);
        if !old.is_empty() {
            let old = if line { format!("{old}\n") } else { old };
            return edit(turn, &path, &old, "").map(Some);
        }
    }
    let example = question.paths().first().map_or("rm old.txt".to_owned(), |path| format!("rm {path}"));
    Ok(Some(without_tool(turn, "delete files", &example)))
}

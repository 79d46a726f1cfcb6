//! Showing files: whole, or some of their lines.

use super::question::Question;
use super::reach::{self, FileText};
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};
use super::words::ordinal;

/// Most lines that an answer shows when no range was asked for.
const MAX_SHOWN: usize = 200;
/// Most lines of a range.
const MAX_RANGE: usize = 2_000;

/// Largest number of a line.
const MAX_LINE: usize = 1_000_000_000;

/// Which lines are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    First(usize),
    Last(usize),
    /// From this line to that one, from 1.
    Between(usize, usize),
}

/// Some lines of a file.
pub(super) fn ranges(question: &Question, turn: &Turn<'_>) -> Ruling {
    if question.text_given.is_some() && question.paths().is_empty() {
        return Ok(None);
    }
    if question.says_any(&["longest line", "shortest line"])
        && let Some(name) = question.target()
    {
        let file = resolve::open(turn, &name)?;
        return Ok(extreme(question, &file.lines).map(|text| format!("`{}`: {text}{}", file.path, file.caveat())));
    }
    match (question.target(), lines(question)) {
        (Some(name), Some(lines)) if !question.says_any(&["how many", "replace", "delete"]) => {
            range(turn, &name, lines).map(Some)
        }
        _ => Ok(None),
    }
}

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    let Some(name) = question.target() else { return Ok(None) };
    if question.begins(&["is"]) && question.says("empty") && question.words.len() <= 6 {
        let file = resolve::open(turn, &name)?;
        return Ok(Some(match (file.lines.is_empty(), file.total) {
            (true, _) => format!("Yes, `{}` is empty.", file.path),
            (false, Some(total)) => format!("No: `{}` has {}.", file.path, super::prose::plural(total, "line", "lines")),
            (false, None) => format!("No, `{}` is not empty.", file.path),
        }));
    }
    let shows = question.begins(&[
        "show", "read", "print", "open", "cat", "display", "view", "give", "see", "get", "output", "type", "list", "load",
        "look at", "less", "more",
    ]) || question.says_any(&[
        "what is in",
        "what is inside",
        "contents of",
        "content of",
        "what is written",
        "what does it contain",
        "full text",
        "whole text",
    ]) || question.says_any(&["what does", "what do"])
        && question.says_any(&["say", "contain", "contains", "look like"])
        && !question.says_any(&["about"])
        || question.words.len() <= 2 && question.paths().len() == 1;
    let shows = shows || holds(question);
    let about = question.says_any(&["about", "section", "chapter", "part", "value", "setting"]);
    if !shows || about {
        return Ok(None);
    }
    let names = question.paths();
    if names.len() > 1 {
        let mut texts = Vec::new();
        let mut pending = false;
        for name in names.iter().take(4) {
            match resolve::open(turn, name) {
                Ok(file) => texts.push(shown(&file)),
                Err(Stop::Pending) => pending = true,
                Err(Stop::Say(why) | Stop::Failed(why)) => texts.push(why),
            }
        }
        return if pending { Err(Stop::Pending) } else { Ok(Some(texts.join("\n\n"))) };
    }
    Ok(Some(shown(&resolve::open(turn, &name)?)))
}

/// Whether a question asks what a file holds, and nothing more: "tell me what notes.txt contains".
fn holds(question: &Question) -> bool {
    let asks = question.says_any(&["contain", "contains", "holds", "includes", "says", "say", "read"]);
    let only = ["contain", "contains", "holds", "includes", "content", "contents", "read", "show"];
    let rest = question.significant().into_iter().filter(|word| !only.contains(&word.as_str()));
    asks && rest.filter(|word| !question.paths().iter().any(|path| path.to_lowercase() == *word)).count() == 0
}

/// The longest and the shortest line of a text.
pub(super) fn extreme(question: &Question, lines: &[String]) -> Option<String> {
    let length = |line: &String| line.chars().count();
    let (word, at) = if question.says("longest line") {
        ("longest", (0..lines.len()).max_by_key(|at| (lines.get(*at).map_or(0, length), lines.len() - at)))
    } else if question.says("shortest line") {
        ("shortest", (0..lines.len()).min_by_key(|at| (lines.get(*at).map_or(0, length), *at)))
    } else {
        return None;
    };
    let line = lines.get(at?)?;
    Some(format!(
        "The {word} line is line {} with {}:\n\n{line}",
        at? + 1,
        super::prose::plural(length(line), "character", "characters")
    ))
}

/// A file as an answer shows it.
pub(super) fn shown(file: &FileText) -> String {
    let note = file.note.as_deref().map(|note| format!("{note}\n\n")).unwrap_or_default();
    if file.lines.is_empty() {
        return format!("{note}`{}` is empty.", file.path);
    }
    let count = match file.total {
        Some(total) => super::prose::plural(total, "line", "lines"),
        None => "more lines than I read".to_owned(),
    };
    if file.lines.len() <= MAX_SHOWN && file.complete {
        return format!("{note}`{}` ({count}):\n\n{}", file.path, file.lines.join("\n"));
    }
    let first = file.lines.get(..MAX_SHOWN.min(file.lines.len())).unwrap_or_default();
    format!(
        "{note}`{}` ({count}), the first {}:\n\n{}\n\n(Cut here; ask for \"lines {} to {} of {}\" to go on.)",
        file.path,
        first.len(),
        first.join("\n"),
        first.len() + 1,
        first.len() + MAX_SHOWN,
        file.path
    )
}

/// The lines that a question names. A number that no file reaches is as good as the largest that is worked with.
pub(super) fn lines(question: &Question) -> Option<Lines> {
    let most = |number: usize| number.min(MAX_LINE);
    Some(match named(question)? {
        Lines::First(count) => Lines::First(most(count)),
        Lines::Last(count) => Lines::Last(most(count)),
        Lines::Between(from, to) => Lines::Between(most(from), most(to)),
    })
}

fn named(question: &Question) -> Option<Lines> {
    let words = &question.words;
    let count = |at: usize| words.get(at).and_then(|word| ordinal(&word.low)).and_then(|count| usize::try_from(count).ok());
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map_or("", |word| word.low.as_str());
        match word.low.as_str() {
            "first" | "top" | "last" | "bottom" | "final" => {
                let first = matches!(word.low.as_str(), "first" | "top");
                let lines = match (count(at + 1), words.get(at + 2).map_or("", |word| word.low.as_str()), next) {
                    (Some(count), "lines" | "line", _) if !matches!(next, "one") || count > 0 => Some(count),
                    (None, _, "line") => Some(1),
                    (None, _, "lines") => Some(10),
                    (None, "lines", "few" | "couple") => Some(5),
                    _ => None,
                };
                if let Some(lines) = lines {
                    return Some(if first { Lines::First(lines) } else { Lines::Last(lines) });
                }
            }
            "head" | "tail" if at == 0 => {
                let lines = words
                    .iter()
                    .find_map(|word| word.low.trim_start_matches("-n").trim_start_matches('-').parse().ok())
                    .unwrap_or(10);
                return Some(if word.low == "head" { Lines::First(lines) } else { Lines::Last(lines) });
            }
            "lines" | "line" => {
                if let Some((from, to)) = words
                    .get(at + 1)
                    .and_then(|word| word.low.split_once(['-', '–']))
                    .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)))
                {
                    return Some(Lines::Between(from, to));
                }
                let start = if matches!(next, "from" | "between" | "number" | "no" | "#") { at + 2 } else { at + 1 };
                let digits =
                    |at: usize| words.get(at).is_some_and(|word| word.low.starts_with(|c: char| c.is_ascii_digit()));
                let Some(from) = count(start).filter(|_| digits(start)) else {
                    // "the 5th line", "the second line".
                    let before = at.checked_sub(1).and_then(|at| words.get(at)).filter(|word| {
                        word.low.len() > 2
                            && !matches!(
                                word.low.as_str(),
                                "one"
                                    | "two"
                                    | "three"
                                    | "four"
                                    | "five"
                                    | "six"
                                    | "seven"
                                    | "eight"
                                    | "nine"
                                    | "ten"
                                    | "zero"
                            )
                    });
                    let nth = before.and_then(|word| {
                        ordinal(&word.low)
                            .or_else(|| word.low.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok())
                    });
                    if word.low == "line"
                        && let Some(nth) = nth.and_then(|nth| usize::try_from(nth).ok())
                        && !question.says("how many")
                    {
                        return Some(Lines::Between(nth, nth));
                    }
                    continue;
                };
                let joined = words.get(start + 1).is_some_and(|word| {
                    matches!(word.low.as_str(), "to" | "and" | "through" | "until" | "till" | "-" | "–" | "up")
                });
                let to = count(start + 2).or_else(|| count(start + 3)).filter(|_| joined).unwrap_or(from);
                return Some(Lines::Between(from, to));
            }
            _ => {}
        }
    }
    None
}

/// Picks lines from a text, with the number of the first.
pub(super) fn pick(all: &[String], lines: Lines) -> (usize, &[String]) {
    match lines {
        Lines::First(count) => (1, all.get(..count.min(all.len())).unwrap_or_default()),
        Lines::Last(count) => {
            let start = all.len().saturating_sub(count);
            (start + 1, all.get(start..).unwrap_or_default())
        }
        Lines::Between(from, to) => {
            let start = from.max(1) - 1;
            (start + 1, all.get(start..to.clamp(start, start + MAX_RANGE).min(all.len())).unwrap_or_default())
        }
    }
}

fn range(turn: &Turn<'_>, name: &str, lines: Lines) -> Result<String, Stop> {
    let direct = match lines {
        Lines::First(count) => reach::read(turn, name, 1, Some(count.clamp(1, MAX_RANGE))),
        Lines::Between(from, to) => {
            reach::read(turn, name, from.max(1), Some((to.saturating_sub(from) + 1).clamp(1, MAX_RANGE)))
        }
        Lines::Last(_) => resolve::open(turn, name),
    };
    let file = match direct {
        Err(Stop::Failed(why)) if why.contains("past its end") => return Ok(format!("There is no such line: {why}.")),
        // Perhaps it is called a little differently.
        Err(Stop::Failed(_)) => resolve::open(turn, name)?,
        other => other?,
    };
    // The end of a long file is read from where it begins, not from what was read of its start.
    let (file, lines) = match (lines, file.total) {
        (Lines::Last(count), Some(total)) if !file.complete && total > 0 => {
            let count = count.clamp(1, MAX_RANGE).min(total);
            let from = total - count + 1;
            let end = reach::read(turn, &file.path, from, Some(count))?;
            (FileText { note: file.note, ..end }, Lines::Between(from, total))
        }
        _ => (file, lines),
    };
    let asked_for_part = file.total != Some(file.lines.len());
    let (first, picked) = match lines {
        Lines::Between(from, _) if asked_for_part => (from.max(1), file.lines.get(..).unwrap_or_default()),
        other => pick(&file.lines, other),
    };
    let wanted = match lines {
        Lines::Between(from, to) => to.saturating_sub(from) + 1,
        Lines::First(count) | Lines::Last(count) => count,
    };
    let picked = picked.get(..wanted.min(picked.len())).unwrap_or_default();
    let note = file.note.as_deref().map(|note| format!("{note}\n\n")).unwrap_or_default();
    let partial = if matches!(lines, Lines::Last(_)) && !file.complete {
        format!("\n\n(Partial: I could read only the first {} lines.)", file.lines.len())
    } else {
        String::new()
    };
    let last = first + picked.len().max(1) - 1;
    Ok(match picked {
        [] => format!(
            "{note}`{}` has no such line{}.",
            file.path,
            file.total.map(|total| format!(": it has {}", super::prose::plural(total, "line", "lines"))).unwrap_or_default()
        ),
        [only] => format!("{note}`{}` line {first}:\n\n{only}{partial}", file.path),
        several => format!("{note}`{}` lines {first} to {last}:\n\n{}{partial}", file.path, several.join("\n")),
    })
}

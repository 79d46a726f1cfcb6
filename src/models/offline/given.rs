//! Jobs on text that came with the prompt, such as standard input.

use super::cells;
use super::counting;
use super::extraction::Thing;
use super::lookup::ranked;
use super::prose::{self, plural};
use super::question::Question;
use super::reading;
use super::tables::Table;
use super::values;

/// Most lines that an answer shows.
const MAX_SHOWN: usize = 5_000;

pub(super) fn answer(question: &Question) -> Option<String> {
    let text = question.text_given.as_deref()?;
    let other_file = question.paths().into_iter().next().is_some_and(|path| !text.contains(&path));
    if other_file {
        return None;
    }
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return Some("The text that came with the prompt is empty.".to_owned());
    }
    let says = |phrases: &[&str]| question.says_any(phrases);
    if let Some(wanted) = reading::lines(question) {
        return Some(joined(reading::pick(&lines, wanted).1));
    }
    if let Some(text) = reading::extreme(question, &lines) {
        return Some(text);
    }
    if says(&["uppercase", "upper case", "capitals", "capital letters", "upper"]) {
        return Some(text.to_uppercase().trim_end().to_owned());
    }
    if says(&["lowercase", "lower case", "small letters", "lower"]) {
        return Some(text.to_lowercase().trim_end().to_owned());
    }
    if let Some(sorted) = arranged(question, &lines) {
        return Some(joined(&sorted));
    }
    let counts = says(&["how many", "count", "number of", "word count", "line count", "how long"]);
    if counts && let Some(text) = counted(question, &lines, text) {
        return Some(text);
    }
    if let Some(thing) = Thing::of(question) {
        return Some(thing.in_text("the text", &lines));
    }
    let table = Table::read(&lines);
    let tabular = table.columns.len() >= 2
        && table.rows.len() > 1
        && table.rows.iter().take(20).all(|row| row.len() == table.columns.len());
    if tabular && let Some(text) = cells::answer(question, &table, "the text") {
        return Some(text);
    }
    if let Some(aggregate) = super::tables::aggregate_named(question) {
        let numbers = calculator_numbers(&lines);
        if !numbers.is_empty() {
            return Some(match aggregate.over(&numbers) {
                Ok(value) => format!(
                    "The {} of the {} in the text is {value}.",
                    aggregate.word(),
                    plural(numbers.len(), "number", "numbers")
                ),
                Err(error) => format!("I cannot calculate the {}: {error}.", aggregate.word()),
            });
        }
    }
    if says(&["lines"]) && says(&["containing", "contain", "with", "matching", "mention", "mentioning", "that have"])
        || question.begins(&["grep", "filter", "search", "find"])
    {
        let wanted = super::searching::subject(question);
        if !wanted.is_empty() {
            let low = wanted.to_lowercase();
            let found: Vec<String> = lines
                .iter()
                .enumerate()
                .filter(|(_, line)| line.to_lowercase().contains(&low))
                .map(|(at, line)| format!("{}: {line}", at + 1))
                .collect();
            return Some(if found.is_empty() { format!("No line of the text holds \"{wanted}\".") } else { joined(&found) });
        }
    }
    if says(&[
        "summarise",
        "summarize",
        "summary",
        "sum up",
        "gist",
        "tldr",
        "tl;dr",
        "key points",
        "what is this about",
        "about",
        "explain",
        "describe",
        "main points",
        "what is this",
        "what does this",
        "what happened",
        "overview",
    ]) && !(says(&["about"]) && says(&["say", "says"]))
    {
        return Some(format!("By extraction, without understanding it:\n{}", extract(&lines)));
    }
    if says(&["headings", "outline", "functions", "classes"]) {
        let kind = if text.contains("fn ") {
            "x.rs"
        } else if text.contains("def ") {
            "x.py"
        } else if text.contains("function ") {
            "x.js"
        } else {
            "x.md"
        };
        let items = super::outline::of(kind, &lines);
        return Some(if items.is_empty() {
            "I found no headings or definitions in the text.".to_owned()
        } else {
            super::extraction::shown(&items)
        });
    }
    if let Some(text) = values::in_given(question, &lines) {
        return Some(text);
    }
    if says(&[
        "error", "errors", "warning", "warnings", "fail", "failed", "failure", "failures", "problem", "problems", "wrong",
    ]) {
        let wanted = ["error", "fail", "panic", "exception", "fatal", "warning", "warn", "traceback"];
        let wanted = if says(&["warning", "warnings"]) { &wanted[5..] } else { &wanted[..] };
        let found: Vec<String> = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| wanted.iter().any(|word| line.to_lowercase().contains(word)))
            .map(|(at, line)| format!("- line {}: {}", at + 1, prose::shown(line)))
            .take(50)
            .collect();
        return Some(if found.is_empty() {
            format!("I found no line of the text with one of: {}.", wanted.join(", "))
        } else {
            format!("These lines of the text say so:\n{}", found.join("\n"))
        });
    }
    if says(&["print", "show", "echo", "repeat", "output", "what is in", "read", "what does it say"])
        && question.significant().is_empty()
    {
        return Some(joined(&lines));
    }
    let found = ranked(question, &lines, 5);
    if found.is_empty() {
        let words = question.significant();
        let about = if words.is_empty() {
            String::new()
        } else {
            format!(" with any of the words of your question ({})", words.join(", "))
        };
        return Some(format!(
            "I do not know. I am a rule-based model; I found no line{about} in the text that you sent ({}). I can count, sort, filter, extract from and sum up such a text; for more a language model is needed: {}",
            plural(lines.len(), "line", "lines"),
            super::talk::way_out()
        ));
    }
    let shown: Vec<String> = found
        .iter()
        .map(|at| format!("- line {}: {}", at + 1, lines.get(*at).map(|line| prose::shown(line)).unwrap_or_default()))
        .collect();
    Some(format!("I found these lines in the text that fit the words of your question:\n{}", shown.join("\n")))
}

fn calculator_numbers(lines: &[String]) -> Vec<super::number::Number> {
    lines.iter().flat_map(|line| super::calculator::numbers(line)).collect()
}

fn joined(lines: &[String]) -> String {
    if lines.is_empty() {
        return "There is no such line in the text.".to_owned();
    }
    let more = lines.len().saturating_sub(MAX_SHOWN);
    let text = lines.get(..lines.len().min(MAX_SHOWN)).unwrap_or_default().join("\n");
    if more > 0 { format!("{text}\n(Cut here: {more} more lines.)") } else { text }
}

/// The lines sorted, unique, reversed or numbered.
fn arranged(question: &Question, lines: &[String]) -> Option<Vec<String>> {
    let says = |phrases: &[&str]| question.says_any(phrases);
    let sort = says(&["sort", "sorted", "alphabetical", "alphabetically", "order"]);
    let unique = says(&["unique", "distinct", "deduplicate", "dedupe", "duplicates", "without duplicates", "uniq"]);
    let reverse = says(&["reverse", "reversed", "descending", "backwards"]);
    let number = question.begins(&["number"]) && says(&["lines"]);
    if !(sort || unique || reverse || number) || says(&["how many", "count"]) {
        return None;
    }
    let mut lines: Vec<String> = lines.to_vec();
    if unique {
        let mut seen = std::collections::BTreeSet::new();
        lines.retain(|line| seen.insert(line.clone()));
    }
    if sort {
        let numbers: Option<Vec<_>> = lines.iter().map(|line| super::calculator::number(line)).collect();
        if numbers.is_some_and(|numbers| !numbers.is_empty()) {
            lines.sort_by(|left, right| match (super::calculator::number(left), super::calculator::number(right)) {
                (Some(left), Some(right)) => left.compare(right),
                _ => left.cmp(right),
            });
        } else {
            lines.sort();
        }
    }
    if reverse {
        lines.reverse();
    }
    if number {
        lines = lines.iter().enumerate().map(|(at, line)| format!("{}  {line}", at + 1)).collect();
    }
    Some(lines)
}

fn counted(question: &Question, lines: &[String], text: &str) -> Option<String> {
    let says = |phrases: &[&str]| question.says_any(phrases);
    if says(&["unique lines", "distinct lines", "different lines", "unique"]) {
        let distinct: std::collections::BTreeSet<&String> = lines.iter().collect();
        return Some(format!("The text has {}.", plural(distinct.len(), "distinct line", "distinct lines")));
    }
    let about = question.quoted().first().map(|text| (*text).to_owned());
    let kind = ["error", "warning"].into_iter().find(|word| says(&[word, &format!("{word}s")]));
    if let Some(kind) = kind
        && about.is_none()
        && !says(&["times", "often", "occurrences", "occur", "unique", "different", "distinct"])
    {
        let wanted = if kind == "warning" { "warn" } else { kind };
        let held = lines.iter().filter(|line| line.to_lowercase().contains(wanted)).count();
        return Some(format!(
            "{} of the text {} \"{wanted}\", case ignored.",
            plural(held, "line", "lines"),
            if held == 1 { "holds" } else { "hold" }
        ));
    }
    let times = says(&["times", "often", "occurrences", "occur"])
        || says(&["lines"]) && says(&["contain", "containing", "with", "mention"]);
    if times {
        let wanted = about.unwrap_or_else(|| {
            let skip = [
                "times",
                "often",
                "occurrences",
                "occur",
                "count",
                "occurs",
                "text",
                "appear",
                "appears",
                "contain",
                "containing",
                "mention",
                "mentioned",
                "word",
                "lines",
                "line",
                "number",
            ];
            question.significant().into_iter().find(|word| !skip.contains(&word.as_str())).unwrap_or_default()
        });
        if !wanted.is_empty() {
            let low = wanted.to_lowercase();
            let times = text.to_lowercase().matches(&low).count();
            let held = lines.iter().filter(|line| line.to_lowercase().contains(&low)).count();
            return Some(format!(
                "\"{wanted}\" occurs {} in {} of the text, case ignored.",
                plural(times, "time", "times"),
                plural(held, "line", "lines")
            ));
        }
    }
    if says(&["bytes"]) {
        return Some(format!("The text has {}.", plural(text.len(), "byte", "bytes")));
    }
    if says(&["characters", "chars"]) && !says(&["lines", "words"]) {
        return Some(format!(
            "The text has {}, line breaks counted.",
            plural(text.chars().count(), "character", "characters")
        ));
    }
    counting::of_text(question, lines).map(|counts| format!("The text has {counts}."))
}

/// The first sentences, or of a text in lines (a log, a list) the first and the last line and what repeats.
fn extract(lines: &[String]) -> String {
    let paragraphs = prose::paragraphs(lines);
    let prose: Vec<&(usize, String)> = paragraphs
        .iter()
        .filter(|(_, text)| text.split_whitespace().count() >= 6 && text.contains(['.', '!', '?']))
        .collect();
    let size = format!(
        "{}, {}",
        plural(lines.len(), "line", "lines"),
        plural(lines.iter().map(|line| line.split_whitespace().count()).sum(), "word", "words")
    );
    if let Some((_, first)) = prose.first() {
        let mut parts = vec![format!("- {}", prose::sentences(first, 2))];
        parts.extend(prose.iter().skip(1).take(4).map(|(_, text)| format!("- {}", prose::sentences(text, 1))));
        return format!("{}\n({size})", parts.join("\n"));
    }
    let filled: Vec<&String> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    let mut shown: Vec<String> = filled.iter().take(5).map(|line| format!("- {}", prose::shown(line))).collect();
    if filled.len() > 6 {
        shown.push(format!("- … and last: {}", filled.last().map(|line| prose::shown(line)).unwrap_or_default()));
    }
    format!("{}\n({size})", shown.join("\n"))
}

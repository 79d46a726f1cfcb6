//! How often a text stands in a file, or in all files.

use super::counting::CONTAINING;
use super::prose::{plural, shown};
use super::question::Question;
use super::reach::{self, Search};
use super::resolve;
use super::rules::Ruling;
use super::turn::Turn;

/// "How many errors are in FILE": lines, which a search counts also where the file is too long to be read.
pub(super) fn logged(question: &Question, turn: &Turn<'_>) -> Ruling {
    let (Some(name), true) = (question.target(), question.says_any(&["how many", "number of", "count"])) else {
        return Ok(None);
    };
    let wanted = match (question.says_any(&["errors", "error lines"]), question.says_any(&["warnings", "warning lines"])) {
        (true, false) => "error",
        (false, true) => "warn",
        _ => return Ok(None),
    };
    let file = resolve::open(turn, &name)?;
    let found = reach::search(turn, &Search { path: Some(&file.path), ..Search::literal(wanted) })?;
    let note = file.note.map(|note| format!("\n\n{note}")).unwrap_or_default();
    let least = if found.cut.is_some() { "at least " } else { "" };
    let lines = plural(found.hits.len(), "line", "lines");
    let list = if found.hits.is_empty() { String::new() } else { super::searching::list(&found, 5) };
    Ok(Some(format!("`{}` has {least}{lines} with \"{wanted}\", case ignored.{list}{note}", file.path)))
}

/// "How often does X occur (in FILE)", "how many times is X mentioned", "how many lines contain X".
pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    let asks = question.says_any(&[
        "times",
        "occurrences",
        "how often",
        "how frequently",
        "occurs",
        "occur",
        "instances",
        "mentions",
    ]) || question.says_any(&["lines", "files"]) && (question.says_any(CONTAINING) || has_what(question))
        || question.says_any(&["todo", "todos", "fixme", "fixmes"]);
    if !asks {
        return Ok(None);
    }
    let todo = question.says_any(&["todo", "todos", "fixme", "fixmes"]);
    let file = question.target();
    let quoted = question.quoted();
    let wanted = match quoted.first() {
        Some(text) => (*text).to_owned(),
        None if todo => String::new(),
        None => {
            let skip = [
                "times",
                "have",
                "has",
                "occurrences",
                "occur",
                "occurs",
                "often",
                "count",
                "lines",
                "line",
                "mentioned",
                "mention",
                "mentions",
                "contain",
                "containing",
                "word",
                "number",
                "appear",
                "appears",
                "instances",
                "matching",
                "match",
                "called",
                "files",
                "file",
                "include",
                "includes",
                "use",
                "uses",
                "import",
                "imports",
                "mentioning",
                "reference",
                "start",
                "text",
                "string",
            ];
            let rest: Vec<String> = question
                .words
                .iter()
                .filter(|word| {
                    !super::vocabulary::STOPWORDS.contains(&word.low.as_str())
                        && !skip.contains(&word.low.as_str())
                        && file.as_ref().is_none_or(|file| *file != word.raw)
                })
                .map(|word| word.raw.clone())
                .collect();
            if rest.is_empty() || rest.len() > 3 {
                return Ok(None);
            }
            rest.join(" ")
        }
    };
    let path = match &file {
        Some(name) => Some(resolve::open(turn, name)?),
        None => None,
    };
    let low = wanted.to_lowercase();
    if let Some(file) = path.as_ref().filter(|file| !file.complete && !wanted.is_empty()) {
        // It is too long to be read: a search sees all of it.
        let found = reach::search(turn, &Search { path: Some(&file.path), ..Search::literal(wanted.clone()) })?;
        let note = file.note.as_ref().map(|note| format!("\n\n{note}")).unwrap_or_default();
        let list = super::searching::list(&found, 5);
        return Ok(Some(format!("\"{wanted}\" stands in {}, case ignored.{list}{note}", counted(&found))));
    }
    if let Some(file) = path {
        let count_in = |line: &String| {
            if todo && wanted.is_empty() {
                usize::from(line.contains("TODO") || line.contains("FIXME"))
            } else {
                line.to_lowercase().matches(&low).count()
            }
        };
        let hits: Vec<(usize, &String)> = file.lines.iter().enumerate().filter(|(_, line)| count_in(line) > 0).collect();
        let times: usize = file.lines.iter().map(count_in).sum();
        let word = if wanted.is_empty() { "TODO or FIXME".to_owned() } else { format!("\"{wanted}\"") };
        let where_: Vec<String> =
            hits.iter().take(20).map(|(at, line)| format!("- line {}: {}", at + 1, shown(line))).collect();
        let list = if where_.is_empty() { String::new() } else { format!("\n{}", where_.join("\n")) };
        return Ok(Some(format!(
            "{word} occurs {} in {} of `{}`, case ignored.{list}{}",
            plural(times, "time", "times"),
            plural(hits.len(), "line", "lines"),
            file.path,
            file.caveat()
        )));
    }
    let search = if wanted.is_empty() { Search::pattern(r"\b(TODO|FIXME)\b") } else { Search::literal(wanted.clone()) };
    let found = reach::search(turn, &search)?;
    let word = if wanted.is_empty() { "TODO or FIXME".to_owned() } else { format!("\"{wanted}\"") };
    Ok(Some(format!("{word} stands in {}.{}", counted(&found), super::searching::list(&found, 20))))
}

fn counted(found: &reach::Hits) -> String {
    let mut files: Vec<&str> = found.hits.iter().map(|hit| hit.path.as_str()).collect();
    files.dedup();
    let least = if found.cut.is_some() { "at least " } else { "" };
    format!("{least}{} of {}", plural(found.hits.len(), "line", "lines"), plural(files.len(), "file", "files"))
}

/// "How many lines have 500": what is asked for stands behind the verb.
fn has_what(question: &Question) -> bool {
    let behind = ["have", "has"].iter().find_map(|verb| question.position(verb)).map(|(at, length)| at + length);
    let word = behind.and_then(|at| question.words.get(at));
    word.is_some_and(|word| {
        !super::vocabulary::STOPWORDS.contains(&word.low.as_str())
            && !word.is_path()
            && !matches!(word.low.as_str(), "more" | "less" | "fewer" | "at")
    })
}

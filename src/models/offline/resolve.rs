//! From what somebody calls a file to the file that is there.

use super::prose;
use super::question::Question;
use super::reach::{self, FileText, Listing};
use super::turn::{Stop, Turn};

/// Most names in a list of candidates.
const MAX_CANDIDATES: usize = 10;

/// Opens the file that is meant, whole or as much of it as a few pages hold.
pub(super) fn open(turn: &Turn<'_>, name: &str) -> Result<FileText, Stop> {
    let precise = name.contains('.') || name.contains('/');
    let failure = if precise {
        match reach::read_all(turn, name) {
            Err(Stop::Failed(why)) if !is_missing(&why) => {
                return Err(Stop::Say(format!("I could not read `{name}`: {why}")));
            }
            Err(Stop::Failed(why)) => why,
            other => return other,
        }
    } else {
        String::new()
    };
    let (path, note) = path_of(turn, name, &failure)?;
    match reach::read_all(turn, &path) {
        Ok(file) => Ok(FileText { note: note.or(file.note.clone()), ..file }),
        Err(Stop::Failed(why)) => Err(Stop::Say(format!("I could not read `{path}`: {why}"))),
        Err(stop) => Err(stop),
    }
}

/// Whether a tool failed because there is no such file: then another spelling may help.
fn is_missing(why: &str) -> bool {
    let low = why.to_lowercase();
    ["does not exist", "not found", "no such", "is a folder"].iter().any(|words| low.contains(words))
}

/// The path of the file that is meant, and what to say when it is not quite the one that was named.
pub(super) fn path_of(turn: &Turn<'_>, name: &str, failure: &str) -> Result<(String, Option<String>), Stop> {
    let why = |text: String| if failure.is_empty() { text } else { format!("{text} The tool said: {failure}") };
    let all = reach::list(turn, ".", true)?;
    let files: Vec<&str> = all.files().map(|entry| entry.path.as_str()).collect();
    let mut candidates = candidates(&files, name);
    if candidates.is_empty() && all.cut.is_some() && turn.offers("find_files") {
        let base = name.rsplit('/').next().unwrap_or(name);
        let found = reach::find(turn, &format!("**/{}*", reach::glob_escaped(base)))?;
        candidates = found.files().map(|entry| entry.path.clone()).collect();
    }
    match candidates.as_slice() {
        [only] => {
            let note = (!only.rsplit('/').next().unwrap_or(only).to_lowercase().starts_with(&name.to_lowercase())
                && !only.to_lowercase().ends_with(&name.to_lowercase()))
            .then(|| format!("(There is no `{name}`; I took `{only}`.)"));
            Ok((only.clone(), note))
        }
        [] if all.entries.iter().any(|entry| entry.folder && entry.path == name.trim_end_matches('/')) => {
            Err(Stop::Say(why(format!("`{name}` is a folder, not a file."))))
        }
        [] => {
            let near = near(&files, name);
            let hint = if near.is_empty() { String::new() } else { format!(" Did you mean {}?", quoted(&near, "or")) };
            Err(Stop::Say(why(format!("I found no file `{name}` in the workspace.{hint}"))))
        }
        several => {
            let depth = |path: &String| path.matches('/').count();
            let least = several.iter().map(depth).min().unwrap_or(0);
            let top: Vec<&String> = several.iter().filter(|path| depth(path) == least).collect();
            if let [only] = top.as_slice() {
                let note = format!("(There are {} files of that name; I took `{only}`.)", several.len());
                return Ok(((*only).clone(), Some(note)));
            }
            Err(Stop::Say(format!("There are several files that `{name}` may mean: {}. Which one?", quoted(several, "and"))))
        }
    }
}

/// The files that a name may mean, the best kind of match only.
pub(super) fn candidates(files: &[&str], name: &str) -> Vec<String> {
    let wanted = name.trim_start_matches("./").to_lowercase();
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let stem = |path: &str| base(path).rsplit_once('.').map_or_else(|| base(path), |(stem, _)| stem.to_owned());
    let kinds: [&dyn Fn(&str) -> bool; 6] = [
        &|path| path == name,
        &|path| path.to_lowercase() == wanted,
        &|path| path.to_lowercase().ends_with(&format!("/{wanted}")),
        &|path| base(path) == wanted,
        &|path| wanted.contains('/') && path.to_lowercase().rsplit_once('.').is_some_and(|(stem, _)| stem == wanted),
        &|path| {
            !wanted.contains('.')
                && (stem(path) == wanted || stem(path).replace(['_', '-'], " ") == wanted.replace(['_', '-'], " "))
        },
    ];
    for kind in kinds {
        let found: Vec<String> = files.iter().filter(|path| kind(path)).map(|path| (*path).to_owned()).collect();
        if !found.is_empty() {
            return found;
        }
    }
    // One file that is a slip away.
    let near = near(files, name);
    if near.len() == 1 { near } else { Vec::new() }
}

/// Files whose name is at most two slips away.
fn near(files: &[&str], name: &str) -> Vec<String> {
    let wanted = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    if wanted.chars().count() < 5 || wanted.len() > 200 {
        return Vec::new();
    }
    let close = |path: &&&str| {
        let base = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        base.len() < 200 && strsim::osa_distance(&base, &wanted) <= 2
    };
    files.iter().filter(close).take(MAX_CANDIDATES).map(|path| (*path).to_owned()).collect()
}

/// Names in backticks, with a word before the last.
pub(super) fn quoted(names: &[String], word: &str) -> String {
    let shown: Vec<String> = names.iter().take(MAX_CANDIDATES).map(|name| format!("`{name}`")).collect();
    if names.len() > MAX_CANDIDATES {
        return format!("{} and {} more", shown.join(", "), names.len() - MAX_CANDIDATES);
    }
    match shown.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// The one file whose name is made of words of the question: "the meeting notes" is `docs/meeting-2026-03-02.md`.
pub(super) fn by_words(turn: &Turn<'_>, question: &Question) -> Result<Option<String>, Stop> {
    let asked: Vec<String> =
        question.significant().iter().flat_map(|word| prose::plain_words(word)).map(|word| prose::stem(&word)).collect();
    let all = all(turn)?;
    let fits = |path: &&str| {
        let base = prose::base(path);
        let stem = base.rsplit_once('.').map_or(base.as_str(), |(stem, _)| stem);
        let words: Vec<String> =
            prose::plain_words(stem).into_iter().filter(|word| word.chars().all(char::is_alphabetic)).collect();
        !words.is_empty() && stem.len() >= 3 && words.iter().all(|word| asked.contains(&prose::stem(word)))
    };
    let found: Vec<&str> = all.files().map(|entry| entry.path.as_str()).filter(fits).collect();
    Ok(if let [only] = found.as_slice() { Some((*only).to_owned()) } else { None })
}

/// All files of the workspace.
pub(super) fn all(turn: &Turn<'_>) -> Result<Listing, Stop> {
    reach::list(turn, ".", true)
}

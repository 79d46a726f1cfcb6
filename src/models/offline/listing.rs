//! Files by name: listing, counting, the largest.

use super::narrowing;
use super::presence;
use super::prose::plural;
use super::question::Question;
use super::reach::{self, Entry, Listing};
use super::resolve;
use super::rules::Ruling;
use super::turn::{Stop, Turn};
use super::vocabulary::{KINDS, LANGUAGES};

/// Most names that an answer lists.
const MAX_SHOWN: usize = 100;

pub(super) fn answer(question: &Question, turn: &Turn<'_>) -> Ruling {
    if let Some(text) = superlative(question, turn)? {
        return Ok(Some(text));
    }
    if let Some(text) = count(question, turn)? {
        return Ok(Some(text));
    }
    if let Some(text) = presence::existence(question, turn)? {
        return Ok(Some(text));
    }
    if let Some(text) = list(question, turn)? {
        return Ok(Some(text));
    }
    presence::location(question, turn)
}

/// A kind of file: how it is called in an answer, and its endings.
pub(super) struct Kind {
    pub name: String,
    endings: Vec<String>,
}

impl Kind {
    fn fits(&self, path: &str) -> bool {
        self.endings.contains(&super::prose::extension(path))
    }

    pub(super) fn patterns(&self) -> String {
        let patterns: Vec<String> = self.endings.iter().map(|ending| format!("`*.{ending}`")).collect();
        patterns.join(", ")
    }
}

/// The kind of file that a question is about: "Rust files", "`.rs` files", "*.rs".
pub(super) fn kind(question: &Question) -> Option<Kind> {
    for (at, word) in question.words.iter().enumerate() {
        let ending = word
            .raw
            .strip_prefix("*.")
            .or_else(|| word.raw.strip_prefix('.'))
            .filter(|ending| (1..=10).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric()));
        let behind = question.words.get(at + 1).map_or("", |word| word.low.as_str());
        let about_files = matches!(
            behind,
            "files" | "file" | "scripts" | "script" | "documents" | "extension" | "source" | "sources" | "modules" | "code"
        );
        if let Some(ending) = ending.filter(|_| {
            about_files
                || word.raw.starts_with("*.")
                || question.says_any(&["extension", "ending in", "end in", "ending with", "end with", "files"])
        }) {
            return Some(Kind { name: format!(".{}", ending.to_lowercase()), endings: vec![ending.to_lowercase()] });
        }
        let low = word.raw.to_lowercase();
        let plain = word.low.as_str();
        let known = KINDS.iter().find(|(names, _, endings)| {
            names.iter().any(|name| {
                *name == plain
                    && (about_files
                        || matches!(*name, "images" | "pictures" | "photos" | "pdfs" | "notebooks" | "videos" | "logs"))
            }) || about_files && endings.contains(&low.as_str())
        });
        if let Some((_, name, endings)) = known {
            return Some(Kind {
                name: (*name).to_owned(),
                endings: endings.iter().map(|ending| (*ending).to_owned()).collect(),
            });
        }
    }
    None
}

/// The files of a kind, in a folder or everywhere.
pub(super) fn of_kind(turn: &Turn<'_>, kind: &Kind, folder: Option<&str>) -> Result<Listing, Stop> {
    let glob = match kind.endings.as_slice() {
        [one] => format!("*.{one}"),
        several => format!("*.{{{}}}", several.join(",")),
    };
    let Some(folder) = folder else {
        if turn.offers("find_files") {
            return reach::find(turn, &glob);
        }
        let mut listing = reach::list(turn, ".", true)?;
        listing.entries.retain(|entry| !entry.folder && kind.fits(&entry.path));
        return Ok(listing);
    };
    let mut listing = folder_deep(turn, folder)?;
    listing.entries.retain(|entry| !entry.folder && kind.fits(&entry.path));
    Ok(listing)
}

fn folder_deep(turn: &Turn<'_>, folder: &str) -> Result<Listing, Stop> {
    in_folder(turn, folder, true).map(|(_, listing)| listing)
}

/// Lists a folder by what it was called; a folder elsewhere of that name is found.
fn in_folder(turn: &Turn<'_>, folder: &str, deep: bool) -> Result<(String, Listing), Stop> {
    let failure = match reach::list(turn, folder, deep) {
        Err(Stop::Failed(why)) => why,
        other => return other.map(|listing| (folder.to_owned(), listing)),
    };
    let all = resolve::all(turn)?;
    let wanted = folder.trim_matches('/').to_lowercase();
    let fits = |entry: &&Entry| {
        entry.folder && (entry.path.to_lowercase() == wanted || entry.path.to_lowercase().ends_with(&format!("/{wanted}")))
    };
    match all.entries.iter().filter(fits).min_by_key(|entry| entry.path.matches('/').count()) {
        Some(found) => reach::list(turn, &found.path, deep).map(|listing| (found.path.clone(), listing)),
        None => Err(Stop::Say(format!("I could not list `{folder}`: {failure}"))),
    }
}

fn place(folder: Option<&str>) -> String {
    folder.map_or_else(|| "the workspace".to_owned(), |folder| format!("`{folder}`"))
}

pub(super) fn bullets(entries: &[&Entry]) -> String {
    let lines: Vec<String> = entries
        .iter()
        .take(MAX_SHOWN)
        .map(|entry| match (entry.folder, entry.bytes) {
            (true, _) => format!("- `{}/`", entry.path),
            (false, Some(bytes)) => format!("- `{}` ({bytes} bytes)", entry.path),
            (false, None) => format!("- `{}`", entry.path),
        })
        .collect();
    let more = entries.len().saturating_sub(MAX_SHOWN);
    lines.join("\n") + &if more > 0 { format!("\n… and {more} more.") } else { String::new() }
}

fn superlative(question: &Question, turn: &Turn<'_>) -> Ruling {
    let says = |phrases: &[&str]| question.says_any(phrases);
    let of_files = says(&["file", "files"]) && !says(&["function", "line in", "lines", "word in"]);
    if !of_files {
        return Ok(None);
    }
    if says(&[
        "newest",
        "oldest",
        "most recent",
        "latest",
        "last modified",
        "recently modified",
        "recently changed",
        "changed last",
        "modified last",
    ]) {
        return Ok(Some("I do not know: the tools that I have tell names and sizes of files, not when they were changed. A command such as `ls -lt` would tell; ask me to run it.".to_owned()));
    }
    let large = says(&["largest", "biggest", "most bytes", "heaviest"]);
    let small = says(&["smallest", "tiniest"]);
    if !large && !small {
        return Ok(None);
    }
    let folder = question.folder();
    let mut listing = match &folder {
        Some(folder) => folder_deep(turn, folder)?,
        None => resolve::all(turn)?,
    };
    if let Some(kind) = kind(question) {
        listing.entries.retain(|entry| kind.fits(&entry.path));
    } else if question.says_any(&["source file", "source files", "code file", "code files"]) {
        let code = |path: &str| {
            LANGUAGES.iter().any(|(ending, name)| {
                *ending == super::prose::extension(path) && !super::vocabulary::NOT_CODE.contains(name)
            })
        };
        listing.entries.retain(|entry| code(&entry.path));
    }
    let mut sized: Vec<(&Entry, u64)> =
        listing.files().filter_map(|entry| entry.bytes.map(|bytes| (entry, bytes))).collect();
    if sized.is_empty() {
        return Ok(Some(format!("I do not know: I saw no sizes of files in {}.", place(folder.as_deref()))));
    }
    sized.sort_by(|left, right| {
        if large { right.1.cmp(&left.1) } else { left.1.cmp(&right.1) }.then(left.0.path.cmp(&right.0.path))
    });
    let wanted =
        question.numbers().into_iter().find(|count| (2..=50).contains(count)).and_then(|count| usize::try_from(count).ok());
    let word = if large { "largest" } else { "smallest" };
    let text = match (wanted, sized.first()) {
        (Some(count), _) => {
            let lines: Vec<String> =
                sized.iter().take(count).map(|(entry, bytes)| format!("- `{}` ({bytes} bytes)", entry.path)).collect();
            format!("The {word} files in {}:\n{}", place(folder.as_deref()), lines.join("\n"))
        }
        (None, Some((entry, bytes))) => {
            format!("The {word} file in {} is `{}` with {bytes} bytes.", place(folder.as_deref()), entry.path)
        }
        (None, None) => String::new(),
    };
    Ok(Some(text + &listing.caveat()))
}

fn count(question: &Question, turn: &Turn<'_>) -> Ruling {
    let counts = question.says_any(&["how many", "number of", "count", "total number"]);
    let folders = question.says_any(&["folders", "directories", "subfolders", "subdirectories"]);
    let kind = kind(question);
    let files = question.says_any(&["files", "file", "scripts", "documents", "modules"]) || kind.is_some();
    if !counts || !(files || folders) || question.says_any(super::counting::CONTAINING) {
        return Ok(None);
    }
    let folder = question.folder();
    let place = place(folder.as_deref());
    if let Some(kind) = kind {
        let listing = of_kind(turn, &kind, folder.as_deref())?;
        let files: Vec<&Entry> = listing.files().collect();
        let named = if files.len() <= 30 && !files.is_empty() { format!(":\n{}", bullets(&files)) } else { ".".to_owned() };
        let least = if listing.cut.is_some() { "at least " } else { "" };
        let text = format!(
            "There {} {least}{} in {place} ({}){named}",
            verb(files.len()),
            plural(files.len(), &format!("{} file", kind.name), &format!("{} files", kind.name)),
            kind.patterns()
        );
        return Ok(Some(text + &listing.caveat()));
    }
    let mut listing = match &folder {
        Some(folder) => folder_deep(turn, folder)?,
        None => resolve::all(turn)?,
    };
    let only = narrowing::narrowed(question, &mut listing);
    let (file, folder_word) = (format!("{only}file"), format!("{only}folder"));
    let (files_count, folders_count) =
        (listing.files().count(), listing.entries.iter().filter(|entry| entry.folder).count());
    let least = if listing.cut.is_some() { "at least " } else { "" };
    let text = match (files, folders) {
        (true, true) => format!(
            "There are {least}{} and {} in {place}, with everything below.",
            plural(files_count, &file, &format!("{file}s")),
            plural(folders_count, &folder_word, &format!("{folder_word}s"))
        ),
        (false, _) => format!(
            "There {} {least}{} in {place}, with everything below.",
            verb(folders_count),
            plural(folders_count, &folder_word, &format!("{folder_word}s"))
        ),
        _ => format!(
            "There {} {least}{} in {place}, with everything below.",
            verb(files_count),
            plural(files_count, &file, &format!("{file}s"))
        ),
    };
    let by_kind = if question.says_any(&["type", "types", "kind", "extension", "each"]) {
        format!("\n{}", by_ending(&listing))
    } else {
        String::new()
    };
    Ok(Some(text + &by_kind + &listing.caveat()))
}

pub(super) fn verb(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// How many files have which ending, the most frequent first.
pub(super) fn by_ending(listing: &Listing) -> String {
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for entry in listing.files() {
        *counts.entry(super::prose::extension(&entry.path)).or_default() += 1;
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
    let line = |(ending, count): &(String, usize)| {
        if ending.is_empty() { format!("- without an ending: {count}") } else { format!("- `.{ending}`: {count}") }
    };
    counts.iter().take(20).map(line).collect::<Vec<_>>().join("\n")
}

fn list(question: &Question, turn: &Turn<'_>) -> Ruling {
    if narrowing::asks_for_fullest_folder(question) {
        return narrowing::fullest_folder(&resolve::all(turn)?);
    }
    let says = |phrases: &[&str]| question.says_any(phrases);
    let lists = question.begins(&[
        "list",
        "ls",
        "tree",
        "dir",
        "show",
        "what",
        "which",
        "give",
        "display",
        "print",
        "see",
        "enumerate",
        "name",
        "are there",
        "tell",
        "find",
        "get",
        "view",
        "look",
    ]) || question.words.len() <= 3;
    let names = says(&[
        "files",
        "folders",
        "directories",
        "subfolders",
        "ls",
        "tree",
        "folder structure",
        "directory structure",
        "file structure",
        "project structure",
        "structure of the project",
        "layout",
        "dir",
        "folder contents",
        "directory contents",
        "directory listing",
    ]);
    let everything = question.begins(&["list", "show", "ls"])
        && says(&["everything", "all"])
        && question.words.len() <= 3
        && question.significant().iter().all(|word| matches!(word.as_str(), "list" | "show" | "ls" | "everything" | "all"));
    let names = names || everything;
    let place = says(&[
        "workspace",
        "this folder",
        "this directory",
        "current folder",
        "current directory",
        "here",
        "working directory",
        "this project",
        "this repo",
        "this repository",
        "the folder",
        "the directory",
        "the repo",
    ]);
    let inside = says(&[
        "what is in",
        "what is inside",
        "contents of",
        "content of",
        "what do you see",
        "is there in",
        "what is there",
        "what have we",
        "what do i have",
        "what do we have",
        "what is here",
        "what lies",
        "have i got",
        "what is stored in",
        "what is located in",
        "what lies in",
    ]);
    let kind = kind(question);
    let folder = question.folder().filter(|folder| folder != "." && folder != "./");
    let about_content = says(&[
        "contain",
        "contains",
        "containing",
        "mention",
        "mentions",
        "about",
        "say",
        "says",
        "with the",
        "do in",
        "import",
        "imports",
        "use",
        "uses",
        "where",
    ]);
    if about_content
        || !(lists && (names || kind.is_some())
            || inside && (place || folder.is_some() || names)
            || place && says(&["list", "ls", "show", "tree"]))
        || !question.paths().is_empty() && folder.is_none()
    {
        return Ok(None);
    }
    if inside
        && !names
        && folder.as_deref().is_some_and(|folder| question.paths().contains(&folder.to_owned()) && folder.contains('.'))
    {
        return Ok(None);
    }
    if let Some(kind) = kind {
        let listing = of_kind(turn, &kind, folder.as_deref())?;
        let files: Vec<&Entry> = listing.files().collect();
        let text = if files.is_empty() {
            format!("I found no {} files ({}) in {}.", kind.name, kind.patterns(), self::place(folder.as_deref()))
        } else {
            format!(
                "{} in {}:\n{}",
                plural(files.len(), &format!("{} file", kind.name), &format!("{} files", kind.name)),
                self::place(folder.as_deref()),
                bullets(&files)
            )
        };
        return Ok(Some(text + &listing.caveat()));
    }
    let deep = narrowing::by_size(question).is_some()
        || says(&[
            "all",
            "tree",
            "recursively",
            "recursive",
            "every",
            "everything",
            "structure",
            "layout",
            "subfolders",
            "nested",
            "whole",
        ]);
    let (folder, mut listing) = match folder {
        Some(folder) => match in_folder(turn, &folder, deep) {
            Ok((folder, listing)) => (Some(folder), listing),
            // Not a folder: perhaps a file.
            Err(Stop::Say(why)) if inside && !names => {
                return resolve::open(turn, &folder)
                    .map(|file| Some(super::reading::shown(&file)))
                    .map_err(|stop| if stop == Stop::Pending { stop } else { Stop::Say(why) });
            }
            Err(stop) => return Err(stop),
        },
        None => (None, reach::list(turn, ".", deep)?),
    };
    let only = narrowing::narrowed(question, &mut listing);
    let (file, folder_word) = (format!("{only}file"), format!("{only}folder"));
    let only_folders = says(&["folders", "directories", "subfolders"]) && !says(&["files"]);
    if only_folders {
        listing.entries.retain(|entry| entry.folder);
    }
    let folders = listing.entries.iter().filter(|entry| entry.folder).count();
    let files = listing.entries.len() - folders;
    let place = if folder.is_some() { self::place(folder.as_deref()) } else { "The workspace".to_owned() };
    let entries: Vec<&Entry> = listing.entries.iter().collect();
    let caveat = listing.caveat().replace("Not counted:", "Not listed:");
    let what = match (folders, files) {
        (0, 0) => {
            return Ok(Some(
                format!("{place} holds no {}.", if only_folders { format!("{folder_word}s") } else { format!("{file}s") })
                    + &caveat,
            ));
        }
        (folders, 0) => plural(folders, &folder_word, &format!("{folder_word}s")),
        (0, files) => plural(files, &file, &format!("{file}s")),
        (folders, files) => format!(
            "{} and {}",
            plural(folders, &folder_word, &format!("{folder_word}s")),
            plural(files, &file, &format!("{file}s"))
        ),
    };
    Ok(Some(format!("{place} holds {what}:\n{}{caveat}", bullets(&entries))))
}

//! Whether a file or a folder is there, and where.

use super::listing::{bullets, kind, of_kind, verb};
use super::prose::plural;
use super::question::Question;
use super::reach::Entry;
use super::resolve;
use super::rules::Ruling;
use super::turn::Turn;

/// "Is there a LICENSE file", "are there any tests", "does a folder docs exist".
pub(super) fn existence(question: &Question, turn: &Turn<'_>) -> Ruling {
    let says = |phrases: &[&str]| question.says_any(phrases);
    let asks = question.begins(&[
        "is there",
        "are there",
        "does",
        "do we have",
        "do i have",
        "have we",
        "exists",
        "check if",
        "check whether",
        "has",
    ]) && says(&["exist", "exists", "is there", "are there", "have", "has", "there"]);
    if !asks || says(&["contain", "contains", "mention", "mentions", "containing", "word", "line", "todo", "todos"]) {
        return Ok(None);
    }
    if let Some(kind) = kind(question) {
        let listing = of_kind(turn, &kind, question.folder().as_deref())?;
        let files: Vec<&Entry> = listing.files().collect();
        let text = if files.is_empty() {
            format!("No: I found no {} file ({}).", kind.name, kind.patterns())
        } else {
            format!(
                "Yes, {}:\n{}",
                plural(files.len(), &format!("{} file", kind.name), &format!("{} files", kind.name)),
                bullets(&files)
            )
        };
        return Ok(Some(text + &listing.caveat()));
    }
    let folder = says(&["folder", "directory", "dir"]);
    let quoted = question.quoted().first().map(|name| (*name).to_owned());
    let license = says(&["license file", "licence file", "license", "licence"]).then(|| "LICENSE".to_owned());
    let about_tests = says(&["tests", "test files", "unit tests"]) && !folder;
    let before_file = question
        .words
        .windows(2)
        .find(|pair| pair[1].low == "file" && !super::vocabulary::STOPWORDS.contains(&pair[0].low.as_str()))
        .map(|pair| pair[0].raw.clone());
    let wanted = match question
        .paths()
        .into_iter()
        .next()
        .or(if folder { question.folder() } else { None })
        .or(quoted)
        .or(license)
        .or(before_file)
    {
        Some(wanted) => wanted,
        None if about_tests => "test".to_owned(),
        None => return Ok(None),
    };
    let all = resolve::all(turn)?;
    let low = wanted.trim_end_matches('/').to_lowercase();
    let fits = |entry: &&Entry| {
        let path = entry.path.to_lowercase();
        let base = super::prose::base(&path);
        let stem = base.split('.').next().unwrap_or(&base);
        if about_tests {
            return base.contains("test") || base.contains("spec");
        }
        path == low
            || path.ends_with(&format!("/{low}"))
            || !low.contains('.') && low.len() > 3 && base.starts_with(&low)
            || !low.contains('.')
                && (stem == low
                    || low == "license" && (stem == "licence" || stem == "copying" || stem.starts_with("license")))
    };
    let found: Vec<&Entry> = all.entries.iter().filter(fits).filter(|entry| !folder || entry.folder).collect();
    if about_tests {
        let inside = super::counting::tests(turn)?;
        let named: Vec<&Entry> = found.into_iter().filter(|entry| !entry.folder).collect();
        let named = if named.is_empty() {
            "No file has \"test\" or \"spec\" in its name.".to_owned()
        } else {
            format!("By their names:\n{}", bullets(&named))
        };
        return Ok(Some(format!("{named}\n\n{inside}{}", all.caveat())));
    }
    let text = if found.is_empty() {
        let kind = if folder { "folder" } else { "file or folder" };
        format!("No: I found no {kind} named `{wanted}` in the workspace.")
    } else {
        format!("Yes:\n{}", bullets(&found))
    };
    Ok(Some(text + &all.caveat()))
}

/// "How many examples are there" may mean the files of a folder of that name.
pub(super) fn folder_of(question: &Question, turn: &Turn<'_>) -> Ruling {
    let Some((at, _)) = question.position("how many").filter(|_| question.words.len() <= 7 && turn.offers("list_files"))
    else {
        return Ok(None);
    };
    let Some(noun) = question.words.get(at + 2).map(|word| word.raw.to_lowercase()) else { return Ok(None) };
    let all = resolve::all(turn)?;
    let named = |entry: &&Entry| entry.folder && super::prose::base(&entry.path) == noun;
    let Some(folder) = all.entries.iter().filter(named).min_by_key(|entry| entry.path.len()) else { return Ok(None) };
    let below = format!("{}/", folder.path);
    let files: Vec<&Entry> = all.files().filter(|entry| entry.path.starts_with(&below)).collect();
    let count = plural(files.len(), "file", "files");
    Ok(Some(format!("The folder `{}` holds {count}:\n{}{}", folder.path, bullets(&files), all.caveat())))
}

/// Where a file is: "where is main.rs", "find the file main.rs".
pub(super) fn location(question: &Question, turn: &Turn<'_>) -> Ruling {
    let asks = question.begins(&[
        "where",
        "find",
        "locate",
        "search",
        "look for",
        "path",
        "what is the path",
        "in which folder",
        "which folder",
    ]) && !question.says_any(&[
        "defined",
        "mentioned",
        "used",
        "declared",
        "lines",
        "in",
        "called",
        "contain",
        "contains",
    ]);
    let Some(wanted) = question.paths().into_iter().next().filter(|_| asks && question.paths().len() == 1) else {
        return Ok(None);
    };
    let all = resolve::all(turn)?;
    let files: Vec<&str> = all.files().map(|entry| entry.path.as_str()).collect();
    let found = resolve::candidates(&files, &wanted);
    let base = wanted.rsplit('/').next().unwrap_or(&wanted).to_lowercase();
    Ok(Some(match found.as_slice() {
        [] => format!("I found no file `{wanted}` in the workspace.{}", all.caveat()),
        [only] if super::prose::base(only) == base => format!("`{only}`"),
        several if several.iter().any(|path| super::prose::base(path).starts_with(&base)) => format!(
            "There {} {}:\n- {}",
            verb(several.len()),
            plural(several.len(), "such file", "such files"),
            several.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join("\n- ")
        ),
        near => format!("There is no `{wanted}`; the nearest name is {}.", resolve::quoted(near, "or")),
    }))
}

//! What narrows a listing: empty, hidden, large and small files; and the folder that holds the most.

use std::collections::BTreeMap;

use super::prose::plural;
use super::question::Question;
use super::reach::Listing;
use super::rules::Ruling;

/// Keeps the entries that a question narrows a listing to, and tells how: "empty files", "hidden files".
pub(super) fn narrowed(question: &Question, listing: &mut Listing) -> &'static str {
    if question.says_any(&["files", "file"]) && question.says_any(&["empty", "zero bytes", "0 bytes"]) {
        listing.entries.retain(|entry| !entry.folder && entry.bytes == Some(0));
        return "empty ";
    }
    if question.says_any(&["hidden"]) {
        let hidden = |path: &str| path.trim_end_matches('/').rsplit('/').next().is_some_and(|name| name.starts_with('.'));
        listing.entries.retain(|entry| hidden(&entry.path));
        return "hidden ";
    }
    if let Some((larger, bytes)) = by_size(question) {
        let fits = |size: u64| if larger { size > bytes } else { size < bytes };
        listing.entries.retain(|entry| !entry.folder && entry.bytes.is_some_and(fits));
        return if larger { "larger " } else { "smaller " };
    }
    ""
}

/// "Bigger than 1000 bytes", "under 2 kb": whether larger ones are wanted, and the bytes.
pub(super) fn by_size(question: &Question) -> Option<(bool, u64)> {
    const WORDS: [(&str, bool); 12] = [
        ("bigger than", true),
        ("larger than", true),
        ("greater than", true),
        ("more than", true),
        ("over", true),
        ("above", true),
        ("at least", true),
        ("smaller than", false),
        ("less than", false),
        ("under", false),
        ("below", false),
        ("at most", false),
    ];
    if !question.says_any(&["files", "file"]) {
        return None;
    }
    let (at, larger) =
        WORDS.iter().find_map(|(words, larger)| question.position(words).map(|(at, length)| (at + length, *larger)))?;
    let low = |at: usize| question.words.get(at).map_or("", |word| word.low.as_str());
    let digits = low(at).trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = if digits.len() < low(at).len() { low(at).get(digits.len()..)? } else { low(at + 1) };
    let factor = match unit {
        "b" | "byte" | "bytes" => 1,
        "k" | "kb" | "kib" | "kilobytes" | "kilobyte" => 1_024,
        "m" | "mb" | "mib" | "megabytes" | "megabyte" => 1_048_576,
        _ => return None,
    };
    let number: u64 = digits.replace(',', "").parse().ok()?;
    let exact = question.says_any(&["at least", "at most"]);
    let bytes = number.checked_mul(factor)?;
    Some((
        larger,
        if exact && larger {
            bytes.saturating_sub(1)
        } else if exact {
            bytes.saturating_add(1)
        } else {
            bytes
        },
    ))
}

/// "Which folder has the most files".
pub(super) fn asks_for_fullest_folder(question: &Question) -> bool {
    question.says_any(&["which folder", "what folder", "which directory", "which folders"])
        && question.says_any(&["most files", "the most files", "most"])
}

/// The folders with the files that lie directly in them, the fullest first.
pub(super) fn fullest_folder(listing: &Listing) -> Ruling {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in listing.files() {
        *counts.entry(entry.path.rsplit_once('/').map_or(".", |(folder, _)| folder)).or_default() += 1;
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let line = |(folder, count): &(&str, usize)| format!("- `{folder}`: {}", plural(*count, "file", "files"));
    let lines: Vec<String> = counts.iter().take(10).map(line).collect();
    Ok(Some(format!("Folders by the files directly in them, the fullest first:\n{}{}", lines.join("\n"), listing.caveat())))
}

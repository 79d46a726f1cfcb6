//! The words of a question: quotes, punctuation, contractions, simple typos; and which of them look like files.

use super::vocabulary::{KNOWN, NOT_FILES, STOPWORDS, TYPED};

/// Most characters of a text whose words are read.
const MAX_CHARACTERS: usize = 8_000;

/// One word of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As it was written, without quotes and punctuation.
    pub raw: String,
    /// In lower case and with simple typos corrected; empty for quoted text.
    pub low: String,
    /// Whether it stood in quotes: then it may hold spaces.
    pub quoted: bool,
}

/// A count or an ordinal, in digits or as a word.
pub(super) fn ordinal(word: &str) -> Option<u64> {
    const NAMES: [&[&str]; 11] = [
        &["zero"],
        &["one", "first", "1st"],
        &["two", "second", "2nd"],
        &["three", "third", "3rd"],
        &["four", "fourth", "4th"],
        &["five", "fifth", "5th"],
        &["six", "sixth", "6th"],
        &["seven", "seventh", "7th"],
        &["eight", "eighth", "8th"],
        &["nine", "ninth", "9th"],
        &["ten", "tenth", "10th"],
    ];
    let named = NAMES.iter().position(|names| names.contains(&word)).and_then(|at| u64::try_from(at).ok());
    named.or_else(|| word.parse().ok())
}

impl Word {
    /// Whether its last part has an extension, such as `main.rs` or `.gitignore`.
    pub(super) fn has_extension(&self) -> bool {
        let last = self.raw.rsplit('/').next().unwrap_or_default();
        match last.rsplit_once('.') {
            Some((stem, extension)) => {
                (1..=12).contains(&extension.len())
                    && extension.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
                    && extension.chars().any(|c| c.is_ascii_alphabetic())
                    && !stem.ends_with('.')
            }
            None => false,
        }
    }

    /// Whether it looks like the path of a file.
    pub(super) fn is_path(&self) -> bool {
        let raw = self.raw.as_str();
        let named = self.quoted && self.has_extension();
        let excluded = raw.contains("://")
            || raw.contains('@')
            || raw.contains(['*', '=', '<', '>', '\n', '$', '{', ';'])
            || raw.contains(['(', ')']) && !(named && raw.contains(' '))
            || NOT_FILES.contains(&raw.to_lowercase().as_str())
            || raw.len() > 300
            || raw.contains(' ') && !self.has_extension();
        let number = raw.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '/' | '-' | ':' | '%' | '+'));
        if excluded || number || raw.is_empty() {
            return false;
        }
        let slashed = raw.contains('/')
            && raw.split('/').filter(|part| !part.is_empty()).count() > 1
            && !matches!(raw, "and/or" | "TODO/FIXME" | "yes/no" | "his/her" | "he/she")
            && !raw.contains("://");
        self.has_extension() && !is_version(raw) || slashed
    }
}

fn is_version(raw: &str) -> bool {
    raw.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()) && raw.matches('.').count() >= 2
}

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().take(MAX_CHARACTERS).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        if let Some(end) = closing(&chars, at) {
            let raw: String = chars.get(at + 1..end).unwrap_or_default().iter().collect();
            found.push(Word { raw, low: String::new(), quoted: true });
            at = end + 1;
            continue;
        }
        let length = chars.get(at..).unwrap_or_default().iter().take_while(|c| !c.is_whitespace()).count();
        let raw: String = chars.get(at..at + length).unwrap_or_default().iter().collect();
        at += length;
        push_word(&mut found, &raw);
    }
    found
}

/// Where the quote that opens here is closed.
fn closing(chars: &[char], at: usize) -> Option<usize> {
    let open = *chars.get(at)?;
    let close = match open {
        '"' | '`' | '\'' => open,
        '“' => '”',
        '‘' => '’',
        '«' => '»',
        _ => return None,
    };
    let starts = at
        .checked_sub(1)
        .and_then(|at| chars.get(at))
        .is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | ':' | '='));
    if !starts {
        return None;
    }
    let ends = |end: usize| chars.get(end + 1).is_none_or(|c| !c.is_alphanumeric());
    (at + 1..chars.len()).find(|end| chars.get(*end) == Some(&close) && ends(*end)).filter(|end| *end > at + 1)
}

fn push_word(found: &mut Vec<Word>, raw: &str) {
    let trimmed = raw.trim_start_matches(['(', '[', '{', '"', '\'', '`', '“', '¿', '¡', '<']);
    let mut trimmed = trimmed.trim_end_matches([',', ';', ':', '!', '?', ']', '}', '"', '\'', '`', '”', '>']);
    if !trimmed.contains('(') {
        trimmed = trimmed.trim_end_matches([')', ',', ';', ':', '!', '?']);
    }
    if !matches!(trimmed, "." | "..") {
        trimmed = trimmed.trim_end_matches('.');
    }
    if trimmed.is_empty() {
        return;
    }
    let lower = trimmed.to_lowercase().replace('’', "'");
    let (first, second) = match lower.as_str() {
        "i'm" => ("i", "am"),
        "can't" | "cannot" => ("can", "not"),
        "won't" => ("will", "not"),
        "let's" => ("let", "us"),
        other => match other.rsplit_once('\'') {
            Some((
                stem @ ("what" | "where" | "who" | "how" | "there" | "that" | "it" | "when" | "which" | "here" | "whats"),
                "s",
            )) => (stem, "is"),
            Some((stem, "t")) if stem.ends_with('n') => (stem.strip_suffix('n').unwrap_or(stem), "not"),
            Some((stem, "re")) => (stem, "are"),
            Some((stem, "ve")) => (stem, "have"),
            Some((stem, "ll")) => (stem, "will"),
            _ => match other {
                "whats" => ("what", "is"),
                "wheres" => ("where", "is"),
                "hows" => ("how", "is"),
                "wich" | "whihc" => ("which", ""),
                _ => (other, ""),
            },
        },
    };
    if second.is_empty() {
        let word = Word { raw: trimmed.to_owned(), low: lower.clone(), quoted: false };
        let low = if word.is_path() || trimmed.contains(['_', '.', '/', ':', '(']) { lower } else { corrected(&lower) };
        found.push(Word { low, ..word });
    } else {
        found.push(Word { raw: first.to_owned(), low: corrected(first), quoted: false });
        found.push(Word { raw: second.to_owned(), low: second.to_owned(), quoted: false });
    }
}

/// A word without a simple typo: one slip away from a word that the rules know, and not itself a known word.
fn corrected(word: &str) -> String {
    let length = word.chars().count();
    let plain = word.chars().all(|c| c.is_ascii_lowercase());
    if length < 4 || !plain || KNOWN.contains(&word) || STOPWORDS.contains(&word) || TYPED.contains(&word) {
        return word.to_owned();
    }
    let near = |known: &&&str| {
        let same_start = known.as_bytes().first() == word.as_bytes().first();
        let swapped =
            known.len() == word.len() && strsim::osa_distance(known, word) == 1 && strsim::levenshtein(known, word) == 2;
        swapped || length >= 5 && known.len() >= 5 && same_start && strsim::osa_distance(known, word) == 1
    };
    TYPED.iter().find(near).map_or_else(|| word.to_owned(), |known| (*known).to_owned())
}

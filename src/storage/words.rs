//! The words of a text, and whether a text holds those that are looked for: the same for every store, and for whoever marks
//! what was found. A word is letters and digits in one piece; case does not count.

use std::ops::Range;

use crate::domain::Error;

/// Most words of one query.
const WORDS: usize = 64;
/// Longest query, in bytes.
const BYTES: usize = 1_024;

/// A word, or several that must stand one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    words: Vec<String>,
    /// Whether the last one is only the beginning of a word.
    is_open: bool,
}

/// What is looked for: all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms(Vec<Phrase>);

impl Terms {
    /// Reads `two words`, `"one phrase"`, and `begin*`.
    ///
    /// # Errors
    /// `invalid_input` when it holds no word, or too much.
    pub fn parse(query: &str) -> Result<Self, Error> {
        if query.len() > BYTES {
            return Err(Error::invalid(format!("what is looked for has {} bytes, at most {BYTES} fit", query.len())));
        }
        let mut phrases = Vec::new();
        let mut is_quoted = false;
        for piece in query.split('"') {
            let pieces: Vec<&str> = if is_quoted { vec![piece] } else { piece.split_whitespace().collect() };
            is_quoted = !is_quoted;
            for text in pieces {
                let words: Vec<String> = words(text).map(|(_, word)| word).collect();
                if !words.is_empty() {
                    phrases.push(Phrase { words, is_open: text.trim_end().ends_with('*') });
                }
            }
        }
        let count: usize = phrases.iter().map(|phrase| phrase.words.len()).sum();
        if count == 0 {
            return Err(Error::invalid("nothing is looked for: no letter and no digit")
                .hint("name words, such as `ombud sessions search flaky test`"));
        }
        if count > WORDS {
            return Err(Error::invalid(format!("{count} words are looked for, at most {WORDS} fit")));
        }
        Ok(Self(phrases))
    }

    /// The same in the words of SQLite.
    pub(super) fn expression(&self) -> String {
        let phrase = |phrase: &Phrase| format!("\"{}\"{}", phrase.words.join(" "), if phrase.is_open { " *" } else { "" });
        self.0.iter().map(phrase).collect::<Vec<_>>().join(" AND ")
    }

    /// Whether a text holds all of them.
    pub fn are_in(&self, text: &str) -> bool {
        let words: Vec<String> = words(text).map(|(_, word)| word).collect();
        self.0.iter().all(|phrase| (0..words.len()).any(|at| phrase.fits(words.get(at..).unwrap_or_default())))
    }

    /// Where in a text they stand, in bytes, one after the other.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let (ranges, words): (Vec<Range<usize>>, Vec<String>) = words(text).unzip();
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let fits = self.0.iter().filter(|phrase| phrase.fits(words.get(at..).unwrap_or_default()));
            let length = fits.map(|phrase| phrase.words.len()).max().unwrap_or(0);
            if let (Some(first), Some(last)) = (ranges.get(at), ranges.get((at + length).saturating_sub(1)))
                && length > 0
            {
                places.push(first.start..last.end);
            }
            at += length.max(1);
        }
        places
    }
}

impl Phrase {
    fn fits(&self, there: &[String]) -> bool {
        let last = self.words.len() - 1;
        there.len() > last
            && self.words.iter().zip(there).enumerate().all(|(at, (wanted, word))| {
                if at == last && self.is_open { word.starts_with(wanted.as_str()) } else { word == wanted }
            })
    }
}

/// The words of a text with one space between them: so that an index which has its own idea of a word has the same ones.
pub(super) fn spaced(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for (_, word) in words(text) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    line
}

/// The words of a text in lower case, with where they stand.
fn words(text: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        while rest.next_if(|(_, sign)| !sign.is_alphanumeric()).is_some() {}
        let (start, first) = rest.next()?;
        let (mut end, mut word) = (start + first.len_utf8(), String::new());
        push_lower(&mut word, first);
        if is_word(first) {
            return Some((start..end, word));
        }
        while let Some((at, sign)) = rest.next_if(|(_, sign)| goes_on(*sign)) {
            end = at + sign.len_utf8();
            push_lower(&mut word, sign);
        }
        Some((start..end, word))
    })
}

/// Whether a sign goes on with a word: accents that are written as signs of their own do.
fn goes_on(sign: char) -> bool {
    (sign.is_alphanumeric() || matches!(sign, '\u{300}'..='\u{36f}')) && !is_word(sign)
}

/// Adds a letter, so that those which differ only by their place or their case are one: both forms of the small sigma, the
/// sharp s and its capitals, the dotted and the plain i.
fn push_lower(word: &mut String, sign: char) {
    for sign in sign.to_lowercase() {
        match sign {
            'ς' => word.push('σ'),
            'ß' => word.push_str("ss"),
            '\u{307}' => {}
            _ => word.push(sign),
        }
    }
}

/// Whether a sign is of a script that is written without spaces: each counts as a word, so that what stands in the middle
/// of a sentence is found.
fn is_word(sign: char) -> bool {
    matches!(sign, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_phrases_and_beginnings_are_found() {
        let text = "The flaky test of `parse_query`, Übung 7. 私は東京に。 Οδος Straße İstanbul re\u{301}sume\u{301}";
        for (query, is_in) in [
            ("flaky", true),
            ("FLAKY the", true),
            ("flak", false),
            ("flak*", true),
            ("\"flaky test\"", true),
            ("\"test flaky\"", false),
            ("parse_query", true),
            ("query_parse", false),
            ("\"flaky te*\"", true),
            ("übung 7", true),
            ("flaky missing", false),
            ("東京", true),
            ("京に", true),
            ("東に", false),
            ("ΟΔΟΣ οδος", true),
            ("STRASSE straße", true),
            ("istanbul", true),
            ("re\u{301}sume\u{301}", true),
            ("sume", false),
        ] {
            assert_eq!(Terms::parse(query).unwrap().are_in(text), is_in, "{query}");
        }
        let told = |query: &str| Terms::parse(query).unwrap_err().message;
        assert_eq!(told(" -- \"\" "), "nothing is looked for: no letter and no digit");
        assert_eq!(told(&"a ".repeat(65)), "65 words are looked for, at most 64 fit");
        assert_eq!(told(&"a".repeat(1_025)), "what is looked for has 1025 bytes, at most 1024 fit");
    }

    #[test]
    fn places_are_told_in_bytes() {
        let terms = Terms::parse("über \"flaky test\" q*").unwrap();
        let text = "Über a flaky test, query";
        let found: Vec<&str> = terms.places(text).into_iter().map(|place| &text[place]).collect();
        assert_eq!(found, ["Über", "flaky test", "query"]);
        assert_eq!(terms.expression(), "\"über\" AND \"flaky test\" AND \"q\" *");
    }
}

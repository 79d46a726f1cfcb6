//! Text helpers of the rules: sentences, words that match, shortening.

/// Longest line that an answer quotes, in characters.
const MAX_LINE: usize = 300;

/// A line as an answer quotes it.
pub(super) fn shown(line: &str) -> String {
    let line = line.trim();
    if line.chars().count() <= MAX_LINE {
        return line.to_owned();
    }
    let cut: String = line.chars().take(MAX_LINE).collect();
    format!("{cut} …")
}

pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The beginning of a word that its forms share: `tests`, `testing` and `tested` give `test`.
pub(super) fn stem(word: &str) -> String {
    let word = word.to_lowercase();
    let without = |word: &str, ending: &str| {
        let stem = word.strip_suffix(ending)?;
        (stem.chars().count() >= 3 && word.is_ascii()).then(|| stem.to_owned())
    };
    let endings = ["ations", "ation", "ings", "ing", "ers", "ies", "ied", "ed", "es", "er", "s", "e", "y"];
    if word.ends_with("ss") {
        return word;
    }
    let stem = endings.iter().find_map(|ending| without(&word, ending)).unwrap_or(word);
    // `running` gives `run`.
    let mut chars = stem.chars().rev();
    match (chars.next(), chars.next()) {
        (Some(last), Some(before)) if last == before && stem.len() > 3 && !matches!(last, 'l' | 's') => {
            stem.get(..stem.len() - last.len_utf8()).unwrap_or(&stem).to_owned()
        }
        _ => stem,
    }
}

/// The words of a text in lower case: letters and digits; camelCase and snake_case are taken apart.
pub(super) fn plain_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for c in text.chars() {
        if (!c.is_alphanumeric() || c.is_uppercase() && lower) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        lower = c.is_lowercase() || c.is_ascii_digit();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The first sentences of a text, at most so many.
pub(super) fn sentences(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut end = text.len();
    let mut count = 0;
    for (at, _) in text.match_indices(['.', '!', '?']) {
        let behind = text.get(at + 1..).unwrap_or_default();
        let before = text.get(..at).unwrap_or_default();
        let abbreviated = before.ends_with("e.g")
            || before.ends_with("i.e")
            || before.ends_with("etc")
            || before.ends_with("Dr")
            || before.ends_with("Mr");
        if (behind.is_empty() || behind.starts_with(' ')) && !abbreviated {
            count += 1;
            if count == most {
                end = at + 1;
                break;
            }
        }
    }
    shown_long(text.get(..end).unwrap_or(&text))
}

fn shown_long(text: &str) -> String {
    if text.chars().count() <= 900 {
        return text.to_owned();
    }
    let cut: String = text.chars().take(900).collect();
    format!("{cut} …")
}

/// The paragraphs of prose in a Markdown or plain text with the number of their first line: no headings, lists,
/// pictures, quotes, tables or code.
pub(super) fn paragraphs(lines: &[String]) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut current: Option<(usize, String)> = None;
    let mut fenced = false;
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
        }
        let underline = trimmed.len() >= 3 && trimmed.chars().all(|c| matches!(c, '=' | '-' | '*' | '_'));
        let prose = !fenced
            && !underline
            && !trimmed.is_empty()
            && !trimmed.starts_with(['#', '|', '<', '>', '!', '`', '~'])
            && !trimmed.starts_with("[![")
            && !is_item(trimmed)
            && !line.starts_with("    ");
        if underline
            && let Some((_, text)) = &current
            && !text.contains('\n')
            && trimmed.starts_with(['=', '-'])
        {
            // What stood above is a heading.
            current = None;
        } else if prose {
            match &mut current {
                Some((_, text)) => {
                    text.push('\n');
                    text.push_str(trimmed);
                }
                None => current = Some((at + 1, trimmed.to_owned())),
            }
        } else if let Some(paragraph) = current.take() {
            found.push(paragraph);
        }
    }
    found.extend(current);
    found
}

/// Whether a line is an item of a list.
pub(super) fn is_item(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with("- ")
        || line.starts_with("* ")
        || line.starts_with("+ ")
        || digits.len() < line.len() && (digits.starts_with(". ") || digits.starts_with(") "))
}

/// The file's ending in lower case, or nothing.
pub(super) fn extension(path: &str) -> String {
    let base = path.rsplit('/').next().unwrap_or(path);
    base.rsplit_once('.')
        .filter(|(stem, _)| !stem.is_empty())
        .map(|(_, extension)| extension.to_lowercase())
        .unwrap_or_default()
}

/// The file's name without its folders, in lower case.
pub(super) fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_lowercase()
}

/// The comment that a file of code begins with.
pub(super) fn leading_comment(lines: &[String]) -> String {
    let mut text = Vec::new();
    let mut block: Option<&str> = None;
    for line in lines.iter().take(80) {
        let trimmed = line.trim();
        if let Some(end) = block {
            let (inside, ends) = match trimmed.split_once(end) {
                Some((inside, _)) => (inside, true),
                None => (trimmed, false),
            };
            text.push(inside.trim_start_matches('*').trim().to_owned());
            if ends {
                break;
            }
            continue;
        }
        if trimmed.is_empty() && text.is_empty()
            || trimmed.starts_with("#!")
            || trimmed.starts_with("# -*-")
            || trimmed == "'use strict';"
            || trimmed.starts_with("<?php")
            || trimmed.starts_with("package ")
        {
            continue;
        }
        if let Some((open, close)) = [("\"\"\"", "\"\"\""), ("'''", "'''"), ("/*", "*/"), ("<!--", "-->")]
            .into_iter()
            .find(|(open, _)| trimmed.starts_with(open))
        {
            let inside = trimmed.get(open.len()..).unwrap_or_default().trim_start_matches(['*', '!']);
            match inside.split_once(close) {
                Some((inside, _)) => {
                    text.push(inside.trim().to_owned());
                    break;
                }
                None => {
                    text.push(inside.trim().to_owned());
                    block = Some(close);
                }
            }
            continue;
        }
        let inside = ["//!", "///", "//", "--", "#", ";;"].iter().find_map(|sign| trimmed.strip_prefix(sign));
        match inside {
            Some(inside)
                if !trimmed.starts_with("#[") && !trimmed.starts_with("#include") && !trimmed.starts_with("#define") =>
            {
                text.push(inside.trim().to_owned())
            }
            _ => break,
        }
    }
    text.join(" ").trim().to_owned()
}

//! Small pieces of text for messages about settings.

/// The nearest of some known words, in the form " (did you mean `word`?)"; empty when none is near.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(wrong, known) {
        Some(word) => format!("; did you mean `{word}`?"),
        None => String::new(),
    }
}

/// The nearest of some known words, when it is near enough to be a slip.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Only short words are compared: the cost grows with the square of their length.
    if wrong.len() > 64 {
        return None;
    }
    let likeness = |word: &str| strsim::jaro_winkler(&wrong.to_lowercase(), &word.to_lowercase());
    known
        .into_iter()
        .map(|word| (likeness(word), word))
        .filter(|(near, _)| *near > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, word)| word)
}

/// "`a`, `b` or `c`".
pub fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A size with its unit, such as `2mb`, `100kb` or `512`, in bytes.
pub fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim() {
        "" | "b" => 0,
        "kb" | "k" => 10,
        "mb" | "m" => 20,
        "gb" | "g" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// A text without control characters, at most 200 characters long: names of a cloned folder reach the terminal.
pub fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(200)
        .flat_map(|c| {
            let escaped = c.is_control() || is_invisible(c);
            let escape = escaped.then(|| c.escape_unicode()).into_iter().flatten();
            escape.chain((!escaped).then_some(c))
        })
        .collect();
    if text.chars().nth(200).is_some() {
        shown.push('…');
    }
    shown
}

/// Marks that change the order or the look of the text around them.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A value on one line: a text without quotes, anything else as compact JSON.
pub fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

/// A path, without control characters.
pub fn shown(path: &std::path::Path) -> String {
    printable(&path.to_string_lossy())
}

/// Splits a list of permissions at the commas outside of brackets.
pub fn split_rules(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut rules = vec![String::new()];
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match rules.last_mut() {
            Some(last) if c != ',' || depth > 0 => last.push(c),
            _ => rules.push(String::new()),
        }
    }
    rules.into_iter().map(|rule| rule.trim().to_owned()).filter(|rule| !rule.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_answered_and_nonsense_is_not() {
        assert_eq!(did_you_mean("modle", ["store", "model", "models"]), "; did you mean `model`?");
        assert_eq!(did_you_mean("xyzzy", ["store", "model", "models"]), "");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[31m\n\u{202e}b"), "a\\u{1b}[31m\\u{a}\\u{202e}b");
        assert_eq!(printable(&"x".repeat(300)).chars().count(), 201);
    }

    #[test]
    fn permissions_are_split_outside_of_brackets() {
        assert_eq!(split_rules("run_command(a, b),edit_file , "), ["run_command(a, b)", "edit_file"]);
    }
}

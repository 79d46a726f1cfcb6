//! From the words of a question to an expression that can be calculated.

/// Phrases and what they mean in an expression; longer ones first where one begins with another.
const PHRASES: &[(&str, &str)] = &[
    ("to the power of", "^"),
    ("raised to the power of", "^"),
    ("raised to the", "^"),
    ("raised to", "^"),
    ("the square root of", "sqrt"),
    ("square root of", "sqrt"),
    ("the factorial of", "factorial"),
    ("factorial of", "factorial"),
    ("multiplied by", "*"),
    ("multiplied with", "*"),
    ("divided by", "/"),
    ("percent of", "% *"),
    ("per cent of", "% *"),
    ("% of", "% *"),
    ("per cent", "%"),
    ("percent", "%"),
    ("half of", "0.5 *"),
    ("a third of", "1/3 *"),
    ("a quarter of", "1/4 *"),
    ("the product of", ""),
    ("plus", "+"),
    ("minus", "-"),
    ("times", "*"),
    ("over", "/"),
    ("modulo", "%"),
    ("mod", "%"),
    ("squared", "^2"),
    ("cubed", "^3"),
    ("twice", "2 *"),
    ("x", "*"),
    ("**", "^"),
    ("×", "*"),
    ("·", "*"),
    ("÷", "/"),
    ("−", "-"),
];

/// What may stand before an expression.
const LEADS: &[&str] = &[
    "please",
    "can",
    "could",
    "you",
    "what",
    "is",
    "are",
    "calculate",
    "compute",
    "evaluate",
    "solve",
    "how",
    "much",
    "the",
    "result",
    "of",
    "value",
    "tell",
    "me",
    "work",
    "out",
    "quick",
    "maths",
    "math",
    "question",
    "hey",
    "and",
    "does",
    "equal",
    "equals",
    "so",
    "then",
    "make",
    "give",
];

/// Numbers as words.
const WORDS: &[(&str, &str)] = &[
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("thirteen", "13"),
    ("fourteen", "14"),
    ("fifteen", "15"),
    ("sixteen", "16"),
    ("seventeen", "17"),
    ("eighteen", "18"),
    ("nineteen", "19"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
    ("hundred", "100"),
    ("thousand", "1000"),
    ("million", "1000000"),
];

/// The expression in a question, if the question is nothing but one.
pub(super) fn expression(question: &str) -> Option<String> {
    if question.len() > super::calculator::MAX_LENGTH
        || !question.is_ascii() && !question.contains(['×', '·', '÷', '−', '’', '²', '³'])
    {
        return None;
    }
    let mut text = question.to_lowercase().replace("what's", "what is").replace("what’s", "what is");
    text = text.replace('²', "^2").replace('³', "^3").replace(['`', '"', '\''], " ");
    let text = text.trim().trim_end_matches(['?', '.', '=', '!', ' ']).trim_end().to_owned();
    // `5!` keeps its mark, which the line before took away.
    let text =
        if question.trim_end_matches(['?', '.', '=', ' ']).ends_with("!") && text.ends_with(|c: char| c.is_ascii_digit()) {
            format!("{text}!")
        } else {
            text
        };
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let asked = words.iter().any(|word| matches!(*word, "calculate" | "compute" | "evaluate" | "solve"));
    while words.first().is_some_and(|word| LEADS.contains(&word.trim_end_matches([':', ',']))) {
        words.remove(0);
    }
    if words.last() == Some(&"please") {
        words.pop();
    }
    let mut body = format!(" {} ", words.join(" ").replace(',', ", ").replace(",  ", ", "));
    body = body.replace("% of", " % of ");
    for (word, digits) in WORDS {
        body = body.replace(&format!(" {word} "), &format!(" {digits} "));
    }
    for (phrase, sign) in PHRASES {
        let spaced = if phrase.is_ascii() && phrase.starts_with(|c: char| c.is_ascii_alphabetic()) {
            format!(" {phrase} ")
        } else {
            (*phrase).to_owned()
        };
        body = body.replace(&spaced, &format!(" {sign} "));
    }
    let body = between_digits(&body.replace(", ", ",")).trim().to_owned();
    let body = functions(&body);
    let plain = body.replace("sqrt", "").replace("abs", "").replace("pi", "");
    let only = plain.chars().all(|c| c.is_ascii_digit() || "+-*/%^().,_! e".contains(c));
    let counts = plain.contains(|c: char| c.is_ascii_digit());
    let works = body.trim_start_matches(['-', ' ']).contains(['+', '-', '*', '/', '%', '^', '!'])
        || body.contains("sqrt")
        || body.contains("abs(");
    if !only || !counts || !(works || asked) || is_date(&body) {
        return None;
    }
    let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(body.replace("sqrt (", "sqrt(").replace("abs (", "abs(").replace(" % *", "% *"))
}

/// `7x8` is a product.
fn between_digits(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    let product =
        |(at, c): (usize, &char)| if *c == 'x' && digit(at.checked_sub(1)) && digit(Some(at + 1)) { '*' } else { *c };
    chars.iter().enumerate().map(product).collect()
}

/// Puts parentheses around the number after `sqrt`, and turns `factorial 5` into `5!`.
fn functions(text: &str) -> String {
    let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    for at in 1..words.len() {
        let number = words[at].bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if number && words[at - 1] == "sqrt" {
            words[at] = format!("({})", words[at]);
        } else if number && words[at - 1] == "factorial" {
            words[at].push('!');
            words[at - 1].clear();
        }
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty();
    parts.len() == 3 && parts.iter().all(digits) && parts.iter().any(|part| part.len() == 4) && !text.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::super::calculator::answer;
    use super::*;

    #[test]
    fn questions_become_expressions() {
        for (question, expected) in [
            ("What is 12 times 7?", Some("12 * 7")),
            ("what's 15% of 240", Some("15% * 240")),
            ("calculate (3 + 4) * 2", Some("(3 + 4) * 2")),
            ("two plus two", Some("2 + 2")),
            ("What is the square root of 144?", Some("sqrt(144)")),
            ("What is 5!", Some("5!")),
            ("12 x 3 =", Some("12 * 3")),
            ("7x8", Some("7*8")),
            ("How much is 1,000 divided by 8?", Some("1,000 / 8")),
            ("2 to the power of 10", Some("2 ^ 10")),
            ("what is 2026-11-20", None),
            ("read line 3 - 5 of a.txt", None),
            ("what is the answer", None),
            ("42", None),
            ("src/main.rs", None),
        ] {
            assert_eq!(expression(question).as_deref(), expected, "{question}");
        }
        assert_eq!(answer("15% * 240"), "15% * 240 = 36");
        assert_eq!(answer("2/3"), "2/3 is about 0.6666666667 (rounded)");
    }
}

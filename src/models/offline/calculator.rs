//! Arithmetic: from the words of a question to an expression, and from that to a number.

use super::number::{CalculationError, Number};

/// Longest expression in bytes.
const MAX_LENGTH: usize = 2_000;
/// Deepest nesting.
const MAX_DEPTH: usize = 64;

type Outcome = Result<Number, CalculationError>;

/// Calculates an expression of numbers, `+ - * / % ^ !`, parentheses, `sqrt(…)` and `abs(…)`.
///
/// `a + b%` adds b percent of a; a `%` with a number behind it is the remainder.
pub(super) fn calculate(expression: &str) -> Outcome {
    if expression.len() > MAX_LENGTH {
        return Err(CalculationError::TooLong);
    }
    let mut reader = Reader { text: expression.as_bytes(), at: 0, depth: 0 };
    let (number, _) = reader.sum()?;
    reader.skip();
    if reader.at == reader.text.len() { Ok(number) } else { Err(CalculationError::Syntax) }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn skip(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.skip();
        self.text.get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Each of these tells also whether the number was written as a percentage.
    fn sum(&mut self) -> Result<(Number, bool), CalculationError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CalculationError::TooLong);
        }
        let (mut left, mut percentage) = self.product()?;
        loop {
            let add = match self.peek() {
                Some(b'+') => true,
                Some(b'-') => false,
                _ => break,
            };
            self.at += 1;
            let (mut right, is_percentage) = self.product()?;
            if is_percentage && !percentage {
                right = left.times(right)?;
            }
            left = if add { left.plus(right)? } else { left.minus(right)? };
            percentage = percentage && is_percentage;
        }
        self.depth -= 1;
        Ok((left, percentage))
    }

    fn product(&mut self) -> Result<(Number, bool), CalculationError> {
        let (mut left, mut percentage) = self.signed()?;
        loop {
            let operator = match self.peek() {
                Some(operator @ (b'*' | b'/' | b'%')) => operator,
                _ => return Ok((left, percentage)),
            };
            self.at += 1;
            let (right, _) = self.signed()?;
            percentage = false;
            left = match operator {
                b'*' => left.times(right)?,
                b'/' => left.divided_by(right)?,
                _ => left.modulo(right)?,
            };
        }
    }

    fn signed(&mut self) -> Result<(Number, bool), CalculationError> {
        let mut negative = false;
        while let Some(sign @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            negative ^= sign == b'-';
        }
        let (number, percentage) = self.power()?;
        Ok((if negative { number.negated()? } else { number }, percentage))
    }

    fn power(&mut self) -> Result<(Number, bool), CalculationError> {
        let (base, percentage) = self.postfix()?;
        if !self.takes(b'^') {
            return Ok((base, percentage));
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(CalculationError::TooLong);
        }
        let (exponent, _) = self.signed()?;
        self.depth -= 1;
        Ok((base.power(exponent)?, false))
    }

    fn postfix(&mut self) -> Result<(Number, bool), CalculationError> {
        let mut number = self.primary()?;
        let mut percentage = false;
        loop {
            if self.takes(b'!') {
                number = number.factorial()?;
            } else if self.peek() == Some(b'%') && !self.operand_follows() {
                self.at += 1;
                number = number.divided_by(Number::integer(100))?;
                percentage = true;
            } else {
                return Ok((number, percentage));
            }
        }
    }

    /// Whether something to calculate with comes after the byte that is next.
    fn operand_follows(&self) -> bool {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let next = rest.iter().find(|byte| !byte.is_ascii_whitespace());
        next.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'(' | b'.'))
    }

    fn primary(&mut self) -> Outcome {
        match self.peek() {
            Some(b'(') => {
                self.at += 1;
                let (number, _) = self.sum()?;
                if self.takes(b')') { Ok(number) } else { Err(CalculationError::Syntax) }
            }
            Some(byte) if byte.is_ascii_digit() || byte == b'.' => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() => self.function(),
            _ => Err(CalculationError::Syntax),
        }
    }

    fn function(&mut self) -> Outcome {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let name = rest.get(..length).unwrap_or_default();
        self.at += length;
        if name == b"pi" {
            return Ok(Number::About(std::f64::consts::PI));
        }
        if self.peek() != Some(b'(') {
            return Err(CalculationError::Syntax);
        }
        let argument = self.primary()?;
        match name {
            b"sqrt" => argument.root(),
            b"abs" if argument.compare(Number::integer(0)).is_lt() => argument.negated(),
            b"abs" => Ok(argument),
            _ => Err(CalculationError::Syntax),
        }
    }

    fn number(&mut self) -> Outcome {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'_')) {
            self.at += 1;
        }
        let mut digits = String::from_utf8_lossy(self.text.get(start..self.at).unwrap_or_default()).replace('_', "");
        if digits.contains(',') {
            if !grouped(&digits) {
                return Err(CalculationError::Syntax);
            }
            digits = digits.replace(',', "");
        }
        let number = Number::parse(&digits).ok_or(CalculationError::Syntax)?;
        if !matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            return Ok(number);
        }
        self.at += 1;
        let negative = match self.text.get(self.at) {
            Some(sign @ (b'-' | b'+')) => {
                self.at += 1;
                *sign == b'-'
            }
            _ => false,
        };
        let start = self.at;
        while self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let exponent = std::str::from_utf8(self.text.get(start..self.at).unwrap_or_default()).unwrap_or_default();
        let exponent: i128 = exponent.parse().map_err(|_| CalculationError::Syntax)?;
        let factor = Number::integer(10).power(Number::integer(if negative { -exponent } else { exponent }))?;
        number.times(factor)
    }
}

/// Whether the commas of `1,234,567.8` stand where thousands are divided.
fn grouped(digits: &str) -> bool {
    let whole = digits.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3) && !digits[whole.len()..].contains(',')
}

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
    if question.len() > MAX_LENGTH || !question.is_ascii() && !question.contains(['×', '·', '÷', '−', '’', '²', '³'])
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
    Some(body.split_whitespace().collect::<Vec<_>>().join(" "))
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

/// The answer to a calculation.
pub(super) fn answer(expression: &str) -> String {
    match calculate(expression) {
        Ok(number) if number.is_shown_exactly() => format!("{expression} = {number}"),
        Ok(number) => format!("{expression} is about {number} (rounded)"),
        Err(error) => format!("I cannot calculate `{expression}`: {error}."),
    }
}

/// The numbers in a text, in order, such as `3`, `-2.5` or `1,000`.
pub(super) fn numbers(text: &str) -> Vec<Number> {
    let separated = text.replace([';', '[', ']', '(', ')', '?', '='], " ");
    let tokens = separated.split_whitespace().flat_map(|token| {
        let token = token.trim_end_matches(['.', ',', ':']);
        if grouped(token) && token.contains(',') {
            vec![token.replace(',', "")]
        } else {
            token.split(',').map(str::to_owned).collect()
        }
    });
    tokens.filter_map(|token| number(&token)).collect()
}

/// A number as it is written in a table: with a sign, thousands, a currency or a percent sign.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = text.trim().trim_start_matches(['$', '€', '£']).trim_end_matches(['%', '€', '$', '£']).trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = if digits.contains(',') && grouped(digits) { digits.replace(',', "") } else { digits.to_owned() };
    let digits = digits.trim_start_matches(['$', '€', '£']);
    if digits.len() > 60 {
        return None;
    }
    let number = Number::parse(digits)?;
    if negative { number.negated().ok() } else { Some(number) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(expression: &str) -> String {
        match calculate(expression) {
            Ok(number) => number.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn expressions_have_their_value() {
        for (expression, expected) in [
            ("2+2", "4"),
            ("2 + 3 * 4", "14"),
            ("(2 + 3) * 4", "20"),
            ("2^10", "1024"),
            ("2^3^2", "512"),
            ("-2^2", "-4"),
            ("0.1 + 0.2", "0.3"),
            ("1/4", "0.25"),
            ("10 / 3 * 3", "10"),
            ("1 / 3", "0.3333333333"),
            ("10 % 3", "1"),
            ("-7 % 3", "2"),
            ("15% * 240", "36"),
            ("200 + 10%", "220"),
            ("200 - 10%", "180"),
            ("1,000 * 2", "2000"),
            ("sqrt(144)", "12"),
            ("sqrt(2)", "1.4142135624"),
            ("10!", "3628800"),
            ("1e3 + 1", "1001"),
            ("99999999999 * 99999999999", "9999999999800000000001"),
            ("2^-1", "0.5"),
            ("1/0", "it divides by zero"),
            ("5 % 0", "it divides by zero"),
            ("0^-1", "it divides by zero"),
            ("2 +", "I cannot read it as an expression"),
            ("1,00 + 2", "I cannot read it as an expression"),
            ("9^9^9^9", "the result is too large for me"),
            ("sqrt(0-1)", "it has no real result"),
        ] {
            assert_eq!(value(expression), expected, "{expression}");
        }
        assert_eq!(calculate(&"(".repeat(500)).err(), Some(CalculationError::TooLong));
        assert_eq!(calculate(&"2^".repeat(500)).err(), Some(CalculationError::TooLong));
        assert_eq!(calculate(&"1+".repeat(5_000)).err(), Some(CalculationError::TooLong));
    }

    #[test]
    fn questions_become_expressions() {
        for (question, expected) in [
            ("What is 12 times 7?", Some("12 * 7")),
            ("what's 15% of 240", Some("15 % * 240")),
            ("calculate (3 + 4) * 2", Some("(3 + 4) * 2")),
            ("two plus two", Some("2 + 2")),
            ("What is the square root of 144?", Some("sqrt (144)")),
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
        assert_eq!(answer("15 % * 240"), "15 % * 240 = 36");
        assert_eq!(answer("2/3"), "2/3 is about 0.6666666667 (rounded)");
    }

    proptest! {
        #[test]
        fn integers_are_exact(a in -1_000_000_000_i128..1_000_000_000, b in -1_000_000_000_i128..1_000_000_000) {
            prop_assert_eq!(value(&format!("{a} + {b}")), (a + b).to_string());
            prop_assert_eq!(value(&format!("{a} - ({b})")), (a - b).to_string());
            prop_assert_eq!(value(&format!("({a}) * ({b})")), (a * b).to_string());
            if b != 0 {
                prop_assert_eq!(value(&format!("({a}) / ({b}) * ({b})")), a.to_string());
                prop_assert_eq!(value(&format!("({a} - (({a}) % ({b}))) % ({b})")), "0");
            }
        }

        #[test]
        fn any_text_has_a_value_or_an_error(text in "[0-9+*/%^()!., esqrtabpi-]{0,60}") {
            let _ = calculate(&text);
            let _ = expression(&text);
            let _ = numbers(&text);
        }

        #[test]
        fn what_is_shown_exactly_is_read_back(digits in "[0-9]{1,12}(\\.[0-9]{1,6})?") {
            let shown = value(&digits);
            prop_assert_eq!(value(&shown), shown);
        }
    }
}

//! Arithmetic: expressions, and numbers in a text.

use super::number::{CalculationError, Number};

/// Longest expression in bytes.
pub(super) const MAX_LENGTH: usize = 2_000;
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
            let _ = super::super::expression::expression(&text);
            let _ = numbers(&text);
        }

        #[test]
        fn what_is_shown_exactly_is_read_back(digits in "[0-9]{1,12}(\\.[0-9]{1,6})?") {
            let shown = value(&digits);
            prop_assert_eq!(value(&shown), shown);
        }
    }
}

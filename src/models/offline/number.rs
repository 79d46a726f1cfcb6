//! Numbers that are exact as long as they can be: fractions of 128-bit integers, else a float that says "about".

use std::fmt;

/// Why a calculation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CalculationError {
    /// Something was divided by zero.
    DivisionByZero,
    /// Not an expression.
    Syntax,
    /// Too long, or nested too deep.
    TooLong,
    /// The result is larger than a float can hold.
    TooLarge,
    /// No real number, such as the square root of -1.
    Undefined,
}

impl fmt::Display for CalculationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DivisionByZero => "it divides by zero",
            Self::Syntax => "I cannot read it as an expression",
            Self::TooLong => "it is too long or nested too deep for me",
            Self::TooLarge => "the result is too large for me",
            Self::Undefined => "it has no real result",
        })
    }
}

/// A number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    /// A fraction in lowest terms; the denominator is positive.
    Exact(i128, i128),
    /// A float: rounded.
    About(f64),
}

type Outcome = Result<Number, CalculationError>;

fn greatest_common_divisor(left: i128, right: i128) -> i128 {
    let (mut a, mut b) = (left.unsigned_abs(), right.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i128::try_from(a).unwrap_or(1)
}

impl Number {
    pub(super) fn integer(value: i128) -> Self {
        Self::Exact(value, 1)
    }

    /// A fraction in lowest terms; `None` when it does not fit.
    fn fraction(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator, denominator);
        if denominator == 0 || divisor == 0 {
            return None;
        }
        let (numerator, denominator) = (numerator.checked_div(divisor)?, denominator.checked_div(divisor)?);
        if denominator < 0 {
            Some(Self::Exact(numerator.checked_neg()?, denominator.checked_neg()?))
        } else {
            Some(Self::Exact(numerator, denominator))
        }
    }

    fn float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
            Self::Exact(numerator, denominator) => numerator as f64 / denominator as f64,
            Self::About(value) => value,
        }
    }

    fn about(value: f64) -> Outcome {
        match (value.is_finite(), value.is_nan()) {
            (true, _) => Ok(Self::About(value)),
            (_, true) => Err(CalculationError::Undefined),
            _ => Err(CalculationError::TooLarge),
        }
    }

    /// Exact where both are exact and the result fits, else rounded.
    fn combine(self, other: Self, exact: fn([i128; 4]) -> Option<Self>, rounded: fn(f64, f64) -> f64) -> Outcome {
        if let (Self::Exact(a, b), Self::Exact(c, d)) = (self, other)
            && let Some(number) = exact([a, b, c, d])
        {
            return Ok(number);
        }
        Self::about(rounded(self.float(), other.float()))
    }

    pub(super) fn plus(self, other: Self) -> Outcome {
        let exact =
            |[a, b, c, d]: [i128; 4]| Self::fraction(a.checked_mul(d)?.checked_add(c.checked_mul(b)?)?, b.checked_mul(d)?);
        self.combine(other, exact, |a, b| a + b)
    }

    pub(super) fn negated(self) -> Outcome {
        Self::integer(0).minus(self)
    }

    pub(super) fn minus(self, other: Self) -> Outcome {
        let exact =
            |[a, b, c, d]: [i128; 4]| Self::fraction(a.checked_mul(d)?.checked_sub(c.checked_mul(b)?)?, b.checked_mul(d)?);
        self.combine(other, exact, |a, b| a - b)
    }

    pub(super) fn times(self, other: Self) -> Outcome {
        let exact = |[a, b, c, d]: [i128; 4]| Self::fraction(a.checked_mul(c)?, b.checked_mul(d)?);
        self.combine(other, exact, |a, b| a * b)
    }

    pub(super) fn is_zero(self) -> bool {
        matches!(self, Self::Exact(0, _)) || matches!(self, Self::About(value) if value == 0.0)
    }

    pub(super) fn divided_by(self, other: Self) -> Outcome {
        if other.is_zero() {
            return Err(CalculationError::DivisionByZero);
        }
        let exact = |[a, b, c, d]: [i128; 4]| Self::fraction(a.checked_mul(d)?, b.checked_mul(c)?);
        self.combine(other, exact, |a, b| a / b)
    }

    /// The remainder of a division, with the sign of the divisor, as people count.
    pub(super) fn modulo(self, other: Self) -> Outcome {
        if other.is_zero() {
            return Err(CalculationError::DivisionByZero);
        }
        let exact = |[a, b, c, d]: [i128; 4]| {
            let (left, right) = (a.checked_mul(d)?, c.checked_mul(b)?);
            let rest = left.checked_rem(right)?;
            let rest = if rest != 0 && (rest < 0) != (right < 0) { rest.checked_add(right)? } else { rest };
            Self::fraction(rest, b.checked_mul(d)?)
        };
        self.combine(other, exact, |a, b| a - b * (a / b).floor())
    }

    pub(super) fn power(self, exponent: Self) -> Outcome {
        if self.is_zero() && exponent.float() < 0.0 {
            return Err(CalculationError::DivisionByZero);
        }
        if let (Self::Exact(numerator, denominator), Self::Exact(times, 1)) = (self, exponent)
            && let Ok(count) = u32::try_from(times.unsigned_abs())
            && let Some(top) = numerator.checked_pow(count)
            && let Some(bottom) = denominator.checked_pow(count)
        {
            let number = if times < 0 { Self::fraction(bottom, top) } else { Self::fraction(top, bottom) };
            if let Some(number) = number {
                return Ok(number);
            }
        }
        Self::about(self.float().powf(exponent.float()))
    }

    /// The square root: exact for squares of fractions.
    pub(super) fn root(self) -> Outcome {
        if self.float() < 0.0 {
            return Err(CalculationError::Undefined);
        }
        if let Self::Exact(numerator, denominator) = self
            && let (Ok(top), Ok(bottom)) = (u128::try_from(numerator), u128::try_from(denominator))
            && (top.isqrt().pow(2), bottom.isqrt().pow(2)) == (top, bottom)
            && let (Ok(top), Ok(bottom)) = (i128::try_from(top.isqrt()), i128::try_from(bottom.isqrt()))
        {
            return Ok(Self::Exact(top, bottom));
        }
        Self::about(self.float().sqrt())
    }

    pub(super) fn factorial(self) -> Outcome {
        let Self::Exact(of @ 0..=170, 1) = self else { return Err(CalculationError::Undefined) };
        (2..=of).try_fold(Self::integer(1), |product, factor| product.times(Self::integer(factor)))
    }

    /// Reads digits with at most one point, such as `12`, `0.5` or `.5`.
    pub(super) fn parse(digits: &str) -> Option<Self> {
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + part.len() == 0 || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exact = || {
            let numerator: i128 = format!("{whole}{part}").parse().ok()?;
            Self::fraction(numerator, 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?)
        };
        exact().or_else(|| format!("0{digits}").parse().ok().filter(|value: &f64| value.is_finite()).map(Self::About))
    }

    /// -1, 0 or 1 as this number is smaller, equal or larger.
    pub(super) fn compare(self, other: Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Exact(a, b), Self::Exact(c, d)) => match (a.checked_mul(d), c.checked_mul(b)) {
                (Some(left), Some(right)) => left.cmp(&right),
                _ => self.float().total_cmp(&other.float()),
            },
            _ => self.float().total_cmp(&other.float()),
        }
    }

    /// Whether the text of this number is the number itself.
    pub(super) fn is_shown_exactly(self) -> bool {
        matches!(self, Self::Exact(_, denominator) if decimal_places(denominator).is_some())
    }
}

/// How many decimals a fraction with this denominator has, when it ends within 18.
fn decimal_places(denominator: i128) -> Option<u32> {
    (0..=18).find(|places| 10_i128.pow(*places) % denominator == 0)
}

fn rounded(value: f64) -> String {
    if value != 0.0 && !(1e-6..1e15).contains(&value.abs()) {
        return format!("{value:.9e}");
    }
    let text = format!("{value:.10}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exact(numerator, 1) => write!(formatter, "{numerator}"),
            Self::Exact(numerator, denominator) => {
                let places = decimal_places(denominator);
                let scaled = places.and_then(|places| numerator.checked_mul(10_i128.pow(places) / denominator));
                let (Some(places), Some(scaled)) = (places, scaled) else {
                    return formatter.write_str(&rounded(self.float()));
                };
                let digits = format!("{:0>width$}", scaled.unsigned_abs(), width = places as usize + 1);
                let (whole, part) = digits.split_at(digits.len() - places as usize);
                write!(formatter, "{}{whole}.{part}", if scaled < 0 { "-" } else { "" })
            }
            Self::About(value) => formatter.write_str(&rounded(value)),
        }
    }
}

//! Checks of single values of the command line.

use ombud::domain::{Error, ModelChoice, Permission, PermissionRule, SessionId};

/// An error on one line: what is wrong, and the way out.
fn told(error: Error) -> String {
    match error.hint {
        Some(hint) => format!("{} ({hint})", error.message),
        None => error.message,
    }
}

/// `PROVIDER/ID`.
pub fn model(text: &str) -> Result<String, String> {
    ModelChoice::parse(text).map(|model| model.to_string()).map_err(told)
}

/// `TOOL` or `TOOL(PATTERN)`.
pub fn permission(text: &str) -> Result<String, String> {
    PermissionRule::parse(text, Permission::Ask).map(|_| text.to_owned()).map_err(told)
}

/// The id of a session.
pub fn session(text: &str) -> Result<SessionId, String> {
    SessionId::parse(text).map_err(told)
}

/// A name or a tag: one line, not empty, at most 200 characters.
pub fn label(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err("must be one line of 1 to 200 characters".to_owned());
    }
    Ok(text.to_owned())
}

/// A time in seconds: `30`, `30s`, `5m` or `1h`, at most a day.
pub fn seconds(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) => (number, &text[number.len()..]),
        None => (text, "s"),
    };
    let factor = match unit {
        "h" => 3_600,
        "m" => 60,
        _ => 1,
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    seconds
        .filter(|seconds| *seconds <= 86_400)
        .ok_or_else(|| "must be a time such as 30s, 5m or 1h, at most a day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, expected) in [("0", 0), ("30", 30), ("30s", 30), ("5m", 300), ("1h", 3_600), ("24h", 86_400)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in ["", "s", "-1", "1d", "1.5s", "25h", "99999999999999999999h"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}

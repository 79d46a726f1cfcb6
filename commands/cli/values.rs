//! Checks of single values of the command line.

use super::keeping::Since;
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

/// `NAME=TEXT` or `NAME:=JSON`.
pub fn value(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=TEXT or NAME:=JSON")?;
    let (name, value) = match name.strip_suffix(':') {
        Some(name) => {
            let value = serde_json::from_str(value).map_err(|error| format!("is no JSON after `:=`: {error}"))?;
            (name, value)
        }
        None => (name, serde_json::Value::from(value)),
    };
    if name.is_empty() { Err("must be NAME=TEXT or NAME:=JSON".to_owned()) } else { Ok((name.to_owned(), value)) }
}

/// An amount of US dollars above 0.
pub fn dollars(text: &str) -> Result<String, String> {
    match text.parse::<f64>() {
        Ok(amount) if amount > 0.0 && amount <= 1e6 => Ok(text.to_owned()),
        _ => Err("must be an amount of US dollars above 0, such as 0.5".to_owned()),
    }
}

/// `NAME=COMMAND`.
pub fn command(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command)) if !name.is_empty() && !command.trim().is_empty() => Ok((name.to_owned(), command.to_owned())),
        _ => Err("must be NAME=COMMAND".to_owned()),
    }
}

/// `NAME=VALUE`; the value may be empty.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        // What was given may be a secret: it is not said back.
        _ => Err("must be NAME=VALUE".to_owned()),
    }
}

/// `NAME=COMMAND` or `NAME=URL`, where a slug can be made of the name.
pub fn tool_server(text: &str) -> Result<(String, String), String> {
    let (name, what) = command(text).map_err(|_| "must be NAME=COMMAND or NAME=URL".to_owned())?;
    match ombud::domain::ToolServer::slug_of(&name) {
        Some(_) => Ok((name, what)),
        None => Err("has a name without letters and digits".to_owned()),
    }
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

/// How long something counts: `90s`, `30m`, `12h`, `90d` or `52w`, at most a hundred years.
pub fn life(text: &str) -> Result<u64, String> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 7 * 86_400)];
    let read = units.into_iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        number.parse::<u64>().ok()?.checked_mul(seconds)
    });
    read.filter(|seconds| (1..=100 * 365 * 86_400).contains(seconds))
        .ok_or_else(|| "must be a time such as 12h, 90d or 52w".to_owned())
}

/// A moment: a time ago, such as `12h` or `30d`, a day, or a whole moment in RFC 3339.
pub fn since(text: &str) -> Result<Since, String> {
    if let Ok(seconds) = life(text) {
        return Ok(Since::Ago(seconds));
    }
    let at = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    serde_json::from_value(at.into())
        .map(Since::At)
        .map_err(|_| "must be a time ago such as 12h or 30d, or a day such as 2026-11-20".to_owned())
}

/// A number of bytes: `1000`, `500K`, `20M`, `2G`.
pub fn bytes(text: &str) -> Result<u64, String> {
    let units = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1_u64 << 40), ("", 1)];
    let read = units.into_iter().find_map(|(unit, factor)| {
        let number = text.strip_suffix(unit).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        number.parse::<u64>().ok()?.checked_mul(factor)
    });
    read.ok_or_else(|| "must be a number of bytes such as 1000000, 500M or 2G".to_owned())
}

/// The name of an API that a key may open, or `all`.
pub fn door(text: &str) -> Result<String, String> {
    if text == "all" || ombud::dialects::by_name(text).is_some() {
        return Ok(text.to_owned());
    }
    Err(format!("known: all, ombud, {}", ombud::dialects::NAMES.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_read() {
        for (text, expected) in [("90s", 90), ("30m", 1_800), ("12h", 43_200), ("90d", 7_776_000), ("52w", 31_449_600)] {
            assert_eq!(life(text), Ok(expected));
        }
        for text in ["", "90", "0d", "-1d", "+1d", "1y", "d", "1.5h", "36501d", "99999999999999999999w"] {
            assert!(life(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments_and_bytes_are_read() {
        assert_eq!(since("30d"), Ok(Since::Ago(2_592_000)));
        let day = ombud::domain::Timestamp::from_millis(1_795_132_800_000);
        assert_eq!((since("2026-11-20"), since("2026-11-20T00:00:00Z")), (Ok(Since::At(day)), Ok(Since::At(day))));
        assert!(since("yesterday").is_err() && since("2026-13-01").is_err());
        assert_eq!((bytes("7"), bytes("2K"), bytes("1G")), (Ok(7), Ok(2_048), Ok(1 << 30)));
        assert!(bytes("").is_err() && bytes("-1").is_err() && bytes("1.5G").is_err());
    }

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

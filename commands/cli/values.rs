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

//! The revisions of the protocol that have a handshake, which is what the bridge can offer: it keeps one conversation with
//! the program, and later revisions have none.

use serde_json::{Value, json};

/// Those that are known, the oldest first.
pub const KNOWN: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The answer to `initialize`: what the program answered us, in the revision that the client asked for where the
/// program's own is no older.
pub fn greeting(initialized: &Value, asked: Option<&str>) -> Value {
    let own = initialized.get("protocolVersion").and_then(Value::as_str).filter(|own| KNOWN.contains(own));
    let own = own.unwrap_or(KNOWN[KNOWN.len() - 1]);
    // Revisions are dates.
    let agreed = asked.filter(|asked| KNOWN.contains(asked) && *asked <= own).unwrap_or(own);
    let mut greeting = initialized.clone();
    if !greeting.is_object() {
        greeting = json!({ "capabilities": {}, "serverInfo": { "name": "unknown", "version": "unknown" } });
    }
    greeting["protocolVersion"] = json!(agreed);
    greeting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_revision_that_it_asks_for_where_the_program_has_it() {
        let greet = |own: &str, asked: Option<&str>| {
            greeting(&json!({ "protocolVersion": own, "capabilities": { "tools": {} } }), asked)
        };
        assert_eq!(
            greet("2025-11-25", Some("2025-06-18")),
            json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} } })
        );
        let agreed = |own: &str, asked: Option<&str>| greet(own, asked)["protocolVersion"].clone();
        assert_eq!(agreed("2025-03-26", Some("2025-11-25")), "2025-03-26");
        assert_eq!(agreed("2025-11-25", Some("2026-07-28")), "2025-11-25");
        assert_eq!(agreed("2025-11-25", Some("1.0")), "2025-11-25");
        assert_eq!(agreed("2025-06-18", None), "2025-06-18");
        assert_eq!(agreed("later", Some("2024-11-05")), "2024-11-05");
    }
}

//! The web interface's page: what it is told stands in a script before the end of its head.

use serde_json::{Map, Value, json};

/// Longest page of a web interface: 64 MiB.
pub const PAGE_BYTES: usize = 64 << 20;

/// JSON as it may stand inside a script: nothing in it can end the script, and it is one line for every browser.
pub fn script_json(value: &Value) -> String {
    let mut safe = String::new();
    for character in value.to_string().chars() {
        match character {
            '<' => safe.push_str("\\u003C"),
            '>' => safe.push_str("\\u003E"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            other => safe.push(other),
        }
    }
    safe
}

/// The page with `window.NAME = VALUE` for each of the values.
pub fn told(page: &str, values: &[(&str, Value)]) -> String {
    let mut script = String::from("<script>\n");
    for (name, value) in values {
        script.push_str(&format!("window.{name} = {};\n", script_json(value)));
    }
    script.push_str("</script>\n");
    before_head_ends(page, &script)
}

/// Puts something before the first `</head>`; at the beginning of a page that has none.
pub fn before_head_ends(page: &str, more: &str) -> String {
    let end = page.as_bytes().windows(7).position(|word| word.eq_ignore_ascii_case(b"</head>")).unwrap_or(0);
    let (before, after) = page.split_at(end);
    [before, more, after].concat()
}

/// What the web interface is told about itself: the settings over what it cannot do without. Where its files are is not
/// told.
pub fn config(settings: &Value) -> Value {
    let mut config = Map::new();
    for (name, value) in [
        ("type", json!("static")),
        ("title", json!("ombud")),
        ("welcomTitle", json!("What shall I do?")),
        ("subtitle", json!("An agent that works in your workspace")),
        ("welcomePrompts", json!(["What files are in my workspace?"])),
        ("logo", json!(LOGO)),
    ] {
        config.insert(name.to_owned(), value);
    }
    for (name, value) in settings.as_object().into_iter().flatten() {
        if name != "staticPath" && !value.is_null() {
            config.insert(name.clone(), value.clone());
        }
    }
    Value::Object(config)
}

/// A round sign, as an address that needs no other host.
const LOGO: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Ccircle cx='16' \
                    cy='16' r='12' fill='none' stroke='%23287' stroke-width='5'/%3E%3C/svg%3E";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_session_holds_ends_the_script() {
        let hostile = json!({ "</script><script>alert(1)//": ["<!--", "]]>", "a\u{2028}b\u{2029}&amp;"] });
        let text = script_json(&hostile);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), hostile);
        let page = told("<html><HEAD><title>x</title></HEAD></head></html>", &[("A", hostile), ("B", json!(""))]);
        assert_eq!(page.matches("</script>").count(), 1);
        assert!(page.starts_with("<html><HEAD><title>x</title><script>\nwindow.A = {"), "{page}");
        assert!(page.ends_with("window.B = \"\";\n</script>\n</HEAD></head></html>"), "{page}");
        assert_eq!(told("<p>", &[]), "<script>\n</script>\n<p>");
        assert_eq!(told("ä<p></head>", &[]), "ä<p><script>\n</script>\n</head>");
    }

    #[test]
    fn the_interface_is_not_told_where_its_files_are() {
        let told = config(&json!({ "staticPath": "/opt/ui", "title": "Mine", "logo": null, "base": "/x" }));
        assert_eq!((&told["title"], &told["base"], told.get("staticPath")), (&json!("Mine"), &json!("/x"), None));
        assert!(told["logo"].as_str().unwrap().starts_with("data:image/svg+xml,"));
    }
}

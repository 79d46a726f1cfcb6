//! Takes secrets and private paths out of texts, and counts them.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde_json::{Map, Value};

use super::patterns::{Patterns, is_secret_name};
use super::unescaped::{Escapes, View};
use super::{PATH, PATTERN, SECRET};
use crate::domain::Result;

/// What stands where something was taken away.
const REMOVED: &str = "[removed]";
/// A shorter secret is not looked for: it would be found in ordinary words.
const SHORTEST: usize = 6;
/// A shorter secret is not looked for in base64.
const SHORTEST_BASE64: usize = 12;
/// So many levels of escapes are undone: a call's arguments as text, with JSON in a field, with JSON in that.
const LEVELS: usize = 4;

/// A place in a text, and what is put there.
struct Span {
    from: usize,
    to: usize,
    kind: &'static str,
    with: &'static str,
}

/// Takes secrets and private paths out of texts.
pub(super) struct Redaction {
    secrets: Vec<String>,
    /// Folders, and what stands for each.
    folders: Vec<(String, &'static str)>,
    patterns: &'static Patterns,
    removed: BTreeMap<&'static str, u64>,
}

impl Redaction {
    /// With the secrets of the house, and its folders with what stands for each.
    pub(super) fn new(secrets: Vec<String>, mut folders: Vec<(String, &'static str)>) -> Result<Self> {
        let mut all: Vec<String> = Vec::new();
        for secret in secrets {
            let secret = secret.trim();
            // A header is `Bearer KEY`: the key alone counts as well.
            let last = secret.split_once(' ').map(|(_, rest)| rest.trim());
            for secret in [Some(secret), last].into_iter().flatten().filter(|secret| secret.len() >= SHORTEST) {
                all.push(secret.to_owned());
                if secret.len() >= SHORTEST_BASE64 {
                    all.push(base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret));
                    all.push(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret));
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        folders.retain(|(folder, _)| folder.len() > 1 && folder.starts_with('/'));
        folders.iter_mut().for_each(|(folder, _)| folder.truncate(folder.trim_end_matches('/').len()));
        folders.sort_unstable();
        folders.dedup_by(|next, last| next.0 == last.0);
        Ok(Self { secrets: all, folders, patterns: Patterns::ready()?, removed: BTreeMap::new() })
    }

    /// Counts what was taken away elsewhere.
    pub(super) fn count(&mut self, kind: &'static str) {
        *self.removed.entry(kind).or_default() += 1;
    }

    /// What was taken away so far.
    pub(super) fn removed(self) -> BTreeMap<&'static str, u64> {
        self.removed
    }

    /// A text without what nobody may see.
    pub(super) fn text(&mut self, text: &str) -> String {
        let mut spans = Vec::new();
        self.find(text, |from, to| (from, to), &mut spans);
        for escapes in [Escapes::Json, Escapes::All] {
            let mut level = View::of(text, escapes);
            for _ in 0..LEVELS {
                let Some(view) = level else { break };
                self.find(&view.text, |from, to| view.place(from, to), &mut spans);
                level = view.again();
            }
        }
        if spans.is_empty() {
            return text.to_owned();
        }
        self.replace(text, spans)
    }

    fn find(&self, text: &str, place: impl Fn(usize, usize) -> (usize, usize), spans: &mut Vec<Span>) {
        let mut add = |from: usize, to: usize, kind, with| {
            let (from, to) = place(from, to);
            spans.push(Span { from, to, kind, with });
        };
        for secret in &self.secrets {
            for (from, found) in text.match_indices(secret.as_str()) {
                add(from, from + found.len(), SECRET, REMOVED);
            }
        }
        self.patterns.find(text, |from, to| {
            // What was taken away before does not look like a secret.
            if &text[from..to] != REMOVED {
                add(from, to, PATTERN, REMOVED);
            }
        });
        for (folder, with) in &self.folders {
            for (from, found) in text.match_indices(folder.as_str()) {
                let to = from + found.len();
                if is_whole_path(text, from, to) {
                    add(from, to, PATH, with);
                }
            }
        }
    }

    fn replace(&mut self, text: &str, mut spans: Vec<Span>) -> String {
        // Of those that begin together the longest; of the same, the first kind that was looked for.
        spans.sort_by(|left, right| left.from.cmp(&right.from).then(right.to.cmp(&left.to)));
        let mut merged: Vec<Span> = Vec::new();
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.from < last.to => {
                    last.to = last.to.max(span.to);
                    // A path that holds a secret is no path any more.
                    if last.kind == PATH && span.kind != PATH || last.kind == PATTERN && span.kind == SECRET {
                        (last.kind, last.with) = (span.kind, span.with);
                    }
                }
                _ => merged.push(span),
            }
        }
        let mut left = String::with_capacity(text.len());
        let mut at = 0;
        for span in merged {
            left.push_str(&text[at..span.from]);
            left.push_str(span.with);
            at = span.to;
            self.count(span.kind);
        }
        left.push_str(&text[at..]);
        left
    }

    /// A value of a known form: its texts are taken care of, its names are the house's.
    pub(super) fn plain(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.plain(value)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, self.plain(value))).collect(),
            other => other,
        }
    }

    /// A value of any form, such as the arguments of a call: a name may tell that its value is a secret, and may hold one.
    pub(super) fn opaque(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text)),
            Value::Array(values) => values.into_iter().map(|value| self.opaque(value)).collect(),
            Value::Object(fields) => {
                let mut kept = Map::new();
                for (name, value) in fields {
                    let value = if is_secret_name(&name) { self.named(value) } else { self.opaque(value) };
                    kept.insert(self.text(&name), value);
                }
                Value::Object(kept)
            }
            other => other,
        }
    }

    /// The value of a field whose name tells of a secret.
    fn named(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) if text.is_empty() => Value::String(text),
            Value::String(_) | Value::Number(_) => {
                self.count(PATTERN);
                Value::String(REMOVED.to_owned())
            }
            Value::Array(values) => values.into_iter().map(|value| self.named(value)).collect(),
            other => self.opaque(other),
        }
    }
}

/// Whether a folder's path stands alone: not as the end of a longer path or the beginning of a longer name.
fn is_whole_path(text: &str, from: usize, to: usize) -> bool {
    let is_name = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '-');
    let (before, after) = (&text[..from], &text[to..]);
    let begins = !before.ends_with(|sign: char| is_name(sign) || matches!(sign, '/' | '.')) || before.ends_with("://");
    let mut rest = after.chars();
    let ends = match rest.next() {
        // The end of a sentence, or the beginning of `.git`.
        Some('.') => !rest.next().is_some_and(|sign| is_name(sign) || sign == '.'),
        Some(sign) => !is_name(sign),
        None => true,
    };
    begins && ends
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redaction(secrets: &[&str]) -> Redaction {
        let folders = vec![("/place/me".to_owned(), "~"), ("/place/me/work/".to_owned(), "."), ("/".to_owned(), "never")];
        Redaction::new(secrets.iter().map(|secret| (*secret).to_owned()).collect(), folders).unwrap()
    }

    fn removed(redaction: Redaction) -> Vec<(&'static str, u64)> {
        redaction.removed().into_iter().collect()
    }

    #[test]
    fn known_secrets_are_taken_away_however_they_are_escaped() {
        let mut redaction = redaction(&["ab\"c/d\ne", "Bearer canary-one", "short"]);
        let arguments = json!({"inner": json!({"deep": "ab\"c/d\ne"}).to_string()}).to_string();
        let table = [
            ("x ab\"c/d\ne y", "x [removed] y"),
            (r#"{"a":"ab\"c\/d\ne"}"#, r#"{"a":"[removed]"}"#),
            (r#"{"a":"\u0061b\u0022c%2Fd\ne"}"#, r#"{"a":"[removed]"}"#),
            (arguments.as_str(), r#"{"inner":"{\"deep\":\"[removed]\"}"}"#),
            ("curl -H 'X: canary-one'", "curl -H 'X: [removed]'"),
            ("in base64: Y2FuYXJ5LW9uZQ", "in base64: Y2FuYXJ5LW9uZQ"),
            ("in base64: QmVhcmVyIGNhbmFyeS1vbmU=", "in base64: [removed]="),
            ("short words stay", "short words stay"),
        ];
        // A secret that holds what looks like an escape of a URL.
        assert_eq!(self::redaction(&[r"0\%20abc"]).text(r#""0\\%20abc""#), format!("\"{REMOVED}\""));
        for (text, expected) in table {
            assert_eq!(redaction.text(text), expected, "{text}");
        }
        assert_eq!(removed(redaction), [("secret", 6)]);
    }

    #[test]
    fn folders_become_short() {
        let mut redaction = redaction(&[]);
        let table = [
            ("/place/me/work/a.txt", "./a.txt"),
            ("in /place/me/work.", "in .."),
            ("(/place/me/work)", "(.)"),
            ("/place/me/.config", "~/.config"),
            ("/place/me/worker", "~/worker"),
            ("/place/meg /mnt/place/me ./place/me", "/place/meg /mnt/place/me ./place/me"),
            ("file:///place/me/work/a", "file://./a"),
            (r"\/place\/me\/work\/a", r".\/a"),
            ("/place/me/work/../me", "./../me"),
        ];
        for (text, expected) in table {
            assert_eq!(redaction.text(text), expected, "{text}");
        }
        assert_eq!(removed(redaction), [("path", 8)]);
    }

    #[test]
    fn names_tell_of_secrets_in_values_of_any_form() {
        let mut redaction = redaction(&["canary-two"]);
        let value = json!({
            "password": "x", "pin": 1, "api_key": {"value": "y", "token": 12},
            "canary-two": ["a", {"Authorization": ["b", ""]}], "path": "a canary-two b",
        });
        let expected = json!({
            "password": "[removed]", "pin": 1, "api_key": {"value": "y", "token": "[removed]"},
            "[removed]": ["a", {"Authorization": ["[removed]", ""]}], "path": "a [removed] b",
        });
        assert_eq!(redaction.opaque(value.clone()), expected);
        let plain = redaction.plain(json!({"token": "y", "text": "canary-two"}));
        assert_eq!(plain, json!({"token": "y", "text": "[removed]"}));
        assert_eq!(removed(redaction), [("pattern", 3), ("secret", 3)]);
    }

    proptest::proptest! {
        #[test]
        fn no_known_secret_is_left(before in "[ -~é\n]{0,20}", secret in "[!-~]{6,20}", after in "[ -~é\n]{0,20}", levels in 0usize..3) {
            let mut text = format!("{before}{secret}{after}");
            for _ in 0..levels {
                text = Value::String(text).to_string();
            }
            let mut left = redaction(&[&secret]).text(&text);
            for _ in 0..levels {
                let Ok(Value::String(inner)) = serde_json::from_str(&left) else { break };
                left = inner;
            }
            // What is put in its place may itself be part of a made up secret.
            if !REMOVED.contains(&secret) {
                proptest::prop_assert!(!left.replace(REMOVED, "\u{0}").contains(&secret), "{secret} in {left}");
            }
        }
    }
}

//! What looks like a secret, whoever's it is.

use std::sync::LazyLock;

use grep_matcher::{Captures, Matcher};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};

use crate::domain::{Error, Result};

/// Each finds one form; what stands in its groups is the secret, or the whole where it has none.
const FORMS: [&str; 16] = [
    // Keys that say whose they are, whatever stands before them.
    r"sk-(?:proj|ant|or|svcacct)-[A-Za-z0-9_-]{16,}",
    r"(?:\b|_)(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}",
    r"(?:\b|_)(?:sk|pk|rk|whsec)_(?:live_|test_|proj_)?[A-Za-z0-9]{16,}",
    // Keys and minted tokens of a house like this one.
    r"(?:\b|_)(?:oct|ombud)_(?:sk|et)_[A-Za-z0-9_-]{16,}",
    r"(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})",
    r"(?:\b|_)(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{12,}",
    r"(?:\b|_)xox[a-z]-[A-Za-z0-9-]{10,}",
    r"(?:\b|_)(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,})",
    r"(?:\b|_)(?:pypi-[A-Za-z0-9_-]{30,}|dop_v1_[a-f0-9]{30,}|SG\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})",
    // JSON web tokens.
    r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    // Private keys, also cut off ones.
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-]|--[^-]|---[^-]|----[^-])*(?:-----END [A-Z0-9 ]*-----)?",
    // Headers.
    r#"(?i)\bauthorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|digest|token|negotiate)\s+)?([^\s"',;]{4,})"#,
    r"(?i)\b(?:bearer|basic)\s+([A-Za-z0-9._~+/=-]{12,})",
    r#"(?i)\b(?:set-cookie|cookie)\s*:\s*([^\r\n"']{4,})"#,
    // URLs with a password.
    r#"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@"'<>]*:([^\s/@"'<>]+)@"#,
    // Names of keys that are too common to count everywhere.
    r#"(?:\b[A-Z0-9_]*KEY=|[?&](?i:key|sig|signature|code|auth)=)["']?([^\s"'&;,]{4,})"#,
];

/// An assignment to a name that tells of a secret. Quoted with the one or the other sign, or without.
const ASSIGNED: &str = concat!(
    r"(?i)(?:passw(?:or)?d|passwd|passphrase|pwd|secret|token|credentials?",
    r"|(?:api|access|private|secret|client|auth|account|encryption|signing)[_-]?key)[0-9]*",
    r#"["']?\s*(?::=|=>|[:=])\s*(?:"([^"\r\n]{3,})"|'([^'\r\n]{3,})'|([^\s"',;&|<>(){}\[\]]{4,}))"#
);

/// What stands behind such a name in code and prose and is no secret.
const WORDS: [&str; 17] = [
    "string",
    "&str",
    "str",
    "number",
    "boolean",
    "bool",
    "null",
    "none",
    "true",
    "false",
    "undefined",
    "required",
    "optional",
    "self",
    "this",
    "secretstring",
    "token",
];

/// The names of fields of which the values are secrets, without signs, as their ends.
const NAMES: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "clientkey",
    "authkey",
    "credential",
    "authorization",
    "cookie",
];

/// All forms, ready to be looked for.
pub(super) struct Patterns {
    forms: Vec<RegexMatcher>,
    assigned: RegexMatcher,
}

impl Patterns {
    /// The forms; they are made ready once.
    pub(super) fn ready() -> Result<&'static Self> {
        static READY: LazyLock<Result<Patterns>> = LazyLock::new(Patterns::new);
        READY.as_ref().map_err(Clone::clone)
    }

    fn new() -> Result<Self> {
        let build = |form: &str| {
            let built = RegexMatcherBuilder::new().unicode(false).build(form);
            built.map_err(|error| Error::internal(format!("a pattern of secrets cannot be read: {error}")))
        };
        Ok(Self { forms: FORMS.into_iter().map(build).collect::<Result<_>>()?, assigned: build(ASSIGNED)? })
    }

    /// Where a text holds what looks like a secret.
    pub(super) fn find(&self, text: &str, mut found: impl FnMut(usize, usize)) {
        for form in &self.forms {
            groups(form, text, &mut found);
        }
        groups(&self.assigned, text, &mut |from, to| {
            let value = &text[from..to];
            let calls = text[to..].starts_with(['(', '<']) || value.contains("::");
            if !calls && !WORDS.contains(&value.to_ascii_lowercase().trim_end_matches('.')) {
                found(from, to);
            }
        });
    }
}

/// Tells each group that took part in a match, or the match where it has no groups.
fn groups(form: &RegexMatcher, text: &str, found: &mut dyn FnMut(usize, usize)) {
    let Ok(mut captures) = form.new_captures() else { return };
    // It has no error that could come.
    let _ = form.captures_iter(text.as_bytes(), &mut captures, |captures| {
        let only = captures.len() == 1;
        for group in usize::from(!only)..captures.len() {
            if let Some(part) = captures.get(group) {
                let (mut from, mut to) = (part.start(), part.end());
                while !text.is_char_boundary(from) {
                    from -= 1;
                }
                while !text.is_char_boundary(to) {
                    to += 1;
                }
                found(from, to);
            }
        }
        true
    });
}

/// Whether the value of a field of this name is a secret.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|sign| sign.to_ascii_lowercase()).collect();
    let plain = plain.strip_suffix('s').filter(|plain| plain.ends_with("credential")).unwrap_or(&plain);
    NAMES.iter().any(|end| plain.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str) -> String {
        let mut spans = Vec::new();
        Patterns::ready().unwrap().find(text, |from, to| spans.push((from, to)));
        spans.sort_unstable();
        let mut left = String::new();
        let mut at = 0;
        for (from, to) in spans {
            if from > at {
                left.push_str(&text[at..from]);
            }
            if to > at {
                left.push('#');
                at = to;
            }
        }
        left + &text[at..]
    }

    /// Written in two halves, so that no scanner takes this page for a leak.
    fn key(first: &str, rest: &str) -> String {
        format!("{first}{rest}")
    }

    #[test]
    fn keys_are_known_by_their_beginning() {
        let letters = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1eF3hI5";
        for first in [
            "sk-",
            "sk-ant-api03-",
            "sk-proj-",
            "ghp_",
            "gho_",
            "github_pat_",
            "glpat-",
            "xoxb-",
            "AIza",
            "hf_",
            "npm_",
            "sk_live_",
            "oct_sk_",
            "oct_et_",
            "ombud_sk_",
            "ombud_et_",
        ] {
            let text = format!("take {} and go", key(first, letters));
            assert_eq!(without(&text), "take # and go", "{text}");
        }
        assert_eq!(without(&format!("id {}.", key("AKIA", "IOSFODNN7EXAMPLE"))), "id #.");
        let token = format!("{}.{}.{}", key("ey", "JhbGciOiJIUzI1NiJ9"), "eyJzdWIiOiIxMjM0In0", "c2lnbmF0dXJlLW9m");
        assert_eq!(without(&format!("jwt {token}!")), "jwt #!");
    }

    #[test]
    fn private_keys_are_found_whole_and_cut() {
        let begin = key("-----BEGIN RSA PRIV", "ATE KEY-----");
        let whole = format!("a {begin}\nMIIE-x\nabc=\n-----END RSA PRIVATE KEY----- b");
        assert_eq!(without(&whole), "a # b");
        assert_eq!(without(&format!("a {begin}\nMIIEabc=")), "a #");
        assert_eq!(
            without("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----"),
            "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----"
        );
    }

    #[test]
    fn headers_urls_and_assignments_lose_their_values() {
        let table = [
            ("Authorization: Bearer abc.def", "Authorization: Bearer #"),
            ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic #"),
            (r#"-H "Authorization: token 0123456789""#, r##"-H "Authorization: token #""##),
            ("a bearer abcdefghijkl0123", "a bearer #"),
            ("Cookie: sid=1; other=2\nnext", "Cookie: #\nnext"),
            ("postgres://me:hunter2@db/x", "postgres://me:#@db/x"),
            ("https://host:8080/a@b", "https://host:8080/a@b"),
            ("OPENAI_API_KEY=abcd1234 make", "OPENAI_API_KEY=# make"),
            ("export DB_PASSWORD='it is long'", "export DB_PASSWORD='#'"),
            (r#"{"password": "hunter2", "a": "b"}"#, r##"{"password": "#", "a": "b"}"##),
            ("password=hunter2&user=me", "password=#&user=me"),
            ("client_secret: s3cr3t", "client_secret: #"),
            ("https://h/?key=abcdef&x=1", "https://h/?key=#&x=1"),
            ("SIGNING_KEY=abcdef", "SIGNING_KEY=#"),
        ];
        for (text, expected) in table {
            assert_eq!(without(text), expected, "{text}");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "max_tokens: 4096, tokens = 12345",
            "let token = next_token(text);",
            "fn login(password: &str, token: Option<u8>)",
            "password: string;",
            "The key: remember it. Keys = values.",
            "see https://example.invalid/a?b=c#d and mail me@example.invalid",
            "task-list-of-many-long-words ask-me-anything-you-like",
            "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b",
        ] {
            assert_eq!(without(text), text);
        }
    }

    #[test]
    fn names_of_fields_tell_of_secrets() {
        for name in [
            "password",
            "db_password",
            "API-Key",
            "x-api-key",
            "clientSecret",
            "access_token",
            "Authorization",
            "credentials",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["max_tokens", "path", "key", "author", "passwords_changed_at", "tokenizer"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}

//! The page of a shared session: one file that holds everything, and asks nothing of any network.
//!
//! What comes from the session goes into it in two places: the title, escaped, and a block of JSON that no parser of HTML
//! can leave. The policy in its head names the hashes of its own script and style, so nothing else runs, whatever the
//! session says; and the script makes text nodes only, which the policy (trusted types) holds it to.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::bundle::bundle;
use crate::engine::SharedSession;

const TEMPLATE: &str = include_str!("web/share.html");

/// Each before those that import it.
pub(super) const MODULES: [&str; 8] = [
    include_str!("web/dom.js"),
    include_str!("web/theme.js"),
    include_str!("web/story.js"),
    include_str!("web/markdown.js"),
    include_str!("web/transcript.js"),
    include_str!("web/finder.js"),
    include_str!("web/player.js"),
    include_str!("web/share.js"),
];

const STYLES: [&str; 3] = [include_str!("web/base.css"), include_str!("web/transcript.css"), include_str!("web/share.css")];

static SCRIPT: LazyLock<String> = LazyLock::new(|| bundle(&MODULES));
static STYLE: LazyLock<String> = LazyLock::new(|| STYLES.concat());
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let (script, style) = (source_hash(&SCRIPT), source_hash(&STYLE));
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"
    )
});

/// A shared session as one HTML file.
pub fn share_page(shared: &SharedSession) -> String {
    let head = &shared.session;
    let title = head.title.clone().unwrap_or_else(|| format!("Session {}", head.id));
    let session = serde_json::to_string(shared).unwrap_or_default();
    let values = [
        ("policy", POLICY.as_str()),
        ("version", env!("CARGO_PKG_VERSION")),
        ("title", &escaped(&title)),
        ("style", &STYLE),
        ("session", &inert(&session)),
        ("script", &SCRIPT),
    ];
    filled(TEMPLATE, &values)
}

/// A template with its `{name}`s replaced, in one pass: what a value holds is never looked at again.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len() + values.iter().map(|(_, value)| value.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        page.push_str(before);
        let named = values.iter().find_map(|(name, value)| Some((value, after.strip_prefix(name)?.strip_prefix('}')?)));
        match named {
            Some((value, left)) => {
                page.push_str(value);
                rest = left;
            }
            None => {
                page.push('{');
                rest = after;
            }
        }
    }
    page + rest
}

/// JSON that holds no letter which HTML, or an old reader of JavaScript, takes for more than text.
fn inert(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => safe.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Text for the inside of an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A source as a content security policy names it.
fn source_hash(source: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(source.as_bytes())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn shared(title: &str, text: &str) -> SharedSession {
        let moment = "2026-03-04T05:06:07.000Z";
        serde_json::from_value(json!({
            "v": 1,
            "session": {
                "id": "s", "title": title, "labels": {}, "agent": "default", "model": null, "created_at": moment,
                "updated_at": moment, "runs": 0, "usage": {}
            },
            "events": [{"seq": 1, "type": "notice", "code": "c", "message": text}],
            "removed": [{"kind": "secret", "count": 2}]
        }))
        .unwrap()
    }

    /// What stands between two marks.
    fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
        text.split_once(begin).unwrap().1.split_once(end).unwrap().0
    }

    #[test]
    fn the_data_cannot_leave_its_block_and_is_read_as_it_was() {
        let hostile = "</script><script>alert(1)</script><!-- & \u{2028} {script} {title} ]]>";
        let shared = shared(hostile, hostile);
        let page = share_page(&shared);
        let data = between(&page, "id=\"session\">", "</script>");
        assert_eq!(serde_json::from_str::<SharedSession>(data).unwrap(), shared);
        assert!(!data.contains(['<', '>', '&', '\u{2028}']), "{data}");
        let title = between(&page, "<title>", "</title>");
        assert_eq!(
            title,
            "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;!-- &amp; \u{2028} {script} {title} ]]&gt;"
        );
        assert_eq!(page.matches("<script").count(), 2);
    }

    #[test]
    fn the_policy_names_the_script_and_the_style_and_nothing_else() {
        let page = share_page(&shared("t", "m"));
        let script = between(&page, "<script type=\"module\">", "</script>");
        let style = between(&page, "<style>", "</style>");
        assert_eq!(
            between(&page, "Policy\" content=\"", "\">"),
            format!(
                "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'; \
                 require-trusted-types-for 'script'; trusted-types 'none'",
                source_hash(script),
                source_hash(style)
            )
        );
    }

    #[test]
    fn the_page_names_no_other_host_and_makes_no_markup_of_text() {
        let page = share_page(&shared("t", "m"));
        for forbidden in [
            "<link",
            " src=",
            "url(",
            "@import",
            "fetch(",
            "XMLHttpRequest",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "<!--",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let hosts: Vec<_> =
            page.match_indices("://").map(|(at, _)| &page[at.saturating_sub(5)..page.len().min(at + 20)]).collect();
        // The name space of SVG is a name, and the rest are patterns of addresses.
        assert_eq!(hosts.iter().filter(|host| host.contains("www.w3.org")).count(), 1, "{hosts:?}");
        assert!(hosts.iter().all(|host| host.contains("www.w3.org") || !host.contains(".")), "{hosts:?}");
    }

    #[test]
    fn modules_that_become_one_script_share_no_name_and_keep_to_the_form() {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for line in MODULES.iter().flat_map(|module| module.lines()) {
            assert!(!line.starts_with("import ") || line.ends_with(';'), "an import of several lines: {line}");
            assert!(!line.starts_with("export {") && !line.starts_with("export default"), "{line}");
            let line = line.strip_prefix("export ").unwrap_or(line);
            let line = line.strip_prefix("async ").unwrap_or(line);
            for word in ["function ", "const ", "let ", "class "] {
                if let Some(rest) = line.strip_prefix(word) {
                    let name = rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap();
                    *names.entry(name).or_default() += 1;
                }
            }
        }
        let twice: Vec<_> = names.iter().filter(|(_, count)| **count > 1).collect();
        assert!(names.len() > 50 && twice.is_empty(), "{twice:?}");
    }
}

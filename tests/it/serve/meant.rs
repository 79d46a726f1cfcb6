//! What differs from the recorded servers and is meant to: a table with a reason for each key, which stands in a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::shape::fits;

/// A difference that is meant.
pub struct Meant {
    /// Its name.
    pub key: &'static str,
    /// What differs, and why.
    pub reason: &'static str,
    /// Forms of the lines that it explains: `RECORDING/REQUEST: WHAT`.
    pub forms: &'static [&'static str],
}

const BEGIN: &str = "<!-- begin: made by the test of the transcripts -->\n";
const END: &str = "<!-- end -->\n";

/// Fails when a difference is not meant, a form explains nothing, or the page is stale; with `OMBUD_BLESS` the page is
/// written anew.
#[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
pub fn hold(found: &[String], all: &[Meant], page: &str) {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut not_meant = Vec::new();
    for line in found {
        match all.iter().find(|meant| meant.forms.iter().any(|form| fits(form, line))) {
            Some(meant) => {
                let (request, _) = line.split_once(": ").unwrap();
                seen.entry(meant.key).or_default().insert(request.split(' ').next().unwrap());
            }
            None => not_meant.push(line.as_str()),
        }
    }
    assert!(not_meant.is_empty(), "{} differences are not meant:\n{}", not_meant.len(), not_meant.join("\n"));
    for form in all.iter().flat_map(|meant| meant.forms) {
        assert!(found.iter().any(|line| fits(form, line)), "nothing differs as `{form}` says");
    }
    let mut table = "| key | what differs, and why | requests | such as |\n|---|---|---|---|\n".to_owned();
    for meant in all {
        let requests = seen.get(meant.key).unwrap_or_else(|| panic!("`{}` explains nothing", meant.key));
        let first = requests.first().unwrap();
        writeln!(table, "| `{}` | {} | {} | `{first}` |", meant.key, meant.reason, requests.len()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (kept, after) = rest.split_once(END).unwrap();
    if std::env::var_os("OMBUD_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(kept, table, "{page} is stale: OMBUD_BLESS=1 writes it anew");
}

//! Settings, references and sizes: what can be checked without the protocol.

use std::collections::BTreeSet;

use super::faults::{Faults, PROTOCOL, SETTINGS, Severity, quoted};
use super::names;
use super::source::Source;
use crate::config::did_you_mean;

/// Most bytes of the protocol.
const PROTOCOL_BYTES: usize = 256 << 10;
/// Most bytes of all texts together.
const ALL_BYTES: usize = 768 << 10;
/// Most prompts, and most references.
const TEXTS: usize = 500;
/// Most characters of a name and of a description.
const CHARACTERS: (usize, usize) = (200, 2_000);

/// Checks settings and references.
pub fn check(faults: &mut Faults, source: &Source) {
    let settings = &source.settings;
    let mut wrong = |path: &str, message: &str| faults.tell(Severity::Error, SETTINGS, None, path, message);
    if settings.slug.is_empty() {
        wrong("settings.slug", "is missing");
    } else if !names::is_dashed(&settings.slug) {
        let message =
            format!("{} cannot be a slug: use lower-case words with dashes, at most 64 characters", quoted(&settings.slug));
        wrong("settings.slug", &message);
    } else if settings.slug.len() == 36 && uuid::Uuid::try_parse(&settings.slug).is_ok() {
        wrong("settings.slug", "has the form of an id: choose a name that people can say");
    }
    if settings.name.trim().is_empty() {
        wrong("settings.name", "is missing");
    } else if settings.name.chars().count() > CHARACTERS.0 {
        wrong("settings.name", &format!("has more than {} characters", CHARACTERS.0));
    }
    if settings.description.as_ref().is_some_and(|description| description.chars().count() > CHARACTERS.1) {
        wrong("settings.description", &format!("has more than {} characters", CHARACTERS.1));
    }
    if settings.format.is_empty() {
        wrong("settings.format", "is missing: `interactive` or `worker`");
    } else if source.format().is_none() {
        let near = did_you_mean(&settings.format, ["interactive", "worker"]);
        let message = format!("{} is no format: `interactive` or `worker`{near}", quoted(&settings.format));
        wrong("settings.format", &message);
    }
    let mut seen = BTreeSet::new();
    for reference in &source.references {
        let (file, path) = (format!("references/{}.md", reference.name), format!("references.{}", reference.name));
        let mut wrong = |message: &str| faults.tell(Severity::Error, &file, None, &path, message);
        if !names::is_dashed(&reference.name) {
            let message = format!("{} cannot name a reference: use lower-case words with dashes", quoted(&reference.name));
            wrong(&message);
        }
        if reference.description.trim().is_empty() {
            wrong("`description` is missing: it says what is in the reference");
        }
        if !seen.insert(&reference.name) {
            wrong("is there twice");
        }
    }
}

/// Whether it is too large to be looked at.
pub fn is_too_large(faults: &mut Faults, source: &Source) -> bool {
    let protocol = source.protocol.len();
    let prompts = source.prompts.iter().map(|prompt| prompt.name.len() + prompt.content.len());
    let references = source.references.iter().map(|text| text.name.len() + text.description.len() + text.content.len());
    let all = protocol + prompts.sum::<usize>() + references.sum::<usize>();
    let mut wrong = |message: String| faults.tell(Severity::Error, PROTOCOL, None, "", &message);
    if protocol > PROTOCOL_BYTES {
        wrong(format!("has {protocol} bytes, at most {PROTOCOL_BYTES} are taken"));
    }
    if all > ALL_BYTES {
        wrong(format!("the definition has {all} bytes with all prompts and references, at most {ALL_BYTES} are taken"));
    }
    if source.prompts.len() > TEXTS || source.references.len() > TEXTS {
        wrong(format!("more than {TEXTS} prompts or references are not taken"));
    }
    protocol > PROTOCOL_BYTES || all > ALL_BYTES || source.prompts.len().max(source.references.len()) > TEXTS
}

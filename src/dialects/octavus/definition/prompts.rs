//! Prompts: what they include is put in when a definition is compiled; their places and choices become a template of the
//! engine.

use std::collections::{BTreeMap, BTreeSet};

use super::faults::{Faults, Severity, quoted};
use super::names;
use super::reading::{At, Reading};
use super::scope::{Mapped, Scope};
use super::source::{Prompt, Reference};
use crate::config::did_you_mean;
use crate::domain::{FilledTemplate, Template, ValueSource, places};

/// Most bytes of a prompt with all that it includes.
const BYTES: usize = 256 << 10;
/// A place that stands for two opening braces: so nothing in a text that follows is filled. No value has such a name.
const BRACES: &str = "two-braces";

/// The prompts of a definition.
#[derive(Debug, Default)]
pub struct Prompts<'a> {
    by_name: BTreeMap<&'a str, &'a Prompt>,
    /// With what they include; nothing for those that are wrong.
    whole: BTreeMap<&'a str, Option<String>>,
    used: BTreeSet<String>,
}

/// The file of a prompt.
pub fn file_of(name: &str) -> String {
    format!("prompts/{name}.md")
}

impl<'a> Prompts<'a> {
    /// Reads and checks all.
    pub fn read(faults: &mut Faults, prompts: &'a [Prompt]) -> Self {
        let mut read = Self::default();
        for prompt in prompts {
            let (file, path) = (file_of(&prompt.name), format!("prompts.{}", prompt.name));
            let mut tell = |severity, line, message: &str| faults.tell(severity, &file, line, &path, message);
            let parts: Vec<&str> = prompt.name.split('/').collect();
            let odd = |part: &&str| part.is_empty() || part.starts_with('.') || part.chars().any(char::is_control);
            if parts.iter().any(odd) || prompt.name.len() > 4 * names::LENGTH {
                tell(Severity::Error, None, &format!("{} cannot name a prompt", quoted(&prompt.name)));
                continue;
            }
            if !parts.iter().all(|part| names::is_dashed(part)) {
                tell(Severity::Warning, None, "prompts are named by lower-case words with dashes");
            }
            if let Err(fault) = places(&prompt.content) {
                tell(Severity::Error, Some(fault.line), &fault.message);
                read.whole.insert(&prompt.name, None);
            }
            if read.by_name.insert(&prompt.name, prompt).is_some() {
                tell(Severity::Error, None, "is there twice");
            }
        }
        for prompt in prompts {
            read.expand(faults, &prompt.name, &mut Vec::new());
        }
        read
    }

    /// A prompt that something names, with what it includes. What is wrong with it was told.
    pub fn take(&mut self, reading: &mut Reading, at: &At<'_>, name: &str) -> Option<String> {
        if !self.by_name.contains_key(name) {
            reading.unknown(at, "prompt", name, self.by_name.keys().copied());
            return None;
        }
        self.used.insert(name.to_owned());
        self.whole.get(name).cloned().flatten()
    }

    /// Whether there is a prompt of this name.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Tells the prompts that nothing names or includes.
    pub fn tell_unused(&self, faults: &mut Faults) {
        for name in self.by_name.keys().filter(|name| !self.used.contains(**name)) {
            faults.tell(Severity::Warning, &file_of(name), None, &format!("prompts.{name}"), "nothing uses this prompt");
        }
    }

    fn expand(&mut self, faults: &mut Faults, name: &str, open: &mut Vec<String>) -> Option<String> {
        let (name, prompt) = self.by_name.get_key_value(name).map(|(name, prompt)| (*name, *prompt))?;
        if let Some(whole) = self.whole.get(name) {
            return whole.clone();
        }
        open.push(name.to_owned());
        let (file, path) = (file_of(name), format!("prompts.{name}"));
        let (mut whole, mut rest, mut is_whole) = (String::new(), prompt.content.as_str(), true);
        while let Some((before, included, after)) = next_include(rest) {
            let line = prompt.content[..prompt.content.len() - rest.len() + before.len()].matches('\n').count() + 1;
            whole.push_str(before);
            rest = after;
            let mut wrong = |message: &str| faults.tell(Severity::Error, &file, Some(line), &path, message);
            if let Some(first) = open.iter().position(|other| other == included) {
                let way: Vec<_> = open[first..].iter().map(|name| quoted(name)).collect();
                wrong(&format!("includes itself: {} to {}", way.join(" to "), quoted(included)));
                is_whole = false;
                continue;
            }
            if !self.by_name.contains_key(included) {
                let near = did_you_mean(included, self.by_name.keys().copied());
                wrong(&format!("there is no prompt {}{near}", quoted(included)));
                is_whole = false;
                continue;
            }
            self.used.insert(included.to_owned());
            match self.expand(faults, included, open) {
                Some(text) => whole.push_str(&text),
                None => is_whole = false,
            }
            if whole.len() > BYTES {
                break;
            }
        }
        whole.push_str(rest);
        // Files end with a line break that nobody means.
        whole.truncate(whole.trim_end().len());
        open.pop();
        if whole.len() > BYTES {
            let message = format!("has more than {BYTES} bytes with all that it includes");
            faults.tell(Severity::Error, &file, None, &path, &message);
            is_whole = false;
        }
        if is_whole && let Err(fault) = places(&whole) {
            faults.tell(Severity::Error, &file, None, &path, &format!("with all that it includes: {}", fault.message));
            is_whole = false;
        }
        let whole = is_whole.then_some(whole);
        self.whole.insert(name, whole.clone());
        whole
    }
}

/// The text before the next `{{@path.md}}`, the prompt that it names, and the text after it.
fn next_include(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find("{{")?;
        let close = open + text[open..].find("}}")?;
        if let Some(path) = text[open + 2..close].trim().strip_prefix('@') {
            let path = path.trim();
            return Some((&text[..open], path.strip_suffix(".md").unwrap_or(path), &text[close + 2..]));
        }
        from = open + 2;
    }
}

/// A text for the model that is put together.
#[derive(Debug, Default)]
pub struct Instructions {
    text: String,
    values: BTreeMap<String, ValueSource>,
    is_filled: bool,
}

impl Instructions {
    /// A prompt with its mapping. Places and conditions that the mapping does not know are told, where the prompt is named.
    pub fn of_prompt(
        reading: &mut Reading,
        at: &At<'_>,
        name: &str,
        text: String,
        mapped: &[Mapped<'_>],
        scope: &Scope,
    ) -> Self {
        let label = |name: &str| mapped.iter().find(|mapped| mapped.label == name);
        let conditions = conditions(&text);
        let found = places(&text).unwrap_or_default();
        for place in &found {
            let near = || did_you_mean(place, mapped.iter().map(|mapped| mapped.label.as_str()));
            if label(place).is_some() || !names::is_variable(place) {
                continue;
            }
            let prompt = quoted(name);
            if conditions.iter().any(|(name, _)| name == place) {
                reading
                    .error(at, format!("prompt {prompt} asks for {}, which `input` does not list{}", quoted(place), near()));
            } else {
                let message =
                    format!("`{{{{{place}}}}}` in prompt {prompt} stays as it is: `input` does not list it{}", near());
                reading.warning(at, message);
            }
        }
        for (name, literal) in &conditions {
            let Some(literal) = literal else { continue };
            let choices = label(name).and_then(|mapped| scope.values.get(&mapped.source)?.choices.as_ref());
            if let Some(choices) = choices.filter(|choices| !choices.contains(literal)) {
                let near = did_you_mean(literal, choices.iter().map(String::as_str));
                reading.error(at, format!("{} is never {}{near}", quoted(name), quoted(literal)));
            }
        }
        for mapped in mapped.iter().filter(|mapped| !found.contains(&mapped.label)) {
            reading.warning(&mapped.at, format!("prompt {} has no place for {}", quoted(name), quoted(&mapped.label)));
        }
        let source = |mapped: &Mapped<'_>| {
            let otherwise = scope.values.get(&mapped.source).map_or("", |declared| declared.otherwise).to_owned();
            (mapped.label.clone(), ValueSource { variable: mapped.source.clone(), otherwise })
        };
        let is_filled = !conditions.is_empty() || found.iter().any(|place| label(place).is_some());
        let named = mapped.iter().filter(|mapped| found.contains(&mapped.label));
        Self { values: named.map(source).collect(), is_filled, text }
    }

    /// Adds a text of which nothing is filled.
    pub fn add(&mut self, title: &str, text: &str) {
        if !self.text.trim().is_empty() {
            self.text.truncate(self.text.trim_end().len());
            self.text.push_str("\n\n");
        }
        self.text.push_str(title);
        self.text.push_str("\n\n");
        if self.is_filled && text.contains("{{") {
            self.text.push_str(&text.trim().replace("{{", &format!("{{{{{BRACES}}}}}")));
            let source = ValueSource { variable: BRACES.to_owned(), otherwise: "{{".to_owned() };
            self.values.insert(BRACES.to_owned(), source);
        } else {
            self.text.push_str(text.trim());
        }
    }

    /// How long it is, in bytes.
    pub const fn len(&self) -> usize {
        self.text.len()
    }

    /// The template.
    pub fn into_template(self) -> Template {
        if self.is_filled {
            Template::Filled(FilledTemplate { text: self.text, values: self.values })
        } else {
            Template::Plain(self.text)
        }
    }
}

/// The conditions of a text that can be read: what they ask for, and the text that it is compared with.
fn conditions(text: &str) -> Vec<(String, Option<String>)> {
    let mut conditions = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let Some(length) = rest[open..].find("}}") else { break };
        let inner = rest[open + 2..open + length].trim();
        rest = &rest[open + length + 2..];
        let Some(condition) = inner.strip_prefix("#if ").or_else(|| inner.strip_prefix("else if ")) else { continue };
        let compared = ["==", "!="].iter().find_map(|sign| condition.split_once(sign));
        let (name, literal) = match compared {
            Some((name, literal)) => (name, Some(literal.trim().trim_matches('"').to_owned())),
            None => (condition, None),
        };
        conditions.push((name.trim().trim_start_matches('!').trim().to_owned(), literal));
    }
    conditions
}

/// A reference as it stands in the instructions.
pub fn add_reference(instructions: &mut Instructions, reference: &Reference) {
    let text = format!("{}\n\n{}", reference.description.trim(), reference.content.trim());
    instructions.add(&format!("# Reference: {}", reference.name), &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_not_filled() {
        let mut plain = Instructions { text: "Be kind.\n".into(), ..Instructions::default() };
        plain.add("# Reference: a", "{{NAME}}\n");
        assert_eq!(plain.into_template(), Template::Plain("Be kind.\n\n# Reference: a\n\n{{NAME}}".into()));
        let values = [("NAME".to_owned(), ValueSource { variable: "NAME".into(), otherwise: String::new() })];
        let mut filled = Instructions { text: "Hi {{NAME}}.".into(), values: values.into(), is_filled: true };
        filled.add("# Skill: b", "{{#each NAME}}{{NAME}}{{/each}}{{{x}}}");
        let name = serde_json::json!("Ada");
        let text = filled.into_template().fill(|asked| (asked == "NAME").then_some(&name));
        assert_eq!(text, "Hi Ada.\n\n# Skill: b\n\n{{#each NAME}}{{NAME}}{{/each}}{{{x}}}");
    }

    #[test]
    fn conditions_are_found() {
        let text = r#"{{#if A == "x"}}{{B}}{{else if !C}}{{else if D != "y z"}}{{/if}}"#;
        let found: Vec<_> = conditions(text);
        let expected = [("A", Some("x")), ("C", None), ("D", Some("y z"))];
        assert_eq!(found, expected.map(|(name, literal)| (name.to_owned(), literal.map(str::to_owned))));
    }
}

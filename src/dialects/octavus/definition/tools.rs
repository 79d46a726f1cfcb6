//! Tools, which the application carries out, and skills, which are texts here.

use std::collections::BTreeMap;

use super::faults::quoted;
use super::keys::{SKILL, TOOL};
use super::prompts::Prompts;
use super::reading::{At, Reading};
use super::types::{Property, Types, arguments};
use crate::domain::CallerTool;

/// Most tools.
const MOST: usize = 128;

/// A tool that a definition declares.
#[derive(Clone, Debug)]
pub struct DeclaredTool<'a> {
    /// Where.
    pub at: At<'a>,
    /// The tool.
    pub tool: CallerTool,
    /// Whether its schema could be read as a whole.
    pub is_whole: bool,
}

/// Reads `tools`.
pub fn read<'a>(reading: &mut Reading, types: &mut Types<'a>, at: &At<'a>) -> BTreeMap<String, DeclaredTool<'a>> {
    let mut tools = BTreeMap::new();
    let entries = reading.entries(at);
    if entries.len() > MOST {
        reading.error(at, format!("there are {} tools, at most {MOST} are taken", entries.len()));
    }
    for (name, at) in entries {
        reading.dashed(&at, "tool", name);
        let fields = reading.fields(&at, TOOL);
        let description = reading.needed_text(&fields, "description").unwrap_or_default();
        let (display, title) = reading.shown(&fields);
        let mut parameters: Vec<(String, Property)> = Vec::new();
        let mut is_whole = true;
        if let Some(at) = fields.get("parameters").cloned() {
            for (name, at) in reading.entries(&at) {
                match types.property(reading, &at) {
                    Some(property) => parameters.push((name.to_owned(), property)),
                    None => is_whole = false,
                }
            }
        }
        let description = description.trim().to_owned();
        let display = display.unwrap_or_default();
        let tool = CallerTool { name: name.to_owned(), description, parameters: arguments(parameters), display, title };
        tools.insert(name.to_owned(), DeclaredTool { at, tool, is_whole });
    }
    tools
}

/// A skill that a definition declares: a prompt below `prompts/skills`.
#[derive(Clone, Debug)]
pub struct Skill<'a> {
    /// Where.
    pub at: At<'a>,
    /// What it is for.
    pub description: Option<String>,
    /// Its text.
    pub text: Option<String>,
}

/// Reads `skills`.
pub fn read_skills<'a>(reading: &mut Reading, prompts: &mut Prompts<'_>, at: &At<'a>) -> BTreeMap<String, Skill<'a>> {
    let mut skills = BTreeMap::new();
    for (name, at) in reading.entries(at) {
        reading.dashed(&at, "skill", name);
        let fields = reading.fields(&at, SKILL);
        let description = reading.description(&fields);
        match reading.word(&fields, "execution", &[("sandbox", false), ("device", true)]) {
            Some(true) => reading.error(&at, "`execution: device` is not supported: nothing is executed on devices"),
            Some(false) => {
                reading.warning(&at, "`execution: sandbox` has no effect here: a skill is a text, and nothing is executed")
            }
            None => {}
        }
        let prompt = format!("skills/{name}");
        let text = if prompts.has(&prompt) {
            prompts.take(reading, &at, &prompt)
        } else {
            let message = format!(
                "skill {} has no text: put what the model must know into `prompts/{prompt}.md`; its scripts are not run here",
                quoted(name)
            );
            reading.error(&at, message);
            None
        };
        skills.insert(name.to_owned(), Skill { at, description, text });
    }
    skills
}

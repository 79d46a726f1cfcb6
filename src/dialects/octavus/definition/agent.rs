//! Who answers in a thread: `agent` for the main one, `start-thread` for the others. Both have nearly the same keys.

use super::Compiling;
use super::faults::quoted;
use super::names;
use super::prompts::{Instructions, add_reference};
use super::reading::{At, Fields};
use super::scope::{Scope, find, mapping};
use crate::config::NodeKind;
use crate::domain::{FromState, ModelChoice, ModelSettings, Template};

/// Most calls of the model in a step when nothing says how many.
const STEPS: u32 = 10;
/// Most that can be asked for.
const MOST_STEPS: u32 = 1_000;
/// The calls of a single round of tools: the one that asks for tools, and the one that answers.
const ONE_ROUND: u32 = 2;
/// Most bytes of instructions with all skills and references.
const INSTRUCTIONS_BYTES: usize = 512 << 10;

/// Who answers, and how.
#[derive(Debug, Default)]
pub struct Answering {
    /// The model; absent = the variable that names it, or the house's.
    pub model: Option<ModelChoice>,
    /// The model that stands in for it.
    pub backup: Option<ModelChoice>,
    /// What the model is told.
    pub instructions: Template,
    /// How it is asked.
    pub settings: ModelSettings,
    /// What variables decide.
    pub from_state: FromState,
    /// The tools that it may call.
    pub tools: Vec<String>,
    /// Most calls of it in a step.
    pub max_turns: Option<u32>,
}

/// A setting: a value, or the variable that has it.
enum Setting<T> {
    Value(T),
    Variable(String),
}

impl<'a> Compiling<'a> {
    /// Reads who answers. `is_agent` = in the main thread of an interactive agent.
    pub fn answering(&mut self, fields: &Fields<'a>, scope: &Scope, is_agent: bool) -> Answering {
        let mut answering = Answering { backup: self.backup(fields), ..Answering::default() };
        match self.model(fields, scope) {
            Some(Setting::Value(model)) => answering.model = Some(model),
            Some(Setting::Variable(name)) => answering.from_state.model = Some(name),
            None => {}
        }
        match self.number(fields, scope, "temperature", 2.0) {
            Some(Setting::Value(temperature)) => answering.settings.temperature = Some(temperature),
            Some(Setting::Variable(name)) => answering.from_state.temperature = Some(name),
            None => {}
        }
        match self.thinking(fields, scope) {
            Some(Setting::Value(effort)) => {
                // Others have no word above `high`.
                let knows_max = answering.model.as_ref().is_some_and(|model| model.provider == "anthropic");
                let effort = effort.map(|effort| if effort == "max" && !knows_max { "high".to_owned() } else { effort });
                answering.settings.reasoning_effort = effort;
            }
            Some(Setting::Variable(name)) => answering.from_state.reasoning_effort = Some(name),
            None => {}
        }
        answering.settings.max_tokens = self.count(fields, "maxOutputTokens", u64::from(u32::MAX));
        self.turns(fields, scope, is_agent, &mut answering);
        answering.instructions = self.instructions(fields, scope);
        answering.tools = self.tools_of(fields);
        answering
    }

    fn turns(&mut self, fields: &Fields<'a>, scope: &Scope, is_agent: bool, answering: &mut Answering) {
        let steps = match fields.get("maxSteps").filter(|at| at.as_text().is_some_and(names::is_variable)).cloned() {
            Some(at) => self.variable(scope, &at).map(Setting::Variable),
            None => self.count(fields, "maxSteps", u64::from(MOST_STEPS)).map(Setting::Value),
        };
        let is_agentic =
            if is_agent { self.reading.flag(fields, "agentic", false) } else { fields.get("maxSteps").is_some() };
        if !is_agentic {
            if let Some(at) = fields.get("maxSteps").cloned() {
                self.reading.warning(&at, "`maxSteps` has no effect without `agentic: true`: there is one round of tools");
            }
            answering.max_turns = Some(ONE_ROUND);
            return;
        }
        answering.max_turns = Some(STEPS);
        match steps {
            Some(Setting::Value(steps)) => {
                // Whoever calls tools must be able to say what came of it.
                answering.max_turns = u32::try_from(steps).ok().map(|steps| steps.max(ONE_ROUND));
            }
            Some(Setting::Variable(name)) => answering.from_state.max_turns = Some(name),
            None => {}
        }
    }

    fn model(&mut self, fields: &Fields<'a>, scope: &Scope) -> Option<Setting<ModelChoice>> {
        let at = fields.get("model")?.clone();
        let text = self.reading.text(&at)?;
        if names::is_variable(&text) {
            return self.variable(scope, &at).map(Setting::Variable);
        }
        match ModelChoice::parse(&text) {
            Ok(model) => Some(Setting::Value(model)),
            Err(_) => {
                let message =
                    format!("{} is neither of the form `provider/model-id` nor the name of an input", quoted(&text));
                self.reading.error(&at, message);
                None
            }
        }
    }

    /// The model that stands in. Runs of the house know their list from the beginning, and not by a variable.
    fn backup(&mut self, fields: &Fields<'a>) -> Option<ModelChoice> {
        let at = fields.get("backupModel")?.clone();
        let text = self.reading.text(&at)?;
        if names::is_variable(&text) {
            self.reading.warning(&at, "`backupModel` has no effect here when an input names it: name the model");
            return None;
        }
        let model = ModelChoice::parse(&text);
        if model.is_err() {
            let message = format!("{} is neither of the form `provider/model-id` nor the name of an input", quoted(&text));
            self.reading.error(&at, message);
        }
        model.ok()
    }

    /// A number from 0, which may be written as a text; `off` is as if it were not there.
    fn number(&mut self, fields: &Fields<'a>, scope: &Scope, name: &str, most: f64) -> Option<Setting<f64>> {
        let at = fields.get(name)?.clone();
        let value = match &at.node.kind {
            NodeKind::Leaf(value) => value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()),
            NodeKind::List(_) | NodeKind::Table(_) => None,
        };
        match (value, at.as_text()) {
            (Some(number), _) if (0.0..=most).contains(&number) => Some(Setting::Value(number)),
            (None, Some("off")) => None,
            (None, Some(text)) if names::is_variable(text) => self.variable(scope, &at).map(Setting::Variable),
            _ => {
                self.reading.error(&at, format!("must be a number from 0 to {most}, `off`, or the name of an input"));
                None
            }
        }
    }

    /// A whole number from 1, which may be written as a text.
    fn count(&mut self, fields: &Fields<'a>, name: &str, most: u64) -> Option<u64> {
        let at = fields.get(name)?.clone();
        let value = match &at.node.kind {
            NodeKind::Leaf(value) => value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()),
            NodeKind::List(_) | NodeKind::Table(_) => None,
        };
        let value = value.filter(|value| (1..=most).contains(value));
        if value.is_none() {
            self.reading.error(&at, format!("must be a whole number from 1 to {most}"));
        }
        value
    }

    fn thinking(&mut self, fields: &Fields<'a>, scope: &Scope) -> Option<Setting<Option<String>>> {
        let at = fields.get("thinking")?.clone();
        match at.as_text() {
            Some("off") => Some(Setting::Value(None)),
            Some(word @ ("low" | "medium" | "high" | "max")) => Some(Setting::Value(Some(word.to_owned()))),
            Some(text) if names::is_variable(text) => self.variable(scope, &at).map(Setting::Variable),
            _ => {
                self.reading.error(&at, "must be one of `low`, `medium`, `high`, `max`, `off`, or the name of an input");
                None
            }
        }
    }

    fn variable(&mut self, scope: &Scope, at: &At<'a>) -> Option<String> {
        let name = self.reading.text(at)?;
        find(&mut self.reading, scope, &mut self.used, at, &name).map(|_| name)
    }

    /// The system prompt, with skills and references.
    fn instructions(&mut self, fields: &Fields<'a>, scope: &Scope) -> Template {
        let mapped = match fields.get("input").cloned() {
            Some(at) => mapping(&mut self.reading, scope, &mut self.used, &at),
            None => Vec::new(),
        };
        let mut instructions = Instructions::default();
        if let Some(at) = fields.get("system").cloned()
            && let Some(name) = self.reading.text(&at)
            && let Some(text) = self.prompts.take(&mut self.reading, &at, &name)
        {
            instructions = Instructions::of_prompt(&mut self.reading, &at, &name, text, &mapped, scope);
        }
        if let Some(at) = fields.get("skills").cloned() {
            for (name, at) in self.reading.texts(&at) {
                self.add_skill(&mut instructions, &name, &at);
            }
        }
        if let Some(at) = fields.get("references").cloned() {
            for (name, at) in self.reading.texts(&at) {
                self.add_reference(&mut instructions, &name, &at);
            }
        }
        if instructions.len() > INSTRUCTIONS_BYTES {
            let message =
                format!("the instructions have more than {INSTRUCTIONS_BYTES} bytes with all skills and references");
            self.reading.error(&fields.at, message);
        }
        instructions.into_template()
    }

    fn add_skill(&mut self, instructions: &mut Instructions, name: &str, at: &At<'a>) {
        let Some(skill) = self.skills.get(name) else {
            self.reading.unknown(at, "skill", name, self.skills.keys().map(String::as_str));
            return;
        };
        self.used_skills.insert(name.to_owned());
        let Some(text) = &skill.text else { return };
        let text = match &skill.description {
            Some(description) => format!("{description}\n\n{}", text.trim()),
            None => text.clone(),
        };
        instructions.add(&format!("# Skill: {name}"), &text);
    }

    fn add_reference(&mut self, instructions: &mut Instructions, name: &str, at: &At<'a>) {
        let Some(reference) = self.source.references.iter().find(|reference| reference.name == name) else {
            let known: Vec<&str> = self.source.references.iter().map(|reference| reference.name.as_str()).collect();
            self.reading.unknown(at, "reference", name, known);
            return;
        };
        self.used_references.insert(name.to_owned());
        let message =
            format!("reference {} stands in the instructions as a whole: it is not looked up on demand here", quoted(name));
        self.reading.warning(at, message);
        add_reference(instructions, reference);
    }

    /// The tools that may be called.
    fn tools_of(&mut self, fields: &Fields<'a>) -> Vec<String> {
        let Some(at) = fields.get("tools").cloned() else { return Vec::new() };
        let mut tools = Vec::new();
        for (name, at) in self.reading.texts(&at) {
            if !self.tools.contains_key(&name) {
                self.reading.unknown(&at, "tool", &name, self.tools.keys().map(String::as_str));
                continue;
            }
            self.used_tools.insert(name.clone());
            if !tools.contains(&name) {
                tools.push(name);
            }
        }
        tools
    }
}

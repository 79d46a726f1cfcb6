//! The whole protocol: what it declares, who answers, what each trigger does, and what nothing uses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::faults::{Faults, Severity, quoted};
use super::keys::{AGENT, INTERACTIVE_ONLY, PROTOCOL, TRIGGER, WORKER_ONLY};
use super::reading::{At, Fields};
use super::scope::{Kind, Scope, with_article};
use super::source::Format;
use super::types::Types;
use super::{ATTRIBUTE, Compiling, STEPS, tools};
use crate::config::did_you_mean;
use crate::domain::{Agent, Attributes, NamedProcedure, Procedure, Step};

/// Most triggers.
const TRIGGERS: usize = 100;
/// Most values of one kind.
const VALUES: usize = 500;
/// Most bytes of the agent that a definition becomes.
const AGENT_BYTES: usize = 2_000_000;

impl<'a> Compiling<'a> {
    /// Reads the whole; the agent is of use only when nothing was wrong.
    pub fn protocol(&mut self, whole: &At<'a>) -> Agent {
        let fields = self.reading.fields(whole, PROTOCOL);
        self.check_format(&fields);
        if let Some(at) = fields.get("types").cloned() {
            self.types = Types::read(&mut self.reading, &at);
        }
        let mut scope = Scope::default();
        let mut places = Vec::new();
        for (key, kind) in [("input", Kind::Input), ("variables", Kind::Variable), ("resources", Kind::Resource)] {
            let Some(at) = fields.get(key).cloned() else { continue };
            if kind == Kind::Resource {
                self.reading
                    .warning(&at, "resources are deprecated since Octavus 6: a tool of the application can keep values too");
            }
            let declared = scope.declare(&mut self.reading, &mut self.types, &at, kind);
            if declared.len() > VALUES {
                self.reading.error(&at, format!("there are {} of them, at most {VALUES} are taken", declared.len()));
            }
            places.extend(declared.into_iter().map(|(name, at)| (kind, name, at)));
        }
        if let Some(at) = fields.get("tools").cloned() {
            self.tools = tools::read(&mut self.reading, &mut self.types, &at);
        }
        if let Some(at) = fields.get("skills").cloned() {
            self.skills = tools::read_skills(&mut self.reading, &mut self.prompts, &at);
        }
        let mut agent = Agent {
            name: self.source.settings.slug.clone(),
            description: self.source.settings.description.clone().unwrap_or_else(|| self.source.settings.name.clone()),
            tools: Some(Vec::new()),
            variables: scope.declarations(Kind::Variable),
            ..Agent::default()
        };
        agent.variables.extend(scope.declarations(Kind::Resource));
        match self.format {
            Format::Interactive => self.interactive(&fields, &scope, &mut agent),
            Format::Worker => self.worker(&fields, &scope, &mut agent),
        }
        agent.caller_tools = self.tools.values().map(|declared| declared.tool.clone()).collect();
        self.tell_unused(&places);
        agent.attributes = self.attributes(&scope);
        if serde_json::to_vec(&agent).map_or(0, |text| text.len()) > AGENT_BYTES {
            self.reading.error(whole, format!("the definition unfolds to more than {AGENT_BYTES} bytes"));
        }
        agent
    }

    fn check_format(&mut self, fields: &Fields<'a>) {
        let (wrong, other) = match self.format {
            Format::Interactive => (WORKER_ONLY, Format::Worker),
            Format::Worker => (INTERACTIVE_ONLY, Format::Interactive),
        };
        for key in wrong {
            if let Some(at) = fields.get(key).cloned() {
                let (other, own) = (other.word(), self.format.word());
                self.reading
                    .error(&at, format!("`{key}` belongs to agents of the format `{other}`, and this one is `{own}`"));
            }
        }
    }

    fn interactive(&mut self, fields: &Fields<'a>, scope: &Scope, agent: &mut Agent) {
        let handlers = fields.get("handlers").cloned().map(|at| self.reading.entries(&at)).unwrap_or_default();
        let triggers = fields.get("triggers").cloned().map(|at| self.reading.entries(&at)).unwrap_or_default();
        for (_, at) in &handlers {
            self.find_threads(at);
        }
        if let Some(at) = self.reading.needed(fields, "agent") {
            let fields = self.reading.fields(&at, AGENT);
            self.reading.needed(&fields, "model");
            self.reading.needed(&fields, "system");
            let answering = self.answering(&fields, scope, true);
            agent.model = answering.model;
            agent.fallback = answering.backup.into_iter().collect();
            agent.instructions = answering.instructions;
            agent.settings = answering.settings;
            agent.from_state = answering.from_state;
            agent.tools = Some(answering.tools);
            agent.max_turns = answering.max_turns;
        }
        if triggers.is_empty() {
            self.reading.warning(&fields.at, "there are no `triggers`, so nothing can be asked of this agent");
        }
        if let Some(at) = fields.get("triggers").filter(|_| triggers.len() > TRIGGERS).cloned() {
            self.reading.error(&at, format!("there are {} triggers, at most {TRIGGERS} are taken", triggers.len()));
        }
        for (name, at) in &handlers {
            if !triggers.iter().any(|(trigger, _)| trigger == name) {
                let near = did_you_mean(name, triggers.iter().map(|(trigger, _)| *trigger));
                self.reading.error(at, format!("there is no trigger {} for this handler{near}", quoted(name)));
            }
        }
        for (name, at) in &triggers {
            self.reading.dashed(at, "trigger", name);
            let fields = self.reading.fields(at, TRIGGER);
            let description = self.reading.description(&fields).unwrap_or_default();
            let mut scope = scope.clone();
            let arguments = match fields.get("input").cloned() {
                Some(at) => scope.declare(&mut self.reading, &mut self.types, &at, Kind::Argument),
                None => Vec::new(),
            };
            self.used.retain(|(kind, _)| *kind != Kind::Argument);
            let Some((_, handler)) = handlers.iter().find(|(handler, _)| handler == name) else {
                self.reading.error(at, format!("trigger {} has no handler", quoted(name)));
                continue;
            };
            let steps = self.steps(handler, &scope);
            for (argument, at) in arguments {
                if !self.used.contains(&(Kind::Argument, argument.clone())) {
                    self.unused.push((at, format!("no block of the handler uses {}", quoted(&argument))));
                }
            }
            let arguments = scope.declarations(Kind::Argument);
            let procedure = NamedProcedure { description, arguments, steps: Procedure::new(steps), output: None };
            agent.procedures.insert((*name).to_owned(), procedure);
        }
        agent.inputs = scope.declarations(Kind::Input);
    }

    fn worker(&mut self, fields: &Fields<'a>, scope: &Scope, agent: &mut Agent) {
        let steps = match self.reading.needed(fields, "steps") {
            Some(at) => {
                self.find_threads(&at);
                self.steps(&at, scope)
            }
            None => Vec::new(),
        };
        // The run itself asks no model: the one of its first thread is there at least.
        agent.model = steps.iter().find_map(|step| match step {
            Step::OpenThread(open) => open.setup.model.clone(),
            _ => None,
        });
        let mut output = None;
        if let Some(at) = fields.get("output").cloned()
            && let Some(name) = self.reading.text(&at)
        {
            match scope.values.get(&name).map(|declared| declared.kind) {
                Some(Kind::Variable) => {
                    self.used.insert((Kind::Variable, name.clone()));
                    output = Some(name);
                }
                Some(kind) => {
                    self.reading.error(&at, format!("{} is {}, and no variable", quoted(&name), with_article(kind)));
                }
                None => {
                    let known = scope.names(Kind::Variable);
                    self.reading.unknown(&at, "variable", &name, known.iter().map(String::as_str));
                }
            }
        }
        let arguments = scope.declarations(Kind::Input);
        let description = agent.description.clone();
        let procedure = NamedProcedure { description, arguments, steps: Procedure::new(steps), output };
        agent.procedures = BTreeMap::from([(STEPS.to_owned(), procedure)]);
    }

    fn tell_unused(&mut self, places: &[(Kind, String, At<'a>)]) {
        for (kind, name, at) in places {
            let is_set = self.set_variables.contains(name);
            let is_read = self.used.contains(&(*kind, name.clone()));
            match kind {
                Kind::Variable if is_set => {}
                Kind::Argument => {}
                _ if is_read => {}
                Kind::Input | Kind::Variable | Kind::Resource => {
                    self.unused.push((at.clone(), format!("nothing uses {} {}", kind.word(), quoted(name))));
                }
            }
        }
        for (name, at) in self.types.unused() {
            self.unused.push((at, format!("nothing uses type {}", quoted(name))));
        }
        let tools = self.tools.iter().filter(|(name, _)| !self.used_tools.contains(*name));
        let skills = self.skills.iter().filter(|(name, _)| !self.used_skills.contains(*name));
        let threads = self.threads.iter().filter(|(thread, _)| !self.used_threads.contains(*thread));
        let threads = threads.filter_map(|(thread, openers)| Some(("thread", thread, &openers.first()?.at)));
        let unused = tools.map(|(name, tool)| ("tool", name, &tool.at));
        let unused = unused.chain(skills.map(|(name, skill)| ("skill", name, &skill.at))).chain(threads);
        self.unused.extend(unused.map(|(what, name, at)| (at.clone(), format!("nothing uses {what} {}", quoted(name)))));
        if self.reading.faults.any_error() {
            return;
        }
        for (at, message) in std::mem::take(&mut self.unused) {
            self.reading.warning(&at, message);
        }
        let faults: &mut Faults = &mut self.reading.faults;
        for reference in &self.source.references {
            if !self.used_references.contains(&reference.name) {
                let (file, path) = (format!("references/{}.md", reference.name), format!("references.{}", reference.name));
                faults.tell(Severity::Warning, &file, None, &path, "nothing uses this reference");
            }
        }
        self.prompts.tell_unused(faults);
    }

    /// What the routes need of the definition later: all of it, and which value is what.
    fn attributes(&self, scope: &Scope) -> Attributes {
        let mut kept = json!(self.source);
        kept["inputs"] = json!(scope.names(Kind::Input));
        kept["variables"] = json!(scope.names(Kind::Variable));
        kept["resources"] = json!(scope.names(Kind::Resource));
        let mut attributes = Attributes::new();
        attributes.insert(ATTRIBUTE.to_owned(), Value::take(&mut kept));
        attributes
    }
}

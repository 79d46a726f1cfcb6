//! The steps of a procedure, as a run carries them out: each begins and ends with a fact of its own. What needs neither
//! model nor tool goes into the log with what comes next.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::course::fits;
use super::drive::{Asking, Driver};
use super::house::Core;
use super::ledger::Refused;
use super::tool_servers::{Offered, Wanted};
use crate::domain::{
    AnswerForm, Argument, Attributes, Author, AuthorKind, CallId, CallStep, Error, ErrorCode, Fact, Item, Message,
    MessageId, MessagePosted, OpenThreadStep, Part, Result, ReturnStatus, SayStep, SerializeStep, SessionId, Speaker,
    StateSet, Step, StepFinished, StepStarted, TextPart, ThreadFormat, ThreadOpened, ToolCall, ToolCallPart, ToolCalled,
    ToolSpec, Visibility,
};

impl Driver {
    /// Adds the tools of the agent's tool servers to those of the house. Where they have to be started, that is waited for;
    /// what cannot be had is told, and the run goes on without it.
    pub(super) async fn gather_tools(&mut self) -> Result<(), Refused> {
        let Some(wanted) = Wanted::of(&self.core, &self.work.agent).await else { return Ok(()) };
        if wanted.must_wait(&self.core) {
            // Whoever asked need not wait until then to know that the question was taken.
            self.settle().await?;
        }
        let core = Arc::clone(&self.core);
        let offered = tokio::select! {
            biased;
            () = self.stop.cancelled() => Offered::default(),
            offered = wanted.offered(&core) => offered,
        };
        self.calls.tools = self.core.tools.with(offered.tools);
        self.chosen_tools = offered.chosen;
        self.owe(offered.notices.into_iter().map(Fact::Notice).collect());
        Ok(())
    }

    /// The step that has begun, or begins next.
    fn step_now(&self) -> Option<&Step> {
        self.work.course.steps.get(self.work.transcript.steps_done)
    }

    /// Its number; `None` in a run without steps of its own.
    pub(super) fn step_number(&self) -> Option<u32> {
        (!self.work.course.ordinary).then(|| number(self.work.transcript.steps_done))
    }

    /// The thread that it is about; `None` = the main one.
    pub(super) fn thread(&self) -> Option<&str> {
        self.step_now().and_then(Step::thread)
    }

    /// The form that its answer must have.
    pub(super) fn form(&self) -> Option<&AnswerForm> {
        match self.step_now() {
            _ if self.work.course.ordinary => self.work.pins.form.as_ref(),
            Some(Step::Ask(step)) => step.form.as_ref(),
            _ => None,
        }
    }

    /// Who is shown its answer.
    pub(super) fn visibility(&self) -> Visibility {
        match self.step_now() {
            Some(Step::Ask(step)) if step.aside => Visibility::Model,
            _ => Visibility::All,
        }
    }

    /// Turns to the thread that the step is about: its model, and the tools that may be called here.
    pub(super) fn turn_to_step(&mut self) -> Result<()> {
        let course = &self.work.course;
        let agent = &self.work.agent;
        let opened = self.thread().and_then(|thread| course.threads.get(thread));
        let choice = opened.and_then(|opened| opened.model.clone()).unwrap_or_else(|| self.work.model.clone());
        let choice = self.standing_in(choice);
        self.max_step_rounds = match opened {
            Some(opened) => opened.max_turns,
            None => course.max_turns(&agent.from_state)?.or(agent.max_turns),
        };
        let own = agent.tools.as_ref().map(|names| [names.as_slice(), &self.chosen_tools].concat());
        let names = match (opened, self.step_now()) {
            (_, Some(Step::Call(step))) => Some(std::slice::from_ref(&step.tool)),
            (Some(opened), _) => Some(opened.tools.as_slice()),
            (None, _) => own.as_deref(),
        };
        self.calls.specs = self.calls.tools.specs(names);
        if choice != self.asking.choice {
            let (model, card) = self.core.models.get_of(&choice, &self.own_providers)?;
            self.asking = Asking { choice, model, card };
        }
        Ok(())
    }

    /// The tools that the model is told of in the thread of the step.
    pub(super) fn told_tools(&self) -> Vec<ToolSpec> {
        let opened = self.thread().and_then(|thread| self.work.course.threads.get(thread));
        let names = opened.map_or(self.work.agent.tools.as_deref(), |opened| Some(opened.tools.as_slice()));
        // What the caller offers for this run alone is in no list of the agent.
        let of_agent = |name: &str| self.work.agent.caller_tools.iter().any(|tool| tool.name == name);
        let told = |name: &String| names.is_none_or(|names| names.contains(name)) || !of_agent(name);
        let mut tools = self.calls.specs.clone();
        tools.retain(|spec| !self.caller_tools.contains(&spec.name));
        tools.extend(self.work.pins.caller_tools.iter().filter(|spec| told(&spec.name)).cloned());
        tools
    }

    /// Begins a step that asks the model, or calls a tool.
    pub(super) fn begin_step(&mut self, step: usize) -> Result<()> {
        self.turn_to_step()?;
        let mut facts = vec![self.step_started(step)];
        if let Some(Step::Call(call)) = self.step_now() {
            facts.push(self.step_call(step, call));
            self.work.tool_calls += 1;
        }
        self.owe(facts);
        Ok(())
    }

    /// Does a step that needs nobody: it begins and ends here.
    pub(super) async fn do_step(&mut self, step: usize) -> Result<()> {
        let mut facts = vec![self.step_started(step)];
        match self.step_now().cloned() {
            Some(Step::Say(say)) => facts.extend(self.say(&say).await?),
            Some(Step::Set(set)) => {
                let value = self.work.course.value(&set.value).cloned().unwrap_or_default();
                facts.push(self.set(set.key, value, true));
            }
            Some(Step::OpenThread(open)) => {
                let opened = self.open(&open)?;
                self.work.course.threads.insert(opened.thread.clone(), opened.clone());
                facts.push(Fact::ThreadOpened(opened));
            }
            Some(Step::Serialize(serialize)) => {
                let value = self.serialized(&serialize);
                facts.push(self.set(serialize.output, value, false));
            }
            Some(Step::Ask(_) | Step::Call(_)) | None => {}
        }
        facts.push(self.step_finished(step));
        self.owe(facts);
        Ok(())
    }

    /// Ends a step that asked the model, or called a tool.
    pub(super) fn end_step(&mut self, step: usize) -> Result<()> {
        let mut facts = Vec::new();
        match self.step_now().cloned() {
            Some(Step::Ask(ask)) => {
                let value = match &ask.form {
                    None => Value::from(self.work.answer.clone()),
                    Some(form) => formed(form, &self.work.answer)?,
                };
                facts.extend(ask.output.map(|key| self.set(key, value, false)));
            }
            Some(Step::Call(call)) => {
                let gave = self.work.transcript.step_call().and_then(|(_, returned)| returned);
                let value = match gave {
                    Some(gave) if gave.status == ReturnStatus::Ok => gave.output.clone(),
                    Some(gave) => {
                        let message = gave.error.as_ref().map_or_else(|| gave.output_text(), |error| error.message.clone());
                        json!({ "error": message })
                    }
                    None => Value::Null,
                };
                facts.extend(call.output.map(|key| self.set(key, value, false)));
            }
            _ => {}
        }
        facts.push(self.step_finished(step));
        self.owe(facts);
        Ok(())
    }

    /// A call as the log has it.
    pub(super) fn called(&self, call: ToolCall, spec: Option<ToolSpec>, message_id: Option<MessageId>) -> Fact {
        let own = self.work.agent.caller_tools.iter().find(|tool| tool.name == call.name);
        let (schema, description) = spec.map(|spec| (Some(spec.parameters), spec.description)).unwrap_or_default();
        Fact::ToolCalled(ToolCalled {
            call,
            message_id,
            schema,
            description,
            display: own.map(|tool| tool.display),
            title: own.and_then(|tool| tool.title.clone()),
            thread: self.thread().map(str::to_owned),
        })
    }

    fn step_call(&self, step: usize, call: &CallStep) -> Fact {
        let course = &self.work.course;
        let arguments = call.arguments.iter().filter_map(|(name, argument)| {
            let value = match argument {
                Argument::Variable(variable) => course.value(variable)?.clone(),
                Argument::Literal(value) => value.clone(),
            };
            Some((name.clone(), value))
        });
        let arguments = Value::Object(arguments.collect());
        let part = ToolCallPart {
            id: CallId::new(&*self.core.clock),
            name: call.tool.clone(),
            arguments_text: arguments.to_string(),
            arguments,
        };
        let (mut recorded, spec) = self.calls.record(&part, &self.work.pins.caller_tools);
        (recorded.step, recorded.output) = (Some(number(step)), call.output.clone());
        self.called(recorded, spec, None)
    }

    async fn say(&mut self, say: &SayStep) -> Result<Vec<Fact>> {
        let course = &self.work.course;
        let agent = self.work.agent.name.clone();
        let (author, attributes) = match say.speaker {
            Speaker::Environment => (Author::named(AuthorKind::Environment, agent), Attributes::new()),
            Speaker::Agent => (Author::named(AuthorKind::Agent, agent), Attributes::new()),
            Speaker::Person => {
                let name = if course.asked_by.is_empty() { "user" } else { &course.asked_by };
                (Author::named(AuthorKind::Person, name.to_owned()), course.attributes.clone())
            }
        };
        let mut files = Vec::new();
        for name in &say.files {
            for value in listed(course.value(name)) {
                files.push(Part::File(super::uploads::part_of(&self.core, &self.ledger.id, value).await?));
            }
        }
        let text = |text: String| (!text.is_empty()).then_some(Part::Text(TextPart { text }));
        let message = |parts: Vec<Part>, visibility, attributes| {
            Fact::MessagePosted(MessagePosted {
                message: Message {
                    id: MessageId::new(&*self.core.clock),
                    author: author.clone(),
                    parts,
                    at: self.core.clock.now(),
                    thread: say.thread.clone(),
                    visibility,
                    attributes,
                },
            })
        };
        let said = text(course.fill(&say.text)).into_iter().chain(files.iter().cloned()).collect();
        let Some(shown) = &say.shown else { return Ok(vec![message(said, say.visibility, attributes)]) };
        let shown = course.value(shown).map(crate::domain::written).unwrap_or_default();
        let shown = text(shown).into_iter().chain(files).collect();
        let to_model = message(said, Visibility::Model, Attributes::new());
        Ok(vec![to_model, message(shown, Visibility::People, attributes)])
    }

    fn open(&self, open: &OpenThreadStep) -> Result<ThreadOpened> {
        let (course, setup) = (&self.work.course, &open.setup);
        let model = course.model(&setup.from_state)?.or_else(|| setup.model.clone());
        if let Some(model) = &model {
            self.core.models.get_of(model, &self.own_providers)?;
        }
        Ok(ThreadOpened {
            thread: open.thread.clone(),
            model,
            instructions: course.fill(&setup.instructions),
            settings: course.settings(&setup.from_state, &setup.settings)?,
            tools: setup.tools.clone(),
            max_turns: course.max_turns(&setup.from_state)?.or(setup.max_turns),
        })
    }

    /// What was said in a thread, as text or as a list.
    fn serialized(&self, serialize: &SerializeStep) -> Value {
        let items = self.work.transcript.items.iter().filter(|item| item.thread() == serialize.thread.as_deref());
        let said: Vec<(&str, String)> = items
            .filter_map(|item| {
                let (role, text) = match item {
                    Item::Said(message) if message.author.kind == AuthorKind::Agent => ("assistant", message.text()),
                    Item::Said(message) if message.author.kind == AuthorKind::Person => ("user", message.text()),
                    Item::Said(message) => ("system", message.text()),
                    Item::Answered { parts, .. } => ("assistant", Part::texts(parts)),
                };
                (!text.is_empty()).then_some((role, text))
            })
            .collect();
        match serialize.format {
            ThreadFormat::Json => said.iter().map(|(role, content)| json!({ "role": role, "content": content })).collect(),
            ThreadFormat::Markdown => {
                let heading = |role: &str| match role {
                    "user" => "User",
                    "assistant" => "Assistant",
                    _ => "System",
                };
                let written: Vec<_> =
                    said.iter().map(|(role, content)| format!("## {}\n\n{}", heading(role), content.trim_end())).collect();
                written.join("\n\n").into()
            }
        }
    }

    fn set(&mut self, key: String, value: Value, told: bool) -> Fact {
        self.work.course.state.insert(key.clone(), value.clone());
        Fact::StateSet(StateSet { key, value, told })
    }

    /// A step as its beginning tells it.
    fn step_started(&self, step: usize) -> Fact {
        let Some(does) = self.work.course.steps.get(step) else {
            return Fact::StepStarted(StepStarted { step: number(step), ..StepStarted::default() });
        };
        let (aside, form) = match does {
            Step::Ask(ask) => (ask.aside, ask.form.as_ref().map(|form| form.name.clone())),
            _ => (false, None),
        };
        Fact::StepStarted(StepStarted {
            step: number(step),
            kind: does.kind().to_owned(),
            name: does.label().name.clone(),
            description: does.label().description.clone(),
            display: Some(does.display()),
            thread: does.thread().map(str::to_owned),
            aside,
            form,
        })
    }

    fn step_finished(&self, step: usize) -> Fact {
        let kind = self.work.course.steps.get(step).map_or("", |step| step.kind()).to_owned();
        Fact::StepFinished(StepFinished { step: number(step), kind })
    }
}

/// Checks that the files are there which a procedure is asked with: before anything of it is done.
///
/// # Errors
/// As for a file that a message names.
pub(super) async fn check_files(core: &Core, session: &SessionId, steps: &[Step], given: &Map<String, Value>) -> Result<()> {
    let named = steps.iter().flat_map(|step| if let Step::Say(say) = step { say.files.as_slice() } else { &[] });
    for value in named.flat_map(|name| listed(given.get(name))) {
        super::uploads::part_of(core, session, value).await?;
    }
    Ok(())
}

fn number(step: usize) -> u32 {
    u32::try_from(step).unwrap_or(u32::MAX)
}

/// One value, or those of a list; nothing of nothing.
fn listed(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

/// An answer as the value that its form asks for. A fence of Markdown around it is taken away.
fn formed(form: &AnswerForm, answer: &str) -> Result<Value> {
    let text = answer.trim();
    let text = text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).unwrap_or(text);
    let text = text.strip_suffix("```").unwrap_or(text);
    let wrong = |why: String| {
        Error::new(ErrorCode::SchemaMismatch, format!("the model's answer is not of the form `{}`: {why}", form.name))
    };
    let value: Value = serde_json::from_str(text.trim()).map_err(|error| wrong(format!("it is no JSON: {error}")))?;
    fits(&form.schema, &value).map_err(wrong)?;
    Ok(value)
}

//! What a run does is data: steps, one after the other. An ordinary agent has one step: ask.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ModelChoice, ModelSettings, Template, Visibility};

/// What people see of a step, or of a call of a tool, while it goes on and afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Display {
    /// Nothing.
    Hidden,
    /// Its name.
    Name,
    /// Its description; what a call gave only while it is live.
    #[default]
    Description,
    /// Everything, also afterwards.
    Stream,
    /// A title that the definition gives, and nothing of what goes in or comes out.
    Title,
}

/// What people are told about a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepLabel {
    /// Its name; empty = none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it does, in a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is shown of it; absent = as its kind is by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<Display>,
}

/// As whom a step speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// As the house, to the agent.
    #[default]
    Environment,
    /// As whoever asked.
    Person,
    /// As the agent.
    Agent,
}

/// Asks the model until it stops calling tools.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AskStep {
    /// What people are told about it.
    pub label: StepLabel,
    /// The thread that is answered; absent = the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The variable that is set to the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Whether people are not shown the answer as part of the conversation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// The form of the answer; absent = text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<AnswerForm>,
}

/// The form that an answer must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerForm {
    /// Its name.
    pub name: String,
    /// JSON Schema of it.
    pub schema: Value,
}

/// Adds a message to a thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SayStep {
    /// What people are told about it.
    pub label: StepLabel,
    /// What is said.
    pub text: Template,
    /// As whom.
    #[serde(skip_serializing_if = "is_default")]
    pub speaker: Speaker,
    /// The thread; absent = the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Variables whose values are files, or lists of files, that go with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Who is shown it.
    #[serde(skip_serializing_if = "is_default")]
    pub visibility: Visibility,
    /// The variable that people are shown instead of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// Calls a tool, without a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallStep {
    /// What people are told about it.
    pub label: StepLabel,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: BTreeMap<String, Argument>,
    /// The variable that is set to what it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// Where the value of an argument comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    /// A value of the session's state, or an argument of the procedure.
    Variable(String),
    /// This.
    Literal(Value),
}

/// Sets a value that the caller is told about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SetStep {
    /// What people are told about it.
    pub label: StepLabel,
    /// Its name.
    pub key: String,
    /// The variable that it is set to.
    pub value: String,
}

/// Begins a thread, or begins it anew: what was said in it before is not shown to the model any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenThreadStep {
    /// What people are told about it.
    pub label: StepLabel,
    /// Its name.
    pub thread: String,
    /// Who answers in it, and how.
    pub setup: ThreadSetup,
}

/// Writes what was said in a thread into a variable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SerializeStep {
    /// What people are told about it.
    pub label: StepLabel,
    /// The thread; absent = the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// As what.
    pub format: ThreadFormat,
    /// The variable.
    pub output: String,
}

/// How a thread is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadFormat {
    /// As Markdown, a heading a message.
    #[default]
    Markdown,
    /// As a list of `{role, content}`.
    Json,
}

/// Who answers in a thread, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThreadSetup {
    /// The model; absent = the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// What the model is told about itself and its task.
    pub instructions: Template,
    /// How the model is asked.
    #[serde(skip_serializing_if = "ModelSettings::is_silent")]
    pub settings: ModelSettings,
    /// The tools that may be called in it; absent = none.
    pub tools: Vec<String>,
    /// Most calls of the model in one step; at the limit the step ends. Absent = as the run's budget says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<u32>,
    /// What of it the session's state says.
    #[serde(skip_serializing_if = "is_default")]
    pub from_state: FromState,
}

/// What the session's state says about how a model is asked: variables by what they decide. A variable without a value
/// decides nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FromState {
    /// The model, as `provider/id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<String>,
    /// How much to think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Most calls of the model in one step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_turns: Option<String>,
}

impl FromState {
    /// Whether it says nothing.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

/// One step of a procedure. What the caller said is in the conversation before the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Step {
    /// Asks the model until it stops calling tools.
    Ask(AskStep),
    /// Adds a message to a thread.
    Say(SayStep),
    /// Calls a tool, without a model.
    Call(CallStep),
    /// Sets a value that the caller is told about.
    Set(SetStep),
    /// Begins a thread.
    OpenThread(Box<OpenThreadStep>),
    /// Writes what was said in a thread into a variable.
    Serialize(SerializeStep),
}

impl Step {
    /// The stable word for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ask(_) => "ask",
            Self::Say(_) => "say",
            Self::Call(_) => "call",
            Self::Set(_) => "set",
            Self::OpenThread(_) => "open_thread",
            Self::Serialize(_) => "serialize",
        }
    }

    /// What people are told about it.
    pub const fn label(&self) -> &StepLabel {
        match self {
            Self::Ask(step) => &step.label,
            Self::Say(step) => &step.label,
            Self::Call(step) => &step.label,
            Self::Set(step) => &step.label,
            Self::OpenThread(step) => &step.label,
            Self::Serialize(step) => &step.label,
        }
    }

    /// What is shown of it.
    pub fn display(&self) -> Display {
        self.label().display.unwrap_or(match self {
            Self::Ask(_) => Display::Stream,
            Self::Say(_) => Display::Hidden,
            Self::Set(_) => Display::Name,
            Self::Call(_) | Self::OpenThread(_) | Self::Serialize(_) => Display::Description,
        })
    }

    /// The thread that it is about; `None` = the main one.
    pub fn thread(&self) -> Option<&str> {
        match self {
            Self::Ask(step) => step.thread.as_deref(),
            Self::Say(step) => step.thread.as_deref(),
            Self::OpenThread(step) => Some(&step.thread),
            Self::Serialize(step) => step.thread.as_deref(),
            Self::Call(_) | Self::Set(_) => None,
        }
    }
}

/// The steps of a run, in order. Written as a list; the ordinary one is written as an empty list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Procedure(Vec<Step>);

impl Procedure {
    /// These steps; none = the ordinary procedure.
    pub fn new(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// The steps, of which the ordinary procedure has none: it asks, and that is all.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The steps, to change them.
    pub fn steps_mut(&mut self) -> impl Iterator<Item = &mut Step> {
        self.0.iter_mut()
    }

    /// Whether it is what every agent does: then its single step leaves no facts of its own.
    pub fn is_ordinary(&self) -> bool {
        match self.0.as_slice() {
            [] => true,
            [Step::Ask(ask)] => *ask == AskStep::default(),
            _ => false,
        }
    }
}

/// A procedure that is asked for by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NamedProcedure {
    /// What it is for, in a line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its arguments, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, Declaration>,
    /// What it does. Here an empty list does nothing.
    pub steps: Procedure,
    /// The variable that is its result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// What a value must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Declaration {
    /// What it is, in a line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// JSON Schema of it; `null` = anything.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub schema: Value,
    /// Whether it must be given.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Its value when none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

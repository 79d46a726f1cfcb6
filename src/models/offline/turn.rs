//! The turn that is being answered: the prompt, the conversation before it, and what tools have returned since.
//!
//! A rule is written as if tools answered at once. [`Turn::call`] gives the return of a call when it is there; else it
//! notes the call as wanted and stops the rule with [`Stop::Pending`]. The next time the model is asked, the rule runs
//! again from its beginning, and gets further. So the model stays a pure function of what it is shown.

use std::cell::{Cell, RefCell};

use serde_json::{Map, Value};

use super::question::Question;
use crate::domain::ToolSpec;
use crate::models::{ModelRequest, PromptMessage, PromptPart};

/// Most rounds of tool calls in one turn.
pub(super) const MAX_ROUNDS: usize = 10;
/// Most calls in one round.
const MAX_CALLS: usize = 8;

/// Why a rule has no answer yet, or another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It waits for tools.
    Pending,
    /// It cannot go on; this is what to say.
    Say(String),
    /// A tool failed; this is what it said.
    Failed(String),
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// Name of the tool.
    pub name: String,
    /// Its arguments: an object.
    pub arguments: Value,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Return {
    /// The output, or why it failed.
    pub text: String,
    /// Whether it failed or was denied.
    pub failed: bool,
}

/// Something said earlier in the conversation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// By whoever asks.
    User(String),
    /// By the model.
    Model(String),
    /// A call that the model made.
    Called(Call),
}

/// The turn that is being answered.
pub(super) struct Turn<'a> {
    /// The newest prompt.
    pub prompt: String,
    /// What was said before it, oldest first.
    pub history: Vec<Said>,
    tools: &'a [ToolSpec],
    returned: Vec<(Call, Return)>,
    rounds: usize,
    wanted: RefCell<Vec<Call>>,
    /// Where the returns begin that count: those from before a change no longer tell how things are.
    valid_from: Cell<usize>,
    /// Where the return of a change stands that a rule has used.
    changed_at: Cell<Option<usize>>,
}

fn changes(call: &Call) -> bool {
    matches!(call.name.as_str(), "write_file" | "edit_file" | "run_command")
}

fn text_of(parts: &[PromptPart]) -> String {
    let texts: Vec<&str> =
        parts.iter().filter_map(|part| if let PromptPart::Text(text) = part { Some(text.as_str()) } else { None }).collect();
    texts.join("\n")
}

/// The text of what was given beside a question, such as a file.
fn given_beside(parts: &[PromptPart]) -> Option<String> {
    let [PromptPart::Text(text)] = parts else { return None };
    text.strip_prefix("[Environment: ").and_then(|rest| rest.split_once("] ")).map(|(_, text)| text.to_owned())
}

fn call_of(part: &PromptPart) -> Option<(&str, Call)> {
    let PromptPart::ToolCall { id, name, arguments } = part else { return None };
    Some((id, Call { name: name.clone(), arguments: serde_json::from_str(arguments).unwrap_or(Value::Null) }))
}

impl<'a> Turn<'a> {
    pub(super) fn new(request: &'a ModelRequest) -> Self {
        // What was given beside a question comes after it, and is no question.
        let asked = |message: &PromptMessage| matches!(message, PromptMessage::User(parts) if given_beside(parts).is_none());
        let newest = request.messages.iter().rposition(asked);
        let newest = newest.or(request.messages.iter().rposition(|message| matches!(message, PromptMessage::User(_))));
        let mut given = String::new();
        let mut turn = Self {
            prompt: String::new(),
            history: Vec::new(),
            tools: &request.tools,
            returned: Vec::new(),
            rounds: 0,
            wanted: RefCell::default(),
            valid_from: Cell::new(0),
            changed_at: Cell::new(None),
        };
        let mut open: Vec<(String, Call)> = Vec::new();
        for (at, message) in request.messages.iter().enumerate() {
            let before = newest.is_none_or(|newest| at < newest);
            match message {
                PromptMessage::User(parts) if Some(at) == newest => turn.prompt = text_of(parts),
                PromptMessage::User(parts) if !before => given.push_str(&given_beside(parts).unwrap_or_default()),
                PromptMessage::User(parts) => turn.history.push(Said::User(text_of(parts))),
                PromptMessage::Assistant(parts) => {
                    open = parts.iter().filter_map(call_of).map(|(id, call)| (id.to_owned(), call)).collect();
                    if before {
                        turn.history.extend(open.iter().map(|(_, call)| Said::Called(call.clone())));
                        let text = text_of(parts);
                        if !text.is_empty() {
                            turn.history.push(Said::Model(text));
                        }
                    } else {
                        turn.rounds += usize::from(!open.is_empty());
                    }
                }
                PromptMessage::ToolReturns(returns) if !before => {
                    for given in returns {
                        if let Some((_, call)) = open.iter().find(|(id, _)| *id == given.id) {
                            turn.returned.push((call.clone(), Return { text: given.text.clone(), failed: given.failed }));
                        }
                    }
                }
                PromptMessage::ToolReturns(_) => {}
            }
        }
        if !given.is_empty() {
            let end = if given.ends_with('\n') { "" } else { "\n" };
            turn.prompt.push_str(&format!("\n\n<stdin>\n{given}{end}</stdin>"));
        }
        turn
    }

    /// Whether a tool is offered.
    pub(super) fn offers(&self, tool: &str) -> bool {
        self.tools.iter().any(|spec| spec.name == tool)
    }

    /// Names of the tools that are offered.
    pub(super) fn tool_names(&self) -> Vec<&str> {
        self.tools.iter().map(|spec| spec.name.as_str()).collect()
    }

    /// The first of these names that an argument of the tool has.
    pub(super) fn argument(&self, tool: &str, names: &[&'static str]) -> Option<&'static str> {
        let spec = self.tools.iter().find(|spec| spec.name == tool)?;
        let properties = spec.parameters.get("properties")?;
        names.iter().copied().find(|name| properties.get(name).is_some())
    }

    /// The type that the schema gives an argument, such as `integer`.
    pub(super) fn is_type(&self, tool: &str, argument: &str, wanted: &str) -> bool {
        let spec = self.tools.iter().find(|spec| spec.name == tool);
        let kind = spec.and_then(|spec| spec.parameters.get("properties")?.get(argument)?.get("type"));
        match kind {
            Some(Value::String(kind)) => kind == wanted,
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == wanted),
            _ => false,
        }
    }

    /// The returns of calls, in their order; all that are missing are made in one round.
    pub(super) fn call_all(&self, calls: &[(&str, Vec<(&'static str, Value)>)]) -> Result<Vec<Return>, Stop> {
        let mut returns = Vec::new();
        for (name, arguments) in calls {
            if !self.offers(name) {
                return Err(Stop::Say(format!(
                    "I would need the tool `{name}` for that, and it is not offered to me here. I can only use: {}.",
                    if self.tools.is_empty() { "nothing".to_owned() } else { self.tool_names().join(", ") }
                )));
            }
            let arguments: Map<String, Value> =
                arguments.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            let call = Call { name: (*name).to_owned(), arguments: Value::Object(arguments) };
            let mut made = self.returned.iter().enumerate().skip(self.valid_from.get());
            if let Some((at, (_, found))) = made.find(|(_, (made, _))| *made == call) {
                if changes(&call) {
                    self.changed_at.set(Some(at));
                }
                returns.push(Some(found.clone()));
            } else if self.rounds >= MAX_ROUNDS {
                let text = format!("not carried out, because I stop after {MAX_ROUNDS} rounds of tool calls");
                returns.push(Some(Return { text, failed: true }));
            } else {
                let mut wanted = self.wanted.borrow_mut();
                if wanted.len() < MAX_CALLS && !wanted.contains(&call) {
                    wanted.push(call);
                }
                returns.push(None);
            }
        }
        returns.into_iter().collect::<Option<Vec<Return>>>().ok_or(Stop::Pending)
    }

    /// The return of one call.
    pub(super) fn call(&self, name: &str, arguments: Vec<(&'static str, Value)>) -> Result<Return, Stop> {
        let returns = self.call_all(&[(name, arguments)])?;
        returns.into_iter().next().ok_or(Stop::Pending)
    }

    /// Whether one of the wanted calls changes something: then nothing else may be done at the same time.
    pub(super) fn wants_change(&self) -> bool {
        self.wanted.borrow().iter().any(changes)
    }

    /// What comes next sees only returns from after the change that was answered with last.
    pub(super) fn forget_before_change(&self) {
        if let Some(at) = self.changed_at.take() {
            self.valid_from.set(at + 1);
        }
    }

    /// The calls that rules want, in order.
    pub(super) fn wanted(&self) -> Vec<Call> {
        self.wanted.borrow().clone()
    }

    /// What was asked before, oldest first.
    pub(super) fn asked(&self) -> Vec<&str> {
        self.history.iter().filter_map(|said| if let Said::User(text) = said { Some(text.as_str()) } else { None }).collect()
    }

    /// What the model answered last.
    pub(super) fn last_answer(&self) -> Option<&str> {
        self.history.iter().rev().find_map(|said| if let Said::Model(text) = said { Some(text.as_str()) } else { None })
    }

    /// The file that the conversation was about last: the one that was opened, else named in the answer, else in the
    /// question.
    pub(super) fn focus(&self) -> Option<String> {
        for (at, said) in self.history.iter().enumerate().rev() {
            let Said::User(text) = said else { continue };
            let behind = self.history.get(at + 1..).unwrap_or_default();
            let opened: Vec<&str> = behind
                .iter()
                .filter_map(|said| match said {
                    Said::Called(call) if matches!(call.name.as_str(), "read_file" | "write_file" | "edit_file") => {
                        call.arguments.get("path")?.as_str()
                    }
                    _ => None,
                })
                .collect();
            if let Some(last) = opened.last() {
                return Some((*last).to_owned());
            }
            let answer =
                behind.iter().find_map(|said| if let Said::Model(text) = said { Some(text.as_str()) } else { None });
            if let Some(path) = answer.and_then(|answer| backticked(answer).into_iter().next()) {
                return Some(path);
            }
            if let Some(path) = Question::read(text, None).paths().into_iter().next() {
                return Some(path);
            }
        }
        None
    }

    /// The files that the last answer lists, in order.
    pub(super) fn listed(&self) -> Vec<String> {
        self.last_answer().map(backticked).unwrap_or_default()
    }
}

/// The files that an answer names in backticks, each once.
fn backticked(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for name in text.split('`').skip(1).step_by(2) {
        let name = name
            .split_once(':')
            .map_or(name, |(path, line)| if line.bytes().all(|byte| byte.is_ascii_digit()) { path } else { name });
        let named = Question::read(&format!("\"{name}\""), None).paths();
        if !named.is_empty() && !name.contains('"') && !found.iter().any(|other| other == name) {
            found.push(name.to_owned());
        }
    }
    found
}

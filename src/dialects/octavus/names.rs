//! What things of the house are called in this API, live and afterwards.

use std::collections::HashMap;

use crate::domain::{Agent, CallerTool, Display, MessageId, RunId, StepStarted, ToolCalled};

/// The kind of block that a step of a procedure was.
pub fn block_type(kind: &str) -> &'static str {
    match kind {
        "say" => "add-message",
        "ask" => "next-message",
        "call" => "tool-call",
        "set" => "set-resource",
        "open_thread" => "start-thread",
        "serialize" => "serialize-thread",
        _ => "block",
    }
}

/// Whether people see that such a block was at work.
pub fn is_operation(kind: &str) -> bool {
    matches!(kind, "set" | "serialize")
}

/// The id of a block: of each run its own.
pub fn block_id(run: &RunId, step: u32) -> String {
    format!("{run}_{step}")
}

/// The name of a block.
pub fn block_name(step: &StepStarted) -> String {
    if step.name.is_empty() { block_type(&step.kind).to_owned() } else { step.name.clone() }
}

/// The id of a text or thought.
pub fn part_id(message: &MessageId, index: u32) -> String {
    format!("{message}_{index}")
}

/// What is shown of a step.
pub fn display_of(step: &StepStarted) -> Display {
    step.display.unwrap_or(Display::Stream)
}

/// Whether what is said in a step is no business of people.
pub fn is_silent(step: Option<&StepStarted>) -> bool {
    step.is_some_and(|step| step.aside || display_of(step) == Display::Hidden)
}

/// What people see of calls of a tool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolFace {
    /// What is shown.
    pub display: Display,
    /// What people read.
    pub title: Option<String>,
}

impl ToolFace {
    fn new(display: Option<Display>, title: Option<&str>, description: &str) -> Self {
        let display = display.unwrap_or_default();
        let described = (!description.is_empty()).then_some(description);
        let title = match display {
            Display::Hidden | Display::Name => None,
            Display::Description | Display::Stream => described,
            Display::Title => title.or(described),
        };
        Self { display, title: title.map(str::to_owned) }
    }

    /// Of a call that is in the log.
    pub fn of(called: &ToolCalled) -> Self {
        Self::new(called.display, called.title.as_deref(), &called.description)
    }

    /// Whether people see what goes in.
    pub fn shows_input(&self) -> bool {
        matches!(self.display, Display::Description | Display::Stream)
    }
}

impl From<&CallerTool> for ToolFace {
    fn from(tool: &CallerTool) -> Self {
        Self::new(Some(tool.display), tool.title.as_deref(), &tool.description)
    }
}

/// What people see of the tools of an agent, by name.
pub fn faces(agent: &Agent) -> HashMap<String, ToolFace> {
    agent.caller_tools.iter().map(|tool| (tool.name.clone(), tool.into())).collect()
}

/// The JSON that a text is. A fence of Markdown around it is taken away, as the house does where it reads an answer.
///
/// # Errors
/// When it is none.
pub fn json_of(text: &str) -> serde_json::Result<serde_json::Value> {
    let text = text.trim();
    let text = text.strip_prefix("```json").or_else(|| text.strip_prefix("```")).unwrap_or(text);
    serde_json::from_str(text.strip_suffix("```").unwrap_or(text).trim())
}

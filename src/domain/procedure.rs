//! What a run does is data: steps, one after the other. An ordinary agent has one step: ask.

use serde::{Deserialize, Serialize};

/// One step of a procedure. What the caller said is in the conversation before the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Asks the model until it stops calling tools.
    Ask,
    /// Says something to the model that no person said.
    Say {
        /// What.
        text: String,
    },
}

impl Step {
    /// The stable word for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Say { .. } => "say",
        }
    }
}

/// The steps of a run, in order. Written as a list; the ordinary one is written as an empty list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Procedure(Vec<Step>);

impl Procedure {
    /// These steps; none = the ordinary procedure.
    pub fn new(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// The steps; never none.
    pub fn steps(&self) -> &[Step] {
        const ORDINARY: &[Step] = &[Step::Ask];
        if self.0.is_empty() { ORDINARY } else { &self.0 }
    }

    /// Whether it is what every agent does: then its single step leaves no facts of its own.
    pub fn is_ordinary(&self) -> bool {
        self.steps() == [Step::Ask]
    }
}

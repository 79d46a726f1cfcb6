//! What an agent keeps of its definition.

use serde_json::{Map, Value};

use crate::domain::Agent;

/// The procedure of a worker.
pub const STEPS: &str = "steps";
const ATTRIBUTE: &str = "octavus";

/// What an agent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// It is triggered, again and again, in a session.
    #[default]
    Interactive,
    /// It is executed once.
    Worker,
}

/// What an agent keeps of its definition.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a>(&'a Map<String, Value>);

impl<'a> Kept<'a> {
    /// Of an agent; `None` when it is none of this API.
    pub fn of(agent: &'a Agent) -> Option<Self> {
        let kept = agent.attributes.get(ATTRIBUTE)?.as_object()?;
        kept.contains_key("protocol").then_some(Self(kept))
    }

    /// Whether it is triggered, or executed once.
    pub fn format(self) -> Format {
        let word = self.0.get("settings").and_then(|settings| settings.get("format")?.as_str());
        if word == Some("worker") { Format::Worker } else { Format::Interactive }
    }

    /// The names of what a session is given when it is made.
    pub fn inputs(self) -> Vec<&'a str> {
        self.names("inputs")
    }

    /// The names of its variables.
    pub fn variables(self) -> Vec<&'a str> {
        self.names("variables")
    }

    /// The names of its resources.
    pub fn resources(self) -> Vec<&'a str> {
        self.names("resources")
    }

    fn names(self, key: &str) -> Vec<&'a str> {
        self.0.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

//! Definitions of agents: settings, a protocol in YAML, prompts and references become an agent of the house. All that is
//! wrong with one is told at once, with file, line and place.
//!
//! `keys` says of every key what becomes of it; `reading` goes through the protocol part by part; `types`, `scope`,
//! `tools`, `prompts`, `agent` and `blocks` know one subject each; `protocol` puts them together. What came in is kept
//! with the agent, under `ATTRIBUTE`.

mod agent;
mod blocks;
mod faults;
mod folder;
mod keys;
mod names;
mod prompts;
mod protocol;
mod reading;
mod scope;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod tools;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

pub use faults::{Fault, Severity};
pub use folder::{is_definition, read as read_folder};
pub use source::{Format, Prompt, Reference, Settings, Source};

use self::faults::{Faults, PROTOCOL};
use self::prompts::Prompts;
use self::reading::{At, Reading};
use crate::config::read_yaml;
use crate::domain::Agent;

/// The procedure of a worker.
pub const STEPS: &str = "steps";

/// Where an agent keeps what this API needs of it.
const ATTRIBUTE: &str = "octavus";

/// A definition while it is compiled.
struct Compiling<'a> {
    source: &'a Source,
    format: Format,
    reading: Reading,
    types: types::Types<'a>,
    prompts: Prompts<'a>,
    tools: BTreeMap<String, tools::DeclaredTool<'a>>,
    skills: BTreeMap<String, tools::Skill<'a>>,
    /// The threads that blocks open, by name.
    threads: BTreeMap<String, Vec<blocks::Opener<'a>>>,
    used: scope::Used,
    set_variables: BTreeSet<String>,
    used_tools: BTreeSet<String>,
    used_skills: BTreeSet<String>,
    used_references: BTreeSet<String>,
    used_threads: BTreeSet<String>,
    /// What nothing uses; told only when nothing is wrong, since a slip may be why.
    unused: Vec<(At<'a>, String)>,
}

/// Makes an agent of a definition. All that is wrong is told, errors and warnings; with an error there is no agent.
pub fn compile(source: &Source) -> (Option<Agent>, Vec<Fault>) {
    let mut faults = Faults::default();
    settings::check(&mut faults, source);
    if settings::is_too_large(&mut faults, source) {
        return (None, faults.into_sorted());
    }
    let prompts = Prompts::read(&mut faults, &source.prompts);
    let root = match read_yaml(source.protocol.strip_prefix('\u{feff}').unwrap_or(&source.protocol)) {
        Ok(root) => root,
        Err(wrong) => {
            faults.tell(Severity::Error, PROTOCOL, wrong.line, "", &faults::of_yaml(&wrong));
            return (None, faults.into_sorted());
        }
    };
    let mut compiling = Compiling {
        source,
        format: source.format().unwrap_or_default(),
        reading: Reading { faults },
        types: types::Types::default(),
        prompts,
        tools: BTreeMap::new(),
        skills: BTreeMap::new(),
        threads: BTreeMap::new(),
        used: BTreeSet::new(),
        set_variables: BTreeSet::new(),
        used_tools: BTreeSet::new(),
        used_skills: BTreeSet::new(),
        used_references: BTreeSet::new(),
        used_threads: BTreeSet::new(),
        unused: Vec::new(),
    };
    let agent = compiling.protocol(&At::whole(&root));
    let faults = compiling.reading.faults;
    let agent = (!faults.any_error()).then_some(agent);
    (agent, faults.into_sorted())
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

    /// The definition as it came in.
    pub fn source(self) -> Option<Source> {
        Source::deserialize(&Value::Object(self.0.clone())).ok()
    }

    /// Its settings.
    pub fn settings(self) -> Option<Settings> {
        Settings::deserialize(self.0.get("settings")?).ok()
    }

    /// Whether it is triggered, or executed once.
    pub fn format(self) -> Format {
        let word = self.0.get("settings").and_then(|settings| settings.get("format")?.as_str());
        if word == Some(Format::Worker.word()) { Format::Worker } else { Format::Interactive }
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

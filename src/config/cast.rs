//! The agents of all sources together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::agents;
use super::document::Document;
use super::layers::Source;
use crate::domain::{Agent, Error};

/// The agents that were found.
#[derive(Default)]
pub struct Cast {
    /// By name.
    pub agents: BTreeMap<String, Agent>,
    /// Where each comes from.
    pub sources: BTreeMap<String, Source>,
    /// Definitions that cannot be used, by name.
    pub broken: BTreeMap<String, Error>,
}

impl Cast {
    /// Adds an agent, in the place of any other of its name.
    pub fn add(&mut self, agent: Agent, source: Source) {
        self.sources.insert(agent.name.clone(), source);
        self.agents.insert(agent.name.clone(), agent);
    }

    /// Adds an agent. One of a higher level takes the place of a lower one; of two on one level the first stays.
    pub fn put(&mut self, agent: Agent, source: Source) {
        let same_level = |first: &&Source| std::mem::discriminant(*first) == std::mem::discriminant(&source);
        if let Some(first) = self.sources.get(&agent.name).filter(same_level) {
            let error = Error::invalid(format!("agent `{}` is defined twice: by {first} and by {source}", agent.name));
            self.fail(format!("{} (again)", agent.name), error.hint("give one of them another name"));
            return;
        }
        self.add(agent, source);
    }

    /// Adds what became of a definition.
    pub fn take(&mut self, name: String, agent: Result<Agent, Error>, source: Source) {
        match agent {
            Ok(agent) => self.put(agent, source),
            Err(error) => self.fail(name, error),
        }
    }

    /// Keeps why a definition cannot be used.
    pub fn fail(&mut self, name: String, error: Error) {
        self.broken.insert(name, error);
    }
}

/// The definitions of one level: (file, name for messages, agent), those of the config file first.
pub fn definitions(
    document: Option<&Document>,
    files: &[(PathBuf, Result<String, Error>)],
) -> Vec<(PathBuf, String, Result<Agent, Error>)> {
    let mut found = Vec::new();
    if let Some(document) = document {
        let inline = document.value.get("agents").and_then(Value::as_object);
        for (name, value) in inline.into_iter().flatten() {
            let agent = agents::define(document, &format!("agents.{name}"), value, name);
            found.push((document.path.clone(), name.clone(), agent));
        }
    }
    for (path, source) in files {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let agent = source.as_ref().map_err(Clone::clone).and_then(|source| agents::parse(path, source));
        found.push((path.clone(), name, agent));
    }
    found
}

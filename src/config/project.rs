//! The config that a workspace carries, as far as it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::cast::{Cast, definitions};
use super::document::Document;
use super::env::Environment;
use super::file::ConfigFolder;
use super::layers::{Folders, Layer, Source};
use super::resolution::Project;
use super::text;
use super::trust::{self, Ignored, Trust, TrustBook};
use crate::domain::Error;

/// What the workspace's own files say, as far as it counts.
pub struct Found {
    workspace: PathBuf,
    folder: ConfigFolder,
    document: Option<Document>,
    /// What it says that counts.
    pub layer: Layer,
    trust: Trust,
    digest: Result<String, Error>,
    ignored: Vec<Ignored>,
}

impl Found {
    /// Reads what was found, and takes away what may not count. `below` is what holds without it.
    ///
    /// # Errors
    /// `invalid_input` naming file, line and key.
    pub fn read(
        folder: ConfigFolder,
        workspace: &Path,
        below: &Layer,
        environment: &Environment,
        notices: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let digest = trust::digest(&folder);
        let trust = match (&digest, environment.state_folder()) {
            (Ok(digest), Some(state)) if !folder.is_empty() => {
                TrustBook::new(&state).standing(workspace, digest).unwrap_or_else(|error| {
                    notices.push(format!("no folder counts as trusted: {}", error.message));
                    Trust::Unknown
                })
            }
            _ => Trust::Unknown,
        };
        let mut found = Self {
            workspace: workspace.to_owned(),
            folder,
            document: None,
            layer: Layer::default(),
            trust,
            digest,
            ignored: Vec::new(),
        };
        let Some(config) = &found.folder.config else { return Ok(found) };
        let document = Document::parse(&config.path, &config.text).map_err(avoidable)?;
        let folders = Folders { base: workspace, ..environment.folders() };
        let source = Source::Project(config.path.clone());
        let layer = Layer::of_document(&document, &source, &folders).map_err(avoidable)?;
        let path = config.path.clone();
        if trust == Trust::Trusted {
            found.layer = layer;
        } else {
            (found.layer, found.ignored) = trust::narrow(layer, below, &path);
            // Agents are taken one by one; what is left out of each is listed with it.
            found.ignored.retain(|ignored| !ignored.place.starts_with("agents."));
        }
        found.document = Some(document);
        Ok(found)
    }

    /// Adds the project's agents. While it is not trusted they take no name that is there already.
    pub fn agents(&mut self, cast: &mut Cast) {
        let trusted = self.trust == Trust::Trusted;
        let taken: BTreeSet<String> = cast.agents.keys().chain(cast.broken.keys()).cloned().collect();
        for (path, name, agent) in definitions(self.document.as_ref(), &self.folder.agents) {
            let source = Source::Project(path.clone());
            let agent = match agent {
                Ok(agent) if trusted => Ok(agent),
                Ok(agent) if taken.contains(&agent.name) => {
                    let place = format!("agents.{}", agent.name);
                    self.ignored.push(Ignored { file: path, place, value: "a definition".to_owned() });
                    continue;
                }
                Ok(agent) => {
                    let (agent, ignored) = trust::narrow_agent(agent, &path);
                    self.ignored.extend(ignored);
                    Ok(agent)
                }
                Err(error) => Err(error),
            };
            cast.take(name, agent, source);
        }
    }

    /// What is to be known about it, with a notice for each file of which something is ignored.
    pub fn about(self, notices: &mut Vec<String>) -> Option<Project> {
        if self.folder.is_empty() {
            return None;
        }
        let mut by_file: BTreeMap<&Path, Vec<String>> = BTreeMap::new();
        for ignored in &self.ignored {
            by_file.entry(&ignored.file).or_default().push(format!("`{}`", ignored.place));
        }
        let why = match self.trust {
            Trust::Changed => "has changed since its folder was trusted",
            Trust::Unknown | Trust::Trusted => "is not trusted",
        };
        for (file, mut places) in by_file {
            let more = places.len().saturating_sub(8);
            places.truncate(8);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let places = places.join(", ");
            let file = text::shown(file);
            notices.push(format!("{file} {why}; ignored: {places}{more}; `ombud trust` shows it and lets it count"));
        }
        let config = self.folder.config.into_iter().map(|file| file.path);
        let files = config.chain(self.folder.agents.into_iter().map(|(path, _)| path)).collect();
        let Self { workspace, trust, ignored, digest, .. } = self;
        Some(Project { folder: workspace, files, trust, ignored, digest })
    }
}

/// The way around a project's file that is broken.
fn avoidable(error: Error) -> Error {
    if error.hint.is_some() { error } else { error.hint("correct it, or go without config files by --bare") }
}

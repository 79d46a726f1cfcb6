//! The whole way from what was said to what counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::agents;
use super::build::{Built, build, limit_numbers, speech_defaults};
use super::cast::{Cast, definitions};
use super::document::Document;
use super::env::{self, Environment};
use super::file::{self, AgentFiles, ConfigFolder, FileText, Links};
use super::foreign;
use super::layers::{Folders, Layer, Source};
use super::permissions::{self, Rules};
use super::project::Found;
use super::providers;
use super::settings::{Limits, Settings};
use super::text;
use super::trust::{Ignored, Trust};
use crate::domain::{Agent, Error};

/// What the command line says about settings; absent = nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// A config file instead of the user's.
    pub config: Option<PathBuf>,
    /// Ignore the config files of user and project; one that is named still counts.
    pub bare: bool,
    /// Where sessions are kept.
    pub store: Option<String>,
    /// The folder that tools work in.
    pub workspace: Option<PathBuf>,
    /// The agent.
    pub agent: Option<String>,
    /// The model, `PROVIDER/ID`.
    pub model: Option<String>,
    /// The models that are asked instead when it cannot answer, each `PROVIDER/ID`.
    pub fallback: Vec<String>,
    /// Most calls of the model in one run.
    pub max_turns: Option<u32>,
    /// Most tokens of one run.
    pub max_tokens: Option<u64>,
    /// Most that one run may cost, in US dollars, as it was written.
    pub max_cost_usd: Option<String>,
    /// Longest run, in seconds.
    pub timeout_seconds: Option<u64>,
    /// Permitted calls, each `TOOL` or `TOOL(PATTERN)`.
    pub allow: Vec<String>,
    /// Denied calls, each `TOOL` or `TOOL(PATTERN)`.
    pub deny: Vec<String>,
    /// Tool servers, each a name with a command line or an address.
    pub mcp: Vec<(String, String)>,
    /// Do not read `AGENTS.md`.
    pub no_project_instructions: bool,
    /// How the house is opened to others.
    pub server: super::ServerFlags,
}

/// What counts, and why.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What everything below works with.
    pub settings: Settings,
    /// The source of each setting that has a value, by its place (`limits.run_turns`, `agents.default`).
    pub origins: BTreeMap<String, Source>,
    /// What the user should know, one line each.
    pub notices: Vec<String>,
    /// The project's config, where the workspace has one.
    pub project: Option<Project>,
    /// The config file of the user that was read.
    pub user_file: Option<PathBuf>,
    /// Definitions of agents that cannot be used, by name.
    pub broken_agents: BTreeMap<String, Error>,
    pub(super) values: Layer,
    pub(super) rules: Rules,
}

/// The config that a workspace carries.
#[derive(Clone, Debug)]
pub struct Project {
    /// The workspace, without symbolic links.
    pub folder: PathBuf,
    /// Its files that count.
    pub files: Vec<PathBuf>,
    /// Whether it counts in full.
    pub trust: Trust,
    /// What does not count, because the folder is not trusted.
    pub ignored: Vec<Ignored>,
    /// The digest to trust; an error when a file cannot be read.
    pub digest: Result<String, Error>,
}

impl Resolved {
    /// An agent by its name.
    ///
    /// # Errors
    /// What is wrong with its definition, or `not_found` with a suggestion.
    pub fn agent(&self, name: &str) -> Result<&Agent, Error> {
        if let Some(agent) = self.settings.agents.get(name) {
            return Ok(agent);
        }
        if let Some(error) = self.broken_agents.get(name) {
            return Err(error.clone());
        }
        let known: Vec<&str> = self.settings.agents.keys().map(String::as_str).collect();
        let near = text::did_you_mean(name, known.iter().copied());
        let error = Error::not_found("agent", text::printable(name));
        Err(Error { message: format!("{}{near}", error.message), ..error }.hint(format!("known: {}", known.join(", "))))
    }
}

/// Puts everything that was said in order: flag, `OMBUD_*`, other variables, project, user, default.
///
/// # Errors
/// `invalid_input` for a value, key or file that cannot be used, naming it; `not_found` for a file that was named.
pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Resolved, Error> {
    let bare = flags.bare || environment.is_on("OMBUD_BARE");
    let mut notices = Vec::new();

    let user = User::read(flags, environment, bare, &mut notices)?;
    let (other, other_notices) = env::other_layer(environment)?;
    let folder = workspace(flags, environment, &other, &user.layer)?;

    let mut below = default_layer(environment, &folder);
    below.cover(user.layer.clone());
    let found = if bare { ConfigFolder::default() } else { ConfigFolder::read(&folder.join(".ombud"), Links::Refused)? };
    let mut project = Found::read(found, &folder, &below, environment, &mut notices)?;

    let mut known = providers::names(&below);
    known.extend(providers::names(&project.layer));
    let (own, own_notices) = env::own_layer(environment, &known)?;
    notices.extend(own_notices);
    notices.extend(other_notices);
    let said = flag_layer(flags, environment)?;

    let rules = permissions::gather(&[&said, &own], &[&project.layer, &user.layer])?;
    let mut values = below;
    for layer in [project.layer.clone(), other, own, said] {
        values.cover(layer);
    }
    let workspace = final_workspace(&mut values, &folder)?;
    let providers = providers::build(&mut values, environment)?;

    let mut cast = Cast::default();
    cast.add(agents::built_in(), Source::Default);
    for (path, name, agent) in definitions(user.document.as_ref(), &user.agents) {
        cast.take(name, agent, Source::User(path));
    }
    project.agents(&mut cast);
    notices.extend(cast.broken.values().map(|error| format!("an agent cannot be used: {}", error.message)));
    let project = project.about(&mut notices);

    // Agents are more than values: what became of them is in the cast.
    values.0.retain(|place, _| !place.starts_with("agents."));
    let mut origins: BTreeMap<String, Source> =
        values.0.iter().map(|(place, entry)| (place.clone(), entry.source.clone())).collect();
    origins.extend(cast.sources.iter().map(|(name, source)| (format!("agents.{name}"), source.clone())));
    let settings = build(
        &values,
        &rules,
        environment,
        Built { workspace, providers, agents: cast.agents, agent_sources: cast.sources, serving: flags.server.serving },
    )?;
    let user_file = user.file;
    Ok(Resolved { settings, origins, notices, project, user_file, broken_agents: cast.broken, values, rules })
}

/// What the user's own files say.
struct User {
    file: Option<PathBuf>,
    document: Option<Document>,
    layer: Layer,
    agents: AgentFiles,
}

impl User {
    fn read(flags: &Flags, environment: &Environment, bare: bool, notices: &mut Vec<String>) -> Result<Self, Error> {
        let folders = environment.folders();
        let named = match &flags.config {
            Some(path) => Some(path.clone()),
            None if bare => None,
            None => environment.get("OMBUD_CONFIG").map(PathBuf::from),
        };
        let own = environment.config_folder().filter(|_| !bare);
        let mut found = match &own {
            // A broken file does not matter when another takes its place.
            Some(folder) if named.is_none() => ConfigFolder::read(folder, Links::Followed)?,
            Some(folder) => ConfigFolder {
                config: None,
                agents: ConfigFolder::read(folder, Links::Followed).map(|found| found.agents).unwrap_or_default(),
            },
            None => ConfigFolder::default(),
        };
        let is_named = named.is_some();
        if let Some(path) = named {
            let path = PathBuf::from(folders.absolute(&path.to_string_lossy())?);
            found.config = Some(FileText { text: file::read_named(&path)?, path });
        }
        let Some(config) = found.config else {
            return Ok(Self { file: None, document: None, layer: Layer::default(), agents: found.agents });
        };
        let mut document = Document::parse(&config.path, &config.text)?;
        if is_named && let Some((ours, told)) = foreign::translated(&document) {
            document = ours;
            notices.extend(told);
        }
        let base = config.path.parent().unwrap_or(Path::new("/"));
        let folders = Folders { base, ..folders };
        let layer = Layer::of_document(&document, &Source::User(config.path.clone()), &folders)?;
        Ok(Self { file: Some(config.path), document: Some(document), layer, agents: found.agents })
    }
}

/// The folder whose `.ombud` is the project's: what the user says, never what the project says.
fn workspace(flags: &Flags, environment: &Environment, other: &Layer, user: &Layer) -> Result<PathBuf, Error> {
    let folders = environment.folders();
    let given = match (&flags.workspace, environment.get("OMBUD_WORKSPACE")) {
        (Some(path), _) => Some(folders.absolute(&path.to_string_lossy())?),
        (None, Some(path)) => Some(folders.absolute(path)?),
        (None, None) => other.text("workspace").or_else(|| user.text("workspace")).map(str::to_owned),
    };
    match (given, &environment.folder) {
        (Some(path), _) => real_folder(Path::new(&path)),
        (None, Some(folder)) => real_folder(folder),
        (None, None) => Err(Error::invalid("the current folder is not known: it may have been removed")
            .hint("go to another folder, or name one: -C DIR")),
    }
}

/// A folder without symbolic links, so that trust in it cannot be moved to another.
fn real_folder(path: &Path) -> Result<PathBuf, Error> {
    let wrong = |error: &std::io::Error| {
        let error = match error.kind() {
            std::io::ErrorKind::NotFound => Error::not_found("workspace", text::shown(path)),
            _ => Error::invalid(format!("workspace {} cannot be used: {error}", text::shown(path))),
        };
        error.hint("name a folder that is there: -C DIR")
    };
    let real = std::fs::canonicalize(path).map_err(|error| wrong(&error))?;
    if real.is_dir() {
        return Ok(real);
    }
    Err(Error::invalid(format!("workspace {} is not a folder", text::shown(path))).hint("name a folder: -C DIR"))
}

/// The folder that tools work in: a trusted project may name another one.
fn final_workspace(values: &mut Layer, folder: &Path) -> Result<PathBuf, Error> {
    let chosen = match values.0.get("workspace") {
        Some(entry) if matches!(entry.source, Source::Project(_)) => {
            real_folder(Path::new(entry.value.as_str().unwrap_or_default()))?
        }
        _ => folder.to_owned(),
    };
    if let Some(entry) = values.0.get_mut("workspace") {
        entry.value = Value::from(chosen.to_string_lossy().into_owned());
    }
    Ok(chosen)
}

/// What holds when nobody says anything.
fn default_layer(environment: &Environment, folder: &Path) -> Layer {
    let mut layer = Layer::default();
    let mut set = |place: &str, value: Value| layer.set(place, value, Source::Default);
    set("agent", Agent::DEFAULT.into());
    set("workspace", folder.to_string_lossy().into());
    set("project_instructions", true.into());
    set("tools.unconfined", false.into());
    if let Some(state) = environment.state_folder() {
        set("store", format!("sqlite:{}", state.join("ombud.db").display()).into());
    }
    for (place, value) in limit_numbers(&Limits::default()) {
        set(place, value.into());
    }
    super::server::defaults(&mut layer);
    super::fetch::defaults(&mut layer);
    super::tool_servers::defaults(&mut layer);
    speech_defaults(&mut layer);
    providers::defaults(&mut layer);
    layer
}

fn flag_layer(flags: &Flags, environment: &Environment) -> Result<Layer, Error> {
    let folders = environment.folders();
    let mut layer = Layer::default();
    let mut read = |place: &str, name: &'static str, value: Option<String>| match value {
        Some(value) => layer.read(place, &value, Source::Flag(name), &folders),
        None => Ok(()),
    };
    read("store", "--store", flags.store.clone())?;
    read("workspace", "--workspace", flags.workspace.as_ref().map(|path| path.to_string_lossy().into_owned()))?;
    read("agent", "--agent", flags.agent.clone())?;
    read("model", "--model", flags.model.clone())?;
    read("models.fallback", "--fallback-model", (!flags.fallback.is_empty()).then(|| flags.fallback.join(",")))?;
    read("budgets.max_turns", "--max-turns", flags.max_turns.map(|turns| turns.to_string()))?;
    read("budgets.max_tokens", "--max-tokens", flags.max_tokens.map(|tokens| tokens.to_string()))?;
    read("budgets.max_cost_usd", "--max-cost", flags.max_cost_usd.clone())?;
    read("budgets.timeout_seconds", "--timeout", flags.timeout_seconds.map(|seconds| seconds.to_string()))?;
    super::server::flag_layer(&mut layer, &flags.server, &folders)?;
    super::tool_servers::add_flags(&mut layer, &flags.mcp)?;
    if flags.no_project_instructions {
        layer.set("project_instructions", false, Source::Flag("--no-project-instructions"));
    }
    for (place, name, rules) in [("permissions.allow", "--allow", &flags.allow), ("permissions.deny", "--deny", &flags.deny)]
    {
        for rule in rules {
            crate::domain::PermissionRule::parse(rule, crate::domain::Permission::Ask)?;
        }
        if !rules.is_empty() {
            layer.set(place, rules.clone(), Source::Flag(name));
        }
    }
    Ok(layer)
}

#[cfg(test)]
mod tests;

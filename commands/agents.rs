//! `ombud agents`: the agents that there are, and their definitions.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ombud::config::{Source, parse_agent, printable, read_config_file};
use ombud::domain::{Agent, Error, ErrorCode, Result};
use serde_json::{Value, json};

use super::cli::{AgentsAdd, AgentsCommand, Format};
use super::context::{Context, Exit};
use super::distance::Server;
use super::output::table;
use super::program::Program;

/// Lists, shows, adds or checks agents.
pub fn execute(command: &AgentsCommand, context: &Context) -> Result<Exit> {
    match command {
        AgentsCommand::List => list(context),
        AgentsCommand::Show { name } => show(name, context),
        AgentsCommand::Add(arguments) => add(arguments, context),
        AgentsCommand::Validate { files } => validate(files, context),
    }
}

fn source_of<'a>(context: &'a Context, name: &str) -> &'a Source {
    context.resolved.origins.get(&format!("agents.{name}")).unwrap_or(&Source::Default)
}

/// Lists or shows the agents of a server. What else there is about agents works here only, and was refused before.
pub async fn of_server(command: &AgentsCommand, program: &Program, server: &Server) -> Result<u8> {
    let context = &program.context;
    let agents = program.open().await?.agents(&program.caller()).await?;
    let exit = match command {
        AgentsCommand::Show { name } => {
            let item = agents.get(name).ok_or_else(|| {
                let known: Vec<&str> = agents.keys().map(String::as_str).collect();
                Error::not_found("agent", printable(name)).hint(format!("known: {}", known.join(", ")))
            })?;
            written(&item.agent, context)?
        }
        AgentsCommand::List | AgentsCommand::Add(_) | AgentsCommand::Validate { .. } => {
            let source = (json!({ "kind": "server", "name": server.url }), format!("server {}", printable(&server.url)));
            listed(agents.values().map(|item| (&item.agent, source.clone())), context)?
        }
    };
    Ok(exit.0)
}

fn list(context: &Context) -> Result<Exit> {
    let agents = context.resolved.settings.agents.values().map(|agent| {
        let source = source_of(context, &agent.name);
        (agent, (json!(source), source.to_string()))
    });
    listed(agents, context)
}

/// Writes agents, each with its source as JSON and as text.
fn listed<'a>(agents: impl Iterator<Item = (&'a Agent, (Value, String))>, context: &Context) -> Result<Exit> {
    if context.manner.format != Format::Text {
        let item = |(agent, (source, _)): (&Agent, (Value, String))| {
            json!({
                "name": agent.name, "description": agent.description, "model": agent.model, "tools": agent.tools,
                "state": agent.state, "source": source,
            })
        };
        let broken = context.resolved.broken_agents.iter();
        let broken: Vec<_> = broken.map(|(name, error)| json!({ "name": name, "error": error })).collect();
        context.out.write_json(&json!({ "agents": agents.map(item).collect::<Vec<_>>(), "broken": broken }))?;
        return Ok(Exit::OK);
    }
    let row = |(agent, (_, source)): (&Agent, (Value, String))| {
        let model = agent.model.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        vec![agent.name.clone(), printable(&model), source, printable(&agent.description)]
    };
    let head = ["NAME", "MODEL", "SOURCE", "DESCRIPTION"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(agents.map(row)).collect();
    context.out.write(&table(&rows))?;
    Ok(Exit::OK)
}

fn show(name: &str, context: &Context) -> Result<Exit> {
    written(context.resolved.agent(name)?, context)
}

fn written(agent: &Agent, context: &Context) -> Result<Exit> {
    match context.manner.format {
        Format::Text => match toml::to_string_pretty(agent) {
            Ok(text) => context.out.write(&text)?,
            // TOML has no null, which attributes may hold.
            Err(_) => context.out.write_json(agent)?,
        },
        Format::Json | Format::Jsonl | Format::Tarko => context.out.write_json(agent)?,
    }
    Ok(Exit::OK)
}

fn validate(files: &[PathBuf], context: &Context) -> Result<Exit> {
    let mut exit = Exit::OK;
    let mut results = Vec::new();
    for file in files {
        let checked = read_config_file(file).and_then(|source| parse_agent(file, &source));
        if checked.is_err() {
            exit = Exit::INVALID;
        }
        match (context.manner.format, &checked) {
            (Format::Text, Ok(agent)) => {
                let file = printable(&file.to_string_lossy());
                context.out.write_line(&format!("{file}: agent `{}` is well defined", agent.name))?;
            }
            (Format::Text, Err(error)) => {
                let hint = error.hint.as_ref().map(|hint| format!("\n  {hint}")).unwrap_or_default();
                context.out.write_line(&format!("{}{hint}", error.message))?;
            }
            (Format::Json | Format::Jsonl | Format::Tarko, checked) => results.push(json!({
                "file": file,
                "ok": checked.is_ok(),
                "agent": checked.as_ref().ok().map(|agent| &agent.name),
                "error": checked.as_ref().err(),
            })),
        }
    }
    if context.manner.format != Format::Text {
        context.out.write_json(&json!({ "ok": exit == Exit::OK, "files": results }))?;
    }
    Ok(exit)
}

fn add(arguments: &AgentsAdd, context: &Context) -> Result<Exit> {
    let source = read_config_file(&arguments.file)?;
    let agent = parse_agent(&arguments.file, &source)?;
    let folder = folder_for(arguments.project, context)?;
    let ending = arguments.file.extension().and_then(|ending| ending.to_str()).unwrap_or("toml").to_ascii_lowercase();
    let target = folder.join(format!("{}.{ending}", agent.name));
    let taken = match source_of(context, &agent.name) {
        Source::Project(path) if arguments.project => Some(path.clone()),
        Source::User(path) if !arguments.project => Some(path.clone()),
        _ => Some(target.clone()).filter(|target| target.exists()),
    };
    if let Some(taken) = &taken {
        let shown = printable(&taken.to_string_lossy());
        let error = Error::new(ErrorCode::Conflict, format!("agent `{}` is there already: {shown}", agent.name));
        if taken.parent() != Some(&folder) {
            return Err(error.hint("take it out of that file first"));
        }
        if !arguments.force {
            return Err(error.hint("say --force to replace it, or give the new one another name"));
        }
    }
    write(&folder, &target, &source)?;
    if let Some(old) = taken.filter(|old| *old != target) {
        fs::remove_file(&old).map_err(|error| cannot_write(&old, &error))?;
    }
    match context.manner.format {
        Format::Text => {
            let target = printable(&target.to_string_lossy());
            context.out.write_line(&format!("agent `{}` is kept in {target}", agent.name))?;
        }
        Format::Json | Format::Jsonl | Format::Tarko => {
            context.out.write_json(&json!({ "agent": agent.name, "file": target }))?
        }
    }
    Ok(Exit::OK)
}

fn folder_for(project: bool, context: &Context) -> Result<PathBuf> {
    let settings = &context.resolved.settings;
    if !project {
        if settings.paths.config.as_os_str().is_empty() {
            return Err(Error::invalid("there is no place for your agents: neither HOME nor XDG_CONFIG_HOME is set")
                .hint("set HOME, or keep it in the workspace: --project"));
        }
        return Ok(settings.paths.config.join("agents"));
    }
    let workspace = context.resolved.project.as_ref().map_or(&settings.workspace, |project| &project.folder);
    let own = workspace.join(".ombud");
    // A link in a folder that comes from somebody else may lead anywhere.
    for folder in [&own, &own.join("agents")] {
        if folder.is_symlink() {
            let shown = printable(&folder.to_string_lossy());
            return Err(Error::invalid(format!("{shown} is a symbolic link")).hint("put a folder there"));
        }
    }
    Ok(own.join("agents"))
}

/// Writes a whole file or none.
fn write(folder: &Path, target: &Path, text: &str) -> Result<()> {
    let wrong = |error: &std::io::Error| cannot_write(target, error);
    fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| wrong(&error))?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(|error| wrong(&error))?;
    file.persist(target).map_err(|error| wrong(&error.error))?;
    Ok(())
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    let path = printable(&path.to_string_lossy());
    Error::new(ErrorCode::Unavailable, format!("{path} cannot be written: {error}")).hint("check its permissions")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::context::tests::context;
    use super::*;

    fn said(root: &Path, format: Format, command: &AgentsCommand) -> std::result::Result<(String, Exit), Error> {
        let (context, written) = context(root, format);
        let exit = execute(command, &context)?;
        let at = fs::canonicalize(root).unwrap().display().to_string();
        Ok((written.text().replace(&at, ""), exit))
    }

    fn add(root: &Path, name: &str, project: bool, force: bool) -> std::result::Result<String, Error> {
        let add = AgentsAdd { file: root.join(name), project, force };
        said(root, Format::Text, &AgentsCommand::Add(add)).map(|(text, _)| text)
    }

    #[test]
    fn an_agent_is_added_once_and_then_listed_and_shown() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        fs::write(at.join("helper.toml"), "description = \"Helps\"\ninstructions = \"Help.\"\nmodel = \"a/b\"\n").unwrap();
        fs::write(at.join("helper.yaml"), "instructions: Help more.\n").unwrap();
        let kept = "agent `helper` is kept in /own/.config/ombud/agents/helper.toml\n";
        assert_eq!(add(at, "helper.toml", false, false).unwrap(), kept);
        assert_eq!(add(at, "helper.yaml", false, false).unwrap_err().code, ErrorCode::Conflict);
        let (list, _) = said(at, Format::Text, &AgentsCommand::List).unwrap();
        // The path of the folder, which the width of a column follows, is another one every time.
        let cells =
            |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ");
        assert_eq!(
            list.lines().map(cells).collect::<Vec<_>>(),
            [
                "NAME | MODEL | SOURCE | DESCRIPTION",
                "default | - | default | Works in the workspace with tools and answers briefly.",
                "helper | a/b | user /own/.config/ombud/agents/helper.toml | Helps",
            ]
        );
        let show = AgentsCommand::Show { name: "helper".to_owned() };
        let (shown, _) = said(at, Format::Json, &show).unwrap();
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((&shown["name"], &shown["model"]), (&json!("helper"), &json!("a/b")));
        assert!(add(at, "helper.yaml", false, true).unwrap().ends_with("helper.yaml\n"));
        assert!(!at.join("own/.config/ombud/agents/helper.toml").exists());
        assert!(add(at, "helper.toml", true, false).unwrap().ends_with("/work/.ombud/agents/helper.toml\n"));
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let root = tempfile::tempdir().unwrap();
        let (text, _) = said(root.path(), Format::Text, &AgentsCommand::Show { name: "default".to_owned() }).unwrap();
        assert_eq!(parse_agent(Path::new("default.toml"), &text).unwrap(), ombud::config::built_in_agent());
    }

    #[test]
    fn wrong_definitions_are_told_and_exit_2() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        fs::write(at.join("good.toml"), "instructions = \"x\"\n").unwrap();
        fs::write(at.join("bad.toml"), "instructions = \"x\"\ntool = []\n").unwrap();
        let files = vec![at.join("good.toml"), at.join("bad.toml"), at.join("missing.toml")];
        let (text, exit) = said(at, Format::Text, &AgentsCommand::Validate { files: files.clone() }).unwrap();
        let at_text = at.display().to_string();
        assert_eq!(
            text.replace(&at_text, ""),
            "/good.toml: agent `good` is well defined\n\
             /bad.toml:2: `tool` is not known; did you mean `tools`?\n  known here: name, description, instructions, model, \
             settings, tools, procedure, procedures, caller_tools, inputs, variables, from_state, max_turns, permissions, state, labels, attributes\n\
             file `/missing.toml` is not known\n"
        );
        assert_eq!(exit, Exit::INVALID);
        let (json, _) = said(at, Format::Json, &AgentsCommand::Validate { files }).unwrap();
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["ok"], &json["files"][0]["ok"], &json["files"][1]["ok"]),
            (&json!(false), &json!(true), &json!(false))
        );
    }

    #[test]
    fn a_folder_that_leads_elsewhere_is_not_written_to() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        fs::create_dir_all(at.join("work/.ombud")).unwrap();
        fs::create_dir_all(at.join("elsewhere")).unwrap();
        fs::write(at.join("helper.toml"), "instructions = \"Help.\"\n").unwrap();
        let (context, _) = context(at, Format::Text);
        std::os::unix::fs::symlink(at.join("elsewhere"), at.join("work/.ombud/agents")).unwrap();
        let command = AgentsCommand::Add(AgentsAdd { file: at.join("helper.toml"), project: true, force: false });
        assert_eq!(execute(&command, &context).unwrap_err().code, ErrorCode::InvalidInput);
        assert_eq!(fs::read_dir(at.join("elsewhere")).unwrap().count(), 0);
    }
}

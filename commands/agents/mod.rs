//! `ombud agents`: the agents that there are, and their definitions.

mod adding;
mod definition;

use std::path::PathBuf;

use ombud::config::{Source, printable};
use ombud::domain::Result;
use ombud::engine::{AgentItem, AgentOrigin};
use serde_json::{Value, json};

use self::definition::Definition;
use super::cli::{AgentsCommand, Format};
use super::context::{Context, Exit};
use super::output::table;
use super::program::Program;

/// Lists, shows, adds, removes or checks agents.
pub async fn execute(command: &AgentsCommand, program: &Program) -> Result<Exit> {
    match command {
        AgentsCommand::List => list(program).await,
        AgentsCommand::Show { name } => show(name, program).await,
        AgentsCommand::Add(arguments) => adding::add(program, arguments).await,
        AgentsCommand::Remove { name } => remove(name, program).await,
        AgentsCommand::Validate { files } => validate(files, &program.context),
    }
}

fn source_of<'a>(context: &'a Context, name: &str) -> &'a Source {
    context.resolved.origins.get(&format!("agents.{name}")).unwrap_or(&Source::Default)
}

/// Where an agent comes from, as JSON and as text.
fn source(program: &Program, item: &AgentItem) -> (Value, String) {
    let is_kept = item.origin == AgentOrigin::Store;
    match &program.server {
        Some(server) => {
            let kept = if is_kept { ", store" } else { "" };
            (json!({ "kind": "server", "name": server.url }), format!("server {}{kept}", printable(&server.url)))
        }
        None if is_kept => (json!({ "kind": "store" }), "store".to_owned()),
        None => {
            let source = source_of(&program.context, &item.agent.name);
            (json!(source), source.to_string())
        }
    }
}

async fn list(program: &Program) -> Result<Exit> {
    let context = &program.context;
    let agents = program.open().await?.agents(&program.caller()).await?;
    if context.manner.format != Format::Text {
        let row = |item: &AgentItem| {
            let agent = &item.agent;
            json!({
                "name": agent.name, "description": agent.description, "model": agent.model, "tools": agent.tools,
                "state": agent.state, "source": source(program, item).0, "origin": item.origin,
                "revision": item.revision, "trusted": item.trusted, "id": item.id, "created_at": item.created_at,
                "updated_at": item.updated_at,
            })
        };
        // Those of a server are told in its log.
        let broken = context.resolved.broken_agents.iter().filter(|_| program.server.is_none());
        let broken: Vec<_> = broken.map(|(name, error)| json!({ "name": name, "error": error })).collect();
        context.out.write_json(&json!({ "agents": agents.values().map(row).collect::<Vec<_>>(), "broken": broken }))?;
        return Ok(Exit::OK);
    }
    let row = |item: &AgentItem| {
        let agent = &item.agent;
        let model = agent.model.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        vec![agent.name.clone(), printable(&model), source(program, item).1, printable(&agent.description)]
    };
    let head = ["NAME", "MODEL", "SOURCE", "DESCRIPTION"].map(str::to_owned).to_vec();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(agents.values().map(row)).collect();
    context.out.write(&table(&rows))?;
    Ok(Exit::OK)
}

async fn show(name: &str, program: &Program) -> Result<Exit> {
    let context = &program.context;
    if let Some(error) = context.resolved.broken_agents.get(name).filter(|_| program.server.is_none()) {
        return Err(error.clone());
    }
    let item = program.open().await?.agent(&program.caller(), name).await?;
    let (as_json, as_text) = source(program, &item);
    match context.manner.format {
        Format::Text => match toml::to_string_pretty(&item.agent) {
            Ok(text) => context.out.write(&format!("{}{text}", about(&item, &as_text)))?,
            // TOML has no null, which attributes may hold.
            Err(_) => context.out.write_json(&item.agent)?,
        },
        Format::Json | Format::Jsonl | Format::Tarko => {
            let mut document = json!(item);
            document["source"] = as_json;
            context.out.write_json(&document)?;
        }
    }
    Ok(Exit::OK)
}

/// What there is to say of an agent beside its definition, as comments.
fn about(item: &AgentItem, source: &str) -> String {
    let mut about = format!("# source: {source}\n");
    if let (Some(id), Some(updated_at), Some(by)) = (&item.id, item.updated_at, &item.written_by) {
        about.push_str(&format!("# id: {id}\n# revision: {}\n", item.revision.0));
        let rights = if item.trusted { "" } else { ", who does not administer the house: no commands are run for it" };
        about.push_str(&format!("# written: {updated_at} by {}{rights}\n", printable(&by.name)));
    }
    if let Some(archived_at) = item.archived_at {
        about.push_str(&format!("# removed: {archived_at}\n"));
    }
    about.push('\n');
    about
}

async fn remove(name: &str, program: &Program) -> Result<Exit> {
    let context = &program.context;
    let item = program.open().await?.remove_agent(&program.caller(), name).await?;
    match context.manner.format {
        Format::Text => context.out.write_line(&format!("agent `{}` is removed", item.agent.name))?,
        Format::Json | Format::Jsonl | Format::Tarko => context.out.write_json(&item)?,
    }
    Ok(Exit::OK)
}

fn validate(files: &[PathBuf], context: &Context) -> Result<Exit> {
    let mut exit = Exit::OK;
    let mut results = Vec::new();
    for file in files {
        let Definition { agent, faults } = definition::read(file);
        if agent.is_err() {
            exit = Exit::INVALID;
        }
        if context.manner.format == Format::Text {
            faults.iter().try_for_each(|fault| context.out.write_line(&fault.to_string()))?;
        }
        match (context.manner.format, &agent) {
            (Format::Text, Ok(agent)) => {
                let file = printable(&file.to_string_lossy());
                context.out.write_line(&format!("{file}: agent `{}` is well defined", agent.name))?;
            }
            // All of it was told already.
            (Format::Text, Err(_)) if !faults.is_empty() => {}
            (Format::Text, Err(error)) => {
                let hint = error.hint.as_ref().map(|hint| format!("\n  {hint}")).unwrap_or_default();
                context.out.write_line(&format!("{}{hint}", error.message))?;
            }
            (Format::Json | Format::Jsonl | Format::Tarko, agent) => results.push(json!({
                "file": file,
                "ok": agent.is_ok(),
                "agent": agent.as_ref().ok().map(|agent| &agent.name),
                "error": agent.as_ref().err(),
                "faults": faults,
            })),
        }
    }
    if context.manner.format != Format::Text {
        context.out.write_json(&json!({ "ok": exit == Exit::OK, "files": results }))?;
    }
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::context::tests::context;
    use super::*;

    fn checked(root: &Path, format: Format, files: &[PathBuf]) -> (String, Exit) {
        let (context, written) = context(root, format);
        let exit = validate(files, &context).unwrap();
        (written.text(), exit)
    }

    #[test]
    fn wrong_definitions_are_told_and_exit_2() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path();
        fs::write(at.join("good.toml"), "instructions = \"x\"\n").unwrap();
        fs::write(at.join("bad.toml"), "instructions = \"x\"\ntool = []\n").unwrap();
        let files = vec![at.join("good.toml"), at.join("bad.toml"), at.join("missing.toml")];
        let (text, exit) = checked(at, Format::Text, &files);
        let at_text = at.display().to_string();
        assert_eq!(
            text.replace(&at_text, ""),
            "/good.toml: agent `good` is well defined\n\
             /bad.toml:2: `tool` is not known; did you mean `tools`?\n  known here: name, description, instructions, model, fallback, \
             settings, tools, tool_servers, procedure, procedures, caller_tools, inputs, variables, from_state, max_turns, permissions, answers, called, judge, silence, endpoints, secrets, state, labels, attributes\n\
             file `/missing.toml` is not known\n"
        );
        assert_eq!(exit, Exit::INVALID);
        let (json, _) = checked(at, Format::Json, &files);
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["ok"], &json["files"][0]["ok"], &json["files"][1]["ok"]),
            (&json!(false), &json!(true), &json!(false))
        );
    }
}

//! `ombud mcp`: tool servers, as their user has them; and our agents as one.

mod adding;
mod listing;
mod serve;

use ombud::domain::{Error, Result, ToolServer, ToolServerLine, ToolServerSource, ToolServerState, ToolSpec};
use ombud::engine::ToolServerItem;
use serde::Serialize;

use crate::cli::{Format, McpCommand};
use crate::program::Program;
use crate::render::harmless;

/// Longest part of a tool's description in a list, in characters.
const ABOUT: usize = 100;

/// A tool server as it is printed.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    name: String,
    slug: String,
    configured: bool,
    for_all: bool,
    state: ToolServerState,
    command: Option<Vec<String>>,
    url: Option<String>,
    /// Names only: the values are secrets.
    variables: Vec<String>,
    headers: Vec<String>,
    capabilities: Vec<String>,
    error: Option<String>,
}

impl From<ToolServerItem> for Line {
    fn from(item: ToolServerItem) -> Self {
        let ToolServerItem { server, configured, state, capabilities, error } = item;
        let ToolServer { id, name, slug, source, for_all, .. } = server;
        let (command, url, variables, headers) = match source {
            ToolServerSource::Program { command, arguments, variables } => {
                (Some([vec![command], arguments].concat()), None, variables, Vec::new())
            }
            ToolServerSource::Address { url, headers } => (None, Some(url), Vec::new(), headers),
        };
        let id = id.to_string();
        Self { id, name, slug, configured, for_all, state, command, url, variables, headers, capabilities, error }
    }
}

#[derive(Serialize)]
struct Of<T> {
    server: T,
}

#[derive(Serialize)]
struct Removed {
    removed: Line,
}

#[derive(Serialize)]
struct Tested {
    server: String,
    tools: Vec<ToolSpec>,
}

#[derive(Serialize)]
struct Lines {
    server: String,
    lines: Vec<ToolServerLine>,
}

/// Carries out a command about tool servers.
///
/// # Errors
/// What the engine answers.
pub async fn execute(program: &Program, command: &McpCommand) -> Result<u8> {
    match command {
        McpCommand::List => listing::execute(program).await,
        McpCommand::Add(arguments) => adding::execute(program, arguments).await,
        McpCommand::Remove(one) => remove(program, &one.name).await,
        McpCommand::Test(one) => test(program, &one.name).await,
        McpCommand::Start(_) | McpCommand::Stop(_) | McpCommand::Restart(_) | McpCommand::Logs { .. }
            if program.server.is_none() =>
        {
            Err(Error::invalid("tool servers run for as long as a server does, and none is named")
                .hint("name it by `--server`; `ombud mcp test NAME` starts one here to look at it"))
        }
        McpCommand::Start(one) => {
            let house = program.open().await?;
            moved(program, "started", house.tool_servers().start_tool_server(&program.caller(), &one.name).await?)
        }
        McpCommand::Stop(one) => {
            let house = program.open().await?;
            moved(program, "stopped", house.tool_servers().stop_tool_server(&program.caller(), &one.name).await?)
        }
        McpCommand::Restart(one) => {
            let house = program.open().await?;
            moved(program, "restarted", house.tool_servers().restart_tool_server(&program.caller(), &one.name).await?)
        }
        McpCommand::Serve(arguments) => serve::execute(program, arguments).await,
        McpCommand::Logs { one, limit } => logs(program, &one.name, usize::from(*limit)).await,
    }
}

/// Says what was done with one.
fn moved(program: &Program, done: &str, item: ToolServerItem) -> Result<u8> {
    let out = &program.context.out;
    match program.format() {
        Format::Text => out.write_line(&format!("{done} tool server {}", item.server.slug))?,
        Format::Json | Format::Jsonl | Format::Tarko => out.write_json(&Of { server: Line::from(item) })?,
    }
    Ok(0)
}

async fn remove(program: &Program, named: &str) -> Result<u8> {
    let house = program.open().await?;
    let removed = house.tool_servers().remove_tool_server(&program.caller(), named).await?;
    let out = &program.context.out;
    match program.format() {
        Format::Text => out.write_line(&format!("removed tool server {}", removed.server.slug))?,
        Format::Json | Format::Jsonl | Format::Tarko => out.write_json(&Removed { removed: removed.into() })?,
    }
    Ok(0)
}

async fn test(program: &Program, named: &str) -> Result<u8> {
    let house = program.open().await?;
    let tools = house.tool_servers().tools_of_server(&program.caller(), named).await;
    // Nothing of it may outlive this program.
    house.drain().await;
    let tools = tools?;
    let out = &program.context.out;
    match program.format() {
        Format::Text => {
            out.write_line(&format!("{named} offers {} tools", tools.len()))?;
            for tool in &tools {
                out.write_line(&harmless(&format!("  {}  {}", tool.name, first_line(&tool.description))))?;
            }
        }
        Format::Json => out.write_json(&Tested { server: named.to_owned(), tools })?,
        Format::Jsonl | Format::Tarko => {
            for tool in &tools {
                out.write_json(tool)?;
            }
        }
    }
    Ok(0)
}

/// The beginning of a description, for a list.
fn first_line(description: &str) -> String {
    let line = description.lines().next().unwrap_or_default();
    if line.chars().count() <= ABOUT {
        return line.to_owned();
    }
    let cut: String = line.chars().take(ABOUT - 1).collect();
    format!("{}…", cut.trim_end())
}

async fn logs(program: &Program, named: &str, limit: usize) -> Result<u8> {
    let house = program.open().await?;
    let lines = house.tool_servers().tool_server_lines(&program.caller(), named, limit).await?;
    let out = &program.context.out;
    match program.format() {
        Format::Text => {
            for line in &lines {
                let level = format!("{:?}", line.level).to_lowercase();
                out.write_line(&harmless(&format!("{} {level} {}: {}", line.at, line.component, line.message)))?;
            }
        }
        Format::Json => out.write_json(&Lines { server: named.to_owned(), lines })?,
        Format::Jsonl | Format::Tarko => {
            for line in &lines {
                out.write_json(line)?;
            }
        }
    }
    Ok(0)
}

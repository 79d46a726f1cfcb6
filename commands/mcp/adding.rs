//! `ombud mcp add`

use std::collections::BTreeMap;

use ombud::domain::{Error, Result, ToolServerSource};
use ombud::engine::{NewToolServer, ToolServerChange, Word};
use secrecy::SecretString;

use super::{Line, Of};
use crate::cli::{Format, McpAdd};
use crate::program::Program;
use crate::render::note;

/// Adds a tool server to the store.
pub async fn execute(program: &Program, arguments: &McpAdd) -> Result<u8> {
    if program.server.is_none() && program.settings().store_address()?.starts_with("memory") {
        return Err(Error::invalid("a store in memory forgets the tool server when this program ends")
            .hint("ask the server that has it: `--server`, or name another store: `--store`"));
    }
    let new = wanted(arguments);
    let house = program.open().await?;
    let servers = house.tool_servers();
    let made = servers.create_tool_server(&program.caller(), new).await?;
    // A server is to start it with itself.
    let change = ToolServerChange { wanted: Some(true), ..ToolServerChange::default() };
    let made = servers.update_tool_server(&program.caller(), made.server.id.as_str(), change).await?;
    let out = &program.context.out;
    match program.format() {
        Format::Text => {
            out.write_line(&format!("added tool server {}", made.server.slug))?;
            if !program.global.quiet {
                let slug = &made.server.slug;
                let way = if program.server.is_some() { "ombud mcp start" } else { "ombud mcp test" };
                note(&format!("note: `{way} {slug}` tells whether it works"));
            }
        }
        Format::Json | Format::Jsonl | Format::Tarko => out.write_json(&Of { server: Line::from(made) })?,
    }
    Ok(0)
}

/// What the options say.
fn wanted(arguments: &McpAdd) -> NewToolServer {
    let (pairs, source) = match &arguments.url {
        Some(url) => {
            let headers = names(&arguments.headers);
            (&arguments.headers, ToolServerSource::Address { url: url.clone(), headers })
        }
        None => {
            let (command, rest) = arguments.command.split_first().map_or(("", &[][..]), |(one, rest)| (one.as_str(), rest));
            let variables = names(&arguments.variables);
            let source = ToolServerSource::Program { command: command.to_owned(), arguments: rest.to_vec(), variables };
            (&arguments.variables, source)
        }
    };
    let secret = |(name, value): &(String, String)| (name.clone(), Word::given(SecretString::from(value.as_str())));
    let secrets: BTreeMap<String, Word> = pairs.iter().map(secret).collect();
    NewToolServer { name: arguments.name.clone(), slug: None, source, secrets, for_all: !arguments.only_named }
}

fn names(pairs: &[(String, String)]) -> Vec<String> {
    let mut names: Vec<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

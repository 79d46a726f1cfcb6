//! `ombud mcp list`

use ombud::domain::Result;
use serde::Serialize;

use super::Line;
use crate::cli::Format;
use crate::output::table;
use crate::program::Program;
use crate::render::note;

#[derive(Serialize)]
struct Listed {
    servers: Vec<Line>,
}

/// Lists the tool servers.
pub async fn execute(program: &Program) -> Result<u8> {
    let house = program.open().await?;
    let servers = house.tool_servers().tool_servers(&program.caller()).await?;
    let servers: Vec<Line> = servers.into_iter().map(Line::from).collect();
    let out = &program.context.out;
    match program.format() {
        Format::Json => out.write_json(&Listed { servers })?,
        Format::Jsonl | Format::Tarko => {
            for server in &servers {
                out.write_json(server)?;
            }
        }
        Format::Text if servers.is_empty() => {
            note("note: there are no tool servers here; `ombud mcp add NAME -- COMMAND` makes one");
        }
        Format::Text => {
            // Only a server has any that run.
            let runs = program.server.is_some();
            let mut head = vec!["NAME", "FROM", "FOR", "WHAT"];
            if runs {
                head.insert(1, "STATE");
            }
            let head = head.into_iter().map(str::to_owned).collect();
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(servers.iter().map(|line| row(line, runs))).collect();
            out.write(&table(&rows))?;
        }
    }
    Ok(0)
}

fn row(line: &Line, runs: bool) -> Vec<String> {
    let from = if line.configured { "config" } else { "store" };
    let agents = if line.for_all { "all" } else { "named" };
    let what = match (&line.command, &line.url) {
        (Some(command), _) => command.join(" "),
        (None, url) => url.clone().unwrap_or_default(),
    };
    let mut row = vec![line.slug.clone(), from.to_owned(), agents.to_owned(), what];
    if runs {
        row.insert(1, format!("{:?}", line.state).to_lowercase());
    }
    row
}

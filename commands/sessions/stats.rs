//! `ombud sessions stats`

use ombud::domain::Result;
use ombud::engine::{Stats, StatsFilter, StatsRow};

use crate::cli::{Format, SessionsStats, StatsBy};
use crate::output::table;
use crate::program::Program;
use crate::render::{harmless, note};

pub async fn execute(program: &Program, args: &SessionsStats) -> Result<u8> {
    let house = program.open().await?;
    let by = match args.by {
        StatsBy::Day => ombud::engine::StatsBy::Day,
        StatsBy::Agent => ombud::engine::StatsBy::Agent,
        StatsBy::Model => ombud::engine::StatsBy::Model,
        StatsBy::Tool => ombud::engine::StatsBy::Tool,
    };
    let filter = StatsFilter { since: args.since.map(super::moment), agent: program.global.agent.clone(), by };
    let stats = house.keeping().stats(&program.caller(), &filter).await?;
    let out = &program.context.out;
    match program.format() {
        // Its form is a contract: `docs/schemas/stats.json`.
        Format::Json => out.write_json(&stats)?,
        Format::Jsonl | Format::Tarko => {
            for row in &stats.rows {
                out.write_json(row)?;
            }
        }
        Format::Text if stats.total.runs == 0 => note("note: no run was found"),
        Format::Text => out.write(&text(&stats, args.by))?,
    }
    Ok(0)
}

fn text(stats: &Stats, by: StatsBy) -> String {
    let is_tool = by == StatsBy::Tool;
    let head: &[&str] = if is_tool {
        &["TOOL", "CALLS", "FAILED", "RUNS"]
    } else {
        let first = match by {
            StatsBy::Agent => "AGENT",
            StatsBy::Model => "MODEL",
            StatsBy::Day | StatsBy::Tool => "DAY",
        };
        &[first, "RUNS", "FAILED", "TURNS", "TOKENS IN", "TOKENS OUT", "USD", "TOOL CALLS"]
    };
    let cells = |row: &StatsRow, key: &str| {
        let cost = row.cost_usd.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.4}"));
        let numbers = if is_tool {
            vec![row.tool_calls.to_string(), row.failed.to_string(), row.runs.to_string()]
        } else {
            let used = [row.runs, row.failed, row.turns, row.input_tokens, row.output_tokens];
            let mut numbers: Vec<String> = used.iter().map(u64::to_string).collect();
            numbers.extend([cost, row.tool_calls.to_string()]);
            numbers
        };
        let mut cells = vec![harmless(key).replace(['\n', '\t'], " ")];
        cells.extend(numbers);
        cells
    };
    let mut rows = vec![head.iter().map(|&word| word.to_owned()).collect()];
    rows.extend(stats.rows.iter().map(|row| cells(row, &row.key)));
    if !is_tool {
        rows.push(cells(&stats.total, "all"));
    }
    table(&rows)
}

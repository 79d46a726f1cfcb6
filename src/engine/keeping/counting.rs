//! Adding up what was used. Runs, tokens and cost stand in the rows of runs; only for the names of tools logs are read, and
//! only those of sessions whose runs called some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Stats, StatsBy, StatsFilter, StatsRow, model_name};
use crate::domain::{Fact, Result, ReturnStatus, Run, RunId, RunStatus, SessionId};
use crate::engine::house::Core;
use crate::engine::reading::{decode, kind};
use crate::storage::RunQuery;

/// Pages of rows that wait to be added up.
const WAITING: usize = 2;
/// Entries of one page when a log is read, and their bytes.
const ENTRIES: usize = 512;
const ENTRY_BYTES: usize = 4 << 20;

/// Adds up.
pub(super) async fn stats(core: &Arc<Core>, filter: &StatsFilter) -> Result<Stats> {
    let mut rows: BTreeMap<String, StatsRow> = BTreeMap::new();
    let mut total = StatsRow::default();
    let mut with_tools: BTreeMap<SessionId, BTreeSet<RunId>> = BTreeMap::new();
    let query = RunQuery { agent: filter.agent.clone(), since: filter.since, ..RunQuery::default() };
    let (to, mut pages) = mpsc::channel(WAITING);
    let adding = async {
        while let Some(page) = pages.recv().await {
            for run in &page {
                add(&mut total, run);
                let key = match filter.by {
                    StatsBy::Day => run.queued_at.to_string().chars().take(10).collect(),
                    StatsBy::Agent => run.agent.clone(),
                    StatsBy::Model => model_name(run.model.as_ref()),
                    StatsBy::Tool => {
                        if run.tool_calls > 0 || run.status.is_active() {
                            with_tools.entry(run.session.clone()).or_default().insert(run.id.clone());
                        }
                        continue;
                    }
                };
                add(rows.entry(key).or_default(), run);
            }
        }
    };
    let (read, ()) = tokio::join!(core.store.each_run(&query, to), adding);
    read?;
    for (session, runs) in with_tools {
        add_tools(core, &session, &runs, &mut rows).await?;
    }
    let mut rows: Vec<StatsRow> = rows.into_iter().map(|(key, row)| StatsRow { key, ..row }).collect();
    match filter.by {
        StatsBy::Day => {}
        StatsBy::Agent | StatsBy::Model => {
            rows.sort_by_key(|row| std::cmp::Reverse((row.input_tokens + row.output_tokens, row.runs)));
        }
        StatsBy::Tool => rows.sort_by_key(|row| std::cmp::Reverse(row.tool_calls)),
    }
    Ok(Stats { by: filter.by, rows, total })
}

fn add(row: &mut StatsRow, run: &Run) {
    row.runs += 1;
    row.failed += u64::from(run.status == RunStatus::Failed);
    row.turns += u64::from(run.rounds);
    row.input_tokens += run.usage.input_tokens;
    row.output_tokens += run.usage.output_tokens;
    row.tool_calls += u64::from(run.tool_calls);
    if let Some(cost) = run.usage.cost_usd {
        row.cost_usd = Some(row.cost_usd.unwrap_or_default() + cost);
    }
}

/// Adds the calls of some runs of a session.
async fn add_tools(
    core: &Core,
    session: &SessionId,
    runs: &BTreeSet<RunId>,
    rows: &mut BTreeMap<String, StatsRow>,
) -> Result<()> {
    let mut called: BTreeSet<(String, RunId)> = BTreeSet::new();
    let mut after = 0;
    loop {
        let page = core.store.read(session, after, ENTRIES, ENTRY_BYTES).await?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for entry in page.iter().filter(|entry| kind(&entry.body) == Some("tool.returned")) {
            let event = decode(session, entry)?;
            let (Fact::ToolReturned(returned), Some(run)) = (event.fact, event.run) else { continue };
            if !runs.contains(&run) {
                continue;
            }
            let returned = returned.returned;
            let row = rows.entry(returned.name.clone()).or_default();
            row.tool_calls += 1;
            row.failed += u64::from(returned.status != ReturnStatus::Ok);
            called.insert((returned.name, run));
        }
    }
    for (name, _) in called {
        rows.entry(name).or_default().runs += 1;
    }
    Ok(())
}

//! The tools of a run: those of the house, and those of the tool servers of its agent.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;

use super::kept::Entry;
use super::rooms::{self, all};
use crate::domain::{Agent, Notice, ToolServerState};
use crate::engine::house::Core;
use crate::tools::{PREFIX, Supervisor, Tool, tools_of};

/// What a run is offered beside the tools of the house.
#[derive(Default)]
pub(crate) struct Offered {
    /// The tools.
    pub(crate) tools: Vec<Arc<dyn Tool>>,
    /// The names of those whose server the agent names: they are offered whatever tools it names.
    pub(crate) chosen: Vec<String>,
    /// What could not be had, where somebody waits for it.
    pub(crate) notices: Vec<Notice>,
}

/// The servers of an agent that have to be asked for.
pub(crate) struct Wanted {
    entries: Vec<(Entry, bool)>,
}

impl Wanted {
    /// The servers of an agent. `None` = it has none.
    pub(crate) async fn of(core: &Core, agent: &Agent) -> Option<Self> {
        let entries = match all(core).await {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "a run goes on without tool servers");
                return None;
            }
        };
        let wanted = |entry: &Entry| match (&agent.tool_servers, &agent.tools) {
            (Some(named), _) => {
                let is = |name: &String| *name == entry.server.slug || name == entry.server.id.as_str();
                named.iter().any(is).then_some(true)
            }
            // Who names tools is given no others.
            (None, Some(tools)) => {
                (entry.server.for_all && tools.iter().any(|tool| is_of(tool, &entry.server.slug))).then_some(false)
            }
            (None, None) => entry.server.for_all.then_some(false),
        };
        let mut found: Vec<(Entry, bool)> =
            entries.iter().filter_map(|entry| Some((entry.clone(), wanted(entry)?))).collect();
        // Of two with one slug the configured one counts.
        found.dedup_by(|later, first| later.0.server.slug == first.0.server.slug);
        (!found.is_empty()).then_some(Self { entries: found })
    }

    /// Whether some have to be started first.
    pub(crate) fn must_wait(&self, core: &Core) -> bool {
        !core.tool_servers.is_serving()
            && self.entries.iter().any(|(entry, _)| {
                let supervisor = core.tool_servers.supervisor(&entry.server.id);
                supervisor.is_none_or(|supervisor| supervisor.standing().state != ToolServerState::Running)
            })
    }

    /// Their tools. In a server only those that run are asked; elsewhere those that do not are started, side by side.
    pub(crate) async fn offered(self, core: &Core) -> Offered {
        let servers = join_all(self.entries.iter().map(|(entry, _)| ready(core, entry))).await;
        let mut offered = Offered::default();
        for ((entry, chosen), server) in self.entries.iter().zip(servers) {
            let slug = &entry.server.slug;
            match server {
                Ok(Some(server)) => {
                    let tools = tools_of(slug, &server, &core.settings.limits);
                    if *chosen {
                        offered.chosen.extend(tools.iter().map(|tool| tool.spec().name.clone()));
                    }
                    offered.tools.extend(tools);
                }
                Ok(None) => tracing::debug!(slug, "a tool server does not run, and is left out"),
                Err(why) => offered.notices.push(Notice {
                    code: "tool_server.failed".to_owned(),
                    message: format!("tool server `{slug}` is left out: {why}"),
                    details: json!({ "slug": slug, "error": why }),
                }),
            }
        }
        offered
    }
}

/// Whether the name or pattern of a tool is about tools of a server.
fn is_of(tool: &str, slug: &str) -> bool {
    let own = format!("{PREFIX}{slug}__");
    match tool.strip_suffix('*') {
        Some(start) => start.starts_with(PREFIX) && (start.starts_with(&own) || own.starts_with(start)),
        None => tool.starts_with(&own),
    }
}

/// A server that runs; `None` where it does not and nobody waits for it.
async fn ready(core: &Core, entry: &Entry) -> Result<Option<Arc<Supervisor>>, String> {
    if core.tool_servers.is_serving() {
        let running = core.tool_servers.supervisor(&entry.server.id);
        return Ok(running.filter(|server| server.standing().state == ToolServerState::Running));
    }
    let server = rooms::start(core, entry).await.map_err(|error| error.message)?;
    let standing = server.settled().await;
    match standing.state {
        ToolServerState::Running => Ok(Some(server)),
        _ => Err(standing.error.unwrap_or_else(|| "it was stopped".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tools_tell_their_server() {
        for tool in ["mcp__time__now", "mcp__time__*", "mcp__time*", "mcp__*", "mcp__t*", "mcp__time__n*"] {
            assert!(is_of(tool, "time"), "{tool}");
        }
        for tool in ["read_file", "mcp__times__now", "mcp__other__*", "mcp__timer*", "*", "mc*"] {
            assert!(!is_of(tool, "time"), "{tool}");
        }
    }
}

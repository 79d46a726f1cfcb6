//! Calls of tools, each one verb of the engine.

use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, CallToolResult, ContentBlock};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use super::asking::{self, Ends};
use super::from_wire::{AskArguments, CancelArguments, ListArguments, NoArguments, ReadArguments, arguments};
use super::handler::AgentServer;
use super::progress::Progress;
use super::{reading, tools};
use crate::domain::{AgentState, Principal, Result};
use crate::engine::SessionFilter;

/// Carries a call out; `None` when there is no such tool.
pub async fn call(
    server: &AgentServer,
    caller: &Principal,
    request: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Option<Result<CallToolResult>> {
    let given = request.arguments;
    Some(match request.name.as_ref() {
        tools::ASK => match arguments(tools::ASK, given).and_then(AskArguments::ask) {
            Ok(ask) => {
                let progress = Progress::new(&context.peer, context.meta.get_progress_token());
                let ends = Ends { taken_back: context.ct.clone(), leaving: server.leaving.clone() };
                asking::ask(&server.engine, caller, ask, progress, &ends).await
            }
            Err(error) => Err(error),
        },
        tools::LIST_AGENTS => match arguments(tools::LIST_AGENTS, given) {
            Ok(NoArguments {}) => list_agents(server, caller).await,
            Err(error) => Err(error),
        },
        tools::LIST_SESSIONS => match arguments(tools::LIST_SESSIONS, given) {
            Ok(given) => list_sessions(server, caller, given).await,
            Err(error) => Err(error),
        },
        tools::READ_SESSION => match arguments(tools::READ_SESSION, given) {
            Ok(given) => read_session(server, caller, given).await,
            Err(error) => Err(error),
        },
        tools::CANCEL => match arguments(tools::CANCEL, given) {
            Ok(given) => cancel(server, caller, &given).await,
            Err(error) => Err(error),
        },
        _ => return None,
    })
}

async fn list_agents(server: &AgentServer, caller: &Principal) -> Result<CallToolResult> {
    let agents = server.engine.agents(caller).await?;
    let active = || agents.values().filter(|item| item.agent.state == AgentState::Active);
    let rows: Vec<Value> = active()
        .map(|item| {
            let agent = &item.agent;
            json!({ "name": agent.name, "description": agent.description, "model": item.model.to_string() })
        })
        .collect();
    let lines: Vec<String> = active()
        .map(|item| match item.agent.description.as_str() {
            "" => format!("{} ({})", item.agent.name, item.model),
            about => format!("{} ({}): {about}", item.agent.name, item.model),
        })
        .collect();
    Ok(told(lines.join("\n"), json!({ "agents": rows })))
}

async fn list_sessions(server: &AgentServer, caller: &Principal, given: ListArguments) -> Result<CallToolResult> {
    let limit = given.limit()?;
    let filter =
        SessionFilter { agent: given.agent, text: given.text, after: given.after, limit, ..SessionFilter::default() };
    let page = server.engine.sessions(caller, &filter).await?;
    let mut text = match page.sessions.as_slice() {
        [] => "(There are none.)".to_owned(),
        sessions => reading::lines(sessions),
    };
    if let Some(next) = &page.next {
        text.push_str(&format!("\n(There are more: give `after` {next}.)"));
    }
    let rows: Vec<Value> = page.sessions.iter().map(reading::row).collect();
    Ok(told(text, json!({ "sessions": rows, "next": page.next })))
}

async fn read_session(server: &AgentServer, caller: &Principal, given: ReadArguments) -> Result<CallToolResult> {
    let (id, limit) = (given.session()?, given.limit()?);
    let item = server.engine.session(caller, &id).await?;
    let page = server.engine.messages(caller, &id, given.before, limit).await?;
    let messages: Vec<Value> = page.messages.iter().map(reading::message).collect();
    let mut text = reading::text(&item, &page.messages, page.before.is_none());
    if let Some(before) = page.before {
        text.push_str(&format!("\n(There is more: give `before` {before}.)"));
    }
    Ok(told(text, json!({ "session": reading::row(&item), "messages": messages, "before": page.before })))
}

async fn cancel(server: &AgentServer, caller: &Principal, given: &CancelArguments) -> Result<CallToolResult> {
    let runs = server.engine.cancel(caller, &given.session()?, None, "an MCP client asked for it").await?;
    let text = match runs.len() {
        0 => "Nothing was at work.".to_owned(),
        1 => "One run is told to end.".to_owned(),
        more => format!("{more} runs are told to end."),
    };
    Ok(told(text, json!({ "runs": runs })))
}

/// A result as text, and as what programs read.
fn told(text: String, structured: Value) -> CallToolResult {
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(structured);
    result
}

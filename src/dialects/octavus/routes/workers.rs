//! Executing workers: agents that are carried out once, each in a session of its own, which is what their clients go on
//! with.

use serde_json::Map;

use super::super::definition::{Format, STEPS};
use super::super::encoder::Worker;
use super::super::request::{self, Answer, Asked, Known, kept, must_live};
use super::super::triggering::{self, Telling, input_of, tell};
use super::super::wire::{DynamicTool, Execute, Refusal, ToolResult};
use super::sessions::new_session;
use super::trigger::streamed;
use crate::domain::{Error, Result};
use crate::engine::{ProcedureCall, SessionItem, Target};
use crate::http::{Route, Routes};

/// The routes.
pub fn routes() -> Routes {
    vec![
        streamed(Route::post("/api/agents/{id}/execute", execute))
            .about("Executes a worker, or goes on with it by what the application's tools gave")
            .takes::<Execute>()
            .gives::<Refusal>(http::StatusCode::NOT_FOUND, "There is no such agent or execution."),
    ]
}

async fn execute(asked: Asked) -> Answer {
    let known = asked.agent(asked.named(0)).await?;
    if kept(&known.agent)?.format() != Format::Worker {
        let message = format!("agent `{}` is no worker", known.agent.name);
        return Err(Error::invalid(message).hint("make a session of it, and trigger that").into());
    }
    match asked.read()? {
        Execute::Start { input, dynamic_tool_schemas } => {
            start(&asked, &known, input_of(input), dynamic_tool_schemas.as_deref()).await
        }
        Execute::Continue { execution_id, tool_results } => go_on(&asked, &known, &execution_id, tool_results).await,
    }
}

async fn start(
    asked: &Asked,
    known: &Known,
    input: Map<String, serde_json::Value>,
    tools: Option<&[DynamicTool]>,
) -> Answer {
    let new = new_session(asked, known, Map::new());
    let call = ProcedureCall { name: STEPS.to_owned(), arguments: input.clone(), ..ProcedureCall::default() };
    let ask = triggering::asking(Target::New(Box::new(new)), call, tools)?;
    let (taken, frames) = asked.engine().ask_and_follow(&asked.caller, ask).await?;
    let worker = Worker { id: taken.session.to_string(), slug: known.agent.name.clone(), input };
    Ok(tell(asked, frames, taken, Telling { last_message: None, session: None, worker: Some(worker) }).await?)
}

async fn go_on(asked: &Asked, known: &Known, execution: &str, results: Vec<ToolResult>) -> Answer {
    let item = session_of(asked, known, execution).await?;
    let session = &item.summary.session.id;
    let run = triggering::execution(asked, session, None).await?;
    let worker = Worker { id: session.to_string(), slug: known.agent.name.clone(), input: Map::new() };
    Ok(triggering::go_on(asked, &item, run, results, Some(worker)).await?)
}

/// The session that an execution of this worker is.
async fn session_of(asked: &Asked, known: &Known, execution: &str) -> Result<SessionItem> {
    let found = request::session(asked.engine(), &asked.caller, execution).await;
    let found = found.ok().filter(|found| found.summary.session.agent == known.agent.name);
    let Some(found) = found else {
        let shown: String = execution.chars().take(64).collect();
        return Err(Error::not_found("execution", shown));
    };
    must_live(&found)?;
    Ok(found)
}

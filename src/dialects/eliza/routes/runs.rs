//! Routes: the runs of an agent, as later versions of the API have them.

use http::StatusCode;
use serde_json::{Value, json};

use crate::dialects::eliza::agents::id_of;
use crate::dialects::eliza::errors::ElizaError;
use crate::dialects::eliza::history::{Runs, facts, judged, room_of};
use crate::dialects::eliza::ids;
use crate::dialects::eliza::request::{Answer, Asked, data};
use crate::domain::{ErrorCode, Event, Fact, Outcome, ReturnStatus, Run, RunId, RunStatus};
use crate::engine::AgentItem;
use crate::http::{Route, Routes};

/// Runs of an answer when nobody says how many, and most of them.
const USUAL: usize = 20;
const MOST: usize = 100;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    vec![
        Route::get("/api/agents/{agent_id}/runs", list).about("The runs of an agent, newest first"),
        Route::get("/api/agents/{agent_id}/runs/{run_id}", one).about("One run, with what happened in it"),
    ]
}

/// How a run stands, as this API says it.
fn status(run: &Run, timed_out: bool) -> &'static str {
    match run.status {
        RunStatus::Queued | RunStatus::Running | RunStatus::Waiting => "started",
        RunStatus::Completed | RunStatus::Silent => "completed",
        RunStatus::Failed | RunStatus::Cancelled if timed_out => "timeout",
        RunStatus::Failed | RunStatus::Cancelled => "error",
    }
}

/// Whether it ended because its time was over.
async fn timed_out(asked: &Asked, run: &Run) -> Result<bool, ElizaError> {
    if !matches!(run.status, RunStatus::Failed | RunStatus::Cancelled) {
        return Ok(false);
    }
    let end = asked.engine().run_end(&asked.caller, &run.id).await;
    let error = end.ok().flatten().and_then(|end| end.error);
    Ok(error.is_some_and(|error| matches!(error.code, ErrorCode::TimedOut | ErrorCode::BudgetExhausted)))
}

/// A run in a few words, with those of its facts that are known.
fn summary(run: &Run, item: &AgentItem, status: &str, facts: &[Event]) -> Value {
    let queued = facts.iter().find_map(|event| match &event.fact {
        Fact::RunQueued(queued) => Some(queued),
        _ => None,
    });
    let started = run.started_at.unwrap_or(run.queued_at);
    let input = queued.and_then(|queued| queued.input.as_ref());
    let errors = facts.iter().filter(|event| match &event.fact {
        Fact::ToolReturned(tool) => tool.returned.status != ReturnStatus::Ok,
        Fact::RunFinished(end) => end.outcome == Outcome::Failed,
        _ => false,
    });
    let judges = facts.iter().filter(|event| matches!(&event.fact, Fact::Notice(notice) if judged(notice).is_some()));
    let calls = u64::from(run.rounds) + judges.count() as u64;
    json!({
        "runId": run.id,
        "status": status,
        "startedAt": started.as_millis(),
        "endedAt": run.finished_at.map(|at| at.as_millis()),
        "durationMs": run.finished_at.map(|at| at.millis_since(started)),
        "messageId": input,
        "roomId": room_of(run, item),
        "entityId": id_of(item),
        "metadata": {},
        "counts": { "actions": run.tool_calls, "modelCalls": calls, "errors": errors.count(), "evaluators": 0 },
    })
}

/// A moment of the address, in milliseconds.
fn moment(asked: &Asked, name: &str) -> Result<Option<i64>, ElizaError> {
    let Some(text) = asked.query(name) else { return Ok(None) };
    match text.parse() {
        Ok(millis) => Ok(Some(millis)),
        Err(_) => Err(ElizaError::bad("BAD_REQUEST", format!("`{name}` must be a time in milliseconds"))),
    }
}

async fn list(asked: Asked) -> Answer {
    let id = asked.id(0, "agent")?;
    let room = match asked.query("roomId") {
        Some(room) if !ids::is_id(&room) => return Err(ElizaError::bad_id("room")),
        room => room.map(|room| room.to_ascii_lowercase()),
    };
    let wanted = asked.query("status").filter(|status| status != "all");
    if wanted.as_ref().is_some_and(|status| !["started", "completed", "timeout", "error"].contains(&status.as_str())) {
        return Err(ElizaError::bad("BAD_REQUEST", "status must be one of: started, completed, timeout, error, all"));
    }
    let limit = asked.query("limit").and_then(|text| text.parse().ok()).unwrap_or(USUAL).clamp(1, MOST);
    let (from, to) = (moment(&asked, "from")?, moment(&asked, "to")?);
    let item = crate::dialects::eliza::agents::running(asked.engine(), &asked.caller, &id).await?;
    let mut runs = Runs::new(asked.engine(), &asked.caller, &item);
    let (mut told, mut total) = (Vec::new(), 0_usize);
    while let Some(run) = runs.next().await? {
        let at = run.started_at.unwrap_or(run.queued_at).as_millis();
        let own_room = room_of(&run, &item);
        let is_there = room.as_ref().is_none_or(|room| *room == own_room || room == run.session.as_str());
        if !is_there || from.is_some_and(|from| at < from) || to.is_some_and(|to| at > to) {
            continue;
        }
        // Why a run ended is read only where it is asked for, or told.
        let tells = told.len() < limit;
        let status = status(&run, (tells || wanted.is_some()) && timed_out(&asked, &run).await?);
        if wanted.as_ref().is_some_and(|wanted| wanted != status) {
            continue;
        }
        total += 1;
        if tells {
            let facts = facts(asked.engine(), &asked.caller, &run).await?;
            told.push(summary(&run, &item, status, &facts));
        }
    }
    let more = total > told.len();
    Ok(data(StatusCode::OK, json!({ "runs": told, "total": total, "hasMore": more })))
}

async fn one(asked: Asked) -> Answer {
    let item = asked.running_agent().await?;
    let id = asked.id(1, "run")?;
    let missing = || ElizaError::not_found("Run not found");
    let run = match asked.engine().run(&asked.caller, &RunId::from_text(&id)).await {
        Err(error) if error.code == ErrorCode::NotFound => return Err(missing()),
        run => run?,
    };
    if run.agent != item.agent.name {
        return Err(missing());
    }
    let facts = facts(asked.engine(), &asked.caller, &run).await?;
    let status = status(&run, timed_out(&asked, &run).await?);
    let events: Vec<Value> = facts.iter().filter_map(|event| told(event, &run, status)).collect();
    Ok(data(StatusCode::OK, json!({ "summary": summary(&run, &item, status, &facts), "events": events })))
}

fn told(event: &Event, run: &Run, status: &str) -> Option<Value> {
    let (kind, data) = match &event.fact {
        Fact::RunStarted(started) if started.attempt == 1 => ("RUN_STARTED", json!({ "source": "messageHandler" })),
        Fact::ToolCalled(tool) => (
            "ACTION_STARTED",
            json!({ "actionId": tool.call.id, "actionName": tool.call.name, "params": tool.call.arguments }),
        ),
        Fact::ToolReturned(tool) => {
            let returned = &tool.returned;
            let success = returned.status == ReturnStatus::Ok;
            let error = returned.error.as_ref().map(|error| error.message.clone());
            let result = json!({ "success": success, "text": returned.output_text(), "error": error });
            let data = json!({
                "actionId": returned.id, "actionName": returned.name, "success": success, "result": result,
                "executionTime": returned.elapsed_ms
            });
            ("ACTION_COMPLETED", data)
        }
        Fact::MessageCompleted(said) => (
            "MODEL_USED",
            json!({
                "modelType": "TEXT_LARGE", "model": said.model.id, "provider": said.model.provider,
                "executionTime": said.elapsed_ms, "inputTokens": said.usage.input_tokens,
                "outputTokens": said.usage.output_tokens
            }),
        ),
        Fact::Notice(notice) => {
            let (judge, call) = judged(notice)?;
            let data = json!({
                "modelType": "TEXT_SMALL", "model": judge.id, "provider": judge.provider,
                "executionTime": call["elapsed_ms"], "inputTokens": call["usage"]["input_tokens"],
                "outputTokens": call["usage"]["output_tokens"]
            });
            ("MODEL_USED", data)
        }
        Fact::RunFinished(end) => {
            let error = end.error.as_ref().map(|error| error.message.clone());
            let millis = run.finished_at.unwrap_or(event.at).millis_since(run.started_at.unwrap_or(run.queued_at));
            ("RUN_ENDED", json!({ "status": status, "durationMs": millis, "error": error }))
        }
        _ => return None,
    };
    let mut data = data;
    if let Value::Object(data) = &mut data {
        data.retain(|_, value| !value.is_null());
    }
    Some(json!({ "type": kind, "timestamp": event.at.as_millis(), "data": data }))
}

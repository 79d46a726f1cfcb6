//! Routes: what plugins give to an agent. Their other paths are answered where no route is.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::errors::ElizaError;
use super::super::request::{Answer, Asked, Coming, data};
use super::super::{agents, ids, plugins};
use crate::http::{Route, Routes};

/// Where an agent's plugins are.
const BELOW: &str = "/api/agents/{agent}/plugins/{plugin}/{*path}";

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    let about = "Calls a route of a plugin for one agent.";
    vec![
        Route::get("/api/agents/{agent}/panels", panels).about("The routes of plugins that people are shown for an agent."),
        Route::get(BELOW, call).about(about),
        Route::post(BELOW, call).about(about),
        Route::put(BELOW, call).about(about),
        Route::patch(BELOW, call).about(about),
        Route::delete(BELOW, call).about(about),
    ]
}

async fn panels(asked: Asked) -> Answer {
    let agent = asked.running_agent().await?;
    let panels = plugins::panels(&asked.door.settings.plugins, &agent);
    let told: Vec<Value> = panels.into_iter().map(|(name, path)| json!({ "name": name, "path": path })).collect();
    Ok(data(StatusCode::OK, told))
}

async fn call(Coming { door, caller, parts, named, body, .. }: Coming) -> Answer {
    let [agent, plugin, path] = named.as_slice() else { return Err(ElizaError::not_found("Plugin route not found")) };
    if !ids::is_id(agent) {
        return Err(ElizaError::bad("INVALID_AGENT_ID", "Invalid agent ID format"));
    }
    let agent = agents::running(&*door.engine, &caller, agent).await.map_err(|error| match error.status {
        StatusCode::NOT_FOUND => ElizaError::new(StatusCode::NOT_FOUND, "AGENT_NOT_FOUND", "Agent not found"),
        _ => error,
    })?;
    plugins::call_of_agent(&door, &caller, agent, (plugin, path), parts, body).await
}

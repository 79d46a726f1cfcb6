//! Agents with what is kept apart from their definitions, and whether they take work. Values of secrets come in, and never
//! go out.

use axum::extract::State;
use http::StatusCode;

use super::request::{Answer, Given, Gives};
use super::{describe, rights};
use crate::engine::AgentItem;
use crate::http::{Caller, Door, Route, Routes};
use crate::remote::wire::{CreateAgentWith, SetAgentState, UpdateAgentWith};

/// The routes.
pub fn routes() -> Routes {
    let kept = |route: Route| route.gives::<describe::AgentItem>(StatusCode::OK, "The agent as it is kept.");
    vec![
        kept(
            Route::post("/ombud/v1/create_agent_with", create)
                .about("Makes an agent with the values of its secrets")
                .takes::<CreateAgentWith>(),
        ),
        kept(
            Route::post("/ombud/v1/update_agent_with", update)
                .about("Replaces the definition of an agent, with new values of its secrets")
                .takes::<UpdateAgentWith>(),
        ),
        kept(
            Route::post("/ombud/v1/set_agent_state", set_state)
                .about("Has an agent take work, or none")
                .takes::<SetAgentState>(),
        ),
    ]
}

async fn create(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(create): Given<CreateAgentWith>,
) -> Answer<AgentItem> {
    rights::definition(&caller, &create.definition)?;
    Ok(Gives(door.engine.agent_secrets().create_agent_with(&caller, create.definition, create.secrets).await?))
}

async fn update(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(update): Given<UpdateAgentWith>,
) -> Answer<AgentItem> {
    rights::definition(&caller, &update.definition)?;
    let UpdateAgentWith { agent, definition, revision, secrets } = update;
    let agents = door.engine.agent_secrets();
    Ok(Gives(agents.update_agent_with(&caller, &agent, definition, revision.as_ref(), secrets).await?))
}

async fn set_state(State(door): State<Door>, Caller(caller): Caller, Given(set): Given<SetAgentState>) -> Answer<AgentItem> {
    Ok(Gives(door.engine.set_agent_state(&caller, &set.agent, set.state).await?))
}

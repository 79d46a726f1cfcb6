//! What the house has to work with.

use axum::extract::State;
use http::StatusCode;

use super::request::{Answer, Given, Gives};
use crate::http::{Caller, Door, Needs, Route, Routes};
use crate::remote::wire::{Confinement, HouseTools, Nothing, ProviderList, Reach};

/// The routes.
pub fn routes() -> Routes {
    vec![
        Route::post("/ombud/v1/providers", providers)
            .about("Who offers models, and whether they can be reached")
            .takes::<Reach>()
            .gives::<ProviderList>(StatusCode::OK, "The providers."),
        Route::post("/ombud/v1/tools", tools)
            .about("The tools of the house")
            .takes::<Nothing>()
            .gives::<HouseTools>(StatusCode::OK, "The tools."),
        Route::post("/ombud/v1/try-command", try_command)
            .about("Runs a command that does nothing, as agents run commands")
            .needs(Needs::Admin)
            .takes::<Nothing>()
            .gives::<Confinement>(StatusCode::OK, "How commands are confined."),
    ]
}

async fn providers(State(door): State<Door>, Caller(caller): Caller, Given(given): Given<Reach>) -> Answer<ProviderList> {
    Ok(Gives(ProviderList { providers: door.engine.equipment().providers(&caller, given.reach).await? }))
}

async fn tools(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<HouseTools> {
    Ok(Gives(HouseTools { tools: door.engine.equipment().tools(&caller).await? }))
}

async fn try_command(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<Confinement> {
    Ok(Gives(Confinement { not_confined: door.engine.equipment().try_command(&caller).await? }))
}

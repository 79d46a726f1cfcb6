//! Who takes part in a session, messages that are taken away, and what agents are shown.

use axum::extract::State;
use http::StatusCode;

use super::describe;
use super::request::{Answer, Given, Gives};
use crate::domain::Session;
use crate::engine::MemoryPage;
use crate::http::{Caller, Door, Route, Routes};
use crate::remote::wire::{Amend, ForgetIn, Forgotten, MemoriesOf, Nothing, Redact, Seats};

/// The routes.
pub fn routes() -> Routes {
    vec![
        Route::post("/ombud/v1/join", join)
            .about("Lets people and agents take part in a session")
            .takes::<Seats>()
            .gives::<describe::Session>(StatusCode::OK, "The session."),
        Route::post("/ombud/v1/leave", leave)
            .about("Lets people and agents take part in a session no longer")
            .takes::<Seats>()
            .gives::<describe::Session>(StatusCode::OK, "The session."),
        Route::post("/ombud/v1/seat", seat)
            .about("Lets exactly these take part in a session")
            .takes::<Seats>()
            .gives::<describe::Session>(StatusCode::OK, "The session."),
        Route::post("/ombud/v1/redact", redact)
            .about("Takes a message away, for good")
            .takes::<Redact>()
            .gives::<Nothing>(StatusCode::OK, "It is gone."),
        Route::post("/ombud/v1/memories", memories)
            .about("The messages that an agent is shown, the newest first")
            .takes::<MemoriesOf>()
            .gives::<describe::MemoryPage>(StatusCode::OK, "The messages."),
        Route::post("/ombud/v1/amend", amend)
            .about("Puts a text in the place of a message, for one agent alone")
            .takes::<Amend>()
            .gives::<Nothing>(StatusCode::OK, "It was done."),
        Route::post("/ombud/v1/forget", forget)
            .about("Makes an agent forget a message, a session, or everything")
            .takes::<ForgetIn>()
            .gives::<Forgotten>(StatusCode::OK, "What was forgotten."),
    ]
}

async fn join(State(door): State<Door>, Caller(caller): Caller, Given(seats): Given<Seats>) -> Answer<Session> {
    Ok(Gives(door.engine.channels().join(&caller, &seats.session, seats.participants).await?))
}

async fn leave(State(door): State<Door>, Caller(caller): Caller, Given(seats): Given<Seats>) -> Answer<Session> {
    Ok(Gives(door.engine.channels().leave(&caller, &seats.session, seats.participants).await?))
}

async fn seat(State(door): State<Door>, Caller(caller): Caller, Given(seats): Given<Seats>) -> Answer<Session> {
    Ok(Gives(door.engine.channels().seat(&caller, &seats.session, seats.participants).await?))
}

async fn redact(State(door): State<Door>, Caller(caller): Caller, Given(redact): Given<Redact>) -> Answer<Nothing> {
    door.engine.channels().redact(&caller, &redact.session, &redact.message).await?;
    Ok(Gives(Nothing {}))
}

async fn memories(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<MemoriesOf>) -> Answer<MemoryPage> {
    let MemoriesOf { agent, session, before, limit } = of;
    let memories = door.engine.memories();
    Ok(Gives(memories.memories(&caller, &agent, session.as_ref(), before.as_deref(), limit).await?))
}

async fn amend(State(door): State<Door>, Caller(caller): Caller, Given(amend): Given<Amend>) -> Answer<Nothing> {
    let Amend { agent, session, message, text } = amend;
    door.engine.memories().amend(&caller, &agent, &session, &message, &text).await?;
    Ok(Gives(Nothing {}))
}

async fn forget(State(door): State<Door>, Caller(caller): Caller, Given(forget): Given<ForgetIn>) -> Answer<Forgotten> {
    let messages = door.engine.memories().forget(&caller, &forget.agent, forget.what).await?;
    Ok(Gives(Forgotten { messages }))
}

//! Accounts of people, for who administers the house. Who has one logs in by the API for people.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::describe;
use super::errors::NativeError;
use super::keys::told_once;
use super::request::{Answer, Given, Gives};
use crate::domain::User;
use crate::engine::NewUser;
use crate::http::{Caller, Door, Needs, Route, Routes};
use crate::remote::wire::{IssueToken, Nothing, OfUser, RotateSigningKey, UpdateUser, Users};

/// The routes.
pub fn routes() -> Routes {
    vec![
        Route::post("/ombud/v1/users", users)
            .about("The accounts of people, by name")
            .needs(Needs::Admin)
            .takes::<Nothing>()
            .gives::<Users>(StatusCode::OK, "The users."),
        Route::post("/ombud/v1/create-user", create_user)
            .about("Makes an account")
            .needs(Needs::Admin)
            .takes::<describe::NewUser>()
            .gives::<describe::User>(StatusCode::OK, "The user."),
        Route::post("/ombud/v1/update-user", update_user)
            .about("Changes role, address or password of an account; with a password all its tokens end")
            .needs(Needs::Admin)
            .takes::<UpdateUser>()
            .gives::<describe::User>(StatusCode::OK, "The user."),
        Route::post("/ombud/v1/remove-user", remove_user)
            .about("Removes an account; its tokens end")
            .needs(Needs::Admin)
            .takes::<OfUser>()
            .gives::<describe::User>(StatusCode::OK, "The user that is gone."),
        Route::post("/ombud/v1/issue-token", issue_token)
            .about("Signs a token for an account")
            .needs(Needs::Admin)
            .takes::<IssueToken>()
            .gives::<describe::Login>(StatusCode::OK, "The token, which is told here only."),
        Route::post("/ombud/v1/rotate-signing-key", rotate_signing_key)
            .about("Lets a new key sign the tokens of people")
            .needs(Needs::Admin)
            .takes::<RotateSigningKey>()
            .gives::<Nothing>(StatusCode::OK, "It was done."),
    ]
}

async fn users(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<Users> {
    Ok(Gives(Users { users: door.engine.people().users(&caller).await? }))
}

async fn create_user(State(door): State<Door>, Caller(caller): Caller, Given(new): Given<NewUser>) -> Answer<User> {
    Ok(Gives(door.engine.people().create_user(&caller, new).await?))
}

async fn update_user(State(door): State<Door>, Caller(caller): Caller, Given(update): Given<UpdateUser>) -> Answer<User> {
    Ok(Gives(door.engine.people().update_user(&caller, &update.name, update.change).await?))
}

async fn remove_user(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfUser>) -> Answer<User> {
    Ok(Gives(door.engine.people().remove_user(&caller, &of.name).await?))
}

async fn issue_token(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(wanted): Given<IssueToken>,
) -> Result<Response, NativeError> {
    Ok(told_once(door.engine.people().issue_token(&caller, &wanted.name, wanted.ttl_seconds).await?))
}

async fn rotate_signing_key(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(rotate): Given<RotateSigningKey>,
) -> Answer<Nothing> {
    door.engine.people().rotate_signing_key(&caller, rotate.end_all).await?;
    Ok(Gives(Nothing {}))
}

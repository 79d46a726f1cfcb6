//! Keys, and tokens that are minted with them. What is answered holds a word once, and is kept by nobody on the way.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::describe;
use super::errors::NativeError;
use super::request::{Answer, Given, Gives};
use crate::domain::Key;
use crate::engine::{NewKey, NewToken};
use crate::http::{Caller, Door, Needs, Route, Routes};
use crate::remote::wire::{Keys, Nothing, OfKey, OfToken, Revoked};

/// The routes.
pub fn routes() -> Routes {
    vec![
        Route::post("/ombud/v1/keys", keys)
            .about("The keys that there are, without their words")
            .needs(Needs::Admin)
            .takes::<Nothing>()
            .gives::<Keys>(StatusCode::OK, "The keys."),
        Route::post("/ombud/v1/create-key", create_key)
            .about("Makes a key")
            .needs(Needs::Admin)
            .takes::<describe::NewKey>()
            .gives::<describe::IssuedKey>(StatusCode::OK, "The key, with its word, which is told here only."),
        Route::post("/ombud/v1/remove-key", remove_key)
            .about("Takes a key away, with all tokens that it minted")
            .needs(Needs::Admin)
            .takes::<OfKey>()
            .gives::<describe::Key>(StatusCode::OK, "The key that is gone."),
        Route::post("/ombud/v1/mint", mint)
            .about("Mints a token for the sessions of one agent")
            .takes::<describe::NewToken>()
            .gives::<describe::IssuedToken>(StatusCode::OK, "The token, with its word, which is told here only."),
        Route::post("/ombud/v1/revoke", revoke)
            .about("Revokes a minted token")
            .takes::<OfToken>()
            .gives::<Revoked>(StatusCode::OK, "What was revoked."),
    ]
}

/// An answer that holds a word: nothing on the way keeps it.
pub fn told_once(answer: impl Serialize) -> Response {
    let mut response = Gives(answer).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn keys(State(door): State<Door>, Caller(caller): Caller, Given(_): Given<Nothing>) -> Answer<Keys> {
    Ok(Gives(Keys { keys: door.engine.keys(&caller).await? }))
}

async fn create_key(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(new): Given<NewKey>,
) -> Result<Response, NativeError> {
    Ok(told_once(door.engine.create_key(&caller, new).await?))
}

async fn remove_key(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfKey>) -> Answer<Key> {
    Ok(Gives(door.engine.remove_key(&caller, &of.name).await?))
}

async fn mint(
    State(door): State<Door>,
    Caller(caller): Caller,
    Given(new): Given<NewToken>,
) -> Result<Response, NativeError> {
    Ok(told_once(door.engine.mint(&caller, new).await?))
}

async fn revoke(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfToken>) -> Answer<Revoked> {
    Ok(Gives(Revoked { id: door.engine.revoke(&caller, &of.token).await? }))
}

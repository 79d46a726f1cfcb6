//! Minting tokens for browsers, and revoking them.

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;

use super::super::errors::OctavusError;
use super::super::wire::{Mint, Minted, Revoke, Revoked};
use crate::domain::{Error, Result, SessionId};
use crate::engine::NewToken;
use crate::http::{Caller, Door, Route, Routes, json, read_json};

/// What the words of tokens begin with.
const PREFIX: &str = "oct_et_";

/// The routes.
pub fn routes() -> Routes {
    vec![
        Route::post("/api/tokens", mint)
            .about("Mints a token that opens the sessions of one agent, or one of them")
            .takes::<Mint>()
            .gives::<Minted>(StatusCode::OK, "The token, which is told here only."),
        Route::post("/api/tokens/revoke", revoke)
            .about("Revokes a token; one that is not known is no error")
            .takes::<Revoke>()
            .gives::<Revoked>(StatusCode::OK, "Whether it counted until now."),
    ]
}

async fn mint(
    State(door): State<Door>,
    Caller(caller): Caller,
    request: Request,
) -> std::result::Result<Response, OctavusError> {
    let wanted: Mint = read(&door, request).await?;
    let no_session = |id: &str| Error::not_found("session", id.chars().take(40).collect::<String>());
    let session = wanted.session_id.as_deref();
    let session = session.map(|id| SessionId::parse(id).map_err(|_| no_session(id))).transpose()?;
    let new = NewToken {
        agent: wanted.agent_id,
        session,
        ttl_seconds: wanted.ttl_seconds,
        doors: Some(vec![super::super::NAME.to_owned()]),
        prefix: PREFIX.to_owned(),
    };
    let issued = door.engine.mint(&caller, new).await?;
    let minted = Minted { token: issued.word, jti: issued.id.to_string(), expires_at: issued.expires_at.to_string() };
    let mut response = json(StatusCode::OK, &minted);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn revoke(
    State(door): State<Door>,
    Caller(caller): Caller,
    request: Request,
) -> std::result::Result<Response, OctavusError> {
    let Revoke { token } = read(&door, request).await?;
    let id = door.engine.revoke(&caller, &token).await?;
    Ok(json(StatusCode::OK, &Revoked { revoked: id.is_some(), jti: id.map(|id| id.to_string()) }))
}

/// The body of a request. What does not fit is told by its place, never by its value.
async fn read<T: DeserializeOwned>(door: &Door, request: Request) -> Result<T> {
    let body = read_json(request, door.settings.server.limits.body_bytes).await?;
    serde_path_to_error::deserialize(&body).map_err(|error| {
        let place = error.path().to_string();
        let reason = match error.inner().classify() {
            serde_json::error::Category::Data => "it is missing, or not of the type that is wanted",
            _ => "it cannot be read",
        };
        let place = if place == "." { "the body".to_owned() } else { format!("`{place}`") };
        Error::invalid(format!("{place}: {reason}")).hint("POST /api/tokens wants agentId, revoke wants token, as texts")
    })
}

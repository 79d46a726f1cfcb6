//! Who calls over a socket, where the proof may come later than the request: beside the socket's own handshake, or in its
//! first message.

use http::request::Parts;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::{Caller, Door};
use crate::domain::{Error, ErrorCode, Principal, Result};

/// The caller whom the guard found out, if it did.
pub fn proven(parts: &Parts) -> Option<Principal> {
    parts.extensions.get::<Caller>().map(|caller| caller.0.clone()).filter(|caller| !caller.scopes.is_empty())
}

/// The caller whom a token proves.
///
/// # Errors
/// `unauthorized` when it proves nobody.
pub fn by_token(door: &Door, token: &str) -> Result<Principal> {
    match &door.settings.server.token {
        Some(known) if known.expose_secret().as_bytes().ct_eq(token.as_bytes()).into() => Ok(Principal::local("token")),
        Some(_) => Err(Error::new(ErrorCode::Unauthorized, "the token is wrong").hint("use the token of `--token`")),
        None => Ok(Principal::unproven()),
    }
}

/// The caller of a socket whose client may send a token of its own.
///
/// # Errors
/// `unauthorized` when nothing proves who calls.
pub fn of_socket(door: &Door, parts: &Parts, token: Option<&str>) -> Result<Principal> {
    if let Some(token) = token {
        return by_token(door, token);
    }
    if let Some(caller) = proven(parts) {
        return Ok(caller);
    }
    match in_query(parts) {
        Some(token) => by_token(door, &token),
        None if door.settings.server.token.is_none() => Ok(Principal::unproven()),
        None => Err(Error::new(ErrorCode::Unauthorized, "no token was given").hint("send the token of `--token`")),
    }
}

/// Whether the address of a request offers a token.
pub fn offered(parts: &Parts) -> bool {
    in_query(parts).is_some()
}

/// `token` in the query of the address.
fn in_query(parts: &Parts) -> Option<String> {
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    query.0.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token)
}

//! Who calls over a socket, where the proof may come later than the request: beside the socket's own handshake, or in its
//! first message. Where there is no token, the guard has said already who everybody is.

use http::request::Parts;

use super::{Caller, Door, opens};
use crate::domain::{Error, ErrorCode, Principal, Result};

/// Who calls, by the token of a message or else by what the guard found out.
///
/// # Errors
/// `unauthorized` when the token is wrong, or when nothing proves who calls.
pub fn caller_with_token(door: &Door, token: &str, known: Option<&Principal>) -> Result<Principal> {
    match (&door.settings.server.token, known) {
        (Some(expected), _) if opens(expected, token) => Ok(Principal::local("token")),
        (Some(_), _) => Err(Error::new(ErrorCode::Unauthorized, "the token is wrong").hint(HINT)),
        (None, Some(known)) => Ok(known.clone()),
        (None, None) => Err(unknown()),
    }
}

/// Who opens a socket: by the token that its own handshake carries, the one in its address, or what the guard found out.
///
/// # Errors
/// As [`caller_with_token`].
pub fn caller_of_socket(door: &Door, parts: &Parts, token: Option<&str>) -> Result<Principal> {
    let known = parts.extensions.get::<Caller>().map(|caller| &caller.0).filter(|caller| !caller.scopes.is_empty());
    match (token.map(str::to_owned).or_else(|| in_query(parts)), known) {
        (Some(token), known) => caller_with_token(door, &token, known),
        (None, Some(known)) => Ok(known.clone()),
        (None, None) => Err(unknown()),
    }
}

/// Whether the address of a request carries a token.
pub fn offers_token(parts: &Parts) -> bool {
    in_query(parts).is_some()
}

const HINT: &str = "send the token that the server was started with";

fn unknown() -> Error {
    Error::new(ErrorCode::Unauthorized, "no token was sent").hint(HINT)
}

/// `token` in the query of the address.
fn in_query(parts: &Parts) -> Option<String> {
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    query.0.into_iter().find(|(name, _)| name == "token").map(|(_, token)| token)
}

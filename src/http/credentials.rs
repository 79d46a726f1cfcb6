//! Who calls, by the word that they show: the house's own token, or a key or token that the house gave out. The guard asks
//! here for each request; sockets, where the proof may come later than the request, ask for themselves: beside the socket's
//! own handshake, or in its first message.

use http::request::Parts;
use http::{HeaderMap, header};
use secrecy::SecretString;

use super::{Caller, Door, Unproven, cookie_value, opens, query_value};
use crate::config::ServerSettings;
use crate::domain::{Error, ErrorCode, Principal, Result};
use crate::engine::Engine;

/// What a word, or the lack of one, says about who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It proves who calls.
    Known(Principal),
    /// Nobody here needs to prove anything: everybody is let in as the same.
    Anybody,
    /// Nothing was shown, and there are keys: everybody is let in as the same, but not by a door that wants to know who
    /// calls.
    Unshown,
    /// Nobody that is known.
    Nobody,
}

/// What a word says about who calls. A server with a token takes it, a door's own for that door, or a key. One without a token lets everybody in; but
/// once there are keys, a word that is shown must be right.
///
/// # Errors
/// `store_failed` when the keys cannot be read.
pub async fn proof(engine: &dyn Engine, server: &ServerSettings, shown: Option<&str>) -> Result<Proof> {
    let house = Principal::house();
    if let Some(shown) = shown {
        if server.token.as_ref().is_some_and(|token| opens(token, shown)) {
            return Ok(Proof::Known(Principal::local("token")));
        }
        // Each is compared, so that the time tells nothing of the others.
        let door = server.door_tokens.iter().filter(|(_, token)| opens(token, shown)).map(|(door, _)| door.clone()).next();
        if let Some(door) = door {
            return Ok(Proof::Known(at_door(door)));
        }
        match engine.verify(&house, shown).await {
            Ok(caller) => return Ok(Proof::Known(caller)),
            // Of an engine over a distance only that server knows the keys.
            Err(error) if matches!(error.code, ErrorCode::Unauthorized | ErrorCode::NotSupported) => {}
            Err(error) => return Err(error),
        }
    }
    if server.token.is_some() {
        return Ok(Proof::Nobody);
    }
    if server.no_auth {
        return Ok(Proof::Anybody);
    }
    match engine.has_keys(&house).await {
        Ok(true) => {}
        Ok(false) => return Ok(Proof::Anybody),
        Err(error) if error.code == ErrorCode::NotSupported => return Ok(Proof::Anybody),
        Err(error) => return Err(error),
    }
    Ok(if shown.is_some() { Proof::Nobody } else { Proof::Unshown })
}

/// Who holds the token of a door.
fn at_door(door: String) -> Principal {
    Principal { only_door: Some(door.clone()), ..Principal::local(format!("token:{door}")) }
}

/// The cookie of a browser that has shown the token of a door to the server at a port: its name, and what stands in it.
pub fn door_cookie(port: &str, door: &str, token: &SecretString) -> (String, String) {
    (format!("ombud_{port}_{door}"), cookie_value(token))
}

/// Who opens a socket, by the cookie of a door. Its name says the port too, which is not looked at: what stands in it fits
/// no other server.
fn by_cookie(server: &ServerSettings, headers: &HeaderMap) -> Option<Principal> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs: Vec<(&str, &str)> =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('=')).collect();
    let door = server.door_tokens.iter().find(|(door, token)| {
        let expected = SecretString::from(cookie_value(token));
        let is_of_door = |name: &str| {
            name.strip_prefix("ombud_").and_then(|rest| rest.split_once('_')).is_some_and(|(_, of)| of == *door)
        };
        pairs.iter().any(|(name, value)| is_of_door(name) && opens(&expected, value))
    });
    door.map(|(door, _)| at_door(door.clone()))
}

/// Who calls, by the word of a message or else by what the guard found out; who comes by one of some `dialects` only must
/// be allowed to.
///
/// # Errors
/// `unauthorized` when the word is wrong, or when nothing proves who calls; `forbidden` when it does not open these doors.
pub async fn caller_with_token(door: &Door, dialects: &[&str], token: &str, known: Option<&Principal>) -> Result<Principal> {
    let caller = match (proof(&*door.engine, &door.settings.server, Some(token)).await?, known) {
        (Proof::Known(caller), _) => caller,
        (Proof::Anybody | Proof::Unshown, Some(known)) => known.clone(),
        (Proof::Nobody, _) => return Err(Error::new(ErrorCode::Unauthorized, "the token is wrong").hint(HINT)),
        (Proof::Anybody | Proof::Unshown, None) => return Err(unknown()),
    };
    entering(caller, dialects)
}

/// Who opens a socket, and whether something proves it: by the token that its own handshake carries, the one in its address,
/// what the guard found out, or the cookie of a door, for pages that have shown its token in a header but cannot with a socket.
///
/// # Errors
/// As [`caller_with_token`].
pub async fn caller_of_socket(
    door: &Door,
    dialects: &[&str],
    parts: &Parts,
    token: Option<&str>,
) -> Result<(Principal, bool)> {
    if let Some(caller) = by_socket_token(&door.settings.server, parts, token) {
        return Ok((entering(caller, dialects)?, true));
    }
    let known = parts.extensions.get::<Caller>().map(|caller| &caller.0).filter(|caller| !caller.scopes.is_empty());
    let is_proven = parts.extensions.get::<Unproven>().is_none();
    match (token.map(str::to_owned).or_else(|| in_query(parts)), known) {
        (Some(token), known) => {
            let caller = caller_with_token(door, dialects, &token, known).await?;
            let is_known = known.is_some_and(|known| *known == caller);
            Ok((caller, is_proven || !is_known))
        }
        (None, known) => {
            let wanted = !is_proven || known.is_none();
            let by_cookie = by_cookie(&door.settings.server, &parts.headers).filter(|_| wanted);
            match (by_cookie.and_then(|caller| entering(caller, dialects).ok()), known) {
                (Some(caller), _) => Ok((caller, true)),
                (None, Some(known)) => Ok((entering(known.clone(), dialects)?, is_proven)),
                (None, None) => Err(unknown()),
            }
        }
    }
}

/// Who shows a token that opens only the sockets of one door: in the handshake, or as a header.
fn by_socket_token(server: &ServerSettings, parts: &Parts, token: Option<&str>) -> Option<Principal> {
    let header = parts.headers.get("x-api-key").and_then(|value| value.to_str().ok());
    let is_shown = |expected| [token, header].into_iter().flatten().any(|shown| opens(expected, shown));
    let door =
        server.socket_tokens.iter().filter(|(_, expected)| is_shown(expected)).map(|(door, _)| door.clone()).next()?;
    Some(Principal { only_door: Some(door.clone()), ..Principal::local(format!("socket:{door}")) })
}

/// A caller, if they may come in by one of some doors.
fn entering(caller: Principal, dialects: &[&str]) -> Result<Principal> {
    if dialects.iter().any(|dialect| caller.may_enter(dialect)) {
        return Ok(caller);
    }
    Err(wrong_door(&caller))
}

/// Somebody's key does not open the door that they came to.
pub fn wrong_door(caller: &Principal) -> Error {
    if caller.user.is_some() {
        let message = format!("`{}` may not use this API: accounts are for others", caller.name);
        return Error::new(ErrorCode::Forbidden, message)
            .hint("programs call it with a key: `ombud keys add NAME --doors …`");
    }
    Error::new(ErrorCode::Forbidden, format!("`{}` may not use this API: the key was made for others", caller.name))
        .hint("make one for this API: `ombud keys add NAME --doors …`")
}

/// Whether the address of a request carries a token.
pub fn offers_token(parts: &Parts) -> bool {
    in_query(parts).is_some()
}

const HINT: &str = "send the token that the server was started with";

/// Nothing proves who calls.
pub(super) fn unknown() -> Error {
    Error::new(ErrorCode::Unauthorized, "no token was sent").hint(HINT)
}

/// `token` in the query of the address.
fn in_query(parts: &Parts) -> Option<String> {
    query_value(&parts.uri, "token")
}

//! Who is let in: everything that is checked before any handler, in one place and in this order: the address of the
//! request, the host that it is meant for, the page that it comes from, who calls, and how often.
//!
//! What a route needs of its caller is checked beside the route, in `mount`.

mod hosts;
mod identity;
mod open;
mod origins;
mod paces;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};

use self::hosts::Hosts;
pub(super) use self::identity::unknown;
use self::identity::{Identity, Who};
use self::open::OpenPaths;
use self::origins::{From, Origins};
pub(super) use self::paces::Paces;
use super::Peer;
use crate::config::ServerSettings;
use crate::domain::{Error, ErrorCode};
use crate::engine::Engine;
use crate::http::{Caller, Lacking, Unproven, Unshown, WholeBody, empty, timed_body};

/// All checks of one server.
pub(super) struct Guard {
    hosts: Hosts,
    origins: Origins,
    open: OpenPaths,
    identity: Identity,
    paces: Paces,
    address_bytes: usize,
    body_time: std::time::Duration,
}

/// Why a request would be refused if its route were not open to pages of every origin: stands among the extensions of one
/// whose path looks like that of such a route.
#[derive(Clone, Debug)]
pub(super) struct Stranger(pub(super) Error);

/// Why a request does not reach its handler.
pub(super) enum Stopped {
    /// It is refused.
    Refused(Error),
    /// It is refused, and may come again after so many seconds.
    TooFast(Error, u64),
    /// It is answered here.
    Answered(Box<Response>),
}

impl Guard {
    /// The checks that the settings want of a server that listens at an address. Keys are known by the engine;
    /// `open` are the paths that pages of every origin may call, each with its method.
    pub(super) fn new(
        settings: &ServerSettings,
        listening: std::net::SocketAddr,
        engine: Arc<dyn Engine>,
        open: &[(Method, String)],
        paces: Paces,
    ) -> Self {
        Self {
            hosts: Hosts::new(settings, listening.ip()),
            origins: Origins::new(&settings.origins),
            open: OpenPaths::new(open),
            identity: Identity::new(settings, listening.port(), engine),
            paces,
            address_bytes: settings.limits.address_bytes,
            body_time: settings.limits.body_time,
        }
    }

    /// Checks a request, and makes it ready for its handler.
    pub(super) async fn check(&self, request: &mut Request<Body>) -> Result<(), Stopped> {
        check_address(request.uri(), self.address_bytes).map_err(Stopped::Refused)?;
        let authority = authority(request.uri(), request.headers()).map_err(Stopped::Refused)?;
        let open = self.open.methods(request.uri().path());
        if origins::is_preflight(request.method(), request.headers()) && open::asks_for(&open, request.headers()) {
            return Err(Stopped::Answered(Box::new(empty(StatusCode::NO_CONTENT))));
        }
        let secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.secure);
        let stranger = self.stranger(request, &authority, secure)?;
        if let Some(error) = stranger {
            if !open::has(&open, request.method()) {
                return Err(Stopped::Refused(error));
            }
            request.extensions_mut().insert(Stranger(error));
        }
        if let Some(answer) = self.identity.take_cookie(request.method(), request.uri(), secure) {
            return Err(answer.map_or_else(Stopped::Refused, |response| Stopped::Answered(Box::new(response))));
        }
        let headers = request.headers().clone();
        let who = match self.identity.who(&headers).await {
            Ok(who) => who,
            // Told where a caller is wanted: how the server is can be asked by everybody.
            Err(error) => {
                request.extensions_mut().insert(Lacking(error));
                Who::Nobody
            }
        };
        let extensions = request.extensions_mut();
        let (caller, proven) = match who {
            Who::Known(caller) => (Some(caller), true),
            Who::Anybody(caller) => {
                extensions.insert(Unproven);
                (Some(caller), false)
            }
            Who::Unshown(caller) => {
                extensions.insert(Unproven);
                extensions.insert(Unshown);
                (Some(caller), false)
            }
            Who::Nobody => (None, false),
        };
        let name = caller.as_ref().map_or("", |caller| caller.name.as_str());
        self.paces.take(request, name, proven)?;
        if let Some(caller) = caller {
            request.extensions_mut().insert(Caller(caller));
        }
        let body = std::mem::take(request.body_mut());
        let whole = request.extensions().get::<WholeBody>().cloned().unwrap_or_default();
        *request.body_mut() = timed_body(body, self.body_time, &whole);
        Ok(())
    }

    /// Why a request that comes from elsewhere, or is meant for another host, is refused where a route is not open to it.
    fn stranger(&self, request: &Request<Body>, authority: &str, secure: bool) -> Result<Option<Error>, Stopped> {
        if !self.hosts.allows(authority) {
            let shown = crate::config::printable(authority);
            let message = format!("the request is meant for the host `{shown}`, which this server is not");
            return Ok(Some(Error::new(ErrorCode::Forbidden, message).hint("add the name to server.hosts")));
        }
        match self.origins.judge(request.headers(), authority, secure) {
            From::Here => Ok(None),
            From::Allowed if origins::is_preflight(request.method(), request.headers()) => {
                Err(Stopped::Answered(Box::new(empty(StatusCode::NO_CONTENT))))
            }
            From::Allowed => Ok(None),
            From::Elsewhere(page) => {
                let shown = crate::config::printable(&page);
                let message = format!("the request comes from a page of {shown}");
                Ok(Some(Error::new(ErrorCode::Forbidden, message).hint("add its origin to server.origins")))
            }
        }
    }

    /// Gives the cookie for sockets to a browser whose page has shown the token of a door.
    pub(super) fn remember(&self, request: &HeaderMap, secure: bool, response: &mut HeaderMap) {
        if let Some(cookie) = self.identity.socket_cookie(request, secure) {
            response.append(header::SET_COOKIE, cookie);
        }
    }

    /// What every answer to this request tells its browser, whatever the answer is.
    pub(super) fn headers(&self, method: &Method, path: &str, request: &HeaderMap, response: &mut HeaderMap) {
        let open = self.open.methods(path);
        if open::has(&open, method) || origins::is_preflight(method, request) && open::asks_for(&open, request) {
            open::headers(&open, method, request, response);
        } else {
            self.origins.headers(method, request, response);
        }
        response.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    }
}

/// Refuses an address that is too long, or whose path holds control characters.
fn check_address(uri: &Uri, most: usize) -> Result<(), Error> {
    let length = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if length > most {
        return Err(Error::new(ErrorCode::TooLarge, format!("the address of the request is longer than {most} bytes")));
    }
    if decoded(uri.path()).any(|byte| byte.is_ascii_control()) {
        return Err(Error::invalid("the path of the request holds a control character"));
    }
    Ok(())
}

/// The bytes that a path stands for.
fn decoded(path: &str) -> impl Iterator<Item = u8> + '_ {
    let mut rest = path.as_bytes();
    std::iter::from_fn(move || {
        let (first, after) = rest.split_first()?;
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                rest = &after[2..];
                Some(byte)
            }
            None => {
                rest = after;
                Some(*first)
            }
        }
    })
}

/// The host, with its port, that a request is meant for.
fn authority(uri: &Uri, headers: &HeaderMap) -> Result<String, Error> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let named = match (uri.authority(), first) {
        _ if second.is_some() => return Err(Error::invalid("the request has two `Host` headers")),
        (Some(authority), None) => authority.as_str(),
        (None, Some(host)) => host.to_str().map_err(|_| Error::invalid("the `Host` header is not readable"))?,
        (Some(authority), Some(host)) if host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => {
            authority.as_str()
        }
        (Some(_), Some(_)) => return Err(Error::invalid("the request names two hosts")),
        (None, None) => return Err(Error::invalid("the request has no `Host` header")),
    };
    Ok(named.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        let check = |uri: &str| check_address(&uri.parse().unwrap(), 20).map_err(|error| error.code);
        assert_eq!(check("/a%20b%c3%a9?x=%00"), Ok(()));
        assert_eq!(check("/a%00b"), Err(ErrorCode::InvalidInput));
        assert_eq!(check("/a%0Ab"), Err(ErrorCode::InvalidInput));
        assert_eq!(check("/%7f"), Err(ErrorCode::InvalidInput));
        assert_eq!(check("/%zz%"), Ok(()));
        assert_eq!(check("/123456789012345678?"), Ok(()));
        assert_eq!(check("/1234567890123456789?"), Err(ErrorCode::TooLarge));
    }

    #[test]
    fn a_request_is_meant_for_one_host() {
        let check = |uri: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
            }
            authority(&uri.parse().unwrap(), &headers).ok()
        };
        assert_eq!(check("/", &["LocalHost:3000"]).as_deref(), Some("localhost:3000"));
        assert_eq!(check("http://a:1/", &["a:1"]).as_deref(), Some("a:1"));
        assert_eq!(check("https://a/", &[]).as_deref(), Some("a"));
        assert_eq!(check("http://a:1/", &["b:1"]), None);
        assert_eq!(check("/", &["a", "a"]), None);
        assert_eq!(check("/", &[]), None);
    }
}

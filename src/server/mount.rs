//! Which route answers on which path.
//!
//! Every route of a dialect is served under `/NAME/…`. On bare paths a claim is a method and a path; of two dialects that
//! claim the same, the first wins, unless one of them can tell by what a request looks like that it is meant (`choice`).
//! Parameters are handed to handlers by their place, since two dialects may name them
//! differently on one path.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_request};
use axum::response::Response;
use axum::routing::MethodRouter;
use http::{Method, Uri};
use tower::Layer as _;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::normalize_path::NormalizePathLayer;

use super::around::{Counted, Layer};
use super::choice::{self, Choice};
use super::front::{self, Fallbacks, Front};
use super::guard::Stranger;
use super::tags;
use crate::dialects::{self, Dialect, WantsCredential};
use crate::domain::{Error, ErrorCode, Result};
use crate::http::{Address, Caller, Door, Lacking, Meant, Needs, Route, Shape, SocketEvents, Unproven, Unshown, wrong_door};

/// The name of the house's own API.
const OWN: &str = "ombud";

/// Who answers on the server's own paths. Whose key opens the house's own API may use them too.
const HOUSE: &str = "house";

/// Smallest answer that is worth compressing.
const COMPRESSED: u64 = 1_024;

/// One line of `--print-routes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The dialect that answers; `house` for the server's own.
    pub dialect: &'static str,
    /// Who is let through.
    pub needs: Needs,
    /// Whether pages of every origin may call it.
    pub open_to_all_origins: bool,
    /// Whether it answers only requests that look like its own: another API has the same method and path.
    pub told_apart: bool,
}

/// Which route gave an answer: stands among the answer's extensions.
#[derive(Debug)]
pub(super) struct Answered {
    /// The dialect.
    pub(super) dialect: &'static str,
    /// The path of the route.
    pub(super) path: String,
}

/// The dialects of these names, in their order; all when there are none. The house's own API is always among them.
///
/// # Errors
/// `invalid_input` for a name that no dialect has.
pub(super) fn chosen(names: &[String]) -> Result<Vec<Dialect>> {
    let named: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut chosen: Vec<Dialect> = Vec::new();
    for name in if named.is_empty() { dialects::NAMES } else { &named } {
        if chosen.iter().any(|dialect| dialect.name == *name) {
            continue;
        }
        chosen.push(dialects::by_name(name).ok_or_else(|| {
            let near = crate::config::did_you_mean(name, dialects::NAMES.iter().copied());
            Error::invalid(format!("dialect `{}` is not known{near}", crate::config::printable(name)))
                .hint(format!("known: {}", dialects::NAMES.join(", ")))
        })?);
    }
    // The house's own API is always there: the console and `--server` speak it.
    if !chosen.iter().any(|dialect| dialect.name == OWN) {
        chosen.extend(dialects::by_name(OWN));
    }
    Ok(chosen)
}

/// A route where it is served.
struct Claim {
    dialect: &'static str,
    method: Method,
    path: String,
    needs: Needs,
    open: bool,
    /// Who must prove who they are.
    wants_credential: WantsCredential,
    /// Which requests mean it, where another route has the same method and path.
    meant: Option<fn(&Shape<'_>) -> Meant>,
    handler: MethodRouter<Door>,
    refuse: fn(&Error) -> Response,
}

/// Every route where it is served: bare paths, then those of each dialect, then the server's own.
fn claims(dialects: Vec<Dialect>, own: Vec<(String, Route)>) -> Vec<Claim> {
    let (mut bare, mut prefixed): (Vec<Claim>, Vec<Claim>) = (Vec::new(), Vec::new());
    for Dialect { name, routes, refuse, wants_credential, .. } in dialects {
        for Route { method, pattern, needs, open_to_all_origins: open, meant, handler, .. } in routes {
            let claim = |path: String| {
                let (method, handler) = (method.clone(), handler.clone());
                Claim { dialect: name, method, path, needs, open, wants_credential, meant, handler, refuse }
            };
            let own = format!("/{name}");
            // A dialect may keep to its own paths.
            if !pattern.strip_prefix(&own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                prefixed.push(claim(format!("{own}{}", pattern.trim_end_matches('/'))));
            }
            bare.push(claim(pattern.to_owned()));
        }
    }
    let own = own.into_iter().map(|(path, Route { method, needs, open_to_all_origins: open, handler, .. })| {
        let refuse = crate::http::refuse;
        let wants_credential = WantsCredential::No;
        Claim { dialect: HOUSE, method, path, needs, open, wants_credential, meant: None, handler, refuse }
    });
    let mut taken = HashSet::new();
    // The server's own paths are never taken by a dialect.
    let (own, others): (Vec<Claim>, Vec<Claim>) = (own.collect(), bare.into_iter().chain(prefixed).collect());
    taken.extend(own.iter().map(|claim| (claim.method.clone(), shape(&claim.path))));
    let houses = taken.clone();
    let is_kept = |claim: &Claim| {
        let place = (claim.method.clone(), shape(&claim.path));
        if claim.meant.is_some() { !houses.contains(&place) } else { taken.insert(place) }
    };
    let mut kept: Vec<Claim> = others.into_iter().filter(is_kept).collect();
    kept.extend(own);
    kept
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.as_bytes() {
        [b'{', b'*', .., b'}'] => "{*}",
        [b'{', .., b'}'] => "{}",
        _ => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The paths that pages of every origin may call, each with its method.
pub(super) fn open_paths(dialects: &[Dialect]) -> Vec<(Method, String)> {
    let mut paths = Vec::new();
    for dialect in dialects {
        for route in dialect.routes.iter().filter(|route| route.open_to_all_origins) {
            paths.push((route.method.clone(), route.pattern.to_owned()));
            paths.push((route.method.clone(), format!("/{}{}", dialect.name, route.pattern)));
        }
    }
    paths
}

/// Every route with its path.
///
/// # Errors
/// `invalid_input` for a name that no dialect has.
pub fn mounts(names: &[String]) -> Result<Vec<Mounted>> {
    let dialects = chosen(names)?;
    let mut own = super::own_routes::all(&dialects);
    own.extend(super::console::routes(true));
    let all = claims(dialects, own);
    let plain = all.iter().filter(|claim| claim.meant.is_none());
    let shared: HashSet<(Method, String)> = plain.map(|claim| (claim.method.clone(), shape(&claim.path))).collect();
    let line = |claim: Claim| Mounted {
        method: claim.method.to_string(),
        path: claim.path.clone(),
        dialect: claim.dialect,
        needs: claim.needs,
        open_to_all_origins: claim.open,
        told_apart: claim.meant.is_some() && shared.contains(&(claim.method, shape(&claim.path))),
    };
    Ok(all.into_iter().map(line).collect())
}

/// What is served on a path: the path as the first route writes it, and all routes by their method.
type Place = (String, Vec<(Method, Vec<Choice>)>);

/// The whole application.
pub(super) fn app(door: &Door, front: &Arc<Front>, mut dialects: Vec<Dialect>) -> Router {
    let mut own = super::own_routes::all(&dialects);
    own.extend(super::console::routes(door.settings.server.webui.is_none()));
    let fallbacks: Fallbacks =
        dialects.iter().filter_map(|dialect| Some((dialect.name, dialect.fallback?))).collect::<Vec<_>>().into();
    let mut paths: BTreeMap<String, Place> = BTreeMap::new();
    let sockets = dialects.iter_mut().map(|dialect| (dialect.name, std::mem::take(&mut dialect.sockets))).collect();
    let tokens = &door.settings.server.door_tokens;
    for Claim { dialect, method, path, needs, open, wants_credential, meant, handler, refuse } in claims(dialects, own) {
        let own_token = tokens.contains_key(dialect);
        let wanted = Wanted { door: if dialect == HOUSE { OWN } else { dialect }, needs, open, wants_credential, own_token };
        let layer = Layer::named(&front.layers, dialect);
        let answered = Arc::new(Answered { dialect, path: path.clone() });
        let guarded = handler.route_layer(from_fn(move |request: Request, next: Next| {
            let (answered, layer) = (Arc::clone(&answered), layer.clone());
            async move {
                let lacking = lacks(wanted, &request);
                let counted = layer.as_ref().filter(|_| lacking.is_none()).map(|layer| {
                    let address = request.extensions().get::<Address>().copied();
                    layer.count(request.method(), request.uri().path(), address)
                });
                let mut counted: Counted = counted.unwrap_or_default();
                let mut response = match (lacking, counted.spent.take()) {
                    (Some(error), _) => refuse(&error),
                    (None, Some(spent)) => spent,
                    (None, None) => next.run(request).await,
                };
                if let Some(layer) = layer {
                    layer.finish(&counted, &mut response);
                }
                response.extensions_mut().insert(answered);
                response
            }
        }));
        // Two names of one parameter are one path: the first names it.
        let (_, methods) = paths.entry(shape(&path)).or_insert_with(|| (path, Vec::new()));
        let choice = Choice { meant, handler: guarded, refuse };
        match methods.iter_mut().find(|(known, _)| *known == method) {
            Some((_, choices)) => choices.push(choice),
            None => methods.push((method, vec![choice])),
        }
    }
    let mut routes = Router::new();
    for (path, methods) in paths.into_values() {
        let handlers = methods.into_iter().map(|(method, choices)| choice::among(&method, choices));
        routes = routes.route(&path, handlers.reduce(MethodRouter::merge).unwrap_or_default());
    }
    let (first, second) = (Arc::clone(front), Arc::clone(front));
    let routes = routes
        .fallback(move |State(door): State<Door>, request: Request| {
            front::no_route(Arc::clone(&first), Arc::clone(&fallbacks), door, request)
        })
        .method_not_allowed_fallback(move |State(door): State<Door>, request: Request| {
            front::no_method(Arc::clone(&second), door, request)
        })
        .layer(axum::Extension(Arc::clone(&front.metrics)))
        .layer(from_fn(tags::tag))
        .layer(
            CompressionLayer::new().gzip(true).compress_when(
                SizeAbove::new(COMPRESSED)
                    .and(NotForContentType::SSE)
                    .and(NotForContentType::IMAGES)
                    .and(NotForContentType::const_new("application/octet-stream")),
            ),
        )
        .with_state(door.clone());
    // A path with a slash at its end is the same path; the router must not see it, and the guard none that is doubled.
    let routes = NormalizePathLayer::trim_trailing_slash().layer(beside_routes(routes, door, sockets));
    let front = from_fn_with_state(Arc::clone(front), front::pass);
    Router::new().fallback_service(routes).layer(front).layer(map_request(single_slashes))
}

/// What stands beside the routes, behind the guard: services that answer on paths of their own, such as sockets. A request
/// whose caller is known has a [`Caller`] among its extensions.
fn beside_routes(routes: Router, door: &Door, sockets: Vec<(&'static str, SocketEvents)>) -> Router {
    crate::http::socket_io(door, sockets, routes)
}

/// A path in which slashes follow each other is the one in which they do not: clients paste addresses together.
async fn single_slashes(mut request: Request) -> Request {
    let uri = request.uri();
    if !uri.path().contains("//") {
        return request;
    }
    let mut path = String::with_capacity(uri.path().len());
    for letter in uri.path().chars() {
        if letter != '/' || !path.ends_with('/') {
            path.push(letter);
        }
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = path.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// What a route wants of its caller.
#[derive(Clone, Copy)]
struct Wanted {
    /// The door that it belongs to.
    door: &'static str,
    needs: Needs,
    /// Whether pages of every origin may call it.
    open: bool,
    wants_credential: WantsCredential,
    /// Whether its door has a token of its own, which it then wants.
    own_token: bool,
}

/// What the caller lacks that a route wants.
fn lacks(wanted: Wanted, request: &Request) -> Option<Error> {
    let Wanted { door, needs, open, wants_credential, own_token } = wanted;
    // The guard lets a page of others pass where a path looks like that of an open route: here it is known which it is.
    if let Some(Stranger(error)) = request.extensions().get::<Stranger>().filter(|_| !open) {
        return Some(error.clone());
    }
    if needs == Needs::Nothing {
        return None;
    }
    let Some(Caller(caller)) = request.extensions().get::<Caller>() else { return Some(nobody(request.extensions())) };
    if own_token && request.extensions().get::<Unproven>().is_some() {
        return Some(super::guard::unknown());
    }
    match wants_credential {
        WantsCredential::OnceThereAreKeys if request.extensions().get::<Unshown>().is_some() => {
            return Some(super::guard::unknown());
        }
        WantsCredential::Always if request.extensions().get::<Unproven>().is_some() => return Some(unproven()),
        WantsCredential::No | WantsCredential::OnceThereAreKeys | WantsCredential::Always => {}
    }
    if !caller.may_enter(door) {
        return Some(wrong_door(caller));
    }
    if needs == Needs::Caller || caller.is_admin() {
        return None;
    }
    let (method, path): (&Method, &str) = (request.method(), request.uri().path());
    let message = format!("`{}` may not {method} {}", caller.name, crate::config::printable(path));
    let hint = "start the server with --allow-local-admin, or with --token-file and send the token";
    Some(Error::new(ErrorCode::Forbidden, message).hint(hint))
}

/// Why a request is refused whose caller is let in everywhere else.
fn unproven() -> Error {
    Error::new(ErrorCode::Unauthorized, "this API wants to know who calls, and no token came with the request")
        .hint("send the token of a login, or the server's own, as `Authorization: Bearer TOKEN`")
}

/// Why a request has no caller.
pub(super) fn nobody(extensions: &http::Extensions) -> Error {
    extensions.get::<Lacking>().map_or_else(super::guard::unknown, |lacking| lacking.0.clone())
}

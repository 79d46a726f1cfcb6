//! What every request passes: its id, the guard, its line in the log, its place in the measurements; and what becomes of
//! it when a handler fails badly.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use http_body::Body as _;
use tracing::Instrument as _;

use super::Peer;
use super::around::{Counted, Layer};
use super::envelopes::Envelopes;
use super::guard::{Guard, Stopped, Stranger};
use super::metrics::{Metrics, counted};
use super::mount::Answered;
use crate::config::printable;
use crate::dialects::Fallback;
use crate::domain::{Clock, Error, Principal};
use crate::engine::without_secrets;
use crate::http::{Address, Allowance, Caller, Door, RequestId, Unproven, WholeBody, empty};

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// Longest id of a request that is taken from its caller.
const ID_BYTES: usize = 128;

/// What every request passes.
pub(super) struct Front {
    pub(super) guard: Guard,
    pub(super) envelopes: Envelopes,
    pub(super) layers: Vec<Arc<Layer>>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
}

/// The way of a request, from its head to the head of its answer.
pub(super) async fn pass(State(front): State<Arc<Front>>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let id = id(request.headers(), &*front.clock);
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let request_is_http1 = request.version() < http::Version::HTTP_2;
    let shown = loggable(&path);
    let span = tracing::info_span!(
        "request",
        id,
        otel.kind = "server",
        http.request.method = %method,
        http.route = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
        url.path = shown,
    );
    let heads = request.headers().clone();
    let secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.secure);
    let (has_body, whole) = (!request.body().is_end_stream(), WholeBody::default());
    request.extensions_mut().insert(whole.clone());
    let response = front.answer(request, next, &path).instrument(span.clone()).await;
    let mut response = front.envelopes.finish(&path, &RequestId(id.clone()), response);
    front.guard.headers(&method, &path, &heads, response.headers_mut());
    front.guard.remember(&heads, secure, response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().entry(X_REQUEST_ID.clone()).or_insert(value);
    }
    // What is left of the body is not waited for: whoever sent it must not send the next request after it.
    if has_body && !whole.has_come() && request_is_http1 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().entry(header::WWW_AUTHENTICATE).or_insert(HeaderValue::from_static("Bearer"));
    }
    let elapsed = begun.elapsed();
    let status = response.status();
    let (dialect, route) = match response.extensions().get::<Arc<Answered>>() {
        Some(answered) => (answered.dialect, answered.path.clone()),
        None => ("none", String::new()),
    };
    crate::observe::rename(&span, format!("{method} {route}").trim_end().to_owned());
    span.record("http.route", &route);
    span.record("http.response.status_code", status.as_u16());
    let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    // Beside the span, which would say all of it once more.
    tracing::info!(parent: None, request_id = id, %method, path = shown, status = status.as_u16(), ms, "answered");
    front.metrics.answered(dialect, &route, &method, status, elapsed);
    if is_stream(response.headers()) {
        let metrics = Arc::clone(&front.metrics);
        response = response.map(|body| counted(body, metrics));
    }
    response
}

impl Front {
    async fn answer(&self, mut request: Request<Body>, next: Next, path: &str) -> Response {
        let checked = self.guard.check(&mut request).await;
        let allowance = request.extensions().get::<Allowance>().copied();
        let mut response = match checked {
            Ok(()) => self.handled(request, next, path).await,
            Err(Stopped::Answered(response)) => *response,
            Err(Stopped::Refused(error)) => self.envelopes.refuse(path, &error),
            Err(Stopped::TooFast(error, seconds)) => {
                let mut response = self.envelopes.refuse(path, &error);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
        };
        if let Some(allowance) = allowance {
            self.tell(&allowance, response.headers_mut());
        }
        response
    }

    /// Tells a user what is left of their pace.
    fn tell(&self, allowance: &Allowance, headers: &mut HeaderMap) {
        let full = self.clock.now().as_millis().saturating_add(i64::try_from(allowance.full_in.as_millis()).unwrap_or(0));
        let full = full / 1_000 + i64::from(full % 1_000 > 0);
        headers.insert(LIMIT.clone(), HeaderValue::from(allowance.limit));
        headers.insert(REMAINING.clone(), HeaderValue::from(allowance.remaining));
        headers.insert(RESET.clone(), HeaderValue::from(full));
    }

    async fn handled(&self, request: Request<Body>, next: Next, path: &str) -> Response {
        match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => {
                let said = panic.downcast_ref::<&str>().copied().map(str::to_owned);
                let said = said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
                tracing::error!(panic = said, "a handler panicked");
                self.envelopes.refuse(path, &Error::internal("the request met a defect of this server"))
            }
        }
    }
}

/// What dialects answer where no route does, each with its name, in their order.
pub(super) type Fallbacks = Arc<[(&'static str, Fallback)]>;

/// Where no route fits: what a dialect has there all the same, such as a file.
pub(super) async fn no_route(front: Arc<Front>, fallbacks: Fallbacks, door: Door, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some(Stranger(error)) = request.extensions().get() {
        return front.envelopes.refuse(&path, error);
    }
    let caller = request.extensions().get::<Caller>().map(|caller| caller.0.clone());
    let (request, counted) = match front.beyond(&door, caller.as_ref(), request).await {
        Ok(response) => return response,
        Err(back) => back,
    };
    let Some(caller) = caller else {
        return front.envelopes.refuse(&path, &super::mount::nobody(request.extensions()));
    };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let (mut parts, body) = request.into_parts();
        let open = fallbacks.iter().filter(|(name, _)| caller.may_enter(name));
        let own = open.clone().find_map(|(name, fallback)| Some((*fallback, below(&parts.uri, name)?)));
        let address = parts.uri.clone();
        let chosen = match own {
            Some((fallback, inner)) => {
                parts.uri = inner;
                vec![fallback]
            }
            None => open.map(|(_, fallback)| *fallback).collect(),
        };
        for fallback in chosen {
            if let Some(response) = fallback(&door, &caller, &parts).await {
                return response;
            }
        }
        parts.uri = address;
        return front.unknown(&Request::from_parts(parts, body), &counted);
    }
    front.unknown(&request, &counted)
}

/// The address below a dialect's own prefix, where it stands there.
pub(super) fn below(uri: &Uri, name: &str) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix('/')?.strip_prefix(name)?;
    rest.starts_with('/').then(|| rest.parse().ok())?
}

impl Front {
    /// What stands around the dialect that owns a path.
    fn layer(&self, path: &str) -> Option<&Arc<Layer>> {
        let owner = self.envelopes.owner_of(path)?;
        self.layers.iter().find(|layer| layer.name == owner)
    }

    /// Where no route is: what a dialect has there all the same; else the request, and what came of counting it.
    async fn beyond(
        &self,
        door: &Door,
        caller: Option<&Principal>,
        mut request: Request,
    ) -> Result<Response, (Request, Counted)> {
        let path = request.uri().path().to_owned();
        let address = request.extensions().get::<Address>().copied();
        let owner = self.layer(&path);
        let unproven = request.extensions().get::<Unproven>().is_some();
        // A door with a token of its own wants it here too.
        let wants_more = |layer: &Layer| unproven && door.settings.server.door_tokens.contains_key(layer.name);
        if let Some(owner) = owner.filter(|owner| caller.is_some() && wants_more(owner)) {
            let mut refused = self.envelopes.refuse(&path, &super::guard::unknown());
            owner.finish(&Counted::default(), &mut refused);
            return Ok(refused);
        }
        // Whoever has yet to prove who they are is not counted.
        let counted = owner.filter(|_| caller.is_some()).map(|layer| layer.count(request.method(), &path, address));
        let mut counted = counted.unwrap_or_default();
        if let (Some(mut spent), Some(owner)) = (counted.spent.take(), owner) {
            owner.finish(&counted, &mut spent);
            return Ok(spent);
        }
        for layer in &self.layers {
            match layer.beyond(door, caller.filter(|_| !wants_more(layer)), request).await {
                Ok(mut response) => {
                    let nothing = Counted::default();
                    let is_owner = owner.is_some_and(|owner| Arc::ptr_eq(owner, layer));
                    layer.finish(if is_owner { &counted } else { &nothing }, &mut response);
                    return Ok(response);
                }
                Err(back) => request = back,
            }
        }
        Err((request, counted))
    }

    /// A path that nobody answers on.
    fn unknown(&self, request: &Request, counted: &Counted) -> Response {
        let Some(layer) = self.layer(request.uri().path()) else { return self.unknown_route(request) };
        let mut response = layer.unknown();
        layer.finish(counted, &mut response);
        response
    }

    fn unknown_route(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let what = format!("{} {}", request.method(), printable(path));
        self.envelopes.refuse(path, &Error::not_found("route", what))
    }
}

/// Where a route fits, and the method does not. The header `Allow` is added by the router.
pub(super) async fn no_method(front: Arc<Front>, door: Door, request: Request) -> Response {
    if let Some(Stranger(error)) = request.extensions().get() {
        return front.envelopes.refuse(request.uri().path(), error);
    }
    if request.method() == Method::OPTIONS {
        return empty(StatusCode::NO_CONTENT);
    }
    let path = request.uri().path().to_owned();
    let caller = request.extensions().get::<Caller>().map(|caller| caller.0.clone());
    let (request, counted) = match front.beyond(&door, caller.as_ref(), request).await {
        Ok(response) => return response,
        Err(back) => back,
    };
    // What stands around a dialect tells an unknown path and an unknown method alike.
    if caller.is_some() && front.layer(&path).is_some() {
        return front.unknown(&request, &counted);
    }
    let path = path.as_str();
    let error = Error::invalid(format!("{} is not a method of {}", request.method(), printable(path)));
    let mut response = front.envelopes.refuse(path, &error);
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
}

/// Longest part of a path that holds no key.
const PLAIN_BYTES: usize = 16;

/// A path for the log: a file may be named by a key.
fn loggable(path: &str) -> String {
    let shown = printable(path);
    // Looking for keys costs more than many a request; those are long, or behind such a sign.
    let may_hold = shown.split('/').any(|part| part.len() > PLAIN_BYTES || part.contains(['=', ':', '%']));
    if may_hold { without_secrets(&shown) } else { shown }
}

/// The caller's id for a request when it is one, else a new one.
fn id(headers: &HeaderMap, clock: &dyn Clock) -> String {
    let given = headers.get(&X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let good = |id: &&str| {
        (1..=ID_BYTES).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    given.filter(good).map_or_else(|| clock.new_id().to_string(), str::to_owned)
}

fn is_stream(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_log_holds_no_key() {
        for path in ["/", "/api/v1/sessions/query/stream", "/api/sessions/0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b/abort"] {
            assert_eq!(loggable(path), path);
        }
        // In two halves, so that no scanner takes it for one.
        let key = format!("{}{}", "sk-proj-", "aB3dE5gH7jK9mN1pQ3sT5vW7");
        assert_eq!(loggable(&format!("/notes/{key}.txt")), "/notes/[removed].txt");
        assert_eq!(loggable("/a/password=x1y2z3"), "/a/password=[removed]");
        assert_eq!(loggable("/a%0Ab"), "/a%0Ab");
    }
}

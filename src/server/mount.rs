//! Which route answers on which path.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::MethodRouter;

use super::guard;
use crate::dialects::Dialect;
use crate::domain::{Error, Result};
use crate::http::{Caller, Door, Needs};

/// One line of `--print-routes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mounted {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The dialect that answers.
    pub dialect: &'static str,
    /// Who is let through.
    pub needs: Needs,
}

/// The dialects of the settings, in their order; all when they name none. Our own API is always among them: the console
/// and other programs of ours speak it.
fn dialects(door: &Door) -> Result<Vec<Dialect>> {
    let mut dialects = vec![crate::dialects::native::dialect()];
    let own = dialects[0].name;
    let named: Vec<&str> = door.settings.server.dialects.iter().map(String::as_str).collect();
    let named = if named.is_empty() { crate::dialects::NAMES } else { &named };
    for name in named.iter().filter(|name| **name != own) {
        dialects.push(crate::dialects::by_name(name).ok_or_else(|| Error::not_found("dialect", name))?);
    }
    Ok(dialects)
}

/// Whether a route's own path begins with the dialect's name already: then it is mounted there only.
fn is_prefixed(dialect: &Dialect, pattern: &str) -> bool {
    pattern.strip_prefix('/').and_then(|path| path.strip_prefix(dialect.name)).is_some_and(|rest| rest.starts_with('/'))
}

/// Every route with its path, bare paths first.
pub fn mounts(door: &Door) -> Result<Vec<Mounted>> {
    let mut bare = Vec::new();
    let mut own = Vec::new();
    for dialect in dialects(door)? {
        for route in &dialect.routes {
            let mounted =
                |path: String| Mounted { method: route.method.to_string(), path, dialect: dialect.name, needs: route.needs };
            let line = mounted(route.pattern.to_owned());
            if !bare.iter().any(|other: &Mounted| (&other.method, &other.path) == (&line.method, &line.path)) {
                bare.push(line);
            }
            if !is_prefixed(&dialect, route.pattern) {
                own.push(mounted(format!("/{}{}", dialect.name, route.pattern)));
            }
        }
    }
    bare.extend(own);
    Ok(bare)
}

/// The whole application.
pub(super) fn app(door: &Door) -> Result<Router> {
    let mut paths: BTreeMap<String, MethodRouter<Door>> = BTreeMap::new();
    let mut claimed: Vec<(http::Method, String)> = Vec::new();
    let mut fallbacks = Vec::new();
    for dialect in dialects(door)? {
        fallbacks.extend(dialect.fallback);
        for route in &dialect.routes {
            let own = (!is_prefixed(&dialect, route.pattern)).then(|| format!("/{}{}", dialect.name, route.pattern));
            for path in std::iter::once(route.pattern.to_owned()).chain(own) {
                let claim = (route.method.clone(), path.clone());
                if claimed.contains(&claim) {
                    continue;
                }
                claimed.push(claim);
                let handlers = paths.remove(&path).unwrap_or_default().merge(route.handler.clone());
                paths.insert(path, handlers);
            }
        }
    }
    let mut router = Router::new();
    for (path, handlers) in paths {
        router = router.route(&path, handlers);
    }
    let router = router.fallback(move |State(door): State<Door>, Caller(caller): Caller, request: Request| async move {
        let (asked, _) = request.into_parts();
        if matches!(asked.method, http::Method::GET | http::Method::HEAD) {
            for fallback in fallbacks {
                if let Some(response) = fallback(&door, &caller, &asked).await {
                    return response;
                }
            }
        }
        crate::http::empty(http::StatusCode::NOT_FOUND)
    });
    let router = router.layer(axum::middleware::from_fn_with_state(door.clone(), guard::let_in));
    Ok(router.with_state(door.clone()))
}

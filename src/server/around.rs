//! What a dialect wants around its own routes and nobody else's: what each of its answers carries, how many requests of an
//! address it takes in a span of time, and what it answers where no route does.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use http::Method;

use crate::config::ServerLimits;
use crate::dialects::{Around, Dialect, Window};
use crate::domain::Principal;
use crate::http::{Address, Door, Left, Windows};

/// What stands around one dialect.
pub(super) struct Layer {
    pub(super) name: &'static str,
    around: Around,
    windows: Vec<(Window, Windows)>,
}

/// What came of counting a request.
#[derive(Default)]
pub(super) struct Counted {
    told: Option<Left>,
    /// What is answered instead, when it was one too many.
    pub(super) spent: Option<Response>,
}

impl Layer {
    /// Those of dialects that want any.
    pub(super) fn of(dialects: &[Dialect], limits: &ServerLimits) -> Vec<Arc<Self>> {
        let layer = |dialect: &Dialect| {
            let around = dialect.around?;
            let window =
                |window: &Window| (*window, Windows::new((window.most)(limits), Duration::from_secs(window.seconds)));
            let windows = around.windows.iter().map(window).collect();
            Some(Arc::new(Self { name: dialect.name, around, windows }))
        };
        dialects.iter().filter_map(layer).collect()
    }

    /// That of a dialect.
    pub(super) fn named(layers: &[Arc<Self>], name: &str) -> Option<Arc<Self>> {
        layers.iter().find(|layer| layer.name == name).cloned()
    }

    /// Counts a request in all windows that it belongs to.
    pub(super) fn count(&self, method: &Method, path: &str, address: Option<Address>) -> Counted {
        let mut counted = Counted::default();
        let path = self.bare(path);
        for (window, windows) in &self.windows {
            if !(window.counts)(method, path) {
                continue;
            }
            let Some(left) = windows.take(address) else { continue };
            counted.told = Some(left);
            if left.is_spent {
                counted.spent = Some((window.spent)());
                return counted;
            }
        }
        counted
    }

    /// A path without the name of the dialect.
    fn bare<'a>(&self, path: &'a str) -> &'a str {
        let below = path.strip_prefix('/').and_then(|rest| rest.strip_prefix(self.name));
        below.filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }

    /// Puts on an answer what all of the dialect carry.
    pub(super) fn finish(&self, counted: &Counted, response: &mut Response) {
        (self.around.headers)(response.headers_mut());
        if let Some(left) = &counted.told {
            left.tell(response.headers_mut());
        }
    }

    /// What the dialect answers where no route does; on a path that is not its own the request comes back.
    pub(super) async fn beyond(
        &self,
        door: &Door,
        caller: Option<&Principal>,
        mut request: Request,
    ) -> Result<Response, Request> {
        let Some(beyond) = self.around.beyond else { return Err(request) };
        let own = self.bare(request.uri().path()).len() < request.uri().path().len();
        if own && let Some(inner) = super::front::below(request.uri(), self.name) {
            let address = std::mem::replace(request.uri_mut(), inner);
            return beyond(door, caller, request).await.map_err(|mut request| {
                *request.uri_mut() = address;
                request
            });
        }
        beyond(door, caller, request).await
    }

    /// What it answers on a path of its own where nothing is.
    pub(super) fn unknown(&self) -> Response {
        (self.around.unknown)()
    }
}

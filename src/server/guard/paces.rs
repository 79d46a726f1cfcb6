//! How often a request may come: every caller has one pace at all doors, and each user one more at those that promise it.

use std::sync::Arc;

use axum::body::Body;
use http::Request;

use super::Stopped;
use crate::config::ServerLimits;
use crate::dialects::Dialect;
use crate::http::{Address, Pace};

/// The paces of one server.
pub(in crate::server) struct Paces {
    /// That of every caller at every door.
    all: Arc<Pace>,
    /// That of a user, or of an address where nobody is known.
    users: Pace,
    /// The paths below which that counts.
    paced: Vec<String>,
}

impl Paces {
    /// As the limits say, with the paths that dialects want paced.
    pub(in crate::server) fn new(all: Arc<Pace>, limits: &ServerLimits, dialects: &[Dialect]) -> Self {
        let users = Pace::new(limits.user_requests_per_minute).with_burst(limits.user_requests_per_second);
        let both = |name: &str, path: &str| [path.to_owned(), format!("/{name}{path}")];
        let paced = dialects.iter().flat_map(|one| one.paced.iter().flat_map(|path| both(one.name, path)));
        Self { all, users, paced: paced.collect() }
    }

    /// Takes one request of both paces. What is left to a user is noted among its extensions.
    pub(super) fn take(&self, request: &mut Request<Body>, name: &str, proven: bool) -> Result<(), Stopped> {
        let address = request.extensions().get::<Address>().copied();
        let slower = |(error, seconds)| Stopped::TooFast(error, seconds);
        self.all.take(name, address).map_err(slower)?;
        let path = request.uri().path();
        let below = |paced: &String| path.strip_prefix(paced.as_str()).is_some_and(|rest| rest.starts_with('/'));
        if !self.paced.iter().any(below) {
            return Ok(());
        }
        // A user has one pace wherever they call from; who is not known, one with all others of the address.
        let (allowance, taken) = if proven { self.users.spend(name, None) } else { self.users.spend("", address) };
        if let Some(allowance) = allowance.filter(|_| proven) {
            request.extensions_mut().insert(allowance);
        }
        taken.map_err(slower)
    }
}

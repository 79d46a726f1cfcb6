//! Who calls: found out by the guard, before any handler.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Door;
use crate::domain::{Error, Principal};

/// Why a request has no caller, where it is more than that nothing fitting was shown.
#[derive(Clone, Debug)]
pub struct Lacking(pub Error);

/// The mark of a request whose caller has shown nothing although there are keys: doors that want to know who calls do not
/// let it in.
#[derive(Clone, Copy, Debug)]
pub struct Unshown;

/// The mark of a request of whose caller nothing is proven: where everybody is let in as the same.
#[derive(Clone, Copy, Debug)]
pub struct Unproven;

/// The principal of a request. Where the guard let a request through without one, it may do nothing.
#[derive(Clone, Debug)]
pub struct Caller(pub Principal);

impl FromRequestParts<Door> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or_else(|| Self(Principal { scopes: Vec::new(), ..Principal::unproven() })))
    }
}

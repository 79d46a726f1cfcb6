//! Who calls: found out by the guard, before any handler.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Door;
use crate::domain::Principal;

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

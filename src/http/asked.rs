//! A request with what handlers need of it, in the words of the API that it was sent to.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts as _, Query, RawPathParams, Request};
use axum::response::IntoResponse;
use bytes::Bytes;
use http::Uri;
use http::request::Parts;

use super::{Caller, Door, read_body};
use crate::config::ServerLimits;
use crate::domain::{Error, Principal};
use crate::engine::Engine;

/// How an API takes its requests: its errors know, whose form is its envelope.
pub trait Envelope: From<Error> + IntoResponse + Send + 'static {
    /// Most bytes of a body.
    fn most(limits: &ServerLimits) -> usize {
        limits.body_bytes
    }

    /// Looks at the head of a request, before its body is read.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(_head: &Parts) -> Result<(), Self> {
        Ok(())
    }

    /// A body that could not be read.
    fn of_body(error: Error) -> Self {
        error.into()
    }
}

/// A request to an API whose errors are `E`.
pub struct Asked<E, B = Bytes> {
    /// What stands behind the door.
    pub door: Door,
    /// Who asks.
    pub caller: Principal,
    /// Its head.
    pub parts: Parts,
    /// What the address names, by its place: another API may name it otherwise on the same path.
    pub named: Vec<String>,
    /// The body.
    pub body: B,
    told_as: PhantomData<fn() -> E>,
}

/// A request whose body is not read yet.
pub type Coming<E> = Asked<E, Body>;

impl<E, B> Asked<E, B> {
    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        &*self.door.engine
    }

    /// What the address names at a place; empty where it names nothing.
    pub fn named(&self, place: usize) -> &str {
        self.named.get(place).map_or("", String::as_str)
    }
}

impl<E: Envelope> FromRequest<Door> for Coming<E> {
    type Rejection = E;

    async fn from_request(request: Request, door: &Door) -> Result<Self, E> {
        let (mut parts, body) = request.into_parts();
        let Ok::<_, Infallible>(Caller(caller)) = Caller::from_request_parts(&mut parts, door).await;
        let named = RawPathParams::from_request_parts(&mut parts, door).await;
        let named = named.map(|named| named.iter().map(|(_, value)| value.to_owned()).collect()).unwrap_or_default();
        E::check(&parts)?;
        Ok(Self { door: door.clone(), caller, parts, named, body, told_as: PhantomData })
    }
}

impl<E: Envelope> FromRequest<Door> for Asked<E> {
    type Rejection = E;

    async fn from_request(request: Request, door: &Door) -> Result<Self, E> {
        let Coming { door, caller, parts, named, body, told_as } = Coming::<E>::from_request(request, door).await?;
        let body = read_body(body, E::most(&door.settings.server.limits)).await.map_err(E::of_body)?;
        Ok(Self { door, caller, parts, named, body, told_as })
    }
}

/// The values in the query of an address, in their order. There is no query that is wrong.
pub fn query_pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

/// A value in the query of an address; of several with one name the first.
pub fn query_value(uri: &Uri, name: &str) -> Option<String> {
    query_pairs(uri).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

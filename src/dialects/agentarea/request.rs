//! A request with all that its handler needs.

use std::net::IpAddr;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Query, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::request::Parts;

use super::errors::AreaError;
use super::ids;
use super::reading::Reading;
use crate::domain::{Error, ErrorCode, Principal};
use crate::engine::{AgentItem, Engine};
use crate::http::{Address, Caller, Door, RequestId, read_body};

/// What a handler answers.
pub type Answer = std::result::Result<Response, AreaError>;

/// Under which this API keeps what it needs of things of the house.
pub const ATTRIBUTE: &str = super::NAME;

/// A request.
pub struct Asked {
    /// What stands behind the door.
    pub door: Door,
    /// Who asks.
    pub caller: Principal,
    /// Its head.
    pub parts: Parts,
    /// What the address names.
    named: Option<String>,
    body: Bytes,
}

/// What axum calls for a handler.
pub fn asked<F, A>(
    handler: F,
) -> impl Fn(
    State<Door>,
    Caller,
    std::result::Result<RawPathParams, RawPathParamsRejection>,
    Request,
) -> BoxFuture<'static, Response>
+ Clone
+ Send
+ Sync
where
    F: Fn(Asked) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Answer> + Send,
{
    move |State(door), Caller(caller), named, request| {
        let handler = handler.clone();
        // By its place: another API may name it otherwise on the same path.
        let named = named.ok().and_then(|named| named.iter().next().map(|(_, value)| value.to_owned()));
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = match read_body(body, door.settings.server.limits.body_bytes).await {
                Ok(body) => body,
                Err(error) => return AreaError::from(error).into_response(),
            };
            let asked = Asked { door, caller, parts, named, body };
            handler(asked).await.unwrap_or_else(IntoResponse::into_response)
        })
    }
}

impl Asked {
    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        &*self.door.engine
    }

    /// The body, being read.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when it is no JSON object.
    pub fn body(&self) -> std::result::Result<Reading, AreaError> {
        Reading::body(&self.body)
    }

    /// The values of the address, being read.
    pub fn query(&self) -> Reading {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri);
        Reading::query(pairs.map(|Query(pairs)| pairs).unwrap_or_default())
    }

    /// What the address names.
    pub fn named(&self) -> &str {
        self.named.as_deref().unwrap_or_default()
    }

    /// The id of the request.
    pub fn id(&self) -> RequestId {
        self.parts.extensions.get::<RequestId>().cloned().unwrap_or_else(|| RequestId(String::new()))
    }

    /// Where it comes from.
    pub fn address(&self) -> Option<IpAddr> {
        self.parts.extensions.get::<Address>().map(|address| address.0)
    }

    /// The agent that the address names.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn agent(&self) -> std::result::Result<AgentItem, AreaError> {
        agent(self.engine(), &self.caller, self.named()).await
    }
}

/// An agent by its id in this API.
///
/// # Errors
/// `NOT_FOUND`, also for one that was removed.
pub async fn agent(engine: &dyn Engine, caller: &Principal, id: &str) -> std::result::Result<AgentItem, AreaError> {
    let unknown = || Error::not_found("agent", id.chars().filter(|c| !c.is_control()).take(64).collect::<String>());
    let Some(named) = ids::own(ids::AGENT, id) else { return Err(unknown().into()) };
    match engine.agent(caller, named).await {
        Ok(item) if item.archived_at.is_none() => Ok(item),
        Ok(_) => Err(unknown().into()),
        // The names that the house lists are not ids of this API.
        Err(error) if error.code == ErrorCode::NotFound => Err(unknown().into()),
        Err(error) => Err(error.into()),
    }
}

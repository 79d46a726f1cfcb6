//! A request with all that its handler needs.

use std::net::IpAddr;

use axum::response::Response;

use super::errors::AreaError;
use super::ids;
use super::reading::Reading;
use crate::domain::{Error, ErrorCode, Principal};
use crate::engine::{AgentItem, Engine};
use crate::http::{Address, RequestId, query_pairs};

/// What a handler answers.
pub type Answer = std::result::Result<Response, AreaError>;

/// Under which this API keeps what it needs of things of the house.
pub const ATTRIBUTE: &str = super::NAME;

/// A request.
pub type Asked = crate::http::Asked<AreaError>;

/// A request whose body is not read yet.
pub type Coming = crate::http::Coming<AreaError>;

impl Asked {
    /// The body, being read.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when it is no JSON object.
    pub fn body(&self) -> std::result::Result<Reading, AreaError> {
        Reading::body(&self.body)
    }

    /// The values of the address, being read.
    pub fn query(&self) -> Reading {
        Reading::query(query_pairs(&self.parts.uri))
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
        agent(self.engine(), &self.caller, self.named(0)).await
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

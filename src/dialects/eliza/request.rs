//! A request with all that its handler needs.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::errors::ElizaError;
use super::{agents, ids};
use crate::engine::AgentItem;
use crate::http::query_pairs;

/// What a handler answers.
pub type Answer = std::result::Result<Response, ElizaError>;

/// A request.
pub type Asked = crate::http::Asked<ElizaError>;

/// A request whose body is not read yet.
pub type Coming = crate::http::Coming<ElizaError>;

impl Asked {
    /// The body as a JSON object; no body is an empty one.
    ///
    /// # Errors
    /// `BAD_REQUEST`.
    pub fn body(&self) -> std::result::Result<Map<String, Value>, ElizaError> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Map::new());
        }
        match crate::http::parse_json(&self.body)? {
            Value::Object(body) => Ok(body),
            _ => Err(ElizaError::bad("BAD_REQUEST", "the body must be a JSON object")),
        }
    }

    /// The values of the address under a name, in their order.
    pub fn query_all(&self, name: &str) -> Vec<String> {
        query_pairs(&self.parts.uri).into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// The first value of the address under a name, unless it is empty.
    pub fn query(&self, name: &str) -> Option<String> {
        self.query_all(name).into_iter().next().filter(|value| !value.is_empty())
    }

    /// The id that the address names at a place, in lower case.
    ///
    /// # Errors
    /// 400 `INVALID_ID`: `Invalid WHAT ID format`.
    pub fn id(&self, place: usize, what: &str) -> std::result::Result<String, ElizaError> {
        let id = self.named(place);
        if ids::is_id(id) { Ok(id.to_ascii_lowercase()) } else { Err(ElizaError::bad_id(what)) }
    }

    /// The agent that the address names at its first place.
    ///
    /// # Errors
    /// `INVALID_ID`, `NOT_FOUND`.
    pub async fn agent(&self) -> std::result::Result<AgentItem, ElizaError> {
        let id = self.id(0, "agent")?;
        agents::by_id(self.engine(), &self.caller, &id).await
    }

    /// The same, when it takes work.
    ///
    /// # Errors
    /// `INVALID_ID`, `NOT_FOUND`.
    pub async fn running_agent(&self) -> std::result::Result<AgentItem, ElizaError> {
        let id = self.id(0, "agent")?;
        agents::running(self.engine(), &self.caller, &id).await
    }
}

/// `{"success":true,"data":…}`.
pub fn data<T: Serialize>(status: StatusCode, data: T) -> Response {
    crate::http::json(status, &json!({ "success": true, "data": data }))
}

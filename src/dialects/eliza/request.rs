//! A request with all that its handler needs.

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Query, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::errors::ElizaError;
use super::{agents, around, ids};
use crate::domain::Principal;
use crate::engine::{AgentItem, Engine};
use crate::http::{Caller, Door, read_body};

/// What a handler answers.
pub type Answer = std::result::Result<Response, ElizaError>;

/// A request whose body is not read yet.
pub struct Coming {
    /// What stands behind the door.
    pub door: Door,
    /// Who asks.
    pub caller: Principal,
    /// Its head.
    pub parts: Parts,
    /// What the address names, by its place: another API may name it otherwise on the same path.
    pub named: Vec<String>,
    /// The body.
    pub body: Body,
}

/// A request that has come.
pub struct Asked {
    /// What stands behind the door.
    pub door: Door,
    /// Who asks.
    pub caller: Principal,
    /// Its head.
    pub parts: Parts,
    named: Vec<String>,
    body: Bytes,
}

/// What axum calls for a handler that reads the body itself.
pub fn coming<F, A>(
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
    F: Fn(Coming) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Answer> + Send,
{
    move |State(door), Caller(caller), named, request| {
        let handler = handler.clone();
        let named = named.map(|named| named.iter().map(|(_, value)| value.to_owned()).collect()).unwrap_or_default();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            if let Err(refused) = around::check_content_type(&parts) {
                return refused.into_response();
            }
            let coming = Coming { door, caller, parts, named, body };
            handler(coming).await.unwrap_or_else(IntoResponse::into_response)
        })
    }
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
    coming(move |Coming { door, caller, parts, named, body }: Coming| {
        let handler = handler.clone();
        async move {
            let limits = &door.settings.server.limits;
            let body = read_body(body, limits.body_bytes.min(limits.json_bytes)).await.map_err(too_large)?;
            handler(Asked { door, caller, parts, named, body }).await
        }
    })
}

/// A body that is too large, in the words that clients know.
fn too_large(error: crate::domain::Error) -> ElizaError {
    if error.code == crate::domain::ErrorCode::TooLarge {
        let message = format!("request entity too large: {}", error.message);
        return ElizaError::new(StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE", message);
    }
    error.into()
}

impl Asked {
    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        &*self.door.engine
    }

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
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri);
        let pairs = pairs.map(|Query(pairs)| pairs).unwrap_or_default();
        pairs.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// The first value of the address under a name, unless it is empty.
    pub fn query(&self, name: &str) -> Option<String> {
        self.query_all(name).into_iter().next().filter(|value| !value.is_empty())
    }

    /// What the address names at a place.
    pub fn named(&self, place: usize) -> &str {
        self.named.get(place).map_or("", String::as_str)
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

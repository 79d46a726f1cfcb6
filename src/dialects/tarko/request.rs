//! A request with all that its handler needs, read in the order of the original: first which session, then the rest.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use http::{Method, Uri};
use serde_json::{Map, Value};

use super::errors::TarkoError;
use crate::domain::{ErrorCode, Principal, SessionId};
use crate::engine::{Engine, SessionItem};
use crate::http::{Caller, Door, query_value, read_json};

/// What a handler answers.
pub type Answer = Result<Response, TarkoError>;

/// A request.
pub struct Asked {
    /// What stands behind the door.
    pub door: Door,
    /// Who asks.
    pub caller: Principal,
    /// The method.
    pub method: Method,
    /// The address.
    pub uri: Uri,
    /// The body: its JSON object; without one, an empty object.
    pub body: Map<String, Value>,
}

/// What axum calls for a handler: reads the request, and tells an error with its session and time.
pub fn asked<F, A>(handler: F) -> impl Fn(State<Door>, Caller, Request) -> BoxFuture<'static, Response> + Clone + Send + Sync
where
    F: Fn(Asked) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Answer> + Send,
{
    move |State(door), Caller(caller), request| {
        let handler = handler.clone();
        Box::pin(async move {
            let clock = std::sync::Arc::clone(&door.clock);
            let asked = match Asked::read(door, caller, request).await {
                Ok(asked) => asked,
                Err(error) => return error.about(None, clock.now()).into_response(),
            };
            let session = asked.named();
            match handler(asked).await {
                Ok(response) => response,
                Err(error) => error.about(session.as_deref(), clock.now()).into_response(),
            }
        })
    }
}

impl Asked {
    async fn read(door: Door, caller: Principal, request: Request) -> Result<Self, TarkoError> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let body = read_json(request, door.settings.server.limits.body_bytes).await?;
        let body = if let Value::Object(body) = body { body } else { Map::new() };
        Ok(Self { door, caller, method, uri, body })
    }

    /// The engine.
    pub fn engine(&self) -> &dyn Engine {
        &*self.door.engine
    }

    /// A text in the query of the address; of several with one name the first.
    pub fn text(&self, name: &str) -> Option<String> {
        query_value(&self.uri, name)
    }

    /// A field of the body.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.body.get(name)
    }

    /// A field of the body that is an object.
    pub fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.field(name).and_then(Value::as_object)
    }

    /// A field of the body that is a text, with something in it.
    pub fn words(&self, name: &str) -> Option<&str> {
        self.field(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// The id that the address names, or else the body.
    fn named(&self) -> Option<String> {
        let named = self.text("sessionId").filter(|id| !id.is_empty());
        named.or_else(|| match self.field("sessionId")? {
            Value::String(id) => Some(id.clone()).filter(|id| !id.is_empty()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        })
    }

    /// The session that it is about, which is there.
    pub async fn session(&self) -> Result<SessionItem, TarkoError> {
        let Some(named) = self.named() else { return Err(TarkoError::invalid("Session ID is required")) };
        // What cannot be an id is the id of no session.
        let Ok(id) = SessionId::parse(&named) else { return Err(TarkoError::no_session(&named)) };
        match self.engine().session(&self.caller, &id).await {
            Err(error) if error.code == ErrorCode::NotFound => Err(TarkoError::no_session(&named)),
            other => Ok(other?),
        }
    }

    /// Whether the answer of a query is to be the event, as in the original.
    pub fn wants_event(&self) -> bool {
        self.text("result").is_some_and(|form| form == "event")
    }
}

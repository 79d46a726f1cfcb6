//! A request with all that its handler needs.

use axum::response::Response;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::definition::Kept;
use super::errors::OctavusError;
use super::generation::Generation;
use crate::domain::{Agent, Error, ErrorCode, Principal, Result, Session, SessionId, SessionStatus};
use crate::engine::{Engine, SessionItem};
use crate::http::query_value;

/// What a handler answers.
pub type Answer = std::result::Result<Response, OctavusError>;

/// Under which this API keeps what it needs of things of the house.
pub const ATTRIBUTE: &str = "octavus";

/// Most characters of a name that a message shows.
const SHOWN: usize = 64;

/// A request.
pub type Asked = crate::http::Asked<OctavusError>;

impl Asked {
    /// What the client knows.
    pub fn generation(&self) -> Generation {
        Generation::of(&self.parts.headers)
    }

    /// The body.
    ///
    /// # Errors
    /// `invalid_input` with the place of what does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        crate::remote::wire::read(&self.body)
    }

    /// A text in the query of the address; of several with one name the first.
    pub fn text(&self, name: &str) -> Option<String> {
        query_value(&self.parts.uri, name)
    }

    /// The session that the address names.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn session(&self) -> Result<SessionItem> {
        session(self.engine(), &self.caller, self.named(0)).await
    }

    /// An agent by its id or its slug.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn agent(&self, named: &str) -> Result<Known> {
        let item = self.engine().agent(&self.caller, named).await?;
        if item.archived_at.is_some() {
            return Err(Error::new(ErrorCode::NotFound, format!("agent `{}` was archived", item.agent.name)));
        }
        let id = item.id.map_or_else(|| item.agent.name.clone(), |id| id.to_string());
        Ok(Known { id, agent: item.agent })
    }
}

/// An agent, and its id in this API.
pub struct Known {
    /// Its id.
    pub id: String,
    /// Its definition.
    pub agent: Agent,
}

/// A session by the name of an address or a body.
///
/// # Errors
/// `not_found`, also for what cannot be the name of one.
pub async fn session(engine: &dyn Engine, caller: &Principal, named: &str) -> Result<SessionItem> {
    let Ok(id) = SessionId::parse(named) else {
        return Err(Error::not_found("session", named.chars().take(SHOWN).collect::<String>()));
    };
    // The way out that the house names is a command, which whoever calls over this API has not.
    engine.session(caller, &id).await.map_err(|error| Error { hint: None, ..error })
}

/// Refuses what a session cannot do any more.
///
/// # Errors
/// `expired`.
pub fn must_live(item: &SessionItem) -> Result<()> {
    if item.status != SessionStatus::Expired {
        return Ok(());
    }
    let id = &item.summary.session.id;
    Err(Error::new(ErrorCode::Expired, format!("session `{id}` has expired"))
        .hint(format!("bring it back: POST /api/agent-sessions/{id}/restore with its messages")))
}

/// The id of a session's agent in this API.
pub fn agent_id(session: &Session) -> String {
    let kept = session.attributes.get(ATTRIBUTE).and_then(|kept| kept.get("agent")).and_then(Value::as_str);
    kept.unwrap_or(&session.agent).to_owned()
}

/// The definition that an agent of this API has.
///
/// # Errors
/// `not_supported` for one of another kind.
pub fn kept(agent: &Agent) -> Result<Kept<'_>> {
    Kept::of(agent).ok_or_else(|| {
        let message = format!("agent `{}` has no triggers: it is no agent of this API", agent.name);
        Error::new(ErrorCode::NotSupported, message)
    })
}

//! What one reader of a session is told of its events, and with what in them: the same over every stream and socket.

use std::sync::Arc;

use super::TarkoEvent;
use super::to_wire::{kept, tells_calls, with_bytes};
use super::wire::Body;
use crate::domain::{Principal, Session, SessionId};
use crate::engine::Engine;
use crate::http::Door;

/// Tells one reader of one session.
pub struct Teller {
    engine: Arc<dyn Engine>,
    caller: Principal,
    session: SessionId,
    /// Whether pieces of a call's arguments are told.
    calls: bool,
}

impl Teller {
    /// Of a session that is there.
    pub async fn new(door: &Door, caller: &Principal, session: &Session) -> Self {
        let calls = tells_calls(&*door.engine, caller, &kept(session), &session.agent).await;
        Self { engine: Arc::clone(&door.engine), caller: caller.clone(), session: session.id.clone(), calls }
    }

    /// Of a session that was just made, of which nothing was said.
    pub async fn of_new(door: &Door, caller: &Principal, session: &SessionId) -> Self {
        let calls = tells_calls(&*door.engine, caller, &serde_json::Map::new(), &door.settings.agent).await;
        Self { engine: Arc::clone(&door.engine), caller: caller.clone(), session: session.clone(), calls }
    }

    /// An event as the reader gets it, with the bytes of its files, or their names where they cannot be read; `None` when
    /// the reader does not want it.
    pub async fn tell(&self, mut event: TarkoEvent) -> Option<TarkoEvent> {
        if !self.calls && matches!(event.body, Body::StreamingToolCall(_)) {
            return None;
        }
        if let Err(error) = with_bytes(&*self.engine, &self.caller, &self.session, &mut event).await {
            tracing::warn!(%error, session = %self.session, "the bytes of a file cannot be told");
        }
        Some(event)
    }
}

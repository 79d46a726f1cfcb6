//! From our words to those of the older API.

use super::wire::SessionMetadata;
use crate::domain::{Session, SessionStatus};
use crate::engine::SessionItem;

/// A session; whether it is active is told where it is known.
pub fn session(session: &Session, active: Option<bool>) -> SessionMetadata {
    SessionMetadata {
        id: session.id.to_string(),
        created_at: session.created_at.as_millis(),
        updated_at: session.updated_at.as_millis(),
        name: session.title.clone(),
        working_directory: session.workspace.clone().unwrap_or_default(),
        tags: session.labels.tags().map(str::to_owned).collect(),
        active,
    }
}

/// A session of a list, or as it is now.
pub fn item(item: &SessionItem) -> SessionMetadata {
    session(&item.summary.session, Some(!matches!(item.status, SessionStatus::Interrupted | SessionStatus::Expired)))
}

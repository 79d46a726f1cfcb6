//! Socket.IO.

use crate::http::SocketEvents;

/// The events that clients send.
pub fn events() -> SocketEvents {
    SocketEvents::new()
}

//! AgentArea, as its API reference describes it: people with accounts, agents, chat, tasks, tool servers, files, channels.
//!
//! An agent of this API is an agent of the house, its `config` says what the house knows of it; a chat is a session, a task
//! is a run that waits for its turn. What the reference has beside that (the shown name, the type, who made it) is kept in
//! the attributes of those things.

mod encoder;
mod errors;
mod following;
mod from_wire;
mod history;
mod ids;
mod kept;
mod reading;
mod request;
mod routes;
mod sockets;
mod to_wire;
mod wire;

use super::{Description, Dialect, WantsCredential};
use crate::http::SocketEvents;

/// Its name.
pub const NAME: &str = "agentarea";

/// The version of the API, as its reference tells it.
const VERSION: &str = "1.0.0";

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect {
        name: NAME,
        title: "AgentArea API",
        routes: routes::all(),
        sockets: SocketEvents::new(),
        owns: &["/v1"],
        refuse: errors::refuse,
        fallback: None,
        wants_credential: WantsCredential::Always,
        finish: Some(errors::finish),
        paced: &["/v1"],
        description: Some(Description { also_at: "/openapi.json", complete: routes::complete }),
        around: None,
    }
}

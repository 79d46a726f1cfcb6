//! ElizaOS, as its server and its clients speak: characters, channels, rooms and memories, media, audio, its sockets.
//!
//! A character is an agent of the house, and its start and stop are the agent's state; a channel is a session with those
//! who take part; a message is a message; a room is what one agent is shown of a channel. What the API has beside that is
//! kept in the attributes of those things (`kept`), and its servers on a shelf.

mod agents;
mod around;
mod attachments;
mod channels;
mod character;
mod definition;
mod directory;
mod encoder;
mod environment;
mod errors;
mod fields;
mod history;
mod ids;
mod kept;
mod lines;
mod media;
mod memories;
mod plugins;
mod posting;
mod prompt;
mod reading;
mod request;
mod rooms;
mod routes;
mod secrets;
mod servers;
mod sockets;
mod talks;
mod told;
mod waiting;
mod worlds;

use super::{Dialect, WantsCredential};
use crate::domain::{Principal, Scope};

/// Its name.
pub const NAME: &str = "eliza";

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect {
        name: NAME,
        title: "ElizaOS API",
        routes: routes::all(),
        sockets: sockets::events(),
        owns: &["/api", "/media"],
        refuse: errors::refuse,
        fallback: None,
        wants_credential: WantsCredential::No,
        finish: None,
        paced: &[],
        description: None,
        around: Some(around::around()),
    }
}

/// Whether somebody may read the log of the whole server: it tells of everybody.
fn may_read_lines(caller: &Principal) -> bool {
    caller.scopes.iter().any(|scope| matches!(scope, Scope::All | Scope::Use | Scope::Read))
}

//! The Octavus platform, as its server SDK, client SDK, React package and CLI call it: 2.0.0 to 6.4.0.
//!
//! An agent of this API is an agent of the house with named procedures; a trigger asks it for one of them, and a tool of
//! the application is a tool that the caller carries out.

pub mod definition;
mod encoder;
mod errors;
mod generation;
mod history;
mod logs;
mod names;
mod request;
mod routes;
mod stream;
mod told;
mod triggering;
mod wire;

pub use definition::{Fault, is_definition, read_folder};

use super::{Dialect, WantsCredential};
use crate::http::SocketEvents;

/// Where files are given and got. Under the name of the API, so that no other API can claim it.
const FILES: &str = "/octavus/files";

/// Its name.
pub const NAME: &str = "octavus";

/// What the words of keys begin with that open this door only.
pub const KEY_PREFIX: &str = "oct_sk_";

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect {
        name: NAME,
        title: "Octavus platform",
        routes: routes::all(),
        sockets: SocketEvents::new(),
        owns: &["/api/agent-sessions", "/api/files", "/api/tokens", "/api/skills", "/api/v1/workforce"],
        refuse: errors::refuse,
        fallback: None,
        wants_credential: WantsCredential::OnceThereAreKeys,
        finish: None,
        paced: &[],
        description: None,
        around: None,
    }
}

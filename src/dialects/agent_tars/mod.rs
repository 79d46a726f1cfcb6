//! Agent TARS Server 0.1 and 0.2: the older names, as a thin difference over the API that followed it.
//!
//! Most routes are that API's own under another path. What is told otherwise is a session: its name and tags stand beside
//! its id, and its folder has another name.

mod routes;
mod to_wire;
mod wire;

use super::{Dialect, WantsCredential, tarko};

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect {
        name: "agent-tars",
        title: "Agent TARS Server",
        routes: routes::all(),
        owns: &["/api/sessions", "/api/oneshot", "/api/share", "/api/model-info"],
        refuse: tarko::refuse,
        fallback: None,
        sockets: crate::http::SocketEvents::new(),
        wants_credential: WantsCredential::No,
        finish: None,
        paced: &[],
        description: None,
        around: None,
    }
}

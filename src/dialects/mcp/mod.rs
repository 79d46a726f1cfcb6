//! The Model Context Protocol, as a server: any program that speaks it can ask our agents and read their sessions, over
//! pipes or over HTTP.
//!
//! `bridge` is another thing: it offers the tool servers of the house to clients over HTTP.
//!
//! Tools are the verbs of the engine (`calling`, `asking`), resources are sessions (`reading`). The protocol itself is the
//! business of the package `rmcp`: `handler` gives it what it asks for, `routes` carries it over HTTP, `pipes` over
//! standard input and output.

mod asking;
mod bridge;
mod calling;
mod errors;
mod from_wire;
mod handler;
mod pipes;
mod progress;
mod reading;
mod routes;
mod sessions;
mod tools;

use super::{Dialect, WantsCredential};
use crate::http::SocketEvents;

pub use pipes::{serve_pipes, serve_standard_streams};

/// Its name.
pub const NAME: &str = "mcp";

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect {
        name: NAME,
        title: "Model Context Protocol: our agents as tools",
        routes: routes::all(),
        owns: &["/mcp"],
        refuse: errors::refuse,
        fallback: None,
        sockets: SocketEvents::new(),
        wants_credential: WantsCredential::No,
        finish: None,
        paced: &[],
        description: None,
        around: None,
    }
}

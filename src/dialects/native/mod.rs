//! The house's own API: the verbs of the engine over HTTP, in the engine's own words. The console and `--server` speak it.
//!
//! `POST /ombud/v1/VERB` takes one JSON object and gives one. Streams are Server-Sent Events with cursors.

mod agent_secrets;
mod channels;
mod describe;
mod equipment;
mod errors;
mod files;
mod keeping;
mod keys;
mod request;
mod rights;
mod routes;
mod sharing;
mod streams;
mod tool_servers;
mod uploads;
mod users;

use axum::response::Response;
use http::{HeaderName, HeaderValue};

use super::{Dialect, WantsCredential};
use crate::http::SocketEvents;
use crate::remote::wire::{ROOT, VERSION, VERSION_HEADER};

/// The dialect. It is always served, whatever dialects the settings name.
pub fn dialect() -> Dialect {
    Dialect {
        name: "ombud",
        title: "ombud's own API",
        routes: routes::all(),
        owns: &[ROOT],
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

/// An answer that tells which house gave it: whoever calls can tell a version that does not fit from a defect.
fn told(mut response: Response) -> Response {
    response.headers_mut().insert(HeaderName::from_static(VERSION_HEADER), HeaderValue::from_static(VERSION));
    response
}

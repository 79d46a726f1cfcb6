//! Tarko Agent Server 0.3.0, and what earlier ones had.
//!
//! `encoder` tells a frame as events; `place` says where a reader of them stands,
//! and `events` goes on from there. Everything else is as in every dialect.

mod encoder;
mod errors;
mod events;
mod follow;
mod place;
mod routes;
mod sockets;
mod wire;
mod ws;

use super::Dialect;

pub use encoder::encode;
pub use events::{EventStream, follow};
pub use place::Place;
pub use wire::TarkoEvent;

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect {
        name: "tarko",
        title: "Tarko Agent Server",
        routes: routes::all(),
        sockets: sockets::events(),
        owns: &["/api/v1"],
        refuse: errors::refuse,
    }
}

//! Tarko Agent Server 0.3.0, and what earlier ones had.
//!
//! `encoder` tells a frame as events; `place` says where a reader of them stands,
//! and `events` goes on from there. Everything else is as in every dialect.

mod agio;
mod encoder;
mod ending;
mod errors;
mod events;
mod follow;
mod from_wire;
mod page;
mod place;
mod plain;
mod references;
mod request;
mod routes;
mod share;
mod sockets;
mod streams;
mod teller;
mod titles;
mod to_wire;
mod wire;
mod ws;

use super::{Dialect, WantsCredential};

pub use agio::watched;
pub use encoder::encode;
pub use errors::{TarkoError, refuse};
pub use events::{EventStream, follow, so_far};
pub use place::Place;
pub use request::{Answer, Asked, asked};
pub use routes::{abort, check_exclusive};
pub use share::{Progress, Publication, UPLOAD_TIME, Unpublished, web_page as share_page};
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
        fallback: Some(plain::answer),
        wants_credential: WantsCredential::No,
        finish: None,
        paced: &[],
        description: None,
        around: None,
    }
}

//! Tarko Agent Server 0.3.0, and what earlier ones had.

mod agio;
mod errors;
mod page;
mod plain;
mod routes;

use super::Dialect;
pub use agio::watched;

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect {
        name: "tarko",
        title: "Tarko Agent Server",
        routes: routes::all(),
        owns: &["/api/v1"],
        refuse: errors::refuse,
        fallback: Some(plain::answer),
    }
}

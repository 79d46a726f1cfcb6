//! Tarko Agent Server 0.3.0, and what earlier ones had.

mod errors;
mod routes;

use super::Dialect;

/// The dialect.
pub fn dialect() -> Dialect {
    Dialect { name: "tarko", title: "Tarko Agent Server", routes: routes::all(), owns: &["/api/v1"], refuse: errors::refuse }
}

//! The routes, a table a subject.

mod tokens;

use crate::http::Routes;

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    tokens::routes()
}

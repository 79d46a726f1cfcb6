//! The routes, a table a subject.

use crate::http::Routes;

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    Vec::new()
}

//! The routes, a table a subject.

mod files;

use crate::http::Routes;

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    files::routes()
}

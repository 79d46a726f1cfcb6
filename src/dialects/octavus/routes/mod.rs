//! The routes, a table a subject.

mod agents;
mod files;
mod tokens;

use crate::http::Routes;

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    let mut routes = agents::routes();
    routes.extend(files::routes());
    routes.extend(tokens::routes());
    routes
}

//! The routes, a table a subject.

mod files;
mod sessions;
mod tokens;
mod trigger;
mod workers;

use crate::http::Routes;

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    let mut routes = sessions::routes();
    routes.extend(trigger::routes());
    routes.extend(workers::routes());
    routes.extend(files::routes());
    routes.extend(tokens::routes());
    routes
}

//! The routes, a table a subject.

mod changes;
mod events_stream;
pub mod queries;
mod sessions;
mod share;
mod system;
mod workspace;

use http::StatusCode;

pub use queries::abort;
pub use sessions::check_exclusive;

use super::wire::ErrorAnswer;
use crate::http::{Route, Routes};

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    let mut routes = system::all();
    routes.extend(sessions::all());
    routes.extend(changes::all());
    routes.extend(queries::all());
    routes.extend(share::all());
    routes.extend(workspace::all());
    routes.extend([events_stream::route(), super::ws::route()]);
    routes
}

/// What every route about one session can answer.
fn about_session(route: Route) -> Route {
    route
        .gives::<ErrorAnswer>(StatusCode::BAD_REQUEST, "No session was named, or something else is missing.")
        .gives::<ErrorAnswer>(StatusCode::NOT_FOUND, "There is no such session.")
}

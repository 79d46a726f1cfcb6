//! Routes: groups.

use crate::http::{Route, Routes};

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    Vec::<Route>::new()
}

//! The routes.

mod named;
mod share;
mod workspace;

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use crate::http::{Needs, Route, Routes};

pub use named::text;

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    let mut routes = vec![Route::get("/api/v1/health", health).about("Whether the server answers").needs(Needs::Nothing)];
    routes.extend(share::all());
    routes.extend(workspace::all());
    routes
}

async fn health() -> Response {
    crate::http::json(StatusCode::OK, &json!({ "status": "ok" }))
}

//! The routes.

mod events_stream;

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use crate::http::{Needs, Route, Routes};

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    vec![
        Route::get("/api/v1/health", health).about("Whether the server answers").needs(Needs::Nothing),
        events_stream::route(),
        super::ws::route(),
    ]
}

async fn health() -> Response {
    crate::http::json(StatusCode::OK, &json!({ "status": "ok" }))
}

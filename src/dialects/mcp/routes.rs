//! The routes: our agents at `/mcp`, the tool servers of the house at `/mcp/{slug}/mcp`.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use http::StatusCode;
use utoipa::ToSchema;

use super::bridge::Bridges;
use super::sessions::Connections;
use crate::http::{Caller, Door, Route, Routes};

/// Where our agents are.
const OURS: &str = "/mcp";
/// Where a tool server is.
const THEIRS: &str = "/mcp/{slug}/mcp";
/// A stream of Server-Sent Events.
const EVENT_STREAM: &str = "text/event-stream";

/// A message of JSON-RPC 2.0, as the Model Context Protocol has it: a request, a notification, or an answer.
#[derive(ToSchema)]
#[schema(as = Message)]
#[allow(dead_code, reason = "it describes the body, which is read as what it is")]
pub struct Message {
    /// `2.0`.
    jsonrpc: String,
    /// Names a request, and its answer.
    id: Option<serde_json::Value>,
    /// What is asked or told.
    method: Option<String>,
    /// More about it.
    params: Option<serde_json::Value>,
    /// What came of a request.
    result: Option<serde_json::Value>,
    /// Why nothing came of it.
    error: Option<serde_json::Value>,
}

/// Every route, in the order of the documentation.
pub fn all() -> Routes {
    ours().into_iter().chain(theirs()).collect()
}

fn ours() -> Routes {
    let connections = Arc::new(Connections::default());
    let answered = || {
        let connections = Arc::clone(&connections);
        move |State(door): State<Door>, Caller(caller): Caller, request: Request| {
            let connections = Arc::clone(&connections);
            async move { connections.answer(&door, caller, request).await }
        }
    };
    vec![
        spoken(Route::post(OURS, answered())).about("Our agents and sessions, for clients of the Model Context Protocol"),
        listened(Route::get(OURS, answered())).about("What the server tells a client by itself"),
        Route::delete(OURS, answered())
            .about("Ends a client's connection")
            .gives::<Message>(StatusCode::NOT_FOUND, "There is no such connection."),
    ]
}

fn theirs() -> Routes {
    let bridges = Arc::new(Bridges::default());
    let answered = || {
        let bridges = Arc::clone(&bridges);
        move |State(door): State<Door>, Caller(caller): Caller, Path(slug): Path<String>, request: Request| {
            let bridges = Arc::clone(&bridges);
            async move { bridges.answer(&door, &caller, &slug, request).await }
        }
    };
    let gone = |route: Route| route.gives::<Message>(StatusCode::SERVICE_UNAVAILABLE, "The tool server does not run.");
    vec![
        gone(spoken(Route::post(THEIRS, answered())).about("A tool server of the house, for clients of its protocol")),
        gone(listened(Route::get(THEIRS, answered())).about("What a tool server tells a client by itself")),
        gone(Route::delete(THEIRS, answered()))
            .about("Ends a client's connection to a tool server")
            .gives::<Message>(StatusCode::NOT_FOUND, "There is no such connection."),
    ]
}

/// A route that takes a message, and gives its answer.
fn spoken(route: Route) -> Route {
    route
        .takes::<Message>()
        .gives::<Message>(StatusCode::BAD_REQUEST, "What does not fit, as an error of JSON-RPC.")
        .gives_media(StatusCode::OK, EVENT_STREAM, "Messages, each as `data: JSON`, the answer last.")
        .gives_media(StatusCode::ACCEPTED, "text/plain", "A notification was taken.")
}

/// A route that gives messages as they come.
fn listened(route: Route) -> Route {
    route.gives_media(StatusCode::OK, EVENT_STREAM, "Messages, each as `data: JSON`, for as long as the client listens.")
}

//! Routes, a file a subject, and what makes their description complete.

mod agents;
mod auth;
mod chat;
mod files;
mod greeting;
mod servers;
pub(super) mod tasks;

use http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::Object;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::reading::Window;
use super::wire::Refusal;
use crate::http::{Route, Routes};

/// All routes, in the order of the reference.
pub fn all() -> Routes {
    let all = [
        greeting::routes(),
        auth::routes(),
        agents::routes(),
        chat::routes(),
        servers::routes(),
        tasks::routes(),
        files::routes(),
        super::sockets::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// What any route can answer that wants to know who calls.
const ALWAYS: [(StatusCode, &str); 8] = [
    (StatusCode::BAD_REQUEST, "Something in the request is missing or does not fit."),
    (StatusCode::UNAUTHORIZED, "There is no token, or it is not valid any more."),
    (StatusCode::FORBIDDEN, "The role of the user does not allow it."),
    (StatusCode::PAYLOAD_TOO_LARGE, "The request is larger than the server takes."),
    (StatusCode::TOO_MANY_REQUESTS, "More requests than a user may send: see `Retry-After`."),
    (StatusCode::INTERNAL_SERVER_ERROR, "A defect of the server."),
    (StatusCode::NOT_IMPLEMENTED, "The server cannot do this."),
    (StatusCode::SERVICE_UNAVAILABLE, "The model, the store or a tool server does not answer."),
];

/// A route with the errors that it can answer, beside those that any can.
pub(super) fn refusing(route: Route, also: &[(StatusCode, &str)]) -> Route {
    ALWAYS.iter().chain(also).fold(route, |route, (status, about)| route.gives::<Refusal>(*status, about))
}

/// A whole number from the address.
pub(super) fn whole(least: u64, most: u64) -> Object {
    let (least, most) = (least as f64, most as f64);
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most)).build()
}

/// A route that gives a part of a list.
pub(super) fn window(route: Route) -> Route {
    route.query_of("limit", "Most items; 20 unless told.", false, whole(1, Window::MOST)).query_of(
        "offset",
        "Items before it; 0 unless told.",
        false,
        whole(0, u32::MAX.into()),
    )
}

/// What names nothing that is there.
pub(super) const UNKNOWN: (StatusCode, &str) = (StatusCode::NOT_FOUND, "There is no such thing.");
/// What cannot be done as things stand.
pub(super) const CONFLICT: (StatusCode, &str) = (StatusCode::CONFLICT, "The state of the thing does not allow it.");

/// Makes the description complete: who may call, and what the chapters are.
pub fn complete(document: &mut Value) {
    document["info"]["version"] = super::VERSION.into();
    document["info"]["description"] =
        "Agents, chat, tasks, MCP servers, files and channels. Every error has one envelope; every answer has \
         `X-Request-ID`, and those to a user `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`."
            .into();
    let scheme = json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" });
    document["components"]["securitySchemes"] = json!({ "bearer": scheme });
    let chapters = ["Service", "Authentication", "Agents", "Chat", "MCP servers", "Tasks", "Files", "WebSocket"];
    document["tags"] = chapters.iter().map(|name| json!({ "name": name })).collect();
    // It is no path below the prefix.
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.remove(greeting::ROOT);
    }
    let items = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in items.filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        if operation.get("security").is_some() {
            operation["security"] = json!([{ "bearer": [] }]);
        }
    }
}

//! Dialects for tests: routes that do one thing each.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use futures_util::stream::{self, StreamExt as _};
use http::StatusCode;
use ombud::dialects::{Dialect, WantsCredential};
use ombud::domain::Error;
use ombud::http::{Caller, Door, Needs, RequestId, Route, Routes, event_stream, frame, json, read_json, status_of, text};
use serde_json::json;

/// The dialect `one`: its errors are `{"one": message}`, and it owns `/things` and below it `/things/deep`.
pub fn one() -> Dialect {
    Dialect {
        name: "one",
        title: "One",
        routes: routes("one"),
        owns: &["/things", "/things/deep"],
        refuse: |error| json(status_of(error), &json!({ "one": error.message })),
        fallback: None,
        sockets: ombud::http::SocketEvents::new(),
        wants_credential: WantsCredential::No,
        finish: None,
        paced: &[],
        description: None,
        around: None,
    }
}

/// The dialect `two`: it claims what `one` claims, and owns everything, but not as closely.
pub fn two() -> Dialect {
    let mut routes = routes("two");
    routes.push(Route::get("/only-two", || async { text(StatusCode::OK, "two") }));
    Dialect {
        name: "two",
        title: "Two",
        routes,
        owns: &["/things", "/"],
        refuse: refuse_two,
        fallback: None,
        sockets: ombud::http::SocketEvents::new(),
        wants_credential: WantsCredential::No,
        finish: None,
        paced: &[],
        description: None,
        around: None,
    }
}

fn refuse_two(error: &Error) -> Response {
    json(status_of(error), &json!({ "two": error.message }))
}

fn routes(name: &'static str) -> Routes {
    vec![
        Route::get("/things", move || async move { text(StatusCode::OK, name) }).about("Says who answers"),
        Route::get("/things/{id}", move |Path(id): Path<String>| async move { json(StatusCode::OK, &json!([name, id])) }),
        Route::post("/things/echo", echo).about("Says what came"),
        Route::get("/things/open", || async { text(StatusCode::OK, "open") }).needs(Needs::Nothing),
        Route::get("/things/admin", || async { text(StatusCode::OK, "admin") }).needs(Needs::Admin),
        Route::get("/things/who", who),
        Route::get("/things/panic", panics),
        Route::get("/things/large", || async { json(StatusCode::OK, &vec!["word"; 2_000]) }),
        Route::get("/things/stream", streams),
    ]
}

async fn echo(State(door): State<Door>, request: Request) -> Response {
    match read_json(request, door.settings.server.limits.body_bytes).await {
        Ok(body) => json(StatusCode::OK, &body),
        Err(error) => json(status_of(&error), &json!({ "code": error.code, "message": error.message })),
    }
}

async fn who(Caller(caller): Caller, request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone());
    json(StatusCode::OK, &json!({ "name": caller.name, "admin": caller.is_admin(), "request": id }))
}

async fn panics() -> Response {
    panic!("a secret word")
}

/// One frame, and then nothing more until the server leaves.
async fn streams(State(door): State<Door>) -> Response {
    let frames = stream::iter([frame(Some("1"), "first")]).chain(stream::pending());
    event_stream(frames, None, door.leaving.clone().cancelled_owned())
}

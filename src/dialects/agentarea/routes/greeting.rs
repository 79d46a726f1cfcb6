//! That the service runs, and its documentation.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::super::VERSION;
use super::super::errors::AreaError;
use super::super::request::{Answer, Asked};
use super::super::wire::{Greeting, HealthAnswer, Refusal};
use crate::domain::Principal;
use crate::http::{Meant, Needs, Route, Routes, Shape, empty, json as reply};

/// The page of all APIs, which shows this one.
const PAGE: &str = "/docs/index.html?urls.primaryName=AgentArea%20API";

/// Its root. The bare one is that of the console, or of a web interface.
pub const ROOT: &str = "/agentarea";

/// The routes.
pub fn routes() -> Routes {
    let page = |route: Route| {
        route.needs(Needs::Nothing).gives_nothing(StatusCode::FOUND, "To the page, which is the same for all APIs.")
    };
    vec![
        Route::get(ROOT, root)
            .about("That the service runs")
            .named_in("Service", "root")
            .needs(Needs::Nothing)
            .gives::<Greeting>(StatusCode::OK, "It does."),
        Route::get("/health", health)
            .about("How the service is")
            .named_in("Service", "health")
            .needs(Needs::Nothing)
            .meant(meant)
            .gives::<HealthAnswer>(StatusCode::OK, "It is healthy.")
            .gives::<Refusal>(StatusCode::SERVICE_UNAVAILABLE, "The store cannot be used."),
        page(Route::get("/docs", page_of_all)).about("This API, to read and to try").named_in("Service", "docs"),
        page(Route::get("/redoc", page_of_all)).about("The same page").named_in("Service", "redoc"),
    ]
}

async fn root(_: Asked) -> Answer {
    Ok(reply(StatusCode::OK, &Greeting { message: "AgentArea API is running." }))
}

/// Whether a request means this API where another has the same path: that cannot be told unless it shows a key in a way that
/// is not this one's.
fn meant(shape: &Shape<'_>) -> Meant {
    if shape.head.headers.contains_key("x-api-key") { Meant::Other } else { Meant::Both }
}

async fn health(asked: Asked) -> Answer {
    let health = asked.engine().health(&Principal::house()).await?;
    if let Some(error) = health.error {
        return Err(AreaError::from(error));
    }
    let timestamp = asked.door.clock.now().to_string();
    Ok(reply(StatusCode::OK, &HealthAnswer { status: "healthy", timestamp, version: VERSION, service: "ombud" }))
}

async fn page_of_all(_: Asked) -> Answer {
    Ok(to_page())
}

fn to_page() -> Response {
    let mut response = empty(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(PAGE));
    response
}

//! The server's own routes: how it is, what it measures, and the description of every API.

use std::sync::{Arc, OnceLock};

use axum::extract::{Path, State};
use axum::response::Response;
use axum::{Extension, body::Body};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::metrics::Metrics;
use super::openapi;
use crate::dialects::Dialect;
use crate::domain::{Error, ErrorCode};
use crate::http::{Caller, Door, Needs, Route, empty, json as reply, refuse};

/// The media type of the measurements.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the page of the APIs may load: only what comes from here.
const PAGE_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// The routes with their paths, and the descriptions of these dialects.
pub(super) fn all(dialects: &[Dialect]) -> Vec<(String, Route)> {
    let urls: Arc<Vec<(String, String)>> = Arc::new(
        dialects.iter().map(|dialect| (dialect.title.to_owned(), format!("/{}/openapi.json", dialect.name))).collect(),
    );
    let own = vec![
        Route::get("/healthz", || async { reply(StatusCode::OK, &json!({ "status": "ok" })) })
            .about("Whether the process answers")
            .needs(Needs::Nothing),
        Route::get("/readyz", ready).about("Whether it takes work").needs(Needs::Nothing),
        Route::get("/metrics", measured).about("What it measures"),
        Route::get("/docs", || async { to_page() }).about("The APIs, to read and to try").needs(Needs::Nothing),
        Route::get("/docs/{*file}", move |Path(file): Path<String>| {
            let urls = Arc::clone(&urls);
            async move { page(&file, &urls) }
        })
        .about("Files of the page of the APIs")
        .needs(Needs::Nothing),
    ];
    let mut routes: Vec<_> = own.into_iter().map(|route| (route.pattern.to_owned(), route)).collect();
    for dialect in dialects {
        let Dialect { name, title, description, .. } = *dialect;
        let its_routes = dialect.routes.clone();
        let own = described(move || openapi::document(name, title, &its_routes, description));
        routes.push((format!("/{name}/openapi.json"), own));
        let Some(description) = description else { continue };
        let its_routes = dialect.routes.clone();
        let bare = described(move || openapi::bare(name, title, &its_routes, description));
        routes.push((description.also_at.to_owned(), bare));
    }
    routes
}

/// A route that tells a description, which is made when it is first asked for: the server is ready sooner.
fn described(make: impl Fn() -> serde_json::Value + Send + Sync + 'static) -> Route {
    let described = Arc::new((make, OnceLock::new()));
    let route = Route::get("/openapi.json", move || {
        let described = Arc::clone(&described);
        async move { reply(StatusCode::OK, described.1.get_or_init(&described.0)) }
    });
    route.about("The description of this API").needs(Needs::Nothing)
}

async fn ready(State(door): State<Door>) -> Response {
    if door.leaving.is_cancelled() {
        return refuse(&Error::new(ErrorCode::Unavailable, "the server leaves"));
    }
    match door.engine.health(&crate::domain::Principal::house()).await {
        Ok(health) => match health.error {
            None => reply(StatusCode::OK, &json!({ "status": "ready" })),
            Some(error) => refuse(&error),
        },
        Err(error) => refuse(&error),
    }
}

async fn measured(
    State(door): State<Door>,
    Extension(metrics): Extension<Arc<Metrics>>,
    Caller(caller): Caller,
) -> Response {
    let text = match door.engine.health(&caller).await {
        Ok(health) => metrics.text(&health),
        Err(error) => Err(error),
    };
    match text {
        Ok(text) => with_type(OPENMETRICS, Body::from(text)),
        Err(error) => refuse(&error),
    }
}

fn to_page() -> Response {
    let mut response = empty(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/docs/index.html"));
    response
}

fn page(file: &str, urls: &[(String, String)]) -> Response {
    let urls = urls.iter().map(|(title, path)| utoipa_swagger_ui::Url::new(title, path));
    let config = utoipa_swagger_ui::Config::new(urls);
    match utoipa_swagger_ui::serve(file, Arc::new(config)) {
        Ok(Some(found)) => {
            let mut response = with_type(&found.content_type, Body::from(titled(file, found.bytes.into_owned())));
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
            response
        }
        Ok(None) => refuse(&Error::not_found("page", crate::config::printable(file))),
        Err(error) => refuse(&Error::internal(format!("the page cannot be shown: {error}"))),
    }
}

/// The page with a title of our own.
fn titled(file: &str, page: Vec<u8>) -> Vec<u8> {
    match String::from_utf8(page) {
        Ok(page) if file == "index.html" => {
            page.replacen("<title>Swagger UI</title>", "<title>ombud: the APIs</title>", 1).into()
        }
        Ok(page) => page.into(),
        Err(error) => error.into_bytes(),
    }
}

fn with_type(media_type: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    if let Ok(value) = HeaderValue::from_str(media_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

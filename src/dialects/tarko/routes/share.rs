//! Sharing: a session as a page, for here or uploaded.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::super::plain;
use super::super::share::{Publication, UPLOAD_TIME, Unpublished, web_page};
use super::named::{named, refusal};
use crate::domain::{Error, Principal, Result, SessionId};
use crate::engine::SharedSession;
use crate::http::{Caller, Door, Route, Routes, read_json};
use crate::pages::share_page;

/// The routes.
pub fn all() -> Routes {
    vec![
        Route::post("/api/v1/sessions/share", share)
            .about("A page that replays the session; with `upload`, at the provider of the settings"),
        Route::get("/api/v1/share/config", config).about("Whether pages can be uploaded, and where"),
    ]
}

/// Whether pages can be uploaded, and where.
pub async fn config(State(door): State<Door>) -> Response {
    let provider = &door.settings.server.share_provider;
    let config = json!({ "hasShareProvider": provider.is_some(), "shareProvider": provider });
    crate::http::json(StatusCode::OK, &config)
}

/// A page that replays the session.
pub async fn share(State(door): State<Door>, Caller(caller): Caller, request: Request<Body>) -> Response {
    let uri = request.uri().clone();
    let body = match read_json(request, door.settings.server.limits.body_bytes).await {
        Ok(body) => body,
        Err(error) => return super::super::errors::refuse(&error),
    };
    let session = match named(&door, &caller, &uri, &body).await {
        Ok(session) => session,
        Err(response) => return response,
    };
    let upload = body.get("upload").is_some_and(is_true);
    let provider = door.settings.server.share_provider.as_deref().filter(|_| upload);
    let shared = match provider {
        None => html(&door, &caller, &session).await.map(|html| ("html", html)).map_err(Unpublished::Other),
        Some(provider) => published(&door, &caller, &session, provider).await.map(|url| ("url", url)),
    };
    match shared {
        Ok((name, value)) => {
            crate::http::json(StatusCode::OK, &json!({ "success": true, name: value, "sessionId": session }))
        }
        Err(unpublished) => {
            let text = match &unpublished {
                Unpublished::Status(status) => format!("HTTP error! status: {status}"),
                Unpublished::Answer => "Invalid response from share provider".to_owned(),
                Unpublished::Other(error) => error.message.clone(),
            };
            tracing::warn!(%session, error = %Error::from(unpublished).message, "a session could not be shared");
            refusal(StatusCode::INTERNAL_SERVER_ERROR, &text)
        }
    }
}

/// What counts as true in the original's language.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(_) | Value::Object(_) => true,
    }
}

async fn html(door: &Door, caller: &Principal, session: &SessionId) -> Result<String> {
    let shared = door.engine.share(caller, session).await?;
    Ok(page(door).await?(&shared))
}

async fn published(door: &Door, caller: &Principal, session: &SessionId, provider: &str) -> Result<String, Unpublished> {
    let shared = door.engine.share(caller, session).await?;
    let page = page(door).await?;
    let publication =
        Publication { engine: &*door.engine, caller, provider, time: UPLOAD_TIME, now: door.clock.now(), progress: &|_| () };
    publication.publish(shared, |shared| Ok(page(shared))).await
}

/// What makes the page: the web interface where there is one, else ours.
async fn page(door: &Door) -> Result<Box<dyn FnOnce(&SharedSession) -> String + Send>> {
    let Some(webui) = &door.settings.server.webui else {
        return Ok(Box::new(share_page));
    };
    let (index, config) = (plain::index(webui).await?, webui.config.clone());
    Ok(Box::new(move |shared| web_page(&index, &config, shared)))
}

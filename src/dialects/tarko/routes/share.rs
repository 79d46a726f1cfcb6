//! Sharing: a session as a page, for here or uploaded.

use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::errors::TarkoError;
use super::super::from_wire::is_given;
use super::super::plain;
use super::super::request::{Answer, Asked, asked};
use super::super::share::{Publication, UPLOAD_TIME, Unpublished, web_page};
use super::super::wire::ErrorAnswer;
use super::about_session;
use crate::domain::{Error, ErrorCode, Result, SessionId};
use crate::engine::SharedSession;
use crate::http::{Door, Route, Routes, json as reply};
use crate::pages::share_page;

/// The routes.
pub fn all() -> Routes {
    vec![
        about_session(Route::post("/api/v1/sessions/share", asked(share)))
            .about("A page that replays the session; with `upload`, at the provider of the settings")
            .takes::<ShareRequest>()
            .gives::<ShareAnswer>(StatusCode::OK, "The page, or where it is.")
            .gives::<ErrorAnswer>(StatusCode::INTERNAL_SERVER_ERROR, "The page could not be made, or uploaded."),
        Route::get("/api/v1/share/config", asked(config))
            .about("Whether pages can be uploaded, and where")
            .gives::<ShareConfigAnswer>(StatusCode::OK, "Where."),
    ]
}

/// Which session is shared.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "it describes a body that is read field by field")]
struct ShareRequest {
    /// The session.
    session_id: String,
    /// Whether its page is uploaded, where the settings name a provider.
    upload: Option<bool>,
}

/// The page, or where it is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShareAnswer {
    /// Always true.
    success: bool,
    /// The page.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// The session.
    #[schema(value_type = String)]
    session_id: SessionId,
}

/// Where pages are uploaded.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ShareConfigAnswer {
    /// Whether they can be.
    has_share_provider: bool,
    /// Where.
    share_provider: Option<String>,
}

async fn config(asked: Asked) -> Answer {
    let share_provider = asked.door.settings.server.share_provider.clone();
    Ok(reply(StatusCode::OK, &ShareConfigAnswer { has_share_provider: share_provider.is_some(), share_provider }))
}

async fn share(asked: Asked) -> Answer {
    let session_id = asked.session().await?.summary.session.id;
    let upload = is_given(asked.field("upload"));
    let provider = asked.door.settings.server.share_provider.as_deref().filter(|_| upload);
    let made = match provider {
        None => html(&asked, &session_id).await.map(|html| (Some(html), None)).map_err(Unpublished::Other),
        Some(provider) => published(&asked, &session_id, provider).await.map(|url| (None, Some(url))),
    };
    match made {
        Ok((html, url)) => Ok(reply(StatusCode::OK, &ShareAnswer { success: true, html, url, session_id })),
        // What the caller may not, or nobody can, is told as everywhere.
        Err(Unpublished::Other(error)) if !is_failure(error.code) => Err(error.into()),
        Err(unpublished) => {
            let text = match &unpublished {
                Unpublished::Status(status) => format!("HTTP error! status: {status}"),
                Unpublished::Answer => "Invalid response from share provider".to_owned(),
                Unpublished::Other(error) => error.message.clone(),
            };
            let error = Error::from(unpublished);
            tracing::warn!(session = %session_id, error = %error.message, "a session could not be shared");
            Err(TarkoError::new(StatusCode::INTERNAL_SERVER_ERROR, "SHARE_FAILED", &text).says(error.message))
        }
    }
}

/// Whether something went wrong on the way, which is 500 here whatever it was.
fn is_failure(code: ErrorCode) -> bool {
    code.http_status() >= 500 && code != ErrorCode::NotSupported
}

async fn html(asked: &Asked, session: &SessionId) -> Result<String> {
    let shared = asked.engine().share(&asked.caller, session).await?;
    Ok(page(&asked.door).await?(&shared))
}

async fn published(asked: &Asked, session: &SessionId, provider: &str) -> Result<String, Unpublished> {
    let shared = asked.engine().share(&asked.caller, session).await?;
    let page = page(&asked.door).await?;
    let publication = Publication {
        engine: asked.engine(),
        caller: &asked.caller,
        provider,
        time: UPLOAD_TIME,
        now: asked.door.clock.now(),
        progress: &|_| (),
    };
    publication.publish(shared, |shared| Ok(page(shared))).await
}

/// What makes the page: the web interface where there is one, else ours.
async fn page(door: &Door) -> Result<Box<dyn FnOnce(&SharedSession) -> String + Send>> {
    let Some(webui) = &door.settings.server.webui else { return Ok(Box::new(share_page)) };
    let (index, config) = (plain::index(webui).await?, webui.config.clone());
    Ok(Box::new(move |shared| web_page(&index, &config, shared)))
}

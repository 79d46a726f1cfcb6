//! Sharing for people in a browser: the page of a session, and its upload.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, header};
use serde::{Deserialize, Serialize};

use super::errors::NativeError;
use super::request::{Answer, Asked, Given, Gives};
use crate::dialects::tarko::{Publication, UPLOAD_TIME};
use crate::domain::{Error, ErrorCode, SessionId};
use crate::http::{Caller, Door};
use crate::pages::share_page;
use crate::remote::wire::{Nothing, OfSession};

/// What a page may do that is opened here instead of being downloaded: run its own script (its head says which), in an
/// origin of its own that can reach nothing of this server; open links.
const APART: &str = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-modals";

/// A page of a session, in the query of the address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfPage {
    /// The session.
    pub session: SessionId,
    /// Anything: as a file, not to be shown.
    #[serde(default)]
    pub download: Option<String>,
}

/// Where sessions can be uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sharing {
    /// The host of the provider; absent = there is none.
    pub provider: Option<String>,
}

/// Where a session was uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The address of its page.
    pub url: String,
}

/// `GET page`.
pub async fn page(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(asked): Asked<OfPage>,
) -> Result<Response, NativeError> {
    SessionId::parse(asked.session.as_str())?;
    let shared = door.engine.share(&caller, &asked.session).await?;
    let mut response = Response::new(Body::from(share_page(&shared)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(APART));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if asked.download.is_some() {
        // An id holds letters, digits and four signs, none of which ends the name.
        let name = format!("attachment; filename=\"ombud-share-{}.html\"", asked.session.as_str().replace(':', "-"));
        let name = HeaderValue::from_str(&name).map_err(|error| Error::internal(format!("a file name: {error}")))?;
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(super::told(response))
}

/// `POST sharing`.
pub async fn sharing(State(door): State<Door>, Given(Nothing {}): Given<Nothing>) -> Answer<Sharing> {
    // Its address may hold a password; its host may be told.
    let provider = door.settings.server.share_provider.as_deref();
    let host = provider.and_then(|provider| provider.parse::<http::Uri>().ok()?.host().map(str::to_owned));
    Ok(Gives(Sharing { provider: provider.map(|_| host.unwrap_or_else(|| "the provider".to_owned())) }))
}

/// `POST publish`.
pub async fn publish(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfSession>) -> Answer<Published> {
    let Some(provider) = door.settings.server.share_provider.as_deref() else {
        let error = Error::new(ErrorCode::NotSupported, "no provider is configured to upload to");
        return Err(error.hint("set `share.provider`, or download the page").into());
    };
    let shared = door.engine.share(&caller, &of.session).await?;
    let publication = Publication {
        engine: &*door.engine,
        caller: &caller,
        provider,
        time: UPLOAD_TIME,
        now: door.clock.now(),
        progress: &|_| (),
    };
    let url = publication.publish(shared, |shared| Ok(share_page(shared))).await.map_err(Error::from)?;
    Ok(Gives(Published { url }))
}

//! The routes: those that are the newer API's own under an older path, and those that differ.

use http::{Method, StatusCode};

use super::to_wire;
use super::wire::{
    BrowserControl, ErrorBody, EventList, LatestSession, ModelInfo, NewId, OneSession, RestoredSession, SessionBody,
    SessionList, UpdateBody,
};
use crate::dialects::tarko::{self, Answer, Asked, TarkoError, asked};
use crate::domain::{Cursor, Labels, SessionUpdated};
use crate::engine::{NewSession, Orphans, SessionFilter, SessionItem};
use crate::http::{Route, Routes, json};

/// Routes that are the same: (method, path there, path here).
const SAME: [(Method, &str, &str); 11] = [
    (Method::GET, "/api/v1/health", "/api/health"),
    (Method::GET, "/api/v1/share/config", "/api/share/config"),
    (Method::GET, "/api/v1/sessions/status", "/api/sessions/status"),
    (Method::POST, "/api/v1/sessions/generate-summary", "/api/sessions/generate-summary"),
    (Method::POST, "/api/v1/sessions/share", "/api/sessions/share"),
    (Method::POST, "/api/v1/sessions/query", "/api/sessions/query"),
    (Method::POST, "/api/v1/sessions/query/stream", "/api/sessions/query/stream"),
    (Method::POST, "/api/v1/sessions/abort", "/api/sessions/abort"),
    (Method::POST, "/api/v1/oneshot/query", "/api/oneshot/query"),
    (Method::POST, "/api/v1/oneshot/query/stream", "/api/oneshot/query/stream"),
    (Method::GET, "/api/v1/sessions/events/stream", "/api/sessions/events/stream"),
];

/// Sessions of one list, unless `limit` says less.
const LISTED: usize = 1_000;

/// Every route.
pub fn all() -> Routes {
    let mut routes = differing();
    let newer = tarko::dialect().routes;
    for (method, there, here) in SAME {
        let same = newer.iter().find(|route| route.method == method && route.pattern == there);
        routes.extend(same.map(|route| Route { pattern: here, ..route.clone() }));
    }
    routes
}

fn differing() -> Routes {
    let id = ("sessionId", "The session; may stand in the body instead.", false);
    let about_session = |route: Route| {
        route
            .gives::<ErrorBody>(StatusCode::BAD_REQUEST, "No session was named.")
            .gives::<ErrorBody>(StatusCode::NOT_FOUND, "There is no such session.")
    };
    let events = |route: Route| {
        about_session(route.about("What happened in a session, oldest first"))
            .query("after", "Only what came after this cursor.", false)
            .gives::<EventList>(StatusCode::OK, "The events.")
    };
    vec![
        Route::get("/api/model-info", asked(model_info))
            .about("The model that is asked by default")
            .gives::<ModelInfo>(StatusCode::OK, "The model."),
        Route::get("/api/sessions", asked(sessions))
            .about("Sessions, the one in which something happened last first")
            .query("limit", "Most sessions; at most 1000.", false)
            .query("after", "`next` of the page before.", false)
            .gives::<SessionList>(StatusCode::OK, "The sessions."),
        Route::post("/api/sessions/create", asked(create))
            .about("Makes a session")
            .gives::<NewId>(StatusCode::CREATED, "Its id.")
            .gives::<ErrorBody>(StatusCode::CONFLICT, "The server works on one session at a time, and is at work."),
        about_session(Route::get("/api/sessions/details", asked(details)))
            .about("One session")
            .query(id.0, id.1, id.2)
            .gives::<OneSession>(StatusCode::OK, "The session."),
        events(Route::get("/api/sessions/events", asked(told))).query(id.0, id.1, id.2),
        events(Route::post("/api/sessions/events", asked(told))).takes::<SessionBody>(),
        Route::get("/api/sessions/events/latest", asked(latest))
            .about("What happened in the session in which something happened last")
            .gives::<LatestSession>(StatusCode::OK, "The session and its events.")
            .gives::<ErrorBody>(StatusCode::NOT_FOUND, "There is no session."),
        about_session(Route::post("/api/sessions/update", asked(update)))
            .about("Changes name and tags of a session")
            .takes::<UpdateBody>()
            .gives::<OneSession>(StatusCode::OK, "The session."),
        about_session(Route::post("/api/sessions/delete", asked(delete)))
            .about("Ends a session, for good")
            .takes::<SessionBody>()
            .gives_media(StatusCode::OK, "application/json", "`{success}`: it is gone."),
        about_session(Route::post("/api/sessions/restore", asked(restore)))
            .about("Goes on with the run of a session whose process died")
            .takes::<SessionBody>()
            .gives::<RestoredSession>(StatusCode::OK, "The session, which can be used."),
        about_session(Route::get("/api/sessions/browser-control", asked(browser_control)))
            .about("How a browser is controlled")
            .query(id.0, id.1, id.2)
            .gives::<BrowserControl>(StatusCode::OK, "It is not."),
        about_session(Route::post("/api/sessions/{id}/abort", asked(abort)))
            .about("Takes back what is being answered")
            .gives_media(StatusCode::OK, "application/json", "`{success}`: whether something was."),
    ]
}

async fn model_info(asked: Asked) -> Answer {
    let models = asked.engine().models(&asked.caller).await?;
    let Some(first) = models.into_iter().next() else {
        return Err(TarkoError::new(StatusCode::NOT_FOUND, "MODEL_NOT_FOUND", "No model is configured"));
    };
    Ok(json(StatusCode::OK, &ModelInfo { provider: first.model.provider, model: first.model.id }))
}

async fn sessions(asked: Asked) -> Answer {
    let limit = asked.text("limit").and_then(|limit| limit.parse().ok()).map_or(LISTED, |limit: usize| limit.min(LISTED));
    let filter = SessionFilter { after: asked.text("after"), limit, ..SessionFilter::default() };
    let page = asked.engine().sessions(&asked.caller, &filter).await?;
    let sessions = page.sessions.iter().map(to_wire::item).collect();
    Ok(json(StatusCode::OK, &SessionList { sessions, next: page.next }))
}

async fn create(asked: Asked) -> Answer {
    tarko::check_exclusive(&asked, None).await?;
    let session = asked.engine().create(&asked.caller, NewSession::default()).await?;
    Ok(json(StatusCode::CREATED, &NewId { session_id: session.id.to_string() }))
}

async fn details(asked: Asked) -> Answer {
    let session = to_wire::item(&asked.session().await?);
    Ok(json(StatusCode::OK, &OneSession { session }))
}

async fn told(asked: Asked) -> Answer {
    let item = asked.session().await?;
    let after = asked.text("after").map(|after| after.parse::<Cursor>()).transpose()?;
    let (events, next) = tarko::so_far(asked.engine(), &asked.caller, &item.summary.session, after).await?;
    Ok(json(StatusCode::OK, &EventList { events, next: next.map(|next| next.to_string()) }))
}

async fn latest(asked: Asked) -> Answer {
    let filter = SessionFilter { limit: 1, ..SessionFilter::default() };
    let page = asked.engine().sessions(&asked.caller, &filter).await?;
    let Some(item) = page.sessions.into_iter().next() else {
        return Err(TarkoError::new(StatusCode::NOT_FOUND, "SESSION_NOT_FOUND", "No sessions found"));
    };
    let session = &item.summary.session;
    let (events, _) = tarko::so_far(asked.engine(), &asked.caller, session, None).await?;
    let session_metadata = to_wire::session(session, None);
    Ok(json(StatusCode::OK, &LatestSession { session_id: session.id.to_string(), session_metadata, events }))
}

async fn update(asked: Asked) -> Answer {
    let session = asked.session().await?.summary.session;
    let title = asked.field("name").map(|name| name.as_str().filter(|name| !name.is_empty()).map(str::to_owned));
    let labels = asked.field("tags").map(|tags| {
        let tags = tags.as_array().into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned));
        let mut labels = Labels::from_tags(tags);
        for (key, value) in session.labels.iter().filter(|(key, _)| *key != Labels::TAG) {
            labels.insert(key, value.to_owned());
        }
        labels
    });
    let change = SessionUpdated { title, labels, ..SessionUpdated::default() };
    let session = asked.engine().update(&asked.caller, &session.id, change).await?;
    Ok(json(StatusCode::OK, &OneSession { session: to_wire::session(&session, None) }))
}

/// The session that is named, in the words of those who look for it in a store.
async fn stored(asked: &Asked) -> Result<SessionItem, TarkoError> {
    asked.session().await.map_err(|error| error.renamed("Session not found", "Session not found in storage"))
}

async fn delete(asked: Asked) -> Answer {
    let session = stored(&asked).await?.summary.session;
    asked.engine().delete(&asked.caller, &session.id).await?;
    Ok(json(StatusCode::OK, &serde_json::json!({ "success": true })))
}

async fn restore(asked: Asked) -> Answer {
    let id = stored(&asked).await?.summary.session.id;
    asked.engine().restore(&asked.caller, Some(&id), Orphans::Resume).await?;
    let session = to_wire::item(&stored(&asked).await?);
    Ok(json(StatusCode::OK, &RestoredSession { success: true, session }))
}

async fn browser_control(asked: Asked) -> Answer {
    asked.session().await?;
    Ok(json(StatusCode::OK, &BrowserControl { mode: "default", tools: Vec::new() }))
}

/// The session stands in the path.
async fn abort(mut asked: Asked) -> Answer {
    let id = asked.uri.path().rsplit('/').nth(1).unwrap_or_default().to_owned();
    asked.uri = http::Uri::from_static("/");
    asked.body.insert("sessionId".to_owned(), id.into());
    tarko::abort(asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_newer_api_that_is_named_is_there() {
        let routes = all();
        for (method, there, here) in SAME {
            let found = routes.iter().any(|route| route.method == method && route.pattern == here);
            assert!(found || there == "/api/v1/sessions/events/stream", "{method} {there}");
        }
    }
}

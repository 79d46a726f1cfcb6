//! `GET sessions/events/stream`: a session as standard Server-Sent Events, which any reader can leave and come back to.

use axum::extract::State;
use axum::response::Response;
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, Uri};

use super::super::errors::TarkoError;
use super::super::follow::{Framing, Since, follow};
use crate::domain::{Error, Result, SessionId};
use crate::http::{Caller, Door, Route, frame, query_pairs, resumable_stream};

/// The route.
pub(super) fn route() -> Route {
    Route::get("/api/v1/sessions/events/stream", stream)
        .about("Everything that happened in a session after a place, and what happens, for as long as the reader stays")
        .query("sessionId", "the session", true)
        .query("after", "the `cursor` or `id` of the last event that the reader has, or `now`; absent = none", false)
        .query("frames", "`native` for the frames of the house instead of this API's events", false)
        .gives_media(
            StatusCode::OK,
            "text/event-stream",
            "`id` is the place of a reader who has the event, `data` the event. A reader that comes back with \
             `Last-Event-ID` goes on exactly there. `event: failed` is the last and says why",
        )
}

async fn stream(
    State(door): State<Door>,
    Caller(caller): Caller,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, TarkoError> {
    let asked = Asked::read(&uri, &headers)?;
    let told = follow(&door, &caller, &asked.session, asked.since, asked.framing).await?;
    let frames = told.map(|next| {
        let next = next?;
        let data =
            serde_json::to_string(&next.told).map_err(|error| Error::internal(format!("an event is no JSON: {error}")))?;
        Ok(frame(Some(&next.place.to_string()), &data))
    });
    Ok(resumable_stream(&door, frames))
}

struct Asked {
    session: SessionId,
    since: Since,
    framing: Framing,
}

impl Asked {
    fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self> {
        let query = query_pairs(uri);
        let find = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let Some(session) = find("sessionId").filter(|id| !id.is_empty()) else {
            return Err(Error::invalid("Session ID is required"));
        };
        // What the browser says when it comes back is newer than what the page once asked for.
        let last = match headers.get("last-event-id") {
            Some(last) => Some(last.to_str().map_err(|_| Error::invalid("Last-Event-ID is not text"))?),
            None => find("after"),
        };
        let since = last.filter(|last| !last.is_empty()).map_or(Ok(Since::Beginning), str::parse)?;
        let framing = match find("frames") {
            None | Some("tarko") => Framing::Tarko,
            Some("native") => Framing::Native,
            Some(other) => return Err(Error::invalid(format!("frames `{other}` are not known")).hint("`tarko` or `native`")),
        };
        let session = SessionId::parse(session).map_err(|_| Error::not_found("session", session))?;
        Ok(Self { session, since, framing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ErrorCode;

    fn read(query: &str, last: Option<&'static str>) -> Result<(String, Since, Framing), ErrorCode> {
        let mut headers = HeaderMap::new();
        if let Some(last) = last {
            headers.insert("last-event-id", http::HeaderValue::from_static(last));
        }
        let uri: Uri = format!("/api/v1/sessions/events/stream{query}").parse().unwrap();
        let asked = Asked::read(&uri, &headers).map_err(|error| error.code)?;
        Ok((asked.session.to_string(), asked.since, asked.framing))
    }

    #[test]
    fn what_is_asked_for() {
        let place = |text: &str| Since::Place(text.parse().unwrap());
        let tarko = Framing::Tarko;
        assert_eq!(read("?sessionId=s", None), Ok(("s".into(), Since::Beginning, tarko)));
        assert_eq!(read("?sessionId=s&after=1:7.0", None), Ok(("s".into(), place("1:7.0"), tarko)));
        assert_eq!(
            read("?sessionId=s&after=1%3A7%2F0%40end~9f&frames=tarko", None),
            Ok(("s".into(), place("1:7/0@end~9f"), tarko))
        );
        assert_eq!(read("?sessionId=s&after=now&frames=native", None), Ok(("s".into(), Since::Now, Framing::Native)));
        assert_eq!(read("?sessionId=s&after=1:1", Some("1:9")), Ok(("s".into(), place("1:9"), tarko)));
        assert_eq!(read("?sessionId=s&after=", Some("")), Ok(("s".into(), Since::Beginning, tarko)));
        for bad in ["", "?sessionId=", "?sessionId=s&after=7", "?sessionId=s&after=1:7.x", "?sessionId=s&frames=other"] {
            assert_eq!(read(bad, None), Err(ErrorCode::InvalidInput), "{bad}");
        }
        assert_eq!(read("?sessionId=s", Some("later")), Err(ErrorCode::InvalidInput));
        assert_eq!(read("?sessionId=../x", None), Err(ErrorCode::NotFound));
    }
}

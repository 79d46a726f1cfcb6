//! The console's files, and what each of them is sent with.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::http::{Needs, Route, empty};
use crate::pages::{CONSOLE_POLICY, PageFile, console};

/// Where the console is found beside a web interface, which has `/`.
const BESIDE: &str = "/console";

/// The routes of the console. Its files hold nothing of the house, so whoever asks gets them: the token is asked for by
/// the page itself. `first` = it stands at `/`, since no web interface does.
pub(super) fn routes(first: bool) -> Vec<(String, Route)> {
    let mut routes = Vec::new();
    for file in console() {
        let route = |path: &str| {
            let handler = move |headers: HeaderMap| async move { send(file, &headers) };
            let route = Route::get(file.path, handler).about("A file of the console").needs(Needs::Nothing);
            (path.to_owned(), route)
        };
        if file.path == "/" {
            routes.push(route(BESIDE));
        }
        if file.path != "/" || first {
            routes.push(route(file.path));
        }
    }
    routes
}

/// A file, or the word that the browser has it already.
fn send(file: &'static PageFile, headers: &HeaderMap) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.etag));
    let mut response =
        if is_known { empty(StatusCode::NOT_MODIFIED) } else { Response::new(Body::from(Bytes::from_static(file.body))) };
    let told = response.headers_mut();
    told.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONSOLE_POLICY));
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    told.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    told.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    told.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    if let Ok(tag) = HeaderValue::from_str(&file.etag) {
        told.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_interface_has_the_first_path_and_the_console_the_second() {
        let paths =
            |first| routes(first).into_iter().map(|(path, _)| path).filter(|path| !path.contains('.')).collect::<Vec<_>>();
        assert_eq!(paths(true), ["/console", "/"]);
        assert_eq!(paths(false), ["/console"]);
    }

    #[test]
    fn a_browser_that_has_a_file_is_not_sent_it_again() {
        let file = &console()[0];
        let mut headers = HeaderMap::new();
        assert_eq!(send(file, &headers).status(), StatusCode::OK);
        for (known, status) in [
            (format!("W/{}", file.etag), StatusCode::NOT_MODIFIED),
            (format!("\"other\", {}", file.etag), StatusCode::NOT_MODIFIED),
            ("\"other\"".to_owned(), StatusCode::OK),
        ] {
            headers.insert(header::IF_NONE_MATCH, known.parse().unwrap());
            let response = send(file, &headers);
            assert_eq!(response.status(), status, "{known}");
            assert_eq!(response.headers()[header::CONTENT_SECURITY_POLICY], CONSOLE_POLICY);
        }
    }
}

//! The page that a request comes from. Programs send no `Origin`; a browser does, and pages of other sites are refused
//! unless the settings name them.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// The methods that pages of other origins may use.
const METHODS: &str = "GET,POST,PUT,PATCH,DELETE,OPTIONS";
/// The headers that they may send where they do not say which they want.
const HEADERS: &str = "Content-Type,Authorization,X-API-KEY,X-Request-Id,Last-Event-ID";
/// The headers that they may read.
const EXPOSED: &str = "X-Request-Id,Retry-After,ETag";
/// How long a browser may remember the answer, in seconds.
const REMEMBERED: &str = "600";

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static ASKS_PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");
static ALLOWS_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// Where a request comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum From {
    /// No browser, or a page of this server.
    Here,
    /// A page that the settings allow.
    Allowed,
    /// Any other page.
    Elsewhere(String),
}

/// The origins whose pages may call.
pub(super) struct Origins {
    all: bool,
    named: Vec<String>,
}

impl Origins {
    /// Those of the settings.
    pub(super) fn new(origins: &[String]) -> Self {
        let named = origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        Self { all: origins.iter().any(|origin| origin == "*"), named }
    }

    /// Where a request for this host comes from; `secure` = over TLS to this server.
    pub(super) fn judge(&self, headers: &HeaderMap, authority: &str, secure: bool) -> From {
        if self.all {
            return From::Allowed;
        }
        if let Some(origin) = headers.get(ORIGIN) {
            let origin = String::from_utf8_lossy(origin.as_bytes()).to_ascii_lowercase();
            return if self.named.contains(&origin) {
                From::Allowed
            } else if is_own(&origin, authority, secure || is_forwarded_securely(headers)) {
                From::Here
            } else {
                From::Elsewhere(origin)
            };
        }
        // What an image or a script of another page asks for has no origin, but browsers say where it comes from. Another
        // port of this host is the same site, and not the same page; a link from there may be followed.
        let says = |name: &HeaderName, word: &str| headers.get(name).is_some_and(|value| value == word);
        let follows_link = says(&SEC_FETCH_MODE, "navigate");
        if says(&SEC_FETCH_SITE, "cross-site") || says(&SEC_FETCH_SITE, "same-site") && !follows_link {
            return From::Elsewhere("another site".to_owned());
        }
        From::Here
    }

    /// What an answer tells the browser.
    pub(super) fn headers(&self, method: &Method, request: &HeaderMap, response: &mut HeaderMap) {
        let origin = request.get(ORIGIN);
        if self.all {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else if self.named.is_empty() {
            return;
        } else {
            response.append(VARY, HeaderValue::from_static("origin"));
            let named = |origin: &&HeaderValue| {
                origin.to_str().is_ok_and(|origin| self.named.contains(&origin.to_ascii_lowercase()))
            };
            let Some(origin) = origin.filter(named) else { return };
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        may(method, request, response, HeaderValue::from_static(METHODS));
    }
}

/// What a page that may call is told beside that.
pub(super) fn may(method: &Method, request: &HeaderMap, response: &mut HeaderMap, methods: HeaderValue) {
    if is_preflight(method, request) {
        response.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        let asked = request.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|asked| is_list_of_names(asked));
        response.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.cloned().unwrap_or(HeaderValue::from_static(HEADERS)));
        response.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED));
        if request.contains_key(&ASKS_PRIVATE) {
            response.insert(ALLOWS_PRIVATE.clone(), HeaderValue::from_static("true"));
        }
    } else {
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// Whether a browser asks what it may ask.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Whether a proxy says that the browser came to it over TLS. A page cannot say so of itself without being asked first.
fn is_forwarded_securely(headers: &HeaderMap) -> bool {
    headers.get(&FORWARDED_PROTO).is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// Whether an origin is that of this server, by the host that the request is meant for and how it came. What came plainly
/// may have passed a proxy with TLS that does not say so.
fn is_own(origin: &str, authority: &str, secure: bool) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let default_port = match scheme {
        "http" if !secure => ":80",
        "https" => ":443",
        _ => return false,
    };
    let plain = |host: &str| host.strip_suffix(default_port).unwrap_or(host).to_owned();
    plain(host) == plain(authority)
}

fn is_list_of_names(value: &HeaderValue) -> bool {
    let good = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_, ".contains(byte);
    value.as_bytes().len() <= 1_024 && value.as_bytes().iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn origins(named: &[&str]) -> Origins {
        Origins::new(&named.iter().map(|origin| (*origin).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn programs_and_the_own_pages_are_let_in() {
        let none = origins(&[]);
        for pairs in [
            &[][..],
            &[("origin", "http://127.0.0.1:3000")],
            &[("origin", "HTTP://127.0.0.1:3000"), ("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate")],
        ] {
            assert_eq!(none.judge(&headers(pairs), "127.0.0.1:3000", false), From::Here, "{pairs:?}");
        }
        assert_eq!(none.judge(&headers(&[("origin", "https://chat.example")]), "chat.example:443", false), From::Here);
    }

    #[test]
    fn the_scheme_of_a_page_counts() {
        let none = origins(&[]);
        let judge = |origin: &'static str, forwarded: Option<&'static str>, secure: bool| {
            let mut pairs = vec![("origin", origin)];
            pairs.extend(forwarded.map(|scheme| ("x-forwarded-proto", scheme)));
            none.judge(&headers(&pairs), "chat.example", secure) == From::Here
        };
        let (plain, tls) = ("http://chat.example", "https://chat.example");
        assert!(judge(tls, None, true) && !judge(plain, None, true));
        assert!(judge(tls, Some("https"), false) && !judge(plain, Some("HTTPS"), false));
        assert!(judge(plain, Some("http"), false) && judge(plain, None, false) && judge(tls, None, false));
        assert!(!judge(plain, Some("http"), true), "who came over TLS did");
    }

    #[test]
    fn other_pages_are_not() {
        let one = origins(&["https://chat.example/"]);
        for origin in [
            "null",
            "http://127.0.0.1:3001",
            "http://chat.example",
            "https://chat.example.evil",
            "file://127.0.0.1:3000",
            "",
        ] {
            let given = headers(&[("origin", origin)]);
            assert_eq!(one.judge(&given, "127.0.0.1:3000", false), From::Elsewhere(origin.to_owned()));
        }
        let beside = headers(&[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")]);
        assert_eq!(one.judge(&beside, "127.0.0.1:3000", false), From::Elsewhere("another site".to_owned()));
        let image = headers(&[("sec-fetch-site", "cross-site")]);
        assert_eq!(one.judge(&image, "127.0.0.1:3000", false), From::Elsewhere("another site".to_owned()));
        assert_eq!(one.judge(&headers(&[("origin", "https://Chat.example")]), "127.0.0.1:3000", false), From::Allowed);
        assert_eq!(origins(&["*"]).judge(&image, "127.0.0.1:3000", false), From::Allowed);
    }

    #[test]
    fn a_browser_is_told_what_it_may_ask() {
        let request = headers(&[
            ("origin", "https://chat.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type, x-octavus-run"),
        ]);
        let told = |origins: &Origins, method: &Method, request: &HeaderMap| {
            let mut response = HeaderMap::new();
            origins.headers(method, request, &mut response);
            let lines = response.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(
            told(&origins(&["https://chat.example"]), &Method::OPTIONS, &request),
            [
                "vary: origin",
                "access-control-allow-origin: https://chat.example",
                "access-control-allow-credentials: true",
                "access-control-allow-methods: GET,POST,PUT,PATCH,DELETE,OPTIONS",
                "access-control-allow-headers: content-type, x-octavus-run",
                "access-control-max-age: 600",
            ]
        );
        assert_eq!(
            told(&origins(&["*"]), &Method::GET, &HeaderMap::new()),
            ["access-control-allow-origin: *", "access-control-expose-headers: X-Request-Id,Retry-After,ETag"]
        );
        assert_eq!(told(&origins(&[]), &Method::OPTIONS, &request), Vec::<String>::new());
        assert_eq!(told(&origins(&["https://other.example"]), &Method::GET, &request), ["vary: origin"]);
    }
}

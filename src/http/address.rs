//! The address under which a client reaches this server.

use http::request::Parts;
use http::{HeaderMap, Uri, header};

use crate::config::ServerSettings;
use crate::domain::{Error, Result};

/// The beginning of every address of this server for whoever sent a request, without a `/` at its end: the one of the
/// settings, else the one that the request names. The guard has checked that this is a name of the server.
///
/// # Errors
/// `invalid_input` when the request names none.
pub fn base_url(settings: &ServerSettings, request: &Parts) -> Result<String> {
    if let Some(url) = &settings.public_url {
        return Ok(url.clone());
    }
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let authority = authority(&request.uri, &request.headers);
    let authority = authority.ok_or_else(|| Error::invalid("the request does not name the host that it is meant for"))?;
    Ok(format!("{scheme}://{authority}"))
}

fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let host = || headers.get(header::HOST)?.to_str().ok();
    uri.authority().map(http::uri::Authority::as_str).or_else(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_say_it_before_the_request() {
        let parts = |uri: &str, host: Option<&str>| {
            let mut request = http::Request::builder().uri(uri);
            if let Some(host) = host {
                request = request.header("host", host);
            }
            request.body(()).unwrap().into_parts().0
        };
        let mut settings = ServerSettings::default();
        let url = |settings: &ServerSettings, uri, host| base_url(settings, &parts(uri, host)).ok();
        assert_eq!(url(&settings, "/x", Some("localhost:3000")).as_deref(), Some("http://localhost:3000"));
        assert_eq!(url(&settings, "http://[::1]:2/x", None).as_deref(), Some("http://[::1]:2"));
        assert_eq!(url(&settings, "/x", None), None);
        settings.tls = Some(crate::config::TlsFiles { certificate: "c".into(), key: "k".into() });
        assert_eq!(url(&settings, "/x", Some("a")).as_deref(), Some("https://a"));
        settings.public_url = Some("https://agents.example/team".to_owned());
        assert_eq!(url(&settings, "/x", Some("a")).as_deref(), Some("https://agents.example/team"));
    }
}

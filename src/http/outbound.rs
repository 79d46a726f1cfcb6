//! Requests to others: where shared sessions and monitoring events go.

use std::time::Duration;

use reqwest::{Certificate, Client, Url, redirect};

use crate::domain::{Error, ErrorCode, Result};

/// Until a connection stands.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// A client for one address, each of whose requests ends within `time`. It follows no redirects: what is sent is meant
/// for that address alone. Programs of this machine are reached without a proxy.
///
/// # Errors
/// `invalid_input` when the text is no address, `unavailable` when no client can be made.
pub fn client_for(address: &str, time: Duration) -> Result<(Client, Url)> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // The address is not shown: it may hold a password.
    let url = url.ok_or_else(|| Error::invalid("the provider's address is not one of http or https"))?;
    let builder = Client::builder()
        .user_agent(concat!("ombud/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIME)
        .timeout(time)
        .redirect(redirect::Policy::none());
    let builder = if is_near(&url) && url.scheme() == "http" {
        builder.no_proxy().tls_certs_only([])
    } else {
        // Without these a system that has no certificates could not even use plain HTTP.
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok());
        builder.tls_certs_merge(roots)
    };
    let client = builder
        .build()
        .map_err(|error| Error::new(ErrorCode::Unavailable, format!("no client can be made: {}", error.without_url())))?;
    Ok((client, url))
}

/// Why a request failed, in words without its address.
pub fn outbound_failure(error: reqwest::Error) -> Error {
    let code = if error.is_timeout() { ErrorCode::TimedOut } else { ErrorCode::Unavailable };
    let error = error.without_url();
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(inner) = source {
        message = format!("{message}: {inner}");
        source = inner.source();
    }
    Error::new(code, message)
}

fn is_near(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_taken() {
        for good in ["http://127.0.0.1:1/x", "https://share.example/api?x=1", "http://[::1]:80", "http://localhost/"] {
            assert!(client_for(good, CONNECT_TIME).is_ok(), "{good}");
        }
        for bad in ["", "share", "file:///etc/passwd", "ftp://x/", "javascript:alert(1)"] {
            let error = client_for(bad, CONNECT_TIME).unwrap_err();
            assert_eq!(error.message, "the provider's address is not one of http or https", "{bad}");
        }
        let near = |url: &str| is_near(&Url::parse(url).unwrap());
        assert!(near("http://127.0.0.1:1") && near("http://[::1]/") && near("http://localhost:3"));
        assert!(!near("http://10.0.0.1/") && !near("https://localhost.example/"));
    }
}

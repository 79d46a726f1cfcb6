//! Who makes requests. Nothing is followed elsewhere, nothing is compressed, and no limit of time is set for a whole
//! answer: whoever reads a stream sets their own.

use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Url, redirect};

/// Until a connection stands. Part of the time until the first byte.
const CONNECT_TIME: Duration = Duration::from_secs(20);
/// How often the other side of a silent connection is asked whether it is still there.
const STILL_THERE: Duration = Duration::from_secs(30);

/// Whether an address is this machine, over plain HTTP.
pub(crate) fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme() == "http" && loopback
}

/// For everywhere: the system's proxies and certificates, together with a set of our own. Reading them takes time.
///
/// # Errors
/// A text without any address, when the system's certificates cannot be used.
pub(crate) fn far() -> Result<Client, String> {
    built(to_far())
}

/// For this machine over plain HTTP: no proxy, no certificates.
///
/// # Errors
/// As [`far`].
pub(crate) fn near() -> Result<Client, String> {
    built(to_near())
}

/// For one address, where each request with its answer ends within a time.
///
/// # Errors
/// As [`far`].
pub(crate) fn limited(url: &Url, time: Duration) -> Result<Client, String> {
    let to = if is_local(url) { to_near() } else { to_far() };
    built(to.timeout(time))
}

fn built(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| error.without_url().to_string())
}

fn to_far() -> ClientBuilder {
    // Without these a system that has no certificates could not even use plain HTTP.
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok());
    builder().tls_certs_merge(roots)
}

fn to_near() -> ClientBuilder {
    builder().no_proxy().tls_certs_only([])
}

fn builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!("ombud/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIME)
        .redirect(redirect::Policy::none())
        // A compressed stream may be held back until a block is full.
        .no_gzip()
        .tcp_nodelay(true)
        .tcp_keepalive(STILL_THERE)
}

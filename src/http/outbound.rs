//! Requests to others: where shared sessions and monitoring events go.

use std::time::Duration;

use reqwest::{Client, Url};

use crate::domain::{Error, ErrorCode, Result};
use crate::outgoing;

/// A client for one address, each of whose requests ends within `time`. It follows no redirects: what is sent is meant
/// for that address alone. Programs of this machine are reached without a proxy.
///
/// # Errors
/// `invalid_input` when the text is no address, `unavailable` when no client can be made.
pub fn client_for(address: &str, time: Duration) -> Result<(Client, Url)> {
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // The address is not shown: it may hold a password.
    let url = url.ok_or_else(|| Error::invalid("the provider's address is not one of http or https"))?;
    let client = outgoing::limited(&url, time)
        .map_err(|error| Error::new(ErrorCode::Unavailable, format!("no client can be made: {error}")))?;
    Ok((client, url))
}

/// Why a request failed, in words without its address.
pub fn outbound_failure(error: reqwest::Error) -> Error {
    let code = if error.is_timeout() { ErrorCode::TimedOut } else { ErrorCode::Unavailable };
    Error::new(code, outgoing::reason(&error.without_url()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_taken() {
        for good in ["http://127.0.0.1:1/x", "https://share.example/api?x=1", "http://[::1]:80", "http://localhost/"] {
            assert!(client_for(good, Duration::from_secs(1)).is_ok(), "{good}");
        }
        for bad in ["", "share", "file:///etc/passwd", "ftp://x/", "javascript:alert(1)"] {
            let error = client_for(bad, Duration::from_secs(1)).unwrap_err();
            assert_eq!(error.message, "the provider's address is not one of http or https", "{bad}");
        }
    }
}

//! Why a request failed.

use std::error::Error as _;
use std::io;

/// What really happened, below the layers that only say that something did.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    text
}

/// Whether a secure connection failed: only TLS finds fault with the bytes that a connection's other end sends, or
/// misses some, before the first request is written.
pub(crate) fn is_tls(error: &reqwest::Error) -> bool {
    let mut source = error.is_connect().then(|| error.source()).flatten();
    while let Some(inner) = source {
        // An input/output error that wraps another hides it from `source`.
        let mut wrapped = inner.downcast_ref::<io::Error>();
        while let Some(found) = wrapped {
            if matches!(found.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) {
                return true;
            }
            wrapped = found.get_ref().and_then(|inner| inner.downcast_ref::<io::Error>());
        }
        source = inner.source();
    }
    false
}

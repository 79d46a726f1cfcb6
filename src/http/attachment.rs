//! Bytes that somebody else wrote, given to a browser: shown only where that is harmless, and never with the rights of
//! the page that asked for them.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};

/// What a browser may show inline: it runs nothing, and holds nothing that runs.
const HARMLESS: [&str; 9] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "audio/mpeg",
    "audio/wav",
    "video/mp4",
    "text/plain",
];

/// An answer that is a file. A type that could run is given as `application/octet-stream`, and all but harmless ones are
/// saved rather than shown.
pub fn attachment(name: &str, media_type: &str, size: Option<u64>, body: Body) -> Response {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let harmless = HARMLESS.contains(&essence.as_str());
    let shown = match essence.as_str() {
        "text/plain" => "text/plain; charset=utf-8",
        essence if harmless => essence,
        _ => "application/octet-stream",
    };
    let disposition = format!("{}; {}", if harmless { "inline" } else { "attachment" }, named(name));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let mut set = |header, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(header, value);
        }
    };
    set(header::CONTENT_TYPE, shown);
    set(header::CONTENT_DISPOSITION, &disposition);
    set(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::CACHE_CONTROL, "no-store");
    if let Some(size) = size {
        set(header::CONTENT_LENGTH, &size.to_string());
    }
    response
}

/// The name of a file in a header: RFC 6266 and 8187.
fn named(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_harmless_is_shown() {
        for (name, media_type, given, disposition) in [
            ("a.png", "image/png", "image/png", "inline; filename*=UTF-8''a.png"),
            ("ä b.txt", "text/plain", "text/plain; charset=utf-8", "inline; filename*=UTF-8''%C3%A4%20b.txt"),
            ("x.html", "text/html; charset=utf-8", "application/octet-stream", "attachment; filename*=UTF-8''x.html"),
            ("x.svg", "image/svg+xml", "application/octet-stream", "attachment; filename*=UTF-8''x.svg"),
            ("a\r\n\".js", "nonsense", "application/octet-stream", "attachment; filename*=UTF-8''a%0D%0A%22.js"),
        ] {
            let response = attachment(name, media_type, Some(3), Body::empty());
            let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap());
            assert_eq!(header(header::CONTENT_TYPE), Some(given), "{name}");
            assert_eq!(header(header::CONTENT_DISPOSITION), Some(disposition), "{name}");
            assert_eq!(header(header::CONTENT_SECURITY_POLICY), Some("sandbox; default-src 'none'"), "{name}");
            assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"), "{name}");
        }
    }
}

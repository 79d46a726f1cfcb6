//! Files on their way out: ranges, conditions, media types, and what keeps a file that somebody else wrote from acting
//! in the name of whoever opens it.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::empty;
use crate::domain::{Error, Result, Timestamp};

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// What a document of somebody else may do when a browser shows it: nothing but look. It has an origin of its own
/// without scripts, forms and windows, so it cannot speak to any API here, and it loads nothing from other hosts.
const SANDBOX: &str = "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self' data:; font-src 'self' data:; \
                       style-src 'self' 'unsafe-inline'";

/// Media types, beside images, sound, films and plain texts, that a browser may show under [`SANDBOX`].
const SHOWN: [&str; 7] =
    ["text/html", "text/plain", "text/markdown", "text/css", "text/csv", "application/json", "image/svg+xml"];

/// Who wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Whoever installed this server: a web interface, which may do what its pages do.
    House,
    /// Anybody else: a model, a tool, an upload.
    Other,
}

/// A file that is sent.
#[derive(Debug)]
pub struct Outgoing {
    /// Opened for reading.
    pub file: File,
    /// Its name, which tells its media type.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Who wrote it.
    pub writer: Writer,
}

/// The path of an address as the words of a file's path, percent-decoded; `None` when it may not name a file: when a
/// word begins with a dot, or it holds a backslash, a control character or what is not UTF-8.
pub fn file_path(path: &str) -> Option<String> {
    plain_words(&percent_decoded(path)?)
}

/// As [`file_path`], below a folder that the path names in full; `None` also when it names another place.
pub fn file_path_below(path: &str, folder: &str) -> Option<String> {
    let decoded = percent_decoded(path)?;
    let rest = decoded.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.starts_with('/') { plain_words(rest) } else { None }
}

fn plain_words(path: &str) -> Option<String> {
    let mut words = Vec::new();
    for word in path.split('/').filter(|word| !word.is_empty()) {
        if word.starts_with('.') || word.chars().any(|c| c == '\\' || c.is_control()) {
            return None;
        }
        words.push(word);
    }
    Some(words.join("/"))
}

pub(super) fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(rest.next())? << 4 | digit(rest.next())?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The media type that a name tells, with a charset for texts.
pub fn media_type(name: &str) -> String {
    let guess = essence(name);
    let essence = guess.essence_str();
    let is_text = guess.type_() == mime_guess::mime::TEXT || matches!(essence, "application/json" | "image/svg+xml");
    if is_text { format!("{essence}; charset=utf-8") } else { essence.to_owned() }
}

/// The media type that a file is sent with. A page of this server could load a script that somebody else wrote, whatever
/// sandbox the script's own answer asks for: so it is text.
fn media_type_of(name: &str, writer: Writer) -> String {
    let own = media_type(name);
    let is_script = own.contains("javascript") || own.contains("ecmascript") || own.contains("jscript");
    if is_script && writer == Writer::Other { "text/plain; charset=utf-8".to_owned() } else { own }
}

/// Sends a file, or the part of it that is asked for, or that the caller has it already. What is sent to HEAD is the
/// same; whoever carries the answer leaves out its body.
///
/// # Errors
/// `unavailable` when the file cannot be read.
pub fn send_file(asked: &HeaderMap, outgoing: Outgoing) -> Result<Response> {
    let Outgoing { mut file, name, size, modified, writer } = outgoing;
    let tag = format!("W/\"{size:x}-{:x}\"", modified.as_millis());
    let changed = http_date(modified);
    let mut response = if is_known(asked, &tag, modified) {
        empty(StatusCode::NOT_MODIFIED)
    } else {
        match range(asked, size, changed.as_deref()) {
            Wanted::Nothing => {
                let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
                set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
                return Ok(response);
            }
            Wanted::Whole => part(file, 0, size, StatusCode::OK),
            Wanted::Part(first, last) => {
                file.seek(SeekFrom::Start(first)).map_err(|error| {
                    Error::new(crate::domain::ErrorCode::Unavailable, format!("`{name}` cannot be read: {error}"))
                })?;
                let mut response = part(file, first, last + 1, StatusCode::PARTIAL_CONTENT);
                set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{size}"));
                response
            }
        }
    };
    set(&mut response, header::ETAG, &tag);
    if let Some(changed) = &changed {
        set(&mut response, header::LAST_MODIFIED, changed);
    }
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    if response.status() != StatusCode::NOT_MODIFIED {
        set(&mut response, header::CONTENT_TYPE, &media_type_of(&name, writer));
    }
    guard(&mut response, &name, essence(&name).essence_str(), writer);
    Ok(response)
}

/// Sends bytes that are at hand, such as a blob, under a name that tells their media type.
pub fn send_bytes(bytes: impl Into<Body>, name: &str, writer: Writer) -> Response {
    let mut response = Response::new(bytes.into());
    set(&mut response, header::CONTENT_TYPE, &media_type_of(name, writer));
    guard(&mut response, name, essence(name).essence_str(), writer);
    response
}

/// What keeps a file in its place.
pub(super) fn guard(response: &mut Response, name: &str, essence: &str, writer: Writer) {
    set(response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // It may be private, and it may have changed: a cache asks each time.
    set(response, header::CACHE_CONTROL, "private, no-cache");
    if writer == Writer::House {
        return;
    }
    set(response, header::CONTENT_SECURITY_POLICY, SANDBOX);
    set(response, header::REFERRER_POLICY, "no-referrer");
    if !is_shown(essence) {
        set(response, header::CONTENT_DISPOSITION, &attachment(name));
    }
}

/// The media type that a name tells, without parameters.
fn essence(name: &str) -> mime_guess::Mime {
    mime_guess::from_path(name).first_or_octet_stream()
}

fn is_shown(essence: &str) -> bool {
    let kind = essence.split('/').next().unwrap_or_default();
    matches!(kind, "image" | "audio" | "video") || SHOWN.contains(&essence)
}

/// `attachment`, with the name in a form for every browser.
pub(super) fn attachment(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let simple: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut exact = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            exact.push(char::from(byte));
        } else {
            exact.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{simple}\"; filename*=UTF-8''{exact}")
}

fn part(file: File, first: u64, end: u64, status: StatusCode) -> Response {
    let length = end - first;
    // A file that grows meanwhile must not send more than was announced.
    let reader = tokio::fs::File::from_std(file).take(length);
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(reader, PIECE)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// Sets a header whose value is made of plain characters.
pub(super) fn set(response: &mut Response, name: HeaderName, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => drop(response.headers_mut().insert(name, value)),
        Err(error) => tracing::error!(%name, %error, "a header cannot be sent"),
    }
}

pub(super) fn http_date(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

/// Whether the caller has the file as it is.
fn is_known(asked: &HeaderMap, tag: &str, modified: Timestamp) -> bool {
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    if let Some(tags) = text(header::IF_NONE_MATCH) {
        return tags.split(',').any(|known| known.trim() == "*" || bare(known) == bare(tag));
    }
    let since = text(header::IF_MODIFIED_SINCE).and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    since.is_some_and(|since| modified.as_millis() / 1_000 <= since.as_second())
}

/// A tag for a weak comparison: `W/` does not count.
pub(super) fn bare(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

/// What of the file is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    /// First and last byte.
    Part(u64, u64),
    /// Bytes that are not there.
    Nothing,
}

/// One range is honoured. Several at once, and what is no range of bytes, get the whole file, as the standard allows.
pub(super) fn range(asked: &HeaderMap, size: u64, changed: Option<&str>) -> Wanted {
    let Some(range) = asked.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Wanted::Whole };
    // The tag is weak, so only the date can prove that the caller's first half belongs to this file.
    if asked.get(header::IF_RANGE).is_some_and(|condition| condition.to_str().ok() != changed) {
        return Wanted::Whole;
    }
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), _) if last.is_empty() && first < size => Wanted::Part(first, size - 1),
        (Ok(first), Ok(last)) if first <= last && first < size => Wanted::Part(first, last.min(size - 1)),
        (Ok(first), _) if last.is_empty() || first >= size => Wanted::Nothing,
        (Err(_), Ok(0)) if first.is_empty() => Wanted::Nothing,
        (Err(_), Ok(tail)) if first.is_empty() && size > 0 => Wanted::Part(size.saturating_sub(tail), size - 1),
        (Err(_), Ok(_)) if first.is_empty() => Wanted::Nothing,
        _ => Wanted::Whole,
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn outgoing(name: &str, content: &str, writer: Writer) -> Outgoing {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, content.as_bytes()).unwrap();
        file.rewind().unwrap();
        let modified = Timestamp::from_millis(1_795_156_323_042);
        Outgoing { file, name: name.to_owned(), size: content.len() as u64, modified, writer }
    }

    async fn sent(name: &str, content: &str, asked: &[(&str, &str)]) -> (u16, Vec<(String, String)>, String) {
        let mut headers = HeaderMap::new();
        for (name, value) in asked {
            headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let response = send_file(&headers, outgoing(name, content, Writer::Other)).unwrap();
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let mut headers: Vec<_> =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        headers.sort();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_file_of_somebody_else_is_sent_in_a_sandbox() {
        let (status, headers, body) = sent("page.html", "<script>fetch('/api')</script>", &[]).await;
        assert_eq!((status, body.as_str()), (200, "<script>fetch('/api')</script>"));
        let expected = [
            ("accept-ranges", "bytes"),
            ("cache-control", "private, no-cache"),
            ("content-length", "30"),
            ("content-security-policy", SANDBOX),
            ("content-type", "text/html; charset=utf-8"),
            ("etag", "W/\"1e-1a1f7a7aae2\""),
            ("last-modified", "Fri, 20 Nov 2026 06:32:03 GMT"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ];
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, expected);
        assert!(!SANDBOX.contains("allow-"), "a sandbox with a hole");
    }

    #[test]
    fn what_a_browser_should_not_show_is_an_attachment() {
        let disposition = |name: &str| {
            let response = send_bytes("x", name, Writer::Other);
            response.headers().get(header::CONTENT_DISPOSITION).map(|value| value.to_str().unwrap().to_owned())
        };
        for shown in ["a.png", "a.svg", "a.md", "a.txt", "a.json", "a.html", "a.mp4", "A.JPG"] {
            assert_eq!(disposition(shown), None, "{shown}");
        }
        for kept in ["a.pdf", "a.zip", "a", "a.xml", "a.xhtml", "a.js", "a.swf", "a.mht", "a.wasm"] {
            assert!(disposition(kept).unwrap().starts_with("attachment; filename=\"a"), "{kept}");
        }
        assert_eq!(
            disposition("grün \"q\".zip").unwrap(),
            "attachment; filename=\"gr_n _q_.zip\"; filename*=UTF-8''gr%C3%BCn%20%22q%22.zip"
        );
        assert!(send_bytes("x", "a.js", Writer::House).headers().get(header::CONTENT_SECURITY_POLICY).is_none());
    }

    #[test]
    fn no_script_of_somebody_else_is_sent_as_one() {
        let kind = |name: &str, writer| {
            let response = send_bytes("x", name, writer);
            response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned()
        };
        for name in ["a.js", "a.mjs", "a.cjs", "A.JS", "a.es", "a.ecma", "a.jsx"] {
            let kind = kind(name, Writer::Other);
            assert!(!kind.contains("script"), "{name}: {kind}");
        }
        assert_eq!(kind("a.js", Writer::Other), "text/plain; charset=utf-8");
        assert_eq!(kind("a.js", Writer::House), "text/javascript; charset=utf-8");
    }

    #[tokio::test]
    async fn parts_are_sent_as_they_are_asked_for() {
        let table = [
            ("bytes=0-1", 206, "ab", Some("bytes 0-1/5")),
            ("bytes=3-", 206, "de", Some("bytes 3-4/5")),
            ("bytes=-2", 206, "de", Some("bytes 3-4/5")),
            ("bytes=-9", 206, "abcde", Some("bytes 0-4/5")),
            ("bytes=4-99", 206, "e", Some("bytes 4-4/5")),
            ("bytes=5-", 416, "", Some("bytes */5")),
            ("bytes=9-10", 416, "", Some("bytes */5")),
            ("bytes=-0", 416, "", Some("bytes */5")),
            ("bytes=2-1", 200, "abcde", None),
            ("bytes=0-1,3-4", 200, "abcde", None),
            ("lines=0-1", 200, "abcde", None),
            ("bytes=a-b", 200, "abcde", None),
            ("bytes=-", 200, "abcde", None),
        ];
        for (asked, status, body, content_range) in table {
            let (got, headers, text) = sent("a.txt", "abcde", &[("range", asked)]).await;
            let range = headers.iter().find(|(name, _)| name == "content-range").map(|(_, value)| value.as_str());
            assert_eq!((got, text.as_str(), range), (status, body, content_range), "{asked}");
        }
        let date = "Fri, 20 Nov 2026 06:32:03 GMT";
        let same = sent("a.txt", "abcde", &[("range", "bytes=0-1"), ("if-range", date)]).await;
        let other = sent("a.txt", "abcde", &[("range", "bytes=0-1"), ("if-range", "W/\"5-1a1f7a7aae2\"")]).await;
        assert_eq!((same.0, other.0), (206, 200));
        let none = sent("a.txt", "", &[("range", "bytes=0-")]).await;
        assert_eq!((none.0, sent("a.txt", "", &[]).await.0), (416, 200));
    }

    #[tokio::test]
    async fn what_the_caller_has_is_not_sent_again() {
        let date = "Fri, 20 Nov 2026 06:32:03 GMT";
        for (name, value, status) in [
            ("if-none-match", "W/\"5-1a1f7a7aae2\"", 304),
            ("if-none-match", "\"x\", \"5-1a1f7a7aae2\"", 304),
            ("if-none-match", "*", 304),
            ("if-none-match", "\"x\"", 200),
            ("if-modified-since", date, 304),
            ("if-modified-since", "Fri, 20 Nov 2026 06:32:02 GMT", 200),
            ("if-modified-since", "yesterday", 200),
        ] {
            let (got, _, body) = sent("a.txt", "abcde", &[(name, value)]).await;
            assert_eq!((got, body.is_empty()), (status, status == 304), "{name}: {value}");
        }
    }

    #[test]
    fn a_path_names_a_file_only_when_it_is_plain() {
        let table = [
            ("/a/b.txt", Some("a/b.txt")),
            ("/", Some("")),
            ("//a///b", Some("a/b")),
            ("/gr%C3%BCn%20b.md", Some("grün b.md")),
            ("/a..b/c", Some("a..b/c")),
            ("/.env", None),
            ("/a/.git/config", None),
            ("/../etc/passwd", None),
            ("/%2e%2e/etc", None),
            ("/a/%2E%2e/b", None),
            ("/a%2f..%2fb", None),
            ("/a%5c..%5cb", None),
            ("/a%00", None),
            ("/a%0ab", None),
            ("/%ff", None),
            ("/%", None),
            ("/%2", None),
            ("/%zz", None),
        ];
        for (path, expected) in table {
            assert_eq!(file_path(path).as_deref(), expected, "{path}");
        }
        let below = |path: &str| file_path_below(path, "/srv/.me/w");
        assert_eq!(below("/srv/.me/w/a/b%20c.md").as_deref(), Some("a/b c.md"));
        for other in ["/srv/.me/wx/a", "/srv/.me/w/.env", "/srv/.me/w/../x", "/a", "/srv/.me/w"] {
            assert_eq!(below(other), None, "{other}");
        }
    }
}

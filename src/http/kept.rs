//! Files that somebody uploaded, on their way out: all of one, or the part that is asked for.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::empty;
use super::files::{Wanted, Writer, attachment, bare, guard, http_date, range, set};
use crate::domain::{File, Timestamp};

/// What of a file that was uploaded an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// The caller has it already.
    Known,
    /// Bytes are asked for that it does not have.
    Nothing,
    /// All of it.
    Whole,
    /// From the first to the last byte.
    Part(u64, u64),
}

impl Portion {
    /// What a request asks for of a file.
    pub fn of(asked: &HeaderMap, file: &File) -> Self {
        let tag = tag(file);
        let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        let is_known = |tags: &str| tags.split(',').any(|known| known.trim() == "*" || bare(known) == bare(&tag));
        if known.is_some_and(is_known) {
            return Self::Known;
        }
        match range(asked, file.size, Some(&tag)) {
            Wanted::Nothing => Self::Nothing,
            Wanted::Whole => Self::Whole,
            Wanted::Part(first, last) => Self::Part(first, last),
        }
    }

    /// The bytes to be read, where some are.
    pub fn bytes(self, file: &File) -> Option<(u64, u64)> {
        match self {
            Self::Known | Self::Nothing => None,
            Self::Whole => file.size.checked_sub(1).map(|last| (0, last)),
            Self::Part(first, last) => Some((first, last)),
        }
    }
}

fn tag(file: &File) -> String {
    format!("\"{}\"", file.blob.as_ref().map_or_else(String::new, ToString::to_string))
}

/// Sends a file that was uploaded, or the part of it that is asked for, under the type that it was uploaded with.
pub fn send_kept(asked: &HeaderMap, file: &File, bytes: Bytes) -> Response {
    let portion = Portion::of(asked, file);
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    let bytes = portion.bytes(file).and_then(|(first, last)| {
        let wanted = place(first)..=place(last);
        (*wanted.end() < bytes.len()).then(|| bytes.slice(wanted))
    });
    send_portion(file, portion, bytes.unwrap_or_default())
}

/// Sends what an answer holds of a file that was uploaded; `bytes` are those that it [asks for](Portion::bytes).
pub fn send_portion(file: &File, portion: Portion, bytes: impl Into<Body>) -> Response {
    let size = file.size;
    let mut response = match portion {
        Portion::Known => empty(StatusCode::NOT_MODIFIED),
        Portion::Nothing => {
            let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return response;
        }
        Portion::Whole => {
            let mut response = Response::new(bytes.into());
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
            response
        }
        Portion::Part(first, last) => {
            let mut response = Response::new(bytes.into());
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(last - first + 1));
            set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{size}"));
            response
        }
    };
    set(&mut response, header::ETAG, &tag(file));
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CONTENT_TYPE, &file.media_type);
    guard(&mut response, &file.name, &file.media_type, Writer::Other);
    response
}

/// Has a browser keep a file, and not show it, whatever it is.
pub fn as_attachment(response: &mut Response, name: &str) {
    set(response, header::CONTENT_DISPOSITION, &attachment(name));
}

/// Says when what an answer holds was last changed.
pub fn sent_at(response: &mut Response, changed: Timestamp) {
    if let Some(date) = http_date(changed) {
        set(response, header::LAST_MODIFIED, &date);
    }
}

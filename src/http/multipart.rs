//! `multipart/form-data`, part by part as it comes: heads are small, and a part is never whole in memory.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, header};
use tokio::sync::Mutex;

use crate::domain::{Error, ErrorCode, Result};

/// Most bytes of what stands before a part.
const HEAD: usize = 8 << 10;
/// Most parts of one body.
const PARTS: usize = 64;
/// Most characters of a boundary, as the standard has it.
const BOUNDARY: usize = 70;

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// What is said of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartHead {
    /// The name of its field.
    pub name: String,
    /// The name of the file that it holds, as it was told; `None` = it is no file.
    pub file_name: Option<String>,
    /// Its media type, as it was told.
    pub media_type: Option<String>,
}

/// Where the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a part, or before the first one.
    Inside,
    /// After a delimiter.
    Between,
    /// After the last one.
    After,
}

/// A body in parts.
pub struct Multipart {
    pieces: Pieces,
    read: BytesMut,
    /// The line break, hyphens and boundary that end a part.
    delimiter: Vec<u8>,
    place: Place,
    parts: usize,
    left: u64,
    limit: u64,
}

impl Multipart {
    /// A body of at most `limit` bytes, as the headers of its request describe it.
    ///
    /// # Errors
    /// `invalid_input` when it is not in parts, or its boundary is none; `too_large` when it says that it is.
    pub fn new(headers: &HeaderMap, pieces: impl Stream<Item = Result<Bytes>> + Send + 'static, limit: u64) -> Result<Self> {
        let told = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if told.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let boundary = boundary(headers).ok_or_else(|| {
            Error::invalid("the body is not multipart/form-data with a boundary").hint("send the file as a form does")
        })?;
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        // So that the first delimiter, which may begin the body, looks like all others.
        let read = BytesMut::from(&b"\r\n"[..]);
        Ok(Self { pieces: Box::pin(pieces), read, delimiter, place: Place::Inside, parts: 0, left: limit, limit })
    }

    /// What is said of the next part; `None` after the last. What is left of the part before is passed over.
    ///
    /// # Errors
    /// `invalid_input` when the body breaks off, or a part does not say what it is; `too_large`.
    pub async fn next(&mut self) -> Result<Option<PartHead>> {
        while self.piece().await?.is_some() {}
        if self.place == Place::After {
            return Ok(None);
        }
        // Behind a delimiter: `--` ends the body, a line break begins a part.
        self.fill(2).await?;
        if self.read.starts_with(b"--") {
            self.place = Place::After;
            return Ok(None);
        }
        let end = loop {
            if let Some(end) = find(&self.read, b"\r\n\r\n") {
                break end;
            }
            if self.read.len() > HEAD {
                return Err(Error::invalid(format!("what stands before a part has more than {HEAD} bytes")));
            }
            self.more().await?;
        };
        self.parts += 1;
        if self.parts > PARTS {
            return Err(Error::new(ErrorCode::TooLarge, format!("the body has more than {PARTS} parts")));
        }
        let head = self.read.split_to(end + 4);
        self.place = Place::Inside;
        part_head(&head).map(Some)
    }

    /// The next bytes of the part; `None` at its end.
    ///
    /// # Errors
    /// As [`Multipart::next`].
    pub async fn piece(&mut self) -> Result<Option<Bytes>> {
        while self.place == Place::Inside {
            if let Some(end) = find(&self.read, &self.delimiter) {
                let piece = self.read.split_to(end);
                if piece.is_empty() {
                    let _ = self.read.split_to(self.delimiter.len());
                    self.place = Place::Between;
                    return Ok(None);
                }
                return Ok(Some(piece.freeze()));
            }
            // The last bytes may begin a delimiter.
            let sure = self.read.len().saturating_sub(self.delimiter.len() - 1);
            if sure > 0 {
                return Ok(Some(self.read.split_to(sure).freeze()));
            }
            self.more().await?;
        }
        Ok(None)
    }

    /// The part as text of at most so many bytes.
    ///
    /// # Errors
    /// As [`Multipart::next`]; `invalid_input` when it is not UTF-8.
    pub async fn text(&mut self, limit: usize) -> Result<String> {
        let mut text = Vec::new();
        while let Some(piece) = self.piece().await? {
            if text.len() + piece.len() > limit {
                return Err(Error::new(ErrorCode::TooLarge, format!("a field has more than {limit} bytes")));
            }
            text.extend_from_slice(&piece);
        }
        String::from_utf8(text).map_err(|_| Error::invalid("a field is not UTF-8"))
    }

    /// Reads until so many bytes are there.
    async fn fill(&mut self, length: usize) -> Result<()> {
        while self.read.len() < length {
            self.more().await?;
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<()> {
        let Some(piece) = self.pieces.next().await else {
            return Err(Error::invalid("the body breaks off before its last part has ended"));
        };
        let piece = piece?;
        let length = piece.len() as u64;
        self.left = self.left.checked_sub(length).ok_or_else(|| too_large(self.limit))?;
        self.read.extend_from_slice(&piece);
        Ok(())
    }
}

/// The bytes of the part that comes next, for whoever takes them elsewhere.
pub fn part_pieces(body: &Arc<Mutex<Multipart>>) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    futures_util::stream::unfold(Some(Arc::clone(body)), |body| async move {
        let body = body?;
        let piece = body.lock().await.piece().await;
        match piece {
            Ok(piece) => piece.map(|piece| (Ok(piece), Some(body))),
            Err(error) => Some((Err(error), None)),
        }
    })
}

fn too_large(limit: u64) -> Error {
    Error::new(ErrorCode::TooLarge, format!("the body is larger than {limit} bytes"))
}

/// The boundary that the headers name.
fn boundary(headers: &HeaderMap) -> Option<String> {
    let told = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (essence, rest) = told.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameters(rest).into_iter().find(|(name, _)| name == "boundary")?.1;
    (1..=BOUNDARY).contains(&boundary.len()).then_some(boundary)
}

/// Where bytes begin in others. All that is looked for begins with a carriage return.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| *byte == b'\r') {
        if bytes[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

/// What stands before a part.
fn part_head(head: &[u8]) -> Result<PartHead> {
    let text = String::from_utf8_lossy(head);
    let mut told = None;
    let mut media_type = None;
    for line in text.split("\r\n").filter(|line| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Err(Error::invalid("a line before a part is none of `Name: value`"));
        };
        if name.trim().eq_ignore_ascii_case("content-disposition") {
            told = Some(value);
        } else if name.trim().eq_ignore_ascii_case("content-type") {
            media_type = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
        }
    }
    let (essence, rest) = told.and_then(|told| told.split_once(';')).unwrap_or_default();
    let mut parameters = parameters(rest);
    let mut take = |wanted: &str| {
        let at = parameters.iter().position(|(name, _)| name == wanted)?;
        Some(parameters.swap_remove(at).1)
    };
    let exact = take("filename*").and_then(|value| extended(&value));
    let file_name = exact.or_else(|| take("filename"));
    match take("name").filter(|_| essence.trim().eq_ignore_ascii_case("form-data")) {
        Some(name) => Ok(PartHead { name, file_name, media_type }),
        None => Err(Error::invalid("a part does not say which field it is")),
    }
}

/// `name=value; name="value"`, with names in lower case.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_start_matches([';', ' ', '\t']).trim().to_ascii_lowercase();
        let after = after.trim_start();
        let value = if let Some(quoted) = after.strip_prefix('"') {
            let (value, left) = unquoted(quoted);
            rest = left;
            value
        } else {
            let (value, left) = after.split_once(';').unwrap_or((after, ""));
            rest = left;
            value.trim().to_owned()
        };
        found.push((name, value));
    }
    found
}

/// A quoted text, and what stands after it. Browsers write a quote as `%22`, others as `\"`; any other backslash is one.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(escaped) = ["\\\"", "%22"].iter().find(|escaped| rest.starts_with(**escaped)) {
            value.push('"');
            rest = &rest[escaped.len()..];
            continue;
        }
        rest = &rest[next.len_utf8()..];
        if next == '"' {
            break;
        }
        value.push(next);
    }
    (value, rest)
}

/// `UTF-8''…` with escaped bytes.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, escaped) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    super::files::percent_decoded(escaped)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http::HeaderValue;

    use super::*;

    fn headers(content_type: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))])
    }

    /// A body that comes in pieces of so many bytes.
    fn body(text: &str, piece: usize, limit: u64) -> Multipart {
        let pieces: Vec<_> = text.as_bytes().chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Multipart::new(&headers("multipart/form-data; boundary=\"b:1\""), stream::iter(pieces), limit).unwrap()
    }

    /// All parts, or why not.
    async fn parts(mut body: Multipart) -> Result<Vec<(PartHead, String)>> {
        let mut parts = Vec::new();
        while let Some(head) = body.next().await? {
            let text = body.text(1_000).await?;
            parts.push((head, text));
        }
        Ok(parts)
    }

    const WHOLE: &str = "a preamble\r\n--b:1\r\ncontent-disposition: form-data; name=\"metadata\"\r\n\r\n{}\r\n--b:1 \r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=file; filename=\"résumé; \\\"1\\\".txt\"\r\n\
        \r\n\r\n--b:\r\n-\r\n--b:1\r\nContent-Disposition: FORM-DATA; filename*=utf-8''%c3%a4.bin; filename=\"a.bin\"; name=\"x\"\r\n\r\n\r\n--b:1--\r\nend";

    #[tokio::test]
    async fn parts_are_read_however_they_come() {
        let head = |name: &str, file_name: Option<&str>, media_type: Option<&str>| PartHead {
            name: name.to_owned(),
            file_name: file_name.map(str::to_owned),
            media_type: media_type.map(str::to_owned),
        };
        let expected = vec![
            (head("metadata", None, None), "{}".to_owned()),
            (head("file", Some("résumé; \"1\".txt"), Some("text/plain; charset=utf-8")), "\r\n--b:\r\n-".to_owned()),
            (head("x", Some("ä.bin"), None), String::new()),
        ];
        for piece in [1, 2, 3, 7, 64, 10_000] {
            assert_eq!(parts(body(WHOLE, piece, 10_000)).await.as_ref(), Ok(&expected), "{piece}");
        }
    }

    #[tokio::test]
    async fn what_is_broken_is_refused() {
        let end = WHOLE.find("--b:1--").unwrap();
        for length in [0, 5, 20, 60, 100, end - 3, end, end + 5, end + 6] {
            let error =
                parts(body(&WHOLE[..(0..=length).rev().find(|at| WHOLE.is_char_boundary(*at)).unwrap()], 16, 10_000))
                    .await
                    .unwrap_err();
            assert_eq!(error.message, "the body breaks off before its last part has ended", "{length}");
        }
        for (text, why) in [
            ("--b:1\r\nno colon\r\n\r\nx\r\n--b:1--", "a line before a part is none of `Name: value`"),
            ("--b:1\r\nContent-Type: a/b\r\n\r\nx\r\n--b:1--", "a part does not say which field it is"),
            (
                "--b:1\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b:1--",
                "a part does not say which field it is",
            ),
            ("--b:1\r\n\r\nx\r\n--b:1--", "a part does not say which field it is"),
        ] {
            assert_eq!(parts(body(text, 16, 10_000)).await.unwrap_err().message, why, "{text:?}");
        }
        let long = format!("--b:1\r\nX: {}", "x".repeat(HEAD));
        let error = parts(body(&long, 512, 1 << 20)).await.unwrap_err();
        assert_eq!(error.message, "what stands before a part has more than 8192 bytes");
        let many = "--b:1\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(PARTS + 1) + "--b:1--";
        assert_eq!(parts(body(&many, 512, 1 << 20)).await.unwrap_err().code, ErrorCode::TooLarge);
    }

    #[tokio::test]
    async fn a_body_has_a_limit() {
        let length = WHOLE.len() as u64;
        assert!(parts(body(WHOLE, 16, length)).await.is_ok());
        assert_eq!(parts(body(WHOLE, 16, length - 10)).await.unwrap_err().code, ErrorCode::TooLarge);
        let mut told = headers("multipart/form-data; boundary=x");
        told.insert(header::CONTENT_LENGTH, HeaderValue::from_static("101"));
        assert_eq!(Multipart::new(&told, stream::empty(), 100).err().map(|error| error.code), Some(ErrorCode::TooLarge));
        assert!(Multipart::new(&told, stream::empty(), 101).is_ok());
        for wrong in
            ["application/json", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=x"]
        {
            let error = Multipart::new(&headers(wrong), stream::empty(), 100).err().unwrap();
            assert_eq!(error.code, ErrorCode::InvalidInput, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_part_goes_elsewhere_and_the_next_one_follows() {
        let body = Arc::new(Mutex::new(body(WHOLE, 5, 10_000)));
        body.lock().await.next().await.unwrap();
        body.lock().await.next().await.unwrap();
        let pieces: Vec<_> = part_pieces(&body).collect().await;
        let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect();
        assert_eq!(bytes, b"\r\n--b:\r\n-");
        assert_eq!(body.lock().await.next().await.unwrap().map(|head| head.name), Some("x".to_owned()));
    }
}

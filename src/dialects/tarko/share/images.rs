//! Images that files of a session mention: uploaded, so that the page shows them where the workspace is not.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use reqwest::multipart::{Form, Part};
use serde_json::Value;

use super::receiver::Receiver;
use super::{Progress, Publication};
use crate::domain::{Error, ErrorCode, Result, SessionId};
use crate::engine::SharedSession;
use crate::http::media_type;

/// Most images of one session.
const IMAGES: usize = 64;
/// Most bytes of one.
const IMAGE_BYTES: u64 = 16 << 20;
/// Endings of images.
const ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "gif", "webp", "svg"];
/// What stands around a path.
const AROUND: [char; 19] = ['"', '\'', '`', '*', '(', ')', '<', '>', '[', ']', '{', '}', '|', ',', ';', '=', '!', '?', '\\'];
/// Tools that write files, and the fields of their arguments that hold what is written.
const WRITING: [(&str, &[&str]); 2] = [("write_file", &["content"]), ("edit_file", &["new_text", "old_text"])];

/// Uploads the images, and puts their addresses where the files mention them. What fails is logged, and stays as it is.
pub async fn publish(publication: &Publication<'_>, receiver: &Receiver, shared: &mut SharedSession) {
    let mentioned = mentioned(shared);
    let all = mentioned.len();
    if all > IMAGES {
        tracing::warn!(images = all, "only the first {IMAGES} images of a shared session are uploaded");
    }
    let all = all.min(IMAGES);
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for (done, path) in mentioned.into_iter().take(IMAGES).enumerate() {
        (publication.progress)(Progress::Images { done, all });
        match upload(publication, receiver, &shared.session.id, &path).await {
            Ok(Some(url)) => drop(places.insert(path, url)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%path, error = %error.message, "an image of a shared session is not uploaded"),
        }
    }
    if all > 0 {
        (publication.progress)(Progress::Images { done: all, all });
    }
    if !places.is_empty() {
        for text in written(shared) {
            *text = replaced(text, &places);
        }
    }
}

/// The texts that calls of the session write into files.
fn written(shared: &mut SharedSession) -> impl Iterator<Item = &mut String> {
    shared.events.iter_mut().flat_map(|event| {
        let is_call = matches!(event["type"].as_str(), Some("tool.called" | "tool.returned"));
        let tool = event["name"].as_str().filter(|_| is_call).map(str::to_owned);
        let fields = WRITING.iter().find(|(name, _)| tool.as_deref() == Some(*name)).map_or(&[][..], |(_, fields)| fields);
        let arguments = event.get_mut("arguments").and_then(Value::as_object_mut);
        arguments.into_iter().flatten().filter_map(move |(name, value)| match value {
            Value::String(text) if fields.contains(&name.as_str()) => Some(text),
            _ => None,
        })
    })
}

/// The images that are mentioned, each once, in their order.
fn mentioned(shared: &mut SharedSession) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for text in written(shared) {
        for range in ranges(text) {
            let path = plain(&text[range]).to_owned();
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

/// Where a text mentions relative paths of images.
fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = None;
    let ends = |c: char| c.is_whitespace() || c.is_control() || AROUND.contains(&c);
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, ends(c)) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                let word = text[from..at].trim_end_matches(['.', ':', '_']);
                if is_image(word) {
                    ranges.push(from..from + word.len());
                }
                start = None;
            }
            _ => {}
        }
    }
    ranges
}

/// Whether a word is a relative path of an image that may be looked for: not an address, nothing hidden, nothing above.
fn is_image(word: &str) -> bool {
    let path = plain(word);
    let ending = path.rsplit_once('.').map(|(before, ending)| (before, ending.to_ascii_lowercase()));
    let named = ending.is_some_and(|(before, ending)| !before.is_empty() && ENDINGS.contains(&ending.as_str()));
    named
        && path.len() <= 1_024
        && !path.contains(':')
        && path.split('/').all(|word| !word.is_empty() && !word.starts_with('.'))
}

/// A path without the `./` before it.
fn plain(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    path
}

/// The text with addresses in the place of paths, each with the `./` before it.
fn replaced(text: &str, places: &BTreeMap<String, String>) -> String {
    let mut new = String::new();
    let mut done = 0;
    for range in ranges(text) {
        if let Some(url) = places.get(plain(&text[range.clone()])) {
            new.push_str(&text[done..range.start]);
            new.push_str(url);
            done = range.end;
        }
    }
    new.push_str(&text[done..]);
    new
}

/// Uploads one image; `None` when the workspace has none of that name.
async fn upload(
    publication: &Publication<'_>,
    receiver: &Receiver,
    session: &SessionId,
    path: &str,
) -> Result<Option<String>> {
    let opened = match publication.engine.open_file(publication.caller, Some(session), path).await {
        Ok(opened) => opened,
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::InvalidInput) => return Ok(None),
        Err(error) => return Err(error),
    };
    let unreadable = |why: &dyn std::fmt::Display| Error::new(ErrorCode::Unavailable, format!("it cannot be read: {why}"));
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened.file.take(IMAGE_BYTES + 1).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = read.await.map_err(|error| unreadable(&error))?.map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > IMAGE_BYTES {
        return Err(Error::new(ErrorCode::TooLarge, format!("it is larger than {IMAGE_BYTES} bytes")));
    }
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    let media_type = media_type(&name);
    let media_type = media_type.split(';').next().unwrap_or_default();
    let file = Part::bytes(bytes).file_name(name).mime_str(media_type);
    let file = file.map_err(|error| unreadable(&error.without_url()))?;
    let form = Form::new().part("file", file).text("type", "image").text("originalPath", path.to_owned());
    receiver.image(form).await.map(Some).map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        ranges(text).into_iter().map(|range| text[range].to_owned()).collect()
    }

    #[test]
    fn images_are_found_as_files_mention_them() {
        let text = "# R\n![pic](./images/pic.png)\n<img src=\"images/pic.png\">\n<img src='a.JPG'/> see b/c.webp, or (d.gif). \
                    `e.svg` **f.jpeg**\n";
        assert_eq!(found(text), ["./images/pic.png", "images/pic.png", "a.JPG", "b/c.webp", "d.gif", "e.svg", "f.jpeg"]);
        for nothing in [
            "https://x.example/a.png",
            "//x.example/a.png",
            "/etc/a.png",
            "../a.png",
            "a/../b.png",
            ".git/a.png",
            ".png",
            "a.pngs",
            "a.txt",
            "",
        ] {
            assert_eq!(found(nothing), Vec::<String>::new(), "{nothing}");
        }
    }

    #[test]
    fn addresses_take_the_place_of_paths() {
        let places = BTreeMap::from([("images/pic.png".to_owned(), "https://cdn.example/i.png".to_owned())]);
        let text = "![pic](./images/pic.png) <img src=\"images/pic.png\"> images/other.png ./images/pic.png";
        let expected = "![pic](https://cdn.example/i.png) <img src=\"https://cdn.example/i.png\"> images/other.png \
                        https://cdn.example/i.png";
        assert_eq!(replaced(text, &places), expected);
    }

    #[test]
    fn only_what_calls_write_is_touched() {
        let event = |kind: &str, name: &str| serde_json::json!({ "type": kind, "name": name, "arguments": { "path": "a.png", "content": "b.png" } });
        let head = serde_json::json!({
            "id": "s", "title": null, "labels": {}, "agent": "a", "model": null, "created_at": "1970-01-01T00:00:00.000Z",
            "updated_at": "1970-01-01T00:00:00.000Z", "runs": 0, "usage": {},
        });
        let mut shared = SharedSession {
            v: 1,
            session: serde_json::from_value(head).unwrap(),
            events: vec![
                event("tool.called", "write_file"),
                event("tool.returned", "write_file"),
                event("tool.called", "read_file"),
                event("message.posted", "write_file"),
                Value::Null,
            ],
            removed: vec![],
        };
        let texts: Vec<String> = written(&mut shared).map(|text| text.clone()).collect();
        assert_eq!(texts, ["b.png", "b.png"]);
        assert_eq!(mentioned(&mut shared), ["b.png"]);
    }
}

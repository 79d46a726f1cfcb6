//! Routes: media that are given to agents and channels, and what is fetched of them.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tokio::sync::Mutex;

use super::super::errors::{ElizaError, Form};
use super::super::media::{self, BEGINNING, Family, KeptMedia, MOST, Shelf};
use super::super::request::{Answer, Asked, Coming, data};
use super::super::{ids, kept};
use crate::domain::{Error, ErrorCode, File, Principal, Result};
use crate::engine::NewHouseFile;
use crate::http::{
    Multipart, Needs, Outgoing, PartHead, Portion, Route, Routes, Writer, body_pieces, file_path, part_pieces, send_file,
    send_portion, sent_at,
};
use crate::workspace::{Kind, Workspace};

/// What a form may hold beside its file: its other fields, and what stands between parts.
const BESIDE: u64 = 64 << 10;
/// The field that holds the file.
const FIELD: &str = "file";
/// Most characters of the name that a file had.
const NAME: usize = 255;

/// The routes, in the order of the documentation.
pub fn routes() -> Routes {
    let give = |pattern: &'static str, shelf: Shelf| {
        Route::post(pattern, move |coming: Coming| take(coming, shelf))
            .about("Gives a picture, film, sound or document: `multipart/form-data` with one `file` of at most 50 MiB")
    };
    let fetch = |pattern: &'static str, shelf: Shelf| {
        Route::get(pattern, move |asked: Asked| send(asked, shelf))
            .needs(Needs::Nothing)
            .about("A file that was given, or with `Range` a part of it: who knows its address may have it")
    };
    vec![
        give("/api/media/agents/{agentId}/upload-media", Shelf::Agents),
        give("/api/media/channels/{channelId}/upload-media", Shelf::Channels),
        give("/api/messaging/channels/{channelId}/upload-media", Shelf::Channels),
        give("/api/messaging/central-channels/{channelId}/upload-media", Shelf::Channels),
        fetch("/media/uploads/agents/{agentId}/{filename}", Shelf::Agents),
        fetch("/media/uploads/channels/{channelId}/{filename}", Shelf::Channels),
        fetch("/media/generated/{agentId}/{filename}", Shelf::Generated),
    ]
}

/// A form with one file, on its way in.
pub struct Given {
    body: Arc<Mutex<Multipart>>,
    /// What is said of the file.
    pub head: PartHead,
    /// How it begins, as far as it has come.
    beginning: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Given {
    /// The file of a form: its bytes come by [`Given::bytes`]. `missing` is what is told when there is none.
    ///
    /// # Errors
    /// `INVALID_REQUEST` without a file, `FILE_TOO_LARGE`, `BAD_REQUEST` for a form that is broken.
    pub async fn open(parts: &http::request::Parts, body: Body, missing: &str) -> std::result::Result<Self, ElizaError> {
        let none = || ElizaError::bad("INVALID_REQUEST", missing.to_owned());
        let told = parts.headers.get(header::CONTENT_TYPE).and_then(|told| told.to_str().ok()).unwrap_or_default();
        if !told.trim_start().to_ascii_lowercase().starts_with("multipart/form-data") {
            return Err(none());
        }
        let mut form = Multipart::new(&parts.headers, body_pieces(body, MOST + BESIDE), MOST + BESIDE).map_err(refused)?;
        while let Some(head) = form.next().await.map_err(refused)? {
            match (head.name.as_str(), &head.file_name) {
                (FIELD, Some(_)) => {
                    return Ok(Self { body: Arc::new(Mutex::new(form)), head, beginning: Arc::default() });
                }
                (_, Some(_)) => return Err(unexpected()),
                (_, None) => {}
            }
        }
        Err(none())
    }

    /// The bytes of the file, at most so many as may be.
    pub fn bytes(&self) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        let (beginning, mut size) = (Arc::clone(&self.beginning), 0);
        part_pieces(&self.body).map(move |piece| {
            let piece = piece?;
            size += piece.len() as u64;
            if size > MOST {
                return Err(Error::new(ErrorCode::TooLarge, "File too large"));
            }
            let mut beginning = beginning.lock().unwrap_or_else(PoisonError::into_inner);
            let missing = BEGINNING.saturating_sub(beginning.len()).min(piece.len());
            beginning.extend_from_slice(&piece[..missing]);
            Ok(piece)
        })
    }

    /// The same, and that it is what it is said to be: `wrong` comes after them where it is not.
    pub fn checked_bytes(&self, wrong: Error) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        let (beginning, told) = (Arc::clone(&self.beginning), self.head.media_type.clone());
        let end = stream::once(async move {
            let beginning = beginning.lock().unwrap_or_else(PoisonError::into_inner);
            if media::taken(told.as_deref(), "", &beginning).is_some() { Ok(Bytes::new()) } else { Err(wrong) }
        });
        self.bytes().chain(end)
    }

    /// The ending that its kind of files has.
    pub fn usual_ending(&self) -> &'static str {
        media::usual_ending(self.head.media_type.as_deref())
    }

    /// Its media type, as it was told.
    pub fn media_type(&self) -> String {
        self.head.media_type.clone().unwrap_or_default()
    }

    /// What the file is, when it has come.
    pub fn taken(&self) -> Option<media::Taken> {
        let beginning = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        media::taken(self.head.media_type.as_deref(), self.name(), &beginning)
    }

    /// The name that the file had, which is shown and nothing else.
    pub fn name(&self) -> &str {
        self.head.file_name.as_deref().unwrap_or_default()
    }

    /// Reads the form to its end: there is one file, and the form is whole.
    ///
    /// # Errors
    /// As [`Given::open`].
    pub async fn end(&self) -> std::result::Result<(), ElizaError> {
        let mut form = self.body.lock().await;
        while let Some(head) = form.next().await.map_err(refused)? {
            if head.file_name.is_some() {
                return Err(unexpected());
            }
        }
        Ok(())
    }
}

/// What is wrong with a form.
pub fn refused(error: Error) -> ElizaError {
    if error.code == ErrorCode::TooLarge {
        return ElizaError::new(StatusCode::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", "File too large").details(error.message);
    }
    error.into()
}

fn unexpected() -> ElizaError {
    ElizaError::bad("LIMIT_UNEXPECTED_FILE", "Unexpected field").details("send one file, in the field `file`")
}

/// The body of a request that may be refused before it is read: then it is taken and thrown away, since who is still
/// sending would not see why.
pub fn held(body: Body) -> Body {
    Body::from_stream(body_pieces(body, MOST + BESIDE))
}

async fn take(request: Coming, shelf: Shelf) -> Answer {
    let Coming { door, caller, parts, named, body, .. } = request;
    let body = held(body);
    let owner = named.first().filter(|id| ids::is_id(id)).map(|id| id.to_ascii_lowercase());
    let owner = owner.ok_or_else(|| match shelf {
        Shelf::Channels => ElizaError::bad("INVALID_ID", "Invalid channelId format"),
        Shelf::Agents | Shelf::Generated => ElizaError::bad_id("agent"),
    })?;
    let given = Given::open(&parts, body, "No media file provided").await?;
    let wrong = || ElizaError::from(Error::new(ErrorCode::BadMedia, "Invalid file type"));
    if !media::is_taken(given.head.media_type.as_deref(), None) {
        return Err(wrong());
    }
    let received = door.engine.house_files().receive_file(&caller, given.bytes().boxed()).await.map_err(refused)?;
    given.end().await?;
    let taken = given.taken().ok_or_else(|| wrong().details("the file is not what its type says"))?;
    let size = received.size();
    let kept = KeptMedia { shelf, owner: owner.clone(), ending: taken.ending.to_owned() };
    let new = NewHouseFile {
        name: given.name().to_owned(),
        media_type: Some(taken.media_type.to_owned()),
        attributes: kept::attributes(&kept),
    };
    let file = door.engine.house_files().keep_file(&caller, new, received).await?;
    let filename = media::file_name(&file.id, taken.ending)
        .ok_or_else(|| Error::internal(format!("file `{}` has no name for an address", file.id)))?;
    let kind = if shelf == Shelf::Agents { taken.family.word() } else { taken.media_type };
    let original: String = given.name().chars().filter(|c| !c.is_control()).take(NAME).collect();
    let answer = json!({
        "url": format!("{}{owner}/{filename}", shelf.path()), "type": kind, "filename": filename,
        "originalName": original, "size": size,
    });
    Ok(data(StatusCode::OK, answer))
}

async fn send(asked: Asked, shelf: Shelf) -> Answer {
    let (owner, name) = (asked.named(0), asked.named(1));
    if !ids::is_id(owner) {
        let what = if shelf == Shelf::Channels { "channel" } else { "agent" };
        return Err(ElizaError::bad_id(what).told_as(Form::Text));
    }
    let missing = || {
        let message = if shelf == Shelf::Channels { "File not found" } else { "File does not exist!!!!!!!" };
        ElizaError::not_found(message).told_as(Form::Text)
    };
    match media::at(asked.engine(), shelf, owner, name).await? {
        Some(file) => reply(&asked, file).await,
        None if shelf == Shelf::Generated => made(&asked, owner, name).await?.ok_or_else(missing),
        None => Err(missing()),
    }
}

/// Sends a file that an agent or a plugin has made: one of the folder that the settings open for them.
async fn made(asked: &Asked, owner: &str, name: &str) -> std::result::Result<Option<Response>, ElizaError> {
    let name = file_path(name).filter(|name| !name.is_empty() && !name.contains('/'));
    let (Some(folder), Some(name)) = (asked.door.settings.server.generated_folder.clone(), name) else { return Ok(None) };
    let path = format!("{}/{name}", owner.to_ascii_lowercase());
    let opened = tokio::task::spawn_blocking(move || -> Result<Option<Outgoing>> {
        let folder = Workspace::open(&folder)?;
        if folder.kind(&path)? != Kind::File {
            return Ok(None);
        }
        let about = folder.about(Path::new(&path))?;
        let file = folder.open_file(&path)?;
        Ok(Some(Outgoing { file, name, size: about.size, modified: about.modified, writer: Writer::Other }))
    });
    let outgoing = match opened.await.map_err(|error| Error::internal(error.to_string()))? {
        Ok(Some(outgoing)) => outgoing,
        Ok(None) => return Ok(None),
        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Forbidden | ErrorCode::InvalidInput) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = send_file(&asked.parts.headers, outgoing)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
    Ok(Some(response))
}

/// Sends a file, or what of it is asked for.
async fn reply(asked: &Asked, file: File) -> Answer {
    let portion = Portion::of(&asked.parts.headers, &file);
    let files = asked.engine().house_files();
    let body = match portion.bytes(&file) {
        Some(range) => Body::from_stream(files.open_house_file(&Principal::house(), &file.id, Some(range)).await?.bytes),
        None => Body::empty(),
    };
    let mut response: Response = send_portion(&file, portion, body);
    sent_at(&mut response, file.offered_at);
    // Who knows the address may have it, so others may keep it; and it is asked for each time, since it may be deleted.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=0"));
    Ok(response)
}

/// Whether a form holds sound.
pub fn is_sound(given: &Given) -> bool {
    media::is_taken(given.head.media_type.as_deref(), Some(Family::Audio))
}

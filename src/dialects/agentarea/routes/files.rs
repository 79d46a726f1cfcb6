//! Files that people give: streamed in, listed, streamed out, taken away.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::super::errors::AreaError;
use super::super::ids;
use super::super::reading::Window;
use super::super::request::{ATTRIBUTE, Answer, Asked, Coming};
use super::super::wire::{FileAnswer, FileList, NewFile, Success};
use super::{UNKNOWN, refusing, window};
use crate::domain::{Attributes, BlobId, Error, ErrorCode, File, FileId, Part};
use crate::engine::{NewHouseFile, ReceivedFile};
use crate::http::{
    Multipart, PartHead, Portion, Route, Routes, as_attachment, body_pieces, json as reply, part_pieces, send_portion,
};

const CHAPTER: &str = "Files";
/// What a form may hold beside its file: its other fields, and what stands between parts.
const BESIDE: u64 = 64 << 10;
/// Most bytes of the metadata as text.
const METADATA: usize = 16 << 10;

/// The routes.
pub fn routes() -> Routes {
    let about_one = |route: Route| refusing(route, &[UNKNOWN]);
    vec![
        refusing(Route::post("/v1/files/upload", upload), &[])
            .about("Gives a file")
            .named_in(CHAPTER, "upload_file")
            .takes_form::<NewFile>()
            .gives::<FileAnswer>(StatusCode::OK, "It is kept."),
        window(refusing(Route::get("/v1/files", list), &[]))
            .about("The files of the caller, the newest first; those of all for admins")
            .named_in(CHAPTER, "list_files")
            .gives::<FileList>(StatusCode::OK, "A page."),
        about_one(Route::get("/v1/files/{file_id}", one))
            .about("One file")
            .named_in(CHAPTER, "get_file")
            .gives::<FileAnswer>(StatusCode::OK, "The file."),
        about_one(Route::get("/v1/files/{file_id}/download", download))
            .about("The bytes of a file, or with `Range` a part of them")
            .named_in(CHAPTER, "download_file")
            .gives_media(StatusCode::OK, "*/*", "All of it, under its own type.")
            .gives_media(StatusCode::PARTIAL_CONTENT, "*/*", "The part that was asked for.")
            .gives_media(StatusCode::NOT_MODIFIED, "*/*", "The caller has it already.")
            .gives_media(StatusCode::RANGE_NOT_SATISFIABLE, "*/*", "It has no such part."),
        about_one(Route::delete("/v1/files/{file_id}", remove))
            .about("Takes a file away, for good")
            .named_in(CHAPTER, "delete_file")
            .gives::<Success>(StatusCode::OK, "It is gone."),
    ]
}

/// What this API keeps about a file.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct KeptFile {
    metadata: Map<String, Value>,
    created_by: String,
}

/// A file as this API tells it.
fn told(file: File) -> FileAnswer {
    let kept = file.attributes.get(ATTRIBUTE).and_then(|kept| KeptFile::deserialize(kept).ok());
    // One that came by another door.
    let kept =
        kept.unwrap_or_else(|| KeptFile { created_by: file.owner().unwrap_or_default().to_owned(), ..KeptFile::default() });
    FileAnswer {
        id: format!("{}{}", ids::FILE, file.id),
        filename: file.name,
        content_type: file.media_type,
        size: file.size,
        metadata: kept.metadata,
        created_at: file.offered_at.to_string(),
        created_by: kept.created_by,
    }
}

/// The id of a file in the house.
///
/// # Errors
/// `NOT_FOUND` for what is none.
pub fn file_id(id: &str) -> Result<FileId, AreaError> {
    let unknown = || Error::not_found("file", id.chars().filter(|c| !c.is_control()).take(64).collect::<String>());
    Ok(ids::own(ids::FILE, id).filter(|own| own.len() <= 64).map(FileId::from_text).ok_or_else(unknown)?)
}

/// Files as parts of what is said, with their bytes.
pub struct Given {
    /// The ids, as they were told.
    pub ids: Vec<String>,
    /// The parts.
    pub parts: Vec<Part>,
    /// The bytes that they name.
    pub blobs: Vec<(BlobId, Bytes)>,
}

/// The files that a body names.
///
/// # Errors
/// `VALIDATION_ERROR` for one that is not there, or that no message may hold.
pub async fn given(asked: &Asked, ids: Option<Vec<String>>) -> Result<Given, AreaError> {
    let mut given = Given { ids: ids.unwrap_or_default(), parts: Vec::new(), blobs: Vec::new() };
    for (at, id) in given.ids.iter().enumerate() {
        let is_about_it =
            |code| matches!(code, ErrorCode::NotFound | ErrorCode::TooLarge | ErrorCode::BadMedia | ErrorCode::InvalidInput);
        let wrong = |error: Error| {
            if is_about_it(error.code) { AreaError::at(format!("files[{at}]"), error.message) } else { error.into() }
        };
        let id = file_id(id).map_err(|_| AreaError::at(format!("files[{at}]"), "there is no such file"))?;
        let (part, blob) = asked.engine().house_files().house_file_part(&asked.caller, &id).await.map_err(wrong)?;
        given.parts.push(part);
        given.blobs.push(blob);
    }
    Ok(given)
}

async fn upload(coming: Coming) -> Answer {
    Ok(reply(StatusCode::OK, &told(take(coming).await?)))
}

/// What a form has brought so far.
#[derive(Default)]
struct Form {
    /// The file, with what was said of it.
    file: Option<(PartHead, ReceivedFile)>,
    metadata: Option<Map<String, Value>>,
}

/// Takes a form, and keeps its file when all of it has come.
async fn take(Coming { door, caller, parts, body, .. }: Coming) -> Result<File, AreaError> {
    let limit = door.settings.server.limits.files.house_file_bytes;
    let form = Multipart::new(&parts.headers, body_pieces(body, limit), limit.saturating_add(BESIDE)).map_err(of_body)?;
    let body = Arc::new(Mutex::new(form));
    let mut form = Form::default();
    loop {
        let next = body.lock().await.next().await.map_err(of_body)?;
        let Some(head) = next else { break };
        match head.name.as_str() {
            "file" if form.file.is_some() => return Err(AreaError::at("file", "must be one file")),
            "file" if head.file_name.is_none() => return Err(AreaError::at("file", "must be a file with a name")),
            "file" => {
                let bytes = part_pieces(&body).boxed();
                let received = door.engine.house_files().receive_file(&caller, bytes).await.map_err(of_body)?;
                form.file = Some((head, received));
            }
            "metadata" if form.metadata.is_some() => return Err(AreaError::at("metadata", "must be given once")),
            "metadata" => form.metadata = Some(metadata(&mut *body.lock().await).await?),
            _ => {}
        }
    }
    let Some((head, received)) = form.file else { return Err(AreaError::at("file", "Field is required")) };
    let kept = KeptFile { metadata: form.metadata.unwrap_or_default(), created_by: ids::maker(&caller) };
    let kept = serde_json::to_value(kept).map_err(|error| Error::internal(format!("metadata cannot be kept: {error}")))?;
    let new = NewHouseFile {
        name: head.file_name.unwrap_or_default(),
        media_type: head.media_type,
        attributes: Attributes::from_iter([(ATTRIBUTE.to_owned(), kept)]),
    };
    Ok(door.engine.house_files().keep_file(&caller, new, received).await?)
}

async fn metadata(body: &mut Multipart) -> Result<Map<String, Value>, AreaError> {
    let text = body.text(METADATA).await.map_err(|error| {
        if error.code == ErrorCode::TooLarge {
            return AreaError::at("metadata", format!("must have at most {METADATA} bytes"));
        }
        of_body(error)
    })?;
    serde_json::from_str(&text).map_err(|error| AreaError::at("metadata", format!("must be a JSON object: {error}")))
}

/// What is wrong with a form as a whole is told of the body.
fn of_body(error: Error) -> AreaError {
    if error.code == crate::domain::ErrorCode::InvalidInput { AreaError::at("body", error.message) } else { error.into() }
}

async fn list(asked: Asked) -> Answer {
    let mut query = asked.query();
    let Window { limit, offset } = Window::read(&mut query);
    query.check()?;
    let page = asked.engine().house_files().house_files(&asked.caller, offset, limit).await?;
    let files = page.files.into_iter().map(told).collect();
    Ok(reply(StatusCode::OK, &FileList { files, total: page.total, limit, offset }))
}

async fn one(asked: Asked) -> Answer {
    let file = asked.engine().house_files().house_file(&asked.caller, &file_id(asked.named(0))?).await?;
    Ok(reply(StatusCode::OK, &told(file)))
}

async fn download(asked: Asked) -> Answer {
    let (files, id) = (asked.engine().house_files(), file_id(asked.named(0))?);
    let file = files.house_file(&asked.caller, &id).await?;
    let portion = Portion::of(&asked.parts.headers, &file);
    let body = match portion.bytes(&file) {
        Some(range) => Body::from_stream(files.open_house_file(&asked.caller, &id, Some(range)).await?.bytes),
        None => Body::empty(),
    };
    let mut response = send_portion(&file, portion, body);
    as_attachment(&mut response, &file.name);
    Ok(response)
}

async fn remove(asked: Asked) -> Answer {
    asked.engine().house_files().remove_house_file(&asked.caller, &file_id(asked.named(0))?).await?;
    Ok(reply(StatusCode::OK, &Success::DONE))
}

//! Files that an application uploads for a session: addresses that carry their own permission, and what they lead to.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode, Uri};

use crate::dialects::octavus::errors::{row, told};
use crate::dialects::octavus::request::{Answer, Asked};
use crate::dialects::octavus::wire::{Refusal, UploadFile, UploadTarget, UploadTargets, UploadUrls};
use crate::domain::{Error, ErrorCode, Result, SessionId};
use crate::engine::{FileOffer, FilePurpose, Redeemed};
use crate::http::{Door, Needs, Route, Routes, base_url, body_pieces, empty, json, send_kept};

use crate::dialects::octavus::FILES as PLACE;

/// The media types that the original takes, or has taken since.
const TAKEN: [&str; 16] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "application/pdf",
    "text/plain",
    "text/markdown",
    "text/csv",
    "application/json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "video/mp4",
    "video/webm",
    "video/quicktime",
    "video/mpeg",
];

/// The routes.
pub fn routes() -> Routes {
    vec![
        Route::post("/api/files/upload-urls", upload_urls)
            .about("Where files of a session can be uploaded to, and then be found")
            .takes::<UploadUrls>()
            .gives::<UploadTargets>(StatusCode::OK, "A place for each, in the same order."),
        Route::put("/octavus/files/{id}", put)
            .about("Takes the bytes of a file")
            .needs(Needs::Nothing)
            .open_to_all_origins()
            .query("ticket", "The permission, as it stands in `uploadUrl`.", true),
        Route::get("/octavus/files/{id}", get)
            .about("Gives the bytes of a file")
            .needs(Needs::Nothing)
            .open_to_all_origins()
            .query("ticket", "The permission, as it stands in `downloadUrl`.", true),
    ]
}

async fn upload_urls(asked: Asked) -> Answer {
    let wanted: UploadUrls = asked.read()?;
    let Asked { door, caller, parts, .. } = asked;
    let session = SessionId::parse(&wanted.session_id).map_err(|_| Error::not_found("session", &wanted.session_id))?;
    let offers = wanted.files.into_iter().map(offered).collect::<Result<Vec<FileOffer>>>()?;
    let base = base_url(&door.settings.server, &parts)?;
    let mut files = Vec::new();
    for file in door.engine.offer_files(&caller, &session, offers).await? {
        let mut urls = Vec::new();
        for purpose in [FilePurpose::Upload, FilePurpose::Download] {
            let signed = door.engine.sign_file(&caller, &file, purpose).await?;
            urls.push(format!("{base}{PLACE}/{}?ticket={}", file.id, signed.ticket));
        }
        let [upload_url, download_url] = <[String; 2]>::try_from(urls).unwrap_or_default();
        files.push(UploadTarget { id: file.id.to_string(), upload_url, download_url });
    }
    Ok(json(StatusCode::OK, &UploadTargets { files }))
}

/// A file as it is offered to the house: of the types that this API takes.
fn offered(file: UploadFile) -> Result<FileOffer> {
    let essence = file.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !TAKEN.contains(&essence.as_str()) {
        let shown: String = file.media_type.chars().take(80).collect();
        return Err(Error::new(ErrorCode::BadMedia, format!("files of type {shown:?} are not taken"))
            .hint(format!("these are: {}", TAKEN.join(", "))));
    }
    Ok(FileOffer { name: file.filename, media_type: file.media_type, size: file.size })
}

async fn put(State(door): State<Door>, Path(id): Path<String>, uri: Uri, request: Request) -> Response {
    // Dropped before its end, it takes the rest: a browser that is still sending would not see the answer otherwise.
    let bytes = body_pieces(request.into_body(), door.settings.server.limits.files.file_bytes).boxed();
    let put = async {
        let Redeemed { caller, file } = opened(&door, &uri, &id, FilePurpose::Upload).await?;
        door.engine.put_file(&caller, file, bytes).await
    };
    match put.await {
        Ok(_) => empty(StatusCode::OK),
        Err(error) => refused(&error),
    }
}

async fn get(State(door): State<Door>, Path(id): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    let got = async {
        let Redeemed { caller, file } = opened(&door, &uri, &id, FilePurpose::Download).await?;
        door.engine.file_bytes(&caller, file.session()?, &file.id).await
    };
    match got.await {
        Ok((file, bytes)) => send_kept(&headers, &file, bytes),
        Err(error) => refused(&error),
    }
}

/// What the permission in an address opens, when it is one for this file.
async fn opened(door: &Door, uri: &Uri, id: &str, purpose: FilePurpose) -> Result<Redeemed> {
    let ticket = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("ticket="));
    let redeemed = door.engine.redeem_file(ticket.unwrap_or_default(), purpose).await?;
    if redeemed.file.id.as_str() == id {
        return Ok(redeemed);
    }
    Err(Error::new(ErrorCode::Forbidden, "the address is signed for another file").hint("use it exactly as it was given"))
}

/// An error about an address. In this API only sessions expire, so an address that did has a word of its own.
fn refused(error: &Error) -> Response {
    let (status, code) = row(error.code);
    let code = if error.code == ErrorCode::Expired { "URL_EXPIRED" } else { code };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    json(status, &Refusal { error: told(error), code })
}

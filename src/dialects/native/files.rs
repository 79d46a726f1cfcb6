//! Bytes: files of a workspace, and blobs of a session.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use tokio_util::io::ReaderStream;

use super::errors::NativeError;
use super::request::Asked;
use crate::domain::{BlobId, Error};
use crate::http::{Caller, Door, attachment};
use crate::remote::wire::{Look, OfBlob};

/// Bytes that are read of a file at once.
const PIECE: usize = 64 << 10;

/// `GET file`.
pub async fn file(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(asked): Asked<Look>,
) -> Result<Response, NativeError> {
    let opened = door.engine.open_file(&caller, asked.session.as_ref(), &asked.path).await?;
    let kind = mime_guess::from_path(&opened.item.name).first_or_octet_stream();
    let bytes = ReaderStream::with_capacity(tokio::fs::File::from_std(opened.file), PIECE);
    // No length is promised: the file may grow or shrink while it is read.
    Ok(super::told(attachment(&opened.item.name, kind.essence_str(), None, Body::from_stream(bytes))))
}

/// `GET blob`.
pub async fn blob(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(asked): Asked<OfBlob>,
) -> Result<Response, NativeError> {
    if !BlobId::is_well_formed(asked.blob.as_str()) {
        return Err(Error::not_found("blob", asked.blob).into());
    }
    let bytes = door.engine.blob(&caller, &asked.session, &asked.blob).await?;
    let kind = infer::get(&bytes).map_or("application/octet-stream", |kind| kind.mime_type());
    let size = u64::try_from(bytes.len()).ok();
    Ok(super::told(attachment(asked.blob.as_str(), kind, size, Body::from(bytes))))
}

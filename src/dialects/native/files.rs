//! Bytes: files of a workspace, and blobs of a session.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use super::errors::NativeError;
use super::request::Asked;
use crate::domain::{BlobId, Error};
use crate::http::{Caller, Door, Outgoing, Writer, send_bytes, send_file};
use crate::remote::wire::{Look, OfBlob};

/// `GET file`.
pub async fn file(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(asked): Asked<Look>,
    headers: HeaderMap,
) -> Result<Response, NativeError> {
    let opened = door.engine.open_file(&caller, asked.session.as_ref(), &asked.path).await?;
    let item = opened.item;
    let outgoing =
        Outgoing { file: opened.file, name: item.name, size: item.size, modified: item.modified, writer: Writer::Other };
    Ok(super::told(send_file(&headers, outgoing)?))
}

/// `GET blob`. What kind of file it is, its bytes tell.
pub async fn blob(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(asked): Asked<OfBlob>,
) -> Result<Response, NativeError> {
    if !BlobId::is_well_formed(asked.blob.as_str()) {
        return Err(Error::not_found("blob", asked.blob).into());
    }
    let bytes = door.engine.blob(&caller, &asked.session, &asked.blob).await?;
    let ending = infer::get(&bytes).map_or("bin", |kind| kind.extension());
    let name = format!("{}.{ending}", asked.blob);
    Ok(super::told(send_bytes(bytes, &name, Writer::Other)))
}

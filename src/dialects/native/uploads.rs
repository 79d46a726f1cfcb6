//! Files that are given to a session, in the engine's own words.

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::StreamExt as _;
use http::HeaderMap;

use super::errors::NativeError;
use super::request::{Answer, Asked, Given, Gives};
use crate::domain::File;
use crate::engine::SignedFile;
use crate::http::{Caller, Door, body_pieces, send_kept};
use crate::remote::wire::{Nothing, OfFile, OfSession, Offer, PutFile, Sign, Uploads};

/// `POST offer`.
pub async fn offer(State(door): State<Door>, Caller(caller): Caller, Given(offer): Given<Offer>) -> Answer<Uploads> {
    Ok(Gives(Uploads { files: door.engine.offer_files(&caller, &offer.session, offer.files).await? }))
}

/// `PUT upload`.
pub async fn put(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(put): Asked<PutFile>,
    request: Request,
) -> Answer<File> {
    let limit = door.settings.server.limits.files.file_bytes;
    let bytes = body_pieces(request.into_body(), limit).boxed();
    Ok(Gives(door.engine.put_file(&caller, put.into(), bytes).await?))
}

/// `POST uploads`.
pub async fn all(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfSession>) -> Answer<Uploads> {
    Ok(Gives(Uploads { files: door.engine.kept_files(&caller, &of.session).await? }))
}

/// `POST upload`.
pub async fn one(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfFile>) -> Answer<File> {
    Ok(Gives(door.engine.kept_file(&caller, &of.session, &of.file).await?))
}

/// `GET upload`.
pub async fn bytes(
    State(door): State<Door>,
    Caller(caller): Caller,
    Asked(of): Asked<OfFile>,
    headers: HeaderMap,
) -> Result<Response, NativeError> {
    let (file, bytes) = door.engine.file_bytes(&caller, &of.session, &of.file).await?;
    Ok(super::told(send_kept(&headers, &file, bytes)))
}

/// `POST discard`.
pub async fn discard(State(door): State<Door>, Caller(caller): Caller, Given(of): Given<OfFile>) -> Answer<Nothing> {
    door.engine.delete_file(&caller, &of.session, &of.file).await?;
    Ok(Gives(Nothing {}))
}

/// `POST sign`.
pub async fn sign(State(door): State<Door>, Caller(caller): Caller, Given(sign): Given<Sign>) -> Answer<SignedFile> {
    Ok(Gives(door.engine.sign_file(&caller, &sign.file, sign.purpose).await?))
}

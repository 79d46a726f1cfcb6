//! The bytes of files as JSON: pairs of name and base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

use crate::domain::BlobId;

/// Writes (name, base64).
pub(super) fn serialize<S: Serializer>(blobs: &[(BlobId, Bytes)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(blobs.iter().map(|(id, bytes)| (id, STANDARD.encode(bytes))))
}

/// Reads (name, base64).
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(BlobId, Bytes)>, D::Error> {
    let blobs = Vec::<(BlobId, String)>::deserialize(deserializer)?;
    let read = |(id, text): (BlobId, String)| match STANDARD.decode(text) {
        Ok(bytes) => Ok((id, Bytes::from(bytes))),
        Err(error) => Err(D::Error::custom(format!("the bytes of blob `{id}` are not base64: {error}"))),
    };
    blobs.into_iter().map(read).collect()
}

//! Words about files that are given to sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session;
use crate::domain::{Attributes, Error, File, FileId, FileScope, FileState, Result, SessionId, Timestamp};
use crate::engine::{FileOffer, FilePurpose};

/// Offers files to a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Each with `name`, `media_type` and `size`.
    #[schema(value_type = Vec<Object>)]
    pub files: Vec<FileOffer>,
}

/// Files of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Uploads {
    /// The files.
    #[schema(value_type = Vec<Object>)]
    pub files: Vec<File>,
}

/// A file of a session that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfFile {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The file.
    #[schema(value_type = String)]
    pub file: FileId,
}

/// A file whose bytes are sent, as it was offered, in the query of the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutFile {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The file.
    #[schema(value_type = String)]
    pub file: FileId,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    /// When it was offered.
    #[schema(value_type = String)]
    pub offered_at: Timestamp,
}

impl TryFrom<File> for PutFile {
    type Error = Error;

    fn try_from(file: File) -> Result<Self> {
        let session = file.session()?.clone();
        let File { id, name, media_type, size, offered_at, .. } = file;
        Ok(Self { session, file: id, name, media_type, size, offered_at })
    }
}

impl From<PutFile> for File {
    fn from(put: PutFile) -> Self {
        let PutFile { session, file: id, name, media_type, size, offered_at } = put;
        let scope = FileScope::Session(session);
        let (state, blob, attributes) = (FileState::Pending, None, Attributes::new());
        Self { id, scope, name, media_type, size, state, blob, offered_at, attributes }
    }
}

/// Signs a permission for whoever holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// The file, as it was answered.
    #[schema(value_type = Object)]
    pub file: File,
    /// `"upload"` or `"download"`.
    #[schema(value_type = String)]
    pub purpose: FilePurpose,
}

//! Files that people give to the house, and not to one session: each belongs to who gave it.
//!
//! The bytes go straight into the store, piece by piece, and are kept whole before the record of the file: so a file is
//! there whole or not at all, also after a crash. Bytes without a record are swept (`sweep`).

mod keeping;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};

use super::access::{Does, On};
use super::house::{Core, House};
use super::input;
use super::uploads::{FileBytes, shown};
use crate::domain::{Attributes, BlobId, Error, ErrorCode, File, FileId, Part, Principal, Result};

pub use self::keeping::ReceivedFile;
pub(crate) use self::keeping::sweep;

/// Bytes of a file that are read at once on their way out.
const PIECE: usize = 256 << 10;

/// What is said of a file that is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHouseFile {
    /// Its name: folders before it, and control characters in it, do not count; at most 255 characters are kept.
    pub name: String,
    /// IANA media type; absent or none = what the bytes look like, else `application/octet-stream`.
    #[serde(default)]
    pub media_type: Option<String>,
    /// What its door keeps about it: at most 16 KiB as JSON.
    #[serde(default)]
    pub attributes: Attributes,
}

/// A page of files, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HouseFilePage {
    /// The files.
    pub files: Vec<File>,
    /// How many there are that the caller sees.
    pub total: usize,
}

/// A file of the house, opened.
pub struct OpenedHouseFile {
    /// The file.
    pub file: File,
    /// Its bytes, or those that were asked for.
    pub bytes: FileBytes,
}

/// All about files of the house. A file is seen by who gave it and by who administers the house; for everybody else it is
/// not there.
#[async_trait]
pub trait HouseFiles: Send + Sync {
    /// Takes the bytes of a file, which is not there yet: who drops the answer has given nothing, and so has one whose
    /// bytes fail. What is said of the file comes after it: a door may not know before.
    ///
    /// # Errors
    /// `too_large` above `server.limits.house_file_bytes`, `unavailable` when too many come at once, and what the bytes
    /// themselves say.
    async fn receive_file(&self, caller: &Principal, bytes: FileBytes) -> Result<ReceivedFile>;

    /// Keeps a file whose bytes were taken. It is there whole or not at all.
    ///
    /// # Errors
    /// `too_large` when too much is said of it, or its owner has `server.limits.house_files` already.
    async fn keep_file(&self, caller: &Principal, new: NewHouseFile, received: ReceivedFile) -> Result<File>;

    /// A page of files.
    async fn house_files(&self, caller: &Principal, offset: usize, limit: usize) -> Result<HouseFilePage>;

    /// One file.
    async fn house_file(&self, caller: &Principal, id: &FileId) -> Result<File>;

    /// One file with its bytes; `range` = from the first to the last byte, counted from 0.
    ///
    /// # Errors
    /// `invalid_input` when the range is none of the file.
    async fn open_house_file(&self, caller: &Principal, id: &FileId, range: Option<(u64, u64)>) -> Result<OpenedHouseFile>;

    /// A file as a part of what is said, and its bytes under the name that the part has for them: for `input` and `blobs`
    /// of an [`super::Ask`]. The session gets a copy, so that it keeps what it shows.
    ///
    /// # Errors
    /// `too_large` for a file that no message may hold.
    async fn house_file_part(&self, caller: &Principal, id: &FileId) -> Result<(Part, (BlobId, Bytes))>;

    /// Takes a file away, for good. Messages that show it keep what they show.
    async fn remove_house_file(&self, caller: &Principal, id: &FileId) -> Result<File>;
}

#[async_trait]
impl HouseFiles for House {
    async fn receive_file(&self, caller: &Principal, bytes: FileBytes) -> Result<ReceivedFile> {
        self.check(caller, Does::Asks, On::HouseFiles).await?;
        keeping::receive(&self.core, bytes).await
    }

    async fn keep_file(&self, caller: &Principal, new: NewHouseFile, received: ReceivedFile) -> Result<File> {
        self.check(caller, Does::Asks, On::HouseFiles).await?;
        keeping::keep(&self.core, owner_of(caller), new, received).await
    }

    async fn house_files(&self, caller: &Principal, offset: usize, limit: usize) -> Result<HouseFilePage> {
        self.check(caller, Does::Reads, On::HouseFiles).await?;
        let mut files = keeping::all(&self.core).await?;
        files.retain(|file| sees(caller, file));
        files.reverse();
        let total = files.len();
        Ok(HouseFilePage { files: files.into_iter().skip(offset).take(limit).collect(), total })
    }

    async fn house_file(&self, caller: &Principal, id: &FileId) -> Result<File> {
        self.check(caller, Does::Reads, On::HouseFiles).await?;
        seen(&self.core, caller, id).await
    }

    async fn open_house_file(&self, caller: &Principal, id: &FileId, range: Option<(u64, u64)>) -> Result<OpenedHouseFile> {
        self.check(caller, Does::Reads, On::HouseFiles).await?;
        let file = seen(&self.core, caller, id).await?;
        let (first, end) = match range {
            None => (0, file.size),
            Some((first, last)) if first <= last && last < file.size => (first, last + 1),
            Some((first, last)) => {
                return Err(Error::invalid(format!("file `{id}` has {} bytes, and none from {first} to {last}", file.size)));
            }
        };
        Ok(OpenedHouseFile { bytes: bytes_of(&self.core, id, first, end), file })
    }

    async fn house_file_part(&self, caller: &Principal, id: &FileId) -> Result<(Part, (BlobId, Bytes))> {
        self.check(caller, Does::Reads, On::HouseFiles).await?;
        part_of(&self.core, seen(&self.core, caller, id).await?).await
    }

    async fn remove_house_file(&self, caller: &Principal, id: &FileId) -> Result<File> {
        self.check(caller, Does::Asks, On::HouseFiles).await?;
        let file = seen(&self.core, caller, id).await?;
        if keeping::remove(&self.core, id).await? { Ok(file) } else { Err(no_file(id)) }
    }
}

/// Who owns what a caller gives.
fn owner_of(caller: &Principal) -> &str {
    caller.user.as_ref().map_or(&caller.name, |user| user.as_str())
}

fn sees(caller: &Principal, file: &File) -> bool {
    caller.is_admin() || file.owner() == Some(owner_of(caller))
}

fn no_file(id: &FileId) -> Error {
    Error::not_found("file", shown(id.as_str()))
}

/// A file that the caller may know of.
async fn seen(core: &Core, caller: &Principal, id: &FileId) -> Result<File> {
    let file = keeping::find(core, id).await?;
    file.filter(|file| sees(caller, file)).ok_or_else(|| no_file(id))
}

/// Bytes as they are read, from `first` to before `end`.
fn bytes_of(core: &Arc<Core>, id: &FileId, first: u64, end: u64) -> FileBytes {
    let (store, id) = (Arc::clone(&core.store), id.clone());
    let read = move |at: u64| {
        let (store, id) = (Arc::clone(&store), id.clone());
        async move {
            let length = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(PIECE);
            if length == 0 {
                return None;
            }
            let gone = || Error::not_found("file", &id);
            // Fewer bytes than were told end the answer as one that is not whole.
            match store.file_bytes(&id, at, length).await {
                Ok(Some(bytes)) if bytes.len() == length => Some((Ok(Bytes::from(bytes)), at + length as u64)),
                Ok(_) => Some((Err(gone()), end)),
                Err(error) => Some((Err(error), end)),
            }
        }
    };
    // Whoever packs an answer asks once more after its end.
    stream::unfold(first, read).fuse().boxed()
}

/// A file as a part of what is said.
async fn part_of(core: &Arc<Core>, file: File) -> Result<(Part, (BlobId, Bytes))> {
    let most = input::FILE_BYTES;
    let size = usize::try_from(file.size).unwrap_or(usize::MAX);
    if size > most {
        let message = format!("file `{}` has {size} bytes, and one of a message at most {most}", shown(&file.name));
        return Err(Error::new(ErrorCode::TooLarge, message).hint("give a smaller one"));
    }
    let part = file.part().ok_or_else(|| no_file(&file.id))?;
    let _place = core.uploads.place_to_read().await?;
    let bytes = core.store.file_bytes(&file.id, 0, size).await?;
    let bytes = bytes.filter(|bytes| bytes.len() == size).ok_or_else(|| no_file(&file.id))?;
    let blob = (part.blob.clone(), Bytes::from(bytes));
    Ok((Part::File(part), blob))
}

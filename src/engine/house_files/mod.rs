//! Files that people give to the house, and not to one session: each belongs to who gave it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::access::{Does, On};
use super::house::House;
use super::uploads::FileBytes;
use crate::domain::{Attributes, Error, ErrorCode, File, FileId, Principal, Result};

/// A file that is given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewHouseFile {
    /// Its name; folders before it do not count.
    pub name: String,
    /// IANA media type; absent = what the bytes look like, else `application/octet-stream`.
    #[serde(default)]
    pub media_type: Option<String>,
    /// What its door keeps about it.
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
    /// Its bytes, from the first that was asked for on.
    pub bytes: FileBytes,
}

/// All about files of the house. A file is seen by who gave it and by who administers the house; for everybody else it is
/// not there.
#[async_trait]
pub trait HouseFiles: Send + Sync {
    /// Keeps a file. It is there whole or not at all: who drops the future, or whose bytes fail, leaves nothing.
    ///
    /// # Errors
    /// `too_large` above `server.limits.files.bytes`, `invalid_input`, `unavailable` when too many come at once.
    async fn keep_file(&self, caller: &Principal, new: NewHouseFile, bytes: FileBytes) -> Result<File>;

    /// A page of files.
    async fn house_files(&self, caller: &Principal, offset: usize, limit: usize) -> Result<HouseFilePage>;

    /// One file.
    async fn house_file(&self, caller: &Principal, id: &FileId) -> Result<File>;

    /// One file with its bytes; `range` = from the first to the last byte, counted from 0.
    async fn open_house_file(&self, caller: &Principal, id: &FileId, range: Option<(u64, u64)>) -> Result<OpenedHouseFile>;

    /// Takes a file away, for good. Messages that show it keep what they show.
    async fn remove_house_file(&self, caller: &Principal, id: &FileId) -> Result<File>;
}

#[async_trait]
impl HouseFiles for House {
    async fn keep_file(&self, caller: &Principal, _new: NewHouseFile, _bytes: FileBytes) -> Result<File> {
        self.check(caller, Does::Asks, On::HouseFiles).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn house_files(&self, caller: &Principal, _offset: usize, _limit: usize) -> Result<HouseFilePage> {
        self.check(caller, Does::Reads, On::HouseFiles).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn house_file(&self, caller: &Principal, _id: &FileId) -> Result<File> {
        self.check(caller, Does::Reads, On::HouseFiles).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn open_house_file(
        &self,
        caller: &Principal,
        _id: &FileId,
        _range: Option<(u64, u64)>,
    ) -> Result<OpenedHouseFile> {
        self.check(caller, Does::Reads, On::HouseFiles).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }

    async fn remove_house_file(&self, caller: &Principal, _id: &FileId) -> Result<File> {
        self.check(caller, Does::Asks, On::HouseFiles).await?;
        Err(Error::new(ErrorCode::NotSupported, "not built yet"))
    }
}

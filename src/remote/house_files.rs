//! Files of the house of another house: not over a distance yet. Who has an account there speaks to its server directly.

use async_trait::async_trait;
use bytes::Bytes;

use super::{Remote, not_over_a_distance};
use crate::domain::{BlobId, File, FileId, Part, Principal, Result};
use crate::engine::{FileBytes, HouseFilePage, HouseFiles, NewHouseFile, OpenedHouseFile, ReceivedFile};

#[async_trait]
impl HouseFiles for Remote {
    async fn receive_file(&self, _: &Principal, _: FileBytes) -> Result<ReceivedFile> {
        Err(not_over_a_distance("a file cannot be given to the house"))
    }

    async fn keep_file(&self, _: &Principal, _: NewHouseFile, _: ReceivedFile) -> Result<File> {
        Err(not_over_a_distance("a file cannot be given to the house"))
    }

    async fn house_files(&self, _: &Principal, _: usize, _: usize) -> Result<HouseFilePage> {
        Err(not_over_a_distance("files of the house cannot be listed"))
    }

    async fn house_file(&self, _: &Principal, _: &FileId) -> Result<File> {
        Err(not_over_a_distance("a file of the house cannot be looked at"))
    }

    async fn open_house_file(&self, _: &Principal, _: &FileId, _: Option<(u64, u64)>) -> Result<OpenedHouseFile> {
        Err(not_over_a_distance("a file of the house cannot be read"))
    }

    async fn house_file_part(&self, _: &Principal, _: &FileId) -> Result<(Part, (BlobId, Bytes))> {
        Err(not_over_a_distance("a file of the house cannot be read"))
    }

    async fn remove_house_file(&self, _: &Principal, _: &FileId) -> Result<File> {
        Err(not_over_a_distance("a file of the house cannot be removed"))
    }
}

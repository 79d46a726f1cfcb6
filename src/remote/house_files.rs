//! Files of the house of another house.

use async_trait::async_trait;

use super::{Remote, not_over_a_distance};
use crate::domain::{File, FileId, Principal, Result};
use crate::engine::{FileBytes, HouseFilePage, HouseFiles, NewHouseFile, OpenedHouseFile};

#[async_trait]
impl HouseFiles for Remote {
    async fn keep_file(&self, _: &Principal, _new: NewHouseFile, _bytes: FileBytes) -> Result<File> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn house_files(&self, _: &Principal, _offset: usize, _limit: usize) -> Result<HouseFilePage> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn house_file(&self, _: &Principal, _id: &FileId) -> Result<File> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn open_house_file(&self, _: &Principal, _id: &FileId, _range: Option<(u64, u64)>) -> Result<OpenedHouseFile> {
        Err(not_over_a_distance("this cannot be done"))
    }

    async fn remove_house_file(&self, _: &Principal, _id: &FileId) -> Result<File> {
        Err(not_over_a_distance("this cannot be done"))
    }
}

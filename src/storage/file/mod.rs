//! stub
use crate::domain::Error;
use std::path::Path;
pub(super) struct FileStore;
impl FileStore {
    pub(super) async fn open(_: &Path) -> Result<super::memory::MemoryStore, Error> {
        Err(Error::internal("not yet"))
    }
}

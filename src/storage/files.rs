//! Files of the house: plain files in one folder, beside the logs of a store.
//!
//! ```text
//! FOLDER/ID        a file that is kept, whole
//! FOLDER/ID~new    one on its way in
//! ```
//!
//! A file is locked by whoever brings it, from before its first byte until they let go of it. The kernel frees the lock with
//! the process. So what a dead process has left is known by its name and by its lock being free: a file on its way in is
//! then removed, and one that is whole is shown to whoever knows whether it is wanted.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWriteExt;

use super::IncomingFile;
use super::file::place::{self, At};
use super::rules::file_name;
use crate::domain::{Error, FileId};

/// What the name of a file ends in that is on its way.
const DRAFT: &str = "~new";
/// Attempts to make a file that others may take for one that was left, and the nap between two.
const ATTEMPTS: usize = 1_000;
const NAP: Duration = Duration::from_millis(1);

/// The folder. It is made with the first file.
pub(super) struct FileFolder {
    path: PathBuf,
}

/// A file on its way in.
struct Incoming {
    draft: PathBuf,
    whole: PathBuf,
    file: tokio::fs::File,
    is_kept: bool,
}

impl FileFolder {
    /// Nothing is read or written yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn whole(&self, id: &FileId) -> PathBuf {
        self.path.join(file_name(id.as_str()))
    }

    /// Begins to take a file.
    pub(super) async fn receive(&self, id: &FileId) -> Result<Box<dyn IncomingFile>, Error> {
        let whole = self.whole(id);
        let mut draft = whole.clone().into_os_string();
        draft.push(DRAFT);
        let (draft, folder) = (PathBuf::from(draft), self.path.clone());
        // Who is not waited for any more is dropped whole, and leaves nothing.
        let made = blocking(move || {
            place::make_folder(&folder)?;
            let file = tokio::fs::File::from_std(make(&draft)?);
            Ok(Incoming { draft, whole, file, is_kept: false })
        });
        Ok(Box::new(made.await?))
    }

    /// Bytes of a file that is kept.
    pub(super) async fn read(&self, id: &FileId, first: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let path = self.whole(id);
        blocking(move || {
            let Some(file) = place::if_there(File::open(&path)).at(&path)? else { return Ok(None) };
            let left = file.metadata().at(&path)?.len().saturating_sub(first);
            let mut bytes = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(length)];
            file.read_exact_at(&mut bytes, first).at(&path)?;
            Ok(Some(bytes))
        })
        .await
    }

    /// Takes a file away.
    pub(super) async fn remove(&self, id: &FileId) -> Result<bool, Error> {
        let path = self.whole(id);
        blocking(move || place::remove_durably(&path)).await
    }

    /// The files that are kept and that nobody holds.
    pub(super) async fn list(&self) -> Result<Vec<FileId>, Error> {
        let folder = self.path.clone();
        blocking(move || {
            let mut ids = Vec::new();
            let Some(items) = place::if_there(fs::read_dir(&folder)).at(&folder)? else { return Ok(ids) };
            for item in items {
                let path = item.at(&folder)?.path();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                if !is_free(&path).at(&path)? {
                    continue;
                }
                if name.ends_with(DRAFT) {
                    sweep(&path).at(&path)?;
                } else {
                    ids.push(FileId::from_text(name));
                }
            }
            ids.sort_unstable();
            Ok(ids)
        })
        .await
    }
}

#[async_trait]
impl IncomingFile for Incoming {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.file.write_all(&bytes).await.at(&self.draft)
    }

    async fn keep(&mut self) -> Result<(), Error> {
        self.file.flush().await.at(&self.draft)?;
        self.file.sync_all().await.at(&self.draft)?;
        let (draft, whole) = (self.draft.clone(), self.whole.clone());
        blocking(move || {
            fs::rename(&draft, &whole).at(&whole)?;
            whole.parent().map_or(Ok(()), place::sync_folder)
        })
        .await?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed now is swept later.
            let _ = fs::remove_file(&self.draft);
        }
    }
}

/// Makes a file that this process holds.
fn make(path: &Path) -> Result<File, Error> {
    for _ in 0..ATTEMPTS {
        let file = place::options().read(true).write(true).create(true).truncate(false).open(path).at(path)?;
        match file.try_lock() {
            // Between opening and locking somebody may have taken it for one that was left.
            Ok(()) if is_same(&file, path).at(path)? => {
                file.set_len(0).at(path)?;
                return Ok(file);
            }
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => std::thread::sleep(NAP),
            Err(TryLockError::Error(error)) => return Err(place::failure(path, &error)),
        }
    }
    Err(Error::store(None, format!("`{}` is held by another process", path.display())))
}

/// Whether nobody brings a file. Shared, so that two who look at the same moment do not hinder each other.
fn is_free(path: &Path) -> io::Result<bool> {
    let Some(file) = place::if_there(File::open(path))? else { return Ok(false) };
    match file.try_lock_shared() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Removes a file that never came whole, if nobody brings it.
fn sweep(path: &Path) -> io::Result<()> {
    let Some(file) = place::if_there(File::open(path))? else { return Ok(()) };
    match file.try_lock() {
        Ok(()) if is_same(&file, path)? => place::if_there(fs::remove_file(path)).map(drop),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    let named = place::if_there(fs::metadata(path))?;
    Ok(named.is_some_and(|named| (opened.dev(), opened.ino()) == (named.dev(), named.ino())))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::internal(format!("work on a file ended early: {error}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_dead_process_has_left_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let folder = FileFolder::new(place.path().join("files"));
        let alive = folder.receive(&FileId::from_text("alive")).await.unwrap();
        fs::write(place.path().join("files/dead~new"), "half").unwrap();
        fs::write(place.path().join("files/whole"), "no record of it").unwrap();
        let names = || {
            let items = fs::read_dir(place.path().join("files")).unwrap();
            let mut names: Vec<_> = items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        assert_eq!(names(), ["alive~new", "dead~new", "whole"]);
        assert_eq!(folder.list().await.unwrap(), [FileId::from_text("whole")]);
        assert_eq!(names(), ["alive~new", "whole"]);
        drop(alive);
        assert_eq!(names(), ["whole"]);
        // One of the same name is begun anew, whatever was in it.
        fs::write(place.path().join("files/again~new"), "an older and longer half").unwrap();
        let mut again = folder.receive(&FileId::from_text("again")).await.unwrap();
        again.write(Bytes::from_static(b"new")).await.unwrap();
        again.keep().await.unwrap();
        assert_eq!(folder.read(&FileId::from_text("again"), 0, 99).await.unwrap().as_deref(), Some(&b"new"[..]));
    }
}

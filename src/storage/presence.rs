//! Which processes live: each holds a lock on a file of its own, and the kernel frees it when the process ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::Presence;

/// Attempts to hold a file that others only look at for a moment.
const ATTEMPTS: usize = 1000;

/// A process's file, locked.
struct Held {
    path: PathBuf,
    // Dropped after the file is removed, so that nobody takes a file that is about to go.
    _file: File,
}

impl Presence for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the process of this file one of the living. The folder must exist.
pub(super) fn attend(path: PathBuf) -> io::Result<Box<dyn Presence>> {
    for _ in 0..ATTEMPTS {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        match file.try_lock() {
            // The file may have been removed between opening and locking: then the lock holds nothing.
            Ok(()) if is_same(&file, &path)? => return Ok(Box::new(Held { path, _file: file })),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => std::thread::sleep(std::time::Duration::from_millis(1)),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another process holds this place"))
}

/// Whether the process of this file lives. A file that nobody holds is removed.
pub(super) fn is_alive(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // Shared, so that two who look at the same moment do not take each other for the process.
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => {
            if is_same(&file, path)? {
                let _ = fs::remove_file(path);
            }
            Ok(false)
        }
    }
}

fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((opened.dev(), opened.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

//! Files and folders: names, modes, locks, and writing that survives a power cut.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::{Cause, Error};

/// Longest wait for another process.
const PATIENCE: Duration = Duration::from_secs(30);

/// First and longest nap between two looks at a lock that somebody else holds.
const NAPS: [Duration; 2] = [Duration::from_micros(200), Duration::from_millis(5)];

/// What the name of an unfinished file ends in. No other name of a store does.
const DRAFT: &str = "~new";

/// An error of the file system, in the words of the house.
pub(in crate::storage) fn failure(path: &Path, error: &io::Error) -> Error {
    let place = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::store(Some(Cause::Full), format!("no space is left for `{place}`"))
                .hint("free some space, or name a store elsewhere with `--store`")
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Error::store(Some(Cause::ReadOnly), format!("`{place}` cannot be written or read: {error}"))
                .hint("allow this user to write the store, or name another one with `--store`")
        }
        _ => Error::store(None, format!("`{place}` failed: {error}")).hint("name another store with `--store`"),
    }
}

/// An error that names the damaged place.
pub(super) fn corrupt(path: &Path, what: &str) -> Error {
    Error::store(Some(Cause::Corrupt), format!("`{}` is damaged: {what}", path.display()))
        .hint("restore the file from a copy; other sessions are not affected")
}

/// Adds the path to an error.
pub(in crate::storage) trait At<T> {
    /// As an error of this path.
    fn at(self, path: &Path) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, Error> {
        self.map_err(|error| failure(path, &error))
    }
}

/// `None` where there is no such file.
pub(in crate::storage) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How files are opened that this store makes: readable by the owner only.
pub(in crate::storage) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Makes a folder and those above it durably, where they are not there.
pub(in crate::storage) fn make_folder(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.map_or(Ok(()), make_folder)?;
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made.at(path)?,
    }
    sync_folder(above.unwrap_or_else(|| Path::new(".")))
}

/// Makes the names in a folder durable.
pub(in crate::storage) fn sync_folder(path: &Path) -> Result<(), Error> {
    File::open(path).and_then(|folder| folder.sync_all()).at(path)
}

/// The text of a small file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    if_there(fs::read(path)).at(path)
}

/// The names in a folder, without those of unfinished files.
pub(super) fn names(path: &Path) -> Result<Vec<String>, Error> {
    let Some(folder) = if_there(fs::read_dir(path)).at(path)? else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for item in folder {
        match item.at(path)?.file_name().into_string() {
            Ok(name) if !name.ends_with(DRAFT) => names.push(name),
            _ => {}
        }
    }
    Ok(names)
}

/// Whether something must outlive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It must.
    Durably,
    /// It can be made again.
    Loosely,
}

/// A file that will take the place of another, all of it or nothing. Only one process may make one at a time.
pub(super) struct Draft {
    path: PathBuf,
    draft: PathBuf,
    file: BufWriter<File>,
}

impl Draft {
    /// Begins the file.
    pub(super) fn begin(path: &Path) -> Result<Self, Error> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(DRAFT);
        let draft = PathBuf::from(draft);
        let file = options().write(true).create(true).truncate(true).open(&draft).at(&draft)?;
        Ok(Self { path: path.to_owned(), draft, file: BufWriter::new(file) })
    }

    /// Adds to it.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).at(&self.draft)
    }

    /// Puts it in its place.
    pub(super) fn finish(mut self, keep: Keep) -> Result<(), Error> {
        self.file.flush().at(&self.draft)?;
        if keep == Keep::Durably {
            self.file.get_ref().sync_all().at(&self.draft)?;
        }
        fs::rename(&self.draft, &self.path).at(&self.path)?;
        match self.path.parent() {
            Some(folder) if keep == Keep::Durably => sync_folder(folder),
            _ => Ok(()),
        }
    }
}

/// Puts a file in the place of another, all of it or nothing. Only one process may do so at a time.
pub(super) fn replace(path: &Path, bytes: &[u8], keep: Keep) -> Result<(), Error> {
    let mut draft = Draft::begin(path)?;
    draft.write(bytes)?;
    draft.finish(keep)
}

/// Removes what a writer that died has left of a file.
pub(super) fn remove_draft(path: &Path) -> Result<(), Error> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(DRAFT);
    remove(Path::new(&draft)).map(|_| ())
}

/// Removes a file; true when it was there.
pub(super) fn remove(path: &Path) -> Result<bool, Error> {
    Ok(if_there(fs::remove_file(path)).at(path)?.is_some())
}

/// Removes a file for good; true when it was there.
pub(in crate::storage) fn remove_durably(path: &Path) -> Result<bool, Error> {
    let was_there = remove(path)?;
    match path.parent() {
        Some(folder) if was_there => sync_folder(folder).map(|()| true),
        _ => Ok(was_there),
    }
}

/// Removes a folder with all that is in it.
pub(super) fn remove_folder(path: &Path) -> Result<(), Error> {
    if_there(fs::remove_dir_all(path)).at(path).map(|_| ())
}

/// A lock that is held until it is dropped, or until the kernel takes it away with the process.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes a lock, waiting for whoever holds it.
    pub(super) fn take(path: &Path) -> Result<Self, Error> {
        Self::wait(path, File::try_lock)
    }

    /// Takes a lock together with others who share it, waiting for whoever holds it alone.
    pub(super) fn share(path: &Path) -> Result<Self, Error> {
        Self::wait(path, File::try_lock_shared)
    }

    fn wait(path: &Path, attempt: fn(&File) -> Result<(), TryLockError>) -> Result<Self, Error> {
        let until = Instant::now() + PATIENCE;
        let [mut nap, longest] = NAPS;
        let file = options().read(true).write(true).create(true).truncate(false).open(path).at(path)?;
        loop {
            match attempt(&file) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(nap),
                Err(TryLockError::WouldBlock) => {
                    let message = format!("`{}` is locked by another process for too long", path.display());
                    return Err(Error::store(Some(Cause::Locked), message).hint("end that process, or try again"));
                }
                Err(TryLockError::Error(error)) => return Err(failure(path, &error)),
            }
            nap = longest.min(nap * 2);
        }
    }

    /// Takes a lock if nobody holds it. `None` too where nothing can be written.
    pub(super) fn take_now(path: &Path) -> Result<Option<Self>, Error> {
        let file = match options().read(true).write(true).create(true).truncate(false).open(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
                return Ok(None);
            }
            Err(error) => return Err(failure(path, &error)),
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failure(path, &error)),
        }
    }
}

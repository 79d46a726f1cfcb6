//! What can go wrong in the database, in the words of the house.

use std::path::Path;

use rusqlite::{ErrorCode as Code, ffi};

use crate::domain::{Cause, Error, ErrorCode};
use crate::storage::AppendError;

/// Free space below which a failed write is put down to a full disk, in bytes.
const NEARLY_FULL: u64 = 1 << 20;

/// Why a piece of work on the database failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database says so.
    Sql(rusqlite::Error),
    /// The rules of appending say so.
    Append(AppendError),
}

/// What a piece of work on the database comes to.
pub(super) type Done<T> = Result<T, Fault>;

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<AppendError> for Fault {
    fn from(error: AppendError) -> Self {
        Self::Append(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Append(error.into())
    }
}

impl Fault {
    /// As the answer to an append.
    pub(super) fn into_append(self, path: &Path) -> AppendError {
        match self {
            Self::Append(error) => error,
            Self::Sql(error) => AppendError::Store(failure(path, &error)),
        }
    }

    /// As the answer to anything else.
    pub(super) fn into_error(self, path: &Path) -> Error {
        match self.into_append(path) {
            AppendError::Store(error) => error,
            other => Error::internal(format!("unexpected answer of the store: {other:?}")),
        }
    }
}

/// An error of the database in the words of the house. The message names the file.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> Error {
    let place = path.display();
    let rusqlite::Error::SqliteFailure(code, _) = error else {
        return Error::store(None, format!("store `{place}` failed: {error}"));
    };
    match code.code {
        Code::DiskFull => full(path),
        Code::SystemIoFailure if is_write(code.extended_code) && is_nearly_full(path) => full(path),
        Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied => read_only(path, &error.to_string()),
        Code::DatabaseCorrupt | Code::NotADatabase => {
            Error::store(Some(Cause::Corrupt), format!("store `{place}` is damaged: {error}"))
                .hint("restore it from a copy, or name another store with `--store`")
        }
        Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed => {
            Error::store(Some(Cause::Locked), format!("store `{place}` is locked by another process"))
                .hint("end the process that holds it, or try again")
        }
        Code::TooBig => Error::new(ErrorCode::TooLarge, format!("store `{place}` does not take that much at once")),
        _ => Error::store(None, format!("store `{place}` failed: {error}")),
    }
}

/// The answer where nothing can be written.
pub(super) fn read_only(path: &Path, why: &str) -> Error {
    Error::store(Some(Cause::ReadOnly), format!("store `{}` cannot be written: {why}", path.display()))
        .hint("allow this user to write the file and its folder, or name another store with `--store`")
}

fn full(path: &Path) -> Error {
    Error::store(Some(Cause::Full), format!("no space is left for store `{}`", path.display()))
        .hint("free some space, or name a store elsewhere with `--store`")
}

const fn is_write(extended: i32) -> bool {
    matches!(extended, ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_TRUNCATE)
}

fn is_nearly_full(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) < NEARLY_FULL)
}

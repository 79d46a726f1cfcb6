//! Opening the database: finding it, making it, and setting up a connection.
//!
//! Thirty processes may open a store that does not exist, all at once. So a new database is made under another name,
//! by the one process that holds the lock file beside it, and gets its own name when it is complete: whoever finds a
//! file of that name finds a store, and opening one takes no lock and no write.

use std::cell::Cell;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::fault::{failure, read_only};
use super::schema::{self, Kind};
use crate::domain::{Cause, Error};

/// Longest wait for another process, in a transaction or while the store is made.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at a lock that another process holds.
const NAP: Duration = Duration::from_millis(1);

/// Most statements that a connection keeps prepared.
const STATEMENTS: usize = 48;

/// Longest text or blob, in bytes.
const LENGTH_MAX: i32 = 256 << 20;

/// Statements for every connection. The write-ahead log is folded by a connection of its own, never on the way of a
/// commit; it is cut back to this size when it is begun anew.
const SETTINGS: &str = "
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA wal_autocheckpoint = 0;
PRAGMA journal_size_limit = 1048576;
PRAGMA trusted_schema = OFF;
";

thread_local! {
    static WAITED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a connection of this thread had to wait for another process since the last question.
pub(super) fn has_waited() -> bool {
    WAITED.replace(false)
}

/// The path of something that lies beside the database: `PATH.what` or `PATH-what`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Finds the store, or makes it, and brings it to the version of `steps`. Answers its absolute path and a connection.
pub(super) fn open(path: &Path, steps: &[&str]) -> Result<(PathBuf, Connection), Error> {
    if !exists(path)? {
        make(path, steps)?;
    }
    let path = fs::canonicalize(path).map_err(|error| unopened(path, &error))?;
    let mut connection = connect(&path)?;
    let kind = schema::look(&connection, steps).map_err(|error| failure(&path, &error))?;
    match kind {
        Kind::Current => {}
        Kind::Older(_) => {
            let _lock = lock(&path)?;
            schema::migrate(&mut connection, steps).map_err(|error| failure(&path, &error))?;
        }
        Kind::Newer(version) => {
            let message = format!("store `{}` has version {version}, this program knows {}", path.display(), steps.len());
            return Err(Error::store(Some(Cause::Newer), message).hint("use the newer program, or name another store"));
        }
        Kind::Foreign => {
            let message = format!("`{}` is a database of another program", path.display());
            return Err(Error::store(Some(Cause::Corrupt), message).hint("name another store with `--store`"));
        }
    }
    configure(&connection).map_err(|error| failure(&path, &error))?;
    Ok((path, connection))
}

/// A further connection to a store that was opened before.
pub(super) fn again(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path)?;
    configure(&connection).map_err(|error| failure(path, &error))?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || {
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_handler(Some(wait))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LENGTH_MAX)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    connect().map_err(|error| failure(path, &error))
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SETTINGS)
}

/// Waits for another process: short naps, so that a gap between its transactions is found.
fn wait(count: i32) -> bool {
    WAITED.set(true);
    thread::sleep(NAP);
    u128::try_from(count).is_ok_and(|count| count * NAP.as_millis() < PATIENCE.as_millis())
}

fn exists(path: &Path) -> Result<bool, Error> {
    match fs::metadata(path) {
        Ok(file) if file.is_dir() => Err(unopened(path, &io::ErrorKind::IsADirectory.into())),
        Ok(file) => Ok(file.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unopened(path, &error)),
    }
}

/// Makes a new store, unless another process was quicker.
fn make(path: &Path, steps: &[&str]) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| unopened(path, &error))?;
    }
    let _lock = lock(path)?;
    if exists(path)? {
        return Ok(());
    }
    let draft = beside(path, ".new");
    for left_over in [&draft, &beside(&draft, "-wal"), &beside(&draft, "-shm"), &beside(&draft, "-journal")] {
        let _ = fs::remove_file(left_over);
    }
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
    file.map_err(|error| unopened(path, &error))?;
    fill(&draft, steps).map_err(|error| failure(path, &error))?;
    let named = File::open(&draft).and_then(|file| file.sync_all()).and_then(|()| fs::rename(&draft, path));
    named.and_then(|()| sync_folder_of(path)).map_err(|error| unopened(path, &error))
}

/// The draft is closed with its log folded in: one file, complete.
fn fill(draft: &Path, steps: &[&str]) -> rusqlite::Result<()> {
    let mut connection = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    schema::migrate(&mut connection, steps)?;
    connection.close().map_err(|(_, error)| error)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// Holds the right to make or migrate the store until the answer is dropped.
fn lock(path: &Path) -> Result<File, Error> {
    let beside = beside(path, ".lock");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&beside);
    let file = file.map_err(|error| unopened(path, &error))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(NAP),
            Err(TryLockError::WouldBlock) => {
                let message = format!("store `{}` is being made by another process for too long", path.display());
                return Err(Error::store(Some(Cause::Locked), message));
            }
            Err(TryLockError::Error(error)) => return Err(unopened(path, &error)),
        }
    }
}

/// An error of the file system, in the words of the house.
pub(super) fn unopened(path: &Path, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::store(Some(Cause::Full), format!("no space is left for store `{}`", path.display()))
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => read_only(path, &error.to_string()),
        _ => Error::store(None, format!("store `{}` cannot be opened: {error}", path.display()))
            .hint("name another one with `--store`"),
    }
}

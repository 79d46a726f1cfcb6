//! Folding the write-ahead log into the database, away from the way of commits.
//!
//! A *passive* fold does what it can without waiting; it is begun in a thread of its own when the log has grown, and by
//! `tidy`. Under steady writing it never reaches the end, and the log would grow for ever: so it is followed by one that
//! holds the writer for the little that is left, after which the log begins anew.
//!
//! Where a text was removed for good, more is needed. `secure_delete` overwrites what was deleted, but not the copies
//! that stay behind in the free part of a page when a tree is balanced (the conformance suite shows such copies). So the
//! database is rebuilt from its rows, and then the log is cut to nothing. That costs a rewrite of the whole file;
//! removals that come in meanwhile share the next one. A mark beside the database is set before a text is removed and
//! taken away when all this is done: while it stands, every `tidy` and every opening of the store does it. That a reader
//! is in the way for too long is a warning and no error.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::Mutex;

use super::connect;
use super::fault::failure;
use super::read::run;
use crate::domain::Error;

/// Length from which the log is folded, in bytes.
const LONG: u64 = 4 << 20;

/// Length from which it is folded and cut to nothing when a process ends. The first process that opens the store reads
/// all of the log, which for a shorter one costs less than a fold with its waits for the disk.
const LEFT_BEHIND: u64 = 512 << 10;

/// How much it must have grown before the next attempt, when one could not fold all of it.
const FURTHER: u64 = 1 << 20;

/// Longest wait for readers before the log is cut, how often that is tried, and the nap between. A fold that is at work
/// already is not waited for by SQLite itself: it says at once that it is busy.
const PATIENCE: Duration = Duration::from_millis(100);
const TRIES: u32 = 50;
const BETWEEN: Duration = Duration::from_millis(20);

/// Between two looks at a lock while the log is folded to its end, and how often it is looked. So long may commits be
/// held up by a reader.
const NAP: Duration = Duration::from_millis(1);
const NAPS: i32 = 200;

/// Says that the store must be wiped, whatever happens to this process.
pub(super) fn demand_wipe(path: &Path) -> Result<(), Error> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(mark(path));
    file.and_then(|mut file| file.write_all(b".")).map_err(|error| connect::unopened(path, &error))
}

/// Whether the store must be wiped.
pub(super) fn is_wipe_due(path: &Path) -> bool {
    length(&mark(path)) > 0
}

/// Folds the log when it is not short; where texts were removed for good, leaves no copy of them in any file.
pub(super) fn tidy(path: &Path) -> Result<(), Error> {
    let due = length(&mark(path));
    if due == 0 {
        if length(&connect::beside(path, "-wal")) < LEFT_BEHIND {
            return Ok(());
        }
        // Whoever is at work folds it later: nobody is waited for.
        return fold(path, "PRAGMA wal_checkpoint(TRUNCATE)", Duration::ZERO).map(|_| ());
    }
    // The draft of a large store belongs on the disk; it has no name there.
    let rebuild = "PRAGMA temp_store = FILE; VACUUM";
    let connection = connect::again(path)?;
    super::texts::forget(&connection).map_err(|error| failure(path, &error))?;
    connection.execute_batch(rebuild).map_err(|error| failure(path, &error))?;
    drop(connection);
    if !cut(path)? {
        tracing::warn!(store = %path.display(), "a reader keeps removed text in the write-ahead log; tried again later");
    } else if length(&mark(path)) == due {
        // Nobody has removed a further text meanwhile.
        fs::remove_file(mark(path)).map_err(|error| connect::unopened(path, &error))?;
    }
    Ok(())
}

fn mark(path: &Path) -> PathBuf {
    connect::beside(path, ".wipe")
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Cuts the log to nothing, as soon as nobody is in the way; true when it was done.
fn cut(path: &Path) -> Result<bool, Error> {
    for _ in 0..TRIES {
        if fold(path, "PRAGMA wal_checkpoint(TRUNCATE)", PATIENCE)? {
            return Ok(true);
        }
        thread::sleep(BETWEEN);
    }
    Ok(false)
}

/// True when nobody was in the way.
fn fold(path: &Path, sql: &str, patience: Duration) -> Result<bool, Error> {
    let connection = connect::again(path)?;
    let fold = || {
        connection.busy_timeout(patience)?;
        connection.query_row(sql, [], |row| Ok(row.get::<_, i64>(0)? == 0))
    };
    fold().map_err(|error| failure(path, &error))
}

/// Folds the log while others write, then what is left while they wait. When readers are in the way for too long, the
/// rest stays for the next time.
fn fold_to_the_end(path: &Path) -> Result<(), Error> {
    let mut connection = connect::again(path)?;
    let mut fold = || {
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        connection.busy_handler(Some(hold_up))?;
        connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))
    };
    fold().map_err(|error| failure(path, &error))
}

/// Waits for the writer, and then for readers, in short naps.
fn hold_up(count: i32) -> bool {
    thread::sleep(NAP);
    count < NAPS
}

/// Lets removals that come at the same time share one wipe.
#[derive(Default)]
pub(super) struct Wiping {
    demanded: AtomicU64,
    done: Mutex<u64>,
}

impl Wiping {
    /// Wipes the store, unless a wipe that began after this call has done it. The removal must be committed.
    pub(super) async fn wipe(&self, path: &Arc<PathBuf>) -> Result<(), Error> {
        let mine = self.demanded.fetch_add(1, Ordering::AcqRel) + 1;
        let mut done = self.done.lock().await;
        if *done >= mine {
            return Ok(());
        }
        let covered = self.demanded.load(Ordering::Acquire);
        let path = Arc::clone(path);
        run(move || tidy(&path)).await?;
        *done = covered;
        Ok(())
    }
}

/// Folds the log when it has become long, one fold at a time.
pub(super) struct Folding {
    path: PathBuf,
    log: PathBuf,
    is_at_work: Arc<AtomicBool>,
    next_at: Arc<AtomicU64>,
}

impl Folding {
    /// For the database at `path`.
    pub(super) fn new(path: &Path) -> Self {
        let log = connect::beside(path, "-wal");
        Self { path: path.to_owned(), log, is_at_work: Arc::default(), next_at: Arc::new(AtomicU64::new(LONG)) }
    }

    /// Begins a fold in a thread of its own, when the log is long and none is at work.
    pub(super) fn fold_when_long(&self) {
        let length = length(&self.log);
        if length < LONG {
            self.next_at.store(LONG, Ordering::Relaxed);
            return;
        }
        if length < self.next_at.load(Ordering::Relaxed) || self.is_at_work.swap(true, Ordering::AcqRel) {
            return;
        }
        self.next_at.store(length + FURTHER, Ordering::Relaxed);
        let (path, is_at_work) = (self.path.clone(), Arc::clone(&self.is_at_work));
        let run = move || {
            if let Err(error) = fold_to_the_end(&path) {
                tracing::warn!(store = %path.display(), %error, "the write-ahead log was not folded");
            }
            is_at_work.store(false, Ordering::Release);
        };
        if thread::Builder::new().name("store-fold".to_owned()).spawn(run).is_err() {
            self.is_at_work.store(false, Ordering::Release);
        }
    }
}

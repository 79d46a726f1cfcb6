//! The one thread that writes: it takes what is waiting, does all of it in one transaction, and answers when that is
//! durable.
//!
//! Each piece of work has a savepoint of its own, so one that fails takes no other with it. Between two transactions
//! the lock is free, and where another process was seen to want it, it is left free for a moment.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Folding;
use super::connect;
use super::fault::{Done, Fault, failure};
use crate::domain::Error;
use crate::storage::probe;

/// Most pieces of work in one transaction, and most that wait.
const GROUP: usize = 256;

/// How long the lock is left to other processes.
const TURN: Duration = Duration::from_millis(2);

/// For how many transactions it is, after another process was seen.
const COURTESY: u32 = 64;

/// A piece of work that waits for its transaction.
trait Job: Send {
    /// Does it. False when it is to be undone.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells whoever waits what came of it. `lost` is why the transaction was lost.
    fn answer(&mut self, lost: Option<&Error>);
}

struct Task<W, T> {
    work: Option<W>,
    result: Option<Done<T>>,
    waiting: Option<oneshot::Sender<Done<T>>>,
}

impl<W, T> Job for Task<W, T>
where
    W: FnOnce(&Connection) -> Done<T> + Send,
    T: Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.work.take().map(|work| work(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(&mut self, lost: Option<&Error>) {
        let Some(waiting) = self.waiting.take() else { return };
        let result = match (self.result.take(), lost) {
            (Some(Err(fault)), _) => Err(fault),
            (_, Some(error)) => Err(Fault::from(error.clone())),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(Fault::from(Error::internal("a write was never done"))),
        };
        let _ = waiting.send(result);
    }
}

/// The way to the thread that writes. The thread ends when this is dropped and all work is done.
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(path: Arc<PathBuf>, connection: Connection) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(GROUP);
        let run = move || write(&path, &connection, waiting);
        thread::Builder::new().name("store".to_owned()).spawn(run)?;
        Ok(Self { jobs })
    }

    /// Has a piece of work done, and answers once it is durable.
    pub(super) async fn submit<T, W>(&self, work: W) -> Done<T>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Done<T> + Send + 'static,
    {
        let (waiting, answer) = oneshot::channel();
        let task = Task { work: Some(work), result: None, waiting: Some(waiting) };
        let gone = || Fault::from(Error::internal("the thread that writes the store has ended"));
        self.jobs.send(Box::new(task)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn write(path: &Path, connection: &Connection, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
    let folding = Folding::new(path);
    let mut group = Vec::with_capacity(GROUP);
    let mut courtesy = 0;
    while waiting.blocking_recv_many(&mut group, GROUP) > 0 {
        let lost = commit(path, connection, &mut group);
        for job in &mut group {
            job.answer(lost.as_ref());
        }
        group.clear();
        folding.fold_when_long();
        if connect::has_waited() {
            courtesy = COURTESY;
        }
        if courtesy > 0 && !waiting.is_empty() {
            courtesy -= 1;
            thread::sleep(TURN);
        }
    }
}

/// Does a group in one transaction. Answers why all of it was lost, where it was.
fn commit(path: &Path, connection: &Connection, group: &mut [Box<dyn Job>]) -> Option<Error> {
    probe::reached("append.before");
    let lost = attempt(connection, group).err().map(|error| failure(path, &error));
    if lost.is_some() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    lost
}

fn attempt(connection: &Connection, group: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let run = |sql: &str| connection.prepare_cached(sql)?.execute([]).map(|_| ());
    run("BEGIN IMMEDIATE")?;
    for job in &mut *group {
        run("SAVEPOINT one")?;
        if !job.run(connection) {
            // Some failures, such as a full disk, end the whole transaction; then this fails, and all are told.
            run("ROLLBACK TO one")?;
        }
        run("RELEASE one")?;
    }
    if probe::ANSWERS_TOO_EARLY {
        group.iter_mut().for_each(|job| job.answer(None));
        thread::sleep(probe::TOO_EARLY_BY);
    }
    probe::reached("append.written");
    run("COMMIT")?;
    probe::reached("append.durable");
    Ok(())
}

//! A store in one SQLite file: the default.
//!
//! - [`connect`] finds or makes the file and sets up connections; [`schema`] is the tables and their history.
//! - [`writer`] is the one thread that writes, with group commit; [`append`] is what it does inside a transaction.
//! - [`read`] has the connections that read; [`checkpoint`] folds the write-ahead log away from the way of commits.
//! - [`texts`] is the index of words; [`whole`] takes whole logs, and copies the store.
//! - [`fault`] puts the database's errors into the words of the house.
//!
//! Beside the file `PATH` lie SQLite's own `PATH-wal` and `PATH-shm`, `PATH.lock` (held while the store is made or
//! migrated), `PATH.wipe` (see [`checkpoint`]), `PATH.processes/` with a locked file for each living process, and `PATH.files/`
//! with the files of the house: plain files, so that a large one is neither in the database nor rewritten with it.
//! Everything of ours is readable by its owner only.

mod append;
mod checkpoint;
mod connect;
mod fault;
mod read;
mod runs;
mod schema;
#[cfg(test)]
mod tests;
mod texts;
mod whole;
mod writer;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, params};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;

use self::append::Prepared;
use self::checkpoint::Wiping;
use self::fault::Done;
use self::read::Readers;
use self::writer::Writer;
use super::files::FileFolder;
use super::rules::{self, Page};
use super::{
    Adopted, Append, AppendError, Blank, Counts, Entry, Head, IncomingFile, Presence, Record, RunQuery, SessionQuery,
    Snapshot, Store, TextHits, TextQuery, TurnQuery, presence,
};
use crate::domain::{BlobId, Error, FileId, ProcessId, Run, RunId, SessionId, SessionSummary};

/// The store.
pub(super) struct SqliteStore {
    path: Arc<PathBuf>,
    writer: Writer,
    readers: Readers,
    wiping: Wiping,
    files: FileFolder,
}

impl SqliteStore {
    /// Opens the store, making it when it is not there.
    pub(super) async fn open(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        let (path, connection) = read::run(move || connect::open(&path, schema::STEPS)).await?;
        let path = Arc::new(path);
        let writer = Writer::start(Arc::clone(&path), connection);
        let writer = writer.map_err(|error| Error::internal(format!("no thread for the store: {error}")))?;
        let files = FileFolder::new(connect::beside(&path, ".files"));
        let store = Self { readers: Readers::new(Arc::clone(&path)), path, writer, wiping: Wiping::default(), files };
        if checkpoint::is_wipe_due(&store.path) {
            store.tidy().await?;
        }
        Ok(store)
    }

    async fn write<T, W>(&self, work: W) -> Result<T, AppendError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Done<T> + Send + 'static,
    {
        self.writer.submit(work).await.map_err(|fault| fault.into_append(&self.path))
    }

    /// Writes what removes a text for good.
    async fn remove<T, W>(&self, work: W) -> Result<T, AppendError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Done<T> + Send + 'static,
    {
        let path = Arc::clone(&self.path);
        let demand = move |connection: &Connection| {
            let done = work(connection)?;
            checkpoint::demand_wipe(&path)?;
            Ok(done)
        };
        let done = self.write(demand).await?;
        // The text is gone from every answer, and the mark stands until it is gone from the files: no failure.
        if let Err(error) = self.wiping.wipe(&self.path).await {
            tracing::warn!(store = self.url(), %error, "removed text is still in the files of the store; tried again later");
        }
        Ok(done)
    }

    fn process(&self, process: &ProcessId) -> Result<PathBuf, Error> {
        let folder = connect::beside(&self.path, ".processes");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| connect::unopened(&folder, &error))?;
        Ok(folder.join(rules::file_name(process.as_str())))
    }
}

/// The error in an answer that knows no other failure.
fn only_store(error: AppendError) -> Error {
    match error {
        AppendError::Store(error) => error,
        other => Error::internal(format!("unexpected answer of the store: {other:?}")),
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn url(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    async fn append(&self, append: Append) -> Result<(), AppendError> {
        let prepared = Prepared::new(append)?;
        self.write(move |connection| append::append(connection, &prepared)).await
    }

    async fn head(&self, session: &SessionId) -> Result<Option<Head>, Error> {
        let session = session.clone();
        self.readers.read(move |connection| Ok(append::find(connection, &session)?.map(|row| row.head))).await
    }

    async fn read(&self, session: &SessionId, after: u64, limit: usize, bytes: usize) -> Result<Vec<Entry>, Error> {
        let session = session.clone();
        let page = Page::new(limit, bytes);
        self.readers.read(move |connection| read::entries(connection, &session, after, page, limit)).await
    }

    async fn read_back(&self, session: &SessionId, before: Option<u64>, limit: usize) -> Result<Vec<Entry>, Error> {
        let session = session.clone();
        self.readers.read(move |connection| read::entries_back(connection, &session, before, limit)).await
    }

    async fn snapshot(&self, session: &SessionId) -> Result<Option<Snapshot>, Error> {
        let session = session.clone();
        self.readers.read(move |connection| read::snapshot(connection, &session)).await
    }

    async fn scrub(&self, session: &SessionId, entry: Entry) -> Result<(), Error> {
        rules::check_entry(session, entry.seq, &entry)?;
        let session = session.clone();
        self.remove(move |connection| append::scrub(connection, &session, &entry)).await.map_err(only_store)
    }

    async fn clear(&self, append: Append, blank: Blank) -> Result<(), AppendError> {
        let prepared = Prepared::clearing(append)?;
        self.remove(move |connection| append::clear(connection, &prepared, blank)).await
    }

    async fn adopt(&self, session: &SessionId, incarnation: u64, pages: mpsc::Receiver<Adopted>) -> Result<(), AppendError> {
        let session = session.clone();
        self.write(move |connection| whole::adopt(connection, &session, incarnation, pages)).await
    }

    async fn search(&self, query: &TextQuery) -> Result<TextHits, Error> {
        if self.readers.read(texts::is_due).await? {
            let told = query.told;
            while self.write(move |connection| texts::take_in(connection, told)).await.map_err(only_store)? {}
        }
        let query = query.clone();
        self.readers.read(move |connection| texts::search(connection, &query)).await
    }

    async fn back_up(&self, to: &Path) -> Result<(), Error> {
        let (path, to) = (Arc::clone(&self.path), to.to_owned());
        read::run(move || whole::back_up(&path, &to)).await
    }

    async fn delete(&self, session: &SessionId, after: u64, entry: Entry) -> Result<(), AppendError> {
        rules::check_entry(session, after + 1, &entry)?;
        let session = session.clone();
        self.remove(move |connection| append::delete(connection, &session, after, &entry)).await
    }

    async fn sessions(&self, query: &SessionQuery) -> Result<Vec<SessionSummary>, Error> {
        let query = query.clone();
        self.readers.read(move |connection| read::sessions(connection, &query)).await
    }

    async fn counts(&self) -> Result<Counts, Error> {
        self.readers.read(read::counts).await
    }

    async fn summary(&self, session: &SessionId) -> Result<Option<SessionSummary>, Error> {
        let session = session.clone();
        self.readers.read(move |connection| read::summary(connection, &session)).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, Error> {
        let query = query.clone();
        self.readers.read(move |connection| runs::runs(connection, &query)).await
    }

    async fn count_runs(&self, query: &RunQuery) -> Result<u64, Error> {
        let query = query.clone();
        self.readers.read(move |connection| runs::count_runs(connection, &query)).await
    }

    async fn turn(&self, query: &TurnQuery) -> Result<Vec<Run>, Error> {
        let query = query.clone();
        self.readers.read(move |connection| runs::turn(connection, &query)).await
    }

    async fn waiting(&self) -> Result<u64, Error> {
        self.readers.read(runs::waiting).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<Run>, Error> {
        let run = run.clone();
        self.readers.read(move |connection| runs::run_row(connection, run.as_str())).await
    }

    async fn resolve(&self, namespace: &str, key: &str) -> Result<Option<String>, Error> {
        const SQL: &str = "SELECT entity FROM aliases WHERE namespace = ?1 AND key = ?2";
        let (namespace, key) = (namespace.to_owned(), key.to_owned());
        self.readers.read(move |connection| read::value(connection, SQL, [&namespace, &key])).await
    }

    async fn record(&self, kind: &str, id: &str) -> Result<Option<Record>, Error> {
        const SQL: &str = "SELECT body FROM records WHERE kind = ?1 AND id = ?2";
        let (kind, id) = (kind.to_owned(), id.to_owned());
        let find = move |connection: &Connection| {
            let body = read::value(connection, SQL, [&kind, &id])?;
            Ok(body.map(|body| Record { kind, id, body }))
        };
        self.readers.read(find).await
    }

    async fn records(&self, kind: &str) -> Result<Vec<Record>, Error> {
        let kind = kind.to_owned();
        self.readers.read(move |connection| read::records(connection, &kind)).await
    }

    async fn put_record(&self, record: Record) -> Result<(), Error> {
        self.write(move |connection| append::put_record(connection, &record)).await.map_err(only_store)
    }

    async fn put_record_if(&self, record: Record, expected: Option<&str>) -> Result<bool, Error> {
        let expected = expected.map(str::to_owned);
        let put = move |connection: &Connection| append::put_record_if(connection, &record, expected.as_deref());
        self.write(put).await.map_err(only_store)
    }

    async fn remove_record(&self, kind: &str, id: &str) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM records WHERE kind = ?1 AND id = ?2";
        let (kind, id) = (kind.to_owned(), id.to_owned());
        let remove = move |connection: &Connection| Ok(connection.execute(SQL, [kind, id])? > 0);
        self.remove(remove).await.map_err(only_store)
    }

    async fn secret(&self, owner: &str, name: &str) -> Result<Option<SecretString>, Error> {
        const SQL: &str = "SELECT value FROM secrets WHERE owner = ?1 AND name = ?2";
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let value: Option<String> =
            self.readers.read(move |connection| read::value(connection, SQL, [&owner, &name])).await?;
        Ok(value.map(SecretString::from))
    }

    async fn put_secret(&self, owner: &str, name: &str, value: Option<&SecretString>) -> Result<(), Error> {
        const PUT: &str = "INSERT INTO secrets (owner, name, value) VALUES (?1, ?2, ?3)
            ON CONFLICT (owner, name) DO UPDATE SET value = excluded.value";
        const REMOVE: &str = "DELETE FROM secrets WHERE owner = ?1 AND name = ?2";
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let done = if let Some(value) = value {
            let value = SecretString::from(value.expose_secret().to_owned());
            let put = move |connection: &Connection| {
                connection.execute(PUT, params![owner, name, value.expose_secret()])?;
                Ok(())
            };
            self.write(put).await
        } else {
            let remove = move |connection: &Connection| {
                connection.execute(REMOVE, [owner, name])?;
                Ok(())
            };
            self.remove(remove).await
        };
        done.map_err(only_store)
    }

    async fn settle_secret(&self, owner: &str, name: &str, value: &SecretString) -> Result<SecretString, Error> {
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let value = SecretString::from(value.expose_secret().to_owned());
        let settle = move |connection: &Connection| {
            append::settle_secret(connection, &owner, &name, value.expose_secret()).map(SecretString::from)
        };
        self.write(settle).await.map_err(only_store)
    }

    async fn secrets(&self) -> Result<Vec<SecretString>, Error> {
        let values = self.readers.read(read::secrets).await?;
        Ok(values.into_iter().map(SecretString::from).collect())
    }

    async fn put_blob(&self, session: &SessionId, bytes: &[u8]) -> Result<BlobId, Error> {
        const SQL: &str = "INSERT INTO blobs (session, id, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let (session, id, bytes) = (session.clone(), rules::blob_id(bytes), bytes.to_vec());
        let put = move |connection: &Connection| {
            connection.execute(SQL, params![session.as_str(), id.as_str(), bytes])?;
            Ok(id)
        };
        self.write(put).await.map_err(only_store)
    }

    async fn remove_blob(&self, session: &SessionId, id: &BlobId) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM blobs WHERE session = ?1 AND id = ?2";
        let (session, id) = (session.clone(), id.clone());
        let remove = move |connection: &Connection| Ok(connection.execute(SQL, [session.as_str(), id.as_str()])? > 0);
        self.remove(remove).await.map_err(only_store)
    }

    async fn blob(&self, session: &SessionId, id: &BlobId) -> Result<Option<Vec<u8>>, Error> {
        const SQL: &str = "SELECT body FROM blobs WHERE session = ?1 AND id = ?2";
        let (session, id) = (session.clone(), id.clone());
        self.readers.read(move |connection| read::value(connection, SQL, [session.as_str(), id.as_str()])).await
    }

    async fn receive_file(&self, id: &FileId) -> Result<Box<dyn IncomingFile>, Error> {
        self.files.receive(id).await
    }

    async fn file_bytes(&self, id: &FileId, first: u64, length: usize) -> Result<Option<Vec<u8>>, Error> {
        self.files.read(id, first, length).await
    }

    async fn remove_file(&self, id: &FileId) -> Result<bool, Error> {
        self.files.remove(id).await
    }

    async fn files(&self) -> Result<Vec<FileId>, Error> {
        self.files.list().await
    }

    async fn attend(&self, process: &ProcessId) -> Result<Box<dyn Presence>, Error> {
        let path = self.process(process)?;
        let attend = move || presence::attend(path.clone()).map_err(|error| connect::unopened(&path, &error));
        read::run(attend).await
    }

    async fn is_alive(&self, process: &ProcessId) -> Result<bool, Error> {
        let path = self.process(process)?;
        presence::is_alive(&path).map_err(|error| connect::unopened(&path, &error))
    }

    async fn version(&self) -> Result<u64, Error> {
        self.readers.version().await
    }

    async fn tidy(&self) -> Result<(), Error> {
        let path = Arc::clone(&self.path);
        read::run(move || checkpoint::tidy(&path)).await
    }
}

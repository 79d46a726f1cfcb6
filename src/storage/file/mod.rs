//! A store in a folder of plain files.
//!
//! ```text
//! format                    the version of all this
//! version                   its length changes with every change
//! lock, journal             names and records: see `kept`
//! sessions/ID/log.jsonl     the log: see `line`
//! sessions/ID/index         where each entry begins: see `index`
//! sessions/ID/lock          held by whoever changes anything of the session
//! sessions/ID/snapshot      the saved fold
//! sessions/ID/runs/RUN      rows of runs
//! sessions/ID/blobs/SHA256  bytes beside the log
//! files/ID                  files of the house, whole
//! runs/RUN, active/RUN      which session a run belongs to; which runs have not ended
//! unsettled/ID              an append is being done, or its process has died
//! aliases, entities, records, secrets, processes
//! texts.db, texts.lock      the index of words, which can be thrown away: see `texts`
//! ```
//!
//! A log is only ever appended to. An append is one write: its entries, then a *commit* line with the session's row, the
//! rows of the runs that changed and the tokens of the runs that have not ended; then it is synced. So an append is
//! there with all of that or not at all: entries without a commit after them are a torn end, which readers do not see
//! and the next writer takes away. A line that is damaged with a commit after it, or one that the index knows to have
//! been durable, is an error of that session alone; nothing is repaired by guessing.
//!
//! After the log is durable, the index, the files of runs, the saved fold and the version are written, without being
//! synced. Readers see what the index covers, so nothing that is not yet durable. The mark in `unsettled` stands from
//! before the append until all this is written: whoever finds it, and the session's lock free, writes it again from the
//! last commit. (After a power cut, a file of a run may be older than the log; the tokens in the commit never are.)
//!
//! `scrub` and `clear` write the whole log anew, with bare commits before the last. `delete` puts a log of one entry in its place.
//! Locks are those of `flock`: not for network file systems.

mod catching_up;
mod clearing;
mod index;
mod kept;
mod line;
mod log;
pub(super) mod place;
mod rows;
mod store;
#[cfg(test)]
mod tests;
mod texts;
mod whole;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, mpsc, oneshot};

use self::place::At;
use self::store::Root;
use super::files::FileFolder;
use super::rules::{self, Page, file_name};
use super::{
    Adopted, Append, AppendError, Blank, Counts, Entry, Head, IncomingFile, Presence, Record, RunQuery, SessionQuery,
    Snapshot, Store, TextHits, TextQuery, TurnQuery, presence,
};
use crate::domain::{BlobId, Error, FileId, ProcessId, Run, RunId, SessionId, SessionSummary};

/// Most operations at once; each takes a thread that may wait.
const AT_ONCE: usize = 64;

/// The store.
pub(super) struct FileStore {
    root: Arc<Root>,
    permits: Semaphore,
    files: FileFolder,
}

impl FileStore {
    /// Opens the store, making it when it is not there.
    pub(super) async fn open(path: &Path) -> Result<Self, Error> {
        let path = path.to_owned();
        let root = Arc::new(blocking(move || Root::open(&path)).await?);
        let files = FileFolder::new(root.path.join("files"));
        Ok(Self { root, permits: Semaphore::new(AT_ONCE), files })
    }

    /// Works in a thread that may wait.
    async fn run<T, E>(&self, work: impl FnOnce(&Root) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let permit = self.permits.acquire().await;
        let _permit = permit.map_err(|error| E::from(Error::internal(error.to_string())))?;
        let root = Arc::clone(&self.root);
        blocking(move || work(&root)).await
    }
}

async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::internal(format!("work on the store ended early: {error}")).into()))
}

#[async_trait]
impl Store for FileStore {
    fn url(&self) -> String {
        format!("file:{}", self.root.path.display())
    }

    async fn append(&self, append: Append) -> Result<(), AppendError> {
        let (answer, early) = oneshot::channel();
        let work = self.run(move |root| {
            let mut answer = Some(answer);
            root.append(&append, &mut || {
                let _ = answer.take().map(|answer| answer.send(()));
            })
        });
        tokio::pin!(work);
        tokio::select! {
            done = &mut work => done,
            // Only in a build with the planted bug.
            Ok(()) = early => Ok(()),
        }
    }

    async fn head(&self, session: &SessionId) -> Result<Option<Head>, Error> {
        let name = file_name(session.as_str());
        self.run(move |root| Ok(root.view(&name)?.map(|view| view.commit.head()))).await
    }

    async fn read(&self, session: &SessionId, after: u64, limit: usize, bytes: usize) -> Result<Vec<Entry>, Error> {
        let session = session.clone();
        self.run(move |root| root.read(&session, |_| after, |_| Page::new(limit, bytes))).await
    }

    async fn read_back(&self, session: &SessionId, before: Option<u64>, limit: usize) -> Result<Vec<Entry>, Error> {
        let session = session.clone();
        self.run(move |root| root.read_back(&session, before, limit)).await
    }

    async fn snapshot(&self, session: &SessionId) -> Result<Option<Snapshot>, Error> {
        let session = session.clone();
        self.run(move |root| root.snapshot(&session)).await
    }

    async fn scrub(&self, session: &SessionId, entry: Entry) -> Result<(), Error> {
        let session = session.clone();
        self.run(move |root| root.scrub(&session, &entry)).await
    }

    async fn clear(&self, append: Append, blank: Blank) -> Result<(), AppendError> {
        self.run(move |root| root.clear(&append, blank)).await
    }

    async fn adopt(&self, session: &SessionId, incarnation: u64, pages: mpsc::Receiver<Adopted>) -> Result<(), AppendError> {
        let session = session.clone();
        self.run(move |root| root.adopt(&session, incarnation, pages)).await
    }

    async fn search(&self, query: &TextQuery) -> Result<TextHits, Error> {
        let query = query.clone();
        self.run(move |root| root.search(&query)).await
    }

    async fn back_up(&self, to: &Path) -> Result<(), Error> {
        let to = to.to_owned();
        self.run(move |root| root.back_up(&to)).await
    }

    async fn delete(&self, session: &SessionId, after: u64, entry: Entry) -> Result<(), AppendError> {
        let session = session.clone();
        self.run(move |root| root.delete(&session, after, &entry)).await
    }

    async fn sessions(&self, query: &SessionQuery) -> Result<Vec<SessionSummary>, Error> {
        let query = query.clone();
        self.run(move |root| root.sessions(&query)).await
    }

    async fn counts(&self) -> Result<Counts, Error> {
        self.run(|root| root.counts()).await
    }

    async fn summary(&self, session: &SessionId) -> Result<Option<SessionSummary>, Error> {
        let session = session.clone();
        self.run(move |root| root.summary(&session)).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<Run>, Error> {
        let query = query.clone();
        self.run(move |root| root.runs(&query)).await
    }

    async fn each_run(&self, query: &RunQuery, to: mpsc::Sender<Vec<Run>>) -> Result<(), Error> {
        let query = RunQuery { after: None, ..query.clone() };
        self.run(move |root| root.each_run(&query, &to)).await
    }

    async fn count_runs(&self, query: &RunQuery) -> Result<u64, Error> {
        let query = RunQuery { offset: 0, limit: usize::MAX, ..query.clone() };
        self.run(move |root| Ok(root.runs(&query)?.len() as u64)).await
    }

    async fn turn(&self, query: &TurnQuery) -> Result<Vec<Run>, Error> {
        let query = query.clone();
        self.run(move |root| root.turn(&query)).await
    }

    async fn waiting(&self) -> Result<u64, Error> {
        self.run(Root::waiting).await
    }

    async fn run(&self, run: &RunId) -> Result<Option<Run>, Error> {
        let name = file_name(run.as_str());
        FileStore::run(self, move |root| {
            root.settle_all()?;
            root.run(&name)
        })
        .await
    }

    async fn resolve(&self, namespace: &str, key: &str) -> Result<Option<String>, Error> {
        let (namespace, key) = (namespace.to_owned(), key.to_owned());
        self.run(move |root| {
            root.settle_names()?;
            root.kept.resolve(&namespace, &key)
        })
        .await
    }

    async fn record(&self, kind: &str, id: &str) -> Result<Option<Record>, Error> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.run(move |root| {
            root.settle_names()?;
            root.kept.record(&kind, &id)
        })
        .await
    }

    async fn records(&self, kind: &str) -> Result<Vec<Record>, Error> {
        let kind = kind.to_owned();
        self.run(move |root| {
            root.settle_names()?;
            root.kept.records(&kind)
        })
        .await
    }

    async fn put_record(&self, record: Record) -> Result<(), Error> {
        self.run(move |root| {
            let _names = root.lock_names()?;
            root.kept.put_record(&record)?;
            root.change()
        })
        .await
    }

    async fn put_record_if(&self, record: Record, expected: Option<&str>) -> Result<bool, Error> {
        let expected = expected.map(str::to_owned);
        self.run(move |root| {
            let _names = root.lock_names()?;
            let kept = root.kept.record(&record.kind, &record.id)?;
            if kept.map(|kept| kept.body) != expected {
                return Ok(false);
            }
            root.kept.put_record(&record)?;
            root.change().map(|()| true)
        })
        .await
    }

    async fn remove_record(&self, kind: &str, id: &str) -> Result<bool, Error> {
        let (kind, id) = (kind.to_owned(), id.to_owned());
        self.run(move |root| {
            let _names = root.lock_names()?;
            let was_there = root.kept.remove_record(&kind, &id)?;
            root.change().map(|()| was_there)
        })
        .await
    }

    async fn secret(&self, owner: &str, name: &str) -> Result<Option<SecretString>, Error> {
        let (owner, name) = (owner.to_owned(), name.to_owned());
        self.run(move |root| root.kept.secret(&owner, &name)).await
    }

    async fn put_secret(&self, owner: &str, name: &str, value: Option<&SecretString>) -> Result<(), Error> {
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let value = value.map(|value| SecretString::from(value.expose_secret().to_owned()));
        self.run(move |root| {
            let _names = root.lock_names()?;
            root.kept.put_secret(&owner, &name, value.as_ref())?;
            root.change()
        })
        .await
    }

    async fn settle_secret(&self, owner: &str, name: &str, value: &SecretString) -> Result<SecretString, Error> {
        let (owner, name) = (owner.to_owned(), name.to_owned());
        let value = SecretString::from(value.expose_secret().to_owned());
        self.run(move |root| {
            let _names = root.lock_names()?;
            if let Some(there) = root.kept.secret(&owner, &name)? {
                return Ok(there);
            }
            root.kept.put_secret(&owner, &name, Some(&value))?;
            root.change().map(|()| value)
        })
        .await
    }

    async fn secrets(&self) -> Result<Vec<SecretString>, Error> {
        self.run(|root| root.kept.secrets()).await
    }

    async fn put_blob(&self, session: &SessionId, bytes: &[u8]) -> Result<BlobId, Error> {
        let (name, id, bytes) = (file_name(session.as_str()), rules::blob_id(bytes), bytes.to_vec());
        self.run(move |root| {
            root.put_blob(&name, &id, &bytes)?;
            Ok(id)
        })
        .await
    }

    async fn remove_blob(&self, session: &SessionId, id: &BlobId) -> Result<bool, Error> {
        if !BlobId::is_well_formed(id.as_str()) {
            return Ok(false);
        }
        let (name, id) = (file_name(session.as_str()), id.clone());
        self.run(move |root| root.remove_blob(&name, &id)).await
    }

    async fn blob(&self, session: &SessionId, id: &BlobId) -> Result<Option<Vec<u8>>, Error> {
        if !BlobId::is_well_formed(id.as_str()) {
            return Ok(None);
        }
        let path = self.root.folder(&file_name(session.as_str())).join("blobs").join(id.as_str());
        self.run(move |_| place::read(&path)).await
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
        let name = file_name(process.as_str());
        self.run(move |root| {
            let folder = root.path.join("processes");
            place::make_folder(&folder)?;
            presence::attend(folder.join(name)).at(&folder)
        })
        .await
    }

    async fn is_alive(&self, process: &ProcessId) -> Result<bool, Error> {
        let path = self.root.path.join("processes").join(file_name(process.as_str()));
        presence::is_alive(&path).at(&path)
    }

    async fn version(&self) -> Result<u64, Error> {
        let path = self.root.path.join("version");
        Ok(place::if_there(std::fs::metadata(&path)).at(&path)?.map_or(0, |file| file.len()))
    }

    async fn tidy(&self) -> Result<(), Error> {
        self.run(|root| {
            root.settle_all()?;
            root.settle_names()
        })
        .await
    }
}

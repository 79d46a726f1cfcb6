//! Files that somebody gives to a session: offered, received, kept, handed out, taken away. The folder that a session works
//! in is looked at elsewhere (`files`).
//!
//! An offer is kept nowhere: what it promises stands in the address that is signed for it (`signing`), so nothing has to be
//! cleared up after what never came. The bytes are kept first and the record of the file after them: so a file is there
//! whole or not at all, also after a crash.

pub(crate) mod media;
mod receiving;
mod signing;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, RwLock, Semaphore};

use super::house::Core;
use super::lives::must_live;
use crate::config::FileLimits;
use crate::domain::{Attributes, BlobId, Error, ErrorCode, File, FileId, FilePart, FileScope, FileState, Result, SessionId};
use crate::storage::{Record, kind_of_session};

pub use self::signing::{FilePurpose, Redeemed, SignedFile};
pub(crate) use self::signing::{redeem, sign};

/// Bytes of a file as they come.
pub type FileBytes = BoxStream<'static, Result<Bytes>>;

/// Files whose bytes are whole in memory at once, on their way into the store.
const KEPT_AT_ONCE: usize = 2;
/// Files whose bytes are whole in memory at once, on their way out.
const READ_AT_ONCE: usize = 8;
/// How long somebody waits for a place before they are told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file that somebody wants to give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileOffer {
    /// Its name, without a folder: 1 to 255 characters.
    pub name: String,
    /// IANA media type; parameters do not count.
    pub media_type: String,
    /// Its bytes: exactly so many must come.
    pub size: u64,
}

/// The places for files that are on their way, and the key that signs their addresses.
pub(crate) struct Uploads {
    receiving: Arc<Semaphore>,
    keeping: Semaphore,
    reading: Arc<Semaphore>,
    /// Held alone while bytes are taken away: nobody may count on them meanwhile.
    removing: RwLock<()>,
    key: OnceCell<SecretString>,
}

impl Uploads {
    pub(crate) fn new(limits: &FileLimits) -> Self {
        Self {
            receiving: Arc::new(Semaphore::new(limits.uploads_at_once.max(1))),
            keeping: Semaphore::new(KEPT_AT_ONCE),
            reading: Arc::new(Semaphore::new(READ_AT_ONCE)),
            removing: RwLock::new(()),
            key: OnceCell::new(),
        }
    }

    /// A place for a file on its way in.
    pub(crate) async fn place_to_receive(&self) -> Result<OwnedSemaphorePermit> {
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.receiving).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(too_many("uploaded")),
        }
    }

    /// A place for a file on its way out that is whole in memory.
    pub(crate) async fn place_to_read(&self) -> Result<OwnedSemaphorePermit> {
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.reading).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(too_many("downloaded")),
        }
    }
}

fn too_many(done: &str) -> Error {
    Error::new(ErrorCode::Unavailable, format!("too many files are {done} at once")).hint("try again in a moment")
}

/// What is known of a file.
enum Known {
    /// It is here.
    Here(File),
    /// It was here, and was taken away: its id is not used again.
    Removed,
}

/// The record of a file that was taken away.
const REMOVED: &str = r#"{"state":"removed"}"#;
/// Before the id of a file in its record's: a session may own other records too.
const PREFIX: &str = "file:";

/// The record of a file.
pub(crate) fn record(session: &SessionId, id: &FileId, body: String) -> Record {
    Record { kind: kind_of_session(session), id: format!("{PREFIX}{id}"), body }
}

fn read(record: &Record) -> Result<Known> {
    if record.body == REMOVED {
        return Ok(Known::Removed);
    }
    let file = serde_json::from_str(&record.body).map_err(|error| {
        Error::store(Some(crate::domain::Cause::Corrupt), format!("the record `{}` of a file: {error}", record.id))
    })?;
    Ok(Known::Here(file))
}

async fn known(core: &Core, session: &SessionId, id: &FileId) -> Result<Option<Known>> {
    let found = core.store.record(&kind_of_session(session), &format!("{PREFIX}{id}")).await?;
    found.as_ref().map(read).transpose()
}

/// What a session is made anew by: its incarnation, and where its history begins, which moves when it is cleared.
type Epoch = (u64, u64);

/// The epoch of a session that exists and lives.
async fn epoch(core: &Core, session: &SessionId) -> Result<Epoch> {
    let fold = core.existing(session).await?.fold().await?;
    must_live(&fold, core.clock.now())?;
    Ok((fold.session.incarnation, fold.history_from))
}

fn no_file(session: &SessionId, id: &FileId) -> Error {
    Error::new(ErrorCode::NotFound, format!("file `{id}` is not known in session `{session}`"))
        .hint("upload it to this session first; the address for an upload is good for one file")
}

/// Checks what is offered, and gives it ids. Nothing is kept.
pub(crate) async fn offer(core: &Arc<Core>, session: &SessionId, offers: Vec<FileOffer>) -> Result<Vec<File>> {
    let limits = &core.settings.server.limits.files;
    if offers.is_empty() || offers.len() > limits.offer_files {
        let message = format!("{} files were offered: from 1 to {} can be", offers.len(), limits.offer_files);
        return Err(Error::invalid(message));
    }
    let mut files = Vec::with_capacity(offers.len());
    for offer in offers {
        files.push(File {
            id: FileId::new(&*core.clock),
            scope: FileScope::Session(session.clone()),
            media_type: media::essence(&offer.media_type)?,
            name: offer.name,
            size: offer.size,
            state: FileState::Pending,
            blob: None,
            offered_at: core.clock.now(),
            attributes: Attributes::new(),
        });
    }
    for file in &files {
        check(limits, file)?;
    }
    let all = files.iter().fold(0_u64, |all, file| all.saturating_add(file.size));
    if all > limits.offer_bytes {
        let message = format!("the files have {all} bytes together, at most {} may be offered at once", limits.offer_bytes);
        return Err(Error::new(ErrorCode::TooLarge, message).hint("offer fewer of them at once"));
    }
    epoch(core, session).await?;
    check_room(core, session, files.len()).await?;
    Ok(files)
}

/// Checks one file that may come.
fn check(limits: &FileLimits, file: &File) -> Result<()> {
    media::check_name(&file.name)?;
    let name = shown(&file.name);
    if file.size == 0 {
        return Err(Error::invalid(format!("file `{name}` has no bytes")));
    }
    if file.size > limits.file_bytes {
        let message = format!("file `{name}` has {} bytes, at most {} are taken", file.size, limits.file_bytes);
        return Err(Error::new(ErrorCode::TooLarge, message).hint("the limit is `server.limits.file_bytes`"));
    }
    Ok(())
}

/// Checks that a session has room for so many more.
async fn check_room(core: &Core, session: &SessionId, more: usize) -> Result<()> {
    let most = core.settings.server.limits.files.session_files;
    let there = list(core, session).await?.len();
    if there + more > most {
        let message = format!("session `{session}` has {there} files, and at most {most} are kept");
        return Err(Error::new(ErrorCode::TooLarge, message).hint("delete some, or use another session"));
    }
    Ok(())
}

pub(crate) fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(80).collect()
}

/// Receives the bytes of a file that was offered. The same bytes again are fine.
pub(crate) async fn put(core: &Arc<Core>, offered: File, bytes: FileBytes) -> Result<File> {
    let uploads = &core.uploads;
    check(&core.settings.server.limits.files, &offered)?;
    let (session, id) = (offered.session()?.clone(), offered.id.clone());
    let begun_in = epoch(core, &session).await?;
    match known(core, &session, &id).await? {
        Some(Known::Removed) => return Err(no_file(&session, &id)),
        Some(Known::Here(_)) => {}
        None => check_room(core, &session, 1).await?,
    }
    let place = uploads.place_to_receive().await?;
    let received = receiving::receive(bytes, offered.size).await?;
    // So many at once: what waits here waits in files without a name.
    let _turn = uploads.keeping.acquire().await.map_err(|_| too_many("uploaded"))?;
    let bytes = received.whole(offered.size).await?;
    drop(place);
    let (bytes, blob) = checked(bytes, offered.media_type.clone()).await?;
    let _nobody_removes = uploads.removing.read().await;
    if let Some(there) = known(core, &session, &id).await? {
        return same(there, &session, &id, &blob);
    }
    core.store.put_blob(&session, &bytes).await?;
    drop(bytes);
    let file = File { state: FileState::Ready, blob: Some(blob.clone()), ..offered };
    let body = serde_json::to_string(&file)
        .map_err(|error| Error::internal(format!("file `{id}` cannot be written as JSON: {error}")))?;
    let is_first = core.store.put_record_if(record(&session, &id, body), None).await?;
    // The session may have ended or been cleared meanwhile: then nothing of it may stay.
    let now = epoch(core, &session).await;
    if now.as_ref() != Ok(&begun_in) {
        core.store.remove_record(&kind_of_session(&session), &format!("{PREFIX}{id}")).await?;
        remove_from(core, &session, &blob).await?;
        now?;
        return Err(Error::new(ErrorCode::Conflict, format!("session `{session}` was made anew while file `{id}` came"))
            .hint("offer the file again"));
    }
    if is_first {
        return Ok(file);
    }
    // Another process was quicker. Where its bytes are others, ours stay beside the log, unseen, for as long as it is there.
    match known(core, &session, &id).await? {
        Some(there) => same(there, &session, &id, &blob),
        None => Err(no_file(&session, &id)),
    }
}

/// The file that is here already, when its bytes are these.
fn same(there: Known, session: &SessionId, id: &FileId, blob: &BlobId) -> Result<File> {
    match there {
        Known::Here(file) if file.blob.as_ref() == Some(blob) => Ok(file),
        Known::Here(_) => Err(Error::new(ErrorCode::Conflict, format!("file `{id}` is here already, with other bytes"))
            .hint("what was uploaded does not change: offer another file")),
        Known::Removed => Err(no_file(session, id)),
    }
}

/// Looks at the bytes away from the threads that must not wait.
async fn checked(bytes: Vec<u8>, media_type: String) -> Result<(Vec<u8>, BlobId)> {
    let check = move || {
        media::check_bytes(&media_type, &bytes)?;
        let blob = BlobId::of(&bytes);
        Ok((bytes, blob))
    };
    let done = tokio::task::spawn_blocking(check).await;
    done.unwrap_or_else(|error| Err(Error::internal(format!("the check of a file ended early: {error}"))))
}

/// The files of a session that are here, the oldest first.
pub(crate) async fn all(core: &Core, session: &SessionId) -> Result<Vec<File>> {
    epoch(core, session).await?;
    list(core, session).await
}

/// The same, whether the session lives or not.
pub(crate) async fn list(core: &Core, session: &SessionId) -> Result<Vec<File>> {
    let records = core.store.records(&kind_of_session(session)).await?;
    let mut files = Vec::new();
    for record in records.iter().filter(|record| record.id.starts_with(PREFIX)) {
        if let Known::Here(file) = read(record)? {
            files.push(file);
        }
    }
    Ok(files)
}

/// One file that is here.
pub(crate) async fn file(core: &Core, session: &SessionId, id: &FileId) -> Result<File> {
    epoch(core, session).await?;
    match known(core, session, id).await? {
        Some(Known::Here(file)) => Ok(file),
        Some(Known::Removed) | None => Err(no_file(session, id)),
    }
}

/// Bytes, and the place that they hold until nobody has them any more.
struct Held(Vec<u8>, #[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A file with its bytes.
pub(crate) async fn content(core: &Core, session: &SessionId, id: &FileId) -> Result<(File, Bytes)> {
    let file = file(core, session, id).await?;
    let place = core.uploads.place_to_read().await?;
    let bytes = match &file.blob {
        Some(blob) => core.store.blob(session, blob).await?,
        None => None,
    };
    let bytes = bytes.ok_or_else(|| no_file(session, id))?;
    Ok((file, Bytes::from_owner(Held(bytes, place))))
}

/// Takes a file away, for good. A message that shows it names it from now on as one that is not there.
pub(crate) async fn remove(core: &Core, session: &SessionId, id: &FileId) -> Result<()> {
    let blob = file(core, session, id).await?.blob;
    let _alone = core.uploads.removing.write().await;
    core.store.put_record(record(session, id, REMOVED.to_owned())).await?;
    match blob {
        Some(blob) => remove_from(core, session, &blob).await,
        None => Ok(()),
    }
}

/// The ids of all files of a session, also of those that were taken away.
pub(crate) async fn ids(core: &Core, session: &SessionId) -> Result<Vec<FileId>> {
    let records = core.store.records(&kind_of_session(session)).await?;
    Ok(records.iter().filter_map(|record| record.id.strip_prefix(PREFIX)).map(FileId::from_text).collect())
}

/// Keeps files from coming back that were taken away with all else of a session that was cleared: an address for an upload
/// may still be good.
pub(crate) async fn bury(core: &Core, session: &SessionId, files: &[FileId]) -> Result<()> {
    for id in files {
        core.store.put_record_if(record(session, id, REMOVED.to_owned()), None).await?;
    }
    Ok(())
}

/// Takes all files of a session away, for good.
pub(crate) async fn remove_all(core: &Core, session: &SessionId) -> Result<()> {
    for file in list(core, session).await? {
        remove(core, session, &file.id).await?;
    }
    Ok(())
}

/// Takes bytes away unless another file has the same.
pub(crate) async fn remove_from(core: &Core, session: &SessionId, blob: &BlobId) -> Result<()> {
    let others = list(core, session).await?;
    if others.iter().all(|file| file.blob.as_ref() != Some(blob)) {
        core.store.remove_blob(session, blob).await?;
    }
    Ok(())
}

/// A file as a part of a message, from how somebody names it: by its id, alone or as `id` of an object. What else such an
/// object says is not believed: the house knows the file.
///
/// # Errors
/// `invalid_input` when nothing is named, `not_found` for a file that is not known in this session, or has not come.
pub(crate) async fn part_of(core: &Core, session: &SessionId, value: &Value) -> Result<FilePart> {
    let id = value.as_str().or_else(|| value.get("id")?.as_str()).filter(|id| !id.is_empty() && id.len() <= 128);
    let Some(id) = id else {
        let kind = json!(value).as_object().map_or("it is no object and no text", |_| "its `id` is missing");
        return Err(Error::invalid(format!("this names no file: {kind}"))
            .hint("name a file by its id, or by an object with `id`, as the upload gave it"));
    };
    let id = FileId::from_text(id);
    file(core, session, &id).await?.part().ok_or_else(|| no_file(session, &id))
}

//! How files of the house come into the store, and how they leave it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use super::NewHouseFile;
use crate::domain::{Attributes, BlobId, Cause, Error, ErrorCode, File, FileId, FileScope, FileState, Result};
use crate::engine::house::Core;
use crate::engine::uploads::{FileBytes, media};
use crate::storage::{IncomingFile, Record};

/// The kind of the records of files.
const KIND: &str = "house_file";
/// Most bytes of what a door keeps about a file, as JSON.
const ATTRIBUTE_BYTES: usize = 16 << 10;
/// So many bytes at the beginning tell what a file looks like.
const BEGINNING: usize = 8 << 10;

/// A file whose bytes have come and that is not kept yet. Dropped, it leaves nothing.
pub struct ReceivedFile {
    id: FileId,
    incoming: Box<dyn IncomingFile>,
    size: u64,
    blob: BlobId,
    /// What it looks like.
    looks: Option<&'static str>,
    /// Held until it is kept: so many wait at once, and no more.
    _place: OwnedSemaphorePermit,
}

impl ReceivedFile {
    /// Its bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Takes the bytes of a file.
pub(super) async fn receive(core: &Arc<Core>, mut bytes: FileBytes) -> Result<ReceivedFile> {
    let most = core.settings.server.limits.files.house_file_bytes;
    let place = core.uploads.place_to_receive().await?;
    let id = FileId::new(&*core.clock);
    let mut incoming = core.store.receive_file(&id).await?;
    let (mut size, mut hash, mut beginning) = (0_u64, Sha256::new(), Vec::new());
    while let Some(piece) = bytes.next().await {
        let piece: Bytes = piece?;
        size = size.saturating_add(piece.len() as u64);
        if size > most {
            let message = format!("the file has more than {most} bytes");
            return Err(Error::new(ErrorCode::TooLarge, message).hint("the limit is `server.limits.house_file_bytes`"));
        }
        hash.update(&piece);
        let missing = BEGINNING.saturating_sub(beginning.len()).min(piece.len());
        beginning.extend_from_slice(&piece[..missing]);
        incoming.write(piece).await?;
    }
    let blob = BlobId::of_digest(&hash.finalize());
    Ok(ReceivedFile { id, incoming, size, blob, looks: media::sniffed(&beginning), _place: place })
}

/// Keeps a file. What is begun is finished, also when nobody waits for it any more.
pub(super) async fn keep(core: &Arc<Core>, owner: &str, new: NewHouseFile, received: ReceivedFile) -> Result<File> {
    check(core, owner, &new.attributes).await?;
    let own = new.media_type.as_deref().and_then(|own| media::essence(own).ok());
    let media_type = own.unwrap_or_else(|| received.looks.unwrap_or("application/octet-stream").to_owned());
    let file = File {
        id: received.id.clone(),
        scope: FileScope::House { owner: owner.to_owned() },
        name: media::plain_name(&new.name),
        media_type,
        size: received.size,
        state: FileState::Ready,
        blob: Some(received.blob.clone()),
        offered_at: core.clock.now(),
        attributes: new.attributes,
    };
    let body = serde_json::to_string(&file)
        .map_err(|error| Error::internal(format!("a file cannot be written as JSON: {error}")))?;
    let core = Arc::clone(core);
    let kept = tokio::spawn(async move {
        let mut received = received;
        received.incoming.keep().await?;
        let record = Record { kind: KIND.to_owned(), id: file.id.to_string(), body };
        if let Err(error) = core.store.put_record(record).await {
            core.store.remove_file(&file.id).await?;
            return Err(error);
        }
        Ok(file)
    });
    kept.await.unwrap_or_else(|error| Err(Error::internal(format!("a file was not kept: {error}"))))
}

/// Checks what is said of a file, and that its owner may have one more.
async fn check(core: &Core, owner: &str, attributes: &Attributes) -> Result<()> {
    let length = serde_json::to_string(attributes).map_or(usize::MAX, |text| text.len());
    if length > ATTRIBUTE_BYTES {
        let message = format!("what is said of the file has {length} bytes as JSON, at most {ATTRIBUTE_BYTES} are kept");
        return Err(Error::new(ErrorCode::TooLarge, message).hint("say less of it"));
    }
    let most = core.settings.server.limits.files.house_files;
    let there = all(core).await?.iter().filter(|file| file.owner() == Some(owner)).count();
    if there >= most {
        let message = format!("`{owner}` has {there} files, and at most {most} are kept");
        return Err(Error::new(ErrorCode::TooLarge, message).hint("delete some; the limit is `server.limits.house_files`"));
    }
    Ok(())
}

fn read(record: &Record) -> Result<File> {
    serde_json::from_str(&record.body)
        .map_err(|error| Error::store(Some(Cause::Corrupt), format!("the record `{}` of a file: {error}", record.id)))
}

/// All files, the oldest first.
pub(super) async fn all(core: &Core) -> Result<Vec<File>> {
    // Ids are in the order of time.
    core.store.records(KIND).await?.iter().map(read).collect()
}

/// One file.
pub(super) async fn find(core: &Core, id: &FileId) -> Result<Option<File>> {
    core.store.record(KIND, id.as_str()).await?.as_ref().map(read).transpose()
}

/// Takes a file away, for good; true when it was there.
pub(super) async fn remove(core: &Core, id: &FileId) -> Result<bool> {
    let was_there = core.store.remove_record(KIND, id.as_str()).await?;
    core.store.remove_file(id).await?;
    Ok(was_there)
}

/// Removes bytes that no record tells of: what is left of files whose process died while they were kept or taken away.
pub(crate) async fn sweep(core: &Core) -> Result<()> {
    // In this order: whoever keeps a file holds its bytes until there is a record.
    let left = core.store.files().await?;
    if left.is_empty() {
        return Ok(());
    }
    let records = core.store.records(KIND).await?;
    let known: HashSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
    for id in left.iter().filter(|id| !known.contains(id.as_str())) {
        core.store.remove_file(id).await?;
    }
    Ok(())
}

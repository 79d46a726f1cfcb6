//! What comes with a message: pictures and files that were given to this server before become parts of what is said, so
//! that agents are shown them. What stands anywhere else is passed on and never fetched.

use bytes::Bytes;
use serde_json::Value;

use super::errors::ElizaError;
use super::media;
use crate::domain::{BlobId, ErrorCode, Part, Principal};
use crate::engine::Ask;
use crate::http::Door;

/// Most attachments of one message whose files are looked for.
const MOST: usize = 16;
/// Most bytes of all files of one message.
const BYTES: usize = 48 << 20;

/// Files as parts of what is said, with their bytes.
#[derive(Clone, Debug, Default)]
pub struct Attached {
    /// The parts.
    pub parts: Vec<Part>,
    /// The bytes that they name.
    pub blobs: Vec<(BlobId, Bytes)>,
}

impl Attached {
    /// Adds them to a question, after what it says.
    pub fn add_to(self, ask: &mut Ask) {
        ask.input.extend(self.parts);
        ask.blobs.extend(self.blobs);
    }
}

/// The files of this server among attachments: a list of objects with a `url`. A file that is gone, too large for a message
/// or somewhere else is left out; the attachment itself goes on to everybody.
///
/// # Errors
/// What the store says.
pub async fn read(door: &Door, attachments: Option<&Value>) -> Result<Attached, ElizaError> {
    let mut attached = Attached::default();
    let mut left = BYTES;
    let hosts: Vec<String> =
        door.settings.server.public_url.iter().map(|url| url.trim_end_matches('/').to_owned()).collect();
    let addresses = attachments.and_then(Value::as_array).into_iter().flatten().filter_map(|one| one.get("url")?.as_str());
    for address in addresses.take(MOST) {
        let Some(file) = media::of_address(&*door.engine, address, &hosts).await? else { continue };
        let size = usize::try_from(file.size).unwrap_or(usize::MAX);
        let is_there =
            attached.parts.iter().any(|part| matches!(part, Part::File(there) if Some(&there.blob) == file.blob.as_ref()));
        if size > left || is_there {
            continue;
        }
        match door.engine.house_files().house_file_part(&Principal::house(), &file.id).await {
            Ok((part, blob)) => {
                left -= size;
                attached.parts.push(part);
                attached.blobs.push(blob);
            }
            Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::TooLarge) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(attached)
}

//! Files that callers upload.

use serde_json::Value;

use super::house::Core;
use crate::domain::{Error, ErrorCode, FilePart, Result, SessionId};

/// The part of a message for a file that somebody names.
pub(crate) async fn part_of(core: &Core, session: &SessionId, reference: &Value) -> Result<FilePart> {
    let _ = (core, session, reference);
    Err(Error::new(ErrorCode::NotSupported, "files of callers are not supported yet"))
}

//! What stands under a name, for people who look around: its kind, size and time. A link is followed as long as it stays
//! inside.

use std::ffi::OsString;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::domain::{Result, Timestamp};

use super::fault::refused;
use super::{Kind, Workspace, kind_of};

/// What is known of a file or folder without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What it is; of a link, what it leads to.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// When it was last changed.
    pub modified: Timestamp,
}

impl Workspace {
    /// What stands under a path relative to the root.
    ///
    /// # Errors
    /// As [`Workspace::kind`].
    pub fn about(&self, relative: &Path) -> Result<About> {
        let metadata = self.folder.metadata(relative).map_err(|error| refused("look at", relative, &error))?;
        let modified = metadata.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
        let millis = modified.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        Ok(About { kind: kind_of(&metadata), size: metadata.len(), modified: Timestamp::from_millis(millis) })
    }

    /// The names in a folder and what each is, a link being a link; in no order, at most `limit` of them.
    ///
    /// # Errors
    /// As [`Workspace::kind`].
    pub fn kinds(&self, relative: &Path, limit: usize) -> Result<Vec<(OsString, Kind)>> {
        let entries = self.folder.read_dir(relative).map_err(|error| refused("list", relative, &error))?;
        let kinds = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            let kind = entry.file_type().ok()?;
            let kind = if kind.is_symlink() {
                Kind::Link
            } else if kind.is_dir() {
                Kind::Folder
            } else if kind.is_file() {
                Kind::File
            } else {
                Kind::Special
            };
            Some((entry.file_name(), kind))
        });
        Ok(kinds.take(limit).collect())
    }
}

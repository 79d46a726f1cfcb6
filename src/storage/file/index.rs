//! Where each entry of a log begins: so that no reading scans the log.
//!
//! Sixteen bytes of head (incarnation, first place), then eight bytes for each entry, all little-endian. It is written
//! after the log is durable, so it also says how far the log is known to be so. It is never synced: what it says is
//! checked against the log, and it is made again from the log when it is wrong. It can fall behind the log, but not run
//! ahead of it: an index that names more entries than the log has shows that the log has lost some.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::place::{At, Keep, if_there, options, replace};
use crate::domain::Error;

const HEAD: u64 = 16;
const WIDTH: u64 = 8;

/// An index that was opened.
pub(super) struct Index {
    file: File,
    /// The session's incarnation.
    pub(super) incarnation: u64,
    /// The first entry.
    pub(super) first: u64,
    /// How many entries.
    pub(super) count: u64,
}

impl Index {
    /// Opens an index; `None` when there is none, or none that can be read.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, Error> {
        let Some(file) = if_there(File::open(path)).at(path)? else { return Ok(None) };
        let length = file.metadata().at(path)?.len();
        if length < HEAD {
            return Ok(None);
        }
        let (incarnation, first) = (number(&file, 0).at(path)?, number(&file, 8).at(path)?);
        Ok(Some(Self { file, incarnation, first, count: (length - HEAD) / WIDTH }))
    }

    /// The last entry.
    pub(super) fn last(&self) -> u64 {
        (self.first + self.count).saturating_sub(1)
    }

    /// Where an entry begins; `None` when the index does not know it.
    pub(super) fn offset(&self, seq: u64) -> io::Result<Option<u64>> {
        match seq.checked_sub(self.first) {
            Some(place) if place < self.count => number(&self.file, HEAD + place * WIDTH).map(Some),
            _ => Ok(None),
        }
    }
}

fn number(file: &File, at: u64) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, at)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Makes an index anew.
pub(super) fn make(path: &Path, incarnation: u64, first: u64, offsets: &[u64]) -> Result<(), Error> {
    let numbers = [incarnation, first].into_iter().chain(offsets.iter().copied());
    replace(path, &numbers.flat_map(u64::to_le_bytes).collect::<Vec<_>>(), Keep::Loosely)
}

/// Adds entries after the first `count`.
pub(super) fn extend(path: &Path, count: u64, offsets: &[u64]) -> Result<(), Error> {
    let bytes: Vec<_> = offsets.iter().copied().flat_map(u64::to_le_bytes).collect();
    let file = options().write(true).open(path).at(path)?;
    file.write_all_at(&bytes, HEAD + count * WIDTH).at(path)
}

//! The lines of a log: `CRC JSON`, where `CRC` is the CRC-32 of the JSON as eight hexadecimal digits.
//!
//! - an entry: `{"seq":17,"event":…}`
//! - the end of an append: `{"commit":18,…}`, see [`Commit`]

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::{Error, Run, RunId, SessionId};
use crate::storage::{Entry, Head};

/// Longest line, in bytes. An entry has at most 64 MiB.
const LINE_MAX: u64 = 80 << 20;

/// Digits of a checksum.
const CRC: usize = 8;

/// How the JSON of an entry begins.
const ENTRY: &str = "{\"seq\":";

/// The end of an append: without it, the lines before it count for nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Commit {
    /// The last entry of the append.
    pub(super) commit: u64,
    /// The session.
    pub(super) session: SessionId,
    /// The session's incarnation.
    pub(super) incarnation: u64,
    /// The first entry of this log: 1, or the only one of a deleted session.
    pub(super) first: u64,
    /// Whether the session was deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) deleted: bool,
    /// Whether the session was cleared by this append: blobs that are there without a later one are left over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) cleared: bool,
    /// Whether the log came whole, so that the rows of its runs are in all of its commits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) whole: bool,
    /// Bytes of the events of the log, where they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    /// CRC-32 of the journal that goes with this append.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) journal: Option<u32>,
    /// The tokens of all runs that have not ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) held: Vec<(RunId, u64)>,
    /// The rows of runs that this append changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) runs: Vec<Run>,
    /// The session's row. Taken away from all but the last commit when the log is written anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<Box<RawValue>>,
}

impl Commit {
    /// Where the log ends.
    pub(super) fn head(&self) -> Head {
        Head { incarnation: self.incarnation, seq: self.commit, deleted: self.deleted }
    }

    /// Appends the line of this commit.
    pub(super) fn write(&self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        let json = serde_json::to_string(self);
        let json = json.map_err(|error| Error::internal(format!("a commit cannot be written as JSON: {error}")))?;
        write_line(bytes, &[&json]);
        Ok(())
    }

    /// What of it stays when it is no longer the last one.
    pub(super) fn bare(self) -> Self {
        Self { held: Vec::new(), runs: Vec::new(), summary: None, ..self }
    }
}

/// A line that was read.
pub(super) enum Line {
    /// An entry.
    Entry(Entry),
    /// The end of an append.
    Commit(Box<Commit>),
}

/// Appends the line of an entry.
pub(super) fn write_entry(bytes: &mut Vec<u8>, entry: &Entry) {
    write_line(bytes, &[ENTRY, &entry.seq.to_string(), ",\"event\":", &entry.body, "}"]);
}

fn write_line(bytes: &mut Vec<u8>, json: &[&str]) {
    let mut crc = crc32fast::Hasher::new();
    json.iter().for_each(|part| crc.update(part.as_bytes()));
    bytes.extend_from_slice(format!("{:08x} ", crc.finalize()).as_bytes());
    json.iter().for_each(|part| bytes.extend_from_slice(part.as_bytes()));
    bytes.push(b'\n');
}

/// Reads a whole line; `None` for anything that this program did not write so.
pub(super) fn parse(line: &[u8]) -> Option<Line> {
    let json = checked(line)?;
    let Some(entry) = json.strip_prefix(ENTRY) else {
        return serde_json::from_str(json).ok().map(|commit| Line::Commit(Box::new(commit)));
    };
    let (seq, body) = entry.split_once(",\"event\":")?;
    Some(Line::Entry(Entry { seq: seq.parse().ok()?, body: body.strip_suffix('}')?.to_owned() }))
}

/// Whether a line is a commit, as it was written. Its fields are not read: between the entries of a long log are many.
pub(super) fn is_commit(line: &[u8]) -> bool {
    let is_entry = line.get(CRC + 1..).is_some_and(|json| json.starts_with(ENTRY.as_bytes()));
    !is_entry && checked(line).is_some()
}

/// The JSON of a line whose checksum fits.
fn checked(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
    let (crc, json) = line.split_at_checked(CRC).and_then(|(crc, rest)| Some((crc, rest.strip_prefix(' ')?)))?;
    (format!("{:08x}", crc32fast::hash(json.as_bytes())) == crc).then_some(json)
}

/// Reads the bytes of the next line with its end, at most as many as a line may have; empty at the end.
pub(super) fn next(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    line.clear();
    from.take(LINE_MAX).read_until(b'\n', line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_and_a_flipped_bit_is_seen() {
        let mut bytes = Vec::new();
        write_entry(&mut bytes, &Entry { seq: 12, body: r#"{"type":"x"}"#.to_owned() });
        assert_eq!(String::from_utf8_lossy(&bytes), "dd4b5f84 {\"seq\":12,\"event\":{\"type\":\"x\"}}\n");
        let Some(Line::Entry(entry)) = parse(&bytes) else { panic!("no entry") };
        assert_eq!((entry.seq, entry.body.as_str()), (12, r#"{"type":"x"}"#));
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(parse(&damaged).is_none(), "byte {place}");
        }
        assert!(parse(&bytes[..bytes.len() - 1]).is_none());
        assert!(!is_commit(&bytes));
    }
}

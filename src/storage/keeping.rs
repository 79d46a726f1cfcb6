//! What is found by its words, and logs that come whole.

use super::{Entry, Record, Terms};
use crate::domain::{Run, SessionId, SessionSummary, Timestamp};

/// What of an entry can be searched; the entry with the number 0 stands for the title of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The entry.
    pub seq: u64,
    /// Its text; an empty one takes away what stood there.
    pub text: String,
}

/// Tells what of an entry can be searched: for stores that scan, and for those whose index must be made again.
pub type Told = fn(&Entry) -> Option<Text>;

/// A piece of a log that comes whole.
#[derive(Debug)]
pub enum Adopted {
    /// Its next entries.
    Page {
        /// The entries, one after the other.
        entries: Vec<Entry>,
        /// The rows of runs as they are after these entries.
        runs: Vec<Run>,
        /// What of them can be searched.
        texts: Vec<Text>,
    },
    /// That was all.
    End {
        /// The session's row.
        summary: Box<SessionSummary>,
        /// A fold of the whole log, as bytes, where there is one that can be used.
        snapshot: Option<Vec<u8>>,
        /// Records of the session's own.
        records: Vec<Record>,
    },
}

/// Where a page of what was found ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPlace {
    /// When its session was made.
    pub created_at: Timestamp,
    /// Its session.
    pub session: SessionId,
    /// Its entry.
    pub seq: u64,
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct TextQuery {
    /// The words.
    pub terms: Terms,
    /// How the text of an entry is found.
    pub told: Told,
    /// Only sessions that have all these labels (key, value).
    pub labels: Vec<(String, String)>,
    /// Only sessions of this agent.
    pub agent: Option<String>,
    /// Only sessions that were changed at this moment or later.
    pub since: Option<Timestamp>,
    /// Where the page begins: after this one.
    pub after: Option<TextPlace>,
    /// Most that are found; 0 means none.
    pub limit: usize,
    /// Most bytes of logs that are looked through, where there is no index.
    pub bytes: u64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextHits {
    /// Where.
    pub places: Vec<TextPlace>,
    /// Whether it was given up before everything was looked through.
    pub is_cut: bool,
}

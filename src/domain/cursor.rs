//! Where a reader of a session stands: `incarnation:seq[/part@offset~message]`. The offset of a closed part is `end`; the
//! message is told by a checksum of its id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Delta, Error, MessageId};

/// A place inside a message that is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PartPosition {
    /// Which part, from 0. The parts before it are complete.
    pub index: u32,
    /// Bytes of it that the reader has; `None` = all of it, and its end.
    pub offset: Option<u64>,
    /// The message, by [`PartPosition::of_message`].
    pub message: u32,
}

impl PartPosition {
    /// Where a reader stands who has a piece.
    pub fn after(delta: &Delta) -> Self {
        let offset = match delta {
            Delta::Opened { .. } | Delta::Grew { .. } => Some(delta.end()),
            Delta::Closed { .. } => None,
        };
        Self { index: delta.index(), offset, message: Self::of_message(delta.message_id()) }
    }

    /// What stands for a message in a cursor: the CRC-32 of its id.
    pub fn of_message(id: &MessageId) -> u32 {
        crc32fast::hash(id.as_str().as_bytes())
    }
}

/// Where a reader of a session stands: it has everything up to `seq`, and of the message that is being written after
/// it, everything up to `part`.
///
/// It holds one place inside one message. Where several agents write at once, a reader that comes back is given the
/// other messages again from their beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Of the session; a cursor of an earlier one starts over.
    pub incarnation: u64,
    /// The last fact that the reader has; 0 = none.
    pub seq: u64,
    /// The place inside the message that is being written.
    pub part: Option<PartPosition>,
}

impl Cursor {
    /// After a fact.
    pub fn after(incarnation: u64, seq: u64) -> Self {
        Self { incarnation, seq, part: None }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.incarnation, self.seq)?;
        match self.part {
            Some(PartPosition { index, offset: Some(offset), message }) => {
                write!(formatter, "/{index}@{offset}~{message:x}")
            }
            Some(PartPosition { index, offset: None, message }) => write!(formatter, "/{index}@end~{message:x}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || -> Option<Self> {
            let (incarnation, rest) = text.split_once(':')?;
            let (seq, part) = match rest.split_once('/') {
                None => (rest, None),
                Some((seq, part)) => (seq, Some(part)),
            };
            let part = match part {
                None => None,
                Some(part) => {
                    let (index, rest) = part.split_once('@')?;
                    let (offset, message) = rest.split_once('~')?;
                    let offset = if offset == "end" { None } else { Some(offset.parse().ok()?) };
                    Some(PartPosition {
                        index: index.parse().ok()?,
                        offset,
                        message: u32::from_str_radix(message, 16).ok()?,
                    })
                }
            };
            Some(Self { incarnation: incarnation.parse().ok()?, seq: seq.parse().ok()?, part })
        };
        read().ok_or_else(|| {
            Error::invalid(format!(
                "cursor {text:?} is not of the form INCARNATION:SEQ or INCARNATION:SEQ/PART@OFFSET~MESSAGE"
            ))
            .hint("pass on a cursor exactly as it was received")
        })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        for text in ["1:0", "2:41", "1:41/3@1024~9f", "1:41/3@end~0"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1:", ":1", "1:2/", "1:2/3", "1:2/@", "a:b", "1:-2", "1:2/3@x~1", "1:2/3@4", "1:2/3@4~g"] {
            assert!(text.parse::<Cursor>().is_err(), "{text:?}");
        }
    }
}

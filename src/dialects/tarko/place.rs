//! Where a reader of events stands: our cursor, and inside a fact that became several events also which of them.
//!
//! One fact may become several events. Only the last of them has the bare cursor of the fact; the ones before are
//! `INCARNATION:SEQ.N`, N from 0. So a reader that comes back never stands in the middle of a fact without saying so.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::domain::{Cursor, Error};

/// Where a reader stands after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// After this fact or piece, or inside the fact that `cursor` names.
    pub cursor: Cursor,
    /// Which event of the fact was the last that the reader has, where more of it follow.
    pub sub: Option<u32>,
}

impl Place {
    /// After a fact or a piece.
    pub fn after(cursor: Cursor) -> Self {
        Self { cursor, sub: None }
    }

    /// From where frames must be read so that nothing after this place is missing.
    pub fn read_from(self) -> Cursor {
        match self.sub {
            None => self.cursor,
            Some(_) => Cursor::after(self.cursor.incarnation, self.cursor.seq.saturating_sub(1)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sub {
            None => write!(formatter, "{}", self.cursor),
            Some(sub) => write!(formatter, "{}:{}.{sub}", self.cursor.incarnation, self.cursor.seq),
        }
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let inside = text.split_once('.').and_then(|(fact, sub)| Some((fact.parse().ok()?, sub.parse().ok()?)));
        match inside {
            Some((cursor @ Cursor { part: None, .. }, sub)) => Ok(Self { cursor, sub: Some(sub) }),
            _ => text.parse().map(Self::after),
        }
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for (text, read_from) in [("1:41", "1:41"), ("1:41.0", "1:40"), ("2:1.3", "2:0"), ("1:41/3@7~9f", "1:41/3@7~9f")] {
            let place: Place = text.parse().unwrap();
            assert_eq!((place.to_string().as_str(), place.read_from().to_string().as_str()), (text, read_from));
        }
        for text in ["", "1:", "1:2.", "1:2.x", "1:2/3@4~5.6", "1:2.3.4"] {
            assert!(text.parse::<Place>().is_err(), "{text:?}");
        }
    }
}

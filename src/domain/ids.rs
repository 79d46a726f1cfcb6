//! Names of things. Ids of the house are UUIDv7 in text form; a session's id may also be chosen by its creator.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Clock, Error};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// A new id, ordered by time of creation.
            pub fn new(clock: &dyn Clock) -> Self {
                Self(clock.new_id().to_string().into())
            }

            /// The id that a log, a client or a provider already uses.
            pub fn from_text(text: &str) -> Self {
                Self(text.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}", &*self.0)
            }
        }
    };
}

id! {
    /// Names a session. Letters, digits, `.`, `_`, `:` and `-`, at most 128 of them, the first a letter or digit.
    SessionId
}
id! {
    /// Names an agent that is kept in the store. One of the configuration has no id: its name stands for it.
    AgentId
}
id! {
    /// Names one run.
    RunId
}
id! {
    /// Names a message; it exists before the model is called.
    MessageId
}
id! {
    /// Names a tool call. Made by the house, never taken from a provider, so that it is unique in every log.
    CallId
}
id! {
    /// Names one event of a log.
    EventId
}
id! {
    /// Names a process that works on a store.
    ProcessId
}
id! {
    /// Names a key or a minted token. It opens nothing.
    KeyId
}
id! {
    /// Names a blob by the SHA-256 of its bytes, in lower-case hexadecimal.
    BlobId
}

id! {
    /// Names a file that somebody gave to the house.
    FileId
}
id! {
    /// Names a person with an account.
    UserId
}
id! {
    /// Names a server that offers tools.
    ToolServerId
}

impl SessionId {
    /// Longest id, in characters.
    pub const MAX: usize = 128;

    /// Checks an id that somebody chose.
    ///
    /// # Errors
    /// `invalid_input` when the text is empty, too long, or holds a character that is not allowed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut characters = text.chars();
        let first = characters.next().is_some_and(|c| c.is_ascii_alphanumeric());
        let rest = characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-'));
        if first && rest && text.len() <= Self::MAX {
            return Ok(Self::from_text(text));
        }
        let shown: String = text.chars().take(40).collect();
        Err(Error::invalid(format!("session id {shown:?} is not allowed"))
            .hint("use letters, digits, `.`, `_`, `:` and `-`, at most 128, and begin with a letter or digit"))
    }
}

impl BlobId {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self::of_digest(&sha2::Sha256::digest(bytes))
    }

    /// The name of bytes whose SHA-256 this is.
    pub fn of_digest(digest: &[u8]) -> Self {
        let hexadecimal: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::from_text(&hexadecimal)
    }

    /// True when the text has the form of a blob's name: 64 lower-case hexadecimal digits.
    pub fn is_well_formed(text: &str) -> bool {
        text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_session_id_is_checked() {
        for good in ["a", "A1", "build-2026.11.20:42_x", &"x".repeat(128)] {
            assert_eq!(SessionId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", ".a", "a/b", "a b", "a\n", "ä", "../x", &"x".repeat(129)] {
            let error = SessionId::parse(bad).unwrap_err();
            assert_eq!(error.code, super::super::ErrorCode::InvalidInput, "{bad:?}");
        }
    }
}

//! The word of a key or token: it is told once, prints itself nowhere, and is compared by its hash.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

/// Characters of its end that people are shown.
const ENDING: usize = 4;

/// The word of a key or token. Serializing it tells it: that is done where it is told to whoever asked for it, and nowhere
/// else.
#[derive(Clone)]
pub struct Word(SecretString);

impl Word {
    /// A new one that nobody can guess.
    pub(super) fn drawn(prefix: &str) -> Self {
        Self(SecretString::from(format!("{prefix}{}", crate::observe::random_secret().expose_secret())))
    }

    /// A word that somebody gave, such as a password or the value of a variable.
    pub const fn given(text: SecretString) -> Self {
        Self(text)
    }

    /// The word itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What it is kept under.
    pub(super) fn hash(&self) -> String {
        hash(self.expose())
    }

    /// Its last characters, for people.
    pub(super) fn ending(&self) -> String {
        let word = self.expose();
        word.chars().skip(word.chars().count().saturating_sub(ENDING)).collect()
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Word(..)")
    }
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        same_hash(&self.hash(), &other.hash())
    }
}

impl Eq for Word {}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What is no text is not said back: it may be a word in a wrong form.
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(word) => Ok(Self(SecretString::from(word))),
            _ => Err(serde::de::Error::custom("must be a text")),
        }
    }
}

/// The SHA-256 of a word, in hexadecimal.
pub(super) fn hash(word: &str) -> String {
    Sha256::digest(word).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether two hashes are the same, found out in constant time.
pub(super) fn same_hash(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_does_not_print_itself() {
        let word = Word::drawn("test_sk_");
        assert_eq!(word.expose().len(), "test_sk_".len() + 64);
        assert_eq!(format!("{word:?}"), "Word(..)");
        assert!(word.expose().starts_with("test_sk_") && word.expose().ends_with(&word.ending()));
        assert_eq!(word.ending().len(), 4);
        assert!(!word.hash().contains(&word.ending().repeat(2)));
    }

    #[test]
    fn words_are_told_apart_by_their_hash() {
        // Of a known word, so that what other versions have kept is found.
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let (one, other) = (Word::drawn("a_"), Word::drawn("a_"));
        assert!(one == one.clone() && one != other);
        let (first, second) = (hash("abc"), hash("abd"));
        assert!(same_hash(&first, &first) && !same_hash(&first, &second) && !same_hash(&first, &first[..63]));
    }
}

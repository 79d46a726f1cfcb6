//! Labels: small, indexable words on a thing, shared by every door.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Several values under each key. A tag is a value under the key `tag`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, BTreeSet<String>>);

impl Labels {
    /// The key of tags.
    pub const TAG: &'static str = "tag";

    /// Labels that are these tags.
    pub fn from_tags(tags: impl IntoIterator<Item = String>) -> Self {
        let mut labels = Self::default();
        for tag in tags {
            labels.insert(Self::TAG, tag);
        }
        labels
    }

    /// Adds one value under a key.
    pub fn insert(&mut self, key: &str, value: String) {
        self.0.entry(key.to_owned()).or_default().insert(value);
    }

    /// Takes one value away; true when it was there.
    pub fn remove(&mut self, key: &str, value: &str) -> bool {
        let Some(values) = self.0.get_mut(key) else { return false };
        let removed = values.remove(value);
        if values.is_empty() {
            self.0.remove(key);
        }
        removed
    }

    /// Whether a value stands under a key.
    pub fn contains(&self, key: &str, value: &str) -> bool {
        self.0.get(key).is_some_and(|values| values.contains(value))
    }

    /// The tags, in alphabetical order.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.0.get(Self::TAG).into_iter().flatten().map(String::as_str)
    }

    /// Every (key, value), in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(key, values)| values.iter().map(move |value| (key.as_str(), value.as_str())))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

//! Facts about sessions.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{Attributes, Labels, Lifetime, MessageId, ModelChoice, Participant, ThreadOpened, TurnMark};

/// A session begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionCreated {
    /// Rises when a deleted id is made again; 1 for a new one.
    pub incarnation: u64,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Words on it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// The agent that answers when none is named.
    pub agent: String,
    /// The folder that its tools work in, as an absolute path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Its own model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelChoice>,
    /// How long it lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Lifetime>,
    /// Who takes part from its beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<Participant>,
    /// What it remembers from its beginning: its input, and the values that its agent's variables begin with.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub state: Map<String, Value>,
    /// What doors keep about it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl SessionCreated {
    /// Those who take part in the session as it will be, and its agent: enough to ask who answers in it.
    pub fn agents(&self) -> Vec<&str> {
        super::super::participant::agents(&self.participants, &self.agent)
    }

    /// Whether one agent and at most one person take part.
    pub fn is_of_two(&self) -> bool {
        super::super::participant::is_of_two(&self.participants)
    }
}

/// What of the session was changed. An absent field stays as it is; `null` clears it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionUpdated {
    /// The new title.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub title: Option<Option<String>>,
    /// The new labels, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Labels>,
    /// The new agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The new workspace.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Option<String>>,
    /// The new model.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub model: Option<Option<ModelChoice>>,
    /// The new lifetime.
    #[serde(with = "patch", skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Option<Lifetime>>,
    /// Attributes by namespace; `null` takes one away, the others stay.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Tells an absent field from one that is `null`.
mod patch {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, clippy::option_option, reason = "the form that serde asks for")]
    pub fn serialize<T: Serialize, S: Serializer>(value: &Option<Option<T>>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    #[expect(clippy::option_option, reason = "the form that serde asks for")]
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

/// The history was replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRestored {
    /// How many messages follow in the same append.
    pub count: u64,
    /// What the session remembers from here on.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub state: Map<String, Value>,
}

/// The history ends here; what was said before is scrubbed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCleared {
    /// What the session is afterwards.
    pub then: AfterClearing,
    /// What the session remembers from here on: what it did at the beginning of the history that ends.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub state: Map<String, Value>,
}

/// What a session is after it was cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterClearing {
    /// It goes on, with nothing said.
    Active,
    /// Its time is over.
    Expired,
}

/// The history goes on after an earlier message: what came after that counts for nothing, and stays in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRewound {
    /// The message that is the last one now; absent = none is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<MessageId>,
    /// The last fact that counts: what lies between it and this one does not.
    pub after_seq: u64,
    /// What the session remembered there.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub state: Map<String, Value>,
    /// The threads that there were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<ThreadOpened>,
    /// The newest turns as they were there; absent = those that the fold still has marks of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<TurnMark>,
}

/// The session ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDeleted {
    /// Its incarnation; the next one is higher.
    pub incarnation: u64,
}

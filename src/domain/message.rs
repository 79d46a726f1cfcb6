//! What is said: messages and their ordered parts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Attributes, BlobId, CallId, MessageId, Timestamp};

/// Who speaks to whom: a person, an agent, or the surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    /// Somebody who asks.
    Person,
    /// An agent that answers.
    Agent,
    /// Input that nobody said, such as the contents of a file; shown to the model, not said by a person.
    Environment,
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Author {
    /// Person, agent or environment.
    pub kind: AuthorKind,
    /// The name that is shown; of input that nobody said, what it is in a few words, or the agent whose step says it.
    pub name: String,
    /// The id of a person whom a door named, see [`super::Person`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Author {
    /// Somebody of whom only the name is known.
    pub fn named(kind: AuthorKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into(), id: None }
    }
}

/// Who is shown a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// People and the model.
    #[default]
    All,
    /// The model only.
    Model,
    /// People only.
    People,
    /// Nobody: what was said was taken away.
    Nobody,
}

impl Visibility {
    /// Whether this is the ordinary visibility.
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// Whether people are shown it.
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::All | Self::People)
    }

    /// Whether a model is shown it.
    pub const fn is_for_model(self) -> bool {
        matches!(self, Self::All | Self::Model)
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// Its parts, in order.
    pub parts: Vec<Part>,
    /// When it was completed.
    pub at: Timestamp,
    /// The thread inside the session; absent = the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Who is shown it.
    #[serde(default, skip_serializing_if = "Visibility::is_all")]
    pub visibility: Visibility,
    /// What a door keeps about it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

impl Message {
    /// The text parts, one after the other.
    pub fn text(&self) -> String {
        Part::texts(&self.parts)
    }
}

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(TextPart),
    /// What the model thought.
    Reasoning(ReasoningPart),
    /// A tool that the model wants to have called.
    ToolCall(ToolCallPart),
    /// A file, such as an image.
    File(FilePart),
}

impl Part {
    /// A part that is this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextPart { text: text.into() })
    }

    /// The text among the parts, one after the other.
    pub fn texts(parts: &[Self]) -> String {
        let texts = parts.iter().filter_map(|part| match part {
            Self::Text(text) => Some(text.text.as_str()),
            Self::Reasoning(_) | Self::ToolCall(_) | Self::File(_) => None,
        });
        texts.collect()
    }

    /// Puts a text in the place of all texts of a message, and of what was thought; calls and files stay.
    pub fn amend(parts: &mut Vec<Self>, text: &str) {
        let said = |part: &Self| matches!(part, Self::Text(_) | Self::Reasoning(_));
        let at = parts.iter().position(said).unwrap_or(0);
        parts.retain(|part| !said(part));
        parts.insert(at, Self::text(text));
    }

    /// What the part grew to: text, reasoning, or the arguments of a call as the model wrote them.
    pub fn grown(&self) -> &str {
        match self {
            Self::Text(part) => &part.text,
            Self::Reasoning(part) => &part.text,
            Self::ToolCall(part) => &part.arguments_text,
            Self::File(_) => "",
        }
    }
}

/// Text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPart {
    /// The text.
    pub text: String,
}

/// What the model thought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasoningPart {
    /// The text that may be shown; empty when the provider withholds it.
    pub text: String,
    /// The provider's proof of it, sent back as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// What the provider withheld in sealed form, sent back as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
}

/// A tool that the model wants to have called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCallPart {
    /// Id of the call.
    pub id: CallId,
    /// Name of the tool.
    pub name: String,
    /// The arguments; `null` when the model's text is not JSON.
    pub arguments: Value,
    /// The arguments as the model wrote them.
    pub arguments_text: String,
}

/// A file inside a message: small ones inline in a blob of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// Where its bytes are.
    pub blob: BlobId,
    /// IANA media type.
    pub media_type: String,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Bytes.
    pub size: u64,
}

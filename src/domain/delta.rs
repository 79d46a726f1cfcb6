//! What grows: pieces of a message while the model writes it. Deltas are live only and never stored.

use serde::{Deserialize, Serialize};

use super::{CallId, MessageId, Part};

/// What a part is when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PartStart {
    /// Text.
    Text,
    /// What the model thinks.
    Reasoning,
    /// Arguments of a tool's call, as JSON text.
    ToolCall {
        /// Id of the call.
        id: CallId,
        /// Name of the tool.
        name: String,
    },
}

impl PartStart {
    /// How a completed part began; `None` for parts that never grow.
    pub fn of(part: &Part) -> Option<Self> {
        match part {
            Part::Text(_) => Some(Self::Text),
            Part::Reasoning(_) => Some(Self::Reasoning),
            Part::ToolCall(call) => Some(Self::ToolCall { id: call.id.clone(), name: call.name.clone() }),
            Part::File(_) => None,
        }
    }
}

/// A piece of a message. Each says of what kind of part it is, so that whoever comes in the middle, or translates, needs
/// no earlier piece.
///
/// *Invariant:* the parts of a message are opened in the order of their index, one at a time: each is closed before
/// the next is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Delta {
    /// A part begins.
    #[serde(rename = "part.opened")]
    Opened {
        /// The message.
        message_id: MessageId,
        /// Which part of it, from 0.
        index: u32,
        /// What it is.
        part: PartStart,
    },
    /// A part grows.
    #[serde(rename = "part.grew")]
    Grew {
        /// The message.
        message_id: MessageId,
        /// Which part of it, from 0.
        index: u32,
        /// What it is.
        part: PartStart,
        /// Where the piece begins, in bytes of UTF-8 from the beginning of the part.
        offset: u64,
        /// The piece.
        text: String,
    },
    /// A part has come to its end.
    #[serde(rename = "part.closed")]
    Closed {
        /// The message.
        message_id: MessageId,
        /// Which part of it, from 0.
        index: u32,
        /// What it is.
        part: PartStart,
    },
}

impl Delta {
    /// The message that grows.
    pub fn message_id(&self) -> &MessageId {
        match self {
            Self::Opened { message_id, .. } | Self::Grew { message_id, .. } | Self::Closed { message_id, .. } => message_id,
        }
    }

    /// Which part of the message.
    pub fn index(&self) -> u32 {
        match self {
            Self::Opened { index, .. } | Self::Grew { index, .. } | Self::Closed { index, .. } => *index,
        }
    }

    /// What the part is.
    pub fn part(&self) -> &PartStart {
        match self {
            Self::Opened { part, .. } | Self::Grew { part, .. } | Self::Closed { part, .. } => part,
        }
    }

    /// Bytes of the part that a reader has after this piece.
    pub fn end(&self) -> u64 {
        match self {
            Self::Opened { .. } | Self::Closed { .. } => 0,
            Self::Grew { offset, text, .. } => offset + text.len() as u64,
        }
    }
}

//! What this API keeps about things of the house that the house has no word for: in their attributes, under its name.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::NAME;
use crate::domain::Attributes;

/// Under what an update of a session notes that somebody says that an answer is complete: it changes nothing else.
pub const COMPLETED: &str = "eliza.completed";

/// About an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptAgent {
    /// The id that its character chose; empty = the one of its name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// The name that it is shown by: free text, while the house's names are words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its character as it was sent, with its secrets in cipher.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub character: Map<String, Value>,
}

/// About a session that is a channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeptChannel {
    /// Its server; empty = the default one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server_id: String,
    /// Its type, as it was sent: `GROUP`, `DM` and others.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Which kind of client it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// Its id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What its makers say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// What is kept of a room that is no channel: it was made for its agents alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<KeptRoom>,
}

/// About a session that is a room of its agents, without a channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeptRoom {
    /// Its world, an id.
    pub world_id: String,
}

/// About a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeptMessage {
    /// The message as its client had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_message: Option<Value>,
    /// Which kind of client it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// Its id there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<String>,
    /// What its makers say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
    /// The id that the client who sent it over a socket gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_message_id: Option<String>,
    /// The socket that it came over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<String>,
    /// Whether nobody was there to answer it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// What came with it: pictures, files, links.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Value>,
    /// The id that its maker chose for it; absent = the one of the house.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The message in whose place it stands: it is shown there, and not by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// What is kept in attributes; nothing where nothing that fits is kept.
pub fn read<T: DeserializeOwned + Default>(attributes: &Attributes) -> T {
    attributes.get(NAME).and_then(|kept| serde_json::from_value(kept.clone()).ok()).unwrap_or_default()
}

/// What is kept, as attributes of a thing.
pub fn attributes<T: Serialize>(kept: &T) -> Attributes {
    let mut attributes = Attributes::new();
    keep(&mut attributes, kept);
    attributes
}

/// Keeps it among attributes.
pub fn keep<T: Serialize>(attributes: &mut Attributes, kept: &T) {
    if let Ok(kept) = serde_json::to_value(kept) {
        attributes.insert(NAME.to_owned(), kept);
    }
}

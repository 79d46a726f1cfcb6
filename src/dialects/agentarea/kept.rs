//! What this API keeps about things of the house that the house has no word for: in their attributes, under its name.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::request::ATTRIBUTE;
use crate::domain::Attributes;

/// About an agent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptAgent {
    /// The name that it is shown by: free text, while the house's names are words.
    pub name: String,
    /// What kind of agent it is, in its maker's words.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its configuration, as it was sent.
    pub config: Map<String, Value>,
    /// Who made it.
    pub created_by: String,
}

/// About a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptSession {
    /// Who opened it.
    pub created_by: String,
    /// Whether a task opened it.
    pub task: bool,
}

/// About a run that is a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptTask {
    /// Its title.
    pub title: String,
    /// What is to be done.
    pub description: String,
    /// The id of its agent.
    pub agent_id: String,
    /// What it is about.
    pub data: Map<String, Value>,
    /// The files that it was given, by id.
    pub files: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// The request that made it.
    pub request_id: String,
}

/// What is kept, as attributes of a thing.
pub fn attributes<T: Serialize>(kept: &T) -> Attributes {
    let mut attributes = Attributes::new();
    keep(&mut attributes, kept);
    attributes
}

/// Puts what is kept among the attributes of a thing.
pub fn keep<T: Serialize>(attributes: &mut Attributes, kept: &T) {
    match serde_json::to_value(kept) {
        Ok(value) => {
            attributes.insert(ATTRIBUTE.to_owned(), value);
        }
        Err(error) => tracing::error!(%error, "what an API keeps cannot be written as JSON"),
    }
}

/// What is kept among the attributes of a thing; `None` for one that another door made.
pub fn kept<T: for<'de> Deserialize<'de>>(attributes: &Attributes) -> Option<T> {
    T::deserialize(attributes.get(ATTRIBUTE)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again() {
        let agent = KeptAgent { name: "My agent".to_owned(), kind: "chat".to_owned(), ..KeptAgent::default() };
        let attributes = attributes(&agent);
        assert_eq!(kept::<KeptAgent>(&attributes), Some(agent));
        assert_eq!(kept::<KeptAgent>(&Attributes::new()), None);
    }
}

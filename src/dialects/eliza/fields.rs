//! What stands in a body.

use serde_json::{Map, Value};

use super::ids;

/// A body, field by field. What is `null` is not there.
pub struct Fields(pub Map<String, Value>);

impl Fields {
    /// A value.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// A text, unless it is empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str().filter(|text| !text.is_empty())
    }

    /// The same, of the first of several names.
    pub fn text_of(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.text(key))
    }

    /// An id, in lower case.
    pub fn id(&self, key: &str) -> Option<String> {
        self.text(key).filter(|id| ids::is_id(id)).map(str::to_ascii_lowercase)
    }

    /// Ids, in lower case and each once; `None` when it is no list of ids.
    pub fn ids(&self, key: &str) -> Option<Vec<String>> {
        let mut all = Vec::new();
        for id in self.get(key)?.as_array()? {
            let id = id.as_str().filter(|id| ids::is_id(id))?.to_ascii_lowercase();
            if !all.contains(&id) {
                all.push(id);
            }
        }
        Some(all)
    }

    /// The id of a server, under its older or its newer name.
    pub fn server(&self) -> Option<String> {
        super::servers::id(self.text_of(&["server_id", "message_server_id", "serverId", "messageServerId"])?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_what_they_must_be() {
        let body = json!({
            "a": "", "b": null, "c": "x", "id": "ABCDEF01-2345-6789-abcd-ef0123456789", "ids": ["x"], "none": [],
            "twice": ["abcdef01-2345-6789-abcd-ef0123456789", "ABCDEF01-2345-6789-abcd-ef0123456789"], "server_id": "0"
        });
        let Value::Object(body) = body else { return };
        let fields = Fields(body);
        assert_eq!((fields.text("a"), fields.get("b"), fields.text_of(&["a", "c"])), (None, None, Some("x")));
        assert_eq!(fields.id("id").unwrap(), "abcdef01-2345-6789-abcd-ef0123456789");
        assert_eq!((fields.ids("ids"), fields.ids("none"), fields.ids("gone")), (None, Some(vec![]), None));
        assert_eq!(fields.ids("twice").unwrap().len(), 1);
        assert_eq!(fields.server().unwrap(), ids::DEFAULT_SERVER);
    }
}

//! The config file as a JSON Schema, for editors: made from the table of all settings.

use serde_json::{Map, Value, json};

use super::keys::{KEYS, Key, Kind};

/// A table of settings, or one setting.
#[derive(Default)]
struct Tree {
    key: Option<&'static Key>,
    named: Vec<(&'static str, Tree)>,
    /// What may stand under any name.
    any: Option<Box<Tree>>,
}

impl Tree {
    fn put(&mut self, places: &[&'static str], key: &'static Key) {
        let Some((place, rest)) = places.split_first() else {
            self.key = Some(key);
            return;
        };
        if *place == "*" {
            return self.any.get_or_insert_default().put(rest, key);
        }
        let at = self.named.iter().position(|(name, _)| name == place).unwrap_or_else(|| {
            self.named.push((place, Tree::default()));
            self.named.len() - 1
        });
        if let Some((_, below)) = self.named.get_mut(at) {
            below.put(rest, key);
        }
    }

    fn schema(&self) -> Value {
        if let Some(key) = self.key {
            return of(key);
        }
        let named: Map<String, Value> =
            self.named.iter().map(|(name, below)| ((*name).to_owned(), below.schema())).collect();
        // What is not known is refused, unless any name may stand here.
        let any = self.any.as_ref().map_or(Value::Bool(false), |any| any.schema());
        json!({ "type": "object", "properties": named, "additionalProperties": any })
    }
}

/// The JSON Schema of a config file.
pub fn schema() -> Value {
    let mut tree = Tree::default();
    for key in KEYS {
        tree.put(&key.path.split('.').collect::<Vec<_>>(), key);
    }
    let mut schema = tree.schema();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!("https://ombud.invalid/schemas/config-file.json");
    schema["title"] = json!("A config file of ombud: `config.toml`, `config.yaml` or `config.json`");
    // Editors of JSON files name the schema in the file.
    schema["properties"]["$schema"] = json!({ "type": "string" });
    schema
}

/// What one setting takes.
fn of(key: &Key) -> Value {
    let list = || json!({ "type": "array", "items": { "type": "string", "minLength": 1 } });
    let text = || json!({ "type": "string", "minLength": 1 });
    let choice = || json!({ "type": "string", "pattern": "^[^/]+/.+$" });
    let mut schema = match key.kind {
        Kind::Text | Kind::Secret | Kind::Path => text(),
        Kind::Store => json!({ "type": "string", "pattern": "^(memory:|file:.+|sqlite:.+)" }),
        Kind::Model => choice(),
        Kind::Url => json!({ "type": "string", "pattern": "^https?://" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Whole(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Paths | Kind::Names | Kind::Rules => list(),
        Kind::Models => json!({ "type": "array", "items": choice() }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Table => json!({ "type": "object" }),
    };
    schema["description"] = json!(key.about);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_table_knows_fits_and_nothing_else() {
        let schema = schema();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let fits = |document: Value| validator.is_valid(&document);
        assert!(fits(json!({})));
        assert!(fits(json!({
            "$schema": "x", "model": "openai/gpt-5", "store": "memory:", "limits": { "run_turns": 5 },
            "providers": { "work": { "wire": "openai", "base_url": "http://127.0.0.1:1/v1", "headers": { "x-a": "b" } } },
            "permissions": { "allow": ["write_file(src/**)"] }, "tools": { "environment": { "CI": "1" } },
            "models": { "work/m": { "context_tokens": 1 } }, "agents": { "a": { "instructions": "x" } },
            "server": { "limits": { "connections": 1 }, "exclusive": true },
        })));
        for wrong in [
            json!({ "modle": "a/b" }),
            json!({ "model": "a" }),
            json!({ "limits": { "run_turns": 0 } }),
            json!({ "limits": { "more": 1 } }),
            json!({ "providers": { "work": { "key": "k" } } }),
            json!({ "server": { "log_format": "xml" } }),
        ] {
            assert!(!fits(wrong.clone()), "{wrong}");
        }
    }
}

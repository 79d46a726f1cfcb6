//! Every value with its source, as `config show` prints it. Secrets are never among the values.

use serde::Serialize;
use serde_json::Value;

use super::keys::{self, KEYS};
use super::layers::Source;
use super::permissions;
use super::resolution::Resolved;
use super::{plugins, tool_servers};

/// One value with its source.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its place, such as `limits.run_turns`.
    pub key: String,
    /// The value; `null` when there is none, `"set"` for a secret.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
}

impl Resolved {
    /// Every setting in the order of the table, also those that have no value. Names in a place come in alphabetical
    /// order, permissions in the order in which they count.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut shown: Vec<&str> = Vec::new();
        for key in KEYS {
            let group = key.path.split('.').next().unwrap_or_default();
            match group {
                // Several keys of one name stand together.
                "providers" | "permissions" if shown.contains(&group) => {}
                "providers" => rows.extend(self.rows_below("providers")),
                "permissions" => rows.extend(self.permission_rows()),
                "agents" => rows.extend(self.agent_rows()),
                tool_servers::PLACE => rows.extend(self.described_rows(tool_servers::PLACE, tool_servers::describe)),
                plugins::PLACE => rows.extend(self.described_rows(plugins::PLACE, plugins::describe)),
                _ if key.path.ends_with(".*") => rows.extend(self.rows_below(key.path.trim_end_matches(".*"))),
                _ => rows.push(self.row(key.path)),
            }
            shown.push(group);
        }
        rows
    }

    fn row(&self, place: &str) -> Row {
        let Some(entry) = self.values.0.get(place) else {
            return Row { key: place.to_owned(), value: Value::Null, source: Source::Default };
        };
        let secret = keys::find(place).is_none_or(keys::Key::is_secret);
        let value = if secret { Value::from("set") } else { entry.value.clone() };
        Row { key: place.to_owned(), value, source: entry.source.clone() }
    }

    fn rows_below(&self, group: &str) -> Vec<Row> {
        self.values.below(group).map(|(rest, _)| self.row(&format!("{group}.{rest}"))).collect()
    }

    fn permission_rows(&self) -> Vec<Row> {
        let rules = self.rules.given.iter().chain(&self.rules.filed).enumerate();
        rules
            .map(|(index, (rule, source))| Row {
                key: format!("permissions[{index}]"),
                value: permissions::describe(rule).into(),
                source: source.clone(),
            })
            .collect()
    }

    /// What they are started with may be secret: only what they are is shown.
    fn described_rows(&self, place: &str, describe: fn(&Value) -> String) -> Vec<Row> {
        let all = self.values.below(place);
        all.map(|(name, entry)| Row {
            key: format!("{place}.{name}"),
            value: describe(&entry.value).into(),
            source: entry.source.clone(),
        })
        .collect()
    }

    fn agent_rows(&self) -> Vec<Row> {
        let agents = self.settings.agents.values();
        agents
            .map(|agent| {
                let key = format!("agents.{}", agent.name);
                let source = self.origins.get(&key).cloned().unwrap_or(Source::Default);
                Row { key, value: agent.description.clone().into(), source }
            })
            .collect()
    }
}

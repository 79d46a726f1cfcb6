//! Another program's file: the configuration of a server that this one takes the place of, put into our keys, so that
//! `--config` takes the file that is there already.
//!
//! What has no meaning here is told, never guessed at. Keys in the file are lifted into the place of ours, so they stay
//! as secret.

use serde_json::{Map, Value, json};

use super::agents::built_in;
use super::document::Document;
use super::layers::is_provider_name;
use super::text;
use crate::domain::Agent;

/// Keys at the top of our own files that the other program's do not have.
const OURS: [&str; 12] = [
    "providers",
    "permissions",
    "budgets",
    "limits",
    "tools",
    "agents",
    "store",
    "models",
    "project_instructions",
    "mcp_servers",
    "otlp",
    "plugins",
];

/// Providers that the other program knows and we do not, and where they are.
const KNOWN: [(&str, &str); 6] = [
    ("lm-studio", "http://127.0.0.1:1234/v1"),
    ("deepseek", "https://api.deepseek.com"),
    ("volcengine", "https://ark.cn-beijing.volces.com/api/v3"),
    ("openrouter", "https://openrouter.ai/api/v1"),
    ("groq", "https://api.groq.com/openai/v1"),
    ("mistral", "https://api.mistral.ai/v1"),
];

/// Its log levels by number.
const LEVELS: [&str; 6] = ["debug", "info", "info", "warn", "error", "off"];

/// The document in our keys, when it is another program's, and what of it means nothing here, one line each.
pub fn translated(document: &Document) -> Option<(Document, Vec<String>)> {
    let table = document.value.as_object().filter(|table| is_foreign(table))?;
    let mut ours = Ours::default();
    ours.read(table);
    let ignored = ours.ignored;
    let mut notices = ours.notices;
    if !ignored.is_empty() {
        let places: Vec<String> = ignored.iter().map(|place| format!("`{}`", text::printable(place))).collect();
        notices.push(format!("ignored, without a meaning here: {}", places.join(", ")));
    }
    let file = text::shown(&document.path);
    let notices = notices.into_iter().map(|notice| format!("{file}: {notice}")).collect();
    Some((document.with_value(Value::Object(ours.table)), notices))
}

/// Whether it has the other program's form, and nothing of ours.
fn is_foreign(table: &Map<String, Value>) -> bool {
    let has = |group: &str, names: &[&str]| {
        table.get(group).and_then(Value::as_object).is_some_and(|group| names.iter().any(|name| group.contains_key(*name)))
    };
    let is_table = |name: &str| table.get(name).is_some_and(Value::is_object);
    let theirs = is_table("model")
        || is_table("agent")
        || has("server", &["storage", "runtimeSettings"])
        || has("webui", &["type", "staticPath", "remoteUrl"]);
    theirs && !OURS.iter().any(|name| table.contains_key(*name))
}

/// Our keys, as they come about.
#[derive(Default)]
struct Ours {
    table: Map<String, Value>,
    agent: Map<String, Value>,
    models: Vec<String>,
    ignored: Vec<String>,
    notices: Vec<String>,
}

impl Ours {
    fn read(&mut self, table: &Map<String, Value>) {
        let mut name = None;
        for (key, value) in table.iter().filter(|(_, value)| !value.is_null()) {
            match (key.as_str(), value) {
                ("agent", Value::String(text)) => name = Some(text.clone()),
                ("agent", Value::Object(agent)) => self.agent(agent),
                ("workspace", Value::Object(workspace)) => self.workspace(workspace),
                ("workspace", value) => self.set("workspace", value.clone()),
                ("server", Value::Object(server)) => self.server(server),
                ("model", Value::Object(model)) => self.model(model, "model", true),
                ("share" | "agio", Value::Object(group)) => self.provider(key, group),
                ("webui", Value::Object(webui)) => self.webui(webui),
                ("instructions", value) => drop(self.agent.insert("instructions".to_owned(), value.clone())),
                ("maxTokens", value) => self.asking("max_tokens", value),
                ("temperature" | "top_p", value) => self.asking(key, value),
                ("maxIterations", value) => self.set("budgets.max_turns", value.clone()),
                ("logLevel", value) => self.log_level(value),
                _ => self.ignored.push(key.clone()),
            }
        }
        self.settle(name);
    }

    /// Sets a value at a place with dots.
    fn set(&mut self, place: &str, value: Value) {
        fn into(table: &mut Map<String, Value>, words: &[&str], value: Value) {
            match words {
                [] => {}
                [last] => drop(table.insert((*last).to_owned(), value)),
                [first, rest @ ..] => {
                    let inner = table.entry(*first).or_insert_with(|| json!({}));
                    if let Some(inner) = inner.as_object_mut() {
                        into(inner, rest, value);
                    }
                }
            }
        }
        into(&mut self.table, &place.split('.').collect::<Vec<_>>(), value);
    }

    /// How the agent's model is asked.
    fn asking(&mut self, name: &str, value: &Value) {
        let settings = self.agent.entry("settings").or_insert_with(|| json!({}));
        settings[name] = value.clone();
    }

    /// The agent, where something is said about it; it works with our tools, whatever its program was.
    fn settle(&mut self, name: Option<String>) {
        let name = name.map(|name| if Agent::is_name(&name) { name } else { Agent::DEFAULT.to_owned() });
        if !self.agent.is_empty() || name.is_some() {
            let name = name.unwrap_or_else(|| Agent::DEFAULT.to_owned());
            self.agent.entry("instructions").or_insert_with(|| built_in().instructions.source().into());
            let mut agents = Map::new();
            agents.insert(name.clone(), Value::Object(std::mem::take(&mut self.agent)));
            self.table.insert("agents".to_owned(), Value::Object(agents));
            self.set("agent", name.into());
        }
        if !self.models.is_empty() {
            let models = std::mem::take(&mut self.models);
            self.set("server.models", models.into());
        }
    }

    fn agent(&mut self, agent: &Map<String, Value>) {
        for (key, value) in agent {
            match (key.as_str(), value) {
                ("content", text @ Value::String(_)) => drop(self.agent.insert("instructions".to_owned(), text.clone())),
                ("label", Value::String(label)) => drop(self.agent.insert("description".to_owned(), label.clone().into())),
                ("type", _) => {}
                ("value" | "constructor", _) => {
                    self.notices.push(format!("`agent.{key}` is a program, which is not run: the agent works as ours do"));
                }
                _ => self.ignored.push(format!("agent.{key}")),
            }
        }
    }

    fn workspace(&mut self, workspace: &Map<String, Value>) {
        for (key, value) in workspace {
            match key.as_str() {
                "workingDirectory" => self.set("workspace", value.clone()),
                _ => self.ignored.push(format!("workspace.{key}")),
            }
        }
    }

    fn server(&mut self, server: &Map<String, Value>) {
        for (key, value) in server.iter().filter(|(_, value)| !value.is_null()) {
            match (key.as_str(), value) {
                ("port" | "exclusive", value) => self.set(&format!("server.{key}"), value.clone()),
                ("storage", Value::Object(storage)) => self.storage(storage),
                ("models", Value::Array(models)) => {
                    for (index, model) in models.iter().enumerate() {
                        match model.as_object() {
                            Some(model) => self.model(model, &format!("server.models[{index}]"), false),
                            None => self.ignored.push(format!("server.models[{index}]")),
                        }
                    }
                }
                ("runtimeSettings", Value::Object(settings)) => {
                    let schema = settings.get("schema").cloned().unwrap_or_else(|| value.clone());
                    self.set("server.runtime_settings", schema);
                    if settings.contains_key("transform") {
                        self.ignored.push("server.runtimeSettings.transform".to_owned());
                    }
                }
                _ => self.ignored.push(format!("server.{key}")),
            }
        }
    }

    fn storage(&mut self, storage: &Map<String, Value>) {
        let text = |name: &str| storage.get(name).and_then(Value::as_str);
        // There a base folder that is not absolute stands in the home folder; `path` stands where the file does.
        let base =
            text("baseDir").map(|base| if base.starts_with(['/', '~']) { base.to_owned() } else { format!("~/{base}") });
        let store = match text("type") {
            Some("memory") => Some("memory:".to_owned()),
            Some("file") => text("path").map(str::to_owned).or(base).map(|folder| format!("file:{folder}")),
            Some("sqlite") => {
                let in_base = || base.map(|base| format!("{base}/{}", text("dbName").unwrap_or("ombud.db")));
                text("path").map(str::to_owned).or_else(in_base).map(|path| format!("sqlite:{path}"))
            }
            Some("mongodb") => Some("mongodb:".to_owned()),
            Some(other) => Some(format!("{other}:")),
            None => None,
        };
        if let Some(store) = store {
            self.set("store", store.into());
        }
        for key in storage.keys() {
            if !matches!(key.as_str(), "type" | "path" | "baseDir" | "dbName") {
                self.ignored.push(format!("server.storage.{key}"));
            }
        }
    }

    /// A model with its provider; `chosen` = the one that answers.
    fn model(&mut self, model: &Map<String, Value>, place: &str, chosen: bool) {
        // An older form has the choice below `use`, and calls the id `model`.
        let inner = model.get("use").and_then(Value::as_object);
        let text = |name: &str| {
            let found = model.get(name).or_else(|| inner?.get(name));
            found.and_then(Value::as_str).filter(|text| !text.is_empty())
        };
        let id = text("id").or_else(|| text("model"));
        let provider = text("provider").map(provider_name);
        if let Some(provider) = &provider {
            self.offered(provider, text("apiKey"), text("baseURL"), model.get("headers"));
            if let Some(id) = id {
                let name = format!("{provider}/{id}");
                if chosen {
                    self.set("model", name.into());
                } else {
                    self.models.push(name);
                }
            }
        }
        for (key, value) in model {
            match (key.as_str(), value) {
                ("provider" | "id" | "model" | "apiKey" | "baseURL" | "headers" | "displayName" | "use", _) => {}
                ("params", Value::Object(params)) if chosen && !params.is_empty() => self.asking("extra", value),
                ("providers", Value::Array(providers)) => {
                    for provider in providers {
                        self.listed(provider);
                    }
                }
                _ => self.ignored.push(format!("{place}.{key}")),
            }
        }
        if provider.is_none() && id.is_some() {
            self.ignored.push(format!("{place}.id"));
        }
    }

    /// One of a list of providers, with the names of its models.
    fn listed(&mut self, provider: &Value) {
        let text = |name: &str| provider.get(name).and_then(Value::as_str);
        let Some(name) = text("name").map(provider_name) else {
            self.ignored.push("model.providers".to_owned());
            return;
        };
        self.offered(&name, text("apiKey"), text("baseURL"), provider.get("headers"));
        for model in provider.get("models").and_then(Value::as_array).into_iter().flatten() {
            let id = model.as_str().or_else(|| model.get("id").and_then(Value::as_str));
            self.models.extend(id.map(|id| format!("{name}/{id}")));
        }
    }

    /// Who offers a model.
    fn offered(&mut self, provider: &str, key: Option<&str>, url: Option<&str>, headers: Option<&Value>) {
        let place = |field: &str| format!("providers.{provider}.{field}");
        let known = KNOWN.iter().find(|(name, _)| *name == provider).map(|(_, url)| *url);
        match (url, known) {
            (Some(url), _) => self.set(&place("base_url"), url.into()),
            (None, Some(url)) if self.missing(provider, "base_url") => self.set(&place("base_url"), url.into()),
            _ => {}
        }
        let own = matches!(provider, "openai" | "anthropic" | "ollama" | "offline");
        match key {
            Some(key) => {
                self.set(&place("api_key"), key.into());
                self.forget(provider, "api_key_env");
            }
            // The variable that the other program reads.
            None if !own && self.missing(provider, "api_key") => {
                let variable = format!("{}_API_KEY", provider.to_uppercase().replace('-', "_"));
                self.set(&place("api_key_env"), variable.into());
            }
            None => {}
        }
        if let Some(headers) = headers.filter(|headers| headers.is_object()) {
            self.set(&place("headers"), headers.clone());
        }
    }

    fn missing(&self, provider: &str, field: &str) -> bool {
        self.table.get("providers").and_then(|providers| providers.get(provider)?.get(field)).is_none()
    }

    fn forget(&mut self, provider: &str, field: &str) {
        let providers = self.table.get_mut("providers").and_then(Value::as_object_mut);
        if let Some(provider) = providers.and_then(|providers| providers.get_mut(provider)?.as_object_mut()) {
            provider.shift_remove(field);
        }
    }

    /// `share` and `agio` have one key each, which is also ours.
    fn provider(&mut self, group: &str, table: &Map<String, Value>) {
        for (key, value) in table.iter().filter(|(_, value)| !value.is_null()) {
            match key.as_str() {
                "provider" => self.set(&format!("{group}.provider"), value.clone()),
                _ => self.ignored.push(format!("{group}.{key}")),
            }
        }
    }

    fn webui(&mut self, webui: &Map<String, Value>) {
        let Some(folder) = webui.get("staticPath").filter(|folder| folder.is_string()) else {
            self.notices.push("`webui` names no `staticPath`, so the console is served".to_owned());
            return;
        };
        self.set("webui.path", folder.clone());
        let mut config = webui.clone();
        config.shift_remove("staticPath");
        if !config.is_empty() {
            self.set("webui.config", Value::Object(config));
        }
    }

    fn log_level(&mut self, value: &Value) {
        let by_number = value.as_u64().and_then(|number| LEVELS.get(usize::try_from(number).ok()?).copied());
        let name = value.as_str().map(str::to_ascii_lowercase);
        let level = by_number.or(match name.as_deref() {
            Some("debug") => Some("debug"),
            Some("info" | "success") => Some("info"),
            Some("warn" | "warning") => Some("warn"),
            Some("error") => Some("error"),
            Some("silent") => Some("off"),
            _ => None,
        });
        match level {
            Some(level) => self.set("server.log_level", level.into()),
            None => self.ignored.push("logLevel".to_owned()),
        }
    }
}

/// A provider's name as ours are written.
fn provider_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase().replace([' ', '.'], "-");
    if is_provider_name(&lower) { lower } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn ours(value: &Value) -> Option<(Value, Vec<String>)> {
        let document = Document::parse(Path::new("app.config.json"), &value.to_string()).unwrap();
        translated(&document).map(|(document, notices)| (document.value, notices))
    }

    #[test]
    fn the_example_of_its_documentation() {
        let theirs = json!({
            "agent": "my-agent",
            "workspace": "./workspace",
            "server": { "port": 3000, "exclusive": false, "storage": { "type": "sqlite", "path": "./sessions.db" } },
            "model": {
                "provider": "openai",
                "id": "gpt-4",
                "providers": [
                    { "name": "openai", "models": ["gpt-4", "gpt-3.5-turbo"], "baseURL": "https://api.openai.com/v1" },
                ],
            },
            "share": { "provider": "https://share.example.com/api/upload" },
            "agio": { "provider": "https://agio.example.com/api/events" },
            "webui": { "type": "static", "staticPath": "./dist/webui", "title": "Mine" },
        });
        let (value, notices) = ours(&theirs).unwrap();
        let expected = json!({
            "workspace": "./workspace",
            "server": { "port": 3000, "exclusive": false, "models": ["openai/gpt-4", "openai/gpt-3.5-turbo"] },
            "store": "sqlite:./sessions.db",
            "model": "openai/gpt-4",
            "providers": { "openai": { "base_url": "https://api.openai.com/v1" } },
            "share": { "provider": "https://share.example.com/api/upload" },
            "agio": { "provider": "https://agio.example.com/api/events" },
            "webui": { "path": "./dist/webui", "config": { "type": "static", "title": "Mine" } },
            "agents": { "my-agent": { "instructions": built_in().instructions.source() } },
            "agent": "my-agent",
        });
        assert_eq!((value, notices), (expected, Vec::<String>::new()));
    }

    #[test]
    fn every_key_that_has_a_meaning_here() {
        let theirs = json!({
            "agent": { "type": "modulePath", "value": "./agent.js", "label": "Mine" },
            "instructions": "Be brief.",
            "maxTokens": 100,
            "temperature": 0.2,
            "top_p": 0.9,
            "maxIterations": 7,
            "logLevel": 0,
            "snapshot": { "enable": true },
            "server": {
                "storage": { "type": "file", "baseDir": "kept", "fileName": "x.json" },
                "models": [{ "provider": "DeepSeek", "id": "chat", "apiKey": "k2" }, 7],
                "runtimeSettings": { "schema": { "type": "object" }, "transform": "x" },
            },
            "model": {
                "provider": "lm-studio", "id": "small", "headers": { "x-a": "b" }, "params": { "seed": 1 },
                "baseProvider": "openai",
            },
        });
        let (value, notices) = ours(&theirs).unwrap();
        let settings = json!({ "max_tokens": 100, "temperature": 0.2, "top_p": 0.9, "extra": { "seed": 1 } });
        let expected = json!({
            "agents": { "default": { "description": "Mine", "instructions": "Be brief.", "settings": settings } },
            "agent": "default",
            "budgets": { "max_turns": 7 },
            "server": {
                "log_level": "debug",
                "runtime_settings": { "type": "object" },
                "models": ["deepseek/chat"],
            },
            "store": "file:~/kept",
            "model": "lm-studio/small",
            "providers": {
                "deepseek": { "base_url": "https://api.deepseek.com", "api_key": "k2" },
                "lm-studio": {
                    "base_url": "http://127.0.0.1:1234/v1", "api_key_env": "LM_STUDIO_API_KEY", "headers": { "x-a": "b" },
                },
            },
        });
        assert_eq!(value, expected);
        assert_eq!(
            notices,
            [
                "app.config.json: `agent.value` is a program, which is not run: the agent works as ours do",
                "app.config.json: ignored, without a meaning here: `snapshot`, `server.storage.fileName`, \
                 `server.models[1]`, `server.runtimeSettings.transform`, `model.baseProvider`",
            ]
        );
    }

    #[test]
    fn log_levels_by_number_and_by_name() {
        for (given, level) in [
            (json!(0), "debug"),
            (json!(2), "info"),
            (json!(5), "off"),
            (json!("SUCCESS"), "info"),
            (json!("Warn"), "warn"),
            (json!("silent"), "off"),
        ] {
            let (value, _) = ours(&json!({ "model": {}, "logLevel": given })).unwrap();
            assert_eq!(value["server"]["log_level"], level, "{given}");
        }
        let (_, notices) = ours(&json!({ "model": {}, "logLevel": 9 })).unwrap();
        assert_eq!(notices, ["app.config.json: ignored, without a meaning here: `logLevel`"]);
    }

    #[test]
    fn stores_and_the_older_forms() {
        let store = |storage: Value| ours(&json!({ "server": { "storage": storage } })).unwrap().0["store"].clone();
        assert_eq!(store(json!({ "type": "memory" })), "memory:");
        assert_eq!(store(json!({ "type": "sqlite", "baseDir": "/var/x", "dbName": "a.db" })), "sqlite:/var/x/a.db");
        assert_eq!(store(json!({ "type": "sqlite", "baseDir": "x" })), "sqlite:~/x/ombud.db");
        assert_eq!(store(json!({ "type": "mongodb", "uri": "mongodb://user:secret@host" })), "mongodb:");
        assert_eq!(store(json!({ "type": "sqlite" })), Value::Null);
        let older = json!({
            "model": { "use": { "provider": "anthropic", "model": "claude" } },
            "workspace": { "workingDirectory": "/w", "isolateSessions": true },
        });
        let (value, notices) = ours(&older).unwrap();
        assert_eq!(value, json!({ "model": "anthropic/claude", "workspace": "/w" }));
        assert_eq!(notices, ["app.config.json: ignored, without a meaning here: `workspace.isolateSessions`"]);
    }

    #[test]
    fn our_own_files_are_not_taken_for_others() {
        for own in [
            json!({}),
            json!({ "model": "openai/gpt-4", "agent": "default", "workspace": "/w" }),
            json!({ "server": { "port": 1 }, "share": { "provider": "https://x" }, "webui": { "path": "/u" } }),
            json!({ "model": { "provider": "openai" }, "providers": {} }),
            json!({ "instructions": "x" }),
        ] {
            assert!(ours(&own).is_none(), "{own}");
        }
    }
}

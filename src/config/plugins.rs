//! Plugins of the configuration: routes that the server answers beside those of its APIs. Each route is a command, a folder
//! or another server; nothing of a plugin runs in this process. A plugin is written in the config file itself, or in the
//! `plugin.toml` of a folder that it names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};

use super::document::Document;
use super::layers::{Entry, Layer, Source};
use super::{file, text};
use crate::domain::Error;

/// The place of all of them.
pub const PLACE: &str = "plugins";
/// The file of a folder that is a plugin.
const FILE: &str = "plugin.toml";
/// Most routes of one.
const ROUTES: usize = 200;
/// Most bytes of a path.
const PATH_BYTES: usize = 256;
/// Longest time of a command, and what it has unless it is said.
const SECONDS: (u64, u64) = (3_600, 30);
const KNOWN: [&str; 10] =
    ["path", "type", "name", "public", "open", "agents", "command", "folder", "url", "timeout_seconds"];
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];

/// Routes of one origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Its name, a word of addresses.
    pub name: String,
    /// Its routes; the first that fits answers.
    pub routes: Vec<PluginRoute>,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginRoute {
    /// Its path without a `/` at its beginning; a word that begins with `:` stands for any, and `*` as the last for any
    /// rest.
    pub path: String,
    /// The methods that it answers.
    pub methods: Vec<String>,
    /// The name that people are shown.
    pub name: Option<String>,
    /// Whether it is listed for people.
    pub public: bool,
    /// Whether whoever reaches the server may call it without proof of who they are.
    pub open: bool,
    /// The agents that have it, by name; empty = all.
    pub agents: Vec<String>,
    /// What answers.
    pub answers: PluginAnswers,
}

/// What answers on a route of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginAnswers {
    /// A command line.
    Command {
        /// It, for `/bin/sh -c`.
        line: String,
        /// Where it is started.
        folder: PathBuf,
        /// How long it may run.
        time: Duration,
    },
    /// The files of a folder.
    Folder(PathBuf),
    /// Another server: the address that the rest of the path is put behind.
    Url(String),
}

/// Reads them.
///
/// # Errors
/// `invalid_input` naming the plugin and what is wrong.
pub fn read(values: &Layer) -> Result<Vec<Plugin>, Error> {
    values.below(PLACE).map(|(name, entry)| one(name, entry)).collect()
}

/// What a plugin is, in a few words.
pub fn describe(value: &Value) -> String {
    match value.get("path").and_then(Value::as_str) {
        Some(path) => text::printable(path),
        None => format!("{} routes", value.get("routes").and_then(Value::as_array).map_or(0, Vec::len)),
    }
}

fn one(name: &str, entry: &Entry) -> Result<Plugin, Error> {
    let wrong = |wrong: &str| Error::invalid(format!("plugin `{}` ({}) {wrong}", text::printable(name), entry.source));
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.starts_with('.') || name.len() > 64 || !name.bytes().all(is_letter) {
        return Err(wrong("has no good name: use letters, digits, `-`, `_` and `.`, at most 64"));
    }
    let Some(table) = entry.value.as_object() else { return Err(wrong("must be a table")) };
    if let Some(unknown) = table.keys().find(|key| !matches!(key.as_str(), "path" | "routes")) {
        return Err(wrong(&format!("has `{}`, which is not known: `path` and `routes` are", text::printable(unknown))));
    }
    let base = match &entry.source {
        Source::Project(path) | Source::User(path) => path.parent().map(Path::to_path_buf).unwrap_or_default(),
        Source::Flag(_) | Source::Environment(_) | Source::Default => PathBuf::new(),
    };
    let (routes, base) = match (table.get("path"), table.get("routes")) {
        (None, Some(routes)) => (routes.clone(), base),
        (Some(Value::String(folder)), None) => {
            let folder = base.join(folder);
            let path = folder.join(FILE);
            let text = file::read_named(&path).map_err(|error| wrong(&error.message))?;
            let document = Document::parse(&path, &text)?;
            let table = document.value.as_object().cloned().unwrap_or_default();
            if let Some(unknown) = table.keys().find(|key| key.as_str() != "routes") {
                return Err(document.error(unknown, "is not known: a plugin has `routes`"));
            }
            (table.get("routes").cloned().unwrap_or_default(), folder)
        }
        _ => return Err(wrong("must have either the `path` of a folder with a plugin.toml, or `routes`")),
    };
    let Value::Array(routes) = routes else { return Err(wrong("has no list of `routes`")) };
    if routes.is_empty() || routes.len() > ROUTES {
        return Err(wrong(&format!("must have 1 to {ROUTES} routes")));
    }
    let routes = routes.iter().enumerate().map(|(index, route)| {
        let table = route.as_object().ok_or_else(|| "must be a table".to_owned());
        table.and_then(|table| self::route(table, &base)).map_err(|why| wrong(&format!("route {}: {why}", index + 1)))
    });
    Ok(Plugin { name: name.to_owned(), routes: routes.collect::<Result<_, _>>()? })
}

fn route(table: &Map<String, Value>, base: &Path) -> Result<PluginRoute, String> {
    if let Some(unknown) = table.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        let near = text::did_you_mean(unknown, KNOWN);
        return Err(format!("`{}` is not known{near}", text::printable(unknown)));
    }
    let text = |key: &str| match table.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() && !text.contains('\0') => Ok(Some(text.clone())),
        Some(_) => Err(format!("`{key}` must be a text that is not empty")),
    };
    let flag = |key: &str| match table.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(format!("`{key}` must be true or false")),
    };
    let path = text("path")?.ok_or("must have a `path`")?;
    let path = path.trim_matches('/').to_owned();
    check_path(&path)?;
    let time = match table.get("timeout_seconds") {
        None | Some(Value::Null) => SECONDS.1,
        Some(value) => value
            .as_u64()
            .filter(|seconds| (1..=SECONDS.0).contains(seconds))
            .ok_or_else(|| format!("`timeout_seconds` must be a whole number from 1 to {}", SECONDS.0))?,
    };
    let is_static = table.get("type").and_then(Value::as_str) == Some("STATIC");
    let answers = match (text("command")?, text("folder")?, text("url")?) {
        (Some(line), None, None) => PluginAnswers::Command {
            line,
            folder: if base.as_os_str().is_empty() { PathBuf::from("/") } else { base.to_path_buf() },
            time: Duration::from_secs(time),
        },
        (None, Some(folder), None) => PluginAnswers::Folder(base.join(folder)),
        (None, None, Some(url)) if url.starts_with("http://") || url.starts_with("https://") => {
            PluginAnswers::Url(url.trim_end_matches('/').to_owned())
        }
        (None, None, Some(_)) => return Err("`url` must begin with http:// or https://".to_owned()),
        _ => return Err("must have one of `command`, `folder` and `url`".to_owned()),
    };
    if is_static != matches!(answers, PluginAnswers::Folder(_)) && table.contains_key("type") {
        return Err("the `type` STATIC goes with a `folder`, and a `folder` with no other".to_owned());
    }
    let methods = match table.get("type") {
        _ if matches!(answers, PluginAnswers::Folder(_)) => vec!["GET".to_owned()],
        None | Some(Value::Null) => vec!["GET".to_owned()],
        Some(value) => words(value)
            .filter(|methods| !methods.is_empty() && methods.iter().all(|one| METHODS.contains(&one.as_str())))
            .ok_or_else(|| format!("`type` must be STATIC, or of {}", METHODS.join(", ")))?,
    };
    let agents = match table.get("agents") {
        None | Some(Value::Null) => Vec::new(),
        Some(value) => words(value).ok_or("`agents` must be a list of names")?,
    };
    Ok(PluginRoute { path, methods, name: text("name")?, public: flag("public")?, open: flag("open")?, agents, answers })
}

/// A word, or a list of them.
fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(word) => Some(vec![word.clone()]),
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn check_path(path: &str) -> Result<(), String> {
    let words: Vec<&str> = path.split('/').collect();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let is_good = |(place, word): (usize, &&str)| match word.strip_prefix(':') {
        _ if *word == "*" => place + 1 == words.len() && place > 0,
        Some(name) => !name.is_empty() && name.bytes().all(is_letter),
        None => !word.is_empty() && !word.starts_with('.') && word.bytes().all(is_letter),
    };
    if path.len() <= PATH_BYTES && words.iter().enumerate().all(is_good) && !words[0].starts_with(':') {
        return Ok(());
    }
    Err(format!(
        "`path` must be plain words between `/`, each perhaps `:name` for any, the last perhaps `*`, not {}",
        text::printable(path)
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_one(value: Value) -> Result<Plugin, Error> {
        let mut layer = Layer::default();
        layer.set("plugins.weather", value, Source::User("/etc/c.toml".into()));
        read(&layer).map(|mut all| all.remove(0))
    }

    #[test]
    fn routes_are_read() {
        let plugin = read_one(json!({ "routes": [
            { "path": "/forecast/:day", "type": "POST", "command": "forecast", "timeout_seconds": 3 },
            { "path": "panel", "name": "Weather", "public": true, "open": true, "folder": "pages", "agents": ["ann"] },
            { "path": "maps/*", "type": ["GET", "POST"], "url": "http://127.0.0.1:8080/tiles/" },
        ] }))
        .unwrap();
        let command =
            PluginAnswers::Command { line: "forecast".into(), folder: "/etc".into(), time: Duration::from_secs(3) };
        let plain = PluginRoute {
            path: "forecast/:day".into(),
            methods: vec!["POST".into()],
            name: None,
            public: false,
            open: false,
            agents: vec![],
            answers: command,
        };
        let panel = PluginRoute {
            path: "panel".into(),
            methods: vec!["GET".into()],
            name: Some("Weather".into()),
            public: true,
            open: true,
            agents: vec!["ann".into()],
            answers: PluginAnswers::Folder("/etc/pages".into()),
        };
        let maps = PluginRoute {
            path: "maps/*".into(),
            methods: vec!["GET".into(), "POST".into()],
            answers: PluginAnswers::Url("http://127.0.0.1:8080/tiles".into()),
            ..plain.clone()
        };
        assert_eq!(plugin.routes, [plain, panel, maps]);
    }

    #[test]
    fn a_folder_may_be_a_plugin() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[[routes]]\npath = \"/now\"\ncommand = \"date\"\n";
        std::fs::write(folder.path().join(FILE), text).unwrap();
        let plugin = read_one(json!({ "path": folder.path() })).unwrap();
        assert!(matches!(&plugin.routes[0].answers, PluginAnswers::Command { folder: at, .. } if at == folder.path()));
        std::fs::write(folder.path().join(FILE), "[[routes]]\npath = \"/now\"\n[other]\n").unwrap();
        let error = read_one(json!({ "path": folder.path() })).unwrap_err();
        assert!(error.message.ends_with("`other` is not known: a plugin has `routes`"), "{}", error.message);
        assert!(read_one(json!({ "path": "/nowhere/at/all" })).is_err());
    }

    #[test]
    fn what_is_wrong_is_told() {
        let route = |route: Value| read_one(json!({ "routes": [route] })).unwrap_err().message;
        for (value, why) in [
            (json!({ "command": "x" }), "must have a `path`"),
            (json!({ "path": "/a" }), "must have one of `command`, `folder` and `url`"),
            (json!({ "path": "/a", "command": "x", "url": "http://x" }), "must have one of `command`, `folder` and `url`"),
            (json!({ "path": "/a", "url": "ftp://x" }), "`url` must begin with http:// or https://"),
            (json!({ "path": "/a", "comand": "x" }), "`comand` is not known; did you mean `command`?"),
            (
                json!({ "path": "/a", "command": "x", "type": "TRACE" }),
                "`type` must be STATIC, or of GET, POST, PUT, DELETE, PATCH",
            ),
            (
                json!({ "path": "/a", "command": "x", "type": "STATIC" }),
                "the `type` STATIC goes with a `folder`, and a `folder` with no other",
            ),
            (
                json!({ "path": "/a", "command": "x", "timeout_seconds": 0 }),
                "`timeout_seconds` must be a whole number from 1 to 3600",
            ),
        ] {
            assert_eq!(route(value), format!("plugin `weather` (user /etc/c.toml) route 1: {why}"));
        }
        for path in ["/../a", "/a//b", "/*", "/a/*/b", "/:any", "/.env", "a b"] {
            assert!(route(json!({ "path": path, "command": "x" })).contains("`path` must be plain words"), "{path}");
        }
        assert!(read_one(json!({})).unwrap_err().message.contains("must have either"));
        assert!(read_one(json!(1)).unwrap_err().message.ends_with("must be a table"));
    }
}

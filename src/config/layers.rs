//! Layers: what each source says, and how the higher ones hide the lower ones. Each value knows its source.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::document::Document;
use super::keys::{self, Key, Kind};
use super::text;
use crate::domain::{Error, ErrorCode};

/// Where a value comes from, the highest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An option of the command line, such as `--store`.
    Flag(&'static str),
    /// A variable of the environment.
    Environment(String),
    /// A config file of the workspace.
    Project(PathBuf),
    /// A config file of the user.
    User(PathBuf),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "flag {name}"),
            Self::Environment(name) => write!(formatter, "environment {name}"),
            Self::Project(path) => write!(formatter, "project {}", text::shown(path)),
            Self::User(path) => write!(formatter, "user {}", text::shown(path)),
            Self::Default => formatter.write_str("default"),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, name) = match self {
            Self::Flag(name) => ("flag", (*name).to_owned()),
            Self::Environment(name) => ("environment", name.clone()),
            Self::Project(path) => ("project", path.to_string_lossy().into_owned()),
            Self::User(path) => ("user", path.to_string_lossy().into_owned()),
            Self::Default => ("default", String::new()),
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", kind)?;
        if !name.is_empty() {
            map.serialize_entry("name", &name)?;
        }
        map.end()
    }
}

/// One value with its source.
#[derive(Clone, PartialEq)]
pub struct Entry {
    /// The value, of the kind that the table of settings says.
    pub value: Value,
    /// Where it comes from.
    pub source: Source,
}

/// What one source says, or what several say together: values by their place. For debugging it shows the places only:
/// keys are among the values.
#[derive(Clone, Default, PartialEq)]
pub struct Layer(pub BTreeMap<String, Entry>);

impl fmt::Debug for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.0.iter().map(|(place, entry)| (place, &entry.source))).finish()
    }
}

/// The three ways to give a provider's key; a higher layer's choice hides all of a lower one.
const KEY_WAYS: [&str; 3] = ["api_key", "api_key_env", "api_key_file"];

/// The two ways to give the server's token, likewise.
const TOKEN_WAYS: [&str; 2] = ["server.token", "server.token_file"];

impl Layer {
    /// Sets one value.
    pub fn set(&mut self, place: impl Into<String>, value: impl Into<Value>, source: Source) {
        self.0.insert(place.into(), Entry { value: value.into(), source });
    }

    /// Sets one value from a text of the environment or the command line, where relative paths begin at `folder`.
    ///
    /// # Errors
    /// `invalid_input` naming the option or variable, unless the setting is secret without the text itself.
    pub fn read(&mut self, place: &str, given: &str, source: Source, folder: &Folders<'_>) -> Result<(), Error> {
        let Some(key) = keys::find(place) else {
            return Err(Error::internal(format!("setting `{place}` is not in the table")));
        };
        let name = match &source {
            Source::Flag(name) => (*name).to_owned(),
            Source::Environment(name) => name.clone(),
            other => other.to_string(),
        };
        let Some(value) = key.kind.read(given) else {
            let instead = if key.hides(given) { String::new() } else { format!(", not `{}`", text::printable(given)) };
            return Err(Error::invalid(format!("{name} {}{instead}", key.kind.words())));
        };
        let value = settle(key.kind, value, folder).map_err(|error| prefixed(&name, error))?;
        self.set(place, value, source);
        Ok(())
    }

    /// Lays a higher layer over this one.
    pub fn cover(&mut self, higher: Self) {
        for place in higher.0.keys() {
            if TOKEN_WAYS.contains(&place.as_str()) {
                TOKEN_WAYS.iter().for_each(|way| drop(self.0.remove(*way)));
            }
            let Some((provider, way)) = place.rsplit_once('.') else { continue };
            if provider.starts_with("providers.") && KEY_WAYS.contains(&way) {
                for way in KEY_WAYS {
                    self.0.remove(&format!("{provider}.{way}"));
                }
            }
        }
        self.0.extend(higher.0);
    }

    /// The value at a place.
    pub fn value(&self, place: &str) -> Option<&Value> {
        self.0.get(place).map(|entry| &entry.value)
    }

    /// The text at a place.
    pub fn text(&self, place: &str) -> Option<&str> {
        self.value(place).and_then(Value::as_str)
    }

    /// The whole number at a place.
    pub fn number(&self, place: &str) -> Option<u64> {
        self.value(place).and_then(Value::as_u64)
    }

    /// The number at a place, whole or not.
    pub fn amount(&self, place: &str) -> Option<f64> {
        self.value(place).and_then(Value::as_f64)
    }

    /// The flag at a place.
    pub fn flag(&self, place: &str) -> Option<bool> {
        self.value(place).and_then(Value::as_bool)
    }

    /// The texts at a place.
    pub fn texts(&self, place: &str) -> Vec<String> {
        let items = self.value(place).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// What stands below a place: (rest of the place, entry).
    pub fn below<'a>(&'a self, place: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
        self.0.iter().filter_map(move |(name, entry)| Some((name.strip_prefix(place)?.strip_prefix('.')?, entry)))
    }

    /// What a document says, each place checked against the table of settings.
    ///
    /// # Errors
    /// `invalid_input` naming file, line and key, with a suggestion.
    pub fn of_document(document: &Document, source: &Source, folder: &Folders<'_>) -> Result<Self, Error> {
        let mut walk = Walk { document, source, folder, layer: Self::default() };
        for (name, value) in document.value.as_object().into_iter().flatten() {
            walk.step("", name, value)?;
        }
        walk.one_key_each()?;
        Ok(walk.layer)
    }
}

struct Walk<'a> {
    document: &'a Document,
    source: &'a Source,
    folder: &'a Folders<'a>,
    layer: Layer,
}

impl Walk<'_> {
    fn step(&mut self, above: &str, name: &str, value: &Value) -> Result<(), Error> {
        let place = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        if value.is_null() {
            return self.known(above, name, &place);
        }
        if let Some(key) = keys::find(&place) {
            return self.leaf(key, place, value);
        }
        self.known(above, name, &place)?;
        if above == "providers" && !is_provider_name(name) {
            let wrong = "is not a name for a provider: use lower-case letters, digits, `_` and `-`, at most 64";
            return Err(self.document.error(&place, wrong));
        }
        let Some(table) = value.as_object() else { return Err(self.document.error(&place, "must be a table")) };
        table.iter().try_for_each(|(name, value)| self.step(&place, name, value))
    }

    /// Refuses a place that is not in the table.
    fn known(&self, above: &str, name: &str, place: &str) -> Result<(), Error> {
        if keys::find(place).is_some() || keys::is_group(place) {
            return Ok(());
        }
        let known = keys::names_below(above).unwrap_or_default();
        let wrong = format!("is not a setting{}", text::did_you_mean(name, known.iter().copied()));
        let hint = format!("known here: {}", known.join(", "));
        Err(self.document.error(place, &wrong).hint(hint))
    }

    fn leaf(&mut self, key: &Key, place: String, value: &Value) -> Result<(), Error> {
        if !key.kind.fits(value) {
            let given = match value {
                Value::String(given) if key.hides(given) => String::new(),
                _ if key.is_secret() => String::new(),
                Value::String(_) | Value::Number(_) | Value::Bool(_) => {
                    format!(", not {}", text::printable(&value.to_string()))
                }
                _ => String::new(),
            };
            return Err(self.document.error(&place, &format!("{}{given}", key.kind.words())));
        }
        let value = settle(key.kind, value.clone(), self.folder)
            .map_err(|error| prefixed(&text::shown(&self.document.path), error))?;
        self.layer.set(place, value, self.source.clone());
        Ok(())
    }

    /// Refuses a provider whose key is given in two ways, and a token that is.
    fn one_key_each(&self) -> Result<(), Error> {
        if TOKEN_WAYS.iter().all(|way| self.layer.0.contains_key(*way)) {
            let wrong = "stands beside `token_file`: give the token in one way only";
            return Err(self.document.error("server.token", wrong));
        }
        for place in self.layer.0.keys() {
            let Some(provider) = place.strip_suffix(".api_key") else { continue };
            for way in ["api_key_env", "api_key_file"] {
                if self.layer.0.contains_key(&format!("{provider}.{way}")) {
                    let wrong = format!("stands beside `{way}`: give the key in one way only");
                    return Err(self.document.error(place, &wrong));
                }
            }
        }
        Ok(())
    }
}

/// Whether a text can name a provider.
pub fn is_provider_name(name: &str) -> bool {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(good)
}

/// The folders that relative paths and `~/` begin at.
#[derive(Clone, Copy, Debug)]
pub struct Folders<'a> {
    /// For relative paths; empty when it is not known.
    pub base: &'a Path,
    /// For `~/`; absent when it is not known.
    pub home: Option<&'a Path>,
}

impl Folders<'_> {
    /// The absolute form of a path.
    ///
    /// # Errors
    /// `invalid_input` when the folder that it begins at is not known.
    pub fn absolute(&self, path: &str) -> Result<String, Error> {
        let joined = match path.strip_prefix("~/") {
            Some(rest) => match self.home {
                Some(home) => home.join(rest),
                None => return Err(Error::invalid(format!("`{path}` cannot be found, because HOME is not set"))),
            },
            None => self.base.join(path),
        };
        if joined.is_absolute() {
            return Ok(joined.to_string_lossy().into_owned());
        }
        Err(Error::invalid(format!("`{}` cannot be found, because the current folder is not known", text::printable(path)))
            .hint("give an absolute path"))
    }
}

/// Checks what a kind alone does not tell, and makes paths absolute.
fn settle(kind: Kind, value: Value, folder: &Folders<'_>) -> Result<Value, Error> {
    match (kind, &value) {
        (Kind::Path, Value::String(path)) => Ok(Value::String(folder.absolute(path)?)),
        (Kind::Paths, Value::Array(paths)) => {
            paths.iter().filter_map(Value::as_str).map(|path| Ok(Value::String(folder.absolute(path)?))).collect()
        }
        (Kind::Store, Value::String(url)) => Ok(Value::String(store(url, folder)?)),
        (Kind::Url, Value::String(url)) => Ok(Value::String(url.trim_end_matches('/').to_owned())),
        _ => Ok(value),
    }
}

/// Checks the address of a store and makes its path absolute.
fn store(url: &str, folder: &Folders<'_>) -> Result<String, Error> {
    let hint = "use memory:, file:DIR or sqlite:PATH";
    let shown = text::printable(url.split('@').next_back().unwrap_or(url));
    match url.split_once(':') {
        Some(("memory", "")) => Ok(url.to_owned()),
        Some((kind @ ("file" | "sqlite"), path)) if !path.is_empty() && !path.contains('\0') => {
            // `sqlite:///path` is how others write `sqlite:/path`.
            let path = path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path);
            Ok(format!("{kind}:{}", folder.absolute(path)?))
        }
        Some(("postgres" | "postgresql" | "mongodb" | "mysql" | "redis", _)) => {
            let message = format!("store `{shown}` cannot be used: this version keeps sessions in sqlite or files");
            Err(Error::new(ErrorCode::NotSupported, message).hint(hint))
        }
        _ => Err(Error::invalid(format!("store `{shown}` is not of a known form")).hint(hint)),
    }
}

fn prefixed(name: &str, error: Error) -> Error {
    Error { message: format!("{name}: {}", error.message), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders() -> Folders<'static> {
        Folders { base: Path::new("/base"), home: Some(Path::new("/home/me")) }
    }

    fn layer(source: &str) -> Result<Layer, Error> {
        let document = Document::parse(Path::new("c.toml"), source)?;
        Layer::of_document(&document, &Source::User("c.toml".into()), &folders())
    }

    fn refused(source: &str) -> String {
        let error = layer(source).unwrap_err();
        match error.hint {
            Some(hint) => format!("{} | {hint}", error.message),
            None => error.message,
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_file_line_and_key() {
        assert_eq!(
            refused("agent = \"x\"\nmodle = \"a/b\"\n"),
            "c.toml:2: `modle` is not a setting; did you mean `model`? | known here: agent, model, store, workspace, \
             project_instructions, providers, models, permissions, budgets, limits, tools, mcp_servers, server, retention, speech, share, agio, webui, otlp, plugins, agents"
        );
        assert_eq!(
            refused("[budgets]\nmax_turn = 3\n"),
            "c.toml:2: `budgets.max_turn` is not a setting; did you mean `max_turns`? | known here: max_turns, max_tokens, max_cost_usd, timeout_seconds"
        );
        assert_eq!(
            refused("[budgets]\nmax_turns = \"three\"\n"),
            "c.toml:2: `budgets.max_turns` must be a whole number from 1 to 10000, not \"three\""
        );
        assert_eq!(refused("limits = 3\n"), "c.toml:1: `limits` must be a table");
        assert_eq!(
            refused("[providers.X]\nwire = \"openai\"\n"),
            "c.toml:1: `providers.X` is not a name for a provider: use lower-case letters, digits, `_` and `-`, at most 64"
        );
        assert_eq!(
            refused("[providers.x]\nwire = \"soap\"\n"),
            "c.toml:2: `providers.x.wire` must be `openai`, `responses`, `anthropic` or `offline`, not \"soap\""
        );
        assert_eq!(
            refused("[providers.x]\napi_key = 17\n"),
            "c.toml:2: `providers.x.api_key` must be a text that is not empty"
        );
        assert_eq!(
            refused("[providers.x]\napi_key = \"k\"\napi_key_env = \"K\"\n"),
            "c.toml:2: `providers.x.api_key` stands beside `api_key_env`: give the key in one way only"
        );
        assert_eq!(refused("[mcp_servers]\nx = 1\n"), "c.toml:2: `mcp_servers.x` must be a table, not 1");
        assert_eq!(
            refused("store = \"postgres://me:secret@host/db\"\n"),
            "c.toml: store `host/db` cannot be used: this version keeps sessions in sqlite or files | \
             use memory:, file:DIR or sqlite:PATH"
        );
    }

    #[test]
    fn paths_begin_at_the_folder_of_the_file_or_at_home() {
        let layer = layer("workspace = \"w\"\nstore = \"sqlite:~/s.db\"\ntools.writable = [\"/a\", \"b\"]\n").unwrap();
        assert_eq!(layer.text("workspace"), Some("/base/w"));
        assert_eq!(layer.text("store"), Some("sqlite:/home/me/s.db"));
        assert_eq!(layer.texts("tools.writable"), ["/a", "/base/b"]);
    }

    #[test]
    fn stores_have_three_forms() {
        let read = |url: &str| store(url, &folders()).map_err(|error| error.code);
        assert_eq!(read("memory:"), Ok("memory:".to_owned()));
        assert_eq!(read("file:d"), Ok("file:/base/d".to_owned()));
        assert_eq!(read("sqlite:///x/y.db"), Ok("sqlite:/x/y.db".to_owned()));
        assert_eq!(read("sqlite:/x/y.db"), Ok("sqlite:/x/y.db".to_owned()));
        for bad in ["", "sqlite", "sqlite:", "memory:x", "/x/y.db"] {
            assert_eq!(read(bad), Err(ErrorCode::InvalidInput), "{bad}");
        }
        assert_eq!(read("postgres://h/db"), Err(ErrorCode::NotSupported));
    }

    #[test]
    fn a_key_given_higher_hides_every_lower_way() {
        let mut low = layer("[providers.x]\napi_key_file = \"k\"\nbase_url = \"http://h/\"\n").unwrap();
        low.cover(layer("[providers.x]\napi_key_env = \"K\"\n").unwrap());
        assert_eq!(low.0.keys().collect::<Vec<_>>(), ["providers.x.api_key_env", "providers.x.base_url"]);
        assert_eq!(low.text("providers.x.base_url"), Some("http://h"));
    }

    #[test]
    fn a_secret_is_not_in_the_message_about_it() {
        let mut layer = Layer::default();
        let source = Source::Environment("OMBUD_PROVIDERS_X_API_KEY".to_owned());
        let error = layer.read("providers.x.api_key", " ", source, &folders()).unwrap_err();
        assert_eq!(error.message, "OMBUD_PROVIDERS_X_API_KEY must be a text that is not empty");
    }
}

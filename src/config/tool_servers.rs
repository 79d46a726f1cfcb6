//! Tool servers of the configuration, as other programs write them too: `{command, args, env}` for a program,
//! `{url, headers}` for an address. `${NAME}` in a value stands for a variable of the environment, `${NAME:-TEXT}` for
//! the text where it is not set.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::env::Environment;
use super::layers::{Entry, Layer, Source};
use super::text;
use crate::domain::{Error, ErrorCode, ToolServer, ToolServerSecrets, ToolServerSource};

/// The place of all of them.
pub const PLACE: &str = "mcp_servers";
const KNOWN: [&str; 7] = ["command", "args", "env", "url", "headers", "type", "disabled"];
const MIB: u64 = 1 << 20;

/// How tool servers are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpSettings {
    /// Those that the configuration names, by slug.
    pub servers: BTreeMap<String, ConfiguredToolServer>,
    /// The programs that those of the store may be, each with the arguments that it must begin with; absent = any.
    pub programs: Option<Vec<String>>,
    /// From the start of one until it must have told its tools.
    pub start: Duration,
    /// Longest call of a tool.
    pub call: Duration,
    /// Most bytes of memory that each process of one may use for data; absent = as many as there are.
    pub memory: Option<u64>,
}

impl Default for McpSettings {
    fn default() -> Self {
        Self {
            servers: BTreeMap::new(),
            programs: None,
            start: Duration::from_secs(60),
            call: Duration::from_secs(300),
            memory: Some(4_096 * MIB),
        }
    }
}

/// A tool server that the configuration names.
#[derive(Clone, Debug)]
pub struct ConfiguredToolServer {
    /// Its name there.
    pub name: String,
    /// Where it is.
    pub source: ToolServerSource,
    /// The values of its variables or headers.
    pub secrets: ToolServerSecrets,
    /// Whether its program works in the workspace, and not in a folder of its own: it was named on the command line.
    pub in_workspace: bool,
}

impl PartialEq for ConfiguredToolServer {
    fn eq(&self, other: &Self) -> bool {
        let exposed = |secrets: &ToolServerSecrets| -> Vec<(String, String)> {
            secrets.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect()
        };
        (&self.name, &self.source, self.in_workspace) == (&other.name, &other.source, other.in_workspace)
            && exposed(&self.secrets) == exposed(&other.secrets)
    }
}

impl Eq for ConfiguredToolServer {}

/// What holds when nobody says anything.
pub fn defaults(layer: &mut Layer) {
    let defaults = McpSettings::default();
    layer.set("tools.mcp.start_seconds", defaults.start.as_secs(), Source::Default);
    layer.set("tools.mcp.call_seconds", defaults.call.as_secs(), Source::Default);
    layer.set("tools.mcp.memory_mib", defaults.memory.unwrap_or_default() / MIB, Source::Default);
}

/// Reads them.
///
/// # Errors
/// `invalid_input` naming the server and what is wrong; `not_supported` for a way there that is not spoken.
pub fn read(values: &Layer, environment: &Environment) -> Result<McpSettings, Error> {
    let seconds = |place: &str| Duration::from_secs(values.number(place).unwrap_or(1));
    let mut servers = BTreeMap::new();
    for (name, entry) in values.below(PLACE) {
        let Some((slug, server)) = one(name, entry, environment)? else { continue };
        if servers.contains_key(&slug) {
            return Err(fault(name, &entry.source, &format!("has the slug `{slug}`, as another tool server has")));
        }
        servers.insert(slug, server);
    }
    Ok(McpSettings {
        servers,
        programs: values.value("tools.mcp.programs").map(|_| values.texts("tools.mcp.programs")),
        start: seconds("tools.mcp.start_seconds"),
        call: seconds("tools.mcp.call_seconds"),
        memory: values.number("tools.mcp.memory_mib").filter(|memory| *memory > 0).map(|memory| memory * MIB),
    })
}

/// Adds what `--mcp` says: `NAME=COMMAND`, a command line for the shell, or `NAME=URL`.
///
/// # Errors
/// `invalid_input` when a name is given twice.
pub fn add_flags(layer: &mut Layer, given: &[(String, String)]) -> Result<(), Error> {
    for (name, what) in given {
        let place = format!("{PLACE}.{name}");
        if layer.value(&place).is_some() {
            return Err(Error::invalid(format!("--mcp names tool server `{}` twice", text::printable(name))));
        }
        let is_url = what.starts_with("http://") || what.starts_with("https://");
        let value = if is_url {
            serde_json::json!({ "url": what })
        } else {
            serde_json::json!({ "command": "/bin/sh", "args": ["-c", what] })
        };
        // What a flag says is meant as it stands: the shell has filled in its variables.
        layer.set(place, value, Source::Flag("--mcp"));
    }
    Ok(())
}

/// What a tool server is, without its secrets.
pub fn describe(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if let Some(url) = text("url") {
        return text::printable(url.split(['?', '#']).next().unwrap_or_default());
    }
    let arguments = value.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = text("command").into_iter().chain(arguments).collect();
    text::printable(&words.join(" "))
}

fn fault(name: &str, source: &Source, wrong: &str) -> Error {
    Error::invalid(format!("tool server `{}` ({source}) {wrong}", text::printable(name)))
}

fn one(name: &str, entry: &Entry, environment: &Environment) -> Result<Option<(String, ConfiguredToolServer)>, Error> {
    let source = &entry.source;
    let wrong = |wrong: &str| fault(name, source, wrong);
    let Some(table) = entry.value.as_object() else { return Err(wrong("must be a table")) };
    if let Some(unknown) = table.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        let near = text::did_you_mean(unknown, KNOWN);
        return Err(wrong(&format!("has `{}`, which is not known{near}", text::printable(unknown)))
            .hint(format!("known here: {}", KNOWN.join(", "))));
    }
    if table.get("disabled").is_some_and(|value| value.as_bool().is_none()) {
        return Err(wrong("has `disabled`, which must be true or false"));
    }
    if table.get("disabled") == Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let is_flag = matches!(source, Source::Flag(_));
    let filled = |text: &str| if is_flag { Ok(text.to_owned()) } else { fill(text, environment).map_err(|why| wrong(&why)) };
    let text = |key: &str| match table.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.trim().is_empty() && !text.contains('\0') => filled(text).map(Some),
        Some(_) => Err(wrong(&format!("has `{key}`, which must be a text that is not empty"))),
    };
    let secrets = |key: &str| -> Result<ToolServerSecrets, Error> {
        let Some(value) = table.get(key).filter(|value| !value.is_null()) else { return Ok(BTreeMap::new()) };
        let must = || wrong(&format!("has `{key}`, which must be a table of texts"));
        let values = value.as_object().ok_or_else(must)?;
        let value = |(name, value): (&String, &Value)| {
            let value = filled(value.as_str().ok_or_else(must)?)?;
            Ok((name.clone(), SecretString::from(value)))
        };
        values.iter().map(value).collect()
    };
    let way = text("type")?;
    match way.as_deref() {
        None | Some("stdio" | "http" | "streamable-http" | "streamableHttp") => {}
        Some(other) => {
            let why = format!("is of the type `{}`, which is not spoken", text::printable(other));
            let error = Error { code: ErrorCode::NotSupported, ..wrong(&why) };
            return Err(error.hint("spoken are `stdio` and `http`, which is streamable HTTP"));
        }
    }
    let (source, secrets) = match (text("command")?, text("url")?) {
        (Some(command), None) => {
            let must = || wrong("has `args`, which must be a list of texts");
            let arguments = match table.get("args").filter(|value| !value.is_null()) {
                None => Vec::new(),
                Some(Value::Array(items)) => {
                    items.iter().map(|item| filled(item.as_str().ok_or_else(must)?)).collect::<Result<_, _>>()?
                }
                Some(_) => return Err(must()),
            };
            let secrets = secrets("env")?;
            let variables = secrets.keys().cloned().collect();
            (ToolServerSource::Program { command, arguments, variables }, secrets)
        }
        (None, Some(url)) => {
            let secrets = secrets("headers")?;
            let headers = secrets.keys().cloned().collect();
            (ToolServerSource::Address { url, headers }, secrets)
        }
        _ => return Err(wrong("must have a `command` or a `url`")),
    };
    if let Some(why) = source.fault() {
        return Err(wrong(&why));
    }
    let Some(slug) = ToolServer::slug_of(name) else { return Err(wrong("has a name of which no slug can be made")) };
    let server = ConfiguredToolServer { name: name.to_owned(), source, secrets, in_workspace: is_flag };
    Ok(Some((slug, server)))
}

/// A text with the variables that it names.
fn fill(text: &str, environment: &Environment) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((inside, after)) = after.split_once('}') else {
            return Err("has a `${` without its `}`".to_owned());
        };
        let (name, otherwise) = inside.split_once(":-").map_or((inside, None), |(name, text)| (name, Some(text)));
        let name = name.strip_prefix("env:").unwrap_or(name);
        let value = environment.get(name).or(otherwise);
        filled.push_str(value.ok_or_else(|| format!("names the variable `{}`, which is not set", text::printable(name)))?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_one(value: Value) -> Result<McpSettings, Error> {
        let mut layer = Layer::default();
        defaults(&mut layer);
        layer.set("mcp_servers.my_time", value, Source::User("c.toml".into()));
        let variables = BTreeMap::from([("TOKEN".to_owned(), "t0".to_owned())]);
        read(&layer, &Environment { variables, ..Environment::default() })
    }

    #[test]
    fn servers_are_read_as_other_programs_write_them() {
        let value = json!({ "command": "npx", "args": ["-y", "${TOKEN}"], "env": { "A": "x-${TOKEN}", "B": "${C:-c}" } });
        let settings = read_one(value).unwrap();
        let server = &settings.servers["my-time"];
        let expected = ToolServerSource::Program {
            command: "npx".into(),
            arguments: vec!["-y".into(), "t0".into()],
            variables: vec!["A".into(), "B".into()],
        };
        assert_eq!((server.name.as_str(), &server.source, server.in_workspace), ("my_time", &expected, false));
        assert_eq!((server.secrets["A"].expose_secret(), server.secrets["B"].expose_secret()), ("x-t0", "c"));
        assert_eq!((settings.start.as_secs(), settings.memory), (60, Some(4 << 30)));
        let address =
            read_one(json!({ "type": "http", "url": "https://a.example/mcp", "headers": { "X-Key": "k" } })).unwrap();
        let expected = ToolServerSource::Address { url: "https://a.example/mcp".into(), headers: vec!["X-Key".into()] };
        assert_eq!(address.servers["my-time"].source, expected);
        assert!(read_one(json!({ "command": "x", "disabled": true })).unwrap().servers.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_without_values() {
        for (value, message) in [
            (json!(1), "must be a table"),
            (json!({}), "must have a `command` or a `url`"),
            (json!({ "command": "a", "url": "http://x" }), "must have a `command` or a `url`"),
            (json!({ "command": "a", "arg": [] }), "has `arg`, which is not known; did you mean `args`?"),
            (json!({ "command": "a", "args": [1] }), "has `args`, which must be a list of texts"),
            (json!({ "command": "a", "env": { "A": 1 } }), "has `env`, which must be a table of texts"),
            (json!({ "command": "a", "env": { "A": "${NOT_SET}" } }), "names the variable `NOT_SET`, which is not set"),
            (json!({ "command": "a", "env": { "A=B": "x" } }), "has `A=B`, which cannot name a variable"),
            (json!({ "url": "ftp://x" }), "has an address that does not begin with http:// or https://"),
            (json!({ "url": "http://x", "type": "sse" }), "is of the type `sse`, which is not spoken"),
        ] {
            let error = read_one(value).unwrap_err();
            assert_eq!(error.message, format!("tool server `my_time` (user c.toml) {message}"));
        }
    }

    #[test]
    fn a_flag_names_a_command_line_or_an_address() {
        let mut layer = Layer::default();
        let given = [("a".to_owned(), "serve --x ${Y}".to_owned()), ("b".to_owned(), "http://h/mcp".to_owned())];
        add_flags(&mut layer, &given).unwrap();
        let settings = read(&layer, &Environment::default()).unwrap();
        assert!(settings.servers["a"].in_workspace);
        assert_eq!(describe(layer.value("mcp_servers.a").unwrap()), "/bin/sh -c serve --x ${Y}");
        assert_eq!(describe(layer.value("mcp_servers.b").unwrap()), "http://h/mcp");
        assert!(add_flags(&mut layer, &given[..1]).is_err());
    }
}

//! The environment: every variable once, and the only place that reads the real one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::keys::{self, KEYS};
use super::layers::{Folders, Layer, Source};
use super::text;
use crate::domain::{Error, ErrorCode};

/// What the process was started with. A plain value, so that tests give their own. For debugging it shows the names of
/// variables only: keys are among the values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// Variables by name. Those that are not Unicode are not among them.
    pub variables: BTreeMap<String, String>,
    /// The current folder, where it is known.
    pub folder: Option<PathBuf>,
    /// The file of this program, where it is known.
    pub program: Option<PathBuf>,
}

impl fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.variables.keys().collect();
        let mut form = formatter.debug_struct("Environment");
        form.field("variables", &names).field("folder", &self.folder).field("program", &self.program).finish()
    }
}

impl Environment {
    /// What this process was started with.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the real environment")]
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            variables: std::env::vars_os().filter_map(unicode).collect(),
            folder: std::env::current_dir().ok(),
            program: std::env::current_exe().ok(),
        }
    }

    /// A variable; one that is empty counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A variable that says yes or no; anything but `0`, `false`, `no` and `off` is yes.
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| keys::Kind::Flag.read(value) != Some(false.into()))
    }

    /// The user's home, where it is known.
    pub fn home(&self) -> Option<&Path> {
        self.get("HOME").map(Path::new).filter(|path| path.is_absolute())
    }

    /// The program's folder below an XDG folder: the variable where it is an absolute path, else the place below home.
    fn own_folder(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        let named = self.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
        Some(named.or_else(|| Some(self.home()?.join(below_home)))?.join("ombud"))
    }

    /// `$XDG_CONFIG_HOME/ombud`, where it is known.
    pub fn config_folder(&self) -> Option<PathBuf> {
        self.own_folder("XDG_CONFIG_HOME", ".config")
    }

    /// `$XDG_STATE_HOME/ombud`, where it is known.
    pub fn state_folder(&self) -> Option<PathBuf> {
        self.own_folder("XDG_STATE_HOME", ".local/state")
    }

    /// Where relative paths of flags and variables begin.
    pub fn folders(&self) -> Folders<'_> {
        Folders { base: self.folder.as_deref().unwrap_or(Path::new("")), home: self.home() }
    }
}

/// One variable that the program reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name; `*` stands for the name of a provider in capitals.
    pub name: String,
    /// What it is for, in one line.
    pub about: &'static str,
    /// The setting that it gives; absent when it is no setting.
    pub setting: Option<&'static str>,
}

/// Variables beside `OMBUD_*` for every setting: (name, setting, what it is for).
const OTHERS: &[(&str, Option<&str>, &str)] = &[
    ("OMBUD_CONFIG", None, "A config file that replaces the user's."),
    ("OMBUD_BARE", None, "Whether config files of user and project are ignored."),
    ("OMBUD_FORMAT", None, "The form of the output: text, json, jsonl or tarko."),
    ("OMBUD_COLOR", None, "Whether output has colours: auto, always or never."),
    ("OMBUD_NO_INPUT", None, "Whether nothing is asked, also on a terminal."),
    ("OMBUD_SERVER", None, "The address of an `ombud serve` that is asked instead of working here, as --server."),
    (
        "OMBUD_ADMIN_USERNAME",
        None,
        "The name of an administrator's account that `serve` makes where there is none of the name.",
    ),
    ("OMBUD_ADMIN_PASSWORD", None, "The password of that account."),
    ("WORKSPACE_PATH", Some("workspace"), "The folder that tools work in."),
    ("STORAGE_TYPE", Some("store"), "The kind of the store: memory, file or sqlite."),
    ("STORAGE_PATH", Some("store"), "The place of the store, for file and sqlite."),
    ("MODEL_PROVIDER", Some("model"), "The provider of the model; counts together with MODEL_ID."),
    ("MODEL_ID", Some("model"), "The id of the model; counts together with MODEL_PROVIDER."),
    ("OPENAI_API_KEY", Some("providers.openai.api_key"), "The key for OpenAI."),
    ("OPENAI_API_KEY_FILE", Some("providers.openai.api_key_file"), "The file that holds the key for OpenAI."),
    ("OPENAI_BASE_URL", Some("providers.openai.base_url"), "Where OpenAI, or a server that speaks like it, is."),
    ("ANTHROPIC_API_KEY", Some("providers.anthropic.api_key"), "The key for Anthropic."),
    ("ANTHROPIC_API_KEY_FILE", Some("providers.anthropic.api_key_file"), "The file that holds the key for Anthropic."),
    ("ANTHROPIC_BASE_URL", Some("providers.anthropic.base_url"), "Where Anthropic, or a server that speaks like it, is."),
    ("OLLAMA_HOST", Some("providers.ollama.base_url"), "Where Ollama is, such as 127.0.0.1:11434."),
    (
        "ELIZA_SERVER_AUTH_TOKEN",
        Some("server.door_tokens.eliza"),
        "The token that opens the ElizaOS API, and that it then wants.",
    ),
    (
        "SERVER_API_KEY",
        Some("server.socket_tokens.eliza"),
        "The token that opens the sockets of that API, and that they want.",
    ),
    (
        "CHARACTER.*.*",
        Some("server.character_secrets.*.*"),
        "A secret of a character: CHARACTER.NAME.KEY, its name in capitals with `_` for other signs.",
    ),
    ("SESSION_TIMEOUT_MINUTES", Some("server.talks.minutes"), "Minutes that a session of that API lives from its last use."),
    ("SESSION_DEFAULT_TIMEOUT_MINUTES", Some("server.talks.minutes"), "The same, and counts before it."),
    ("SESSION_MIN_TIMEOUT_MINUTES", Some("server.talks.least_minutes"), "The shortest life that may be asked for."),
    ("SESSION_MAX_TIMEOUT_MINUTES", Some("server.talks.most_minutes"), "The longest life that may be asked for."),
    ("SESSION_MAX_DURATION_MINUTES", Some("server.talks.whole_minutes"), "Minutes that such a session lives in all."),
    (
        "SESSION_WARNING_THRESHOLD_MINUTES",
        Some("server.talks.near_minutes"),
        "From so many minutes before its end it is said to be near it.",
    ),
    ("SESSION_AUTO_RENEW", Some("server.talks.auto_renew"), "Whether each use begins its time anew."),
    ("EXPRESS_MAX_PAYLOAD", Some("server.limits.json_bytes"), "Most bytes of a body of that API, such as 2mb or 100kb."),
    ("PORT", Some("server.port"), "The port that `serve` listens on."),
    ("SERVER_HOST", Some("server.host"), "The address that `serve` listens on."),
    ("CORS_ORIGIN", Some("server.origins"), "Origins whose pages may call the server."),
    ("API_CORS_ORIGIN", Some("server.origins"), "The same, and counts before CORS_ORIGIN."),
    ("SECRET_SALT", Some("server.secret_salt"), "What secrets of characters are sealed with where they are shown."),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", Some("otlp.endpoint"), "Where the server sends OpenTelemetry traces."),
    ("NOTIFY_SOCKET", None, "Where systemd wants to be told that the server is ready."),
    ("HOME", None, "The user's home; config and state are below it."),
    ("XDG_CONFIG_HOME", None, "The folder of config files, instead of ~/.config."),
    ("XDG_STATE_HOME", None, "The folder of state, instead of ~/.local/state."),
    ("RUST_LOG", None, "Which log lines go to stderr, instead of -vv."),
    ("NO_COLOR", None, "No colours, unless asked for by --color."),
];

/// Secrets of characters: `CHARACTER.NAME.KEY`.
const CHARACTER: &str = "CHARACTER.";
/// How names of variables in minutes begin and end. Others use such names too, so they are taken as the original takes them.
const MINUTES: (&str, &str) = ("SESSION_", "_MINUTES");
/// A variable that is a size with its unit.
const PAYLOAD: &str = "EXPRESS_MAX_PAYLOAD";

/// Every variable that the program reads: those of settings first.
pub fn variables() -> Vec<Variable> {
    let settings =
        KEYS.iter().filter_map(|key| Some(Variable { name: key.variable()?, about: key.about, setting: Some(key.path) }));
    let others = OTHERS.iter().map(|(name, setting, about)| Variable { name: (*name).to_owned(), about, setting: *setting });
    settings.chain(others).collect()
}

/// The last parts of names of the variables of a provider, the longer ones first.
const PROVIDER_ENDINGS: [(&str, &str); 5] = [
    ("_API_KEY_FILE", "api_key_file"),
    ("_API_KEY_ENV", "api_key_env"),
    ("_API_KEY", "api_key"),
    ("_BASE_URL", "base_url"),
    ("_WIRE", "wire"),
];

/// The setting that a variable gives. `providers` are names that config files know, so that `MY_OWN` finds `my-own`.
fn setting_of(variable: &str, providers: &[String]) -> Option<String> {
    let Some(rest) = variable.strip_prefix("OMBUD_PROVIDERS_") else {
        return KEYS.iter().find(|key| key.variable().as_deref() == Some(variable)).map(|key| key.path.to_owned());
    };
    let (name, field) = PROVIDER_ENDINGS
        .iter()
        .find_map(|(ending, field)| Some((rest.strip_suffix(ending)?, field)))
        .filter(|(name, _)| !name.is_empty())?;
    let same = |known: &&String| known.to_uppercase().replace('-', "_") == name;
    let name = providers.iter().find(same).cloned().unwrap_or_else(|| name.to_lowercase());
    super::layers::is_provider_name(&name).then(|| format!("providers.{name}.{field}"))
}

/// What the variables `OMBUD_*` say, and a notice for each that is not known.
///
/// # Errors
/// `invalid_input` naming a variable whose value does not fit.
pub fn own_layer(environment: &Environment, providers: &[String]) -> Result<(Layer, Vec<String>), Error> {
    let (mut layer, mut notices) = (Layer::default(), Vec::new());
    for name in environment.variables.keys().filter(|name| name.starts_with("OMBUD_")) {
        let Some(value) = environment.get(name) else { continue };
        if OTHERS.iter().any(|(other, ..)| other == name) {
            continue;
        }
        let Some(place) = setting_of(name, providers) else {
            let known = variables();
            let near = text::did_you_mean(name, known.iter().map(|variable| variable.name.as_str()));
            notices.push(format!("the variable {} is not known and ignored{near}", text::printable(name)));
            continue;
        };
        // Of a key and a file with a key, the key itself counts.
        if (place.ends_with(".api_key_file") || place == "server.token_file")
            && environment.get(name.trim_end_matches("_FILE")).is_some()
        {
            continue;
        }
        layer.read(&place, value, Source::Environment(name.clone()), &environment.folders())?;
    }
    Ok((layer, notices))
}

/// What the variables of the seeds and of providers say, and a notice for each that does not count.
///
/// # Errors
/// `invalid_input` naming a variable whose value does not fit, `not_supported` for a store that is not there.
pub fn other_layer(environment: &Environment) -> Result<(Layer, Vec<String>), Error> {
    let (mut layer, mut notices) = (Layer::default(), Vec::new());
    let folders = environment.folders();
    let source = |name: &str| Source::Environment(name.to_owned());
    let is_plain = |name: &str| !matches!(name, "OLLAMA_HOST" | PAYLOAD) && !is_paired(name) && !is_minutes(name);
    let plain = OTHERS.iter().filter(|(name, ..)| is_plain(name));
    for (name, setting, _) in plain {
        let (Some(place), Some(value)) = (*setting, environment.get(name)) else { continue };
        if name.ends_with("_FILE") && environment.get(name.trim_end_matches("_FILE")).is_some() {
            continue;
        }
        layer.read(place, value, source(name), &folders)?;
    }
    minutes(environment, &mut layer, &mut notices)?;
    character_secrets(environment, &mut layer, &mut notices)?;
    if let Some(size) = environment.get(PAYLOAD) {
        let bytes = text::bytes(size).ok_or_else(|| {
            Error::invalid(format!("{PAYLOAD} must be a size such as 2mb or 100kb, not `{}`", text::printable(size)))
        })?;
        layer.read("server.limits.json_bytes", &bytes.to_string(), source(PAYLOAD), &folders)?;
    }
    if let Some(host) = environment.get("OLLAMA_HOST") {
        layer.read("providers.ollama.base_url", &ollama_url(host), source("OLLAMA_HOST"), &folders)?;
    }
    match (environment.get("MODEL_PROVIDER"), environment.get("MODEL_ID")) {
        (Some(provider), Some(id)) => {
            layer.read("model", &format!("{provider}/{id}"), source("MODEL_PROVIDER"), &folders)?;
        }
        (Some(_), None) => notices.push("MODEL_PROVIDER is ignored, because MODEL_ID is not set".to_owned()),
        (None, Some(_)) => notices.push("MODEL_ID is ignored, because MODEL_PROVIDER is not set".to_owned()),
        (None, None) => {}
    }
    match (environment.get("STORAGE_TYPE"), environment.get("STORAGE_PATH")) {
        (Some("memory"), _) => layer.read("store", "memory:", source("STORAGE_TYPE"), &folders)?,
        (Some(kind @ ("file" | "sqlite")), Some(path)) => {
            layer.read("store", &format!("{kind}:{path}"), source("STORAGE_PATH"), &folders)?;
        }
        (None, Some(path)) => layer.read("store", &format!("sqlite:{path}"), source("STORAGE_PATH"), &folders)?,
        (Some("sqlite"), None) | (None, None) => {}
        (Some("file"), None) => match environment.state_folder() {
            Some(state) => {
                let path = state.join("sessions");
                layer.read("store", &format!("file:{}", path.display()), source("STORAGE_TYPE"), &folders)?;
            }
            None => return Err(no_home()),
        },
        (Some(kind), _) => {
            let message = format!("STORAGE_TYPE: a store of the kind `{}` cannot be used", text::printable(kind));
            return Err(Error::new(ErrorCode::NotSupported, message).hint("set it to memory, file or sqlite"));
        }
    }
    Ok((layer, notices))
}

/// Whether a variable is a number of minutes.
fn is_minutes(name: &str) -> bool {
    name.starts_with(MINUTES.0) && name.ends_with(MINUTES.1)
}

/// Numbers of minutes: one that is out of range is put into it, and what is no number is told and left.
fn minutes(environment: &Environment, layer: &mut Layer, notices: &mut Vec<String>) -> Result<(), Error> {
    for (name, setting, _) in OTHERS.iter().filter(|(name, ..)| is_minutes(name)) {
        let (Some(place), Some(given)) = (*setting, environment.get(name)) else { continue };
        let Some(keys::Kind::Whole(least, most)) = keys::find(place).map(|key| key.kind) else { continue };
        match given.trim().parse::<u64>() {
            Ok(minutes) => {
                let minutes = minutes.clamp(least, most).to_string();
                layer.read(place, &minutes, Source::Environment((*name).to_owned()), &environment.folders())?;
            }
            Err(_) => notices.push(format!("{name} is ignored: `{}` is not a number of minutes", text::printable(given))),
        }
    }
    Ok(())
}

/// Secrets of characters.
fn character_secrets(environment: &Environment, layer: &mut Layer, notices: &mut Vec<String>) -> Result<(), Error> {
    for name in environment.variables.keys() {
        let (Some(rest), Some(value)) = (name.strip_prefix(CHARACTER), environment.get(name)) else { continue };
        match rest.split_once('.') {
            Some((character, secret)) if !character.is_empty() && !secret.is_empty() => {
                let place = format!("server.character_secrets.{character}.{secret}");
                layer.read(&place, value, Source::Environment(name.clone()), &environment.folders())?;
            }
            _ => notices.push(format!("{} is ignored: write CHARACTER.NAME.KEY", text::printable(name))),
        }
    }
    Ok(())
}

/// Whether a variable counts only together with another.
fn is_paired(name: &str) -> bool {
    matches!(name, "MODEL_PROVIDER" | "MODEL_ID" | "STORAGE_TYPE" | "STORAGE_PATH")
}

/// The folder for state is needed and not known.
pub fn no_home() -> Error {
    Error::invalid("there is no place for sessions: neither HOME nor XDG_STATE_HOME is set to an absolute path")
        .hint("set HOME, or name a store: --store sqlite:PATH, or --store memory: to keep nothing")
}

/// The address of Ollama's OpenAI wire, from what its own tools take: `HOST`, `HOST:PORT`, `:PORT`, or an address.
fn ollama_url(host: &str) -> String {
    let (scheme, rest) = match host.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        None => ("http", host),
    };
    let rest = rest.trim_end_matches('/');
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
        _ => (authority, None),
    };
    // The address that a server listens on everywhere is not one to call.
    let name = if matches!(name, "" | "0.0.0.0") { "127.0.0.1" } else { name };
    let port = port.unwrap_or(match (host.contains("://"), scheme) {
        (true, "https") => "443",
        (true, _) => "80",
        (false, _) => "11434",
    });
    let path = path.strip_suffix("/v1").unwrap_or(path);
    format!("{scheme}://{name}:{port}{path}/v1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment { variables, folder: Some("/work".into()), program: None }
    }

    fn said(layer: &Layer) -> Vec<String> {
        layer.0.iter().map(|(place, entry)| format!("{place} = {} ({})", entry.value, entry.source)).collect()
    }

    #[test]
    fn every_setting_has_a_variable() {
        let names: Vec<_> = variables().into_iter().map(|variable| variable.name).collect();
        for name in ["OMBUD_STORE", "OMBUD_LIMITS_RUN_TURNS", "OMBUD_PROVIDERS_*_API_KEY", "OPENAI_API_KEY", "NO_COLOR"] {
            assert!(names.iter().any(|known| known == name), "{name}");
        }
        let mut once = names.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), names.len());
    }

    #[test]
    fn own_variables_are_read_and_slips_are_told() {
        let environment = environment(&[
            ("OMBUD_STORE", "sqlite:s.db"),
            ("OMBUD_STROE", "x"),
            ("OMBUD_AGENT", ""),
            ("OMBUD_PROVIDERS_MY_OWN_API_KEY", "k"),
            ("OMBUD_PROVIDERS_MY_OWN_API_KEY_FILE", "/k"),
            ("OMBUD_PERMISSIONS_ALLOW", "edit_file,run_command(a,b)"),
            ("OMBUD_TOOLS_WRITABLE", "/a:b"),
            ("OMBUD_FORMAT", "json"),
        ]);
        let (layer, notices) = own_layer(&environment, &["my-own".to_owned()]).unwrap();
        assert_eq!(
            said(&layer),
            [
                r#"permissions.allow = ["edit_file","run_command(a,b)"] (environment OMBUD_PERMISSIONS_ALLOW)"#,
                r#"providers.my-own.api_key = "k" (environment OMBUD_PROVIDERS_MY_OWN_API_KEY)"#,
                r#"store = "sqlite:/work/s.db" (environment OMBUD_STORE)"#,
                r#"tools.writable = ["/a","/work/b"] (environment OMBUD_TOOLS_WRITABLE)"#,
            ]
        );
        assert_eq!(notices, ["the variable OMBUD_STROE is not known and ignored; did you mean `OMBUD_STORE`?"]);
    }

    #[test]
    fn a_value_that_does_not_fit_names_its_variable() {
        let error = own_layer(&environment(&[("OMBUD_LIMITS_RUN_TURNS", "many")]), &[]).unwrap_err();
        assert_eq!(error.message, "OMBUD_LIMITS_RUN_TURNS must be a whole number from 1 to 10000, not `many`");
        let error = other_layer(&environment(&[("STORAGE_TYPE", "mongodb")])).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotSupported);
    }

    #[test]
    fn the_seeds_variables_are_read() {
        let environment = environment(&[
            ("WORKSPACE_PATH", "w"),
            ("STORAGE_TYPE", "file"),
            ("STORAGE_PATH", "/data"),
            ("MODEL_PROVIDER", "openai"),
            ("MODEL_ID", "gpt-4"),
            ("OPENAI_API_KEY", "k"),
            ("OPENAI_API_KEY_FILE", "/k"),
            ("ANTHROPIC_API_KEY_FILE", "/a"),
            ("OLLAMA_HOST", "0.0.0.0"),
        ]);
        let (layer, notices) = other_layer(&environment).unwrap();
        assert_eq!(
            said(&layer),
            [
                r#"model = "openai/gpt-4" (environment MODEL_PROVIDER)"#,
                r#"providers.anthropic.api_key_file = "/a" (environment ANTHROPIC_API_KEY_FILE)"#,
                r#"providers.ollama.base_url = "http://127.0.0.1:11434/v1" (environment OLLAMA_HOST)"#,
                r#"providers.openai.api_key = "k" (environment OPENAI_API_KEY)"#,
                r#"store = "file:/data" (environment STORAGE_PATH)"#,
                r#"workspace = "/work/w" (environment WORKSPACE_PATH)"#,
            ]
        );
        assert!(notices.is_empty());
    }

    #[test]
    fn minutes_and_secrets_of_characters_are_read() {
        let environment = environment(&[
            ("SERVER_API_KEY", "for-the-sockets"),
            ("SESSION_TIMEOUT_MINUTES", "10"),
            ("SESSION_DEFAULT_TIMEOUT_MINUTES", "20"),
            ("SESSION_MIN_TIMEOUT_MINUTES", "0"),
            ("SESSION_MAX_TIMEOUT_MINUTES", "99999"),
            ("SESSION_MAX_DURATION_MINUTES", "long"),
            ("SESSION_AUTO_RENEW", "false"),
            ("CHARACTER.ADA.OPENAI_API_KEY", "k"),
            ("CHARACTER.ADA.A.B", "dotted"),
            ("CHARACTER.ADA", "x"),
        ]);
        let (layer, notices) = other_layer(&environment).unwrap();
        assert_eq!(
            said(&layer),
            [
                r#"server.character_secrets.ADA.A.B = "dotted" (environment CHARACTER.ADA.A.B)"#,
                r#"server.character_secrets.ADA.OPENAI_API_KEY = "k" (environment CHARACTER.ADA.OPENAI_API_KEY)"#,
                r#"server.socket_tokens.eliza = "for-the-sockets" (environment SERVER_API_KEY)"#,
                r#"server.talks.auto_renew = false (environment SESSION_AUTO_RENEW)"#,
                r#"server.talks.least_minutes = 1 (environment SESSION_MIN_TIMEOUT_MINUTES)"#,
                r#"server.talks.minutes = 20 (environment SESSION_DEFAULT_TIMEOUT_MINUTES)"#,
                r#"server.talks.most_minutes = 10080 (environment SESSION_MAX_TIMEOUT_MINUTES)"#,
            ]
        );
        let expected = [
            "SESSION_MAX_DURATION_MINUTES is ignored: `long` is not a number of minutes",
            "CHARACTER.ADA is ignored: write CHARACTER.NAME.KEY",
        ];
        assert_eq!(notices, expected);
    }

    #[test]
    fn ollama_is_found_however_it_is_written() {
        for (host, url) in [
            ("gpu", "http://gpu:11434/v1"),
            (":8080", "http://127.0.0.1:8080/v1"),
            ("http://gpu", "http://gpu:80/v1"),
            ("https://gpu/ollama/", "https://gpu:443/ollama/v1"),
            ("http://gpu:1/v1", "http://gpu:1/v1"),
            ("[::1]:11434", "http://[::1]:11434/v1"),
        ] {
            assert_eq!(ollama_url(host), url);
        }
    }

    #[test]
    fn folders_follow_xdg() {
        let none = environment(&[("HOME", ""), ("XDG_STATE_HOME", "relative")]);
        assert_eq!((none.config_folder(), none.state_folder()), (None, None));
        let some = environment(&[("HOME", "/home/me"), ("XDG_STATE_HOME", "/state")]);
        assert_eq!(some.config_folder(), Some("/home/me/.config/ombud".into()));
        assert_eq!(some.state_folder(), Some("/state/ombud".into()));
    }
}

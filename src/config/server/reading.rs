//! From flags and layers to [`ServerSettings`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::{FileLimits, LoginSettings, ServerLimits, ServerSettings, TalkSettings, TlsFiles, WebUi};
use crate::config::file;
use crate::config::layers::{Folders, Layer, Source};
use crate::config::text;
use crate::domain::{Error, ModelChoice};

/// Least characters of a token: a shorter one could be guessed.
const TOKEN_LEAST: usize = 8;

/// The place of the tokens of single doors.
const DOOR_TOKENS: &str = "server.door_tokens";
/// The same of single doors' sockets.
const SOCKET_TOKENS: &str = "server.socket_tokens";

/// What the command line says about the server; absent = nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ServerFlags {
    /// The address that it listens on.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The APIs, separated by commas.
    pub dialects: Option<String>,
    /// The token.
    pub token: Option<String>,
    /// The file that holds it.
    pub token_file: Option<PathBuf>,
    /// Let everybody in.
    pub no_auth: bool,
    /// Let programs of this machine do everything.
    pub allow_local_admin: bool,
    /// One run at a time.
    pub exclusive: bool,
    /// How long runs may take to end, in seconds.
    pub drain_seconds: Option<u64>,
    /// The folder of a web interface.
    pub webui: Option<PathBuf>,
    /// The certificate.
    pub tls_cert: Option<PathBuf>,
    /// Its private key.
    pub tls_key: Option<PathBuf>,
    /// The form of log lines.
    pub log_format: Option<String>,
    /// Whether a server is about to start: only then its token is read.
    pub serving: bool,
}

impl std::fmt::Debug for ServerFlags {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is among the values.
        formatter.debug_struct("ServerFlags").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Adds what the command line says.
///
/// # Errors
/// `invalid_input` for a value that does not fit.
pub(in crate::config) fn flag_layer(layer: &mut Layer, flags: &ServerFlags, folders: &Folders<'_>) -> Result<(), Error> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let mut read = |place: &str, name: &'static str, value: Option<String>| match value {
        Some(value) => layer.read(place, &value, Source::Flag(name), folders),
        None => Ok(()),
    };
    read("server.host", "--host", flags.host.clone())?;
    read("server.port", "--port", flags.port.map(|port| port.to_string()))?;
    read("server.dialects", "--dialects", flags.dialects.clone())?;
    read("server.token", "--token", flags.token.clone())?;
    read("server.token_file", "--token-file", path(&flags.token_file))?;
    read("server.drain_seconds", "--drain", flags.drain_seconds.map(|seconds| seconds.to_string()))?;
    read("webui.path", "--webui", path(&flags.webui))?;
    read("server.tls_cert", "--tls-cert", path(&flags.tls_cert))?;
    read("server.tls_key", "--tls-key", path(&flags.tls_key))?;
    read("server.log_format", "--log-format", flags.log_format.clone())?;
    for (place, name, given) in [
        ("server.no_auth", "--no-auth", flags.no_auth),
        ("server.allow_local_admin", "--allow-local-admin", flags.allow_local_admin),
        ("server.exclusive", "--exclusive", flags.exclusive),
    ] {
        if given {
            layer.set(place, true, Source::Flag(name));
        }
    }
    Ok(())
}

/// Sets what holds when nobody says anything.
pub(in crate::config) fn defaults(layer: &mut Layer) {
    let settings = ServerSettings::default();
    let mut set = |place: &str, value: serde_json::Value| layer.set(place, value, Source::Default);
    set("server.host", settings.host.into());
    set("server.port", settings.port.into());
    set("server.no_auth", settings.no_auth.into());
    set("server.allow_local_admin", settings.allow_local_admin.into());
    set("server.exclusive", settings.exclusive.into());
    set("server.drain_seconds", settings.drain.as_secs().into());
    set("server.session_seconds", settings.session_seconds.into());
    set("server.log_format", "text".into());
    let login = settings.login;
    for (name, value) in [
        ("token_seconds", login.token_seconds),
        ("name_failures", login.name_failures),
        ("address_failures", login.address_failures),
        ("window_seconds", login.window_seconds),
    ] {
        set(&format!("server.login.{name}"), value.into());
    }
    let talks = settings.talks;
    for (name, value) in [
        ("minutes", talks.minutes),
        ("least_minutes", talks.least_minutes),
        ("most_minutes", talks.most_minutes),
        ("whole_minutes", talks.whole_minutes),
        ("near_minutes", talks.near_minutes),
    ] {
        set(&format!("server.talks.{name}"), value.into());
    }
    set("server.talks.auto_renew", talks.auto_renew.into());
    let count = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
    let limits = settings.limits;
    for (name, value) in [
        ("connections", count(limits.connections)),
        ("header_seconds", limits.header_time.as_secs()),
        ("head_lines", count(limits.head_lines)),
        ("head_bytes", count(limits.head_bytes)),
        ("address_bytes", count(limits.address_bytes)),
        ("body_seconds", limits.body_time.as_secs()),
        ("body_bytes", count(limits.body_bytes)),
        ("heartbeat_seconds", limits.heartbeat.as_secs()),
        ("slow_reader_seconds", limits.slow_reader.as_secs()),
        ("socket_frames", count(limits.socket_frames)),
        ("unread_bytes", count(limits.unread_bytes)),
        ("requests_per_minute", limits.requests_per_minute.into()),
        ("user_requests_per_minute", limits.user_requests_per_minute.into()),
        ("user_requests_per_second", limits.user_requests_per_second.into()),
        ("window_requests", limits.window_requests.into()),
        ("window_uploads", limits.window_uploads.into()),
        ("window_files", limits.window_files.into()),
        ("json_bytes", count(limits.json_bytes)),
        ("runs_at_once", count(limits.runs_at_once)),
        ("runs_waiting", count(limits.runs_waiting)),
        ("runs_age_seconds", limits.runs_age.as_secs()),
        ("run_attempts", limits.run_attempts.into()),
        ("question_seconds", limits.question_wait.as_secs()),
        ("file_bytes", limits.files.file_bytes),
        ("offer_files", count(limits.files.offer_files)),
        ("offer_bytes", limits.files.offer_bytes),
        ("session_files", count(limits.files.session_files)),
        ("house_file_bytes", limits.files.house_file_bytes),
        ("house_files", count(limits.files.house_files)),
        ("uploads_at_once", count(limits.files.uploads_at_once)),
        ("upload_seconds", limits.files.upload_time.as_secs()),
        ("download_seconds", limits.files.download_time.as_secs()),
    ] {
        set(&format!("server.limits.{name}"), value.into());
    }
}

/// How people log in, out of all layers, of which the lowest says everything.
fn login(values: &Layer) -> LoginSettings {
    let number = |name: &str| values.number(&format!("server.login.{name}")).unwrap_or_default();
    LoginSettings {
        token_seconds: number("token_seconds"),
        name_failures: number("name_failures"),
        address_failures: number("address_failures"),
        window_seconds: number("window_seconds"),
    }
}

/// How long sessions of a person and an agent live, out of all layers, of which the lowest says everything.
fn talks(values: &Layer) -> TalkSettings {
    let number = |name: &str| values.number(&format!("server.talks.{name}")).unwrap_or_default();
    TalkSettings {
        minutes: number("minutes"),
        least_minutes: number("least_minutes"),
        most_minutes: number("most_minutes"),
        whole_minutes: number("whole_minutes"),
        near_minutes: number("near_minutes"),
        auto_renew: values.flag("server.talks.auto_renew").unwrap_or_default(),
    }
}

/// The secrets that characters have of the server, by their names.
fn character_secrets(values: &Layer) -> BTreeMap<String, BTreeMap<String, SecretString>> {
    let mut all: BTreeMap<String, BTreeMap<String, SecretString>> = BTreeMap::new();
    for (place, entry) in values.below("server.character_secrets") {
        let (Some((name, secret)), Some(value)) = (place.split_once('.'), entry.value.as_str()) else { continue };
        all.entry(name.to_owned()).or_default().insert(secret.to_owned(), SecretString::from(value));
    }
    all
}

/// The limits out of all layers, of which the lowest says every one.
fn limits(values: &Layer) -> ServerLimits {
    let number = |name: &str| values.number(&format!("server.limits.{name}")).unwrap_or_default();
    let seconds = |name: &str| Duration::from_secs(number(name));
    let size = |name: &str| usize::try_from(number(name)).unwrap_or(usize::MAX);
    let rate = |name: &str| u32::try_from(number(name)).unwrap_or(u32::MAX);
    ServerLimits {
        connections: size("connections"),
        header_time: seconds("header_seconds"),
        head_lines: size("head_lines"),
        head_bytes: size("head_bytes"),
        address_bytes: size("address_bytes"),
        body_time: seconds("body_seconds"),
        body_bytes: size("body_bytes"),
        heartbeat: seconds("heartbeat_seconds"),
        slow_reader: seconds("slow_reader_seconds"),
        socket_frames: size("socket_frames"),
        unread_bytes: size("unread_bytes"),
        requests_per_minute: rate("requests_per_minute"),
        user_requests_per_minute: rate("user_requests_per_minute"),
        user_requests_per_second: rate("user_requests_per_second"),
        window_requests: rate("window_requests"),
        window_uploads: rate("window_uploads"),
        window_files: rate("window_files"),
        json_bytes: size("json_bytes"),
        runs_at_once: size("runs_at_once"),
        runs_waiting: size("runs_waiting"),
        runs_age: seconds("runs_age_seconds"),
        run_attempts: u32::try_from(number("run_attempts")).unwrap_or(u32::MAX),
        question_wait: seconds("question_seconds"),
        files: FileLimits {
            file_bytes: number("file_bytes"),
            offer_files: size("offer_files"),
            offer_bytes: number("offer_bytes"),
            session_files: size("session_files"),
            house_file_bytes: number("house_file_bytes"),
            house_files: size("house_files"),
            uploads_at_once: size("uploads_at_once"),
            upload_time: seconds("upload_seconds"),
            download_time: seconds("download_seconds"),
        },
    }
}

/// The settings out of all layers; the token only when the server is about to start: others may not be able to read its
/// file.
///
/// # Errors
/// `invalid_input` when only one of certificate and key is named, or the token cannot be read.
pub(in crate::config) fn read(values: &Layer, serving: bool) -> Result<ServerSettings, Error> {
    let path = |place: &str| values.text(place).map(PathBuf::from);
    let flag = |place: &str| values.flag(place).unwrap_or_default();
    let tls = match (path("server.tls_cert"), path("server.tls_key")) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (certificate, _) => {
            let (there, missing) = if certificate.is_some() { ("tls_cert", "tls_key") } else { ("tls_key", "tls_cert") };
            return Err(Error::invalid(format!("`server.{there}` is set and `server.{missing}` is not"))
                .hint("a certificate and its key belong together: --tls-cert FILE --tls-key FILE"));
        }
    };
    let models = values.texts("server.models");
    let webui = path("webui.path").map(|folder| WebUi {
        folder,
        config: values.value("webui.config").cloned().unwrap_or_else(|| serde_json::json!({})),
    });
    Ok(ServerSettings {
        host: values.text("server.host").unwrap_or_default().to_owned(),
        port: values.number("server.port").and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        dialects: values.texts("server.dialects"),
        token: if serving { token(values)? } else { None },
        door_tokens: if serving { door_tokens(values, DOOR_TOKENS)? } else { BTreeMap::new() },
        socket_tokens: if serving { door_tokens(values, SOCKET_TOKENS)? } else { BTreeMap::new() },
        no_auth: flag("server.no_auth"),
        allow_local_admin: flag("server.allow_local_admin"),
        exclusive: flag("server.exclusive"),
        drain: Duration::from_secs(values.number("server.drain_seconds").unwrap_or_default()),
        session_seconds: values.number("server.session_seconds").unwrap_or_default(),
        tls,
        origins: values.texts("server.origins"),
        hosts: values.texts("server.hosts"),
        public_url: values.text("server.public_url").map(|url| url.trim_end_matches('/').to_owned()),
        models: models.iter().map(|model| ModelChoice::parse(model)).collect::<Result<_, _>>()?,
        runtime_settings: values.value("server.runtime_settings").cloned(),
        share_provider: values.text("share.provider").map(str::to_owned),
        agio_provider: values.text("agio.provider").map(str::to_owned),
        otlp_endpoint: values.text("otlp.endpoint").map(str::to_owned),
        webui,
        log_level: values.text("server.log_level").map(str::to_owned),
        json_logs: values.text("server.log_format") == Some("json"),
        secret_salt: values.text("server.secret_salt").map(SecretString::from),
        character_secrets: character_secrets(values),
        talks: talks(values),
        generated_folder: path("server.generated_folder"),
        character_folders: values.texts("server.character_folders").iter().map(PathBuf::from).collect(),
        character_addresses: values.texts("server.character_addresses"),
        login: login(values),
        user_doors: Vec::new(),
        limits: limits(values),
    })
}

fn token(values: &Layer) -> Result<Option<SecretString>, Error> {
    let (token, from) = if let Some(token) = values.text("server.token") {
        (token.to_owned(), "server.token".to_owned())
    } else if let Some(path) = values.text("server.token_file") {
        let read = file::read_named(Path::new(path));
        let read = read
            .map_err(|error| Error { message: format!("the server's token cannot be had: {}", error.message), ..error })?;
        (read, format!("file {}", text::printable(path)))
    } else {
        return Ok(None);
    };
    good_token(&token, &from).map(Some)
}

/// The tokens of single doors that stand at a place.
fn door_tokens(values: &Layer, place: &str) -> Result<BTreeMap<String, SecretString>, Error> {
    let tokens = values.below(place).map(|(door, entry)| {
        let token = entry.value.as_str().unwrap_or_default();
        Ok((door.to_owned(), good_token(token, &format!("{place}.{}", text::printable(door)))?))
    });
    tokens.collect()
}

fn good_token(token: &str, from: &str) -> Result<SecretString, Error> {
    let token = token.trim();
    if token.len() < TOKEN_LEAST || token.len() > 4_096 || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::invalid(format!(
            "the server's token ({from}) must be one line of {TOKEN_LEAST} to 4096 plain characters"
        ))
        .hint("make one: head -c 32 /dev/urandom | base64"));
    }
    Ok(SecretString::from(token))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    fn layer(values: &[(&str, serde_json::Value)]) -> Layer {
        let mut layer = Layer::default();
        defaults(&mut layer);
        for (place, value) in values {
            layer.set(*place, value.clone(), Source::Default);
        }
        layer
    }

    #[test]
    fn without_a_word_the_defaults_hold() {
        let (read, default) = (read(&layer(&[]), true).unwrap(), ServerSettings::default());
        assert_eq!(format!("{read:?}"), format!("{default:?}"));
    }

    #[test]
    fn a_token_is_read_from_its_file_and_short_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "correct-horse\n").unwrap();
        let settings = read(&layer(&[("server.token_file", json!(path))]), true).unwrap();
        assert_eq!(settings.token.unwrap().expose_secret(), "correct-horse");
        for bad in ["short", "two words", "tab\tinside"] {
            let error = read(&layer(&[("server.token", json!(bad))]), true).unwrap_err();
            assert!(!error.message.contains(bad), "{error}");
            assert_eq!(error.hint.as_deref(), Some("make one: head -c 32 /dev/urandom | base64"));
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let error = read(&layer(&[("server.tls_cert", json!("/c.pem"))]), true).unwrap_err();
        assert_eq!(error.message, "`server.tls_cert` is set and `server.tls_key` is not");
    }
}

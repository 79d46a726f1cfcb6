//! What the server is told: where it listens, whom it lets in, how much it takes.

mod reading;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use crate::domain::ModelChoice;

pub use reading::ServerFlags;
pub(super) use reading::{defaults, flag_layer, read};

/// How the house is opened to others.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The address that it listens on.
    pub host: String,
    /// The port; 0 = any that is free.
    pub port: u16,
    /// The APIs, by name. Of two that claim one bare path, the first wins.
    pub dialects: Vec<String>,
    /// The token that opens every door.
    pub token: Option<SecretString>,
    /// Tokens that open one door each, by its name; the door then wants it, or the one that opens all.
    pub door_tokens: BTreeMap<String, SecretString>,
    /// Tokens that open the sockets of one door and nothing else, by its name; its sockets then want it, or one that opens
    /// more.
    pub socket_tokens: BTreeMap<String, SecretString>,
    /// Whether everybody who reaches the address is let in, and may do everything.
    pub no_auth: bool,
    /// Whether programs of this machine may do everything without a token.
    pub allow_local_admin: bool,
    /// Whether only one run works at a time.
    pub exclusive: bool,
    /// How long runs may take to end when the server is told to.
    pub drain: Duration,
    /// Seconds that a session lives after its last use, where it is made over an API whose sessions expire.
    pub session_seconds: u64,
    /// Its certificate and key.
    pub tls: Option<TlsFiles>,
    /// Origins, beside its own, whose pages may call it; `*` = all.
    pub origins: Vec<String>,
    /// Names, beside its own address, that requests may be addressed to.
    pub hosts: Vec<String>,
    /// The address under which clients reach it, without a `/` at its end; absent = the one that a request names.
    pub public_url: Option<String>,
    /// Models that are offered beside the chosen one; empty = all of the configured providers.
    pub models: Vec<ModelChoice>,
    /// JSON Schema of settings that a session may have of its own, for web interfaces.
    pub runtime_settings: Option<Value>,
    /// Where shared sessions are uploaded.
    pub share_provider: Option<String>,
    /// Where events for monitoring are sent.
    pub agio_provider: Option<String>,
    /// Where OpenTelemetry traces are sent, such as `http://127.0.0.1:4318`.
    pub otlp_endpoint: Option<String>,
    /// The web interface that is served instead of the console.
    pub webui: Option<WebUi>,
    /// Which log lines are written, unless `-v` or `RUST_LOG` say it: `debug`, `info`, `warn`, `error` or `off`.
    pub log_level: Option<String>,
    /// Whether log lines are JSON.
    pub json_logs: bool,
    /// What secrets of characters are sealed with where they are shown; absent = drawn once for the store.
    pub secret_salt: Option<SecretString>,
    /// Secrets that characters have of the server, by the character's name in capitals and their own.
    pub character_secrets: BTreeMap<String, BTreeMap<String, SecretString>>,
    /// How long sessions of a person and an agent live.
    pub talks: TalkSettings,
    /// The folder of files that agents and plugins have made, in a folder for each agent's id; absent = none is served.
    pub generated_folder: Option<PathBuf>,
    /// The folders from which characters may be read, with what they know.
    pub character_folders: Vec<PathBuf>,
    /// With one of these an address must begin from which a character is fetched.
    pub character_addresses: Vec<String>,
    /// How people with an account log in.
    pub login: LoginSettings,
    /// The doors that people with an account may enter, by name. No setting: whoever puts the house together knows them.
    pub user_doors: Vec<String>,
    /// How much it takes.
    pub limits: ServerLimits,
}

/// How long sessions of a person and an agent live, at the doors where such a session says that for itself. All in minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkSettings {
    /// From its last use to its end, where neither it nor its agent says it.
    pub minutes: u64,
    /// The shortest that may be asked for.
    pub least_minutes: u64,
    /// The longest that may be asked for.
    pub most_minutes: u64,
    /// The longest life in all, where nobody says it.
    pub whole_minutes: u64,
    /// From how long before its end it is said to be near, where nobody says it.
    pub near_minutes: u64,
    /// Whether each use begins the time anew, where nobody says it.
    pub auto_renew: bool,
}

impl Default for TalkSettings {
    fn default() -> Self {
        Self { minutes: 30, least_minutes: 5, most_minutes: 1_440, whole_minutes: 720, near_minutes: 5, auto_renew: true }
    }
}

/// How people with an account log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSettings {
    /// Seconds that a token counts which somebody gets by name and password.
    pub token_seconds: u64,
    /// Attempts to log in under one name that may fail at once; 0 = no limit.
    pub name_failures: u64,
    /// Attempts from one address that may fail at once; 0 = no limit.
    pub address_failures: u64,
    /// Seconds after which so many may fail again; each comes back after its part of them.
    pub window_seconds: u64,
}

impl Default for LoginSettings {
    fn default() -> Self {
        Self { token_seconds: 3_600, name_failures: 5, address_failures: 20, window_seconds: 300 }
    }
}

/// A certificate and its key, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and its root.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A web interface that is served as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct WebUi {
    /// The folder of its files.
    pub folder: PathBuf,
    /// What it is told about itself: title, welcome texts, layout.
    pub config: Value,
}

/// How much the server takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at once; a further one waits until one ends.
    pub connections: usize,
    /// Until the head of a request is complete; also how long an idle connection is kept.
    pub header_time: Duration,
    /// Most headers of a request.
    pub head_lines: usize,
    /// Most bytes of the head of a request; at least 8,192.
    pub head_bytes: usize,
    /// Most bytes of the address in a request: path and query.
    pub address_bytes: usize,
    /// Between two pieces of a request's body.
    pub body_time: Duration,
    /// Most bytes of a request's body.
    pub body_bytes: usize,
    /// Between two signs of life on a stream.
    pub heartbeat: Duration,
    /// How long one write to a reader may take before the reader is told and closed.
    pub slow_reader: Duration,
    /// Frames that wait for one socket.
    pub socket_frames: usize,
    /// Bytes that wait for all readers together; above it, those that have waited longest are cut off.
    pub unread_bytes: usize,
    /// Requests of one caller in a minute, messages over WebSockets among them; 0 = no limit.
    pub requests_per_minute: u32,
    /// Requests of one user in a minute, at the doors that promise it; 0 = no limit.
    pub user_requests_per_minute: u32,
    /// Those of them in a second; 0 = no limit.
    pub user_requests_per_second: u32,
    /// Requests of one address in 15 minutes, at the doors that promise it; 0 = no limit.
    pub window_requests: u32,
    /// Uploads of one address in 15 minutes, at the same doors; 0 = no limit.
    pub window_uploads: u32,
    /// Operations with files of one address in 5 minutes, at the same doors; 0 = no limit.
    pub window_files: u32,
    /// Most bytes of a body that is JSON, at the doors that promise it.
    pub json_bytes: usize,
    /// Runs that are taken from the queue and work at once.
    pub runs_at_once: usize,
    /// Most runs that wait in the queue; of more, none is taken.
    pub runs_waiting: usize,
    /// Waiting so long counts as one step of priority.
    pub runs_age: Duration,
    /// So often a run is begun in all, when its process dies each time; then it is given up.
    pub run_attempts: u32,
    /// How long a permission question waits before it is denied.
    pub question_wait: Duration,
    /// How much it takes of files that are uploaded.
    pub files: FileLimits,
}

/// How much the server takes of files that are uploaded, to sessions and to the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// Most bytes of one.
    pub file_bytes: u64,
    /// Most that are offered at once.
    pub offer_files: usize,
    /// Most bytes of all that are offered at once.
    pub offer_bytes: u64,
    /// Most of one session.
    pub session_files: usize,
    /// Most bytes of one of the house.
    pub house_file_bytes: u64,
    /// Most of the house of one owner.
    pub house_files: usize,
    /// Those that are received at once; a further one waits for a moment.
    pub uploads_at_once: usize,
    /// How long an address for an upload is good.
    pub upload_time: Duration,
    /// How long an address for a download is good.
    pub download_time: Duration,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            file_bytes: 10 << 20,
            offer_files: 20,
            offer_bytes: 50 << 20,
            session_files: 1_000,
            house_file_bytes: 100 << 20,
            house_files: 10_000,
            uploads_at_once: 32,
            upload_time: Duration::from_secs(15 * 60),
            download_time: Duration::from_secs(86_400),
        }
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            header_time: Duration::from_secs(30),
            head_lines: 100,
            head_bytes: 64 << 10,
            address_bytes: 16 << 10,
            body_time: Duration::from_secs(30),
            body_bytes: 20 << 20,
            heartbeat: Duration::from_secs(15),
            slow_reader: Duration::from_secs(30),
            socket_frames: 256,
            unread_bytes: 256 << 20,
            requests_per_minute: 0,
            user_requests_per_minute: 100,
            user_requests_per_second: 20,
            window_requests: 1_000,
            window_uploads: 50,
            window_files: 100,
            json_bytes: 2 << 20,
            runs_at_once: 16,
            runs_waiting: 50_000,
            runs_age: Duration::from_secs(60),
            run_attempts: 3,
            question_wait: Duration::from_secs(300),
            files: FileLimits::default(),
        }
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 3_000,
            dialects: Vec::new(),
            token: None,
            door_tokens: BTreeMap::new(),
            socket_tokens: BTreeMap::new(),
            no_auth: false,
            allow_local_admin: false,
            exclusive: false,
            drain: Duration::from_secs(30),
            session_seconds: 86_400,
            tls: None,
            origins: Vec::new(),
            hosts: Vec::new(),
            public_url: None,
            models: Vec::new(),
            runtime_settings: None,
            share_provider: None,
            agio_provider: None,
            otlp_endpoint: None,
            webui: None,
            log_level: None,
            json_logs: false,
            secret_salt: None,
            character_secrets: BTreeMap::new(),
            talks: TalkSettings::default(),
            generated_folder: None,
            character_folders: Vec::new(),
            character_addresses: Vec::new(),
            login: LoginSettings::default(),
            user_doors: Vec::new(),
            limits: ServerLimits::default(),
        }
    }
}

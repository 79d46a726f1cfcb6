//! From values by their place to the typed settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::env::Environment;
use super::layers::{Layer, Source};
use super::permissions::Rules;
use super::providers;
use super::settings::{Limits, Paths, Provider, Settings, SpeechSettings, ToolSettings};
use crate::domain::{Agent, Budget, Error, ModelChoice};

/// The limits as numbers, by their place.
pub fn limit_numbers(limits: &Limits) -> Vec<(&'static str, u64)> {
    let count = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
    vec![
        ("limits.model_first_byte_seconds", limits.model_first_byte.as_secs()),
        ("limits.model_idle_seconds", limits.model_idle.as_secs()),
        ("limits.model_total_seconds", limits.model_total.as_secs()),
        ("limits.model_attempts", limits.model_attempts.into()),
        ("limits.model_retry_wait_seconds", limits.model_retry_wait.as_secs()),
        ("limits.model_answer_bytes", count(limits.model_answer_bytes)),
        ("limits.tool_output_bytes", count(limits.tool_output_bytes)),
        ("limits.tool_full_bytes", count(limits.tool_full_bytes)),
        ("limits.command_seconds", limits.command_time.as_secs()),
        ("limits.parallel_tools", count(limits.parallel_tools)),
        ("limits.run_turns", limits.run_turns.into()),
        ("limits.stdin_bytes", count(limits.stdin_bytes)),
        ("limits.stdin_wait_seconds", limits.stdin_wait.as_secs()),
        ("limits.instructions_bytes", count(limits.instructions_bytes)),
        ("limits.busy_wait_seconds", limits.busy_wait.as_secs()),
        ("limits.caller_wait_seconds", limits.caller_wait.as_secs()),
        ("limits.subscriber_frames", count(limits.subscriber_frames)),
    ]
}

/// The limits out of all layers, of which the lowest says every one.
pub fn limits(values: &Layer) -> Limits {
    let number = |name: &str| values.number(&format!("limits.{name}")).unwrap_or_default();
    let seconds = |name: &str| Duration::from_secs(number(name));
    let size = |name: &str| usize::try_from(number(name)).unwrap_or(usize::MAX);
    let count = |name: &str| u32::try_from(number(name)).unwrap_or(u32::MAX);
    Limits {
        model_first_byte: seconds("model_first_byte_seconds"),
        model_idle: seconds("model_idle_seconds"),
        model_total: seconds("model_total_seconds"),
        model_attempts: count("model_attempts"),
        model_retry_wait: seconds("model_retry_wait_seconds"),
        model_answer_bytes: size("model_answer_bytes"),
        tool_output_bytes: size("tool_output_bytes"),
        tool_full_bytes: size("tool_full_bytes"),
        command_time: seconds("command_seconds"),
        parallel_tools: size("parallel_tools"),
        run_turns: count("run_turns"),
        stdin_bytes: size("stdin_bytes"),
        stdin_wait: seconds("stdin_wait_seconds"),
        instructions_bytes: size("instructions_bytes"),
        busy_wait: seconds("busy_wait_seconds"),
        caller_wait: seconds("caller_wait_seconds"),
        subscriber_frames: size("subscriber_frames"),
    }
}

/// What holds for speech when nobody says anything.
pub fn speech_defaults(layer: &mut Layer) {
    let speech = SpeechSettings::default();
    layer.set("speech.voice_model", speech.voice_model, Source::Default);
    layer.set("speech.voice", speech.voice, Source::Default);
    layer.set("speech.transcription_model", speech.transcription_model, Source::Default);
    layer.set("speech.command_seconds", speech.command_time.as_secs(), Source::Default);
    layer.set("speech.sound_bytes", u64::try_from(speech.sound_bytes).unwrap_or(u64::MAX), Source::Default);
}

fn speech(values: &Layer) -> SpeechSettings {
    let text = |name: &str| values.text(&format!("speech.{name}")).map(str::to_owned);
    let number = |name: &str| values.number(&format!("speech.{name}")).unwrap_or_default();
    SpeechSettings {
        provider: text("provider"),
        voice_model: text("voice_model").unwrap_or_default(),
        voice: text("voice").unwrap_or_default(),
        transcription_model: text("transcription_model").unwrap_or_default(),
        speak_command: text("speak_command"),
        transcribe_command: text("transcribe_command"),
        command_time: Duration::from_secs(number("command_seconds")),
        sound_bytes: usize::try_from(number("sound_bytes")).unwrap_or(usize::MAX),
    }
}

/// What is more than a value, and was built before.
pub struct Built {
    /// The folder that tools work in.
    pub workspace: PathBuf,
    /// Who offers models.
    pub providers: BTreeMap<String, Provider>,
    /// Who works.
    pub agents: BTreeMap<String, Agent>,
    /// Where each of them is defined.
    pub agent_sources: BTreeMap<String, Source>,
    /// Whether a server is about to start: only then its token and its plugins are read.
    pub serving: bool,
}

/// The typed settings.
///
/// # Errors
/// `invalid_input` when the model, a tool server or a plugin cannot be read.
pub fn build(values: &Layer, rules: &Rules, environment: &Environment, built: Built) -> Result<Settings, Error> {
    let paths = |place: &str| values.texts(place).into_iter().map(PathBuf::from).collect();
    let max_turns = values.number("budgets.max_turns").map(|turns| u32::try_from(turns).unwrap_or(u32::MAX));
    Ok(Settings {
        agent: values.text("agent").unwrap_or(Agent::DEFAULT).to_owned(),
        model: values.text("model").map(ModelChoice::parse).transpose()?,
        store: values.text("store").unwrap_or_default().to_owned(),
        workspace: built.workspace,
        permissions: rules.given.iter().chain(&rules.filed).map(|(rule, _)| rule.clone()).collect(),
        permissions_given: rules.given.len(),
        budgets: Budget { max_turns, timeout_seconds: values.number("budgets.timeout_seconds") },
        limits: limits(values),
        tools: ToolSettings {
            guard: environment.program.clone(),
            writable: paths("tools.writable"),
            unconfined: values.flag("tools.unconfined").unwrap_or_default(),
            environment: command_environment(values, environment, &built.providers),
            mcp: super::tool_servers::read(values, environment)?,
        },
        models: values.below("models").map(|(name, entry)| (name.to_owned(), entry.value.clone())).collect(),
        project_instructions: values.flag("project_instructions").unwrap_or(true),
        paths: Paths {
            config: environment.config_folder().unwrap_or_default(),
            state: environment.state_folder().unwrap_or_default(),
        },
        providers: built.providers,
        agents: built.agents,
        agent_sources: built.agent_sources,
        plugins: if built.serving { super::plugins::read(values)? } else { Vec::new() },
        server: super::server::read(values, built.serving)?,
        speech: speech(values),
    })
}

/// Variables that commands get without being asked for: what programs need to find themselves, their user and their
/// tools. Everything else may hold a secret, and a command's output goes to the model.
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "TMPDIR",
    "TEMP",
    "TMP",
    "XDG_*",
    "CI",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CARGO_HOME",
    "RUSTUP_*",
    "RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "GOPATH",
    "GOROOT",
    "GOCACHE",
    "JAVA_HOME",
    "GRADLE_USER_HOME",
    "MAVEN_OPTS",
    "NVM_DIR",
    "NODE_PATH",
    "NODE_OPTIONS",
    "PNPM_HOME",
    "BUN_INSTALL",
    "DENO_DIR",
    "PYTHONPATH",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "GEM_HOME",
    "GEM_PATH",
    "RBENV_ROOT",
    "PKG_CONFIG_PATH",
    "LD_LIBRARY_PATH",
    "MAKEFLAGS",
    "CC",
    "CXX",
    "CFLAGS",
    "CXXFLAGS",
    "LDFLAGS",
    "NIX_*",
];

/// Whether a variable is one of those that commands get without being asked for: then its value is no secret.
pub fn is_ordinary_variable(name: &str) -> bool {
    PASSED.iter().any(|pattern| is_named_by(pattern, name))
}

fn is_named_by(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn command_environment(
    values: &Layer,
    environment: &Environment,
    providers: &BTreeMap<String, Provider>,
) -> BTreeMap<String, String> {
    let more = values.texts("tools.pass_environment");
    let passes =
        |name: &str| PASSED.iter().copied().chain(more.iter().map(String::as_str)).any(|pattern| is_named_by(pattern, name));
    let inherited = environment.variables.iter();
    let mut variables: BTreeMap<String, String> = inherited
        .filter(|(name, value)| passes(name) && !providers::holds_a_key(providers, values, name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for (name, entry) in values.below("tools.environment") {
        variables.insert(name.to_owned(), entry.value.as_str().unwrap_or_default().to_owned());
    }
    variables
}

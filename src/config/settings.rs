//! The typed result: what everything below works with.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::layers::Source;
use crate::domain::{Agent, Budget, Error, ModelChoice, PermissionRule};

/// What the user wants.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The agent that answers when none is named.
    pub agent: String,
    /// The model, when the user chose one; else keys and the catalogue decide.
    pub model: Option<ModelChoice>,
    /// The models that are asked instead, in this order, when a run's model cannot answer; an agent may have its own.
    pub fallback: Vec<ModelChoice>,
    /// Who offers models, by name.
    pub providers: BTreeMap<String, Provider>,
    /// Where logs are kept: `memory:`, `file:DIR`, `sqlite:PATH`. Empty when nobody says where and there is no home;
    /// [`Settings::store_address`] then tells what to do.
    pub store: String,
    /// The folder that tools work in, as an absolute path.
    pub workspace: PathBuf,
    /// The rules, the first that fits counts. [`Settings::permissions_for`] adds those of an agent.
    pub permissions: Vec<PermissionRule>,
    /// How many of the rules, from the first, come from the command line or the environment.
    pub permissions_given: usize,
    /// What a run may use up.
    pub budgets: Budget,
    /// How large and how long things may be.
    pub limits: Limits,
    /// How tools work.
    pub tools: ToolSettings,
    /// The agents that configuration defines, by name; always holds `default`.
    pub agents: BTreeMap<String, Agent>,
    /// Where each of them is defined; one that is not named is built in.
    pub agent_sources: BTreeMap<String, Source>,
    /// Changes to the catalogue of models, by `provider/id`: JSON objects with the catalogue's fields.
    pub models: BTreeMap<String, serde_json::Value>,
    /// Whether `AGENTS.md` of the workspace is read as instructions.
    pub project_instructions: bool,
    /// The program's own folders.
    pub paths: Paths,
    /// Which sessions are deleted by themselves.
    pub retention: Retention,
    /// Routes that the server answers beside those of its APIs.
    pub plugins: Vec<super::Plugin>,
    /// How the house is opened to others.
    pub server: super::ServerSettings,
    /// How agents speak and listen.
    pub speech: SpeechSettings,
}

/// Which sessions are deleted by themselves: those that any of these tells, once a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Those that were changed last so many days ago.
    pub older_than_days: Option<u64>,
    /// All but so many, the ones that changed last.
    pub keep_sessions: Option<u64>,
    /// The ones that changed longest ago, until the logs of the others have no more bytes.
    pub max_bytes: Option<u64>,
}

impl Retention {
    /// Whether nothing is deleted.
    pub fn is_silent(&self) -> bool {
        *self == Self::default()
    }
}

impl Settings {
    /// Where logs are kept.
    ///
    /// # Errors
    /// `invalid_input` when nobody says where and there is no home.
    pub fn store_address(&self) -> Result<&str, Error> {
        if self.store.is_empty() { Err(super::env::no_home()) } else { Ok(&self.store) }
    }

    /// The rules for one agent, the first that fits counts: what was given on the command line or in the environment,
    /// then the agent's own, then those of config files.
    pub fn permissions_for(&self, agent: &Agent) -> Vec<PermissionRule> {
        let (given, filed) = self.permissions.split_at(self.permissions_given.min(self.permissions.len()));
        given.iter().chain(&agent.permissions).chain(filed).cloned().collect()
    }
}

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// OpenAI's chat completions, which many servers speak.
    Openai,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Anthropic,
    /// The rules inside this program; no network.
    Offline,
}

/// Who offers models.
#[derive(Clone, Debug)]
pub struct Provider {
    /// How it is spoken to.
    pub wire: Wire,
    /// Where, without a `/` at the end, such as `https://api.openai.com/v1`. Empty for `offline`.
    pub base_url: String,
    /// Its key, where there is one.
    pub api_key: Option<SecretString>,
    /// Further headers of every request.
    pub headers: BTreeMap<String, SecretString>,
}

/// How large and how long things may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until the first byte of a model's answer.
    pub model_first_byte: Duration,
    /// Between two pieces of a model's answer.
    pub model_idle: Duration,
    /// From the request to the end of a model's answer.
    pub model_total: Duration,
    /// Attempts of one model call in all.
    pub model_attempts: u32,
    /// Longest wait between two attempts; a longer `Retry-After` fails at once.
    pub model_retry_wait: Duration,
    /// Most bytes of one answer of a model.
    pub model_answer_bytes: usize,
    /// How much of a model's window may be filled before older messages are summarised, in percent; 0 = never: then the
    /// oldest turns are left out.
    pub compact_at: u32,
    /// Most bytes of a tool's output that the model is shown.
    pub tool_output_bytes: usize,
    /// Most bytes of a tool's output that are kept at all.
    pub tool_full_bytes: usize,
    /// Longest run of a command.
    pub command_time: Duration,
    /// Tools of one answer that work at the same time.
    pub parallel_tools: usize,
    /// Calls of the model in one run, unless a budget says less.
    pub run_turns: u32,
    /// Most bytes of standard input.
    pub stdin_bytes: usize,
    /// Until the first byte of standard input when a prompt is given, before it is given up.
    pub stdin_wait: Duration,
    /// Most bytes of instructions that are read from the workspace.
    pub instructions_bytes: usize,
    /// How long a run waits for another run of the same session and agent.
    pub busy_wait: Duration,
    /// How long a run waits for the caller's tools.
    pub caller_wait: Duration,
    /// Frames that wait for one subscriber before it is healed from the log.
    pub subscriber_frames: usize,
    /// Most bytes of memory of a command with all that it starts; absent = as much as there is.
    pub command_memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            model_first_byte: Duration::from_secs(120),
            model_idle: Duration::from_secs(60),
            model_total: Duration::from_secs(1_800),
            model_attempts: 4,
            model_retry_wait: Duration::from_secs(60),
            model_answer_bytes: 16 << 20,
            compact_at: 80,
            tool_output_bytes: 32 << 10,
            tool_full_bytes: 4 << 20,
            command_time: Duration::from_secs(120),
            parallel_tools: 8,
            run_turns: 50,
            stdin_bytes: 10 << 20,
            stdin_wait: Duration::from_secs(3),
            instructions_bytes: 64 << 10,
            busy_wait: Duration::from_secs(60),
            caller_wait: Duration::from_secs(24 * 3_600),
            subscriber_frames: 1_024,
            command_memory: None,
        }
    }
}

/// How tools work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolSettings {
    /// The program that keeps watch over commands and confines them: this program itself. Absent = commands cannot be
    /// run.
    pub guard: Option<PathBuf>,
    /// Folders outside the workspace that commands may also write to, as absolute paths.
    pub writable: Vec<PathBuf>,
    /// Whether commands run without Landlock, although the kernel has it.
    pub unconfined: bool,
    /// Variables of the environment that commands get, by name and value. No key of a provider is among them.
    pub environment: BTreeMap<String, String>,
    /// Tool servers.
    pub mcp: super::McpSettings,
    /// How pages are fetched.
    pub fetch: super::FetchSettings,
}

/// How agents speak and listen: by programs of this machine, or by a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeechSettings {
    /// The provider whose endpoints are asked; absent = `openai`, where it can be.
    pub provider: Option<String>,
    /// The model that speaks.
    pub voice_model: String,
    /// The voice.
    pub voice: String,
    /// The model that listens.
    pub transcription_model: String,
    /// A command line that reads text from its standard input and writes sound, as WAV or MP3, to its standard output.
    pub speak_command: Option<String>,
    /// A command line that writes what is said in a file of sound; `{file}` stands for its path.
    pub transcribe_command: Option<String>,
    /// Longest run of such a command.
    pub command_time: Duration,
    /// Most bytes of sound that come in at once, and that come out.
    pub sound_bytes: usize,
}

impl Default for SpeechSettings {
    fn default() -> Self {
        Self {
            provider: None,
            voice_model: "gpt-4o-mini-tts".to_owned(),
            voice: "alloy".to_owned(),
            transcription_model: "whisper-1".to_owned(),
            speak_command: None,
            transcribe_command: None,
            command_time: Duration::from_secs(120),
            sound_bytes: 50 << 20,
        }
    }
}

/// The program's own folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// `$XDG_CONFIG_HOME/ombud`.
    pub config: PathBuf,
    /// `$XDG_STATE_HOME/ombud`: the store, history, trust.
    pub state: PathBuf,
}

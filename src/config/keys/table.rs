//! The table of all settings.

mod server;

use self::server::SERVER;
use super::{Key, Kind, Untrusted};

const fn key(path: &'static str, kind: Kind, untrusted: Untrusted, about: &'static str) -> Key {
    Key { path, kind, untrusted, about }
}

const SECONDS_A_DAY: u64 = 86_400;
const GIB: u64 = 1 << 30;

/// All settings, in the order in which they are shown.
pub const KEYS: &[Key] = &joined::<{ FIRST.len() + SERVER.len() + LAST.len() }>([FIRST, SERVER, LAST]);

/// What comes before the server.
const FIRST: &[Key] = &[
    key("agent", Kind::Text, Untrusted::Ignored, "The agent that answers when none is named."),
    key("model", Kind::Model, Untrusted::Ignored, "The model, as PROVIDER/ID. Unset: keys and the catalogue decide."),
    key("store", Kind::Store, Untrusted::Ignored, "Where sessions are kept: memory:, file:DIR or sqlite:PATH."),
    key("workspace", Kind::Path, Untrusted::Ignored, "The folder that tools work in. Unset: the current folder."),
    key("project_instructions", Kind::Flag, Untrusted::Only(false), "Whether AGENTS.md of the workspace is read."),
    key(
        "providers.*.wire",
        Kind::Word(&["openai", "responses", "anthropic", "offline"]),
        Untrusted::Ignored,
        "How the provider is spoken to.",
    ),
    key("providers.*.base_url", Kind::Url, Untrusted::Ignored, "Where the provider is, such as https://api.openai.com/v1."),
    key("providers.*.api_key", Kind::Secret, Untrusted::Ignored, "The provider's key."),
    key("providers.*.api_key_env", Kind::Text, Untrusted::Ignored, "The variable that holds the provider's key."),
    key("providers.*.api_key_file", Kind::Path, Untrusted::Ignored, "The file that holds the provider's key."),
    key("providers.*.headers.*", Kind::Secret, Untrusted::Ignored, "A further header of every request to the provider."),
    key(
        "models.fallback",
        Kind::Models,
        Untrusted::Ignored,
        "The models that are asked instead, in this order, when a run's model cannot answer.",
    ),
    key("models.*", Kind::Table, Untrusted::Ignored, "Changes to the catalogue, by PROVIDER/ID."),
    key("permissions.deny", Kind::Rules, Untrusted::Added, "Calls of tools that are never made."),
    key("permissions.ask", Kind::Rules, Untrusted::Added, "Calls of tools that are asked about first."),
    key("permissions.allow", Kind::Rules, Untrusted::Ignored, "Calls of tools that are made without asking."),
    key("budgets.max_turns", Kind::Whole(1, 10_000), Untrusted::Lower, "Most calls of the model in one run."),
    key(
        "budgets.max_tokens",
        Kind::Whole(1, 1 << 50),
        Untrusted::Lower,
        "Most tokens of one run: sent and received, of all calls of the model together.",
    ),
    key(
        "budgets.max_cost_usd",
        Kind::Dollars,
        Untrusted::Lower,
        "Most that one run may cost, in US dollars, by the prices of the catalogue.",
    ),
    key("budgets.timeout_seconds", Kind::Whole(1, 30 * SECONDS_A_DAY), Untrusted::Lower, "Longest run."),
    key(
        "limits.model_first_byte_seconds",
        Kind::Whole(1, SECONDS_A_DAY),
        Untrusted::Lower,
        "Until the first byte of a model's answer.",
    ),
    key(
        "limits.model_idle_seconds",
        Kind::Whole(1, SECONDS_A_DAY),
        Untrusted::Lower,
        "Between two pieces of a model's answer.",
    ),
    key(
        "limits.model_total_seconds",
        Kind::Whole(1, SECONDS_A_DAY),
        Untrusted::Lower,
        "From the request to the end of a model's answer.",
    ),
    key("limits.model_attempts", Kind::Whole(1, 100), Untrusted::Lower, "Attempts of one model call in all."),
    key(
        "limits.model_retry_wait_seconds",
        Kind::Whole(0, SECONDS_A_DAY),
        Untrusted::Lower,
        "Longest wait between two attempts; a longer Retry-After fails at once.",
    ),
    key("limits.model_answer_bytes", Kind::Whole(1_024, GIB), Untrusted::Lower, "Most bytes of one answer of a model."),
    key(
        "limits.compact_at",
        Kind::Whole(0, 100),
        Untrusted::Ignored,
        "How much of a model's window may be filled before older messages are summarised, in percent; 0 = never.",
    ),
    key(
        "limits.tool_output_bytes",
        Kind::Whole(256, GIB),
        Untrusted::Lower,
        "Most bytes of a tool's output that the model is shown.",
    ),
    key(
        "limits.tool_full_bytes",
        Kind::Whole(256, GIB),
        Untrusted::Lower,
        "Most bytes of a tool's output that are kept at all.",
    ),
    key("limits.command_seconds", Kind::Whole(1, SECONDS_A_DAY), Untrusted::Lower, "Longest run of a command."),
    key("limits.parallel_tools", Kind::Whole(1, 256), Untrusted::Lower, "Tools of one answer that work at the same time."),
    key(
        "limits.run_turns",
        Kind::Whole(1, 10_000),
        Untrusted::Lower,
        "Calls of the model in one run, unless a budget says less.",
    ),
    key("limits.stdin_bytes", Kind::Whole(1, GIB), Untrusted::Lower, "Most bytes of standard input."),
    key(
        "limits.stdin_wait_seconds",
        Kind::Whole(0, SECONDS_A_DAY),
        Untrusted::Lower,
        "Until the first byte of standard input when a prompt is given.",
    ),
    key(
        "limits.instructions_bytes",
        Kind::Whole(0, 16 << 20),
        Untrusted::Lower,
        "Most bytes of instructions that are read from the workspace.",
    ),
    key(
        "limits.busy_wait_seconds",
        Kind::Whole(0, SECONDS_A_DAY),
        Untrusted::Lower,
        "How long a run waits for another run of the same session and agent.",
    ),
    key(
        "limits.caller_wait_seconds",
        Kind::Whole(1, 30 * SECONDS_A_DAY),
        Untrusted::Lower,
        "How long a run waits for the caller's tools.",
    ),
    key(
        "limits.subscriber_frames",
        Kind::Whole(16, 1 << 20),
        Untrusted::Lower,
        "Frames that wait for one subscriber before it is healed from the log.",
    ),
    key(
        "limits.command_memory_bytes",
        Kind::Whole(16 << 20, 1 << 50),
        Untrusted::Lower,
        "Most memory of a command with all that it starts, in bytes. Unset: as much as there is.",
    ),
    key(
        "tools.fetch.allow_hosts",
        Kind::Names,
        Untrusted::Ignored,
        "Hosts inside of this machine or network that fetch_url may ask all the same: NAME, NAME:PORT, ADDRESS or ADDRESS/BITS.",
    ),
    key("tools.fetch.seconds", Kind::Whole(1, 3_600), Untrusted::Lower, "Longest fetch, with all its redirects."),
    key("tools.fetch.bytes", Kind::Whole(1_024, 1 << 28), Untrusted::Lower, "Most bytes of a page that are read."),
    key(
        "tools.unconfined",
        Kind::Flag,
        Untrusted::Only(false),
        "Whether commands run without Landlock, although the kernel has it.",
    ),
    key("tools.writable", Kind::Paths, Untrusted::Ignored, "Folders outside the workspace that commands may also write to."),
    key(
        "tools.pass_environment",
        Kind::Names,
        Untrusted::Ignored,
        "Further variables that commands get from the environment; a `*` at the end stands for the rest of a name.",
    ),
    key("tools.environment.*", Kind::Secret, Untrusted::Ignored, "A variable that commands get, with this value."),
    key(
        "tools.mcp.start_seconds",
        Kind::Whole(1, SECONDS_A_DAY),
        Untrusted::Lower,
        "From the start of a tool server until it must have told its tools.",
    ),
    key(
        "tools.mcp.call_seconds",
        Kind::Whole(1, SECONDS_A_DAY),
        Untrusted::Lower,
        "Longest call of a tool of a tool server.",
    ),
    key(
        "tools.mcp.memory_mib",
        Kind::Whole(0, 1 << 30),
        Untrusted::Ignored,
        "Most memory for data of each process of a tool server, in MiB; 0 = as much as there is.",
    ),
    key(
        "tools.mcp.programs",
        Kind::Names,
        Untrusted::Ignored,
        "The programs that tool servers of the store may be, each with the arguments that it must begin with. Unset: any.",
    ),
    key(
        "mcp_servers.*",
        Kind::Table,
        Untrusted::Ignored,
        "A tool server: its command, args and env, or its url and headers.",
    ),
];

/// What comes after it.
const LAST: &[Key] = &[
    key(
        "retention.older_than_days",
        Kind::Whole(1, 36_500),
        Untrusted::Ignored,
        "Sessions that were changed last so many days ago are deleted, once a day. Unset: none.",
    ),
    key(
        "retention.keep_sessions",
        Kind::Whole(1, 1_000_000_000),
        Untrusted::Ignored,
        "All sessions but so many, the ones that changed last, are deleted, once a day. Unset: none.",
    ),
    key(
        "retention.max_bytes",
        Kind::Whole(1 << 20, 1 << 50),
        Untrusted::Ignored,
        "The sessions that changed longest ago are deleted, once a day, until the logs of the others have no more bytes.",
    ),
    key(
        "speech.provider",
        Kind::Text,
        Untrusted::Ignored,
        "The provider whose endpoints speak and listen, after an agent's own. Unset: `openai`, where it can be asked.",
    ),
    key("speech.voice_model", Kind::Text, Untrusted::Ignored, "The model of the provider that speaks."),
    key("speech.voice", Kind::Text, Untrusted::Ignored, "The voice that it speaks with."),
    key("speech.transcription_model", Kind::Text, Untrusted::Ignored, "The model of the provider that listens."),
    key(
        "speech.speak_command",
        Kind::Text,
        Untrusted::Ignored,
        "A command that reads text and writes sound, such as `espeak-ng --stdin --stdout`; it goes before the provider.",
    ),
    key(
        "speech.transcribe_command",
        Kind::Text,
        Untrusted::Ignored,
        "A command that writes what is said in a file of sound; `{file}` is its path, else it comes last.",
    ),
    key("speech.command_seconds", Kind::Whole(1, 3_600), Untrusted::Lower, "Longest run of one of these commands."),
    key(
        "speech.sound_bytes",
        Kind::Whole(1_024, 100 << 20),
        Untrusted::Lower,
        "Most bytes of sound that come in at once, and that come out.",
    ),
    key("share.provider", Kind::Url, Untrusted::Ignored, "Where shared sessions are uploaded."),
    key("agio.provider", Kind::Url, Untrusted::Ignored, "Where events for monitoring are sent."),
    key(
        "webui.path",
        Kind::Path,
        Untrusted::Ignored,
        "The folder of a web interface that is served instead of the console.",
    ),
    key(
        "webui.config",
        Kind::Table,
        Untrusted::Ignored,
        "What the web interface is told about itself: title, welcome texts, layout.",
    ),
    key(
        "otlp.endpoint",
        Kind::Url,
        Untrusted::Ignored,
        "Where the server sends OpenTelemetry traces, such as http://127.0.0.1:4318.",
    ),
    key(
        "plugins.*",
        Kind::Table,
        Untrusted::Ignored,
        "A plugin of the server: its routes, or the path of a folder with a plugin.toml.",
    ),
    key("agents.*", Kind::Table, Untrusted::Ignored, "The definition of an agent."),
];

const fn joined<const ALL: usize>(parts: [&[Key]; 3]) -> [Key; ALL] {
    let mut all = [FIRST[0]; ALL];
    let (mut at, mut part) = (0, 0);
    while part < parts.len() {
        let mut key = 0;
        while key < parts[part].len() {
            all[at] = parts[part][key];
            at += 1;
            key += 1;
        }
        part += 1;
    }
    all
}

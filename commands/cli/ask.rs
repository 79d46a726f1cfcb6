//! Options of the commands that ask an agent.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ombud::config::Flags;
use ombud::domain::SessionId;

use super::values;

const ONESHOT_EXAMPLES: &str = "\
Examples:
  ombud oneshot \"What does this project do?\"
  cat error.log | ombud oneshot \"What went wrong?\"
  ombud oneshot - < question.txt
  ombud oneshot \"Fix the typo in README.md\" --allow edit_file
  ombud oneshot \"Summarise src\" --format json -o summary.json
  ombud oneshot \"Which tests fail?\" --output-schema tests.schema.json --max-tokens 50000
  ombud oneshot \"What is on this picture?\" --file screen.png
  ombud oneshot \"And the tests?\" -s build-42
  ombud oneshot -a support --trigger user-message --argument USER_MESSAGE=Hi --tool get-user=./get-user.sh
  ombud oneshot \"Anything odd here?\" --ephemeral --max-turns 10 --timeout 120";

/// Ask once, print the answer, exit
///
/// The answer goes to stdout, everything else to stderr. A prompt may come from the command line, from stdin, or from both:
/// then what comes by stdin follows the prompt as a block (at most 10 MiB). A stdin that stays silent for 3 s is left alone.
/// Ctrl-C cancels the run and all its tools; the session stays and can be continued.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = ONESHOT_EXAMPLES)]
pub struct OneshotArguments {
    /// What to ask; `-` or nothing: read it from stdin to its end
    #[arg(value_name = "PROMPT")]
    pub prompt: Option<String>,

    #[command(flatten)]
    pub ask: AskArguments,

    /// Ask for this procedure of the agent, instead of a prompt
    ///
    /// Agents that were written for triggers have one for each of them. stdin is not read then.
    #[arg(long, value_name = "NAME", conflicts_with = "prompt", value_parser = values::label)]
    pub trigger: Option<String>,

    /// Give the procedure an argument; can be given several times
    ///
    /// NAME=TEXT gives a text, NAME:=JSON anything else: --argument WHO=Ada --argument 'IDS:=[1, 2]'.
    #[arg(long = "argument", value_name = "NAME=VALUE", value_parser = values::value, requires = "trigger")]
    pub arguments: Vec<(String, serde_json::Value)>,

    /// Give the new session an input that its agent declares, as --argument does; can be given several times
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = values::value, conflicts_with = "session")]
    pub input: Vec<(String, serde_json::Value)>,

    /// Answer calls of a tool of the agent with a command; can be given several times
    ///
    /// The command gets the arguments as JSON on stdin; what it prints is what the call gave, JSON or else a text. When it
    /// fails, what it says on stderr is what the agent is told. Without any --tool a run that calls such a tool stays
    /// waiting, and the command ends.
    #[arg(long = "tool", value_name = "NAME=COMMAND", value_parser = values::command)]
    pub tools: Vec<(String, String)>,

    /// Write the answer to this file instead of stdout
    ///
    /// The file appears when the answer is complete; one that is there is replaced.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Keep nothing: the session is gone when the command ends
    #[arg(long, conflicts_with_all = ["session", "store"])]
    pub ephemeral: bool,
}

const RUN_EXAMPLES: &str = "\
Examples:
  ombud run
  ombud run --continue
  ombud run -s build-42 -a reviewer
  ombud run --continue \"And now the tests\"";

/// Talk with an agent
///
/// On a terminal this is a conversation: a line is a prompt, /help lists the commands, Ctrl-C cancels what the agent is
/// doing, Ctrl-D ends. With a prompt it is one turn in the given session, the last one (--continue) or a new one.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = RUN_EXAMPLES)]
pub struct RunArguments {
    /// What to ask; nothing on a terminal: a conversation
    #[arg(value_name = "PROMPT")]
    pub prompt: Option<String>,

    /// Go on with the last session of this workspace
    ///
    /// Where there are several, and somebody sits at a terminal, they are listed, the last one first.
    #[arg(short, long = "continue", conflicts_with_all = ["session", "session_id", "name"])]
    pub continue_last: bool,

    #[command(flatten)]
    pub ask: AskArguments,
}

/// What both commands can say about a question.
#[derive(Clone, Debug, Default, Args)]
pub struct AskArguments {
    /// Go on with this session
    #[arg(short, long, value_name = "ID", value_parser = values::session, conflicts_with = "session_id")]
    pub session: Option<SessionId>,

    /// Give the new session this id; exits 5 when it is in use
    ///
    /// Letters, digits, `.`, `_`, `:` and `-`, at most 128, beginning with a letter or digit.
    #[arg(long, value_name = "ID", value_parser = values::session)]
    pub session_id: Option<SessionId>,

    /// Give the new session a name
    #[arg(long, value_name = "TEXT", value_parser = values::label, conflicts_with = "session")]
    pub name: Option<String>,

    /// Put a tag on the session; can be given several times
    #[arg(long = "tag", value_name = "TAG", value_parser = values::label)]
    pub tags: Vec<String>,

    /// Tell the agent this beside its own instructions
    #[arg(long, value_name = "TEXT")]
    pub instructions: Option<String>,

    /// Ask this model when the first cannot answer; can be given several times, in order
    ///
    /// Used before the first word of an answer only, for models that cannot be reached, fail, refuse the key, or are not
    /// there. Default: `fallback` of the agent, else models.fallback of the config.
    #[arg(long = "fallback-model", value_name = "PROVIDER/MODEL")]
    pub fallback: Vec<String>,

    /// Record what the model is asked and says, as a tape in this new file
    ///
    /// A tape holds no key and no header, but all that was said and what tools gave. Each call of the model is on the disk
    /// when it has ended.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub record: Option<PathBuf>,

    /// Ask no model: say what is on this tape; exits 7 when something else is asked than was recorded
    ///
    /// Needs no network and no key. Tools are carried out again, so the workspace must be as it was.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,

    /// Most calls of the model; exits 8 when they are used up
    ///
    /// Default: budgets.max_turns of the config, else limits.run_turns, which is 50.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_turns: Option<u32>,

    /// Most tokens, sent and received, of all calls of the model together; exits 8 when they are used up
    ///
    /// What comes from the provider's cache counts too. No further call is begun once they are used up, so the run may use
    /// more by its last call; an answer that is whole counts all the same. Default: budgets.max_tokens of the config.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_u64 << 50))]
    pub max_tokens: Option<u64>,

    /// Most US dollars that the run may cost, by the prices of the catalogue; exits 8 when they are used up
    ///
    /// Counted as --max-tokens is. A model whose price is not known is refused: say its input_price and output_price under
    /// [models."PROVIDER/ID"] in the config. Default: budgets.max_cost_usd of the config.
    #[arg(long, value_name = "USD", value_parser = values::dollars)]
    pub max_cost: Option<String>,

    /// Longest run in seconds; exits 124 when they are over
    ///
    /// Time in which nobody works on the run does not count: after a crash, or while it waits.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=2_592_000))]
    pub timeout: Option<u64>,

    /// The answer must be JSON that fits this JSON Schema; exits 9 when it does not
    ///
    /// Draft 2020-12, at most 256 KiB; what it refers to must stand in it. The model is told, and an answer that does not
    /// fit is asked for once more, with what is wrong with it. As text, only JSON that fits is printed; --format json has it
    /// as `output`. The model `offline` cannot keep to one.
    #[arg(long, value_name = "FILE")]
    pub output_schema: Option<PathBuf>,

    /// Show the agent this file; can be given several times
    ///
    /// UTF-8 text (at most 4 MiB) goes beside the question, with its name; PNG, JPEG, GIF and WebP images (at most 20 MiB)
    /// go to models that take images. The content says which it is. The path is taken from the current folder, and need not
    /// be in the workspace; with --server the bytes go along.
    #[arg(long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,

    /// Allow calls of a tool; can be given several times
    ///
    /// TOOL allows every call. TOOL(PATTERN) allows those whose path, command line or address fits the pattern, in which
    /// `*` stands for anything: --allow edit_file --allow 'run_command(cargo test*)' --allow 'fetch_url(docs.rs)'. Reading the workspace is always allowed unless
    /// it is denied. Of --allow and --deny, --deny counts first.
    #[arg(long, value_name = "TOOL[(PATTERN)]", value_parser = values::permission)]
    pub allow: Vec<String>,

    /// Deny calls of a tool; can be given several times
    #[arg(long, value_name = "TOOL[(PATTERN)]", value_parser = values::permission)]
    pub deny: Vec<String>,

    /// Offer the tools of this tool server (MCP) to the agent; can be given several times
    ///
    /// COMMAND is a command line, which works in the workspace for as long as this command; URL begins with http:// or
    /// https://. The tools are called mcp__NAME__TOOL: --mcp 'time=uvx mcp-server-time' --deny 'mcp__time__convert*'.
    #[arg(long = "mcp", value_name = "NAME=COMMAND|URL", value_parser = values::tool_server)]
    pub mcp: Vec<(String, String)>,

    /// What to do while another run works in the session; default: wait
    #[arg(long, value_name = "WHAT", default_value = "wait", hide_default_value = true)]
    pub busy: Busy,

    /// Do not read stdin
    #[arg(long)]
    pub no_stdin: bool,

    /// Do not read AGENTS.md of the workspace as instructions
    #[arg(long)]
    pub no_project_instructions: bool,
}

/// What to do while another run works in the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Busy {
    /// Wait for it, at most limits.busy_wait_seconds
    #[default]
    Wait,
    /// Exit 5 at once
    Fail,
}

impl AskArguments {
    /// Adds what these options say about settings.
    pub fn add_to(&self, flags: Flags) -> Flags {
        Flags {
            fallback: self.fallback.clone(),
            max_turns: self.max_turns,
            max_tokens: self.max_tokens,
            max_cost_usd: self.max_cost.clone(),
            timeout_seconds: self.timeout,
            allow: self.allow.clone(),
            deny: self.deny.clone(),
            mcp: self.mcp.clone(),
            no_project_instructions: self.no_project_instructions,
            ..flags
        }
    }
}

//! The command line. The comments on commands and options are the help texts.

mod agents;
mod ask;
mod keeping;
mod keys;
mod mcp;
mod mcp_serve;
#[cfg(test)]
mod reference;
mod serve;
mod sessions;
mod setup;
mod share;
mod users;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ombud::config::Flags;

pub use agents::{AgentsAdd, AgentsCommand};
pub use ask::{AskArguments, Busy, OneshotArguments, RunArguments};
pub use keeping::{
    ExportForm, SessionsBackup, SessionsExport, SessionsFork, SessionsImport, SessionsPrune, SessionsRewind, SessionsSearch,
    SessionsStats, Since, StatsBy,
};
pub use keys::{KeysAdd, KeysCommand, Permission};
pub use mcp::{McpAdd, McpCommand};
pub use mcp_serve::McpServe;
pub use serve::ServeArguments;
pub use sessions::{
    SessionsCancel, SessionsCommand, SessionsDelete, SessionsEvents, SessionsList, SessionsShow, SessionsTail,
    SessionsUpdate, StatusFilter,
};
pub use setup::{ConfigInit, DoctorArguments, ModelsArguments, VersionArguments};
pub use share::ShareArguments;
pub use users::{UsersAdd, UsersCommand, UsersUpdate};

const ABOUT_LONG: &str = "\
AI agents from the shell and in CI.

An agent answers a prompt. It works in a folder, the workspace, through tools: it may read there, and it writes and runs \
commands only where you allow it. Everything that happens is kept in a session, which any later command can show, follow \
and continue.

Without a model's key the built-in model `offline` answers: a set of rules that really uses the tools, but is no language \
model. Set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST, or choose by --model.";

const EXAMPLES: &str = "\
Examples:
  ombud oneshot \"Which files are the largest, and why?\"
  git diff | ombud oneshot \"Review this change\" --format json
  ombud oneshot \"Run the tests and explain the first failure\" --allow 'run_command(cargo test*)'
  ombud run
  ombud sessions list

Exit codes:
  0    there is an answer, also when a tool was denied
  2    wrong use, or a setting that cannot be used
  3    not allowed
  4    there is no such session, agent or file
  5    in conflict with something that is there, or busy
  6    rate limited or unavailable: a later try may help
  7    the model failed
  8    a budget is used up
  9    the answer does not fit the schema
  70   a defect of this program
  74   the store cannot be read or written
  124  the time is over (--timeout)
  129  cancelled, because the terminal is gone
  130  cancelled by Ctrl-C
  143  cancelled by SIGTERM";

/// AI agents from the shell and in CI.
#[derive(Debug, Parser)]
#[command(
    name = "ombud",
    version,
    long_about = ABOUT_LONG,
    after_long_help = EXAMPLES,
    arg_required_else_help = true,
    propagate_version = false,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: GlobalArguments,

    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArguments {
    /// Read this config file instead of the user's
    ///
    /// TOML, YAML or JSON, by its ending. Default: config.toml, config.yaml or config.json in the folder `ombud` of
    /// $XDG_CONFIG_HOME, which is ~/.config unless it is set.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Keep sessions here: memory:, file:DIR or sqlite:PATH
    ///
    /// Default: sqlite:ombud.db in the folder `ombud` of $XDG_STATE_HOME, which is ~/.local/state unless it is set.
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,

    /// Work in this folder; default: the current one
    ///
    /// Tools see this folder and nothing outside it. Its own config, .ombud/config.toml, counts too, but may only narrow
    /// until you say `ombud trust`. With --server it is a folder of the server, which only its administrators may choose.
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub workspace: Option<PathBuf>,

    /// The agent; default: `default`
    ///
    /// `ombud agents list` shows which there are. For `sessions list`: show only sessions of this agent.
    #[arg(short, long, global = true, value_name = "NAME")]
    pub agent: Option<String>,

    /// The model, such as openai/gpt-5-mini or offline/rules
    ///
    /// The provider is what stands before the first `/`. Default: what the agent or the config says, else a model of the
    /// first provider that has a key, else `offline`. For `sessions update`: the session's model from now on.
    #[arg(short, long, global = true, value_name = "PROVIDER/ID", value_parser = values::model)]
    pub model: Option<String>,

    /// Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000
    ///
    /// Sessions, models, tools and permissions are then those of the server; of the config here only limits of standard
    /// input count. OMBUD_SERVER says the same, and OMBUD_SERVER_TOKEN holds the server's token. For run, oneshot,
    /// sessions, share, restore, keys, users, mcp, models, doctor, and agents but for `agents validate`.
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,

    /// The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN
    #[arg(long, global = true, value_name = "FILE")]
    pub server_token_file: Option<PathBuf>,

    /// The form of the output; default: text
    #[arg(long, global = true, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// When to use colours; default: auto
    #[arg(long, global = true, value_name = "WHEN")]
    pub color: Option<Color>,

    /// Ask nothing, also on a terminal
    ///
    /// What would need a yes is denied, as it is without a terminal.
    #[arg(long, global = true)]
    pub no_input: bool,

    /// Ignore the config files of user and project
    ///
    /// A file that is named by --config still counts, and so does the environment.
    #[arg(long, global = true)]
    pub bare: bool,

    /// Tell more on stderr; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Tell nothing but errors on stderr
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// One JSON object a line, while it happens
    Jsonl,
    /// As jsonl, with the events of Tarko's API
    Tarko,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Run(RunArguments),
    Oneshot(OneshotArguments),
    /// List, show, follow, change and delete sessions
    #[command(subcommand, after_long_help = sessions::EXAMPLES)]
    Sessions(SessionsCommand),
    Share(ShareArguments),
    Restore(RestoreArguments),
    Serve(ServeArguments),
    /// List, show, add, remove and check agents
    #[command(subcommand, after_long_help = agents::EXAMPLES)]
    Agents(AgentsCommand),
    /// Make, list and remove keys, which open a server for programs
    #[command(subcommand, after_long_help = keys::EXAMPLES)]
    Keys(KeysCommand),
    /// Make, list, change and remove accounts of people
    #[command(subcommand, after_long_help = users::EXAMPLES)]
    Users(UsersCommand),
    /// List, add, test and remove tool servers (MCP), and offer your agents as one
    #[command(subcommand, after_long_help = mcp::EXAMPLES)]
    Mcp(McpCommand),
    Models(ModelsArguments),
    Doctor(DoctorArguments),
    Trust(TrustArguments),
    /// Show settings and where they come from, and write a first config
    #[command(subcommand, after_long_help = SHOW_EXAMPLES)]
    Config(ConfigCommand),
    Completions(CompletionsArguments),
    Version(VersionArguments),
}

const RESTORE_EXAMPLES: &str = "\
Examples:
  ombud restore
  ombud restore 0198c0de-0000-7000-8000-000000000001 --resume";

/// Bring sessions in order whose process died
///
/// A run whose process was killed is closed as interrupted, and the session can be continued. Tools that may have worked
/// without an answer are reported to the model as such; nothing that counts each time is done again.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = RESTORE_EXAMPLES)]
pub struct RestoreArguments {
    /// A session, or a file with one; default: all interrupted sessions
    #[arg(value_name = "ID|FILE")]
    pub target: Option<String>,

    /// Go on with the interrupted runs instead of closing them
    #[arg(long)]
    pub resume: bool,

    /// Replace the history of a session that exists without asking
    #[arg(short, long)]
    pub yes: bool,
}

const TRUST_EXAMPLES: &str = "\
Examples:
  ombud trust
  ombud trust -C ~/src/project --yes
  ombud trust --remove
  ombud trust --list";

/// Let the config of a workspace count in full
///
/// A folder may come from somebody else. So .ombud/config.toml and .ombud/agents/ in it may only narrow: deny tools, lower
/// limits. Models, providers, addresses, stores, permits and the environment of commands are ignored until you trust the
/// folder. This command shows what would count and asks. Trust ends when one of these files changes.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = TRUST_EXAMPLES)]
pub struct TrustArguments {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,

    /// Trust the workspace no longer
    #[arg(long, conflicts_with_all = ["yes", "list"])]
    pub remove: bool,

    /// List the folders that are trusted
    #[arg(long, conflicts_with = "yes")]
    pub list: bool,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  ombud config show
  ombud config show -C ~/src/project
  ombud config show --format json | jq '.settings[] | select(.source.kind != \"default\")'

Sources, the first that says something counts: flag, OMBUD_* in the environment, other variables, project, user, default.";

const PATH_EXAMPLES: &str = "\
Examples:
  ombud config path
  $EDITOR \"$(ombud config path --format json | jq -r .user.path)\"";

const SCHEMA_EXAMPLES: &str = "\
Examples:
  ombud config schema > ~/.config/ombud/schema.json

In config.toml, for editors that know taplo:
  #:schema ./schema.json

In config.json:
  { \"$schema\": \"./schema.json\" }";

/// Commands about settings.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting with its value and its source
    ///
    /// Keys and headers are shown as `set`, never as they are.
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show,
    /// Show where files are read from
    #[command(after_long_help = PATH_EXAMPLES)]
    Path,
    Init(ConfigInit),
    /// Print the JSON Schema of a config file, for editors
    #[command(after_long_help = SCHEMA_EXAMPLES)]
    Schema,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(ombud completions bash)           # a line of ~/.bashrc
  ombud completions zsh > ~/.zfunc/_ombud    # a folder of your `fpath`, before `compinit`
  ombud completions fish > ~/.config/fish/completions/ombud.fish";

/// Print the completion script of a shell
///
/// With it the Tab key knows commands, options and files, and the sessions, agents, models and tags that there are at that
/// moment: the script asks this program each time.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionsArguments {
    /// The shell
    pub shell: clap_complete::Shell,
}

impl GlobalArguments {
    /// What the command line says about settings, without what only some commands can say.
    pub fn flags(&self) -> Flags {
        Flags {
            config: self.config.clone(),
            bare: self.bare,
            store: self.store.clone(),
            workspace: self.workspace.clone(),
            agent: self.agent.clone(),
            model: self.model.clone(),
            ..Flags::default()
        }
    }
}

impl Cli {
    /// What the command line says about the settings of a server's caller: agents, models and folders are the server's.
    pub fn flags_of_caller(&self) -> Flags {
        let flags = Flags { config: self.global.config.clone(), bare: self.global.bare, ..Flags::default() };
        match &self.command {
            // It is served here what is asked there.
            Command::Mcp(McpCommand::Serve(serve)) => Flags { server: serve.add_to(Flags::default()).server, ..flags },
            _ => flags,
        }
    }

    /// What the command line says about settings.
    pub fn flags(&self) -> Flags {
        let flags = self.global.flags();
        match &self.command {
            Command::Run(run) => run.ask.add_to(flags),
            Command::Oneshot(oneshot) => oneshot.ask.add_to(flags),
            Command::Serve(serve) => serve.add_to(flags),
            Command::Mcp(McpCommand::Serve(serve)) => serve.add_to(flags),
            // There these two say what is listed or changed, not what is used.
            Command::Sessions(_) => Flags { agent: None, model: None, ..flags },
            _ => flags,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    fn parse(line: &str) -> Result<Cli, clap::error::ErrorKind> {
        Cli::try_parse_from(line.split(' ')).map_err(|error| error.kind())
    }

    #[test]
    fn options_become_flags() {
        let line = "ombud oneshot hello -C dir -a helper -m openai/org/model --store memory: --max-turns 3 --timeout 60 \
                    --allow edit_file --allow run_command(ls*) --deny write_file --no-project-instructions";
        let cli = parse(&line.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap();
        assert_eq!(
            cli.flags(),
            Flags {
                store: Some("memory:".to_owned()),
                workspace: Some("dir".into()),
                agent: Some("helper".to_owned()),
                model: Some("openai/org/model".to_owned()),
                max_turns: Some(3),
                timeout_seconds: Some(60),
                allow: vec!["edit_file".to_owned(), "run_command(ls*)".to_owned()],
                deny: vec!["write_file".to_owned()],
                no_project_instructions: true,
                ..Flags::default()
            }
        );
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in
            ["ombud --format json sessions list", "ombud sessions --format json list", "ombud sessions list --format json"]
        {
            assert_eq!(parse(line).unwrap().global.format, Some(Format::Json), "{line}");
        }
    }

    #[test]
    fn an_agent_for_a_list_is_a_filter_and_no_setting() {
        let cli = parse("ombud sessions list -a helper").unwrap();
        assert_eq!((cli.global.agent.as_deref(), cli.flags().agent), (Some("helper"), None));
    }

    #[test]
    fn values_that_do_not_fit_are_a_usage_error() {
        use clap::error::ErrorKind::{
            ArgumentConflict, InvalidSubcommand, InvalidValue, MissingRequiredArgument, UnknownArgument, ValueValidation,
        };
        for (line, kind) in [
            ("ombud oneshot x --timeout 0", ValueValidation),
            ("ombud oneshot x --timeout soon", ValueValidation),
            ("ombud oneshot x --max-turns 0", ValueValidation),
            ("ombud oneshot x --session-id ../x", ValueValidation),
            ("ombud oneshot x --allow run_command(", ValueValidation),
            ("ombud oneshot x -m gpt", ValueValidation),
            ("ombud oneshot x --format xml", InvalidValue),
            ("ombud oneshot x -s a --session-id b", ArgumentConflict),
            ("ombud oneshot x -s a --ephemeral", ArgumentConflict),
            ("ombud run --continue -s a", ArgumentConflict),
            ("ombud sessions list --limit 0", ValueValidation),
            ("ombud -q -v sessions list", ArgumentConflict),
            ("ombud keys add a --permission all", InvalidValue),
            ("ombud keys add a --permission sessions,", InvalidValue),
            ("ombud keys add a --expires 0d", ValueValidation),
            ("ombud keys add a --expires 90", ValueValidation),
            ("ombud keys add a --doors tarko,other", ValueValidation),
            ("ombud keys add a --admin --permission mint", ArgumentConflict),
            ("ombud users add a", MissingRequiredArgument),
            ("ombud users add a --role owner", InvalidValue),
            ("ombud users update a", MissingRequiredArgument),
            ("ombud users token a --ttl 0", ValueValidation),
            ("ombud users token a --ttl 31536001", ValueValidation),
            ("ombud users passwd a --password secret", UnknownArgument),
            ("ombud sesions", InvalidSubcommand),
        ] {
            assert_eq!(parse(line).err(), Some(kind), "{line}");
        }
    }

    #[test]
    fn a_prompt_may_be_one_dash_or_absent() {
        for (line, prompt) in [("ombud oneshot -", Some("-")), ("ombud oneshot", None)] {
            let Command::Oneshot(arguments) = parse(line).unwrap().command else { panic!("{line}") };
            assert_eq!(arguments.prompt.as_deref(), prompt);
        }
    }

    #[test]
    fn every_command_and_option_is_explained() {
        fn check(command: &clap::Command, path: &str) {
            assert!(command.get_about().is_some(), "{path} has no help");
            for argument in command.get_arguments() {
                let name = argument.get_id();
                assert!(argument.get_help().is_some(), "{path} {name} has no help");
                let short = argument.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!short.ends_with('.'), "{path} {name}: the short help ends in a full stop");
            }
            for command in command.get_subcommands() {
                assert!(command.get_after_long_help().is_some(), "{path} {} has no examples", command.get_name());
                check(command, &format!("{path} {}", command.get_name()));
            }
        }
        check(&Cli::command(), "ombud");
    }
}

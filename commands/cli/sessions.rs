//! Options of the commands about sessions.

use clap::{Args, Subcommand, ValueEnum};
use ombud::domain::SessionId;

use super::keeping::{
    SessionsBackup, SessionsExport, SessionsFork, SessionsImport, SessionsPrune, SessionsRewind, SessionsSearch,
    SessionsStats,
};
use super::values;

pub const EXAMPLES: &str = "\
Examples:
  ombud sessions list --tag nightly --status interrupted
  ombud sessions show build-42
  ombud sessions tail build-42
  ombud sessions search flaky test --since 7d
  ombud sessions export build-42 -o build-42.jsonl
  ombud sessions delete build-41 build-42 --yes";

/// Commands about sessions.
#[derive(Clone, Debug, Subcommand)]
pub enum SessionsCommand {
    List(SessionsList),
    Show(SessionsShow),
    Events(SessionsEvents),
    Tail(SessionsTail),
    Update(SessionsUpdate),
    Cancel(SessionsCancel),
    Search(SessionsSearch),
    Fork(SessionsFork),
    Rewind(SessionsRewind),
    Export(SessionsExport),
    Import(SessionsImport),
    Stats(SessionsStats),
    Delete(SessionsDelete),
    Prune(SessionsPrune),
    Backup(SessionsBackup),
}

const LIST_EXAMPLES: &str = "\
Examples:
  ombud sessions list
  ombud sessions list -a reviewer --tag nightly --limit 10
  ombud sessions list --status interrupted --format json";

/// List sessions, the newest first
///
/// With --format json the field `next` holds the cursor for --after, or null on the last page.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = LIST_EXAMPLES)]
pub struct SessionsList {
    /// Most sessions to list
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,

    /// Go on after this cursor of the page before
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,

    /// Only sessions with this tag; given several times: with all of them
    #[arg(long = "tag", value_name = "TAG", value_parser = values::label)]
    pub tags: Vec<String>,

    /// Only sessions that stand so
    #[arg(long, value_name = "STATUS")]
    pub status: Option<StatusFilter>,
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFilter {
    /// Nothing is at work
    Idle,
    /// A run is queued or at work
    Running,
    /// A run waits for the caller's tools
    Waiting,
    /// A run's process died; `ombud restore` brings it in order
    Interrupted,
    /// Its time is over
    Expired,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  ombud sessions show build-42
  ombud sessions show build-42 --limit 5 --format json";

/// Show a session and its last messages
#[derive(Clone, Debug, Args)]
#[command(after_long_help = SHOW_EXAMPLES)]
pub struct SessionsShow {
    /// The session; on a terminal it can be left out, and is chosen from a list
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: Option<SessionId>,

    /// Most messages to show
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,

    /// Only messages before this cursor
    #[arg(long, value_name = "CURSOR")]
    pub before: Option<String>,
}

const EVENTS_EXAMPLES: &str = "\
Examples:
  ombud sessions events build-42
  ombud sessions events build-42 --after 1:120 --limit 10";

/// Print the log of a session, one JSON object a line
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EVENTS_EXAMPLES)]
pub struct SessionsEvents {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// Begin after this cursor; default: at the beginning
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,

    /// Most events to print; default: all
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

const TAIL_EXAMPLES: &str = "\
Examples:
  ombud sessions tail build-42
  ombud sessions tail build-42 --after 1:120 --format jsonl";

/// Follow what happens in a session until Ctrl-C
#[derive(Clone, Debug, Args)]
#[command(after_long_help = TAIL_EXAMPLES)]
pub struct SessionsTail {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// Begin after this cursor; default: with what happens from now on
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

const UPDATE_EXAMPLES: &str = "\
Examples:
  ombud sessions update build-42 --name \"Build of Friday\"
  ombud sessions update build-42 --tag keep --untag nightly
  ombud sessions update build-42 -m openai/gpt-5";

/// Change a session's name, tags or model
///
/// The global option -m/--model gives the session's model from now on.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = UPDATE_EXAMPLES)]
pub struct SessionsUpdate {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// Its new name
    #[arg(long, value_name = "TEXT", value_parser = values::label)]
    pub name: Option<String>,

    /// Put a tag on it; can be given several times
    #[arg(long = "tag", value_name = "TAG", value_parser = values::label)]
    pub tags: Vec<String>,

    /// Take a tag off it; can be given several times
    #[arg(long = "untag", value_name = "TAG", value_parser = values::label)]
    pub untags: Vec<String>,
}

const CANCEL_EXAMPLES: &str = "\
Examples:
  ombud sessions cancel build-42";

/// Cancel what runs in a session, also in another process
///
/// The process that works on it stops within a second and writes the run's end. The session stays.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = CANCEL_EXAMPLES)]
pub struct SessionsCancel {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// Only this run; default: all of the session
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

const DELETE_EXAMPLES: &str = "\
Examples:
  ombud sessions delete build-41 build-42 --yes";

/// Delete sessions with all that they hold
///
/// On a terminal it asks first. Without one it needs --yes.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = DELETE_EXAMPLES)]
pub struct SessionsDelete {
    /// The sessions
    #[arg(value_name = "ID", required = true, value_parser = values::session)]
    pub ids: Vec<SessionId>,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

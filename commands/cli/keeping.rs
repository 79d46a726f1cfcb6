//! Options of the commands that find, copy and put away sessions.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use ombud::domain::{SessionId, Timestamp};

use super::values;

const SEARCH_EXAMPLES: &str = "\
Examples:
  ombud sessions search flaky test
  ombud sessions search '\"connection reset\"' --since 7d
  ombud sessions search 'time*' --tag nightly --format json";

/// Find messages and titles that hold words
///
/// All words must stand in one message; case does not count. "Several words" in quotes must follow each other, and a word
/// that ends in * stands for all that begin so. What counts for nothing any more is not found.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = SEARCH_EXAMPLES)]
pub struct SessionsSearch {
    /// What is looked for
    #[arg(value_name = "QUERY", required = true)]
    pub query: Vec<String>,

    /// Only sessions with this tag; given several times: with all of them
    #[arg(long = "tag", value_name = "TAG", value_parser = values::label)]
    pub tags: Vec<String>,

    /// Only what was said since: a time such as 12h or 30d, or a day such as 2026-11-20
    #[arg(long, value_name = "WHEN", value_parser = values::since)]
    pub since: Option<Since>,

    /// Most hits to list
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub limit: u32,

    /// Go on after this cursor of the page before
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
}

/// A moment: so long ago, or told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many seconds ago.
    Ago(u64),
    /// Then.
    At(Timestamp),
}

const FORK_EXAMPLES: &str = "\
Examples:
  ombud sessions fork build-42
  ombud sessions fork build-42 --at 0198c0de-0000-7000-8000-000000000001 --id build-42-again";

/// Begin a session with the history of another
///
/// The other session stays as it is. Files come along. `sessions show` tells the ids of messages with --format json.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = FORK_EXAMPLES)]
pub struct SessionsFork {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// The last message that comes along; default: all
    #[arg(long, value_name = "MESSAGE")]
    pub at: Option<String>,

    /// Give the new session this id
    #[arg(long = "id", value_name = "ID", value_parser = values::session)]
    pub new: Option<SessionId>,

    /// Give the new session a name; default: the name of the other
    #[arg(long, value_name = "TEXT", value_parser = values::label)]
    pub name: Option<String>,
}

const REWIND_EXAMPLES: &str = "\
Examples:
  ombud sessions rewind build-42 --turns 1
  ombud sessions rewind build-42 --to 0198c0de-0000-7000-8000-000000000001";

/// Go back in a session to an earlier message
///
/// What came later counts for nothing any more; the log keeps it. After a message that calls tools, what its calls gave
/// still counts.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = REWIND_EXAMPLES, group(ArgGroup::new("how-far").args(["to", "turns"]).required(true)))]
pub struct SessionsRewind {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// The message that is the last one then
    #[arg(long, value_name = "MESSAGE")]
    pub to: Option<String>,

    /// Take back so many questions, with all that came of them
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pub turns: Option<u32>,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// Everything, as lines of JSON that `sessions import` reads
    #[default]
    Native,
    /// What was said, to be read
    Markdown,
    /// A page that replays the session; keys are taken out, as by `ombud share`
    Html,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  ombud sessions export build-42 -o build-42.jsonl
  ombud sessions export build-42 --to markdown | less
  ombud sessions export build-42 | ssh other ombud sessions import -";

/// Write a session into a file
///
/// The native form holds all events, files and bytes as they are, also what was said to the model alone: look through it
/// before you give it away. Imported again it is the same session.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXPORT_EXAMPLES)]
pub struct SessionsExport {
    /// The session
    #[arg(value_name = "ID", value_parser = values::session)]
    pub id: SessionId,

    /// The form
    #[arg(long, value_name = "FORM", default_value = "native")]
    pub to: ExportForm,

    /// Write into this file; default: to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  ombud sessions import build-42.jsonl
  ombud sessions import build-42.jsonl --id build-42-copy
  ombud sessions import ~/.claude/projects/my-project/0198c0de-0000-7000-8000-000000000001.jsonl";

/// Make a session of a file
///
/// Reads what `sessions export` wrote, and transcripts of Claude Code (~/.claude/projects) and Codex
/// (rollout-*.jsonl); which of them it is, its first lines tell. The session is made whole or not at all. Under another id
/// than it had, its runs get new ids too. Runs that had not ended are closed.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = IMPORT_EXAMPLES)]
pub struct SessionsImport {
    /// The file; `-`: standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Give the session this id; default: the one that it had
    #[arg(long, value_name = "ID", value_parser = values::session)]
    pub id: Option<SessionId>,

    /// Put a tag on the session of a transcript; can be given several times
    #[arg(long = "tag", value_name = "TAG", value_parser = values::label)]
    pub tags: Vec<String>,
}

const PRUNE_EXAMPLES: &str = "\
Examples:
  ombud sessions prune --older-than 30d --dry-run
  ombud sessions prune --keep 100 --tag nightly --yes
  ombud sessions prune --max-bytes 500M --yes";

/// Delete old sessions
///
/// A session is deleted when any of the rules says so; one at work stays. The settings retention.* do the same by
/// themselves, once a day. On a terminal it asks first; without one it needs --yes.
#[derive(Clone, Debug, Args)]
#[command(
    after_long_help = PRUNE_EXAMPLES,
    group(ArgGroup::new("rule").args(["older_than", "keep", "max_bytes"]).required(true).multiple(true))
)]
pub struct SessionsPrune {
    /// Those that were changed last so long ago: 12h, 30d, 52w
    #[arg(long, value_name = "TIME", value_parser = values::life)]
    pub older_than: Option<u64>,

    /// All but so many, the ones that changed last
    #[arg(long, value_name = "COUNT")]
    pub keep: Option<u64>,

    /// The ones that changed longest ago, until the others have no more: 1000000, 500M, 2G
    #[arg(long, value_name = "BYTES", value_parser = values::bytes)]
    pub max_bytes: Option<u64>,

    /// Only sessions with this tag, the others do not count; given several times: with all of them
    #[arg(long = "tag", value_name = "TAG", value_parser = values::label)]
    pub tags: Vec<String>,

    /// Tell what would be deleted, and delete nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// What use is added up by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatsBy {
    /// The day, in UTC
    #[default]
    Day,
    /// The agent
    Agent,
    /// The model
    Model,
    /// The tool
    Tool,
}

const STATS_EXAMPLES: &str = "\
Examples:
  ombud sessions stats
  ombud sessions stats --since 30d --by model
  ombud sessions stats --by tool --format json";

/// Tell what runs have used: tokens, cost, tools
///
/// Deleted sessions do not count any more.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = STATS_EXAMPLES)]
pub struct SessionsStats {
    /// Only runs since: a time such as 12h or 30d, or a day such as 2026-11-20
    #[arg(long, value_name = "WHEN", value_parser = values::since)]
    pub since: Option<Since>,

    /// What it is added up by
    #[arg(long, value_name = "WHAT", default_value = "day")]
    pub by: StatsBy,
}

const BACKUP_EXAMPLES: &str = "\
Examples:
  ombud sessions backup /backups/ombud-today.db
  ombud sessions list --store sqlite:/backups/ombud-today.db";

/// Copy the whole store while others go on with it
///
/// The copy holds everything that was durable when the command began: sessions, agents, keys, secrets. Keep it as you keep
/// the store. To use it, name it by --store. A store in a folder (file:) is copied into a new folder.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = BACKUP_EXAMPLES)]
pub struct SessionsBackup {
    /// Where the copy goes; nothing may be there
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

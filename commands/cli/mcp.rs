//! Options of the commands about tool servers.

use clap::{Args, Subcommand};

use super::{McpServe, values};

pub const EXAMPLES: &str = "\
Examples:
  ombud mcp add time -- uvx mcp-server-time
  ombud mcp add tracker --url https://tracker.example/mcp --header 'Authorization=Bearer KEY'
  ombud mcp test time
  ombud mcp list
  ombud oneshot \"What time is it in Lima?\"
  ombud oneshot \"What is open?\" --mcp tracker=https://tracker.example/mcp";

const ADD_EXAMPLES: &str = "\
Examples:
  ombud mcp add time -- uvx mcp-server-time --local-timezone UTC
  ombud mcp add memory --env MEMORY_FILE_PATH=/srv/memory.json -- npx -y @modelcontextprotocol/server-memory
  ombud mcp add tracker --url https://tracker.example/mcp --header 'Authorization=Bearer KEY'
  ombud mcp add time --server https://agents.example -- uvx mcp-server-time";

const LIST_EXAMPLES: &str = "\
Examples:
  ombud mcp list
  ombud mcp list --server http://127.0.0.1:3000 --format json";

const TEST_EXAMPLES: &str = "\
Examples:
  ombud mcp test time
  ombud mcp test time --format json | jq -r '.tools[].name'";

const REMOVE_EXAMPLES: &str = "\
Examples:
  ombud mcp remove time
  ombud mcp remove time --server https://agents.example";

const START_EXAMPLES: &str = "\
Examples:
  ombud mcp start time --server http://127.0.0.1:3000";

const STOP_EXAMPLES: &str = "\
Examples:
  ombud mcp stop time --server http://127.0.0.1:3000";

const RESTART_EXAMPLES: &str = "\
Examples:
  ombud mcp restart time --server http://127.0.0.1:3000";

const LOGS_EXAMPLES: &str = "\
Examples:
  ombud mcp logs time --server http://127.0.0.1:3000
  ombud mcp logs time --limit 1000 --format jsonl --server http://127.0.0.1:3000";

/// Commands about tool servers.
#[derive(Clone, Debug, Subcommand)]
pub enum McpCommand {
    /// List the tool servers that there are, of the configuration and of the store
    #[command(after_long_help = LIST_EXAMPLES)]
    List,
    Add(McpAdd),
    /// Remove a tool server from the store, with its secrets and the folder that it worked in
    #[command(after_long_help = REMOVE_EXAMPLES)]
    Remove(OneMcp),
    /// Start a tool server, show the tools that it offers, and stop it again
    #[command(after_long_help = TEST_EXAMPLES)]
    Test(OneMcp),
    /// Start a tool server in a server, now and whenever that starts
    #[command(after_long_help = START_EXAMPLES)]
    Start(OneMcp),
    /// Stop a tool server in a server
    #[command(after_long_help = STOP_EXAMPLES)]
    Stop(OneMcp),
    /// Stop a tool server in a server, and start it again
    #[command(after_long_help = RESTART_EXAMPLES)]
    Restart(OneMcp),
    /// Show the newest lines that a tool server wrote in a server, and what was done with it
    #[command(after_long_help = LOGS_EXAMPLES)]
    Logs {
        #[command(flatten)]
        one: OneMcp,

        /// Most lines
        #[arg(long, value_name = "COUNT", default_value = "100", value_parser = clap::value_parser!(u16).range(1..=1_000))]
        limit: u16,
    },
    Serve(McpServe),
}

/// A tool server that is named.
#[derive(Clone, Debug, Args)]
pub struct OneMcp {
    /// The tool server, by its slug or its id
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Add a tool server to the store
///
/// Every agent that does not name its tool servers is offered its tools, as mcp__NAME__TOOL. Commands start it when they
/// need it; a server starts it with itself, or at once by `ombud mcp start`. Values of --env and --header are kept as
/// secrets.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = ADD_EXAMPLES)]
pub struct McpAdd {
    /// Its name; its slug is made of it
    #[arg(value_name = "NAME", value_parser = values::label)]
    pub name: String,

    /// The program and its arguments
    #[arg(value_name = "COMMAND", last = true, required_unless_present = "url", conflicts_with = "url")]
    pub command: Vec<String>,

    /// The address of one that is spoken to over streamable HTTP
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,

    /// A variable that the program gets; can be given several times
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = values::pair, conflicts_with = "url")]
    pub variables: Vec<(String, String)>,

    /// A header of every request; can be given several times
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = values::pair, requires = "url")]
    pub headers: Vec<(String, String)>,

    /// Offer its tools only to agents that name it
    #[arg(long)]
    pub only_named: bool,
}

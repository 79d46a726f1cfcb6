//! Options of the commands about agents.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub const EXAMPLES: &str = "\
Examples:
  ombud agents list
  ombud agents validate .ombud/agents/*.toml
  ombud agents add reviewer.toml
  ombud oneshot -a reviewer \"Review the last change.\"

A definition, reviewer.toml:
  description = \"Reviews changes\"
  instructions = \"Review what the person gives you. Name file and line. Be strict and kind.\"
  tools = [\"read_file\", \"search_files\"]
  model = \"openai/gpt-5-mini\"

  [permissions]
  deny = [\"write_file\"]";

const LIST_EXAMPLES: &str = "\
Examples:
  ombud agents list
  ombud agents list --format json | jq -r '.agents[].name'";

const SHOW_EXAMPLES: &str = "\
Examples:
  ombud agents show default
  ombud agents show default > mine.toml";

const REMOVE_EXAMPLES: &str = "\
Examples:
  ombud agents remove reviewer
  ombud agents remove reviewer --server http://127.0.0.1:3000";

const VALIDATE_EXAMPLES: &str = "\
Examples:
  ombud agents validate reviewer.toml
  ombud agents validate .ombud/agents/*.toml --format json
  ombud agents validate support-chat/";

/// Commands about agents.
#[derive(Clone, Debug, Subcommand)]
pub enum AgentsCommand {
    /// List the agents that there are, of the configuration and of the store
    #[command(after_long_help = LIST_EXAMPLES)]
    List,
    /// Show the definition of an agent as TOML, or with --format json all that is known of it
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show {
        /// The agent, by name or id
        #[arg(value_name = "NAME")]
        name: String,
    },
    Add(AgentsAdd),
    /// Remove an agent from the store
    ///
    /// Its name is free then. Its sessions can still be read, and runs that have begun go on. An agent of the configuration
    /// is removed where it is configured.
    #[command(after_long_help = REMOVE_EXAMPLES)]
    Remove {
        /// The agent, by name or id
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check definitions; exits 2 when one of them is wrong
    #[command(after_long_help = VALIDATE_EXAMPLES)]
    Validate {
        /// Files in TOML, YAML or JSON, or folders with settings.json and protocol.yaml
        #[arg(value_name = "PATH", required = true)]
        files: Vec<PathBuf>,
    },
}

const ADD_EXAMPLES: &str = "\
Examples:
  ombud agents add reviewer.toml
  ombud agents add reviewer.toml --force
  ombud agents add reviewer.yaml --project
  ombud agents add support-chat/";

/// Check a definition and keep it in the store
///
/// Every process that uses the store sees the agent at once, servers too. The agent's name is the file's name without its
/// ending, unless the definition has a `name`. With --user or --project the file is copied to where configuration is read
/// from, and the store is left alone.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = ADD_EXAMPLES)]
pub struct AgentsAdd {
    /// A file in TOML, YAML or JSON, or a folder with settings.json and protocol.yaml
    #[arg(value_name = "PATH")]
    pub file: PathBuf,

    /// Keep it beside your config file instead
    #[arg(long, conflicts_with = "project")]
    pub user: bool,

    /// Keep it in .ombud/agents of the workspace instead
    #[arg(long)]
    pub project: bool,

    /// Replace the definition of an agent of this name
    #[arg(long)]
    pub force: bool,
}

//! Options of the commands about agents.

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub const EXAMPLES: &str = "\
Examples:
  ombud agents list
  ombud agents validate .ombud/agents/*.toml
  ombud agents add reviewer.toml

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

const VALIDATE_EXAMPLES: &str = "\
Examples:
  ombud agents validate reviewer.toml
  ombud agents validate .ombud/agents/*.toml --format json";

/// Commands about agents.
#[derive(Clone, Debug, Subcommand)]
pub enum AgentsCommand {
    /// List the agents that there are
    #[command(after_long_help = LIST_EXAMPLES)]
    List,
    /// Show the definition of an agent as TOML, or as JSON
    #[command(after_long_help = SHOW_EXAMPLES)]
    Show {
        /// The agent
        #[arg(value_name = "NAME")]
        name: String,
    },
    Add(AgentsAdd),
    /// Check definitions; exits 2 when one of them is wrong
    #[command(after_long_help = VALIDATE_EXAMPLES)]
    Validate {
        /// Files in TOML, YAML or JSON
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

const ADD_EXAMPLES: &str = "\
Examples:
  ombud agents add reviewer.toml
  ombud agents add reviewer.yaml --project";

/// Check a definition and keep it among your agents
///
/// The file is copied into the folder `agents` beside the user's config file. The agent's name is the file's name without its
/// ending, unless the definition has a `name`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = ADD_EXAMPLES)]
pub struct AgentsAdd {
    /// A file in TOML, YAML or JSON
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// Keep it in .ombud/agents of the workspace instead
    #[arg(long)]
    pub project: bool,

    /// Replace an agent of this name
    #[arg(long)]
    pub force: bool,
}

//! Options of `serve`.

use clap::Args;

const SERVE_EXAMPLES: &str = "\
Examples:
  ombud serve
  ombud serve --port 8080";

/// Open the house over HTTP
#[derive(Clone, Debug, Args)]
#[command(after_long_help = SERVE_EXAMPLES)]
pub struct ServeArguments {
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// The port to listen on; 0: any that is free
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
}

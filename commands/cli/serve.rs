//! Options of `serve`.

use std::path::PathBuf;

use clap::Args;
use ombud::config::{Flags, ServerFlags};

use super::values;

const SERVE_EXAMPLES: &str = "\
Examples:
  ombud serve
  ombud serve --port 8080 --allow edit_file
  ombud serve --host 0.0.0.0 --token-file ~/token --tls-cert cert.pem --tls-key key.pem
  ombud serve --print-routes

Programs of this machine may use the server without a token, but administer nothing: no commands are run for them unless \
you say --allow-local-admin. An address that others can reach needs a token.

SIGTERM and Ctrl-C: no new connections, runs may end (--drain), the rest is cancelled and its end is written. The second \
one ends at once.";

/// Open the house over HTTP
///
/// Serves the APIs of other agents on their own paths, each also under /NAME. /docs describes all of them, /metrics is for
/// Prometheus, /healthz and /readyz are for whoever starts it. When it is ready it says so on stderr, in one line.
#[derive(Clone, Debug, Default, Args)]
#[command(after_long_help = SERVE_EXAMPLES)]
pub struct ServeArguments {
    /// The address to listen on; default: 127.0.0.1
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// The port to listen on; 0: any that is free; default: 3000
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,

    /// The APIs to serve, separated by commas; default: all
    ///
    /// Of two that claim one path, the first wins there; each is also served under its own name.
    #[arg(long, value_name = "NAMES")]
    pub dialects: Option<String>,

    /// The token that opens every door; better: --token-file
    ///
    /// Everybody who can list the processes of this machine sees it.
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file")]
    pub token: Option<String>,

    /// Read the token from this file
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Let everybody in who reaches the address, to do everything
    #[arg(long, conflicts_with_all = ["token", "token_file"])]
    pub no_auth: bool,

    /// Let programs of this machine do everything without a token
    #[arg(long)]
    pub allow_local_admin: bool,

    /// Allow calls of a tool; can be given several times
    ///
    /// As for `ombud oneshot`. What must be asked is asked in the web interface.
    #[arg(long, value_name = "TOOL[(PATTERN)]", value_parser = values::permission)]
    pub allow: Vec<String>,

    /// Deny calls of a tool; can be given several times
    #[arg(long, value_name = "TOOL[(PATTERN)]", value_parser = values::permission)]
    pub deny: Vec<String>,

    /// Let only one run work at a time
    #[arg(long)]
    pub exclusive: bool,

    /// Serve the web interface in this folder instead of the console
    #[arg(long, value_name = "DIR")]
    pub webui: Option<PathBuf>,

    /// Serve TLS with this certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// How long runs may take to end when the server is told to; default: 30s
    #[arg(long, value_name = "TIME", value_parser = values::seconds)]
    pub drain: Option<u64>,

    /// The form of log lines: text or json; default: text
    #[arg(long, value_name = "FORM")]
    pub log_format: Option<String>,

    /// Print every route with its API and who may use it, and exit
    #[arg(long)]
    pub print_routes: bool,

    /// Write a line to this file descriptor when the server is ready
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(3..))]
    pub ready_fd: Option<u32>,
}

impl ServeArguments {
    /// Adds what these options say about settings.
    pub fn add_to(&self, flags: Flags) -> Flags {
        let server = ServerFlags {
            host: self.host.clone(),
            port: self.port,
            dialects: self.dialects.clone(),
            token: self.token.clone(),
            token_file: self.token_file.clone(),
            no_auth: self.no_auth,
            allow_local_admin: self.allow_local_admin,
            exclusive: self.exclusive,
            drain_seconds: self.drain,
            webui: self.webui.clone(),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            log_format: self.log_format.clone(),
            serving: !self.print_routes,
        };
        Flags { allow: self.allow.clone(), deny: self.deny.clone(), server, ..flags }
    }
}

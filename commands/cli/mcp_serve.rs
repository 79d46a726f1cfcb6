//! Options of `mcp serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use ombud::config::Flags;

use super::{ServeArguments, values};

const SERVE_EXAMPLES: &str = "\
Examples:
  ombud mcp serve
  ombud mcp serve -C ~/src/project --allow edit_file
  ombud mcp serve --server https://agents.example --server-token-file ~/token
  ombud mcp serve --http 127.0.0.1:3001

An MCP client is told to start the first of these, such as {\"command\": \"ombud\", \"args\": [\"mcp\", \"serve\"]}. \
Over HTTP it is given the address with /mcp at its end. `ombud serve` has the same at /mcp.

Nobody is asked for permission: what is not allowed is denied.";

/// Let MCP clients ask your agents and read your sessions
///
/// Speaks the Model Context Protocol over standard input and output, for programs that start their servers themselves; or
/// over HTTP. Tools: ask, list_agents, list_sessions, read_session, cancel. Sessions are also resources.
#[derive(Clone, Debug, Default, Args)]
#[command(after_long_help = SERVE_EXAMPLES)]
pub struct McpServe {
    /// Serve over HTTP at this address instead of standard input and output
    ///
    /// Port 0: any that is free. An address that others can reach needs a token, as for `ombud serve`.
    #[arg(long, value_name = "HOST:PORT", value_parser = address)]
    pub http: Option<(String, u16)>,

    /// Read the token that opens it over HTTP from this file
    #[arg(long, value_name = "FILE", requires = "http")]
    pub token_file: Option<PathBuf>,

    /// Let everybody in who reaches the address, to do everything
    #[arg(long, requires = "http", conflicts_with = "token_file")]
    pub no_auth: bool,

    /// Let programs of this machine do everything over HTTP without a token
    #[arg(long, requires = "http")]
    pub allow_local_admin: bool,

    /// Allow calls of a tool; can be given several times
    ///
    /// As for `ombud oneshot`.
    #[arg(long, value_name = "TOOL[(PATTERN)]", value_parser = values::permission)]
    pub allow: Vec<String>,

    /// Deny calls of a tool; can be given several times
    #[arg(long, value_name = "TOOL[(PATTERN)]", value_parser = values::permission)]
    pub deny: Vec<String>,
}

impl McpServe {
    /// Adds what these options say about settings.
    pub fn add_to(&self, flags: Flags) -> Flags {
        match &self.http {
            Some((host, port)) => ServeArguments {
                host: Some(host.clone()),
                port: Some(*port),
                dialects: Some(ombud::dialects::mcp::NAME.to_owned()),
                token_file: self.token_file.clone(),
                no_auth: self.no_auth,
                allow_local_admin: self.allow_local_admin,
                allow: self.allow.clone(),
                deny: self.deny.clone(),
                ..ServeArguments::default()
            }
            .add_to(flags),
            None => Flags { allow: self.allow.clone(), deny: self.deny.clone(), ..flags },
        }
    }
}

/// Host and port.
fn address(text: &str) -> Result<(String, u16), String> {
    let wrong = || "must be an address and a port, such as 127.0.0.1:3001".to_owned();
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok((address.ip().to_string(), address.port()));
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    if host.is_empty() || host.contains([':', '/', '[', ']']) {
        return Err(wrong());
    }
    Ok((host.to_owned(), port.parse().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port() {
        assert_eq!(address("127.0.0.1:0"), Ok(("127.0.0.1".to_owned(), 0)));
        assert_eq!(address("[::1]:3001"), Ok(("::1".to_owned(), 3_001)));
        assert_eq!(address("localhost:80"), Ok(("localhost".to_owned(), 80)));
        for text in ["", "3001", "localhost", ":3001", "::1:3001", "localhost:x", "http://a:1", "localhost:70000"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}

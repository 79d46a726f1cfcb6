//! `ombud mcp …`: the Model Context Protocol.

mod serve;

use ombud::domain::Result;

use crate::cli::McpCommand;
use crate::program::Program;

/// Runs the command; answers what the program exits with.
pub async fn execute(program: &Program, command: &McpCommand) -> Result<u8> {
    match command {
        McpCommand::Serve(arguments) => serve::execute(program, arguments).await,
    }
}

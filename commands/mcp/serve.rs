//! `ombud mcp serve`: our agents for MCP clients, over standard input and output or over HTTP.

use std::time::Duration;

use ombud::dialects::mcp::serve_standard_streams;
use ombud::domain::{Error, Result};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::cli::McpServe;
use crate::follow::leave;
use crate::program::Program;
use crate::serve::{Opened, serve};
use crate::signals::Signals;

/// How long cancelled runs may take to write their end.
const GRACE: Duration = Duration::from_millis(1_500);

/// Runs the command; answers what the program exits with.
pub async fn execute(program: &Program, args: &McpServe) -> Result<u8> {
    program.check_tools(args.allow.iter().chain(&args.deny))?;
    if args.http.is_none() {
        return over_pipes(program).await;
    }
    let opened = match &program.server {
        None => Opened::here(program).await?,
        Some(server) => {
            let settings = &program.settings().server;
            if settings.token.is_none() && !settings.no_auth {
                // Whoever reached this program would call the server with its token.
                return Err(Error::invalid("with --server, who comes over HTTP must show a token, and there is none")
                    .hint("set one with --token-file, or let everybody in who reaches it: --no-auth"));
            }
            Opened { engine: program.open().await?, house: None, about: format!("server={}", server.url) }
        }
    };
    serve(program, opened, None).await
}

async fn over_pipes(program: &Program) -> Result<u8> {
    let mut signals = Signals::catch().map_err(|error| Error::internal(format!("no signals: {error}")))?;
    let engine = program.open().await?;
    let leaving = CancellationToken::new();
    let serving = serve_standard_streams(engine.clone(), program.caller(), leaving.clone());
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        _ = signals.next() => {
            leaving.cancel();
            tokio::select! {
                served = &mut serving => served,
                _ = signals.next() => Ok(()),
            }
        }
    };
    leave(&*engine, &mut signals, Some(Instant::now() + GRACE)).await;
    served.map(|()| 0)
}

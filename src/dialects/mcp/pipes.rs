//! One client over two pipes: one message a line, as clients that start a program speak.

use std::sync::Arc;
use std::time::Duration;

use rmcp::service::ServerInitializeError;
use rmcp::{serve_server, transport};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::handler::AgentServer;
use crate::domain::{Error, Principal, Result};
use crate::engine::Engine;

/// How long requests may take to end that the client left behind.
const GRACE: Duration = Duration::from_millis(1_500);

/// Serves whoever started this process, over its standard input and output, as [`serve_pipes`].
///
/// # Errors
/// As [`serve_pipes`].
pub async fn serve_standard_streams(engine: Arc<dyn Engine>, caller: Principal, leaving: CancellationToken) -> Result<()> {
    let (reader, writer) = transport::stdio_pipes();
    serve_pipes(engine, caller, (reader, writer), leaving).await
}

/// Serves one client until it closes its side, or `leaving` is done: then what works is cancelled.
///
/// # Errors
/// `invalid_input` when what comes does not begin as the protocol does.
pub async fn serve_pipes<R, W>(
    engine: Arc<dyn Engine>,
    caller: Principal,
    (reader, writer): (R, W),
    leaving: CancellationToken,
) -> Result<()>
where
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let working = TaskTracker::new();
    // Ended here too, however the connection ends.
    let ends = leaving.child_token();
    let server = AgentServer { engine, caller: Some(caller), working: working.clone(), leaving: ends.clone() };
    let begun = tokio::select! {
        begun = serve_server(server, (reader, writer)) => begun,
        () = leaving.cancelled() => return Ok(()),
    };
    let connection = match begun {
        Ok(connection) => connection,
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => {
            return Err(Error::invalid(format!("the client does not speak MCP: {error}"))
                .hint("let an MCP client start this program; `ombud oneshot` asks an agent from a shell"));
        }
    };
    let closing = connection.cancellation_token();
    let waiting = connection.waiting();
    tokio::pin!(waiting);
    let ended = tokio::select! {
        ended = &mut waiting => ended,
        () = leaving.cancelled() => {
            // What works has seen it as well, and answers before the connection closes.
            closing.cancel();
            waiting.await
        }
    };
    ends.cancel();
    working.close();
    let _ = tokio::time::timeout(GRACE, working.wait()).await;
    match ended {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::internal(format!("the connection ended badly: {error}"))),
    }
}

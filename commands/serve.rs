//! `ombud serve`: the house opened to others.

use std::sync::Arc;

use ombud::domain::Result;
use ombud::observe::SystemClock;
use ombud::server::Server;

use crate::cli::ServeArguments;
use crate::program::Program;
use crate::render::note;
use crate::signals::Signals;

/// Runs the command; answers what the program exits with.
pub async fn execute(program: &Program, args: &ServeArguments) -> Result<u8> {
    let mut settings = program.settings().clone();
    if let Some(host) = &args.host {
        settings.server.host.clone_from(host);
    }
    if let Some(port) = args.port {
        settings.server.port = port;
    }
    settings.server.dialects = vec!["tarko".to_owned()];
    let mut signals = Signals::catch().map_err(|error| ombud::domain::Error::internal(format!("no signals: {error}")))?;
    let house = program.open_house(Arc::new(ombud::engine::NobodyToAsk), false).await?;
    let server = Server::bind(house, Arc::new(settings), Arc::new(SystemClock)).await?;
    note(&format!("ombud {} listening on http://{}", env!("CARGO_PKG_VERSION"), server.address()));
    server
        .serve(async move {
            signals.next().await;
        })
        .await?;
    Ok(0)
}

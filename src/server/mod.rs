//! FLOOR 7: the house opened to others: mounts the dialects, serves them on hyper, and leaves in order.
//!
//! `mount` decides which route answers on which path; `guard` who is let in; `connections` carries bytes.

mod connections;
mod guard;
mod mount;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Settings;
use crate::domain::{Clock, Error, ErrorCode, Result};
use crate::engine::Engine;
use crate::http::Door;

pub use self::mount::{Mounted, mounts};

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    door: Door,
}

impl Server {
    /// Takes the port. Connections that come from now on wait until [`Server::serve`].
    ///
    /// # Errors
    /// `invalid_input` when the address cannot be listened on.
    pub async fn bind(engine: Arc<dyn Engine>, settings: Arc<Settings>, clock: Arc<dyn Clock>) -> Result<Self> {
        let (host, port) = (settings.server.host.clone(), settings.server.port);
        let refused = |error: std::io::Error| {
            Error::new(ErrorCode::InvalidInput, format!("cannot listen on {host} port {port}: {error}"))
                .hint("choose another with `--port`, or `--port 0` for any that is free")
        };
        let listener = TcpListener::bind((host.as_str(), port)).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let engine = crate::dialects::watched(engine, &settings)?;
        let door = Door { engine, settings, clock, leaving: CancellationToken::new(), upgraded: TaskTracker::new() };
        Ok(Self { listener, address, door })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then lets runs and answers end for as long as the settings say.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) -> Result<()> {
        let app = mount::app(&self.door)?;
        connections::serve(self.listener, app, self.door, stop).await
    }
}

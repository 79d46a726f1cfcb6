//! FLOOR 7: the house opened to others: mounts the dialects, serves them on hyper, and leaves in order.
//!
//! `mount` decides which route answers on which path, `choice` which of several; `guard` who is let in, `front` is what
//! every request passes, `around` what a dialect has around its routes beside that; `connections` carries bytes.

mod around;
mod choice;
mod connections;
mod console;
mod envelopes;
mod front;
mod guard;
mod metrics;
mod mount;
mod openapi;
mod own_routes;
mod patience;
mod tags;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::connections::{Connections, Peer};
use self::envelopes::Envelopes;
use self::front::Front;
use self::guard::{Guard, Paces};
use self::metrics::Metrics;
use crate::config::{ServerSettings, Settings};
use crate::dialects::Dialect;
use crate::domain::{Clock, Error, ErrorCode, Result};
use crate::engine::Engine;
use crate::http::{Door, Pace, Unread};

pub use self::mount::{Mounted, mounts};
pub use self::openapi::openapi;

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    door: Door,
    app: Router,
    tls: Option<TlsAcceptor>,
    metrics: Arc<Metrics>,
    unread: Arc<Unread>,
    dialects: Vec<&'static str>,
}

impl Server {
    /// Takes the port. Connections that come from now on wait until [`Server::serve`].
    ///
    /// # Errors
    /// `invalid_input` when the settings contradict each other, an address of others is to be served without a token, or
    /// the address cannot be listened on; `conflict` when the port is in use.
    pub async fn bind(engine: Arc<dyn Engine>, settings: Arc<Settings>, clock: Arc<dyn Clock>) -> Result<Self> {
        let dialects = mount::chosen(&settings.server.dialects)?;
        Self::bind_with(engine, settings, clock, dialects).await
    }

    /// As [`Server::bind`], with these dialects instead of those that the settings name.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub async fn bind_with(
        engine: Arc<dyn Engine>,
        settings: Arc<Settings>,
        clock: Arc<dyn Clock>,
        dialects: Vec<Dialect>,
    ) -> Result<Self> {
        let server = &settings.server;
        let names = dialects.iter().map(|dialect| dialect.name).collect();
        let tls = server.tls.as_ref().map(tls::acceptor).transpose()?;
        let listener = listen(server).await?;
        let address = listener.local_addr().map_err(|error| cannot_listen(server, &error))?;
        let pace = Arc::new(Pace::new(server.limits.requests_per_minute));
        let paces = Paces::new(Arc::clone(&pace), &server.limits, &dialects);
        let unread = Unread::new(server.limits.unread_bytes);
        let metrics = Arc::new(Metrics::new(Arc::clone(&unread)));
        let front = Arc::new(Front {
            guard: Guard::new(server, address, Arc::clone(&engine), &mount::open_paths(&dialects), paces),
            envelopes: Envelopes::new(&dialects),
            layers: around::Layer::of(&dialects, &server.limits),
            metrics: Arc::clone(&metrics),
            clock: Arc::clone(&clock),
        });
        let engine = crate::dialects::watched(engine, &settings)?;
        let door = Door {
            engine,
            settings,
            clock,
            leaving: CancellationToken::new(),
            left: CancellationToken::new(),
            upgraded: TaskTracker::new(),
            pace,
        };
        let app = mount::app(&door, &front, dialects);
        Ok(Self { listener, address, door, app, tls, metrics, unread, dialects: names })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as an address for clients.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Ends its serving when it is cancelled, as it is when the server is told to leave over one of its APIs.
    pub fn leaving(&self) -> CancellationToken {
        self.door.leaving.clone()
    }

    /// The dialects that it serves, by name.
    pub fn dialects(&self) -> &[&'static str] {
        &self.dialects
    }

    /// Serves until `stop`, then lets runs and answers end for as long as the settings say.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) -> Result<()> {
        let Self { listener, door, app, tls, metrics, unread, .. } = self;
        let connections = Connections { app, door, tls, metrics, unread, cut: CancellationToken::new() };
        connections.serve(listener, stop).await;
        Ok(())
    }
}

/// Listens where the settings say, when they may.
async fn listen(settings: &ServerSettings) -> Result<TcpListener> {
    if settings.token.is_some() && settings.no_auth {
        return Err(Error::invalid("server.token and server.no_auth contradict each other")
            .hint("take one of them away: with a token, who does not have it is kept out"));
    }
    let host = (settings.host.as_str(), settings.port);
    let found = tokio::net::lookup_host(host).await.map_err(|error| cannot_listen(settings, &error))?;
    let addresses: Vec<SocketAddr> = found.collect();
    let foreign = addresses.iter().find(|address| !address.ip().is_loopback());
    if let Some(address) = foreign.filter(|_| settings.token.is_none() && !settings.no_auth) {
        return Err(Error::invalid(format!(
            "the server does not start: {} can be reached from other machines, and there is no token",
            address.ip()
        ))
        .hint("set a token (--token-file FILE or OMBUD_SERVER_TOKEN), or let everybody in who reaches it: --no-auth"));
    }
    TcpListener::bind(addresses.as_slice()).await.map_err(|error| cannot_listen(settings, &error))
}

fn cannot_listen(settings: &ServerSettings, error: &std::io::Error) -> Error {
    use std::io::ErrorKind;
    let place = format!("{} port {}", crate::config::printable(&settings.host), settings.port);
    let hint = "choose another with `--port`, or `--port 0` for any that is free";
    match error.kind() {
        ErrorKind::AddrInUse => Error::new(ErrorCode::Conflict, format!("{place} is in use by another program")).hint(hint),
        ErrorKind::PermissionDenied => {
            Error::new(ErrorCode::Forbidden, format!("{place} may not be listened on: {error}")).hint(hint)
        }
        _ => Error::invalid(format!("cannot listen on {place}: {error}")).hint(hint),
    }
}

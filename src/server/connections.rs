//! Connections: our own accept loop over hyper, HTTP/1.1, and HTTP/2 where TLS has agreed on it.
//!
//! Nobody holds a connection by being silent: a head, a body, a handshake and a read of ours each have a time. There are
//! so many connections at once; a further one waits in the queue of the kernel until one ends.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt as _;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::metrics::Metrics;
use super::patience::{Busy, Patient};
use crate::config::ServerLimits;
use crate::domain::Principal;
use crate::engine::Decision;
use crate::http::{Address, Door, FAREWELL, Flow, Unread};

/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 100;
/// Between two attempts to accept while the system refuses: from, and to at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));
/// How long runs that were cancelled may take to write their end.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// How long answers may take to be read when all runs have ended.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// The other end of a connection: stands among the extensions of each of its requests.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Its address.
    pub(super) address: SocketAddr,
    /// Whether the connection is secure.
    pub(super) secure: bool,
    /// What waits for it; stands among the extensions by itself.
    pub(super) flow: Flow,
}

/// What connections have in common.
pub(super) struct Connections {
    pub(super) app: Router,
    pub(super) door: Door,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) metrics: Arc<Metrics>,
    /// What waits for readers.
    pub(super) unread: Arc<Unread>,
    /// Cuts connections off.
    pub(super) cut: CancellationToken,
}

impl Connections {
    /// Accepts until `stop`, or until somebody tells the server to leave over one of its APIs; then leaves.
    pub(super) async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send) {
        let this = Arc::new(self);
        let open = TaskTracker::new();
        tokio::select! {
            () = this.accept(&listener, &open) => {}
            () = stop => {}
            () = this.door.leaving.cancelled() => {}
        }
        drop(listener);
        this.leave(&open).await;
    }

    fn limits(&self) -> &ServerLimits {
        &self.door.settings.server.limits
    }

    async fn accept(self: &Arc<Self>, listener: &TcpListener, open: &TaskTracker) {
        let slots = Arc::new(Semaphore::new(self.limits().connections.min(Semaphore::MAX_PERMITS)));
        let mut pause = PAUSES.0;
        loop {
            // Never closed.
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    tracing::warn!(%error, "connections cannot be accepted");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                    continue;
                }
            };
            pause = PAUSES.0;
            let this = Arc::clone(self);
            open.spawn(async move {
                let _counted = this.metrics.connection();
                tokio::select! {
                    () = this.carry(stream, address) => {}
                    () = this.cut.cancelled() => {}
                }
                drop(slot);
            });
        }
    }

    /// Carries one connection to its end.
    async fn carry(&self, stream: TcpStream, address: SocketAddr) {
        // Without it answers would only come later.
        let _ = stream.set_nodelay(true);
        // Longer than a stream or a socket waits, so that a slow peer can still be told why it is closed.
        let flow = self.unread.flow();
        let stream = Patient::new(stream, self.limits().slow_reader + FAREWELL, flow.clone());
        let Some(tls) = &self.tls else {
            return self.http1(TokioIo::new(stream), Peer { address, secure: false, flow }).await;
        };
        let peer = Peer { address, secure: true, flow };
        match timeout(self.limits().header_time, tls.accept(stream)).await {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                self.http2(TokioIo::new(stream), peer).await;
            }
            Ok(Ok(stream)) => self.http1(TokioIo::new(stream), peer).await,
            Ok(Err(error)) => tracing::debug!(%error, "a connection did not become secure"),
            Err(_) => tracing::debug!("a connection did not become secure in time"),
        }
    }

    async fn http1<S>(&self, stream: TokioIo<S>, peer: Peer)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.limits();
        let service = service_fn(|request| self.answer(request, peer.clone()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_time)
            .max_headers(limits.head_lines)
            .max_header_size(limits.head_bytes)
            .serve_connection(stream, service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.door.leaving.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }

    async fn http2<S>(&self, stream: TokioIo<S>, peer: Peer)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let limits = self.limits();
        let busy = Busy::default();
        let (app, at_work) = (self.app.clone(), busy.clone());
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (app, peer, working) = (app.clone(), peer.clone(), at_work.begin());
            async move { Ok::<_, Infallible>(answer(app, request, peer).await?.map(|body| working.until_read(body))) }
        });
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
            .keep_alive_interval(limits.header_time)
            .keep_alive_timeout(limits.header_time)
            .serve_connection(stream, service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.door.leaving.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = busy.idle_for(limits.header_time) => {
                connection.as_mut().graceful_shutdown();
                timeout(limits.header_time, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
    }

    async fn answer(&self, request: http::Request<Incoming>, peer: Peer) -> Result<Response, Infallible> {
        answer(self.app.clone(), request, peer).await
    }

    /// Lets runs end, and answers be read, each for as long as it may take; then cuts off what is left.
    async fn leave(&self, open: &TaskTracker) {
        self.door.leaving.cancel();
        let engine = &self.door.engine;
        let drain = self.door.settings.server.drain;
        tracing::info!(seconds = drain.as_secs(), "the server leaves: runs may end");
        let ended = async {
            tokio::select! {
                () = engine.drain() => {}
                () = self.deny_questions() => {}
            }
        };
        if timeout(drain, ended).await.is_err() {
            tracing::warn!("the time for runs to end is over: they are cancelled");
            if let Err(error) = engine.stop(&Principal::house(), "the server left").await {
                tracing::warn!(%error, "runs could not be cancelled");
            }
            if timeout(LAST_WORDS, engine.drain()).await.is_err() {
                tracing::warn!("runs did not write their end: they are closed as interrupted by whoever comes next");
            }
        }
        // Streams have told the ends of their runs by now.
        self.door.left.cancel();
        open.close();
        if timeout(LAST_ANSWERS, open.wait()).await.is_err() {
            self.cut.cancel();
            open.wait().await;
        }
        // Sockets bound their own farewell.
        self.door.upgraded.close();
        self.door.upgraded.wait().await;
    }
}

impl Connections {
    /// Denies what waits for a permission, and what will: nobody is there any more who could give it. Never ends.
    async fn deny_questions(&self) {
        let (engine, house) = (&self.door.engine, Principal::house());
        let mut notices = engine.notices(&house).await.unwrap_or_else(|_| futures_util::stream::pending().boxed());
        loop {
            for question in engine.questions(&house).await.unwrap_or_default() {
                let decision = Decision::Deny("the server leaves".to_owned());
                // Somebody else, or its time, may have been quicker.
                let _ = engine.decide(&house, &question.call.id, decision).await;
            }
            if notices.next().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn answer(mut app: Router, request: http::Request<Incoming>, peer: Peer) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    let flow = peer.flow.clone();
    request.extensions_mut().insert(Address(peer.address.ip()));
    request.extensions_mut().insert(flow.clone());
    request.extensions_mut().insert(peer);
    // A router is always ready.
    Ok(app.call(request).await?.map(|body| flow.counted(body)))
}

/// Whether an error of accepting is about the connection that was to be accepted, and not about the system.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

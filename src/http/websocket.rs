//! Raw WebSocket, carried: the handshake, a bounded queue to the peer, limits, and closes that say why.
//!
//! What the messages mean is the business of whoever is given the two halves: [`Messages`] to read, [`Sending`] to write.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream, StreamExt};
use futures_util::{Sink, SinkExt};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as WireError};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;

use super::{Door, Flow, Held};
use crate::domain::{Error, ErrorCode};

/// Most bytes of one message from a peer.
const MESSAGE_BYTES: usize = 1 << 20;

/// How long a peer that was too slow may take to read why it is closed; connections must live so long.
pub const FAREWELL: Duration = Duration::from_secs(30);

/// How long a peer may take to answer our close, or to read what waits when the server leaves.
const PARTING: Duration = Duration::from_secs(5);

/// Most bytes of a message that was too large which are read so that the peer hears why it is closed.
const CHOKED_BYTES: usize = 64 << 20;

type Wire = WebSocketStream<TokioIo<Upgraded>>;

/// Why a socket is closed by us. The codes are those of RFC 6455, and of its private range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// All is said.
    Done,
    /// The server leaves; come back.
    Leaving,
    /// What came is no text.
    NotText,
    /// What came cannot be read.
    Malformed,
    /// A message is too large.
    TooLarge,
    /// The peer does not read, or does not answer.
    TooSlow,
    /// Nobody said who calls.
    Unauthorized,
    /// The same, where a dialect's clients know the code of the standard.
    Refused,
}

impl Closing {
    /// The code that the peer is told.
    pub const fn code(self) -> u16 {
        match self {
            Self::Done => 1000,
            Self::Leaving => 1001,
            Self::NotText => 1003,
            Self::Refused => 1008,
            Self::Malformed => 1007,
            Self::TooLarge => 1009,
            Self::TooSlow => 1013,
            Self::Unauthorized => 4401,
        }
    }
}

enum Outgoing {
    Text(String, Held),
    Ping,
    Close(Closing, String),
}

/// The way to the peer: a bounded queue. Cheap to clone.
#[derive(Clone)]
pub struct Sending {
    queue: mpsc::Sender<Outgoing>,
    flow: Flow,
}

impl Sending {
    /// Puts a message into the queue, which is only made when there is room for it; `false` when the socket is closed.
    pub async fn send(&self, make: impl FnOnce() -> String + Send) -> bool {
        let Ok(place) = self.queue.reserve().await else { return false };
        if !self.flow.room().await {
            return false;
        }
        let text = make();
        let held = self.flow.hold(text.len());
        place.send(Outgoing::Text(text, held));
        true
    }

    /// Closes the socket after what waits, with a reason of at most 120 bytes.
    pub async fn close(&self, closing: Closing, reason: &str) {
        // Closed already is closed too.
        let _ = self.queue.send(Outgoing::Close(closing, short(reason))).await;
    }

    /// Waits until the socket is closed.
    pub async fn closed(&self) {
        self.queue.closed().await;
    }
}

/// A reason as a close frame may hold it: 123 bytes.
fn short(reason: &str) -> String {
    let end = (0..=reason.len().min(120)).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason[..end].to_owned()
}

/// The messages of the peer.
pub struct Messages {
    wire: SplitStream<Wire>,
    sending: Sending,
    heartbeat: Duration,
    /// Heartbeats since the peer last gave a sign of life.
    silent: u32,
    leaving: CancellationToken,
    /// What is told before the socket is closed because the server leaves.
    last_words: Option<Box<dyn Fn() -> String + Send>>,
    /// Whether bytes of a message that was too large are still to come.
    choked: bool,
}

impl Messages {
    /// Has something told before the socket is closed because the server leaves.
    pub fn say_when_leaving(&mut self, words: impl Fn() -> String + Send + 'static) {
        self.last_words = Some(Box::new(words));
    }

    /// The next text; `None` when the socket is closed, or was closed because of what came. May be dropped while it
    /// waits.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            let next = tokio::select! {
                next = timeout(self.heartbeat, self.wire.next()) => next,
                () = self.sending.queue.closed() => return None,
                () = self.leaving.cancelled() => {
                    if let Some(words) = &self.last_words {
                        let words = words();
                        self.sending.send(|| words).await;
                    }
                    self.sending.close(Closing::Leaving, "the server leaves: come back and go on from your cursors").await;
                    return None;
                }
            };
            let Ok(next) = next else {
                self.silent += 1;
                if self.silent > 2 {
                    self.sending.close(Closing::TooSlow, "pings were not answered").await;
                    return None;
                }
                // No room means that something is on its way to the peer already.
                let _ = self.sending.queue.try_send(Outgoing::Ping);
                continue;
            };
            self.silent = 0;
            match next? {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Binary(_)) => {
                    self.sending.close(Closing::NotText, "send JSON as text").await;
                    return None;
                }
                Ok(Message::Close(_)) => return None,
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
                Err(WireError::Capacity(CapacityError::MessageTooLong { max_size, .. })) => {
                    self.choked = true;
                    let reason = format!("a message may have at most {max_size} bytes");
                    self.sending.close(Closing::TooLarge, &reason).await;
                    return None;
                }
                Err(error @ (WireError::Utf8(_) | WireError::Protocol(_))) => {
                    self.sending.close(Closing::Malformed, &format!("what came cannot be read: {error}")).await;
                    return None;
                }
                Err(error) => {
                    tracing::debug!(%error, "a socket broke");
                    return None;
                }
            }
        }
    }
}

/// Answers a request that wants to become a WebSocket, and has `serve` talk over it until it gives the reading half back.
///
/// # Errors
/// A plain request gets 426 in the envelope that `refuse` makes, and one too many `unavailable`.
pub fn upgrade<F, T>(door: &Door, request: Request<Body>, refuse: fn(&Error) -> Response, serve: F) -> Response
where
    F: FnOnce(Messages, Sending) -> T + Send + 'static,
    T: Future<Output = Messages> + Send + 'static,
{
    let Some(accept) = accept(request.headers()) else {
        let error = Error::invalid("this address speaks WebSocket").hint("connect with a WebSocket client, version 13");
        let mut response = refuse(&error);
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    };
    let most = door.settings.server.limits.connections;
    if door.upgraded.len() >= most {
        let error = Error::new(ErrorCode::Unavailable, format!("all {most} places for sockets are taken"));
        return refuse(&error.hint("try again later"));
    }
    let Some(flow) = request.extensions().get::<Flow>().cloned() else {
        return refuse(&Error::internal("a request came over no connection"));
    };
    let carried = door.clone();
    door.upgraded.spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => carry(&carried, upgraded, flow, serve).await,
            Err(error) => tracing::debug!(%error, "a connection did not become a socket"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    response.headers_mut().insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// What a request that wants to become a WebSocket is answered; `None` when it does not want to.
fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name: header::HeaderName, wanted: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let wanted =
        has(header::UPGRADE, "websocket") && has(header::CONNECTION, "upgrade") && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    if wanted { derive_accept_key(key.as_bytes()).parse().ok() } else { None }
}

async fn carry<F, T>(door: &Door, upgraded: Upgraded, flow: Flow, serve: F)
where
    F: FnOnce(Messages, Sending) -> T,
    T: Future<Output = Messages>,
{
    let limits = &door.settings.server.limits;
    let bytes = limits.body_bytes.min(MESSAGE_BYTES);
    let config = WebSocketConfig::default().max_message_size(Some(bytes)).max_frame_size(Some(bytes));
    let wire = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let (sink, source) = wire.split();
    let (queue, waiting) = mpsc::channel(limits.socket_frames.max(1));
    let sending = Sending { queue, flow };
    let messages = Messages {
        wire: source,
        sending: sending.clone(),
        heartbeat: limits.heartbeat,
        silent: 0,
        leaving: door.leaving.clone(),
        last_words: None,
        choked: false,
    };
    let serving = async {
        let messages = serve(messages, sending).await;
        let Messages { wire, choked, .. } = messages;
        (wire, choked)
    };
    let writing = async {
        let mut sink = sink;
        let leaving = async {
            door.leaving.cancelled().await;
            sleep(PARTING).await;
        };
        tokio::select! {
            () = write(&mut sink, waiting, limits.slow_reader) => {}
            () = leaving => {}
        }
        sink
    };
    let ((source, choked), sink) = tokio::join!(serving, writing);
    if timeout(PARTING, part(source, sink, choked)).await.is_err() {
        tracing::debug!("a peer did not answer a close");
    }
}

/// Writes what waits, until all who may send are gone, the socket is closed, or the peer is too slow.
async fn write(sink: &mut SplitSink<Wire, Message>, mut waiting: mpsc::Receiver<Outgoing>, patience: Duration) {
    // Of the last message a part may still be on its way.
    let mut unwritten: Option<Held> = None;
    while let Some(next) = waiting.recv().await {
        let (message, held, last) = match next {
            Outgoing::Text(text, held) => (Message::text(text), Some(held), false),
            Outgoing::Ping => (Message::Ping(bytes::Bytes::new()), None, false),
            Outgoing::Close(closing, reason) => (farewell(closing, reason), None, true),
        };
        let flush = last || waiting.is_empty();
        match timeout(patience, put(sink, message, flush)).await {
            // It was taken, so the one before it is written; this one too when all is flushed.
            Ok(Ok(())) if !last => drop(std::mem::replace(&mut unwritten, held.filter(|_| !flush))),
            Ok(_) => return,
            Err(_) => {
                let reason = format!("a message could not be written within {} ms", patience.as_millis());
                // Told if the peer reads again in time, and closed in any case.
                let _ = timeout(FAREWELL, put(sink, farewell(Closing::TooSlow, reason), true)).await;
                return;
            }
        }
    }
}

fn farewell(closing: Closing, reason: String) -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::from(closing.code()), reason: reason.into() }))
}

async fn put(
    sink: &mut (impl Sink<Message, Error = WireError> + Unpin),
    message: Message,
    flush: bool,
) -> Result<(), WireError> {
    sink.feed(message).await?;
    if flush { sink.flush().await } else { Ok(()) }
}

/// Reads until the peer has answered our close. Going away with bytes unread would take the close from it again.
async fn part(mut source: SplitStream<Wire>, sink: SplitSink<Wire, Message>, choked: bool) {
    if !choked {
        while let Some(Ok(_)) = source.next().await {}
    }
    let Ok(wire) = source.reunite(sink) else { return };
    let mut wire = wire.into_inner();
    if wire.shutdown().await.is_err() || !choked {
        return;
    }
    let mut left = CHOKED_BYTES;
    let mut piece = vec![0; 64 << 10];
    while let Ok(read @ 1..) = wire.read(&mut piece).await {
        left = left.saturating_sub(read);
        if left == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_a_whole_handshake_is_accepted() {
        let whole = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        assert_eq!(accept(&headers(&whole)).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for without in 0..whole.len() {
            let mut lines = whole.to_vec();
            lines.remove(without);
            assert_eq!(accept(&headers(&lines)), None, "without {}", whole[without].0);
        }
        let old = whole.map(|(name, value)| if name == "sec-websocket-version" { (name, "8") } else { (name, value) });
        assert_eq!(accept(&headers(&old)), None);
    }

    #[test]
    fn a_reason_fits_into_a_close_frame() {
        assert_eq!(short("short"), "short");
        let long = "ä".repeat(100);
        assert_eq!(short(&long), "ä".repeat(60));
    }
}

//! Socket.IO, carried: connects, finds out who calls, hands events to the tables of the dialects one after the other, and
//! brings events back. What an event means is the business of its handler.
//!
//! Every socket has a worker that takes its events in the order in which they came, and feeds that write to it. A feed
//! waits for room in the socket's bounded buffer; a socket that has none for too long is told and disconnected.

mod tables;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;
use socketioxide::{ParserConfig, SendError, SocketError, SocketIo, TransportType};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::tables::Tables;
pub use self::tables::{SocketEvent, SocketEvents, SocketGreeting, SocketHandler, SpeaksIt};
use super::credentials::unknown;
use super::legs::{Legs, watch};
use super::{Address, Door, FAREWELL, Flow, caller_of_socket};
use crate::domain::{Clock, Error, ErrorCode, Principal, Result, Timestamp};

/// Most bytes of one message from a client.
const MESSAGE_BYTES: usize = 1_000_000;

/// Events of one client that wait for its worker.
const WAITING: usize = 64;

/// Feeds of one socket.
const FEEDS: usize = 256;

/// How long a client may take to say who it is.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How long sockets may take to close when the server leaves.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// Between two looks whether a full buffer has room again: from, and to at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));

/// An event that came.
pub struct Said {
    /// The door that it came through.
    pub door: Door,
    /// The socket that it came from.
    pub socket: EventSocket,
    /// What came with it.
    pub arguments: Vec<Value>,
    answer: AckSender,
}

impl Said {
    /// Calls the client's callback, without arguments. Nothing happens when it has none.
    pub fn acknowledge(self) {
        // Nobody waits for an answer to a socket that is gone.
        let _ = self.answer.send(&[(); 0]);
    }

    /// The first argument.
    pub fn first(&self) -> &Value {
        self.arguments.first().unwrap_or(&Value::Null)
    }
}

/// A connected client. Cheap to clone.
#[derive(Clone)]
pub struct EventSocket {
    socket: SocketRef,
    caller: Principal,
    /// What feeds it, by name.
    feeds: Arc<Mutex<HashMap<String, CancellationToken>>>,
    /// What its dialect keeps about it, by name.
    kept: Arc<Mutex<HashMap<&'static str, Value>>>,
    clock: Arc<dyn Clock>,
    gone: CancellationToken,
    patience: Duration,
    /// What waits for it.
    flow: Flow,
}

impl EventSocket {
    /// Who it is.
    pub fn caller(&self) -> &Principal {
        &self.caller
    }

    /// Its id, as its client knows it too.
    pub fn id(&self) -> &str {
        self.socket.id.as_str()
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Keeps something about it, for as long as it is connected.
    pub fn keep(&self, name: &'static str, value: Value) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value);
    }

    /// What was kept about it last under a name.
    pub fn kept(&self, name: &str) -> Option<Value> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Sends an event, waiting for room; `false` when the socket is gone, or was disconnected because it is too slow.
    pub async fn emit<T: Serialize + ?Sized + Sync>(&self, event: &str, value: &T) -> bool {
        match self.put(event, value, self.patience).await {
            Put::Done => true,
            Put::Gone => false,
            Put::Full => {
                let told = format!("this client takes too long to read: nothing could be sent for {:?}", self.patience);
                // Told if it reads again in time; otherwise the heartbeat closes it.
                if let Put::Done = self.put("error", told.as_str(), FAREWELL).await {
                    let _ = self.socket.clone().disconnect();
                }
                self.gone.cancel();
                false
            }
        }
    }

    async fn put<T: Serialize + ?Sized + Sync>(&self, event: &str, value: &T, patience: Duration) -> Put {
        let end = Instant::now() + patience;
        let mut look = LOOKS.0;
        if !self.flow.room().await {
            return Put::Gone;
        }
        loop {
            match self.socket.emit(event, value) {
                Ok(()) => {
                    self.flow.stream(length(value));
                    return Put::Done;
                }
                Err(SendError::Socket(SocketError::InternalChannelFull)) => {}
                Err(error) => {
                    tracing::debug!(%error, event, "an event could not be sent");
                    return Put::Gone;
                }
            }
            if Instant::now() >= end {
                return Put::Full;
            }
            tokio::select! {
                () = sleep(look) => look = (look * 2).min(LOOKS.1),
                () = self.gone.cancelled() => return Put::Gone,
            }
        }
    }

    /// Whether it has a feed of this name.
    pub fn is_fed(&self, name: &str) -> bool {
        self.feeds().contains_key(name)
    }

    /// Feeds it from now on, until the feed ends or the socket is gone. A feed of the same name is replaced.
    ///
    /// # Errors
    /// `rate_limited` when it has too many.
    pub fn feed(&self, name: String, feed: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let stop = self.gone.child_token();
        let mut feeds = self.feeds();
        if feeds.len() >= FEEDS && !feeds.contains_key(&name) {
            return Err(Error::new(ErrorCode::RateLimited, format!("one socket may follow at most {FEEDS} sessions")));
        }
        if let Some(earlier) = feeds.insert(name.clone(), stop.clone()) {
            earlier.cancel();
        }
        drop(feeds);
        let socket = self.clone();
        tokio::spawn(async move {
            if stop.run_until_cancelled(feed).await.is_some() {
                socket.feeds().remove(&name);
            }
        });
        Ok(())
    }

    /// Ends a feed; true when it has one of this name.
    pub fn unfeed(&self, name: &str) -> bool {
        self.feeds().remove(name).map(|stop| stop.cancel()).is_some()
    }

    fn feeds(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes of a value as JSON.
fn length<T: Serialize + ?Sized>(value: &T) -> usize {
    struct Length(usize);
    impl std::io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut length = Length(0);
    // What is no JSON is not sent either.
    let _ = serde_json::to_writer(&mut length, value);
    length.0
}

enum Put {
    Done,
    Full,
    Gone,
}

/// An event on its way to the worker of its socket.
struct Call {
    packet: Packet,
    answer: AckSender,
}

/// The name of an event, and its arguments.
#[derive(Deserialize)]
struct Packet(Vec<Value>);

/// What tells the worker of a socket that its client was told that it is connected.
#[derive(Clone)]
struct Connected(Arc<Notify>);

/// Why a client is not let in, in words.
struct Refused(Error);

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)?;
        self.0.hint.as_ref().map_or(Ok(()), |hint| write!(formatter, " ({hint})"))
    }
}

/// Routes with what answers on `/socket.io/` beside them: all dialects in the namespace `/`, and each in one of its name.
/// Sockets close when the server leaves, in a way that makes clients come back.
pub fn socket_io(door: &Door, dialects: Vec<(&'static str, SocketEvents)>, routes: Router) -> Router {
    let legs = Legs::default();
    let socket_io = layer(door, dialects, legs.clone());
    routes.layer(socket_io).layer(from_fn_with_state(legs, watch))
}

fn layer(door: &Door, dialects: Vec<(&'static str, SocketEvents)>, legs: Legs) -> SocketIoLayer {
    let limits = &door.settings.server.limits;
    let bytes = limits.body_bytes.min(MESSAGE_BYTES);
    let (layer, io) = SocketIo::builder()
        .max_payload(bytes as u64)
        .ws_max_message_size(bytes)
        .ws_max_frame_size(bytes)
        .max_buffer_size(limits.socket_frames.max(8))
        .connect_timeout(CONNECT_TIME)
        .with_parser(ParserConfig::common().max_incoming_binary_buf_size(bytes).max_incoming_binaries(16))
        .build_layer();
    let places = Arc::new(Semaphore::new(limits.connections));
    for (name, events) in dialects.iter().filter(|(_, socket)| !socket.events.is_empty()) {
        Room::new(door, vec![(name, events.clone())], &places, &legs).open(&io, format!("/{name}"));
    }
    Room::new(door, dialects, &places, &legs).open(&io, "/".to_owned());
    let leaving = door.leaving.clone();
    door.upgraded.spawn(async move {
        leaving.cancelled().await;
        if timeout(CLOSE_TIME, io.close()).await.is_err() {
            tracing::warn!("not all sockets closed within {CLOSE_TIME:?}");
        }
    });
    layer
}

/// Its client was told that it is connected.
async fn connected(socket: SocketRef) {
    if let Some(connected) = socket.extensions.get::<Connected>() {
        connected.0.notify_one();
    }
}

/// What stands behind one namespace.
#[derive(Clone)]
struct Room {
    door: Door,
    tables: Tables,
    places: Arc<Semaphore>,
    legs: Legs,
}

impl Room {
    fn new(door: &Door, dialects: Vec<(&'static str, SocketEvents)>, places: &Arc<Semaphore>, legs: &Legs) -> Arc<Self> {
        let (door, tables) = (door.clone(), Tables::new(dialects));
        Arc::new(Self { door, tables, places: Arc::clone(places), legs: legs.clone() })
    }

    /// Opens the namespace.
    fn open(self: Arc<Self>, io: &SocketIo, namespace: String) {
        let admit = move |socket: SocketRef, handshake: TryData<Option<Value>>| {
            let room = Arc::clone(&self);
            let handshake = handshake.0.ok().flatten().unwrap_or_default();
            async move { admit(&room, socket, handshake).await.map_err(Refused) }
        };
        io.ns(namespace, connected.with(admit));
    }
}

/// Lets a client in: from here on its events are taken.
async fn admit(room: &Room, socket: SocketRef, handshake: Value) -> Result<()> {
    let Room { door, tables, places, legs } = room;
    let word = |name: &str| handshake.get(name).and_then(Value::as_str).filter(|word| !word.is_empty());
    let token = word("token").or_else(|| word("apiKey"));
    let (caller, is_proven) = caller_of_socket(door, &tables.dialects, socket.req_parts(), token).await?;
    let server = &door.settings.server;
    let wants_token = |dialect: &str| server.door_tokens.contains_key(dialect) || server.socket_tokens.contains_key(dialect);
    let tables = tables.of(&caller, |dialect| is_proven || !wants_token(dialect));
    if tables.are_closed_to(&handshake) {
        return Err(unknown());
    }
    let place = Arc::clone(places).try_acquire_owned().map_err(|_| {
        let most = door.settings.server.limits.connections;
        Error::new(ErrorCode::Unavailable, format!("all {most} places for sockets are taken")).hint("try again later")
    })?;
    let Some(connection) = socket.req_parts().extensions.get::<Flow>() else {
        return Err(Error::internal("a socket came over no connection"));
    };
    let flow = legs.of_socket(socket.id.as_str(), connection);
    if socket.req_parts().headers.contains_key(header::UPGRADE) {
        flow.carried_by(connection);
    }
    let gone = door.leaving.child_token();
    let events = EventSocket {
        socket: socket.clone(),
        caller,
        feeds: Arc::default(),
        kept: Arc::default(),
        clock: Arc::clone(&door.clock),
        gone: gone.clone(),
        patience: door.settings.server.limits.slow_reader,
        flow,
    };
    let (queue, waiting) = mpsc::channel(WAITING);
    let connected = Connected(Arc::default());
    socket.extensions.insert(connected.clone());
    let worker = Worker { door: door.clone(), tables, socket: events, _place: place };
    tokio::spawn(async move {
        if let Some(spoken) = worker.greet(&connected, handshake).await {
            worker.work(spoken, waiting).await;
        }
    });
    // Taken before the client hears that it is connected, so that its first event finds somebody. The queue is filled
    // before the first await, so that events stay in order.
    socket.on_fallback(move |socket: SocketRef, packet: TryData<Packet>, answer: AckSender| {
        let full = match packet.0 {
            Ok(packet) => queue.try_send(Call { packet, answer }).is_err(),
            Err(error) => {
                tracing::debug!(%error, "an event could not be read");
                false
            }
        };
        if full {
            let _ = socket.emit("error", &format!("more than {WAITING} events wait: the rest is dropped"));
        }
        async {}
    });
    socket.on_disconnect(async move || gone.cancel());
    Ok(())
}

/// What works for one socket.
struct Worker {
    door: Door,
    tables: Tables,
    socket: EventSocket,
    _place: OwnedSemaphorePermit,
}

impl Worker {
    /// Greets the client once it knows that it is connected. The place of the dialect that it speaks, where it has said
    /// so; `None` when it is gone.
    async fn greet(&self, connected: &Connected, handshake: Value) -> Option<Option<usize>> {
        tokio::select! {
            is_there = timeout(CONNECT_TIME, connected.0.notified()) => is_there.ok()?,
            () = self.socket.gone.cancelled() => return None,
        }
        for greeting in self.tables.greetings.iter() {
            self.socket.gone.run_until_cancelled(greeting(&self.socket, &handshake)).await?;
        }
        Some(self.tables.meant(&handshake))
    }

    /// Takes the events of the socket, one after the other, until it is gone.
    async fn work(self, mut spoken: Option<usize>, mut waiting: mpsc::Receiver<Call>) {
        let Self { door, tables, socket, _place } = self;
        loop {
            let call = tokio::select! {
                call = waiting.recv() => call,
                () = socket.gone.cancelled() => None,
                () = socket.flow.cut().cancelled() => {
                    let _ = socket.socket.clone().disconnect();
                    socket.gone.cancel();
                    None
                }
            };
            let Some(Call { packet: Packet(mut arguments), answer }) = call else { return };
            if arguments.is_empty() {
                continue;
            }
            let name = arguments.remove(0);
            let Some(handler) = name.as_str().and_then(|name| tables.handler(name, &mut spoken)) else {
                tracing::debug!(%name, "a socket sent an event that is not known");
                if name.as_str().is_some_and(|name| tables.is_closed(name)) {
                    socket.emit("error", &unknown().message).await;
                }
                continue;
            };
            // A message that was posted counted as a request already.
            let posted = socket.socket.transport_type() == TransportType::Polling;
            let address = socket.socket.req_parts().extensions.get::<Address>().copied();
            if !posted && let Err((error, _)) = door.pace.take(&socket.caller.name, address) {
                let hint = error.hint.unwrap_or_default();
                socket.emit("error", format!("{}: {hint}", error.message).as_str()).await;
                continue;
            }
            let said = Said { door: door.clone(), socket: socket.clone(), arguments, answer };
            if socket.gone.run_until_cancelled(handler(said)).await.is_none() {
                return;
            }
        }
    }
}

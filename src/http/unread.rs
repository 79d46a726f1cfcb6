//! What was made for readers and is not written to them yet: counted in bytes over the whole server, with a limit.
//!
//! A reader that stops costs what waits for it, and a fact may be large. While more waits than the limit allows, nobody is
//! given more, and who makes the others wait is cut off: of those that hold more than their share the one first whose bytes
//! have waited longest. Nothing is lost by that, since a reader comes back with its cursor.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::CancellationToken;

/// Smaller pieces of an answer are not counted: a connection takes a few of them at once, and no more.
const COUNTED: usize = 4 << 10;

/// So long bytes may wait without harm to their reader, also when there is no room for others.
const GRACE: Duration = Duration::from_millis(100);

/// Between two looks whether there is room.
const LOOK: Duration = Duration::from_millis(10);

/// A reader that takes so many bytes goes on, however many it leaves.
const GOES_ON: usize = 1 << 20;

/// What waits for all readers of a server.
#[derive(Debug)]
pub struct Unread {
    limit: usize,
    held: AtomicUsize,
    cut: AtomicU64,
    numbers: AtomicU64,
    flows: Mutex<HashMap<u64, Weak<Inner>>>,
    /// Room is made by one at a time.
    relieving: Mutex<()>,
}

impl Unread {
    /// Nothing waits yet; so many bytes may.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            held: AtomicUsize::new(0),
            cut: AtomicU64::new(0),
            numbers: AtomicU64::new(0),
            flows: Mutex::default(),
            relieving: Mutex::default(),
        })
    }

    /// The bytes that wait.
    pub fn bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Readers that were cut off for room.
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }

    /// A way to one more reader.
    pub fn flow(self: &Arc<Self>) -> Flow {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let inner = Arc::new(Inner {
            of: Arc::clone(self),
            number,
            waiting: Mutex::default(),
            streams: AtomicBool::new(false),
            carries: OnceLock::new(),
            carrier: OnceLock::new(),
            cut: CancellationToken::new(),
        });
        self.flows().insert(number, Arc::downgrade(&inner));
        Flow(inner)
    }

    fn flows(&self) -> MutexGuard<'_, HashMap<u64, Weak<Inner>>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.bytes() > self.limit
    }

    /// Cuts off readers until there will be room; none whose bytes have just begun to wait.
    fn relieve(&self, now: Instant) {
        let _one = self.relieving.lock().unwrap_or_else(PoisonError::into_inner);
        // Not within the loop: whoever is the last that has one needs the list.
        let flows: Vec<_> = self.flows().values().filter_map(Weak::upgrade).collect();
        let (mut going, mut holding) = (0, Vec::new());
        for inner in flows {
            let (bytes, since) = inner.holds();
            if inner.cut.is_cancelled() {
                going += bytes;
            } else if bytes > 0 {
                holding.push((since.unwrap_or(now), bytes, inner));
            }
        }
        let share = holding.iter().map(|(_, bytes, _)| bytes).sum::<usize>() / holding.len().max(1);
        let mut excess = self.bytes().saturating_sub(self.limit).saturating_sub(going);
        holding.retain(|(since, bytes, _)| *bytes >= share && now.duration_since(*since) >= GRACE);
        holding.sort_by_key(|(since, ..)| *since);
        for (since, bytes, inner) in holding {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(bytes);
            inner.cut_off();
            self.cut.fetch_add(1, Ordering::Relaxed);
            let ms = now.duration_since(since).as_millis();
            tracing::warn!(bytes, ms, "a reader is cut off: too much waits for it, and there is no room for others");
        }
    }
}

#[derive(Debug)]
struct Inner {
    of: Arc<Unread>,
    number: u64,
    waiting: Mutex<Waiting>,
    /// Whether what waits here leaves as bytes are written, and not piece by piece.
    streams: AtomicBool,
    /// The flow whose bytes are written over this one.
    carries: OnceLock<Flow>,
    /// What ends the connection that this one is written over.
    carrier: OnceLock<CancellationToken>,
    cut: CancellationToken,
}

/// What waits for one reader.
#[derive(Debug, Default)]
struct Waiting {
    bytes: usize,
    /// Since when; anew when the reader goes on.
    since: Option<Instant>,
    /// Bytes that were written since then.
    taken: usize,
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holds(&self) -> (usize, Option<Instant>) {
        let waiting = self.waiting();
        (waiting.bytes, waiting.since)
    }

    fn add(&self, bytes: usize) {
        self.of.held.fetch_add(bytes, Ordering::Relaxed);
        let mut waiting = self.waiting();
        waiting.bytes += bytes;
        waiting.since.get_or_insert_with(Instant::now);
    }

    /// So many bytes wait no more; of a piece all, and of a stream what was written.
    fn take(&self, bytes: usize, piece: bool) {
        let mut waiting = self.waiting();
        let bytes = bytes.min(waiting.bytes);
        waiting.bytes -= bytes;
        waiting.taken += bytes;
        if waiting.bytes == 0 {
            waiting.since = None;
            waiting.taken = 0;
        } else if piece || waiting.taken >= GOES_ON {
            waiting.since = Some(Instant::now());
            waiting.taken = 0;
        }
        drop(waiting);
        self.of.held.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn cut_off(&self) {
        self.cut.cancel();
        if let Some(carrier) = self.carrier.get() {
            carrier.cancel();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let bytes = self.waiting().bytes;
        self.of.held.fetch_sub(bytes, Ordering::Relaxed);
        self.of.flows().remove(&self.number);
    }
}

/// The way to one reader: a connection, or a socket over one. Stands among the extensions of each request. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Flow(Arc<Inner>);

impl Flow {
    /// A further way of the same server.
    pub fn another(&self) -> Self {
        self.0.of.flow()
    }

    /// Done when the reader is to be cut off.
    pub fn cut(&self) -> &CancellationToken {
        &self.0.cut
    }

    /// Waits until there is room for more; `false` when the reader was cut off.
    pub async fn room(&self) -> bool {
        while !self.0.cut.is_cancelled() {
            if !self.0.of.is_over() {
                return true;
            }
            tokio::select! {
                () = sleep(LOOK) => self.0.of.relieve(Instant::now()),
                () = self.0.cut.cancelled() => {}
            }
        }
        false
    }

    /// So many bytes wait for the reader, until what is given is dropped.
    pub fn hold(&self, bytes: usize) -> Held {
        self.0.add(bytes);
        Held { bytes, flow: self.clone() }
    }

    /// So many bytes more wait for the reader, until as many were [written](Flow::wrote).
    pub fn stream(&self, bytes: usize) {
        self.0.streams.store(true, Ordering::Relaxed);
        self.0.add(bytes);
    }

    /// So many bytes were written.
    pub fn wrote(&self, bytes: usize) {
        if self.0.streams.load(Ordering::Relaxed) {
            self.0.take(bytes, false);
        }
        if let Some(carried) = self.0.carries.get() {
            carried.wrote(bytes);
        }
    }

    /// What waits here is written over a connection from now on, and only over that.
    pub fn carried_by(&self, connection: &Self) {
        // Once for all: a connection that became a socket is nothing else any more.
        if connection.0.carries.set(self.clone()).is_ok() {
            let _ = self.0.carrier.set(connection.0.cut.clone());
        }
    }

    /// The same, without keeping it.
    pub(super) fn weak(&self) -> WeakFlow {
        WeakFlow(Arc::downgrade(&self.0))
    }

    /// An answer whose bytes are counted, and whose next piece waits for room.
    pub fn counted(&self, body: Body) -> Body {
        let exact = body.size_hint().exact();
        if exact.is_some_and(|size| size < COUNTED as u64) {
            return body;
        }
        // What is whole already is there, whether it waits or not.
        Body::new(Counted { inner: body, flow: self.clone(), waits: exact.is_none(), look: None })
    }
}

/// A way to a reader that may be gone.
#[derive(Clone, Debug)]
pub(super) struct WeakFlow(Weak<Inner>);

impl WeakFlow {
    /// The way, while there is one.
    pub(super) fn flow(&self) -> Option<Flow> {
        self.0.upgrade().map(Flow)
    }
}

/// Bytes that wait for a reader.
#[derive(Debug)]
pub struct Held {
    bytes: usize,
    flow: Flow,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.flow.0.take(self.bytes, true);
    }
}

struct Counted {
    inner: Body,
    flow: Flow,
    waits: bool,
    /// The next look whether there is room.
    look: Option<Pin<Box<Sleep>>>,
}

/// A piece that is counted until it is written: then it is dropped.
struct Piece {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.waits && self.flow.0.of.is_over() {
            let look = self.look.get_or_insert_with(|| Box::pin(sleep(LOOK)));
            ready!(look.as_mut().poll(context));
            self.look = None;
            self.flow.0.of.relieve(Instant::now());
        }
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        Poll::Ready(frame.map(|frame| Ok(frame?.map_data(|bytes| self.piece(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Counted {
    fn piece(&self, bytes: Bytes) -> Bytes {
        if bytes.len() < COUNTED {
            return bytes;
        }
        let held = self.flow.hold(bytes.len());
        Bytes::from_owner(Piece { bytes, _held: held })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, stream};
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_piece_counts_until_it_is_dropped() {
        let unread = Unread::new(1 << 20);
        let flow = unread.flow();
        let pieces = [vec![0_u8; 10], vec![1; 10_000], vec![2; 20_000]];
        let body = Body::from_stream(stream::iter(pieces.map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)))));
        let mut body = flow.counted(body);
        let mut next = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
        let small = next().await;
        assert_eq!((small.len(), unread.bytes()), (10, 0));
        let (one, two) = (next().await, next().await);
        assert_eq!((one.len(), two.len(), unread.bytes()), (10_000, 20_000, 30_000));
        let part = one.slice(9_000..);
        drop(one);
        assert_eq!(unread.bytes(), 30_000, "a part of it waits");
        drop((part, two));
        assert_eq!(unread.bytes(), 0);
        assert!(body.frame().await.is_none());
    }

    #[tokio::test]
    async fn what_is_written_over_a_connection_counts_until_then() {
        let unread = Unread::new(1 << 20);
        let (connection, socket) = (unread.flow(), unread.flow());
        socket.stream(100);
        connection.wrote(70);
        assert_eq!(unread.bytes(), 100, "not carried yet");
        socket.carried_by(&connection);
        connection.wrote(70);
        assert_eq!(unread.bytes(), 30);
        // Frames around what is carried are written too.
        connection.wrote(70);
        socket.stream(50);
        assert_eq!(unread.bytes(), 50);
        drop((socket, connection));
        assert_eq!(unread.bytes(), 0);
    }

    #[test]
    fn who_makes_others_wait_is_cut_off_the_longest_first() {
        let unread = Unread::new(70);
        let flows: Vec<Flow> = (0..5).map(|_| unread.flow()).collect();
        let mut held = Vec::new();
        // The first holds little, and the last has only begun to wait.
        for (flow, bytes) in flows.iter().zip([1, 60, 60, 60, 60]) {
            later(flow);
            held.push(flow.hold(bytes));
        }
        let now = begun(&flows[3]) + GRACE;
        let cut = || flows.iter().map(|flow| flow.cut().is_cancelled()).collect::<Vec<_>>();
        unread.relieve(begun(&flows[1]));
        assert_eq!(cut(), [false; 5], "a tenth of a second is everybody's");
        for _ in 0..2 {
            unread.relieve(now);
            assert_eq!((cut(), unread.cut()), (vec![false, true, true, true, false], 3), "who is cut off counts as gone");
        }
        held.drain(1..4);
        assert_eq!(unread.bytes(), 61);
        unread.relieve(now + GRACE);
        assert_eq!(unread.cut(), 3);
        assert!(flows[0].room().now_or_never().unwrap());
        assert!(!flows[1].room().now_or_never().unwrap());
    }

    #[tokio::test]
    async fn the_next_piece_waits_for_room_and_a_whole_answer_does_not() {
        let unread = Unread::new(10);
        let (flow, other) = (unread.flow(), unread.flow());
        let held = flow.hold(11);
        let endless = Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"x"))));
        let mut endless = other.counted(endless);
        let whole = other.counted(Body::from(vec![0_u8; COUNTED])).collect().await.unwrap().to_bytes();
        assert_eq!(whole.len(), COUNTED);
        drop(whole);
        assert!(endless.frame().now_or_never().is_none() && other.room().now_or_never().is_none());
        // Whoever waits sees to it that there will be room.
        while !flow.cut().is_cancelled() {
            assert!(tokio::time::timeout(LOOK, endless.frame()).await.is_err());
        }
        assert!(!other.cut().is_cancelled());
        drop(held);
        assert!(endless.frame().await.is_some() && other.room().await);
    }

    #[test]
    fn who_goes_on_does_not_wait_long() {
        let unread = Unread::new(10);
        let flow = unread.flow();
        let (first, _second) = (flow.hold(5), flow.hold(6));
        let before = begun(&flow);
        later(&flow);
        drop(first);
        assert!(begun(&flow) > before, "one piece was written whole");
        let socket = unread.flow();
        socket.stream(3 * GOES_ON);
        let before = begun(&socket);
        later(&socket);
        socket.wrote(GOES_ON - 1);
        assert_eq!(begun(&socket), before, "a little is not enough");
        socket.wrote(1);
        assert!(begun(&socket) > before);
    }

    /// Since when what a reader holds waits.
    fn begun(flow: &Flow) -> Instant {
        flow.0.holds().1.unwrap()
    }

    /// Goes on when the clock has.
    fn later(flow: &Flow) {
        let (_, since) = flow.0.holds();
        let before = since.unwrap_or_else(Instant::now);
        while Instant::now() <= before {}
    }
}

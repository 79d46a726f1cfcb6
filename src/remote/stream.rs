//! Streams across broken connections: whoever reads one does not see that it was read in several pieces.
//!
//! What came is fed through the same machine that gives frames to subscribers of this process. So it knows exactly what
//! its reader has; a new connection asks for everything after the last fact, and what the reader has already is left out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use futures_util::stream::{self, StreamExt as _};
use tokio::time::Instant;

use super::line::{Line, Opened, failure};
use super::wire::{FAILED, Nothing, Subscribe};
use crate::domain::{Cause, Cursor, Error, ErrorCode, Fact, Frame, Result, SessionId};
use crate::engine::{FrameStream, HouseNotice, NoticeStream, Splice};
use crate::outgoing::{SseEvent, SseParser};

/// Most bytes of one frame.
const FRAME: usize = 64 << 20;
/// First wait before a connection is tried again.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Attempts without a frame between them: with the waits above, about a minute.
const ATTEMPTS: usize = 35;
/// A connection that lasted this long counts as a good one although no frame came.
const LASTING: Duration = Duration::from_secs(10);

/// The frames of a session.
///
/// # Errors
/// What the first connection meets. Later ones are repaired; what cannot be repaired is the stream's last item.
pub(super) async fn frames(line: Arc<Line>, session: SessionId, after: Option<Cursor>) -> Result<FrameStream> {
    let mut follower = Follower {
        wanted: Subscribe { session, after },
        given: after.map(|after| Given { incarnation: after.incarnation, splice: Splice::new(after) }),
        ready: VecDeque::new(),
        ended: false,
        reader: Reader::new(line, "subscribe"),
    };
    follower.reader.begin(&follower.wanted).await?;
    let frames = stream::unfold(follower, |mut follower| async move {
        let frame = follower.next().await?;
        Some((frame, follower))
    });
    Ok(frames.boxed())
}

/// What changes in the other house. Whenever the connection broke, something may have been missed: that is told.
///
/// # Errors
/// What the first connection meets. When a later one cannot be repaired, the stream ends.
pub(super) async fn notices(line: Arc<Line>) -> Result<NoticeStream> {
    let mut reader = Reader::new(line, "notices");
    reader.begin(&Nothing {}).await?;
    let notices = stream::unfold(reader, |mut reader| async move {
        loop {
            match reader.next().await {
                Ok(Some(event)) => match serde_json::from_str(&event.data) {
                    Ok(notice) => {
                        reader.is_good();
                        return Some((notice, reader));
                    }
                    // A kind of notice that this version does not know.
                    Err(_) => continue,
                },
                Ok(None) => {}
                Err(error) if is_passing(&error) => {}
                Err(_) => return None,
            }
            reader.again(&Nothing {}).await.ok()?;
            return Some((HouseNotice::Missed, reader));
        }
    });
    Ok(notices.boxed())
}

/// What the reader of a stream was given.
struct Given {
    incarnation: u64,
    splice: Splice,
}

impl Given {
    fn nothing(incarnation: u64) -> Self {
        Self { incarnation, splice: Splice::new(Cursor::after(incarnation, 0)) }
    }
}

struct Follower {
    wanted: Subscribe,
    given: Option<Given>,
    /// What is to be given next.
    ready: VecDeque<Frame>,
    ended: bool,
    reader: Reader,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Frame>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Some(Ok(frame));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.advance().await {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }

    /// Brings something into `ready`, or a new connection.
    async fn advance(&mut self) -> Result<()> {
        match self.reader.next().await {
            Ok(Some(event)) => {
                if self.take(&event)? {
                    return Ok(());
                }
            }
            Ok(None) => {}
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error),
        }
        if let Some(given) = &self.given {
            self.wanted.after = Some(Cursor::after(given.incarnation, given.splice.seq()));
        }
        self.reader.again(&self.wanted).await
    }

    /// Takes one event; false when it cannot follow what was given, so that the log must be read again.
    fn take(&mut self, event: &SseEvent) -> Result<bool> {
        let frame: Frame =
            serde_json::from_str(&event.data).map_err(|error| self.reader.misunderstood(&error.to_string()))?;
        let cursor: Cursor = event.id.parse().map_err(|error: Error| self.reader.misunderstood(&error.message))?;
        let first = self.reader.is_first_fact(&frame);
        if let Frame::Fact(fact) = &frame {
            if let Fact::SessionDeleted(_) = fact.fact {
                self.ended = true;
                self.ready.push_back(frame);
                return Ok(true);
            }
            // The other house starts over: an id was made again, or the cursor was of a log that is gone.
            if first && self.given.as_ref().is_some_and(|given| fact.seq <= given.splice.seq()) {
                self.given = None;
            }
        }
        let given = match &mut self.given {
            Some(given) if given.incarnation == cursor.incarnation => given,
            _ => self.given.insert(Given::nothing(cursor.incarnation)),
        };
        if given.splice.feed(frame, &mut self.ready).is_err() {
            return Ok(false);
        }
        self.reader.is_good();
        Ok(true)
    }
}

/// Reads events from one connection after the other.
struct Reader {
    line: Arc<Line>,
    verb: &'static str,
    connection: Option<Connection>,
    version: String,
    waits: ExponentialBackoff,
}

struct Connection {
    opened: Opened,
    parser: SseParser,
    events: VecDeque<SseEvent>,
    since: Instant,
    has_given_fact: bool,
}

impl Reader {
    fn new(line: Arc<Line>, verb: &'static str) -> Self {
        Self { line, verb, connection: None, version: String::new(), waits: waits() }
    }

    async fn connect<Q: serde::Serialize>(&mut self, wanted: &Q) -> Result<()> {
        let opened = self.line.open(self.verb, wanted).await?;
        self.version = opened.version();
        self.connection = Some(Connection {
            opened,
            parser: SseParser::new(FRAME),
            events: VecDeque::new(),
            since: Instant::now(),
            has_given_fact: false,
        });
        Ok(())
    }

    /// Connects for the first time. A server that is not there is told at once; one that closes the connection may do
    /// better the next time.
    async fn begin<Q: serde::Serialize>(&mut self, wanted: &Q) -> Result<()> {
        match self.connect(wanted).await {
            Err(error) if error.cause == Some(Cause::Cut) => self.again(wanted).await,
            connected => connected,
        }
    }

    /// Connects again, after a wait, as often as the limit allows.
    async fn again<Q: serde::Serialize>(&mut self, wanted: &Q) -> Result<()> {
        if self.connection.take().is_some_and(|connection| connection.since.elapsed() > LASTING) {
            self.is_good();
        }
        let mut last = None;
        loop {
            let Some(wait) = self.waits.next() else {
                return Err(last.unwrap_or_else(|| {
                    let message = format!("the stream of {} broke off again and again", self.line.shown());
                    Error::new(ErrorCode::Unavailable, message).because(Cause::Cut)
                }));
            };
            tokio::time::sleep(wait).await;
            match self.connect(wanted).await {
                Ok(()) => return Ok(()),
                Err(error) if is_passing(&error) => last = Some(error),
                Err(error) => return Err(error),
            }
        }
    }

    /// The next event; `None` when the connection has ended.
    async fn next(&mut self) -> Result<Option<SseEvent>> {
        let Some(connection) = &mut self.connection else { return Ok(None) };
        loop {
            if let Some(event) = connection.events.pop_front() {
                return if event.name == FAILED { Err(failure(&event.data)) } else { Ok(Some(event)) };
            }
            let Some(piece) = connection.opened.piece(&self.line).await? else { return Ok(None) };
            let mut events = Vec::new();
            if connection.parser.feed(&piece, &mut events).is_err() {
                let message = format!("a frame of {} is larger than {FRAME} bytes", self.line.shown());
                return Err(Error::new(ErrorCode::TooLarge, message));
            }
            connection.events.extend(events);
        }
    }

    /// Whether a frame is the first fact of its connection.
    fn is_first_fact(&mut self, frame: &Frame) -> bool {
        let is_fact = matches!(frame, Frame::Fact(_));
        self.connection
            .as_mut()
            .is_some_and(|connection| is_fact && !std::mem::replace(&mut connection.has_given_fact, true))
    }

    /// Something came of it: the attempts are counted anew.
    fn is_good(&mut self) {
        self.waits = waits();
    }

    fn misunderstood(&self, reason: &str) -> Error {
        self.line.misunderstood(self.verb, &self.version, reason)
    }
}

fn waits() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_max_times(ATTEMPTS)
        .with_jitter()
        .build()
}

/// Whether a later connection may do better; one that timed out had a reader that did not read for a while.
fn is_passing(error: &Error) -> bool {
    let secure = error.cause == Some(Cause::Tls) || error.cause == Some(Cause::Garbage);
    matches!(error.code, ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::TimedOut) && !secure
}

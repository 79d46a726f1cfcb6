//! One subscriber: replays the log from its cursor, is handed the open parts, then follows live. Whatever it misses, it
//! reads again from the log.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{Joined, Signal, Splice};
use crate::domain::{Cursor, Error, Event, Fact, Frame};

/// Frames for one subscriber. It ends when the session is deleted, or with an error when the log cannot be read.
pub type FrameStream = BoxStream<'static, Result<Frame, Error>>;

/// What a subscriber needs of its session.
pub(crate) trait Source: Send + Sync + 'static {
    /// Joins the live frames.
    fn join(&self) -> Joined;
    /// A page of the log after `after`; empty at its end.
    fn read(&self, after: u64) -> impl Future<Output = Result<Vec<Arc<Event>>, Error>> + Send;
}

struct Subscription<S> {
    source: Arc<S>,
    splice: Splice,
    receiver: broadcast::Receiver<Signal>,
    /// What is to be given next.
    ready: VecDeque<Frame>,
    /// Up to where the log is read before the open parts are handed over; `None` = live.
    replay: Option<Replay>,
    /// Whether the last frame was given.
    ended: bool,
}

struct Replay {
    head: u64,
    open: Vec<Frame>,
    broken: Option<Error>,
}

/// Subscribes from a cursor. A cursor of an earlier incarnation, or beyond the end of the log, starts over.
pub(crate) fn subscribe<S: Source>(source: Arc<S>, cursor: Cursor) -> FrameStream {
    let joined = source.join();
    let cursor = if cursor.incarnation == joined.incarnation && cursor.seq <= joined.head {
        cursor
    } else {
        Cursor::after(joined.incarnation, 0)
    };
    let subscription = Subscription {
        source,
        splice: Splice::new(cursor),
        receiver: joined.receiver,
        ready: VecDeque::new(),
        replay: Some(Replay { head: joined.head, open: joined.open, broken: joined.broken }),
        ended: false,
    };
    stream::unfold(subscription, |mut subscription| async move {
        let frame = subscription.next().await?;
        Some((frame, subscription))
    })
    .boxed()
}

impl<S: Source> Subscription<S> {
    async fn next(&mut self) -> Option<Result<Frame, Error>> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                self.ended |= matches!(&frame, Frame::Fact(event) if matches!(event.fact, Fact::SessionDeleted(_)));
                return Some(Ok(frame));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.advance().await? {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }

    /// Brings something into `ready`, or not; `None` when the session's hub is gone.
    async fn advance(&mut self) -> Option<Result<(), Error>> {
        if self.replay.is_some() {
            return Some(self.replay().await);
        }
        match self.receiver.recv().await {
            Ok(Signal::Broken(error)) => Some(Err(Arc::unwrap_or_clone(error))),
            Ok(Signal::Frame(frame)) => {
                if self.splice.feed(frame, &mut self.ready).is_err() {
                    self.rejoin();
                }
                Some(Ok(()))
            }
            Err(RecvError::Lagged(_)) => {
                self.rejoin();
                Some(Ok(()))
            }
            Err(RecvError::Closed) => None,
        }
    }

    fn rejoin(&mut self) {
        let joined = self.source.join();
        self.receiver = joined.receiver;
        self.replay = Some(Replay { head: joined.head, open: joined.open, broken: joined.broken });
    }

    async fn replay(&mut self) -> Result<(), Error> {
        let Some(Replay { head, open, broken }) = self.replay.take() else { return Ok(()) };
        if self.splice.seq() >= head {
            for frame in open {
                if self.splice.feed(frame, &mut self.ready).is_err() {
                    self.rejoin();
                    return Ok(());
                }
            }
            return broken.map_or(Ok(()), Err);
        }
        let events = self.source.read(self.splice.seq()).await?;
        if events.is_empty() {
            // The session was deleted under the reader: what is left comes live.
            return Ok(());
        }
        for event in events {
            // All that a deleted session leaves is this: it may lie beyond the end that was replayed to.
            if matches!(event.fact, Fact::SessionDeleted(_)) {
                self.ready.push_back(Frame::Fact(event));
                return Ok(());
            }
            if event.seq > head {
                break;
            }
            if self.splice.feed(Frame::Fact(event), &mut self.ready).is_err() {
                return Err(Error::store(Some(crate::domain::Cause::Corrupt), "the log has a gap"));
            }
        }
        self.replay = Some(Replay { head, open, broken });
        Ok(())
    }
}

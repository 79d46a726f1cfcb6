//! How long a peer is waited for: one that does not read what is written to it, and one that asks for nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::http::Flow;

/// A stream whose peer has so long for each write to go on, and which ends when its reader is cut off.
pub(super) struct Patient<S> {
    inner: S,
    time: Duration,
    flow: Flow,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Wakes a write, and a read.
    cut: [Option<Pin<Box<WaitForCancellationFutureOwned>>>; 2],
}

impl<S> Patient<S> {
    pub(super) fn new(inner: S, time: Duration, flow: Flow) -> Self {
        Self { inner, time, flow, waiting: None, cut: [None, None] }
    }

    /// What becomes of a write: it went on, it waits, or it has waited for too long.
    fn judge<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        if self.is_cut(0, context) {
            return Poll::Ready(Err(is_cut_off()));
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.time)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer does not read")))
    }

    /// What becomes of a write that may have been one.
    fn count(&mut self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &written {
            self.flow.wrote(*bytes);
        }
        written
    }

    /// Whether it was cut off; whoever asks is woken when it is.
    fn is_cut(&mut self, who: usize, context: &mut Context<'_>) -> bool {
        let flow = &self.flow;
        let cut = self.cut[who].get_or_insert_with(|| Box::pin(flow.cut().clone().cancelled_owned()));
        cut.as_mut().poll(context).is_ready()
    }
}

fn is_cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the reader was cut off")
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(context, buffer);
        if read.is_pending() && self.is_cut(1, context) {
            return Poll::Ready(Err(is_cut_off()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        let written = self.count(written);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        let written = self.count(written);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.inner).poll_shutdown(context);
        self.judge(context, closed)
    }
}

/// How many requests a connection works on.
#[derive(Clone, Default)]
pub(super) struct Busy(Arc<(AtomicUsize, Notify)>);

impl Busy {
    /// One more, until what is given is dropped.
    pub(super) fn begin(&self) -> Working {
        self.0.0.fetch_add(1, Ordering::AcqRel);
        self.0.1.notify_one();
        Working(self.clone())
    }

    /// Waits until there was none for so long.
    pub(super) async fn idle_for(&self, time: Duration) {
        let mut until = Instant::now() + time;
        loop {
            tokio::select! {
                () = self.0.1.notified() => until = Instant::now() + time,
                () = tokio::time::sleep_until(until) => {
                    if self.0.0.load(Ordering::Acquire) == 0 {
                        return;
                    }
                    until = Instant::now() + time;
                }
            }
        }
    }
}

/// A request that is worked on.
pub(super) struct Working(Busy);

impl Working {
    /// It is worked on until its answer was read.
    pub(super) fn until_read(self, body: Body) -> Body {
        Body::new(Read { body, _working: self })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::AcqRel);
        self.0.0.1.notify_one();
    }
}

struct Read {
    body: Body,
    _working: Working,
}

impl http_body::Body for Read {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::http::Unread;

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let mut ours = Patient::new(ours, Duration::from_millis(1), Unread::new(0).flow());
        ours.write_all(b"12345678").await.unwrap();
        let error = ours.write_all(b"9").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_is_cut_off_hears_no_more() {
        let (ours, _theirs) = tokio::io::duplex(8);
        let flow = Unread::new(0).flow();
        let ours = Patient::new(ours, Duration::from_secs(3_600), flow.clone());
        let (mut reading, mut writing) = tokio::io::split(ours);
        let writes = tokio::spawn(async move { writing.write_all(b"123456789").await });
        let reads = tokio::spawn(async move { reading.read_u8().await });
        tokio::task::yield_now().await;
        flow.cut().cancel();
        assert_eq!(writes.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(reads.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }

    #[tokio::test]
    async fn who_is_busy_is_not_idle() {
        let busy = Busy::default();
        let working = busy.begin();
        let idle = busy.clone();
        let mut waiting = tokio::spawn(async move { idle.idle_for(Duration::from_millis(1)).await });
        assert!(tokio::time::timeout(Duration::from_millis(20), &mut waiting).await.is_err());
        drop(working);
        waiting.await.unwrap();
    }
}

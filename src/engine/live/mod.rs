//! What happens now: frames on their way from those who append to those who subscribe.
//!
//! A hub keeps the open parts of messages that are being written, so that whoever comes late is given them whole. It
//! keeps no history: that is read from the log.

mod splice;
#[cfg(test)]
mod stream_law;
mod subscription;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use crate::domain::{
    Cursor, Delta, Error, Event, FACT_VERSION, Fact, Frame, LiveDelta, MessageId, PartPosition, PartStart, RunId, SessionId,
    Timestamp,
};

pub(crate) use splice::Splice;
pub use subscription::FrameStream;
pub(crate) use subscription::{Source, subscribe};

/// A message that is being written.
#[derive(Clone, Debug)]
struct OpenMessage {
    message_id: MessageId,
    run: RunId,
    agent: String,
    at: Timestamp,
    parts: Vec<OpenPart>,
}

#[derive(Clone, Debug)]
struct OpenPart {
    start: PartStart,
    text: String,
    closed: bool,
}

struct State {
    /// Made for the first subscriber and gone with the last: its buffer is the largest part of a session in memory.
    sender: Option<broadcast::Sender<Signal>>,
    incarnation: u64,
    /// The last fact that was published.
    head: u64,
    open: Vec<OpenMessage>,
    /// Why nothing more comes, until something is published again.
    broken: Option<Error>,
}

/// What goes from the hub to its subscribers.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    Frame(Frame),
    /// The log cannot be written: the subscriber is told why, and closed.
    Broken(Arc<Error>),
}

impl State {
    /// Gives a signal to everybody who listens; nobody listening is no failure.
    fn send(&mut self, signal: impl FnOnce() -> Signal) {
        if let Some(sender) = self.sender.take_if(|sender| sender.receiver_count() == 0) {
            drop(sender);
        } else if let Some(sender) = &self.sender {
            let _ = sender.send(signal());
        }
    }
}

/// Where the frames of one session are published.
pub(crate) struct Hub {
    session: SessionId,
    state: Mutex<State>,
    /// Frames that wait for one subscriber.
    frames: usize,
}

/// What a subscriber joins: everything after this comes through `receiver`.
pub(crate) struct Joined {
    pub(crate) receiver: broadcast::Receiver<Signal>,
    pub(crate) incarnation: u64,
    pub(crate) head: u64,
    /// The open parts, as pieces.
    pub(crate) open: Vec<Frame>,
    /// Why nothing more comes.
    pub(crate) broken: Option<Error>,
}

impl Hub {
    pub(crate) fn new(session: SessionId, incarnation: u64, head: u64, frames: usize) -> Self {
        let state = State { sender: None, incarnation, head, open: Vec::new(), broken: None };
        Self { session, state: Mutex::new(state), frames: frames.max(1) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes facts that are durable, and `told` each that was not published before. The caller keeps the order: it
    /// holds the session's lock.
    pub(crate) fn publish(&self, events: &[Arc<Event>], mut told: impl FnMut(&Arc<Event>)) {
        let mut state = self.state();
        for event in events {
            let begins = matches!(&event.fact, Fact::SessionCreated(created) if created.incarnation > state.incarnation);
            if event.seq <= state.head && !begins {
                continue;
            }
            told(event);
            state.head = event.seq;
            state.broken = None;
            match &event.fact {
                Fact::SessionCreated(created) => {
                    state.incarnation = created.incarnation;
                    state.open.clear();
                }
                Fact::SessionDeleted(_) => state.open.clear(),
                Fact::MessageCompleted(completed) => state.open.retain(|open| open.message_id != completed.message_id),
                Fact::MessageAbandoned(abandoned) => state.open.retain(|open| open.message_id != abandoned.message_id),
                Fact::RunFinished(_) => state.open.retain(|open| Some(&open.run) != event.run.as_ref()),
                _ => {}
            }
            state.send(|| Signal::Frame(Frame::Fact(Arc::clone(event))));
        }
    }

    /// Publishes a piece of a message.
    pub(crate) fn grow(&self, run: &RunId, agent: &str, at: Timestamp, delta: Delta) {
        let mut state = self.state();
        match &delta {
            Delta::Opened { message_id, part, .. } => {
                let part = OpenPart { start: part.clone(), text: String::new(), closed: false };
                match state.open.iter_mut().find(|open| open.message_id == *message_id) {
                    Some(open) => open.parts.push(part),
                    None => state.open.push(OpenMessage {
                        message_id: message_id.clone(),
                        run: run.clone(),
                        agent: agent.to_owned(),
                        at,
                        parts: vec![part],
                    }),
                }
            }
            Delta::Grew { message_id, text, .. } => {
                if let Some(part) = last_part(&mut state, message_id) {
                    part.text.push_str(text);
                }
            }
            Delta::Closed { message_id, .. } => {
                if let Some(part) = last_part(&mut state, message_id) {
                    part.closed = true;
                }
            }
        }
        if state.sender.is_some() {
            let frame = self.frame(&state, run, agent, at, delta);
            state.send(|| Signal::Frame(frame));
        }
    }

    fn frame(&self, state: &State, run: &RunId, agent: &str, at: Timestamp, delta: Delta) -> Frame {
        let part = Some(PartPosition::after(&delta));
        Frame::from(LiveDelta {
            v: FACT_VERSION,
            // Where whoever has followed until here stands; for others it is written anew.
            cursor: Cursor { part, ..Cursor::after(state.incarnation, state.head) },
            session: self.session.clone(),
            run: run.clone(),
            at,
            agent: agent.to_owned(),
            delta,
        })
    }

    /// Joins in: the receiver begins exactly after `head` and the open parts.
    pub(crate) fn join(&self) -> Joined {
        let mut state = self.state();
        let receiver = state.sender.get_or_insert_with(|| broadcast::Sender::new(self.frames)).subscribe();
        let mut open = Vec::new();
        for message in &state.open {
            let OpenMessage { message_id, run, agent, at, parts } = message;
            for (index, part) in (0u32..).zip(parts) {
                let start = || part.start.clone();
                let opened = Delta::Opened { message_id: message_id.clone(), index, part: start() };
                open.push(self.frame(&state, run, agent, *at, opened));
                if !part.text.is_empty() {
                    let text = part.text.clone();
                    let grew = Delta::Grew { message_id: message_id.clone(), index, part: start(), offset: 0, text };
                    open.push(self.frame(&state, run, agent, *at, grew));
                }
                if part.closed {
                    let closed = Delta::Closed { message_id: message_id.clone(), index, part: start() };
                    open.push(self.frame(&state, run, agent, *at, closed));
                }
            }
        }
        Joined { receiver, incarnation: state.incarnation, head: state.head, open, broken: state.broken.clone() }
    }

    /// Tells every subscriber that the log cannot be written, and why.
    pub(crate) fn break_off(&self, error: Error) {
        let mut state = self.state();
        state.broken = Some(error.clone());
        state.open.clear();
        state.send(|| Signal::Broken(Arc::new(error)));
    }

    /// Ends every subscription: the session that they are about is gone, and another has its name.
    pub(crate) fn renew(&self, error: Error) {
        let mut state = self.state();
        state.head = 0;
        state.open.clear();
        state.broken = None;
        state.send(|| Signal::Broken(Arc::new(error)));
    }

    /// The last fact that was published.
    pub(crate) fn head(&self) -> u64 {
        self.state().head
    }

    /// Of the session that is published.
    pub(crate) fn incarnation(&self) -> u64 {
        self.state().incarnation
    }

    /// Whether there is a session, in the cursor's incarnation and as far as the cursor.
    pub(crate) fn has(&self, cursor: Cursor) -> bool {
        let state = self.state();
        state.head > 0 && cursor.incarnation == state.incarnation && cursor.seq <= state.head
    }

    /// Whether somebody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.state().sender.as_ref().is_some_and(|sender| sender.receiver_count() > 0)
    }
}

fn last_part<'a>(state: &'a mut State, message_id: &MessageId) -> Option<&'a mut OpenPart> {
    let open = state.open.iter_mut().find(|open| open.message_id == *message_id)?;
    open.parts.last_mut()
}

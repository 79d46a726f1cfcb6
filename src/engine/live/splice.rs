//! The stream law, as a pure machine: what one subscriber is given, whatever reaches it and in whatever order it heals.
//!
//! *Invariant:* every fact is given once and in order; each part is opened, grows by pieces that sum exactly to its
//! final text, is closed, and only then comes its completed message. Frames that cannot be given without breaking this
//! are answered with [`Gap`]: the subscriber then reads the log again from [`Splice::seq`].

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::{
    Cursor, Delta, Event, FACT_VERSION, Fact, Frame, LiveDelta, MessageCompleted, MessageId, PartPosition, PartStart,
};

/// Something is missing before this frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gap;

/// How far a subscriber is inside one message.
#[derive(Debug)]
struct Progress {
    message_id: MessageId,
    /// The part that is open, or was last.
    index: u32,
    /// Bytes of it that were given.
    offset: u64,
    open: bool,
}

/// Messages that are done are remembered for this long, so that a late piece of one is not taken for a new message.
const DONE: usize = 32;

/// What one subscriber has been given.
#[derive(Debug)]
pub(crate) struct Splice {
    incarnation: u64,
    seq: u64,
    /// A place inside a message that was not met yet.
    resumed: Option<PartPosition>,
    progress: Vec<Progress>,
    done: VecDeque<MessageId>,
}

impl Splice {
    /// A subscriber that has everything up to the cursor.
    pub(crate) fn new(cursor: Cursor) -> Self {
        Self {
            incarnation: cursor.incarnation,
            seq: cursor.seq,
            resumed: cursor.part,
            progress: Vec::new(),
            done: VecDeque::new(),
        }
    }

    /// The last fact that was given.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Takes a frame; what is to be given now is put into `out`.
    ///
    /// # Errors
    /// [`Gap`] when something before it is missing; nothing was given then.
    pub(crate) fn feed(&mut self, frame: Frame, out: &mut VecDeque<Frame>) -> Result<(), Gap> {
        match frame {
            Frame::Fact(event) => self.fact(event, out),
            Frame::Delta(delta) => self.delta(delta, out),
        }
    }

    fn fact(&mut self, event: Arc<Event>, out: &mut VecDeque<Frame>) -> Result<(), Gap> {
        if event.seq <= self.seq {
            return Ok(());
        }
        if event.seq != self.seq + 1 {
            return Err(Gap);
        }
        match &event.fact {
            Fact::MessageCompleted(completed) => self.complete(&event, completed, out),
            Fact::MessageAbandoned(abandoned) => self.finish(&abandoned.message_id),
            _ => {}
        }
        self.seq = event.seq;
        out.push_back(Frame::Fact(event));
        Ok(())
    }

    fn delta(&mut self, mut live: Arc<LiveDelta>, out: &mut VecDeque<Frame>) -> Result<(), Gap> {
        if self.done.contains(live.delta.message_id()) {
            return Ok(());
        }
        if live.cursor.seq > self.seq {
            return Err(Gap);
        }
        let at = self.progress_of(live.delta.message_id());
        let mut rest = None;
        match (&live.delta, at) {
            (Delta::Opened { message_id, index: 0, .. }, None) => {
                let message_id = message_id.clone();
                self.progress.push(Progress { message_id, index: 0, offset: 0, open: true });
            }
            (_, None) => return Err(Gap),
            (Delta::Opened { index, .. }, Some(at)) => {
                let progress = &mut self.progress[at];
                if *index <= progress.index {
                    return Ok(());
                }
                if *index != progress.index + 1 || progress.open {
                    return Err(Gap);
                }
                (progress.index, progress.offset, progress.open) = (*index, 0, true);
            }
            (Delta::Grew { index, offset, text, .. }, Some(at)) => {
                let progress = &mut self.progress[at];
                let end = *offset + text.len() as u64;
                if *index < progress.index || (*index == progress.index && (!progress.open || end <= progress.offset)) {
                    return Ok(());
                }
                if *index != progress.index || *offset > progress.offset {
                    return Err(Gap);
                }
                // A cursor that somebody made up may lie inside a character: the next whole one is where it goes on.
                let mut had = usize::try_from(progress.offset - *offset).unwrap_or(usize::MAX).min(text.len());
                while !text.is_char_boundary(had) {
                    had += 1;
                }
                rest = (had > 0).then_some(had);
                progress.offset = end;
            }
            (Delta::Closed { index, .. }, Some(at)) => {
                let progress = &mut self.progress[at];
                if *index < progress.index || (*index == progress.index && !progress.open) {
                    return Ok(());
                }
                if *index != progress.index {
                    return Err(Gap);
                }
                progress.open = false;
            }
        }
        if let Some(had) = rest
            && let Delta::Grew { offset, text, .. } = &mut Arc::make_mut(&mut live).delta
        {
            *offset += had as u64;
            *text = text.split_off(had);
        }
        // Whoever follows live stands where the piece says, and shares it with all others.
        let cursor = self.cursor(&live.delta);
        if live.cursor != cursor {
            Arc::make_mut(&mut live).cursor = cursor;
        }
        out.push_back(Frame::Delta(live));
        Ok(())
    }

    /// Where the subscriber is inside a message. A place whose message was not known becomes that of this one.
    fn progress_of(&mut self, message_id: &MessageId) -> Option<usize> {
        let known = self.progress.iter().position(|progress| progress.message_id == *message_id);
        if known.is_some() {
            return known;
        }
        let resumed = self.resumed.take_if(|resumed| resumed.message == PartPosition::of_message(message_id))?;
        self.progress.push(Progress {
            message_id: message_id.clone(),
            index: resumed.index,
            offset: resumed.offset.unwrap_or(0),
            open: resumed.offset.is_some(),
        });
        Some(self.progress.len() - 1)
    }

    /// Gives what the subscriber has not had of a message that is complete.
    fn complete(&mut self, event: &Event, completed: &MessageCompleted, out: &mut VecDeque<Frame>) {
        let at = self.progress_of(&completed.message_id);
        let (had_index, had_offset, had_open) = at.map_or((None, 0, false), |at| {
            (Some(self.progress[at].index), self.progress[at].offset, self.progress[at].open)
        });
        for (index, part) in (0u32..).zip(&completed.parts) {
            let Some(start) = PartStart::of(part) else { continue };
            let resumes = had_index == Some(index) && had_open;
            if had_index.is_some_and(|had| index < had || (index == had && !had_open)) {
                continue;
            }
            let message_id = || completed.message_id.clone();
            if !resumes {
                let opened = Delta::Opened { message_id: message_id(), index, part: start.clone() };
                out.push_back(self.synthetic(event, completed, opened));
            }
            let offset = if resumes { had_offset } else { 0 };
            let rest = usize::try_from(offset).ok().and_then(|offset| part.grown().get(offset..)).unwrap_or("");
            if !rest.is_empty() {
                let (part, text) = (start.clone(), rest.to_owned());
                let grew = Delta::Grew { message_id: message_id(), index, part, offset, text };
                out.push_back(self.synthetic(event, completed, grew));
            }
            let closed = Delta::Closed { message_id: message_id(), index, part: start };
            out.push_back(self.synthetic(event, completed, closed));
        }
        self.finish(&completed.message_id);
    }

    fn synthetic(&self, event: &Event, completed: &MessageCompleted, delta: Delta) -> Frame {
        Frame::from(LiveDelta {
            v: FACT_VERSION,
            cursor: self.cursor(&delta),
            session: event.session.clone(),
            run: event.run.clone().unwrap_or_else(|| crate::domain::RunId::from_text("")),
            at: event.at,
            agent: completed.agent.clone(),
            delta,
        })
    }

    fn cursor(&self, delta: &Delta) -> Cursor {
        Cursor { incarnation: self.incarnation, seq: self.seq, part: Some(PartPosition::after(delta)) }
    }

    fn finish(&mut self, message_id: &MessageId) {
        self.progress.retain(|progress| progress.message_id != *message_id);
        self.done.push_back(message_id.clone());
        if self.done.len() > DONE {
            self.done.pop_front();
        }
    }
}

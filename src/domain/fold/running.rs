//! A run that has not ended, as its events fold it.

use super::FoldedRun;
use crate::domain::{Event, Fact, Part, RunStatus, Timestamp, fact::RunFinished};

impl FoldedRun {
    /// Folds an event of this run; true when it ended.
    pub(super) fn apply(&mut self, event: &Event) -> bool {
        match &event.fact {
            Fact::RunStarted(_) => {
                // What a process did between its last sign and its death is known to nobody.
                self.worked_ms = self.worked();
                (self.taken_at, self.seen_at) = (Some(event.at), Some(event.at));
            }
            Fact::RunWaiting(_) => {
                self.seen_at = Some(event.at);
                self.worked_ms = self.worked();
                (self.taken_at, self.seen_at) = (None, None);
            }
            // What others say about it, while no process works on it.
            _ if self.taken_at.is_some() => self.seen_at = Some(event.at),
            _ => {}
        }
        match &event.fact {
            Fact::RunStarted(started) => {
                self.run.interruptions += u32::from(self.run.status == RunStatus::Running);
                self.run.started_at = Some(*self.started_at.get_or_insert(event.at));
                self.attempt = started.attempt;
                self.writing = Some(started.message_id.clone());
                self.base_seq = started.base_seq;
                self.run.status = RunStatus::Running;
                self.run.process = Some(started.process.clone());
                self.run.fence = u64::from(started.attempt);
                self.run.model = Some(started.model.clone());
                self.run.waiting_for.clear();
            }
            Fact::RunWaiting(waiting) => {
                self.run.status = RunStatus::Waiting;
                self.run.process = None;
                self.deadline = waiting.deadline;
                self.run.waiting_for = waiting.calls.iter().map(|call| call.id.clone()).collect();
            }
            Fact::RunCancelRequested(request) => {
                self.cancel_requested = Some(request.reason.clone());
                self.run.cancel_requested = true;
            }
            Fact::RunFinished(finished) => {
                self.finish(event.at, finished);
                self.run.finished_seq = Some(event.seq);
                return true;
            }
            Fact::MessageCompleted(completed) => {
                self.writing = completed.next_message_id.clone();
                self.answer = Some(completed.message_id.clone());
                self.answer_text = completed.text();
                self.run.rounds = completed.round;
                self.run.usage.add(&completed.usage);
                self.run.message_id = self.answer.clone();
                self.tool_calls += completed.parts.iter().filter(|part| matches!(part, Part::ToolCall(_))).count() as u32;
            }
            Fact::ContextCompacted(compacted) => self.run.usage.add(&compacted.usage),
            Fact::StepStarted(step) => self.step = Some(step.clone()),
            Fact::StepFinished(_) => self.step = None,
            Fact::MessageAbandoned(_) => self.writing = None,
            Fact::ToolCalled(called) => {
                // Those of a message were counted with it.
                self.tool_calls += u32::from(called.message_id.is_none());
                self.open_calls.push(called.clone());
            }
            Fact::ToolReturned(returned) => {
                self.open_calls.retain(|open| open.call.id != returned.returned.id);
                self.run.waiting_for.retain(|id| *id != returned.returned.id);
            }
            _ => {}
        }
        self.run.tool_calls = self.tool_calls;
        false
    }

    /// How long processes have worked on it, as far as the log tells, in milliseconds.
    pub fn worked(&self) -> u64 {
        let now = self.taken_at.zip(self.seen_at).map_or(0, |(taken, seen)| seen.millis_since(taken));
        self.worked_ms.saturating_add(now)
    }

    fn finish(&mut self, at: Timestamp, finished: &RunFinished) {
        self.run.status = finished.outcome.status();
        self.run.finished_at = Some(at);
        self.run.usage = finished.usage.clone();
        self.run.model = finished.model.clone();
        self.run.rounds = finished.rounds;
        self.run.tool_calls = finished.tool_calls;
        self.run.message_id = finished.message_id.clone();
        self.run.waiting_for.clear();
        self.run.error = finished.error.clone();
    }
}

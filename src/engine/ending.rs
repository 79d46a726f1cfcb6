//! How a run ends: by itself, because somebody stopped it, or because its time is over.

use std::sync::atomic::Ordering;

use super::calls;
use super::drive::Driver;
use super::ledger::Refused;
use crate::domain::{Error, ErrorCode, Fact, Outcome, RunFinished, ToolReturned};

impl Driver {
    /// Ends a run that was stopped from outside: closes its calls, and says why it ended.
    pub(super) async fn finish_stopped(&mut self, mut facts: Vec<Fact>) -> Result<(), Refused> {
        let run = &self.work.run;
        let open: Vec<_> = match self.ledger.fold().await {
            Ok(fold) => fold.active_run(run).ok_or(Refused::Fenced)?.open_calls.clone(),
            // The session was deleted under the run.
            Err(error) if error.code == ErrorCode::NotFound => return Err(Refused::Fenced),
            Err(error) => return Err(error.into()),
        };
        facts.extend(open.into_iter().map(|called| {
            Fact::ToolReturned(ToolReturned {
                returned: calls::cancelled(&called.call),
                arguments: called.call.arguments,
                message_id: called.message_id,
                thread: called.thread,
            })
        }));
        let finished = if self.out_of_time.load(Ordering::Acquire) {
            let error = Error::new(ErrorCode::TimedOut, "the run used up its time")
                .hint("raise `--timeout`, or go on in the same session with `-s`");
            self.finished(Outcome::Failed, Some(error))
        } else {
            self.finished(Outcome::Cancelled, None)
        };
        facts.push(finished);
        self.append(facts).await
    }

    /// The result of the procedure that was asked for, or the answer in the form that it must have.
    fn result(&self) -> Option<serde_json::Value> {
        if let Some(form) = self.work.pins.form.as_ref().filter(|_| self.work.course.ordinary) {
            return super::forms::read(form, &self.work.answer).ok();
        }
        self.work.course.output.as_ref().and_then(|name| self.work.course.value(name)).cloned()
    }

    pub(super) fn finished(&self, outcome: Outcome, error: Option<Error>) -> Fact {
        crate::observe::COUNTS.runs.add(1);
        Fact::RunFinished(RunFinished {
            agent: self.work.agent.name.clone(),
            outcome,
            answer: self.work.answer.clone(),
            message_id: self.work.answer_id.clone(),
            model: Some(self.standing_in(self.work.model.clone())),
            rounds: self.work.rounds,
            tool_calls: self.work.tool_calls,
            usage: self.work.usage.clone(),
            output: (outcome == Outcome::Completed).then(|| self.result()).flatten(),
            elapsed_ms: self.core.clock.now().millis_since(self.work.started_at),
            error,
        })
    }
}

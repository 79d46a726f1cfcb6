//! A round of a run: what the model said, the calls in it, and what they gave.

use std::pin::pin;

use futures_util::stream::StreamExt;

use super::drive::Driver;
use super::forms;
use super::ledger::Refused;
use super::writing::Written;
use crate::domain::{Fact, Finish, MessageCompleted, MessageId, Part, RunWaiting, Timestamp, ToolReturned, Visibility};

impl Driver {
    /// The facts of a message that is complete, which the transcript then holds.
    pub(super) fn complete(&mut self, written: Written, elapsed_ms: u64) -> Vec<Fact> {
        let Written { parts, mut finish, mut usage, first_token_ms, is_silent } = written;
        let calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        // Servers differ in the word that they give for an answer with calls in it.
        finish = match finish {
            Finish::Stop | Finish::Length if calls => Finish::ToolCalls,
            Finish::ToolCalls if !calls => Finish::Stop,
            other => other,
        };
        usage.cost_usd = self.asking.card.cost(&usage);
        self.work.usage.add(&usage);
        // Another message follows calls, and an answer that does not have the form that it must have.
        let unformed = self.work.course.ordinary
            && self.work.pins.form.as_ref().is_some_and(|form| forms::read(form, &Part::texts(&parts)).is_err());
        let follows = finish == Finish::ToolCalls || (finish != Finish::Cut && finish != Finish::Cancelled && unformed);
        let next_message_id = follows.then(|| MessageId::new(&*self.core.clock));
        // Who takes part and has nothing to say shows nothing.
        let is_empty = finish == Finish::Stop && Part::texts(&parts).is_empty();
        let is_silent = is_silent || (is_empty && self.work.taking_part.is_some());
        let completed = MessageCompleted {
            message_id: self.work.message_id.clone(),
            agent: self.work.agent.name.clone(),
            parts,
            finish,
            usage,
            model: self.asking.choice.clone(),
            round: self.work.rounds,
            first_token_ms,
            elapsed_ms,
            next_message_id: next_message_id.clone(),
            thread: self.thread().map(str::to_owned),
            step: self.step_number(),
            visibility: if is_silent { Visibility::Model } else { self.visibility() },
            form: self.form().map(|form| form.name.clone()),
        };
        self.work.answer = completed.text();
        self.work.answer_id = Some(completed.message_id.clone());
        let mut facts = Vec::new();
        if finish == Finish::ToolCalls {
            for part in &completed.parts {
                if let Part::ToolCall(call) = part {
                    self.work.tool_calls += 1;
                    let (mut recorded, spec) = self.calls.record(call, &self.work.pins.caller_tools);
                    recorded.step = completed.step;
                    facts.push(self.called(recorded, spec, Some(completed.message_id.clone())));
                }
            }
        }
        // No two messages have one id, also when a later step asks once more.
        self.work.message_id = next_message_id.unwrap_or_else(|| MessageId::new(&*self.core.clock));
        facts.insert(0, Fact::MessageCompleted(completed));
        for fact in &facts {
            self.work.transcript.add(Some(&self.work.run), fact, true);
        }
        facts
    }

    /// Carries calls out. What they gave is appended as it comes; the last of it beside the next step.
    pub(super) async fn run_tools(&mut self, calls: Vec<crate::domain::ToolCallPart>) -> Result<(), Refused> {
        self.settle().await?;
        let of_step = self.work.transcript.step_call().is_some();
        let message_id = (!of_step).then(|| self.work.answer_id.clone().unwrap_or_else(|| self.work.message_id.clone()));
        let thread = self.thread().map(str::to_owned);
        let mut left = calls.len();
        let arguments: Vec<_> = calls.iter().map(|call| (call.id.clone(), call.arguments.clone())).collect();
        let mut returns = pin!(self.calls.carry_out(calls).ready_chunks(arguments.len().max(1)));
        while let Some(ready) = returns.next().await {
            left = left.saturating_sub(ready.len());
            let facts: Vec<_> = ready
                .into_iter()
                .map(|returned| {
                    let of = arguments.iter().find(|(id, _)| *id == returned.id);
                    let arguments = of.map(|(_, arguments)| arguments.clone()).unwrap_or_default();
                    let (message_id, thread) = (message_id.clone(), thread.clone());
                    Fact::ToolReturned(ToolReturned { returned, arguments, message_id, thread })
                })
                .collect();
            for fact in &facts {
                self.work.transcript.add(Some(&self.work.run), fact, true);
            }
            if left == 0 && !self.stop.is_cancelled() {
                self.pending = Some(self.appending(facts));
            } else {
                self.appending(facts).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn wait_for_caller(&mut self) -> Result<(), Refused> {
        self.settle().await?;
        let thread = self.thread().map(str::to_owned);
        let calls = match self.work.transcript.step_call() {
            Some((call, _)) => vec![call.clone()],
            None => {
                let pending = self.work.transcript.pending(&self.work.run, thread.as_deref());
                let recorded = pending.into_iter().map(|call| {
                    let known = self.work.transcript.called(&call.id).cloned();
                    known.unwrap_or_else(|| self.calls.record(call, &self.work.pins.caller_tools).0)
                });
                recorded.collect()
            }
        };
        let wait = i64::try_from(self.core.settings.limits.caller_wait.as_millis()).unwrap_or(i64::MAX);
        let deadline = Timestamp::from_millis(self.core.clock.now().as_millis().saturating_add(wait));
        self.append(vec![Fact::RunWaiting(RunWaiting { calls, thread, deadline: Some(deadline) })]).await?;
        if self.stop.is_cancelled() {
            // It was cancelled just before: nobody else would end it.
            return self.finish_stopped(Vec::new()).await;
        }
        Ok(())
    }
}

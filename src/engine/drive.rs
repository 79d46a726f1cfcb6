//! Drives one run: asks [`next`] what to do, does it, appends what happened, and asks again.
//!
//! *Invariant:* nothing of a step is published before it is durable, save pieces of a message; and those are held back
//! until the append before them is durable. An append that is not needed for the next step goes on beside it: the first
//! one, and those of tool returns, beside the call of the model.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::StreamExt;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::budget::{self, Spent};
use super::calls::Calls;
use super::channels::Judged;
use super::compacting::{Made, Room};
use super::context;
use super::course::Course;
use super::forms;
use super::holding::{AtWork, Holding, Pending};
use super::house::Core;
use super::ledger::{Ledger, Refused};
use super::lives;
use super::next::{Next, Position, next};
use super::spans;
use super::writing::{Desk, Writing};
use crate::domain::{
    Agent, Cause, Error, Fact, Finish, MessageId, ModelChoice, Notice, Outcome, Pins, RunId, TakingPart, Timestamp,
    Transcript, Usage,
};
use crate::models::{Card, Model, ModelEvent, ModelStream, OwnProviders};
use crate::tools::ToolContext;

/// Told once the first append is durable, or why it is not.
pub(crate) type OnTaken = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What a run is, from its queueing on.
pub(crate) struct Work {
    pub(crate) run: RunId,
    pub(crate) agent: Agent,
    pub(crate) model: ModelChoice,
    pub(crate) pins: Pins,
    /// Set when it answers because its agent takes part in the session.
    pub(crate) taking_part: Option<TakingPart>,
    /// What it goes by.
    pub(crate) course: Course,
    /// How many processes took it, this one included; its fencing token.
    pub(crate) attempt: u32,
    /// When a process first took it.
    pub(crate) started_at: Timestamp,
    /// The message that is written next.
    pub(crate) message_id: MessageId,
    pub(crate) transcript: Transcript,
    pub(crate) rounds: u32,
    pub(crate) tool_calls: u32,
    pub(crate) usage: Usage,
    /// How long earlier attempts worked on it.
    pub(crate) worked: Duration,
    /// The newest message that it completed, and its text.
    pub(crate) answer_id: Option<MessageId>,
    pub(crate) answer: String,
}

/// Drives one run to its end, or until it waits for the caller.
pub(crate) struct Driver {
    pub(super) core: Arc<Core>,
    pub(super) ledger: Arc<Ledger>,
    pub(super) work: Work,
    /// Who is asked: the run's model, or that of the thread that its step is about.
    pub(super) asking: Asking,
    /// The ways to models that the agent has of its own.
    pub(super) own_providers: OwnProviders,
    pub(super) calls: Calls,
    pub(super) caller_tools: HashSet<String>,
    /// Models that could not answer in this run: others of its list are asked instead.
    pub(super) failed_models: Vec<ModelChoice>,
    /// Whether older turns were summarised, to make room.
    pub(super) room: Room,
    /// The tools of the tool servers that the agent names.
    pub(super) chosen_tools: Vec<String>,
    /// Most calls of the model in the step that has begun.
    pub(super) max_step_rounds: Option<u32>,
    /// Says that this process works on the run.
    at_work: AtWork,
    /// Fires when the run is to end: cancelled, or out of time.
    pub(super) stop: CancellationToken,
    pub(super) out_of_time: Arc<AtomicBool>,
    pub(super) pending: Option<Pending>,
    /// Whether it was told that tokens are guessed.
    pub(super) guesses: bool,
    /// Facts that the transcript holds, and that go into the log with the next append.
    due: Vec<Fact>,
    on_taken: Option<OnTaken>,
    /// What a trace shows of it: below the request that asked for it.
    span: tracing::Span,
}

/// A model, and what is known of it.
pub(super) struct Asking {
    pub(super) choice: ModelChoice,
    pub(super) model: Arc<dyn Model>,
    pub(super) card: Card,
}

/// Tells subscribers when a run's task ends without a word.
struct Unfinished {
    ledger: Arc<Ledger>,
    armed: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.armed {
            self.ledger.hub.break_off(Error::internal("the task of a run ended before the run did"));
        }
    }
}

/// How the call of a model ended.
enum Heard {
    Said(Finish, Usage),
    Failed(Error),
    Stopped,
}

impl Driver {
    /// Makes ready to drive.
    ///
    /// # Errors
    /// `invalid_input` when the workspace cannot be opened or the model is not known.
    pub(crate) fn new(
        core: &Arc<Core>,
        ledger: &Arc<Ledger>,
        work: Work,
        at_work: AtWork,
        own_providers: OwnProviders,
    ) -> Result<Self, Error> {
        let (model, card) = core.models.get_of(&work.model, &own_providers)?;
        let asking = Asking { choice: work.model.clone(), model, card };
        let workspace =
            work.pins.workspace.clone().unwrap_or_else(|| core.settings.workspace.to_string_lossy().into_owned());
        let calls = Calls {
            core: Arc::clone(core),
            session: ledger.id.clone(),
            run: work.run.clone(),
            rules: work.pins.permissions.clone(),
            no_commands: work.pins.no_commands,
            specs: core.tools.specs(work.agent.tools.as_deref()),
            tools: core.tools.clone(),
            context: ToolContext {
                workspace: core.workspace(&workspace)?,
                rules: work.pins.permissions.clone().into(),
                cancelled: at_work.stop.clone(),
            },
        };
        Ok(Self {
            span: spans::of_run(&ledger.id, &work),
            core: Arc::clone(core),
            ledger: Arc::clone(ledger),
            caller_tools: work.pins.caller_tools.iter().map(|spec| spec.name.clone()).collect(),
            failed_models: Vec::new(),
            room: Room::default(),
            chosen_tools: Vec::new(),
            max_step_rounds: None,
            work,
            asking,
            own_providers,
            calls,
            stop: at_work.stop.clone(),
            at_work,
            out_of_time: Arc::default(),
            pending: None,
            guesses: false,
            due: Vec::new(),
            on_taken: None,
        })
    }

    /// Drives the run. `first` is the append that takes it; `on_taken` is told when that is durable.
    pub(crate) async fn drive(mut self, first: Pending, on_taken: OnTaken) {
        self.pending = Some(first);
        self.on_taken = Some(on_taken);
        let clock = self.keep_time();
        // Should the task be dropped or panic, whoever listens is told.
        let mut unfinished = Unfinished { ledger: Arc::clone(&self.ledger), armed: true };
        let span = self.span.clone();
        let renewed = lives::renew(Arc::clone(&self.core), Arc::clone(&self.ledger));
        let result = tokio::select! {
            biased;
            result = self.steps().instrument(span) => result,
            never = renewed => match never {},
        };
        if let Some(clock) = clock {
            clock.abort();
        }
        unfinished.armed = false;
        match result {
            Ok(()) => {}
            // Somebody else has the run now, and writes its end.
            Err(Refused::Fenced) => self.taken(Err(Refused::Fenced.into())),
            Err(Refused::Failed(error)) => {
                let told = self.on_taken.is_none();
                self.taken(Err(error.clone()));
                if told {
                    self.ledger.hub.break_off(error);
                }
            }
        }
        drop(self.at_work);
    }

    /// Stops the run when its time is over.
    fn keep_time(&self) -> Option<tokio::task::JoinHandle<()>> {
        let budget = self.budget().timeout_seconds?;
        // Time in which nobody worked on it, waiting for the caller or after a crash, does not count.
        let left = Duration::from_secs(budget).saturating_sub(self.work.worked);
        let (stop, out_of_time) = (self.stop.clone(), Arc::clone(&self.out_of_time));
        Some(tokio::spawn(async move {
            tokio::time::sleep(left).await;
            out_of_time.store(true, Ordering::Release);
            stop.cancel();
        }))
    }

    fn taken(&mut self, result: Result<(), Error>) {
        if let Some(on_taken) = self.on_taken.take() {
            on_taken(result);
        }
    }

    /// Waits for the append that goes on beside.
    pub(super) async fn settle(&mut self) -> Result<(), Refused> {
        if let Some(pending) = self.pending.take() {
            pending.await?;
            self.taken(Ok(()));
        }
        if !self.due.is_empty() {
            let due = std::mem::take(&mut self.due);
            self.appending(due).await?;
        }
        Ok(())
    }

    /// Holds these facts, of what needs nobody outside, until the next append.
    pub(super) fn owe(&mut self, facts: Vec<Fact>) {
        for fact in &facts {
            self.work.transcript.add(Some(&self.work.run), fact, true);
        }
        self.due.extend(facts);
    }

    /// Appends what is due beside what comes next.
    fn settle_beside(&mut self) {
        if self.due.is_empty() {
            return;
        }
        let due = std::mem::take(&mut self.due);
        let second = self.appending(due);
        self.pending = Some(match self.pending.take() {
            None => second,
            Some(first) => async move {
                first.await?;
                second.await
            }
            .boxed(),
        });
    }

    async fn steps(&mut self) -> Result<(), Refused> {
        self.gather_tools().await?;
        if let Err(error) = self.turn_to_step() {
            return self.fail(error).await;
        }
        if let Some(ended) = self.judged().await? {
            return match ended {
                Judged::Silent => self.finish(Outcome::Silent, None).await,
                Judged::Stopped => self.finish_stopped(Vec::new()).await,
                Judged::Failed(error) => self.fail(error).await,
            };
        }
        loop {
            let decided = self.decide();
            if self.stop.is_cancelled() && !matches!(decided, Next::Finish { .. }) {
                self.settle().await?;
                return self.finish_stopped(Vec::new()).await;
            }
            match decided {
                Next::BeginStep(step) => {
                    if let Err(error) = self.begin_step(step) {
                        return self.fail(error).await;
                    }
                }
                Next::DoStep(step) => {
                    if let Err(error) = self.do_step(step).await {
                        return self.fail(error).await;
                    }
                }
                Next::EndStep(step) => {
                    if let Err(error) = self.end_step(step) {
                        return self.fail(error).await;
                    }
                }
                Next::CallModel => {
                    if self.call_model().await? {
                        return Ok(());
                    }
                }
                Next::AskAgain(faults) => {
                    let id = MessageId::new(&*self.core.clock);
                    self.owe(vec![forms::told(id, self.core.clock.now(), &faults)]);
                }
                Next::RunTools(calls) => self.run_tools(calls).await?,
                Next::WaitForCaller(_) => return self.wait_for_caller().await,
                Next::Finish { outcome, error } => return self.finish(outcome, error).await,
            }
        }
    }

    /// Ends the run, with all that is due in the same append.
    async fn finish(&mut self, outcome: Outcome, error: Option<Error>) -> Result<(), Refused> {
        let mut facts = std::mem::take(&mut self.due);
        self.settle().await?;
        facts.push(self.finished(outcome, error));
        match &self.work.taking_part {
            Some(taking_part) if outcome == Outcome::Completed => {
                let taking_part = taking_part.clone();
                self.finish_and_ask(facts, &taking_part).await
            }
            _ => self.append(facts).await,
        }
    }

    async fn fail(&mut self, error: Error) -> Result<(), Refused> {
        self.finish(Outcome::Failed, Some(error)).await
    }

    fn decide(&self) -> Next {
        let budget = self.budget();
        let most = self.core.settings.limits.run_turns;
        let position = Position {
            run: &self.work.run,
            spent: Spent {
                budget: &budget,
                usage: &self.work.usage,
                rounds: self.work.rounds,
                max_rounds: budget.max_turns.unwrap_or(most).min(most),
            },
            form: self.work.pins.form.as_ref(),
            caller_tools: &self.caller_tools,
            max_step_rounds: self.max_step_rounds,
            ordinary: self.work.course.ordinary,
            steps: &self.work.course.steps,
        };
        next(&self.work.transcript, &position)
    }

    /// Calls the model, or the first of its list that answers; true when the run has ended with it.
    async fn call_model(&mut self) -> Result<bool, Refused> {
        loop {
            if let Some(ended) = self.call_once().await? {
                return Ok(ended);
            }
        }
    }

    /// Calls the model once; nothing = it could not answer, and another is to be asked.
    async fn call_once(&mut self) -> Result<Option<bool>, Refused> {
        let prepared = match self.prepare().await {
            Ok(prepared) => self.make_room(prepared).await?,
            Err(error) => Made::Failed(error),
        };
        let request = match prepared {
            Made::Go(prepared) => prepared.request(&self.asking),
            Made::Stopped => {
                self.finish_stopped(Vec::new()).await?;
                return Ok(Some(true));
            }
            Made::Failed(error) => {
                self.fail(error).await?;
                return Ok(Some(true));
            }
        };
        if let Err(error) = budget::check_priced(&self.core, &self.asking.choice, &self.asking.card, &self.budget()) {
            self.fail(error).await?;
            return Ok(Some(true));
        }
        let asked_bytes = context::request_bytes(&request);
        self.settle_beside();
        let span = spans::of_model(&self.asking.choice);
        let stream = self.asking.model.ask(request).instrument(span.clone()).await;
        let mut writing = Writing::held(self.work.message_id.clone(), self.work.agent.silence.as_deref());
        let heard = self.listen(stream, &mut writing).instrument(span.clone()).await?;
        let elapsed_ms = writing.elapsed_ms();
        let begun = writing.has_begun();
        let (finish, usage, error) = match heard {
            Heard::Said(finish, usage) => (finish, self.counted(usage, asked_bytes, &writing), None),
            Heard::Failed(error) => (Finish::Cut, Usage::default(), Some(error)),
            Heard::Stopped => (Finish::Cancelled, Usage::default(), None),
        };
        spans::heard(&span, finish, &usage, error.as_ref());
        drop(span);
        if let Some(error) = error.as_ref().filter(|_| !begun)
            && (self.turn_to_another(error).await? || self.has_less_to_show(error).await)
        {
            return Ok(None);
        }
        self.work.rounds += 1;
        let desk =
            Desk { hub: &self.ledger.hub, clock: &*self.core.clock, run: &self.work.run, agent: &self.work.agent.name };
        let written = writing.end(&desk, finish, usage);
        if finish == Finish::Cancelled {
            let completed = if begun { self.complete(written, elapsed_ms) } else { Vec::new() };
            self.finish_stopped(completed).await?;
            return Ok(Some(true));
        }
        if let Some(error) = error {
            let facts = if begun { self.complete(written, elapsed_ms) } else { Vec::new() };
            self.due.extend(facts);
            self.fail(error).await?;
            return Ok(Some(true));
        }
        // It goes into the log with what comes next: the run's end, or before any tool begins.
        let facts = self.complete(written, elapsed_ms);
        self.due.extend(facts);
        Ok(Some(false))
    }

    /// Follows the model's stream, beside the append that goes on.
    async fn listen(&mut self, mut stream: ModelStream, writing: &mut Writing) -> Result<Heard, Refused> {
        let mut pending = self.pending.take();
        let mut heard = None;
        while heard.is_none() || pending.is_some() {
            let append = async {
                match pending.as_mut() {
                    Some(pending) => pending.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                result = append => {
                    pending = None;
                    result?;
                    self.taken(Ok(()));
                    writing.release(&self.desk());
                }
                () = self.stop.cancelled(), if heard.is_none() => heard = Some(Heard::Stopped),
                event = stream.next(), if heard.is_none() => match event {
                    None => heard = Some(Heard::Failed(Error::model(Cause::Cut, "the model's answer ended in its middle"))),
                    Some(Err(error)) => heard = Some(Heard::Failed(error.into())),
                    Some(Ok(ModelEvent::Retrying { attempt, error, delay_ms })) => {
                        self.pending = pending.take();
                        self.settle().await?;
                        writing.release(&self.desk());
                        self.notice_retry(attempt, &error, delay_ms).await?;
                    }
                    Some(Ok(event)) => match writing.take(&self.desk(), event) {
                        Ok(None) => {}
                        Ok(Some((finish, usage))) => heard = Some(Heard::Said(finish, usage)),
                        Err(error) => heard = Some(Heard::Failed(error)),
                    },
                },
            }
        }
        Ok(heard.unwrap_or(Heard::Stopped))
    }

    fn desk(&self) -> Desk<'_> {
        Desk { hub: &self.ledger.hub, clock: &*self.core.clock, run: &self.work.run, agent: &self.work.agent.name }
    }

    pub(super) async fn notice_retry(&mut self, attempt: u32, error: &Error, delay_ms: u64) -> Result<(), Refused> {
        let message = format!("attempt {attempt} failed ({}); again in {delay_ms} ms", error.message);
        let details = serde_json::json!({ "attempt": attempt, "cause": error.cause, "delay_ms": delay_ms });
        self.append(vec![Fact::Notice(Notice { code: "model.retry".to_owned(), message, details })]).await
    }

    /// Appends facts of the run, and waits until they are durable.
    pub(super) fn append(&self, facts: Vec<Fact>) -> BoxFuture<'static, Result<(), Refused>> {
        self.appending(facts).map(|appended| appended.map(|_| ())).boxed()
    }

    /// Appends facts of the run, for as long as this process holds it.
    pub(super) fn appending(&self, facts: Vec<Fact>) -> Pending {
        let holding = Holding {
            ledger: Arc::clone(&self.ledger),
            run: self.work.run.clone(),
            attempt: self.work.attempt,
            agent: self.work.agent.name.clone(),
        };
        holding.append(facts, |_, _| Ok(()))
    }
}

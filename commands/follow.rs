//! Asks, and follows the run to its end: the same for `oneshot`, `run` and `restore --resume`.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::OptionFuture;
use ombud::domain::{Cursor, Error, ErrorCode, ModelChoice, Principal, RunId, SessionId, ToolCall};
use ombud::engine::{Ask, Engine, Target};
use tokio::time::{Instant, sleep_until};

use crate::approver::TerminalApprover;
use crate::caller_tools::CallerTools;
use crate::program::Program;
use crate::render::View;
use crate::render::result::{Collector, RunResult, Taken, error_line};
use crate::signals::Signals;

/// How long a cancelled run may take to write its end, and the program to leave.
const GRACE: Duration = Duration::from_millis(1_500);
/// The provider of the rules inside the program.
const OFFLINE: &str = "offline";

/// A run that is followed.
pub struct Followed<'a, 'v> {
    engine: &'a dyn Engine,
    caller: &'a Principal,
    signals: &'a mut Signals,
    view: &'a mut View<'v>,
    /// Who is asked what the run wants to know, when it does not work in this process.
    asked_here: Option<&'a TerminalApprover>,
    /// Whether the run does not work in this process: then its model is known once the question was taken.
    of_server: bool,
    /// What answers calls of the agent's own tools; nothing = a run that calls one stays waiting.
    pub tools: CallerTools,
    /// What the command line denies.
    pub denies: Vec<String>,
    /// When the program leaves, whatever is still at work; absent = when all is done. For [`leave`].
    pub leave_by: Option<Instant>,
}

/// A run that was asked for, and where its first fact is.
pub struct Begun {
    pub session: SessionId,
    pub run: RunId,
    pub model: Option<ModelChoice>,
    pub before: Cursor,
}

impl<'a, 'v> Followed<'a, 'v> {
    /// Nothing was asked yet.
    pub fn new(
        program: &'a Program,
        engine: &'a dyn Engine,
        caller: &'a Principal,
        signals: &'a mut Signals,
        view: &'a mut View<'v>,
    ) -> Self {
        let of_server = program.server.is_some();
        let (asked_here, tools) = (program.asked_here(), CallerTools::default());
        let denies = Vec::new();
        Self { engine, caller, signals, view, asked_here, of_server, tools, denies, leave_by: None }
    }

    /// Asks, follows and shows. Standard output that nobody reads is no failure: the run goes on to its end.
    pub async fn ask(&mut self, ask: Ask, notices: Vec<String>) -> RunResult {
        let mut collector = Collector::new(notices);
        collector.denies(self.denies.clone());
        let is_new = matches!(ask.target, Target::New(_));
        let asked = tokio::select! {
            asked = self.engine.ask(self.caller, ask) => asked,
            exit_code = self.signals.next() => {
                // The question is taken back; a run of it that has just begun is cancelled.
                self.leave_by = Some(Instant::now() + GRACE);
                collector.signalled(exit_code);
                return self.end(collector);
            }
        };
        match asked {
            Ok(asked) => match asked.run {
                Some(run) => {
                    if self.of_server && is_new {
                        self.tell_model(&mut collector, asked.model.as_ref());
                    }
                    let begun = Begun { session: asked.session, run, model: asked.model, before: asked.before };
                    self.follow(begun, collector).await
                }
                None => self.end(collector),
            },
            Err(error) => {
                collector.failed(&error);
                self.end(collector)
            }
        }
    }

    /// Follows a run that has begun.
    pub async fn follow(&mut self, begun: Begun, mut collector: Collector) -> RunResult {
        collector.asked(&begun.session, Some(&begun.run), begun.model.as_ref());
        self.view.begins(begun.before.incarnation);
        if let Err(error) = self.frames(&begun, &mut collector).await {
            collector.failed(&error);
        }
        self.end(collector)
    }

    /// Tells which model a server chose, where that must be known beforehand.
    fn tell_model(&mut self, collector: &mut Collector, model: Option<&ModelChoice>) {
        if model.is_some_and(|model| model.provider == OFFLINE) {
            collector.notice(crate::oneshot::OFFLINE_NOTICE.to_owned());
            if self.view.is_watched_text() {
                crate::render::note(&format!("note: {}", crate::oneshot::OFFLINE_NOTICE));
            }
        }
    }

    fn end(&mut self, collector: Collector) -> RunResult {
        shown(self.view, collector.finish())
    }

    async fn frames(&mut self, begun: &Begun, collector: &mut Collector) -> Result<(), Error> {
        let (engine, caller) = (self.engine, self.caller);
        let mut frames = engine.subscribe(caller, &begun.session, Some(begun.before)).await?;
        let asked_here = self.asked_here.map(|approver| crate::questions::ask(engine, caller, approver, &begun.run));
        let mut asking = std::pin::pin!(OptionFuture::from(asked_here));
        let mut signalled = None;
        let mut cancelling = OptionFuture::default();
        let tools = self.tools.clone();
        let answer = async |calls: Vec<ToolCall>| {
            let returns = tools.answer(calls).await;
            engine.answer(caller, &begun.run, returns).await
        };
        let mut answering = OptionFuture::default();
        let mut listens = true;
        loop {
            let leave_by = self.leave_by;
            let deadline = OptionFuture::from(leave_by.map(sleep_until));
            tokio::select! {
                frame = frames.next() => match frame {
                    None => return Err(Error::new(ErrorCode::Conflict, format!("session `{}` was deleted while it was asked", begun.session))),
                    Some(Err(error)) => {
                        // Nobody follows it any more: it is asked to end, and not waited for without a limit.
                        self.leave_by = Some(Instant::now() + GRACE);
                        let cancelled = engine.cancel(caller, &begun.session, Some(&begun.run), "its frames cannot be read");
                        let _ = tokio::time::timeout(GRACE, cancelled).await;
                        return Err(error);
                    }
                    Some(Ok(frame)) => {
                        let of_run = frame.run().is_none_or(|run| *run == begun.run);
                        if listens && of_run {
                            listens = self.view.frame(&frame).is_ok();
                        }
                        match if of_run { collector.take(&frame) } else { Taken::GoesOn } {
                            Taken::GoesOn => {}
                            Taken::Waits(calls) if !tools.is_empty() && signalled.is_none() => {
                                answering = Some(Box::pin(answer(calls))).into();
                            }
                            Taken::Waits(_) | Taken::Ended => break,
                        }
                    }
                },
                exit_code = self.signals.next() => {
                    if signalled.replace(exit_code).is_some() {
                        self.leave_by = Some(Instant::now());
                        break;
                    }
                    self.leave_by = Some(Instant::now() + GRACE);
                    let reason = if exit_code == 130 { "Ctrl-C" } else { "the program was told to end" };
                    // Beside all else: a store that is held by somebody must not keep the program.
                    cancelling = Some(engine.cancel(caller, &begun.session, Some(&begun.run), reason)).into();
                }
                Some(cancelled) = &mut cancelling => {
                    cancelling = OptionFuture::default();
                    if let Err(error) = cancelled {
                        // The run may still end by itself until it is time to leave.
                        tracing::warn!(%error, "the run could not be asked to end");
                    }
                }
                Some(answered) = &mut answering => {
                    answering = OptionFuture::default();
                    answered?;
                }
                Some(()) = &mut asking => {}
                Some(()) = deadline => break,
            }
        }
        if let Some(exit_code) = signalled {
            collector.signalled(exit_code);
        }
        Ok(())
    }
}

/// Waits until the runs of this process have ended, or until it is time to leave, or somebody is in a hurry.
pub async fn leave(engine: &dyn Engine, signals: &mut Signals, leave_by: Option<Instant>) {
    tokio::select! {
        () = engine.drain() => {}
        _ = signals.next() => {}
        Some(()) = OptionFuture::from(leave_by.map(sleep_until)) => {}
    }
}

/// Shows the result; when standard output cannot be written, that is what the program exits with.
pub fn shown(view: &mut View<'_>, mut result: RunResult) -> RunResult {
    if let Err(error) = view.end(&result) {
        crate::render::note(&error_line(&error));
        result.exit_code = error.code.exit_code();
    }
    result
}

//! `ask`: a question to an agent, followed to its end. Who takes the request back, or goes away, ends the run.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use crate::domain::{Delta, Error, ErrorCode, Fact, Frame, Outcome, PartStart, Principal, Result, RunFinished, RunId};
use crate::engine::{Ask, Asked, Engine};
use crate::http::Waiter;

/// Between two signs of life of a run in which nothing else happens.
const SIGN: Duration = Duration::from_secs(5);
/// How long the end of a run may take to come here when the server leaves.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What ends the wait for an answer before its time.
pub struct Ends {
    /// The request was taken back.
    pub taken_back: CancellationToken,
    /// The process leaves.
    pub leaving: CancellationToken,
}

impl Ends {
    async fn come(&self) -> &'static str {
        tokio::select! {
            () = self.taken_back.cancelled() => "the client took the request back",
            () = self.leaving.cancelled() => "the server leaves",
        }
    }
}

/// Asks, and waits for the answer.
pub async fn ask(
    engine: &Arc<dyn Engine>,
    caller: &Principal,
    ask: Ask,
    mut progress: Progress,
    ends: &Ends,
) -> Result<CallToolResult> {
    let asked = tokio::select! {
        asked = engine.ask(caller, ask) => asked?,
        // Dropping the question takes it back.
        why = ends.come() => return Err(cancelled(why)),
    };
    let Some(run) = asked.run.clone() else { return Err(Error::internal("a question was asked of nobody")) };
    let mut waiter = Waiter::new(engine, caller, &asked.session, &run, "nobody waits for its answer");
    let mut following = std::pin::pin!(follow(&**engine, caller, &asked, &run, &mut progress));
    let followed = tokio::select! {
        followed = &mut following => followed,
        why = ends.come() => {
            waiter.dismiss();
            engine.cancel(caller, &asked.session, Some(&run), why).await?;
            if ends.taken_back.is_cancelled() {
                return Err(cancelled(why));
            }
            // The run may have ended well before the server left: what came of it is in the log.
            match tokio::time::timeout(LAST_WORDS, following).await {
                Ok(followed) => followed,
                Err(_) => return Err(cancelled(why)),
            }
        }
    };
    if let Ok(Ended::Finished(_)) = &followed {
        waiter.dismiss();
    }
    match followed? {
        Ended::Finished(finished) => answer(&asked, &run, *finished),
        Ended::Waits(tools) => Err(Error::new(
            ErrorCode::NotSupported,
            format!("the agent waits for tools of its caller, which cannot be carried out here: {}", tools.join(", ")),
        )
        .hint("ask it over an API that has them, or ask an agent without such tools")),
    }
}

/// How a run ended that was followed.
enum Ended {
    Finished(Box<RunFinished>),
    /// It waits for these tools.
    Waits(Vec<String>),
}

async fn follow(
    engine: &dyn Engine,
    caller: &Principal,
    asked: &Asked,
    run: &RunId,
    progress: &mut Progress,
) -> Result<Ended> {
    let mut frames = engine.subscribe(caller, &asked.session, Some(asked.before)).await?;
    let mut sign = tokio::time::interval_at(Instant::now() + SIGN, SIGN);
    let mut written = 0;
    loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            _ = sign.tick() => {
                progress.tell(format!("at work, {written} characters written")).await;
                continue;
            }
        };
        let Some(frame) = frame else {
            let message = format!("session `{}` was closed before its answer came", asked.session);
            return Err(Error::new(ErrorCode::Unavailable, message));
        };
        let frame = frame?;
        if frame.run() != Some(run) {
            continue;
        }
        match &frame {
            Frame::Delta(live) => {
                if let Delta::Grew { part: PartStart::Text, text, .. } = &live.delta {
                    written += text.chars().count();
                }
            }
            Frame::Fact(event) => match &event.fact {
                Fact::RunStarted(started) => progress.tell(format!("{} asks {}", started.agent, started.model)).await,
                Fact::ToolCalled(called) => progress.tell(format!("calls {}", called.call.name)).await,
                Fact::RunWaiting(waiting) => {
                    return Ok(Ended::Waits(waiting.calls.iter().map(|call| call.name.clone()).collect()));
                }
                Fact::RunFinished(finished) => return Ok(Ended::Finished(Box::new(finished.clone()))),
                _ => {}
            },
        }
    }
}

/// What came of it.
fn answer(asked: &Asked, run: &RunId, finished: RunFinished) -> Result<CallToolResult> {
    let session = &asked.session;
    let (text, failed) = match (finished.outcome, &finished.error) {
        (Outcome::Completed, _) => (finished.answer.clone(), false),
        (Outcome::Silent, _) => ("(The agent ended without an answer.)".to_owned(), false),
        (Outcome::Failed, Some(error)) => (super::errors::told(error), true),
        (Outcome::Failed, None) => ("the run failed".to_owned(), true),
        (Outcome::Cancelled, Some(error)) => (format!("the run was cancelled: {}", error.message), true),
        (Outcome::Cancelled, None) => ("the run was cancelled".to_owned(), true),
    };
    // Many clients show their model the content alone: without the id the conversation could not go on.
    let content = vec![ContentBlock::text(text), ContentBlock::text(format!("session: {session}"))];
    let mut result = if failed { CallToolResult::error(content) } else { CallToolResult::success(content) };
    let mut told = json!({
        "session": session,
        "run": run,
        "status": finished.outcome,
        "agent": finished.agent,
        "answer": finished.answer,
    });
    if let Some(model) = &finished.model {
        told["model"] = json!(model.to_string());
    }
    if let Some(error) = &finished.error {
        told["error"] = json!(error);
    }
    result.structured_content = Some(told);
    Ok(result)
}

fn cancelled(why: &str) -> Error {
    Error::new(ErrorCode::Unavailable, format!("the run was cancelled: {why}"))
}

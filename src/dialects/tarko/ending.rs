//! How a run ended, as the one event that an answer without a stream has.

use futures_util::stream::StreamExt;

use super::encoder::{aborted, encode, max_iterations};
use super::events::of_run;
use super::wire::{AssistantMessage, Body, TarkoEvent};
use crate::domain::{Error, ErrorCode, Event, Fact, Frame, Outcome, Principal, Result, RunFinished};
use crate::engine::{Asked, Engine};

/// Waits for the end of a run; what it said last.
///
/// # Errors
/// What the log or a defect did to the run; that a model failed is told as what the agent says.
pub async fn of(engine: &dyn Engine, caller: &Principal, taken: &Asked) -> Result<TarkoEvent> {
    let Some(run) = taken.run.clone() else { return Err(Error::internal("a question was asked of nobody")) };
    let frames = engine.subscribe(caller, &taken.session, Some(taken.before)).await?;
    let mut frames = std::pin::pin!(of_run(frames, run));
    let mut said = None;
    while let Some(frame) = frames.next().await {
        let Frame::Fact(event) = frame? else { continue };
        match &event.fact {
            Fact::MessageCompleted(_) => said = encode(&Frame::Fact(event), taken.before.incarnation).pop(),
            Fact::RunFinished(finished) => return end(&event, finished, said),
            _ => {}
        }
    }
    Err(Error::new(ErrorCode::Unavailable, format!("session `{}` was closed before its answer came", taken.session)))
}

fn end(event: &Event, finished: &RunFinished, said: Option<TarkoEvent>) -> Result<TarkoEvent> {
    let last = |message: AssistantMessage| TarkoEvent {
        id: Some(event.id.to_string()),
        kind: "assistant_message",
        timestamp: event.at.as_millis(),
        body: Body::AssistantMessage(message),
        cursor: None,
    };
    match (finished.outcome, &finished.error) {
        (Outcome::Completed | Outcome::Silent, _) => Ok(said.unwrap_or_else(|| last(AssistantMessage::default()))),
        (Outcome::Cancelled, _) => Ok(last(aborted(event.run.as_ref()))),
        (Outcome::Failed, Some(error)) => match error.code {
            ErrorCode::StoreFailed | ErrorCode::Internal => Err(error.clone()),
            ErrorCode::BudgetExhausted => Ok(last(max_iterations(event.run.as_ref(), error))),
            ErrorCode::InvalidInput
            | ErrorCode::Unauthorized
            | ErrorCode::Forbidden
            | ErrorCode::NotFound
            | ErrorCode::Expired
            | ErrorCode::Conflict
            | ErrorCode::Busy
            | ErrorCode::Inactive
            | ErrorCode::TooLarge
            | ErrorCode::BadMedia
            | ErrorCode::RateLimited
            | ErrorCode::ModelFailed
            | ErrorCode::Unavailable
            | ErrorCode::NotSupported
            | ErrorCode::SchemaMismatch
            | ErrorCode::ContextExceeded
            | ErrorCode::TimedOut => Ok(last(sorry(&error.message))),
        },
        (Outcome::Failed, None) => Ok(last(sorry("the run failed"))),
    }
}

/// What the agent says when its model failed.
fn sorry(why: &str) -> AssistantMessage {
    AssistantMessage {
        content: format!("Sorry, an error occurred while processing your request: Error: {why}"),
        finish_reason: Some("error"),
        ..AssistantMessage::default()
    }
}

/// The text of what was said.
pub fn text(event: &TarkoEvent) -> &str {
    match &event.body {
        Body::AssistantMessage(message) => &message.content,
        _ => "",
    }
}

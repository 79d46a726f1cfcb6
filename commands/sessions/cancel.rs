//! `ombud sessions cancel`

use futures_util::StreamExt;
use ombud::domain::{Cursor, Error, ErrorCode, Fact, Frame, Result, RunId};
use serde::Serialize;

use crate::cli::{Format, SessionsCancel};
use crate::naming;
use crate::program::Program;

/// How long the end of the runs is waited for.
const WAIT: std::time::Duration = std::time::Duration::from_secs(10);

#[derive(Serialize)]
struct Document {
    session: ombud::domain::SessionId,
    cancelled: Vec<RunId>,
}

pub async fn execute(program: &Program, args: &SessionsCancel) -> Result<u8> {
    let house = program.open().await?;
    let caller = program.caller();
    let id = naming::session(&*house, &caller, &args.id).await?;
    let summary = house.session(&caller, &id).await?.summary;
    let before = Cursor::after(summary.session.incarnation, summary.events);
    let mut frames = house.subscribe(&caller, &id, Some(before)).await?;
    let run = args.run.as_deref().map(RunId::from_text);
    let cancelled = house.cancel(&caller, &id, run.as_ref(), "`ombud sessions cancel`").await?;
    let mut left = cancelled.clone();
    let ended = tokio::time::timeout(WAIT, async {
        while !left.is_empty() {
            let Some(frame) = frames.next().await.transpose()? else { break };
            if let Frame::Fact(event) = frame
                && matches!(event.fact, Fact::RunFinished(_))
            {
                left.retain(|run| event.run.as_ref() != Some(run));
            }
        }
        Ok::<_, Error>(())
    });
    match ended.await {
        Ok(ended) => ended?,
        Err(_) => {
            let message =
                format!("session `{id}` was asked to cancel, but its run has not ended within {} s", WAIT.as_secs());
            return Err(
                Error::new(ErrorCode::TimedOut, message).hint("its process may hang; `ombud sessions list` shows its state")
            );
        }
    }
    let out = &program.context.out;
    match program.format() {
        Format::Text if cancelled.is_empty() => crate::render::note(&format!("note: nothing is at work in session `{id}`")),
        Format::Text => {
            for run in &cancelled {
                out.write_line(&format!("cancelled {run}"))?;
            }
        }
        Format::Json | Format::Jsonl | Format::Tarko => out.write_json(&Document { session: id, cancelled })?,
    }
    Ok(0)
}

//! Permission questions of a run that works on a server, asked at the terminal of whoever waits for it.

use std::collections::HashSet;

use futures_util::StreamExt as _;
use ombud::domain::{CallId, ErrorCode, Principal, Result, RunId};
use ombud::engine::{Approver as _, Engine, HouseNotice, OpenQuestion, Question};

use crate::approver::TerminalApprover;
use crate::render::note;
use crate::render::result::error_line;

/// Asks each question of a run at this terminal, and passes on what is said. It never ends by itself: the end of the run
/// ends it.
pub async fn ask(engine: &dyn Engine, caller: &Principal, approver: &TerminalApprover, run: &RunId) {
    if let Err(error) = until_nothing_is_told(engine, caller, approver, run).await {
        note(&format!("note: nobody can be asked for permission here: {}", error.message));
    }
    std::future::pending().await
}

async fn until_nothing_is_told(
    engine: &dyn Engine,
    caller: &Principal,
    approver: &TerminalApprover,
    run: &RunId,
) -> Result<()> {
    let mut asked = HashSet::new();
    let mut notices = engine.notices(caller).await?;
    // What was asked before this listened.
    let mut waiting = engine.questions(caller).await?;
    loop {
        for question in waiting.drain(..).filter(|question| question.run == *run) {
            if asked.insert(question.call.id.clone()) {
                settle(engine, caller, approver, question).await;
            }
        }
        match notices.next().await {
            Some(HouseNotice::QuestionAsked { question }) => waiting.push(*question),
            Some(HouseNotice::Missed) => waiting = engine.questions(caller).await?,
            Some(
                HouseNotice::SessionChanged { .. }
                | HouseNotice::AgentChanged { .. }
                | HouseNotice::ToolServerChanged { .. }
                | HouseNotice::StoreChanged
                | HouseNotice::QuestionSettled { .. },
            ) => {}
            None => return Ok(()),
        }
    }
}

/// Asks one question.
async fn settle(engine: &dyn Engine, caller: &Principal, approver: &TerminalApprover, open: OpenQuestion) {
    let OpenQuestion { session, run, call, subject, .. } = open;
    let id: CallId = call.id.clone();
    let decision = approver.decide(&Question { session, run, call, subject }).await;
    match engine.decide(caller, &id, decision).await {
        Ok(()) => {}
        Err(error) if error.code == ErrorCode::NotFound => {
            note("note: the question was answered elsewhere, or its time was over")
        }
        Err(error) => note(&error_line(&error)),
    }
}

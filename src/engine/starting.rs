//! Starting the run of a question that was taken: its first append, beside the call of the model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::sync::oneshot;

use super::asking::{busy, draft_queued, in_the_way};
use super::course::Course;
use super::drive::{Driver, Work};
use super::holding::Pending;
use super::house::Core;
use super::ledger::{Draft, Ledger, Refused};
use super::lives::must_live;
use super::recovery;
use super::taking::Taken;
use super::verbs::Asked;
use crate::domain::{Cursor, Error, ErrorCode, Fact, MessageId, Result, RunStarted, Transcript, Usage};
use crate::storage::Fence;

/// How a run is started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// It is posted and queued in the same append.
    Whole,
    /// It was queued before.
    Queued {
        /// What it is shown goes up to here, beside the message that it answers; absent = up to the end of the log.
        shown: Option<u64>,
    },
}

/// Starts the run.
pub(super) async fn start(core: &Arc<Core>, ledger: &Arc<Ledger>, taken: &Arc<Taken>, how: How) -> Result<Asked> {
    let whole = how == How::Whole;
    if whole && let Some(input) = &taken.input {
        input.keep(&core.store, &ledger.id).await?;
    }
    let at_work = ledger.works_on(&taken.run);
    let (mut transcript, seen, previous, state, threads) = if let Some(new) = taken.new.as_ref().filter(|_| whole) {
        (Transcript::default(), 0, None, new.state.clone(), BTreeMap::new())
    } else {
        let (fold, events) = ledger.window().await?;
        if !whole {
            match fold.active_run(&taken.run) {
                None => return Ok(asked(ledger, taken, 0)),
                Some(own) if own.cancel_requested.is_some() => {
                    let closed = recovery::close(core, ledger, own, taken.caller.actor(), None).await;
                    return closed.map(|before| asked(ledger, taken, before));
                }
                Some(_) => {}
            }
        }
        let events = events.iter().map(AsRef::as_ref);
        let seen = match how {
            How::Queued { shown: Some(shown) } => shown.min(fold.head),
            How::Whole | How::Queued { shown: None } => fold.head,
        };
        let transcript = Transcript::of(events, (&taken.agent.name, &taken.run), taken.message(), seen);
        (transcript, seen, fold.last_message, fold.state, fold.threads)
    };
    let course = Course::new(&taken.agent, &taken.queued(core.process.clone()), state, threads)?;
    if whole {
        taken.facts().for_each(|fact| transcript.add(None, &fact, false));
    }
    let message_id = MessageId::new(&*core.clock);
    let work = Work {
        run: taken.run.clone(),
        agent: taken.agent.clone(),
        model: taken.model.clone(),
        pins: taken.pins.clone(),
        taking_part: taken.taking_part.clone(),
        course,
        attempt: 1,
        started_at: core.clock.now(),
        message_id: message_id.clone(),
        transcript,
        rounds: 0,
        tool_calls: 0,
        usage: Usage::default(),
        worked: Duration::ZERO,
        answer_id: None,
        answer: String::new(),
    };
    // Whoever goes before the question is taken takes it back; who goes later leaves the run to itself.
    let taken_back = at_work.stop.clone().drop_guard();
    let own = core.own_providers(&work.agent).await?;
    let driver = Driver::new(core, ledger, work, at_work, own)?;
    let (told, first_seq) = oneshot::channel();
    let previous = taken.input.as_ref().filter(|_| whole).map(|input| input.last().clone()).or(previous);
    let first =
        first_append(Arc::clone(core), Arc::clone(ledger), Arc::clone(taken), (message_id, previous, seen), whole, told);
    let (sender, taken_result) = oneshot::channel();
    let on_taken = Box::new(move |result| {
        // Whoever asked may have gone.
        let _ = sender.send(result);
    });
    core.tasks.spawn(driver.drive(first, on_taken));
    taken_result.await.unwrap_or_else(|_| Err(Error::internal("a run ended before it began")))?;
    taken_back.disarm();
    let before = first_seq.await.unwrap_or(1).saturating_sub(1);
    Ok(asked(ledger, taken, before))
}

fn asked(ledger: &Ledger, taken: &Taken, before: u64) -> Asked {
    Asked {
        session: ledger.id.clone(),
        run: Some(taken.run.clone()),
        runs: vec![taken.run.clone()],
        message: taken.message().cloned(),
        model: Some(taken.model.clone()),
        before: Cursor::after(ledger.hub.incarnation(), before),
    }
}

fn first_append(
    core: Arc<Core>,
    ledger: Arc<Ledger>,
    taken: Arc<Taken>,
    (message_id, previous, seen): (MessageId, Option<MessageId>, u64),
    whole: bool,
    told: oneshot::Sender<u64>,
) -> Pending {
    async move {
        let events = ledger
            .append(|fold| {
                if let Some(active) = fold.and_then(|fold| in_the_way(fold, &taken.agent.name, &taken.run))
                    && whole
                {
                    return Err(busy(&ledger, active).into());
                }
                let mut draft = Draft { fence: Some(Fence { run: taken.run.clone(), token: 0 }), ..Draft::default() };
                if whole {
                    draft_queued(&mut draft, &core, &ledger, fold, &taken)?;
                } else {
                    fold.map_or(Ok(()), |fold| must_live(fold, core.clock.now()))?;
                    match fold.and_then(|fold| fold.active_run(&taken.run)) {
                        Some(own) if own.attempt == 0 && own.cancel_requested.is_none() => {}
                        Some(own) if own.attempt == 0 => {
                            return Err(Error::new(ErrorCode::Conflict, "the run was cancelled before it began").into());
                        }
                        _ => return Err(Refused::Fenced),
                    }
                }
                let started = RunStarted {
                    agent: taken.agent.name.clone(),
                    message_id: message_id.clone(),
                    previous_message_id: previous.clone(),
                    input: taken.told.clone(),
                    model: taken.model.clone(),
                    attempt: 1,
                    process: core.process.clone(),
                    base_seq: seen,
                    step: None,
                };
                draft.run(&taken.run, crate::domain::Actor::agent(taken.agent.name.clone()), Fact::RunStarted(started));
                Ok(draft)
            })
            .await?;
        let _ = told.send(events.first().map_or(1, |event| event.seq));
        Ok(events)
    }
    .boxed()
}

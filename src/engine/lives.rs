//! The life of a session: until when it lives, clearing it, and what a server does for those whose time is over.
//!
//! Whether a session's time is over is decided by the clock whenever it is asked for something, so it holds to the second,
//! whether a server is there or not. That its end is in its log, with what was said removed, comes later: a server does
//! that for all of them together, since a removal for good may cost a rewrite of the whole store.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::asking::drivable;
use super::house::Core;
use super::ledger::{Draft, Ledger};
use super::reading::decode;
use super::{recovery, runs, uploads};
use crate::domain::{
    Actor, AfterClearing, Error, ErrorCode, Fact, Fold, Lifetime, Result, RunStatus, Session, SessionCleared,
    SessionUpdated, Timestamp,
};
use crate::storage::SessionQuery;

/// How often a session that is to be cleared is tried when others change it at the same moment.
const TRIES: usize = 10;
/// How often it is looked whether the process of a run lives that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Most sessions whose end is written at once. Together, so that they share what their removal costs.
const SWEPT_AT_ONCE: usize = 100;
/// A session is renewed under a run when it has no more than so many milliseconds left, or less when it lives shortly.
const RENEWED_BEFORE: i64 = 10_000;
/// Why runs of a session end whose time is over.
const EXPIRED: &str = "the session expired";

/// Refuses when a session's time is over.
pub(crate) fn must_live(fold: &Fold, now: Timestamp) -> Result<()> {
    if fold.is_over(now) { Err(expired(&fold.session)) } else { Ok(()) }
}

/// Refuses to show the log of a session whose time is over, once its last run has ended.
pub(crate) fn may_be_followed(fold: &Fold, now: Timestamp) -> Result<()> {
    if fold.active.is_empty() { must_live(fold, now) } else { Ok(()) }
}

/// Says that a session's time is over.
pub(crate) fn expired(session: &Session) -> Error {
    let end = session.expires_at.unwrap_or(session.updated_at);
    Error::new(ErrorCode::Expired, format!("session `{}` expired at {end}", session.id))
        .hint("import its messages into it to bring it back, or begin another session")
}

/// Checks a lifetime that is given.
pub(crate) fn check_lifetime(lifetime: Option<&Lifetime>) -> Result<()> {
    lifetime.map_or(Ok(()), Lifetime::check)
}

/// Removes what was said in a session.
pub(crate) async fn clear(core: &Arc<Core>, ledger: &Arc<Ledger>, actor: Actor, then: AfterClearing) -> Result<()> {
    let is_wanted = |fold: &Fold| match then {
        AfterClearing::Active => {
            must_live(fold, core.clock.now())?;
            Ok(!fold.active.is_empty() || fold.history_from < fold.head)
        }
        AfterClearing::Expired => Ok(!fold.session.expired),
    };
    clear_when(core, ledger, actor, then, &is_wanted).await?;
    match then {
        // Where nothing was said there may be files all the same.
        AfterClearing::Active => uploads::remove_all(core, &ledger.id).await,
        AfterClearing::Expired => Ok(()),
    }
}

/// The same, as long as it is wanted by what the log tells when it is done.
async fn clear_when(
    core: &Arc<Core>,
    ledger: &Arc<Ledger>,
    actor: Actor,
    then: AfterClearing,
    is_wanted: &(dyn Fn(&Fold) -> Result<bool> + Send + Sync),
) -> Result<()> {
    for _ in 0..TRIES {
        let fold = ledger.fold().await?;
        if !is_wanted(&fold)? {
            return Ok(());
        }
        drivable(&fold)?;
        end_runs(core, ledger, &actor, "the session was cleared").await?;
        let state = began_with(core, ledger).await?;
        let files = uploads::ids(core, &ledger.id).await?;
        let mut is_cleared = false;
        ledger
            .append(|fold| {
                let is_wanted = fold.map_or(Ok(false), is_wanted)?;
                is_cleared = is_wanted && fold.is_some_and(|fold| fold.active.is_empty());
                let mut draft = Draft { clears: is_cleared, ..Draft::default() };
                if is_cleared {
                    draft.session(actor.clone(), Fact::SessionCleared(SessionCleared { then, state: state.clone() }));
                }
                Ok(draft)
            })
            .await?;
        if is_cleared {
            uploads::bury(core, &ledger.id, &files).await?;
            return Ok(());
        }
    }
    Err(Error::new(ErrorCode::Busy, format!("session `{}` is asked again and again", ledger.id)))
}

/// What a session remembered at the beginning of its history.
pub(crate) async fn began_with(core: &Core, ledger: &Ledger) -> Result<Map<String, Value>> {
    let fold = ledger.fold().await?;
    let entries = core.store.read(&ledger.id, fold.history_from.saturating_sub(1), 1, usize::MAX).await?;
    let begin = entries.first().map(|entry| decode(&ledger.id, entry)).transpose()?;
    Ok(match begin.map(|event| event.fact) {
        Some(Fact::SessionCreated(created)) => created.state,
        Some(Fact::SessionRestored(restored)) => restored.state,
        Some(Fact::SessionCleared(cleared)) => cleared.state,
        _ => Map::new(),
    })
}

/// Renews a session whose life ends with its last use, for as long as a run works in it: a model that thinks for longer
/// than the session lives is use of it too.
pub(crate) async fn renew(core: Arc<Core>, ledger: Arc<Ledger>) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let left = ledger.ends_at().as_millis().saturating_sub(core.clock.now().as_millis());
        if left > RENEWED_BEFORE {
            continue;
        }
        let renewed = ledger.append(|fold| {
            let mut draft = Draft::default();
            if fold.is_some_and(|fold| may_be_renewed(fold, core.clock.now())) {
                draft.session(Actor::house(), Fact::SessionUpdated(SessionUpdated::default()));
            }
            Ok(draft)
        });
        if let Err(error) = renewed.await {
            let error = Error::from(error);
            tracing::warn!(%error, session = %ledger.id, "the session could not be renewed");
        }
    }
}

/// Whether more than half of a session's life since its last use is over, and it would live longer if it were used now.
fn may_be_renewed(fold: &Fold, now: Timestamp) -> bool {
    let session = &fold.session;
    let (Some(lifetime), Some(end)) = (&session.lifetime, session.expires_at) else { return false };
    let half = i64::try_from(lifetime.ttl_seconds.saturating_mul(500)).unwrap_or(i64::MAX);
    let renewed = lifetime.end(session.lives_since.unwrap_or(session.created_at), now);
    !fold.is_over(now) && end.as_millis().saturating_sub(now.as_millis()) < half && renewed > end
}

/// Ends the runs of a session: those at work are asked to, and waited for; all others are closed.
pub(crate) async fn end_runs(core: &Arc<Core>, ledger: &Arc<Ledger>, actor: &Actor, reason: &str) -> Result<()> {
    let deadline = Instant::now() + core.settings.limits.busy_wait;
    let mut joined = ledger.join();
    core.follow_others().await;
    loop {
        let fold = ledger.fold().await?;
        let Some(active) = fold.active.first() else { return Ok(()) };
        let run = &active.run.id;
        if active.cancel_requested.is_none() {
            runs::request_cancel(core, ledger, actor.clone(), Some(run), reason).await?;
        } else if active.run.status != RunStatus::Running || recovery::is_orphan(core, ledger, active).await? {
            // One that has not begun never will: whoever is about to begin it finds it ended.
            recovery::close(core, ledger, active, actor.clone(), None).await?;
        } else if Instant::now() >= deadline {
            let message = format!("session `{}` is busy: run `{run}` does not end", ledger.id);
            return Err(Error::new(ErrorCode::Busy, message).hint("try it again in a moment"));
        } else {
            // Whatever happens in the session wakes it; and it looks itself, since a process can die in silence.
            let _ = tokio::time::timeout(LOOK_EVERY, joined.receiver.recv()).await;
        }
    }
}

/// Ends the runs of a session whose time is over, save those at work: they end first.
pub(crate) async fn end_expired_runs(core: &Arc<Core>, ledger: &Arc<Ledger>) -> Result<()> {
    let fold = ledger.fold().await?;
    if !fold.is_over(core.clock.now()) {
        return Ok(());
    }
    for active in &fold.active {
        let run = Some(&active.run.id);
        let has_no_driver = active.run.status == RunStatus::Waiting || active.run.waits_in_turn();
        if has_no_driver || recovery::is_orphan(core, ledger, active).await? {
            runs::request_cancel(core, ledger, Actor::house(), run, EXPIRED).await?;
        }
    }
    Ok(())
}

/// Writes the ends of sessions whose time is over, and removes what was said in them. Those with a run at work wait for
/// the next time.
pub(crate) async fn sweep(core: &Arc<Core>) -> Result<()> {
    let now = core.clock.now();
    let query = SessionQuery { expired_before: Some(now), limit: SWEPT_AT_ONCE, ..SessionQuery::default() };
    let rows = core.store.sessions(&query).await?;
    let swept = stream::iter(rows).map(|row| async move {
        let id = &row.session.id;
        match end(core, id).await {
            Ok(()) => {}
            Err(error) if error.code == ErrorCode::NotFound => {}
            Err(error) => tracing::warn!(session = %id, %error, "the end of a session cannot be written"),
        }
    });
    swept.buffer_unordered(SWEPT_AT_ONCE).collect::<Vec<()>>().await;
    Ok(())
}

async fn end(core: &Arc<Core>, id: &crate::domain::SessionId) -> Result<()> {
    let ledger = core.existing(id).await?;
    end_expired_runs(core, &ledger).await?;
    // By the log: it may have been brought back since its row was read.
    let is_wanted = |fold: &Fold| Ok(fold.active.is_empty() && !fold.session.expired && fold.is_over(core.clock.now()));
    clear_when(core, &ledger, Actor::house(), AfterClearing::Expired, &is_wanted).await
}

//! Deleting sessions by rules, when somebody says so and, by the settings, once a day.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use super::{PruneRules, Pruned, PrunedSession};
use crate::domain::{Actor, Error, ErrorCode, Result, Timestamp};
use crate::engine::house::Core;
use crate::storage::{Record, SessionQuery, SessionsAfter};

/// Sessions of one page.
const PAGE: usize = 1_000;
/// Sessions that are deleted at once: together, so that they share what their removal costs.
const AT_ONCE: usize = 256;
/// Between two times that the settings are followed, in milliseconds.
const EVERY: u64 = 24 * 3_600 * 1_000;
/// The record that says when they were followed last.
const KIND: &str = "retention";
const LAST: &str = "last";

/// Deletes what the rules say.
pub(super) async fn prune(core: &Arc<Core>, actor: &Actor, rules: &PruneRules) -> Result<Pruned> {
    if rules.older_than_seconds.is_none() && rules.keep.is_none() && rules.max_bytes.is_none() {
        return Err(Error::invalid("no rule says which sessions are deleted")
            .hint("say `--older-than 30d`, `--keep 100` or `--max-bytes 1G`"));
    }
    let mut pruned = choose(core, rules).await?;
    if rules.dry_run {
        return Ok(pruned);
    }
    let deleting = stream::iter(pruned.sessions.clone()).map(|session| async move {
        let deleted = delete(core, actor, &session).await;
        (session, deleted)
    });
    let done: Vec<(PrunedSession, Result<bool>)> = deleting.buffered(AT_ONCE).collect().await;
    (pruned.sessions, pruned.bytes) = (Vec::new(), 0);
    for (session, deleted) in done {
        if deleted? {
            pruned.bytes += session.bytes;
            pruned.sessions.push(session);
        } else {
            pruned.kept += 1;
            pruned.kept_bytes += session.bytes;
        }
    }
    Ok(pruned)
}

/// Deletes a session unless somebody has used it meanwhile.
async fn delete(core: &Arc<Core>, actor: &Actor, session: &PrunedSession) -> Result<bool> {
    let gone = |error: Error| if error.code == ErrorCode::NotFound { Ok(false) } else { Err(error) };
    let ledger = match core.existing(&session.id).await {
        Ok(ledger) => ledger,
        Err(error) => return gone(error),
    };
    let fold = match ledger.fold().await {
        Ok(fold) => fold,
        Err(error) => return gone(error),
    };
    if !fold.active.is_empty() || fold.session.updated_at != session.updated_at {
        return Ok(false);
    }
    ledger.delete(actor.clone()).await.map(|()| true).or_else(gone)
}

/// What the rules tell.
async fn choose(core: &Core, rules: &PruneRules) -> Result<Pruned> {
    let now = core.clock.now();
    let is_old = |updated_at: Timestamp| {
        rules.older_than_seconds.is_some_and(|seconds| now.millis_since(updated_at) / 1_000 >= seconds && updated_at < now)
    };
    let mut pruned = Pruned { dry_run: rules.dry_run, ..Pruned::default() };
    let mut query = SessionQuery { labels: rules.labels.clone(), limit: PAGE, ..SessionQuery::default() };
    loop {
        let page = core.store.sessions(&query).await?;
        let is_last = page.len() < PAGE;
        for row in page {
            let session = row.session;
            let would_be = pruned.kept_bytes.saturating_add(row.bytes);
            let is_too_many =
                rules.keep.is_some_and(|keep| pruned.kept >= keep) || rules.max_bytes.is_some_and(|most| would_be > most);
            query.after = Some(SessionsAfter { updated_at: session.updated_at, id: session.id.clone() });
            if row.active.is_empty() && (is_too_many || is_old(session.updated_at)) {
                pruned.bytes += row.bytes;
                let (id, title, updated_at) = (session.id, session.title, session.updated_at);
                pruned.sessions.push(PrunedSession { id, title, updated_at, bytes: row.bytes });
            } else {
                pruned.kept += 1;
                pruned.kept_bytes = would_be;
            }
        }
        if is_last {
            return Ok(pruned);
        }
    }
}

/// Follows the settings, when it is time; of all processes one does.
pub(crate) async fn retain(core: &Arc<Core>, actor: &Actor) -> Result<Option<Pruned>> {
    let retention = &core.settings.retention;
    if retention.is_silent() {
        return Ok(None);
    }
    let now = core.clock.now();
    let last = core.store.record(KIND, LAST).await?.map(|record| record.body);
    let at = last.as_deref().and_then(|body| serde_json::from_str::<Timestamp>(body).ok());
    if at.is_some_and(|at| at <= now && now.millis_since(at) < EVERY) {
        return Ok(None);
    }
    let body = serde_json::to_string(&now).map_err(|error| Error::internal(error.to_string()))?;
    let record = Record { kind: KIND.to_owned(), id: LAST.to_owned(), body };
    if !core.store.put_record_if(record, last.as_deref()).await? {
        return Ok(None);
    }
    let rules = PruneRules {
        older_than_seconds: retention.older_than_days.map(|days| days * 86_400),
        keep: retention.keep_sessions,
        max_bytes: retention.max_bytes,
        ..PruneRules::default()
    };
    let pruned = prune(core, actor, &rules).await?;
    if !pruned.sessions.is_empty() {
        tracing::info!(sessions = pruned.sessions.len(), bytes = pruned.bytes, "sessions were deleted as the settings say");
    }
    Ok(Some(pruned))
}

//! Verbs about sessions: lists, changes, deletion, and histories brought from elsewhere.

use std::sync::Arc;

use super::access::{self, Sight};
use super::asking::{beginning, busy, created, drivable, must_be_new};
use super::house::Core;
use super::ledger::Draft;
use super::listing::{SessionFilter, SessionItem, SessionPage};
use super::lives::{began_with, check_lifetime, end_expired_runs, must_live};
use super::verbs::{ImportedSession, NewSession};
use crate::domain::{
    Attributes, Error, ErrorCode, Fact, Labels, MessageImported, Principal, Result, RunStatus, Session, SessionId,
    SessionRestored, SessionStatus, SessionSummary, SessionUpdated, Timestamp,
};
use crate::storage::{Alias, SessionQuery, SessionsAfter};

/// Under which the keys of sessions stand among the names of a store.
pub(crate) const KEY: &str = "session_key";
/// Longest key, in bytes.
const KEY_BYTES: usize = 256;
/// Most rows of one page.
const PAGE: usize = 1_000;
/// Most rows that are looked at for one page when only some status is wanted.
const LOOKED_AT: usize = 100_000;

pub(crate) async fn list(core: &Arc<Core>, caller: &Principal, filter: &SessionFilter) -> Result<SessionPage> {
    let sight = Sight::of(caller);
    if let Some(only) = sight.as_ref().and_then(Sight::only_session) {
        return the_only(core, &SessionId::from_text(only), sight.as_ref(), filter).await;
    }
    let limit = filter.limit.min(PAGE);
    let mut after = filter.after.as_deref().map(read_cursor).transpose()?;
    let mut sessions = Vec::new();
    let mut looked_at = 0;
    loop {
        let query = SessionQuery {
            labels: filter.labels.clone(),
            prefix: filter.prefix.clone(),
            agent: filter.agent.clone().or_else(|| sight.as_ref()?.only_agent().map(str::to_owned)),
            participant: filter.participant.clone(),
            active: matches!(
                filter.status,
                Some(SessionStatus::Running | SessionStatus::Waiting | SessionStatus::Interrupted)
            ),
            expired_before: None,
            after: after.clone(),
            limit: limit + 1,
        };
        let rows = core.store.sessions(&query).await?;
        let full = rows.len() > limit;
        for summary in rows {
            looked_at += 1;
            let place = SessionsAfter { updated_at: summary.session.updated_at, id: summary.session.id.clone() };
            if !is_seen(sight.as_ref(), &summary) {
                after = Some(place);
                continue;
            }
            let status = status(core, &summary).await?;
            let told = filter.text.as_ref().is_none_or(|text| tells_of(&summary, text));
            if !told || filter.status.is_some_and(|wanted| wanted != status) {
                after = Some(place);
                continue;
            }
            if sessions.len() == limit {
                let next = after.as_ref().map(cursor);
                return Ok(SessionPage { sessions, next });
            }
            after = Some(place);
            sessions.push(SessionItem { summary, status });
        }
        if !full || looked_at >= LOOKED_AT {
            return Ok(SessionPage { sessions, next: None });
        }
    }
}

/// Whether a session is in what its reader sees.
fn is_seen(sight: Option<&Sight<'_>>, summary: &SessionSummary) -> bool {
    sight.is_none_or(|sight| sight.sees(&summary.session.id, &summary.session.agent))
}

/// The list of somebody who sees one session.
async fn the_only(
    core: &Arc<Core>,
    id: &SessionId,
    sight: Option<&Sight<'_>>,
    filter: &SessionFilter,
) -> Result<SessionPage> {
    let item = match item(core, id).await {
        Ok(item) => Some(item),
        Err(error) if error.code == ErrorCode::NotFound => None,
        Err(error) => return Err(error),
    };
    let fits = |item: &SessionItem| {
        let session = &item.summary.session;
        is_seen(sight, &item.summary)
            && filter.limit > 0
            && filter.after.is_none()
            && filter.agent.as_ref().is_none_or(|agent| *agent == session.agent)
            && filter.participant.as_ref().is_none_or(|who| session.has(who))
            && filter.status.is_none_or(|status| status == item.status)
            && filter.prefix.as_ref().is_none_or(|prefix| session.id.as_str().starts_with(prefix))
            && filter.text.as_ref().is_none_or(|text| tells_of(&item.summary, text))
            && filter.labels.iter().all(|(key, value)| session.labels.contains(key, value))
    };
    Ok(SessionPage { sessions: item.into_iter().filter(fits).collect(), next: None })
}

/// Whether title or id hold a text, ignoring case.
fn tells_of(summary: &SessionSummary, text: &str) -> bool {
    let text = text.to_lowercase();
    let title = summary.session.title.as_deref().unwrap_or_default();
    title.to_lowercase().contains(&text) || summary.session.id.as_str().to_lowercase().contains(&text)
}

/// Where a page ended: opaque to whoever passes it on.
fn cursor(after: &SessionsAfter) -> String {
    format!("{}:{}", after.updated_at.as_millis(), after.id)
}

fn read_cursor(text: &str) -> Result<SessionsAfter> {
    let read = text.split_once(':').and_then(|(millis, id)| Some((millis.parse().ok()?, SessionId::parse(id).ok()?)));
    let (millis, id) = read.ok_or_else(|| {
        Error::invalid(format!("`{text}` is not where a page ended")).hint("pass on `next` exactly as a list gave it")
    })?;
    Ok(SessionsAfter { updated_at: Timestamp::from_millis(millis), id })
}

/// What a session is doing, from the clock, its runs, and whether their processes live.
async fn status(core: &Core, summary: &SessionSummary) -> Result<SessionStatus> {
    if summary.session.is_over(core.clock.now()) {
        return Ok(SessionStatus::Expired);
    }
    let (session, mut status) = (&summary.session.id, SessionStatus::Idle);
    for run in &summary.active {
        if run.status == RunStatus::Waiting {
            status = SessionStatus::Waiting;
        } else if run.waits_in_turn() || core.is_worked_on(session, &run.run, run.process.as_ref()).await? {
            return Ok(SessionStatus::Running);
        } else if status == SessionStatus::Idle {
            status = SessionStatus::Interrupted;
        }
    }
    Ok(status)
}

pub(crate) async fn item(core: &Arc<Core>, id: &SessionId) -> Result<SessionItem> {
    let mut summary: SessionSummary = core.existing(id).await?.fold().await?.summary();
    // What was removed from the log is known to the store alone.
    if let Some(row) = core.store.summary(id).await? {
        summary.bytes = row.bytes;
    }
    let status = status(core, &summary).await?;
    Ok(SessionItem { summary, status })
}

/// Longest title, in bytes.
const TITLE_BYTES: usize = 4 << 10;
/// Most bytes of what doors keep about a session, as JSON, and of its labels.
const KEPT_BYTES: usize = 1 << 20;

/// Checks what lists of sessions will show, each time.
pub(crate) fn check_size(title: Option<&str>, labels: Option<&Labels>, attributes: &Attributes) -> Result<()> {
    check_size_of(("session", KEPT_BYTES), title, labels, attributes)
}

/// The same for something else that is kept with labels and attributes.
pub(crate) fn check_size_of(
    (of, most): (&str, usize),
    title: Option<&str>,
    labels: Option<&Labels>,
    attributes: &Attributes,
) -> Result<()> {
    let too_large = |what: &str, size: usize, most: usize| {
        Err(Error::new(ErrorCode::TooLarge, format!("the {what} of the {of} has {size} bytes, at most {most} are kept")))
    };
    let title = title.map_or(0, str::len);
    if title > TITLE_BYTES {
        return too_large("title", title, TITLE_BYTES);
    }
    let labels: usize = labels.map_or(0, |labels| labels.iter().map(|(key, value)| key.len() + value.len()).sum());
    if labels > most {
        return too_large("labels", labels, most);
    }
    let kept = serde_json::to_vec(attributes).map_or(0, |text| text.len());
    if kept > most {
        return too_large("attributes", kept, most);
    }
    Ok(())
}

/// The name that a session is given by its key.
///
/// # Errors
/// `invalid_input` for one that is empty or too long.
pub(crate) fn named(key: Option<&String>, id: &SessionId) -> Result<Vec<Alias>> {
    let Some(key) = key else { return Ok(Vec::new()) };
    if key.is_empty() || key.len() > KEY_BYTES {
        return Err(Error::invalid(format!("the key of a session must have 1 to {KEY_BYTES} bytes")));
    }
    Ok(vec![Alias { namespace: KEY.to_owned(), key: key.clone(), entity: id.to_string() }])
}

pub(crate) async fn create(core: &Arc<Core>, caller: &Principal, new: NewSession) -> Result<Session> {
    let id = new.id.clone().unwrap_or_else(|| SessionId::new(&*core.clock));
    let aliases = named(new.key.as_ref(), &id)?;
    let fact = created(core, caller, new).await?;
    let ledger = core.ledger(&id).await?;
    let appended = ledger
        .append(|fold| {
            must_be_new(&ledger, fold)?;
            let mut draft = Draft { aliases: aliases.clone(), ..Draft::default() };
            draft.session(caller.actor(), Fact::SessionCreated(fact.clone()));
            Ok(draft)
        })
        .await;
    appended?;
    Ok(ledger.fold().await?.session)
}

pub(crate) async fn update(
    core: &Arc<Core>,
    caller: &Principal,
    id: &SessionId,
    mut change: SessionUpdated,
) -> Result<Session> {
    access::may_work_in(core, caller, change.workspace.as_ref().and_then(Option::as_deref))?;
    if let Some(agent) = &mut change.agent {
        *agent = core.agent(agent).await?.agent.name;
    }
    check_size(change.title.as_ref().and_then(|title| title.as_deref()), change.labels.as_ref(), &change.attributes)?;
    check_lifetime(change.lifetime.as_ref().and_then(Option::as_ref))?;
    if let Some(Some(model)) = &change.model {
        core.models.get(model)?;
    }
    let ledger = core.existing(id).await?;
    must_live(&ledger.fold().await?, core.clock.now())?;
    if change != SessionUpdated::default() {
        let appended = ledger
            .append(|fold| {
                fold.map_or(Ok(()), |fold| must_live(fold, core.clock.now()))?;
                let mut draft = Draft::default();
                draft.session(caller.actor(), Fact::SessionUpdated(change.clone()));
                Ok(draft)
            })
            .await;
        appended?;
    }
    Ok(ledger.fold().await?.session)
}

pub(crate) async fn import(core: &Arc<Core>, caller: &Principal, imported: ImportedSession) -> Result<Session> {
    let ImportedSession { session: new, messages } = imported;
    check_lifetime(new.lifetime.as_ref())?;
    let id = new.id.clone().unwrap_or_else(|| SessionId::new(&*core.clock));
    let lifetime = new.lifetime.clone();
    let ledger = core.ledger(&id).await?;
    let (begins, state) = if ledger.follow().await? {
        end_expired_runs(core, &ledger).await?;
        let state = if new.input.is_empty() {
            began_with(core, &ledger).await?
        } else {
            beginning(&core.agent(&ledger.fold().await?.session.agent).await?.agent, new.input)?
        };
        (None, state)
    } else {
        let created = created(core, caller, new).await?;
        let state = created.state.clone();
        (Some(created), state)
    };
    let restored = SessionRestored { count: messages.len() as u64, state };
    let appended = ledger
        .append(|fold| {
            let mut draft = Draft::default();
            match (fold, &begins) {
                (None, Some(created)) => draft.session(caller.actor(), Fact::SessionCreated(created.clone())),
                // It was deleted at this moment.
                (None, None) => return Err(super::ledger::no_session(&id).into()),
                (Some(fold), _) => {
                    drivable(fold)?;
                    if let Some(active) = fold.active.first() {
                        return Err(busy(&ledger, active).into());
                    }
                    if lifetime.is_some() {
                        let change = SessionUpdated { lifetime: Some(lifetime.clone()), ..SessionUpdated::default() };
                        draft.session(caller.actor(), Fact::SessionUpdated(change));
                    }
                }
            }
            draft.session(caller.actor(), Fact::SessionRestored(restored.clone()));
            for (message, returns) in &messages {
                let fact = MessageImported { message: message.clone(), returns: returns.clone() };
                draft.session(caller.actor(), Fact::MessageImported(fact));
            }
            Ok(draft)
        })
        .await;
    appended?;
    Ok(ledger.fold().await?.session)
}

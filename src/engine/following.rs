//! Following what other processes append to the store: to the logs that are in use here, and for whoever shows lists.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::house::Core;
use super::ledger::Ledger;
use super::notices::{HouseNotice, Notices};
use crate::domain::{Result, SessionId};
use crate::storage::SessionQuery;

/// How often changes by other processes are looked for.
const EVERY: Duration = Duration::from_millis(100);
/// Every so many looks, all logs are compared although the store says that nothing has changed.
const COMPARE_EVERY: u32 = 10;
/// So many logs are compared one by one at every change; of more, only those that the newest rows tell of.
const FEW: usize = 16;
/// The newest rows of the list of sessions: where a change is seen first.
const NEWEST: usize = 64;

/// The newest sessions, each with how many facts it has.
type Rows = HashMap<SessionId, u64>;

/// Follows, until the house is gone.
pub(super) async fn follow(core: Weak<Core>) {
    let mut looks = 0u32;
    let mut seen = None;
    let mut watch = Watch::default();
    loop {
        tokio::time::sleep(EVERY).await;
        let Some(core) = core.upgrade() else { return };
        let followed = core.followed();
        let watched = core.notices.watchers().are_there();
        if followed.is_empty() && !core.notices.is_heard() && !watched {
            watch.rows = None;
            continue;
        }
        looks = looks.wrapping_add(1);
        let compares = looks.is_multiple_of(COMPARE_EVERY);
        let changed = match core.store.version().await {
            Ok(version) => seen.replace(version) != Some(version),
            Err(error) => {
                tracing::warn!(%error, "the store cannot be looked at");
                continue;
            }
        };
        if !changed && !compares {
            continue;
        }
        if let Err(error) = look(&core, followed, changed, compares, &mut watch).await {
            tracing::warn!(%error, "the list of sessions cannot be followed");
        }
    }
}

async fn look(core: &Core, followed: Vec<Arc<Ledger>>, changed: bool, compares: bool, watch: &mut Watch) -> Result<()> {
    let heard = core.notices.is_heard();
    if !heard {
        watch.rows = None;
    }
    let newest = if changed && (heard || followed.len() > FEW) { Some(newest(core).await?) } else { None };
    let of_all = compares || followed.len() <= FEW;
    for ledger in followed {
        // A row that is not among the newest has not changed, or will be compared within a second.
        let told = newest.as_ref().and_then(|rows| rows.get(&ledger.id)).is_some_and(|facts| *facts != ledger.hub.head());
        if !of_all && !told {
            continue;
        }
        if let Err(error) = ledger.follow().await {
            tracing::warn!(%error, session = %ledger.id, "the log cannot be followed");
        }
    }
    if heard && let Some(newest) = newest {
        watch.compare(newest, &core.notices);
        super::agents::tell_what_others_did(core).await?;
    }
    if core.notices.watchers().are_there() { super::watching::look(core).await } else { Ok(()) }
}

async fn newest(core: &Core) -> Result<Rows> {
    let rows = core.store.sessions(&SessionQuery { limit: NEWEST, ..SessionQuery::default() }).await?;
    Ok(rows.into_iter().map(|row| (row.session.id, row.events)).collect())
}

/// What whoever shows lists knows.
#[derive(Default)]
struct Watch {
    /// The newest rows when they were looked at last; `None` = nobody listened.
    rows: Option<Rows>,
    /// What was told of that no row has shown yet, with how often it was looked for.
    told: HashMap<SessionId, (u64, u8)>,
}

impl Watch {
    /// Tells of changes that were not made here: those were told one by one.
    fn compare(&mut self, newest: Rows, notices: &Notices) {
        self.told.retain(|_, (_, looks)| {
            *looks += 1;
            *looks < 3
        });
        self.told.extend(notices.take_known().into_iter().map(|(session, seq)| (session, (seq, 0))));
        let Some(before) = self.rows.replace(newest) else { return };
        let Some(now) = &self.rows else { return };
        let own = |session: &SessionId, facts: u64| self.told.get(session).is_some_and(|(seq, _)| *seq >= facts);
        let changed = now.iter().any(|(session, facts)| before.get(session) != Some(facts) && !own(session, *facts));
        // A row that is gone was deleted, unless newer ones have pushed it out of the page.
        let newer = now.keys().filter(|session| !before.contains_key(*session)).count();
        let pushed_out = if now.len() < NEWEST { 0 } else { newer };
        // That it was deleted is a fact after those that the row counts.
        let gone = before.iter().filter(|(session, facts)| !now.contains_key(*session) && !own(session, **facts + 1));
        let gone = gone.count();
        if changed || gone > pushed_out {
            notices.tell(HouseNotice::StoreChanged);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    fn rows(rows: &[(&str, u64)]) -> Rows {
        rows.iter().map(|(session, facts)| (SessionId::from_text(session), *facts)).collect()
    }

    #[tokio::test]
    async fn only_what_others_did_is_a_change_of_the_store() {
        let notices = Notices::default();
        let mut listening = notices.listen();
        let mut watch = Watch::default();
        let mut told = |newest: &[(&str, u64)], own: &[(&str, u64)]| {
            for (session, seq) in own {
                notices.changed(&SessionId::from_text(session), *seq);
            }
            watch.compare(rows(newest), &notices);
            listening.next().now_or_never().flatten()
        };
        let changed = Some(HouseNotice::StoreChanged);
        assert_eq!(told(&[("a", 1)], &[]), None);
        // made here
        assert_eq!(told(&[("a", 2), ("b", 1)], &[("a", 2), ("b", 1)]), None);
        // the row comes later than the notice
        assert_eq!(told(&[("a", 2), ("b", 1)], &[("a", 3)]), None);
        assert_eq!(told(&[("a", 3), ("b", 1)], &[]), None);
        // made elsewhere, also beside something of our own
        assert_eq!(told(&[("a", 3), ("b", 2)], &[]), changed);
        assert_eq!(told(&[("a", 4), ("b", 3)], &[("a", 4)]), changed);
        // deleted elsewhere, and here
        assert_eq!(told(&[("a", 4)], &[]), changed);
        assert_eq!(told(&[], &[("a", 5)]), None);
        // pushed out of a full page by one that was made here
        let names: Vec<_> = (0..=NEWEST as u64).map(|number| format!("s{number}")).collect();
        let page: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
        assert_eq!(told(&page[..NEWEST], &page[..NEWEST]), None);
        assert_eq!(told(&page[1..], &page[NEWEST..]), None);
        assert_eq!(told(&page[2..], &[]), changed);
    }
}

//! Changes of agents, told live: to the listeners of this process one by one, to those of other processes by a number in
//! the store that counts all changes. Whoever sees it rise by more than was changed here tells that lists are to be read
//! again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::kept::Kept;
use super::{Core, TRIES};
use crate::domain::{Principal, Result};
use crate::engine::keys;
use crate::engine::notices::{AgentChange, HouseNotice, NoticeStream};
use crate::storage::Record;

/// Kind and id of the record that counts.
const COUNT: (&str, &str) = ("count", "agents");

/// What this process knows of changes.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Those that were made here.
    own: AtomicU64,
    /// Those of others that were told of; `None` = nobody has listened yet.
    told: Mutex<Option<u64>>,
}

impl Changes {
    /// How many were made by others. One of our own that is on its way to the store may hide one of them for a moment,
    /// never add one.
    async fn of_others(&self, core: &Core) -> Result<u64> {
        let counted = core.store.record(COUNT.0, COUNT.1).await?.and_then(|record| record.body.parse().ok());
        Ok(counted.unwrap_or(0_u64).saturating_sub(self.own.load(Ordering::SeqCst)))
    }

    /// Whether there are more than were told of; then they count as told.
    fn is_news(&self, of_others: u64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = told.is_some_and(|told| of_others > told);
        *told = Some(told.map_or(of_others, |told| told.max(of_others)));
        is_news
    }
}

/// Tells a change that was made here. It is durable already, so that it cannot be counted is no failure of it.
pub(super) async fn tell(core: &Core, kept: &Kept, change: AgentChange) {
    let (agent, id) = (kept.definition.name.clone(), kept.id.clone());
    core.notices.tell(HouseNotice::AgentChanged { agent, id, change });
    core.agent_changes.own.fetch_add(1, Ordering::SeqCst);
    match count(core).await {
        Ok(true) => {}
        counted => {
            core.agent_changes.own.fetch_sub(1, Ordering::SeqCst);
            tracing::warn!(?counted, "other processes may hear late that an agent was changed");
        }
    }
}

async fn count(core: &Core) -> Result<bool> {
    for _ in 0..TRIES {
        let before = core.store.record(COUNT.0, COUNT.1).await?.map(|record| record.body);
        let next = before.as_ref().and_then(|body| body.parse::<u64>().ok()).unwrap_or(0) + 1;
        let record = Record { kind: COUNT.0.to_owned(), id: COUNT.1.to_owned(), body: next.to_string() };
        if core.store.put_record_if(record, before.as_deref()).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Somebody begins to listen: what was changed before is no news. `is_first` = nobody else listens.
/// What changes in the house, from now on, for as long as what proved the caller counts.
pub(crate) async fn notices(core: &Arc<Core>, caller: &Principal) -> Result<NoticeStream> {
    let is_first = !core.notices.is_heard();
    let stream = core.notices.listen();
    listen(core, is_first).await?;
    core.follow_others().await;
    Ok(keys::notices_while_it_counts(core, caller, stream))
}

async fn listen(core: &Core, is_first: bool) -> Result<()> {
    let changes = &core.agent_changes;
    let of_others = changes.of_others(core).await?;
    let mut told = changes.told.lock().unwrap_or_else(PoisonError::into_inner);
    if is_first || told.is_none() {
        *told = Some(told.map_or(of_others, |told| told.max(of_others)));
    }
    Ok(())
}

/// Tells the listeners here that other processes have changed agents, where they have.
pub(crate) async fn tell_what_others_did(core: &Core) -> Result<()> {
    let of_others = core.agent_changes.of_others(core).await?;
    if core.agent_changes.is_news(of_others) {
        core.notices.tell(HouseNotice::StoreChanged);
    }
    Ok(())
}

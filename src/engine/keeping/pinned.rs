//! The agents that the runs of a session have pinned: they go with an export, so that what is shown of its runs elsewhere is
//! right, and the session can go on there.

use std::collections::{BTreeMap, BTreeSet};

use super::PinnedAgent;
use super::export::wrong;
use crate::domain::{Cause, Error, ErrorCode, Fact, Principal, Result, SessionId};
use crate::engine::agents;
use crate::engine::house::Core;
use crate::engine::reading::{decode, kind};
use crate::engine::recovery::REVISION;
use crate::storage::Record;

/// Entries of one page when a log is read, and their bytes.
const PAGE: usize = 512;
const PAGE_BYTES: usize = 4 << 20;
/// Most agents of one session, as they were at different times.
pub(super) const MOST: usize = 10_000;

/// The agents of a session.
pub(super) async fn agents(core: &Core, session: &SessionId) -> Result<Vec<PinnedAgent>> {
    core.existing(session).await?;
    let (mut known, mut found, mut after) = (BTreeSet::new(), Vec::new(), 0);
    loop {
        let page = core.store.read(session, after, PAGE, PAGE_BYTES).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.seq;
        for entry in page.iter().filter(|entry| kind(&entry.body) == Some("run.queued")) {
            let Fact::RunQueued(queued) = decode(session, entry)?.fact else { continue };
            let revision = queued.revision;
            if known.len() >= MOST || !known.insert(revision.0.clone()) {
                continue;
            }
            if let Some(record) = core.store.record(REVISION, &revision.0).await? {
                let agent = serde_json::from_str(&record.body).map_err(|error| {
                    let message = format!("agent revision `{}` cannot be read: {error}", revision.0);
                    Error::store(Some(Cause::Corrupt), message)
                })?;
                found.push(PinnedAgent { revision, agent });
            }
        }
    }
}

/// The record of an agent that stands in a line.
///
/// # Errors
/// `invalid_input` when its content is not what its revision says.
pub(super) fn record(line: u64, pinned: &PinnedAgent) -> Result<Record> {
    let (revision, record) = agents::revision(&pinned.agent)?;
    if revision == pinned.revision {
        return Ok(record);
    }
    Err(wrong(line, format!("the definition of agent revision `{}` is another", pinned.revision.0)))
}

/// Keeps what runs will be asked about.
pub(super) async fn keep(core: &Core, records: Vec<Record>) -> Result<()> {
    for record in records {
        if core.store.record(&record.kind, &record.id).await?.is_none() {
            core.store.put_record(record).await?;
        }
    }
    Ok(())
}

/// Makes the agent of a session where there is none of its name. What stands against it is no failure of the import.
pub(super) async fn make(core: &Core, caller: &Principal, named: &str, pinned: Option<PinnedAgent>) -> Option<String> {
    let pinned = pinned.filter(|pinned| pinned.agent.name == named)?;
    match core.agent(named).await {
        Err(error) if error.code == ErrorCode::NotFound => {}
        _ => return None,
    }
    match agents::create(core, caller, pinned.agent, &BTreeMap::new()).await {
        Ok(_) => Some(named.to_owned()),
        Err(error) => {
            tracing::warn!(agent = named, %error, "the agent of an imported session cannot be made");
            None
        }
    }
}

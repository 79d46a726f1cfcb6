//! What one watcher is told: from the mailbox, or from a log that is read again.

use std::collections::VecDeque;
use std::sync::Arc;

use super::mailbox::{Item, Range, Start};
use super::watchers::Watcher;
use super::{Watched, others};
use crate::domain::{Error, ErrorCode, Event, Result};
use crate::engine::house::Core;
use crate::engine::reading::decode;

/// Facts of one page when a log is read again.
const PAGE: usize = 256;
/// Bytes of one page.
const PAGE_BYTES: usize = 1 << 20;

/// What is told to one watcher.
pub(super) struct Telling {
    core: Arc<Core>,
    watcher: Watcher,
    /// Facts that were read again.
    page: VecDeque<Arc<Event>>,
    /// What is still to be read again.
    reading: Option<Range>,
    ended: bool,
}

impl Telling {
    /// Tells nothing yet.
    pub(super) fn new(core: &Arc<Core>, watcher: Watcher) -> Self {
        Self { core: Arc::clone(core), watcher, page: VecDeque::new(), reading: None, ended: false }
    }

    /// What is told next.
    pub(super) async fn next(&mut self) -> Option<Result<Arc<Event>>> {
        if self.ended {
            return None;
        }
        let next = self.find().await;
        self.ended = next.is_err();
        Some(next)
    }

    async fn find(&mut self) -> Result<Arc<Event>> {
        loop {
            let event = match self.page.pop_front() {
                Some(event) => event,
                None if self.reading.is_some() => {
                    self.read().await?;
                    continue;
                }
                None => match self.watcher.next().await {
                    Item::Event(event) => event,
                    Item::Read(range) => {
                        self.reading = Some(range);
                        continue;
                    }
                    Item::TooFarBehind => {
                        let message = "the watcher is too far behind: facts of thousands of sessions wait for it";
                        return Err(Error::new(ErrorCode::Unavailable, message).hint("watch again"));
                    }
                },
            };
            if self.is_watched(&event).await? {
                return Ok(event);
            }
        }
    }

    /// Reads a page of a log again.
    async fn read(&mut self) -> Result<()> {
        let Some(range) = self.reading.take() else { return Ok(()) };
        let from = match range.from {
            Start::At(from) => from,
            Start::After(moment) => others::first_after(&*self.core.store, &range.session, moment).await?,
        };
        let entries = self.core.store.read(&range.session, from.saturating_sub(1), PAGE, PAGE_BYTES).await?;
        let wanted = entries.iter().filter(|entry| entry.seq <= range.to);
        let events = wanted.map(|entry| decode(&range.session, entry).map(Arc::new)).collect::<Result<VecDeque<_>>>()?;
        if let Some(last) = events.back().filter(|last| last.seq < range.to) {
            self.reading = Some(Range { from: Start::At(last.seq + 1), ..range });
        }
        self.page = events;
        Ok(())
    }

    async fn is_watched(&self, event: &Event) -> Result<bool> {
        let Some(run) = &event.run else { return Ok(false) };
        let name = match self.watcher.watched() {
            Watched::Run(watched) => return Ok(watched == run),
            Watched::Agent(name) => name,
        };
        let watchers = self.core.notices.watchers();
        if let Some(agent) = watchers.agent_of(run) {
            return Ok(*agent == **name);
        }
        let Some(row) = self.core.store.run(run).await? else { return Ok(false) };
        watchers.keep_in_mind(run, &row.agent);
        Ok(row.agent == *name)
    }
}

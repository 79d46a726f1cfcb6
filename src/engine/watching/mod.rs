//! What the runs of an agent do, in whatever session: for whoever watches an agent or a run instead of following sessions.
//!
//! `watchers` gives out what is published in this process, `mailbox` holds what a watcher has not taken yet, and `others`
//! finds what other processes appended. A watcher who is slow misses nothing: beyond some facts his mailbox only notes
//! where he stands in each log, and they are read again from there.

mod mailbox;
mod others;
mod watchers;

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use self::mailbox::{Item, Range, Start};
pub(crate) use self::others::look;
use self::watchers::Watcher;
pub(crate) use self::watchers::Watchers;
use super::access::{self, Does, On, Sight};
use super::house::{Core, House};
use super::keys;
use super::reading::decode;
use super::verbs::Engine as _;
use crate::domain::{Error, Event, Principal, Result, RunId};

/// Facts of one page when a log is read again.
const PAGE: usize = 256;
/// Bytes of one page.
const PAGE_BYTES: usize = 1 << 20;

/// What is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Watched {
    /// All runs of an agent, by its name or its id.
    Agent(String),
    /// One run.
    Run(RunId),
}

/// Facts for one watcher. It ends with an error when they cannot be told any more.
pub type EventStream = BoxStream<'static, Result<Arc<Event>>>;

/// Watching what runs do.
#[async_trait]
pub trait Watching: Send + Sync {
    /// The facts of the runs that are watched, from now on, in whatever process they work: of one session each once and in
    /// order, none left out. Of a session that is deleted or cleared before its facts were read again, what was removed is
    /// left out. Facts of other processes come within a quarter of a second, as everywhere.
    ///
    /// # Errors
    /// `not_found` (agent, run), `forbidden` for who sees only a part of the agent's sessions; `not_supported` over a
    /// distance. The stream itself: `unavailable` when the watcher is thousands of sessions behind, `unauthorized` when
    /// what proved who watches counts no longer.
    async fn watch(&self, caller: &Principal, watched: Watched) -> Result<EventStream>;
}

#[async_trait]
impl Watching for House {
    async fn watch(&self, caller: &Principal, watched: Watched) -> Result<EventStream> {
        self.check(caller, Does::Reads, On::Sessions).await?;
        let watched = match watched {
            Watched::Agent(named) => Watched::Agent(self.watchable(caller, &named).await?),
            Watched::Run(run) => Watched::Run(access::run_of(&self.core, caller, Does::Reads, &run).await?.id),
        };
        // What others do from here on is found by comparing with this.
        others::begin(&self.core).await?;
        let watcher = self.core.notices.watchers().watch(watched);
        self.core.follow_others().await;
        let told = Telling { core: Arc::clone(&self.core), watcher, page: VecDeque::new(), reading: None, ended: false };
        let told = stream::unfold(told, |mut told| async move { Some((told.next().await?, told)) });
        Ok(keys::while_it_counts(&self.core, caller, told.boxed()))
    }
}

impl House {
    /// The name of an agent all of whose sessions the caller sees.
    async fn watchable(&self, caller: &Principal, named: &str) -> Result<String> {
        let name = self.agent(caller, named).await?.agent.name;
        let sees_all = Sight::of(caller)
            .is_none_or(|sight| sight.only_agent() == Some(name.as_str()) && sight.only_session().is_none());
        if sees_all { Ok(name) } else { Err(access::forbidden(caller, On::Sessions)) }
    }
}

/// What is told to one watcher.
struct Telling {
    core: Arc<Core>,
    watcher: Watcher,
    /// Facts that were read again.
    page: VecDeque<Arc<Event>>,
    /// What is still to be read again.
    reading: Option<Range>,
    ended: bool,
}

impl Telling {
    async fn next(&mut self) -> Option<Result<Arc<Event>>> {
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
                        return Err(Error::new(crate::domain::ErrorCode::Unavailable, message).hint("watch again"));
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

//! What the runs of an agent do, in whatever session: for whoever watches an agent or a run instead of following sessions.
//!
//! `watchers` gives out what is published in this process, `mailbox` holds what a watcher has not taken yet, `others` finds
//! what other processes appended, and `telling` brings it to the watcher. A watcher who is slow misses nothing: beyond some facts his mailbox only notes
//! where he stands in each log, and they are read again from there.

mod mailbox;
mod others;
mod telling;
mod watchers;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};

pub(crate) use self::others::look;
use self::telling::Telling;
pub(crate) use self::watchers::Watchers;
use super::access::{self, Does, On, Sight};
use super::house::House;
use super::keys;
use super::verbs::Engine as _;
use crate::domain::{Event, Principal, Result, RunId};

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
            Watched::Agent(named) => Watched::Agent(watchable(self, caller, &named).await?),
            Watched::Run(run) => Watched::Run(access::run_of(&self.core, caller, Does::Reads, &run).await?.id),
        };
        // What others do from here on is found by comparing with this.
        others::begin(&self.core).await?;
        let watcher = self.core.notices.watchers().watch(watched);
        self.core.follow_others().await;
        let told = Telling::new(&self.core, watcher);
        let told = stream::unfold(told, |mut told| async move { Some((told.next().await?, told)) });
        Ok(keys::while_it_counts(&self.core, caller, told.boxed()))
    }
}

/// The name of an agent all of whose sessions the caller sees.
async fn watchable(house: &House, caller: &Principal, named: &str) -> Result<String> {
    let name = house.agent(caller, named).await?.agent.name;
    let sees_all =
        Sight::of(caller).is_none_or(|sight| sight.only_agent() == Some(name.as_str()) && sight.only_session().is_none());
    if sees_all { Ok(name) } else { Err(access::forbidden(caller, On::Sessions)) }
}

//! Finding, copying and putting away sessions of another house.

use async_trait::async_trait;

use super::wire::{Fork, ImportLog, Nothing, OfSession, PinnedAgents, Retained};
use super::{Remote, SOON, WORKS, not_over_a_distance};
use crate::domain::{Principal, Result, Session, SessionId};
use crate::engine::{
    FileBytes, ForkedSession, ImportedLog, Keeping, PinnedAgent, PruneRules, Pruned, SearchPage, SessionSearch, Stats,
    StatsFilter,
};

#[async_trait]
impl Keeping for Remote {
    async fn search(&self, _: &Principal, search: &SessionSearch) -> Result<SearchPage> {
        self.line.call("search", search, WORKS).await
    }

    async fn fork(&self, _: &Principal, session: &SessionId, fork: &ForkedSession) -> Result<Session> {
        self.line.call("fork", &Fork { session: session.clone(), fork: fork.clone() }, WORKS).await
    }

    async fn pinned_agents(&self, _: &Principal, session: &SessionId) -> Result<Vec<PinnedAgent>> {
        let PinnedAgents { agents } =
            self.line.call("pinned_agents", &OfSession { session: session.clone() }, WORKS).await?;
        Ok(agents)
    }

    async fn import_log(&self, _: &Principal, id: Option<&SessionId>, lines: FileBytes) -> Result<ImportedLog> {
        self.line.put("import_log", &ImportLog { session: id.cloned() }, lines, WORKS).await
    }

    async fn prune(&self, _: &Principal, rules: &PruneRules) -> Result<Pruned> {
        self.line.call("prune", rules, WORKS).await
    }

    async fn retain(&self, _: &Principal) -> Result<Option<Pruned>> {
        let Retained { pruned } = self.line.call("retain", &Nothing {}, WORKS).await?;
        Ok(pruned)
    }

    async fn stats(&self, _: &Principal, filter: &StatsFilter) -> Result<Stats> {
        self.line.call("stats", filter, SOON).await
    }

    async fn back_up(&self, _: &Principal, _: &str) -> Result<()> {
        Err(not_over_a_distance("a store cannot be copied").hint("say it where the store is, with `--store`"))
    }
}

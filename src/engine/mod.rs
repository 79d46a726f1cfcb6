//! FLOOR 4: the one door.
//!
//! [`Engine`] is all that can be asked of the house; [`House`] is the engine of this process. How a question goes:
//! `asking` resolves it, `drive` carries the run out by what `next` decides, `writing` takes the model's words,
//! `calls` carries tools out, `ledger` appends what happened to the session's log, and `live` brings it to subscribers.

mod access;
mod asking;
mod attending;
mod blobs;
mod calls;
mod completing;
mod context;
mod desk;
mod drive;
mod ending;
mod files;
mod following;
mod holding;
mod house;
mod input;
mod instructions;
mod ledger;
mod live;
mod next;
mod notices;
mod reading;
mod recovery;
mod requesting;
mod runs;
mod sessions;
mod sharing;
mod spans;
mod stepping;
mod verbs;
mod views;
mod writing;

use std::collections::BTreeMap;

use async_trait::async_trait;

use self::access::{Does, check};
use crate::domain::{
    Access, BlobId, CallId, Cursor, Error, Event, Principal, Result, Run, RunId, RunStatus, Session, SessionId,
    SessionUpdated,
};
use crate::storage::RunQuery;

pub use self::completing::{Completed, Completion};
pub use self::desk::{Desk, OpenQuestion};
pub use self::files::{FileItem, FileKind, FileSearch, Looked, OpenedFile};
pub use self::house::{Approver, Decision, House, NobodyToAsk, Parts, Question};
pub use self::live::FrameStream;
pub(crate) use self::live::Splice;
pub use self::notices::{HouseNotice, NoticeStream, Notices};
pub use self::sharing::{Removed, SharedHead, SharedSession, is_secret_name, without_secrets};
pub use self::verbs::{
    AgentItem, Answering, Ask, Asked, CallerReturn, ContextInput, Engine, Health, ImportedSession, MessagePage, ModelItem,
    NewSession, OnBusy, Orphans, Restored, SessionFilter, SessionItem, SessionPage, Shown, Target,
};

#[async_trait]
impl Engine for House {
    async fn ask(&self, caller: &Principal, ask: Ask) -> Result<Asked> {
        let session = match &ask.target {
            Target::New(_) => None,
            Target::Existing(id) => Some(id),
        };
        check(caller, Does::Asks, session)?;
        asking::ask(&self.core, caller, ask).await
    }

    async fn answer(&self, caller: &Principal, run: &RunId, returns: Vec<CallerReturn>) -> Result<()> {
        let row = self.find_run(run).await?;
        check(caller, Does::Asks, Some(&row.session))?;
        let ledger = self.core.existing(&row.session).await?;
        runs::answer(&self.core, &ledger, caller, run, returns).await
    }

    async fn cancel(
        &self,
        caller: &Principal,
        session: &SessionId,
        run: Option<&RunId>,
        reason: &str,
    ) -> Result<Vec<RunId>> {
        check(caller, Does::Asks, Some(session))?;
        let ledger = self.core.existing(session).await?;
        let cancelled = runs::request_cancel(&self.core, &ledger, caller, run, reason).await?;
        match run {
            Some(run) if cancelled.is_empty() && self.find_run(run).await?.session != *session => {
                Err(Error::not_found("run", run))
            }
            _ => Ok(cancelled),
        }
    }

    async fn subscribe(&self, caller: &Principal, session: &SessionId, after: Option<Cursor>) -> Result<FrameStream> {
        check(caller, Does::Reads, Some(session))?;
        let ledger = self.core.ledger(session).await?;
        let start = after.unwrap_or_else(|| Cursor::after(0, 0));
        if !ledger.follow_to(start).await? {
            return Err(ledger::no_session(session));
        }
        self.core.follow_others().await;
        Ok(live::subscribe(ledger, start))
    }

    async fn sessions(&self, caller: &Principal, filter: &SessionFilter) -> Result<SessionPage> {
        check(caller, Does::Reads, None)?;
        sessions::list(&self.core, filter).await
    }

    async fn session(&self, caller: &Principal, id: &SessionId) -> Result<SessionItem> {
        check(caller, Does::Reads, Some(id))?;
        sessions::item(&self.core, id).await
    }

    async fn create(&self, caller: &Principal, session: NewSession) -> Result<Session> {
        check(caller, Does::Changes, None)?;
        sessions::create(&self.core, caller, session).await
    }

    async fn update(&self, caller: &Principal, id: &SessionId, change: SessionUpdated) -> Result<Session> {
        check(caller, Does::Changes, Some(id))?;
        sessions::update(&self.core, caller, id, change).await
    }

    async fn delete(&self, caller: &Principal, id: &SessionId) -> Result<()> {
        check(caller, Does::Changes, Some(id))?;
        self.core.existing(id).await?.delete(caller.actor()).await
    }

    async fn messages(&self, caller: &Principal, id: &SessionId, before: Option<u64>, limit: usize) -> Result<MessagePage> {
        check(caller, Does::Reads, Some(id))?;
        views::messages(&self.core, id, before, limit).await
    }

    async fn events(&self, caller: &Principal, id: &SessionId, after: Option<Cursor>, limit: usize) -> Result<Vec<Event>> {
        check(caller, Does::Reads, Some(id))?;
        views::events(&self.core, id, after, limit).await
    }

    async fn blob(&self, caller: &Principal, id: &SessionId, blob: &BlobId) -> Result<Vec<u8>> {
        check(caller, Does::Reads, Some(id))?;
        self.core.existing(id).await?;
        self.core.store.blob(id, blob).await?.ok_or_else(|| Error::not_found("blob", blob))
    }

    async fn restore(&self, caller: &Principal, id: Option<&SessionId>, orphans: Orphans) -> Result<Vec<Restored>> {
        check(caller, Does::Changes, id)?;
        recovery::restore(&self.core, caller, id, orphans).await
    }

    async fn import(&self, caller: &Principal, imported: ImportedSession) -> Result<Session> {
        check(caller, Does::Changes, imported.session.id.as_ref())?;
        sessions::import(&self.core, caller, imported).await
    }

    async fn run(&self, caller: &Principal, run: &RunId) -> Result<Run> {
        let row = self.find_run(run).await?;
        check(caller, Does::Reads, Some(&row.session))?;
        Ok(row)
    }

    async fn runs(
        &self,
        caller: &Principal,
        session: Option<&SessionId>,
        statuses: &[RunStatus],
        limit: usize,
    ) -> Result<Vec<Run>> {
        check(caller, Does::Reads, session)?;
        let query = RunQuery { session: session.cloned(), statuses: statuses.to_vec(), limit };
        self.core.store.runs(&query).await
    }

    async fn agents(&self, caller: &Principal) -> Result<BTreeMap<String, AgentItem>> {
        check(caller, Does::Reads, None)?;
        let mut agents = BTreeMap::new();
        for (name, agent) in &self.core.settings.agents {
            let model = self.core.choose([agent.model.as_ref(), None, None])?;
            agents.insert(name.clone(), AgentItem { agent: agent.clone(), model });
        }
        Ok(agents)
    }

    async fn models(&self, caller: &Principal) -> Result<Vec<ModelItem>> {
        check(caller, Does::Reads, None)?;
        views::models(&self.core)
    }

    async fn complete(&self, caller: &Principal, completion: Completion) -> Result<Completed> {
        check(caller, Does::Asks, None)?;
        completing::complete(&self.core, completion).await
    }

    async fn look(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<Looked> {
        check(caller, Does::Reads, session)?;
        files::look(&self.core, caller, session, path).await
    }

    async fn find(&self, caller: &Principal, session: Option<&SessionId>, search: &FileSearch) -> Result<Vec<FileItem>> {
        check(caller, Does::Reads, session)?;
        files::find(&self.core, caller, session, search).await
    }

    async fn open_file(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<OpenedFile> {
        check(caller, Does::Reads, session)?;
        files::open(&self.core, caller, session, path).await
    }

    async fn share(&self, caller: &Principal, session: &SessionId) -> Result<SharedSession> {
        check(caller, Does::Reads, Some(session))?;
        sharing::share(&self.core, session).await
    }

    async fn questions(&self, caller: &Principal) -> Result<Vec<OpenQuestion>> {
        check(caller, Does::Reads, None)?;
        Ok(self.core.approver.open())
    }

    async fn decide(&self, caller: &Principal, call: &CallId, decision: Decision) -> Result<()> {
        check(caller, Does::Asks, None)?;
        let open = self.core.approver.open();
        if let Some(question) = open.iter().find(|question| question.call.id == *call)
            && decision == Decision::Allow
            && self.core.tools.get(&question.call.name).is_none_or(|tool| tool.spec().access == Access::Run)
        {
            access::may_allow_commands(caller, &question.call.name)?;
        }
        if self.core.approver.settle(call, decision) { Ok(()) } else { Err(Error::not_found("question", call)) }
    }

    async fn notices(&self, caller: &Principal) -> Result<NoticeStream> {
        check(caller, Does::Reads, None)?;
        let stream = self.core.notices.listen();
        self.core.follow_others().await;
        Ok(stream)
    }

    async fn health(&self, caller: &Principal) -> Result<Health> {
        check(caller, Does::Reads, None)?;
        Ok(views::health(&self.core).await)
    }

    async fn stop(&self, caller: &Principal, reason: &str) -> Result<()> {
        check(caller, Does::Changes, None)?;
        runs::stop(&self.core, caller, reason).await
    }

    async fn drain(&self) {
        self.core.tasks.close();
        self.core.tasks.wait().await;
        if let Err(error) = self.core.store.tidy().await {
            tracing::debug!(%error, "the store could not be tidied");
        }
    }
}

impl House {
    async fn find_run(&self, run: &RunId) -> Result<Run> {
        self.core.store.run(run).await?.ok_or_else(|| Error::not_found("run", run))
    }

    /// Where the logs are kept, for people.
    pub fn store_url(&self) -> String {
        self.core.store.url()
    }
}

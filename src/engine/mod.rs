//! FLOOR 4: the one door.
//!
//! [`Engine`] is all that can be asked of the house; [`House`] is the engine of this process. How a question goes:
//! `asking` resolves it, `drive` carries the run out by what `next` decides, `writing` takes the model's words,
//! `calls` carries tools out, `ledger` appends what happened to the session's log, and `live` brings it to subscribers.

mod access;
mod agents;
mod asking;
mod attending;
mod blobs;
mod budget;
mod calls;
mod channels;
mod compacting;
mod completing;
mod context;
mod course;
mod desk;
mod dispatch;
mod drive;
mod ending;
mod equipment;
mod falling_back;
mod files;
mod following;
mod forms;
mod holding;
mod house;
mod house_files;
mod input;
mod instructions;
mod keeping;
mod keys;
mod ledger;
mod lines;
mod listing;
mod live;
mod lives;
mod memories;
mod next;
mod notices;
mod question;
mod reading;
mod recent;
mod recovery;
mod requesting;
mod rewinding;
mod rounds;
mod runs;
mod sessions;
mod sharing;
mod shelves;
mod spans;
mod speech;
mod starting;
mod stepping;
mod taking;
mod tool_servers;
mod uploads;
mod users;
mod verbs;
mod views;
mod watching;
mod writing;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};

use self::access::{Does, On, Sight};
use crate::domain::{
    Access, AfterClearing, Agent, AgentState, BlobId, CallId, Cursor, Error, ErrorCode, Event, File, FileId, Key, KeyId,
    MessageId, Principal, Result, Revision, Run, RunFinished, RunId, Session, SessionId, SessionUpdated,
};

pub use self::agents::{AgentItem, AgentOrigin, AgentSecrets};
pub use self::channels::Channels;
pub use self::completing::{Completed, Completion};
pub use self::desk::{Desk, OpenQuestion};
pub use self::equipment::{Equipment, KnownModel, PriceItem, ProviderItem, ToolItem};
pub use self::files::{FileItem, FileKind, FileSearch, Looked, OpenedFile};
pub use self::house::{Approver, Decision, House, NobodyToAsk, Parts, Question};
pub use self::house_files::{HouseFilePage, HouseFiles, NewHouseFile, OpenedHouseFile, ReceivedFile};
pub use self::keeping::{
    ForkedSession, ImportedLog, Keeping, PinnedAgent, PruneRules, Pruned, PrunedSession, SearchHit, SearchPage,
    SessionSearch, Stats, StatsBy, StatsFilter, StatsRow, export,
};
pub use self::keys::{IssuedKey, IssuedToken, NewKey, NewToken, Word};
pub use self::listing::{MessagePage, RunFilter, RunPage, SessionFilter, SessionItem, SessionPage, Shown, ShownSummary};
pub use self::live::FrameStream;
pub(crate) use self::live::Splice;
pub use self::memories::{Forget, Memories, Memory, MemoryPage};
pub use self::notices::{AgentChange, HouseNotice, NoticeStream, Notices};
pub use self::rewinding::Earlier;
pub use self::sharing::{Removed, SharedHead, SharedSession, is_secret_name, without_secrets};
pub use self::shelves::{Expected, ShelfDocument, ShelfPage, ShelfPlace, Shelves};
pub use self::speech::{Speech, Spoken, ToSpeak, ToTranscribe};
pub use self::tool_servers::{NewToolServer, ToolServerChange, ToolServerItem, ToolServers};
pub use self::uploads::{FileBytes, FileOffer, FilePurpose, Redeemed, SignedFile};
pub use self::users::{Login, LoginAttempt, NewUser, UserChange, Users};
pub use self::verbs::{
    Answered, Answering, Ask, Asked, Begin, CallerReturn, Chosen, ContextInput, Engine, ImportedSession, NewSession, OnBusy,
    Orphans, ProcedureCall, Restored, Target,
};
pub use self::views::{Health, ModelItem};
pub use self::watching::{EventStream, Watched, Watching};
pub use crate::tools::{PeerError, PeerMessage, PeerRequest, ToolServerPeer};

#[async_trait]
impl Engine for House {
    fn people(&self) -> &dyn Users {
        self
    }

    fn tool_servers(&self) -> &dyn ToolServers {
        self
    }

    fn house_files(&self) -> &dyn HouseFiles {
        self
    }

    fn speech(&self) -> &dyn Speech {
        self
    }

    fn channels(&self) -> &dyn Channels {
        self
    }

    fn equipment(&self) -> &dyn Equipment {
        self
    }

    fn memories(&self) -> &dyn Memories {
        self
    }

    fn shelves(&self) -> &dyn Shelves {
        self
    }

    fn agent_secrets(&self) -> &dyn AgentSecrets {
        self
    }

    fn watching(&self) -> &dyn Watching {
        self
    }

    fn keeping(&self) -> &dyn Keeping {
        self
    }

    async fn ask(&self, caller: &Principal, mut ask: Ask) -> Result<Asked> {
        access::ask_check(caller, &self.core, &mut ask).await?;
        asking::ask(&self.core, caller, ask).await
    }

    async fn ask_and_follow(&self, caller: &Principal, mut ask: Ask) -> Result<(Asked, FrameStream)> {
        access::ask_check(caller, &self.core, &mut ask).await?;
        asking::ask_and_follow(&self.core, caller, ask).await
    }

    async fn answer(&self, caller: &Principal, run: &RunId, returns: Vec<CallerReturn>) -> Result<Answered> {
        self.check(caller, Does::Asks, On::Sessions).await?;
        let ledger = self.core.existing(&access::run_of(&self.core, caller, Does::Asks, run).await?.session).await?;
        runs::answer(&self.core, &ledger, caller, run, returns).await
    }

    async fn cancel(
        &self,
        caller: &Principal,
        session: &SessionId,
        run: Option<&RunId>,
        reason: &str,
    ) -> Result<Vec<RunId>> {
        self.check(caller, Does::Asks, On::Session(session)).await?;
        runs::cancel(&self.core, caller, session, run, reason).await
    }

    async fn subscribe(&self, caller: &Principal, session: &SessionId, after: Option<Cursor>) -> Result<FrameStream> {
        self.check(caller, Does::Reads, On::Session(session)).await?;
        let ledger = self.core.ledger(session).await?;
        let start = after.unwrap_or_else(|| Cursor::after(0, 0));
        if !ledger.follow_to(start).await? {
            return Err(ledger::no_session(session));
        }
        if ledger.is_over() {
            lives::may_be_followed(&ledger.fold().await?, self.core.clock.now())?;
        }
        self.core.follow_others().await;
        Ok(keys::while_it_counts(&self.core, caller, live::subscribe(ledger, start)))
    }

    async fn sessions(&self, caller: &Principal, filter: &SessionFilter) -> Result<SessionPage> {
        self.check(caller, Does::Reads, On::Sessions).await?;
        sessions::list(&self.core, caller, filter).await
    }

    async fn session(&self, caller: &Principal, id: &SessionId) -> Result<SessionItem> {
        self.check(caller, Does::Reads, On::Session(id)).await?;
        sessions::item(&self.core, id).await
    }

    async fn state(&self, caller: &Principal, id: &SessionId) -> Result<Map<String, Value>> {
        self.check(caller, Does::Reads, On::Session(id)).await?;
        Ok(self.core.existing(id).await?.fold().await?.state)
    }

    async fn session_of_key(&self, caller: &Principal, key: &str) -> Result<Option<SessionId>> {
        self.check(caller, Does::Reads, On::Sessions).await?;
        let id = self.core.store.resolve(sessions::KEY, key).await?;
        let Some(id) = id.map(|id| SessionId::from_text(&id)) else { return Ok(None) };
        match self.check(caller, Does::Reads, On::Session(&id)).await {
            Err(error) if error.code == ErrorCode::NotFound => Ok(None),
            checked => checked.map(|()| Some(id)),
        }
    }

    async fn create(&self, caller: &Principal, mut session: NewSession) -> Result<Session> {
        self.core.by_name(session.agent.as_mut()).await?;
        self.check(caller, Does::Changes, On::New(self.agent_of(&session))).await?;
        access::may_choose_id(caller, session.id.as_ref())?;
        sessions::create(&self.core, caller, session).await
    }

    async fn update(&self, caller: &Principal, id: &SessionId, mut change: SessionUpdated) -> Result<Session> {
        self.check(caller, Does::Changes, On::Session(id)).await?;
        self.core.by_name(change.agent.as_mut()).await?;
        if let Some(agent) = &change.agent {
            self.check(caller, Does::Changes, On::New(agent)).await?;
        }
        sessions::update(&self.core, caller, id, change).await
    }

    async fn clear(&self, caller: &Principal, id: &SessionId, then: AfterClearing) -> Result<()> {
        self.check(caller, Does::Changes, On::Session(id)).await?;
        let ledger = self.core.existing(id).await?;
        lives::clear(&self.core, &ledger, caller.actor(), then).await
    }

    async fn rewind(&self, caller: &Principal, id: &SessionId, after: Option<&MessageId>) -> Result<()> {
        self.check(caller, Does::Asks, On::Session(id)).await?;
        let ledger = self.core.existing(id).await?;
        rewinding::rewind(&self.core, &ledger, caller.actor(), after.cloned().map(Earlier::Message).as_ref()).await
    }

    async fn delete(&self, caller: &Principal, id: &SessionId) -> Result<()> {
        self.check(caller, Does::Changes, On::Session(id)).await?;
        self.core.existing(id).await?.delete(caller.actor()).await
    }

    async fn messages(&self, caller: &Principal, id: &SessionId, before: Option<u64>, limit: usize) -> Result<MessagePage> {
        self.check(caller, Does::Reads, On::Session(id)).await?;
        views::messages(&self.core, id, before, limit).await
    }

    async fn events(&self, caller: &Principal, id: &SessionId, after: Option<Cursor>, limit: usize) -> Result<Vec<Event>> {
        self.check(caller, Does::Reads, On::Session(id)).await?;
        views::events(&self.core, id, after, limit).await
    }

    async fn blob(&self, caller: &Principal, id: &SessionId, blob: &BlobId) -> Result<Vec<u8>> {
        self.check(caller, Does::Reads, On::Session(id)).await?;
        lives::must_live(&self.core.existing(id).await?.fold().await?, self.core.clock.now())?;
        self.core.store.blob(id, blob).await?.ok_or_else(|| Error::not_found("blob", blob))
    }

    async fn restore(&self, caller: &Principal, id: Option<&SessionId>, orphans: Orphans) -> Result<Vec<Restored>> {
        self.check(caller, Does::Changes, id.map_or(On::House, On::Session)).await?;
        recovery::restore(&self.core, caller, id, orphans).await
    }

    async fn import(&self, caller: &Principal, mut imported: ImportedSession) -> Result<Session> {
        let new = &mut imported.session;
        self.core.by_name(new.agent.as_mut()).await?;
        if let Some(sight) = Sight::of(caller) {
            new.agent = new.agent.take().or_else(|| sight.only_agent().map(str::to_owned));
            if let Some(id) = &new.id {
                self.check(caller, Does::Changes, On::Session(id)).await?;
            }
        }
        self.check(caller, Does::Changes, On::New(self.agent_of(new))).await?;
        sessions::import(&self.core, caller, imported).await
    }

    async fn run(&self, caller: &Principal, run: &RunId) -> Result<Run> {
        self.check(caller, Does::Reads, On::Sessions).await?;
        access::run_of(&self.core, caller, Does::Reads, run).await
    }

    async fn run_agent(&self, caller: &Principal, run: &RunId) -> Result<Agent> {
        self.check(caller, Does::Reads, On::Sessions).await?;
        let row = access::run_of(&self.core, caller, Does::Reads, run).await?;
        recovery::agent_of(&self.core, &row).await
    }

    async fn runs(&self, caller: &Principal, filter: &RunFilter) -> Result<RunPage> {
        self.check(caller, Does::Reads, filter.session.as_ref().map_or(On::Sessions, On::Session)).await?;
        let mut filter = filter.clone();
        self.core.by_name(filter.agent.as_mut()).await?;
        runs::list(&self.core, caller, filter).await
    }

    async fn run_end(&self, caller: &Principal, run: &RunId) -> Result<Option<RunFinished>> {
        self.check(caller, Does::Reads, On::Sessions).await?;
        let row = access::run_of(&self.core, caller, Does::Reads, run).await?;
        runs::end_of(&self.core, &row).await
    }

    async fn agents(&self, caller: &Principal) -> Result<BTreeMap<String, AgentItem>> {
        self.check(caller, Does::Reads, On::Agents).await?;
        let mut agents = agents::list(&self.core).await?;
        agents.retain(|name, _| access::sees_agent(caller, name));
        Ok(agents)
    }

    async fn agent(&self, caller: &Principal, agent: &str) -> Result<AgentItem> {
        self.check(caller, Does::Reads, On::Agents).await?;
        match agents::one(&self.core, agent).await {
            Ok(item) if access::sees_agent(caller, &item.agent.name) => Ok(item),
            Err(error) if error.code != ErrorCode::NotFound || access::sees_all_agents(caller) => Err(error),
            // Whether there is another is not for everybody.
            _ => Err(Error::not_found("agent", crate::config::printable(agent))),
        }
    }

    async fn create_agent(&self, caller: &Principal, agent: Agent) -> Result<AgentItem> {
        self.check(caller, Does::Changes, On::Agents).await?;
        agents::create(&self.core, caller, agent, &BTreeMap::new()).await
    }

    async fn update_agent(
        &self,
        caller: &Principal,
        named: &str,
        agent: Agent,
        expected: Option<&Revision>,
    ) -> Result<AgentItem> {
        self.check(caller, Does::Changes, On::Agents).await?;
        agents::update(&self.core, caller, named, (agent, &BTreeMap::new()), expected).await
    }

    async fn set_agent_state(&self, caller: &Principal, named: &str, state: AgentState) -> Result<AgentItem> {
        self.check(caller, Does::Changes, On::Agents).await?;
        agents::set_state(&self.core, caller, named, state).await
    }

    async fn remove_agent(&self, caller: &Principal, named: &str) -> Result<AgentItem> {
        self.check(caller, Does::Changes, On::Agents).await?;
        agents::remove(&self.core, caller, named).await
    }

    async fn models(&self, caller: &Principal) -> Result<Vec<ModelItem>> {
        self.check(caller, Does::Reads, On::Offer).await?;
        views::models(&self.core)
    }

    async fn complete(&self, caller: &Principal, completion: Completion) -> Result<Completed> {
        self.check(caller, Does::Asks, On::House).await?;
        completion.agent.as_deref().map_or(Ok(()), |agent| access::may_have_answer(caller, agent))?;
        completing::complete(&self.core, completion).await
    }

    async fn look(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<Looked> {
        self.check(caller, Does::Reads, On::Files(session)).await?;
        files::look(&self.core, caller, session, path).await
    }

    async fn find(&self, caller: &Principal, session: Option<&SessionId>, search: &FileSearch) -> Result<Vec<FileItem>> {
        self.check(caller, Does::Reads, On::Files(session)).await?;
        files::find(&self.core, caller, session, search).await
    }

    async fn open_file(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<OpenedFile> {
        self.check(caller, Does::Reads, On::Files(session)).await?;
        files::open(&self.core, caller, session, path).await
    }

    async fn offer_files(&self, caller: &Principal, session: &SessionId, offers: Vec<FileOffer>) -> Result<Vec<File>> {
        self.check(caller, Does::Asks, On::Session(session)).await?;
        uploads::offer(&self.core, session, offers).await
    }

    async fn put_file(&self, caller: &Principal, offered: File, bytes: FileBytes) -> Result<File> {
        self.check(caller, Does::Asks, On::Session(offered.session()?)).await?;
        uploads::put(&self.core, offered, bytes).await
    }

    async fn kept_files(&self, caller: &Principal, session: &SessionId) -> Result<Vec<File>> {
        self.check(caller, Does::Reads, On::Session(session)).await?;
        uploads::all(&self.core, session).await
    }

    async fn kept_file(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<File> {
        self.check(caller, Does::Reads, On::Session(session)).await?;
        uploads::file(&self.core, session, file).await
    }

    async fn file_bytes(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<(File, Bytes)> {
        self.check(caller, Does::Reads, On::Session(session)).await?;
        uploads::content(&self.core, session, file).await
    }

    async fn delete_file(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<()> {
        self.check(caller, Does::Changes, On::Session(session)).await?;
        uploads::remove(&self.core, session, file).await
    }

    async fn sign_file(&self, caller: &Principal, file: &File, purpose: FilePurpose) -> Result<SignedFile> {
        let does = if purpose == FilePurpose::Upload { Does::Asks } else { Does::Reads };
        self.check(caller, does, On::Session(file.session()?)).await?;
        uploads::sign(&self.core, file, purpose).await
    }

    async fn redeem_file(&self, ticket: &str, purpose: FilePurpose) -> Result<Redeemed> {
        uploads::redeem(&self.core, ticket, purpose).await
    }

    async fn share(&self, caller: &Principal, session: &SessionId) -> Result<SharedSession> {
        self.check(caller, Does::Reads, On::Session(session)).await?;
        sharing::share(&self.core, session).await
    }

    async fn questions(&self, caller: &Principal) -> Result<Vec<OpenQuestion>> {
        self.check(caller, Does::Reads, On::House).await?;
        Ok(self.core.approver.open())
    }

    async fn decide(&self, caller: &Principal, call: &CallId, decision: Decision) -> Result<()> {
        self.check(caller, Does::Asks, On::House).await?;
        let open = self.core.approver.open();
        if let Some(question) = open.iter().find(|question| question.call.id == *call)
            && decision == Decision::Allow
            && self.core.tools.get(&question.call.name).is_none_or(|tool| tool.spec().access == Access::Run)
        {
            access::may_allow_commands(caller, &question.call.name)?;
        }
        if self.core.approver.settle(call, decision) { Ok(()) } else { Err(Error::not_found("question", call)) }
    }

    async fn verify(&self, caller: &Principal, word: &str) -> Result<Principal> {
        self.check(caller, Does::Reads, On::Keys).await?;
        keys::verify(&self.core, word).await
    }

    async fn has_keys(&self, caller: &Principal) -> Result<bool> {
        self.check(caller, Does::Reads, On::Keys).await?;
        self.core.keys.any(&self.core).await
    }

    async fn create_key(&self, caller: &Principal, new: NewKey) -> Result<IssuedKey> {
        self.check(caller, Does::Changes, On::Keys).await?;
        keys::create(&self.core, new).await
    }

    async fn keys(&self, caller: &Principal) -> Result<Vec<Key>> {
        self.check(caller, Does::Reads, On::Keys).await?;
        keys::list(&self.core).await
    }

    async fn remove_key(&self, caller: &Principal, name: &str) -> Result<Key> {
        self.check(caller, Does::Changes, On::Keys).await?;
        keys::remove(&self.core, name).await
    }

    async fn mint(&self, caller: &Principal, mut new: NewToken) -> Result<IssuedToken> {
        self.check(caller, Does::Changes, On::Tokens).await?;
        self.core.by_name(Some(&mut new.agent)).await?;
        keys::mint(&self.core, caller, new).await
    }

    async fn revoke(&self, caller: &Principal, word: &str) -> Result<Option<KeyId>> {
        self.check(caller, Does::Changes, On::Tokens).await?;
        keys::revoke(&self.core, word).await
    }

    async fn notices(&self, caller: &Principal) -> Result<NoticeStream> {
        self.check(caller, Does::Reads, On::House).await?;
        agents::notices(&self.core, caller).await
    }

    async fn health(&self, caller: &Principal) -> Result<Health> {
        self.check(caller, Does::Reads, On::Offer).await?;
        Ok(views::health(&self.core).await)
    }

    async fn stop(&self, caller: &Principal, reason: &str) -> Result<()> {
        self.check(caller, Does::Changes, On::House).await?;
        runs::stop(&self.core, caller, reason).await
    }

    async fn drain(&self) {
        self.core.drain().await;
    }
}

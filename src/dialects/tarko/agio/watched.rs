//! The engine with somebody who watches: every verb goes through as it is; runs that begin are followed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};

use super::Monitor;
use crate::domain::{
    AfterClearing, Agent, AgentState, BlobId, CallId, Cursor, Event, File, FileId, Key, KeyId, MessageId, Principal, Result,
    Revision, Run, RunFinished, RunId, Session, SessionId, SessionUpdated,
};
use crate::engine::{
    AgentItem, AgentSecrets, Answered, Ask, Asked, CallerReturn, Channels, Completed, Completion, Decision, Engine,
    Equipment, FileBytes, FileItem, FileOffer, FilePurpose, FileSearch, FrameStream, Health, HouseFiles, ImportedSession,
    IssuedKey, IssuedToken, Keeping, Looked, Memories, MessagePage, ModelItem, NewKey, NewSession, NewToken, NoticeStream,
    OpenQuestion, OpenedFile, Orphans, Redeemed, Restored, RunFilter, RunPage, SessionFilter, SessionItem, SessionPage,
    SharedSession, Shelves, SignedFile, Speech, ToolServers, Users, Watching,
};

/// An engine whose runs are watched.
pub struct Watched(pub Monitor);

#[async_trait]
impl Engine for Watched {
    fn people(&self) -> &dyn Users {
        self.0.engine.people()
    }

    fn tool_servers(&self) -> &dyn ToolServers {
        self.0.engine.tool_servers()
    }

    fn house_files(&self) -> &dyn HouseFiles {
        self.0.engine.house_files()
    }

    fn speech(&self) -> &dyn Speech {
        self.0.engine.speech()
    }

    fn channels(&self) -> &dyn Channels {
        self.0.engine.channels()
    }

    fn equipment(&self) -> &dyn Equipment {
        self.0.engine.equipment()
    }

    fn memories(&self) -> &dyn Memories {
        self.0.engine.memories()
    }

    fn shelves(&self) -> &dyn Shelves {
        self.0.engine.shelves()
    }

    fn agent_secrets(&self) -> &dyn AgentSecrets {
        self.0.engine.agent_secrets()
    }

    fn watching(&self) -> &dyn Watching {
        self.0.engine.watching()
    }

    fn keeping(&self) -> &dyn Keeping {
        self.0.engine.keeping()
    }

    async fn ask(&self, caller: &Principal, ask: Ask) -> Result<Asked> {
        let asked = self.0.engine.ask(caller, ask).await?;
        for run in &asked.runs {
            self.0.follow(&asked.session, run, asked.before);
        }
        Ok(asked)
    }

    async fn ask_and_follow(&self, caller: &Principal, ask: Ask) -> Result<(Asked, FrameStream)> {
        let (asked, frames) = self.0.engine.ask_and_follow(caller, ask).await?;
        for run in &asked.runs {
            self.0.follow(&asked.session, run, asked.before);
        }
        Ok((asked, frames))
    }

    async fn answer(&self, caller: &Principal, run: &RunId, returns: Vec<CallerReturn>) -> Result<Answered> {
        self.0.engine.answer(caller, run, returns).await
    }

    async fn cancel(
        &self,
        caller: &Principal,
        session: &SessionId,
        run: Option<&RunId>,
        reason: &str,
    ) -> Result<Vec<RunId>> {
        self.0.engine.cancel(caller, session, run, reason).await
    }

    async fn subscribe(&self, caller: &Principal, session: &SessionId, after: Option<Cursor>) -> Result<FrameStream> {
        self.0.engine.subscribe(caller, session, after).await
    }

    async fn sessions(&self, caller: &Principal, filter: &SessionFilter) -> Result<SessionPage> {
        self.0.engine.sessions(caller, filter).await
    }

    async fn session(&self, caller: &Principal, id: &SessionId) -> Result<SessionItem> {
        self.0.engine.session(caller, id).await
    }

    async fn state(&self, caller: &Principal, id: &SessionId) -> Result<Map<String, Value>> {
        self.0.engine.state(caller, id).await
    }

    async fn session_of_key(&self, caller: &Principal, key: &str) -> Result<Option<SessionId>> {
        self.0.engine.session_of_key(caller, key).await
    }

    async fn create(&self, caller: &Principal, session: NewSession) -> Result<Session> {
        self.0.engine.create(caller, session).await
    }

    async fn update(&self, caller: &Principal, id: &SessionId, change: SessionUpdated) -> Result<Session> {
        self.0.engine.update(caller, id, change).await
    }

    async fn clear(&self, caller: &Principal, id: &SessionId, then: AfterClearing) -> Result<()> {
        self.0.engine.clear(caller, id, then).await
    }

    async fn rewind(&self, caller: &Principal, id: &SessionId, after: Option<&MessageId>) -> Result<()> {
        self.0.engine.rewind(caller, id, after).await
    }

    async fn delete(&self, caller: &Principal, id: &SessionId) -> Result<()> {
        self.0.engine.delete(caller, id).await?;
        self.0.sender.flush();
        Ok(())
    }

    async fn messages(&self, caller: &Principal, id: &SessionId, before: Option<u64>, limit: usize) -> Result<MessagePage> {
        self.0.engine.messages(caller, id, before, limit).await
    }

    async fn events(&self, caller: &Principal, id: &SessionId, after: Option<Cursor>, limit: usize) -> Result<Vec<Event>> {
        self.0.engine.events(caller, id, after, limit).await
    }

    async fn blob(&self, caller: &Principal, id: &SessionId, blob: &BlobId) -> Result<Vec<u8>> {
        self.0.engine.blob(caller, id, blob).await
    }

    async fn restore(&self, caller: &Principal, id: Option<&SessionId>, orphans: Orphans) -> Result<Vec<Restored>> {
        let restored = self.0.engine.restore(caller, id, orphans).await?;
        for one in restored.iter().filter(|one| one.resumed) {
            self.0.follow(&one.session, &one.run, one.before);
        }
        Ok(restored)
    }

    async fn import(&self, caller: &Principal, imported: ImportedSession) -> Result<Session> {
        self.0.engine.import(caller, imported).await
    }

    async fn run(&self, caller: &Principal, run: &RunId) -> Result<Run> {
        self.0.engine.run(caller, run).await
    }

    async fn run_agent(&self, caller: &Principal, run: &RunId) -> Result<Agent> {
        self.0.engine.run_agent(caller, run).await
    }

    async fn runs(&self, caller: &Principal, filter: &RunFilter) -> Result<RunPage> {
        self.0.engine.runs(caller, filter).await
    }

    async fn run_end(&self, caller: &Principal, run: &RunId) -> Result<Option<RunFinished>> {
        self.0.engine.run_end(caller, run).await
    }

    async fn agents(&self, caller: &Principal) -> Result<BTreeMap<String, AgentItem>> {
        self.0.engine.agents(caller).await
    }

    async fn agent(&self, caller: &Principal, agent: &str) -> Result<AgentItem> {
        self.0.engine.agent(caller, agent).await
    }

    async fn create_agent(&self, caller: &Principal, agent: Agent) -> Result<AgentItem> {
        self.0.engine.create_agent(caller, agent).await
    }

    async fn update_agent(
        &self,
        caller: &Principal,
        named: &str,
        agent: Agent,
        expected: Option<&Revision>,
    ) -> Result<AgentItem> {
        self.0.engine.update_agent(caller, named, agent, expected).await
    }

    async fn set_agent_state(&self, caller: &Principal, named: &str, state: AgentState) -> Result<AgentItem> {
        self.0.engine.set_agent_state(caller, named, state).await
    }

    async fn remove_agent(&self, caller: &Principal, named: &str) -> Result<AgentItem> {
        self.0.engine.remove_agent(caller, named).await
    }

    async fn models(&self, caller: &Principal) -> Result<Vec<ModelItem>> {
        self.0.engine.models(caller).await
    }

    async fn complete(&self, caller: &Principal, completion: Completion) -> Result<Completed> {
        self.0.engine.complete(caller, completion).await
    }

    async fn look(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<Looked> {
        self.0.engine.look(caller, session, path).await
    }

    async fn find(&self, caller: &Principal, session: Option<&SessionId>, search: &FileSearch) -> Result<Vec<FileItem>> {
        self.0.engine.find(caller, session, search).await
    }

    async fn open_file(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<OpenedFile> {
        self.0.engine.open_file(caller, session, path).await
    }

    async fn offer_files(&self, caller: &Principal, session: &SessionId, offers: Vec<FileOffer>) -> Result<Vec<File>> {
        self.0.engine.offer_files(caller, session, offers).await
    }

    async fn put_file(&self, caller: &Principal, offered: File, bytes: FileBytes) -> Result<File> {
        self.0.engine.put_file(caller, offered, bytes).await
    }

    async fn kept_files(&self, caller: &Principal, session: &SessionId) -> Result<Vec<File>> {
        self.0.engine.kept_files(caller, session).await
    }

    async fn kept_file(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<File> {
        self.0.engine.kept_file(caller, session, file).await
    }

    async fn file_bytes(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<(File, Bytes)> {
        self.0.engine.file_bytes(caller, session, file).await
    }

    async fn delete_file(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<()> {
        self.0.engine.delete_file(caller, session, file).await
    }

    async fn sign_file(&self, caller: &Principal, file: &File, purpose: FilePurpose) -> Result<SignedFile> {
        self.0.engine.sign_file(caller, file, purpose).await
    }

    async fn redeem_file(&self, ticket: &str, purpose: FilePurpose) -> Result<Redeemed> {
        self.0.engine.redeem_file(ticket, purpose).await
    }

    async fn share(&self, caller: &Principal, session: &SessionId) -> Result<SharedSession> {
        self.0.engine.share(caller, session).await
    }

    async fn questions(&self, caller: &Principal) -> Result<Vec<OpenQuestion>> {
        self.0.engine.questions(caller).await
    }

    async fn decide(&self, caller: &Principal, call: &CallId, decision: Decision) -> Result<()> {
        self.0.engine.decide(caller, call, decision).await
    }

    async fn verify(&self, caller: &Principal, word: &str) -> Result<Principal> {
        self.0.engine.verify(caller, word).await
    }

    async fn has_keys(&self, caller: &Principal) -> Result<bool> {
        self.0.engine.has_keys(caller).await
    }

    async fn create_key(&self, caller: &Principal, new: NewKey) -> Result<IssuedKey> {
        self.0.engine.create_key(caller, new).await
    }

    async fn keys(&self, caller: &Principal) -> Result<Vec<Key>> {
        self.0.engine.keys(caller).await
    }

    async fn remove_key(&self, caller: &Principal, name: &str) -> Result<Key> {
        self.0.engine.remove_key(caller, name).await
    }

    async fn mint(&self, caller: &Principal, new: NewToken) -> Result<IssuedToken> {
        self.0.engine.mint(caller, new).await
    }

    async fn revoke(&self, caller: &Principal, word: &str) -> Result<Option<KeyId>> {
        self.0.engine.revoke(caller, word).await
    }

    async fn notices(&self, caller: &Principal) -> Result<NoticeStream> {
        self.0.engine.notices(caller).await
    }

    async fn health(&self, caller: &Principal) -> Result<Health> {
        self.0.engine.health(caller).await
    }

    async fn stop(&self, caller: &Principal, reason: &str) -> Result<()> {
        self.0.engine.stop(caller, reason).await
    }

    async fn drain(&self) {
        self.0.engine.drain().await;
        self.0.settle().await;
    }
}

#[cfg(test)]
mod tests {
    /// A verb with a default of its own would otherwise pass by the engine without a word.
    #[test]
    fn every_verb_goes_through() {
        let verbs = include_str!("../../../engine/verbs.rs").lines().filter_map(|line| {
            let rest = line.trim().strip_prefix("async fn ")?;
            rest.split('(').next()
        });
        let own = include_str!("watched.rs");
        let missing: Vec<&str> = verbs.filter(|verb| !own.contains(&format!("    async fn {verb}("))).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}

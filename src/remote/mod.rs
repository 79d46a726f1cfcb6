//! FLOOR 5: the engine over a distance: the same trait, spoken to another `ombud serve`.
//!
//! `line` carries a request and reads its answer; `stream` follows a stream across broken connections; `wire` has the
//! words that both sides use. What may be done is decided by the house at the other end: it knows the caller by the
//! token, so the principal of a call is not sent.

mod agent_secrets;
mod channels;
mod equipment;
mod house_files;
mod keeping;
mod line;
mod memories;
mod shelves;
mod speech;
mod stream;
mod tool_servers;
mod users;
mod watching;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use serde_json::{Map, Value};

use self::line::Line;
use self::wire::{
    Agents, Answers, Cancel, Cancelled, Clear, CreateAgent, Decide, EventPage, Events, Find, Found, KeyedSession, Keys,
    Look, Messages, ModelList, Nothing, OfAgent, OfBlob, OfFile, OfKey, OfRun, OfSession, OfSessionKey, OfToken, Offer,
    PinnedAgent, PutFile, Questions, Remembered, Restore, RestoredRuns, Revoked, Rewind, RunEnd, SetAgentState, Sign,
    Update, UpdateAgent, Uploads,
};
use crate::domain::{
    AfterClearing, Agent, AgentState, BlobId, CallId, Cursor, Error, ErrorCode, Event, File, FileId, Key, KeyId, MessageId,
    Principal, Result, Revision, Run, RunFinished, RunId, Session, SessionId, SessionUpdated,
};
use crate::engine::{
    AgentItem, AgentSecrets, Answered, Ask, Asked, CallerReturn, Channels, Completed, Completion, Decision, Engine,
    Equipment, FileBytes, FileItem, FileOffer, FilePurpose, FileSearch, FrameStream, Health, HouseFiles, ImportedSession,
    IssuedKey, IssuedToken, Keeping, Looked, Memories, MessagePage, ModelItem, NewKey, NewSession, NewToken, NoticeStream,
    OpenQuestion, OpenedFile, Orphans, Redeemed, Restored, RunFilter, RunPage, SessionFilter, SessionItem, SessionPage,
    SharedSession, Shelves, SignedFile, Speech, ToolServers, Users, Watching,
};

/// Longest wait for the answer of a verb that works at once.
const SOON: Duration = Duration::from_secs(60);
/// Longest wait for one that waits itself: for another run, for a model. The house at the other end has limits of its own
/// that end it earlier.
const WORKS: Duration = Duration::from_secs(3_600);

/// The engine of another house. Nothing is sent before the first verb is called.
pub struct Remote {
    line: Arc<Line>,
}

impl Remote {
    /// The house that serves at an address, such as `http://127.0.0.1:3000`.
    ///
    /// # Errors
    /// `invalid_input` when the address or the token cannot be used, `unavailable` when no secure connections can be made.
    pub fn new(url: &str, token: Option<&SecretString>) -> Result<Self> {
        Ok(Self { line: Arc::new(Line::new(url, token)?) })
    }
}

/// What a distance does not allow.
fn not_over_a_distance(what: &str) -> Error {
    Error::new(ErrorCode::NotSupported, format!("{what} over a distance"))
}

#[async_trait]
impl Engine for Remote {
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

    async fn ask(&self, _: &Principal, ask: Ask) -> Result<Asked> {
        // When this future is dropped, its connection is closed; the other house then takes the question back.
        self.line.call("ask", &ask, WORKS).await
    }

    async fn ask_and_follow(&self, caller: &Principal, ask: Ask) -> Result<(Asked, FrameStream)> {
        let asked = self.ask(caller, ask).await?;
        let frames = self.subscribe(caller, &asked.session, Some(asked.before)).await?;
        Ok((asked, frames))
    }

    async fn answer(&self, _: &Principal, run: &RunId, returns: Vec<CallerReturn>) -> Result<Answered> {
        self.line.call("answer", &Answers { run: run.clone(), returns }, SOON).await
    }

    async fn cancel(&self, _: &Principal, session: &SessionId, run: Option<&RunId>, reason: &str) -> Result<Vec<RunId>> {
        let cancel = Cancel { session: session.clone(), run: run.cloned(), reason: reason.to_owned() };
        let Cancelled { runs } = self.line.call("cancel", &cancel, SOON).await?;
        Ok(runs)
    }

    async fn subscribe(&self, _: &Principal, session: &SessionId, after: Option<Cursor>) -> Result<FrameStream> {
        stream::frames(Arc::clone(&self.line), session.clone(), after).await
    }

    async fn sessions(&self, _: &Principal, filter: &SessionFilter) -> Result<SessionPage> {
        self.line.call("sessions", filter, SOON).await
    }

    async fn session(&self, _: &Principal, id: &SessionId) -> Result<SessionItem> {
        self.line.call("session", &OfSession { session: id.clone() }, SOON).await
    }

    async fn state(&self, _: &Principal, id: &SessionId) -> Result<Map<String, Value>> {
        let Remembered { state } = self.line.call("state", &OfSession { session: id.clone() }, SOON).await?;
        Ok(state)
    }

    async fn session_of_key(&self, _: &Principal, key: &str) -> Result<Option<SessionId>> {
        let KeyedSession { session } = self.line.call("session_of_key", &OfSessionKey { key: key.to_owned() }, SOON).await?;
        Ok(session)
    }

    async fn create(&self, _: &Principal, session: NewSession) -> Result<Session> {
        self.line.call("create", &session, SOON).await
    }

    async fn update(&self, _: &Principal, id: &SessionId, change: SessionUpdated) -> Result<Session> {
        self.line.call("update", &Update { session: id.clone(), change }, SOON).await
    }

    async fn clear(&self, _: &Principal, id: &SessionId, then: AfterClearing) -> Result<()> {
        let Nothing {} = self.line.call("clear", &Clear { session: id.clone(), then }, WORKS).await?;
        Ok(())
    }

    async fn rewind(&self, _: &Principal, id: &SessionId, after: Option<&MessageId>) -> Result<()> {
        let rewind = Rewind { session: id.clone(), after: after.cloned() };
        let Nothing {} = self.line.call("rewind", &rewind, WORKS).await?;
        Ok(())
    }

    async fn delete(&self, _: &Principal, id: &SessionId) -> Result<()> {
        let Nothing {} = self.line.call("delete", &OfSession { session: id.clone() }, SOON).await?;
        Ok(())
    }

    async fn messages(&self, _: &Principal, id: &SessionId, before: Option<u64>, limit: usize) -> Result<MessagePage> {
        self.line.call("messages", &Messages { session: id.clone(), before, limit }, SOON).await
    }

    async fn events(&self, _: &Principal, id: &SessionId, after: Option<Cursor>, limit: usize) -> Result<Vec<Event>> {
        let EventPage { events } = self.line.call("events", &Events { session: id.clone(), after, limit }, SOON).await?;
        Ok(events)
    }

    async fn blob(&self, _: &Principal, id: &SessionId, blob: &BlobId) -> Result<Vec<u8>> {
        self.line.bytes("blob", &OfBlob { session: id.clone(), blob: blob.clone() }, SOON).await
    }

    async fn restore(&self, _: &Principal, id: Option<&SessionId>, orphans: Orphans) -> Result<Vec<Restored>> {
        let RestoredRuns { restored } = self.line.call("restore", &Restore { session: id.cloned(), orphans }, WORKS).await?;
        Ok(restored)
    }

    async fn import(&self, _: &Principal, imported: ImportedSession) -> Result<Session> {
        self.line.call("import", &imported, WORKS).await
    }

    async fn run(&self, _: &Principal, run: &RunId) -> Result<Run> {
        self.line.call("run", &OfRun { run: run.clone() }, SOON).await
    }

    async fn run_agent(&self, _: &Principal, run: &RunId) -> Result<Agent> {
        let PinnedAgent { agent } = self.line.call("run_agent", &OfRun { run: run.clone() }, SOON).await?;
        Ok(agent)
    }

    async fn runs(&self, _: &Principal, filter: &RunFilter) -> Result<RunPage> {
        self.line.call("runs", filter, SOON).await
    }

    async fn run_end(&self, _: &Principal, run: &RunId) -> Result<Option<RunFinished>> {
        let RunEnd { end } = self.line.call("run_end", &OfRun { run: run.clone() }, SOON).await?;
        Ok(end)
    }

    async fn agents(&self, _: &Principal) -> Result<BTreeMap<String, AgentItem>> {
        let Agents { agents } = self.line.call("agents", &Nothing {}, SOON).await?;
        Ok(agents)
    }

    async fn agent(&self, _: &Principal, agent: &str) -> Result<AgentItem> {
        self.line.call("agent", &OfAgent { agent: agent.to_owned() }, SOON).await
    }

    async fn create_agent(&self, _: &Principal, agent: Agent) -> Result<AgentItem> {
        self.line.call("create_agent", &CreateAgent { definition: agent }, SOON).await
    }

    async fn update_agent(
        &self,
        _: &Principal,
        named: &str,
        agent: Agent,
        expected: Option<&Revision>,
    ) -> Result<AgentItem> {
        let update = UpdateAgent { agent: named.to_owned(), definition: agent, revision: expected.cloned() };
        self.line.call("update_agent", &update, SOON).await
    }

    async fn set_agent_state(&self, _: &Principal, named: &str, state: AgentState) -> Result<AgentItem> {
        self.line.call("set_agent_state", &SetAgentState { agent: named.to_owned(), state }, SOON).await
    }

    async fn remove_agent(&self, _: &Principal, named: &str) -> Result<AgentItem> {
        self.line.call("remove_agent", &OfAgent { agent: named.to_owned() }, SOON).await
    }

    async fn models(&self, _: &Principal) -> Result<Vec<ModelItem>> {
        let ModelList { models } = self.line.call("models", &Nothing {}, SOON).await?;
        Ok(models)
    }

    async fn complete(&self, _: &Principal, completion: Completion) -> Result<Completed> {
        self.line.call("complete", &completion, WORKS).await
    }

    async fn look(&self, _: &Principal, session: Option<&SessionId>, path: &str) -> Result<Looked> {
        self.line.call("look", &Look { session: session.cloned(), path: path.to_owned() }, SOON).await
    }

    async fn find(&self, _: &Principal, session: Option<&SessionId>, search: &FileSearch) -> Result<Vec<FileItem>> {
        let Found { files } =
            self.line.call("find", &Find { session: session.cloned(), search: search.clone() }, SOON).await?;
        Ok(files)
    }

    async fn open_file(&self, _: &Principal, _: Option<&SessionId>, _: &str) -> Result<OpenedFile> {
        Err(not_over_a_distance("a file cannot be opened").hint("read it by GET /ombud/v1/file of the server"))
    }

    async fn offer_files(&self, _: &Principal, session: &SessionId, offers: Vec<FileOffer>) -> Result<Vec<File>> {
        let Uploads { files } = self.line.call("offer", &Offer { session: session.clone(), files: offers }, SOON).await?;
        Ok(files)
    }

    async fn put_file(&self, _: &Principal, offered: File, bytes: FileBytes) -> Result<File> {
        self.line.put("upload", &PutFile::try_from(offered)?, bytes, WORKS).await
    }

    async fn kept_files(&self, _: &Principal, session: &SessionId) -> Result<Vec<File>> {
        let Uploads { files } = self.line.call("uploads", &OfSession { session: session.clone() }, SOON).await?;
        Ok(files)
    }

    async fn kept_file(&self, _: &Principal, session: &SessionId, file: &FileId) -> Result<File> {
        self.line.call("upload", &OfFile { session: session.clone(), file: file.clone() }, SOON).await
    }

    async fn file_bytes(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<(File, Bytes)> {
        let kept = self.kept_file(caller, session, file).await?;
        let of = OfFile { session: session.clone(), file: file.clone() };
        Ok((kept, self.line.bytes("upload", &of, WORKS).await?.into()))
    }

    async fn delete_file(&self, _: &Principal, session: &SessionId, file: &FileId) -> Result<()> {
        let of = OfFile { session: session.clone(), file: file.clone() };
        let Nothing {} = self.line.call("discard", &of, SOON).await?;
        Ok(())
    }

    async fn sign_file(&self, _: &Principal, file: &File, purpose: FilePurpose) -> Result<SignedFile> {
        self.line.call("sign", &Sign { file: file.clone(), purpose }, SOON).await
    }

    async fn redeem_file(&self, _: &str, _: FilePurpose) -> Result<Redeemed> {
        Err(not_over_a_distance("a signed address cannot be opened").hint("call the address itself"))
    }

    async fn share(&self, _: &Principal, session: &SessionId) -> Result<SharedSession> {
        self.line.call("share", &OfSession { session: session.clone() }, WORKS).await
    }

    async fn questions(&self, _: &Principal) -> Result<Vec<OpenQuestion>> {
        let Questions { questions } = self.line.call("questions", &Nothing {}, SOON).await?;
        Ok(questions)
    }

    async fn decide(&self, _: &Principal, call: &CallId, decision: Decision) -> Result<()> {
        let Nothing {} = self.line.call("decide", &Decide { call: call.clone(), decision }, SOON).await?;
        Ok(())
    }

    /// Who calls is known where the keys are.
    async fn verify(&self, _: &Principal, _: &str) -> Result<Principal> {
        Err(not_over_a_distance("who calls with a key cannot be found out"))
    }

    async fn has_keys(&self, _: &Principal) -> Result<bool> {
        Err(not_over_a_distance("whether a key is wanted cannot be found out"))
    }

    async fn create_key(&self, _: &Principal, new: NewKey) -> Result<IssuedKey> {
        self.line.call("create-key", &new, SOON).await
    }

    async fn keys(&self, _: &Principal) -> Result<Vec<Key>> {
        let Keys { keys } = self.line.call("keys", &Nothing {}, SOON).await?;
        Ok(keys)
    }

    async fn remove_key(&self, _: &Principal, name: &str) -> Result<Key> {
        self.line.call("remove-key", &OfKey { name: name.to_owned() }, SOON).await
    }

    async fn mint(&self, _: &Principal, new: NewToken) -> Result<IssuedToken> {
        self.line.call("mint", &new, SOON).await
    }

    async fn revoke(&self, _: &Principal, word: &str) -> Result<Option<KeyId>> {
        let Revoked { id } = self.line.call("revoke", &OfToken { token: word.to_owned() }, SOON).await?;
        Ok(id)
    }

    async fn notices(&self, _: &Principal) -> Result<NoticeStream> {
        stream::notices(Arc::clone(&self.line)).await
    }

    async fn health(&self, _: &Principal) -> Result<Health> {
        self.line.call("health", &Nothing {}, SOON).await
    }

    /// The runs of a house are stopped where it is.
    async fn stop(&self, _: &Principal, _: &str) -> Result<()> {
        Err(not_over_a_distance("the runs of a server cannot be stopped together"))
    }

    /// No run works in this process.
    async fn drain(&self) {}
}

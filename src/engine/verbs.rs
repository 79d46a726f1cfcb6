//! The one door: what can be asked of the house, by whatever way.

use std::collections::BTreeMap;

use async_trait::async_trait;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::agents::{AgentItem, AgentSecrets};
use super::channels::Channels;
use super::completing::{Completed, Completion};
use super::desk::OpenQuestion;
use super::equipment::Equipment;
use super::files::{FileItem, FileSearch, Looked, OpenedFile};
use super::house::Decision;
use super::house_files::HouseFiles;
use super::keeping::Keeping;
use super::keys::{IssuedKey, IssuedToken, NewKey, NewToken};
use super::listing::{MessagePage, RunFilter, RunPage, SessionFilter, SessionItem, SessionPage};
use super::live::FrameStream;
use super::memories::Memories;
use super::notices::NoticeStream;
pub use super::question::{Answering, Ask, Asked, Begin, Chosen, ContextInput, NewSession, OnBusy, ProcedureCall, Target};
use super::sharing::SharedSession;
use super::shelves::Shelves;
use super::speech::Speech;
use super::tool_servers::ToolServers;
use super::uploads::{FileBytes, FileOffer, FilePurpose, Redeemed, SignedFile};
use super::users::Users;
use super::views::{Health, ModelItem};
use super::watching::Watching;
use crate::domain::{
    AfterClearing, Agent, AgentState, BlobId, CallId, Cursor, Event, File, FileId, Key, KeyId, Message, MessageId,
    Principal, Result, Revision, Run, RunFinished, RunId, Session, SessionId, SessionUpdated, ToolReturn,
};

/// What a tool of the caller gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerReturn {
    /// The call.
    pub id: CallId,
    /// What it gave; a text, or JSON.
    pub output: serde_json::Value,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
}

/// What came of an answer for a run that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Whether it is this answer that the run goes on with: nothing is missing any more, and nobody else was quicker.
    pub resumed: bool,
    /// Subscribing from here gives everything that the run does from now on, from its start on.
    pub before: Cursor,
}

/// What `restore` is to do with a session whose run lost its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orphans {
    /// Close it as `interrupted`.
    Close,
    /// Go on with it.
    Resume,
}

/// What `restore` did with one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// The session.
    pub session: SessionId,
    /// The run.
    pub run: RunId,
    /// Calls that had no return: repeated when resumed, told as interrupted when not repeatable or closed.
    pub open_calls: Vec<String>,
    /// Whether the run goes on in this process.
    pub resumed: bool,
    /// Subscribing from here gives everything that this brought about.
    pub before: Cursor,
    /// Whether its answer must have a form.
    #[serde(default)]
    pub formed: bool,
}

/// A session brought from elsewhere: messages in order, each with what its calls gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedSession {
    /// The session to bring it into; made when it does not exist.
    pub session: NewSession,
    /// The messages.
    pub messages: Vec<(Message, Vec<ToolReturn>)>,
}

/// The whole surface of the house. Every door calls this, and nothing else.
///
/// A session whose time is over is shown as [`crate::domain::SessionStatus::Expired`] and without messages; it can be
/// deleted, cleared, and brought back by `import`; every other verb about it answers `expired`.
///
/// Every verb takes the principal who calls, and answers `forbidden` when the scopes do not allow it, and `not_found`
/// when a thing that it names is not there.
#[async_trait]
pub trait Engine: Send + Sync {
    /// What can be asked about people with an account.
    fn people(&self) -> &dyn Users;

    /// What can be asked about tool servers.
    fn tool_servers(&self) -> &dyn ToolServers;

    /// What can be asked about files of the house.
    fn house_files(&self) -> &dyn HouseFiles;

    /// What is spoken and heard.
    fn speech(&self) -> &dyn Speech;

    /// What can be asked about sessions of several.
    fn channels(&self) -> &dyn Channels;

    /// What can be asked about what the house has to work with.
    fn equipment(&self) -> &dyn Equipment;

    /// What can be asked about what agents are shown.
    fn memories(&self) -> &dyn Memories;

    /// What doors keep for themselves.
    fn shelves(&self) -> &dyn Shelves;

    /// What agents have that is kept apart from their definitions.
    fn agent_secrets(&self) -> &dyn AgentSecrets;

    /// Watching what runs do.
    fn watching(&self) -> &dyn Watching;

    /// Finding, copying and putting away sessions.
    fn keeping(&self) -> &dyn Keeping;

    /// Says something in a session, and has an agent answer. Answers once it is durable that it was asked; what the
    /// agent does comes by [`Engine::subscribe`]. Who drops the future before it answers takes the question back: a run
    /// that has begun meanwhile is cancelled.
    ///
    /// # Errors
    /// `invalid_input` (nothing said, unknown model or agent), `conflict` (a new session's id exists), `busy`,
    /// `inactive` (agent), `unavailable` when as many runs wait in the queue as may, `store_failed`.
    async fn ask(&self, caller: &Principal, ask: Ask) -> Result<Asked>;

    /// The same, listened to from before the beginning: so the answer comes in the pieces in which it is made, however
    /// quick its model is. The frames may begin with what others do while the question waits for its turn.
    ///
    /// # Errors
    /// As [`Engine::ask`] and [`Engine::subscribe`].
    async fn ask_and_follow(&self, caller: &Principal, ask: Ask) -> Result<(Asked, FrameStream)>;

    /// Gives what the caller's tools gave. Giving the same again is fine, and does nothing.
    ///
    /// # Errors
    /// `conflict` when the run does not wait any more, or a call was answered otherwise.
    async fn answer(&self, caller: &Principal, run: &RunId, returns: Vec<CallerReturn>) -> Result<Answered>;

    /// Asks the runs of a session (or one of them) to end. Answers once that is durable, with the runs that it is about:
    /// none when they had ended before. One that no process has begun has ended by then.
    async fn cancel(&self, caller: &Principal, session: &SessionId, run: Option<&RunId>, reason: &str)
    -> Result<Vec<RunId>>;

    /// Everything after a cursor, and what comes, for as long as the stream is kept.
    async fn subscribe(&self, caller: &Principal, session: &SessionId, after: Option<Cursor>) -> Result<FrameStream>;

    /// A page of sessions.
    async fn sessions(&self, caller: &Principal, filter: &SessionFilter) -> Result<SessionPage>;

    /// One session.
    async fn session(&self, caller: &Principal, id: &SessionId) -> Result<SessionItem>;

    /// What a session remembers beside what is said: its input, and what its agents have set.
    async fn state(&self, caller: &Principal, id: &SessionId) -> Result<Map<String, Value>>;

    /// The session that was made with a key.
    async fn session_of_key(&self, caller: &Principal, key: &str) -> Result<Option<SessionId>>;

    /// Makes a session in which nothing was said.
    async fn create(&self, caller: &Principal, session: NewSession) -> Result<Session>;

    /// Changes what is said about a session.
    async fn update(&self, caller: &Principal, id: &SessionId, change: SessionUpdated) -> Result<Session>;

    /// Removes what was said in a session, for good: messages, calls and what they gave, files. The session itself stays,
    /// or with [`AfterClearing::Expired`] its time is over. Its runs are cancelled first, and waited for up to
    /// `limits.busy_wait`. To clear it again is fine.
    ///
    /// # Errors
    /// `busy` when a run does not end, `expired` when a session is to go on whose time is over.
    async fn clear(&self, caller: &Principal, id: &SessionId, then: AfterClearing) -> Result<()>;

    /// Goes back to after a message, or with `None` to before the first: what came later counts for nothing any more, for
    /// agents and for people who read the messages; the log keeps it. After a message that calls tools, what its calls
    /// gave counts. Runs that wait are cancelled.
    ///
    /// # Errors
    /// `not_found` when the message is none of this history (any more), `busy` when a run is at work.
    async fn rewind(&self, caller: &Principal, id: &SessionId, after: Option<&MessageId>) -> Result<()>;

    /// Ends a session, for good. A run at work is cancelled.
    async fn delete(&self, caller: &Principal, id: &SessionId) -> Result<()>;

    /// The newest messages before a place in the log.
    async fn messages(&self, caller: &Principal, id: &SessionId, before: Option<u64>, limit: usize) -> Result<MessagePage>;

    /// Facts after a cursor, oldest first.
    async fn events(&self, caller: &Principal, id: &SessionId, after: Option<Cursor>, limit: usize) -> Result<Vec<Event>>;

    /// The full output of a call, or the bytes of a file, of a session.
    async fn blob(&self, caller: &Principal, id: &SessionId, blob: &BlobId) -> Result<Vec<u8>>;

    /// Closes, or goes on with, the runs of a session (absent = of all sessions) whose process died.
    async fn restore(&self, caller: &Principal, id: Option<&SessionId>, orphans: Orphans) -> Result<Vec<Restored>>;

    /// Replaces a session's history, or makes a session with one. A session whose time is over, or that was cleared or
    /// deleted, is brought back by it under the same id: with the lifetime that is given, or else its old one from now on.
    /// Of a session that exists, nothing else is changed.
    ///
    /// # Errors
    /// `busy` when a run is at work.
    async fn import(&self, caller: &Principal, imported: ImportedSession) -> Result<Session>;

    /// One run.
    async fn run(&self, caller: &Principal, run: &RunId) -> Result<Run>;

    /// The agent as a run pinned it, whatever was edited since. Its tools of the caller are all that this run has, also
    /// those that were offered for it alone.
    async fn run_agent(&self, caller: &Principal, run: &RunId) -> Result<Agent>;

    /// A page of runs, newest first, and how many there are in all.
    async fn runs(&self, caller: &Principal, filter: &RunFilter) -> Result<RunPage>;

    /// How a run ended, with its answer; `None` while it has not ended.
    async fn run_end(&self, caller: &Principal, run: &RunId) -> Result<Option<RunFinished>>;

    /// The agents that take work or may, by name: those of the configuration, and those that are kept in the store.
    async fn agents(&self, caller: &Principal) -> Result<BTreeMap<String, AgentItem>>;

    /// One agent, by its name or its id; by its id also one that was removed.
    async fn agent(&self, caller: &Principal, agent: &str) -> Result<AgentItem>;

    /// Makes an agent, for the whole house, and keeps it in the store. Of a definition by who may not administer the house
    /// only what narrows counts; the answer tells what is kept.
    ///
    /// # Errors
    /// `invalid_input` (name, values), `conflict` when an agent of this name is there or configured, `too_large`.
    async fn create_agent(&self, caller: &Principal, agent: Agent) -> Result<AgentItem>;

    /// Replaces the definition of an agent of the store, by its name or its id; it keeps its name, and may leave it out.
    /// Runs that have begun keep the definition that they pinned. `expected` = only if it still has this revision.
    ///
    /// # Errors
    /// As [`Engine::create_agent`]; `forbidden` when it is configured, or written by who administers the house and the
    /// caller does not; `conflict` when it has another revision.
    async fn update_agent(
        &self,
        caller: &Principal,
        named: &str,
        agent: Agent,
        expected: Option<&Revision>,
    ) -> Result<AgentItem>;

    /// Has an agent of the store take work, or none; nothing else of it changes, also not who wrote it.
    ///
    /// # Errors
    /// `forbidden` as for [`Engine::update_agent`].
    async fn set_agent_state(&self, caller: &Principal, named: &str, state: AgentState) -> Result<AgentItem>;

    /// Removes an agent of the store, by its name or its id: it takes no more work, and its name is free. Its sessions can
    /// be read, and runs that have begun go on, save those that were asked to begin in their turn: they are cancelled,
    /// whether they have begun or not.
    ///
    /// # Errors
    /// `forbidden` as for [`Engine::update_agent`].
    async fn remove_agent(&self, caller: &Principal, named: &str) -> Result<AgentItem>;

    /// The models that can be asked, the one that is asked by default first.
    async fn models(&self, caller: &Principal) -> Result<Vec<ModelItem>>;

    /// One answer of a model outside of any session.
    async fn complete(&self, caller: &Principal, completion: Completion) -> Result<Completed>;

    /// What stands under a path of a session's workspace (absent = the settings'). Empty path = the workspace itself.
    ///
    /// # Errors
    /// `not_found`, `forbidden` when it leads out.
    async fn look(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<Looked>;

    /// Files of a session's workspace (absent = the settings') by name, the best first.
    async fn find(&self, caller: &Principal, session: Option<&SessionId>, search: &FileSearch) -> Result<Vec<FileItem>>;

    /// A file of a session's workspace (absent = the settings'), opened for reading.
    ///
    /// # Errors
    /// As [`Engine::look`]; `not_supported` over a distance.
    async fn open_file(&self, caller: &Principal, session: Option<&SessionId>, path: &str) -> Result<OpenedFile>;

    /// Offers files to a session: checks names, types and sizes, and answers them as pending, with their ids, in the same
    /// order. Nothing is kept yet.
    ///
    /// # Errors
    /// `invalid_input`, `too_large`, `bad_media`.
    async fn offer_files(&self, caller: &Principal, session: &SessionId, offers: Vec<FileOffer>) -> Result<Vec<File>>;

    /// Gives the bytes of a file that was offered: all of them, and of the type that was told. Giving the same again is fine.
    ///
    /// # Errors
    /// `too_large` and `invalid_input` when more or fewer bytes come, `bad_media` when they are of another type, `conflict`
    /// when others are there already, `unavailable` when too many files come at once.
    async fn put_file(&self, caller: &Principal, offered: File, bytes: FileBytes) -> Result<File>;

    /// The files of a session that are here, the oldest first.
    async fn kept_files(&self, caller: &Principal, session: &SessionId) -> Result<Vec<File>>;

    /// One of them.
    async fn kept_file(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<File>;

    /// One of them, with its bytes.
    async fn file_bytes(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<(File, Bytes)>;

    /// Takes a file away, for good, also out of the messages that show it.
    async fn delete_file(&self, caller: &Principal, session: &SessionId, file: &FileId) -> Result<()>;

    /// Signs a permission to upload a pending file, or to download one, for whoever holds it.
    async fn sign_file(&self, caller: &Principal, file: &File, purpose: FilePurpose) -> Result<SignedFile>;

    /// What a permission that was signed opens, and the principal who may do that, and nothing else. Nobody is known before.
    ///
    /// # Errors
    /// `forbidden` when it was not signed here, or for another purpose; `expired`; `not_supported` over a distance.
    async fn redeem_file(&self, ticket: &str, purpose: FilePurpose) -> Result<Redeemed>;

    /// A session as others may see it.
    async fn share(&self, caller: &Principal, session: &SessionId) -> Result<SharedSession>;

    /// The permission questions that wait for somebody.
    async fn questions(&self, caller: &Principal) -> Result<Vec<OpenQuestion>>;

    /// Answers a permission question.
    ///
    /// # Errors
    /// `not_found` when it does not wait (any more).
    async fn decide(&self, caller: &Principal, call: &CallId, decision: Decision) -> Result<()>;

    /// Who calls with the word of a key or of a minted token.
    ///
    /// # Errors
    /// `unauthorized` when the word is not known, its time is over or it was revoked; `forbidden` for who does not
    /// administer the house; `not_supported` over a distance.
    async fn verify(&self, caller: &Principal, word: &str) -> Result<Principal>;

    /// Whether there are keys, also such whose time is over.
    ///
    /// # Errors
    /// As [`Engine::verify`], but for `unauthorized`.
    async fn has_keys(&self, caller: &Principal) -> Result<bool>;

    /// Makes a key. Its word is in the answer and nowhere else.
    ///
    /// # Errors
    /// `forbidden` for who does not administer the house, `invalid_input`, `conflict` when the name is taken.
    async fn create_key(&self, caller: &Principal, new: NewKey) -> Result<IssuedKey>;

    /// The keys, the oldest first.
    async fn keys(&self, caller: &Principal) -> Result<Vec<Key>>;

    /// Takes a key away, by its name or its id. Neither it nor a token that it minted opens anything after that.
    async fn remove_key(&self, caller: &Principal, name: &str) -> Result<Key>;

    /// Mints a token for the sessions of one agent, or for one of them. Its word is in the answer and nowhere else. It
    /// counts no longer than what its minter called with.
    ///
    /// # Errors
    /// `not_found` (agent, session of the agent), `invalid_input`, `rate_limited` when too many are kept.
    async fn mint(&self, caller: &Principal, new: NewToken) -> Result<IssuedToken>;

    /// Revokes a minted token: its id, when it still counted. It opens nothing more in this process from now on, and in
    /// others of the same store within two seconds.
    async fn revoke(&self, caller: &Principal, word: &str) -> Result<Option<KeyId>>;

    /// What changes in the house, from now on.
    async fn notices(&self, caller: &Principal) -> Result<NoticeStream>;

    /// How the house is.
    async fn health(&self, caller: &Principal) -> Result<Health>;

    /// Asks every run that this process works on to end. They may have not ended yet when it answers. Runs that still wait
    /// for their turn are left to another process, where their pins allow that.
    ///
    /// # Errors
    /// `not_supported` over a distance.
    async fn stop(&self, caller: &Principal, reason: &str) -> Result<()>;

    /// Waits until every run that this process works on has ended.
    async fn drain(&self);
}

//! Finding sessions by what was said in them, copying them, counting what they used, and putting old ones away.
//!
//! - [`searching`] finds messages; [`forking`] begins a session with the history of another.
//! - [`export`] writes a session as lines, over any engine; [`importing`] makes a session out of such lines.
//! - [`pinned`] tells the agents of a session as its runs have pinned them, and brings them to another house.
//! - [`pruning`] deletes by rules, [`counting`] adds up the rows of runs.

mod counting;
pub mod export;
mod feeding;
mod forking;
mod importing;
mod pinned;
mod pruning;
mod searching;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::access::{self, Does, On};
use super::house::House;
use super::uploads::FileBytes;
use crate::domain::{
    Agent, Author, MessageId, ModelChoice, Principal, Result, Revision, RunId, Session, SessionId, Timestamp,
};

/// What is looked for in messages and titles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionSearch {
    /// Words that must all stand in one message, `"a phrase"`, or the beginning of a word and `*`. Case does not count.
    pub query: String,
    /// Only sessions of this agent.
    pub agent: Option<String>,
    /// Only sessions that have all these labels (key, value).
    pub labels: Vec<(String, String)>,
    /// Only what was said at this moment or later.
    pub since: Option<Timestamp>,
    /// After this place, where an earlier page ended.
    pub after: Option<String>,
    /// Most hits; at most 1,000.
    pub limit: usize,
}

/// A message, or a title, that holds what was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchHit {
    /// Its session.
    pub session: SessionId,
    /// The session's title.
    pub title: Option<String>,
    /// The session's agent.
    pub agent: String,
    /// The message; absent for a title.
    pub message: Option<MessageId>,
    /// Its place in the log; 0 for a title.
    pub seq: u64,
    /// Who wrote it; absent for a title.
    pub author: Option<Author>,
    /// When; of a title, when the session was changed last.
    pub at: Timestamp,
    /// A piece of the text around the first hit, on one line.
    pub snippet: String,
    /// Where in the snippet the words stand: from byte to byte.
    pub marks: Vec<(usize, usize)>,
}

/// A page of what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchPage {
    /// Of the session that was made last the newest first, then of the one before.
    pub hits: Vec<SearchHit>,
    /// Where the next page begins; absent = this was the last.
    pub next: Option<String>,
    /// Whether a store without an index gave up before it had looked through everything.
    pub is_cut: bool,
}

/// A session with the history of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForkedSession {
    /// The last message that it has; absent = all.
    pub at: Option<MessageId>,
    /// Its id, when whoever makes it chooses one.
    pub id: Option<SessionId>,
    /// Its title; absent = that of the other.
    pub title: Option<String>,
}

/// An agent as runs of a session have pinned it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinnedAgent {
    /// Under what runs name it.
    pub revision: Revision,
    /// Its definition, which names its secrets and holds none.
    pub agent: Agent,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportedLog {
    /// The session.
    pub session: Session,
    /// Its events.
    pub events: u64,
    /// The bytes beside its log: how many blobs.
    pub blobs: u64,
    /// Its files.
    pub files: u64,
    /// Runs that had not ended, and were closed.
    pub closed: Vec<RunId>,
    /// Whether its runs have new ids, because the session has another id.
    pub new_ids: bool,
    /// Whether its time was over, and its lifetime was taken away.
    pub revived: bool,
    /// The agent that was made for it, because none of its name was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_agent: Option<String>,
}

/// Which sessions are deleted: those that any of the rules tells. Sessions at work stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PruneRules {
    /// Those that were changed last so many seconds ago, or earlier.
    pub older_than_seconds: Option<u64>,
    /// All but so many, the ones that changed last.
    pub keep: Option<u64>,
    /// The ones that changed longest ago, until the logs of the others have no more bytes than this.
    pub max_bytes: Option<u64>,
    /// Only those that have all these labels (key, value); the others do not count.
    pub labels: Vec<(String, String)>,
    /// Whether it is only told what would be deleted.
    pub dry_run: bool,
}

/// A session that was deleted, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrunedSession {
    /// Its id.
    pub id: SessionId,
    /// Its title.
    pub title: Option<String>,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// Bytes of its log.
    pub bytes: u64,
}

/// What was deleted, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// The sessions, the one that changed last first.
    pub sessions: Vec<PrunedSession>,
    /// Bytes of their logs.
    pub bytes: u64,
    /// How many were looked at and stay.
    pub kept: u64,
    /// Bytes of their logs.
    pub kept_bytes: u64,
    /// Whether nothing was deleted, only told.
    pub dry_run: bool,
}

/// What use is added up by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatsBy {
    /// By the day, in UTC, on which a run was asked for.
    #[default]
    Day,
    /// By agent.
    Agent,
    /// By model.
    Model,
    /// By tool.
    Tool,
}

/// Which runs are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatsFilter {
    /// Only those that were asked for at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those of this agent.
    pub agent: Option<String>,
    /// What they are added up by.
    pub by: StatsBy,
}

/// What was used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatsRow {
    /// The day, agent, model or tool; empty in the sum of all.
    pub key: String,
    /// Runs; of a tool, those that called it.
    pub runs: u64,
    /// Those that failed; of a tool, calls that did.
    pub failed: u64,
    /// Calls of the model; 0 for a tool.
    pub turns: u64,
    /// Tokens in; 0 for a tool.
    pub input_tokens: u64,
    /// Tokens out; 0 for a tool.
    pub output_tokens: u64,
    /// What it cost, in dollars, as far as prices are known.
    pub cost_usd: Option<f64>,
    /// Calls of tools.
    pub tool_calls: u64,
}

/// What was used, by one thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// What they are added up by.
    pub by: StatsBy,
    /// Days in order; all else by what was used most.
    pub rows: Vec<StatsRow>,
    /// All together.
    pub total: StatsRow,
}

/// Finding, copying and putting away sessions.
#[async_trait]
pub trait Keeping: Send + Sync {
    /// What was said that holds all words of a query. What counts for nothing any more is not found.
    ///
    /// # Errors
    /// `invalid_input` when nothing is looked for, or the place is none.
    async fn search(&self, caller: &Principal, search: &SessionSearch) -> Result<SearchPage>;

    /// Makes a session with the history of another, up to a message: messages with what their calls gave, what the session
    /// remembers, and files. Its attribute `fork` tells where it came from. Of a message that calls tools, what its calls gave
    /// comes along.
    ///
    /// # Errors
    /// `not_found` when the message is none of the history, `conflict` when the chosen id exists, `expired`.
    async fn fork(&self, caller: &Principal, session: &SessionId, fork: &ForkedSession) -> Result<Session>;

    /// The agents that runs of a session have pinned, in the order in which they were first pinned. One that is not known
    /// any more is left out.
    async fn pinned_agents(&self, caller: &Principal, session: &SessionId) -> Result<Vec<PinnedAgent>>;

    /// Makes a session of the lines of an [`export`], all of it or nothing. Under another id than it had, its runs get other
    /// ids too. Runs that have not ended are closed. Where no agent has the name of the session's, it is made as the last
    /// run had pinned it, unless it needs secrets, which no export holds.
    ///
    /// # Errors
    /// `invalid_input` naming the line that is wrong, `conflict` when the session exists, `too_large`; `forbidden` for who
    /// does not administer the house: such a log says by itself who did what.
    async fn import_log(&self, caller: &Principal, id: Option<&SessionId>, lines: FileBytes) -> Result<ImportedLog>;

    /// Deletes sessions by rules, for good.
    ///
    /// # Errors
    /// `invalid_input` without a rule.
    async fn prune(&self, caller: &Principal, rules: &PruneRules) -> Result<Pruned>;

    /// Deletes what the settings say (`retention`), at most once a day in all processes together; `None` when it is not time,
    /// or they say nothing.
    async fn retain(&self, caller: &Principal) -> Result<Option<Pruned>>;

    /// What was used, from the rows of runs.
    async fn stats(&self, caller: &Principal, filter: &StatsFilter) -> Result<Stats>;

    /// Writes a copy of the store, as it is at one moment, to a path where nothing is.
    ///
    /// # Errors
    /// `conflict` when something is there, `not_supported` over a distance and for what is kept in memory.
    async fn back_up(&self, caller: &Principal, to: &str) -> Result<()>;
}

#[async_trait]
impl Keeping for House {
    async fn search(&self, caller: &Principal, search: &SessionSearch) -> Result<SearchPage> {
        self.check(caller, Does::Reads, On::Sessions).await?;
        let mut search = search.clone();
        self.core.by_name(search.agent.as_mut()).await?;
        searching::search(&self.core, caller, &search).await
    }

    async fn fork(&self, caller: &Principal, session: &SessionId, fork: &ForkedSession) -> Result<Session> {
        // Who may say nothing in it may not go on with a copy of it either.
        self.check(caller, Does::Asks, On::Session(session)).await?;
        let agent = self.core.existing(session).await?.fold().await?.session.agent;
        self.check(caller, Does::Changes, On::New(&agent)).await?;
        access::may_choose_id(caller, fork.id.as_ref())?;
        forking::fork(&self.core, caller, session, fork).await
    }

    async fn pinned_agents(&self, caller: &Principal, session: &SessionId) -> Result<Vec<PinnedAgent>> {
        self.check(caller, Does::Reads, On::Session(session)).await?;
        pinned::agents(&self.core, session).await
    }

    async fn import_log(&self, caller: &Principal, id: Option<&SessionId>, lines: FileBytes) -> Result<ImportedLog> {
        self.check(caller, Does::Changes, On::House).await?;
        access::may_bring_logs(caller)?;
        importing::import(&self.core, caller, id, lines).await
    }

    async fn prune(&self, caller: &Principal, rules: &PruneRules) -> Result<Pruned> {
        self.check(caller, Does::Changes, On::House).await?;
        pruning::prune(&self.core, &caller.actor(), rules).await
    }

    async fn retain(&self, caller: &Principal) -> Result<Option<Pruned>> {
        self.check(caller, Does::Changes, On::House).await?;
        pruning::retain(&self.core, &caller.actor()).await
    }

    async fn stats(&self, caller: &Principal, filter: &StatsFilter) -> Result<Stats> {
        self.check(caller, Does::Reads, On::House).await?;
        let mut filter = filter.clone();
        self.core.by_name(filter.agent.as_mut()).await?;
        counting::stats(&self.core, &filter).await
    }

    async fn back_up(&self, caller: &Principal, to: &str) -> Result<()> {
        self.check(caller, Does::Changes, On::House).await?;
        access::may_bring_logs(caller)?;
        self.core.store.back_up(std::path::Path::new(to)).await
    }
}

pub(crate) use self::pruning::retain;

/// The model of a row, for people.
fn model_name(model: Option<&ModelChoice>) -> String {
    model.map_or_else(|| "none".to_owned(), ToString::to_string)
}

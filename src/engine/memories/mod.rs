//! What agents are shown of the sessions in which they take part, one by one: a view of the logs, that can be amended and
//! forgotten for one agent alone. What others are shown stays as it is.

mod reading;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use self::reading::{Place, Scope, all_sessions, of_session, scrub_amended};
use super::access::{Does, On, Sight};
use super::asking::drivable;
use super::house::{Core, House};
use super::ledger::{Draft, no_session};
use super::lives::must_live;
use crate::domain::{
    Error, ErrorCode, Fact, Fold, MemoryAmended, MemoryForgotten, Message, MessageId, Principal, Result, RunId, SessionId,
    Timestamp,
};

/// Most memories of one page.
const PAGE: usize = 1_000;
/// Most bytes of a text that is put in the place of a message.
const TEXT_BYTES: usize = 1 << 20;

/// A message as one agent is shown it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// The session.
    pub session: SessionId,
    /// Where the message stands in its log.
    pub seq: u64,
    /// When it was said.
    pub at: Timestamp,
    /// The run that said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The message, with the text that the agent is shown.
    pub message: Message,
    /// Whether that text was put in the place of another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub amended: bool,
}

/// A page of memories, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryPage {
    /// The memories.
    pub memories: Vec<Memory>,
    /// Where the next page begins; absent = this was the last.
    pub next: Option<String>,
}

/// What an agent is made to forget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forget {
    /// One message.
    Message {
        /// The session.
        session: SessionId,
        /// The message.
        message: MessageId,
    },
    /// All that was said in a session so far.
    Session(SessionId),
    /// All that was said so far in all sessions in which it takes part, of those that the caller sees.
    Everything,
}

/// All about what agents are shown.
#[async_trait]
pub trait Memories: Send + Sync {
    /// The messages that an agent is shown of one session, or of all in which it takes part, the newest first. `before` =
    /// `next` of an earlier page.
    ///
    /// # Errors
    /// `invalid_input` for a `before` that no page gave.
    async fn memories(
        &self,
        caller: &Principal,
        agent: &str,
        session: Option<&SessionId>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<MemoryPage>;

    /// Puts a text in the place of a message, for one agent alone, from its next run on. The text that stood in its place
    /// before is removed for good; the message itself stays.
    ///
    /// # Errors
    /// `not_found` when the agent is shown no such message, `invalid_input` for an empty text, `too_large`.
    async fn amend(
        &self,
        caller: &Principal,
        agent: &str,
        session: &SessionId,
        message: &MessageId,
        text: &str,
    ) -> Result<()>;

    /// Makes an agent forget: it is not shown that from its next run on. Texts that were put in the place of those messages
    /// are removed for good; the messages themselves stay, for all others. Answers how many messages it was shown until now.
    ///
    /// # Errors
    /// `not_found` for a message that there never was.
    async fn forget(&self, caller: &Principal, agent: &str, what: Forget) -> Result<u64>;
}

#[async_trait]
impl Memories for House {
    async fn memories(
        &self,
        caller: &Principal,
        agent: &str,
        session: Option<&SessionId>,
        before: Option<&str>,
        limit: usize,
    ) -> Result<MemoryPage> {
        self.check(caller, Does::Reads, session.map_or(On::Sessions, On::Session)).await?;
        let agent = named(&self.core, agent).await?;
        let before = before.map(Place::read).transpose()?;
        let limit = limit.min(PAGE);
        let scope = Scope { agent: &agent, before: before.as_ref(), limit: limit + 1 };
        let mut memories = match session {
            Some(session) => of_session(&self.core, session, &scope).await?.memories,
            None => {
                let sight = Sight::of(caller);
                let mut all: Vec<Memory> = Vec::new();
                let mut sessions = all_sessions(&self.core, &agent);
                while let Some(row) = sessions.next().await? {
                    // What changed last before the page ends has nothing that stands in it.
                    if all.get(limit).is_some_and(|last| row.session.updated_at < last.at) {
                        break;
                    }
                    if sight.as_ref().is_some_and(|sight| !sight.sees(&row.session.id, &row.session.agent)) {
                        continue;
                    }
                    match of_session(&self.core, &row.session.id, &scope).await {
                        // It was deleted, or its time was over, at this moment.
                        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Expired) => {}
                        found => all.extend(found?.memories),
                    }
                    all.sort_by_key(|memory| std::cmp::Reverse(Place::of(memory)));
                    all.truncate(limit + 1);
                }
                all
            }
        };
        let more = memories.len() > limit;
        memories.truncate(limit);
        let next = memories.last().filter(|_| more).map(|last| Place::of(last).to_string());
        Ok(MemoryPage { memories, next })
    }

    async fn amend(
        &self,
        caller: &Principal,
        agent: &str,
        session: &SessionId,
        message: &MessageId,
        text: &str,
    ) -> Result<()> {
        self.check(caller, Does::Changes, On::Session(session)).await?;
        if text.trim().is_empty() {
            return Err(Error::invalid("an empty text cannot stand in the place of a message")
                .hint("make the agent forget the message instead"));
        }
        if text.len() > TEXT_BYTES {
            let message = format!("the text has {} bytes, at most {TEXT_BYTES} are kept", text.len());
            return Err(Error::new(ErrorCode::TooLarge, message));
        }
        let agent = named(&self.core, agent).await?;
        let shown = of_session(&self.core, session, &Scope::everything(&agent)).await?;
        let memory = shown.memories.iter().find(|memory| memory.message.id == *message);
        let memory = memory.ok_or_else(|| Error::not_found("memory", message))?;
        if memory.amended && memory.message.text() == text {
            return Ok(());
        }
        let fact = MemoryAmended { agent: agent.clone(), message_id: message.clone(), text: text.to_owned() };
        let last = append(&self.core, caller, session, Fact::MemoryAmended(fact)).await?;
        scrub_amended(&self.core, session, &agent, Some(message), last).await
    }

    async fn forget(&self, caller: &Principal, agent: &str, what: Forget) -> Result<u64> {
        let of = match &what {
            Forget::Message { session, .. } | Forget::Session(session) => On::Session(session),
            Forget::Everything => On::Sessions,
        };
        self.check(caller, Does::Changes, of).await?;
        let agent = named(&self.core, agent).await?;
        match what {
            Forget::Message { session, message } => {
                let shown = of_session(&self.core, &session, &Scope::everything(&agent)).await?;
                let is_shown = shown.memories.iter().any(|memory| memory.message.id == message);
                if !is_shown && !shown.hidden.contains(&message) {
                    return Err(Error::not_found("memory", message));
                }
                let mut last = u64::MAX;
                if is_shown {
                    let fact = MemoryForgotten { agent: agent.clone(), message_id: Some(message.clone()) };
                    last = append(&self.core, caller, &session, Fact::MemoryForgotten(fact)).await?;
                }
                scrub_amended(&self.core, &session, &agent, Some(&message), last).await?;
                Ok(u64::from(is_shown))
            }
            Forget::Session(session) => forget_session(&self.core, caller, &session, &agent).await,
            Forget::Everything => {
                let mut forgotten = 0;
                let mut sessions = all_sessions(&self.core, &agent);
                // All are read first: each that is changed moves in the list.
                let mut ids = Vec::new();
                while let Some(row) = sessions.next().await? {
                    ids.push(row.session.id);
                }
                for id in ids {
                    match self.check(caller, Does::Changes, On::Session(&id)).await {
                        Err(error) if error.code == ErrorCode::NotFound => continue,
                        checked => checked?,
                    }
                    match forget_session(&self.core, caller, &id, &agent).await {
                        Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Expired) => {}
                        done => forgotten += done?,
                    }
                }
                Ok(forgotten)
            }
        }
    }
}

/// The name of an agent, whether it takes work or not: also of one that was removed.
async fn named(core: &Core, agent: &str) -> Result<String> {
    let mut agent = agent.to_owned();
    core.by_name(Some(&mut agent)).await?;
    Ok(agent)
}

async fn forget_session(core: &Core, caller: &Principal, session: &SessionId, agent: &str) -> Result<u64> {
    let shown = of_session(core, session, &Scope::everything(agent)).await?.memories.len() as u64;
    let mut last = u64::MAX;
    if shown > 0 {
        let fact = Fact::MemoryForgotten(MemoryForgotten { agent: agent.to_owned(), message_id: None });
        last = append(core, caller, session, fact).await?;
    }
    scrub_amended(core, session, agent, None, last).await?;
    Ok(shown)
}

/// Appends one fact; answers its place.
async fn append(core: &Core, caller: &Principal, session: &SessionId, fact: Fact) -> Result<u64> {
    let ledger = core.existing(session).await?;
    let appended = ledger
        .append(|fold| {
            let fold: &Fold = fold.ok_or_else(|| no_session(session))?;
            drivable(fold)?;
            must_live(fold, core.clock.now())?;
            let mut draft = Draft::default();
            draft.session(caller.actor(), fact.clone());
            Ok(draft)
        })
        .await?;
    Ok(appended.last().map_or(0, |event| event.seq))
}

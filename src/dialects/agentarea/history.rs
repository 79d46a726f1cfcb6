//! What was said to an agent and by it: the newest messages of one of its sessions, or of all.

use serde_json::{Map, Value, json};

use super::encoder::model_name;
use super::errors::AreaError;
use super::ids;
use super::request::{Asked, agent};
use super::to_wire::tokens_used;
use super::wire::{ChatMessage, History};
use crate::domain::{AuthorKind, Error, ErrorCode, Session, SessionId, Timestamp};
use crate::engine::{SessionFilter, Shown};

/// So many messages are counted; of more, at least the newest that are asked for are looked at.
const COUNTED: usize = 2_000;
/// Messages of one page.
const PAGE: usize = 200;
/// Sessions of one page.
const SESSIONS: usize = 50;

/// Which messages are asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Only those of this session.
    pub session: Option<String>,
    /// Most of them.
    pub limit: usize,
    /// Only those that were said before.
    pub before: Option<Timestamp>,
}

/// A message, with what it is ordered by.
struct Said {
    at: Timestamp,
    seq: u64,
    message: ChatMessage,
}

/// Reads the history of the agent that the address names.
///
/// # Errors
/// `NOT_FOUND` for an unknown agent; a session that is not there, or another agent's, has no messages.
pub async fn read(asked: &Asked, wanted: &Wanted, default: Option<&str>) -> Result<History, AreaError> {
    let item = agent(asked.engine(), &asked.caller, asked.named(0)).await?;
    let (name, id) = (item.agent.name.clone(), ids::agent(&item));
    let mut found = Found { wanted, id, agent: name.clone(), default, said: Vec::new(), total: 0 };
    match &wanted.session {
        Some(session) => {
            if let Some(session) = session_of(asked, session, &name).await? {
                found.read(asked, &session).await?;
            }
        }
        None => found.read_all(asked, name).await?,
    }
    found.said.sort_by_key(|one| (one.at, one.seq));
    let old = found.said.len().saturating_sub(wanted.limit);
    let messages = found.said.drain(old..).map(|said| said.message).collect();
    Ok(History { messages, total: found.total, limit: wanted.limit })
}

/// A session of the agent, as far as there is one.
async fn session_of(asked: &Asked, named: &str, agent: &str) -> Result<Option<Session>, Error> {
    let Ok(id) = SessionId::parse(named) else { return Ok(None) };
    match asked.engine().session(&asked.caller, &id).await {
        Ok(item) => Ok(Some(item.summary.session).filter(|session| session.agent == agent)),
        Err(error) if error.code == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

struct Found<'a> {
    wanted: &'a Wanted,
    id: String,
    agent: String,
    default: Option<&'a str>,
    said: Vec<Said>,
    total: usize,
}

impl Found<'_> {
    /// All sessions, the one that was changed last first: what is left when enough is counted is older.
    async fn read_all(&mut self, asked: &Asked, agent: String) -> Result<(), Error> {
        let mut filter = SessionFilter { agent: Some(agent), limit: SESSIONS, ..SessionFilter::default() };
        loop {
            let page = asked.engine().sessions(&asked.caller, &filter).await?;
            for item in page.sessions {
                let session = item.summary.session;
                if self.total >= COUNTED && self.oldest().is_some_and(|oldest| oldest >= session.updated_at) {
                    return Ok(());
                }
                self.read(asked, &session).await?;
            }
            match page.next {
                Some(next) => filter.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// When the oldest of the messages was said that would be told now; `None` while there are too few.
    fn oldest(&mut self) -> Option<Timestamp> {
        self.said.sort_by_key(|one| std::cmp::Reverse((one.at, one.seq)));
        self.said.truncate(self.wanted.limit);
        self.said.last().filter(|_| self.said.len() == self.wanted.limit).map(|said| said.at)
    }

    async fn read(&mut self, asked: &Asked, session: &Session) -> Result<(), Error> {
        let (mut before, mut read) = (None, 0);
        loop {
            let page = match asked.engine().messages(&asked.caller, &session.id, before, PAGE).await {
                Ok(page) => page,
                // It was deleted in the middle of reading.
                Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Expired) => return Ok(()),
                Err(error) => return Err(error),
            };
            for shown in page.messages.iter().rev() {
                let Some(said) = self.said(shown, session) else { continue };
                if self.wanted.before.is_some_and(|before| said.at >= before) {
                    continue;
                }
                read += 1;
                self.total = (self.total + 1).min(COUNTED);
                if read <= self.wanted.limit {
                    self.said.push(said);
                }
            }
            match page.before {
                Some(place) if read < self.wanted.limit || self.total < COUNTED => before = Some(place),
                _ => return Ok(()),
            }
        }
    }

    /// A message as it is told; `None` for what is no part of the conversation, such as calls of tools.
    fn said(&self, shown: &Shown, session: &Session) -> Option<Said> {
        let message = &shown.message;
        let text = message.text();
        let (role, metadata) = match message.author.kind {
            AuthorKind::Person => ("user", Map::new()),
            AuthorKind::Agent if message.author.name == self.agent && !text.is_empty() => {
                ("assistant", self.metadata(shown, &text))
            }
            AuthorKind::Agent | AuthorKind::Environment => return None,
        };
        if message.thread.is_some() {
            return None;
        }
        Some(Said {
            at: message.at,
            seq: shown.seq,
            message: ChatMessage {
                id: format!("{}{}", ids::MESSAGE, message.id),
                session_id: session.id.to_string(),
                agent_id: self.id.clone(),
                role,
                sender: role,
                content: text.clone(),
                message: text,
                timestamp: message.at.to_string(),
                metadata,
            },
        })
    }

    fn metadata(&self, shown: &Shown, text: &str) -> Map<String, Value> {
        let mut metadata = Map::new();
        if let Some(model) = &shown.model {
            metadata.insert("model".to_owned(), model_name(model, self.default).into());
        }
        let usage = shown.usage.clone().unwrap_or_default();
        metadata.insert("tokens_used".to_owned(), json!(tokens_used(&usage, &[text])));
        metadata
    }
}

//! Channels: a session with those who take part. One that another door made is a channel too, of the server that is always
//! there.

use serde_json::{Map, Value, json};

use super::directory::Directory;
use super::errors::ElizaError;
use super::kept::{self, KeptChannel};
use super::servers::{self, Server};
use super::{NAME, ids};
use crate::domain::{
    Attributes, ErrorCode, Labels, Lifetime, Participant, Principal, Session, SessionId, SessionStatus, SessionUpdated,
};
use crate::engine::{Engine, NewSession, SessionFilter};

/// The label by which the channels of a server are found.
const SERVER_LABEL: &str = "eliza-server";
/// Most channels that are listed.
const LISTED: usize = 10_000;
/// Rows of one page of sessions.
const PAGE: usize = 1_000;

/// Kinds of channels in which every message is meant for the agent.
const PRIVATE: &[&str] = &["DM", "VOICE_DM", "SELF", "API"];

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// The session that it is.
    pub session: Session,
    /// What is kept about it.
    pub kept: KeptChannel,
}

/// Whether a session was made as a channel.
pub fn is_own(session: &Session) -> bool {
    session.attributes.contains_key(NAME)
}

impl Channel {
    /// The channel that a session is.
    pub fn of(session: Session) -> Self {
        Self { kept: kept::read(&session.attributes), session }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        self.session.id.as_str()
    }

    /// The id of its server.
    pub fn server(&self) -> &str {
        if self.kept.server_id.is_empty() { ids::DEFAULT_SERVER } else { &self.kept.server_id }
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        match self.kept.kind.as_str() {
            "" if self.session.is_of_two() => "DM",
            "" => "GROUP",
            kind => kind,
        }
    }

    /// Whether it is one of two.
    pub fn is_dm(&self) -> bool {
        is_dm(self.kind())
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.session.title.clone().unwrap_or_else(|| format!("Chat {}", short(self.id())))
    }

    /// The agents that take part, by their names in the house. One that was made here has only those that came.
    pub fn agents(&self) -> Vec<&str> {
        if is_own(&self.session) {
            self.session.participants.iter().filter_map(|participant| participant.as_agent()).collect()
        } else {
            self.session.agents()
        }
    }

    /// As clients are told it.
    pub fn told(&self) -> Value {
        let mut told = Map::new();
        let mut add = |key: &str, value: Option<Value>| drop(value.map(|value| told.insert(key.to_owned(), value)));
        add("id", Some(json!(self.id())));
        add("messageServerId", Some(json!(self.server())));
        add("name", Some(json!(self.name())));
        add("type", Some(json!(self.kind())));
        add("sourceType", self.kept.source_type.as_ref().map(|text| json!(text)));
        add("sourceId", self.kept.source_id.as_ref().map(|text| json!(text)));
        add("topic", self.kept.topic.as_ref().map(|text| json!(text)));
        add("metadata", self.kept.metadata.clone());
        add("createdAt", Some(json!(self.session.created_at)));
        add("updatedAt", Some(json!(self.session.updated_at)));
        Value::Object(told)
    }
}

/// Whether a kind is one of two.
pub fn is_dm(kind: &str) -> bool {
    matches!(kind, "DM" | "VOICE_DM")
}

/// Whether in channels of a kind every message is meant for the agent.
pub fn is_private(kind: &str) -> bool {
    PRIVATE.contains(&kind)
}

/// The first signs of an id.
pub fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// What becomes a channel.
#[derive(Clone, Debug, Default)]
pub struct NewChannel {
    /// Its id; absent = the house gives one.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// What is kept about it.
    pub kept: KeptChannel,
    /// The ids of those who take part.
    pub participants: Vec<String>,
    /// How long it lives.
    pub lifetime: Option<Lifetime>,
    /// A label of it: its key and its value.
    pub label: Option<(&'static str, &'static str)>,
    /// What else is kept about it, each under a key of its own.
    pub attributes: Attributes,
}

/// Makes a channel, of a server that is there.
///
/// # Errors
/// `CONFLICT` when the id is taken.
pub async fn create(
    engine: &dyn Engine,
    caller: &Principal,
    directory: &Directory,
    new: NewChannel,
) -> Result<Channel, ElizaError> {
    let NewChannel { id, name, kept, participants, lifetime, label, mut attributes } = new;
    kept::keep(&mut attributes, &kept);
    let mut labels = Labels::default();
    if let Some((key, value)) = label {
        labels.insert(key, value.to_owned());
    }
    if !kept.server_id.is_empty() && kept.server_id != ids::DEFAULT_SERVER {
        labels.insert(SERVER_LABEL, kept.server_id.clone());
    }
    let known = participants.iter().filter_map(|id| directory.by_id(id));
    let agent = known.clone().find(|known| known.active).map(|known| known.agent.clone());
    let participants = participants.iter().map(|id| directory.participant(id, None)).collect();
    let new = NewSession {
        id: id.map(|id| SessionId::parse(&id)).transpose()?,
        title: Some(name),
        labels,
        agent,
        participants,
        lifetime,
        attributes,
        ..NewSession::default()
    };
    Ok(Channel::of(engine.create(caller, new).await?))
}

/// The session that an address or a body names: an id in any case, or the id of a session that another door made.
///
/// # Errors
/// As the engine tells them.
pub async fn find(engine: &dyn Engine, caller: &Principal, text: &str) -> Result<Option<Channel>, ElizaError> {
    let lower = text.to_ascii_lowercase();
    let spellings = [Some(lower.as_str()), Some(text).filter(|text| *text != lower)];
    for id in spellings.into_iter().flatten() {
        let Ok(id) = SessionId::parse(id) else { continue };
        match engine.session(caller, &id).await {
            Ok(item) if item.status == SessionStatus::Expired || item.summary.session.deleted => {}
            Ok(item) => return Ok(Some(Channel::of(item.summary.session))),
            Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::Expired) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// The same, when it has to be there.
///
/// # Errors
/// 404 `Channel not found`.
pub async fn one(engine: &dyn Engine, caller: &Principal, text: &str) -> Result<Channel, ElizaError> {
    find(engine, caller, text).await?.ok_or_else(|| ElizaError::not_found("Channel not found"))
}

/// The channels of a server, the oldest first; at most 10,000.
///
/// # Errors
/// As the engine tells them.
pub async fn of_server(engine: &dyn Engine, caller: &Principal, server: &str) -> Result<Vec<Channel>, ElizaError> {
    let labels = if server == ids::DEFAULT_SERVER { Vec::new() } else { vec![(SERVER_LABEL.to_owned(), server.to_owned())] };
    let mut filter = SessionFilter { labels, limit: PAGE, ..SessionFilter::default() };
    let mut found = Vec::new();
    loop {
        let page = engine.sessions(caller, &filter).await?;
        let living = page.sessions.into_iter().filter(|item| item.status != SessionStatus::Expired);
        let channels = living.map(|item| Channel::of(item.summary.session));
        found.extend(channels.filter(|channel| channel.server() == server));
        match page.next {
            Some(next) if found.len() < LISTED => filter.after = Some(next),
            _ => break,
        }
    }
    found.truncate(LISTED);
    found.sort_by(|one, other| {
        let place = |channel: &Channel| (channel.session.created_at, channel.session.id.clone());
        place(one).cmp(&place(other))
    });
    Ok(found)
}

/// The server of a channel that is to be made.
///
/// # Errors
/// 500 `Server <id> does not exist`.
pub async fn server_of(engine: &dyn Engine, caller: &Principal, server: &str) -> Result<Server, ElizaError> {
    let missing = || {
        let message = format!("Server {server} does not exist");
        ElizaError::new(http::StatusCode::INTERNAL_SERVER_ERROR, "SERVER_NOT_FOUND", message)
    };
    servers::one(engine, caller, server).await?.ok_or_else(missing)
}

/// Makes a channel unless it is there: two may do so at the same moment.
///
/// # Errors
/// As [`create`], but for `CONFLICT`.
pub async fn create_once(
    engine: &dyn Engine,
    caller: &Principal,
    directory: &Directory,
    id: &str,
    new: NewChannel,
) -> Result<Channel, ElizaError> {
    if let Some(channel) = find(engine, caller, id).await? {
        return Ok(channel);
    }
    match create(engine, caller, directory, NewChannel { id: Some(id.to_owned()), ..new }).await {
        Err(error) if error.is_conflict() => one(engine, caller, id).await,
        made => made,
    }
}

/// How those who take part change.
pub enum Seats {
    /// Only these take part.
    Only(Vec<String>),
    /// This one comes.
    Comes(String),
    /// This one goes.
    Goes(String),
}

/// Changes who takes part. The first agent that comes is the one that other doors ask.
///
/// # Errors
/// As the engine tells them.
pub async fn seat(
    engine: &dyn Engine,
    caller: &Principal,
    directory: &Directory,
    channel: &Channel,
    seats: Seats,
) -> Result<Channel, ElizaError> {
    let (channels, id) = (engine.channels(), &channel.session.id);
    let who = |id: &String| {
        let participant = directory.participant(id, None);
        // Who is there keeps the name that is shown.
        let there = channel.session.participants.iter().find(|there| there.is_same(&participant));
        there.cloned().unwrap_or(participant)
    };
    let mut session = match &seats {
        Seats::Only(all) => channels.seat(caller, id, all.iter().map(who).collect()).await?,
        // An agent that takes part because no other has come takes part by itself from now on.
        Seats::Comes(one) => {
            let own = channel.agents().into_iter().map(Participant::agent);
            channels.join(caller, id, own.chain([who(one)]).collect()).await?
        }
        Seats::Goes(one) => channels.leave(caller, id, vec![who(one)]).await?,
    };
    let there: Vec<&str> = session.participants.iter().filter_map(Participant::as_agent).collect();
    let active = there.iter().find(|agent| directory.by_name(agent).is_some_and(|known| known.active));
    if let Some(agent) = active.filter(|_| is_own(&session) && !there.contains(&session.agent.as_str())) {
        let change = SessionUpdated { agent: Some((*agent).to_owned()), ..SessionUpdated::default() };
        session = engine.update(caller, id, change).await?;
    }
    Ok(Channel::of(session))
}

//! Rooms: what one agent is shown of a channel. The id of a room follows from those of channel and agent. A room without a
//! channel is a session that was made for its agents alone, with a label, and its id is that of the session.

use serde_json::{Map, Value, json};

use super::channels::Channel;
use super::directory::{Directory, Known};
use super::errors::ElizaError;
use super::kept::{self, KeptChannel, KeptRoom};
use super::{ids, servers, worlds};
use crate::domain::{ErrorCode, Labels, Participant, Principal, SessionId, SessionStatus, SessionUpdated};
use crate::engine::{Engine, NewSession, SessionFilter};

/// What a session is labelled with that is a room without a channel.
const LABEL: (&str, &str) = ("kind", "room");
/// Most rooms of one agent that are looked at.
const MOST: usize = 10_000;
/// Rows of one page of sessions.
const PAGE: usize = 1_000;

/// A room of an agent.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its id, as that agent sees it.
    pub id: String,
    /// The id of its world, as that agent sees it.
    pub world: String,
    /// The channel, or the session that stands for one.
    pub channel: Channel,
}

impl Room {
    /// What an agent is shown of a channel.
    pub fn of(channel: Channel, agent: &str) -> Self {
        match &channel.kept.room {
            Some(kept) => Self { id: channel.id().to_owned(), world: kept.world_id.clone(), channel },
            None => Self { id: ids::seen_by(channel.id(), agent), world: ids::seen_by(channel.server(), agent), channel },
        }
    }

    /// As clients are told it.
    pub fn told(&self, agent: &str, world_name: Option<&str>) -> Value {
        let kept = &self.channel.kept;
        let mut told = Map::new();
        let mut add = |key: &str, value: Value| drop(told.insert(key.to_owned(), value));
        add("id", json!(self.id));
        add("name", json!(self.channel.name()));
        add("channelId", json!(self.channel.id()));
        add("agentId", json!(agent));
        add("serverId", json!(self.channel.server()));
        add("worldId", json!(self.world));
        add("type", json!(self.channel.kind()));
        add("source", json!(kept.source_type.as_deref().unwrap_or("client")));
        add("metadata", kept.metadata.clone().unwrap_or(Value::Null));
        if let Some(name) = world_name {
            add("worldName", json!(name));
        }
        Value::Object(told)
    }

    /// The name of its world: its own, or that of its server.
    ///
    /// # Errors
    /// As the engine tells them.
    pub async fn world_name(&self, engine: &dyn Engine, caller: &Principal) -> Result<Option<String>, ElizaError> {
        if self.channel.kept.room.is_some() {
            return Ok(worlds::get(engine, caller, &self.world).await?.map(|world| world.name));
        }
        Ok(servers::one(engine, caller, self.channel.server()).await?.map(|server| server.name))
    }
}

/// The rooms of an agent, the one that changed last first.
///
/// # Errors
/// As the engine tells them.
pub async fn all(engine: &dyn Engine, caller: &Principal, agent: &Known) -> Result<Vec<Room>, ElizaError> {
    let filter = SessionFilter { participant: Some(Participant::agent(&agent.agent)), ..SessionFilter::default() };
    let channels = channels(engine, caller, filter).await?;
    Ok(channels.into_iter().map(|channel| Room::of(channel, &agent.id)).collect())
}

async fn channels(engine: &dyn Engine, caller: &Principal, mut filter: SessionFilter) -> Result<Vec<Channel>, ElizaError> {
    filter.limit = PAGE;
    let mut found = Vec::new();
    loop {
        let page = engine.sessions(caller, &filter).await?;
        let living = page.sessions.into_iter().filter(|item| item.status != SessionStatus::Expired);
        found.extend(living.map(|item| Channel::of(item.summary.session)));
        match page.next {
            Some(next) if found.len() < MOST => filter.after = Some(next),
            _ => return Ok(found),
        }
    }
}

/// A room of an agent by its id; `None` when it has none such.
///
/// # Errors
/// As the engine tells them.
pub async fn find(engine: &dyn Engine, caller: &Principal, agent: &Known, id: &str) -> Result<Option<Room>, ElizaError> {
    if let Some(room) = own(engine, caller, id).await?.filter(|room| takes_part(&room.channel, agent)) {
        return Ok(Some(room));
    }
    Ok(all(engine, caller, agent).await?.into_iter().find(|room| room.id.eq_ignore_ascii_case(id)))
}

/// Whether an agent takes part in a channel.
pub fn takes_part(channel: &Channel, agent: &Known) -> bool {
    channel.agents().contains(&agent.agent.as_str())
}

/// A room without a channel.
async fn own(engine: &dyn Engine, caller: &Principal, id: &str) -> Result<Option<Room>, ElizaError> {
    let channel = super::channels::find(engine, caller, id).await?.filter(|channel| channel.kept.room.is_some());
    Ok(channel.map(|channel| Room::of(channel, "")))
}

/// What becomes a room without a channel.
#[derive(Clone, Debug, Default)]
pub struct NewRoom {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its server, whatever text that is.
    pub server: String,
    /// Its kind.
    pub kind: String,
    /// Where it comes from.
    pub source: String,
    /// What its makers say of it.
    pub metadata: Option<Value>,
    /// Its world.
    pub world: KeptRoom,
}

/// Makes a room for one agent. One of this id that is there is changed instead.
///
/// # Errors
/// As the engine tells them.
pub async fn make(engine: &dyn Engine, caller: &Principal, agent: &Known, new: NewRoom) -> Result<Room, ElizaError> {
    let NewRoom { id, name, server, kind, source, metadata, world } = new;
    let id = SessionId::parse(&id)?;
    let mut labels = Labels::default();
    labels.insert(LABEL.0, LABEL.1.to_owned());
    let kept = KeptChannel {
        server_id: server,
        kind,
        source_type: Some(source),
        metadata,
        room: Some(world),
        ..KeptChannel::default()
    };
    let attributes = kept::attributes(&kept);
    let session = NewSession {
        id: Some(id.clone()),
        title: Some(name.clone()),
        labels,
        agent: Some(agent.agent.clone()),
        participants: vec![Participant::agent(&agent.agent)],
        attributes: attributes.clone(),
        ..NewSession::default()
    };
    let made = match engine.create(caller, session).await {
        Err(error) if error.code == ErrorCode::Conflict && own(engine, caller, id.as_str()).await?.is_some() => {
            let change = SessionUpdated { title: Some(Some(name)), attributes, ..SessionUpdated::default() };
            engine.update(caller, &id, change).await?
        }
        made => made?,
    };
    Ok(Room::of(Channel::of(made), &agent.id))
}

/// What a world or a group holds: rooms without a channel, and of which agents which channels are in it.
#[derive(Debug, Default)]
pub struct Group {
    /// Rooms without a channel.
    pub rooms: Vec<Channel>,
    /// (name of an agent, channel).
    pub seen: Vec<(String, Channel)>,
}

/// What is in a world, by its id; of a group also by the id of the server that it was made for.
///
/// # Errors
/// As the engine tells them.
pub async fn group(engine: &dyn Engine, caller: &Principal, directory: &Directory, id: &str) -> Result<Group, ElizaError> {
    let filter = SessionFilter { labels: vec![(LABEL.0.to_owned(), LABEL.1.to_owned())], ..SessionFilter::default() };
    let mut rooms = channels(engine, caller, filter).await?;
    rooms.retain(|channel| {
        let world = channel.kept.room.as_ref().map(|kept| kept.world_id.as_str());
        world.is_some_and(|world| world.eq_ignore_ascii_case(id)) || channel.kept.server_id.eq_ignore_ascii_case(id)
    });
    let mut group = Group { rooms, seen: Vec::new() };
    let place = super::agents::shelf("servers");
    let page = engine.shelves().shelf_list(caller, &place, None, PAGE).await?;
    let mut known: Vec<String> = page.documents.into_iter().map(|document| document.id).collect();
    known.push(ids::DEFAULT_SERVER.to_owned());
    known.sort_unstable();
    known.dedup();
    for agent in directory.all() {
        if known.iter().any(|server| ids::seen_by(server, &agent.id).eq_ignore_ascii_case(id)) {
            let rooms = all(engine, caller, agent).await?.into_iter();
            let there = rooms.filter(|room| room.channel.kept.room.is_none() && room.world.eq_ignore_ascii_case(id));
            group.seen.extend(there.map(|room| (agent.agent.clone(), room.channel)));
        }
    }
    Ok(group)
}

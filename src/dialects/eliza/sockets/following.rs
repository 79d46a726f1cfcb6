//! What one socket is told of one channel: its log, from when it joined. A channel that is not there yet, or not there any
//! more, is waited for.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt as _;
use serde_json::Value;

use super::tell_own;
use crate::dialects::eliza::encoder::{Place, Speaker, Told};
use crate::dialects::eliza::kept::{self, KeptChannel, KeptMessage};
use crate::dialects::eliza::{NAME, agents, ids};
use crate::domain::{
    AuthorKind, Cursor, Delta, ErrorCode, Event, Fact, Frame, LiveDelta, Message, MessageId, Outcome, Participant, Person,
    Result, RunFinished, RunId, Session, SessionId, SessionUpdated, Visibility,
};
use crate::engine::{FrameStream, HouseNotice, NoticeStream};
use crate::http::{Door, EventSocket, Said};

/// Answers that are being written at once, and agents, of which something is kept in mind.
const KNOWN: usize = 256;

/// Where a feed begins.
pub(super) enum Begin {
    /// The channel is there: this happens in it.
    There(FrameStream),
    /// It is not; here it is told of.
    Awaited(NoticeStream),
}

/// An answer that is being written.
struct Stream {
    run: RunId,
    agent: String,
    chunks: u64,
}

/// What is told to one socket of one channel.
pub(super) struct Following {
    door: Door,
    socket: EventSocket,
    id: SessionId,
    place: Place,
    participants: Vec<Participant>,
    /// Agents as they are told, by their names here.
    speakers: HashMap<String, Speaker>,
    streams: HashMap<MessageId, Stream>,
    /// Runs because of which people are asked not to write.
    held: HashSet<RunId>,
}

impl Following {
    /// Of a channel, for the socket that says something.
    pub(super) fn new(said: &Said, id: SessionId) -> Self {
        let place = Place { channel: id.to_string(), server: ids::DEFAULT_SERVER.to_owned() };
        let (door, socket) = (said.door.clone(), said.socket.clone());
        let (speakers, streams, held) = (HashMap::new(), HashMap::new(), HashSet::new());
        Self { door, socket, id, place, participants: Vec::new(), speakers, streams, held }
    }

    /// Begins now: all that happens from here on is told.
    ///
    /// # Errors
    /// As [`crate::engine::Engine::subscribe`], but for a channel that is not there.
    pub(super) async fn begin(&mut self) -> Result<Begin> {
        let (engine, caller) = (&self.door.engine, self.socket.caller());
        match engine.session(caller, &self.id).await {
            Ok(item) => {
                let session = item.summary.session;
                let now = Cursor::after(session.incarnation, item.summary.events);
                let frames = engine.subscribe(caller, &self.id, Some(now)).await?;
                self.knows(&session);
                Ok(Begin::There(frames))
            }
            Err(error) if error.code == ErrorCode::NotFound => Ok(Begin::Awaited(engine.notices(caller).await?)),
            Err(error) => Err(error),
        }
    }

    /// The ids of those who take part.
    ///
    /// # Errors
    /// `store_failed`.
    pub(super) async fn participant_ids(&mut self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        for participant in self.participants.clone() {
            all.push(match participant {
                Participant::Person(Person { id, .. }) => id,
                Participant::Agent { agent } => self.speaker(&agent).await?.id,
            });
        }
        Ok(all)
    }

    fn knows(&mut self, session: &Session) {
        self.participants.clone_from(&session.participants);
        self.serves(&kept::read(&session.attributes));
    }

    fn serves(&mut self, kept: &KeptChannel) {
        let server = if kept.server_id.is_empty() { ids::DEFAULT_SERVER } else { &kept.server_id };
        server.clone_into(&mut self.place.server);
    }

    /// Tells what happens, until the socket is gone.
    pub(super) async fn go(mut self, mut begin: Begin) {
        loop {
            let told = match begin {
                Begin::There(frames) => self.tell(frames).await,
                Begin::Awaited(notices) => self.comes(notices).await,
            };
            begin = match told {
                Ok(Some(next)) => next,
                Ok(None) => return,
                Err(error) => {
                    self.socket.emit("messageError", &serde_json::json!({ "error": error.message })).await;
                    return;
                }
            };
        }
    }

    /// Waits for the channel, and tells it from its first fact on.
    async fn comes(&mut self, mut notices: NoticeStream) -> Result<Option<Begin>> {
        loop {
            let (engine, caller) = (&self.door.engine, self.socket.caller());
            match engine.session(caller, &self.id).await {
                Ok(item) => {
                    self.knows(&item.summary.session);
                    return Ok(Some(Begin::There(engine.subscribe(caller, &self.id, None).await?)));
                }
                Err(error) if error.code == ErrorCode::NotFound => {}
                Err(error) => return Err(error),
            }
            loop {
                match notices.next().await {
                    None => return Ok(None),
                    Some(HouseNotice::SessionChanged { session }) if session != self.id => {}
                    Some(HouseNotice::SessionChanged { .. } | HouseNotice::StoreChanged | HouseNotice::Missed) => break,
                    Some(
                        HouseNotice::AgentChanged { .. }
                        | HouseNotice::QuestionAsked { .. }
                        | HouseNotice::QuestionSettled { .. }
                        | HouseNotice::ToolServerChanged { .. },
                    ) => {}
                }
            }
        }
    }

    /// Tells frames until their end; after the end of the channel it is waited for.
    async fn tell(&mut self, mut frames: FrameStream) -> Result<Option<Begin>> {
        while let Some(frame) = frames.next().await {
            let frame = frame?;
            for (event, value) in self.told(&frame).await? {
                if !self.socket.emit(event, &value).await {
                    return Ok(None);
                }
            }
            if matches!(&frame, Frame::Fact(event) if matches!(event.fact, Fact::SessionDeleted(_))) {
                let notices = self.door.engine.notices(self.socket.caller()).await?;
                return Ok(Some(Begin::Awaited(notices)));
            }
        }
        Ok(None)
    }

    /// An agent as it is told.
    async fn speaker(&mut self, agent: &str) -> Result<Speaker> {
        if let Some(known) = self.speakers.get(agent) {
            return Ok(known.clone());
        }
        let speaker = match self.door.engine.agent(self.socket.caller(), agent).await {
            Ok(item) => Speaker { id: agents::id_of(&item), name: agents::shown(&item) },
            // One that was removed.
            Err(error) if error.code == ErrorCode::NotFound => {
                Speaker { id: ids::of_name(agent), name: agent.to_owned() }
            }
            Err(error) => return Err(error),
        };
        if self.speakers.len() >= KNOWN {
            self.speakers.clear();
        }
        self.speakers.insert(agent.to_owned(), speaker.clone());
        Ok(speaker)
    }

    /// What a frame is told as.
    async fn told(&mut self, frame: &Frame) -> Result<Vec<Told>> {
        match frame {
            Frame::Fact(event) => self.fact(event).await,
            Frame::Delta(live) => Ok(self.piece(live).await?.into_iter().collect()),
        }
    }

    async fn piece(&mut self, live: &LiveDelta) -> Result<Option<Told>> {
        let Delta::Grew { message_id, .. } = &live.delta else { return Ok(None) };
        let agent = self.speaker(&live.agent).await?.id;
        let index = self.streams.get(message_id).map_or(0, |stream| stream.chunks);
        let Some(chunk) = self.place.chunk(&live.delta, index, &agent) else { return Ok(None) };
        if self.streams.len() >= KNOWN {
            self.streams.clear();
        }
        let new = || Stream { run: live.run.clone(), agent, chunks: 0 };
        self.streams.entry(message_id.clone()).or_insert_with(new).chunks += 1;
        Ok(Some(chunk))
    }

    async fn fact(&mut self, event: &Event) -> Result<Vec<Told>> {
        match &event.fact {
            Fact::SessionCreated(created) => {
                self.participants.clone_from(&created.participants);
                self.serves(&kept::read(&created.attributes));
            }
            Fact::SessionUpdated(updated) => return self.updated(updated).await,
            Fact::SessionCleared(_) | Fact::SessionRestored(_) => return Ok(vec![self.place.channel("channelCleared")]),
            Fact::SessionDeleted(_) => return Ok(vec![self.place.channel("channelDeleted")]),
            Fact::ParticipantJoined(joined) => {
                self.participants.retain(|there| !there.is_same(&joined.participant));
                self.participants.push(joined.participant.clone());
            }
            Fact::ParticipantLeft(left) => self.participants.retain(|there| !there.is_same(&left.participant)),
            Fact::MessagePosted(posted) => return self.posted(&posted.message).await,
            Fact::MessageImported(imported) => return self.posted(&imported.message).await,
            Fact::MessageRedacted(redacted) => return Ok(vec![self.place.deleted(&redacted.message_id)]),
            Fact::MessageCompleted(said) => {
                self.streams.remove(&said.message_id);
                if said.visibility.is_for_people() && said.thread.is_none() && !said.text().is_empty() {
                    let speaker = self.speaker(&said.agent).await?;
                    return Ok(vec![("messageBroadcast", self.place.completed(said, event.at, &speaker))]);
                }
            }
            Fact::RunStarted(started) => {
                // It may have been given another name.
                self.speakers.remove(&started.agent);
                if let Some(run) = &event.run
                    && self.is_of_two()
                    && self.held.insert(run.clone())
                {
                    return Ok(vec![self.place.control(false)]);
                }
            }
            Fact::RunFinished(finished) => return self.finished(event.run.as_ref(), finished).await,
            _ => {}
        }
        Ok(Vec::new())
    }

    /// Whether one agent and one person take part: nobody else is kept from writing while it answers.
    fn is_of_two(&self) -> bool {
        let agents = self.participants.iter().filter(|participant| participant.as_agent().is_some()).count();
        agents == 1 && self.participants.len() == 2
    }

    async fn updated(&mut self, updated: &SessionUpdated) -> Result<Vec<Told>> {
        let kept = updated.attributes.get(NAME);
        if let Some(kept) = kept {
            self.serves(&serde_json::from_value(kept.clone()).unwrap_or_default());
        }
        if kept.is_none() && updated.title.is_none() {
            return Ok(Vec::new());
        }
        Ok(vec![])
    }

    async fn posted(&mut self, message: &Message) -> Result<Vec<Told>> {
        if !message.visibility.is_for_people() || message.thread.is_some() {
            return Ok(Vec::new());
        }
        let kept: KeptMessage = kept::read(&message.attributes);
        let speaker = match message.author.kind {
            AuthorKind::Environment => return Ok(Vec::new()),
            AuthorKind::Person => Speaker::of_person(&message.author),
            AuthorKind::Agent => {
                let mut speaker = self.speaker(&message.author.name).await?;
                let given = kept.metadata.as_ref().and_then(|metadata| metadata.get("agentName")).and_then(Value::as_str);
                if let Some(given) = given {
                    given.clone_into(&mut speaker.name);
                }
                speaker
            }
        };
        if kept.socket.as_deref() == Some(self.socket.id()) {
            tell_own(&self.socket, &self.place, message).await;
            return Ok(Vec::new());
        }
        Ok(vec![("messageBroadcast", self.place.posted(message, &speaker))])
    }

    async fn finished(&mut self, run: Option<&RunId>, finished: &RunFinished) -> Result<Vec<Told>> {
        let mut told = Vec::new();
        let failed = finished.outcome == Outcome::Failed;
        // Each answer of which a piece was told comes whole, or is told to be broken.
        let broken: Vec<MessageId> =
            self.streams.iter().filter(|(_, stream)| Some(&stream.run) == run).map(|(id, _)| id.clone()).collect();
        for id in &broken {
            let Some(stream) = self.streams.remove(id) else { continue };
            let partial = if finished.message_id.as_ref() == Some(id) { finished.answer.as_str() } else { "" };
            told.push(self.place.broken(id.as_str(), &stream.agent, finished.error.as_ref(), partial));
        }
        if failed && broken.is_empty() {
            let agent = self.speaker(&finished.agent).await?.id;
            let message = finished.message_id.as_ref().map(MessageId::as_str).or_else(|| run.map(RunId::as_str));
            told.push(self.place.broken(message.unwrap_or_default(), &agent, finished.error.as_ref(), &finished.answer));
        }
        let answer = if finished.outcome == Outcome::Completed { finished.message_id.as_ref() } else { None };
        told.push(self.place.complete(answer));
        if let Some(run) = run
            && self.held.remove(run)
            && self.held.is_empty()
        {
            told.push(self.place.control(true));
        }
        Ok(told)
    }
}

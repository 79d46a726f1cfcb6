//! What one socket is told of one channel: its log, from when it joined. A channel that is not there yet, or not there any
//! more, is waited for.

use std::collections::{HashMap, HashSet, VecDeque};

use futures_util::StreamExt as _;

use super::tell_own;
use crate::dialects::eliza::NAME;
use crate::dialects::eliza::channels::Channel;
use crate::dialects::eliza::directory::Directory;
use crate::dialects::eliza::encoder::{Emitted, Place, broadcast};
use crate::dialects::eliza::kept::COMPLETED;
use crate::dialects::eliza::told::Told;
use crate::domain::{
    Cursor, Delta, Error, ErrorCode, Event, Fact, Frame, LiveDelta, MessageId, Outcome, Participant, Result, RunFinished,
    RunId, SessionId, SessionRewound, SessionUpdated,
};
use crate::engine::{FrameStream, HouseNotice, NoticeStream};
use crate::http::{Door, EventSocket, Said};

/// Answers that are being written at once, and messages with ids of their own, of which something is kept in mind; most
/// messages that one step back takes away.
const KNOWN: usize = 256;
/// Events that are read at once.
const PAGE: usize = 500;

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
    /// The channel as it is now; `None` = it is not there.
    channel: Option<Channel>,
    directory: Directory,
    streams: HashMap<MessageId, Stream>,
    /// Messages whose makers chose their ids, by those of the house.
    chosen: HashMap<MessageId, String>,
    /// Runs because of which people are asked not to write.
    held: HashSet<RunId>,
}

impl Following {
    /// Of a channel, for the socket that says something.
    pub(super) fn new(said: &Said, id: SessionId) -> Self {
        let (door, socket, directory) = (said.door.clone(), said.socket.clone(), Directory::default());
        let (streams, chosen, held) = (HashMap::new(), HashMap::new(), HashSet::new());
        Self { door, socket, id, channel: None, directory, streams, chosen, held }
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
                self.channel = Some(Channel::of(session));
                self.learn_all().await?;
                Ok(Begin::There(frames))
            }
            Err(error) if error.code == ErrorCode::NotFound => Ok(Begin::Awaited(engine.notices(caller).await?)),
            Err(error) => Err(error),
        }
    }

    /// The ids of those who take part.
    pub(super) fn taking_part(&self) -> Vec<String> {
        self.channel.as_ref().map(|channel| self.directory.taking_part(&channel.session)).unwrap_or_default()
    }

    /// Learns the agents that take part.
    async fn learn_all(&mut self) -> Result<()> {
        let agents: Vec<String> = match &self.channel {
            Some(channel) => channel.session.agents().into_iter().map(str::to_owned).collect(),
            None => Vec::new(),
        };
        for agent in &agents {
            self.directory.learn(&*self.door.engine, self.socket.caller(), agent).await?;
        }
        Ok(())
    }

    /// The id of an agent.
    async fn agent(&mut self, agent: &str) -> Result<String> {
        if self.directory.by_name(agent).is_none() {
            self.directory.learn(&*self.door.engine, self.socket.caller(), agent).await?;
        }
        Ok(self.directory.id_of(agent))
    }

    /// The channel as it is now.
    async fn look(&mut self) -> Result<()> {
        let item = self.door.engine.session(self.socket.caller(), &self.id).await?;
        self.channel = Some(Channel::of(item.summary.session));
        Ok(())
    }

    fn place(&self) -> Place<'_> {
        let server = self.channel.as_ref().map_or(crate::dialects::eliza::ids::DEFAULT_SERVER, Channel::server);
        Place { channel: self.id.as_str(), server }
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
                    let frames = engine.subscribe(caller, &self.id, None).await?;
                    self.channel = Some(Channel::of(item.summary.session));
                    self.learn_all().await?;
                    return Ok(Some(Begin::There(frames)));
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

    /// What a frame is told as.
    async fn told(&mut self, frame: &Frame) -> Result<Vec<Emitted>> {
        match frame {
            Frame::Fact(event) => self.fact(event).await,
            Frame::Delta(live) => Ok(self.piece(live).await?.into_iter().collect()),
        }
    }

    async fn piece(&mut self, live: &LiveDelta) -> Result<Option<Emitted>> {
        let Delta::Grew { message_id, .. } = &live.delta else { return Ok(None) };
        let agent = self.agent(&live.agent).await?;
        let index = self.streams.get(message_id).map_or(0, |stream| stream.chunks);
        let Some(chunk) = self.place().chunk(&live.delta, index, &agent) else { return Ok(None) };
        if self.streams.len() >= KNOWN {
            self.streams.clear();
        }
        let new = || Stream { run: live.run.clone(), agent, chunks: 0 };
        self.streams.entry(message_id.clone()).or_insert_with(new).chunks += 1;
        Ok(Some(chunk))
    }

    async fn fact(&mut self, event: &Event) -> Result<Vec<Emitted>> {
        match &event.fact {
            Fact::SessionUpdated(updated) => self.updated(updated).await,
            Fact::SessionCleared(_) | Fact::SessionRestored(_) => Ok(vec![self.place().channel("channelCleared")]),
            Fact::SessionDeleted(_) => {
                let told = vec![self.place().channel("channelDeleted")];
                self.channel = None;
                Ok(told)
            }
            Fact::ParticipantJoined(joined) => {
                if let Some(channel) = &mut self.channel {
                    let all = &mut channel.session.participants;
                    all.retain(|there| !there.is_same(&joined.participant));
                    all.push(joined.participant.clone());
                }
                Ok(Vec::new())
            }
            Fact::ParticipantLeft(left) => {
                if let Some(channel) = &mut self.channel {
                    channel.session.participants.retain(|there| !there.is_same(&left.participant));
                }
                Ok(Vec::new())
            }
            Fact::SessionRewound(rewound) => self.rewound(rewound, event.seq).await,
            Fact::MessageRedacted(redacted) => {
                let id = self.chosen.remove(&redacted.message_id);
                Ok(vec![self.place().deleted(id.as_deref().unwrap_or(redacted.message_id.as_str()))])
            }
            Fact::MessagePosted(_) | Fact::MessageImported(_) | Fact::MessageCompleted(_) => self.message(event).await,
            Fact::RunStarted(started) => {
                // It may have been given another name.
                self.directory.learn(&*self.door.engine, self.socket.caller(), &started.agent).await?;
                match &event.run {
                    Some(run) if self.is_of_two() && self.held.insert(run.clone()) => Ok(vec![self.place().control(false)]),
                    _ => Ok(Vec::new()),
                }
            }
            Fact::RunFinished(finished) => self.finished(event.run.as_ref(), finished).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Whether one agent and one person take part: nobody else is kept from writing while it answers.
    fn is_of_two(&self) -> bool {
        let Some(channel) = &self.channel else { return false };
        let people = channel.session.participants.iter().filter(|participant| matches!(participant, Participant::Person(_)));
        people.count() == 1 && channel.agents().len() == 1
    }

    /// Tells of the messages that count for nothing any more, since another door has gone back in the channel.
    async fn rewound(&mut self, rewound: &SessionRewound, seq: u64) -> Result<Vec<Emitted>> {
        if rewound.after.is_none() {
            return Ok(vec![self.place().channel("channelCleared")]);
        }
        let (engine, caller) = (&self.door.engine, self.socket.caller());
        let Some(channel) = &self.channel else { return Ok(Vec::new()) };
        let mut at = rewound.after_seq;
        let mut gone: VecDeque<(u64, MessageId, String)> = VecDeque::new();
        while at + 1 < seq {
            let after = Cursor::after(channel.session.incarnation, at);
            let page = engine.events(caller, &self.id, Some(after), PAGE).await?;
            let Some(last) = page.last() else { break };
            at = last.seq;
            for event in page.iter().filter(|event| event.seq < seq) {
                match &event.fact {
                    // What was taken away before was told then.
                    Fact::SessionRewound(earlier) => gone.retain(|(place, ..)| *place <= earlier.after_seq),
                    Fact::SessionCleared(_) | Fact::SessionRestored(_) => gone.clear(),
                    Fact::MessageRedacted(redacted) => gone.retain(|(_, id, _)| *id != redacted.message_id),
                    fact => {
                        let Some(id) = fact.message_id().filter(|_| is_of_channel(fact)) else { continue };
                        let told = Told::of_event(event, None, channel, &self.directory).filter(|told| !told.is_update);
                        gone.extend(told.map(|told| (event.seq, id.clone(), told.id)));
                        if gone.len() > KNOWN {
                            gone.pop_front();
                        }
                    }
                }
            }
        }
        Ok(gone.iter().map(|(.., id)| self.place().deleted(id)).collect())
    }

    async fn updated(&mut self, updated: &SessionUpdated) -> Result<Vec<Emitted>> {
        if updated.attributes.contains_key(COMPLETED) {
            return Ok(vec![self.place().complete(None)]);
        }
        if updated.title.is_none() && !updated.attributes.contains_key(NAME) {
            return Ok(Vec::new());
        }
        match self.look().await {
            Ok(()) => {
                let channel = self.channel.as_ref().map(Channel::told);
                Ok(channel.map(|channel| self.place().updated(&channel)).into_iter().collect())
            }
            // It was deleted meanwhile: that comes next.
            Err(error) if error.code == ErrorCode::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn message(&mut self, event: &Event) -> Result<Vec<Emitted>> {
        let author = match &event.fact {
            Fact::MessagePosted(posted) => Some(&posted.message.author),
            Fact::MessageImported(imported) => Some(&imported.message.author),
            Fact::MessageCompleted(said) => {
                self.streams.remove(&said.message_id);
                self.agent(&said.agent).await?;
                None
            }
            _ => return Ok(Vec::new()),
        };
        if !is_of_channel(&event.fact) {
            return Ok(Vec::new());
        }
        if let Some(author) = author.filter(|author| author.kind == crate::domain::AuthorKind::Agent) {
            self.agent(&author.name).await?;
        }
        let Some(channel) = &self.channel else { return Ok(Vec::new()) };
        let Some(told) = Told::of_event(event, None, channel, &self.directory) else { return Ok(Vec::new()) };
        if let Some(id) = event.fact.message_id().filter(|id| id.as_str() != told.id) {
            if self.chosen.len() >= KNOWN {
                self.chosen.clear();
            }
            self.chosen.insert(id.clone(), told.id.clone());
        }
        if told.kept.socket.as_deref() == Some(self.socket.id()) {
            tell_own(&self.socket, &told).await;
            return Ok(Vec::new());
        }
        Ok(vec![("messageBroadcast", broadcast(&told))])
    }

    async fn finished(&mut self, run: Option<&RunId>, finished: &RunFinished) -> Result<Vec<Emitted>> {
        let mut told = Vec::new();
        // Each answer of which a piece was told comes whole, or is told to be broken.
        let broken: Vec<MessageId> =
            self.streams.iter().filter(|(_, stream)| Some(&stream.run) == run).map(|(id, _)| id.clone()).collect();
        let error: Option<&Error> = finished.error.as_ref();
        for id in &broken {
            let Some(stream) = self.streams.remove(id) else { continue };
            let partial = if finished.message_id.as_ref() == Some(id) { finished.answer.as_str() } else { "" };
            told.push(self.place().broken(id.as_str(), &stream.agent, error, partial));
        }
        if finished.outcome == Outcome::Failed && broken.is_empty() {
            let agent = self.agent(&finished.agent).await?;
            let message = finished.message_id.as_ref().map(MessageId::as_str).or_else(|| run.map(RunId::as_str));
            told.push(self.place().broken(message.unwrap_or_default(), &agent, error, &finished.answer));
        }
        let answer = finished.message_id.as_ref().filter(|_| finished.outcome == Outcome::Completed);
        told.push(self.place().complete(answer.map(MessageId::as_str)));
        if let Some(run) = run
            && self.held.remove(run)
            && self.held.is_empty()
        {
            told.push(self.place().control(true));
        }
        Ok(told)
    }
}

/// Whether a fact is a message of the channel itself, and not of a thread beside.
fn is_of_channel(fact: &Fact) -> bool {
    match fact {
        Fact::MessagePosted(posted) => posted.message.thread.is_none(),
        Fact::MessageImported(imported) => imported.message.thread.is_none(),
        Fact::MessageCompleted(said) => said.thread.is_none(),
        _ => false,
    }
}

//! What is said in a channel, over whichever way: it becomes a question to all agents that take part.

use serde_json::{Value, json};

use super::attachments;
use super::channels::{self, Channel, NewChannel};
use super::directory::Directory;
use super::errors::ElizaError;
use super::kept::{self, KeptChannel, KeptMessage};
use super::servers;
use super::told::Told;
use crate::domain::{Answers, Event, Fact, OnOrphan, Part, Pins, Principal, Result as Done};
use crate::engine::{Answering, Ask, Asked, Chosen, ContextInput, Engine, FrameStream, OnBusy, Target};
use crate::http::Door;

/// Where a message says that every agent is meant: they are not judged first.
const MEANT: &[&str] = &["client_chat"];
/// What is told of things that came with a message, in bytes.
const ATTACHED_BYTES: usize = 32 << 10;

/// A message that comes.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    /// The channel, an id.
    pub channel: String,
    /// The server that it is said to belong to, an id.
    pub server: String,
    /// Who says it, an id: of a person, or of an agent.
    pub author: String,
    /// The name that they are shown by.
    pub author_name: Option<String>,
    /// What is said.
    pub content: String,
    /// The rest of it.
    pub kept: KeptMessage,
    /// Whether and how a channel is made that is not there: by whom it is said to be made, such as `gui_auto_creation`.
    pub create: Option<&'static str>,
    /// Whether agents are asked to answer it.
    pub answered: bool,
    /// The agent that is to answer, whether it takes part or not, by its id.
    pub target: Option<String>,
}

/// A message that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What came of it.
    pub asked: Asked,
    /// The message as clients are told it.
    pub told: Told,
    /// Its channel.
    pub channel: Channel,
    /// Who is who.
    pub directory: Directory,
}

/// Takes a message: durable when it answers; what agents do comes later.
///
/// # Errors
/// 404 when there is no such channel and none is to be made, 500 `Server <id> does not exist`, 400.
pub async fn post(door: &Door, caller: &Principal, posted: Posted) -> Result<Taken, ElizaError> {
    let ready = ready(door, caller, posted).await?;
    let asked = door.engine.ask(caller, ready.ask.clone()).await?;
    taken(door, caller, ready, asked).await
}

/// The same, listened to from before it is taken.
///
/// # Errors
/// As [`post`]; 400 when nobody is to answer.
pub async fn post_and_follow(door: &Door, caller: &Principal, posted: Posted) -> Result<(Taken, FrameStream), ElizaError> {
    let ready = ready(door, caller, posted).await?;
    if ready.ask.answering == Answering::Nobody {
        return Err(ElizaError::bad("BAD_REQUEST", "No agent found in channel participants"));
    }
    let (asked, frames) = door.engine.ask_and_follow(caller, ready.ask.clone()).await?;
    Ok((taken(door, caller, ready, asked).await?, frames))
}

/// A message that can be asked.
struct Ready {
    ask: Ask,
    channel: Channel,
    directory: Directory,
}

async fn ready(door: &Door, caller: &Principal, mut posted: Posted) -> Result<Ready, ElizaError> {
    let engine = &*door.engine;
    let directory = Directory::read(engine, caller).await?;
    let channel = match channels::find(engine, caller, &posted.channel).await? {
        Some(channel) => channel,
        None => make(door, caller, &directory, &posted).await?,
    };
    let answering = answering(engine, caller, &channel, &directory, &posted).await?;
    posted.kept.unanswered = posted.answered && answering == Answering::Nobody;
    let context = if answering == Answering::Nobody { None } else { attached(&posted.kept) };
    let with = posted.kept.attachments.as_ref().or_else(|| posted.kept.metadata.as_ref()?.get("attachments"));
    let files = attachments::read(door, with).await?;
    let mut ask = Ask {
        target: Target::Existing(channel.session.id.clone()),
        input: vec![Part::text(&posted.content)],
        context: context.into_iter().collect(),
        author: Some(directory.participant(&posted.author, posted.author_name.as_deref())),
        message_attributes: kept::attributes(&posted.kept),
        answering,
        on_busy: OnBusy::Queue,
        pins: Pins { on_orphan: OnOrphan::Resume, ..Pins::default() },
        ..Ask::default()
    };
    files.add_to(&mut ask);
    Ok(Ready { ask, channel, directory })
}

async fn taken(door: &Door, caller: &Principal, ready: Ready, asked: Asked) -> Result<Taken, ElizaError> {
    let Ready { channel, directory, .. } = ready;
    // What was said is the first message after the place from which its answer is followed.
    let events: Done<Vec<Event>> = door.engine.events(caller, &asked.session, Some(asked.before), 8).await;
    let is_said = |event: &&Event| match &event.fact {
        Fact::MessagePosted(said) => Some(&said.message.id) == asked.message.as_ref(),
        _ => false,
    };
    let told = events?.iter().find(is_said).and_then(|event| Told::of_event(event, None, &channel, &directory));
    let told = told.ok_or_else(|| ElizaError::not_found("Channel not found"))?;
    Ok(Taken { asked, told, channel, directory })
}

/// A text of what a message's makers say of it.
fn said<'a>(kept: &'a KeptMessage, key: &str) -> Option<&'a str> {
    kept.metadata.as_ref()?.get(key)?.as_str()
}

/// Whether a message says that its channel is one of two.
fn is_dm(kept: &KeptMessage) -> bool {
    let is_said = kept.metadata.as_ref().and_then(|metadata| metadata.get("isDm")).and_then(Value::as_bool);
    is_said == Some(true) || said(kept, "channelType").is_some_and(channels::is_dm)
}

/// Makes the channel that a message names.
async fn make(door: &Door, caller: &Principal, directory: &Directory, posted: &Posted) -> Result<Channel, ElizaError> {
    let (Some(created_by), true) = (posted.create, super::ids::is_id(&posted.channel)) else {
        return Err(ElizaError::not_found("Channel not found"));
    };
    let engine = &*door.engine;
    let server = channels::server_of(engine, caller, &posted.server).await?;
    let id = posted.channel.to_ascii_lowercase();
    let is_dm = is_dm(&posted.kept);
    let kind = if is_dm { "DM" } else { "GROUP" };
    let mut metadata = json!({
        "created_by": created_by,
        "created_for_user": posted.author,
        "created_at": door.clock.now(),
        "channel_type": said(&posted.kept, "channelType").unwrap_or(kind),
    });
    if let (Value::Object(metadata), Some(Value::Object(given))) = (&mut metadata, &posted.kept.metadata) {
        metadata.extend(given.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    let target = said(&posted.kept, "targetUserId").or_else(|| said(&posted.kept, "recipientId"));
    let mut participants = vec![posted.author.clone()];
    let target = target.filter(|id| is_dm && super::ids::is_id(id)).map(str::to_ascii_lowercase);
    participants.extend(target.filter(|id| *id != posted.author));
    let new = NewChannel {
        name: format!("{} {}", if is_dm { "DM" } else { "Chat" }, channels::short(&id)),
        kept: KeptChannel {
            server_id: server.id,
            kind: kind.to_owned(),
            source_type: Some("auto_created".to_owned()),
            metadata: Some(metadata),
            ..KeptChannel::default()
        },
        participants,
        ..NewChannel::default()
    };
    // Somebody else may make it at this moment.
    channels::create_once(engine, caller, directory, &id, new).await
}

/// Who answers: the agents that take part, are on the channel's server, and take work.
async fn answering(
    engine: &dyn Engine,
    caller: &Principal,
    channel: &Channel,
    directory: &Directory,
    posted: &Posted,
) -> Result<Answering, ElizaError> {
    if let Some(known) = posted.target.as_deref().and_then(|id| directory.by_id(id)).filter(|known| known.active) {
        return Ok(Answering::One(known.agent.clone()));
    }
    let there = channel.agents();
    if !posted.answered || there.is_empty() {
        return Ok(Answering::Nobody);
    }
    let Some(server) = servers::one(engine, caller, channel.server()).await? else { return Ok(Answering::Nobody) };
    let is_on = |agent: &&str| {
        let known = directory.by_name(agent);
        known.is_some_and(|known| known.active && server.has(&known.id, known.active))
    };
    let agents: Vec<String> = there.into_iter().filter(is_on).map(str::to_owned).collect();
    if agents.is_empty() {
        return Ok(Answering::Nobody);
    }
    let is_meant = posted.kept.source_type.as_deref().is_some_and(|source| MEANT.contains(&source));
    let kinds = [Some(channel.kind()), said(&posted.kept, "channelType")];
    let is_private = kinds.into_iter().flatten().any(channels::is_private) || is_dm(&posted.kept);
    let answers = (is_meant || is_private).then_some(Answers::Always);
    Ok(Answering::Chosen(Chosen { agents, answers }))
}

/// What agents are told of things that came with a message.
fn attached(kept: &KeptMessage) -> Option<ContextInput> {
    let metadata = kept.metadata.as_ref().and_then(|metadata| metadata.get("attachments"));
    let all = kept.attachments.as_ref().or(metadata)?.as_array()?;
    let told = all.iter().filter_map(Value::as_object).map(|attachment| {
        let shown = ["title", "url", "contentType", "source", "description", "text"];
        let lines = shown.into_iter().filter_map(|key| Some((key, attachment.get(key)?.as_str()?)));
        let lines: Vec<String> =
            lines.filter(|(_, text)| !text.is_empty()).map(|(key, text)| format!("{key}: {text}")).collect();
        lines.join("\n")
    });
    let mut text = told.filter(|told| !told.is_empty()).collect::<Vec<_>>().join("\n\n");
    let end = (0..=ATTACHED_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.truncate(end);
    (!text.is_empty()).then(|| ContextInput { description: "attachments".to_owned(), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_that_came_with_a_message_are_told() {
        let attachments = json!([{"url": "/media/a.png", "title": "A", "size": 3}, 1, {}]);
        let kept = KeptMessage { attachments: Some(attachments), ..KeptMessage::default() };
        assert_eq!(attached(&kept).unwrap().text, "title: A\nurl: /media/a.png");
        assert_eq!(attached(&KeptMessage::default()), None);
        let long = json!([{"text": "ä".repeat(ATTACHED_BYTES)}]);
        let kept = KeptMessage { metadata: Some(json!({ "attachments": long })), ..KeptMessage::default() };
        assert!(attached(&kept).unwrap().text.len() <= ATTACHED_BYTES);
    }

    #[test]
    fn a_message_may_say_that_it_is_between_two() {
        let of = |metadata: Value| is_dm(&KeptMessage { metadata: Some(metadata), ..KeptMessage::default() });
        assert!(of(json!({"isDm": true})) && of(json!({"channelType": "DM"})));
        assert!(!of(json!({"isDm": false})) && !of(json!({"channelType": "GROUP"})) && !of(json!({})));
    }
}

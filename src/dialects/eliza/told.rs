//! Messages as clients are told them: of people, of agents, and of whatever door they came through.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::channels::Channel;
use super::directory::Directory;
use super::kept::{self, KeptMessage};
use crate::domain::{AuthorKind, Event, Fact, Message, MessageId, Part, Principal, Session, Timestamp};
use crate::engine::{Engine, Shown};

/// From which kind of client the answers of agents come.
pub const BY_AGENT: &str = "agent_response";

/// A message, with all that is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its id: the one that its maker chose, or that of the house.
    pub id: String,
    /// Its channel.
    pub channel: String,
    /// The server of the channel.
    pub server: String,
    /// Who said it, an id.
    pub author: String,
    /// The name that they are shown by.
    pub author_name: String,
    /// Whether an agent said it.
    pub is_agent: bool,
    /// What was said.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// Whether it stands in the place of one that was told before, under the same id.
    pub is_update: bool,
    /// The rest of it; of an agent's answer, as this API's own agents would have sent it.
    pub kept: KeptMessage,
}

impl Told {
    /// What an event says, if it is a message that people are shown. `input` is the message that its run answers.
    pub fn of_event(event: &Event, input: Option<&str>, channel: &Channel, directory: &Directory) -> Option<Self> {
        match &event.fact {
            Fact::MessagePosted(posted) if posted.message.visibility.is_for_people() => {
                Self::of(&posted.message, input, channel, directory)
            }
            Fact::MessageImported(imported) if imported.message.visibility.is_for_people() => {
                Self::of(&imported.message, input, channel, directory)
            }
            Fact::MessageCompleted(completed) if completed.visibility.is_for_people() => {
                let message = Message {
                    id: completed.message_id.clone(),
                    author: crate::domain::Author::named(AuthorKind::Agent, &completed.agent),
                    parts: completed.parts.clone(),
                    at: event.at,
                    thread: None,
                    visibility: completed.visibility,
                    attributes: Map::new(),
                };
                Self::of(&message, input, channel, directory)
            }
            _ => None,
        }
    }

    /// A message; nothing where nobody said anything, as where an agent only calls tools.
    pub fn of(message: &Message, input: Option<&str>, channel: &Channel, directory: &Directory) -> Option<Self> {
        let (author, author_name) = directory.author(&message.author)?;
        let text = message.text();
        let is_agent = message.author.kind == AuthorKind::Agent;
        let is_kept = message.attributes.contains_key(super::NAME);
        let mut kept: KeptMessage = kept::read(&message.attributes);
        if is_agent && !is_kept {
            if text.is_empty() {
                return None;
            }
            kept = as_answer(message, &text, (&author, &author_name), channel);
            kept.in_reply_to = input.map(str::to_owned);
        }
        let replaced = kept.replaces.clone();
        let own = || kept.id.clone().unwrap_or_else(|| message.id.to_string());
        Some(Self {
            id: replaced.clone().unwrap_or_else(own),
            channel: channel.id().to_owned(),
            server: channel.server().to_owned(),
            author,
            author_name,
            is_agent,
            text,
            at: message.at,
            updated: message.at,
            is_update: replaced.is_some(),
            kept,
        })
    }

    /// What was thought of it.
    pub fn thought(&self) -> Option<&Value> {
        self.kept.raw_message.as_ref()?.get("thought")
    }

    /// What was done with it.
    pub fn actions(&self) -> Option<&Value> {
        self.kept.raw_message.as_ref()?.get("actions")
    }

    /// What came with it.
    pub fn attachments(&self) -> Option<&Value> {
        let metadata = self.kept.metadata.as_ref().and_then(|metadata| metadata.get("attachments"));
        let own = self.kept.attachments.as_ref().or(metadata);
        own.filter(|attachments| attachments.as_array().is_none_or(|all| !all.is_empty()))
    }

    /// As it stands in the store of the original.
    pub fn stored(&self) -> Map<String, Value> {
        let mut told = Map::new();
        let mut add = |key: &str, value: Option<Value>| drop(value.map(|value| told.insert(key.to_owned(), value)));
        add("id", Some(json!(self.id)));
        add("channelId", Some(json!(self.channel)));
        add("authorId", Some(json!(self.author)));
        add("content", Some(json!(self.text)));
        add("rawMessage", self.kept.raw_message.clone());
        add("sourceType", self.kept.source_type.as_ref().map(|text| json!(text)));
        add("sourceId", self.kept.source_id.as_ref().map(|text| json!(text)));
        add("metadata", self.metadata());
        add("inReplyToRootMessageId", Some(json!(self.kept.in_reply_to)));
        add("createdAt", Some(json!(self.at)));
        add("updatedAt", Some(json!(self.updated)));
        told
    }

    /// As it is listed.
    pub fn listed(&self) -> Value {
        let mut told = self.stored();
        if let Some(metadata) = self.with_lifted() {
            told.insert("metadata".to_owned(), metadata);
        }
        told.insert("created_at".to_owned(), json!(self.at.as_millis()));
        told.insert("updated_at".to_owned(), json!(self.updated.as_millis()));
        Value::Object(told)
    }

    /// What its makers say of it, with what agents thought and did, which clients look for there.
    pub fn with_lifted(&self) -> Option<Value> {
        let mut metadata = self.metadata().unwrap_or_else(|| json!({}));
        if let Value::Object(metadata) = &mut metadata {
            let lifted = [("thought", self.thought()), ("actions", self.actions())];
            for (key, value) in lifted.into_iter().filter_map(|(key, value)| Some((key, value?))) {
                metadata.insert(key.to_owned(), value.clone());
            }
        }
        Some(metadata).filter(|metadata| metadata.as_object().is_none_or(|metadata| !metadata.is_empty()))
    }

    /// As it goes between the parts of the original, and as posting it is answered.
    pub fn on_bus(&self) -> Value {
        let mut told = Map::new();
        let mut add = |key: &str, value: Option<Value>| drop(value.map(|value| told.insert(key.to_owned(), value)));
        add("id", Some(json!(self.id)));
        add("channel_id", Some(json!(self.channel)));
        add("server_id", Some(json!(self.server)));
        add("message_server_id", Some(json!(self.server)));
        add("author_id", Some(json!(self.author)));
        let is_named = !self.author_name.is_empty() && self.author_name != self.author;
        add("author_display_name", is_named.then(|| json!(self.author_name)));
        add("content", Some(json!(self.text)));
        add("created_at", Some(json!(self.at.as_millis())));
        add("source_type", self.kept.source_type.as_ref().map(|text| json!(text)));
        add("source_id", self.kept.source_id.as_ref().map(|text| json!(text)));
        add("raw_message", self.kept.raw_message.clone());
        add("metadata", self.metadata());
        add("in_reply_to_message_id", self.kept.in_reply_to.as_ref().map(|id| json!(id)));
        Value::Object(told)
    }

    /// What an agent answers to who waits for it.
    pub fn as_content(&self) -> Value {
        let mut content = Map::new();
        content.insert("text".to_owned(), json!(self.text));
        for (key, value) in [("thought", self.thought()), ("actions", self.actions())] {
            value.map(|value| content.insert(key.to_owned(), value.clone()));
        }
        content.insert("source".to_owned(), json!(self.kept.source_type));
        content.insert("inReplyTo".to_owned(), json!(self.kept.in_reply_to));
        Value::Object(content)
    }

    /// What its makers say of it, with what came with it: web interfaces look for that there.
    pub fn metadata(&self) -> Option<Value> {
        let Some(attachments) = self.attachments() else { return self.kept.metadata.clone() };
        let mut metadata = self.kept.metadata.clone().unwrap_or_else(|| json!({}));
        if let Value::Object(fields) = &mut metadata {
            fields.entry("attachments").or_insert_with(|| attachments.clone());
        }
        Some(metadata)
    }
}

/// An agent's answer as this API's own agents would have sent it.
fn as_answer(message: &Message, text: &str, (id, name): (&str, &str), channel: &Channel) -> KeptMessage {
    let thoughts = message.parts.iter().filter_map(|part| match part {
        Part::Reasoning(thought) => Some(thought.text.as_str()),
        Part::Text(_) | Part::ToolCall(_) | Part::File(_) => None,
    });
    let thought: String = thoughts.collect();
    KeptMessage {
        raw_message: Some(json!({ "text": text, "thought": thought, "actions": ["REPLY"] })),
        source_type: Some(BY_AGENT.to_owned()),
        metadata: Some(json!({
            "agent_id": id, "agentName": name, "channelType": channel.kind(), "isDm": channel.is_dm()
        })),
        ..KeptMessage::default()
    }
}

/// Messages of a channel, newest first, each with its place in the log: at most `limit` before a moment or a message.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Most of them.
    pub limit: usize,
    /// Only those that were said before this moment, in milliseconds.
    pub before: Option<i64>,
    /// Only those that were said before this message.
    pub before_message: Option<String>,
    /// Only those that were said after this moment, in milliseconds.
    pub after: Option<i64>,
}

/// Rows of one page.
const PAGE: usize = 200;
/// Messages among which one is looked for by its id.
const LOOKED_AT: usize = 2_000;

/// The messages of a channel, newest first, and whether there are older ones.
///
/// # Errors
/// As the engine tells them.
pub async fn of_channel(
    engine: &dyn Engine,
    caller: &Principal,
    channel: &Channel,
    directory: &Directory,
    wanted: &Wanted,
) -> Result<(Vec<Told>, bool), super::errors::ElizaError> {
    let mut place = None;
    let mut edits: HashMap<String, Told> = HashMap::new();
    let mut inputs = Inputs::default();
    let mut found: Vec<Told> = Vec::new();
    let mut passes = wanted.before_message.is_none();
    loop {
        let page = engine.messages(caller, &channel.session.id, place, PAGE.max(wanted.limit)).await?;
        for shown in page.messages.iter().rev() {
            if wanted.after.is_some_and(|after| shown.message.at.as_millis() <= after) {
                return Ok((found, false));
            }
            let Some(mut told) = Told::of(&shown.message, None, channel, directory) else { continue };
            if told.is_update {
                edits.entry(told.id.clone()).or_insert(told);
                continue;
            }
            if !passes {
                passes = wanted.before_message.as_ref() == Some(&told.id);
                continue;
            }
            if wanted.before.is_some_and(|before| told.at.as_millis() >= before) {
                continue;
            }
            if found.len() == wanted.limit {
                return Ok((found, true));
            }
            if told.is_agent && told.kept.in_reply_to.is_none() {
                told.kept.in_reply_to = inputs.of(engine, caller, shown).await;
            }
            found.push(match edits.remove(&told.id) {
                Some(edit) => Told { at: told.at, is_update: false, ..edit },
                None => told,
            });
        }
        place = page.before;
        if place.is_none() {
            return Ok((found, false));
        }
    }
}

/// The messages that stand under an id: itself, and what was put in its place. Of those that are told newest first, the
/// newest 2,000 are looked at.
///
/// # Errors
/// As the engine tells them.
pub async fn stands_under(
    engine: &dyn Engine,
    caller: &Principal,
    channel: &Session,
    id: &str,
) -> Result<Vec<MessageId>, super::errors::ElizaError> {
    let mut place = None;
    let mut found = Vec::new();
    for _ in 0..LOOKED_AT / PAGE {
        let page = engine.messages(caller, &channel.id, place, PAGE).await?;
        for shown in page.messages {
            let kept: KeptMessage = kept::read(&shown.message.attributes);
            let names = [kept.id.as_deref(), kept.replaces.as_deref(), Some(shown.message.id.as_str())];
            if names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(id)) {
                found.push(shown.message.id);
            }
        }
        place = page.before;
        if place.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Which message each run answers.
#[derive(Default)]
struct Inputs(HashMap<String, Option<String>>);

impl Inputs {
    async fn of(&mut self, engine: &dyn Engine, caller: &Principal, shown: &Shown) -> Option<String> {
        let run = shown.run.as_ref()?;
        if let Some(input) = self.0.get(run.as_str()) {
            return input.clone();
        }
        let input = engine.run(caller, run).await.ok().and_then(|run| run.input).map(|input| input.to_string());
        self.0.insert(run.to_string(), input.clone());
        input
    }
}

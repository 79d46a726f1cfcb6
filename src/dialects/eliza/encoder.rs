//! What happens in a channel becomes the events of sockets, a frame at a time. Who reads agents and sessions for that is
//! `sockets`; here nothing is asked.

use serde_json::{Map, Value, json};

use super::kept::{self, KeptMessage};
use super::ids;
use crate::domain::{Author, Delta, Error, Message, MessageCompleted, MessageId, Part, PartStart, Timestamp};

/// An event of a socket: its name, and what comes with it.
pub type Told = (&'static str, Value);

/// Where something is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The channel, an id.
    pub channel: String,
    /// Its server, an id.
    pub server: String,
}

/// Who says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// Their id.
    pub id: String,
    /// The name that they are shown by.
    pub name: String,
}

impl Speaker {
    /// Who is no agent: whose name is not known is shown as `User`.
    pub fn of_person(author: &Author) -> Self {
        let id = author.id.as_deref().unwrap_or(&author.name);
        let name = if author.id.as_deref() == Some(&author.name) { "User" } else { &author.name };
        let id = if ids::is_id(id) { id.to_ascii_lowercase() } else { ids::of_name(id) };
        Self { id, name: name.to_owned() }
    }
}

/// The fields that hold something.
fn filled(fields: Value, more: [(&str, Option<Value>); 3]) -> Value {
    let Value::Object(mut fields) = fields else { return Value::Null };
    for (name, value) in more {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    }
    Value::Object(fields)
}

impl Place {
    /// A message that was posted, as everybody is told it; of an agent `speaker` is the agent.
    pub fn posted(&self, message: &Message, speaker: &Speaker) -> Value {
        let kept: KeptMessage = kept::read(&message.attributes);
        let of = |source: &Option<Value>, name: &str| source.as_ref().and_then(|source| source.get(name)).cloned();
        let attachments = kept.attachments.clone().or_else(|| of(&kept.metadata, "attachments"));
        // What a client over a socket sends beside the text is its own affair.
        let raw = kept.raw_message.clone().filter(|_| kept.socket.is_none());
        let fields = self.message(message.id.as_str(), speaker, &message.text(), message.at);
        let source = kept.source_type.unwrap_or_else(|| "ombud".to_owned());
        let fields = filled(fields, [("source", Some(json!(source))), ("attachments", attachments), ("thought", None)]);
        filled(fields, [("thought", of(&raw, "thought")), ("actions", of(&raw, "actions")), ("attachments", None)])
    }

    /// What an agent answered.
    pub fn completed(&self, said: &MessageCompleted, at: Timestamp, speaker: &Speaker) -> Value {
        let fields = self.message(said.message_id.as_str(), speaker, &said.text(), at);
        let more = [
            ("source", Some(json!("agent_response"))),
            ("thought", Some(json!(thought(&said.parts)))),
            ("actions", Some(json!(["REPLY"]))),
        ];
        filled(fields, more)
    }

    fn message(&self, id: &str, speaker: &Speaker, text: &str, at: Timestamp) -> Value {
        json!({
            "id": id, "senderId": speaker.id, "senderName": speaker.name, "text": text, "channelId": self.channel,
            "roomId": self.channel, "serverId": self.server, "messageServerId": self.server, "createdAt": at.as_millis(),
        })
    }

    /// What the socket is told besides, over which a message came: that it is taken.
    pub fn acknowledged(&self, message: &Message) -> Value {
        let kept: KeptMessage = kept::read(&message.attributes);
        let fields = json!({
            "messageId": message.id, "status": "received_by_server_and_processing", "channelId": self.channel,
            "roomId": self.channel,
        });
        filled(fields, [("clientMessageId", kept.client_message_id.map(Value::String)), ("", None), ("", None)])
    }

    /// A piece of an answer that is being written: the `index`th, from 0.
    pub fn chunk(&self, delta: &Delta, index: u64, agent: &str) -> Option<Told> {
        let Delta::Grew { message_id, part: PartStart::Text, text, .. } = delta else { return None };
        let chunk = json!({
            "messageId": message_id, "chunk": text, "index": index, "agentId": agent, "channelId": self.channel,
        });
        Some(("messageStreamChunk", chunk))
    }

    /// An answer that will not come to its end.
    pub fn broken(&self, message: &str, agent: &str, error: Option<&Error>, partial: &str) -> Told {
        let error = error.map_or("the answer was broken off", |error| &error.message);
        let fields = json!({
            "messageId": message, "channelId": self.channel, "agentId": agent, "error": error, "partialText": partial,
        });
        ("messageStreamError", fields)
    }

    /// A run has come to its end; `answer` is what it answered.
    pub fn complete(&self, answer: Option<&MessageId>) -> Told {
        let mut fields = Map::new();
        fields.insert("channelId".to_owned(), json!(self.channel));
        fields.insert("serverId".to_owned(), json!(self.server));
        if let Some(answer) = answer {
            fields.insert("messageId".to_owned(), json!(answer));
        }
        ("messageComplete", Value::Object(fields))
    }

    /// Whether people may write now, in a channel of one of them and one agent.
    pub fn control(&self, may_write: bool) -> Told {
        let action = if may_write { "enable_input" } else { "disable_input" };
        ("controlMessage", json!({ "action": action, "target": "input", "channelId": self.channel, "roomId": self.channel }))
    }

    /// A message was taken away.
    pub fn deleted(&self, message: &MessageId) -> Told {
        ("messageDeleted", json!({ "messageId": message, "channelId": self.channel }))
    }

    /// Something happened to the whole channel.
    pub fn channel(&self, event: &'static str) -> Told {
        (event, json!({ "channelId": self.channel }))
    }
}

/// What the model thought before it answered.
pub fn thought(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Reasoning(reasoning) => Some(reasoning.text.as_str()),
        Part::Text(_) | Part::ToolCall(_) | Part::File(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AuthorKind, Finish, ModelChoice, ReasoningPart, Usage, Visibility};

    fn place() -> Place {
        Place { channel: "c".into(), server: "s".into() }
    }

    fn message(author: Author, kept: &KeptMessage) -> Message {
        Message {
            id: MessageId::from_text("m"),
            author,
            parts: vec![Part::text("hello")],
            at: Timestamp::from_millis(7),
            thread: None,
            visibility: Visibility::All,
            attributes: kept::attributes(kept),
        }
    }

    #[test]
    fn a_message_over_a_socket_is_told_without_what_its_client_keeps() {
        let id = "D938359A-e435-487e-9b5a-804eb455836d";
        let kept = KeptMessage {
            source_type: Some("socketio_client".into()),
            socket: Some("x".into()),
            client_message_id: Some("client-1".into()),
            raw_message: Some(json!({"thought": "none of theirs"})),
            attachments: Some(json!([{"id": "x"}])),
            ..KeptMessage::default()
        };
        let author = Author { id: Some(id.to_owned()), ..Author::named(AuthorKind::Person, "Ann") };
        let message = message(author, &kept);
        let speaker = Speaker::of_person(&message.author);
        assert_eq!(
            place().posted(&message, &speaker),
            json!({
                "id": "m", "senderId": id.to_lowercase(), "senderName": "Ann", "text": "hello", "channelId": "c", "roomId": "c",
                "serverId": "s", "messageServerId": "s", "createdAt": 7, "source": "socketio_client",
                "attachments": [{"id": "x"}],
            })
        );
        let acknowledged = json!({
            "clientMessageId": "client-1", "messageId": "m", "status": "received_by_server_and_processing",
            "channelId": "c", "roomId": "c",
        });
        assert_eq!(place().acknowledged(&message), acknowledged);
    }

    #[test]
    fn who_has_no_name_is_a_user_and_who_has_no_id_has_one_by_name() {
        let unnamed = Author { id: Some("u1".into()), ..Author::named(AuthorKind::Person, "u1") };
        assert_eq!(Speaker::of_person(&unnamed), Speaker { id: ids::of_name("u1"), name: "User".into() });
        let local = Author::named(AuthorKind::Person, "local");
        assert_eq!(Speaker::of_person(&local), Speaker { id: ids::of_name("local"), name: "local".into() });
    }

    #[test]
    fn what_an_agent_says_has_its_thought_and_its_actions() {
        let speaker = Speaker { id: "a".into(), name: "Ada".into() };
        let said = MessageCompleted {
            message_id: MessageId::from_text("m"),
            agent: "ada".into(),
            parts: vec![
                Part::Reasoning(ReasoningPart { text: "hm".into(), ..ReasoningPart::default() }),
                Part::text("hi"),
            ],
            finish: Finish::Stop,
            usage: Usage::default(),
            model: ModelChoice::new("house", "small"),
            round: 1,
            first_token_ms: None,
            elapsed_ms: 1,
            next_message_id: None,
            thread: None,
            step: None,
            visibility: Visibility::All,
            form: None,
        };
        let expected = json!({
            "id": "m", "senderId": "a", "senderName": "Ada", "text": "hi", "channelId": "c", "roomId": "c", "serverId": "s",
            "messageServerId": "s", "createdAt": 9, "source": "agent_response", "thought": "hm", "actions": ["REPLY"],
        });
        assert_eq!(place().completed(&said, Timestamp::from_millis(9), &speaker), expected);
        // One that somebody brings from elsewhere says so itself.
        let kept = KeptMessage {
            source_type: Some("agent_response".into()),
            raw_message: Some(json!({"text": "hi", "thought": "th", "actions": ["REPLY"]})),
            metadata: Some(json!({"attachments": []})),
            ..KeptMessage::default()
        };
        let brought = place().posted(&message(Author::named(AuthorKind::Agent, "ada"), &kept), &speaker);
        let of = |name: &str| brought[name].clone();
        assert_eq!((of("thought"), of("actions"), of("attachments")), (json!("th"), json!(["REPLY"]), json!([])));
    }
}

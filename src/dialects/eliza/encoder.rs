//! What happens in a channel becomes the events of sockets. Who reads agents and sessions for that is `sockets`; here nothing
//! is asked.

use serde_json::{Map, Value, json};

use super::kept::KeptMessage;
use super::told::Told;
use crate::domain::{Delta, Error, PartStart};

/// An event of a socket: its name, and what comes with it.
pub type Emitted = (&'static str, Value);

/// Where something is said: ids of the channel and of its server.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The channel.
    pub channel: &'a str,
    /// Its server.
    pub server: &'a str,
}

/// The name that who said a message is shown by.
fn name(told: &Told) -> &str {
    let given = told.kept.metadata.as_ref().and_then(|metadata| metadata.get("agentName")).and_then(Value::as_str);
    match given {
        Some(given) if told.is_agent => given,
        _ if told.author_name.is_empty() || told.author_name == told.author => "User",
        _ => &told.author_name,
    }
}

/// A message, as everybody is told it.
pub fn broadcast(told: &Told) -> Value {
    let mut fields = Map::new();
    let mut add = |key: &str, value: Option<Value>| drop(value.map(|value| fields.insert(key.to_owned(), value)));
    add("id", Some(json!(told.id)));
    add("senderId", Some(json!(told.author)));
    add("senderName", Some(json!(name(told))));
    add("text", Some(json!(told.text)));
    add("channelId", Some(json!(told.channel)));
    add("roomId", Some(json!(told.channel)));
    add("serverId", Some(json!(told.server)));
    add("messageServerId", Some(json!(told.server)));
    add("createdAt", Some(json!(told.at.as_millis())));
    add("source", Some(json!(told.kept.source_type.as_deref().unwrap_or("ombud"))));
    add("attachments", told.attachments().cloned());
    // What a client sends over a socket beside the text is its own affair.
    if told.kept.socket.is_none() {
        add("thought", told.thought().cloned());
        add("actions", told.actions().cloned());
    }
    if told.is_update {
        add("updatedAt", Some(json!(told.updated.as_millis())));
        add("rawMessage", told.kept.raw_message.clone());
    }
    Value::Object(fields)
}

/// The same for the socket over which it came, and what it is told then: that the message is taken, and, where nobody is
/// there to answer it, that it may say more. Clients hold their input until they hear of an answer.
pub fn own(told: &Told) -> Vec<Emitted> {
    let KeptMessage { client_message_id, .. } = &told.kept;
    let mut own = broadcast(told);
    let mut acknowledged = json!({
        "messageId": told.id, "status": "received_by_server_and_processing", "channelId": told.channel,
        "roomId": told.channel,
    });
    for told in [&mut own, &mut acknowledged] {
        if let (Some(id), Some(fields)) = (client_message_id, told.as_object_mut()) {
            fields.insert("clientMessageId".to_owned(), json!(id));
        }
    }
    let mut events = vec![("messageBroadcast", own), ("messageAck", acknowledged)];
    if told.kept.unanswered {
        events.push(Place { channel: &told.channel, server: &told.server }.control(true));
    }
    events
}

impl Place<'_> {
    /// A piece of an answer that is being written, by the agent of an id: the `index`th, from 0.
    pub fn chunk(&self, delta: &Delta, index: u64, agent: &str) -> Option<Emitted> {
        let Delta::Grew { message_id, part: PartStart::Text, text, .. } = delta else { return None };
        let chunk = json!({
            "messageId": message_id, "chunk": text, "index": index, "agentId": agent, "channelId": self.channel,
        });
        Some(("messageStreamChunk", chunk))
    }

    /// An answer that will not come to its end.
    pub fn broken(&self, message: &str, agent: &str, error: Option<&Error>, partial: &str) -> Emitted {
        let error = error.map_or("the answer was broken off", |error| error.message.as_str());
        let fields = json!({
            "messageId": message, "channelId": self.channel, "agentId": agent, "error": error, "partialText": partial,
        });
        ("messageStreamError", fields)
    }

    /// A run has come to its end; `answer` is the id of what it answered.
    pub fn complete(&self, answer: Option<&str>) -> Emitted {
        let mut fields = json!({ "channelId": self.channel, "serverId": self.server });
        if let (Some(answer), Some(fields)) = (answer, fields.as_object_mut()) {
            fields.insert("messageId".to_owned(), json!(answer));
        }
        ("messageComplete", fields)
    }

    /// Whether people may write now, in a channel of one of them and one agent.
    pub fn control(&self, may_write: bool) -> Emitted {
        let action = if may_write { "enable_input" } else { "disable_input" };
        ("controlMessage", json!({ "action": action, "target": "input", "channelId": self.channel, "roomId": self.channel }))
    }

    /// A message was taken away.
    pub fn deleted(&self, message: &str) -> Emitted {
        ("messageDeleted", json!({ "messageId": message, "channelId": self.channel }))
    }

    /// Something happened to the whole channel.
    pub fn channel(&self, event: &'static str) -> Emitted {
        (event, json!({ "channelId": self.channel }))
    }

    /// The channel was changed; `channel` is how it is told now.
    pub fn updated(&self, channel: &Value) -> Emitted {
        ("channelUpdated", json!({ "channelId": self.channel, "updates": channel }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MessageId, Timestamp};

    fn told(kept: KeptMessage) -> Told {
        Told {
            id: "m".into(),
            channel: "c".into(),
            server: "s".into(),
            author: "u".into(),
            author_name: "Ann".into(),
            is_agent: false,
            text: "hello".into(),
            at: Timestamp::from_millis(7),
            updated: Timestamp::from_millis(9),
            is_update: false,
            kept,
        }
    }

    #[test]
    fn a_message_over_a_socket_is_told_without_what_its_client_keeps() {
        let told = told(KeptMessage {
            source_type: Some("socketio_client".into()),
            socket: Some("x".into()),
            client_message_id: Some("client-1".into()),
            raw_message: Some(json!({"thought": "none of theirs"})),
            attachments: Some(json!([{"id": "x"}])),
            ..KeptMessage::default()
        });
        let mut expected = json!({
            "id": "m", "senderId": "u", "senderName": "Ann", "text": "hello", "channelId": "c", "roomId": "c",
            "serverId": "s", "messageServerId": "s", "createdAt": 7, "source": "socketio_client",
            "attachments": [{"id": "x"}],
        });
        assert_eq!(broadcast(&told), expected);
        expected["clientMessageId"] = json!("client-1");
        let acknowledged = json!({
            "clientMessageId": "client-1", "messageId": "m", "status": "received_by_server_and_processing",
            "channelId": "c", "roomId": "c",
        });
        assert_eq!(own(&told), [("messageBroadcast", expected), ("messageAck", acknowledged)]);
        let unnamed = Told { author_name: "u".into(), ..told };
        assert_eq!(broadcast(&unnamed)["senderName"], "User");
    }

    #[test]
    fn what_an_agent_says_has_its_thought_and_its_actions() {
        let kept = KeptMessage {
            source_type: Some("agent_response".into()),
            raw_message: Some(json!({"text": "hi", "thought": "th", "actions": ["REPLY"]})),
            metadata: Some(json!({"attachments": [], "agentName": "Ada L."})),
            ..KeptMessage::default()
        };
        let told = Told { is_agent: true, ..told(kept) };
        let mut expected = json!({
            "id": "m", "senderId": "u", "senderName": "Ada L.", "text": "hello", "channelId": "c", "roomId": "c",
            "serverId": "s", "messageServerId": "s", "createdAt": 7, "source": "agent_response", "thought": "th",
            "actions": ["REPLY"],
        });
        assert_eq!(broadcast(&told), expected);
        expected["updatedAt"] = json!(9);
        expected["rawMessage"] = json!({"text": "hi", "thought": "th", "actions": ["REPLY"]});
        assert_eq!(broadcast(&Told { is_update: true, ..told }), expected);
    }

    #[test]
    fn only_text_is_told_as_it_grows() {
        let place = Place { channel: "c", server: "s" };
        let grew =
            |part| Delta::Grew { message_id: MessageId::from_text("m"), index: 0, part, offset: 0, text: "he".into() };
        let expected = json!({"messageId": "m", "chunk": "he", "index": 3, "agentId": "a", "channelId": "c"});
        assert_eq!(place.chunk(&grew(PartStart::Text), 3, "a"), Some(("messageStreamChunk", expected)));
        assert_eq!(place.chunk(&grew(PartStart::Reasoning), 3, "a"), None);
        assert_eq!(place.complete(None).1, json!({"channelId": "c", "serverId": "s"}));
    }
}

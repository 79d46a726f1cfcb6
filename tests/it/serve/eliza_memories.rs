//! Memories, rooms and groups of the API of ElizaOS: what agents are shown, how it is amended and forgotten, and that this
//! counts from their next run on.

use ombud::config::Wire;
use ombud::domain::{MessageId, Participant, Person, RunId, SessionId};
use ombud::engine::{Answering, Ask, Asked, Engine as _, NewSession, OnBusy, Target};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::support::house::{answer, question, somebody};
use crate::support::model_server::{Answer, ModelServer, Request};
use crate::support::server::{Client, Reply, Served, send};

const CHANNEL: &str = "d6ce57c4-818c-4502-aebe-77b5deb6380a";
const PERSON: &str = "1bbb20c1-eb33-4a13-8c50-28c46fccf9c1";
const GHOST: &str = "11111111-2222-4333-8444-555555555555";
const WORLD: &str = "c2c05812-25d4-4868-b238-5a1b9b70664e";
const SERVER: &str = "64244e99-f604-41cf-af8e-e66f296dc4a1";
const DEFAULT_SERVER: &str = "00000000-0000-0000-0000-000000000000";

/// The id that a text stands for, made of signs that stand for themselves, and colons.
fn id_of(text: &str) -> String {
    let digest = Sha1::digest(text.replace(':', "%3A").as_bytes());
    let mut bytes: Vec<u8> = digest[..16].to_vec();
    bytes[6] &= 0x0f;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Waits until another millisecond has begun: what happens in one is in no order of time.
async fn next_moment() {
    let clock = ombud::observe::SystemClock;
    let now = ombud::domain::Clock::now(&clock);
    while ombud::domain::Clock::now(&clock) == now {
        tokio::task::yield_now().await;
    }
}

/// A server whose only agent is `default`.
struct Bed {
    served: Served,
    model: ModelServer,
    agent: String,
}

impl Bed {
    async fn new(script: Vec<Answer>) -> Self {
        let model = ModelServer::start(Wire::Openai, script);
        let served = Served::start(&model).await;
        Self { served, model, agent: id_of("default") }
    }

    fn client(&self) -> &Client {
        &self.served.client
    }

    /// Makes a channel in which a person and the agent take part.
    async fn channel(&self) -> SessionId {
        next_moment().await;
        let new = NewSession {
            id: Some(SessionId::from_text(CHANNEL)),
            title: Some("Talk".into()),
            participants: vec![person(), Participant::agent("default")],
            ..NewSession::default()
        };
        self.served.house.create(&somebody(), new).await.unwrap().id
    }

    /// The person says something in the channel, and the agent answers.
    async fn say(&self, session: &SessionId, text: &str) -> (MessageId, RunId) {
        next_moment().await;
        let ask = Ask {
            target: Target::Existing(session.clone()),
            author: Some(person()),
            answering: Answering::Participants,
            on_busy: OnBusy::Queue,
            ..question(text)
        };
        let asked: Asked = self.served.house.ask(&somebody(), ask).await.unwrap();
        answer(&self.served.house, &asked).await;
        (asked.message.unwrap(), asked.run.unwrap())
    }

    async fn memories(&self, path: &str) -> Vec<Value> {
        let told = self.client().get(&format!("/api/{path}")).await.expect(200);
        assert_eq!(told["success"], true, "{told}");
        told["data"]["memories"].as_array().unwrap().clone()
    }

    async fn patch(&self, path: &str, body: &Value) -> Reply {
        send(self.client().request("PATCH", path).json(body)).await
    }
}

fn person() -> Participant {
    Participant::Person(Person { id: PERSON.into(), name: Some("Ann".into()) })
}

fn texts(memories: &[Value]) -> Vec<&str> {
    memories.iter().map(|memory| memory["content"]["text"].as_str().unwrap()).collect()
}

/// What the model was shown beside its instructions.
fn shown(request: &Request) -> String {
    let messages = request.body["messages"].as_array().unwrap();
    messages.iter().filter(|message| message["role"] != "system").map(Value::to_string).collect()
}

/// Status, code and message of what was refused.
fn refused(reply: &Reply) -> (u16, String, String) {
    let told = reply.json();
    assert_eq!(told["success"], false, "{told}");
    let text = |key: &str| told["error"][key].as_str().unwrap_or_default().to_owned();
    (reply.status, text("code"), text("message"))
}

fn told(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_amended_and_forgotten_counts_from_the_next_run_on() {
    let answers = ["teal", "yes", "no", "maybe", "never"].map(Answer::text);
    let bed = Bed::new(answers.into()).await;
    let session = bed.channel().await;
    let (message, _) = bed.say(&session, "which colour?").await;
    let agent = bed.agent.clone();
    let room = id_of(&format!("{CHANNEL}:{agent}"));
    let memories = bed.memories(&format!("agents/{agent}/memories")).await;
    let expected = json!([
        {
            "id": memories[0]["id"], "type": "messages", "createdAt": memories[0]["createdAt"],
            "content": {"text": "teal", "actions": ["REPLY"]},
            "entityId": agent, "agentId": agent, "roomId": room, "unique": true, "metadata": {},
        },
        {
            "id": id_of(&format!("{message}:{agent}")), "type": "messages", "createdAt": memories[1]["createdAt"],
            "content": {"text": "which colour?"},
            "entityId": id_of(&format!("{PERSON}:{agent}")), "agentId": agent, "roomId": room, "unique": true,
            "metadata": {
                "type": "message", "source": null, "sourceId": message.as_str(),
                "raw": {"senderName": "Ann", "senderId": PERSON},
            },
        },
    ]);
    assert_eq!(json!(memories), expected);
    assert!(memories[0]["createdAt"].as_i64() >= memories[1]["createdAt"].as_i64());
    for path in [
        format!("memory/{agent}/memories"),
        format!("agents/{agent}/memories?channelId={CHANNEL}&tableName=messages"),
        format!("agents/{agent}/memories?roomId={room}&includeEmbedding=true"),
        format!("memory/{agent}/rooms/{room}/memories"),
        format!("agents/{agent}/rooms/{room}/memories?limit=9&before={}", i64::MAX),
    ] {
        assert_eq!(json!(bed.memories(&path).await), expected, "{path}");
    }
    for (path, count) in [
        (format!("memory/{agent}/rooms/{room}/memories?limit=1"), 1),
        (format!("memory/{agent}/rooms/{room}/memories?before=1"), 0),
        (format!("memory/{agent}/rooms/{GHOST}/memories"), 0),
        (format!("agents/{agent}/memories?roomId={GHOST}"), 0),
        (format!("agents/{agent}/memories?channelId={GHOST}"), 0),
        (format!("agents/{agent}/memories?tableName=facts"), 0),
    ] {
        assert_eq!(bed.memories(&path).await.len(), count, "{path}");
    }

    // Amended: the answer is another one from now on, for this agent.
    let answer_id = memories[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/agents/{agent}/memories/{answer_id}");
    let changed = bed.patch(&path, &json!({"content": {"text": "crimson"}})).await.expect(200);
    let data = json!({"id": answer_id, "message": "Memory updated successfully"});
    assert_eq!(changed, json!({"success": true, "data": data}));
    assert_eq!(texts(&bed.memories(&format!("agents/{agent}/memories")).await), ["crimson", "which colour?"]);
    bed.say(&session, "are you sure?").await;

    // Forgotten: one message.
    let gone = bed.client().delete(&format!("/api/memory/{agent}/memories/{}", id_of(&format!("{message}:{agent}")))).await;
    let data = json!({"message": "Memory deleted successfully"});
    assert_eq!(gone.expect(200), json!({"success": true, "data": data}));
    bed.say(&session, "and now?").await;

    // Forgotten: the room.
    let gone = bed.client().delete(&format!("/api/agents/{agent}/memories/all/{room}")).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(bed.memories(&format!("agents/{agent}/memories")).await, Vec::<Value>::new());
    bed.say(&session, "anything left?").await;

    // Forgotten: everything.
    let gone = bed.client().delete(&format!("/api/agents/{agent}/memories")).await.expect(200);
    let data = json!({"deleted": 2, "message": "All agent memories cleared successfully"});
    assert_eq!(gone, json!({"success": true, "data": data}));
    bed.say(&session, "at all?").await;
    assert_eq!(texts(&bed.memories(&format!("agents/{agent}/memories")).await), ["never", "at all?"]);

    let requests = bed.model.requests();
    let told: Vec<Vec<&str>> = requests
        .iter()
        .map(|request| {
            let shown = shown(request);
            let all = [
                "which colour?",
                "teal",
                "crimson",
                "are you sure?",
                "yes",
                "and now?",
                "no\"",
                "anything left?",
                "maybe",
                "at all?",
            ];
            all.into_iter().filter(|text| shown.contains(text)).collect()
        })
        .collect();
    assert_eq!(
        told,
        [
            vec!["which colour?"],
            vec!["which colour?", "crimson", "are you sure?"],
            vec!["crimson", "are you sure?", "yes", "and now?"],
            vec!["anything left?"],
            vec!["at all?"],
        ]
    );
    // The channel itself says what it has always said.
    let page = bed.served.house.messages(&somebody(), &session, None, 100).await.unwrap();
    assert_eq!(page.messages.len(), 10);
    bed.served.leave().await;
    bed.model.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused() {
    let bed = Bed::new(vec![]).await;
    let agent = &bed.agent;
    let get = async |path: String| refused(&bed.client().get(&path).await);
    assert_eq!(get("/api/agents/x/memories".into()).await, told(400, "INVALID_ID", "Invalid agent ID format"));
    assert_eq!(get(format!("/api/memory/{GHOST}/memories")).await, told(404, "NOT_FOUND", "Agent not found"));
    let query = format!("/api/agents/{agent}/memories?roomId=x");
    assert_eq!(get(query).await, told(400, "INVALID_ID", "Invalid room ID format"));
    let query = format!("/api/agents/{agent}/memories?channelId=x");
    assert_eq!(get(query).await, told(400, "INVALID_ID", "Invalid channel ID format"));
    let path = format!("/api/memory/{agent}/rooms/x");
    assert_eq!(get(path.clone()).await, told(400, "INVALID_ID", "Invalid room ID format"));
    assert_eq!(get(format!("{path}/memories")).await, told(400, "INVALID_ID", "Invalid room ID format"));
    let path = format!("/api/memory/{agent}/rooms/{GHOST}");
    assert_eq!(get(path).await, told(404, "NOT_FOUND", "Room not found"));
    let reply = bed.client().delete(&format!("/api/agents/{agent}/memories/all/x")).await;
    assert_eq!(refused(&reply), told(400, "INVALID_ID", "Invalid room ID"));
    let reply = bed.patch(&format!("/api/agents/{agent}/memories/x"), &json!({})).await;
    assert_eq!(refused(&reply), told(400, "INVALID_ID", "Invalid memory ID format"));
    let edit = json!({"content": {"text": "edited"}});
    let reply = bed.patch(&format!("/api/agents/{agent}/memories/{GHOST}"), &edit).await;
    assert_eq!(refused(&reply), told(404, "NOT_FOUND", "Memory not found"));
    // What is not there is forgotten already.
    assert_eq!(bed.client().delete(&format!("/api/agents/{agent}/memories/{GHOST}")).await.status, 200);
    assert_eq!(bed.client().delete(&format!("/api/agents/{agent}/memories/all/{GHOST}")).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_tables_hold_what_was_sent() {
    let bed = Bed::new(vec![]).await;
    let agent = &bed.agent;
    let path = |id: &str| format!("/api/agents/{agent}/memories/{id}");
    let fact = json!({"type": "facts", "content": {"text": "Ann likes teal"}, "roomId": WORLD, "createdAt": 7});
    bed.patch(&path(GHOST), &fact).await.expect(200);
    bed.patch(&path(SERVER), &json!({"tableName": "documents", "content": {"text": "d"}, "createdAt": 9})).await.expect(200);
    let expected = json!({
        "id": GHOST, "type": "facts", "createdAt": 7, "content": {"text": "Ann likes teal"}, "entityId": agent,
        "agentId": agent, "roomId": WORLD, "unique": true, "metadata": {},
    });
    let facts = format!("agents/{agent}/memories?tableName=facts");
    assert_eq!(bed.memories(&facts).await, [expected]);
    assert_eq!(bed.memories(&format!("{facts}&roomId={WORLD}")).await.len(), 1);
    assert_eq!(bed.memories(&format!("{facts}&roomId={SERVER}")).await.len(), 0);
    assert_eq!(bed.memories(&format!("agents/{agent}/memories")).await.len(), 0, "they are no messages");
    // What is sent takes the place of what was there; whose it is does not change.
    let change = json!({"content": {"text": "Ann likes red"}, "agentId": GHOST, "id": SERVER, "metadata": {"sure": true}});
    bed.patch(&path(GHOST), &change).await.expect(200);
    let memories = bed.memories(&facts).await;
    let told = (&memories[0]["content"]["text"], &memories[0]["agentId"], &memories[0]["id"], &memories[0]["createdAt"]);
    assert_eq!(told, (&json!("Ann likes red"), &json!(agent), &json!(GHOST), &json!(7)));
    let gone = bed.client().delete(&format!("/api/agents/{agent}/memories/all/{WORLD}")).await;
    assert_eq!((gone.status, bed.memories(&facts).await.len()), (204, 0));
    let gone = bed.client().delete(&format!("/api/agents/{agent}/memories")).await.expect(200);
    assert_eq!(gone["data"]["deleted"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_are_those_of_channels_and_others() {
    let bed = Bed::new(vec![]).await;
    let agent = &bed.agent;
    let rooms = format!("/api/memory/{agent}/rooms");
    assert_eq!(bed.client().get(&rooms).await.expect(200), json!({"success": true, "data": {"rooms": []}}));
    let reply = bed.client().post(&rooms, &json!({})).await;
    assert_eq!(refused(&reply), told(400, "MISSING_PARAM", "Room name is required"));
    let reply = bed.client().post(&rooms, &json!({"name": "R", "worldId": "x"})).await;
    assert_eq!(refused(&reply), told(400, "INVALID_ID", "Invalid world ID format"));
    let sent = json!({"name": "R1", "type": "DM", "source": "test", "metadata": {"r": 1}});
    let made = bed.client().post(&rooms, &sent).await.expect(201)["data"].clone();
    let server = made["serverId"].as_str().unwrap();
    let expected = json!({
        "id": made["id"], "name": "R1", "agentId": agent, "createdAt": made["createdAt"], "source": "test", "type": "DM",
        "worldId": made["worldId"], "serverId": server, "metadata": {"r": 1},
    });
    assert_eq!(made, expected);
    assert_eq!(server, format!("server-{}", made["createdAt"]));
    bed.channel().await;
    let room = id_of(&format!("{CHANNEL}:{agent}"));
    let of_room = json!({
        "id": made["id"], "name": "R1", "channelId": made["id"], "agentId": agent, "serverId": server,
        "worldId": made["worldId"], "type": "DM", "source": "test", "metadata": {"r": 1},
    });
    let of_channel = json!({
        "id": room, "name": "Talk", "channelId": CHANNEL, "agentId": agent, "serverId": DEFAULT_SERVER,
        "worldId": id_of(&format!("{DEFAULT_SERVER}:{agent}")), "type": "DM", "source": "client", "metadata": null,
    });
    let listed = bed.client().get(&format!("/api/agents/{agent}/rooms")).await.expect(200);
    assert_eq!(listed["data"]["rooms"], json!([of_channel, of_room]));
    for (id, room, world) in
        [(made["id"].as_str().unwrap(), of_room, "World for R1"), (room.as_str(), of_channel, "Default Server")]
    {
        let mut expected = room;
        expected["worldName"] = json!(world);
        assert_eq!(bed.client().get(&format!("{rooms}/{id}")).await.expect(200)["data"], expected);
    }
    // A room is no channel of the server that is always there.
    let channels = bed.served.house.session(&somebody(), &SessionId::from_text(made["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(channels.summary.session.title.as_deref(), Some("R1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_a_room_for_each_agent() {
    let bed = Bed::new(vec![Answer::text("first"), Answer::text("second")]).await;
    let agent = &bed.agent;
    let path = format!("/api/memory/groups/{SERVER}");
    let reply = bed.client().post(&path, &json!({"agentIds": []})).await;
    assert_eq!(refused(&reply), told(400, "BAD_REQUEST", "agentIds must be a non-empty array"));
    let sent = json!({"name": "G", "worldId": WORLD, "source": "test", "agentIds": [agent]});
    let room = id_of(&format!("{SERVER}:{agent}"));
    let one = json!({"id": room, "name": "G", "source": "client", "worldId": WORLD, "type": "API"});
    assert_eq!(bed.client().post(&path, &sent).await.expect(201), json!({"success": true, "data": [one]}));
    let fault = |id: &str| {
        let details = format!("Agent not found: {id}");
        json!({"agentId": id, "code": "CREATE_ERROR", "message": "Failed to Create group", "details": details})
    };
    let mixed = json!({"name": "G", "worldId": WORLD, "source": "t", "agentIds": [agent, GHOST]});
    let expected = json!({"success": false, "data": [one], "errors": [fault(GHOST)]});
    assert_eq!(bed.client().post(&path, &mixed).await.expect(207), expected);
    let none = json!({"worldId": WORLD, "source": "t", "agentIds": [GHOST]});
    assert_eq!(bed.client().post(&path, &none).await.expect(500), json!({"success": false, "error": [fault(GHOST)]}));

    let (session, other) = (SessionId::from_text(&room), bed.channel().await);
    bed.say(&session, "hello").await;
    bed.say(&other, "hi").await;
    let all = format!("agents/{agent}/memories");
    assert_eq!(texts(&bed.memories(&all).await), ["second", "hi", "first", "hello"]);
    let cleared = bed.client().delete(&format!("/api/memory/groups/{WORLD}/memories")).await;
    assert_eq!((cleared.status, texts(&bed.memories(&all).await)), (204, vec!["second", "hi"]));
    let removed = bed.client().delete(&format!("/api/memory/groups/{WORLD}")).await;
    assert_eq!(removed.status, 204);
    let gone = bed.client().get(&format!("/api/memory/{agent}/rooms/{room}")).await;
    assert_eq!(refused(&gone), told(404, "NOT_FOUND", "Room not found"));
    // A world of channels: they stay, and the agent forgets.
    let world = id_of(&format!("{DEFAULT_SERVER}:{agent}"));
    let cleared = bed.client().delete(&format!("/api/memory/groups/{world}/memories")).await;
    assert_eq!((cleared.status, bed.memories(&all).await.len()), (204, 0));
    assert!(bed.served.house.session(&somebody(), &other).await.is_ok());
    let reply = bed.client().delete("/api/memory/groups/x").await;
    assert_eq!(refused(&reply), told(400, "INVALID_ID", "Invalid serverId (worldId) format"));
    bed.served.leave().await;
    bed.model.finish();
}

//! Sockets of the ElizaOS API: joining, saying, and hearing what happens in a channel.

mod keys;

use std::collections::BTreeSet;

use ombud::config::{Settings, Wire};
use ombud::domain::{AfterClearing, MessageId, Participant, Person, Principal, SessionId, SessionUpdated};
use ombud::engine::{Engine, NewSession};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::sockets::Polling;
use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Served};

const SERVER: &str = "00000000-0000-0000-0000-000000000000";
const ANN: &str = "d938359a-e435-487e-9b5a-804eb455836d";
const BEN: &str = "b24cf770-f6be-4e7c-a394-30d2382a5331";
const CHANNEL: &str = "fd6fae65-82f1-4d00-a73d-d04286049a75";
/// The agent of the tests' configuration, by the rule of this API.
const AGENT: &str = "default";
/// What a sender hears where nobody is there to answer.
const ALONE: [&str; 3] = ["messageBroadcast", "messageAck", "controlMessage"];

/// The id that a name stands for.
fn id_of(name: &str) -> String {
    use sha1::Digest as _;
    let mut bytes: Vec<u8> = sha1::Sha1::digest(name.as_bytes())[..16].to_vec();
    bytes[6] &= 0x0f;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    uuid::Uuid::from_slice(&bytes).unwrap().to_string()
}

fn person(id: &str, name: &str) -> Participant {
    Participant::Person(Person { id: id.into(), name: Some(name.into()) })
}

/// A channel with these people, and the agent where it is wanted.
async fn channel(served: &Served, people: &[(&str, &str)], with_agent: bool) -> SessionId {
    let mut participants: Vec<Participant> = people.iter().map(|(id, name)| person(id, name)).collect();
    participants.extend(with_agent.then(|| Participant::agent(AGENT)));
    let attributes = json!({"eliza": {"serverId": "", "type": "GROUP"}}).as_object().unwrap().clone();
    let id = Some(SessionId::from_text(CHANNEL));
    let title = Some("C1".into());
    let new = NewSession { id, title, participants, attributes, ..NewSession::default() };
    served.house.create(&somebody(), new).await.unwrap().id
}

/// A client that has said what it has to say about itself, and was greeted.
async fn connect(client: &Client, handshake: Value) -> Polling {
    let mut socket = Polling::open(client, "").await;
    socket.say(&format!("40{handshake}")).await;
    let packet = socket.packet().await;
    assert!(packet.starts_with("40{\"sid\":"), "{packet}");
    socket
}

/// One that has joined the channel.
async fn joined(client: &Client) -> Polling {
    let mut socket = connect(client, json!({})).await;
    socket.emit("1", json!({"channelId": CHANNEL})).await;
    assert_eq!(socket.event().await.0, "channel_joined");
    assert_eq!(socket.event().await.0, "room_joined");
    socket
}

fn saying(text: &str) -> Value {
    json!({"channelId": CHANNEL, "senderId": ANN, "senderName": "Ann", "message": text, "serverId": SERVER})
}

/// What a socket hears, by names, up to an event.
async fn until(socket: &mut Polling, last: &str) -> Vec<(String, Value)> {
    let mut heard = Vec::new();
    loop {
        let event = socket.event().await;
        let ends = event.0 == last;
        heard.push(event);
        if ends {
            return heard;
        }
    }
}

fn names(heard: &[(String, Value)]) -> Vec<&str> {
    let mut names: Vec<&str> = heard.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup_by(|next, last| next == last && *next == "messageStreamChunk");
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_is_greeted_and_who_says_who_they_are_is_told_so() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    for (handshake, known) in
        [("40", false), (r#"40{"entityId":"x"}"#, false), (&format!(r#"40{{"entityId":"{ANN}"}}"#), true)]
    {
        let mut socket = Polling::open(&served.client, "").await;
        socket.say(handshake).await;
        let packet = socket.packet().await;
        let connected: Value = serde_json::from_str(packet.strip_prefix("40").unwrap()).unwrap();
        if known {
            let (name, told) = socket.event().await;
            assert_eq!((name.as_str(), &told["entityId"]), ("authenticated", &json!(ANN)));
            assert!(told["timestamp"].is_i64(), "{told}");
        }
        let greeting = json!({"message": "Connected to Eliza Socket.IO server", "socketId": connected["sid"]});
        assert_eq!(socket.greeting().await, greeting);
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_is_told_who_is_there() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    channel(&served, &[(ANN, "Ann")], true).await;
    let mut socket = connect(&served.client, json!({})).await;
    for wrong in [r#"42["1"]"#, r#"42["1",null]"#, r#"42["1",{}]"#, r#"42["message",{"type":1,"payload":{"channelId":""}}]"#]
    {
        socket.say(wrong).await;
        let error = json!({"error": "channelId is required for joining."});
        assert_eq!(socket.event().await, ("messageError".to_owned(), error), "{wrong}");
    }
    socket.say(r#"42["1",{"channelId":"../etc"}]"#).await;
    assert_eq!(socket.event().await.0, "messageError");
    // What has another form is passed over.
    for odd in [r#"42["message","text"]"#, r#"42["message",{"type":99,"payload":{}}]"#, r#"42["message",{"type":1}]"#] {
        socket.say(odd).await;
    }
    let agent = id_of(AGENT);
    socket.emit("1", json!({"channelId": CHANNEL, "agentId": agent, "entityId": ANN})).await;
    for name in ["channel_joined", "room_joined"] {
        let (told, mut fields) = socket.event().await;
        let message = fields.as_object_mut().unwrap().remove("message").unwrap();
        assert!(message.as_str().unwrap().ends_with(&format!("successfully joined channel {CHANNEL}.")), "{message}");
        let expected = json!({"channelId": CHANNEL, "roomId": CHANNEL, "agentId": agent, "participantIds": [ANN, agent]});
        assert_eq!((told.as_str(), fields), (name, expected));
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_the_same_and_the_sender_that_it_is_taken() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["Good ", "day."])]);
    let served = Served::start(&model).await;
    channel(&served, &[(ANN, "Ann"), (BEN, "Ben")], true).await;
    let (mut ann, mut ben) = (joined(&served.client).await, connect(&served.client, json!({})).await);
    ben.emit("message", json!({"type": 1, "payload": {"roomId": CHANNEL}})).await;
    ben.event().await;
    ben.event().await;
    let mut said = saying("hello");
    said["messageId"] = json!("client-1");
    said["source"] = json!("test_client");
    said["attachments"] = json!([{"id": "x", "url": "/media/x.png"}]);
    ann.emit("2", said).await;
    let heard = until(&mut ann, "messageComplete").await;
    let order = ["messageBroadcast", "messageAck", "messageStreamChunk", "messageBroadcast", "messageComplete"];
    assert_eq!(names(&heard), order);
    let (own, ack) = (&heard[0].1, &heard[1].1);
    assert_eq!(ack["messageId"], own["id"]);
    for (field, value) in [
        ("clientMessageId", json!("client-1")),
        ("senderId", json!(ANN)),
        ("senderName", json!("Ann")),
        ("text", json!("hello")),
        ("channelId", json!(CHANNEL)),
        ("roomId", json!(CHANNEL)),
        ("serverId", json!(SERVER)),
        ("source", json!("test_client")),
        ("attachments", json!([{"id": "x", "url": "/media/x.png"}])),
    ] {
        assert_eq!(own[field], value, "{field}");
    }
    let expected = json!({
        "clientMessageId": "client-1", "messageId": own["id"], "status": "received_by_server_and_processing",
        "channelId": CHANNEL, "roomId": CHANNEL,
    });
    assert_eq!(ack, &expected);
    // The pieces are those of the answer, under its id.
    let (chunks, last): (Vec<&(String, Value)>, _) =
        (heard.iter().filter(|(name, _)| name == "messageStreamChunk").collect(), &heard[heard.len() - 2].1);
    let text: String = chunks.iter().map(|(_, chunk)| chunk["chunk"].as_str().unwrap()).collect();
    assert_eq!((text.as_str(), last["text"].as_str()), ("Good day.", Some("Good day.")));
    for (index, (_, chunk)) in chunks.iter().enumerate() {
        let of = [&chunk["messageId"], &chunk["index"], &chunk["agentId"], &chunk["channelId"]];
        assert_eq!(of, [&last["id"], &json!(index), &json!(id_of(AGENT)), &json!(CHANNEL)]);
    }
    assert_eq!((&last["senderId"], &last["senderName"]), (&json!(id_of(AGENT)), &json!(AGENT)));
    assert_eq!((&last["source"], &last["actions"]), (&json!("agent_response"), &json!(["REPLY"])));
    assert!(last["thought"].is_string());
    let complete = json!({"channelId": CHANNEL, "serverId": SERVER, "messageId": last["id"]});
    assert_eq!(heard[heard.len() - 1].1, complete);
    // The other hears the same, but for what is the sender's alone.
    let mut other = until(&mut ben, "messageComplete").await;
    let mut own: Vec<(String, Value)> = heard.into_iter().filter(|(name, _)| name != "messageAck").collect();
    own[0].1.as_object_mut().unwrap().remove("clientMessageId");
    // What came with it is there for whoever comes later, too.
    let listed = served.client.get(&format!("/api/messaging/central-channels/{CHANNEL}/messages")).await.expect(200);
    let said = &listed["data"]["messages"][1];
    assert_eq!((&said["content"], &said["metadata"]["attachments"][0]["url"]), (&json!("hello"), &json!("/media/x.png")));
    // Pieces may be cut otherwise for each.
    for heard in [&mut own, &mut other] {
        heard.retain(|(name, _)| name != "messageStreamChunk");
    }
    assert_eq!(other, own);
    // Who reads it later finds the name and what came with it among what its makers say.
    let listed = served.client.get(&format!("/api/messaging/central-channels/{CHANNEL}/messages")).await.expect(200);
    let first = listed["data"]["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(first["metadata"], json!({"attachments": [{"id": "x", "url": "/media/x.png"}], "user_display_name": "Ann"}));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_two_the_input_is_held_while_the_agent_answers() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("Hi."), Answer::status(400, "no")]);
    let served = Served::start(&model).await;
    channel(&served, &[(ANN, "Ann")], true).await;
    let mut ann = joined(&served.client).await;
    ann.emit("2", saying("hello")).await;
    let heard = until(&mut ann, "messageComplete").await;
    let last = ann.event().await;
    let controls: Vec<&Value> =
        heard.iter().chain([&last]).filter(|(name, _)| name == "controlMessage").map(|(_, control)| control).collect();
    let control = |action: &str| json!({"action": action, "target": "input", "channelId": CHANNEL, "roomId": CHANNEL});
    assert_eq!(controls, [&control("disable_input"), &control("enable_input")]);
    // What fails is told as such, and completes all the same.
    ann.emit("2", saying("again")).await;
    let heard = until(&mut ann, "messageComplete").await;
    let (name, failed) = &heard[heard.len() - 2];
    assert_eq!((name.as_str(), &failed["agentId"]), ("messageStreamError", &json!(id_of(AGENT))), "{heard:?}");
    assert!(failed["error"].as_str().is_some_and(|error| !error.is_empty()));
    assert_eq!(heard[heard.len() - 1].1, json!({"channelId": CHANNEL, "serverId": SERVER}));
    served.leave().await;
}

/// Web interfaces hold their input from the moment that something is sent, until an agent answers: where none can, the
/// sender alone is told to go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_agent_works_the_sender_is_told_to_go_on() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let made = json!({"characterJson": {"name": "Idle", "bio": "Never started.", "system": "You are Idle."}});
    let made = served.client.post("/api/agents", &made).await.expect(201);
    let idle = made["data"]["id"].as_str().unwrap();
    let new = json!({"name": "quiet", "server_id": SERVER, "participantCentralUserIds": [idle]});
    let new = served.client.post("/api/messaging/central-channels", &new).await.expect(201);
    let channel = new["data"]["id"].as_str().unwrap();
    let (mut ann, mut ben) = (connect(&served.client, json!({})).await, connect(&served.client, json!({})).await);
    for socket in [&mut ann, &mut ben] {
        socket.emit("1", json!({"channelId": channel})).await;
        socket.event().await;
        socket.event().await;
    }
    let mut said = saying("Anybody there?");
    said["channelId"] = json!(channel);
    ann.emit("2", said.clone()).await;
    let heard = until(&mut ann, "controlMessage").await;
    assert_eq!(names(&heard), ALONE);
    let control = json!({"action": "enable_input", "target": "input", "channelId": channel, "roomId": channel});
    assert_eq!(heard[2].1, control);
    // The other hears what was said, twice, and nothing between.
    ann.emit("2", said).await;
    until(&mut ann, "controlMessage").await;
    for _ in 0..2 {
        assert_eq!(ben.event().await.0, "messageBroadcast");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_comes_later_is_heard_from_its_first_message() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let (mut ann, mut ben) = (joined(&served.client).await, joined(&served.client).await);
    ann.emit("2", saying("first")).await;
    assert_eq!(names(&until(&mut ann, "controlMessage").await), ALONE);
    let (name, heard) = ben.event().await;
    assert_eq!((name.as_str(), &heard["text"]), ("messageBroadcast", &json!("first")));
    // It is gone, and comes again.
    let session = SessionId::from_text(CHANNEL);
    served.house.delete(&somebody(), &session).await.unwrap();
    for socket in [&mut ann, &mut ben] {
        assert_eq!(socket.event().await, ("channelDeleted".to_owned(), json!({"channelId": CHANNEL})));
    }
    ben.emit("2", saying("second")).await;
    assert_eq!(names(&until(&mut ben, "controlMessage").await), ALONE);
    assert_eq!(ann.event().await.1["text"], "second");
    // Who has not joined hears what it said itself, and nothing else.
    let mut guest = connect(&served.client, json!({})).await;
    guest.emit("2", saying("third")).await;
    assert_eq!(names(&until(&mut guest, "controlMessage").await), ALONE);
    for wrong in [json!({"message": ""}), json!({"senderId": "me"}), json!({"serverId": null}), json!({"channelId": "x"})] {
        let mut said = saying("m");
        said.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        guest.emit("2", said).await;
        let text = "For SEND_MESSAGE: channelId, serverId (server_id), senderId (author_id), and message are required.";
        assert_eq!(guest.event().await, ("messageError".to_owned(), json!({ "error": text })));
    }
    let (mut said, nowhere) = (saying("m"), "11111111-2222-4333-8444-555555555555");
    said["serverId"] = json!(nowhere);
    said["channelId"] = json!(BEN);
    guest.emit("2", said).await;
    let error = json!({"error": format!("Server {nowhere} does not exist")});
    assert_eq!(guest.event().await, ("messageError".to_owned(), error));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_and_taken_away_is_told() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let session = channel(&served, &[(ANN, "Ann")], false).await;
    let mut ann = joined(&served.client).await;
    ann.emit("2", saying("one")).await;
    let heard = until(&mut ann, "controlMessage").await;
    let id = heard[1].1["messageId"].as_str().unwrap().to_owned();
    let change = SessionUpdated { title: Some(Some("C2".into())), ..SessionUpdated::default() };
    served.house.update(&somebody(), &session, change).await.unwrap();
    let (name, told) = ann.event().await;
    assert_eq!((name.as_str(), &told["channelId"]), ("channelUpdated", &json!(CHANNEL)));
    assert_eq!((&told["updates"]["name"], &told["updates"]["type"]), (&json!("C2"), &json!("GROUP")));
    served.house.channels().redact(&somebody(), &session, &MessageId::from_text(&id)).await.unwrap();
    assert_eq!(ann.event().await, ("messageDeleted".to_owned(), json!({"messageId": id, "channelId": CHANNEL})));
    served.house.clear(&somebody(), &session, AfterClearing::Active).await.unwrap();
    assert_eq!(ann.event().await, ("channelCleared".to_owned(), json!({"channelId": CHANNEL})));
    // Another door goes back: what counts for nothing any more is taken away, once.
    let mut ids = Vec::new();
    for text in ["two", "three", "four"] {
        ann.emit("2", saying(text)).await;
        let heard = until(&mut ann, "controlMessage").await;
        assert_eq!(names(&heard), ALONE);
        ids.push(MessageId::from_text(heard[1].1["messageId"].as_str().unwrap()));
    }
    for (back_to, gone) in [(1, 2), (0, 1)] {
        served.house.rewind(&somebody(), &session, Some(&ids[back_to])).await.unwrap();
        let deleted = json!({"messageId": ids[gone], "channelId": CHANNEL});
        assert_eq!(ann.event().await, ("messageDeleted".to_owned(), deleted));
    }
    served.house.rewind(&somebody(), &session, None).await.unwrap();
    assert_eq!(ann.event().await, ("channelCleared".to_owned(), json!({"channelId": CHANNEL})));
    served.leave().await;
}

/// Many say something at once, over sockets of their own: all hear all of it, once, in one order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_senders_at_once_are_heard_in_one_order() {
    const CLIENTS: usize = 6;
    const EACH: usize = 10;
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let session = channel(&served, &[(ANN, "Ann")], false).await;
    let mut sockets = Vec::new();
    for _ in 0..CLIENTS {
        sockets.push(joined(&served.client).await);
    }
    let mut tasks = Vec::new();
    for (number, mut socket) in sockets.into_iter().enumerate() {
        tasks.push(tokio::spawn(async move {
            for message in 0..EACH {
                socket.emit("2", saying(&format!("{number}-{message}"))).await;
            }
            let mut heard = Vec::new();
            let mut taken = 0;
            while heard.len() < CLIENTS * EACH || taken < EACH {
                match socket.event().await {
                    (name, _) if name == "messageAck" => taken += 1,
                    (name, _) if name == "controlMessage" => {}
                    (name, told) => {
                        assert_eq!(name, "messageBroadcast");
                        heard.push(told["text"].as_str().unwrap().to_owned());
                    }
                }
            }
            heard
        }));
    }
    let mut orders = Vec::new();
    for task in tasks {
        orders.push(task.await.unwrap());
    }
    assert_eq!(orders[0].iter().collect::<BTreeSet<_>>().len(), CLIENTS * EACH);
    assert!(orders.iter().all(|order| *order == orders[0]), "{orders:?}");
    let page = served.house.messages(&somebody(), &session, None, CLIENTS * EACH).await.unwrap();
    let kept: Vec<String> = page.messages.iter().map(|shown| shown.message.text()).collect();
    assert_eq!(kept, orders[0], "the log agrees");
    for number in 0..CLIENTS {
        let own: Vec<&String> = kept.iter().filter(|text| text.starts_with(&format!("{number}-"))).collect();
        let said: Vec<String> = (0..EACH).map(|message| format!("{number}-{message}")).collect();
        assert_eq!(own, said.iter().collect::<Vec<_>>(), "what one says stays in its order");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_are_told_to_who_asks_for_them() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let mut socket = connect(&served.client, json!({})).await;
    let answers = async |socket: &mut Polling, event: &str, payload: Value, name: &str| {
        socket.emit(event, payload).await;
        loop {
            let heard = socket.event().await;
            if heard.0 != "log_stream" {
                assert_eq!(heard.0, name);
                return heard.1;
            }
        }
    };
    let filtered = |answer| ("update_log_filters", answer);
    let (event, none) = filtered(json!({"success": false, "error": "Not subscribed to log stream"}));
    assert_eq!(answers(&mut socket, event, json!({"level": "info"}), "log_filters_updated").await, none);
    let confirmed = "log_subscription_confirmed";
    assert_eq!(answers(&mut socket, "subscribe_logs", json!(null), confirmed).await["subscribed"], true);
    let first = json!({"success": true, "filters": {"level": "error"}});
    assert_eq!(answers(&mut socket, event, json!({"level": "error"}), "log_filters_updated").await, first);
    let merged = json!({"success": true, "filters": {"level": "error", "agentName": "nobody"}});
    assert_eq!(answers(&mut socket, event, json!({"agentName": "nobody"}), "log_filters_updated").await, merged);
    assert_eq!(answers(&mut socket, "unsubscribe_logs", json!(null), confirmed).await["subscribed"], false);
    assert_eq!(answers(&mut socket, event, json!({}), "log_filters_updated").await, none);
    served.leave().await;
}

/// Clients that are given the address of this API below its name use a namespace of that name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_speaks_this_api_alone() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let mut socket = Polling::open(&served.client, "").await;
    socket.say("40/eliza,").await;
    assert!(socket.packet().await.starts_with("40/eliza,{\"sid\":"));
    assert!(socket.packet().await.starts_with("42/eliza,[\"connection_established\","));
    socket.say(r#"42/eliza,["join-session",{"sessionId":"x"}]"#).await;
    socket.say(&format!("42/eliza,{}", json!(["1", {"channelId": CHANNEL}]))).await;
    assert!(socket.packet().await.starts_with("42/eliza,[\"channel_joined\","));
    served.leave().await;
}

//! Two people and two agents in one channel, all at once, with a server that stays and with one that dies in the middle:
//! everybody sees the same order, every message once, and each is answered as the rules say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use futures_util::StreamExt as _;
use ombud::config::Wire;
use ombud::domain::{Fact, Frame, MessageId, SessionId};
use ombud::engine::Engine as _;
use ombud::remote::Remote;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::super::sockets::Polling;
use super::{ZERO, id_of, person, said, says};
use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::process::Place;
use crate::support::server::{Client, Serving, within};
use tokio::sync::oneshot;

/// Messages that are on their way at once, of each person.
const AT_ONCE: usize = 4;

/// Messages that a socket sends before they are taken: of more than 64 the rest is dropped.
const ON_THEIR_WAY: usize = 32;

/// What is said when nothing else is to come.
const LAST: &str = "that is all";

/// How many messages each person sends: the long test sends more.
#[allow(clippy::disallowed_methods, reason = "the long test says how many")]
fn count() -> usize {
    std::env::var("LONG_CROWD").ok().and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// Says all that was not said yet; what came of each. A server that dies is noticed by some.
async fn talk(client: &Client, channel: &str, all: &[(String, String)]) -> Vec<bool> {
    let sent = all.iter().map(|(author, text)| async move {
        let body = json!({ "author_id": author, "content": text, "server_id": ZERO });
        let path = format!("/api/messaging/central-channels/{channel}/messages");
        let reply = client.request("POST", &path).json(&body).send().await;
        reply.is_ok_and(|reply| reply.status() == 201)
    });
    futures_util::stream::iter(sent).buffered(2 * AT_ONCE).collect().await
}

/// Waits until each of these messages was answered so often.
async fn answered(client: &Client, channel: &str, messages: &BTreeSet<String>, times: usize) {
    let remote = Remote::new(client.base(), None).unwrap();
    let mut frames = remote.subscribe(&somebody(), &SessionId::from_text(channel), None).await.unwrap();
    let (mut inputs, mut ends): (BTreeMap<String, MessageId>, BTreeMap<String, usize>) = (BTreeMap::new(), BTreeMap::new());
    while messages.iter().any(|message| ends.get(message).copied().unwrap_or_default() < times) {
        let frame = within(&format!("all are answered, and not only {}", ends.len()), frames.next()).await;
        let Frame::Fact(event) = frame.unwrap().unwrap() else { continue };
        let Some(run) = event.run.as_ref().map(ToString::to_string) else { continue };
        match &event.fact {
            Fact::RunQueued(queued) => drop(inputs.insert(run, queued.input.clone().unwrap())),
            Fact::RunFinished(_) => *ends.entry(inputs[&run].to_string()).or_default() += 1,
            _ => {}
        }
    }
}

/// A client of the sockets that has joined the channel.
async fn joined(client: &Client, channel: &str) -> Polling {
    let mut socket = Polling::connect(client).await;
    socket.emit("1", json!({ "channelId": channel })).await;
    for name in ["channel_joined", "room_joined"] {
        assert_eq!(socket.event().await.0, name);
    }
    socket
}

/// The next message that a socket hears whose text is not this one, by its id; the texts of those that were taken are noted.
async fn heard(socket: &mut Polling, last: &str, taken: &mut usize) -> Option<String> {
    loop {
        let (name, told) = socket.event().await;
        match name.as_str() {
            "messageAck" => *taken += 1,
            "messageBroadcast" if told["text"] == last => return None,
            "messageBroadcast" => return Some(told["id"].as_str().unwrap().to_owned()),
            _ => assert!(name.starts_with("message") || name == "controlMessage", "{name}: {told}"),
        }
    }
}

/// All that was said in the channel, newest first, by pages of so many.
async fn paged(client: &Client, channel: &str, limit: usize) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    let mut query = format!("?limit={limit}");
    loop {
        let page = said(client, channel, &query).await;
        let Some(last) = page.last() else { return all };
        query = format!("?limit={limit}&before={}", last["id"].as_str().unwrap());
        all.extend(page);
    }
}

/// All that was said in the channel, newest first.
async fn everything(client: &Client, channel: &str) -> Vec<Value> {
    paged(client, channel, 1_000).await
}

fn texts(all: &[Value]) -> BTreeSet<String> {
    all.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_hears_one_order_and_everything_is_answered() {
    crowd(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_comes_twice_when_the_server_dies() {
    crowd(true).await;
}

async fn crowd(dies: bool) {
    let model = ModelServer::start(Wire::Openai, vec![Answer::pieces(&["No", "ted."]).always()]);
    let place = Place::new("sqlite").asking(&model);
    for name in ["ada", "bob"] {
        let path = place.work().join(format!("{name}.toml"));
        fs::write(&path, format!("instructions = \"You are {name}.\"\n")).unwrap();
        place.good(&["agents", "add", path.to_str().unwrap()]);
    }
    let (ada, bob, anna, ben) = (id_of("ada"), id_of("bob"), person(1), person(2));
    let serving = Serving::start(&place, &[]);
    let body = json!({
        "name": "Crowd", "server_id": ZERO, "participantCentralUserIds": [anna, ben, ada, bob]
    });
    let made = serving.client.post("/api/messaging/central-channels", &body).await.expect(201);
    let channel = made["data"]["id"].as_str().unwrap().to_owned();
    let all: Vec<(String, String)> =
        (0..count()).flat_map(|at| [(anna.clone(), format!("anna {at}")), (ben.clone(), format!("ben {at}"))]).collect();
    let mut expected: Vec<String> = all.iter().map(|(_, text)| text.clone()).collect();
    let mut missing = all.clone();
    let mut serving = serving;
    if dies {
        let (before, after) = all.split_at(all.len() / 2);
        assert!(talk(&serving.client, &channel, before).await.iter().all(|taken| *taken));
        // More is said while it dies: some of that was taken, whether anybody was told or not.
        let (client, amid) = (serving.client.clone(), after[..after.len() / 2].to_vec());
        let (told, ()) = tokio::join!(talk(&client, &channel, &amid), async {
            says(&serving.client, &channel, &anna, "the end is near").await.expect(201);
            serving.process.signal(Signal::KILL);
        });
        expected.push("the end is near".to_owned());
        drop(serving);
        serving = Serving::start(&place, &[]);
        let there = texts(&everything(&serving.client, &channel).await);
        for ((_, text), taken) in amid.iter().zip(&told) {
            assert!(!taken || there.contains(text), "`{text}` was taken, and is gone");
        }
        missing = after.iter().filter(|(_, text)| !there.contains(text)).cloned().collect();
    }
    let client = &serving.client;
    // The rest: one of the two goes on over REST, the other over a socket; both listen.
    let (by_rest, by_socket): (Vec<_>, Vec<_>) = missing.into_iter().partition(|(author, _)| *author == anna);
    let listen = |says: Vec<(String, String)>, all_taken: oneshot::Sender<()>| {
        let (client, channel) = (client.clone(), channel.clone());
        async move {
            let mut socket = joined(&client, &channel).await;
            let (mut ids, mut taken, mut all_taken) = (Vec::new(), 0, Some(all_taken));
            for (at, (author, text)) in says.iter().enumerate() {
                while at >= taken + ON_THEIR_WAY {
                    ids.extend(heard(&mut socket, LAST, &mut taken).await);
                }
                let message = json!({
                    "channelId": channel, "senderId": author, "message": text, "serverId": ZERO, "messageId": format!("c{at}")
                });
                socket.emit("2", message).await;
            }
            loop {
                if taken == says.len()
                    && let Some(told) = all_taken.take()
                {
                    let _ = told.send(());
                }
                match heard(&mut socket, LAST, &mut taken).await {
                    Some(id) => ids.push(id),
                    None => return ids,
                }
            }
        }
    };
    let ((anna_hears, anna_said), (ben_hears, ben_said)) = (oneshot::channel(), oneshot::channel());
    let listeners = [tokio::spawn(listen(Vec::new(), anna_hears)), tokio::spawn(listen(by_socket.clone(), ben_hears))];
    drop(anna_said);
    assert!(talk(client, &channel, &by_rest).await.iter().all(|taken| *taken));
    if !by_socket.is_empty() {
        ben_said.await.unwrap();
    }

    let by_people = |all: &[Value]| -> Vec<Value> {
        all.iter()
            .filter(|message| message["authorId"] == json!(anna) || message["authorId"] == json!(ben))
            .cloned()
            .collect()
    };
    let asked = by_people(&everything(client, &channel).await);
    let ids: BTreeSet<String> = asked.iter().map(|message| message["id"].as_str().unwrap().to_owned()).collect();
    answered(client, &channel, &ids, 2).await;

    // Every message once.
    let list = everything(client, &channel).await;
    let all_ids: BTreeSet<&str> = list.iter().map(|message| message["id"].as_str().unwrap()).collect();
    assert_eq!(all_ids.len(), list.len());
    expected.sort();
    let mut heard: Vec<String> = asked.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect();
    heard.sort();
    assert_eq!(heard, expected);
    // Each was answered by both agents, once.
    let mut answers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for message in list.iter().filter(|message| message["sourceType"] == "agent_response") {
        assert_eq!(message["content"], "Noted.");
        let input = message["inReplyToRootMessageId"].as_str().unwrap();
        answers.entry(input).or_default().push(message["authorId"].as_str().unwrap());
    }
    for id in &ids {
        let mut by = answers.remove(id.as_str()).unwrap_or_default();
        by.sort_unstable();
        let mut both = [ada.as_str(), bob.as_str()];
        both.sort_unstable();
        assert_eq!(by, both, "{id}");
    }
    assert!(answers.is_empty(), "{answers:?}");
    // Whoever looks, in whatever way, sees the same order; and so does the log.
    assert_eq!(paged(client, &channel, 7.max(count())).await, list);
    says(client, &channel, &anna, LAST).await.expect(201);
    for listener in listeners {
        let ids = listener.await.unwrap();
        let in_order: Vec<&str> = list.iter().rev().map(|message| message["id"].as_str().unwrap()).collect();
        assert!(!ids.is_empty() && in_order.ends_with(&ids.iter().map(String::as_str).collect::<Vec<_>>()), "{ids:?}");
    }
    let last = everything(client, &channel).await;
    let last = last.iter().find(|message| message["content"] == LAST).unwrap()["id"].as_str().unwrap().to_owned();
    answered(client, &channel, &BTreeSet::from([last]), 2).await;
    let list = everything(client, &channel).await;
    assert_eq!(serving.end().code, Some(0));
    let events = place.events(&channel);
    let in_log = events.iter().filter_map(|event| match event["type"].as_str()? {
        "message.posted" => event["message"]["id"].as_str(),
        "message.completed" => event["message_id"].as_str(),
        _ => None,
    });
    let mut in_log: Vec<&str> = in_log.collect();
    in_log.reverse();
    assert_eq!(in_log, list.iter().map(|message| message["id"].as_str().unwrap()).collect::<Vec<_>>());
    assert_eq!(place.status(&channel), "idle");
}

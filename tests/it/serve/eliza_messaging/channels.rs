//! Servers and channels, and who takes part.

use ombud::domain::Participant;
use ombud::engine::{Engine as _, NewSession};
use serde_json::{Value, json};

use super::{Bed, GHOST, ZERO, fields, id_of, keys, person, refusal, request};
use crate::support::house::somebody;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_are_on_servers() {
    let bed = Bed::new(vec![("ada", vec![]), ("bob", vec![])]).await;
    let (client, ada, bob, default) = (&bed.client, id_of("ada"), id_of("bob"), id_of("default"));
    let listed = client.get("/api/messaging/central-servers").await.expect(200);
    let always = &listed["data"]["servers"][0];
    assert_eq!((&always["id"], &always["name"]), (&json!(ZERO), &json!("Default Server")));
    assert_eq!(keys(always), ["createdAt", "id", "name", "sourceType", "updatedAt"].into());
    let newer = client.get("/api/messaging/message-servers").await.expect(200);
    assert_eq!(newer["data"]["messageServers"], listed["data"]["servers"], "the same, also when it was made");
    let body = json!({"name": "S", "sourceType": "test", "sourceId": "src", "metadata": {"a": 1}});
    let made = client.post("/api/messaging/servers", &body).await.expect(201)["data"]["server"].clone();
    assert_eq!(
        fields(std::slice::from_ref(&made), &["name", "sourceType", "sourceId", "metadata"]),
        [[json!("S"), json!("test"), json!("src"), json!({"a": 1})]]
    );
    let refused = client.post("/api/messaging/message-servers", &json!({"name": "S"})).await;
    assert_eq!(refusal(&refused).2, "Missing required fields: name, sourceType");
    let server = made["id"].as_str().unwrap();
    let path = format!("/api/messaging/servers/{server}/agents");
    let added = client.post(&path, &json!({"agentId": ada})).await.expect(201);
    assert_eq!(added["data"]["message"], json!("Agent added to server successfully"));
    let there = async |server: &str, kind: &str| {
        client.get(&format!("/api/messaging/{kind}/{server}/agents")).await.expect(200)["data"]["agents"].clone()
    };
    assert_eq!(there(server, "servers").await, json!([ada]));
    // All that take work are on the one that is always there, unless they were taken from it.
    assert_eq!(there(ZERO, "message-servers").await, json!([ada, bob, default]));
    client.delete(&format!("/api/messaging/servers/{ZERO}/agents/{ada}")).await.expect(200);
    assert_eq!(there(ZERO, "servers").await, json!([bob, default]));
    let of = async |name: &str| client.get(&format!("/api/messaging/agents/{ada}/{name}")).await.expect(200)["data"].clone();
    assert_eq!(of("servers").await, json!({"agentId": ada, "servers": [server]}));
    client.post(&format!("/api/messaging/message-servers/{ZERO}/agents"), &json!({"agentId": ada})).await.expect(201);
    assert_eq!(of("message-servers").await, json!({"agentId": ada, "messageServers": [ZERO, server]}));
    for (server, agent, expected) in [
        (server, GHOST, (404, "AGENT_NOT_FOUND")),
        ("x", ada.as_str(), (400, "INVALID_ID")),
        (ZERO, "x", (400, "INVALID_ID")),
        (GHOST, &ada, (404, "SERVER_NOT_FOUND")),
    ] {
        let refused = client.post(&format!("/api/messaging/servers/{server}/agents"), &json!({"agentId": agent})).await;
        let (status, code, _) = refusal(&refused);
        assert_eq!((status, code.as_str()), expected);
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_are_made_in_two_forms() {
    let bed = Bed::new(vec![("ada", vec![])]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    let group = json!({
        "name": "C1", "message_server_id": ZERO, "participantCentralUserIds": [anna, ada, anna], "metadata": {"m": 1}
    });
    for path in ["/api/messaging/central-channels", "/api/messaging/channels"] {
        let made = client.post(path, &group).await.expect(201)["data"].clone();
        assert_eq!(keys(&made), ["createdAt", "id", "messageServerId", "metadata", "name", "type", "updatedAt"].into());
        assert_eq!(
            fields(&[made], &["name", "type", "messageServerId", "metadata"]),
            [[json!("C1"), json!("GROUP"), json!(ZERO), json!({"m": 1})]]
        );
    }
    // The newer client names nobody who takes part, and expects the channel itself.
    let empty = json!({"name": "C0", "type": "GROUP", "message_server_id": ZERO});
    let made = client.post("/api/messaging/channels", &empty).await.expect(201)["data"].clone();
    assert_eq!(fields(std::slice::from_ref(&made), &["name", "type"]), [[json!("C0"), json!("GROUP")]]);
    client.delete(&format!("/api/messaging/channels/{}", made["id"].as_str().unwrap())).await;
    let older = json!({"name": "C2", "serverId": ZERO, "type": "FEED", "description": "about", "sourceType": "test"});
    let made = client.post("/api/messaging/channels", &older).await.expect(201)["data"]["channel"].clone();
    assert_eq!(
        fields(&[made], &["name", "type", "topic", "sourceType"]),
        [[json!("C2"), json!("FEED"), json!("about"), json!("test")]]
    );
    let listed = client.get(&format!("/api/messaging/central-servers/{ZERO}/channels")).await.expect(200);
    assert_eq!(
        fields(listed["data"]["channels"].as_array().unwrap(), &["name"]),
        [["C1"], ["C1"], ["C2"]].map(|[name]| [json!(name)])
    );
    for (path, body, expected) in [
        ("central-channels", json!({"name": "C"}), (400, "BAD_REQUEST")),
        (
            "central-channels",
            json!({"name": "C", "server_id": ZERO, "participantCentralUserIds": [], "metadata": 5}),
            (400, "BAD_REQUEST"),
        ),
        (
            "central-channels",
            json!({"name": "C", "server_id": ZERO, "participantCentralUserIds": ["x"]}),
            (400, "BAD_REQUEST"),
        ),
        (
            "central-channels",
            json!({"name": "C", "server_id": GHOST, "participantCentralUserIds": [anna]}),
            (500, "SERVER_NOT_FOUND"),
        ),
        ("channels", json!({"name": "C2"}), (400, "BAD_REQUEST")),
    ] {
        let (status, code, _) = refusal(&client.post(&format!("/api/messaging/{path}"), &body).await);
        assert_eq!((status, code.as_str()), expected, "{body}");
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_takes_part_changes() {
    let bed = Bed::new(vec![("ada", vec![])]).await;
    let (client, ada, anna, ben) = (&bed.client, id_of("ada"), person(1), person(2));
    let id = bed.channel("GROUP", &[&anna]).await;
    let path = format!("/api/messaging/channels/{id}");
    let there = async || client.get(&format!("{path}/participants")).await.expect(200)["data"].clone();
    assert_eq!(there().await, json!([anna]), "no agent takes part that was not asked to");
    client.post(&format!("{path}/agents"), &json!({"agentId": ada})).await.expect(201);
    assert_eq!(there().await, json!([anna, ada]));
    // The first agent that comes is the one that other doors ask.
    let session = ombud::domain::SessionId::from_text(&id);
    assert_eq!(bed.served.house.session(&somebody(), &session).await.unwrap().summary.session.agent, "ada");
    let all = client.get(&format!("/api/messaging/central-channels/{id}/agents")).await.expect(200);
    assert_eq!(all["data"], json!({"channelId": id, "participants": [anna, ada]}));
    let left = client.delete(&format!("{path}/agents/{}", ada.to_uppercase())).await.expect(200);
    assert_eq!(left["data"]["agentId"], json!(ada));
    assert_eq!(refusal(&client.delete(&format!("{path}/agents/{ada}")).await).0, 404);
    let body = json!({"name": "Other", "metadata": {"k": 2}, "participantCentralUserIds": [ben, ada]});
    let changed = request(client, "PATCH", &path, &body).await.expect(200)["data"].clone();
    assert_eq!(
        fields(std::slice::from_ref(&changed), &["name", "metadata", "type"]),
        [[json!("Other"), json!({"k": 2}), json!("GROUP")]]
    );
    assert_eq!(client.get(&format!("{path}/details")).await.expect(200)["data"]["name"], json!("Other"));
    assert_eq!(there().await, json!([ben, ada]));
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(
        refusal(&client.get(&format!("{path}/details")).await),
        (404, "CHANNEL_NOT_FOUND".into(), "Channel not found".into())
    );
    assert_eq!(refusal(&client.get("/api/messaging/central-channels/x/details").await).0, 400);
    assert_eq!(there().await, json!([]));
    bed.served.leave().await;
}

/// Two look for the channel of two at the same moment, from either end: they find the same one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_have_one_channel() {
    let bed = Bed::new(vec![("ada", vec![])]).await;
    let (ada, anna) = (id_of("ada"), person(1));
    let ask = |one: &str, other: &str| {
        let (client, path) = (
            bed.client.clone(),
            format!("/api/messaging/dm-channel?targetUserId={one}&currentUserId={other}&dmServerId={GHOST}"),
        );
        async move { client.get(&path).await.expect(200)["data"].clone() }
    };
    let all: Vec<Value> = futures_util::future::join_all(
        (0..8).map(|at| if at % 2 == 0 { ask(&ada, &anna) } else { ask(&anna, &ada) }).map(Box::pin),
    )
    .await;
    assert!(all.windows(2).all(|pair| pair[0]["id"] == pair[1]["id"]), "{all:?}");
    let mut two = [ada.clone(), anna.clone()];
    two.sort();
    let expected =
        [json!(format!("DM-{}-{}", two[0], two[1])), json!("DM"), json!(ZERO), json!({"user1": two[0], "user2": two[1]})];
    assert_eq!(fields(&all[..1], &["name", "type", "messageServerId", "metadata"]), [expected]);
    let itself = bed.client.get(&format!("/api/messaging/dm-channel?targetUserId={ada}&currentUserId={ada}")).await;
    assert_eq!(refusal(&itself).0, 400);
    assert_eq!(refusal(&bed.client.get("/api/messaging/dm-channel?targetUserId=x").await).0, 400);
    bed.served.leave().await;
}

/// A session that another door made is a channel of the server that is always there, with its agent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_of_other_doors_are_channels() {
    let bed = Bed::new(vec![("ada", vec![]), ("bob", vec![])]).await;
    let new = NewSession {
        id: Some(ombud::domain::SessionId::from_text("build-42")),
        title: Some("A build".into()),
        agent: Some("ada".into()),
        ..NewSession::default()
    };
    bed.served.house.create(&somebody(), new).await.unwrap();
    let listed = bed.client.get(&format!("/api/messaging/message-servers/{ZERO}/channels")).await.expect(200);
    assert_eq!(
        fields(listed["data"]["channels"].as_array().unwrap(), &["id", "name", "type"]),
        [[json!("build-42"), json!("A build"), json!("DM")]]
    );
    let path = "/api/messaging/channels/build-42";
    let there = bed.client.get(&format!("{path}/participants")).await.expect(200);
    assert_eq!(there["data"], json!([id_of("ada")]));
    bed.client.post(&format!("{path}/agents"), &json!({"agentId": id_of("bob")})).await.expect(201);
    let session = bed.served.house.session(&somebody(), &ombud::domain::SessionId::from_text("build-42")).await.unwrap();
    assert_eq!(session.summary.session.participants, ["ada", "bob"].map(Participant::agent));
    bed.served.leave().await;
}

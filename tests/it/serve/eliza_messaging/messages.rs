//! What is said in channels, and who answers.

use ombud::domain::{Outcome, SessionId};
use ombud::engine::Engine as _;
use serde_json::{Value, json};

use super::{Bed, GHOST, ZERO, fields, id_of, keys, person, refusal, request, said, says};
use crate::support::house::somebody;
use crate::support::model_server::Answer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_is_answered_and_listed() {
    let answer = Answer::pieces(&["Hello ", "Anna"]);
    let bed = Bed::new(vec![("ada", vec![answer, Answer::text("again")])]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    let id = bed.channel("DM", &[&anna, &ada]).await;
    let path = format!("/api/messaging/central-channels/{id}/messages");
    let body = json!({
        "author_id": anna, "content": "hi", "server_id": ZERO, "raw_message": {"text": "hi"}, "source_type": "test",
        "metadata": {"user_display_name": "Anna"}
    });
    let posted = client.post(&path, &body).await.expect(201)["data"].clone();
    assert_eq!(
        keys(&posted),
        [
            "id",
            "channel_id",
            "server_id",
            "message_server_id",
            "author_id",
            "author_display_name",
            "content",
            "created_at",
            "source_type",
            "raw_message",
            "metadata"
        ]
        .into()
    );
    assert_eq!(
        fields(std::slice::from_ref(&posted), &["channel_id", "server_id", "author_id", "author_display_name", "content"]),
        [[json!(id), json!(ZERO), json!(anna), json!("Anna"), json!("hi")]]
    );
    bed.ends(&id, 1).await;
    let all = bed.said(&id).await;
    assert_eq!(
        fields(&all, &["authorId", "content", "sourceType", "inReplyToRootMessageId", "rawMessage"]),
        [
            [
                json!(ada),
                json!("Hello Anna"),
                json!("agent_response"),
                posted["id"].clone(),
                json!({"text": "Hello Anna", "thought": "", "actions": ["REPLY"]})
            ],
            [json!(anna), json!("hi"), json!("test"), Value::Null, json!({"text": "hi"})],
        ]
    );
    let metadata = json!({
        "agent_id": ada, "agentName": "ada", "channelType": "DM", "isDm": true, "thought": "", "actions": ["REPLY"]
    });
    assert_eq!((&all[0]["metadata"], &all[1]["id"]), (&metadata, &posted["id"]));
    assert_eq!((&all[1]["created_at"], all[0]["createdAt"].is_string()), (&posted["created_at"], true));
    bed.says(&id, &anna, "once more").await;
    bed.ends(&id, 2).await;
    let texts = async |query: &str| -> Vec<String> {
        let all = said(client, &id, query).await;
        all.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts("?limit=2").await, ["again", "once more"]);
    assert_eq!(texts(&format!("?before={}", all[0]["id"].as_str().unwrap())).await, ["hi"]);
    let newest = bed.said(&id).await[0].clone();
    assert!(!texts(&format!("?before={}", newest["created_at"])).await.contains(&"again".to_owned()));
    assert_eq!(texts(&format!("?after={}", newest["created_at"])).await, [""; 0]);
    assert_eq!(said(client, GHOST, "").await, [Value::Null; 0]);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_are_made_by_messages() {
    let bed = Bed::new(vec![("ada", vec![Answer::text("yes?").always()])]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    says(client, GHOST, &anna, "anybody?").await.expect(201);
    let made = client.get(&format!("/api/messaging/channels/{GHOST}/details")).await.expect(200)["data"].clone();
    let expected = [json!("Chat 11111111"), json!("GROUP"), json!("auto_created")];
    assert_eq!(fields(std::slice::from_ref(&made), &["name", "type", "sourceType"]), [expected]);
    assert_eq!(made["metadata"]["created_by"], json!("gui_auto_creation"));
    // Several at once, between two.
    let dm = "22222222-2222-4333-8444-555555555555";
    let body = json!({
        "author_id": anna, "content": "you?", "server_id": "0", "metadata": {"isDm": true, "targetUserId": ada}
    });
    let path = format!("/api/messaging/central-channels/{dm}/messages");
    let all = futures_util::future::join_all((0..4).map(|_| client.post(&path, &body))).await;
    assert!(all.iter().all(|reply| reply.status == 201), "{all:?}");
    let there = client.get(&format!("/api/messaging/channels/{dm}/participants")).await.expect(200);
    assert_eq!(there["data"], json!([anna, ada]));
    bed.ends(dm, 4).await;
    assert_eq!(said(client, dm, "").await.iter().filter(|message| message["content"] == "you?").count(), 4);
    let body = json!({"author_id": anna, "content": "x", "server_id": GHOST});
    let refused = client.post(&format!("/api/messaging/channels/{ZERO}/messages"), &body).await;
    assert_eq!(refusal(&refused), (500, "SERVER_NOT_FOUND".into(), format!("Server {GHOST} does not exist")));
    for body in [json!({"content": "x"}), json!({"author_id": "x", "content": "x", "server_id": ZERO}), json!([])] {
        assert_eq!(client.post(&path, &body).await.status, 400, "{body}");
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_agents_of_the_channel_and_of_its_server_answer() {
    let bed = Bed::new(vec![("ada", vec![Answer::text("a")]), ("bob", vec![Answer::text("b")])]).await;
    let (client, ada, bob, anna) = (&bed.client, id_of("ada"), id_of("bob"), person(1));
    let server = client.post("/api/messaging/servers", &json!({"name": "S", "sourceType": "t"})).await.expect(201);
    let server = server["data"]["server"]["id"].as_str().unwrap().to_owned();
    client.post(&format!("/api/messaging/servers/{server}/agents"), &json!({"agentId": ada})).await.expect(201);
    let body = json!({"name": "C", "server_id": server, "participantCentralUserIds": [anna, ada, bob]});
    let made = client.post("/api/messaging/central-channels", &body).await.expect(201);
    let id = made["data"]["id"].as_str().unwrap();
    let listed = client.get(&format!("/api/messaging/central-servers/{server}/channels")).await.expect(200);
    assert_eq!(fields(listed["data"]["channels"].as_array().unwrap(), &["id"]), [[json!(id)]]);
    let runs = async |channel: &str| {
        let filter = ombud::engine::RunFilter::newest(Some(&SessionId::from_text(channel)), &[], 10);
        let page = bed.served.house.runs(&somebody(), &filter).await.unwrap();
        page.runs.into_iter().map(|run| run.agent).collect::<Vec<_>>()
    };
    bed.says(id, &anna, "who is here?").await;
    assert_eq!(runs(id).await, ["ada"]);
    bed.ends(id, 1).await;
    let people = bed.channel("GROUP", &[&anna]).await;
    bed.says(&people, &anna, "anybody?").await;
    assert_eq!(runs(&people).await, [""; 0]);
    // What an agent says asks nobody but those that it names.
    let group = bed.channel("GROUP", &[&anna, &ada, &bob]).await;
    bed.says(&group, &ada, "a word to myself").await;
    assert_eq!(runs(&group).await, [""; 0]);
    bed.says(&group, &ada, "what do you think, @bob?").await;
    assert_eq!(runs(&group).await, ["bob"]);
    assert_eq!(bed.ends(&group, 1).await[0].answer, "b");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_comes_over_the_request_that_asks() {
    let thinks = Answer::reasoning(&["hm"]).and_text("whole");
    let pieces = Answer::pieces(&["in ", "pie", "ces ä"]);
    let fails = Answer::status(400, "no").always();
    let bed = Bed::new(vec![("ada", vec![thinks, pieces, Answer::text("later"), fails])]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    let id = bed.channel("DM", &[&anna, &ada]).await;
    let path = format!("/api/messaging/channels/{id}/messages");
    let body = |transport: &str, key: &str| {
        let mut body = json!({"author_id": anna, "content": "x", "message_server_id": ZERO});
        body[key] = json!(transport);
        body
    };
    let whole = client.post(&path, &body("http", "transport")).await.expect(201);
    let message = &whole["userMessage"]["id"];
    assert_eq!((&whole["success"], &whole["userMessage"]["content"]), (&json!(true), &json!("x")));
    assert_eq!(
        whole["agentResponse"],
        json!({
            "text": "whole", "thought": "hm", "actions": ["REPLY"], "source": "agent_response", "inReplyTo": message
        })
    );
    let mut stream = client.ask(&path, &body("stream", "mode")).await;
    assert_eq!((stream.status, stream.headers["content-type"].to_str().unwrap()), (200, "text/event-stream"));
    let mut told = Vec::new();
    while let Some(event) = stream.next_raw().await {
        if event.data.is_some() {
            told.push((event.event.clone().unwrap(), event.json()));
        }
    }
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"user_message"), Some(&"done")));
    let chunks: Vec<&Value> = told[1..told.len() - 1].iter().map(|(_, chunk)| chunk).collect();
    assert!(told[1..told.len() - 1].iter().all(|(name, _)| name == "chunk"), "{told:?}");
    let sum: String = chunks.iter().map(|chunk| chunk["chunk"].as_str().unwrap()).collect();
    assert_eq!((sum.as_str(), &told.last().unwrap().1["text"]), ("in pieces ä", &json!("in pieces ä")));
    for (at, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk["index"], json!(at));
    }
    // What is told is a message of the channel as well, under the id of its pieces.
    assert_eq!(bed.said(&id).await[0]["id"], chunks[0]["messageId"]);
    let later = client.post(&path, &body("websocket", "transport")).await.expect(201);
    assert_eq!((&later["success"], &later["userMessage"]["content"]), (&json!(true), &json!("x")));
    bed.ends(&id, 3).await;
    assert_eq!(client.post(&path, &body("http", "transport")).await.status, 500);
    let mut failed = client.ask(&path, &body("sse", "transport")).await;
    let mut last = String::new();
    while let Some(event) = failed.next_raw().await {
        last = event.event.unwrap_or(last);
    }
    assert_eq!(last, "error");
    assert_eq!(client.post(&path, &body("post", "transport")).await.status, 400);
    let people = bed.channel("GROUP", &[&anna]).await;
    let refused = client.post(&format!("/api/messaging/channels/{people}/messages"), &body("http", "transport")).await;
    assert_eq!(refusal(&refused), (400, "BAD_REQUEST".into(), "No agent found in channel participants".into()));
    assert_eq!(bed.said(&people).await, [Value::Null; 0], "what is refused is not said");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_taken_away() {
    let bed = Bed::new(vec![("ada", vec![Answer::text("one"), Answer::text("two")])]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    let id = bed.channel("DM", &[&anna, &ada]).await;
    let path = format!("/api/messaging/central-channels/{id}/messages");
    let first = bed.says(&id, &anna, "a secret").await;
    bed.ends(&id, 1).await;
    let first = first["id"].as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(client.delete(&format!("{path}/{first}")).await.status, 204);
    }
    assert_eq!(fields(&bed.said(&id).await, &["content"]), [[json!("one")]]);
    assert_eq!(client.delete(&format!("{path}/{GHOST}")).await.status, 204);
    assert_eq!(refusal(&client.delete(&format!("{path}/x")).await).0, 400);
    bed.says(&id, &anna, "more").await;
    bed.ends(&id, 2).await;
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(bed.said(&id).await, [Value::Null; 0]);
    assert_eq!(client.delete(&format!("/api/messaging/channels/{GHOST}/messages")).await.status, 204);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_and_others_bring_messages_in() {
    let bed = Bed::new(vec![("ada", vec![Answer::text("welcome")])]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    let id = bed.channel("DM", &[&anna, &ada]).await;
    let submit = |more: Value| {
        let mut body = json!({
            "channel_id": id, "server_id": ZERO, "author_id": ada, "content": "submitted", "source_type": "agent_response",
            "raw_message": {"text": "submitted", "thought": "th", "actions": ["REPLY"]}, "metadata": {"agentName": "Ada"}
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let made = client.post("/api/messaging/submit", &submit(json!({"in_reply_to_message_id": GHOST}))).await.expect(201);
    assert_eq!(
        fields(std::slice::from_ref(&made["data"]), &["authorId", "content", "sourceType", "inReplyToRootMessageId"]),
        [[json!(ada), json!("submitted"), json!("agent_response"), json!(GHOST)]]
    );
    let listed = bed.said(&id).await;
    assert_eq!((&listed[0]["metadata"]["thought"], &listed[0]["id"]), (&json!("th"), &made["data"]["id"]));
    for (more, status) in [
        (json!({"raw_message": null}), 400),
        (json!({"in_reply_to_message_id": "x"}), 400),
        (json!({"channel_id": GHOST}), 404),
    ] {
        assert_eq!(client.post("/api/messaging/submit", &submit(more.clone())).await.status, status, "{more}");
    }
    // An action is told, and told otherwise later, under the id that its maker chose.
    let chosen = "33333333-2222-4333-8444-555555555555";
    let told = client.post("/api/messaging/action", &submit(json!({"messageId": chosen, "content": "begun"}))).await;
    assert_eq!(told.expect(201)["data"]["id"], json!(chosen));
    let path = format!("/api/messaging/action/{chosen}");
    let changed = request(client, "PATCH", &path, &json!({"content": "done"})).await.expect(200);
    assert_eq!((&changed["data"]["content"], &changed["data"]["id"]), (&json!("done"), &json!(chosen)));
    assert_eq!(fields(&bed.said(&id).await, &["content"]), [["done"], ["submitted"]].map(|[text]| [json!(text)]));
    let ghost = request(client, "PATCH", &format!("/api/messaging/action/{GHOST}"), &json!({"content": "x"})).await;
    assert_eq!(refusal(&ghost).0, 404);
    client.delete(&format!("/api/messaging/central-channels/{id}/messages/{chosen}")).await;
    assert_eq!(fields(&bed.said(&id).await, &["content"]), [[json!("submitted")]]);
    let body = json!({"channel_id": id, "server_id": ZERO});
    let completed = client.post("/api/messaging/complete", &body).await.expect(200);
    assert_eq!(completed, json!({"success": true, "message": "Completion event emitted"}));
    assert_eq!(client.post("/api/messaging/complete", &json!({})).await.status, 400);
    let body = json!({
        "channel_id": id, "server_id": ZERO, "author_id": anna, "author_display_name": "Ext", "content": "from afar",
        "source_type": "discord", "source_id": "d-1", "raw_message": {}
    });
    let ingested = client.post("/api/messaging/ingest-external", &body).await.expect(202);
    assert_eq!(ingested["message"], json!("Message ingested and published to bus"));
    assert_eq!(bed.ends(&id, 1).await[0].outcome, Outcome::Completed);
    let all = bed.said(&id).await;
    assert_eq!(
        fields(&all[..2], &["content", "sourceId", "inReplyToRootMessageId"]),
        [
            [json!("welcome"), Value::Null, ingested["data"]["messageId"].clone()],
            [json!("from afar"), json!("d-1"), Value::Null],
        ]
    );
    assert_eq!(client.post("/api/messaging/ingest-external", &json!({})).await.status, 400);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_is_given_a_title() {
    let script = vec![Answer::text("one"), Answer::text("two"), Answer::text("\"About numbers\"\n")];
    let bed = Bed::new(vec![("ada", script)]).await;
    let (client, ada, anna) = (&bed.client, id_of("ada"), person(1));
    let id = bed.channel("DM", &[&anna, &ada]).await;
    let path = format!("/api/messaging/central-channels/{id}/generate-title");
    let agent = json!({"agentId": ada});
    let few = client.post(&path, &agent).await.expect(200);
    assert_eq!((&few["data"]["title"], few["data"]["reason"].is_string()), (&Value::Null, true));
    for (at, text) in ["first", "second"].into_iter().enumerate() {
        bed.says(&id, &anna, text).await;
        bed.ends(&id, at + 1).await;
    }
    let titled = client.post(&path, &agent).await.expect(200);
    assert_eq!(titled["data"], json!({"title": "About numbers", "channelId": id}));
    let asked = bed.models["ada"].requests()[2].body["messages"].to_string();
    assert!(asked.contains("User: first\\nada: one\\nUser: second\\nada: two"), "{asked}");
    assert_eq!(refusal(&client.post(&path, &json!({})).await).0, 400);
    assert_eq!(refusal(&client.post(&path, &json!({"agentId": GHOST})).await).0, 404);
    bed.served.leave().await;
}

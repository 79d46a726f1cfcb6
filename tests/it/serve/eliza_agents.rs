//! ElizaOS: agents of characters, with whole answers; what is told twice to clients is in the replayed transcripts.

use std::sync::Arc;

use ombud::config::{Settings, Wire};
use ombud::domain::{Agent, Answers, Principal};
use ombud::engine::{Ask, Engine as _, NewSession, Target};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::house::{answer, question, somebody};
use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send};

const GHOST: &str = "11111111-2222-4333-8444-555555555555";

/// A server whose caller administers the house.
async fn served(model: &ModelServer, change: impl FnOnce(&mut Settings)) -> Served {
    Served::start_with(model, |settings| {
        settings.server.allow_local_admin = true;
        change(settings);
    })
    .await
}

async fn patch(client: &Client, path: &str, body: &Value) -> Reply {
    send(client.request("PATCH", path).json(body)).await
}

fn ada() -> Value {
    json!({
        "name": "Ada Lovelace", "username": "ada", "system": "You are Ada.", "bio": ["Writes programs.", "In 1843."],
        "topics": ["engines"], "settings": {"voice": "x", "secrets": {"MY_SECRET": "plain"}}, "style": {"all": ["be brief"]}
    })
}

/// Makes an agent; its id.
async fn make(client: &Client, character: &Value) -> String {
    let made = client.post("/eliza/api/agents", &json!({ "characterJson": character })).await.expect(201);
    made["data"]["id"].as_str().unwrap().to_owned()
}

fn refusal(reply: &Reply) -> Value {
    let error = &reply.json()["error"];
    json!([reply.status, error["code"], error["message"]])
}

async fn asked(served: &Served, agent: &str, text: &str) -> String {
    let new = NewSession { agent: Some(agent.to_owned()), ..NewSession::default() };
    let ask = Ask { target: Target::New(Box::new(new)), ..question(text) };
    let asked = served.house.ask(&somebody(), ask).await.unwrap();
    answer(&served.house, &asked).await;
    asked.session.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_made_of_a_character_and_lives() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = served(&model, |_| ()).await;
    let client = &served.client;
    let made = client.post("/eliza/api/agents", &json!({ "characterJson": ada() })).await.expect(201);
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    // By the published rule: of the SHA-1 of the name, percent-encoded.
    assert_eq!(id, "3f5ac76d-9ae6-01d4-b7ab-ec1818629c85");
    let sealed = made["data"]["character"]["settings"]["secrets"]["MY_SECRET"].as_str().unwrap().to_owned();
    let (begin, rest) = sealed.split_once(':').unwrap();
    assert_eq!((begin.len(), rest.len() % 32), (32, 0), "{sealed}");
    // The same name again is the same agent, as it was.
    let other = json!({"name": "Ada Lovelace", "bio": "another", "id": GHOST});
    assert_eq!(make(client, &other).await, id);
    let path = format!("/eliza/api/agents/{id}");
    let mut read = client.get(&path).await.expect(200)["data"].clone();
    let (made_at, changed_at) = (read["createdAt"].take(), read["updatedAt"].take());
    assert!(made_at.is_i64() && made_at == changed_at, "{made_at} {changed_at}");
    let expected = json!({
        "id": id, "enabled": true, "createdAt": null, "updatedAt": null, "name": "Ada Lovelace", "username": "ada",
        "system": "You are Ada.", "bio": ["Writes programs.", "In 1843."], "messageExamples": [], "postExamples": [],
        "topics": ["engines"], "adjectives": [], "knowledge": [], "plugins": [],
        "settings": {"voice": "x", "secrets": {"MY_SECRET": sealed}}, "style": {"all": ["be brief"]}, "status": "inactive"
    });
    assert_eq!(read, expected);
    let order: Vec<&str> = expected.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(read.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(), order);
    // The default agent of the house is among them, and works.
    let default = json!({
        "id": "7505d64a-54e0-01b7-acd5-4ccd58b49dc4", "name": "default", "characterName": "default",
        "bio": "An agent of this house.", "status": "active"
    });
    let mut entry = json!({
        "id": id, "name": "Ada Lovelace", "characterName": "Ada Lovelace", "bio": "Writes programs.", "status": "inactive"
    });
    let listed = client.get("/eliza/api/agents").await.expect(200);
    assert_eq!(listed, json!({"success": true, "data": {"agents": [default, entry]}}));
    // Started twice, listed first by its name, stopped once.
    assert_eq!(
        refusal(&client.post(&format!("{path}/stop"), &json!({})).await),
        json!([404, "NOT_FOUND", "Agent not found"])
    );
    for _ in 0..2 {
        let started = client.post(&format!("{path}/start"), &json!({})).await.expect(200);
        assert_eq!(started["data"], json!({"id": id, "name": "Ada Lovelace", "status": "active"}));
    }
    entry["status"] = json!("active");
    assert_eq!(client.get("/eliza/api/agents").await.expect(200)["data"]["agents"], json!([entry, default]));
    let stopped = client.post(&format!("{path}/stop"), &json!({})).await.expect(200);
    assert_eq!(stopped, json!({"success": true, "data": {"message": "Agent stopped"}}));
    let removed = client.delete(&path).await;
    assert_eq!((removed.status, removed.text()), (204, String::new()));
    for reply in [client.delete(&path).await, client.get(&path).await] {
        assert_eq!(refusal(&reply), json!([404, "NOT_FOUND", "Agent not found"]));
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_made_is_told_in_one_answer() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let (open, shut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(open.path().join("ada.json"), ada().to_string()).unwrap();
    std::fs::write(open.path().join("no.json"), "{").unwrap();
    std::fs::write(shut.path().join("ada.json"), ada().to_string()).unwrap();
    let folder = open.path().to_path_buf();
    let served = served(&model, |settings| settings.server.character_folders = vec![folder]).await;
    let client = &served.client;
    let path = |folder: &tempfile::TempDir, name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (there, not_open) = (path(&open, "ada.json"), path(&shut, "ada.json"));
    let missing =
        |path: &str| format!("Character '{path}' not found. Please check if the file exists and the path is correct.");
    let named = "name its folder in `server.character_folders`";
    for (body, why) in [
        (json!({}), "No character configuration provided".to_owned()),
        (
            json!({"characterJson": {"name": "", "bio": 1}}),
            "Character validation failed: name: Character name is required; bio: Invalid input".to_owned(),
        ),
        (
            json!({"agent": {"name": "U", "bio": "b", "lore": [], "status": "active"}}),
            "Character validation failed: : Unrecognized key(s) in object: 'lore'".to_owned(),
        ),
        (json!({"characterPath": "/nonexistent.json"}), missing("/nonexistent.json")),
        (json!({"characterPath": "../x.json"}), missing("../x.json")),
        (
            json!({"characterPath": not_open}),
            format!("Character '{not_open}' is in no folder that is open to characters: {named}"),
        ),
        (
            json!({"characterPath": "no.json"}),
            "Character 'no.json' is no JSON: EOF while parsing an object at line 1 column 1".to_owned(),
        ),
        (
            json!({"characterJson": {"name": "K", "bio": "b", "knowledge": [{"path": "/etc/passwd"}]}}),
            "knowledge '/etc/passwd' is in no folder that is open to characters; `server.character_folders` names them"
                .to_owned(),
        ),
        (
            json!({"characterJson": {"name": "K", "bio": "b", "secrets": {"OPENAI_BASE_URL": "ftp://x"}}}),
            "agent `K`: `endpoints.openai.base_url` must be an http or https address in full, without a name or a \
             password in it"
                .to_owned(),
        ),
    ] {
        let reply = client.post("/eliza/api/agents", &body).await;
        let expected = json!({"success": false, "error": {"code": "CREATE_ERROR", "message": why, "details": why}});
        assert_eq!((reply.status, reply.json()), (400, expected), "{body}");
    }
    let fetched = client.post("/eliza/api/agents", &json!({"characterPath": "http://127.0.0.1:1/ada.json"})).await;
    assert_eq!((fetched.status, &fetched.json()["error"]["code"]), (403, &json!("FORBIDDEN")));
    let made = client.post("/eliza/api/agents", &json!({ "characterPath": there })).await.expect(201);
    assert_eq!(made["data"]["character"]["name"], "Ada Lovelace");
    for (method, path) in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/start"), ("POST", "/stop")] {
        for (id, expected) in [
            ("x", json!([400, "INVALID_ID", "Invalid agent ID format"])),
            (GHOST, json!([404, "NOT_FOUND", "Agent not found"])),
        ] {
            let request = client.request(method, &format!("/eliza/api/agents/{id}{path}")).json(&json!({}));
            assert_eq!(refusal(&send(request).await), expected, "{method} {path}");
        }
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_merged_and_counts_at_once() {
    let model = ModelServer::start(Wire::Openai, vec![Answer::text("ok").always()]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("facts.md"), "Engines are made of brass.").unwrap();
    let open = folder.path().to_path_buf();
    let served = served(&model, |settings| settings.server.character_folders = vec![open]).await;
    let client = &served.client;
    let id = make(client, &ada()).await;
    let path = format!("/eliza/api/agents/{id}");
    let before = client.get(&path).await.expect(200)["data"].clone();
    client.post(&format!("{path}/start"), &json!({})).await.expect(200);
    let sealed = before["settings"]["secrets"]["MY_SECRET"].clone();
    let change = json!({
        "id": GHOST, "status": "inactive", "enabled": false, "bio": "Patched.", "topics": ["more"],
        "knowledge": ["Said.", {"path": "facts.md"}],
        "settings": {"added": "yes", "temperature": 0.5, "maxTokens": 77, "secrets": {"MY_SECRET": sealed, "EXTRA": "plain"}}
    });
    let changed = patch(client, &path, &change).await.expect(200)["data"].clone();
    assert_eq!(changed["settings"]["secrets"]["MY_SECRET"], sealed);
    let extra = changed["settings"]["secrets"]["EXTRA"].as_str().unwrap().to_owned();
    assert_eq!(
        json!([changed["id"], changed["bio"], changed["topics"], changed["status"], changed["enabled"], changed["system"]]),
        json!([id, "Patched.", ["more"], "active", true, "You are Ada."])
    );
    let expected = json!({
        "voice": "x", "secrets": {"MY_SECRET": sealed, "EXTRA": extra}, "added": "yes", "temperature": 0.5, "maxTokens": 77
    });
    assert_eq!(changed["settings"], expected);
    asked(&served, "Ada-Lovelace", "hi").await;
    let request = model.requests().pop().unwrap();
    let told = request.body["messages"][0]["content"].as_str().unwrap();
    assert_eq!(
        told,
        "You are Ada.\n\nAbout Ada Lovelace:\n- Patched.\n\nAda Lovelace likes to talk about more.\n\nHow Ada Lovelace \
         writes:\n- be brief\n\nWhat Ada Lovelace knows:\n- Said.\n- Engines are made of brass."
    );
    assert_eq!((&request.body["temperature"], request.body.get("tools")), (&json!(0.5), None));
    let gone = json!({"settings": {"added": null, "secrets": {"EXTRA": null}}, "system": null});
    let changed = patch(client, &path, &gone).await.expect(200)["data"].clone();
    assert_eq!(changed["settings"]["secrets"], json!({"MY_SECRET": sealed}));
    assert_eq!((changed["settings"].get("added"), &changed["system"]), (None, &json!("")));
    // Another name keeps the id; a name of another agent is refused, and so is what is no character.
    let changed = patch(client, &path, &json!({"name": "Countess"})).await.expect(200)["data"].clone();
    assert_eq!((&changed["id"], &changed["name"]), (&json!(id), &json!("Countess")));
    for (change, why) in [
        (json!({"name": "default"}), "an agent named 'default' is there already"),
        (json!({"topics": "x"}), "Character validation failed: topics: Expected array, received string"),
        (json!({"bio": null}), "Character validation failed: bio: Required"),
        (json!({"lore": []}), "Character validation failed: : Unrecognized key(s) in object: 'lore'"),
    ] {
        assert_eq!(refusal(&patch(client, &path, &change).await), json!([400, "UPDATE_ERROR", why]));
    }
    // An agent of the configuration is changed there.
    let default = client.get("/eliza/api/agents").await.expect(200)["data"]["agents"].clone();
    let default = default.as_array().unwrap().iter().find(|agent| agent["name"] == "default").unwrap();
    let reply = patch(client, &format!("/eliza/api/agents/{}", default["id"].as_str().unwrap()), &json!({"bio": "x"})).await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (403, &json!("FORBIDDEN")));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_of_other_doors_are_shown_and_characters_are_agents() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = served(&model, |_| ()).await;
    let client = &served.client;
    let plain = Agent {
        name: "helper".into(),
        description: "Helps.".into(),
        instructions: "Help {{user}}.".into(),
        ..Agent::default()
    };
    served.house.create_agent(&somebody(), plain).await.unwrap();
    let listed = client.get("/eliza/api/agents").await.expect(200)["data"]["agents"].clone();
    let entry = listed.as_array().unwrap().iter().find(|agent| agent["name"] == "helper").unwrap().clone();
    let path = format!("/eliza/api/agents/{}", entry["id"].as_str().unwrap());
    let read = client.get(&path).await.expect(200)["data"].clone();
    assert_eq!(
        json!([read["system"], read["bio"], read["settings"], read["status"]]),
        json!(["Help {{user}}.", ["Helps."], {"model": "house/small"}, "active"])
    );
    // A character in the house: an ordinary agent, whose name tells it from others of which the same would be made.
    let first = make(client, &json!({"name": "he lp er!", "bio": "b", "username": "hel", "id": GHOST})).await;
    let second = make(client, &json!({"name": "he-lp-er", "bio": "b"})).await;
    assert_eq!(first, GHOST);
    let agents = served.house.agents(&somebody()).await.unwrap();
    let mut made: Vec<&Agent> = agents.values().map(|item| &item.agent).filter(|agent| agent.name.contains('-')).collect();
    made.sort_by_key(|agent| agent.name.len());
    assert_eq!((made.len(), made[0].name.as_str()), (2, "he-lp-er"));
    assert!(made[1].name.starts_with("he-lp-er-"), "{}", made[1].name);
    assert_eq!((made[0].answers, &made[0].silence), (Answers::Judged, &Some("IGNORE".to_owned())));
    assert_eq!((&made[0].called, &made[0].tools), (&vec!["he lp er!".to_owned(), "hel".to_owned()], &Some(vec![])));
    assert_eq!(made[0].instructions.source(), "You are he lp er!.\n\nAbout he lp er!:\n- b");
    assert_ne!(second, first);
    // Two at once make one.
    let twice = json!({"name": "Twice", "bio": "b"});
    let (one, other) = tokio::join!(make(client, &twice), make(client, &twice));
    assert_eq!(one, other);
    let agents = served.house.agents(&somebody()).await.unwrap();
    assert_eq!(agents.keys().filter(|name| name.starts_with("Twice")).count(), 1, "{:?}", agents.keys());
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_administers_nothing_may_not_say_where_a_model_is() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let character = |secrets: Value| json!({"characterJson": {"name": "Ada", "bio": "b", "settings": {"secrets": secrets}}});
    let reply = client.post("/eliza/api/agents", &character(json!({"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}))).await;
    let told = "`local` may not say at which address the model of agent `Ada` is asked (start the server with \
                `--allow-local-admin`, or call it with a token)";
    assert_eq!(refusal(&reply), json!([403, "FORBIDDEN", told]));
    let made = client.post("/eliza/api/agents", &character(json!({"OPENAI_API_KEY": "sk-mine"}))).await.expect(201);
    let path = format!("/eliza/api/agents/{}", made["data"]["id"].as_str().unwrap());
    let reply = patch(client, &path, &json!({"settings": {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}})).await;
    assert_eq!(reply.status, 403, "{}", reply.text());
    let by_address = client.post("/eliza/api/agents", &json!({"characterPath": "https://characters.example/a.json"})).await;
    assert_eq!(by_address.status, 403, "{}", by_address.text());
    // Of who may see what: a reader sees, and changes nothing.
    let house = Arc::clone(&served.house);
    assert!(house.agent(&Principal::unproven(), "Ada").await.is_ok());
    served.leave().await;
}

/// A server that answers each request with one text; the address of a file of it.
async fn telling(text: String) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4_096];
            let _ = stream.read(&mut head).await;
            let length = text.len();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/characters/ada.json")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_is_fetched_from_addresses_that_are_open() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let there = telling(ada().to_string()).await;
    let open = there.trim_end_matches("/ada.json").to_owned();
    let served = served(&model, |settings| settings.server.character_addresses = vec![open.clone()]).await;
    let client = &served.client;
    let made = client.post("/eliza/api/agents", &json!({ "characterPath": there })).await.expect(201);
    assert_eq!(made["data"]["character"]["name"], "Ada Lovelace");
    let elsewhere = there.replace("/characters/", "/characters/../other/");
    let refused = client.post("/eliza/api/agents", &json!({ "characterPath": elsewhere })).await;
    let told = "no character is fetched from this address: it is not among those that the settings name (name how it \
                begins in `server.character_addresses`, or send the character itself)";
    assert_eq!(refusal(&refused), json!([403, "FORBIDDEN", told]));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worlds_are_made_changed_and_listed() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = served(&model, |_| ()).await;
    let client = &served.client;
    let id = make(client, &ada()).await;
    let path = format!("/eliza/api/agents/{id}/worlds");
    assert_eq!(client.post(&path, &json!({"name": "W"})).await.status, 404, "its agent takes no work");
    client.post(&format!("/eliza/api/agents/{id}/start"), &json!({})).await.expect(200);
    let made = client.post(&path, &json!({"name": "W1", "metadata": {"k": 1, "gone": 2}})).await.expect(201);
    let mut world = made["data"]["world"].clone();
    assert!(world["serverId"].as_str().unwrap().starts_with("server-"), "{world}");
    let keys: Vec<&str> = world.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "agentId", "name", "metadata", "serverId", "createdAt"]);
    assert_eq!((&world["agentId"], &world["name"]), (&json!(id), &json!("W1")));
    let named = json!([400, "BAD_REQUEST", "World name is required"]);
    assert_eq!(refusal(&client.post(&path, &json!({})).await), named);
    let own = format!("{path}/{}", world["id"].as_str().unwrap());
    let changed = patch(client, &own, &json!({"name": "W2", "metadata": {"j": 2, "gone": null}})).await.expect(200);
    world["name"] = json!("W2");
    world["metadata"] = json!({"k": 1, "j": 2});
    assert_eq!(changed["data"]["world"], world);
    let missing = patch(client, &format!("{path}/{GHOST}"), &json!({"name": "x"})).await;
    assert_eq!(refusal(&missing), json!([404, "NOT_FOUND", "World not found"]));
    let on = client.post(&path, &json!({"name": "W3", "serverId": GHOST})).await.expect(201)["data"]["world"].clone();
    assert_eq!((&on["serverId"], on.get("metadata")), (&json!(GHOST), None));
    let mut listed = client.get("/eliza/api/agents/worlds").await.expect(200)["data"]["worlds"].clone();
    listed.as_array_mut().unwrap().sort_by_key(|world| world["name"].as_str().unwrap().to_owned());
    assert_eq!(listed, json!([world, on]));
    client.delete(&format!("/eliza/api/agents/{id}")).await;
    assert_eq!(client.get("/eliza/api/agents/worlds").await.expect(200)["data"]["worlds"], json!([]));
    served.leave().await;
}

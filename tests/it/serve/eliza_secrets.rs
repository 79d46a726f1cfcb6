//! ElizaOS: a character's keys and addresses are its own, stay over restarts, and are told to nobody.

use std::path::Path;

use ombud::config::Wire;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::process::Place;
use crate::support::server::{Client, Serving, send};

/// What must be nowhere but in the secrets of the store.
const CANARIES: [&str; 4] = ["sk-canary-key-0001", "canary-other-0002", "canary-setting-0003", "canary-top-0004"];

/// The files below a folder in which a text stands.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text)) {
                found.push(path.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

fn character(server: &ModelServer) -> Value {
    json!({
        "name": "Keeper", "bio": ["Keeps."], "plugins": ["@elizaos/plugin-openai"],
        "secrets": {"TOP": CANARIES[3]},
        "settings": {
            "SOME_API_KEY": CANARIES[2], "OPENAI_LARGE_MODEL": "mock",
            "secrets": {"OPENAI_API_KEY": CANARIES[0], "OPENAI_BASE_URL": server.base_url(), "OTHER": CANARIES[1]}
        }
    })
}

async fn everything(client: &Client, id: &str) -> String {
    let mut told = String::new();
    for path in [
        "/eliza/api/agents".to_owned(),
        format!("/eliza/api/agents/{id}"),
        format!("/eliza/api/agents/{id}/logs"),
        format!("/eliza/api/agents/{id}/runs"),
    ] {
        told.push_str(&client.get(&path).await.text());
    }
    for verb in ["agents", "runs", "sessions"] {
        told.push_str(&client.post(&format!("/ombud/v1/{verb}"), &json!({})).await.text());
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_character_keeps_its_own_provider_and_its_secrets() {
    let own = ModelServer::start(Wire::Openai, vec![Answer::text("from its own").always()]);
    let house = ModelServer::start(Wire::Openai, vec![]);
    let place = Place::new("file").asking(&house);
    let serving = Serving::start(&place, &["--allow-local-admin"]);
    let client = &serving.client;
    let made = client.post("/eliza/api/agents", &json!({ "characterJson": character(&own) })).await;
    let id = made.expect(201)["data"]["id"].as_str().unwrap().to_owned();
    let path = format!("/eliza/api/agents/{id}");
    client.post(&format!("{path}/start"), &json!({})).await.expect(200);
    let change = json!({"bio": ["Changed."]});
    let changed = send(client.request("PATCH", &path).json(&change)).await;
    let mut told = [made.text(), changed.text(), everything(client, &id).await].concat();
    // Killed, and asked from the shell: its own server, with its own key.
    serving.process.signal(Signal::KILL);
    drop(serving);
    let said = place.good(&["oneshot", "--agent", "Keeper", "hi"]);
    assert_eq!(said.trim(), "from its own");
    told.push_str(&place.good(&["agents", "show", "Keeper", "--format", "json"]));
    assert!(told.contains(&own.base_url()), "where it asks is shown");
    let serving = Serving::start(&place, &["--allow-local-admin"]);
    let client = &serving.client;
    let read = client.get(&path).await.expect(200);
    assert_eq!(read["data"]["status"], "active");
    told.push_str(&everything(client, &id).await);
    let asked = own.requests();
    let sent: Vec<_> = asked.iter().map(|request| request.header("authorization")).collect();
    assert_eq!(sent, [Some(format!("Bearer {}", CANARIES[0]).as_str())]);
    assert_eq!(asked[0].body["model"], "mock");
    let ended = serving.end();
    told.push_str(&ended.stderr);
    for canary in CANARIES {
        assert!(!told.contains(canary), "{canary} is told");
        let files = holding(place.folder(), canary);
        assert!(files.iter().all(|file| file.contains("secrets")) && !files.is_empty(), "{canary} stands in {files:?}");
    }
    // With the agent its secrets go.
    let serving = Serving::start(&place, &["--allow-local-admin"]);
    assert_eq!(serving.client.delete(&path).await.status, 204);
    serving.end();
    for canary in CANARIES {
        assert_eq!(holding(place.folder(), canary), [""; 0], "{canary}");
    }
    assert!(house.finish().is_empty());
}

/// With a salt of their own, people open what is sealed; without one, nobody can who does not hold the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_salt_of_the_settings_seals() {
    let own = ModelServer::start(Wire::Openai, vec![]);
    let place = Place::new("file").asking(&own);
    let mut command = place.command(&["serve", "--port", "0", "--allow-local-admin"]);
    command.env("SECRET_SALT", "a salt of ours");
    let serving = Serving::of(command);
    // `value` under the SHA-256 of that salt, sealed elsewhere: it is left alone, and opened for use.
    let sealed = "00112233445566778899aabbccddeeff:0a1b";
    let body =
        json!({"characterJson": {"name": "S", "bio": "b", "settings": {"secrets": {"A": sealed, "B": "plain", "N": 1}}}});
    let made = serving.client.post("/eliza/api/agents", &body).await.expect(201);
    let secrets = &made["data"]["character"]["settings"]["secrets"];
    let begin = secrets["B"].as_str().unwrap().split_once(':').unwrap().0.len();
    assert_eq!((secrets["N"].clone(), begin), (json!(1), 32));
    // What only looks like it is sealed as everything else.
    assert_ne!(secrets["A"], sealed);
    serving.end();
}

/// What the environment gives a character is its own, is shown to nobody, and does not count before what it says itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_gives_characters_secrets() {
    let own = ModelServer::start(Wire::Openai, vec![Answer::text("with its own key").always()]);
    let place = Place::new("file").asking(&own);
    let mut command = place.command(&["serve", "--port", "0", "--allow-local-admin"]);
    command.env("CHARACTER.EVA_M_LLER.OPENAI_API_KEY", CANARIES[0]).env("CHARACTER.EVA_M_LLER.OTHER", CANARIES[1]);
    command.env("CHARACTER.EVA_M_LLER.OPENAI_BASE_URL", own.base_url()).env("CHARACTER.BOB.OPENAI_API_KEY", CANARIES[2]);
    let serving = Serving::of(command);
    let client = &serving.client;
    let character = json!({
        "name": "Eva Müller", "bio": "b", "settings": {"OPENAI_LARGE_MODEL": "mock"}, "secrets": {"OTHER": "mine"}
    });
    let made = client.post("/eliza/api/agents", &json!({ "characterJson": character })).await;
    let id = made.expect(201)["data"]["id"].as_str().unwrap().to_owned();
    client.post(&format!("/eliza/api/agents/{id}/start"), &json!({})).await.expect(200);
    let said = place.good(&["oneshot", "--agent", "Eva-M-ller", "hi"]);
    assert_eq!(said.trim(), "with its own key");
    let asked = own.requests();
    let sent: Vec<_> = asked.iter().map(|request| request.header("authorization")).collect();
    assert_eq!(sent, [Some(format!("Bearer {}", CANARIES[0]).as_str())]);
    let told = [made.text(), everything(client, &id).await].concat();
    serving.end();
    for canary in CANARIES {
        assert!(!told.contains(canary), "{canary} is told");
    }
    let files = holding(place.folder(), CANARIES[0]);
    assert!(files.iter().all(|file| file.contains("secrets")) && !files.is_empty(), "{files:?}");
    assert_eq!(holding(place.folder(), CANARIES[1]), [""; 0], "it says this itself");
}

//! Law 14 over a whole server: keys are planted wherever a key can stand, and then looked for in everything that leaves
//! the house.
//!
//! A key of the house, or one that was put into a field for keys, must be nowhere. A key that somebody typed into a
//! conversation is part of it, and must be nowhere else: not in what is shared, logged, measured or traced.

mod planted;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use ombud::config::Wire;
use ombud::server::mounts;
use serde_json::{Value, json};

use self::planted::{HOUSE, SAID, house, said};
use super::sockets::Polling;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::process::Place;
use crate::support::receiver::{Answering, Received, Receiver};
use crate::support::server::{Client, Events, Serving, send};
use crate::support::socket::Socket;

/// What was found where it must not be.
#[derive(Default)]
struct Leaks(BTreeSet<String>);

impl Leaks {
    /// Something that nobody may see a key of the house in.
    fn look(&mut self, at: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for (place, key) in HOUSE {
            let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(key);
            if text.contains(key) || text.contains(&encoded) {
                self.0.insert(format!("{place} stands in {at}"));
            }
        }
    }

    /// Something that is for others: no key at all.
    fn look_outside(&mut self, at: &str, bytes: &[u8]) {
        self.look(at, bytes);
        let text = String::from_utf8_lossy(bytes);
        for (place, _, part) in SAID.iter().filter(|(.., part)| text.contains(part)) {
            let around = text.find(part).map(|at| text[at.saturating_sub(40)..].chars().take(120).collect::<String>());
            self.0.insert(format!("{place} stands in {at}: {around:?}"));
        }
    }
}

/// A server with keys in all places of its configuration.
struct Scene {
    place: Place,
    serving: Serving,
    client: Client,
    model: ModelServer,
    sharing: Receiver,
    monitoring: Receiver,
    tracing: Receiver,
}

async fn scene(store: &'static str) -> Scene {
    let name = said("the name of a file");
    let command = format!("echo '{}'; env", said("the output of a command"));
    let model = ModelServer::start(
        Wire::Openai,
        vec![
            Answer::calls(vec![
                ("read_file", json!({"path": name})),
                ("write_file", json!({"path": "out.md", "content": said("arguments of a call")})),
                ("run_command", json!({"command": command})),
            ]),
            Answer::text(&format!("You said {}.", said("the question"))),
            // A provider that says back what it was sent.
            Answer::error(401, "invalid_api_key", &format!("{} is wrong", house("OPENAI_API_KEY"))),
        ],
    );
    let place = Place::new(store).asking(&model);
    std::fs::write(place.work().join(name), format!("{}\n", said("a file that is read"))).unwrap();
    let sharing = Receiver::start(stored).await;
    let monitoring = Receiver::that_answers(500, "no").await;
    let tracing = Receiver::that_answers(200, "").await;
    let key = place.folder().join("home/key");
    std::fs::write(&key, house("api_key_file in the config")).unwrap();
    let config = place.folder().join("home/.config/ombud");
    std::fs::create_dir_all(&config).unwrap();
    let base = model.base_url();
    let text = format!(
        "[providers.second]\nwire = \"openai\"\nbase_url = \"{base}\"\napi_key = \"{}\"\n\
         [providers.second.headers]\nx-team = \"{}\"\n\
         [providers.third]\nwire = \"openai\"\nbase_url = \"{base}\"\napi_key_file = \"{}\"\n\
         [tools.environment]\nDEPLOY = \"{}\"\n\
         [share]\nprovider = \"{}/api/share\"\n[agio]\nprovider = \"{}/agio\"\n[otlp]\nendpoint = \"{}\"\n",
        house("api_key in the config"),
        house("a header of a provider"),
        key.display(),
        said("a variable of commands"),
        sharing.address,
        monitoring.address,
        tracing.address,
    );
    std::fs::write(config.join("config.toml"), text).unwrap();
    let arguments = ["serve", "--port", "0", "--log-format", "json", "--allow", "write_file", "--allow", "run_command"];
    let mut process = place.command(&arguments);
    process
        .env("OMBUD_SERVER_TOKEN", house("OMBUD_SERVER_TOKEN"))
        .env("OPENAI_API_KEY", house("OPENAI_API_KEY"))
        .env("OMBUD_ADMIN_USERNAME", "root")
        .env("OMBUD_ADMIN_PASSWORD", house("OMBUD_ADMIN_PASSWORD"))
        .env("OTEL_EXPORTER_OTLP_HEADERS", format!("x-otlp={}", house("OTEL_EXPORTER_OTLP_HEADERS")))
        .env("RUST_LOG", "trace");
    let serving = Serving::of(process);
    let client = serving.client.with("authorization", &format!("Bearer {}", house("OMBUD_SERVER_TOKEN")));
    Scene { place, serving, client, model, sharing, monitoring, tracing }
}

/// A provider of sharing.
fn stored(received: &Received) -> Answering {
    let body = if received.path == "/api/storage" {
        json!({ "cdnUrl": "http://cdn.example/img.png" })
    } else {
        json!({ "url": "http://share.example/p/abc" })
    };
    Answering::With(200, body.to_string())
}

/// A value with a key deep inside.
fn nested(key: &str) -> Value {
    json!({ "plan": { "steps": [{ "name": "first", "auth": { "apiKey": key, "password": key } }], "access_token": key } })
}

impl Scene {
    /// Makes a session with keys wherever a client can put one; its id.
    async fn session(&self, leaks: &mut Leaks) -> String {
        let create = json!({
            "sessionName": said("the name of a session"),
            "agentOptions": { "model": { "apiKey": house("agentOptions of a session") }, "maxIterations": 9 },
            "runtimeSettings": { "search": [{ "apiKey": house("runtimeSettings of a session") }] },
        });
        let reply = self.client.post("/api/v1/sessions/create", &create).await;
        leaks.look("the answer of create", &reply.body);
        let session = reply.expect(201)["sessionId"].as_str().unwrap().to_owned();
        let model = json!({ "provider": "openai", "id": "scripted", "apiKey": house("the model of a session") });
        let changes = [
            ("/api/v1/sessions/model", json!({ "sessionId": session, "model": model })),
            (
                "/api/v1/sessions/update",
                json!({ "sessionId": session, "metadata": {
                    "auth": { "token": house("what clients keep about a session") }, "note": "kept",
                } }),
            ),
            (
                "/api/sessions/update",
                json!({ "sessionId": session, "metadata": { "password": house("a change of what clients keep") } }),
            ),
            (
                "/ombud/v1/update",
                json!({ "session": session, "change": {
                    "attributes": { "page": nested(house("changed attributes of the house's own API")) },
                } }),
            ),
            ("/ombud/v1/create", json!({ "attributes": { "page": nested(house("attributes of the house's own API")) } })),
            ("/ombud/v1/create", json!({ "labels": { "apiKey": [house("labels of the house's own API")] } })),
            (
                "/ombud/v1/ask",
                json!({
                    "target": { "new": { "attributes": nested(house("attributes of a question")) } },
                    "input": [], "blobs": [], "context": [],
                }),
            ),
            (
                "/ombud/v1/ask",
                json!({
                    "target": { "new": {} }, "input": [], "blobs": [], "context": [],
                    "pins": { "settings": { "extra": nested(house("pins of a question")) } },
                }),
            ),
            (
                "/ombud/v1/create-user",
                json!({ "name": "ana", "role": "viewer", "password": house("the password of an account") }),
            ),
            (
                "/ombud/v1/create-user",
                json!({ "name": "bob", "role": "viewer", "password": [house("a password in a wrong form")] }),
            ),
            (
                "/ombud/v1/create-user",
                json!({ "name": house("a password in the place of a name"), "role": "viewer", "password": "12345678" }),
            ),
            (
                "/ombud/v1/import",
                json!({ "session": { "attributes": nested(house("attributes of an import")) }, "messages": [] }),
            ),
        ];
        for (path, body) in changes {
            let reply = self.client.post(path, &body).await;
            assert!(matches!(reply.status, 200 | 400 | 422), "{path}: {} {}", reply.status, reply.text());
            leaks.look(path, &reply.body);
        }
        session
    }

    /// Shows wrong tokens, and the right one in addresses.
    async fn knock(&self, leaks: &mut Leaks) {
        let wrong = |place: &str| house(place).to_owned();
        let (header, address) = (wrong("a wrong token in a header"), wrong("a wrong token in an address"));
        let right = house("OMBUD_SERVER_TOKEN");
        let plain = &self.serving.client;
        for client in [plain.with("authorization", &format!("Bearer {header}")), plain.with("x-api-key", &header)] {
            let reply = client.get("/api/v1/sessions").await;
            assert_eq!(reply.status, 401);
            leaks.look_outside("a refusal", &reply.body);
        }
        for path in ["/?token=", "/api/v1/ws?token=", "/socket.io/?EIO=4&transport=polling&token="] {
            for token in [address.as_str(), right] {
                let reply = plain.get(&format!("{path}{token}")).await;
                leaks.look_outside(path, &reply.body);
                leaks.look_outside(path, format!("{:?}", reply.headers).as_bytes());
            }
        }
        let mut socket = Socket::try_connect(plain, "/api/v1/ws", &[]).await.unwrap();
        let message = json!({ "type": "authenticate", "token": house("a wrong token of a socket"), "id": 1 });
        socket.say(&message).await;
        for _ in 0..2 {
            leaks.look_outside("a socket", socket.hear().await.to_string().as_bytes());
        }
        let mut polling = Polling::open(plain, "").await;
        polling.say(&format!("40{}", json!({ "token": house("a wrong token of a socket") }))).await;
        leaks.look_outside("a socket", polling.packet().await.as_bytes());
    }

    /// Asks in a session and follows the run over both kinds of sockets.
    async fn ask(&self, session: &str, leaks: &mut Leaks) {
        let token = house("OMBUD_SERVER_TOKEN");
        let path = format!("/api/v1/ws?token={token}");
        let mut sockets = Vec::new();
        for frames in ["native", "tarko"] {
            let mut socket = Socket::try_connect(&self.serving.client, &path, &[]).await.unwrap();
            leaks.look("a socket", socket.hear().await.to_string().as_bytes());
            let told = socket.ask(json!({ "type": "subscribe", "session": session, "frames": frames })).await;
            assert_eq!(told["type"], "subscribed", "{told}");
            sockets.push(socket);
        }
        let mut pollings = Vec::new();
        for join in [json!(session), json!({ "sessionId": session })] {
            let mut polling = Polling::open(&self.serving.client, "").await;
            polling.say(&format!("40{}", json!({ "token": token }))).await;
            assert!(polling.packet().await.starts_with("40"));
            polling.emit("join-session", join).await;
            assert_eq!(polling.event().await.0, "agent-status");
            pollings.push(polling);
        }
        for question in [said("the question"), "and once more"] {
            let body = json!({ "sessionId": session, "query": question });
            let stream = self.client.ask("/api/v1/sessions/query/stream", &body).await;
            for event in stream.rest().await {
                leaks.look("the stream of a query", format!("{event:?}").as_bytes());
            }
            for socket in &mut sockets {
                let ended = |frame: &Value| frame["type"] == "run.finished" || frame["type"] == "agent_run_end";
                for frame in socket.until(ended).await {
                    leaks.look("a raw socket", frame.to_string().as_bytes());
                }
            }
            for polling in &mut pollings {
                for event in polling.run().await {
                    leaks.look("a socket", event.to_string().as_bytes());
                }
            }
        }
        let mut socket = sockets.remove(0);
        for asked in [json!({ "type": "list" }), json!({ "type": "questions" }), json!({ "type": "watch" })] {
            leaks.look("a raw socket", socket.ask(asked).await.to_string().as_bytes());
        }
    }

    /// Every route that is read, with this session and without; what is for others must hold no key at all.
    async fn read_all(&self, session: &str, leaks: &mut Leaks) {
        let file = said("the name of a file");
        let routes = mounts(&[]).unwrap();
        let paths: BTreeSet<&str> =
            routes.iter().filter(|route| route.method == "GET").map(|route| route.path.as_str()).collect();
        for pattern in paths {
            let place = |segment: &str| match segment {
                "{*file}" => "index.html".to_owned(),
                segment if segment.starts_with('{') => session.to_owned(),
                segment => segment.to_owned(),
            };
            let path = pattern.split('/').map(place).collect::<Vec<_>>().join("/");
            let queries: &[String] = if pattern.ends_with("/notices") || pattern.ends_with("/ws") {
                &[]
            } else if pattern.starts_with("/ombud/v1/") {
                &[format!("session={session}&path={file}"), format!("session={session}"), String::new()]
            } else {
                &[format!("sessionId={session}&path={file}&q=canary"), String::new()]
            };
            for query in queries {
                let at = format!("GET {path}");
                let events = self.client.listen(&format!("{path}?{query}")).await;
                let body = whole(events, 2).await;
                let apart = ["/docs", "openapi.json", "/metrics", "/console", "/ombud/v1/page", "healthz", "readyz"];
                if apart.iter().any(|part| path.contains(part)) || path == "/" {
                    leaks.look_outside(&at, &body);
                } else {
                    leaks.look(&at, &body);
                }
            }
        }
        for path in [format!("/{file}"), format!("/api/v1/{file}"), format!("/nowhere/{file}")] {
            leaks.look(&path, &self.client.get(&path).await.body);
        }
    }

    /// The verbs that only read, as they are spoken to.
    async fn ask_all(&self, session: &str, leaks: &mut Leaks) {
        let of = json!({ "session": session });
        for (verb, body) in [
            ("sessions", json!({})),
            ("session", of.clone()),
            ("messages", json!({ "session": session, "limit": 100 })),
            ("events", json!({ "session": session, "limit": 1_000 })),
            ("runs", json!({ "session": session, "limit": 10 })),
            ("questions", json!({})),
            ("look", json!({ "session": session, "path": "" })),
            ("find", json!({ "session": session, "search": { "text": "canary" } })),
            ("sharing", json!({})),
            ("agents", json!({})),
            ("models", json!({})),
            ("health", json!({})),
        ] {
            let reply = self.client.post(&format!("/ombud/v1/{verb}"), &body).await;
            assert_eq!(reply.status, 200, "{verb}: {}", reply.text());
            leaks.look(verb, &reply.body);
        }
        // A provider is told a short name of the page, for which a model is asked.
        for _ in 0..2 {
            self.model.push(Answer::text("{\"slug\": \"short name\"}"));
        }
        let shared = self.client.post("/ombud/v1/share", &of).await;
        assert!(shared.expect(200)["removed"].to_string().contains("pattern"));
        leaks.look_outside("share", &shared.body);
        for (path, body) in [
            ("/ombud/v1/publish", of),
            ("/api/v1/sessions/share", json!({ "sessionId": session, "upload": true })),
            ("/api/v1/sessions/share", json!({ "sessionId": session, "upload": false })),
            ("/api/sessions/share", json!({ "sessionId": session, "upload": false })),
        ] {
            let reply = self.client.post(path, &body).await;
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            leaks.look_outside(path, &reply.body);
        }
    }
}

/// An answer whole; of a stream that does not end, what is there up to the end of so many runs.
async fn whole(mut answer: Events, runs: usize) -> Vec<u8> {
    let is_stream = answer.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
    if !is_stream {
        return answer.bytes().await;
    }
    let (mut body, mut ends) = (Vec::new(), 0);
    while let Some(event) = answer.next().await {
        let text = event.data.unwrap_or_default();
        ends += usize::from(text.contains("\"run.finished\"") || text.contains("\"agent_run_end\""));
        body.extend_from_slice(text.as_bytes());
        if ends == runs {
            break;
        }
    }
    body
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_nowhere() {
    for store in ["sqlite", "file"] {
        let mut leaks = Leaks::default();
        let scene = scene(store).await;
        leaks.look_outside("the start line", scene.serving.start_line.as_bytes());
        let mut notices = scene.client.listen("/ombud/v1/notices").await;
        let session = scene.session(&mut leaks).await;
        scene.knock(&mut leaks).await;
        scene.ask(&session, &mut leaks).await;
        scene.read_all(&session, &mut leaks).await;
        scene.ask_all(&session, &mut leaks).await;
        let last = scene.client.post("/ombud/v1/create", &json!({})).await.expect(200)["id"].as_str().unwrap().to_owned();
        loop {
            let notice = format!("{:?}", notices.next().await.unwrap());
            leaks.look("a notice", notice.as_bytes());
            if notice.contains(&last) {
                break;
            }
        }
        let Scene { place, serving, model, sharing, monitoring, tracing, .. } = scene;
        let ended = serving.end();
        assert_eq!(ended.code, Some(0), "{ended}");
        assert!(ended.stderr.contains("\"level\":\"DEBUG\""), "the log tells much: {ended}");
        for line in ended.stderr.lines().chain(ended.stdout.lines()) {
            leaks.look_outside(&format!("the log: {line}"), line.as_bytes());
        }
        let received = sharing.received();
        assert!(received.len() >= 2, "{}", received.len());
        for one in &received {
            leaks.look_outside("what was uploaded", &one.body);
        }
        assert!(!monitoring.received().is_empty() && !tracing.received().is_empty());
        for one in monitoring.received() {
            leaks.look("what monitoring was sent", &one.body);
        }
        for one in tracing.received() {
            leaks.look_outside("what was traced", &one.body);
            assert_eq!(one.headers["x-otlp"], house("OTEL_EXPORTER_OTLP_HEADERS"));
        }
        let (config, key) = (place.folder().join("home/.config"), place.folder().join("home/key"));
        for file in files(place.folder()).iter().filter(|file| !file.starts_with(&config) && **file != key) {
            leaks.look(&format!("{}", file.display()), &std::fs::read(file).unwrap());
        }
        model.finish();
        assert_eq!(leaks.0, BTreeSet::new(), "{store}");
    }
}

#[test]
fn an_address_with_a_password_is_refused_without_saying_it() {
    for (name, value) in [
        ("OMBUD_SHARE_PROVIDER", "https://me:canary-password@host/share"),
        ("OMBUD_AGIO_PROVIDER", "http://me:canary-password@host/agio"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:canary-password@host"),
        ("OPENAI_BASE_URL", "http://host/v1?key=canary-password"),
    ] {
        let place = Place::new("sqlite");
        let mut command = place.command(&["serve", "--port", "0", "-vvv"]);
        command.env(name, value);
        let ended = crate::support::process::Process::start(command).end(crate::support::process::PATIENCE);
        assert_eq!(ended.code, Some(2), "{ended}");
        assert!(ended.stderr.contains(name) && !ended.stderr.contains("canary"), "{ended}");
    }
    for place in ["share.provider", "agio.provider", "otlp.endpoint", "providers.x.base_url"] {
        let ombud = crate::support::ombud::Ombud::new();
        let (table, key) = place.rsplit_once('.').unwrap();
        ombud.config(&format!("[{table}]\n{key} = \"http://me:canary-password@host/\"\n"));
        let said = ombud.run(&["config", "show"]);
        assert!(said.exit == 2 && !said.stderr.contains("canary") && said.stderr.contains(place), "{}", said.stderr);
    }
}

/// What a client asks by name, not by a route, is told as it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_among_attributes_is_refused_by_its_place() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = crate::support::server::Served::start(&model).await;
    let body = json!({ "attributes": { "page": { "steps": [{ "apiKey": "canary" }] } } });
    let reply = send(served.client.request("POST", "/ombud/v1/create").json(&body)).await;
    let error = reply.expect(400);
    assert_eq!(error["error"]["code"], "invalid_input");
    assert_eq!(error["error"]["message"], "`attributes.page.steps.0.apiKey` sounds like a secret, and none is kept there");
    let fine = json!({ "attributes": { "page": { "token": { "used": [{ "count": 3 }] }, "apiKey": "" } } });
    assert_eq!(served.client.post("/ombud/v1/create", &fine).await.status, 200);
    served.leave().await;
}

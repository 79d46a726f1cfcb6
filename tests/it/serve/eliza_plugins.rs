//! Plugins: routes of the configuration, answered by commands, folders and other servers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ombud::config::{Plugin, PluginAnswers, PluginRoute, Settings, Wire};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::model_server::ModelServer;
use crate::support::process::Place;
use crate::support::receiver::Receiver;
use crate::support::server::{Served, Serving, send};

fn route(path: &str, answers: PluginAnswers) -> PluginRoute {
    PluginRoute {
        path: path.to_owned(),
        methods: vec!["GET".to_owned(), "POST".to_owned()],
        name: None,
        public: false,
        open: false,
        agents: Vec::new(),
        answers,
    }
}

fn command(line: &str) -> PluginAnswers {
    PluginAnswers::Command { line: line.to_owned(), folder: std::env::temp_dir(), time: Duration::from_secs(20) }
}

fn set_guard(settings: &mut Settings) {
    settings.tools.guard = Some(PathBuf::from(env!("CARGO_BIN_EXE_ombud")));
}

async fn served(routes: Vec<PluginRoute>, change: impl FnOnce(&mut Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings| {
        set_guard(settings);
        settings.server.allow_local_admin = true;
        settings.plugins = vec![Plugin { name: "weather".to_owned(), routes }];
        change(settings);
    })
    .await;
    (model, served)
}

async fn agent(served: &Served, name: &str) -> String {
    let client = served.client.with("x-api-key", "any");
    let made = client.post("/api/agents", &json!({ "characterJson": { "name": name, "bio": "Here." } })).await.expect(201);
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    client.post(&format!("/api/agents/{id}/start"), &json!({})).await.expect(200);
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_answers_on_every_path_of_its_route() {
    let (_model, served) = served(vec![route("days/:day", command("cat"))], |_| ()).await;
    let ann = agent(&served, "Ann Plugged").await;
    let client = served.client.with("authorization", "Bearer secret-of-the-caller").with("x-mine", "1");
    for path in [
        "/days/today",
        "/api/days/today",
        "/weather/days/today",
        "/api/weather/days/today",
        "/eliza/days/today",
        "/eliza/api/weather/days/today",
    ] {
        let told = client.post(&format!("{path}?agentId={ann}&a=1&a=2&b=3"), &json!({ "x": [1] })).await.expect(200);
        assert_eq!(
            (&told["plugin"], &told["route"], &told["method"]),
            (&json!("weather"), &json!("days/:day"), &json!("POST"))
        );
        assert_eq!((&told["params"], &told["body"]), (&json!({ "day": "today" }), &json!({ "x": [1] })));
        assert_eq!(told["query"], json!({ "agentId": ann, "a": ["1", "2"], "b": "3" }));
        assert_eq!(told["agent"], json!({ "id": ann, "name": "Ann Plugged" }));
        assert_eq!(told["headers"]["x-mine"], "1");
        assert!(told["headers"].get("authorization").is_none(), "{told}");
    }
    let told = client.get(&format!("/api/agents/{ann}/plugins/weather/days/now")).await.expect(200);
    assert_eq!((&told["params"]["day"], &told["agent"]["id"], &told["body"]), (&json!("now"), &json!(ann), &Value::Null));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_command_says_is_the_answer() {
    let fields = r#"printf '{"status":202,"headers":{"X-Own":"1","Set-Cookie":"a=b"},"text":"taken"}'"#;
    let routes = vec![
        route("fields", command(fields)),
        route("json", command("printf '[1,2]'")),
        route("text", command("printf 'plain words'")),
        route("fails", command("echo first >&2; echo 'the pump is broken' >&2; exit 3")),
        route("gone", command("echo 'that day was Not Found' >&2; exit 1")),
        route("odd", command(r#"printf '{"status":7}'"#)),
    ];
    let (_model, served) = served(routes, |_| ()).await;
    let client = &served.client;
    let reply = client.get("/fields").await;
    assert_eq!((reply.status, reply.text().as_str()), (202, "taken"));
    assert_eq!((reply.header("x-own"), reply.header("set-cookie")), (Some("1"), None));
    let reply = client.get("/json").await;
    assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(reply.expect(200), json!([1, 2]));
    let reply = client.get("/text").await;
    assert_eq!((reply.header("content-type"), reply.text().as_str()), (Some("text/plain; charset=utf-8"), "plain words"));
    assert_eq!(client.get("/api/fails").await.expect(500), json!({ "error": "the pump is broken" }));
    assert_eq!(client.get("/gone").await.expect(404), json!({ "error": "that day was Not Found" }));
    client.get("/odd").await.expect(500);
    // A method that it does not have is no route.
    assert_eq!(client.delete("/api/json").await.expect(404)["error"]["message"], "API endpoint not found");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_takes_too_long_is_ended() {
    let slow = PluginAnswers::Command {
        line: "exec sleep 600".to_owned(),
        folder: std::env::temp_dir(),
        time: Duration::from_millis(300),
    };
    let (_model, served) = served(vec![route("slow", slow)], |_| ()).await;
    let reply = served.client.get("/slow").await;
    assert!(reply.status >= 500 && reply.json()["error"].as_str().unwrap().contains("did not end"), "{}", reply.text());
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_served_and_nothing_outside_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("pages");
    std::fs::create_dir_all(pages.join("sub")).unwrap();
    std::fs::write(folder.path().join("secret.txt"), "outside").unwrap();
    for (name, text) in [("index.html", "<p>all</p>"), ("a.css", "p{}"), (".hidden", "h"), ("sub/index.html", "<p>sub</p>")]
    {
        std::fs::write(pages.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink(folder.path().join("secret.txt"), pages.join("link.txt")).unwrap();
    let (_model, served) = served(vec![route("panel", PluginAnswers::Folder(pages))], |_| ()).await;
    let client = &served.client;
    for (path, text) in [("", "<p>all</p>"), ("/", "<p>all</p>"), ("/a.css", "p{}"), ("/sub", "<p>sub</p>")] {
        let reply = client.get(&format!("/api/panel{path}")).await;
        assert_eq!((reply.status, reply.text().as_str()), (200, text), "{path}");
    }
    assert_eq!(client.get("/panel/a.css").await.header("content-type"), Some("text/css; charset=utf-8"));
    for path in ["/none.txt", "/.hidden", "/link.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt"] {
        let reply = client.get(&format!("/api/panel{path}")).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
        assert!(!reply.text().contains("outside"));
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_is_asked_without_the_callers_keys() {
    let behind = Receiver::that_answers(200, "{}").await;
    let (_model, served) =
        served(vec![route("tiles/*", PluginAnswers::Url(format!("{}/base", behind.address)))], |settings| {
            settings.server.token = Some(SecretString::from("the-token-of-the-house"));
        })
        .await;
    let client = served.client.with("x-api-key", "the-token-of-the-house").with("cookie", "a=b");
    let reply = client.with("connection", "x-hop").with("x-hop", "1").post("/api/tiles/1/2?z=3", &json!({ "q": 1 })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let received = behind.wait_for(1).await.remove(0);
    assert_eq!((received.method.as_str(), received.path.as_str()), ("POST", "/base/1/2"));
    assert_eq!(received.json(), json!({ "q": 1 }));
    let names: Vec<&str> = received.headers.keys().map(http::HeaderName::as_str).collect();
    for name in ["x-api-key", "cookie", "authorization", "x-hop"] {
        assert!(!names.contains(&name), "{name} in {names:?}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_have_routes_and_panels_of_their_own() {
    let mut shown = route("panel", command("printf shown"));
    (shown.public, shown.name, shown.agents) = (true, Some("My Panel".to_owned()), vec!["Ann Panels".to_owned()]);
    let mut hidden = route("hidden", command("printf hidden"));
    hidden.name = Some("Hidden".to_owned());
    let (_model, served) = served(vec![shown, hidden], |_| ()).await;
    let (ann, bob) = (agent(&served, "Ann Panels").await, agent(&served, "Bob Panels").await);
    let client = &served.client;
    let panels = async |id: &str| client.get(&format!("/api/agents/{id}/panels")).await.expect(200)["data"].clone();
    assert_eq!(panels(&ann).await, json!([{ "name": "My Panel", "path": format!("/api/panel?agentId={ann}") }]));
    assert_eq!(panels(&bob).await, json!([]));
    assert_eq!(client.get(&format!("/api/panel?agentId={ann}")).await.text(), "shown");
    assert_eq!(client.get(&format!("/api/agents/{ann}/plugins/weather/panel")).await.text(), "shown");
    let refused = client.get(&format!("/api/panel?agentId={bob}")).await.expect(404);
    assert_eq!(refused["error"]["code"], "AGENT_NOT_FOUND");
    assert_eq!(client.get("/api/panel?agentId=x").await.expect(400)["error"]["code"], "INVALID_AGENT_ID");
    assert_eq!(client.get(&format!("/panel?agentId={bob}")).await.status, 404);
    assert_eq!(client.get(&format!("/api/agents/{bob}/plugins/weather/panel")).await.status, 404);
    assert_eq!(client.get("/api/agents/x/plugins/weather/panel").await.expect(400)["error"]["code"], "INVALID_AGENT_ID");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_open_route_is_called_without_a_key() {
    let mut open = route("open", command("printf open"));
    open.open = true;
    let closed = route("closed", command("printf closed"));
    let (_model, served) = served(vec![open, closed], |settings| {
        settings.server.token = Some(SecretString::from("the-token-of-the-house"));
    })
    .await;
    let client = &served.client;
    assert_eq!(client.get("/open").await.text(), "open");
    for path in ["/api/open", "/closed", "/api/closed", "/weather/closed"] {
        assert_eq!(client.get(path).await.status, 401, "{path}");
    }
    let keyed = client.with("x-api-key", "the-token-of-the-house");
    assert_eq!(keyed.get("/closed").await.text(), "closed");
    served.leave().await;
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_is_configured_by_its_owner_and_by_no_folder() {
    let place = Place::new("sqlite");
    let plugin = place.folder().join("plugin");
    write(&plugin.join("plugin.toml"), "[[routes]]\npath = \"/where\"\ncommand = \"pwd\"\n");
    let config = place.folder().join("mine.toml");
    write(&config, &format!("[plugins.places]\npath = {plugin:?}\n"));
    // What a folder that nobody trusts says is not taken.
    write(
        &place.work().join(".ombud/config.toml"),
        "[plugins.theirs]\nroutes = [{ path = \"/theirs\", command = \"id\" }]\n",
    );
    let serving = Serving::start(&place, &["--store", "memory:", "--config", config.to_str().unwrap()]);
    let reply = send(serving.client.request("GET", "/where")).await;
    assert_eq!((reply.status, reply.text().trim()), (200, plugin.canonicalize().unwrap().to_str().unwrap()));
    assert_eq!(serving.client.get("/theirs").await.status, 404);
    serving.end();
}

//! Which route answers on which path, and in whose words an error is told.

use std::collections::BTreeSet;

use ombud::config::Wire;
use ombud::http::Needs;
use ombud::server::{mounts, openapi};
use serde_json::{Value, json};

use super::probe::{one, two};
use crate::support::model_server::ModelServer;
use crate::support::ombud::Ombud;
use crate::support::server::{Client, Served, send};

async fn served(dialects: Vec<ombud::dialects::Dialect>) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_dialects(&model, |_| (), dialects).await;
    (model, served)
}

/// Status and body.
async fn got(client: &Client, method: &str, path: &str) -> (u16, String) {
    let reply = send(client.request(method, path)).await;
    (reply.status, reply.text())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_dialect_has_the_bare_path_and_each_its_own() {
    for (dialects, first) in [(vec![one(), two()], "one"), (vec![two(), one()], "two")] {
        let (_model, served) = served(dialects).await;
        for (path, says) in [
            ("/things", first),
            ("/things/", first),
            ("/one/things", "one"),
            ("/two/things", "two"),
            ("/only-two", "two"),
            ("/two/only-two", "two"),
        ] {
            assert_eq!(got(&served.client, "GET", path).await, (200, says.to_owned()), "{path}");
        }
        assert_eq!(got(&served.client, "GET", "/two/things/a%2Fb").await, (200, r#"["two","a/b"]"#.to_owned()));
        served.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_is_told_in_the_words_of_the_longest_owner() {
    let (_model, served) = served(vec![two(), one()]).await;
    let client = &served.client;
    let none = |path: &str| format!("route `GET {path}` is not known");
    for (path, owner) in [
        ("/things/a/b", "two"),
        ("/things/deep/a/b", "one"),
        ("/one/nothing", "one"),
        ("/two", "two"),
        ("/elsewhere", "two"),
        ("/thingsx", "two"),
    ] {
        let (status, body) = got(client, "GET", path).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, body), (404, json!({ owner: none(path) })), "{path}");
    }
    served.leave().await;
    // Where nobody owns the path, the house has words of its own.
    let (_model, served) = self::served(vec![one()]).await;
    let reply = served.client.get("/elsewhere").await;
    let error = json!({ "error": { "code": "not_found", "message": none("/elsewhere") } });
    assert_eq!(reply.expect(404), error);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_method_names_the_right_ones() {
    let (_model, served) = served(vec![one()]).await;
    let reply = served.client.delete("/things").await;
    assert_eq!(reply.expect(405), json!({ "one": "DELETE is not a method of /things" }));
    assert_eq!(reply.header("allow"), Some("GET,HEAD"));
    let reply = send(served.client.request("OPTIONS", "/things")).await;
    assert_eq!((reply.status, reply.header("allow"), reply.body.len()), (204, Some("GET,HEAD"), 0));
    let reply = send(served.client.request("HEAD", "/things")).await;
    assert_eq!((reply.status, reply.header("content-length"), reply.body.len()), (200, Some("3"), 0));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_an_error_and_tells_nothing() {
    let (_model, served) = served(vec![one()]).await;
    let reply = served.client.get("/things/panic").await;
    assert_eq!(reply.expect(500), json!({ "one": "the request met a defect of this server" }));
    assert_eq!(served.client.get("/things").await.text(), "one");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_is_tagged_and_compressed_and_streams_are_neither() {
    let (_model, served) = served(vec![one()]).await;
    let client = &served.client;
    let reply = client.get("/things/large").await;
    let tag = reply.header("etag").unwrap().to_owned();
    assert!(tag.starts_with("W/\"") && reply.header("content-encoding").is_none(), "{tag}");
    let again = client.with("if-none-match", &format!("\"other\", {tag}")).get("/things/large").await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())));
    let other = client.with("if-none-match", "\"other\"").get("/things/large").await;
    assert_eq!((other.status, other.body), (200, reply.body.clone()));
    let small = client.with("accept-encoding", "gzip").get("/things/large").await;
    assert_eq!((small.header("content-encoding"), small.header("vary")), (Some("gzip"), Some("accept-encoding")));
    assert!(small.body.len() < 200, "{}", small.body.len());
    let mut stream = client.with("accept-encoding", "gzip").listen("/things/stream").await;
    assert_eq!((stream.headers.get("content-encoding"), stream.headers.get("etag")), (None, None));
    assert_eq!(stream.next().await.unwrap().data.as_deref(), Some("first"));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_says_how_it_is() {
    let (_model, served) = served(vec![one()]).await;
    let client = &served.client;
    assert_eq!(client.get("/healthz").await.expect(200), json!({ "status": "ok" }));
    assert_eq!(client.get("/readyz").await.expect(200), json!({ "status": "ready" }));
    let mut stream = client.listen("/things/stream").await;
    assert!(stream.next().await.is_some());
    client.get("/one/things/a").await.expect(200);
    client.get("/one/nothing").await.expect(404);
    let reply = client.get("/metrics").await;
    assert_eq!(reply.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = reply.text();
    for line in [
        r#"ombud_http_requests_total{dialect="one",method="GET",route="/one/things/{id}",status="200"} 1"#,
        r#"ombud_http_requests_total{dialect="house",method="GET",route="/healthz",status="200"} 1"#,
        r#"ombud_http_requests_total{dialect="none",method="GET",route="",status="404"} 1"#,
        r#"ombud_http_request_seconds_count{dialect="one",route="/one/things/{id}"} 1"#,
        "ombud_streams 1",
        "ombud_runs_at_work 0",
        "ombud_sessions 0",
        "# TYPE ombud_input_tokens counter",
        "# EOF",
    ] {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_apis_are_described_without_other_hosts() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    let client = &served.client;
    let reply = client.get("/docs").await;
    assert_eq!((reply.status, reply.header("location")), (302, Some("/docs/index.html")));
    let page = client.get("/docs/index.html").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self';"), "{policy}");
    assert!(page.text().contains("swagger-ui-bundle.js"));
    assert!(page.text().contains("<title>ombud: the APIs</title>"), "{}", page.text());
    let setup = client.get("/docs/swagger-initializer.js").await.text();
    for file in ["swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "swagger-ui.css", "index.css"] {
        assert_eq!(client.get(&format!("/docs/{file}")).await.status, 200, "{file}");
    }
    client.get("/docs/missing.js").await.expect(404);
    let names: BTreeSet<&str> =
        mounts(&[]).unwrap().iter().map(|route| route.dialect).filter(|name| *name != "house").collect();
    assert!(names.len() > 1, "{names:?}");
    for name in names {
        let path = format!("/{name}/openapi.json");
        assert!(setup.contains(&path), "{path}");
        let document = client.get(&path).await.expect(200);
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(Some(document), openapi(name));
    }
    served.leave().await;
}

#[test]
fn every_route_can_be_listed() {
    let routes = mounts(&[]).unwrap();
    let lines: BTreeSet<_> =
        routes.iter().map(|route| (route.method.as_str(), route.path.as_str(), route.dialect)).collect();
    assert_eq!(lines.len(), routes.len(), "no route twice");
    let health = routes.iter().find(|route| route.path == "/api/v1/health").unwrap();
    assert_eq!((health.method.as_str(), health.dialect, health.needs), ("GET", "tarko", Needs::Nothing));
    let ombud = Ombud::new();
    let listed = ombud.json(&["serve", "--print-routes"]);
    let listed = listed["routes"].as_array().unwrap();
    assert_eq!(listed.len(), routes.len());
    let first = json!({
        "method": routes[0].method, "path": routes[0].path, "dialect": routes[0].dialect,
        "needs": format!("{:?}", routes[0].needs).to_lowercase(),
    });
    assert_eq!(listed[0], first);
    let said = ombud.run(&["serve", "--print-routes", "--dialects", "tarko"]);
    assert_eq!((said.exit, said.stderr.as_str()), (0, ""));
    assert!(said.stdout.lines().all(|line| line.split_whitespace().count() == 4), "{}", said.stdout);
}

/// `docs/openapi/NAME.json`, made from the tables of routes.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test may be told to write its files")]
fn the_descriptions_are_fresh() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi");
    let names: BTreeSet<&str> =
        mounts(&[]).unwrap().iter().map(|route| route.dialect).filter(|name| *name != "house").collect();
    for name in names {
        let path = folder.join(format!("{name}.json"));
        let text = format!("{:#}\n", openapi(name).unwrap());
        if std::env::var_os("OMBUD_BLESS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let fresh = std::fs::read_to_string(&path).unwrap_or_default() == text;
        assert!(fresh, "docs/openapi/{name}.json is stale: OMBUD_BLESS=1 cargo test --test it descriptions writes it anew");
    }
}

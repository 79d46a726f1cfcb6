//! Who is let in: every guard on every route.

use ombud::config::{Settings, Wire};
use ombud::http::Needs;
use ombud::server::{Mounted, mounts};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::probe::one;
use crate::support::model_server::ModelServer;
use crate::support::process::Place;
use crate::support::server::{Client, Reply, Served, Serving, send};

const TOKEN: &str = "correct-horse-battery";

fn with_token(settings: &mut Settings) {
    settings.server.token = Some(SecretString::from(TOKEN));
}

async fn real(change: impl FnOnce(&mut Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, change).await;
    (model, served)
}

async fn probe(change: impl FnOnce(&mut Settings)) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_dialects(&model, change, vec![one()]).await;
    (model, served)
}

/// A request for a route, with something for each of its parameters.
async fn ask(client: &Client, route: &Mounted) -> Reply {
    let place = |segment: &str| if segment.starts_with('{') { "x".to_owned() } else { segment.to_owned() };
    let path = route.path.split('/').map(place).collect::<Vec<_>>().join("/");
    send(client.request(&route.method, &path)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_others_reach_no_route() {
    let (_model, served) = real(|_| ()).await;
    let client = &served.client;
    let routes = mounts(&[]).unwrap();
    for (name, value, says) in [
        ("origin", "https://evil.example", "comes from a page of https://evil.example"),
        ("origin", "null", "comes from a page of null"),
        ("sec-fetch-site", "cross-site", "comes from a page of another site"),
        ("host", "evil.example", "is meant for the host `evil.example`"),
    ] {
        for route in &routes {
            let reply = ask(&client.with(name, value), route).await;
            if route.open_to_all_origins {
                // Its own proof counts, and there is none.
                assert!(route.path.starts_with("/octavus/files/") && route.needs == Needs::Nothing, "{route:?}");
                assert_eq!(reply.status, 403, "{route:?}");
                assert!(reply.text().contains("not one that this server has signed"), "{}", reply.text());
                continue;
            }
            assert_eq!(reply.status, 403, "{name}: {value} at {route:?}: {}", reply.text());
            assert!(reply.text().contains(says), "{route:?}: {}", reply.text());
            assert_eq!(reply.header("access-control-allow-origin"), None);
        }
    }
    let own = format!("http://{}", client.authority());
    assert_eq!(client.with("origin", &own).get("/healthz").await.status, 200);
    assert_eq!(client.with("host", "localhost").get("/healthz").await.status, 200);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_token_no_route_answers() {
    let (_model, served) = real(with_token).await;
    let client = &served.client;
    let wrong = ["", "Bearer wrong-horse-battery", "Basic Y29ycmVjdA==", TOKEN];
    let (routes, mut open) = (mounts(&[]).unwrap(), Vec::new());
    for route in &routes {
        for value in wrong {
            let reply = ask(&client.with("authorization", value), route).await;
            if route.needs == Needs::Nothing {
                assert_ne!(reply.status, 401, "{route:?}");
            } else {
                assert_eq!(reply.status, 401, "{route:?}: {}", reply.text());
                assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            }
        }
        if route.needs == Needs::Nothing {
            open.push(route.path.as_str());
        }
    }
    assert!(open.contains(&"/healthz") && open.contains(&"/readyz"), "{open:?}");
    assert_eq!(client.get("/nowhere").await.status, 401, "who is not known is not told what there is");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_opens_every_door() {
    let (_model, served) = probe(with_token).await;
    let client = &served.client;
    for (name, value) in [("authorization", format!("Bearer {TOKEN}")), ("x-api-key", TOKEN.to_owned())] {
        let who = client.with(name, &value).with("x-request-id", "r-1").get("/things/who").await.expect(200);
        assert_eq!(who, json!({ "name": "token", "admin": true, "request": "r-1" }));
        assert_eq!(client.with(name, &value).get("/things/admin").await.status, 200);
    }
    // A browser shows it once.
    let reply = client.get(&format!("/?token={TOKEN}&session=7")).await;
    assert_eq!((reply.status, reply.header("location"), reply.body.len()), (303, Some("/?session=7"), 0));
    let cookie = reply.header("set-cookie").unwrap();
    let (pair, rest) = cookie.split_once(';').unwrap();
    assert_eq!(rest, " Path=/; HttpOnly; SameSite=Strict");
    assert!(!cookie.contains(TOKEN));
    assert_eq!(client.with("cookie", pair).get("/things/who").await.expect(200)["name"], "token");
    assert_eq!(client.get("/?token=wrong-horse").await.status, 401);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_who_is_here_uses_and_does_not_administer() {
    let (_model, served) = probe(|_| ()).await;
    let who = served.client.get("/things/who").await.expect(200);
    assert_eq!((&who["name"], &who["admin"]), (&json!("local"), &json!(false)));
    let refused = served.client.get("/things/admin").await;
    assert_eq!(refused.expect(403), json!({ "one": "`local` may not GET /things/admin" }));
    served.leave().await;
    for change in [(|settings: &mut Settings| settings.server.allow_local_admin = true) as fn(&mut Settings), |settings| {
        settings.server.no_auth = true
    }] {
        let (_model, served) = probe(change).await;
        assert_eq!(served.client.get("/things/admin").await.text(), "admin");
        served.leave().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_for_administrators_names_the_way_out() {
    let (_model, served) = real(|_| ()).await;
    for route in mounts(&[]).unwrap().iter().filter(|route| route.needs == Needs::Admin) {
        let reply = ask(&served.client, route).await;
        assert_eq!(reply.status, 403, "{route:?}: {}", reply.text());
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn allowed_pages_are_told_so() {
    let (_model, served) = probe(|settings| {
        with_token(settings);
        settings.server.origins = vec!["https://chat.example".to_owned()];
    })
    .await;
    let page = served.client.with("origin", "https://chat.example");
    // The question before comes without the token.
    let asked = page
        .with("access-control-request-method", "POST")
        .with("access-control-request-headers", "authorization,content-type");
    let reply = send(asked.request("OPTIONS", "/things/echo")).await;
    let headers = |reply: &Reply| {
        let mut told: Vec<String> = reply
            .headers
            .iter()
            .filter(|(name, _)| name.as_str().starts_with("access-control-") || name.as_str() == "vary")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        told.sort();
        told
    };
    assert_eq!((reply.status, reply.header("content-length").unwrap_or("0")), (204, "0"));
    assert_eq!(
        headers(&reply),
        [
            "access-control-allow-credentials: true",
            "access-control-allow-headers: authorization,content-type",
            "access-control-allow-methods: GET,POST,PUT,PATCH,DELETE,OPTIONS",
            "access-control-allow-origin: https://chat.example",
            "access-control-max-age: 600",
            "vary: origin",
        ]
    );
    let allowed = page.with("x-api-key", TOKEN).get("/things").await;
    assert_eq!((allowed.status, allowed.text().as_str()), (200, "one"));
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://chat.example"));
    // A refusal is readable for the page, too.
    let refused = page.get("/things").await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, Some("https://chat.example")));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_star_every_page_is_allowed() {
    let (_model, served) = probe(|settings| settings.server.origins = vec!["*".to_owned()]).await;
    let reply = served.client.get("/things").await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, Some("*")));
    let page = served.client.with("origin", "https://any.example").with("sec-fetch-site", "cross-site");
    let reply = page.get("/things/nothing/here").await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (404, Some("*")));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_asks_too_often_is_told_when_to_come_back() {
    let (_model, served) = probe(|settings| settings.server.limits.requests_per_minute = 3).await;
    for _ in 0..3 {
        assert_eq!(served.client.get("/things").await.status, 200);
    }
    let reply = served.client.get("/things").await;
    assert_eq!(reply.expect(429), json!({ "one": "more than 3 requests in a minute" }));
    let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_the_id_of_its_request() {
    let (_model, served) = probe(|_| ()).await;
    let client = &served.client;
    let id = |reply: &Reply| reply.header("x-request-id").unwrap().to_owned();
    let given = client.with("x-request-id", "build-42.1");
    for path in ["/things", "/nothing", "/things/panic"] {
        assert_eq!(id(&given.get(path).await), "build-42.1", "{path}");
    }
    for bad in ["a b", "", "é", &"x".repeat(129)] {
        let made = id(&client.with("x-request-id", bad).get("/things").await);
        assert_eq!((made.len(), made.as_bytes()[8]), (36, b'-'), "{bad}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_refused_that_nobody_means() {
    let (_model, served) = probe(|settings| settings.server.limits.address_bytes = 300).await;
    let long = format!("/things?{}", "x".repeat(300));
    assert_eq!(
        served.client.get(&long).await.expect(413),
        json!({ "one": "the address of the request is longer than 300 bytes" })
    );
    for path in ["/things/a%00b", "/things/a%0D%0Ab"] {
        let refused = served.client.get(path).await;
        assert_eq!(refused.expect(400), json!({ "one": "the path of the request holds a control character" }), "{path}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_name_requests_and_hold_no_token() {
    let place = Place::new("sqlite");
    let file = place.work().join("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let file = file.to_str().unwrap();
    let serving = Serving::start(&place, &["--token-file", file, "--log-format", "json", "-vvv"]);
    assert!(serving.start_line.contains(" auth=token "), "{}", serving.start_line);
    let client = serving.client.with("x-request-id", "r-7");
    let proven = client.with("authorization", &format!("Bearer {TOKEN}"));
    assert_eq!(proven.get("/metrics?secret=query").await.status, 200);
    assert_eq!(client.with("x-api-key", TOKEN).get("/metrics").await.status, 200);
    let cookie = client.get(&format!("/?token={TOKEN}")).await.header("set-cookie").unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(client.with("cookie", &cookie).get("/metrics").await.status, 200);
    assert_eq!(client.get("/metrics").await.status, 401);
    let ended = serving.end();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(!ended.stderr.contains(TOKEN) && !ended.stderr.contains("secret=query"), "{}", ended.stderr);
    assert!(!ended.stderr.contains(cookie.split('=').nth(1).unwrap()));
    let lines: Vec<Value> = ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered: Vec<_> = lines.iter().filter(|line| line["message"] == "answered").collect();
    let first = answered[0];
    assert_eq!(
        json!([first["request_id"], first["method"], first["path"], first["status"], first["level"]]),
        json!(["r-7", "GET", "/metrics", 200, "INFO"])
    );
    assert!(first["ms"].is_u64() && first["timestamp"].is_string(), "{first}");
    let statuses: Vec<_> = answered.iter().map(|line| line["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 303, 200, 401]);
}

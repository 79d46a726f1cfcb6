//! The house's own API as it is on the wire: what is refused and how, cursors of streams, bytes.

use ombud::config::Wire;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Reply, Served, send};

async fn served(script: Vec<Answer>) -> (ModelServer, Served) {
    let model = ModelServer::start(Wire::Openai, script);
    let served = Served::start(&model).await;
    (model, served)
}

/// Status and error of an answer; every answer tells the version of the house.
fn refusal(reply: &Reply) -> (u16, String, String) {
    assert_eq!(reply.header("ombud-version"), Some(env!("CARGO_PKG_VERSION")), "{}", reply.text());
    let error = &reply.json()["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    assert!(error["retryable"].is_boolean(), "{error}");
    (reply.status, text("code"), text("message"))
}

fn told(status: u16, code: &str, message: &str) -> (u16, String, String) {
    (status, code.to_owned(), message.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused_by_its_place() {
    let (_model, served) = served(vec![]).await;
    let id = "0198c0de-0000-7000-8000-000000000001";
    for (verb, body, message) in [
        (
            "create",
            json!({"titel": "x"}),
            "`titel`: unknown field `titel`, expected one of `id`, `key`, `title`, `labels`, `agent`, `participants`, `workspace`, `model`, `lifetime`, `input`, `attributes`",
        ),
        ("create", json!({"title": 1}), "`title`: invalid type: integer `1`, expected a string"),
        ("create", json!({"model": "small"}), "`model`: model `small` is not of the form PROVIDER/ID"),
        ("create", json!([]), "it is no JSON object"),
        ("session", json!({}), "missing field `session`"),
        ("session", json!({"session": "../x"}), "`session`: session id \"../x\" is not allowed"),
        ("session", json!({"session": "a\u{0}b"}), "`session`: session id \"a\\0b\" is not allowed"),
        ("messages", json!({"session": "s", "limit": -1}), "`limit`: invalid value: integer `-1`, expected usize"),
        (
            "events",
            json!({"session": "s", "after": "1"}),
            "`after`: cursor \"1\" is not of the form INCARNATION:SEQ or INCARNATION:SEQ/PART@OFFSET~MESSAGE",
        ),
        (
            "update",
            json!({"session": "s", "change": {"titel": "x"}}),
            "`change.titel`: unknown field `titel`, expected one of `title`, `labels`, `agent`, `workspace`, `model`, `lifetime`, `attributes`",
        ),
        ("ask", json!({"target": {"existing": "s"}, "input": [{"kind": "text"}]}), "`input[0]`: missing field `text`"),
        (
            "ask",
            json!({"target": {"existing": "s"}, "input": [], "pins": {"permission": []}}),
            "`pins.permission`: unknown field `permission`",
        ),
        (
            "ask",
            json!({"target": {"existing": "s"}, "input": [], "blobs": [["x", "%"]]}),
            "`blobs`: the bytes of blob `x` are not base64: Invalid symbol 37, offset 0.",
        ),
        (
            "decide",
            json!({"call": id, "decision": "maybe"}),
            "`decision`: unknown variant `maybe`, expected `allow` or `deny`",
        ),
        ("agents", json!({"name": "x"}), "`name`: unknown field `name`, there are no fields"),
    ] {
        let reply = served.client.post(&format!("/ombud/v1/{verb}"), &body).await;
        let (status, code, place) = refusal(&reply);
        let said = place.split(" at line ").next().unwrap();
        // What a run may be pinned to grows: here it is enough that the field is named.
        let said = if said.contains("`pins.") { said.split(", expected").next().unwrap() } else { said };
        let said = said.to_owned();
        assert_eq!((status, code, said), told(400, "invalid_input", message), "{verb} {body}");
    }
    let reply = served.client.post("/ombud/v1/session", &json!({"session": "missing"})).await;
    assert_eq!(refusal(&reply), told(404, "not_found", "session `missing` is not known"));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_are_no_json() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings| settings.server.limits.body_bytes = 2_000).await;
    let raw = |kind: Option<&'static str>, body: Vec<u8>| {
        let mut request = served.client.request("POST", "/ombud/v1/create").body(body);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        send(request)
    };
    let json_type = Some("application/json");
    for (kind, body, status, code, message) in [
        (json_type, b"{".to_vec(), 400, "invalid_input", "EOF while parsing an object at line 1 column 1"),
        (json_type, b"{} {}".to_vec(), 400, "invalid_input", "after the document: trailing characters at line 1 column 4"),
        (
            json_type,
            b"{\"title\":\"\xff\"}".to_vec(),
            400,
            "invalid_input",
            "`title`: invalid unicode code point at line 1 column 11",
        ),
        (
            json_type,
            b"{\"title\":\"a\",\"title\":\"b\"}".to_vec(),
            400,
            "invalid_input",
            "duplicate field `title` at line 1 column 20",
        ),
        (json_type, vec![b'['; 1_999], 400, "invalid_input", "it is no JSON object"),
        (json_type, vec![b' '; 2_001], 413, "too_large", "the body is larger than 2000 bytes"),
        (Some("text/plain"), b"{}".to_vec(), 415, "bad_media", "the body is not declared as JSON"),
        (None, b"{}".to_vec(), 415, "bad_media", "the body is not declared as JSON"),
    ] {
        let shown = String::from_utf8_lossy(&body[..body.len().min(30)]).into_owned();
        assert_eq!(refusal(&raw(kind, body).await), told(status, code, message), "{shown}");
    }
    // Nothing at all is the same as `{}`, and so is a body of a type with a parameter.
    assert!(raw(None, vec![]).await.expect(200)["id"].is_string());
    assert!(raw(Some("application/json; charset=utf-8"), b"{}".to_vec()).await.expect(200)["id"].is_string());
    let listed = served.client.post("/ombud/v1/sessions", &json!({})).await.expect(200);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_and_its_stream() {
    let (_model, served) = served(vec![Answer::pieces(&["Te", "al."])]).await;
    let client = &served.client;
    let ask = json!({"target": {"new": {"id": "s", "title": "Colours"}}, "input": [{"kind": "text", "text": "Which?"}]});
    let asked = client.post("/ombud/v1/ask", &ask).await.expect(200);
    let run = asked["run"].as_str().unwrap();
    assert_eq!((&asked["session"], &asked["before"], &asked["model"]), (&json!("s"), &json!("1:0"), &json!("house/small")));

    let mut stream = client.listen("/ombud/v1/subscribe?session=s&after=1:0").await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.headers["ombud-heartbeat"], "15");
    let mut seen = Vec::new();
    while seen.last().is_none_or(|(_, kind): &(String, String)| kind != "run.finished") {
        let frame = stream.next().await.unwrap();
        let data = frame.json();
        let id = frame.id.unwrap();
        match data["seq"].as_u64() {
            Some(seq) => assert_eq!(id, format!("1:{seq}")),
            None => assert_eq!(json!(id), data["cursor"]),
        }
        seen.push((id, data["type"].as_str().unwrap().to_owned()));
    }
    let facts: Vec<&str> = seen.iter().map(|(_, kind)| kind.as_str()).filter(|kind| !kind.starts_with("part.")).collect();
    let all = ["session.created", "message.posted", "run.queued", "run.started", "message.completed", "run.finished"];
    assert_eq!(facts, all);
    // A reader that comes back with an id is given what follows it; the header counts before the query.
    for (at, (id, _)) in seen.iter().enumerate().filter(|(at, _)| at + 1 < seen.len()) {
        let request = client.request("GET", "/ombud/v1/subscribe?session=s&after=1:0").header("last-event-id", id);
        let mut stream = crate::support::server::open(request).await;
        let next = stream.next().await.unwrap().json();
        let (expected, got) = (&seen[at + 1].1, next["type"].as_str().unwrap());
        // All pieces come as one when they are given again.
        assert!(got == expected || expected == "part.grew" && got == "part.closed", "after {id}: {got}, not {expected}");
    }
    let item = client.post("/ombud/v1/session", &json!({"session": "s"})).await.expect(200);
    assert_eq!((&item["summary"]["session"]["title"], &item["status"]), (&json!("Colours"), &json!("idle")));
    let page = client.post("/ombud/v1/messages", &json!({"session": "s"})).await.expect(200);
    assert_eq!(page["messages"][1]["message"]["parts"], json!([{"kind": "text", "text": "Teal."}]));
    assert_eq!(client.post("/ombud/v1/run", &json!({"run": run})).await.expect(200)["status"], "completed");
    assert_eq!(client.post("/ombud/v1/delete", &json!({"session": "s"})).await.expect(200), json!({}));
    assert_eq!(stream.next().await.unwrap().json()["type"], "session.deleted");
    assert_eq!(stream.next().await, None);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_cannot_begin() {
    let (_model, served) = served(vec![]).await;
    for (path, status, code, message) in [
        ("subscribe?session=missing", 404, "not_found", "session `missing` is not known"),
        ("subscribe", 400, "invalid_input", "the query of the address does not fit: missing field `session`"),
        (
            "subscribe?session=a%2Fb",
            400,
            "invalid_input",
            "the query of the address does not fit: session: session id \"a/b\" is not allowed",
        ),
        (
            "subscribe?session=s&from=1",
            400,
            "invalid_input",
            "the query of the address does not fit: from: unknown field `from`, expected `session` or `after`",
        ),
        (
            "notices?x=1",
            400,
            "invalid_input",
            "the query of the address does not fit: x: unknown field `x`, there are no fields",
        ),
        ("blob?session=s&blob=x", 404, "not_found", "blob `x` is not known"),
    ] {
        let reply = served.client.get(&format!("/ombud/v1/{path}")).await;
        let (at, word, text) = refusal(&reply);
        assert_eq!((at, word.as_str()), (status, code), "{path}: {text}");
        assert_eq!(text, message, "{path}");
    }
    let request = served.client.request("GET", "/ombud/v1/subscribe?session=s").header("last-event-id", "x");
    assert_eq!(refusal(&send(request).await).1, "invalid_input");
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_silent_gives_signs_of_life() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let quick = |settings: &mut ombud::config::Settings| {
        settings.server.limits.heartbeat = std::time::Duration::from_millis(20);
    };
    let served = Served::start_with(&model, quick).await;
    let mut stream = served.client.listen("/ombud/v1/notices").await;
    let mut comments = Vec::new();
    while comments.len() < 3 {
        comments.extend(stream.next_raw().await.unwrap().comment);
    }
    assert_eq!(comments[0], "listening");
    // A server that leaves ends its streams.
    served.begin_to_leave();
    assert_eq!(stream.next().await, None);
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_of_others_do_nothing_in_a_browser() {
    let (_model, served) = served(vec![]).await;
    std::fs::write(served.workspace.path().join("page.html"), "<script>1</script>").unwrap();
    let looked: Value = served.client.post("/ombud/v1/look", &json!({})).await.expect(200);
    assert_eq!(looked["entries"][0]["name"], "page.html");
    let found: Value = served.client.post("/ombud/v1/find", &json!({"search": {"text": "PAGE"}})).await.expect(200);
    assert_eq!(found["files"][0]["path"], "page.html");
    let file = served.client.get("/ombud/v1/file?path=page.html").await;
    assert_eq!((file.status, file.text().as_str()), (200, "<script>1</script>"));
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    assert!(file.header("content-security-policy").unwrap().starts_with("sandbox;"));
    for path in ["..%2Fx", "%2Fetc%2Fpasswd", "missing"] {
        let reply = served.client.get(&format!("/ombud/v1/file?path={path}")).await;
        assert!(matches!(reply.status, 403 | 404), "{path}: {}", reply.text());
        refusal(&reply);
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_of_callers_who_have_not_proven_who_they_are() {
    let (_model, served) = served(vec![]).await;
    let client = &served.client;
    let definition = |rules: Value| json!({"name": "x", "instructions": "Do.", "permissions": rules});
    let create = |rules: Value| json!({"definition": definition(rules)});
    let allow = json!([{"tool": "run_command", "permission": "allow"}]);
    let reply = client.post("/ombud/v1/create_agent", &create(allow.clone())).await;
    let message = "`local` may not allow calls of tool `run_command`";
    assert_eq!(refusal(&reply), told(403, "forbidden", message));
    let deny = json!([{"tool": "run_command", "permission": "deny"}]);
    let made = client.post("/ombud/v1/create_agent", &create(deny.clone())).await.expect(200);
    assert_eq!((&made["agent"]["permissions"], &made["trusted"], &made["origin"]), (&deny, &json!(false), &json!("store")));
    assert_eq!(client.post("/ombud/v1/agent", &json!({"agent": made["id"]})).await.expect(200), made);
    let reply = client.post("/ombud/v1/create_agent", &create(json!([]))).await;
    assert_eq!(refusal(&reply), told(409, "conflict", "agent `x` is there already"));
    let update = |rules: Value| json!({"agent": "x", "definition": definition(rules), "revision": made["revision"]});
    let reply = client.post("/ombud/v1/update_agent", &update(allow)).await;
    assert_eq!(refusal(&reply), told(403, "forbidden", message));
    let changed = client.post("/ombud/v1/update_agent", &update(json!([]))).await.expect(200);
    assert_eq!((&changed["id"], changed["agent"].get("permissions")), (&made["id"], None));
    let reply = client.post("/ombud/v1/update_agent", &update(deny)).await;
    assert_eq!(refusal(&reply).0, 409);
    let reply = client.post("/ombud/v1/remove_agent", &json!({"agent": "default"})).await;
    assert_eq!(refusal(&reply), told(403, "forbidden", "agent `default` cannot be changed here: it is configured"));
    assert!(client.post("/ombud/v1/remove_agent", &json!({"agent": "x"})).await.expect(200)["archived_at"].is_string());
    let reply = client.post("/ombud/v1/agent", &json!({"agent": "x"})).await;
    assert_eq!(refusal(&reply), told(404, "not_found", "agent `x` is not known"));
    served.leave().await;
}

//! Sharing: the page, and its upload to a provider that records what comes, is down, refuses, or never answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ombud::config::{WebUi, Wire};
use ombud::dialects::tarko::{Progress, Publication, Unpublished};
use ombud::domain::{Error, ErrorCode, SessionId, Timestamp};
use ombud::engine::Engine;
use serde_json::{Value, json};

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::receiver::{Answering, FormPart, Receiver};
use crate::support::server::{Served, within};

const PICTURE: &str = "not quite a picture";

struct Scene {
    served: Served,
    session: String,
    model: ModelServer,
    _ui: tempfile::TempDir,
}

/// A session in which the agent wrote a file that mentions an image of the workspace.
async fn scene(provider: Option<String>, webui: bool) -> Scene {
    let content = "# R\n![pic](./images/pic.png)\n<img src=\"images/pic.png\">\n![no](images/none.png)\n";
    let model = ModelServer::start(
        Wire::Openai,
        vec![
            Answer::calls(vec![("write_file", json!({"path": "report.md", "content": content}))]),
            Answer::text("Done </script><script>alert(1)</script>"),
        ],
    );
    let ui = tempfile::tempdir().unwrap();
    std::fs::write(ui.path().join("index.html"), "<html><head></head><body></body></html>").unwrap();
    let folder = ui.path().to_owned();
    let served = Served::start_with(&model, |settings| {
        std::fs::create_dir(settings.workspace.join("images")).unwrap();
        std::fs::write(settings.workspace.join("images/pic.png"), PICTURE).unwrap();
        settings.server.share_provider = provider;
        settings.server.webui = webui.then(|| WebUi { folder, config: json!({ "title": "Demo", "staticPath": "/secret" }) });
    })
    .await;
    let asked = json!({ "query": "write report on cats & dogs", "sessionName": "My Session", "sessionTags": ["a", "b"] });
    let answer = served.client.post("/api/v1/oneshot/query", &asked).await.expect(200);
    let session = answer["sessionId"].as_str().unwrap().to_owned();
    Scene { served, session, model, _ui: ui }
}

impl Scene {
    async fn share(&self, upload: bool) -> crate::support::server::Reply {
        let body = json!({ "sessionId": self.session, "upload": upload });
        self.served.client.post("/api/v1/sessions/share", &body).await
    }

    /// What the script of a page sets.
    fn told(page: &str, name: &str) -> Value {
        let start = format!("window.{name} = ");
        let line = page.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_else(|| panic!("no {name} in {page}"));
        serde_json::from_str(line.strip_suffix(';').unwrap()).unwrap()
    }
}

/// Answers images and pages as the recorded provider did.
fn provider(received: &crate::support::receiver::Received) -> Answering {
    if received.path == "/api/storage" {
        return Answering::With(200, json!({ "cdnUrl": "http://cdn.example/img.png" }).to_string());
    }
    Answering::With(201, json!({ "url": "http://share.example/p/abc?x=1&replay=0" }).to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_uploaded_in_the_form_of_the_original() {
    let receiver = Receiver::start(provider).await;
    let scene = scene(Some(format!("{}/api/share", receiver.address)), true).await;
    scene.model.push(Answer::text(r#"{"slug": "Mock Session Slug"}"#));
    let answer = scene.share(true).await.expect(200);
    let url = "http://share.example/p/abc?x=1&replay=1";
    assert_eq!(answer, json!({ "success": true, "url": url, "sessionId": scene.session }));

    let received = receiver.received();
    assert_eq!(received.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["/api/storage", "/api/share"]);
    let text =
        |name: &str, content: &str| FormPart { name: name.to_owned(), file: None, kind: None, content: content.to_owned() };
    let picture = FormPart {
        name: "file".to_owned(),
        file: Some("pic.png".to_owned()),
        kind: Some("image/png".to_owned()),
        content: PICTURE.to_owned(),
    };
    assert_eq!(received[0].parts(), [picture, text("type", "image"), text("originalPath", "images/pic.png")]);

    let mut parts = received[1].parts();
    let page = parts.remove(0);
    assert_eq!((page.name.as_str(), page.kind.as_deref()), ("file", Some("text/html")));
    let file = page.file.unwrap();
    let time = file.strip_prefix(&format!("agent-replay-{}-", scene.session)).unwrap().strip_suffix(".html").unwrap();
    assert!(time.parse::<u64>().is_ok(), "{file}");
    let slug = parts.remove(2);
    assert_eq!(slug.name, "slug");
    let (words, digest) = slug.content.rsplit_once('-').unwrap();
    assert!(words == "mock-session-slug" && digest.len() == 6, "{}", slug.content);
    let expected = [
        text("sessionId", &scene.session),
        text("type", "html"),
        text("query", "write report on cats & dogs"),
        text("name", "My Session"),
        text("tags", "[\"a\",\"b\"]"),
    ];
    assert_eq!(parts, expected);

    // The page holds the session, with addresses in the place of images, and nothing that could run.
    let page = page.content;
    assert_eq!(page.matches("<script").count(), 2, "{page}");
    assert_eq!(Scene::told(&page, "AGENT_REPLAY_MODE"), json!(true));
    let session = Scene::told(&page, "AGENT_SESSION_DATA");
    assert_eq!((&session["id"], &session["metadata"]["name"]), (&json!(scene.session), &json!("My Session")));
    assert_eq!(session["metadata"]["tags"], json!(["a", "b"]));
    let events = Scene::told(&page, "AGENT_EVENT_STREAM");
    let kinds: Vec<&str> = events.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "user_message",
            "agent_run_start",
            "assistant_message",
            "tool_call",
            "tool_result",
            "assistant_message",
            "agent_run_end"
        ]
    );
    let written =
        "# R\n![pic](https://cdn.example/img.png)\n<img src=\"https://cdn.example/img.png\">\n![no](images/none.png)\n";
    assert_eq!(events[3]["arguments"]["content"], written);
    assert_eq!(events[1]["runOptions"]["input"], "write report on cats & dogs");
    let config = Scene::told(&page, "AGENT_WEB_UI_CONFIG");
    assert_eq!((&config["title"], config.get("staticPath")), (&json!("Demo"), None));
    let workspace = scene.served.workspace.path().to_str().unwrap().to_owned();
    assert!(!page.contains(&workspace) && !page.contains("/secret"), "{page}");
    scene.model.finish();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_provider_or_the_wish_the_page_is_the_answer() {
    let nowhere = || Receiver::start(|_| Answering::With(500, String::new()));
    for (upload, webui) in [(false, false), (false, true), (true, false)] {
        let receiver = nowhere().await;
        let provider = (!upload).then(|| receiver.address.clone());
        let scene = scene(provider.clone(), webui).await;
        let config = scene.served.client.get("/api/v1/share/config").await.expect(200);
        assert_eq!(config, json!({ "hasShareProvider": provider.is_some(), "shareProvider": provider }));
        let answer = scene.share(upload).await.expect(200);
        let keys: Vec<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["success", "html", "sessionId"]);
        let html = answer["html"].as_str().unwrap();
        assert_eq!(html.contains("AGENT_EVENT_STREAM"), webui, "our own page stands in where there is no interface");
        assert!(html.contains("write report on cats") && !html.contains("</script><script>alert"), "{html}");
        assert_eq!(receiver.received().len(), 0);
        scene.model.finish();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_does_wrong_is_told_and_harms_nothing() {
    let refusing = Receiver::that_answers(503, "busy").await;
    let odd = Receiver::that_answers(200, "<html>").await;
    let hostile = Receiver::that_answers(200, r#"{"url": "javascript:alert(1)"}"#).await;
    let moved = Receiver::start(|_| Answering::With(302, String::new())).await;
    for (address, text) in [
        (refusing.address.clone(), "HTTP error! status: 503"),
        (odd.address.clone(), "Invalid response from share provider"),
        (hostile.address.clone(), "Invalid response from share provider"),
        (moved.address.clone(), "HTTP error! status: 302"),
        ("http://127.0.0.1:1".to_owned(), "the share provider cannot be reached: "),
    ] {
        let scene = scene(Some(format!("{address}/share")), true).await;
        // Nobody finds a slug: the words of the question do.
        scene.model.push(Answer::text("no JSON"));
        let reply = scene.share(true).await;
        let error = reply.expect(500)["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(text), "{error}");
        assert!(!error.contains("127.0.0.1:1/"), "{error}");
        let status = format!("/api/v1/sessions/status?sessionId={}", scene.session);
        assert_eq!(scene.served.client.get(&status).await.expect(200)["status"]["state"], "idle");
        scene.model.finish();
    }
    let scene = scene(None, false).await;
    let unknown = scene.served.client.post("/api/v1/sessions/share", &json!({ "sessionId": "unknown-id" })).await;
    assert_eq!(unknown.expect(404)["error"], "Session not found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_never_answers_is_given_up() {
    let receiver = Receiver::start(|_| Answering::Never).await;
    let scene = scene(None, false).await;
    scene.model.push(Answer::text("no JSON"));
    let (engine, caller) = (&*scene.served.house, somebody());
    let shared = engine.share(&caller, &SessionId::from_text(&scene.session)).await.unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let telling = Arc::clone(&seen);
    let publication = Publication {
        engine,
        caller: &caller,
        provider: &receiver.address,
        time: Duration::from_millis(200),
        now: Timestamp::from_millis(7),
        progress: &move |progress| telling.lock().unwrap().push(progress),
    };
    let published = within("it is given up", publication.publish(shared, |_| Ok("x".repeat(100_000)))).await;
    let Err(Unpublished::Other(error)) = published else { panic!("{published:?}") };
    assert_eq!(error.code, ErrorCode::TimedOut);
    assert!(error.message.starts_with("the share provider cannot be reached: "), "{error}");
    let seen = seen.lock().unwrap().clone();
    let images = |done| Progress::Images { done, all: 2 };
    assert_eq!(seen[..3], [images(0), images(1), images(2)]);
    assert_eq!(seen.last(), Some(&Progress::Page { sent: 100_000, all: 100_000 }));
    // For people it is told with a way out.
    assert!(Error::from(Unpublished::Status(503)).hint.is_some());
}

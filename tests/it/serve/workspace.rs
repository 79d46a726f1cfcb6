//! What stands in the workspace, over HTTP: lists, search and checks as recorded from the original, plain files, and the
//! web interface before and behind them.

use std::fs;
use std::path::Path;

use ombud::config::{WebUi, Wire};
use serde_json::{Value, json};

use crate::support::model_server::ModelServer;
use crate::support::server::{Client, Reply, Served, send};

/// The workspace of the recorded server, and beside it a secret.
fn fill(folder: &Path) {
    for (path, content) in [
        (".hidden/x", "h"),
        (".env", "KEY=planted-canary"),
        ("images/pic.png", "png"),
        ("images.d/a.txt", "a\n"),
        ("node_modules/m.js", "m"),
        ("src/index.js", "i"),
        ("src/inner/main.txt", "t"),
        ("notes.md", "# Notes\nhello workspace\n"),
        ("page.html", "<script>fetch('/api/v1/sessions')</script>"),
        ("site.d/index.html", "<p>site</p>"),
        ("static/app.js", "workspace's"),
    ] {
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        fs::write(folder.join(path), content).unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", folder.join("out.txt")).unwrap();
}

struct Scene {
    served: Served,
    session: String,
    _model: ModelServer,
    ui: tempfile::TempDir,
}

async fn scene(webui: bool) -> Scene {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let ui = tempfile::tempdir().unwrap();
    fs::create_dir_all(ui.path().join("static")).unwrap();
    fs::write(ui.path().join("index.html"), "<html><head><title>UI</title></head><body></body></html>").unwrap();
    fs::write(ui.path().join("static/app.js"), "interface's").unwrap();
    let folder = ui.path().to_owned();
    let served = Served::start_with(&model, |settings| {
        fill(&settings.workspace);
        let config = json!({ "title": "</script><script>alert(1)</script>" });
        settings.server.webui = webui.then_some(WebUi { folder, config });
    })
    .await;
    let created = served.client.post("/api/v1/sessions/create", &json!({})).await.expect(201);
    let session = created["sessionId"].as_str().unwrap().to_owned();
    Scene { served, session, _model: model, ui }
}

impl Scene {
    fn client(&self) -> &Client {
        &self.served.client
    }

    async fn get(&self, route: &str, more: &str) -> Reply {
        let path = format!("/api/v1/sessions/workspace/{route}?sessionId={}{more}", self.session);
        self.client().get(&path).await
    }
}

/// Without what differs from run to run.
fn plain(mut value: Value, workspace: &Path) -> Value {
    let root = fs::canonicalize(workspace).unwrap();
    for entry in value.get_mut("files").and_then(Value::as_array_mut).into_iter().flatten() {
        let modified = entry["modified"].as_str().unwrap();
        assert!(modified.len() == 24 && modified.ends_with('Z'), "{modified}");
        if entry["isDirectory"] == true {
            entry["size"] = 0.into();
        }
        entry.as_object_mut().unwrap().shift_remove("modified");
    }
    for item in value.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        let path = item["path"].as_str().unwrap().replace(root.to_str().unwrap(), "/workspace");
        item["path"] = path.into();
    }
    value
}

fn error(reply: &Reply, status: u16) -> String {
    reply.expect(status)["error"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_and_files_are_listed_as_recorded() {
    let scene = scene(false).await;
    let folder = scene.served.workspace.path();
    let root = plain(scene.get("files", "").await.expect(200), folder);
    let names: Vec<(&str, bool)> = root["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file["path"].as_str().unwrap(), file["isDirectory"].as_bool().unwrap()))
        .collect();
    assert_eq!((root["type"].as_str(), root["path"].as_str()), (Some("directory"), Some("/")));
    let folders = ["/.hidden", "/images", "/images.d", "/node_modules", "/site.d", "/src", "/static"];
    let files = ["/.env", "/notes.md", "/page.html"];
    let expected: Vec<(&str, bool)> =
        folders.into_iter().map(|name| (name, true)).chain(files.into_iter().map(|name| (name, false))).collect();
    assert_eq!(names, expected, "a link that leads out is not there");
    assert_eq!(
        plain(scene.get("files", "&path=/images").await.expect(200), folder),
        json!({ "type": "directory", "path": "/images",
            "files": [{ "name": "pic.png", "isDirectory": false, "size": 3, "path": "/images/pic.png" }] })
    );
    let mut file = scene.get("files", "&path=/notes.md").await.expect(200);
    assert!(file.as_object_mut().unwrap().shift_remove("modified").is_some());
    assert_eq!(file, json!({ "type": "file", "name": "notes.md", "size": 24, "path": "/notes.md" }));
    for path in ["/nope.txt", "/../../etc/passwd", "/out.txt", "..", "/images/../../x"] {
        assert_eq!(error(&scene.get("files", &format!("&path={path}")).await, 404), "Path not found", "{path}");
    }
    let reply = scene.client().get("/api/v1/sessions/workspace/files").await;
    assert_eq!(error(&reply, 400), "Session ID is required");
    let reply = scene.client().get("/api/v1/sessions/workspace/files?sessionId=unknown-id").await;
    assert_eq!(error(&reply, 404), "Session not found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_searched_and_checked_as_recorded() {
    let scene = scene(false).await;
    let folder = scene.served.workspace.path();
    assert_eq!(
        plain(scene.get("search", "&q=inn").await.expect(200), folder)["items"][0],
        json!({ "name": "inner", "path": "/workspace/src/inner", "type": "directory", "relativePath": "src/inner" })
    );
    let found = plain(scene.get("search", "&q=i&type=directory").await.expect(200), folder);
    assert!(found["items"].as_array().unwrap().iter().all(|item| item["type"] == "directory"), "{found}");
    let top = scene.get("search", "&q=").await.expect(200);
    let top: Vec<&str> = top["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(top, ["images", "images.d", "site.d", "src", "static", "notes.md", "page.html"]);
    assert_eq!(error(&scene.get("search", "").await, 400), "Search query parameter is required");

    let paths = json!({ "paths": ["notes.md", "src", "missing.txt", "../etc", "/notes.md", 7] });
    let expected = json!({ "results": [
        { "path": "notes.md", "exists": true, "type": "file" },
        { "path": "src", "exists": true, "type": "directory" },
        { "path": "missing.txt", "exists": false },
        { "path": "../etc", "exists": false, "error": "Path outside workspace" },
        { "path": "/notes.md", "exists": true, "type": "file" },
        { "path": 7, "exists": false, "error": "Path is not a text" },
    ] });
    let route = format!("/api/v1/sessions/workspace/validate?sessionId={}", scene.session);
    assert_eq!(scene.client().post(&route, &paths).await.expect(200), expected);
    let mut body = paths.clone();
    body["sessionId"] = scene.session.clone().into();
    assert_eq!(scene.client().post("/tarko/api/v1/sessions/workspace/validate", &body).await.expect(200), expected);
    assert_eq!(error(&scene.client().post(&route, &json!({})).await, 400), "Paths array is required");
    let many: Vec<String> = (0..257).map(|number| number.to_string()).collect();
    assert_eq!(error(&scene.client().post(&route, &json!({ "paths": many })).await, 413), "More than 256 paths at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_files_are_sent_in_a_sandbox() {
    let scene = scene(false).await;
    let client = scene.client();
    for path in ["/notes.md", "/tarko/notes.md"] {
        let notes = client.get(path).await;
        assert_eq!((notes.status, notes.text().as_str()), (200, "# Notes\nhello workspace\n"), "{path}");
        assert_eq!(notes.header("content-type"), Some("text/markdown; charset=utf-8"));
        assert_eq!(notes.header("accept-ranges"), Some("bytes"));
        assert!(notes.header("last-modified").is_some() && notes.header("etag").is_some());
    }
    let page = client.get("/page.html").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("allow-"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(client.get("/site.d").await.text(), "<p>site</p>");
    // A page of this server could load it as a script, whatever its own answer says of a sandbox.
    let script = client.get("/src/index.js").await;
    assert!(script.header("content-disposition").unwrap().starts_with("attachment"));
    assert_eq!(script.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(script.header("x-content-type-options"), Some("nosniff"));
    let part = send(client.request("GET", "/notes.md").header("range", "bytes=2-6")).await;
    assert_eq!((part.status, part.text().as_str(), part.header("content-range")), (206, "Notes", Some("bytes 2-6/24")));
    let again = client.get("/notes.md").await;
    let known = send(client.request("GET", "/notes.md").header("if-none-match", again.header("etag").unwrap())).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = send(client.request("HEAD", "/notes.md")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    let listing = client.get("/images.d").await;
    assert_eq!(listing.status, 200);
    assert!(listing.text().contains("<a href=\"/images.d/a.txt\">a.txt</a>"), "{}", listing.text());
    assert!(listing.header("content-security-policy").unwrap().starts_with("sandbox"));
    // With the session that the interface names, and by the full path that an agent mentions.
    let full = fs::canonicalize(scene.served.workspace.path()).unwrap().join("notes.md");
    assert_eq!(client.get(full.to_str().unwrap()).await.status, 200);
    assert_eq!(client.get(&format!("/notes.md?sessionId={}", scene.session)).await.status, 200);
    assert_eq!(client.get("/notes.md?sessionId=gone").await.status, 404);
    assert_eq!(send(client.request("POST", "/notes.md")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_hidden_and_nothing_outside_is_sent() {
    for webui in [false, true] {
        let scene = scene(webui).await;
        for path in [
            "/.env",
            "/%2eenv",
            "/.hidden/x",
            "/images/../.env",
            "/images/%2e%2e/.env",
            "/%2e%2e/%2e%2e/etc/passwd.x",
            "/..%2f..%2fetc%2fpasswd",
            "/images%5c..%5c.env",
            "/out.txt",
            "//etc/passwd",
            "/etc/passwd.x",
            "/static/../../index.html",
            "/assets/%00.png",
            "/nope.png",
        ] {
            // The client must not tidy the address.
            let reply = raw(scene.client().authority(), path).await;
            assert!(!reply.contains("planted-canary") && !reply.contains("root:"), "{path}: {reply}");
            let status = reply.split(' ').nth(1).unwrap();
            assert!(
                ["400", "404"].contains(&status) || webui && status == "200" && reply.contains("AGENT_WEB_UI_CONFIG"),
                "{path}: {reply}"
            );
        }
    }
}

/// Sends a GET exactly as it is written, and reads the whole answer.
async fn raw(authority: &str, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(authority).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_web_interface_stands_behind_everything_else() {
    let scene = scene(true).await;
    let client = scene.client();
    let page = client.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("content-security-policy"), None);
    let text = page.text();
    assert!(text.starts_with("<html><head><title>UI</title><script>\nwindow.AGENT_BASE_URL = \"\";\n"), "{text}");
    assert_eq!(text.matches("</script>").count(), 1, "{text}");
    for view in ["/creating", "/any/depth/of/view", "/index.html", &format!("/{}", scene.session)] {
        assert_eq!(client.get(view).await.text(), text, "{view}");
    }
    // A workspace cannot put a script in the place of one of the interface.
    assert_eq!(client.get("/static/app.js").await.text(), "interface's");
    fs::remove_file(scene.ui.path().join("static/app.js")).unwrap();
    let other = client.get("/static/app.js").await;
    assert_eq!(other.text(), "workspace's");
    assert!(other.header("content-security-policy").unwrap().starts_with("sandbox"));
    assert_eq!(client.get("/notes.md").await.status, 200);
    assert_eq!(client.get("/missing.css").await.status, 404);
    assert_eq!(client.get("/api/v2/nothing").await.status, 404);
    assert_eq!(client.get("/api/v1/nothing").await.status, 404);
}

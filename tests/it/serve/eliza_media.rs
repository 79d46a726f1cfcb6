//! Media of the API of ElizaOS: what is taken, what is not, and that what comes out again can do no harm.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ombud::config::{Settings, Wire};
use ombud::storage::StoreUrl;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::model_server::{Answer, ModelServer};
use crate::support::server::{Client, Reply, Served, send, within};

const BOUNDARY: &str = "----a-form";
const AGENT: &str = "204cf3b0-213b-004e-adcc-04da4b982c17";
const CHANNEL: &str = "d6ce57c4-818c-4502-aebe-77b5deb6380a";
const TOKEN: &str = "correct-horse-battery";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const MOST: usize = 50 << 20;

/// A form with one file.
fn form(field: &str, name: &str, media_type: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    [head.as_bytes(), bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

async fn post(client: &Client, path: &str, body: Vec<u8>) -> Reply {
    let request = client.request("POST", path);
    send(request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)).await
}

/// A server that wants a token, on a store in a folder, and a client that has the token.
struct Bed {
    served: Served,
    client: Client,
    folder: tempfile::TempDir,
    model: ModelServer,
}

impl Bed {
    async fn new(script: Vec<Answer>) -> Self {
        let model = ModelServer::start(Wire::Openai, script);
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let served = Served::start_on(&store(&folder), &model, closed).await;
        let client = served.client.with("x-api-key", TOKEN);
        Self { served, client, folder, model }
    }

    /// The same store, served anew.
    async fn again(self) -> Self {
        let Self { served, folder, model, .. } = self;
        served.leave().await;
        let served = Served::start_on(&store(&folder), &model, closed).await;
        let client = served.client.with("x-api-key", TOKEN);
        Self { served, client, folder, model }
    }

    async fn give(&self, name: &str, media_type: &str, bytes: &[u8]) -> Reply {
        post(&self.client, &format!("/api/media/agents/{AGENT}/upload-media"), form("file", name, media_type, bytes)).await
    }

    /// As anybody fetches it who knows the address.
    async fn fetch(&self, url: &Value) -> Reply {
        self.served.client.get(url.as_str().unwrap()).await
    }

    fn kept(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.folder.path().join("store.db.files"));
        folder.into_iter().flatten().map(|item| item.unwrap().path()).collect()
    }
}

fn store(folder: &tempfile::TempDir) -> StoreUrl {
    StoreUrl::Sqlite(folder.path().join("store.db"))
}

fn closed(settings: &mut Settings) {
    settings.server.token = Some(SecretString::from(TOKEN));
}

/// Status and code of what was refused.
fn refused(reply: &Reply) -> (u16, String) {
    let told = reply.json();
    assert_eq!(told["success"], false, "{told}");
    (reply.status, told["error"]["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_in_and_out_and_survives_a_restart() {
    let bed = Bed::new(vec![]).await;
    let sent = bed.give("dot.png", "image/png", PNG).await.expect(200);
    let (url, filename) = (&sent["data"]["url"], sent["data"]["filename"].as_str().unwrap());
    let expected = json!({
        "url": format!("/media/uploads/agents/{AGENT}/{filename}"), "type": "image", "filename": filename,
        "originalName": "dot.png", "size": PNG.len(),
    });
    assert_eq!(sent, json!({"success": true, "data": expected}));
    let (time, rest) = filename.strip_suffix(".png").unwrap().split_once('-').unwrap();
    assert!(
        time.len() == 13 && [time, rest].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())),
        "{filename}"
    );
    let mut addresses = vec![(url.clone(), PNG.to_vec())];
    for path in ["media/channels", "messaging/channels", "messaging/central-channels"] {
        let body = form("file", "note.txt", "text/plain; charset=utf-8", b"hello\n");
        let sent = post(&bed.client, &format!("/api/{path}/{CHANNEL}/upload-media"), body).await.expect(200)["data"].clone();
        assert_eq!(
            (&sent["type"], &sent["originalName"], &sent["size"]),
            (&json!("text/plain"), &json!("note.txt"), &json!(6))
        );
        let url = sent["url"].as_str().unwrap();
        assert!(url.starts_with(&format!("/media/uploads/channels/{CHANNEL}/")) && url.ends_with(".txt"), "{url}");
        addresses.push((sent["url"].clone(), b"hello\n".to_vec()));
    }
    let bed = bed.again().await;
    for (url, bytes) in &addresses {
        let whole = bed.fetch(url).await;
        assert_eq!((whole.status, whole.body.as_ref()), (200, bytes.as_slice()), "{url}");
    }
    let whole = bed.fetch(&addresses[0].0).await;
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=0"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    assert!(whole.header("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"));
    assert!(whole.header("last-modified").unwrap().ends_with(" GMT"));
    let url = addresses[0].0.as_str().unwrap();
    let tag = whole.header("etag").unwrap().to_owned();
    for (name, value, status, range, body) in [
        ("range", "bytes=1-3", 206, Some("bytes 1-3/29"), &PNG[1..4]),
        ("range", "bytes=-2", 206, Some("bytes 27-28/29"), &PNG[27..]),
        ("range", "bytes=29-", 416, Some("bytes */29"), b""),
        ("if-none-match", tag.as_str(), 304, None, b""),
    ] {
        let part = send(bed.served.client.request("GET", url).header(name, value)).await;
        assert_eq!(
            (part.status, part.header("content-range"), part.body.as_ref()),
            (status, range, body),
            "{name}: {value}"
        );
    }
    assert_eq!(bed.kept().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_has_a_key_gives_and_only_the_address_fetches() {
    let bed = Bed::new(vec![]).await;
    let path = format!("/api/media/agents/{AGENT}/upload-media");
    assert_eq!(post(&bed.served.client, &path, form("file", "a.png", "image/png", PNG)).await.status, 401);
    let url = bed.give("a.png", "image/png", PNG).await.expect(200)["data"]["url"].as_str().unwrap().to_owned();
    let name = url.rsplit('/').next().unwrap();
    let other = "11111111-2222-4333-8444-555555555555";
    let missing = json!({"error": "File does not exist!!!!!!!"});
    for (path, status, told) in [
        (format!("/media/uploads/agents/{other}/{name}"), 404, missing.clone()),
        (format!("/media/uploads/agents/{AGENT}/0{name}"), 404, missing.clone()),
        (format!("/media/uploads/agents/{AGENT}/{}", name.replace(".png", ".html")), 404, missing.clone()),
        (format!("/media/uploads/agents/{AGENT}/..%2f..%2f..%2f..%2fetc%2fpasswd"), 404, missing.clone()),
        (format!("/media/generated/{AGENT}/{name}"), 404, missing.clone()),
        (format!("/media/uploads/channels/{AGENT}/{name}"), 404, json!({"error": "File not found"})),
        ("/media/uploads/agents/x/none.png".to_owned(), 400, json!({"error": "Invalid agent ID format"})),
    ] {
        assert_eq!(bed.served.client.get(&path).await.expect(status), told, "{path}");
    }
    assert_eq!(bed.served.client.get(&url).await.status, 200);
}

/// What agents and plugins put into their folder is served, and nothing that lies beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_here_is_served_from_its_folder() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let made = folder.path().join("made");
    let own = made.join(AGENT);
    std::fs::create_dir_all(own.join("deeper")).unwrap();
    for (place, text) in [
        (own.join("a.png"), PNG),
        (own.join("page.html"), b"<script>alert(1)</script>"),
        (own.join(".hidden"), b"x"),
        (own.join("deeper/b.png"), PNG),
        (made.join("beside.png"), PNG),
        (folder.path().join("outside.png"), PNG),
    ] {
        std::fs::write(place, text).unwrap();
    }
    std::os::unix::fs::symlink(folder.path().join("outside.png"), own.join("link.png")).unwrap();
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start_with(&model, |settings| {
        closed(settings);
        settings.server.generated_folder = Some(made);
    })
    .await;
    let client = &served.client;
    let get = async |name: &str| client.get(&format!("/media/generated/{}/{name}", AGENT.to_uppercase())).await;
    let picture = get("a.png").await;
    assert_eq!((picture.status, picture.body.as_ref(), picture.header("content-type")), (200, PNG, Some("image/png")));
    let page = get("page.html").await;
    assert_eq!((page.status, page.header("x-content-type-options")), (200, Some("nosniff")));
    assert!(page.header("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"));
    let request = client.request("GET", &format!("/media/generated/{AGENT}/a.png")).header("range", "bytes=1-3");
    let part = send(request).await;
    assert_eq!((part.status, part.body.as_ref()), (206, &PNG[1..4]));
    let missing = json!({"error": "File does not exist!!!!!!!"});
    for name in [
        "none.png",
        ".hidden",
        "link.png",
        "deeper",
        "deeper%2fb.png",
        "..%2fbeside.png",
        "..%2f..%2foutside.png",
        "..%5cbeside.png",
        "%2e%2e%2fbeside.png",
        "%252e%252e%252fbeside.png",
    ] {
        assert_eq!(get(name).await.expect(404), missing, "{name}");
    }
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_what_it_says_is_refused_and_leaves_nothing() {
    let bed = Bed::new(vec![]).await;
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>fetch('/api/agents')</script></svg>"#;
    let page = b"<!doctype html><script>fetch('/api/agents')</script>";
    for (name, media_type, bytes) in [
        ("a.svg", "image/svg+xml", &svg[..]),
        ("a.svg", "image/png", svg),
        ("page.png", "image/png", page),
        ("page.html", "text/html", page),
        ("a.zip", "application/zip", b"PK\x03\x04"),
        ("a.png", "image/jpeg", PNG),
        ("a.txt", "text/plain", PNG),
        ("a.js", "application/javascript", b"alert(1)"),
        ("empty.png", "image/png", b""),
    ] {
        let told = refused(&bed.give(name, media_type, bytes).await);
        assert_eq!(told, (415, "INVALID_FILE_TYPE".to_owned()), "{name} as {media_type}");
    }
    let path = format!("/api/media/agents/{AGENT}/upload-media");
    let whole = form("file", "a.png", "image/png", PNG);
    let two = [&whole[..whole.len() - BOUNDARY.len() - 6], &whole[..]].concat();
    for (body, status, code) in [
        (form("x", "a.png", "image/png", PNG), 400, "LIMIT_UNEXPECTED_FILE"),
        (two, 400, "LIMIT_UNEXPECTED_FILE"),
        (
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--{BOUNDARY}--\r\n").into(),
            400,
            "INVALID_REQUEST",
        ),
        (whole[..whole.len() - 9].to_vec(), 400, "BAD_REQUEST"),
        (whole[..90].to_vec(), 400, "BAD_REQUEST"),
        (b"no form".to_vec(), 400, "BAD_REQUEST"),
    ] {
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(refused(&post(&bed.client, &path, body).await), (status, code.to_owned()), "{shown}");
    }
    let none = send(bed.client.request("POST", &path).json(&json!({}))).await;
    assert_eq!(refused(&none), (400, "INVALID_REQUEST".to_owned()));
    let bad = post(&bed.client, "/api/media/agents/x/upload-media", whole.clone()).await;
    assert_eq!(refused(&bad), (400, "INVALID_ID".to_owned()));
    let bad = post(&bed.client, "/api/messaging/channels/x/upload-media", whole).await;
    assert_eq!(refused(&bad), (400, "INVALID_ID".to_owned()));
    assert_eq!(bed.kept(), Vec::<PathBuf>::new());
}

/// A file that is two things at once is what it was taken as, and nothing else; a name is only shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_can_do_no_harm() {
    let bed = Bed::new(vec![]).await;
    let polyglot = b"GIF89a/*<script>alert(document.domain)</script>*/=1;//";
    let sent = bed.give("../../../etc/cron.d/x.html", "image/gif", polyglot).await.expect(200)["data"].clone();
    assert!(sent["url"].as_str().unwrap().ends_with(".gif"), "{sent}");
    assert_eq!(sent["originalName"], "../../../etc/cron.d/x.html");
    let told = bed.fetch(&sent["url"]).await;
    assert_eq!((told.status, told.header("content-type"), told.body.as_ref()), (200, Some("image/gif"), &polyglot[..]));
    assert!(told.header("content-security-policy").unwrap().starts_with("sandbox;"), "{:?}", told.headers);
    // Markup that is given as text is shown as text.
    let sent = bed.give("x.svg", "text/plain", b"<svg onload=alert(1)>").await.expect(200)["data"].clone();
    let told = bed.fetch(&sent["url"]).await;
    assert_eq!((told.header("content-type"), told.header("x-content-type-options")), (Some("text/plain"), Some("nosniff")));
    let sent = bed.give("a.pdf", "application/pdf", b"%PDF-1.4").await.expect(200)["data"].clone();
    assert_eq!(sent["type"], "document");
    let told = bed.fetch(&sent["url"]).await;
    assert_eq!(told.header("content-disposition"), Some("attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"));
    assert!(bed.kept().iter().all(|path| path.parent() == Some(&bed.folder.path().join("store.db.files"))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_mebibytes_are_taken_and_one_byte_more_is_not() {
    let bed = Bed::new(vec![]).await;
    let mut bytes = vec![7; MOST];
    bytes[..PNG.len()].copy_from_slice(PNG);
    let sent = bed.give("large.png", "image/png", &bytes).await.expect(200)["data"].clone();
    assert_eq!(sent["size"], MOST);
    let last = send(bed.served.client.request("GET", sent["url"].as_str().unwrap()).header("range", "bytes=-1")).await;
    assert_eq!((last.status, last.header("content-range")), (206, Some("bytes 52428799-52428799/52428800")));
    bytes.push(7);
    let reply = bed.give("large.png", "image/png", &bytes).await;
    assert_eq!(refused(&reply), (413, "FILE_TOO_LARGE".to_owned()));
    assert_eq!(reply.json()["error"]["message"], "File too large");
    bytes.resize(MOST + (1 << 20), 7);
    assert_eq!(refused(&bed.give("large.png", "image/png", &bytes).await), (413, "FILE_TOO_LARGE".to_owned()));
    assert_eq!(bed.kept().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_come_at_once_are_kept_apart() {
    let bed = Bed::new(vec![]).await;
    let files: Vec<Vec<u8>> = (0..8_u8).map(|number| [PNG, &vec![number; 300_000]].concat()).collect();
    let given = files.iter().map(|bytes| bed.give("same.png", "image/png", bytes));
    let given = within("all are kept", futures_util::future::join_all(given)).await;
    let mut addresses = Vec::new();
    for (reply, bytes) in given.iter().zip(&files) {
        let url = reply.expect(200)["data"]["url"].clone();
        assert_eq!(bed.fetch(&url).await.body.as_ref(), bytes.as_slice());
        addresses.push(url.to_string());
    }
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 8);
}

/// What belongs to an agent or a channel goes with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_with_whom_they_belong_to() {
    let bed = Bed::new(vec![]).await;
    let character = json!({"characterJson": {"name": "Ada", "bio": "Writes programs."}});
    let agent = bed.client.post("/api/agents", &character).await.expect(201)["data"]["id"].as_str().unwrap().to_owned();
    let channel = json!({
        "name": "Talk", "server_id": "00000000-0000-0000-0000-000000000000",
        "participantCentralUserIds": ["1bbb20c1-eb33-4a13-8c50-28c46fccf9c1"],
    });
    let made = bed.client.post("/api/messaging/central-channels", &channel).await.expect(201);
    let channel = made["data"]["id"].as_str().unwrap();
    let give = async |kind: &str, id: &str| {
        let body = form("file", "a.png", "image/png", PNG);
        let sent = post(&bed.client, &format!("/api/media/{kind}/{id}/upload-media"), body).await.expect(200);
        sent["data"]["url"].clone()
    };
    let of_agent = [give("agents", &agent).await, give("agents", &agent).await];
    let of_channel = give("channels", channel).await;
    let other = give("agents", AGENT).await;
    assert_eq!(bed.client.delete(&format!("/api/agents/{agent}")).await.status, 204);
    for url in &of_agent {
        assert_eq!(bed.fetch(url).await.status, 404);
    }
    assert_eq!((bed.fetch(&of_channel).await.status, bed.fetch(&other).await.status), (200, 200));
    assert_eq!(bed.client.delete(&format!("/api/messaging/central-channels/{channel}")).await.status, 204);
    assert_eq!((bed.fetch(&of_channel).await.status, bed.fetch(&other).await.status), (404, 200));
    assert_eq!(bed.kept().len(), 1);
}

/// What comes with a message of a channel is shown to its agents.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attachments_of_a_message_reach_the_model() {
    let bed = Bed::new(vec![Answer::text("a dot")]).await;
    let sent = bed.give("a.png", "image/png", PNG).await.expect(200)["data"].clone();
    let listed = bed.client.get("/api/agents").await.expect(200);
    let agent = listed["data"]["agents"][0]["id"].clone();
    let (server, person) = ("00000000-0000-0000-0000-000000000000", "1bbb20c1-eb33-4a13-8c50-28c46fccf9c1");
    let channel = json!({
        "name": "Talk", "server_id": server, "type": "DM", "participantCentralUserIds": [person, agent],
    });
    let made = bed.client.post("/api/messaging/central-channels", &channel).await.expect(201);
    let path = format!("/api/messaging/central-channels/{}/messages", made["data"]["id"].as_str().unwrap());
    let message = json!({
        "author_id": person, "content": "what is it?", "server_id": server,
        "metadata": {"attachments": [{"id": "1", "url": sent["url"], "contentType": "image", "title": "a.png"}]},
    });
    bed.client.post(&path, &message).await.expect(201);
    bed.model.wait_for_requests(1);
    let asked = bed.model.requests()[0].body["messages"].to_string();
    let wanted = format!("data:image/png;base64,{}", STANDARD.encode(PNG));
    assert!(asked.contains(&wanted) && asked.contains("what is it?"), "{asked}");
    bed.served.leave().await;
    bed.model.finish();
}

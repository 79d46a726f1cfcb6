//! Files of the API of AgentArea: forms that are whole, broken, too large or never end, and what comes out again.

use std::path::{Path, PathBuf};

use ombud::config::{Settings, Wire};
use ombud::dialects::FOR_PEOPLE;
use ombud::domain::Role;
use ombud::engine::{Engine as _, NewUser, Word};
use ombud::storage::StoreUrl;
use rustix::process::Signal;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::house::somebody;
use crate::support::model_server::{Answer, ModelServer};
use crate::support::process::Place;
use crate::support::server::{Client, Reply, Served, Serving, send, within};

const BOUNDARY: &str = "----a-form";
const LIMIT: usize = 300_000;

/// A part of a form.
fn part(head: &str, bytes: &[u8]) -> Vec<u8> {
    let mut part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").into_bytes();
    part.extend_from_slice(bytes);
    part.extend_from_slice(b"\r\n");
    part
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut form = parts.concat();
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    form
}

async fn post(client: &Client, body: Vec<u8>) -> Reply {
    let request = client.request("POST", "/v1/files/upload");
    send(request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body)).await
}

async fn give(client: &Client, name: &str, bytes: &[u8]) -> Value {
    post(client, form(&[part(&format!("name=\"file\"; filename=\"{name}\""), bytes)])).await.expect(200)
}

/// Status, code and field of what was refused.
fn refused(reply: &Reply) -> (u16, String, String) {
    let error = &reply.json()["error"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    assert!(text(&error["request_id"]).starts_with("req-"), "{error}");
    (reply.status, text(&error["code"]), text(&error["details"]["field"]))
}

fn told(status: u16, code: &str, field: &str) -> (u16, String, String) {
    (status, code.to_owned(), field.to_owned())
}

/// A server with accounts, on a store in a folder.
struct Bed {
    served: Served,
    folder: tempfile::TempDir,
    _model: ModelServer,
}

impl Bed {
    async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let model = ModelServer::start(Wire::Openai, vec![Answer::text("seen").always()]);
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let store = StoreUrl::Sqlite(folder.path().join("store.db"));
        let served = Served::start_on(&store, &model, |settings| {
            settings.server.user_doors = FOR_PEOPLE.iter().map(|door| (*door).to_owned()).collect();
            settings.server.limits.files.house_file_bytes = LIMIT as u64;
            settings.server.limits.user_requests_per_second = 0;
            change(settings);
        })
        .await;
        Self { served, folder, _model: model }
    }

    /// A client with a token of a new account.
    async fn person(&self, name: &str, role: Role) -> Client {
        let password = Word::given(SecretString::from("correct horse battery"));
        let people = self.served.house.people();
        people.create_user(&somebody(), NewUser { name: name.into(), role, email: None, password }).await.unwrap();
        let token = people.issue_token(&somebody(), name, None).await.unwrap().token.expose().to_owned();
        self.served.client.with("authorization", &format!("Bearer {token}"))
    }

    fn kept(&self) -> Vec<PathBuf> {
        kept(&self.folder.path().join("store.db.files"))
    }
}

/// The files in a folder.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let items = std::fs::read_dir(folder).into_iter().flatten();
    items.map(|item| item.unwrap().path()).collect()
}

/// Waits until a folder looks as it should; the server answers meanwhile.
async fn until(client: &Client, folder: &Path, what: &str, is_so: impl Fn(&[PathBuf]) -> bool) {
    within(what, async {
        while !is_so(&kept(folder)) {
            client.get("/health").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_in_and_out() {
    let bed = Bed::new(|_| ()).await;
    let ana = bed.person("ana", Role::Developer).await;
    let me = ana.get("/v1/auth/me").await.expect(200)["id"].clone();
    let bytes: Vec<u8> = (0..LIMIT).map(|number| (number % 251) as u8).collect();
    let metadata = part("name=\"metadata\"", br#"{"description":"Document"}"#);
    let typed = part("name=\"file\"; filename=\"résumé 1.csv\"\r\nContent-Type: text/csv", &bytes);
    // The metadata may come before the file or after it.
    for parts in [[metadata.clone(), typed.clone()], [typed, metadata]] {
        let sent = post(&ana, form(&parts)).await.expect(200);
        let id = sent["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("file-"), "{sent}");
        let expected = json!({
            "id": id, "filename": "résumé 1.csv", "content_type": "text/csv", "size": LIMIT,
            "metadata": {"description": "Document"}, "created_at": sent["created_at"], "created_by": me,
        });
        assert_eq!(sent, expected);
        let path = format!("/v1/files/{id}");
        assert_eq!(ana.get(&path).await.expect(200), sent);
        let whole = ana.get(&format!("{path}/download")).await;
        assert_eq!((whole.status, whole.body.as_ref() == bytes), (200, true));
        for (name, value) in [
            ("content-type", "text/csv"),
            ("content-length", "300000"),
            ("content-disposition", "attachment; filename=\"r_sum_ 1.csv\"; filename*=UTF-8''r%C3%A9sum%C3%A9%201.csv"),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(whole.header(name), Some(value), "{name}");
        }
        let ranged = |range: &str| send(ana.request("GET", &format!("{path}/download")).header("range", range));
        let reply = ranged("bytes=262143-262146").await;
        assert_eq!((reply.status, reply.header("content-range")), (206, Some("bytes 262143-262146/300000")));
        assert_eq!(reply.body.as_ref(), &bytes[262_143..262_147]);
        let reply = ranged("bytes=-5").await;
        assert_eq!((reply.status, reply.body.as_ref()), (206, &bytes[LIMIT - 5..]));
        let reply = ranged("bytes=300000-").await;
        assert_eq!((reply.status, reply.header("content-range")), (416, Some("bytes */300000")));
        let tag = whole.header("etag").unwrap();
        let reply = send(ana.request("GET", &format!("{path}/download")).header("if-none-match", tag)).await;
        assert_eq!((reply.status, reply.body.len()), (304, 0));
        let head = send(ana.request("HEAD", &format!("{path}/download"))).await;
        assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("300000"), 0));
        assert_eq!(ana.delete(&path).await.expect(200), json!({"status": "success"}));
        for path in [path.clone(), format!("{path}/download")] {
            assert_eq!(refused(&ana.get(&path).await), told(404, "NOT_FOUND", ""));
        }
        assert_eq!(refused(&ana.delete(&path).await), told(404, "NOT_FOUND", ""));
    }
    assert_eq!(bed.kept(), Vec::<PathBuf>::new());
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_types_are_made_plain() {
    let bed = Bed::new(|_| ()).await;
    let ana = bed.person("ana", Role::Developer).await;
    for (name, kept) in [
        ("../../evil.bin", "evil.bin"),
        ("C:\\dir\\b.txt", "b.txt"),
        ("a\u{1}\u{7f}b.txt", "ab.txt"),
        ("..", "file"),
        ("%22quoted%22.txt", "\"quoted\".txt"),
        ("日本.txt", "日本.txt"),
    ] {
        let sent = give(&ana, name, b"\0\x01").await;
        assert_eq!((&sent["filename"], &sent["content_type"]), (&json!(kept), &json!("application/octet-stream")));
    }
    let long = give(&ana, &"ä".repeat(300), b"%PDF-1.7\n").await;
    assert_eq!((&long["filename"], &long["content_type"]), (&json!("ä".repeat(255)), &json!("application/pdf")));
    assert_eq!(long["metadata"], json!({}));
    let empty = give(&ana, "empty", b"").await;
    assert_eq!(empty["size"], 0);
    let reply = ana.get(&format!("/v1/files/{}/download", empty["id"].as_str().unwrap())).await;
    assert_eq!((reply.status, reply.header("content-length"), reply.body.len()), (200, Some("0"), 0));
    let page = ana.get("/v1/files/?limit=2&offset=1").await.expect(200);
    let names: Vec<_> = page["files"].as_array().unwrap().iter().map(|file| file["filename"].clone()).collect();
    assert_eq!((names, &page["total"]), (vec![json!("ä".repeat(255)), json!("日本.txt")], &json!(8)));
    assert_eq!((&page["limit"], &page["offset"]), (&json!(2), &json!(1)));
    assert_eq!(refused(&ana.get("/v1/files?limit=0").await), told(400, "VALIDATION_ERROR", "limit"));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forms_that_are_not_as_they_should_be_leave_nothing() {
    let bed = Bed::new(|_| ()).await;
    let ana = bed.person("ana", Role::Developer).await;
    let file = || part("name=\"file\"; filename=\"a\"", b"x");
    let metadata = |text: &str| part("name=\"metadata\"", text.as_bytes());
    for (body, field) in [
        (form(&[]), "file"),
        (form(&[part("name=\"other\"; filename=\"a\"", b"x")]), "file"),
        (form(&[part("name=\"file\"", b"x")]), "file"),
        (form(&[file(), file()]), "file"),
        (form(&[metadata("{nope"), file()]), "metadata"),
        (form(&[file(), metadata("[]")]), "metadata"),
        (form(&[file(), metadata("{}"), metadata("{}")]), "metadata"),
        (file(), "body"),
        (form(&[file()])[..40].to_vec(), "body"),
        (b"no form".to_vec(), "body"),
        (vec![], "body"),
    ] {
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(refused(&post(&ana, body).await), told(400, "VALIDATION_ERROR", field), "{shown}");
    }
    let request = ana.request("POST", "/v1/files/upload").json(&json!({}));
    assert_eq!(refused(&send(request).await), told(400, "VALIDATION_ERROR", "body"));
    // One byte too many; and one that says so before it comes.
    for size in [LIMIT + 1, 2 * LIMIT] {
        let body = form(&[part("name=\"file\"; filename=\"a\"", &vec![b'x'; size])]);
        assert_eq!(refused(&post(&ana, body).await), told(413, "PAYLOAD_TOO_LARGE", ""), "{size}");
    }
    let long = metadata(&format!("{{\"a\":\"{}\"}}", "x".repeat(17 << 10)));
    assert_eq!(refused(&post(&ana, form(&[file(), long])).await), told(400, "VALIDATION_ERROR", "metadata"));
    assert_eq!(bed.kept(), Vec::<PathBuf>::new());
    assert_eq!(ana.get("/v1/files").await.expect(200)["total"], 0);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_belong_to_whoever_gave_them() {
    let bed = Bed::new(|settings| settings.server.token = Some(SecretString::from("of the house"))).await;
    let ana = bed.person("ana", Role::Developer).await;
    let bob = bed.person("bob", Role::Developer).await;
    let vera = bed.person("vera", Role::Viewer).await;
    let root = bed.person("root", Role::Admin).await;
    let house = bed.served.client.with("authorization", "Bearer of the house");
    let of_ana = give(&ana, "a", b"1").await;
    let of_house = give(&house, "h", b"2").await;
    assert_eq!(of_house["created_by"], "token");
    let path = format!("/v1/files/{}", of_ana["id"].as_str().unwrap());
    for (who, total) in [(&ana, 1), (&bob, 0), (&vera, 0), (&root, 2), (&house, 2)] {
        assert_eq!(who.get("/v1/files").await.expect(200)["total"], total);
        let status = if total == 0 { 404 } else { 200 };
        assert_eq!(who.get(&path).await.status, status);
        assert_eq!(who.get(&format!("{path}/download")).await.status, status);
    }
    assert_eq!(refused(&bob.delete(&path).await), told(404, "NOT_FOUND", ""));
    let body = || form(&[part("name=\"file\"; filename=\"a\"", b"x")]);
    assert_eq!(refused(&post(&vera, body()).await), told(403, "FORBIDDEN", ""));
    assert_eq!(refused(&post(&bed.served.client, body()).await), told(401, "UNAUTHORIZED", ""));
    assert_eq!(refused(&bed.served.client.get(&path).await), told(401, "UNAUTHORIZED", ""));
    root.delete(&path).await.expect(200);
    assert_eq!(ana.get("/v1/files").await.expect(200)["total"], 0);
    bed.served.leave().await;
}

/// The beginning of a form that announces more than it sends.
async fn half(client: &Client, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(client.authority()).await.unwrap();
    let body = part("name=\"file\"; filename=\"half\"", &vec![b'x'; 100_000]);
    let head = format!(
        "POST /v1/files/upload HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\ncontent-length: 200000\r\n\
         content-type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        client.authority()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_away_half_way_leaves_nothing() {
    let bed = Bed::new(|settings| settings.server.token = Some(SecretString::from("of-the-house"))).await;
    let (client, folder) = (&bed.served.client, bed.folder.path().join("store.db.files"));
    let house = client.with("authorization", "Bearer of-the-house");
    let mut stream = half(client, "of-the-house").await;
    until(client, &folder, "the file begins to come", |kept| kept.len() == 1).await;
    assert_eq!(house.get("/v1/files").await.expect(200)["total"], 0);
    // Half of the connection stays: the server is told that no more comes.
    stream.shutdown().await.unwrap();
    until(client, &folder, "nothing is left", <[PathBuf]>::is_empty).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    drop(half(client, "of-the-house").await);
    until(client, &folder, "nothing is left", <[PathBuf]>::is_empty).await;
    assert_eq!(house.get("/v1/files").await.expect(200)["total"], 0);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_an_upload_leaves_nothing_to_the_next() {
    for store in ["sqlite", "file"] {
        let place = Place::new(store);
        let folder = place.folder().join(if store == "sqlite" { "store.db.files" } else { "store/files" });
        let arguments = ["--token", "of-the-house"];
        let serving = Serving::start(&place, &arguments);
        let house = serving.client.with("authorization", "Bearer of-the-house");
        let whole = give(&house, "whole", b"whole").await;
        let stream = half(&serving.client, "of-the-house").await;
        until(&serving.client, &folder, "the file begins to come", |kept| kept.len() == 2).await;
        serving.process.signal(Signal::KILL);
        serving.process.end(crate::support::process::PATIENCE);
        drop(stream);
        assert_eq!(kept(&folder).len(), 2, "{store}");
        let serving = Serving::start(&place, &arguments);
        until(&serving.client, &folder, "what is left is swept", |kept| kept.len() == 1).await;
        let house = serving.client.with("authorization", "Bearer of-the-house");
        let page = house.get("/v1/files").await.expect(200);
        assert_eq!((&page["files"], &page["total"]), (&json!([whole]), &json!(1)), "{store}");
        serving.end();
    }
}

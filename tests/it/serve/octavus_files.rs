//! Files as the SDK and a browser send and fetch them: addresses that carry their own permission.

use std::time::Duration;

use ombud::config::{Settings, Wire};
use ombud::domain::SessionId;
use ombud::engine::{Engine, NewSession};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::house::somebody;
use crate::support::model_server::ModelServer;
use crate::support::server::{Client, Reply, Served, send};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
const TOKEN: &str = "correct-horse-battery";

/// A server that wants a token, a client that has it, and a session.
struct Bed {
    served: Served,
    client: Client,
    session: SessionId,
    _model: ModelServer,
}

impl Bed {
    async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let model = ModelServer::start(Wire::Openai, vec![]);
        let served = Served::start_with(&model, |settings| {
            settings.server.token = Some(SecretString::from(TOKEN));
            change(settings);
        })
        .await;
        let session = served.house.create(&somebody(), NewSession::default()).await.unwrap().id;
        let client = served.client.with("authorization", &format!("Bearer {TOKEN}"));
        Self { served, client, session, _model: model }
    }

    async fn ask(&self, files: Value) -> Reply {
        self.client.post("/api/files/upload-urls", &json!({ "sessionId": self.session, "files": files })).await
    }

    /// Id, address for the upload and for the download, without the server.
    async fn one(&self, name: &str, media_type: &str, size: usize) -> (String, String, String) {
        let answer = self.ask(json!([{ "filename": name, "mediaType": media_type, "size": size }])).await.expect(200);
        let text = |key: &str| answer["files"][0][key].as_str().unwrap().to_owned();
        let path = |url: String| url.strip_prefix(self.client.base()).unwrap_or_else(|| panic!("{url}")).to_owned();
        (text("id"), path(text("uploadUrl")), path(text("downloadUrl")))
    }

    /// As a browser does it, or the SDK: without any credentials.
    async fn put(&self, path: &str, bytes: &[u8]) -> Reply {
        send(self.served.client.request("PUT", path).header("content-type", "application/octet-stream").body(bytes.to_vec()))
            .await
    }

    async fn get(&self, path: &str) -> Reply {
        self.served.client.get(path).await
    }
}

fn refusal(reply: &Reply) -> (u16, String) {
    let body = reply.json();
    assert!(body["error"].is_string() && body.as_object().unwrap().len() == 2, "{body}");
    (reply.status, body["code"].as_str().unwrap().to_owned())
}

fn told(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_goes_in_and_out_by_its_addresses() {
    let bed = Bed::new(|_| ()).await;
    let (id, upload, download) = bed.one("dot.png", "image/png", PNG.len()).await;
    assert!(upload.starts_with(&format!("/octavus/files/{id}?ticket=")), "{upload}");
    assert_eq!(refusal(&bed.get(&download).await), told(404, "NOT_FOUND"));
    let reply = bed.put(&upload, PNG).await;
    assert_eq!((reply.status, reply.body.len()), (200, 0), "{}", reply.text());
    let reply = bed.get(&download).await;
    assert_eq!((reply.status, &reply.body[..]), (200, PNG));
    for (name, value) in [
        ("content-type", Some("image/png")),
        ("content-length", Some("29")),
        ("content-disposition", None),
        ("x-content-type-options", Some("nosniff")),
        ("cache-control", Some("private, no-cache")),
        ("referrer-policy", Some("no-referrer")),
        ("accept-ranges", Some("bytes")),
        ("access-control-allow-origin", Some("*")),
        ("access-control-allow-credentials", None),
    ] {
        assert_eq!(reply.header(name), value, "{name}");
    }
    assert!(reply.header("content-security-policy").unwrap().starts_with("sandbox; default-src 'none'"));
    // A part of it, and what the caller has already.
    let tag = reply.header("etag").unwrap().to_owned();
    let with = |name: &'static str, value: &str| send(bed.served.client.with(name, value).request("GET", &download));
    let part = with("range", "bytes=1-3").await;
    assert_eq!((part.status, part.text().as_str(), part.header("content-range")), (206, "PNG", Some("bytes 1-3/29")));
    assert_eq!(with("range", "bytes=99-").await.status, 416);
    assert_eq!(with("if-none-match", &tag).await.status, 304);
    // The same once more, as the SDK does when an answer was lost.
    assert_eq!(bed.put(&upload, PNG).await.status, 200);
    let other = [&PNG[..28], b"x"].concat();
    assert_eq!(refusal(&bed.put(&upload, &other).await), told(409, "CONFLICT"));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_browser_must_not_show_is_an_attachment() {
    let bed = Bed::new(|_| ()).await;
    let pdf = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";
    let (_, upload, download) = bed.one("grün.pdf", "application/pdf", pdf.len()).await;
    assert_eq!(bed.put(&upload, pdf).await.status, 200);
    let reply = bed.get(&download).await;
    assert_eq!(reply.header("content-type"), Some("application/pdf"));
    let attachment = "attachment; filename=\"gr_n.pdf\"; filename*=UTF-8''gr%C3%BCn.pdf";
    assert_eq!(reply.header("content-disposition"), Some(attachment));
    // Its type counts, not its name.
    let (_, upload, download) = bed.one("page.html", "text/plain", 12).await;
    assert_eq!(bed.put(&upload, b"<html></html").await.status, 200);
    assert_eq!(bed.get(&download).await.header("content-type"), Some("text/plain"));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_for_addresses_are_checked() {
    let bed = Bed::new(|_| ()).await;
    let file = |name: &str, media_type: &str, size: i64| json!({ "filename": name, "mediaType": media_type, "size": size });
    let good = file("a.txt", "text/plain", 5);
    for (files, expected) in [
        (json!([]), told(400, "VALIDATION_ERROR")),
        (json!(vec![good.clone(); 21]), told(400, "VALIDATION_ERROR")),
        (json!([file("", "text/plain", 5)]), told(400, "VALIDATION_ERROR")),
        (json!([file(&"a".repeat(256), "text/plain", 5)]), told(400, "VALIDATION_ERROR")),
        (json!([file("a", "text/plain", 0)]), told(400, "VALIDATION_ERROR")),
        (json!([file("a", "text/plain", -1)]), told(400, "VALIDATION_ERROR")),
        (json!([{ "filename": "a", "mediaType": "text/plain" }]), told(400, "VALIDATION_ERROR")),
        (json!({}), told(400, "VALIDATION_ERROR")),
        (json!([file("a", "text/plain", (10 << 20) + 1)]), told(413, "PAYLOAD_TOO_LARGE")),
        (json!(vec![file("a", "text/plain", 10 << 20); 6]), told(413, "PAYLOAD_TOO_LARGE")),
        (json!([file("a", "application/x-executable", 5)]), told(415, "UNSUPPORTED_MEDIA_TYPE")),
        (json!([file("a", "image/svg+xml", 5)]), told(415, "UNSUPPORTED_MEDIA_TYPE")),
        (json!([file("a", "", 5)]), told(415, "UNSUPPORTED_MEDIA_TYPE")),
    ] {
        assert_eq!(refusal(&bed.ask(files.clone()).await), expected, "{files}");
    }
    assert_eq!(bed.ask(json!(vec![good.clone(); 20])).await.expect(200)["files"].as_array().unwrap().len(), 20);
    for session in ["no-such-session", "../x", ""] {
        let body = json!({ "sessionId": session, "files": [good] });
        assert_eq!(refusal(&bed.client.post("/api/files/upload-urls", &body).await), told(404, "NOT_FOUND"), "{session}");
    }
    let body = json!({ "sessionId": bed.session, "files": [good] });
    let stranger = bed.served.client.post("/api/files/upload-urls", &body).await;
    assert_eq!(refusal(&stranger), told(401, "UNAUTHORIZED"));
    assert_eq!(bed.client.post("/octavus/api/files/upload-urls", &body).await.status, 200);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_than_those_that_were_told_are_refused() {
    let bed = Bed::new(|_| ()).await;
    let (_, upload, download) = bed.one("a.png", "image/png", 5).await;
    assert_eq!(refusal(&bed.put(&upload, b"hell").await), told(400, "VALIDATION_ERROR"));
    assert_eq!(refusal(&bed.put(&upload, b"").await), told(400, "VALIDATION_ERROR"));
    assert_eq!(refusal(&bed.put(&upload, b"hello!").await), told(413, "PAYLOAD_TOO_LARGE"));
    assert_eq!(refusal(&bed.put(&upload, &vec![b'x'; 5 << 20]).await), told(413, "PAYLOAD_TOO_LARGE"));
    assert_eq!(refusal(&bed.put(&upload, b"hello").await), told(415, "UNSUPPORTED_MEDIA_TYPE"));
    assert_eq!(refusal(&bed.get(&download).await), told(404, "NOT_FOUND"));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forged_and_misused_addresses_are_refused() {
    let bed = Bed::new(|_| ()).await;
    let (id, upload, download) = bed.one("a.txt", "text/plain", 5).await;
    let (other, ..) = bed.one("b.txt", "text/plain", 5).await;
    let forbidden = told(403, "FORBIDDEN");
    for path in [
        format!("/octavus/files/{id}"),
        format!("/octavus/files/{id}?ticket="),
        format!("/octavus/files/{id}?ticket=a.b"),
        format!("{upload}x"),
        upload.replace(&id, &other),
        upload.replacen("ticket=", "ticket=x", 1),
        download.clone(),
    ] {
        assert_eq!(refusal(&bed.put(&path, b"hello").await), forbidden, "{path}");
    }
    assert_eq!(refusal(&bed.get(&upload).await), forbidden);
    assert_eq!(bed.put(&upload, b"hello").await.status, 200);
    assert_eq!(bed.get(&download).await.text(), "hello");
    assert_eq!(refusal(&bed.get(&download.replace(&id, &other)).await), forbidden);
    // The token of the server opens no address: it needs its own permission.
    assert_eq!(refusal(&bed.client.get(&format!("/octavus/files/{id}")).await), forbidden);
    bed.served.leave().await;
    let bed = Bed::new(|settings| {
        settings.server.limits.files.upload_time = Duration::ZERO;
        settings.server.limits.files.download_time = Duration::ZERO;
    })
    .await;
    let (_, upload, download) = bed.one("a.txt", "text/plain", 5).await;
    assert_eq!(refusal(&bed.put(&upload, b"hello").await), told(410, "URL_EXPIRED"));
    assert_eq!(refusal(&bed.get(&download).await), told(410, "URL_EXPIRED"));
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_every_origin_may_use_an_address() {
    let bed = Bed::new(|_| ()).await;
    let (_, upload, download) = bed.one("a.txt", "text/plain", 5).await;
    let page = bed.served.client.with("origin", "https://app.example").with("sec-fetch-site", "cross-site");
    // A browser asks first.
    let asks = |path: String, method: &'static str| {
        let request = page.request("OPTIONS", &path).header("access-control-request-method", method);
        send(request.header("access-control-request-headers", "content-type"))
    };
    for (path, method) in [(&upload, "PUT"), (&download, "GET")] {
        let reply = asks(path.clone(), method).await;
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        for (name, value) in [
            ("access-control-allow-origin", Some("*")),
            ("access-control-allow-methods", Some("PUT,GET")),
            ("access-control-allow-headers", Some("content-type")),
            ("access-control-max-age", Some("600")),
            ("access-control-allow-credentials", None),
        ] {
            assert_eq!(reply.header(name), value, "{name}");
        }
    }
    let sent = send(page.request("PUT", &upload).header("content-type", "text/plain").body("hello")).await;
    assert_eq!((sent.status, sent.header("access-control-allow-origin")), (200, Some("*")));
    let got = page.get(&download).await;
    assert_eq!((got.status, got.text().as_str()), (200, "hello"));
    assert_eq!(got.header("access-control-allow-origin"), Some("*"));
    // It may read why it was refused, and reach the server under any name.
    let refused = page.get(&format!("{download}x")).await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, Some("*")));
    assert_eq!(bed.served.client.with("host", "files.example").get(&download).await.text(), "hello");
    assert_eq!(send(page.request("HEAD", &download)).await.status, 200);
    // Only there, and only so.
    let body = json!({ "sessionId": bed.session, "files": [] });
    let key = format!("Bearer {TOKEN}");
    let place = download.split('?').next().unwrap().to_owned();
    for reply in [
        page.with("authorization", &key).post("/api/files/upload-urls", &body).await,
        page.with("authorization", &key).post(&place, &body).await,
        page.delete(&place).await,
        page.get(&format!("{place}/x")).await,
        page.get("/octavus/files").await,
        page.get(&format!("{place}/")).await,
        asks(place.clone(), "DELETE").await,
        asks("/api/files/upload-urls".to_owned(), "POST").await,
        page.get("/healthz").await,
    ] {
        assert_eq!(reply.status, 403, "{}", reply.text());
        assert!(reply.text().contains("comes from a page of https://app.example"), "{}", reply.text());
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_are_those_that_clients_reach() {
    let bed = Bed::new(|settings| settings.server.public_url = Some("https://agents.example/team".to_owned())).await;
    let answer = bed.ask(json!([{ "filename": "a.txt", "mediaType": "text/plain", "size": 5 }])).await.expect(200);
    for key in ["uploadUrl", "downloadUrl"] {
        let url = answer["files"][0][key].as_str().unwrap();
        assert!(url.starts_with("https://agents.example/team/octavus/files/"), "{url}");
    }
    bed.served.leave().await;
    let bed = Bed::new(|settings| settings.server.hosts = vec!["agents.example".to_owned()]).await;
    let body = json!({ "sessionId": bed.session, "files": [{ "filename": "a.txt", "mediaType": "text/plain", "size": 5 }] });
    let answer = bed.client.with("host", "agents.example").post("/api/files/upload-urls", &body).await.expect(200);
    let url = answer["files"][0]["uploadUrl"].as_str().unwrap();
    assert!(url.starts_with("http://agents.example/octavus/files/"), "{url}");
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_files_come_at_once() {
    let bed = Bed::new(|settings| settings.server.limits.files.uploads_at_once = 2).await;
    let puts = (0..20_u8).map(|number| {
        let bed = &bed;
        async move {
            let bytes = vec![b'a' + number; 400_000];
            let (_, upload, download) = bed.one("a.txt", "text/plain", bytes.len()).await;
            assert_eq!(bed.put(&upload, &bytes).await.status, 200);
            assert!(bed.get(&download).await.body == bytes);
        }
    });
    futures_util::future::join_all(puts).await;
    assert_eq!(bed.served.house.kept_files(&somebody(), &bed.session).await.unwrap().len(), 20);
    bed.served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_own_api_has_the_same_files() {
    let bed = Bed::new(|_| ()).await;
    let remote = ombud::remote::Remote::new(bed.client.base(), Some(&SecretString::from(TOKEN))).unwrap();
    let offer = ombud::engine::FileOffer { name: "grün.txt".into(), media_type: "text/plain".into(), size: 5 };
    let offered = remote.offer_files(&somebody(), &bed.session, vec![offer]).await.unwrap().remove(0);
    let hello = || Box::pin(futures_util::stream::iter([Ok("hel".into()), Ok("lo".into())]));
    let file = remote.put_file(&somebody(), offered.clone(), hello()).await.unwrap();
    assert_eq!(bed.served.house.kept_file(&somebody(), &bed.session, &file.id).await.unwrap(), file);
    assert_eq!(remote.kept_files(&somebody(), &bed.session).await.unwrap(), std::slice::from_ref(&file));
    let got = remote.file_bytes(&somebody(), &bed.session, &file.id).await.unwrap();
    assert_eq!(got, (file.clone(), "hello".into()));
    let signed = remote.sign_file(&somebody(), &file, ombud::engine::FilePurpose::Download).await.unwrap();
    assert_eq!(bed.get(&format!("/octavus/files/{}?ticket={}", file.id, signed.ticket)).await.text(), "hello");
    remote.delete_file(&somebody(), &bed.session, &file.id).await.unwrap();
    let again = remote.put_file(&somebody(), offered, hello()).await.unwrap_err();
    assert_eq!(again.code, ombud::domain::ErrorCode::NotFound);
    bed.served.leave().await;
}

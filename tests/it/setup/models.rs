//! `ombud models`: what can be asked, whether it answers, what it costs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use serde_json::json;

use crate::support::ombud::Ombud;
use crate::support::schema::check;

/// A provider that tells its models once, to who shows its key; the request that it got.
fn provider(status: &'static str, body: String) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while reader.read_line(&mut head).unwrap() > 2 {}
        let length = body.len();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        drop(stream.read_to_end(&mut Vec::new()));
        head
    });
    (url, asked)
}

fn configured(url: &str) -> Ombud {
    let ombud = Ombud::new();
    let config = format!(
        "model = \"work/known\"\n[providers.work]\nwire = \"openai\"\nbase_url = \"{url}\"\napi_key = \"sk-canary-1234567890\"\n\
         [models.\"work/known\"]\ncontext_tokens = 9000\ninput_price = 1.5\noutput_price = 6\n"
    );
    ombud.config(&config);
    ombud
}

#[test]
fn what_is_known_is_listed_without_asking_anybody() {
    let ombud = configured("http://127.0.0.1:9/v1");
    let told = ombud.json(&["models"]);
    check("models", &told);
    assert_eq!(told["default"], json!("work/known"));
    let said = ombud.run(&["models", "work"]);
    assert_eq!(
        said.stdout,
        "MODEL       CONTEXT  INPUT  OUTPUT  TAKES\nwork/known  9000     $1.50  $6.00   text, images  default\n",
        "{said:?}"
    );
    let unknown = ombud.run(&["models", "wrok"]);
    assert_eq!(unknown.exit, 4, "{unknown:?}");
    assert!(unknown.stderr.contains("configured are"), "{unknown:?}");
}

#[test]
fn a_provider_is_asked_with_its_key_and_the_key_is_not_shown() {
    let body = json!({ "data": [{ "id": "known" }, { "id": "other" }] }).to_string();
    let (url, asked) = provider("200 OK", body);
    let ombud = configured(&url);
    let told = ombud.run(&["models", "work", "--check", "--format", "json"]);
    let head = asked.join().unwrap();
    assert!(head.starts_with("GET /v1/models HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer sk-canary-1234567890"), "{head}");
    assert!(!told.stdout.contains("canary") && !told.stderr.contains("canary"), "{told:?}");
    let told = told.json();
    check("models", &told);
    assert_eq!(told["providers"][0]["offered"], json!(["known", "other"]));
}

#[test]
fn a_provider_that_refuses_is_told_with_its_cause() {
    let (url, asked) =
        provider("401 Unauthorized", json!({ "error": { "message": "bad sk-canary-1234567890" } }).to_string());
    let ombud = configured(&url);
    let told = ombud.run(&["models", "work", "--check", "--format", "json"]);
    asked.join().unwrap();
    assert_eq!(told.exit, 0, "{told:?}");
    assert!(!told.stdout.contains("canary"), "{told:?}");
    let told = told.json();
    check("models", &told);
    assert_eq!(told["providers"][0]["error"]["cause"], json!("auth"));
}

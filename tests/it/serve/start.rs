//! How the server begins, and when it does not.

use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;

use ombud::config::Wire;
use ombud::observe::SystemClock;
use ombud::server::Server;
use rustix::process::Signal;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::house;
use crate::support::model_server::ModelServer;
use crate::support::ombud::Ombud;
use crate::support::process::{Place, Process};
use crate::support::server::{Client, PATIENCE, Served, Serving, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_and_leaves() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let served = Served::start(&model).await;
    assert_eq!(served.client.get("/api/v1/health").await.expect(200)["status"], json!("ok"));
    served.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_says_where_it_listens() {
    let place = Place::new("sqlite");
    let serving = Serving::start(&place, &["--allow", "edit_file", "--dialects", "tarko"]);
    let line = serving.start_line.replace(serving.client.base(), "[url]").replace(&place.store(), "[store]");
    assert_eq!(
        line,
        format!(
            "ombud {} listening on [url] store=[store] model=offline/rules dialects=tarko,ombud auth=local \
             tools=list_files,read_file,search_files,find_files,edit_file",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert_eq!(serving.client.get("/api/v1/health").await.expect(200)["status"], json!("ok"));
    serving.process.signal(Signal::TERM);
    assert_eq!(serving.process.end(PATIENCE).code, Some(0));
}

/// What the program says instead of starting.
fn refused(arguments: &[&str]) -> (i32, String) {
    let said = Ombud::new().run(&[&["serve", "--store", "memory:"], arguments].concat());
    assert_eq!(said.stdout, "");
    (said.exit, said.stderr)
}

#[test]
fn it_does_not_start_where_it_would_not_be_safe_or_cannot() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (exit, said) = refused(&["--port", &port]);
    assert_eq!(
        (exit, said),
        (
            5,
            format!(
                "error: 127.0.0.1 port {port} is in use by another program (conflict); choose another with `--port`, or \
                 `--port 0` for any that is free\n"
            )
        )
    );
    let (exit, said) = refused(&["--port", "0", "--host", "0.0.0.0"]);
    assert_eq!(
        (exit, said.as_str()),
        (
            2,
            "error: the server does not start: 0.0.0.0 can be reached from other machines, and there is no token \
             (invalid_input); set a token (--token-file FILE or OMBUD_SERVER_TOKEN), or let everybody in who reaches it: \
             --no-auth\n"
        )
    );
    for (arguments, says) in [
        (&["--port", "0", "--host", "::"][..], "there is no token"),
        (&["--port", "0", "--dialects", "tarkoo"], "dialect `tarkoo` is not known; did you mean `tarko`?"),
        (&["--port", "0", "--token", "short"], "must be one line of 8 to 4096 plain characters"),
        (&["--port", "0", "--token-file", "missing"], "the server's token cannot be had"),
        (&["--port", "0", "--allow", "edit_fil"], "tool `edit_fil` is not known"),
        (&["--port", "0", "--tls-cert", "missing", "--tls-key", "missing"], "the certificate"),
        (&["--port", "0", "--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid port 0"),
        (&["--token", "correct-horse", "--no-auth"], "cannot be used with"),
        (&["--port", "0", "--ready-fd", "99"], "file descriptor 99 (--ready-fd) cannot be written"),
    ] {
        let (exit, said) = refused(arguments);
        assert!(exit != 0 && said.contains(says), "{arguments:?}: {exit}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_token_every_address_will_do() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    for token in [true, false] {
        let served = Served::start_with(&model, |settings| {
            settings.server.host = "0.0.0.0".to_owned();
            settings.server.no_auth = !token;
            settings.server.token = token.then(|| "correct-horse".to_owned().into());
        })
        .await;
        let port = served.client.base().rsplit_once(':').unwrap().1;
        let client = Client::new(&format!("http://127.0.0.1:{port}")).with("x-api-key", "correct-horse");
        assert_eq!(client.get("/metrics").await.status, 200);
        served.leave().await;
    }
    let mut settings = house::settings(&model, std::path::Path::new("/"));
    settings.server.no_auth = true;
    settings.server.token = Some("correct-horse".to_owned().into());
    let engine = std::sync::Arc::new(house::open(settings.clone(), &ombud::storage::StoreUrl::Memory).await);
    let refused = Server::bind(engine, settings.into(), std::sync::Arc::new(SystemClock)).await.err().unwrap();
    assert_eq!(refused.message, "server.token and server.no_auth contradict each other");
}

#[test]
fn whoever_started_it_is_told_when_it_is_ready() {
    let place = Place::new("sqlite");
    let notify = UnixDatagram::bind(place.work().join("notify")).unwrap();
    notify.set_read_timeout(Some(PATIENCE)).unwrap();
    let ready = place.work().join("ready");
    rustix::fs::mknodat(rustix::fs::CWD, &ready, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    let program = env!("CARGO_BIN_EXE_ombud");
    let line = format!("exec 7>ready && exec {program} serve --port 0 --ready-fd 7");
    let mut command = place.command_of(std::path::Path::new("/bin/sh"), &["-c", &line]);
    command.env("NOTIFY_SOCKET", place.work().join("notify"));
    let process = Process::start(command);
    // Opening waits until the shell has opened it as well.
    let mut pipe = std::fs::File::open(&ready).unwrap();
    let mut told = [0; 6];
    pipe.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"ready\n");
    let mut told = [0; 64];
    let length = notify.recv(&mut told).unwrap();
    assert_eq!(&told[..length], b"READY=1\n");
    process.signal(Signal::INT);
    assert_eq!(process.end(PATIENCE).code, Some(0));
    let length = notify.recv(&mut told).unwrap();
    assert_eq!(&told[..length], b"STOPPING=1\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_can_be_secure() {
    let model = ModelServer::start(Wire::Openai, vec![]);
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    let served = Served::start_with(&model, |settings| {
        settings.server.limits.header_time = std::time::Duration::from_millis(200);
        settings.server.tls =
            Some(ombud::config::TlsFiles { certificate: fixtures.join("cert.pem"), key: fixtures.join("key.pem") });
    })
    .await;
    assert!(served.client.base().starts_with("https://127.0.0.1:"));
    let response = served.client.request("GET", "/healthz").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, http::Version::HTTP_2));
    let one = served.client.request("GET", "/healthz").version(http::Version::HTTP_11).send().await.unwrap();
    assert_eq!(one.status().as_u16(), 200);
    // Plain bytes, and silence, end the connection.
    for sent in [&b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"[..], b""] {
        let mut stream = tokio::net::TcpStream::connect(served.client.authority()).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut got = Vec::new();
        let _ = within("the connection ends", stream.read_to_end(&mut got)).await;
        assert!(!got.starts_with(b"HTTP/"), "{got:?}");
    }
    served.leave().await;
}

/// What the server logs of one request, under settings.
async fn logged(change: impl FnOnce(&mut std::process::Command)) -> Vec<String> {
    let place = Place::new("sqlite");
    let mut command = place.command(&["serve", "--port", "0"]);
    change(&mut command);
    let serving = Serving::of(command);
    serving.client.get("/api/v1/version").await.expect(200);
    let lines = serving.end().stderr;
    lines
        .lines()
        .filter_map(|line| ["DEBUG", "INFO", "WARN"].iter().find(|level| line.contains(**level)))
        .map(|l| (*l).to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_level_of_the_log_is_a_setting() {
    let has = |lines: &[String], level: &str| lines.iter().any(|line| line == level);
    let usual = logged(|_| ()).await;
    assert!(has(&usual, "INFO") && !has(&usual, "DEBUG"), "{usual:?}");
    for (level, info) in [("off", false), ("error", false), ("warn", false), ("info", true), ("debug", true)] {
        let lines = logged(|command| {
            command.env("OMBUD_SERVER_LOG_LEVEL", level);
        })
        .await;
        assert_eq!(has(&lines, "INFO"), info, "{level}: {lines:?}");
        let asked = logged(|command| {
            command.env("OMBUD_SERVER_LOG_LEVEL", level).arg("-v");
        })
        .await;
        assert!(has(&asked, "INFO"), "-v says it: {asked:?}");
    }
    // As the configuration of the original has it: by number or by name.
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("app.config.json");
    std::fs::write(&config, json!({ "model": {}, "logLevel": "warn" }).to_string()).unwrap();
    let lines = logged(|command| {
        command.arg("--config").arg(&config);
    })
    .await;
    assert!(!has(&lines, "INFO"), "{lines:?}");
}

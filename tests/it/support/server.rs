//! A server for tests: in this process, over a house of its own, or as the program `ombud serve`.
//!
//! Both listen on a port that the system chooses. What comes back is read whole: [`Reply`]; or as it comes: [`Events`].
//! Every wait has a limit, after which the test fails.
#![allow(dead_code, reason = "not every test uses everything")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ombud::config::Settings;
use ombud::dialects::Dialect;
use ombud::engine::{Engine, House};
use ombud::observe::SystemClock;
use ombud::server::Server;
use ombud::storage::StoreUrl;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::house;
use super::model_server::ModelServer;
use super::process::{Ended, Place, Process};

/// How long anything that must happen may take.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A certificate for `localhost` and 127.0.0.1, for tests only; its key is beside it.
const CERTIFICATE: &[u8] = include_bytes!("../../fixtures/tls/cert.pem");

/// A server in this process.
pub struct Served {
    /// The house behind it.
    pub house: Arc<House>,
    /// How to reach it.
    pub client: Client,
    /// The workspace.
    pub workspace: tempfile::TempDir,
    leave: CancellationToken,
    task: JoinHandle<ombud::domain::Result<()>>,
}

impl Served {
    /// With a new store in memory, an empty workspace, and the model of this server.
    pub async fn start(model: &ModelServer) -> Self {
        Self::start_with(model, |_| ()).await
    }

    /// As [`Served::start`], with other settings.
    pub async fn start_with(model: &ModelServer, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_on(&StoreUrl::Memory, model, change).await
    }

    /// As [`Served::start_with`], on a store.
    pub async fn start_on(store: &StoreUrl, model: &ModelServer, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_full(store, model, change, None).await
    }

    /// As [`Served::start_with`], with dialects of the test instead of the real ones.
    pub async fn start_dialects(model: &ModelServer, change: impl FnOnce(&mut Settings), dialects: Vec<Dialect>) -> Self {
        Self::start_full(&StoreUrl::Memory, model, change, Some(dialects)).await
    }

    async fn start_full(
        store: &StoreUrl,
        model: &ModelServer,
        change: impl FnOnce(&mut Settings),
        dialects: Option<Vec<Dialect>>,
    ) -> Self {
        let workspace = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut settings = house::settings(model, workspace.path());
        settings.server.port = 0;
        change(&mut settings);
        let settings = Arc::new(settings);
        let house = Arc::new(house::open((*settings).clone(), store).await);
        let engine: Arc<dyn Engine> = house.clone();
        let clock = Arc::new(SystemClock);
        let server = match dialects {
            None => Server::bind(engine, settings, clock).await.unwrap(),
            Some(dialects) => Server::bind_with(engine, settings, clock, dialects).await.unwrap(),
        };
        let client = Client::new(&server.url());
        let leave = CancellationToken::new();
        let leaving = leave.clone();
        let task = tokio::spawn(server.serve(async move { leaving.cancelled().await }));
        Self { house, client, workspace, leave, task }
    }

    /// Tells the server to leave; it need not have left yet.
    pub fn begin_to_leave(&self) {
        self.leave.cancel();
    }

    /// Waits until the server has left, after it was told to.
    pub async fn leave(self) {
        self.leave.cancel();
        within("the server leaves", self.task).await.unwrap().unwrap();
    }
}

/// Waits for what must happen.
pub async fn within<T>(what: &str, happening: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, happening).await.unwrap_or_else(|_| panic!("waited in vain until {what}"))
}

/// The program `ombud serve`.
pub struct Serving {
    /// The process.
    pub process: Process,
    /// What it said when it was ready.
    pub start_line: String,
    /// How to reach it.
    pub client: Client,
}

impl Serving {
    /// Starts `ombud serve --port 0` with more arguments, and waits for its start line.
    pub fn start(place: &Place, arguments: &[&str]) -> Self {
        Self::of(place.command(&[&["serve", "--port", "0"], arguments].concat()))
    }

    /// Starts a command that serves, and waits for its start line.
    pub fn of(command: std::process::Command) -> Self {
        let process = Process::start(command);
        let mut said = Vec::new();
        loop {
            let Some(line) = process.error_line(PATIENCE) else { panic!("the server ended: {said:?}") };
            if let Some(address) = address(&line) {
                let client = Client::new(address);
                return Self { process, client, start_line: line };
            }
            said.push(line);
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub fn end(self) -> Ended {
        self.process.signal(rustix::process::Signal::TERM);
        self.process.end(PATIENCE)
    }
}

/// The address in a start line.
fn address(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(" listening on ")?;
    rest.split(' ').next()
}

/// A client of one server. Follows no redirects.
#[derive(Clone)]
pub struct Client {
    base: String,
    http: reqwest::Client,
    headers: Vec<(String, String)>,
}

impl Client {
    /// Of the server at an address without a `/` at its end.
    pub fn new(base: &str) -> Self {
        // The roots are those of the program: a machine without certificates must do as well.
        let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        let mut roots: Vec<_> = roots.map(|der| reqwest::Certificate::from_der(der).unwrap()).collect();
        roots.push(reqwest::Certificate::from_pem(CERTIFICATE).unwrap());
        let http = reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_merge(roots)
            .build()
            .unwrap();
        Self { base: base.to_owned(), http, headers: Vec::new() }
    }

    /// The same with a header on every request.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The address of the server, such as `http://127.0.0.1:4000`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        self.base.split("://").nth(1).unwrap()
    }

    /// A request that can still be changed.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        send(self.request("GET", path)).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request("POST", path).json(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        send(self.request("DELETE", path)).await
    }

    /// A GET whose answer is a stream.
    pub async fn listen(&self, path: &str) -> Events {
        open(self.request("GET", path)).await
    }

    /// A POST of JSON whose answer is a stream.
    pub async fn ask(&self, path: &str, body: &Value) -> Events {
        open(self.request("POST", path).json(body)).await
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, as they came.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The body as JSON of an answer that must have this status.
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }
}

/// Sends a request and reads the whole answer.
pub async fn send(request: reqwest::RequestBuilder) -> Reply {
    let response = within("an answer comes", request.send()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = within("the answer is whole", response.bytes()).await.unwrap();
    Reply { status, headers, body }
}

/// Sends a request and reads its answer as a stream of events.
pub async fn open(request: reqwest::RequestBuilder) -> Events {
    let response = within("an answer comes", request.send()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Events { status, headers, response, read: String::new(), raw: Vec::new() }
}

/// One frame of Server-Sent Events, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its `id`.
    pub id: Option<String>,
    /// Its `event`.
    pub event: Option<String>,
    /// Its `data`, lines joined.
    pub data: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
}

impl Event {
    /// The data as JSON.
    pub fn json(&self) -> Value {
        let data = self.data.as_deref().unwrap_or_else(|| panic!("no data in {self:?}"));
        serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"))
    }
}

/// An answer that is a stream of events.
pub struct Events {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    response: reqwest::Response,
    read: String,
    raw: Vec<u8>,
}

impl Events {
    /// The next frame, comments too; `None` at the end.
    pub async fn next_raw(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.read.find("\n\n") {
                let text = self.read[..end].to_owned();
                self.read.drain(..end + 2);
                return Some(event(&text));
            }
            let piece = within("a piece of the stream comes", self.response.chunk()).await.unwrap();
            let Some(piece) = piece else {
                assert_eq!(self.read, "", "the stream ended in a frame");
                return None;
            };
            self.raw.extend_from_slice(&piece);
            let whole = match std::str::from_utf8(&self.raw) {
                Ok(text) => text.len(),
                Err(error) => error.valid_up_to(),
            };
            self.read.push_str(std::str::from_utf8(&self.raw[..whole]).unwrap());
            self.raw.drain(..whole);
        }
    }

    /// The next frame that is no comment; `None` at the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.next_raw().await?;
            if event.comment.is_none() {
                return Some(event);
            }
        }
    }

    /// The whole body as it came.
    pub async fn bytes(self) -> Vec<u8> {
        within("the answer is whole", self.response.bytes()).await.unwrap().to_vec()
    }

    /// All frames to the end, without comments.
    pub async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    /// The data of all frames to the end, as JSON.
    pub async fn values(self) -> Vec<Value> {
        self.rest().await.iter().map(Event::json).collect()
    }
}

fn event(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let field = match name {
            "id" => &mut event.id,
            "event" => &mut event.event,
            "data" => &mut event.data,
            "" => &mut event.comment,
            _ => panic!("a line that is no field: {line}"),
        };
        match field {
            Some(known) => {
                known.push('\n');
                known.push_str(value);
            }
            None => *field = Some(value.to_owned()),
        }
    }
    event
}

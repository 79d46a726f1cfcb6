//! Whoever is sent something: a real HTTP server that keeps what comes, byte by byte, and answers as a test says.
#![allow(dead_code, reason = "not every test uses everything")]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::server::within;

/// What was sent.
#[derive(Clone, Debug)]
pub struct Received {
    /// Such as `POST`.
    pub method: String,
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Received {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The parts of a multipart body, in order: (disposition and type as they came, content).
    pub fn parts(&self) -> Vec<FormPart> {
        let kind = self.headers["content-type"].to_str().unwrap();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let (delimiter, end) = (format!("--{boundary}\r\n"), format!("--{boundary}--\r\n"));
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let text = text.strip_suffix(&end).unwrap();
        let parts = text.split(&delimiter).filter(|part| !part.is_empty()).map(|part| {
            let (head, content) = part.split_once("\r\n\r\n").unwrap();
            let content = content.strip_suffix("\r\n").unwrap().to_owned();
            let header = |name: &str| {
                let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
            };
            let disposition = header("content-disposition").unwrap();
            let word = |word: &str| {
                let rest = disposition.split(&format!("; {word}=\"")).nth(1)?;
                rest.split('"').next().map(str::to_owned)
            };
            FormPart { name: word("name").unwrap(), file: word("filename"), kind: header("content-type"), content }
        });
        parts.collect()
    }
}

/// One part of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormPart {
    /// Its name.
    pub name: String,
    /// The name of its file.
    pub file: Option<String>,
    /// Its media type.
    pub kind: Option<String>,
    /// What it holds.
    pub content: String,
}

/// What a receiver answers.
#[derive(Clone, Debug)]
pub enum Answering {
    /// A status and a body.
    With(u16, String),
    /// Nothing, for ever.
    Never,
}

/// The server. It ends with this.
pub struct Receiver {
    /// Where it is, such as `http://127.0.0.1:4000`.
    pub address: String,
    kept: Arc<Mutex<Vec<Received>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Starts one.
    pub async fn start(answer: impl Fn(&Received) -> Answering + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (told, count) = watch::channel(0);
        let (keeping, answer, told) = (Arc::clone(&kept), Arc::new(answer), Arc::new(told));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (keeping, answer, told) = (Arc::clone(&keeping), Arc::clone(&answer), Arc::clone(&told));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (keeping, answer, told) = (Arc::clone(&keeping), Arc::clone(&answer), Arc::clone(&told));
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                        let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
                        let received = Received { method, path, headers: head.headers, body };
                        let answering = answer(&received);
                        told.send_replace({
                            let mut all = keeping.lock().unwrap();
                            all.push(received);
                            all.len()
                        });
                        let Answering::With(status, body) = answering else { return std::future::pending().await };
                        let response = Response::builder().status(status).body(Full::new(Bytes::from(body)));
                        Ok::<_, Infallible>(response.unwrap())
                    }
                });
                tokio::spawn(async move {
                    // Who is sent something may go away at any time.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, kept, count, task }
    }

    /// One that answers everything with the same.
    pub async fn that_answers(status: u16, body: &str) -> Self {
        let body = body.to_owned();
        Self::start(move |_| Answering::With(status, body.clone())).await
    }

    /// What came so far.
    pub fn received(&self) -> Vec<Received> {
        self.kept.lock().unwrap().clone()
    }

    /// Waits until so many requests have come in all.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut watched = self.count.clone();
        within(&format!("{count} requests came"), watched.wait_for(|came| *came >= count)).await.unwrap();
        self.received()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

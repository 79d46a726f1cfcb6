//! A scripted model: a real HTTP server that answers as a test has written down, byte by byte, and checks what it is
//! asked.
//!
//! It runs on threads of its own and has a blocking interface, so that it also serves tests that start the program as a
//! process. Each request takes the next answer of the script. Nothing is timed: where a test needs an order of events it
//! puts a [`Gate`] into an answer. What is wrong with a request makes the test fail when the server is finished or
//! dropped.
#![allow(dead_code, reason = "not every test uses every answer")]

mod answer;
mod invariants;

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

pub use answer::{Answer, Gate};
use answer::{Body, Step};
use ombud::config::Wire;
use serde_json::Value;

/// How long the server waits for what a test says will happen, before it calls it a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// Such as `POST`.
    pub method: String,
    /// Such as `/v1/chat/completions`.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; `null` when it is none.
    pub body: Value,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// The server.
pub struct ModelServer {
    port: u16,
    shared: Arc<Shared>,
    finished: bool,
}

struct Shared {
    wire: Wire,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    script: VecDeque<Answer>,
    requests: Vec<Request>,
    wrong: Vec<String>,
    /// Answers that the client did not wait to the end of.
    left: usize,
    connections: Vec<TcpStream>,
    stopped: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn wait_until(&self, what: &str, reached: impl Fn(&State) -> bool) {
        let state = self.state();
        let (state, timeout) = self.changed.wait_timeout_while(state, PATIENCE, |state| !reached(state)).unwrap();
        assert!(
            !timeout.timed_out(),
            "the model server waited in vain until {what}: {} requests came",
            state.requests.len()
        );
    }
}

impl ModelServer {
    /// Starts a server that speaks a wire and gives these answers, one for each request.
    pub fn start(wire: Wire, script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Mutex::new(State { script: script.into(), ..State::default() });
        let shared = Arc::new(Shared { wire, state, changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                let mut state = accepting.state();
                if state.stopped {
                    break;
                }
                state.connections.extend(stream.try_clone());
                drop(state);
                let shared = Arc::clone(&accepting);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { port, shared, finished: false }
    }

    /// What a provider's base URL is set to.
    pub fn base_url(&self) -> String {
        match self.shared.wire {
            Wire::Anthropic => format!("http://127.0.0.1:{}", self.port),
            Wire::Openai | Wire::Offline => format!("http://127.0.0.1:{}/v1", self.port),
        }
    }

    /// The requests that came so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().requests.clone()
    }

    /// Adds an answer to the script.
    pub fn push(&self, answer: Answer) {
        self.shared.change(|state| state.script.push_back(answer));
    }

    /// Waits until so many requests have come in all.
    pub fn wait_for_requests(&self, count: usize) {
        self.shared.wait_until(&format!("{count} requests came"), |state| state.requests.len() >= count);
    }

    /// Waits until the client has gone away in the middle of so many answers in all.
    pub fn wait_until_left(&self, count: usize) {
        self.shared.wait_until(&format!("{count} answers were left"), |state| state.left >= count);
    }

    /// Ends the server. Fails when a request was wrong or an answer was not asked for.
    pub fn finish(mut self) -> Vec<Request> {
        self.finished = true;
        let unused = self.shared.state().script.iter().filter(|answer| !answer.repeated).count();
        self.fail_if_wrong();
        assert_eq!(unused, 0, "answers that nobody asked for");
        self.requests()
    }

    fn fail_if_wrong(&self) {
        let wrong = self.shared.state().wrong.clone();
        assert!(wrong.is_empty(), "the model was asked wrongly:\n{}", wrong.join("\n"));
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.stopped = true;
            state.connections.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        });
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if !self.finished && !thread::panicking() {
            self.fail_if_wrong();
        }
    }
}

/// Serves the requests of one connection, one after the other.
fn serve(stream: TcpStream, shared: &Shared) {
    drop(stream.set_nodelay(true));
    let Ok(reading) = stream.try_clone() else { return };
    let mut reader = BufReader::new(reading);
    while let Some(request) = read_request(&mut reader) {
        // Who looks whether the server is there asks no model.
        if request.method == "GET" && request.path.ends_with("/models") {
            let list = r#"{"data":[{"id":"small"}]}"#;
            let told = write!(&stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{list}", list.len());
            if told.is_err() {
                break;
            }
            continue;
        }
        let mut answer = None;
        shared.change(|state| {
            let number = state.requests.len() + 1;
            let wrong = invariants::violations(shared.wire, &request);
            state.wrong.extend(wrong.into_iter().map(|wrong| format!("request {number}: {wrong}")));
            state.requests.push(request);
            let next = match state.script.front() {
                Some(answer) if answer.repeated => Some(answer.clone()),
                _ => state.script.pop_front(),
            };
            if next.is_none() {
                state.wrong.push(format!("request {number}: the script has no answer for it"));
            }
            answer = next;
        });
        let answer = answer.unwrap_or_else(|| Answer::status(500, "the script is over"));
        match give(&stream, &answer, shared) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => {
                let stopped = shared.state().stopped;
                shared.change(|state| state.left += usize::from(!stopped));
                break;
            }
        }
    }
    drop(stream.shutdown(Shutdown::Both));
}

/// Gives an answer; `false` = the connection is not to be used again.
fn give(mut stream: &TcpStream, answer: &Answer, shared: &Shared) -> std::io::Result<bool> {
    let (head, body) = answer.render(shared.wire);
    let steps = match body {
        Body::Whole(body) => {
            let length = format!("content-length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), length.as_bytes(), body.as_bytes()].concat())?;
            return Ok(true);
        }
        Body::Steps(steps) => steps,
    };
    if !matches!(steps.first(), Some(Step::Nothing)) {
        stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes())?;
    }
    for step in steps {
        match step {
            Step::Nothing => {}
            Step::Send(bytes) => {
                stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
                stream.write_all(&bytes)?;
                stream.write_all(b"\r\n")?;
            }
            Step::Wait(gate) => gate.pass(|| shared.state().stopped),
            Step::Cut => return Ok(false),
            Step::Stall => {
                // Ends when the client goes away, or the server.
                let gone = stream.read(&mut [0; 1]);
                return gone.and_then(|_| Err(std::io::ErrorKind::BrokenPipe.into()));
            }
        }
    }
    stream.write_all(b"0\r\n\r\n")?;
    Ok(true)
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

/// A base URL at which nobody listens.
pub fn nobody_listening() -> String {
    // Held as long as the tests run, without listening: no other test is given the port.
    let held = tokio::net::TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = held.local_addr().unwrap().port();
    std::mem::forget(held);
    format!("http://127.0.0.1:{port}/v1")
}

/// A base URL that promises a secure connection, and whose server answers with plain bytes. It serves until the test
/// program ends.
pub fn no_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            drop(stream.read(&mut [0; 512]));
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
            drop(stream.shutdown(Shutdown::Write));
            // Reads to the end, so that the answer is not thrown away with the connection.
            drop(stream.read_to_end(&mut Vec::new()));
        }
    });
    format!("https://127.0.0.1:{port}/v1")
}

//! The server killed under load: clients stream answers, it is killed without a word, started again on the same store and
//! port, and every client looks for what it had been told and goes on from there.
//!
//! Held to for every client: a session, a name and an event that it was told of are there, unchanged and in order; going on
//! from its last cursor it gets every event once, in order, and every text whole; then the next question is answered.

use std::io::{Error, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::load::http::Client;
use crate::load::server::Plan;
use crate::load::{create, event, question};
use crate::mock;

/// Clients at once.
const CLIENTS: usize = 32;
/// Most frames, of all clients, before the kill.
const FRAMES: u64 = 20_000;
/// Most pieces of an answer.
const PIECES: u64 = 60;
/// How long a client waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Most stored events, of all clients, before the kill of a build with a planted bug.
const FEW_FACTS: u64 = 60;
/// How long a round of a build with a planted bug takes at most, and a check of what it lost.
const ENOUGH: Duration = Duration::from_secs(10);

/// What is done.
pub struct Kills {
    program: PathBuf,
    folder: PathBuf,
    rounds: u64,
    seed: u64,
    /// Whether only what is lost by a kill counts: a build with a planted bug also does wrong while it lives.
    only_lost: bool,
}

/// What a client knows of its session.
struct Witness {
    session: String,
    name: String,
    /// Stored events, as told; without their cursor.
    facts: Vec<Value>,
    /// After the newest event.
    cursor: Option<String>,
    /// The text of each message as it grew.
    growing: Vec<(String, String)>,
    answers: u64,
}

impl Kills {
    /// Reads `PROGRAM FOLDER ROUNDS SEED [only-lost]`.
    pub fn read(arguments: &[String]) -> Option<Self> {
        let [program, folder, rounds, seed, rest @ ..] = arguments else { return None };
        let only_lost = match rest {
            [] => false,
            [only] if only == "only-lost" => true,
            _ => return None,
        };
        let (rounds, seed) = (rounds.parse().ok()?, seed.parse().ok()?);
        Some(Self { program: program.into(), folder: folder.into(), rounds, seed, only_lost })
    }

    /// Kills again and again, and tells what was wrong.
    pub async fn run(&self) -> std::result::Result<(), String> {
        self.all().await.map_err(|error| error.to_string())
    }

    async fn all(&self) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let model = listener.local_addr()?.port();
        tokio::spawn(mock::serve(listener));
        let store = format!("sqlite:{}", self.folder.join("store").display());
        let mut plan = Plan { program: self.program.clone(), folder: self.folder.clone(), store, model, port: 0 };
        let mut chance = Chance(self.seed);
        let mut witnesses: Vec<Option<Witness>> = (0..CLIENTS).map(|_| None).collect();
        let mut server = plan.start().await?;
        plan.port = server.address.port();
        for round in 1..=self.rounds {
            // What is published too early is lost when the kill comes at once: so it is timed by a stored event.
            let target = 1 + chance.next() % if self.only_lost { FEW_FACTS } else { FRAMES };
            let seen = Arc::new(Seen::until(target, self.only_lost));
            let mut clients = JoinSet::new();
            for (number, witness) in witnesses.iter_mut().enumerate() {
                // Every second client goes on with its session, which grows; the others begin anew.
                let witness = witness.take().filter(|_| number % 2 == 0 && !self.only_lost);
                let (seen, chance, name) = (Arc::clone(&seen), chance.fork(), format!("client {number} of round {round}"));
                let only_lost = self.only_lost;
                clients.spawn(async move {
                    let mut witness = witness;
                    let worked = work(server.address, &mut witness, name, &seen, chance, only_lost).await;
                    (number, witness, worked)
                });
            }
            let mut left = Vec::new();
            // Streams of a build with a bug may wait for what was never written.
            let most = if self.only_lost { ENOUGH } else { std::time::Duration::MAX };
            let mut reached = std::pin::pin!(tokio::time::timeout(most, seen.reached.notified()));
            loop {
                tokio::select! {
                    _ = &mut reached => break,
                    done = clients.join_next() => match done {
                        Some(done) => left.push(done),
                        None => break,
                    },
                }
            }
            server.kill()?;
            while let Some(done) = clients.join_next().await {
                left.push(done);
            }
            let mut wrong = Vec::new();
            for done in left {
                let (number, witness, worked) = done.map_err(Error::other)?;
                witnesses[number] = witness;
                if let Err(error) = worked
                    && !self.only_lost
                {
                    wrong.push(format!("client {number}, before the kill: {error}"));
                }
            }
            server = plan.start().await?;
            let (mut told, mut answers) = (0, 0);
            let mut checks = JoinSet::new();
            for (number, witness) in witnesses.iter_mut().enumerate() {
                let Some(mut witness) = witness.take() else { continue };
                told += witness.facts.len();
                let (address, only_lost) = (server.address, self.only_lost);
                checks.spawn(async move {
                    let patience = if only_lost { ENOUGH } else { PATIENCE };
                    let checked = tokio::time::timeout(patience, witness.goes_on(address, only_lost)).await;
                    // What does not come is no fact that was lost.
                    let late = || if only_lost { Ok(()) } else { Err(Error::other("it waits for what does not come")) };
                    (number, witness, checked.unwrap_or_else(|_| late()))
                });
            }
            while let Some(done) = checks.join_next().await {
                let (number, witness, checked) = done.map_err(Error::other)?;
                answers += witness.answers;
                if let Err(error) = checked {
                    wrong.push(format!("client {number}, session {}: {error}", witness.session));
                }
                witnesses[number] = Some(witness);
            }
            println!(
                "round {round}: killed after {target} {}; {told} events told, {answers} answers; {} violations",
                if self.only_lost { "stored events" } else { "frames" },
                wrong.len()
            );
            if !wrong.is_empty() {
                return Err(Error::other(wrong.join("\n")));
            }
        }
        server.stop().map(drop)
    }
}

/// How much all clients have seen.
struct Seen {
    count: AtomicU64,
    target: u64,
    /// Whether only stored events count.
    only_facts: bool,
    reached: Notify,
}

impl Seen {
    fn until(target: u64, only_facts: bool) -> Self {
        Self { count: AtomicU64::new(0), target, only_facts, reached: Notify::new() }
    }

    fn one(&self, is_fact: bool) {
        if (is_fact || !self.only_facts) && self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.target {
            self.reached.notify_one();
        }
    }
}

/// Asks until the connection breaks. An answer that is no good one is an error; a broken connection is none. Afterwards
/// there is no witness when there is no session that the client knows of.
async fn work(
    address: std::net::SocketAddr,
    witness: &mut Option<Witness>,
    name: String,
    seen: &Seen,
    mut chance: Chance,
    insists: bool,
) -> Result<()> {
    let Ok(mut client) = Client::connect(address).await else { return Ok(()) };
    let witness = match witness {
        Some(witness) => witness,
        None => {
            let created = if insists { create_slowly(&mut client, &mut chance).await } else { create(&mut client).await };
            let Some(session) = unbroken(created)? else { return Ok(()) };
            witness.insert(Witness {
                session,
                name: String::new(),
                facts: Vec::new(),
                cursor: None,
                growing: Vec::new(),
                answers: 0,
            })
        }
    };
    if insists {
        return witness.listens(address, &mut client, seen, chance).await;
    }
    let named = serde_json::json!({"sessionId": witness.session, "metadata": {"name": name}}).to_string();
    // Until it is answered it may have been kept or not.
    witness.name.clear();
    let renamed = client.call("POST", "/api/v1/sessions/update", &named).await.and_then(|reply| reply.when(200));
    match renamed {
        Ok(_) => witness.name = name,
        Err(error) if is_broken(&error) => return Ok(()),
        Err(error) => return Err(error),
    }
    loop {
        let asked = format!("PIECES {}", 1 + chance.next() % PIECES);
        match witness.ask(&mut client, &asked, seen).await {
            Ok(()) => {}
            Err(error) if is_broken(&error) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Makes a session and waits until it is there: a build with a planted bug says at first that it is not.
async fn create_slowly(client: &mut Client, chance: &mut Chance) -> Result<String> {
    let session = format!("session-{:016x}", chance.next());
    client.call("POST", "/ombud/v1/create", &serde_json::json!({ "id": session }).to_string()).await?;
    let path = format!("/api/v1/sessions/details?sessionId={session}");
    while client.call("GET", &path, "").await?.status != 200 {}
    Ok(session)
}

/// Whether an event is kept, and not only a piece of one.
fn is_stored(event: &Value) -> bool {
    let kind = event["type"].as_str().unwrap_or_default();
    !kind.contains("streaming") && event.get("id").is_some()
}

fn is_broken(error: &Error) -> bool {
    error.kind() != std::io::ErrorKind::Other
}

fn unbroken<T>(done: Result<T>) -> Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error) if is_broken(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Witness {
    /// One question, and its whole answer.
    async fn ask(&mut self, client: &mut Client, text: &str, seen: &Seen) -> Result<()> {
        let status = client.begin("POST", "/api/v1/sessions/query/stream", &question(&self.session, text)).await?;
        if status != 200 {
            return Err(Error::other(format!("status {status} of a question")));
        }
        let mut ended = false;
        while let Some(frame) = client.frame().await? {
            let event = event(&frame)?;
            let Some(event) = event else {
                seen.one(false);
                continue;
            };
            ended = event["type"] == "agent_run_end";
            let is_fact = is_stored(&event);
            // Known before anybody is told to kill: what was told counts.
            let taken = self.takes(event);
            seen.one(is_fact);
            taken?;
        }
        if !ended {
            return Err(Error::other("a stream ended without the end of its run"));
        }
        self.answers += 1;
        Ok(())
    }

    /// Asks with one connection and hears with another, which has all that was there before: so it is told what is
    /// published, and not what was read again from the store, which would be durable.
    async fn listens(
        &mut self,
        address: std::net::SocketAddr,
        client: &mut Client,
        seen: &Seen,
        mut chance: Chance,
    ) -> Result<()> {
        let Ok(mut reader) = Client::connect(address).await else { return Ok(()) };
        let path = format!("/api/v1/sessions/events/stream?sessionId={}", self.session);
        if !matches!(reader.begin("GET", &path, "").await, Ok(200)) {
            return Ok(());
        }
        loop {
            let body = question(&self.session, &format!("PIECES {}", 1 + chance.next() % PIECES));
            let mut asked = std::pin::pin!(client.call("POST", "/api/v1/sessions/query", &body));
            loop {
                tokio::select! {
                    frame = reader.frame() => {
                        let Ok(Some(frame)) = frame else { return Ok(()) };
                        let Some(event) = event(&frame)? else { continue };
                        let is_fact = is_stored(&event);
                        // Known before anybody is told to kill: what was told counts. What is wrong with it beside does not.
                        let _ = self.takes(event);
                        seen.one(is_fact);
                    }
                    answered = &mut asked => match answered {
                        Ok(_) => break,
                        Err(_) => return Ok(()),
                    },
                }
            }
            self.answers += 1;
        }
    }

    /// Keeps what was told.
    fn takes(&mut self, mut event: Value) -> Result<()> {
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        if let Some(cursor) = event.as_object_mut().and_then(|event| event.remove("cursor")) {
            self.cursor = cursor.as_str().map(str::to_owned);
        }
        if kind == "system" && event["level"] == "error" {
            return Err(Error::other(format!("told of an error: {event}")));
        }
        let message = event["messageId"].as_str().unwrap_or_default().to_owned();
        let content = event["content"].as_str().unwrap_or_default();
        if kind == "assistant_streaming_message" {
            match self.growing.iter_mut().find(|(id, _)| *id == message) {
                Some((_, text)) => text.push_str(content),
                None => self.growing.push((message, content.to_owned())),
            }
            return Ok(());
        }
        if !is_stored(&event) {
            return Ok(());
        }
        // The message of a writer that died: what grew of it counts no more, and the next one has another id.
        let abandoned = event["finishReason"] == "abandoned";
        if kind == "assistant_message" && !abandoned {
            let grown = self.growing.iter().find(|(id, _)| *id == message).map_or("", |(_, text)| text);
            if grown != content {
                let (grown, whole) = (grown.len(), content.len());
                return Err(Error::other(format!("message {message} grew to {grown} bytes and has {whole}")));
            }
        }
        if self.facts.iter().any(|known| known["id"] == event["id"]) {
            return Err(Error::other(format!("told twice: {event}")));
        }
        self.facts.push(event);
        Ok(())
    }

    /// The stored events of the session.
    async fn stored(&self, client: &mut Client) -> Result<Vec<Value>> {
        let path = format!("/api/v1/sessions/events?sessionId={}", self.session);
        let body: Value = serde_json::from_slice(&client.call("GET", &path, "").await?.when(200)?)?;
        let mut events = body["events"].as_array().cloned().unwrap_or_default();
        events.iter_mut().filter_map(Value::as_object_mut).for_each(|event| drop(event.remove("cursor")));
        Ok(events)
    }

    /// After the server was started again: looks for everything, goes on, and asks once more.
    async fn goes_on(&mut self, address: std::net::SocketAddr, only_lost: bool) -> Result<()> {
        let mut client = Client::connect(address).await?;
        let path = format!("/api/v1/sessions/details?sessionId={}", self.session);
        let reply = client.call("GET", &path, "").await?;
        if reply.status == 404 {
            return Err(Error::other("told of the session, and nothing is there"));
        }
        let details: Value = serde_json::from_slice(&reply.when(200)?)?;
        let name = &details["session"]["metadata"]["name"];
        if !self.name.is_empty() && *name != self.name.as_str() {
            return Err(Error::other(format!("its name was {}, and is {name}", self.name)));
        }
        let stored = self.stored(&mut client).await?;
        for (place, fact) in self.facts.iter().enumerate() {
            // A build with a planted bug also leaves out events while it lives: then only what is gone counts.
            let is_it = |known: &&Value| known["id"] == fact["id"];
            let there = if only_lost { stored.iter().find(is_it) } else { stored.get(place) };
            if there != Some(fact) {
                let there = there.map_or_else(|| "nothing".to_owned(), Value::to_string);
                return Err(Error::other(format!("told {fact}, and {there} is there")));
            }
        }
        if only_lost {
            return Ok(());
        }
        self.resumes(address, &stored).await?;
        let idle = Seen::until(u64::MAX, false);
        self.ask(&mut client, "PIECES 3", &idle).await?;
        if self.stored(&mut client).await? != self.facts {
            return Err(Error::other("what was told is not what is stored"));
        }
        Ok(())
    }

    /// Goes on from the last cursor until it has all that is stored, and the run that was open has ended.
    async fn resumes(&mut self, address: std::net::SocketAddr, stored: &[Value]) -> Result<()> {
        let is_whole =
            |facts: &[Value]| facts.len() >= stored.len() && facts.last().is_none_or(|last| last["type"] == "agent_run_end");
        if is_whole(&self.facts) {
            return Ok(());
        }
        let mut client = Client::connect(address).await?;
        let after = self.cursor.as_ref().map_or_else(String::new, |cursor| format!("&after={}", escaped(cursor)));
        let path = format!("/api/v1/sessions/events/stream?sessionId={}{after}", self.session);
        let status = client.begin("GET", &path, "").await?;
        if status != 200 {
            return Err(Error::other(format!("status {status} of {path}")));
        }
        while !is_whole(&self.facts) {
            let frame = client.frame().await?.ok_or_else(|| Error::other("the stream of events ended"))?;
            if let Some(event) = event(&frame)? {
                self.takes(event)?;
            }
        }
        Ok(())
    }
}

/// A cursor inside a query.
fn escaped(cursor: &str) -> String {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(byte);
    cursor.bytes().map(|byte| if legal(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Numbers that look like chance and come again with the same seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn fork(&mut self) -> Self {
        Self(self.next())
    }
}

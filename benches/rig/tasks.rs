//! The queue worked off by a server that is killed in the middle: runs that begin in their turn are asked for by many
//! clients, the server is killed without a word, and started again on the same store and port.
//!
//! Held to: every run that was acknowledged is there; every run that is there was queued once, ended once, and ended well.
//! At the end it tells how long that took, and what the server costs when there is nothing to do.

use std::collections::HashSet;
use std::io::{Error, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::load::http::Client;
use crate::load::server::{Plan, Server};
use crate::mock;

/// Clients that ask at once.
const CLIENTS: usize = 16;
/// Between two looks at what has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long nothing may end before it is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Rows of a page.
const PAGE: usize = 1_000;
/// How long the server is watched that has nothing to do.
const IDLE: Duration = Duration::from_secs(5);

/// What is done.
pub struct Tasks {
    program: PathBuf,
    folder: PathBuf,
    store: String,
    count: usize,
    kills: usize,
}

/// What clients know.
#[derive(Default)]
struct Known {
    next: AtomicUsize,
    runs: Mutex<HashSet<String>>,
}

impl Tasks {
    /// Reads `PROGRAM FOLDER STORE COUNT KILLS`; the store is `sqlite` or `file`.
    pub fn read(arguments: &[String]) -> Option<Self> {
        let [program, folder, store, count, kills] = arguments else { return None };
        let (count, kills) = (count.parse().ok()?, kills.parse().ok()?);
        Some(Self { program: program.into(), folder: folder.into(), store: store.clone(), count, kills })
    }

    /// Asks, kills, and looks at what came of it.
    pub async fn run(&self) -> std::result::Result<(), String> {
        self.all().await.map_err(|error| error.to_string())
    }

    async fn all(&self) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let model = listener.local_addr()?.port();
        tokio::spawn(mock::serve(listener));
        let store = format!("{}:{}", self.store, self.folder.join("store").display());
        let mut plan = Plan { program: self.program.clone(), folder: self.folder.clone(), store, model, port: 0 };
        let mut server = plan.start().await?;
        plan.port = server.address.port();
        let known = Arc::new(Known::default());
        let began = Instant::now();
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (known, address, count) = (Arc::clone(&known), server.address, self.count);
            clients.spawn(async move { ask(address, &known, count).await });
        }
        for kill in 1..=self.kills {
            let ended = until(server.address, kill * self.count / (self.kills + 1)).await?;
            let asked = known.next.load(Ordering::Relaxed).min(self.count);
            server.kill()?;
            println!("kill {kill}: after {ended} runs had ended, {asked} asked for");
            server = plan.start().await?;
        }
        while let Some(done) = clients.join_next().await {
            done.map_err(Error::other)??;
        }
        let asked_after = began.elapsed();
        until(server.address, self.count).await?;
        until_none_is_left(server.address).await?;
        let took = began.elapsed();
        let interrupted = self.check(&server, &known).await?;
        let rate = self.count as f64 / took.as_secs_f64();
        println!(
            "{} runs: asked for in {:.1} s, worked off in {:.1} s with {} kills, {rate:.0} a second; {interrupted} were \
             interrupted and gone on with; {:.0} MiB at most",
            self.count,
            asked_after.as_secs_f64(),
            took.as_secs_f64(),
            self.kills,
            server.most_memory()
        );
        let before = server.processor();
        tokio::time::interval_at(tokio::time::Instant::now() + IDLE, IDLE).tick().await;
        let idle = (server.processor() - before) / IDLE.as_secs_f64();
        println!("with nothing to do: {:.1} ms of processor time a second", idle * 1_000.0);
        server.stop().map(drop)
    }

    /// Looks at every run and its log. Answers how many were interrupted.
    async fn check(&self, server: &Server, known: &Known) -> Result<u64> {
        let mut client = Client::connect(server.address).await?;
        let mut acknowledged = known.runs.lock().map_err(|_| Error::other("a client failed"))?.clone();
        if acknowledged.len() != self.count {
            return Err(Error::other(format!("{} of {} were acknowledged", acknowledged.len(), self.count)));
        }
        let (mut offset, mut interrupted, mut wrong) = (0, 0, Vec::new());
        loop {
            let page = runs(&mut client, &json!([]), offset, PAGE).await?;
            let rows = page["runs"].as_array().cloned().unwrap_or_default();
            for run in &rows {
                acknowledged.remove(run["id"].as_str().unwrap_or_default());
                interrupted += run["interruptions"].as_u64().unwrap_or(0);
                let of = json!({"session": run["session"], "limit": PAGE}).to_string();
                let events: Value = serde_json::from_slice(&client.call("POST", "/ombud/v1/events", &of).await?.when(200)?)?;
                let events = events["events"].as_array().cloned().unwrap_or_default();
                let count = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
                if (count("run.queued"), count("run.finished")) != (1, 1) || run["status"] != "completed" {
                    wrong.push(format!("{}: {}", run["id"], run["status"]));
                }
            }
            offset += rows.len();
            if rows.len() < PAGE {
                break;
            }
        }
        if !acknowledged.is_empty() || !wrong.is_empty() {
            let lost = acknowledged.len();
            wrong.truncate(10);
            return Err(Error::other(format!("{lost} runs are lost; did not end well, or not once: {wrong:?}")));
        }
        println!("{offset} runs are there, each queued once and ended once, all well");
        Ok(interrupted)
    }
}

/// Connects, as soon as somebody listens.
async fn connect(address: SocketAddr) -> Client {
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        look.tick().await;
        if let Ok(client) = Client::connect(address).await {
            return client;
        }
    }
}

/// Asks for runs until there are enough. What a broken connection leaves unanswered is asked again: then it may be there
/// twice, as two runs.
async fn ask(address: SocketAddr, known: &Known, count: usize) -> Result<()> {
    let mut client = connect(address).await;
    loop {
        let number = known.next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        let body = json!({
            "target": {"new": {}},
            "input": [{"kind": "text", "text": format!("task {number}")}],
            "begin": "in_turn",
            "priority": 10 * (number % 3),
            "labels": {"kind": ["task"]},
            "pins": {"on_orphan": "resume"},
        });
        let reply = loop {
            match client.call("POST", "/ombud/v1/ask", &body.to_string()).await {
                Ok(reply) => break reply.when(200)?,
                Err(_) => client = connect(address).await,
            }
        };
        let asked: Value = serde_json::from_slice(&reply)?;
        let run = asked["run"].as_str().unwrap_or_default().to_owned();
        known.runs.lock().map_err(|_| Error::other("a client failed"))?.insert(run);
    }
}

async fn runs(client: &mut Client, statuses: &Value, offset: usize, limit: usize) -> Result<Value> {
    let filter = json!({"labels": [["kind", "task"]], "statuses": statuses, "offset": offset, "limit": limit});
    let reply = client.call("POST", "/ombud/v1/runs", &filter.to_string()).await?;
    Ok(serde_json::from_slice(&reply.when(200)?)?)
}

/// Waits until so many runs have ended well, and answers how many have.
async fn until(address: SocketAddr, count: usize) -> Result<u64> {
    let mut client = connect(address).await;
    let mut look = tokio::time::interval(LOOK_EVERY);
    let (mut last, mut since) = (0, Instant::now());
    loop {
        look.tick().await;
        let ended = runs(&mut client, &json!(["completed"]), 0, 0).await?["total"].as_u64().unwrap_or(0);
        if ended >= count as u64 {
            return Ok(ended);
        }
        if ended > last {
            (last, since) = (ended, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            return Err(Error::other(format!("{ended} runs of {count} have ended, and no more end")));
        }
    }
}

/// Waits until no run is left that has not ended.
async fn until_none_is_left(address: SocketAddr) -> Result<()> {
    let mut client = connect(address).await;
    let mut look = tokio::time::interval(LOOK_EVERY);
    let begun = Instant::now();
    while runs(&mut client, &json!(["queued", "running", "waiting"]), 0, 0).await?["total"] != 0 {
        look.tick().await;
        if begun.elapsed() > PATIENCE {
            return Err(Error::other("some runs do not end"));
        }
    }
    Ok(())
}

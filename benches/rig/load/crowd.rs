//! Many who listen and do nothing: idle connections, readers of one session, one of whom stops reading.

use std::io::{Error, Result};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use super::http::Client;
use super::server::Server;
use super::work::{create, question};

/// Pieces of the answer that all readers get.
const PIECES: usize = 500;

/// How a crowd of readers was served.
pub struct Crowd {
    /// From the question until the last reader had the end of the run.
    pub took: Duration,
    /// Events that a reader got.
    pub events: usize,
    /// MiB more than before: with all of them connected, and at most until the end.
    pub connected: f64,
    pub most: f64,
    /// Microseconds of the server's processor an event and reader.
    pub processor: f64,
}

/// So many connections that ask once and then stay; MiB more than before.
pub async fn idle(server: &Server, count: usize) -> Result<f64> {
    let before = server.memory();
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = Client::connect(server.address).await?;
        client.call("GET", "/api/v1/health", "").await?.when(200)?;
        clients.push(client);
    }
    let mut last = Client::connect(server.address).await?;
    last.call("GET", "/api/v1/health", "").await?.when(200)?;
    Ok(server.memory() - before)
}

/// So many readers of one session, and one more that never reads.
pub async fn readers(server: &Server, count: usize) -> Result<Crowd> {
    let mut writer = Client::connect(server.address).await?;
    let session = create(&mut writer).await?;
    let path = format!("/api/v1/sessions/events/stream?sessionId={session}");
    let before = server.memory();
    let mut stalled = Client::connect(server.address).await?;
    expect(stalled.begin("GET", &path, "").await?)?;
    let mut running = JoinSet::new();
    for _ in 0..count {
        let mut client = Client::connect(server.address).await?;
        expect(client.begin("GET", &path, "").await?)?;
        running.spawn(async move {
            let mut seen: Vec<u64> = Vec::new();
            while let Some(frame) = client.frame().await? {
                let Some(event) = event(&frame)? else { continue };
                seen.push(fingerprint(&event));
                if event["type"] == "agent_run_end" {
                    return Ok(seen);
                }
            }
            Err(Error::other("a reader was left before the end of the run"))
        });
    }
    let connected = server.memory() - before;
    let processor = server.processor();
    let began = Instant::now();
    let asked = question(&session, &format!("PIECES {PIECES}"));
    expect(writer.begin("POST", "/api/v1/sessions/query/stream", &asked).await?)?;
    while writer.frame().await?.is_some() {}
    let mut first: Option<Vec<u64>> = None;
    while let Some(done) = running.join_next().await {
        let seen = done.map_err(Error::other)??;
        if *first.get_or_insert_with(|| seen.clone()) != seen {
            return Err(Error::other("two readers saw different events"));
        }
    }
    let took = began.elapsed();
    let events = first.map_or(0, |seen| seen.len());
    if events < PIECES {
        return Err(Error::other(format!("a reader saw {events} events only")));
    }
    let processor = (server.processor() - processor) * 1e6 / (events * count) as f64;
    drop(stalled);
    Ok(Crowd { took, events, connected, most: server.most_memory() - before, processor })
}

fn expect(status: u16) -> Result<()> {
    if status == 200 { Ok(()) } else { Err(Error::other(format!("status {status} of a stream"))) }
}

/// The event of a frame; a comment is none.
pub fn event(frame: &str) -> Result<Option<Value>> {
    let data = frame.lines().find_map(|line| line.strip_prefix("data:"));
    data.map(|data| serde_json::from_str(data).map_err(Error::other)).transpose()
}

fn fingerprint(event: &Value) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    event.to_string().hash(&mut hasher);
    hasher.finish()
}

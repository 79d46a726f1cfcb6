//! The kinds of work that are measured. Every answer is checked, so that a quick error is no figure.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use super::http::Client;
use super::octavus;
use super::server::Server;
use crate::instant::PIECE;

/// Connections at once, as in the original's measurements.
pub const CONNECTIONS: usize = 32;

/// Pieces of a streamed answer, as in the original's measurements.
const STREAMED: usize = 2_000;

/// What a question is.
pub const QUESTION: &str = "What is there to say?";

/// How a kind of work went.
pub struct Rate {
    /// Items a second.
    pub per_second: f64,
    /// Milliseconds of the server's processor an item.
    pub processor: f64,
    /// Milliseconds of the median item, and of the one in a hundred that is the slowest.
    pub median: f64,
    pub slow: f64,
}

/// What one connection does again and again.
#[derive(Clone)]
pub enum Task {
    Health,
    Create,
    /// Asks in the first session of the list, then in the next, round and round.
    Ask {
        sessions: Vec<String>,
        question: &'static str,
    },
    /// The same by the API of Octavus, with or without a tool of the caller.
    Trigger {
        sessions: Vec<String>,
        tool: bool,
    },
    /// A file for the session.
    Upload {
        session: String,
        bytes: Arc<[u8]>,
    },
}

/// The API by which a session is made.
#[derive(Clone, Copy)]
pub enum Door {
    Tarko,
    Octavus,
}

impl Task {
    async fn once(&self, client: &mut Client, turn: usize) -> Result<()> {
        match self {
            Self::Health => client.call("GET", "/api/v1/health", "").await?.when(200).map(drop),
            Self::Create => create(client).await.map(drop),
            Self::Ask { sessions, question } => ask(client, &sessions[turn % sessions.len()], question).await,
            Self::Trigger { sessions, tool } => octavus::trigger(client, &sessions[turn % sessions.len()], *tool).await,
            Self::Upload { session, bytes } => octavus::upload(client, session, bytes).await.map(drop),
        }
    }
}

/// A new session; its id.
pub async fn create(client: &mut Client) -> Result<String> {
    let body = client.call("POST", "/api/v1/sessions/create", "{}").await?.when(201)?;
    let answer: Value = serde_json::from_slice(&body)?;
    answer["sessionId"].as_str().map(str::to_owned).ok_or_else(|| Error::other("a session without an id"))
}

/// Many new sessions, over several connections.
pub async fn create_many(address: SocketAddr, count: usize, door: Door) -> Result<Vec<String>> {
    let mut tasks = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mine = count / CONNECTIONS + usize::from(connection < count % CONNECTIONS);
        tasks.spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut ids = Vec::new();
            for _ in 0..mine {
                ids.push(match door {
                    Door::Tarko => create(&mut client).await?,
                    Door::Octavus => octavus::create(&mut client).await?,
                });
            }
            Ok::<_, Error>(ids)
        });
    }
    let mut ids = Vec::new();
    while let Some(done) = tasks.join_next().await {
        ids.extend(done.map_err(Error::other)??);
    }
    Ok(ids)
}

/// The body of a question.
pub fn question(session: &str, text: &str) -> String {
    serde_json::json!({"sessionId": session, "query": text}).to_string()
}

async fn ask(client: &mut Client, session: &str, text: &str) -> Result<()> {
    let body = client.call("POST", "/api/v1/sessions/query", &question(session, text)).await?.when(200)?;
    if String::from_utf8_lossy(&body).contains(PIECE.trim()) { Ok(()) } else { Err(Error::other("no answer")) }
}

/// Has connections do their tasks for so long, and each at most so often; the first error ends it.
pub async fn rate(server: &Server, tasks: Vec<Task>, time: Duration, most: usize) -> Result<Rate> {
    let address = server.address;
    let mut running = JoinSet::new();
    let processor = server.processor();
    let began = Instant::now();
    for task in tasks {
        running.spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut times = Vec::new();
            while began.elapsed() < time && times.len() < most {
                let asked = Instant::now();
                task.once(&mut client, times.len()).await?;
                times.push(asked.elapsed());
            }
            Ok::<_, Error>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = running.join_next().await {
        times.extend(done.map_err(Error::other)??);
    }
    let took = began.elapsed().as_secs_f64();
    let processor = server.processor() - processor;
    times.sort_unstable();
    let count = times.len().max(1);
    let at = |part: f64| times.get((part * count as f64) as usize).map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    Ok(Rate {
        per_second: count as f64 / took,
        processor: processor * 1_000.0 / count as f64,
        median: at(0.5),
        slow: at(0.99),
    })
}

/// How streams went.
pub struct Streams {
    pub per_second: f64,
    /// Microseconds of the server's processor an event.
    pub processor: f64,
    /// Bytes of a mean frame.
    pub bytes: f64,
}

/// So many streams at once, each of an answer of 2,000 pieces, `rounds` times.
pub async fn streams(server: &Server, count: usize, rounds: usize) -> Result<Streams> {
    let address = server.address;
    let sessions = create_many(address, count, Door::Tarko).await?;
    let mut texts = Vec::new();
    let processor = server.processor();
    let began = Instant::now();
    for _ in 0..rounds {
        let mut running = JoinSet::new();
        for session in sessions.clone() {
            running.spawn(async move {
                let mut client = Client::connect(address).await?;
                let status = client
                    .begin("POST", "/api/v1/sessions/query/stream", &question(&session, &format!("PIECES {STREAMED}")))
                    .await?;
                if status != 200 {
                    return Err(Error::other(format!("status {status} of a stream")));
                }
                let mut text = Vec::new();
                while client.piece(&mut text).await? {}
                Ok(text)
            });
        }
        while let Some(done) = running.join_next().await {
            texts.push(done.map_err(Error::other)??);
        }
    }
    let took = began.elapsed().as_secs_f64();
    let processor = server.processor() - processor;
    let bytes: usize = texts.iter().map(Vec::len).sum();
    let mut events = 0;
    for text in texts {
        events += frames(&String::from_utf8_lossy(&text))?;
    }
    let count = events as f64;
    Ok(Streams { per_second: count / took, processor: processor * 1e6 / count, bytes: bytes as f64 / count })
}

/// The frames of a stream in which nothing is missing: each piece comes alone, or in the text that a reader who was late
/// is given at once, and all of them again in the message at the end.
fn frames(text: &str) -> Result<usize> {
    let growing = text.split("\n\n").filter(|frame| frame.contains("\"assistant_streaming_message\""));
    let pieces: usize = growing.map(|frame| frame.matches(PIECE.trim()).count()).sum();
    if pieces != STREAMED || !text.contains("\"agent_run_end\"") {
        return Err(Error::other(format!("a stream of {pieces} pieces instead of {STREAMED}, or without its end")));
    }
    Ok(text.matches("\n\n").count())
}

/// Milliseconds from a question to the first piece of its answer: median and the slowest of a hundred; and the same of the
/// model itself.
pub async fn first_piece(server: &Server, model: u16, count: usize) -> Result<[f64; 4]> {
    let mut client = Client::connect(server.address).await?;
    let mut direct = Client::connect(SocketAddr::from(([127, 0, 0, 1], model))).await?;
    // A new one each time, so that histories play no part.
    let sessions = create_many(server.address, count, Door::Tarko).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let request = serde_json::json!({"model": "mock", "stream": true, "messages": [{"role": "user", "content": QUESTION}]});
    for session in sessions {
        let body = question(&session, QUESTION);
        ours.push(until(&mut client, "/api/v1/sessions/query/stream", &body, "\"assistant_streaming_message\"").await?);
        theirs.push(until(&mut direct, "/v1/chat/completions", &request.to_string(), PIECE.trim()).await?);
    }
    let at = |times: &mut Vec<Duration>, part: f64| {
        times.sort_unstable();
        times.get((part * times.len() as f64) as usize).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    Ok([at(&mut ours, 0.5), at(&mut ours, 0.99), at(&mut theirs, 0.5), at(&mut theirs, 0.99)])
}

/// The time until a frame holds a text; the rest of the stream is read too.
async fn until(client: &mut Client, path: &str, body: &str, text: &str) -> Result<Duration> {
    let began = Instant::now();
    let status = client.begin("POST", path, body).await?;
    let mut found = None;
    while let Some(frame) = client.frame().await? {
        if found.is_none() && frame.contains(text) {
            found = Some(began.elapsed());
        }
    }
    found.ok_or_else(|| Error::other(format!("status {status}, and nothing was streamed")))
}

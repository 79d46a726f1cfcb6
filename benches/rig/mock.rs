//! A model server on loopback that answers at once: chat completions as a stream. What it answers depends on words in the
//! newest question: `PIECES 2000` is an answer of so many pieces, `CALL` a call of `read_file` before the answer, `LOOK` a call of
//! `get-user`, everything else sixteen pieces.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::instant::{PIECE, PIECES};

/// Longest request, in bytes.
const REQUEST: usize = 64 << 20;
/// Most pieces of an answer.
const MOST_PIECES: usize = 100_000;

/// Tools that are called, each by the word for it.
const TOOLS: [(&[u8], &str); 2] = [
    (b"CALL", r#"{"name":"read_file","arguments":"{\"path\":\"notes.txt\"}"}"#),
    (b"LOOK", r#"{"name":"get-user","arguments":"{\"userId\":\"7\"}"}"#),
];

/// Calls that were made.
static CALLS: AtomicU32 = AtomicU32::new(1);

/// What is answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Answer {
    Pieces(usize),
    /// Of the tool at this place of the table.
    Call(usize),
}

/// Answers that were made before.
type Ready = Arc<Mutex<HashMap<Answer, Arc<[u8]>>>>;

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener) {
    let ready = Ready::default();
    while let Ok((stream, _)) = listener.accept().await {
        let ready = Arc::clone(&ready);
        tokio::spawn(async move {
            // A client that goes away ends its connection and nothing else.
            let _ = connection(stream, &ready).await;
        });
    }
}

/// A whole answer, head and body.
fn written(answer: Answer) -> Vec<u8> {
    let chunk = |rest: &str| {
        format!("{{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"mock\",{rest}}}")
    };
    let choice = |delta: &str, finish: &str| {
        chunk(&format!("\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]"))
    };
    let mut events = vec![choice("{\"role\":\"assistant\",\"content\":\"\"}", "null")];
    let (count, finish) = match answer {
        Answer::Pieces(count) => {
            events.extend((0..count).map(|_| choice(&format!("{{\"content\":\"{PIECE}\"}}"), "null")));
            (count, "\"stop\"")
        }
        Answer::Call(tool) => {
            let (_, function) = TOOLS[tool];
            let call = format!("{{\"index\":0,\"id\":\"call_00000000\",\"type\":\"function\",\"function\":{function}}}");
            events.push(choice(&format!("{{\"tool_calls\":[{call}]}}"), "null"));
            (1, "\"tool_calls\"")
        }
    };
    events.push(choice("{}", finish));
    let usage = format!("\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":{count},\"total_tokens\":{}}}", 10 + count);
    events.push(chunk(&format!("\"choices\":[],{usage}")));
    events.push("[DONE]".to_owned());
    let mut text = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for event in events {
        let line = format!("data: {event}\n\n");
        let _ = write!(text, "{:x}\r\n{line}\r\n", line.len());
    }
    text.push_str("0\r\n\r\n");
    text.into_bytes()
}

/// What a request asks for.
fn asked(request: &[u8]) -> Answer {
    let last = |needle: &[u8]| request.windows(needle.len()).rposition(|window| window == needle);
    // Roles come before contents or after; the newest message is what follows the last role.
    let Some(role) = last(b"\"role\"") else { return Answer::Pieces(PIECES) };
    let newest = &request[role..];
    if newest[..newest.len().min(20)].windows(4).any(|window| window == b"tool") {
        return Answer::Pieces(PIECES);
    }
    let find = |needle: &[u8]| newest.windows(needle.len()).position(|window| window == needle);
    if let Some(tool) = TOOLS.iter().position(|(word, _)| find(word).is_some()) {
        return Answer::Call(tool);
    }
    let count = find(b"PIECES ").and_then(|at| {
        let digits: Vec<u8> = newest[at + 7..].iter().copied().take_while(u8::is_ascii_digit).collect();
        String::from_utf8(digits).ok()?.parse::<usize>().ok()
    });
    Answer::Pieces(count.unwrap_or(PIECES).min(MOST_PIECES))
}

/// One connection, any number of requests.
async fn connection(mut stream: TcpStream, ready: &Ready) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut waiting = Vec::new();
    loop {
        let Some(length) = request(&mut stream, &mut waiting).await? else { return Ok(()) };
        let asked = asked(&waiting[..length]);
        waiting.drain(..length);
        let known = ready.lock().expect("no thread failed").get(&asked).cloned();
        let answer = known.unwrap_or_else(|| {
            let answer: Arc<[u8]> = written(asked).into();
            ready.lock().expect("no thread failed").insert(asked, Arc::clone(&answer));
            answer
        });
        if matches!(asked, Answer::Call(_)) {
            // No id is used twice in one conversation; the length stays.
            let id = format!("call_{:08}", CALLS.fetch_add(1, Ordering::Relaxed) % 100_000_000);
            let text = String::from_utf8_lossy(&answer).replace("call_00000000", &id);
            stream.write_all(text.as_bytes()).await?;
        } else {
            stream.write_all(&answer).await?;
        }
    }
}

/// Reads a request; answers its length, or `None` when the client has closed.
async fn request(stream: &mut TcpStream, waiting: &mut Vec<u8>) -> std::io::Result<Option<usize>> {
    loop {
        if let Some(head) = waiting.windows(4).position(|window| window == b"\r\n\r\n") {
            let length = head + 4 + content_length(&waiting[..head]);
            while waiting.len() < length {
                if length > REQUEST || stream.read_buf(waiting).await? == 0 {
                    return Ok(None);
                }
            }
            return Ok(Some(length));
        }
        if waiting.len() > REQUEST || stream.read_buf(waiting).await? == 0 {
            return Ok(None);
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head);
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    value.unwrap_or(0)
}

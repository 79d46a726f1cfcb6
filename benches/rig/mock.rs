//! A model server on loopback that answers at once: chat completions as a stream, the same for every request.

use std::fmt::Write as _;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::instant::{PIECE, PIECES};

/// Longest request, in bytes.
const REQUEST: usize = 64 << 20;

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener) {
    let answer: Arc<[u8]> = answer().into();
    while let Ok((stream, _)) = listener.accept().await {
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            // A client that goes away ends its connection and nothing else.
            let _ = connection(stream, &answer).await;
        });
    }
}

/// The whole answer, head and body.
fn answer() -> Vec<u8> {
    let chunk = |rest: &str| {
        format!("{{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"mock\",{rest}}}")
    };
    let choice = |delta: &str, finish: &str| {
        chunk(&format!("\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]"))
    };
    let mut events = vec![choice("{\"role\":\"assistant\",\"content\":\"\"}", "null")];
    events.extend((0..PIECES).map(|_| choice(&format!("{{\"content\":\"{PIECE}\"}}"), "null")));
    events.push(choice("{}", "\"stop\""));
    let usage = format!("\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":{PIECES},\"total_tokens\":26}}");
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

/// One connection, any number of requests.
async fn connection(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut waiting = Vec::new();
    loop {
        let Some(length) = request(&mut stream, &mut waiting).await? else { return Ok(()) };
        waiting.drain(..length);
        stream.write_all(answer).await?;
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

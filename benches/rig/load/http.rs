//! A small HTTP/1.1 client that costs little, so that the server is what is measured: one connection, one request at a
//! time, bodies whole or piece by piece.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest head of an answer.
const HEAD: usize = 64 << 10;
/// Longest body that is sent in one piece with its head.
const SMALL: usize = 16 << 10;
/// What is kept of a body that has been read before the buffer is moved down.
const READ: usize = 256 << 10;

/// A connection.
pub struct Client {
    stream: TcpStream,
    host: SocketAddr,
    waiting: Vec<u8>,
    at: usize,
    left: Left,
    text: Vec<u8>,
}

/// What is left of the body of an answer.
#[derive(Clone, Copy)]
enum Left {
    Nothing,
    Bytes(usize),
    Chunks,
    UntilClosed,
}

/// A whole answer.
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Reply {
    /// The body, when the status is the expected one.
    pub fn when(self, status: u16) -> Result<Vec<u8>> {
        if self.status == status {
            return Ok(self.body);
        }
        let body = String::from_utf8_lossy(&self.body).chars().take(300).collect::<String>();
        Err(Error::other(format!("status {} instead of {status}: {body}", self.status)))
    }
}

impl Client {
    /// Connects.
    pub async fn connect(host: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host, waiting: Vec::new(), at: 0, left: Left::Nothing, text: Vec::new() })
    }

    /// Asks, and reads the whole answer.
    pub async fn call(&mut self, method: &str, path: &str, body: &str) -> Result<Reply> {
        self.call_with(method, path, body.as_bytes()).await
    }

    /// The same with a body of any bytes.
    pub async fn call_with(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Reply> {
        let status = self.send(method, path, body).await?;
        let mut body = Vec::new();
        while self.piece(&mut body).await? {}
        Ok(Reply { status, body })
    }

    /// Asks, and reads the head of the answer: its status.
    pub async fn begin(&mut self, method: &str, path: &str, body: &str) -> Result<u16> {
        self.send(method, path, body.as_bytes()).await
    }

    async fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<u16> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\naccept: */*\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        )
        .into_bytes();
        // A small body goes out together with its head, a large one is not copied.
        let (with_head, rest) = if body.len() > SMALL { (&body[..0], body) } else { (body, &body[..0]) };
        request.extend_from_slice(with_head);
        self.stream.write_all(&request).await?;
        self.stream.write_all(rest).await?;
        self.text.clear();
        self.head().await
    }

    /// The next frame of a stream of events, without the line that ends it; `None` at the end.
    pub async fn frame(&mut self) -> Result<Option<String>> {
        loop {
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let frame = String::from_utf8_lossy(&self.text[..end]).into_owned();
                self.text.drain(..end + 2);
                return Ok(Some(frame));
            }
            let mut text = std::mem::take(&mut self.text);
            let more = self.piece(&mut text).await;
            self.text = text;
            if !more? {
                return Ok(None);
            }
        }
    }

    /// Adds the next piece of the body to `into`; false when there is none.
    pub async fn piece(&mut self, into: &mut Vec<u8>) -> Result<bool> {
        match self.left {
            Left::Nothing => Ok(false),
            Left::Bytes(left) => {
                if self.at == self.waiting.len() {
                    self.fill().await?;
                }
                let ready = (self.waiting.len() - self.at).min(left);
                self.take(ready, into);
                self.left = if ready == left { Left::Nothing } else { Left::Bytes(left - ready) };
                Ok(true)
            }
            Left::UntilClosed => match self.fill().await {
                Ok(()) => {
                    self.take(self.waiting.len() - self.at, into);
                    Ok(true)
                }
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
                Err(error) => Err(error),
            },
            Left::Chunks => {
                let line = self.line().await?;
                let size = std::str::from_utf8(&line).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
                let size = size.ok_or_else(|| Error::other("a chunk without a size"))?;
                while self.waiting.len() - self.at < size + 2 {
                    self.fill().await?;
                }
                self.take(size, into);
                self.at += 2;
                if size == 0 {
                    self.left = Left::Nothing;
                }
                Ok(size > 0)
            }
        }
    }

    fn take(&mut self, count: usize, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.waiting[self.at..self.at + count]);
        self.at += count;
        if self.at == self.waiting.len() {
            self.waiting.clear();
            self.at = 0;
        } else if self.at > READ {
            self.waiting.drain(..self.at);
            self.at = 0;
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>> {
        loop {
            if let Some(end) = self.waiting[self.at..].windows(2).position(|pair| pair == b"\r\n") {
                let line = self.waiting[self.at..self.at + end].to_vec();
                self.at += end + 2;
                return Ok(line);
            }
            self.fill().await?;
        }
    }

    async fn head(&mut self) -> Result<u16> {
        let first = self.line().await?;
        let first = String::from_utf8_lossy(&first).into_owned();
        let status = first.split(' ').nth(1).and_then(|text| text.parse().ok());
        let status = status.ok_or_else(|| Error::other(format!("no status: {first}")))?;
        self.left = Left::UntilClosed;
        let mut length = first.len();
        loop {
            let line = self.line().await?;
            length += line.len();
            if line.is_empty() {
                return Ok(status);
            }
            if length > HEAD {
                return Err(Error::other("a head that does not end"));
            }
            let line = String::from_utf8_lossy(&line).to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                let bytes = value.trim().parse().map_err(Error::other)?;
                self.left = if bytes == 0 { Left::Nothing } else { Left::Bytes(bytes) };
            } else if line.starts_with("transfer-encoding:") && line.contains("chunked") {
                self.left = Left::Chunks;
            }
        }
    }

    async fn fill(&mut self) -> Result<()> {
        self.waiting.reserve(64 << 10);
        if self.stream.read_buf(&mut self.waiting).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

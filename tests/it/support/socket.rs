//! A client of the raw WebSocket. All that is said and heard is held against its schema.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::schema;
use super::server::{Client, within};

/// A connected socket.
pub struct Socket {
    /// The connection, for what is no message.
    pub wire: WebSocketStream<TcpStream>,
    /// Frames that came while something else was waited for.
    frames: VecDeque<Value>,
    asked: u64,
}

impl Socket {
    /// Connects with headers; the status when it is refused.
    pub async fn try_connect(client: &Client, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = format!("ws://{}{path}", client.authority()).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(client.authority()).await.unwrap();
        Self::open(request, stream).await
    }

    async fn open(request: http::Request<()>, stream: TcpStream) -> Result<Self, u16> {
        match within("a socket opens", tokio_tungstenite::client_async(request, stream)).await {
            Ok((wire, _)) => Ok(Self { wire, frames: VecDeque::new(), asked: 0 }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects, and hears the greeting.
    pub async fn connect(client: &Client) -> Self {
        let mut socket = Self::try_connect(client, "/api/v1/ws", &[]).await.unwrap();
        assert_eq!(socket.hear().await["authenticated"], true);
        socket
    }

    /// As [`Socket::connect`], over a connection that holds little that is not read.
    pub async fn connect_narrowly(client: &Client) -> Self {
        let mut socket = Self::open_narrowly(client, "/api/v1/ws").await;
        assert_eq!(socket.hear().await["authenticated"], true);
        socket
    }

    /// Any socket over such a connection.
    pub async fn open_narrowly(client: &Client, path: &str) -> Self {
        let request = format!("ws://{}{path}", client.authority()).into_client_request().unwrap();
        let narrow = tokio::net::TcpSocket::new_v4().unwrap();
        narrow.set_recv_buffer_size(256 << 10).unwrap();
        let stream = narrow.connect(client.authority().parse().unwrap()).await.unwrap();
        Self::open(request, stream).await.unwrap()
    }

    /// Sends a message as it is.
    pub async fn say_text(&mut self, text: &str) {
        within("a message is sent", self.wire.send(Message::text(text))).await.unwrap();
    }

    /// Sends a message.
    pub async fn say(&mut self, message: &Value) {
        schema::check("ws#/$defs/client", message);
        self.say_text(&message.to_string()).await;
    }

    /// The next message.
    pub async fn hear(&mut self) -> Value {
        match self.heard().await {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                schema::check("ws#/$defs/server", &message);
                schema::check(&format!("ws#/$defs/server.{}", message["type"].as_str().unwrap()), &message);
                message
            }
            other => panic!("{other:?}"),
        }
    }

    /// The next message as it came.
    pub async fn heard(&mut self) -> Message {
        loop {
            let next = within("a message comes", self.wire.next()).await.unwrap().unwrap();
            if !matches!(next, Message::Ping(_) | Message::Pong(_)) {
                return next;
            }
        }
    }

    /// Asks something, and gives the answer to it; frames that come meanwhile are kept.
    pub async fn ask(&mut self, mut message: Value) -> Value {
        self.asked += 1;
        message["id"] = json!(self.asked);
        self.say(&message).await;
        loop {
            let heard = self.hear().await;
            if heard["id"] == self.asked {
                return heard;
            }
            self.frames.push_back(heard);
        }
    }

    /// The next message that is no answer.
    pub async fn next(&mut self) -> Value {
        match self.frames.pop_front() {
            Some(kept) => kept,
            None => self.hear().await,
        }
    }

    /// Frames of a session up to one that is wanted, with it.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let next = self.next().await;
            let last = wanted(&next["frame"]);
            frames.push(next);
            if last {
                return frames;
            }
        }
    }

    /// Waits for the close; its code and reason. Messages before it are dropped.
    pub async fn closed(mut self) -> (u16, String) {
        loop {
            if let Message::Close(close) = self.heard().await {
                let close = close.unwrap();
                assert!(within("the connection ends", self.wire.next()).await.is_none_or(|last| last.is_err()));
                return (close.code.into(), close.reason.to_string());
            }
        }
    }
}

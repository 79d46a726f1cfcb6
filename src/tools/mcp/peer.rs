//! A running tool server as whoever forwards messages to it sees it: methods, parameters and results are the server's own
//! words, and nothing of them is looked at or changed, save what connects a message to its answer.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Why a request was not answered as it was meant: an error object of JSON-RPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerError {
    /// Its number, such as -32601 for a method that is not known.
    pub code: i64,
    /// What is wrong.
    pub message: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl PeerError {
    /// The number of a method that is not known.
    pub const METHOD_NOT_FOUND: i64 = -32_601;
    /// The number for a server that does not run (any more), or does not answer in time.
    pub const UNAVAILABLE: i64 = -32_000;

    /// An error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }
}

/// What a server says by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum PeerMessage {
    /// It tells something.
    Notification {
        /// What it is, such as `notifications/message`.
        method: String,
        /// More about it.
        params: Option<Value>,
    },
    /// It asks something, and waits for [`ToolServerPeer::answer`].
    Request {
        /// Names it in the answer.
        id: Value,
        /// What it asks for, such as `sampling/createMessage`.
        method: String,
        /// More about it.
        params: Option<Value>,
    },
}

/// A request to a server.
#[derive(Clone, Debug, Default)]
pub struct PeerRequest {
    /// What is asked for, such as `tools/call`.
    pub method: String,
    /// More about it. A `progressToken` in its `_meta` is replaced on the way there, and stands again in what comes back.
    pub params: Option<Value>,
    /// Who is told what comes while it is worked on: its progress, and what the server asks meanwhile. Whoever is too slow
    /// misses progress; a question that finds no room is answered by an error. `None` = nobody: then questions go to those
    /// who [listen](ToolServerPeer::listen), and progress nowhere.
    pub beside: Option<mpsc::Sender<PeerMessage>>,
    /// Fires when the answer is not wanted any more: the server is told `notifications/cancelled`. To drop the future of
    /// the request is the same.
    pub cancelled: CancellationToken,
}

/// A tool server that runs. It may end at any moment: then requests are answered with [`PeerError::UNAVAILABLE`], and what
/// listens ends.
#[async_trait]
pub trait ToolServerPeer: Send + Sync {
    /// What it answered to `initialize`: `protocolVersion`, `capabilities`, `serverInfo`, `instructions`. It is not to be
    /// asked that again.
    fn initialized(&self) -> &Value;

    /// Asks it something, and waits for the answer: its `result`, as it is.
    ///
    /// # Errors
    /// The server's own error object; [`PeerError::UNAVAILABLE`] when it does not run, or when the limit for a call is over.
    async fn request(&self, request: PeerRequest) -> Result<Value, PeerError>;

    /// Tells it something.
    ///
    /// # Errors
    /// [`PeerError::UNAVAILABLE`] when it does not run.
    async fn notify(&self, method: &str, params: Option<Value>) -> Result<(), PeerError>;

    /// Everything that it says by itself from now on, save what belongs to a request that somebody hears; ends with the
    /// server. Who is too slow misses some.
    fn listen(&self) -> BoxStream<'static, PeerMessage>;

    /// Answers something that it asked. Of several answers the first counts; what nobody answers is answered with an error
    /// after a minute.
    ///
    /// # Errors
    /// [`PeerError::UNAVAILABLE`] when it does not run, or the question does not wait (any more).
    async fn answer(&self, id: &Value, answer: Result<Value, PeerError>) -> Result<(), PeerError>;
}

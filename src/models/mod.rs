//! FLOOR 3: who thinks.
//!
//! One trait: a request goes in, a stream of [`ModelEvent`] comes out. A wire (`openai`, `responses`, `anthropic`) is a translation
//! and nothing more; retries and limits are one shell around all of them.

mod answer;
mod anthropic;
mod body;
mod cassette;
mod catalogue;
mod endpoint;
mod failure;
mod form;
mod offline;
mod openai;
mod parts;
mod probe;
mod registry;
mod responses;
mod retry;
mod speech;
mod table;
mod transport;

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use crate::domain::{AnswerForm, Cause, Error, Finish, ModelSettings, ToolSpec, Usage};

pub use cassette::Tape;
pub use catalogue::{Card, Catalogue, LongPrice, Price, Reasoning};
pub use offline::Offline;
pub use probe::Offer;
pub use registry::{Models, OwnProviders};
pub use speech::{Sound, Voice, has_none};

pub(crate) use endpoint::is_key_header;

/// Name of the provider that is inside this program.
pub const OFFLINE: &str = "offline";

/// A part of what a model is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptPart {
    /// Text.
    Text(String),
    /// An image.
    Image {
        /// IANA media type: `image/png`, `image/jpeg`, `image/gif` or `image/webp`.
        media_type: String,
        /// Its bytes.
        bytes: bytes::Bytes,
    },
    /// What the model thought earlier; sent back as it came where the wire has a place for it.
    Reasoning(crate::domain::ReasoningPart),
    /// A call that the model made earlier. `arguments` is JSON text of an object.
    ToolCall {
        /// Id of the call.
        id: String,
        /// Name of the tool.
        name: String,
        /// JSON text of an object.
        arguments: String,
    },
}

/// One entry of what a model is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptMessage {
    /// Somebody asks.
    User(Vec<PromptPart>),
    /// The model answered.
    Assistant(Vec<PromptPart>),
    /// What the calls of the message before gave; one for each call, in their order.
    ToolReturns(Vec<PromptReturn>),
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptReturn {
    /// Id of the call.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// The output as text.
    pub text: String,
    /// Whether the call failed, was denied or cancelled.
    pub failed: bool,
}

/// What a model is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRequest {
    /// The id that the provider knows.
    pub model: String,
    /// The instructions; empty = none.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<PromptMessage>,
    /// The tools that it may call.
    pub tools: Vec<ToolSpec>,
    /// How it is asked.
    pub settings: ModelSettings,
    /// The form that its answer must have; absent = text.
    pub form: Option<AnswerForm>,
}

/// How a part begins in the stream of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelPart {
    /// Text.
    Text,
    /// Reasoning.
    Reasoning,
    /// A call of a tool; what grows is the JSON text of its arguments.
    ToolCall {
        /// Name of the tool.
        name: String,
    },
}

/// What a model's stream tells.
///
/// *Invariant:* parts come one after the other (`PartOpened`, any number of `PartGrew`, `PartClosed`); a wire that
/// interleaves them is put into order by its translation. The stream ends with exactly one `Finished`, or with an error.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEvent {
    /// Before the first content: the request failed and will be made again. At most once an attempt.
    Retrying {
        /// The attempt that failed: 1, 2, …
        attempt: u32,
        /// How it failed.
        error: Error,
        /// Milliseconds until the next attempt.
        delay_ms: u64,
    },
    /// A part begins.
    PartOpened(ModelPart),
    /// The open part grows; never empty.
    PartGrew(String),
    /// The open part ends.
    PartClosed {
        /// For reasoning: the provider's proof of it.
        signature: Option<String>,
        /// For reasoning: what the provider withheld, sealed.
        sealed: Option<String>,
    },
    /// The model has said all.
    Finished {
        /// Why it stopped.
        finish: Finish,
        /// What the call used, without its cost. Zero where the provider does not tell.
        usage: Usage,
    },
}

/// The stream of a model. Dropping it ends the request.
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// How a model failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError {
    /// How.
    pub cause: Cause,
    /// One sentence for people; holds no key.
    pub message: String,
    /// Whether the same request may succeed (408, 409, 429, 5xx, no connection, cut, stalled).
    pub retryable: bool,
    /// The HTTP status that its server answered, or that an error inside of its answer stands for.
    pub status: Option<u16>,
    /// How long the provider asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        let hint = match error.cause {
            Cause::Auth => Some("check the provider's key"),
            Cause::Connect => Some("check the provider's base URL, and whether its server runs"),
            Cause::Tls => Some("check the base URL; own certificates can be named in SSL_CERT_FILE"),
            Cause::RateLimited => Some("wait a while, or use another model"),
            Cause::Context => Some("use a model that can be shown more, or begin a new session"),
            Cause::Tape => Some("ask what was asked when the tape was recorded, or record a new one"),
            Cause::Rejected
            | Cause::Server
            | Cause::Cut
            | Cause::Garbage
            | Cause::Stalled
            | Cause::Interrupted
            | Cause::Full
            | Cause::ReadOnly
            | Cause::Corrupt
            | Cause::Newer
            | Cause::Locked
            | Cause::Turns
            | Cause::Tokens
            | Cause::Cost => None,
        };
        let told = Self::model(error.cause, error.message);
        let told =
            Self { status: error.status, retry_after: error.retry_after_ms.map(|millis| millis.div_ceil(1_000)), ..told };
        match hint {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

/// A model that can be asked.
#[async_trait]
pub trait Model: Send + Sync {
    /// Asks. The answer is a stream at once; everything, also a refused connection, comes through it.
    async fn ask(&self, request: ModelRequest) -> ModelStream;
}

//! The words of the native API where the engine has none of its own: what a verb takes, and what it gives, as one JSON
//! object each. Everything else is the engine's own types.

mod agents;
mod channels;
mod equipment;
mod files;
mod keeping;
mod keys;
mod lives;
mod tool_servers;
mod users;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub use self::agents::{Agents, CreateAgent, CreateAgentWith, OfAgent, SetAgentState, UpdateAgent, UpdateAgentWith};
pub use self::channels::{Amend, ForgetIn, Forgotten, MemoriesOf, Redact, Seats};
pub use self::equipment::{Confinement, HouseTools, ProviderList, Reach};
pub use self::files::{OfFile, Offer, PutFile, Sign, Uploads};
pub use self::keeping::{Fork, ImportLog, PinnedAgents, Retained};
pub use self::keys::{Keys, OfKey, OfToken, Revoked};
pub use self::lives::{Clear, Rewind};
pub use self::tool_servers::{LinesOf, OfToolServer, ToolList, ToolServerLines, ToolServerList, UpdateToolServer};
pub use self::users::{IssueToken, OfUser, RotateSigningKey, UpdateUser, Users};
use crate::domain::{Agent, CallId, Cursor, Error, Event, RunFinished, RunId, SessionId, SessionUpdated};
use crate::engine::{CallerReturn, Decision, FileItem, FileSearch, ModelItem, OpenQuestion, Orphans, Restored};

/// The folder of every address of this API.
pub const ROOT: &str = "/ombud/v1";
/// The header in which a house tells its version, with every answer.
pub const VERSION_HEADER: &str = "ombud-version";
/// The header in which a stream tells how often there is a sign of life, in whole seconds.
pub const HEARTBEAT_HEADER: &str = "ombud-heartbeat";
/// This version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The name of the event that ends a stream with an error.
pub const FAILED: &str = "failed";
/// Messages or events of a page when nobody says how many.
const PAGE: usize = 100;

/// Nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A session that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfSession {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
}

/// Changes a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// What is changed.
    #[schema(value_type = Object)]
    pub change: SessionUpdated,
}

/// Gives what the caller's tools gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The run that waits.
    #[schema(value_type = String)]
    pub run: RunId,
    /// What they gave.
    #[schema(value_type = Vec<Object>)]
    pub returns: Vec<CallerReturn>,
}

/// Asks runs to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Only this run; absent = all of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub run: Option<RunId>,
    /// Why, for the log.
    #[serde(default)]
    pub reason: String,
}

/// The runs that were asked to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cancelled {
    /// Their ids.
    #[schema(value_type = Vec<String>)]
    pub runs: Vec<RunId>,
}

/// A page of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Only those before this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Most messages; 100 unless told.
    #[serde(default = "page")]
    pub limit: usize,
}

/// A page of facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Only those after this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub after: Option<Cursor>,
    /// Most facts; 100 unless told.
    #[serde(default = "page")]
    pub limit: usize,
}

/// Facts, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The facts.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Event>,
}

/// A run that is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfRun {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
}

/// The agent as a run pinned it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PinnedAgent {
    /// Its definition.
    #[schema(value_type = Object)]
    pub agent: Agent,
}

/// A session that is named by the key that it was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfSessionKey {
    /// The key.
    pub key: String,
}

/// The session of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyedSession {
    /// The session; absent when none was made with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
}

/// What a session remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Remembered {
    /// Its values, by name.
    #[schema(value_type = Object)]
    pub state: Map<String, Value>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunEnd {
    /// Its end, as the log has it; absent while it has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub end: Option<RunFinished>,
}

/// The models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelList {
    /// The one that is asked by default first.
    #[schema(value_type = Vec<Object>)]
    pub models: Vec<ModelItem>,
}

/// Looks into a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Look {
    /// Whose workspace; absent = the house's.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "maybe_session")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// The path in it; empty = the workspace itself.
    pub path: String,
}

/// Looks for files of a workspace by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Find {
    /// Whose workspace; absent = the house's.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "maybe_session")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// What is looked for.
    #[schema(value_type = Object)]
    pub search: FileSearch,
}

/// Files, the best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// The files.
    #[schema(value_type = Vec<Object>)]
    pub files: Vec<FileItem>,
}

/// The permission questions that wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Questions {
    /// The questions.
    #[schema(value_type = Vec<Object>)]
    pub questions: Vec<OpenQuestion>,
}

/// Answers a permission question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// The call that it is about.
    #[schema(value_type = String)]
    pub call: CallId,
    /// `"allow"`, or `{"deny": "why"}`.
    #[schema(value_type = Object)]
    pub decision: Decision,
}

/// Brings runs in order whose process died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Only those of this session; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "maybe_session")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// What is done with them.
    #[schema(value_type = String)]
    pub orphans: Orphans,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RestoredRuns {
    /// Run by run.
    #[schema(value_type = Vec<Object>)]
    pub restored: Vec<Restored>,
}

/// Subscribes to a session, in the query of the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// Only what comes after this place; absent = from the beginning. `Last-Event-ID` counts first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub after: Option<Cursor>,
}

/// A blob of a session, in the query of the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfBlob {
    /// The session.
    #[serde(deserialize_with = "session")]
    #[schema(value_type = String)]
    pub session: SessionId,
    /// The blob.
    #[schema(value_type = String)]
    pub blob: crate::domain::BlobId,
}

/// An error as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// The error.
    pub error: Refusal,
}

/// An error, and whether the same request may succeed later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// The error.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub error: Error,
    /// Whether the same request may succeed later, without a change by the user.
    #[serde(default)]
    pub retryable: bool,
}

impl From<&Error> for Refused {
    fn from(error: &Error) -> Self {
        Self { error: Refusal { error: error.clone(), retryable: error.retryable() } }
    }
}

fn page() -> usize {
    PAGE
}

/// An id from outside: its form is checked before it is used for anything.
fn session<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SessionId, D::Error> {
    let id = String::deserialize(deserializer)?;
    SessionId::parse(&id).map_err(|error| serde::de::Error::custom(error.message))
}

fn maybe_session<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SessionId>, D::Error> {
    let id: Option<String> = Option::deserialize(deserializer)?;
    id.map(|id| SessionId::parse(&id)).transpose().map_err(|error| serde::de::Error::custom(error.message))
}

/// Reads a JSON object, and nothing after it; the error names the place in it.
///
/// # Errors
/// `invalid_input`.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    // A struct could also be read from an array of its fields.
    if text.trim_ascii_start().first().is_some_and(|byte| *byte != b'{') {
        return Err(Error::invalid("it is no JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let place = if matches!(path.as_str(), "." | "?") { String::new() } else { format!("`{path}`: ") };
        Error::invalid(format!("{place}{}", error.inner()))
    })?;
    reader.end().map_err(|error| Error::invalid(format!("after the document: {error}")))?;
    Ok(value)
}

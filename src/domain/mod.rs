//! FLOOR 0: the words of the house.
//!
//! Plain data: entities, the facts that are kept in a session's log, the deltas that are only ever live, and the
//! fold that computes views of a log. Nothing here does input or output, waits, or knows an API by name.

mod agent;
mod clock;
mod cursor;
mod delta;
mod error;
mod fact;
mod fold;
mod frame;
mod ids;
mod labels;
mod message;
mod model;
mod principal;
mod procedure;
mod run;
mod session;
mod tool;
mod transcript;

pub use agent::{Agent, AgentState, Revision};
pub use clock::{Clock, Timestamp};
pub use cursor::{Cursor, PartPosition};
pub use delta::{Delta, PartStart};
pub use error::{Cause, Error, ErrorCode, Result};
pub use fact::{
    Event, FACT_VERSION, Fact, MessageAbandoned, MessageCompleted, MessageImported, MessagePosted, Notice,
    RunCancelRequested, RunFinished, RunQueued, RunStarted, RunWaiting, SessionCreated, SessionDeleted, SessionRestored,
    SessionUpdated, StepFinished, StepStarted, ToolCalled, ToolReturned, UnknownFact,
};
pub use fold::{Fold, FoldedRun, TurnMark, WINDOW_BYTES, WINDOW_TURNS};
pub use frame::{Frame, LiveDelta};
pub use ids::{AgentId, BlobId, CallId, EventId, MessageId, ProcessId, RunId, SessionId};
pub use labels::Labels;
pub use message::{Author, AuthorKind, FilePart, Message, Part, ReasoningPart, TextPart, ToolCallPart, Visibility};
pub use model::{Finish, ModelChoice, ModelSettings, Usage};
pub use principal::{Actor, Principal, PrincipalKind, Scope};
pub use procedure::{Procedure, Step};
pub use run::{Budget, OnOrphan, Outcome, Permission, PermissionRule, Pins, Run, RunStatus};
pub use session::{ActiveRun, Attributes, Lifetime, Session, SessionStatus, SessionSummary};
pub use tool::{Access, Effect, Place, ReturnStatus, ToolCall, ToolError, ToolReturn, ToolSpec};
pub use transcript::{Item, Transcript};

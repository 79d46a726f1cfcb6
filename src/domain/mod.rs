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
mod file;
mod fold;
mod frame;
mod ids;
mod key;
mod labels;
mod message;
mod model;
mod participant;
mod principal;
mod procedure;
mod run;
mod session;
mod template;
mod tool;
mod tool_server;
mod transcript;
mod user;

pub use agent::{Agent, AgentEndpoint, AgentState, Answers, EndpointWire, Revision};
pub use clock::{Clock, Timestamp};
pub use cursor::{Cursor, PartPosition};
pub use delta::{Delta, PartStart};
pub use error::{Cause, Error, ErrorCode, Result};
pub use fact::{
    AfterClearing, ContextCompacted, Event, FACT_VERSION, Fact, MemoryAmended, MemoryForgotten, MessageAbandoned,
    MessageCompleted, MessageImported, MessagePosted, MessageRedacted, Notice, ParticipantJoined, ParticipantLeft,
    RunCancelRequested, RunFinished, RunQueued, RunStarted, RunWaiting, SessionCleared, SessionCreated, SessionDeleted,
    SessionRestored, SessionRewound, SessionUpdated, StateSet, StepFinished, StepStarted, ThreadOpened, ToolCalled,
    ToolReturned, UnknownFact,
};
pub use file::{File, FileScope, FileState};
pub use fold::{Dropped, Fold, FoldedRun, TurnMark, WINDOW_BYTES, WINDOW_TURNS};
pub use frame::{Frame, LiveDelta};
pub use ids::{
    AgentId, BlobId, CallId, EventId, FileId, KeyId, MessageId, ProcessId, RunId, SessionId, ToolServerId, UserId,
};
pub use key::{Key, KeyPermission, Minter, Token};
pub use labels::Labels;
pub use message::{Author, AuthorKind, FilePart, Message, Part, ReasoningPart, TextPart, ToolCallPart, Visibility};
pub use model::{Finish, ModelChoice, ModelSettings, Usage};
pub use participant::{Exchange, Participant, Person};
pub use principal::{Actor, Credential, Principal, PrincipalKind, Scope};
pub use procedure::{
    AnswerForm, Argument, AskStep, CallStep, Declaration, Display, FromState, NamedProcedure, OpenThreadStep, Procedure,
    SayStep, SerializeStep, SetStep, Speaker, Step, StepLabel, ThreadFormat, ThreadSetup,
};
pub use run::{Budget, OnOrphan, Outcome, Permission, PermissionRule, Pins, Run, RunStatus, TakingPart};
pub use session::{ActiveRun, Attributes, Lifetime, Session, SessionStatus, SessionSummary};
pub use template::{FilledTemplate, Template, TemplateFault, ValueSource, places, written};
pub use tool::{Access, CallerTool, Effect, Place, ReturnStatus, ToolCall, ToolError, ToolReturn, ToolSpec};
pub use tool_server::{LogLevel, ToolServer, ToolServerLine, ToolServerSecrets, ToolServerSource, ToolServerState};
pub use transcript::{Item, Summary, Transcript};
pub use user::{Role, User};

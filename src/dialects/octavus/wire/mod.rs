//! The words of this API as serde types, a file a subject. What is optional is left out where it is absent, and never
//! `null`: the SDK drops an event or an answer for that.

mod answers;
mod events;
mod files;
mod messages;
mod refusal;
mod requests;
mod tokens;

pub use answers::{Cleared, Created, Expired, Logs, Messages, Restored, State};
pub use events::{Cost, ErrorEvent, ProviderError, RequestedCall, StreamEvent, Tokens, Told};
pub use files::{UploadFile, UploadTarget, UploadTargets, UploadUrls};
pub use messages::{ChatCall, ChatMessage, ChatPart, Role, Sender, UiCall, UiMessage, UiPart};
pub use refusal::Refusal;
pub use requests::{CreateSession, DynamicTool, Execute, RestoreSession, StartSession, ToolResult, Trigger};
pub use tokens::{Mint, Minted, Revoke, Revoked};
